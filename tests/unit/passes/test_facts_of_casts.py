"""A cast to what a value certainly isn't, in a branch that a call doesn't take, says nothing of the value."""

import io
from typing import Dict, List, Optional, Tuple, Union

import pytest

torch = pytest.importorskip("torch")

import tsir  # noqa: E402

State = Union[torch.Tensor, Tuple[torch.Tensor, torch.Tensor]]


def one_or_two(x: torch.Tensor, y: torch.Tensor, scale: Optional[torch.Tensor]) -> State:
    if scale is None:
        return x, y
    return torch.outer(x, scale)


def total(state: State, scale: Optional[torch.Tensor]):
    if isinstance(state, torch.Tensor) and scale is not None:
        return state.sum(), state[0], scale
    else:
        return state[0] * state[1], state[0], state[1]


def whole(x: torch.Tensor, y: torch.Tensor, scale: Optional[torch.Tensor] = None):
    return total(one_or_two(x, y, scale), scale)


def several(x: torch.Tensor, kind: int) -> Union[int, List[torch.Tensor], Dict[str, torch.Tensor], torch.Tensor, None]:
    if kind == 0:
        return 3
    if kind == 1:
        return [x, x + 1]
    if kind == 2:
        return {"a": x}
    return x if kind == 3 else None


def of_several(x: torch.Tensor, kind: int) -> torch.Tensor:
    found = several(x, kind)
    if isinstance(found, int):
        return x + found
    elif isinstance(found, list):
        return found[0] + found[1]
    elif isinstance(found, dict):
        return found["a"] * 2
    elif found is None:
        return x - 1
    return found.exp()


def test_tuples_that_a_union_has_are_no_tensors():
    compiled = tsir.script(whole)
    saved = io.BytesIO()
    compiled.save(saved)
    saved.seek(0)
    x, y = torch.randn(4), torch.randn(4)
    for each in (compiled, tsir.load(saved)):
        for arguments in ((x, y), (x, y, torch.arange(3.0)), (x, y)):
            torch.testing.assert_close(each(*arguments), whole(*arguments))


@pytest.mark.parametrize("kind", range(5))
def test_each_member_of_a_union(kind):
    x = torch.randn(3)
    torch.testing.assert_close(tsir.script(of_several)(x, kind), of_several(x, kind))
