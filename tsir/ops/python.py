"""The built-ins on Python values: what every `ts.py.<name>` operation means.

Each is one row: its signature, the rule for the type of its result, a Python expression, and what it does beside giving a
result. The expression is the only definition: constant folding evaluates it and generated source contains it, so the meaning
is Python's own, exceptions included. Tensors are no operands here (they may be elements of containers); operators on
tensors are in `ops/aten/`. The rules for result types are in `python_types.py`, so that this module runs without xDSL.

In an expression `{0}` stands for operand 0, `{1:}` for operand 1 and all that follow, separated by commas, `{args}` for all.
It may use Python's builtins, the modules in `MODULES`, and `rt`: the text functions of `TextFunctions`, in which the backend
knows how torch writes tensors.
"""

from __future__ import annotations

import ast
import bisect
import builtins
import cmath
import collections
import copy
import heapq
import logging
import math
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from tsir.dialects.type_codes import dtype_from_code, layout_from_code, memory_format_from_code, type_code
from tsir.dialects.values import Device, Future, one_function
from tsir.errors import OperatorError, OperatorTypeError, TsirError
from tsir.ops.ieee import ieee

if TYPE_CHECKING:
    from xdsl.ir import Attribute


OBJECT = "__tsir_object__"
"""The attribute of an exception that has the program's object, for classes with fields and methods."""


class TextFunctions(Protocol):
    """What expressions call as `rt`: Python's functions of these names, for values that may contain tensors.

    `percent` is `template % values`, `str_format` is `template.format(*values)`.
    """

    def str(self, value: Any) -> str: ...
    def repr(self, value: Any) -> str: ...
    def format(self, value: Any, spec: str = "") -> str: ...
    def percent(self, template: str, values: Any) -> str: ...
    def str_format(self, template: str, *values: Any) -> str: ...
    def print(self, *values: Any, sep: str = " ", end: str = "\n") -> None: ...
    def warn(self, message: Any, category: builtins.str = "UserWarning", stacklevel: int = 1) -> None: ...
    def log(self, logger: str, level: int, message: Any, once: bool) -> None: ...
    def default_dict(self, kind: Any) -> Any: ...
    def one_function(self, function: Any) -> Any: ...
    def device(self, text: Any, index: Any = None) -> Any: ...
    def Future(self) -> Any: ...
    def exception_object(self, error: Any) -> Any: ...
    def exception_type(self, error: Any) -> Any: ...
    def exception_from(self, error: Any, cause: Any) -> Any: ...
    def int_to_bytes(self, value: int, length: int = 1, byteorder: Any = "big", signed: bool = False) -> bytes: ...
    def type_code(self, value: Any) -> int: ...
    def ieee(self, name: str, *values: float) -> float: ...
    def dtype_from_code(self, code: int) -> Any: ...
    def layout_from_code(self, code: int) -> Any: ...
    def memory_format_from_code(self, code: int) -> Any: ...
    def int_from_bytes(self, value: bytes, byteorder: Any = "big", signed: bool = False) -> int: ...


FACTORIES: Mapping[Any, Callable[[], Any]] = {
    "int": int, "float": float, "bool": bool, "str": str, "list": list, "dict": dict, "set": set,
}  # fmt: skip
"""What makes the values of a defaultdict, by name."""


def default_dict(kind: str) -> defaultdict[Any, Any]:
    """`collections.defaultdict` of what makes the values: the name of a built-in type, `defaultdict(...)`, or a literal."""
    return defaultdict(_factory(kind))


def _factory(kind: str) -> Callable[[], Any]:
    if kind in FACTORIES:
        return FACTORIES[kind]
    if kind.startswith("defaultdict("):
        inner = kind.removeprefix("defaultdict(").removesuffix(")")
        return lambda: default_dict(inner)
    return lambda: ast.literal_eval(kind)


@lru_cache(maxsize=4096)
def _first_ones(logger: str, level: int, message: str) -> list[None]:
    return [None]


def _is_first(logger: str, level: int, message: str) -> bool:
    """Whether this is asked for the first time."""
    found = _first_ones(logger, level, message)
    return bool(found) and found.pop() is None


def device(text: Any, index: int | None = None) -> Device:
    """`torch.device(text, index)`. Raises RuntimeError for what isn't the name of a device, as torch does."""
    try:
        found = text if isinstance(text, Device) else Device.parse(text)
    except OperatorError as error:
        raise RuntimeError(error.message) from None
    return found if index is None else Device(found.type, index)


class PythonText:
    """`TextFunctions` for values that Python knows: what constant folding uses."""

    str = staticmethod(str)
    repr = staticmethod(repr)
    format = staticmethod(format)
    print = staticmethod(print)

    @staticmethod
    def warn(message: Any, category: builtins.str = "UserWarning", stacklevel: int = 1) -> None:
        """`warnings.warn(message, category, stacklevel)`, with the name of the category."""
        warnings.warn(builtins.str(message), getattr(builtins, category), stacklevel=stacklevel + 1)

    @staticmethod
    def log(logger: str, level: int, message: Any, once: bool) -> None:
        """What a logger of this name does with a message; with `once` only with the first one of all that are equal."""
        if not once or _is_first(logger, level, message):
            logging.getLogger(logger).log(level, message)

    @staticmethod
    def one_function(function: Any) -> Any:
        """The one object for a function."""
        return one_function(function)

    @staticmethod
    def default_dict(kind: Any) -> Any:
        """`collections.defaultdict` of the built-in type of this name."""
        return default_dict(kind)

    Future = Future
    device = staticmethod(device)
    type_code = staticmethod(type_code)
    ieee = staticmethod(ieee)
    dtype_from_code = staticmethod(dtype_from_code)
    layout_from_code = staticmethod(layout_from_code)
    memory_format_from_code = staticmethod(memory_format_from_code)

    @staticmethod
    def exception_object(error: Any) -> Any:
        """The program's object behind an exception."""
        return vars(error)[OBJECT]

    @staticmethod
    def exception_type(error: Any) -> Any:
        """The class of an exception: for one that an operator raises, Python's that torch's would be of."""
        return next(c for c in type(error).__mro__ if not issubclass(c, TsirError))

    @staticmethod
    def exception_from(error: Any, cause: Any) -> Any:
        """The exception with this cause: `raise error from cause` without raising it."""
        error.__cause__ = cause
        return error

    @staticmethod
    def int_to_bytes(value: int, length: int = 1, byteorder: Any = "big", signed: bool = False) -> bytes:
        """`value.to_bytes(length, byteorder, signed=signed)`."""
        return value.to_bytes(length, byteorder, signed=signed)

    @staticmethod
    def int_from_bytes(value: bytes, byteorder: Any = "big", signed: bool = False) -> int:
        """`int.from_bytes(value, byteorder, signed=signed)`."""
        return int.from_bytes(value, byteorder, signed=signed)

    @staticmethod
    def percent(template: str, values: Any) -> str:
        """`template % values`."""
        return template % values

    @staticmethod
    def str_format(template: str, *values: Any) -> str:
        """`template.format(*values)`."""
        return template.format(*values)


@dataclass(frozen=True)
class PyFunction:
    """One row of the table.

    `parameters` are the names of the operands (for keyword arguments), `required` is how many have no default; a caller
    leaves out trailing operands that have the default. `variadic`: the last parameter stands for any number of operands.
    """

    name: str
    parameters: tuple[str, ...]
    required: int
    variadic: bool
    result: str
    expression: str
    raises: bool
    """May raise for some operands of the right types (an index out of range, a division by zero)."""
    mutates: bool
    """Changes operand 0, which is a mutable container."""
    effect: bool
    """Has an effect outside the program (prints)."""
    defaults: Mapping[str, str]
    """The text of the default of each parameter that has one."""
    spread: bool
    """The last operand is a list (or another iterable) of the last arguments: `print(*values)`."""
    fresh: bool
    """Gives a new mutable object at each call: two equal calls must not be merged into one."""

    @property
    def pure(self) -> bool:
        """Whether the call may be dropped when its result isn't used: no effect, no exception.

        A pure function that reads a list, dict or set still must not move across something that changes it.
        """
        return not (self.mutates or self.effect or self.raises)

    def accepts(self, count: int) -> bool:
        """Whether the function can be called with this number of operands."""
        return self.required <= count and (self.variadic or count <= len(self.parameters))

    def render(self, operands: Sequence[str]) -> str:
        """The expression with these operands' texts, each of which must be a name, a literal or in parentheses.

        Raises OperatorTypeError for a wrong number of operands.
        """
        if not self.accepts(len(operands)):
            expected = f"at least {self.required}" if self.variadic else f"{self.required} to {len(self.parameters)}"
            raise OperatorTypeError(f"{self.name}() takes {expected} arguments, got {len(operands)}")

        if self.spread:
            operands = [*operands[:-1], f"*{operands[-1]}"]

        def operand(match: re.Match[str]) -> str:
            if match["index"] is None:
                return ", ".join(operands)
            start = int(match["index"])
            return ", ".join(operands[start:]) if match["rest"] else operands[start]

        text = _PLACE.sub(operand, self.expression)
        return text.replace("(, ", "(").replace(", )", ")")


MODULES: Mapping[str, Any] = {m.__name__: m for m in (math, cmath, collections, copy, heapq, bisect, re)}
"""The modules of the standard library that expressions may use."""

_PLACE = re.compile(r"\{(?:args|(?P<index>\d+)(?P<rest>:)?)\}")

# One row per line; columns are separated by two or more spaces:
#   signature    result type (see python_types.py)    expression    flags: raises, mutates, effect, fresh
_OPERATORS = r"""
add(a, b)                       concatenated        {0} + {1}
sub(a, b)                       difference          {0} - {1}
mul(a, b)                       repeated            {0} * {1}                        raises
truediv(a, b)                   quotient            {0} / {1}                        raises
floordiv(a, b)                  real                {0} // {1}                       raises
mod(a, b)                       real                {0} % {1}                        raises
pow(base, exp, mod=None)        power               pow({args})                      raises
neg(a)                          number              -{0}
pos(a)                          number              +{0}
invert(a)                       integer             ~{0}
bitand(a, b)                    bitwise             {0} & {1}
bitor(a, b)                     bitwise             {0} | {1}
bitxor(a, b)                    bitwise             {0} ^ {1}
lshift(a, b)                    integer             {0} << {1}                       raises
rshift(a, b)                    integer             {0} >> {1}                       raises
eq(a, b)                        bool                {0} == {1}
ne(a, b)                        bool                {0} != {1}
lt(a, b)                        ordered             {0} < {1}
le(a, b)                        ordered             {0} <= {1}
gt(a, b)                        ordered             {0} > {1}
ge(a, b)                        ordered             {0} >= {1}
is(a, b)                        bool                {0} is {1}
is_not(a, b)                    bool                {0} is not {1}
not(a)                          bool                not {0}
contains(container, item)       member              {1} in {0}
not_contains(container, item)   member              {1} not in {0}
percent(template, values)       str                 rt.percent({0}, {1})             raises
list_iadd(self, other)          same                {0}.__iadd__({1})                mutates
list_imul(self, times)          same                {0}.__imul__({1})                mutates
set_iand(self, other)           same                {0}.__iand__({1})                mutates
set_ior(self, other)            same                {0}.__ior__({1})                 mutates
set_isub(self, other)           same                {0}.__isub__({1})                mutates
set_ixor(self, other)           same                {0}.__ixor__({1})                mutates
dict_ior(self, other)           same                {0}.__ior__({1})                 mutates
"""

_SUBSCRIPTS = r"""
getitem(container, index)                       item        {0}[{1}]                          raises
setitem(container, index, value)                none        {0}.__setitem__({1}, {2})         raises mutates
delitem(container, index)                       none        {0}.__delitem__({1})              raises mutates
getslice(container, start, stop, step=None)     section     {0}[slice({1:})]                  raises fresh
setslice(container, start, stop, step, value)   none        {0}.__setitem__(slice({1}, {2}, {3}), {4})   raises mutates
delslice(container, start, stop, step=None)     none        {0}.__delitem__(slice({1:}))      raises mutates
len(container)                                  length      len({0})
range_length(start, stop, step)                 int         len(range({0}, {1}, {2}))         raises
numpy_number(value, kind)       number         rt.numpy_number({0}, {1})                    raises
numpy_scalar(value, kind)       same           rt.numpy_scalar({0}, {1})
statistics(name, values)        any            rt.statistics({0}, {1})                      raises
del_attribute(object, name)     none           rt.del_attribute({0}, {1})                      raises mutates
has_attribute(object, name)     bool           ({1} in {0}.attributes)     effect
re_spans(p, flags, how, s)   list int   [x for m in [re.__dict__[{2}]({0}, {3}, {1})] if m for s in m.regs for x in s]   raises fresh
re_all_spans(pattern, flags, text)   any   [[x for s in m.regs for x in s] for m in re.finditer({0}, {2}, {1})]   raises fresh
re_findall(pattern, flags, text)   any         re.findall({0}, {2}, {1})      raises fresh
re_split(pattern, flags, text, maxsplit)   any   re.split({0}, {2}, {3}, {1})    raises fresh
re_sub(pattern, flags, repl, text, count)  str   re.sub({0}, {2}, {3}, {4}, {1})   raises
re_subn(pattern, flags, repl, text, count)   tuple str int   re.subn({0}, {2}, {3}, {4}, {1})   raises
re_escape(text)                str            re.escape({0})
set_unnamed(object, name, value)   none        {0}.attributes.__setitem__({1}, {2})            mutates
get_unnamed(object, name)       any            rt.attribute_of({0}, {1})                       raises
copy_object(value)              same           copy.copy({0})                                  raises fresh
deepcopy(value)                 same           copy.deepcopy({0})                              raises fresh
held_scalar(value, kind)        same           rt.held_scalar({0}, {1})
numpy_text(value, kind)         str            rt.numpy_text({0}, {1})
numpy_operator(name, kinds, *values)    number    rt.numpy_operator({args})           raises
range_object(start, stop=None, step=None)       list int    rt.RangeObject({args})             raises fresh
iterator_object(values)         list element   rt.IteratorObject({0})    fresh
range_list(start, stop=None, step=None)         list int    list(range({args}))               raises fresh
"""

_BUILTINS = r"""
int(value=0, base=10)           int                 int({args})                      raises
float(value=0.0)                float               float({args})                    raises
bytes(value=b'', encoding=None, errors=None)   bytes   bytes({args})             raises
str_of_bytes(value, encoding='utf-8', errors='strict')   str   str({args})          raises
bool(value=False)               bool                bool({args})
complex(real=0, imag=0)         complex             complex({args})                  raises
str(value)                      str                 rt.str({0})
repr(value)                     str                 rt.repr({0})
size_text(size)                 str                 "torch.Size(" + repr({0}) + ")"
ascii(value)                    str                 rt.repr({0}).encode("ascii", "backslashreplace").decode("ascii")
ascii_text(text: str)           str                 {0}.encode("ascii", "backslashreplace").decode("ascii")
format(value, spec='')          str                 rt.format({args})                raises
chr(code)                       str                 chr({0})                         raises
ord(character)                  int                 ord({0})                         raises
hex(value)                      str                 hex({0})
oct(value)                      str                 oct({0})
bin(value)                      str                 bin({0})
hash(value)                     int                 hash({0})                        raises
id(value)                       int                 id({0})
abs(value)                      magnitude           abs({0})
round(value, ndigits=None)      rounded             round({args})                    raises
divmod(a, b)                    quotient_remainder  divmod({0}, {1})                 raises
min(*values)                    extreme             min({args})                      raises
max(*values)                    extreme             max({args})                      raises
min_default(values, default)    element_or_default  min({0}, default={1})
max_default(values, default)    element_or_default  max({0}, default={1})
sum(values, start=0)            total               sum({args})
any(values)                     bool                any({0})
all(values)                     bool                all({0})
sorted(values, reverse=False)   list element        sorted({0}, reverse=bool({1:}))  raises fresh
sort_order(keys, reverse=False)   list int          sorted(range(len({0})), key={0}.__getitem__, reverse=bool({1:}))   raises fresh
taken(values, positions)        same                list(map({0}.__getitem__, {1}))   raises fresh
min_position(keys)              int                 min(range(len({0})), key={0}.__getitem__)   raises
max_position(keys)              int                 max(range(len({0})), key={0}.__getitem__)   raises
iter(values)                    any                 iter({0})                        fresh
next(iterator, default=None)    any                 next({args})                     raises mutates
exception_type(error)           any                 rt.exception_type({0})
exception_of(cls)               any                 {0}.__new__({0})                 raises
exception_or_none(cls)          any                 ({0}.__new__({0}) if isinstance({0}, type) else None)
exception_args(error)           any                 {0}.args
exception_name(error)           str                 rt.exception_type({0}).__name__
class_name(value)               str                 {0}.__name__                     raises
exception_attribute(error, name)   any              getattr({0}, {1})                raises
exception_object(error)         any                 rt.exception_object({0})
exception_from(error, cause)    any                 rt.exception_from({0}, {1})      fresh mutates
reversed(values)                list element        list(reversed({0}))              fresh
enumerate(values, start=0)      enumerated          list(enumerate({args}))          fresh
zip(*values)                    zipped              list(zip({args}))                fresh
list(values=())                 list element        list({args})                     fresh
tuple(values=())                as_tuple            tuple({args})
torch_size(sizes)               as_tuple            rt.size({0})
held_size(sizes)                list element        rt.size({0})
set(values=())                  set element         set({args})                      raises fresh
slice_indices(start, stop, step, length)   tuple int int int   slice({0}, {1}, {2}).indices({3})   raises
frozenset(values=())            frozenset element   frozenset({args})                raises
one_function(function)          same                rt.one_function({0})
default_dict(kind)              any                 rt.default_dict({0})             fresh
future()                        any                 rt.Future()                      fresh
future_set_result(self, value)  none                {0}.set_result({1})              raises mutates
future_set_exception(self, error)   none            {0}.set_exception({1})           raises mutates
future_wait(self)               waited              {0}.wait()                       raises
future_value(self)              waited              {0}.value()                      raises
future_done(self)               bool                {0}.done()
dict(items=())                  dict_of_pairs       dict({args})                     raises fresh
print(*values)                  none                rt.print({args})                 effect
warn(message, category="UserWarning", stacklevel=1)   none   rt.warn({args})         effect
log(logger, level, message, once)  none             rt.log({args})                   effect
column(rows, index)             column              [row[{1}] for row in {0}]        raises fresh
zip_rows(rows)                  zipped_rows         list(zip(*{0}))                  fresh
zip_strict(*values)             zipped              list(zip({args}, strict=True))   raises fresh
print_with(sep, end, *values)   none                rt.print({2:}, sep={0}, end={1})   effect
"""

_NUMBERS = r"""
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
_MATH_WITH_KEYWORDS = r"""
math_isclose(a, b, rel_tol=1e-09, abs_tol=0.0)  bool   math.isclose({0}, {1}, **dict(zip(("rel_tol", "abs_tol"), [{2:}])))   raises
math_prod(values, start=1)                      total  math.prod({0}, **dict(zip(("start",), [{1:}])))   raises
"""
_MATH_BINARY = {"atan2", "copysign", "dist", "fmod", "ldexp", "nextafter", "pow", "remainder", "comb"}
_MATH_NEVER_RAISES = {
    "atan", "atan2", "asinh", "copysign", "degrees", "erf", "erfc", "fabs", "radians", "tanh", "isfinite", "isinf", "isnan",
}  # fmt: skip

_STR = r"""
str_capitalize(self)                            str         {0}.capitalize()
str_casefold(self)                              str         {0}.casefold()
str_center(self, width, fillchar=' ')           str         {0}.center({1:})             raises
str_count(self, sub, start=None, end=None)      int         {0}.count({1:})
str_endswith(self, suffix, start=None, end=None)   bool     {0}.endswith({1:})
str_expandtabs(self, tabsize=8)                 str         {0}.expandtabs({1:})
str_find(self, sub, start=None, end=None)       int         {0}.find({1:})
str_format(self, *values)                       str         rt.str_format({args})        raises
str_format_map(self, mapping)                   str         {0}.format_map({1})          raises
str_index(self, sub, start=None, end=None)      int         {0}.index({1:})              raises
str_isalnum(self)                               bool        {0}.isalnum()
str_isalpha(self)                               bool        {0}.isalpha()
str_isascii(self)                               bool        {0}.isascii()
str_isdecimal(self)                             bool        {0}.isdecimal()
str_isdigit(self)                               bool        {0}.isdigit()
str_isidentifier(self)                          bool        {0}.isidentifier()
str_islower(self)                               bool        {0}.islower()
str_isnumeric(self)                             bool        {0}.isnumeric()
str_isprintable(self)                           bool        {0}.isprintable()
str_isspace(self)                               bool        {0}.isspace()
str_istitle(self)                               bool        {0}.istitle()
str_isupper(self)                               bool        {0}.isupper()
str_join(self, values)                          str         {0}.join({1})
str_ljust(self, width, fillchar=' ')            str         {0}.ljust({1:})              raises
str_lower(self)                                 str         {0}.lower()
str_lstrip(self, chars=None)                    str         {0}.lstrip({1:})
str_maketrans(source, to=None, removed=None)    translation   str.maketrans({args})      raises fresh
str_encode(self, encoding='utf-8', errors='strict')   bytes   {0}.encode({1:})           raises
bytes_decode(self, encoding='utf-8', errors='strict')   str   {0}.decode({1:})           raises
bytes_hex(self, sep=':', bytes_per_sep=1)       str         {0}.hex({1:})                raises
bytes_fromhex(text)                             bytes       bytes.fromhex({0})           raises
bytes_maketrans(source, to)                     bytes       bytes.maketrans({0}, {1})    raises
bytes_translate(self, table, delete=b'')        bytes       {0}.translate({1:})          raises
str_partition(self, sep)                        tuple str str str   {0}.partition({1})   raises
str_removeprefix(self, prefix)                  str         {0}.removeprefix({1})
str_removesuffix(self, suffix)                  str         {0}.removesuffix({1})
str_replace(self, old, new, count=-1)           str         {0}.replace({1:})
str_rfind(self, sub, start=None, end=None)      int         {0}.rfind({1:})
str_rindex(self, sub, start=None, end=None)     int         {0}.rindex({1:})             raises
str_rjust(self, width, fillchar=' ')            str         {0}.rjust({1:})              raises
str_rpartition(self, sep)                       tuple str str str   {0}.rpartition({1})   raises
str_rsplit(self, sep=None, maxsplit=-1)         list str    {0}.rsplit({1:})             raises fresh
str_rstrip(self, chars=None)                    str         {0}.rstrip({1:})
str_split(self, sep=None, maxsplit=-1)          list str    {0}.split({1:})              raises fresh
str_splitlines(self, keepends=False)            list str    {0}.splitlines({1:})         fresh
str_startswith(self, prefix, start=None, end=None)   bool   {0}.startswith({1:})
str_strip(self, chars=None)                     str         {0}.strip({1:})
str_swapcase(self)                              str         {0}.swapcase()
str_title(self)                                 str         {0}.title()
str_translate(self, table)                      str         {0}.translate({1})           raises
str_upper(self)                                 str         {0}.upper()
str_zfill(self, width)                          str         {0}.zfill({1})
"""

_CONTAINERS = r"""
list_append(self, item)                         none        {0}.append({1})              mutates
list_clear(self)                                none        {0}.clear()                  mutates
list_copy(self)                                 same        {0}.copy()                   fresh
list_count(self, value)                         int         {0}.count({1})
list_extend(self, values)                       none        {0}.extend({1})              mutates
list_index(self, value, start=0, stop=2**63)    int         {0}.index({1:})              raises
list_extend_any(self, values)                   none        {0}.extend({1})              raises mutates
list_insert(self, index, item)                  none        {0}.insert({1}, {2})         mutates
list_pop(self, index=-1)                        element     {0}.pop({1:})                raises mutates
list_remove(self, value)                        none        {0}.remove({1})              raises mutates
list_reverse(self)                              none        {0}.reverse()                mutates
list_sort(self, reverse=False)                  none        {0}.sort(reverse=bool({1:}))   raises mutates
tuple_count(self, value)                        int         {0}.count({1})
tuple_index(self, value, start=0, stop=2**63)   int         {0}.index({1:})              raises
dict_clear(self)                                none        {0}.clear()                  mutates
dict_copy(self)                                 same        {0}.copy()                   fresh
dict_fromkeys(keys, value=None)                 fromkeys    dict.fromkeys({args})        raises fresh
dict_get(self, key, default=None)               value_or_default   {0}.get({1:})
dict_items(self)                                list pair   list({0}.items())            fresh
keys_view(self)                                 list element   rt.View({0}, 'keys')        fresh
items_view(self)                                list pair      rt.View({0}, 'items')       fresh
values_view(self)                               list value     rt.View({0}, 'values')      fresh
dict_keys(self)                                 list element   list({0}.keys())          fresh
dict_pop(self, key, default=None)               popped      {0}.pop({1:})                raises mutates
dict_popitem(self)                              pair        {0}.popitem()                raises mutates
dict_setdefault(self, key, default=None)        value_or_default   {0}.setdefault({1:})   mutates
dict_update(self, other)                        none        {0}.update({1})              mutates
dict_move_to_end(self, key)                     none        {0}.__setitem__({1}, {0}.pop({1}))   raises mutates
dict_values(self)                               list value  list({0}.values())           fresh
set_add(self, item)                             none        {0}.add({1})                 raises mutates
set_clear(self)                                 none        {0}.clear()                  mutates
set_copy(self)                                  same        {0}.copy()                   fresh
set_difference(self, *others)                   same        {0}.difference({1:})         raises fresh
set_difference_update(self, *others)            none        {0}.difference_update({1:})  raises mutates
set_discard(self, item)                         none        {0}.discard({1})             raises mutates
set_intersection(self, *others)                 same        {0}.intersection({1:})       raises fresh
set_intersection_update(self, *others)          none        {0}.intersection_update({1:})   raises mutates
set_isdisjoint(self, other)                     bool        {0}.isdisjoint({1})          raises
set_issubset(self, other)                       bool        {0}.issubset({1})            raises
set_issuperset(self, other)                     bool        {0}.issuperset({1})          raises
set_pop(self)                                   element     {0}.pop()                    raises mutates
set_remove(self, item)                          none        {0}.remove({1})              raises mutates
set_symmetric_difference(self, other)           same        {0}.symmetric_difference({1})   raises fresh
set_symmetric_difference_update(self, other)    none        {0}.symmetric_difference_update({1})   raises mutates
set_union(self, *others)                        same        {0}.union({1:})              raises fresh
set_update(self, *others)                       none        {0}.update({1:})             raises mutates
"""

_COLLECTIONS = r"""
counter(values=())                              counter_of  collections.Counter({args})  raises fresh
counter_elements(self)                          list element   list({0}.elements())      raises fresh
counter_most_common(self, n=None)               list pair   {0}.most_common({1:})        raises fresh
counter_total(self)                             total_of_values   {0}.total()            raises
counter_update(self, values=())                 none        {0}.update({1:})             raises mutates
counter_subtract(self, values=())               none        {0}.subtract({1:})           raises mutates
counter_copy(self)                              same        {0}.copy()                   fresh
default_item(container, key)                    value       {0}[{1}]                     raises mutates
ordered_dict(items=())                          ordered_dict_of   collections.OrderedDict({args})   raises fresh
ordereddict_move_to_end(self, key, last=True)   none        {0}.move_to_end({1:})        raises mutates
ordereddict_popitem(self, last=True)            pair        {0}.popitem({1:})            raises mutates
deque(values=(), maxlen=None)                   deque element   collections.deque({args})   raises fresh
deque_append(self, item)                        none        {0}.append({1})              mutates
deque_appendleft(self, item)                    none        {0}.appendleft({1})          mutates
deque_clear(self)                               none        {0}.clear()                  mutates
deque_copy(self)                                same        {0}.copy()                   fresh
deque_count(self, value)                        int         {0}.count({1})
deque_extend(self, values)                      none        {0}.extend({1})              raises mutates
deque_extendleft(self, values)                  none        {0}.extendleft({1})          raises mutates
deque_index(self, value, start=0, stop=2**63)   int         {0}.index({1:})              raises
deque_insert(self, index, item)                 none        {0}.insert({1}, {2})         raises mutates
deque_pop(self)                                 element     {0}.pop()                    raises mutates
deque_popleft(self)                             element     {0}.popleft()                raises mutates
deque_remove(self, value)                       none        {0}.remove({1})              raises mutates
deque_reverse(self)                             none        {0}.reverse()                mutates
deque_rotate(self, n=1)                         none        {0}.rotate({1:})             mutates
deque_get_maxlen(self)                          optional int   {0}.maxlen
heapq_heappush(heap, item)                      none        heapq.heappush({0}, {1})     raises mutates
heapq_heappop(heap)                             element     heapq.heappop({0})           raises mutates
heapq_heappushpop(heap, item)                   element     heapq.heappushpop({0}, {1})  raises mutates
heapq_heapreplace(heap, item)                   element     heapq.heapreplace({0}, {1})  raises mutates
heapq_heapify(heap)                             none        heapq.heapify({0})           raises mutates
heapq_nlargest(n, values)                       list second_element   heapq.nlargest({0}, {1})   raises fresh
heapq_nsmallest(n, values)                      list second_element   heapq.nsmallest({0}, {1})   raises fresh
heapq_merge(*values)                            list element   list(heapq.merge({args}))   raises fresh
bisect_insort_left(values, item, lo=0, hi=None)    none     bisect.insort_left({args})   raises mutates
bisect_insort_right(values, item, lo=0, hi=None)   none     bisect.insort_right({args})   raises mutates
"""
"""What `collections`, `heapq` and `bisect` have."""

_BYTES = (
    "capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit islower isspace istitle isupper join "
    "ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines "
    "startswith strip swapcase title upper zfill"
)
"""The methods of bytes that are those of str with bytes in place of str."""
_FROZENSET = "copy difference intersection isdisjoint issubset issuperset symmetric_difference union"
"""The methods of frozenset, which are those of set that change nothing."""

SPREAD = "_all"
"""The end of the names of the variadic functions' forms whose last operand is a list of the last arguments."""

_SIGNATURE = re.compile(r"(\w+)\((.*)\)")


def _math_rows() -> Iterator[str]:
    for result, names in _MATH.items():
        for name in names.split():
            parameters = "x, y" if name in _MATH_BINARY else "*args"
            flags = "" if name in _MATH_NEVER_RAISES else "raises"
            yield f"math_{name}({parameters})  {result}  math.{name}({{args}})  {flags}"
    for result, names in _CMATH.items():
        for name in names.split():
            yield f"cmath_{name}(*args)  {result}  cmath.{name}({{args}})  raises"


def _bytes_rows() -> Iterator[str]:
    for row in _STR.splitlines():
        if row.startswith("str_") and row[4:].partition("(")[0] in _BYTES.split():
            signature, result, rest = re.split(r"\s{2,}", row, maxsplit=2)
            name = signature.replace("str_", "bytes_").replace("fillchar=' '", "fillchar=b' '")
            yield f"{name}   {result.replace('str', 'bytes')}   {rest}"


def _frozenset_rows() -> Iterator[str]:
    for row in _CONTAINERS.splitlines():
        if row.startswith("set_") and row[4:].partition("(")[0] in _FROZENSET.split():
            yield f"frozen{row}".replace("raises fresh", "raises").replace("  fresh", "")


def _parse(row: str) -> PyFunction:
    signature, result, expression, *flags = re.split(r"\s{2,}", row.strip())
    match = _SIGNATURE.fullmatch(signature)
    assert match, row
    texts = [text.strip() for text in match[2].split(",")] if match[2] else []
    words = flags[0].split() if flags else []
    variadic = bool(texts) and texts[-1].startswith("*")
    return PyFunction(
        name=match[1],
        parameters=tuple(text.partition("=")[0].lstrip("*") for text in texts),
        defaults={name: text for name, eq, text in (t.partition("=") for t in texts) if eq},
        required=sum("=" not in text and not text.startswith("*") for text in texts),
        variadic=variadic,
        result=result,
        expression=expression,
        raises="raises" in words,
        mutates="mutates" in words,
        effect="effect" in words,
        spread=False,
        fresh="fresh" in words,
    )


def _table() -> dict[str, PyFunction]:
    texts = (_OPERATORS, _SUBSCRIPTS, _BUILTINS, _NUMBERS, _STR, _CONTAINERS, _COLLECTIONS, _MATH_WITH_KEYWORDS)
    rows = [row for text in texts for row in text.splitlines() if row.strip()]
    functions = [*map(_parse, [*rows, *_math_rows(), *_bytes_rows(), *_frozenset_rows()])]
    functions += [replace(f, name=f.name + SPREAD, spread=True, required=len(f.parameters)) for f in functions if f.variadic]
    return {function.name: function for function in functions}


FUNCTIONS: Mapping[str, PyFunction] = _table()
"""All rows by name."""

OPERATORS: Mapping[str, str] = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "&": "bitand",
    "|": "bitor", "^": "bitxor", "<<": "lshift", ">>": "rshift", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt",
    ">=": "ge", "is": "is", "is not": "is_not",
}  # fmt: skip
"""Python's binary operators. `in` and `not in` are `contains` and `not_contains`, with the container first."""

UNARY_OPERATORS: Mapping[str, str] = {"-": "neg", "+": "pos", "~": "invert", "not": "not"}

_MUTABLE_AUGMENTED = {
    ("list", "+="): "list_iadd", ("list", "*="): "list_imul", ("set", "&="): "set_iand", ("set", "|="): "set_ior",
    ("set", "-="): "set_isub", ("set", "^="): "set_ixor", ("dict", "|="): "dict_ior",
    ("counter", "+="): "list_iadd", ("counter", "-="): "set_isub", ("counter", "&="): "set_iand", ("deque", "+="): "list_iadd",
    ("deque", "*="): "list_imul",
}  # fmt: skip

_BUILTIN_NAMES = frozenset(_SIGNATURE.match(row)[1] for row in _BUILTINS.splitlines() if row) | {"len", "pow"}  # type: ignore[index]


def lookup(name: str) -> PyFunction | None:
    """The row of `ts.py.<name>`, or None."""
    return FUNCTIONS.get(name)


def builtin(name: str) -> PyFunction | None:
    """The row for the Python built-in `name` (`len`, `sorted`, ...) or `math.<name>`, or None."""
    if name.startswith(("math.", "cmath.")):
        return FUNCTIONS.get(name.replace(".", "_"))
    return FUNCTIONS[name] if name in _BUILTIN_NAMES else None


def _container(receiver: Attribute) -> str:
    """The word that the rows of a dict's own class begin with: `counter`, `ordereddict`; empty for other values."""
    name = getattr(receiver, "container", None)
    return "" if name is None else str(name.data).lower()


def method(receiver: Attribute, name: str) -> PyFunction | None:
    """The row for `value.name(...)` with a value of this type, or None. The receiver is operand 0."""
    from tsir.ops.python_types import kind

    kinds = {"bool": "int", "named_tuple": "tuple"}
    prefix = kind(receiver)
    if name.startswith("get_"):
        return None
    return FUNCTIONS.get(f"{_container(receiver)}_{name}") or FUNCTIONS.get(f"{kinds.get(prefix, prefix)}_{name}")


def names_of(receiver: Attribute) -> list[str]:
    """The names of the methods and attributes of values of this type."""
    from tsir.ops.python_types import kind

    base = {"bool": "int", "named_tuple": "tuple"}.get(kind(receiver), kind(receiver))
    names = [n.removeprefix(f"{base}_").removeprefix("get_") for n in FUNCTIONS if n.startswith(f"{base}_")]
    known = getattr(builtins, base, None)
    return names if known is None else [n for n in names if hasattr(known, n)]


def attribute(receiver: Attribute, name: str) -> PyFunction | None:
    """The row for reading `value.name` of a number, dtype or device (`z.real`, `device.type`), or None."""
    from tsir.ops.python_types import kind

    prefix = kind(receiver)
    return FUNCTIONS.get(f"{'int' if prefix == 'bool' else prefix}_get_{name}")


def operator(symbol: str, types: Sequence[Attribute]) -> PyFunction | None:
    """The row for a Python operator on operands of these types, or None.

    One operand: `-`, `+`, `~`, `not`. Two: Python's symbols, `in` and `not in` included (whose operands are the container
    first), and the augmented ones such as `+=`, which change a list, set or dict in place and are the plain operator for all
    other types.
    """
    from tsir.ops.python_types import kind

    if len(types) == 1:
        return FUNCTIONS.get(UNARY_OPERATORS.get(symbol, ""))
    if symbol in ("in", "not in"):
        return FUNCTIONS["contains" if symbol == "in" else "not_contains"]
    if symbol.endswith("=") and symbol not in OPERATORS:
        found = _MUTABLE_AUGMENTED.get((_container(types[0]), symbol)) or _MUTABLE_AUGMENTED.get((kind(types[0]), symbol))
        if found:
            return FUNCTIONS[found]
        symbol = symbol[:-1]
    if symbol == "%" and kind(types[0]) == "str":
        return FUNCTIONS["percent"]
    return FUNCTIONS.get(OPERATORS.get(symbol, ""))


def python_result_type(name: str, types: Sequence[Attribute], constants: Sequence[Any] = ()) -> Attribute:
    """The type of `ts.py.<name>` on operands of these types.

    `constants`: the operands' values where they are constants, `UNKNOWN` elsewhere; it makes the type of `t[0]` of a tuple
    and of `2 ** -1` exact. Raises OperatorTypeError, with Python's words, for operands that the function doesn't take.
    """
    from tsir.ops.python_types import result_type

    return result_type(FUNCTIONS[name], types, constants)


@lru_cache(maxsize=1024)
def compiled(name: str, count: int, text: TextFunctions | None = None) -> Callable[..., Any]:
    """The function of `count` operands that evaluates `ts.py.<name>`; `text` is what `rt` stands for."""
    operands = [f"v{i}" for i in range(count)]
    source = f"lambda {', '.join(operands)}: {FUNCTIONS[name].render(operands)}"
    return eval(source, {**MODULES, "rt": text or PythonText})


def evaluate(name: str, operands: Sequence[Any], text: TextFunctions | None = None) -> Any:
    """The value of `ts.py.<name>` on these operands. Raises what Python raises."""
    return compiled(name, len(operands), text)(*operands)
