"""The functions of `linalg_ext.scalar` that have a closed form or a short recurrence, in `arith`, `math` and `scf`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, Float64Type, IntegerType
from xdsl.ir import Attribute, SSAValue

from tsir.lowering.upstream.loops import I64, Loops

Function: TypeAlias = Callable[[Loops, Sequence[SSAValue], Attribute], SSAValue]


def lower_scalar_function(
    l: Loops,  # noqa: E741
    name: str,
    arguments: Sequence[SSAValue],
    result: Attribute,
) -> SSAValue | None:
    """The value of a function, or None for one without a lowering."""
    found = _FUNCTIONS.get(name)
    return None if found is None else found(l, arguments, result)


def _logaddexp(l: Loops, args: Sequence[SSAValue], _result: Attribute) -> SSAValue:  # noqa: E741
    return l.logaddexp(args[0], args[1])


def _hypot(l: Loops, args: Sequence[SSAValue], result: Attribute) -> SSAValue:  # noqa: E741
    """The larger one times `sqrt(1 + ratio**2)`."""
    a, b = (l.math(math.AbsFOp, x) for x in args)
    high, low = l.add(arith.MaximumfOp(a, b)), l.add(arith.MinimumfOp(a, b))
    ratio = l.add(arith.DivfOp(low, high))
    root = l.math(math.SqrtOp, l.add(arith.AddfOp(l.constant(1.0, result), l.add(arith.MulfOp(ratio, ratio)))))
    plain = l.either(
        l.compare("oeq", high, l.constant(0.0, result)), l.compare("oeq", high, l.constant(float("inf"), result))
    )
    return l.select(plain, high, l.add(arith.MulfOp(high, root)))


def _spherical_bessel_j0(l: Loops, args: Sequence[SSAValue], result: Attribute) -> SSAValue:  # noqa: E741
    (x,) = args
    quotient = l.add(arith.DivfOp(l.math(math.SinOp, x), x))
    return l.select(l.compare("oeq", x, l.constant(0.0, result)), l.constant(1.0, result), quotient)


def _ldexp(l: Loops, args: Sequence[SSAValue], result: Attribute) -> SSAValue:  # noqa: E741
    x, exponent = args
    if isinstance(exponent.type, IntegerType):
        exponent = l.add(arith.SIToFPOp(exponent, result))  # type: ignore[arg-type]
    return l.add(arith.MulfOp(x, l.math(math.Exp2Op, exponent)))


def _magnitude(l: Loops, x: SSAValue) -> SSAValue:  # noqa: E741
    return l.select(l.compare("slt", x, l.constant(0, x.type)), l.minus(l.constant(0, x.type), x), x)


def _gcd(l: Loops, args: Sequence[SSAValue], result: Attribute) -> SSAValue:  # noqa: E741
    """Euclid's algorithm on the magnitudes."""
    zero = l.constant(0, result)
    start = [_magnitude(l, args[0]), _magnitude(l, args[1])]
    found = l.repeat(start, lambda v: l.compare("ne", v[1], zero), lambda v: [v[1], l.add(arith.RemUIOp(v[0], v[1]))])
    return found[0]


def _lcm(l: Loops, args: Sequence[SSAValue], result: Attribute) -> SSAValue:  # noqa: E741
    divisor = _gcd(l, args, result)
    zero = l.compare("eq", divisor, l.constant(0, result))
    safe = l.select(zero, l.constant(1, result), divisor)
    product = l.add(arith.MuliOp(l.add(arith.DivSIOp(args[0], safe)), args[1]))
    return _magnitude(l, product)


Step: TypeAlias = Callable[[Loops, SSAValue, SSAValue, SSAValue, SSAValue], SSAValue]
First: TypeAlias = tuple[float, float]


def _polynomial(first: First, step: Step) -> Function:
    """A family of polynomials: degree 1 is `a + b x`, the next ones follow by a recurrence; negative degrees give 0."""

    def function(l: Loops, args: Sequence[SSAValue], result: Attribute) -> SSAValue:  # noqa: E741
        x, n = args
        degree = l.add(arith.FPToSIOp(n, I64)) if not isinstance(n.type, IntegerType) else n
        zero, one = l.constant(0.0, result), l.constant(1.0, result)
        linear = l.add(arith.AddfOp(l.constant(first[0], result), l.add(arith.MulfOp(l.constant(first[1], result), x))))

        def again(values: Sequence[SSAValue]) -> list[SSAValue]:
            k, before, now = values
            number = l.add(arith.SIToFPOp(k, result))  # type: ignore[arg-type]
            return [l.plus(k, l.constant(1, I64)), now, step(l, x, before, now, number)]

        start = [l.constant(1, I64), one, linear]
        last = l.repeat(start, lambda v: l.compare("slt", v[0], degree), again)[2]
        found = l.select(l.compare("eq", degree, l.constant(0, I64)), one, last)
        return l.select(l.compare("slt", degree, l.constant(0, I64)), zero, found)

    return function


def _terms(l: Loops, *factors: SSAValue | float) -> SSAValue:  # noqa: E741
    """The product of numbers and values."""
    values = [f for f in factors if isinstance(f, SSAValue)]
    product = values[0]
    for v in values[1:]:
        product = l.add(arith.MulfOp(product, v))
    for f in factors:
        if not isinstance(f, SSAValue):
            product = l.add(arith.MulfOp(product, l.constant(f, product.type)))
    return product


def _chebyshev(l: Loops, x: SSAValue, before: SSAValue, now: SSAValue, _k: SSAValue) -> SSAValue:  # noqa: E741
    return l.add(arith.SubfOp(_terms(l, x, now, 2.0), before))


def _hermite_h(l: Loops, x: SSAValue, before: SSAValue, now: SSAValue, k: SSAValue) -> SSAValue:  # noqa: E741
    return l.add(arith.SubfOp(_terms(l, x, now, 2.0), _terms(l, k, before, 2.0)))


def _hermite_he(l: Loops, x: SSAValue, before: SSAValue, now: SSAValue, k: SSAValue) -> SSAValue:  # noqa: E741
    return l.add(arith.SubfOp(_terms(l, x, now), _terms(l, k, before)))


def _over(l: Loops, top: SSAValue, k: SSAValue) -> SSAValue:  # noqa: E741
    return l.add(arith.DivfOp(top, l.add(arith.AddfOp(k, l.constant(1.0, k.type)))))


def _laguerre(l: Loops, x: SSAValue, before: SSAValue, now: SSAValue, k: SSAValue) -> SSAValue:  # noqa: E741
    odd = l.add(arith.AddfOp(_terms(l, k, 2.0), l.constant(1.0, k.type)))
    factor = l.add(arith.SubfOp(odd, x))
    return _over(l, l.add(arith.SubfOp(_terms(l, factor, now), _terms(l, k, before))), k)


def _legendre(l: Loops, x: SSAValue, before: SSAValue, now: SSAValue, k: SSAValue) -> SSAValue:  # noqa: E741
    odd = l.add(arith.AddfOp(_terms(l, k, 2.0), l.constant(1.0, k.type)))
    return _over(l, l.add(arith.SubfOp(_terms(l, odd, x, now), _terms(l, k, before))), k)


_LANCZOS = (
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
)  # fmt: skip
"""Lanczos' coefficients for g = 7: the gamma function to 15 digits."""
_F64 = Float64Type()


def _wide(l: Loops, x: SSAValue) -> SSAValue:  # noqa: E741
    return l.widened(x, _F64) if isinstance(x.type, Float32Type | Float16Type | BFloat16Type) else x


def _lgamma(l: Loops, args: Sequence[SSAValue], result: Attribute) -> SSAValue:  # noqa: E741
    """Lanczos' approximation in f64; left of one half by reflection, infinite at the poles."""
    x = _wide(l, args[0])
    one, half = l.constant(1.0, _F64), l.constant(0.5, _F64)
    left = l.compare("olt", x, half)
    z = l.add(arith.SubfOp(l.select(left, l.add(arith.SubfOp(one, x)), x), one))
    total = l.constant(_LANCZOS[0], _F64)
    for i, c in enumerate(_LANCZOS[1:], 1):
        term = l.add(arith.DivfOp(l.constant(c, _F64), l.add(arith.AddfOp(z, l.constant(float(i), _F64)))))
        total = l.add(arith.AddfOp(total, term))
    t = l.add(arith.AddfOp(z, l.constant(7.5, _F64)))
    power = l.add(arith.MulfOp(l.add(arith.AddfOp(z, half)), l.math(math.LogOp, t)))
    sum_ = l.add(arith.SubfOp(l.add(arith.AddfOp(power, l.constant(0.9189385332046727, _F64))), t))
    right = l.add(arith.AddfOp(sum_, l.math(math.LogOp, total)))
    # sin(pi x) of the distance to the nearest integer: exactly 0 at the poles.
    distance = l.add(arith.SubfOp(x, l.math(math.RoundEvenOp, x)))
    sine = l.math(math.AbsFOp, l.math(math.SinOp, _terms(l, distance, 3.141592653589793)))
    reflected = l.add(
        arith.SubfOp(l.add(arith.SubfOp(l.constant(1.1447298858494002, _F64), l.math(math.LogOp, sine))), right)
    )
    found = l.select(left, reflected, right)
    infinite = l.compare("oeq", l.math(math.AbsFOp, x), l.constant(float("inf"), _F64))
    return l.narrowed(l.select(infinite, l.constant(float("inf"), _F64), found), result)


_FUNCTIONS: dict[str, Function] = {
    "logaddexp": _logaddexp,
    "hypot": _hypot,
    "spherical_bessel_j0": _spherical_bessel_j0,
    "ldexp": _ldexp,
    "gcd": _gcd,
    "lcm": _lcm,
    "lgamma": _lgamma,
    "chebyshev_polynomial_t": _polynomial((0.0, 1.0), _chebyshev),
    "chebyshev_polynomial_u": _polynomial((0.0, 2.0), _chebyshev),
    "chebyshev_polynomial_v": _polynomial((-1.0, 2.0), _chebyshev),
    "chebyshev_polynomial_w": _polynomial((1.0, 2.0), _chebyshev),
    "hermite_polynomial_h": _polynomial((0.0, 2.0), _hermite_h),
    "hermite_polynomial_he": _polynomial((0.0, 1.0), _hermite_he),
    "laguerre_polynomial_l": _polynomial((1.0, -1.0), _laguerre),
    "legendre_polynomial_p": _polynomial((0.0, 1.0), _legendre),
}
