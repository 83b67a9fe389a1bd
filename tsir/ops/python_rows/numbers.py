"""Rows of numbers, dtypes and devices, and of the functions of `math` and `cmath`."""

from __future__ import annotations

from collections.abc import Iterator

NUMBERS = r"""
int_bit_length(self)            int                 {0}.bit_length()
int_bit_count(self)             int                 bin({0}).count("1")
int_to_bytes(self, length=1, byteorder='big', signed=False)   bytes   rt.int_to_bytes({args})   raises
int_from_bytes(bytes, byteorder='big', signed=False)   int   rt.int_from_bytes({args})   raises
int_conjugate(self)             int                 +{0}
int_is_integer(self)            bool                True
int_as_integer_ratio(self)      tuple int int       (+{0}, 1)
float_is_integer(self)          bool                {0}.is_integer()
float_as_integer_ratio(self)    tuple int int       {0}.as_integer_ratio()           raises
float_hex(self)                 str                 {0}.hex()
float_fromhex(text)             float               float.fromhex({0})               raises
float_conjugate(self)           float               +{0}
complex_conjugate(self)         complex             {0}.conjugate()
int_get_real(self)              int                 +{0}
int_get_imag(self)              int                 0
int_get_numerator(self)         int                 +{0}
int_get_denominator(self)       int                 1
float_get_real(self)            float               {0}
float_get_imag(self)            float               0.0
complex_get_real(self)          float               {0}.real
complex_get_imag(self)          float               {0}.imag
dtype_get_is_floating_point(self)   bool            {0}.is_floating_point
dtype_get_is_complex(self)      bool                {0}.is_complex
dtype_get_is_signed(self)       bool                {0}.is_signed
dtype_limit(self, name)         any                 {0}.limit({1})                   raises
dtype_get_itemsize(self)        int                 {0}.itemsize
type_code(value)                int                 rt.type_code({0})
dtype_from_code(code)           dtype               rt.dtype_from_code({0})                  raises
layout_from_code(code)          layout              rt.layout_from_code({0})                 raises
memory_format_from_code(code)   memory_format       rt.memory_format_from_code({0})          raises
ieee(name, *values)             float               rt.ieee({args})
div_to_zero(a, b)               int                 (-(-{0} // {1}) if ({0} < 0) != ({1} < 0) else {0} // {1})       raises
device(text, index=None)        device              rt.device({args})        raises
device_get_type(self)           str                 {0}.type
device_get_index(self)          optional int        {0}.index
"""

NUMPY = r"""
numpy_number(value, kind)       number         rt.numpy_number({0}, {1})                    raises
numpy_scalar(value, kind)       same           rt.held_scalar({0}, {1})
statistics(name, values)        any            rt.statistics({0}, {1})                      raises
held_scalar(value, kind)        same           rt.held_scalar({0}, {1})
is_numpy(value, kind)           bool           rt.is_numpy({0}, {1})
scalar_number(value, kind)      same           rt.scalar_number({0}, {1})
numpy_dtype(data)               any            rt.numpy_dtype({0})
numpy_call(what, kinds, *values)    number    rt.numpy_call({args})           raises
numpy_text(value, kind)         str            rt.numpy_text({0}, {1})
numpy_operator(name, kinds, *values)    number    rt.numpy_operator({args})           raises
"""
"""NumPy's scalars, and functions on many numbers."""

_MATH = {
    "float": "acos acosh asin asinh atan atan2 atanh cbrt copysign cos cosh degrees dist erf erfc exp exp2 expm1 fabs fmod "
    "fsum gamma hypot ldexp lgamma log log10 log1p log2 nextafter pow radians remainder sin sinh sqrt tan tanh ulp",
    "int": "ceil comb factorial floor gcd isqrt lcm perm trunc",
    "bool": "isfinite isinf isnan",
    "tuple float float": "modf",
    "tuple float int": "frexp",
}
_CMATH = {
    "complex": "acos acosh asin asinh atan atanh cos cosh exp log log10 rect sin sinh sqrt tan tanh",
    "float": "phase",
    "tuple float float": "polar",
    "bool": "isclose isfinite isinf isnan",
}
MATH_WITH_KEYWORDS = r"""
math_isclose(a, b, rel_tol=1e-09, abs_tol=0.0)  bool   math.isclose({0}, {1}, **dict(zip(("rel_tol", "abs_tol"), [{2:}])))   raises
math_prod(values, start=1)                      total  math.prod({0}, **dict(zip(("start",), [{1:}])))   raises
"""
_MATH_BINARY = {"atan2", "copysign", "dist", "fmod", "ldexp", "nextafter", "pow", "remainder", "comb"}
_MATH_NEVER_RAISES = {
    "atan", "atan2", "asinh", "copysign", "degrees", "erf", "erfc", "fabs", "radians", "tanh", "isfinite", "isinf", "isnan",
}  # fmt: skip


def math_rows() -> Iterator[str]:
    """The rows of the functions whose arguments Python itself checks."""
    for result, names in _MATH.items():
        for name in names.split():
            parameters = "x, y" if name in _MATH_BINARY else "*args"
            flags = "" if name in _MATH_NEVER_RAISES else "raises"
            yield f"math_{name}({parameters})  {result}  math.{name}({{args}})  {flags}"
    for result, names in _CMATH.items():
        for name in names.split():
            yield f"cmath_{name}(*args)  {result}  cmath.{name}({{args}})  raises"
