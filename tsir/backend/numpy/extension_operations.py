"""How the operations of `linalg_ext` are written: each is a call of the kernel of the same name in `extension_kernels.py`."""

from __future__ import annotations

from typing import Any

from xdsl.ir import Operation

from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter
from tsir.backend.numpy.scalar_operations import narrowed
from tsir.backend.numpy.tensor_operations import bind_fresh, sizes_of
from tsir.dialects import linalg_ext


def _kernel(e: FunctionEmitter, name: str) -> str:
    return f"{e.module.module('tsir.backend.numpy', 'extension_kernels')}.{name}"


def _call(e: FunctionEmitter, op: Any) -> None:
    """`a, b = extension_kernels.sort(x, dim=1)`; what the kernel needs of the outs is in `_FROM_OUTS`."""
    name = op.name.rpartition(".")[2]
    arguments = [e.name_of(v) for v in op.inputs]
    constants: dict[str, Any] = op.constants()
    texts = [f"{key}={value!r}" for key, value in constants.items()]
    extra = _FROM_OUTS.get(type(op))
    if extra is not None:
        texts += extra(e, op, constants)
    text = f"{_kernel(e, name)}({', '.join([*arguments, *texts])})"
    if len(op.results) == 1:
        bind_fresh(e, op.results[0], text)
        return
    names = [e.fresh_for(r) for r in op.results]
    e.line(f"{', '.join(names)} = {text}")
    for result, found in zip(op.results, names, strict=True):
        if e.preparing:
            e.prepared_names.add(found)
        e.bind_array(result, found)


def _init(e: FunctionEmitter, op: Any, _constants: dict[str, Any]) -> list[str]:
    return [f"init={e.name_of(op.outputs[0])}"]


def _count(e: FunctionEmitter, op: Any, constants: dict[str, Any]) -> list[str]:
    return [f"k={sizes_of(e, op.outputs[0])[constants['dim']]}"]


def _with_indices(e: FunctionEmitter, op: Any, _constants: dict[str, Any]) -> list[str]:
    return ["indices=True"] if len(op.results) == 2 else []


def _samples(e: FunctionEmitter, op: Any, constants: dict[str, Any]) -> list[str]:
    if constants["kind"] != "c2r" or not constants["dims"]:
        return []
    return [f"samples={sizes_of(e, op.outputs[0])[constants['dims'][-1]]}"]


def _int32(e: FunctionEmitter, op: Any, _constants: dict[str, Any]) -> list[str]:
    from tsir.backend.numpy.tensors import tensor_dtype

    return [f"dtype={tensor_dtype(op.results[0].type).numpy!r}"]


_FROM_OUTS: dict[type[Operation], Any] = {
    linalg_ext.ScatterOp: _init,
    linalg_ext.TopKOp: _count,
    linalg_ext.ScanOp: _with_indices,
    linalg_ext.FftOp: _samples,
    linalg_ext.SearchSortedOp: _int32,
}


def _check(e: FunctionEmitter, op: linalg_ext.CheckOp) -> None:
    arguments = ", ".join(e.name_of(a) for a in op.arguments)
    e.line(f"if not {e.name_of(op.condition)}:")
    with e.nested():
        e.line(
            f"raise {_kernel(e, 'failed_check')}({op.exception.data!r}, {op.message.data!r}{', ' if arguments else ''}{arguments})"
        )


def _scalar(e: FunctionEmitter, op: linalg_ext.ScalarOp) -> None:
    module = e.module.module("tsir.backend.numpy", "special")
    text = f"{module}.{op.function.data}({', '.join(e.name_of(a) for a in op.arguments)})"
    e.define(op.result, narrowed(e, text, op.result.type))


TABLE: dict[type[Operation], EmitFunction] = {
    linalg_ext.SortOp: _call,
    linalg_ext.TopKOp: _call,
    linalg_ext.ScanOp: _call,
    linalg_ext.GatherOp: _call,
    linalg_ext.ScatterOp: _call,
    linalg_ext.NonzeroOp: _call,
    linalg_ext.UniqueOp: _call,
    linalg_ext.SearchSortedOp: _call,
    linalg_ext.BincountOp: _call,
    linalg_ext.FftOp: _call,
    linalg_ext.ArgReduceOp: _call,
    linalg_ext.CheckOp: _check,
    linalg_ext.ScalarOp: _scalar,
}
