"""TorchScript archives out: what tsir compiles and writes by save_torchscript gives the same results in torch.jit."""

import io
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.archive.torchscript import prelude_source
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


class WithScalars(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale, self.count, self.steps = np.sqrt(64.0), np.int64(2), [np.float64(1), np.float64(2)]

    def forward(self, x: Tensor):
        total = 0.0
        for step in self.steps:
            total += self.scale * step
        return (x * self.scale + total).view(max(self.count, x.size(0) // 2), -1), self.scale, self.count


def test_numpy_scalars_of_64_bits_are_numbers():
    theirs = written(tsir.script(WithScalars()))
    y, scale, count = theirs(torch.ones(4))
    assert torch.equal(y, torch.full((2, 2), 32.0)) and (scale, count) == (8.0, 2)


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
        (programs.generated, [[5], [6]]),
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


def numbers(x: int, n: int, y: float, flag: bool) -> Tuple[int, float, float, float, int, bool, float, int, int, float]:
    half = x + 0.5
    share = x % n if n != 0 else 0
    return x**n, round(y, 2), round(-y, -1), round(half), x + flag, flag < x, math.log2(8.0), x // 2, share, y / n


def texts(x: int, y: float, s: str, values: List[int]) -> Tuple[str, str, str, str, str, str, str, bool, str]:
    fixed = f"{y:.2f} {x:>4}|{s:5}|{x:04d}"
    return (
        f"{y} {x!r} {{}} {{ {s}",
        fixed,
        "{1} {0} {{}}".format(x, y),  # noqa: UP030, UP032
        "%d %s" % (x, s),  # noqa: UP031
        str(y),
        repr(x),
        s * 2,
        "b" in s,
        str(values),
    )


def sliced(x: List[int], n: int) -> Tuple[List[int], List[int], Tuple[int, str], bool, bool]:
    first, pair = list(x), (n, "a")
    x[n:] = [7, 8, 9]
    x[-1:-3] = [5]
    first[1:2] = x
    return x, first, (n + 1, "b"), pair == (n, "a"), pair != (2, "a")


def test_what_torchscript_has_no_operator_for_is_written_out() -> None:
    """Powers and rounded numbers are Python's, texts have Python's digits, slices are assigned to, nothing is divided by 0."""
    compare(tsir.script(numbers), [3, 4, 2.675, True], [-2, 5, 1.45, False], [7, 0, 1125.0, True])
    compare(
        tsir.script(texts),
        *([3, y, "ab", [1, 2]] for y in (1.0, 0.1, 3.7, -2.675, 1e16, 1e-5, 573.7199035671892, 0.0)),
    )
    compare(tsir.script(sliced), [[1, 2, 3, 4], 2], [[1], 9], [[], -1])
    assert prelude_source.TARGET.read_text() == prelude_source.written()


@pytest.mark.parametrize(
    ("value", "kind"),
    [([1.5], List[float]), (["a"], List[str]), ({"a": 1}, Dict[str, int]), (X, Tensor), (1 + 2j, complex)],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_texts_that_torchscript_writes_otherwise_are_refused(value: Any, kind: Any) -> None:
    """But not where only the reader of a message sees them."""

    def shown(v: Any) -> str:
        return f"of {v}"

    def told(v: Any) -> int:
        print(f"of {v}")
        raise ValueError("no " + str(v))

    for function in (shown, told):
        function.__annotations__["v"] = kind
    with pytest.raises(tsir.TsirError, match="TorchScript has no such text"):
        tsir.script(shown).save_torchscript(io.BytesIO())
    compare(tsir.script(told), [value])


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.started, self.ended = 0, 0

    def forward(self, x: Tensor, n: int) -> Tensor:
        self.started += 1
        for i in range(3):
            try:
                if i == n:
                    break
                x = x.view(n)
            finally:
                self.ended += i + 1
        return x

    @torch.jit.export
    def counts(self) -> Tuple[int, int]:
        return self.started, self.ended


def test_what_is_done_when_an_exception_passes() -> None:
    """`with` and `finally` do what they do when the call fails, too."""
    compare(tsir.script(programs.managed), [X, False], [X, True])
    ours = tsir.script(Counting())
    calls = [[X[0], 3], [X[0], 1], [X[0], 5]]
    theirs = compare(ours, *calls)
    buffer = io.BytesIO()
    tsir.script(Counting()).save_torchscript(buffer)
    again = tsir.load(io.BytesIO(buffer.getvalue()))
    for arguments in calls:
        outcome(again, arguments)
    assert theirs.counts() == ours.counts() == again.counts() == (3, 8)


def guarded(x: Tensor) -> Tensor:
    try:
        return x.view(100)
    except RuntimeError:
        return x


def raised(x: int, n: int) -> int:
    return pow(x, n, 7)


def collected(x: List[int]) -> int:
    return len(set(x))


@pytest.mark.parametrize(
    ("function", "what"), [(guarded, "exception handling"), (collected, r"set\(\) of List\[int\]"), (raised, r"pow\(\)")]
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
