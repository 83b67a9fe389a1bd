"""torch.special: orthogonal polynomials, zeta, Bessel's functions of torch's own names, multivariate gamma."""

from __future__ import annotations

import math
from typing import Any

from xdsl.dialects.builtin import StringAttr

from tsir.dialects import dtypes
from tsir.dialects.linalg_ext import ScalarOp
from tsir.dialects.ts.types import linalg_element_type
from tsir.errors import OperatorError
from tsir.ops.aten.precision import in_float32, require_float
from tsir.ops.core import reductions
from tsir.ops.core.creation import iota
from tsir.ops.core.elementwise import binary, convert, pointwise, unary
from tsir.ops.core.views import unsqueeze
from tsir.ops.promotion import int_to_float
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, require_int

POLYNOMIALS = (
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
)  # fmt: skip
"""The families of polynomials; Chebyshev's also exist shifted from [-1, 1] to [0, 1]."""

FUNCTIONS = ("airy_ai", "spherical_bessel_j0", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1")
"""Functions `special_<name>(Tensor x) -> Tensor` that are one core function."""


def _declare_polynomial(name: str, family: str, shifted: bool) -> None:
    def body(x: Any, n: Any) -> SymTensor:
        return binary(family, binary("sub", binary("mul", x, 2.0), 1.0) if shifted else x, n)

    aten(
        f"special_{name}(Tensor x, Tensor n) -> Tensor",
        f"special_{name}.x_scalar(Scalar x, Tensor n) -> Tensor",
        f"special_{name}.n_scalar(Tensor x, Scalar n) -> Tensor",
    )(body)


for _name in POLYNOMIALS:
    _declare_polynomial(_name, _name, False)
    if _name.startswith("chebyshev"):
        _declare_polynomial(f"shifted_{_name}", _name, True)

for _name in FUNCTIONS:
    aten(f"special_{_name}(Tensor x) -> Tensor")(lambda x, name=_name: unary(name, x))


@aten(
    "special_zeta(Tensor self, Tensor other) -> Tensor",
    "special_zeta.self_scalar(Scalar self, Tensor other) -> Tensor",
    "special_zeta.other_scalar(Tensor self, Scalar other) -> Tensor",
)
def zeta(x: Any, other: Any) -> SymTensor:
    """Hurwitz's zeta function."""
    return binary("zeta", x, other)


@aten("mvlgamma(Tensor self, int p) -> Tensor", "special_multigammaln(Tensor self, int p) -> Tensor")
@in_float32
def mvlgamma(x: SymTensor, p: int) -> SymTensor:
    """The logarithm of the multivariate gamma function of dimension p."""
    order = require_int(p, "p")
    if order < 1:
        raise OperatorError("p has to be greater than or equal to 1")
    if x.dtype is dtypes.bool_:
        raise OperatorError("The input tensor may not be a boolean tensor.")
    y = convert(x, int_to_float(x.dtype))
    steps = convert(iota(order, dtypes.int64), y.dtype) * -0.5
    terms = unary("lgamma", binary("add", unsqueeze(y, -1), steps))
    total = reductions.sum(terms, (terms.rank - 1,), False)
    return binary("add", total, order * (order - 1) * math.log(math.pi) / 4)


@aten("frexp.Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)")
def frexp(x: SymTensor) -> tuple[SymTensor, SymTensor]:
    """A mantissa in [0.5, 1) and an exponent (int32) of 2 for each element."""
    require_float(x, "frexp")

    def part(name: str, dtype: dtypes.DType) -> SymTensor:
        element = linalg_element_type(dtype)
        rule = {"function": StringAttr(f"frexp_{name}")}
        return pointwise((x,), dtype, lambda e, v: e.one(ScalarOp, (v[0],), element, rule), x.shape)

    return part("mantissa", x.dtype), part("exponent", dtypes.int32)
