"""Methods that are called from outside and from the program: each call has its own values of the parameters."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

X = torch.ones(2)


class Scaling(nn.Module):
    @torch.jit.export
    def scaled(self, x: Tensor, twice: bool = False, by: int = 3) -> Tensor:
        return x * by * 2 if twice else x * by

    def forward(self, x: Tensor, negated: bool = False) -> Tensor:
        return -x if negated else x


class Using(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Scaling()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.inner.scaled(x, twice=True), self.inner(x, negated=True)


@feature(
    "Modules",
    "exported methods and `forward` of submodules, called with constants by the program and otherwise from outside",
)
@pytest.mark.parametrize("saved", [False, True])
def test_a_call_with_constants_is_not_the_method(saved: bool, tmp_path: Any) -> None:
    eager = Using()
    compiled = tsir.script(copy.deepcopy(eager))
    if saved:
        compiled.save(tmp_path / "m.pt")
        compiled = tsir.load(tmp_path / "m.pt")
    assert_same(compiled(X), eager(X))
    for arguments in ((X,), (X, True), (X, False, 5)):
        assert_same(compiled.inner.scaled(*arguments), eager.inner.scaled(*arguments))
    for arguments in ((X,), (X, True)):
        assert_same(compiled.inner(*arguments), eager.inner(*arguments))
    assert "twice: bool=False" in compiled.inner.scaled.code


class Recorded(nn.Module):
    """Its own methods stand in for those that torch calls when states are taken and given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.saved: bool = False
        self.loaded: bool = False

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight

    @torch.jit.export
    def _save_to_state_dict(self, destination: dict[str, Tensor], prefix: str, keep_vars: bool):
        self.saved = True
        destination[prefix + "stamp"] = torch.zeros(1)

    @torch.jit.export
    def _load_from_state_dict(
        self,
        state_dict: dict[str, Tensor],
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ):
        self.loaded = True


class HoldingRecorded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.ModuleList([Recorded()])

    def forward(self, x: Tensor) -> Tensor:
        return self.inner[0](x)


@feature("Modules", "submodules' own methods for states")
def test_states_of_submodules() -> None:
    module = HoldingRecorded()
    compiled = tsir.script(HoldingRecorded())
    for m in (module, compiled):
        state = m.state_dict()
        assert list(state) == ["inner.0.stamp"]
        m.load_state_dict(state, strict=False)
        assert m.inner[0].saved and m.inner[0].loaded
