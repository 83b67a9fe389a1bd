"""Exported modules with containers in and out as children of scripted and traced ones."""

import copy
import io
from typing import Any, Dict, List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.exported.comparison import same
from tests.conformance.exported.programs import Pair, Point, T


class Child(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, d: Any, p: Any, xs: Any, *, scale: Any) -> Any:
        self.calls += 1
        y = self.linear(d["a"])
        result = {"sum": y + p.x, "scaled": [x * scale for x in d["b"]], "point": Point(p.y, y.sum())}
        return result, (y, None, [xs[0] + 1, xs[1] * 2], {"calls": self.calls + 0, "y": y * 3})


class Outer(nn.Module):
    def __init__(self, child: Any) -> None:
        super().__init__()
        self.child = child

    def forward(self, x: Tensor, d: Dict[str, Tensor], xs: List[Tensor]) -> Tensor:
        first, second = self.child({"a": x, "b": [x[0][:2], x[0][:1]]}, Point(x[0], y=x[0][:1]), xs, scale=d["s"])
        total = first["sum"] + first["point"].x + first["point"][1] + first["scaled"][1]
        for name, value in second[3].items():
            total = total + value * len(name)
        if second[1] is None:
            total = total + len(first) + len(second[2])
        return total + sum(second[2])


class Typed(nn.Module):
    """Containers of run time are taken apart there."""

    def forward(self, d: Any, xs: Any) -> Any:
        return {"a": d["a"] + xs[0], "b": d["b"] * xs[1]}


class OuterTyped(nn.Module):
    def __init__(self, child: Any) -> None:
        super().__init__()
        self.child = child

    def forward(self, d: Dict[str, Tensor], xs: List[Tensor]) -> Dict[str, Tensor]:
        return self.child(d, xs)


D, XS = {"s": T(1)}, [T(3), T(3, seed=1)]


@pytest.fixture(scope="module")
def program() -> Any:
    torch.manual_seed(0)
    child = (
        {"a": T(2, 3), "b": [T(2), T(1)]}, Point(T(3), T(1)), XS,
    )  # fmt: skip
    return torch.export.export(Child(), child, {"scale": T(1)})


@pytest.mark.parametrize("how", ["script", "trace"])
def test_containers_of_a_child(program: Any, how: str) -> None:
    made = Outer(tsir.from_exported(copy.deepcopy(program)))
    arguments = (T(2, 3), D, XS)
    compiled = tsir.script(made) if how == "script" else tsir.trace(made, arguments, check_trace=False)
    compiled.child.calls.zero_()
    reference = Outer(copy.deepcopy(program).module())
    with torch.no_grad():
        for _ in range(2):
            same(compiled(*arguments), reference(*arguments))
    archive = io.BytesIO()
    compiled.save(archive)
    same(tsir.load(archive.getvalue())(*arguments), reference(*arguments))


def test_containers_of_run_time() -> None:
    d = {"a": T(3), "b": T(3, seed=2)}
    program = torch.export.export(Typed(), (d, XS))
    compiled = tsir.script(OuterTyped(tsir.from_exported(program)))
    same(compiled(d, XS), program.module()(d, XS))
    for wrong_dict, wrong_list in (({"a": T(3)}, XS), ({"a": T(3), "c": T(3)}, XS), (d, XS[:1])):
        with pytest.raises((ValueError, KeyError)):
            compiled(wrong_dict, wrong_list)


class TooFew(nn.Module):
    def __init__(self, child: Any) -> None:
        super().__init__()
        self.child = child

    def forward(self, x: Tensor) -> Any:
        return self.child({"a": x}, [x])


class WrongKind(TooFew):
    def forward(self, x: Tensor) -> Any:
        return self.child((x, x), [x, x])


class NoKeyword(TooFew):
    def forward(self, x: Tensor) -> Any:
        return self.child({"a": x, "b": x}, more=x)


class Paired(nn.Module):
    def forward(self, x: Tensor) -> Any:
        return Pair(x, x + 1, "out")


class Unpacks(TooFew):
    def forward(self, x: Tensor) -> Any:
        return self.child(x).first


def test_refusals() -> None:
    child = tsir.from_exported(torch.export.export(Typed(), ({"a": T(3), "b": T(3)}, XS)))
    for outer, words in (
        (TooFew, r"d is a .*; the exported module takes \{'a': \*, 'b': \*\} there"),
        (WrongKind, "d is a .*; the exported module takes"),
        (
            NoKeyword,
            r"takes \(\{'a': \*, 'b': \*\}, \[\*, \*\]\), and gets 1 arguments by place and the keywords \['more'\]",
        ),
    ):
        with pytest.raises(tsir.TsirError, match=words):
            tsir.script(outer(child))
    with pytest.raises(tsir.TsirError, match=r"a result of class tests\.exported\.Pair of an exported module"):
        tsir.script(Unpacks(tsir.from_exported(torch.export.export(Paired(), (T(3),)))))
