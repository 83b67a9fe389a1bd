"""What operations on values are called in serialised code: `ts.aten` ones by schema, `ts.py` ones by a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xdsl.ir import Attribute

from tsir.archive.torchscript.checking import NoSuchCall, result_type
from tsir.dialects import dtypes, type_codes
from tsir.dialects.defaults import default_value
from tsir.dialects.schema import Schema
from tsir.dialects.ts import types as ts

PRIM = frozenset(
    "device dtype layout itemsize nbytes is_cuda is_sparse is_quantized is_meta is_mkldnn is_nested requires_grad is_mps is_xpu "
    "is_vulkan is_sparse_csr is_cpu is_xla is_ipu is_mtia is_maia".split()
)
"""The operators of ATen's that are `prim::` ones in TorchScript."""

_REVERSED = {
    "add.Scalar_Tensor": "torch.add({1}, {0})",
    "mul.Scalar_Tensor": "torch.mul({1}, {0})",
    "multiply.Scalar_Tensor": "torch.mul({1}, {0})",
    "sub.Scalar_Tensor": "torch.rsub({1}, {0})",
    "subtract.Scalar_Tensor": "torch.rsub({1}, {0})",
    "div.Scalar_Tensor": "torch.mul(torch.reciprocal({1}), {0})",
    "divide.Scalar_Tensor": "torch.mul(torch.reciprocal({1}), {0})",
    "true_divide.Scalar_Tensor": "torch.mul(torch.reciprocal({1}), {0})",
    "div.Scalar_Tensor_mode": "torch.div(torch.tensor({0}), {1}, rounding_mode={2})",
    "divide.Scalar_Tensor_mode": "torch.div(torch.tensor({0}), {1}, rounding_mode={2})",
    "floor_divide.Scalar_Tensor": "torch.floor_divide(torch.tensor({0}), {1})",
}  # fmt: skip
"""Operators whose first operand is a number, as torch writes them."""

_OWN: Mapping[str, str] = {
    "_python_number": "torch.item({0})", "_python_index": "int({0})", "IntImplicit": "annotate(int, {0})",
    "FloatImplicit": "annotate(float, {0})", "ComplexImplicit": "annotate(complex, {0})", "ScalarImplicit": "annotate(number, {0})",
    "Complex.Tensor": "complex({0})", "seed.generator": "torch.seed({0})", "_generator": 'torch.Generator(device=torch.device("cpu"))',
}  # fmt: skip
"""Operators of tsir's registry that are written in another way."""

_UNKNOWN = frozenset(
    "view.dtype initial_seed.generator "
    "_rrelu_slopes _lu_permutation _determinant _sign_and_log_determinant _in_order _in_order_of _resized "
    "_resized_as _set_to _note_resized _resize_object _batch_norm_running_stats _one_hot_by_data".split()
)
"""Operators of tsir's own that torch hasn't, one that torch.jit takes for another, and one that it takes for constant."""


_INTS = frozenset(("ScalarType", "Layout", "MemoryFormat"))
"""Types for which TorchScript has ints: arguments of theirs are named, so that `view(x, dtype=3)` isn't `view(x, 3)`."""


def operator_call(schema: Schema, operands: Sequence[str], constants: Sequence[Any]) -> str | None:
    """The call of an operator; None for one that torch hasn't. `constants` are the operands' values, `...` where they have none."""
    key = schema.key
    if key in _UNKNOWN:
        return None
    template = _REVERSED.get(key) or _OWN.get(key)
    if template is not None:
        return template.format(*operands)
    name = schema.name.partition(".")[0]
    plain: list[str] = []
    named: list[str] = []
    skipped: list[str] = []
    by_name = False
    for argument, text, constant in zip(schema.arguments, operands, constants, strict=True):
        is_default = argument.has_default and constant is not ... and _same(default_value(argument), constant)
        by_name = by_name or argument.type.base in _INTS
        if argument.kwarg_only or by_name:
            named += [] if is_default else [f"{argument.name}={text}"]
        elif is_default:
            skipped.append(text)
        else:
            plain += [*skipped, text]
            skipped.clear()
    prefix = "ops.prim" if name in PRIM else "torch"
    return f"{prefix}.{name}({', '.join([*plain, *named])})"


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return [*a] == [*b]  # pyright: ignore[reportUnknownVariableType]
    return type(a) is type(b) and a == b


_TORCH = (
    "add sub mul neg eq ne lt le gt ge len floordiv ord chr hex oct bin divmod any all sum range_length range_list future_wait"
).split()
_SAME_NAME = {n: f"torch.{n}" for n in _TORCH}
_PY: Mapping[str, str] = {
    **{n: f"{t}({{args}})" for n, t in _SAME_NAME.items()},
    "truediv": "torch.div({0}, {1})", "mod": "torch.remainder({0}, {1})", "not": "torch.__not__({0})", "pos": "{0}",
    "bitand": "torch.__and__({0}, {1})", "bitor": "torch.__or__({0}, {1})", "bitxor": "torch.__xor__({0}, {1})",
    "lshift": "torch.__lshift__({0}, {1})", "rshift": "torch.__rshift__({0}, {1})", "invert": "torch.__xor__({0}, -1)",
    "is": "torch.__is__({0}, {1})", "is_not": "torch.__isnot__({0}, {1})", "contains": "torch.__contains__({0}, {1})",
    "not_contains": "torch.__not__(torch.__contains__({0}, {1}))", "list_iadd": "torch.add_({0}, {1})",
    "list_imul": "torch.mul_({0}, {1})", "getitem": "{0}[{1}]", "setitem": "torch._set_item({0}, {1}, {2})",
    "delitem": "torch.Delete({0}, {1})", "getslice": "torch.slice({args})", "range_length": "torch.__range_length({0}, {1}, {2})",
    "int": "int({0})", "float": "float({0})", "bool": "bool({0})", "complex": "complex({args})", "str": "str({0})",
    "abs": "ops.prim.abs({0})", "min": "ops.prim.min({args})", "max": "ops.prim.max({args})", "sorted": "sorted({0})",
    "list": "torch.list({0})", "dict": "torch.dict({0})", "print": "print({args})", "warn": "torch.warn({0})",
    "future_wait": "torch.wait({0})", "str_format": "torch.format({args})", "type_code": "{0}", "dtype_from_code": "{0}",
    "layout_from_code": "{0}", "memory_format_from_code": "{0}", "div_to_zero": "torch.__round_to_zero_floordiv({0}, {1})",
    "device": "torch.device({args})", "device_get_type": "ops.prim.type({0})", "device_get_index": "ops.prim.index({0})",
    "torch_size": "{0}",
    "size_text": 'torch.format("torch.Size({{}})", {0})', "held_size": "{0}",
    "int_get_real": "{0}", "float_get_real": "{0}", "complex_get_real": "torch.real({0})",
    "math_remainder": "torch.mathremainder({0}, {1})", "math_pow": "torch.pow({0}, {1})", "math_trunc": "int({0})",
    "round": "int(torch.round({0}))", "list_append": "torch.append({0}, {1})", "list_extend": "torch.extend({0}, {1})",
    "list_clear": "torch.clear({0})", "list_copy": "torch.copy({0})", "list_count": "torch.count({0}, {1})",
    "list_index": "torch.index({0}, {1})", "list_insert": "torch.insert({0}, {1}, {2})", "list_pop": "torch.pop({args})",
    "list_remove": "torch.remove({0}, {1})", "list_reverse": "torch.reverse({0})", "list_sort": "torch.sort({args})",
    "dict_clear": "torch.clear({0})", "dict_copy": "torch.copy({0})", "dict_get": "torch.get({args})",
    "dict_items": "torch.items({0})", "dict_keys": "torch.keys({0})", "dict_values": "torch.values({0})",
    "items_view": "torch.items({0})", "keys_view": "torch.keys({0})", "values_view": "torch.values({0})",
    "dict_pop": "torch.pop({args})", "dict_popitem": "torch.popitem({0})", "dict_setdefault": "torch.setdefault({args})",
    "dict_update": "torch.update({0}, {1})",
    **{f"math_{n}": f"torch.{n}({{args}})" for n in (
        "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees erf erfc exp expm1 fabs factorial floor fmod "
        "gamma gcd isfinite isinf isnan ldexp lgamma log log10 log1p radians sin sinh sqrt tan tanh frexp modf").split()},
    **{f"cmath_{n}": f"torch.{n}({{args}})" for n in (
        "acos acosh asin asinh atan atanh cos cosh exp log log10 sin sinh sqrt tan tanh").split()},
    **{f"str_{n}": f"torch.{n}({{args}})" for n in (
        "capitalize center count endswith expandtabs find index isalnum isalpha isdecimal isdigit isidentifier islower isnumeric "
        "isprintable isspace istitle isupper join ljust lower lstrip partition replace rfind rindex rjust rpartition rsplit rstrip "
        "split splitlines startswith strip swapcase title upper zfill").split()},
}  # fmt: skip
"""The `ts.py` functions that TorchScript has, as it writes them."""


def checked_call(
    name: str, operands: Sequence[str], kinds: Sequence[Attribute], result: Attribute | None
) -> tuple[str, Attribute | None] | None:
    """The call of a `ts.py` function, with the type that TorchScript gives it; None for one that it hasn't for such operands.

    TorchScript counts no bools and has functions of math for floats alone: then it is called with `int(x)` or `float(x)`.
    """
    for texts, types in _conversions(name, operands, kinds):
        call = python_call(name, texts, types, result)
        if call is None:
            return None
        try:
            return call, result_type(call, dict(zip(texts, types, strict=True)))
        except NoSuchCall:
            continue
    return None


_ARITHMETIC = frozenset(
    "add sub mul truediv floordiv mod pow neg pos lt le gt ge eq ne divmod range_length lshift rshift".split()
)


def _conversions(
    name: str, operands: Sequence[str], kinds: Sequence[Attribute]
) -> Iterator[tuple[Sequence[str], Sequence[Attribute]]]:
    """Operands for which a function may be called: as they are, then with numbers in place of bools, then floats for ints."""
    yield operands, kinds
    if name in _ARITHMETIC or name.startswith("math_"):
        texts = [f"int({o})" if k == ts.BOOL else o for o, k in zip(operands, kinds, strict=True)]
        types = [ts.INT if k == ts.BOOL else k for k in kinds]
        yield texts, types
        if name.startswith("math_"):
            yield (
                [f"float({o})" if k == ts.INT else o for o, k in zip(texts, types, strict=True)],
                [ts.FLOAT if k == ts.INT else k for k in types],
            )


_DOMAINS = {
    **dict.fromkeys(("math_log", "math_log2", "math_log10"), "torch.le({0}, 0)"), "math_sqrt": "torch.lt({0}, 0)",
    "math_log1p": "torch.le({0}, -1)", "math_acosh": "torch.lt({0}, 1)", "math_atanh": "torch.ge(ops.prim.abs({0}), 1)",
    **dict.fromkeys(("math_acos", "math_asin"), "torch.gt(ops.prim.abs({0}), 1)"),
    **dict.fromkeys(("cmath_log", "cmath_log10"), "torch.eq({0}, 0.)"),
}  # fmt: skip


def outside_domain(name: str, operand: str) -> str | None:
    """For which numbers a function of math raises ValueError, where TorchScript gives inf or nan; None for other functions."""
    template = _DOMAINS.get(name)
    return None if template is None else template.format(operand)


def python_call(name: str, operands: Sequence[str], kinds: Sequence[Attribute], result: Attribute | None) -> str | None:
    """The call of a `ts.py` function on operands of these types; None for one that TorchScript hasn't."""
    match name:
        case "pow":
            if len(operands) != 2:
                return None
            return f"{'__torch__.python_power' if result == ts.INT else 'torch.pow'}({operands[0]}, {operands[1]})"
        case "ieee":
            function = operands[0].strip('"')
            return f"torch.{function}({', '.join(operands[1:])})"
        case "round" if len(operands) > 1:
            return f"__torch__.python_rounded({operands[0]}, {operands[1]})" if kinds[0] == ts.FLOAT else None
        case "sum" if len(operands) > 1:
            return f"torch.add(torch.sum({operands[0]}), {operands[1]})"
        case "contains" | "not_contains" if isinstance(kinds[0], ts.StrType):
            found = f"torch.find({operands[0]}, {operands[1]}, 0, torch.len({operands[0]}))"
            return f"torch.{'ne' if name == 'contains' else 'eq'}({found}, -1)"
        case "mul" if [type(k) for k in kinds] == [ts.StrType, type(ts.INT)] and kinds[1] == ts.INT:
            return f'torch.join("", torch.mul(annotate(List[str], [{operands[0]}]), {operands[1]}))'
        case "bool" if _is_sized(kinds[0]):
            return f"torch.ne(torch.len({operands[0]}), 0)"
        case "getslice":
            bounds = [*operands[1:3], "1" if len(operands) < 4 or operands[3] == "None" else operands[3]]
            return f"torch.slice({operands[0]}, {', '.join(bounds)})"
        case "sorted" if len(operands) == 2 and operands[1] == "False":
            return f"sorted({operands[0]})"
        case "sorted" | "list" | "dict" if len(operands) != 1:
            return None
        case "min" | "max" if len(operands) > 2:
            call = operands[0]
            for operand in operands[1:]:
                call = f"ops.prim.{name}({call}, {operand})"
            return call
        case "eq" | "ne" if not _is_compared(kinds):
            return None
        case "device" if len(operands) == 2 and isinstance(kinds[0], ts.StrType) and kinds[1] == ts.INT:
            return f'torch.device(torch.format("{{}}:{{}}", {operands[0]}, {operands[1]}))'  # with two, torch.jit forgets the second
        case "device" if isinstance(kinds[0], ts.DeviceType):
            return operands[0] if len(operands) == 1 else None
        case "add" | "mul" if any(isinstance(k, ts.TupleType) for k in kinds):
            return None
        case "mul" if kinds[1] == ts.StrType():
            return python_call(name, [*reversed(operands)], [*reversed(kinds)], result) if kinds[0] == ts.INT else None
        case "getitem" if isinstance(kinds[0], ts.TupleType | ts.NamedTupleType):
            return None
        case "list" if isinstance(kinds[0], ts.DictType):
            return f"torch.keys({operands[0]})"
        case "math_log2":
            return f"float(torch.item(torch.log2(torch.tensor({operands[0]}, dtype=7))))"
        case "math_hypot" if len(operands) == 2:
            sides = (f"torch.tensor({o}, dtype=7)" for o in operands)
            return f"float(torch.item(torch.hypot({', '.join(sides)})))"
        case "float_is_integer":
            return f"torch.eq(torch.remainder({operands[0]}, 1.), 0.)"
        case "dtype_get_is_floating_point" | "dtype_get_is_complex":
            return f"torch.__contains__(annotate(List[int], [{_CODES[name]}]), {operands[0]})"
        case "tuple" if isinstance(kinds[0], ts.ListType | ts.TupleOfType):
            return operands[0]
        case "len" if isinstance(kinds[0], ts.TupleType | ts.NamedTupleType):
            return str(len(kinds[0].elements.data))
        case _:
            pass
    template = _PY.get(name)
    return None if template is None else template.format(*operands, args=", ".join(operands))


_CODES = {
    f"dtype_get_{what}": ", ".join(str(type_codes.type_code(d)) for d in dtypes.named() if getattr(d, what))
    for what in ("is_floating_point", "is_complex")
}
"""The dtypes of which a question is true, as TorchScript's ints."""


def _is_compared(kinds: Sequence[Attribute]) -> bool:
    """Whether TorchScript has `==` for values of these types."""
    if all(k in _NUMBERS for k in kinds):
        return True
    first = kinds[0].element if isinstance(kinds[0], ts.ListType) else kinds[0]
    plain = first in _NUMBERS or isinstance(first, ts.StrType | ts.TensorType)
    own = (ts.DeviceType, ts.DTypeType, ts.LayoutType, ts.MemoryFormatType, ts.ClassType)
    return kinds[0] == kinds[1] and (plain or isinstance(kinds[0], own))


_NUMBERS: tuple[Attribute, ...] = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.NumberType())


def _is_sized(kind: Attribute) -> bool:
    return isinstance(kind, ts.StrType | ts.ListType | ts.DictType)


def truth(operand: str, kind: Attribute) -> str:
    """`bool(value)` as a condition."""
    return f"torch.ne(torch.len({operand}), 0)" if _is_sized(kind) else f"bool({operand})"
