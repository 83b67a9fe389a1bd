"""Elementwise core operations against torch eager: every function on every dtype, scalars, broadcasting, errors."""

from __future__ import annotations

import pytest
import torch

from tests.unit.ops.interpreter import Raised
from tests.unit.ops.running import agree, run
from tsir.dialects import dtypes
from tsir.errors import OperatorError, OperatorZeroDivisionError, TsirError
from tsir.ops.core.binary_rules import BINARY
from tsir.ops.core.elementwise import binary, clamp, complex, conj, convert, copy, imag, isfinite, power, real, unary, where
from tsir.ops.core.scalars import SPECIAL_UNARY, UNARY

DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
    torch.float32, torch.float64, torch.complex64, torch.complex128,
]  # fmt: skip
TORCH_NAMES = {
    "floordiv": torch.floor_divide,
    "truncdiv": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
    "shift_left": torch.bitwise_left_shift,
    "shift_right": torch.bitwise_right_shift,
}
UNARY_NAMES = sorted(set(UNARY) - set(SPECIAL_UNARY) - {"popcount", "angle"})
BINARY_NAMES = sorted(
    n for n, (_, _, rules) in BINARY.items() if all(r.__name__ != "rule" or "shift" in n for r in rules.values())
)


def sample(dtype: torch.dtype, shape: tuple[int, ...] = (3, 4), seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    if dtype == torch.bool:
        return torch.rand(shape, generator=g) > 0.5
    if dtype == torch.uint8:
        return torch.randint(0, 200, shape, generator=g).to(dtype)
    if not dtype.is_floating_point and not dtype.is_complex:
        return torch.randint(-9, 9, shape, generator=g).to(dtype)
    wide = torch.complex128 if dtype.is_complex else torch.float64
    return (torch.randn(shape, dtype=wide, generator=g) * 1.5).to(dtype)


def same_outcome(expected, found) -> None:
    """Both give the same tensor, or both raise: torch's message isn't compared, its exception's kind is."""
    try:
        wanted = expected()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        with pytest.raises(TsirError) as caught:
            found()
        assert isinstance(caught.value, RuntimeError), f"torch raised {error!r}"
        return
    agree(found(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", UNARY_NAMES)
def test_unary(name: str, dtype: torch.dtype) -> None:
    x = sample(dtype)
    same_outcome(lambda: getattr(torch, name)(x), lambda: run(lambda a: unary(name, a), x))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", BINARY_NAMES)
def test_binary(name: str, dtype: torch.dtype) -> None:
    function = TORCH_NAMES.get(name) or getattr(torch, name)
    x, y = sample(dtype), sample(dtype, (4,), 1)
    integral = not dtype.is_floating_point and not dtype.is_complex and dtype != torch.bool
    if integral and name in ("floordiv", "truncdiv", "remainder", "fmod"):
        y = torch.tensor([1, -2, 3, -5]).to(dtype)
    elif integral and (name.startswith("shift") or name == "pow"):
        y = torch.tensor([0, 1, 3, 70 if name.startswith("shift") else 2]).to(dtype)
    same_outcome(lambda: function(x, y), lambda: run(lambda a, b: binary(name, a, b), x, y))


@pytest.mark.parametrize(
    "name", ["floor", "ceil", "trunc", "round", "sign", "abs", "neg", "isnan", "isinf", "signbit", "logical_not"]
)
def test_special_values(name: str) -> None:
    x = torch.tensor([0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, float("inf"), -float("inf"), float("nan")])
    agree(run(lambda a: unary(name, a), x), getattr(torch, name)(x))


@pytest.mark.parametrize(
    "name", ["floordiv", "remainder", "fmod", "truncdiv", "maximum", "minimum", "fmax", "fmin", "lt", "ne", "eq"]
)
def test_special_values_of_two(name: str) -> None:
    values = torch.tensor([0.0, 1.0, -1.0, 2.5, -7.5, float("inf"), -float("inf"), float("nan")])
    function = TORCH_NAMES.get(name) or getattr(torch, name)
    agree(run(lambda a, b: binary(name, a, b), values[:, None], values), function(values[:, None], values))


@pytest.mark.parametrize("a", [torch.uint8, torch.int32, torch.int64, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("scalar", [True, 300, -3, 0.1])
def test_constant_and_run_time_scalars(a: torch.dtype, scalar: object) -> None:
    x = sample(a)
    for name in ("add", "mul", "lt", "eq", "div"):
        wanted = getattr(torch, name)(x, scalar)
        agree(run(lambda t: binary(name, t, scalar), x), wanted)
        agree(run(lambda t, s: binary(name, t, s), x, scalar), wanted)


@pytest.mark.parametrize("second", DTYPES, ids=str)
@pytest.mark.parametrize("first", DTYPES, ids=str)
def test_promotion_and_conversion(first: torch.dtype, second: torch.dtype) -> None:
    x = sample(first) if first.is_floating_point or first.is_complex else sample(first).clamp(0)
    agree(run(lambda a: convert(a, dtypes.dtype(str(second))), x), x.to(second))
    for shape in ((4,), ()):
        y = sample(second, shape, 1)
        if (x + y).dtype == torch.complex32:
            assert run(lambda a, b: a + b, x, y).dtype == torch.complex64, (
                "which stands for the complex half that isn't there"
            )
            continue
        same_outcome(lambda: x + y, lambda: run(lambda a, b: a + b, x, y))


def test_zero_division() -> None:
    x = torch.arange(4)
    for name in ("floordiv", "remainder", "fmod", "truncdiv"):
        with pytest.raises(OperatorZeroDivisionError, match="ZeroDivisionError"):
            run(lambda a: binary(name, a, 0), x)
        with pytest.raises(Raised, match="ZeroDivisionError"):
            run(lambda a, b: binary(name, a, b), x, torch.tensor([1, 2, 0, 3]))
        with pytest.raises(Raised, match="ZeroDivisionError"):
            run(lambda a, b: binary(name, a, b), x, 0)
        with pytest.raises(Raised, match="ZeroDivisionError"):
            run(lambda a, b: binary(name, a, b), x, torch.tensor(0))


def test_broadcasting_errors_have_torchs_message() -> None:
    with pytest.raises(OperatorError) as caught:
        run(lambda a, b: a + b, torch.ones(2, 3), torch.ones(4))
    with pytest.raises(RuntimeError) as wanted:
        torch.ones(2, 3) + torch.ones(4)
    assert str(caught.value) == str(wanted.value)


def test_where_and_clamp() -> None:
    x, y = sample(torch.float32), sample(torch.int64, (4,))
    agree(run(lambda a, b: where(a > 0, a, b), x, y), torch.where(x > 0, x, y))
    agree(run(lambda a: where(a > 0, a, 7), x), torch.where(x > 0, x, 7))
    agree(run(lambda a, s: where(a > 0, s, a), x, 2.5), torch.where(x > 0, 2.5, x))
    x[0, 0] = float("nan")
    agree(run(lambda a: clamp(a, -0.5, 0.5), x), x.clamp(-0.5, 0.5))
    agree(run(lambda a: clamp(a, 1, 0), x), x.clamp(1, 0))
    agree(run(lambda a: clamp(a, None, 2.5), y), y.clamp(max=2.5))
    agree(run(lambda a, b: clamp(a, b), x, y), torch.clamp(x, y))
    with pytest.raises(OperatorError, match="At least one"):
        run(lambda a: clamp(a), x)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5])
@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8, torch.float16, torch.float32, torch.complex64], ids=str)
def test_power(dtype: torch.dtype, exponent: float) -> None:
    x = sample(dtype)
    same_outcome(lambda: x**exponent, lambda: run(lambda a: power(a, exponent), x))


def test_complex_parts() -> None:
    z, x, y = sample(torch.complex64), sample(torch.float32), sample(torch.float32, (4,), 1)
    agree(run(real, z), z.real)
    agree(run(imag, z), z.imag)
    agree(run(conj, z), z.conj().resolve_conj())
    agree(run(complex, x, y), torch.complex(x, y.expand(3, 4)))
    with pytest.raises(OperatorError, match="non-complex"):
        run(imag, x)


def test_isfinite_and_copy() -> None:
    x = torch.tensor([1.0, float("inf"), float("nan"), -float("inf")])
    agree(run(isfinite, x), torch.isfinite(x))
    agree(run(copy, x), x)


def test_dynamic_sizes_take_no_guard_where_shapes_are_equal() -> None:
    from tests.unit.ops.running import Compiled

    x = sample(torch.float32)
    compiled = Compiled(lambda a: a + a * 2.0 - a.shape[0], (x,), (0,))
    assert compiled.env.guards == []
    longer = sample(torch.float32, (7, 4))
    agree(compiled(longer), longer + longer * 2.0 - 7)


def test_equal_dynamic_sizes_become_one_guard() -> None:
    from tests.unit.ops.running import Compiled

    x, y = sample(torch.float32), sample(torch.float32, (3, 4), 1)
    compiled = Compiled(lambda a, b: a + b + a, (x, y), (0,))
    assert len(compiled.env.guards) == 1 and " == " in str(compiled.env.guards[0])
    agree(compiled(x, y), x + y + x)
