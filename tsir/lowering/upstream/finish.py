"""`finish-mlir`: the last step to pure upstream text: weights in the wanted form, no attribute or operation of our own left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    DictionaryAttr,
    FunctionType,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass

from tsir.errors import PassError
from tsir.lowering.upstream.flatten import IDENTIFIER
from tsir.lowering.upstream.host_operations import OWN_DIALECTS, refuse_host_operations
from tsir.passes.freeze import argument_attributes
from tsir.passes.structure import functions, walk

if TYPE_CHECKING:
    import numpy as np

WEIGHTS = ("inline", "resource", "args")
"""Where weights go: `dense` constants, `dense_resource` constants with the data at the end of the text, or arguments."""


@dataclass(frozen=True)
class FinishMlirPass(ModulePass):
    """Leaves builtin, func, linalg, tensor, scf, cf, arith, math and complex, or says what else there is and where.

        func.func @M.forward(%x : tensor<2xf32> , %w : tensor<2xf32> {ts.weight = "w"}) -> (tensor<2xf32> {ts.alias = array<i64>}) {

    becomes

        func.func @M.forward(%x : tensor<2xf32> , %w : tensor<2xf32> {ml_program.identifier = "w"}) -> (tensor<2xf32>) {

    Classes go. Run it last. Operations that run on the host make it fail, with the name and the line of each.
    """

    name = "finish-mlir"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        refuse_host_operations(op)
        for function in functions(op):
            _plain_attributes(function)
        for inner in walk(op):
            for name in [n for n in inner.attributes if n.partition(".")[0] in OWN_DIALECTS]:
                del inner.attributes[name]


def _plain_attributes(function: FuncOp) -> None:
    """Weights keep their path as `ml_program.identifier`; the other attributes of our own go."""
    results = list(function.res_attrs.data) if function.res_attrs is not None else []
    for name, known in (("arg_attrs", argument_attributes(function)), ("res_attrs", results)):
        plain = [_plain(d) for d in known]
        if any(d.data for d in plain):
            function.properties[name] = ArrayAttr(plain)
        else:
            function.properties.pop(name, None)


def _plain(attributes: DictionaryAttr) -> DictionaryAttr:
    kept = {k: v for k, v in attributes.data.items() if k.partition(".")[0] not in OWN_DIALECTS}
    path = attributes.data.get("ts.weight")
    if path is not None:
        kept[IDENTIFIER] = path
    return DictionaryAttr(kept)


@dataclass(frozen=True)
class Resource:
    """The bytes of one `dense_resource`, as MLIR wants them: little-endian, after the alignment."""

    name: str
    data: bytes
    alignment: int

    def line(self) -> str:
        """Its line in the text's resource section."""
        return f'{self.name}: "0x{(self.alignment.to_bytes(4, "little") + self.data).hex().upper()}"'


def place_weights(module: ModuleOp, symbol: str, arrays: Mapping[str, np.ndarray[Any, Any]], form: str) -> list[Resource]:
    """Turns the function's weight arguments into constants: `inline` or `resource`; with `args` they stay.

    `arrays` are the weights by path. Gives the resources that the text needs. Raises PassError for an unknown form.
    """
    if form not in WEIGHTS:
        raise PassError(f"there is no form of weights {form!r}", hint=f"the forms are {', '.join(WEIGHTS)}")
    resources: list[Resource] = []
    if form == "args":
        return resources
    for function in functions(module):
        if function.sym_name.data == symbol:
            _place(function, arrays, form, resources)
    return resources


def _place(function: FuncOp, arrays: Mapping[str, np.ndarray[Any, Any]], form: str, resources: list[Resource]) -> None:
    block = function.body.block
    attributes = argument_attributes(function)
    made: list[Operation] = []
    for i in reversed(range(len(block.args))):
        argument = block.args[i]
        path = attributes[i].data.get("ts.weight") if i < len(attributes) else None
        if not isinstance(path, StringAttr) or path.data not in arrays or not isinstance(argument.type, TensorType):
            continue
        constant = arith.ConstantOp(_constant(argument.type, arrays[path.data], path.data, form, resources), argument.type)
        constant.location = function.location
        constant.results[0].name_hint = argument.name_hint
        _replace(argument, constant.results[0])
        made.append(constant)
        block.erase_arg(argument)
        del attributes[i]
    first = block.first_op
    assert first is not None
    for op in reversed(made):
        block.insert_op_before(op, first)
    function.properties["arg_attrs"] = ArrayAttr(attributes)
    function.properties["function_type"] = FunctionType.from_lists(
        [a.type for a in block.args], function.function_type.outputs.data
    )


def _replace(old: SSAValue, new: SSAValue) -> None:
    old.replace_all_uses_with(new)


def _constant(
    kind: TensorType[Attribute], array: np.ndarray[Any, Any], path: str, form: str, resources: list[Resource]
) -> Any:
    import numpy as np

    data = np.ascontiguousarray(array)
    if data.dtype == np.bool_ and form == "resource":
        form = "inline"  # a resource's bits would have to be packed
    if form == "resource" and data.size:
        name = _resource_name(path, resources)
        resources.append(Resource(name, data.tobytes(), max(data.dtype.itemsize, 4)))
        return DenseResourceAttr.from_params(name, kind)
    if data.dtype.name == "bfloat16":
        data = data.astype(np.float32)
    values: Sequence[Any] = data.ravel().tolist()
    if data.dtype == np.uint8:
        values = data.view(np.int8).ravel().tolist()
    return DenseIntOrFPElementsAttr.from_list(kind, list(values))  # type: ignore[arg-type]


def _resource_name(path: str, resources: Sequence[Resource]) -> str:
    base = "".join(c if c.isalnum() else "_" for c in path)
    taken = {r.name for r in resources}
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def with_resources(text: str, resources: Sequence[Resource]) -> str:
    """The module's text with the section that holds its resources."""
    if not resources:
        return text
    lines = ",\n".join(f"      {r.line()}" for r in resources)
    return f"{text}\n{{-#\n  dialect_resources: {{\n    builtin: {{\n{lines}\n    }}\n  }}\n#-}}\n"
