"""What torch's functions, methods, properties and constants are called in ATen.

Most builtin functions and methods of torch have their operator's name. This module finds that name, and rewrites the calls that
mean another operator (`x.float()` is `to.dtype`) or several (`1 / x` is `mul` of `reciprocal`). Which overload a call means is
`overloads.py`'s subject.
"""

from __future__ import annotations

import string
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from xdsl.builder import Builder
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.schema import SchemaRegistry
from tsir.dialects.ts.types import ListType, StrType
from tsir.dialects.values import CPU, Device, Layout, MemoryFormat
from tsir.errors import UnsupportedError
from tsir.frontend.constants import Constant, known_ints
from tsir.frontend.overloads import emit_aten

DTYPES: dict[torch.dtype, DType] = {getattr(torch, d.name): d for d in dtypes.ALL}
"""tsir's dtype of each of torch's that tsir computes with."""


def torch_dtype(dtype: DType) -> torch.dtype:
    """torch's object for a dtype."""
    return getattr(torch, dtype.name)


def torch_constant(value: object) -> Constant:
    """A torch dtype, device, layout or memory format as tsir's value.

    Raises UnsupportedError for a dtype that tsir doesn't compute with, TypeError for anything else.
    """
    match value:
        case torch.dtype():
            try:
                return dtypes.dtype(str(value))
            except KeyError:
                raise UnsupportedError(
                    f"dtype {value} isn't supported", hint=f"supported are {', '.join(map(str, DTYPES))}"
                ) from None
        case torch.device():
            return Device(value.type, value.index)
        case torch.layout():
            return Layout(str(value).removeprefix("torch."))
        case torch.memory_format():
            return MemoryFormat(str(value).removeprefix("torch."))
        case _:
            raise TypeError(f"{type(value).__name__} is no dtype, device, layout or memory format")


def is_torch_constant(value: object) -> bool:
    """Whether `torch_constant` takes this value."""
    return isinstance(value, torch.dtype | torch.device | torch.layout | torch.memory_format)


def python_constant(value: Any) -> Any:
    """torch's object for one of tsir's constants; other constants are themselves."""
    if isinstance(value, DType):
        return torch_dtype(value)
    if isinstance(value, Device):
        return torch.device(str(value))
    if isinstance(value, Layout | MemoryFormat):
        return getattr(torch, value.name)
    return value


_OWNERS = (torch._C.TensorBase, torch.Tensor)
_DESCRIPTORS = (types.MethodDescriptorType, types.WrapperDescriptorType)
_BUILTIN_MODULES = tuple(
    getattr(torch._C, name) for name in ("_VariableFunctions", "_nn", "_linalg", "_special", "_fft", "_sparse", "_nested")
)


@dataclass(frozen=True)
class OperatorName:
    """An operator that torch has no function for."""

    name: str


def operator_name(function: object) -> str | None:
    """The name under which `Call` knows a builtin function or method of torch: `torch.add` and `torch.Tensor.add` are `add`.

    None for what isn't one: a Python function (which is compiled like the user's own), or a builtin that is no operator.
    """
    if isinstance(function, _DESCRIPTORS):
        return function.__name__ if function.__objclass__ in _OWNERS else None
    if isinstance(function, types.BuiltinFunctionType):
        name = function.__name__
        if any(getattr(module, name, None) == function for module in _BUILTIN_MODULES):
            return name
        return None
    if isinstance(function, torch._ops.OpOverload):
        return function._schema.name.removeprefix("aten::") + (
            f".{function._schema.overload_name}" if function._schema.overload_name else ""
        )
    if isinstance(function, OperatorName):
        return function.name
    if isinstance(function, torch._ops.OpOverloadPacket):
        return function._qualified_op_name.removeprefix("aten::")
    return None


def property_name(getter: object) -> str | None:
    """The name of the tensor property that `getter` reads (`torch.Tensor.shape.__get__`), or None."""
    owner = getattr(getter, "__self__", None)
    if getattr(getter, "__name__", "") == "__get__" and isinstance(owner, types.GetSetDescriptorType | property):
        return owner.__name__ if isinstance(owner, types.GetSetDescriptorType) else getattr(owner.fget, "__name__", None)
    return None


@dataclass(frozen=True)
class Call:
    """A call of an ATen operator. An argument may be a call itself, whose result it is then."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])


Rewrite = Callable[..., Call]


def _to(dtype: DType) -> Rewrite:
    return lambda self, memory_format=None: Call("to.dtype", (self, dtype, False, False, memory_format))


def _copied_into(self: Any, src: Any, non_blocking: Any = False) -> Call:
    """`Tensor.copy_`, which takes numbers, too."""
    from tsir.dialects.ts.types import BOOL, FLOAT, INT

    if isinstance(src, complex):
        return Call("copy_", (self, Call("scalar_tensor", (src,), {"dtype": dtypes.complex128})))
    is_number = isinstance(src, int | float) or (isinstance(src, SSAValue) and src.type in (BOOL, FLOAT, INT))
    return Call("fill_.Scalar", (self, src)) if is_number else Call("copy_", (self, src, non_blocking))


def _swapped(name: str) -> Rewrite:
    return lambda self, other: Call(name, (other, self))


def _renamed(name: str) -> Rewrite:
    return lambda *args, **kwargs: Call(name, args, kwargs)


def _is_number(value: Any) -> bool:
    from tsir.dialects.ts.types import BOOL, COMPLEX, FLOAT, INT

    return isinstance(value, int | float | complex) or (
        isinstance(value, SSAValue) and value.type in (BOOL, COMPLEX, FLOAT, INT)
    )


def _of_numbers(name: str) -> Rewrite:
    """An operator that torch also computes of two numbers, as tensors."""

    def made(*args: Any, **kwargs: Any) -> Call:
        given = dict(zip(("input", "other"), args, strict=False)) | kwargs
        if {"input", "other"} <= given.keys() and all(_is_number(given[n]) for n in ("input", "other")):
            rest = {k: v for k, v in kwargs.items() if k not in ("input", "other")}
            return Call(name, (*(Call("tensor", (given[n],)) for n in ("input", "other")), *args[2:]), rest)
        return Call(name, args, kwargs)

    return made


def _to_arguments(self: Any, *args: Any, **kwargs: Any) -> Call:
    """`Tensor.to` takes a dtype, a device with a dtype, or another tensor, then `non_blocking`, `copy`."""
    given = dict(kwargs)
    rest = list(args)
    if rest and not _is_dtype(rest[0]) and not _is_device(rest[0]) and rest[0] is not None:
        return Call("to.other", (self, *args), kwargs)
    if "other" in given:
        return Call("to.other", (self, *args), kwargs)
    if rest and not _is_dtype(rest[0]):
        given.setdefault("device", rest.pop(0))
    if rest and (_is_dtype(rest[0]) or rest[0] is None):
        given.setdefault("dtype", rest.pop(0))
    given |= dict(zip(("non_blocking", "copy"), rest, strict=False))
    if given.get("device") is not None or "dtype" not in given:
        return Call("to.dtype_layout", (self,), given)
    given.pop("device", None)
    return Call("to.dtype", (self, given.pop("dtype")), given)


def _is_dtype(value: Any) -> bool:
    from tsir.dialects.ts.types import DTypeType

    return isinstance(value, DType) or (isinstance(value, SSAValue) and isinstance(value.type, DTypeType))


def _is_device(value: Any) -> bool:
    from tsir.dialects.ts.types import DeviceType, StrType

    return isinstance(value, Device | str) or (isinstance(value, SSAValue) and isinstance(value.type, DeviceType | StrType))


def _new(self: Any, *size: Any, **options: Any) -> Call:
    return Call("new_empty", (self, *(size or (0,))), options)


def _new_tensor(self: Any, data: Any, dtype: Any = None, **_: Any) -> Call:
    return Call("tensor", (data,), {"dtype": Call("dtype", (self,)) if dtype is None else dtype})


_CDIST_MODES = {"use_mm_for_euclid_dist_if_necessary": None, "use_mm_for_euclid_dist": 1, "donot_use_mm_for_euclid_dist": 2}


def _tensordot(a: Any, b: Any, dims: Any, out: Any) -> Call:
    """`torch.tensordot` takes the number of dimensions, or a list for each tensor; the operator takes the lists one by one."""
    if all(isinstance(d, list | tuple) or (isinstance(d, SSAValue) and isinstance(d.type, ListType)) for d in (dims, out)):
        return Call("tensordot", (a, b, dims, out))
    if isinstance(dims, int):
        if dims < 0:
            raise UnsupportedError(f"tensordot expects dims >= 0, but got dims={dims}")
        first, second = list(range(-dims, 0)), list(range(dims))
    elif isinstance(dims, list | tuple) and len(dims) == 2 and not any(isinstance(d, int) for d in dims):
        first, second = dims
    else:
        raise UnsupportedError("tensordot needs dims as an int or two lists of ints that are known when compiling")
    return Call("tensordot", (a, b, first, second), {} if out is None else {"out": out})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, SSAValue) and isinstance(value.type, StrType))


def _einsum(first: Any, *rest: Any, **kwargs: Any) -> Call:
    """`torch.einsum`; instead of an equation each tensor may be followed by a list of ints (and `...`), and the result's."""
    if _is_text(first):
        return Call("einsum", (first, *rest), kwargs)
    given: list[Any] = [first, *rest]
    tensors, written = given[: len(given) // 2 * 2 : 2], [*given[1::2], *given[len(given) // 2 * 2 :]]
    labels = [known_ints(part) or part for part in written]
    if not all(isinstance(part, list | tuple) and all(isinstance(s, int) or s is Ellipsis for s in part) for part in labels):
        raise UnsupportedError("einsum needs an equation, or a list of constant ints behind each tensor")
    names = ["".join("..." if s is Ellipsis else string.ascii_letters[s] for s in part) for part in labels]
    equation = ",".join(names[: len(tensors)]) + "".join(f"->{n}" for n in names[len(tensors) :])
    return Call("einsum", (equation, tensors), kwargs)


def _norm(self: Any, p: Any = "fro", dim: Any = None, keepdim: Any = False, dtype: Any = None) -> Call:
    if isinstance(p, str) and p == "nuc":
        return Call("nuclear_norm", (self, keepdim)) if dim is None else Call("nuclear_norm.dim", (self, dim, keepdim))
    order = 2 if p is None or (isinstance(p, str) and p == "fro") else p
    return Call("linalg_vector_norm", (self, order, dim, keepdim), {"dtype": dtype})


REWRITES: dict[str, Rewrite] = {
    # conversions
    "float": _to(dtypes.float32), "double": _to(dtypes.float64), "half": _to(dtypes.float16),
    "bfloat16": _to(dtypes.bfloat16), "long": _to(dtypes.int64), "int": _to(dtypes.int32), "short": _to(dtypes.int16),
    "char": _to(dtypes.int8), "byte": _to(dtypes.uint8), "bool": _to(dtypes.bool_), "cfloat": _to(dtypes.complex64),
    "cdouble": _to(dtypes.complex128), "to": _to_arguments,
    "type": lambda self, dtype, non_blocking=False: Call("to.dtype", (self, dtype, non_blocking)),
    "copy_": _copied_into,
    "cpu": lambda self, memory_format=None: Call("to.dtype_layout", (self,), {"device": CPU, "memory_format": memory_format}),
    "cuda": lambda self, device=None, non_blocking=False, memory_format=None: Call(
        "to.dtype_layout", (self,), {"device": Device("cuda") if device is None else device}
    ),
    "ndimension": _renamed("dim"), "nelement": _renamed("numel"), "new": _new, "new_tensor": _new_tensor,
    # dunder methods
    "__abs__": _renamed("abs"), "__neg__": _renamed("neg"), "__pos__": _renamed("positive"),
    "__invert__": _renamed("bitwise_not"), "__add__": _renamed("add"), "__radd__": _renamed("add"),
    "__iadd__": _renamed("add_"), "__sub__": _renamed("sub"), "__rsub__": _renamed("rsub"), "__isub__": _renamed("sub_"),
    "__mul__": _renamed("mul"), "__rmul__": _renamed("mul"), "__imul__": _renamed("mul_"), "__truediv__": _renamed("div"),
    "__div__": _renamed("div"), "__itruediv__": _renamed("div_"), "__idiv__": _renamed("div_"),
    "__rtruediv__": lambda self, other: Call("mul", (Call("reciprocal", (self,)), other)),
    "__rdiv__": lambda self, other: Call("mul", (Call("reciprocal", (self,)), other)),
    "__floordiv__": _renamed("floor_divide"), "__rfloordiv__": _swapped("floor_divide"), "__ifloordiv__": _renamed("floor_divide_"),
    "__mod__": _renamed("remainder"), "__rmod__": _swapped("remainder"), "__imod__": _renamed("remainder_"),
    "__pow__": _renamed("pow"), "__rpow__": _swapped("pow"), "__ipow__": _renamed("pow_"),
    **{
        name: _of_numbers(name)
        for name in ("add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "floor_divide")
    },
    "einsum": _einsum,
    "tensordot": lambda a, b, dims=2, out=None: _tensordot(a, b, dims, out),
    "nonzero": lambda self, as_tuple=False, **rest: Call("nonzero_numpy" if as_tuple is True else "nonzero", (self,), rest),
    "cdist": lambda x1, x2, p=2.0, compute_mode=None: Call(
        "cdist", (x1, x2, p, _CDIST_MODES.get(compute_mode, compute_mode) if isinstance(compute_mode, str) else compute_mode)
    ),
    "__matmul__": _renamed("matmul"), "__rmatmul__": _swapped("matmul"),
    "__and__": _renamed("bitwise_and"), "__rand__": _renamed("bitwise_and"), "__iand__": _renamed("bitwise_and_"),
    "__or__": _renamed("bitwise_or"), "__ror__": _renamed("bitwise_or"), "__ior__": _renamed("bitwise_or_"),
    "__xor__": _renamed("bitwise_xor"), "__rxor__": _renamed("bitwise_xor"), "__ixor__": _renamed("bitwise_xor_"),
    "__lshift__": _renamed("bitwise_left_shift"), "__rlshift__": _swapped("bitwise_left_shift"),
    "__ilshift__": _renamed("bitwise_left_shift_"), "__rshift__": _renamed("bitwise_right_shift"),
    "__rrshift__": _swapped("bitwise_right_shift"), "__irshift__": _renamed("bitwise_right_shift_"),
    "__eq__": _renamed("eq"), "__ne__": _renamed("ne"), "__lt__": _renamed("lt"), "__le__": _renamed("le"),
    "__gt__": _renamed("gt"), "__ge__": _renamed("ge"), "__len__": lambda self: Call("size.int", (self, 0)),
    "__index__": lambda self: Call("_python_index", (self,)),
    "__contains__": lambda self, element: Call("item", (Call("any", (Call("eq", (self, element)),)),)),
}  # fmt: skip
"""Calls that aren't the ATen operator of the function's or method's own name: what takes their arguments and gives the `Call`."""

PROPERTIES: dict[str, Rewrite] = {
    "shape": _renamed("size"), "T": _renamed("numpy_T"), "H": _renamed("matrix_H"), "mT": _renamed("mT"), "mH": _renamed("mH"),
    "real": _renamed("real"), "imag": _renamed("imag"), "data": _renamed("detach"), "ndim": _renamed("dim"),
    "dtype": _renamed("dtype"), "device": _renamed("device"), "layout": _renamed("layout"),
    "itemsize": _renamed("itemsize"), "nbytes": _renamed("nbytes"),
    **{name: _renamed("grad") for name in ("grad", "grad_fn", "name")}, "grad_dtype": _renamed("dtype"),
    **{
        name: _renamed(name)
        for name in """is_cuda is_cpu is_sparse is_sparse_csr is_quantized is_meta is_mkldnn is_nested is_leaf is_mps is_xpu is_xla
        is_ipu is_mtia is_maia is_vulkan requires_grad retains_grad""".split()
    },
}  # fmt: skip
"""A tensor's properties as calls on the tensor."""

SELF_SECOND: dict[str, str] = {"where": "condition", "polygamma": "n"}
"""Operators that have `self` as their second argument, with the name of the first: `x.where(c, y)` is `torch.where(c, x, y)`."""


def self_second(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a method in `SELF_SECOND` as those of torch's function."""
    given = dict(kwargs)
    receiver, *rest = args
    first = given.pop(SELF_SECOND[name]) if SELF_SECOND[name] in given else rest.pop(0) if rest else None
    return ((receiver,) if first is None else (first, receiver, *rest)), given


def _self_second(name: str) -> Rewrite:
    return lambda *args, **kwargs: Call(name, *self_second(name, args, kwargs))


GENERATOR_METHODS = frozenset({"manual_seed", "initial_seed", "seed"})
"""The methods of `torch.Generator` that are operators."""

PYTHON_METHODS: dict[str, Rewrite] = {
    **{name: _self_second(name) for name in SELF_SECOND},
    "split": lambda self, split_size, dim=0: Call(
        "split_with_sizes" if isinstance(split_size, list | tuple) else "split", (self, split_size, dim)
    ),
    "norm": _norm,
    "unflatten": lambda self, dim, sizes: Call("unflatten", (self, dim, sizes)),
    "where": lambda self, condition, other: Call("where", (condition, self, other)),
    "polygamma": lambda self, n: Call("polygamma", (n, self)),
}
"""Tensor methods as calls: those that torch writes in Python, for a frontend that can't or needn't follow their source, and those
whose tensor isn't the operator's first argument."""


def rewrite(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
    """The call of an ATen operator that a call of torch's function or method `name` means."""
    found = REWRITES.get(name)
    return Call(name, tuple(args), dict(kwargs)) if found is None else apply_rewrite(found, name, args, kwargs)


def rewrite_property(name: str, tensor: Any) -> Call | None:
    """The call that reads a tensor's property, or None for an unknown one."""
    found = PROPERTIES.get(name)
    return None if found is None else found(tensor)


def apply_rewrite(found: Rewrite, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
    """The call that a rewrite makes of these arguments. Raises FrontendError for another number of arguments."""
    try:
        return found(*args, **kwargs)
    except TypeError as error:
        from tsir.errors import FrontendError

        raise FrontendError(str(error).replace("<lambda>", name), code="TS401") from None


def emit_call(
    builder: Builder, registry: SchemaRegistry, call: Call, location: LocationAttr
) -> SSAValue | tuple[SSAValue, ...]:
    """Emits a call and, before it, the calls among its arguments. Raises what `overloads.resolve` raises."""
    emit = partial(_emit_argument, builder, registry, location)
    return emit_aten(
        builder, registry, call.name, [emit(a) for a in call.args], {k: emit(v) for k, v in call.kwargs.items()}, location
    )


def _emit_argument(builder: Builder, registry: SchemaRegistry, location: LocationAttr, argument: Any) -> Any:
    return emit_call(builder, registry, argument, location) if isinstance(argument, Call) else argument
