"""Functions of torch that are written in Python and stand for one operator, or whose own types say too little."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.modules.utils as _utils
from torch.nn import functional

from tsir.dialects.ts import types as ts
from tsir.frontend.script.convert import (
    materialise,
    tuple_elements,
)
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.foreach import FOREACH
from tsir.frontend.script.method_calls import tensor_method
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.prelude import tensordot
from tsir.frontend.script.signatures import ParameterInfo, Signature
from tsir.frontend.script.values import (
    Const,
    PyFunction,
    Run,
    Spread,
    StaticList,
    StaticTuple,
    Value,
)


def _operator(name: str) -> Callable[..., Value]:
    return lambda e, args, kwargs: torch_call(e, name, args, kwargs)


def _tensordot(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`torch.tensordot`: an operator where the dimensions are known, else Python that finds them."""
    dims = kwargs.get("dims", args[2] if len(args) > 2 else Const(2))
    if isinstance(dims, Run):
        return e.session.call_function(e, PyFunction(tensordot), args, kwargs)
    return torch_call(e, "tensordot", args, kwargs)


def _einsum(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`torch.einsum` of an equation and tensors, or of tensors and lists of ints that say what the equation would."""
    if args and is_tensor(e.session.type_of(args[0])):
        return torch_call(e, "einsum", args, kwargs)
    return _gathered("einsum", 1)(e, args, kwargs)


def _gathered(name: str, first: int) -> Callable[..., Value]:
    """A function that takes its tensors one by one, or in one list."""

    def emit(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        tensors = [v.values if isinstance(v, Spread) and len(args) == first + 1 else v for v in args[first:]]
        if len(tensors) == 1 and not is_tensor(e.session.type_of(tensors[0])):
            return torch_call(e, name, [*args[:first], tensors[0]], kwargs)
        return torch_call(e, name, [*args[:first], StaticTuple(tuple(tensors))], kwargs)

    return emit


def _split(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    names = ("tensor", "split_size_or_sections", "dim")
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    sizes = given["split_size_or_sections"]
    is_list = not isinstance(e.session.type_of(sizes), type(ts.INT)) or isinstance(sizes, StaticTuple | StaticList)
    rest = [given["dim"]] if "dim" in given else []
    return torch_call(e, "split_with_sizes" if is_list else "split", [given["tensor"], sizes, *rest])


def _norm(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    names = ("input", "p", "dim", "keepdim", "out", "dtype")
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    return tensor_method(e, Run(materialise(e, given.pop("input"))), "norm", [], given)


def _repeated(times: int) -> Callable[..., Value]:
    """`_pair(x)` and its like of torch.nn.modules.utils: one number is repeated; the result is a list, as in torch.jit."""

    def emit(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        if e.session.type_of(args[0]) in (ts.INT, ts.FLOAT):
            return StaticList((args[0],) * times)
        elements = tuple_elements(e, args[0])
        return args[0] if elements is None else StaticList(tuple(elements))

    return emit


def _embedding_renorm(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    torch_call(e, "embedding_renorm_", args, kwargs)
    return Const(None)


def _save(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`torch.save`, which stays in Python: of any value, to a file by its name, as torch.jit has it."""
    from tsir.frontend.script.functions import call_in_python

    given = dict(zip(("obj", "f"), args, strict=False)) | dict(kwargs)
    if given.keys() != {"obj", "f"}:
        e.unsupported("torch.save() with options", hint="pass the value and the file's name")
    signature = Signature((ParameterInfo("obj", ts.AnyType()), ParameterInfo("f", ts.StrType())), ts.NONE)
    return call_in_python(e, torch.save, signature, given, set(given), "torch.save")


TORCH_PYTHON: dict[Any, Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]] = {
    torch.functional.einsum: _einsum, torch.functional.meshgrid: _gathered("meshgrid", 0),
    torch.functional.broadcast_tensors: _gathered("broadcast_tensors", 0),
    torch.functional.cartesian_prod: _gathered("cartesian_prod", 0), torch.functional.block_diag: _gathered("block_diag", 0),
    torch.functional.split: _split, torch.functional.norm: _norm,
    torch.functional.tensordot: _tensordot, torch.functional.cdist: _operator("cdist"),
    torch.functional.atleast_1d: _operator("atleast_1d"), torch.functional.atleast_2d: _operator("atleast_2d"),
    torch.functional.atleast_3d: _operator("atleast_3d"), torch.functional.chain_matmul: _gathered("chain_matmul", 0),
    _utils._single: _repeated(1), _utils._pair: _repeated(2), _utils._triple: _repeated(3), _utils._quadruple: _repeated(4),
    vars(functional)["_no_grad_embedding_renorm_"]: _embedding_renorm, torch.save: _save,
    **FOREACH,
}  # fmt: skip
