"""`place-weights`: weights as constants, inline or as resources at the end of the text, or as arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FunctionType,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from tsir.dialects.context import TsContext
from tsir.errors import PassError
from tsir.passes.freeze import argument_attributes
from tsir.passes.structure import functions

if TYPE_CHECKING:
    import numpy as np

FORMS = ("inline", "resource", "args")
"""Where weights go: `dense` constants, `dense_resource` constants with the data at the end of the text, or arguments."""


@dataclass(frozen=True)
class PlaceWeightsPass(ModulePass):
    """Gives the weights of objects that the context knows (of an archive or a module) the form that is asked for.

        func.func @M.forward(%x : tensor<2xf32>, %w : tensor<2xf32> {ts.weight = "w"}) -> tensor<2xf32> {

    becomes, for `form = "inline"`, the default,

        func.func @M.forward(%x : tensor<2xf32>) -> tensor<2xf32> {
          %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>

    The other forms are `resource`, with the data at the end of the text, and `args`, which leaves them arguments.
    """

    name = "place-weights"

    form: str = "inline"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.form not in FORMS:
            raise PassError(f"there is no form of weights {self.form!r}", hint=f"the forms are {', '.join(FORMS)}")
        if not isinstance(ctx, TsContext) or self.form == "args":
            return
        for function in functions(op):
            root = ctx.objects.get(function.sym_name.data)
            if root is not None:
                _place(function, root.tensor, self.form, ctx.resources)


def _place(function: FuncOp, tensor: Callable[[str], np.ndarray[Any, Any]], form: str, resources: dict[str, bytes]) -> None:
    block = function.body.block
    attributes = argument_attributes(function)
    made: list[Operation] = []
    for i in reversed(range(len(block.args))):
        argument = block.args[i]
        path = attributes[i].data.get("ts.weight") if i < len(attributes) else None
        if not isinstance(path, StringAttr) or not isinstance(argument.type, TensorType):
            continue
        constant = arith.ConstantOp(_constant(argument.type, tensor(path.data), path.data, form, resources), argument.type)
        constant.location = function.location
        constant.results[0].name_hint = argument.name_hint
        argument.replace_all_uses_with(constant.results[0])
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


def _constant(
    kind: TensorType[Attribute], array: np.ndarray[Any, Any], path: str, form: str, resources: dict[str, bytes]
) -> Any:
    import numpy as np

    data = np.ascontiguousarray(array)
    if data.dtype == np.bool_ and form == "resource":
        form = "inline"  # a resource's bits would have to be packed
    if form == "resource" and data.size:
        name = _resource_name(path, resources)
        resources[name] = data.tobytes()
        return DenseResourceAttr.from_params(name, kind)
    if data.dtype.name == "bfloat16":
        data = data.astype(np.float32)
    values: Sequence[Any] = data.ravel().tolist()
    if data.dtype.kind == "c":
        values = [(v.real, v.imag) for v in values]
    if data.dtype == np.uint8:
        values = data.view(np.int8).ravel().tolist()
    return DenseIntOrFPElementsAttr.from_list(kind, list(values))  # type: ignore[arg-type]


def _resource_name(path: str, resources: Mapping[str, bytes]) -> str:
    base = "".join(c if c.isalnum() else "_" for c in path)
    name, number = base, 0
    while name in resources:
        number += 1
        name = f"{base}_{number}"
    return name
