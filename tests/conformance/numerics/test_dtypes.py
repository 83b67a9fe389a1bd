"""torch's rules for dtypes, compared with eager: promotion for all pairs of dtypes and kinds of operands, results in place."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "operators"))

from comparison import difference  # noqa: E402
from dtype_rules import BINARY, DTYPES, IN_PLACE, NUMBERS, function, half_complex, outcome, values  # noqa: E402

import tsir  # noqa: E402

STRIDE = 31
"""Of the 144 pairs of dtypes, every which one the default run takes, for a third of the forms; slow ones take all."""


def compared(compiled, eager, arguments) -> str | None:
    """How a compiled call differs from eager: value, dtype, exception, or what it wrote into the first argument."""
    mine, theirs = ([a.clone() for a in arguments] for _ in range(2))
    expected, found = outcome(eager, theirs), outcome(compiled, mine)
    if half_complex(expected):
        return None
    if isinstance(expected, Exception) or isinstance(found, Exception):
        if isinstance(expected, Exception) and isinstance(found, type(expected)):
            return None
        return f"{found!r} instead of {expected!r}"
    return difference(found, expected, (), ()) or difference(mine[0], theirs[0], (), ())


def forms(text, *, in_place):
    """A table's row as expressions: of two tensors, of one and a 0-d one, of one and a Python number."""
    yield "tensors", text.format("a", "b")
    yield "second 0-d", text.format("a", "b")
    if not in_place:
        yield "first 0-d", text.format("a", "b")
    for name, number in NUMBERS.items():
        yield f"tensor, {name}", text.format("a", number)
        if not in_place:
            yield f"{name}, tensor", text.format(number, "a")


def differences(text, *, in_place, first, step):
    wrong = []
    mask = torch.tensor([True, False, False, True])
    for number, (form, expression) in enumerate(forms(text, in_place=in_place)):
        eager = function(expression, in_place=in_place)
        compiled = outcome(tsir.script, (eager,))
        numbered = "," in form
        pairs = [(a, b) for a in DTYPES for b in ((torch.float32,) if numbered else DTYPES)]
        if step > 1 and (number + first) % 3:
            continue
        start = (first + 37 * number) % step
        for x, y in pairs[start % len(pairs) :: min(step, len(pairs))]:
            a, b = values(x, 0), values(y, 1)
            if y.is_complex or "complex" in form:
                a = a.nan_to_num(posinf=7)  # torch multiplies by alpha, 1 as a complex number, which makes NaN of infinity
            arguments = (a[1] if form == "first 0-d" else a, b[0] if form == "second 0-d" else b, mask)
            if isinstance(compiled, Exception):
                expected = outcome(eager, [t.clone() for t in arguments])
                why = None if isinstance(expected, Exception) else f"isn't compiled: {compiled}"
            else:
                why = compared(compiled, eager, arguments)
            if why is not None:
                wrong.append(f"{form}: {expression} of {x} and {y}: {why}")
    return wrong


TABLE = [(text, False) for text in BINARY] + [(text, True) for text in IN_PLACE]


@pytest.mark.parametrize(("text", "in_place"), TABLE, ids=[text for text, _ in TABLE])
def test_promotion(text, in_place):
    """Each expression with some of the pairs, so that all expressions together see all pairs often."""
    wrong = differences(text, in_place=in_place, first=TABLE.index((text, in_place)) * 11, step=STRIDE)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "in_place"), TABLE, ids=[text for text, _ in TABLE])
def test_promotion_of_all_pairs(text, in_place):
    wrong = differences(text, in_place=in_place, first=0, step=1)
    assert not wrong, "\n".join(wrong)
