"""Functions and reductions of every dtype, casts at the edges of what a dtype holds, `finfo` and `iinfo`, compared with eager."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "operators"))

from dtype_rules import DTYPES, REDUCTIONS, UNARY, function, outcome, values  # noqa: E402
from test_dtypes import compared  # noqa: E402

import tsir  # noqa: E402

KNOWN = {
    ("~a", "float"): "Python's operator raises TypeError, which the operator that it becomes doesn't know of",
    ("torch.nn.functional.gelu(a)", "edge"): "eager's vectorised code gives NaN for infinity",
    ("torch.std_mean(a)", "edge"): "eager's running mean is NaN where there is an infinity",
    ("a.min(0)", "empty complex"): "which of two errors comes first",
    ("a.amax(0)", "empty complex"): "which of two errors comes first",
}


def _is_known(text: str, dtype: torch.dtype, which: str) -> bool:
    kinds = {which, "float" if dtype.is_floating_point or dtype.is_complex else "int"}
    kinds |= {f"{which} complex"} if dtype.is_complex else set()
    return any((text, kind) in KNOWN for kind in kinds)


def differences(text: str, first: int, step: int) -> list[str]:
    """How an expression of some of the dtypes differs from eager, on edge values, small ones and (reductions) none."""
    eager = function(text, in_place=False)
    compiled = tsir.script(eager)
    wrong: list[str] = []
    for dtype in DTYPES[first % step :: step]:
        small = values(dtype, 1)
        inputs = {"edge": values(dtype, 0), "small": small} | ({"empty": small[:0]} if text in REDUCTIONS else {})
        for which, a in inputs.items():
            why = compared(compiled, eager, (a, a, torch.ones(4, dtype=torch.bool)))
            if why is not None and not _is_known(text, dtype, which):
                wrong.append(f"{text} of {dtype}, {which}: {why}")
    return wrong


TABLE = (*UNARY, *REDUCTIONS)


@pytest.mark.parametrize("text", TABLE)
def test_functions(text: str) -> None:
    """Each with three of the dtypes, so that all together see each dtype often."""
    wrong = differences(text, TABLE.index(text), 4)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("text", TABLE)
def test_functions_of_all_dtypes(text: str) -> None:
    wrong = differences(text, 0, 1)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("wanted", DTYPES, ids=str)
def test_casts(wanted: torch.dtype) -> None:
    """From each dtype's edge values; of floats to integers, where C++ leaves NaN and infinity open, finite ones."""
    eager = function(f"a.to({wanted})", in_place=False)
    compiled = tsir.script(eager)
    to_integer = not wanted.is_floating_point and not wanted.is_complex and wanted is not torch.bool
    for given in DTYPES:
        for which in (0, 1):
            a = values(given, which)
            if given.is_floating_point and to_integer:
                a = a.nan_to_num(nan=1.0, posinf=100.0)
            assert compared(compiled, eager, (a, a, a)) is None, f"{given} to {wanted}"


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d is not torch.bool], ids=str)
def test_limits(dtype: torch.dtype) -> None:
    """`finfo` and `iinfo` of a dtype and of a tensor's."""
    is_float = dtype.is_floating_point or dtype.is_complex
    info = "finfo" if is_float else "iinfo"
    fields = "min max bits dtype" + (" eps tiny smallest_normal resolution" if is_float else "")
    asked = ", ".join(f"torch.{info}({d}).{field}" for d in (dtype, "a.dtype") for field in fields.split())
    eager = function(asked, in_place=False)
    a = values(dtype, 0)
    assert repr(outcome(tsir.script(eager), (a, a, a))) == repr(outcome(eager, (a, a, a)))
