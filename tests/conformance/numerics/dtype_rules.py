"""Expressions, the dtypes and edge values that they are tried with, and a compiled function for each: `test_dtypes.py`'s tables."""

import linecache
import warnings

import torch

DTYPES = (
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32,
    torch.float64, torch.complex64, torch.complex128,
)  # fmt: skip

NUMBERS = {"bool": "True", "int": "3", "float": "1.5", "complex": "2j"}

BINARY = (
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} // {1}", "{0} % {1}", "{0} ** {1}", "{0} == {1}", "{0} < {1}",
    "{0} >= {1}", "{0} != {1}", "{0} & {1}", "{0} | {1}", "{0} ^ {1}", "{0} << {1}", "{0} >> {1}", "torch.maximum({0}, {1})",
    "torch.fmin({0}, {1})", "torch.where(c, {0}, {1})", "torch.add({0}, {1}, alpha=2)", "torch.sub({0}, {1}, alpha=2)",
    "torch.rsub({0}, {1})", "torch.fmod({0}, {1})", "torch.atan2({0}, {1})", "torch.div({0}, {1}, rounding_mode='trunc')",
    "torch.div({0}, {1}, rounding_mode='floor')", "torch.floor_divide({0}, {1})", "torch.float_power({0}, {1})",
    "torch.logical_xor({0}, {1})", "torch.copysign({0}, {1})", "torch.xlogy({0}, {1})", "torch.hypot({0}, {1})",
    "torch.clamp({0}, min={1})", "torch.result_type({0}, {1})", "torch.heaviside({0}, {1})", "torch.gcd({0}, {1})",
    "torch.nextafter({0}, {1})", "torch.lerp({0}, {1}, 0.25)",
    "torch.true_divide({0}, {1})", "torch.isclose({0}, {1})", "torch.cat([{0}, {1}])", "torch.addcmul({0}, {1}, {1})",
    "torch.addcdiv({0}, {1}, {1})", "torch.dot({0}, {1})", "torch.outer({0}, {1})", "torch.stack([{0}, {1}])",
)  # fmt: skip

IN_PLACE = (
    "{0} += {1}", "{0} -= {1}", "{0} *= {1}", "{0} /= {1}", "{0} //= {1}", "{0} %= {1}", "{0} **= {1}", "{0} &= {1}", "{0} |= {1}",
    "{0} <<= {1}", "{0}.add_({1}, alpha=2)", "{0}.copy_({1})", "{0}.lt_({1})", "{0}.fmod_({1})", "{0}.clamp_(min={1})",
    "{0}.masked_fill_(c, {1})", "{0}.logical_and_({1})", "{0}[0] = {1}", "{0}[:4] = {1}", "{0}[c] = {1}",
)  # fmt: skip


def values(dtype: torch.dtype, which: int) -> torch.Tensor:
    """Four elements with a dtype's edges among them; the second operand has no zeros, no edges and small numbers."""
    if dtype is torch.bool:
        return torch.tensor(([True, False, True, False], [True, True, True, True])[which])
    if dtype is torch.uint8:
        return torch.tensor(([0, 3, 200, 255], [1, 2, 5, 3])[which], dtype=dtype)
    if dtype.is_complex:
        return torch.tensor(([1 + 2j, -0.5 + 0j, -1j, 2.5 + 0.25j], [0.5 - 1j, 2 + 0j, -1.5 + 1j, 1j])[which], dtype=dtype)
    if dtype.is_floating_point:
        return torch.tensor(([1.5, -2.25, float("inf"), -0.0], [0.5, 3.0, float("nan"), -1.25])[which], dtype=dtype)
    limits = torch.iinfo(dtype)
    return torch.tensor(([limits.min, -7, 3, limits.max], [3, -2, 5, -1])[which], dtype=dtype)


def function(text: str, *, in_place: bool):
    """`def f(a, b, c): return text`, or with the statement `text` and `return a`."""
    body = f"    {text}\n    return a\n" if in_place else f"    return {text}\n"
    source = f"def f(a, b, c):\n{body}"
    file = f"<dtypes {len(linecache.cache)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    scope = {"torch": torch, "__name__": "dtypes"}
    exec(compile(source, file, "exec"), scope)
    return scope["f"]


def outcome(call, arguments):
    """What a call gives, or the exception that it raises."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return call(*arguments)
    except Exception as error:  # noqa: BLE001 it is what is compared
        return error


def half_complex(value) -> bool:
    """Whether eager came upon complex numbers of half precisions, which tsir hasn't got."""
    if isinstance(value, Exception):
        return "ComplexHalf" in str(value)
    return value is torch.complex32 or (isinstance(value, torch.Tensor) and value.dtype is torch.complex32)


UNARY = tuple(
    f"torch.{name}(a)"
    for name in "abs neg sqrt exp floor ceil round trunc frac sign sgn reciprocal square rsqrt log log1p expm1 sin tanh sigmoid "
    "erf logical_not bitwise_not isnan isinf isfinite isreal signbit positive angle real conj relu nan_to_num deg2rad "
    "digamma exp2 ones_like zeros_like".split()
) + ("~a", "-a", "+a", "abs(a)", "a.softmax(0)", "torch.nn.functional.gelu(a)")  # fmt: skip

REDUCTIONS = (
    "a.sum()", "a.sum(0)", "a.sum(0, dtype=torch.float64)", "a.mean()", "a.mean(0, keepdim=True)", "a.prod()", "a.prod(0)", "a.max()",
    "a.min(0)", "a.amax(0)", "a.amin()", "a.argmax()", "a.argmin(0)", "a.any()", "a.all(0)", "a.std()", "a.var(0)",
    "a.norm()", "a.cumsum(0)", "a.cumprod(0)", "a.cummax(0)", "a.logsumexp(0)", "torch.count_nonzero(a)", "a.median()", "a.nansum()",
    "a.nanmean()", "torch.linalg.vector_norm(a)", "a.aminmax()", "a.logcumsumexp(0)", "torch.std_mean(a)", "a.sort()", "a.unique()",
)  # fmt: skip
