"""`finish-mlir`: the last step to pure upstream text: no attribute or operation of our own left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    ModuleOp,
)
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from tsir.lowering.upstream.flatten import IDENTIFIER
from tsir.lowering.upstream.host_operations import OWN_DIALECTS, refuse_host_operations
from tsir.passes.freeze import argument_attributes
from tsir.passes.structure import functions, walk

if TYPE_CHECKING:
    pass


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
