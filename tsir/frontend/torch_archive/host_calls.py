"""TorchScript's operators on Python values: which `ts.py` operations they are.

`aten::add.int` is `ts.py.add`, `aten::append.t` is `ts.py.list_append`. What torch does otherwise than Python is said here:
`round` and `pow` of ints give floats, `ceil` gives an int. Operators on tensors are resolved in `operators.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp, py_op
from tsir.dialects.ts.structure import ConstantOp, RaiseOp
from tsir.dialects.values import Device
from tsir.errors import OperatorError
from tsir.frontend.torch_archive.body import Body, ListValue, TensorConstant, TupleValue, Value
from tsir.frontend.torch_archive.sorting import sort_objects
from tsir.ops import ieee, python

_PLAIN: Mapping[str, str] = {
    "add": "add", "sub": "sub", "mul": "mul", "neg": "neg", "floordiv": "floordiv", "remainder": "mod", "eq": "eq", "ne": "ne",
    "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "__contains__": "contains", "__not__": "not", "len": "len",
    "__lshift__": "lshift", "__rshift__": "rshift", "__and__": "bitand", "__or__": "bitor", "__xor__": "bitxor",
    "__range_length": "range_length", "__round_to_zero_floordiv": "div_to_zero", "div": "truediv", "ord": "ord", "chr": "chr",
    "hex": "hex", "oct": "oct", "bin": "bin", "hash": "hash", "sum": "sum", "any": "any", "all": "all", "list": "list",
    "dict": "dict", "divmod": "divmod", "str": "str", "wait": "future_wait", "append": "list_append", "extend": "list_extend",
    "mathremainder": "math_remainder", "add_": "list_iadd", "mul_": "list_imul", "_set_item": "setitem", "Delete": "delitem",
    "__getitem__": "getitem", "id": "id",
    "abs": "abs",
}  # fmt: skip
"""The operators that are one function of Python's, whatever they are called on."""

_PRIM: Mapping[str, str] = {
    "abs": "abs", "min": "min", "max": "max", "rangelist": "range_list", "id": "id", "Print": "print", "ord": "ord", "chr": "chr",
    "str": "str", "awaitable_wait": "future_wait", "len": "len",
}  # fmt: skip

_METHODS = frozenset(
    "upper lower capitalize title swapcase center count endswith startswith expandtabs find rfind index rindex isalnum isalpha "
    "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust rjust lstrip rstrip strip "
    "partition rpartition replace split rsplit splitlines zfill clear copy insert pop popitem remove reverse sort get items keys "
    "setdefault update values".split()
)
"""The operators that are methods of Python's containers and texts."""

_MATH = frozenset(
    "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees erf erfc exp expm1 fabs factorial floor fmod frexp "
    "gamma gcd isfinite isinf isnan ldexp lgamma log log10 log1p modf polar radians sin sinh sqrt tan tanh".split()
)
_COMPLEX_MATH = frozenset("acos acosh asin asinh atan atanh cos cosh exp log log10 sin sinh sqrt tan tanh".split())

_OF_ANYTHING = frozenset(
    "append insert extend __contains__ _set_item len __getitem__ list dict setdefault update get remove pop clear reverse items "
    "keys values popitem Delete index hash str warn format percentFormat __is__ __isnot__ wait id copy slice".split()
)
"""The operators that are also those of containers of tensors, so that tensors among their arguments say nothing."""


def is_host_call(b: Body, name: str, args: Sequence[Value]) -> bool:
    """Whether a call of `torch.<name>` is one on Python values."""
    if name not in _PLAIN and name not in _METHODS and name not in _MATH and name not in _SPECIAL:
        return False
    kinds = [type(b.type_of(a)) for a in args]
    if name in _OF_ANYTHING:
        return not kinds or kinds[0] is not ts.TensorType or name in ("__is__", "__isnot__", "hash", "str", "format")
    return ts.TensorType not in kinds


def emit_host_call(b: Body, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`torch.<name>(...)` on Python values."""
    args = [b.uncoded(a) for a in args]
    if (special := _SPECIAL.get(name)) is not None:
        return special(b, [*args, *kwargs.values()])
    if name in _PLAIN:
        return b.py(_PLAIN[name], [*args, *kwargs.values()])
    if name in _METHODS and (function := python.method(b.type_of(args[0]), name)) is not None:
        return _method(b, function.name, [*args, *kwargs.values()])
    if name in _MATH:
        if name in _COMPLEX_MATH and any(b.type_of(a) == ts.COMPLEX for a in args):
            return b.py(f"cmath_{name}", args)
        if name in ieee.FUNCTIONS and len(args) <= (1 if name == "log" else 2):
            return b.py("ieee", [name, *args])
        return b.py(f"math_{name}", args)
    b.unsupported(f"operator aten::{name} on these values")


def emit_prim_call(b: Body, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """`ops.prim.<name>(...)` on Python values; None for another operator."""
    args = [b.uncoded(a) for a in args]
    if name == "RaiseException":
        return _raise(b, args)
    if name in ("EnumName", "EnumValue"):
        from tsir.frontend.torch_archive.expressions import attribute_of

        return attribute_of(b, args[0], name[4:].lower())
    if name == "awaitable_nowait":
        return _no_wait(b, args)
    if name in ("unchecked_unwrap_optional", "unwrap_optional"):
        return _unwrap(b, args)
    if name in ("type", "index") and isinstance(b.type_of(args[0]), ts.DeviceType):
        return b.py(f"device_get_{name}", [args[0]])
    if name in _PRIM and all(not isinstance(b.type_of(a), ts.TensorType) for a in args):
        return b.py(_PRIM[name], [*args, *kwargs.values()])
    return None


def number(b: Body, name: str, value: Value) -> Value:
    """`int(x)`, `float(x)`, `bool(x)`, `complex(x)` of a Python value."""
    value = b.uncoded(value)
    if isinstance(value, bool | int | float | str) and name in ("int", "float", "bool"):
        try:
            return {"int": int, "float": float, "bool": bool}[name](value)
        except (ValueError, OverflowError):
            pass  # it is raised when the program runs
    return b.py(name, [value])


def print_values(b: Body, args: Sequence[Value]) -> None:
    """`print(...)`."""
    b.py("print", [b.uncoded(a) for a in args])


def _method(b: Body, function: str, args: Sequence[Value]) -> Value:
    defaults = _DEFAULTS.get(function, {})
    given = list(args)
    for position, value in defaults.items():
        if len(given) == position:
            given.append(value)
    if function in _UP_TO and len(given) == 4 and isinstance(given[3], int) and given[3] == -1:
        given.pop()  # torch's default for the end, which means the text's end
    return b.py(function, given)


_UP_TO = frozenset(f"str_{n}" for n in ("count", "endswith", "startswith", "find", "rfind", "index", "rindex"))
_SPACE = " \n\t\f\v"
_DEFAULTS: Mapping[str, Mapping[int, Value]] = {
    "str_rsplit": {1: " "}, "str_strip": {1: _SPACE}, "str_lstrip": {1: _SPACE}, "str_rstrip": {1: _SPACE},
}  # fmt: skip
"""What torch's defaults are other than Python's."""


def _raise(b: Body, args: Sequence[Value]) -> Value:
    """`ops.prim.RaiseException(message, class)`: the class is `builtins.ValueError`, or none for an assertion of old."""
    name = "Exception"
    message = args[0] if args else ""
    if len(args) > 1 and isinstance(args[1], str):
        name = args[1].removeprefix("builtins.").rpartition(".")[2]
    elif isinstance(message, str) and message.startswith("AssertionError: "):
        name, message = "AssertionError", message.removeprefix("AssertionError: ")
    elif isinstance(message, SSAValue) and isinstance(message.owner, PyOp) and message.owner.FUNCTION == "add":
        first, rest = message.owner.operands
        prefix = first.owner.value if isinstance(first.owner, ConstantOp) else None
        if isinstance(prefix, StringAttr) and prefix.data == "AssertionError: ":
            name, message = "AssertionError", rest
    b.emit_void(RaiseOp(name, [b.value(message)]))
    return None


def _unwrap(b: Body, args: Sequence[Value]) -> Value:
    """`torch._unwrap_optional(x)`: raises for None."""
    value = b.value(args[0])
    if not isinstance(value.type, ts.OptionalType):
        return value
    kind = value.type.element
    message = "Unwrapping null optional"

    def fails() -> Value:
        b.emit_void(RaiseOp("RuntimeError", [b.value(message)]))
        return b.uninitialized(kind)

    return b.choose(b.py("is", [value, None]), kind, fails, lambda: b.cast(value, kind))


def _format(b: Body, args: Sequence[Value]) -> Value:
    return b.py("str_format", list(args))


def _percent(b: Body, args: Sequence[Value]) -> Value:
    values = args[1] if len(args) == 2 else TupleValue(tuple(args[1:]))
    return b.py("percent", [args[0], values])


def _identity(b: Body, args: Sequence[Value], *, negated: bool = False) -> Value:
    """`x is y`, known where one is None and the other can't be."""
    left, right = (b.type_of(a) for a in args)
    if ts.NONE in (left, right):
        other = right if left == ts.NONE else left
        if other == ts.NONE:
            return not negated
        if not isinstance(other, ts.OptionalType | ts.UnionType | ts.AnyType):
            return negated
    infos = [b.program.classes.of_type(k.element if isinstance(k, ts.OptionalType) else k) for k in (left, right)]
    if any(i is not None and i.kind == "enum" for i in infos):  # there is one of each member
        return b.py("ne" if negated else "eq", list(args))
    return b.py("is_not" if negated else "is", list(args))


def _slice(b: Body, args: Sequence[Value]) -> Value:
    container, *bounds = args
    bounds += [None, None, 1][len(bounds) :]
    if isinstance(container, TupleValue | ListValue | TensorConstant):
        container = b.value(container)
    return b.py("getslice", [container, *bounds])


def _pow(b: Body, args: Sequence[Value]) -> Value:
    """Of ints a float, as C++'s pow."""
    kinds = [b.type_of(a) for a in args]
    if ts.COMPLEX in kinds:
        return b.py("pow", list(args))
    floats = [a if k == ts.FLOAT else number(b, "float", a) for a, k in zip(args, kinds, strict=True)]
    return b.py("ieee", ["pow", *floats])


def _round(b: Body, args: Sequence[Value]) -> Value:
    return b.py("float", [b.py("round", [args[0]])])


def _derive(b: Body, args: Sequence[Value]) -> Value:
    index, start, step = args
    scaled = index if step == 1 else b.py("mul", [index, step])
    return scaled if start == 0 else b.py("add", [scaled, start])


def _to_number(name: str) -> Callable[[Body, Sequence[Value]], Value]:
    return lambda b, args: number(b, name, args[0]) if len(args) == 1 else b.py(name, list(args))


def _device(b: Body, args: Sequence[Value]) -> Value:
    if len(args) == 1 and isinstance(args[0], str):
        try:
            return Device.parse(args[0])
        except OperatorError:
            pass  # it is raised when the program runs
    return b.py("device", list(args))


def _no_wait(b: Body, args: Sequence[Value]) -> Value:
    """A value as one that has been waited for."""
    value = b.value(args[0])
    future = b.emit(py_op("future")([], [ts.FutureType(value.type)]))
    b.py("future_set_result", [future, value])
    return future


def _set_grad(b: Body, args: Sequence[Value]) -> Value:
    return None  # no gradients are computed, whoever asks for them


def _append(b: Body, args: Sequence[Value]) -> Value:
    """The item is of the list's own type: a member of an Optional's, a literal."""
    target, item = args
    kind = b.type_of(target)
    if isinstance(kind, ts.ListType):
        item = b.coerce(item, kind.element)
    b.py("list_append", [target, item])
    return target


def _set_item(b: Body, args: Sequence[Value]) -> Value:
    target, index, item = args
    kind = b.type_of(target)
    inner = kind.element if isinstance(kind, ts.ListType) else kind.value if isinstance(kind, ts.DictType) else None
    return b.py("setitem", [target, index, item if inner is None else b.coerce(item, inner)])


def _insert(b: Body, args: Sequence[Value]) -> Value:
    target, index, item = args
    kind = b.type_of(target)
    return b.py("list_insert", [target, index, b.coerce(item, kind.element) if isinstance(kind, ts.ListType) else item])


def _sort(b: Body, args: Sequence[Value]) -> Value:
    if not sort_objects(b, args[0], args[1:]):
        return b.py("list_sort", list(args))
    return None


def _sorted(b: Body, args: Sequence[Value]) -> Value:
    kind = b.type_of(args[0])
    if not isinstance(kind, ts.ListType) or not isinstance(kind.element, ts.ClassType):
        return b.py("sorted", list(args))
    copied = b.py("list", [args[0]])
    return copied if sort_objects(b, copied, args[1:]) else b.py("sorted", list(args))


_SPECIAL: Mapping[str, Callable[[Body, Sequence[Value]], Value]] = {
    "format": _format, "percentFormat": _percent, "__is__": _identity, "slice": _slice, "pow": _pow, "round": _round,
    "__isnot__": lambda b, a: _identity(b, a, negated=True), "__derive_index": _derive, "Int": _to_number("int"),
    "Float": _to_number("float"), "Bool": _to_number("bool"), "Complex": _to_number("complex"), "device": _device,
    "is_grad_enabled": lambda b, a: False, "set_grad_enabled": _set_grad, "is_scripting": lambda b, a: True,
    "get_autocast_dtype": lambda b, a: 15,  # bfloat16, the CPU's
    "is_autocast_enabled": lambda b, a: False, "is_autocast_cpu_enabled": lambda b, a: False,
    "_get_tracing_state": lambda b, a: False, "append": _append, "_set_item": _set_item, "insert": _insert,
    "warn": lambda b, a: b.py("warn", [a[0]]), "_unwrap_optional": _unwrap, "has_torch_function": lambda b, a: False,
    "Size": lambda b, a: a[0], "sort": _sort, "sorted": _sorted,
}  # fmt: skip
