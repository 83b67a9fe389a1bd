"""TorchScript archives out: what tsir compiles and writes by save_torchscript gives the same results in torch.jit."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Sequence

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.archive.torchscript import test_programs as programs
from tests.archive.torchscript.comparing import outcome, same
from tests.archive.torchscript.test_reading import Stateful
from tests.models.sequence import Encoder, GreedyDecoder, LSTMTagger
from tests.models.vision import LeNet
from tests.unit.test_without_torch import NO_TORCH

X = programs.X


def written(compiled: Any) -> Any:
    """What torch.jit has of a compiled program."""
    buffer = io.BytesIO()
    compiled.save_torchscript(buffer)
    return torch.jit.load(io.BytesIO(buffer.getvalue()))


def compare(compiled: Any, *calls: Sequence[Any]) -> Any:
    """Runs a compiled program and what torch.jit has of it on each of the calls' arguments, in order."""
    theirs = written(compiled)
    for arguments in calls:
        torch.manual_seed(0)
        expected = outcome(compiled, arguments)
        torch.manual_seed(0)
        found = outcome(theirs, arguments)
        if expected[0] == "value" and found[0] != "value":
            raise found[1]
        assert expected[0] == found[0], (expected, found)
        if expected[0] == "value":
            same(found[1], expected[1])
    return theirs


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (programs.flow, [[X, 0], [X, 5], [X, 9], [X * 0, 20]]),
        (programs.optional, [[None], [X[0]], [X[0], 2.0], [X]]),
        (programs.union, [[3, X], ["abc", 1], [[1, 2], "q"]]),
        (programs.texts, [[" a,b ", ["x"]], ["abc", ["x", "y"]]]),
        (programs.containers, [[{"a": torch.ones(2), "bc": torch.ones(2)}, [torch.zeros(2), torch.ones(2)]]]),
        (programs.indexing, [[X, torch.tensor([1, 0]), X > 0]]),
        (programs.concurrent, [[X, 0], [X, 3]]),
        (programs.kinds, [[X], [X.double()], [X.int()]]),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_functions(function: Any, calls: List[Any]) -> None:
    compare(tsir.script(function), *calls)


def test_a_module_with_everything() -> None:
    theirs = compare(tsir.script(programs.Everything()), [X], [X, 4])
    assert theirs.names(True) == "ODD, EVEN" and theirs.pair == (1, [2.0, float("inf")])


def test_state_parameters_and_training() -> None:
    model = tsir.script(Stateful().eval())
    x = torch.randn(1, 12)
    theirs = compare(model, [x], [x, 8], [x, 7])
    assert sorted(theirs.state_dict()) == sorted(model.state_dict())
    assert [n for n, _ in theirs.named_parameters()] == [n for n, _ in model.named_parameters()]
    assert theirs.reset() == 2 and not theirs.training and theirs.train().training


def test_models() -> None:
    torch.manual_seed(0)
    compare(tsir.script(LeNet().eval()), [torch.randn(2, 1, 28, 28)])
    compare(tsir.script(LSTMTagger().eval()), [torch.randint(0, 10, (2, 5))])
    compare(tsir.script(Encoder().eval()), [torch.randn(2, 5, 16)])
    compare(tsir.trace(LeNet().eval(), torch.randn(2, 1, 28, 28)), [torch.randn(3, 1, 28, 28)])
    compare(tsir.script(GreedyDecoder().eval()), [torch.randn(2, 5, 16)])


def test_hooks_are_around_forward() -> None:
    module = programs.Hooked()
    module.inner.register_forward_hook(programs.added)
    module.register_forward_pre_hook(programs.doubled)
    compare(tsir.script(module), [X])


def test_shared_tensors() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(3, 3)
            self.b = nn.Linear(3, 3)
            self.b.weight = self.a.weight
            self.layers = nn.ModuleList([self.a, self.b])
            base = torch.arange(12.0)
            self.register_buffer("rows", base.view(3, 4))
            self.register_buffer("columns", base.view(3, 4).t())

        def forward(self, x: Tensor) -> Tensor:
            self.rows += 1
            for layer in self.layers:
                x = layer(x)
            return self.b(self.a(x)) + self.columns.sum()

    theirs = compare(tsir.script(Shared()), [X], [X])
    assert theirs.a.weight.data_ptr() == theirs.b.weight.data_ptr()
    assert theirs.rows.untyped_storage().data_ptr() == theirs.columns.untyped_storage().data_ptr()


def guarded(x: Tensor) -> Tensor:
    try:
        return x.view(100)
    except RuntimeError:
        return x


def raised(x: int, n: int) -> int:
    return x**2 + x**n


def collected(x: List[int]) -> int:
    return len(set(x))


@pytest.mark.parametrize(
    ("function", "what"), [(guarded, "exception handling"), (collected, r"set\(\) on such values"), (raised, r"pow\(\)")]
)
def test_what_torchscript_cannot_express_is_refused(function: Any, what: str) -> None:
    with pytest.raises(tsir.TsirError, match=f"TorchScript has no {what}") as caught:
        tsir.script(function).save_torchscript(io.BytesIO())
    assert caught.value.location is not None and caught.value.location.file == __file__


def test_no_torch_is_needed_and_ts_translate_writes_it(tmp_path: Path) -> None:
    """An archive of torch.jit's is written again without torch, by the command as well; extra files come along."""
    torch.manual_seed(1)
    model = torch.jit.script(Stateful().eval())
    torch.jit.save(model, str(tmp_path / "m.pt"))
    program = """
import tsir
from tsir.tools import ts_translate
tsir.load("m.pt").save_torchscript("out.pt", {"note": "labels"})
print(ts_translate.main(["m.pt", "--to=torchscript", "-o", "again.pt"]))
"""
    environment = {**os.environ, "TSIR_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", NO_TORCH + program], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0 and done.stdout == "0\n", done.stderr
    x = torch.randn(1, 9)
    extra = {"note": ""}
    for name in ("out.pt", "again.pt"):
        theirs = torch.jit.load(str(tmp_path / name), _extra_files=extra if name == "out.pt" else None)
        same(model(x), theirs(x))
        model.reset()
    assert extra["note"] in ("labels", b"labels")
