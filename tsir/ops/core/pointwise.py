"""The elementwise functions by name, as bodies call them: `exp(x)`, `add(a, b)`. Their rules are data in `scalars.py` and
`binary_rules.py`; `elementwise.py` runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tsir.ops.core.elementwise import binary, unary
from tsir.ops.tensor import SymTensor


def _unary(name: str) -> Callable[[SymTensor], SymTensor]:
    def function(x: SymTensor) -> SymTensor:
        return unary(name, x)

    function.__name__ = name
    return function


def _binary(name: str) -> Callable[[Any, Any], Any]:
    def function(a: Any, b: Any) -> Any:
        return binary(name, a, b)

    function.__name__ = name
    return function


neg = _unary("neg")
abs = _unary("abs")
angle = _unary("angle")
sign = _unary("sign")
sgn = _unary("sgn")
floor = _unary("floor")
ceil = _unary("ceil")
trunc = _unary("trunc")
round = _unary("round")
exp = _unary("exp")
exp2 = _unary("exp2")
expm1 = _unary("expm1")
log = _unary("log")
log2 = _unary("log2")
log10 = _unary("log10")
log1p = _unary("log1p")
sqrt = _unary("sqrt")
rsqrt = _unary("rsqrt")
reciprocal = _unary("reciprocal")
sin = _unary("sin")
cos = _unary("cos")
tan = _unary("tan")
asin = _unary("asin")
acos = _unary("acos")
atan = _unary("atan")
sinh = _unary("sinh")
cosh = _unary("cosh")
tanh = _unary("tanh")
asinh = _unary("asinh")
acosh = _unary("acosh")
atanh = _unary("atanh")
erf = _unary("erf")
isnan = _unary("isnan")
isinf = _unary("isinf")
signbit = _unary("signbit")
logical_not = _unary("logical_not")
bitwise_not = _unary("bitwise_not")
lgamma = _unary("lgamma")
digamma = _unary("digamma")
erfinv = _unary("erfinv")

add = _binary("add")
sub = _binary("sub")
mul = _binary("mul")
div = _binary("div")
floordiv = _binary("floordiv")
truncdiv = _binary("truncdiv")
remainder = _binary("remainder")
fmod = _binary("fmod")
atan2 = _binary("atan2")
maximum = _binary("maximum")
minimum = _binary("minimum")
fmax = _binary("fmax")
fmin = _binary("fmin")
copysign = _binary("copysign")
bitwise_and = _binary("bitwise_and")
bitwise_or = _binary("bitwise_or")
bitwise_xor = _binary("bitwise_xor")
shift_left = _binary("shift_left")
shift_right = _binary("shift_right")
eq = _binary("eq")
ne = _binary("ne")
lt = _binary("lt")
le = _binary("le")
gt = _binary("gt")
ge = _binary("ge")
logical_and = _binary("logical_and")
logical_or = _binary("logical_or")
logical_xor = _binary("logical_xor")
