"""Runs `ts` functions operation by operator on torch's own operators: what frontends emit is checked without tsir's operators."""

from collections.abc import Sequence

import torch
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.ir import Block, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.schema import SchemaError, SchemaRegistry, parse_schema
from tsir.dialects.ts import attributes, structure
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.values import Device, Instance
from tsir.ops.python import evaluate
from tsir.ops.registry import SCHEMAS
from tsir.runtime.torch_adapter import adapter

DERIVED = {
    "IntImplicit": lambda t: int(t), "FloatImplicit": lambda t: float(t), "ScalarImplicit": lambda t: t.item(),
    "Int.Tensor": lambda t: int(t), "Float.Tensor": lambda t: float(t),
    "tensor": lambda data, dtype=None, *rest: torch.tensor(data, dtype=dtype),
}  # fmt: skip


def torch_registry() -> SchemaRegistry:
    """A registry of all of torch's own operators on tensors, and of the few conversions that the frontends emit."""

    def load():
        table = {}
        for schema in torch._C._jit_get_all_schemas():
            text = str(schema).replace("memory_format=0", "memory_format=contiguous_format").replace("dtype=4", "dtype=long")
            if not text.startswith("aten::"):
                continue
            try:
                parsed = parse_schema(text.removeprefix("aten::"))
            except SchemaError:
                continue
            kinds = [*(a.type for a in parsed.arguments), *parsed.returns]
            if not any(k.base == "Tensor" for k in kinds) or any(k.base in ("Dimname", "t") for k in kinds):
                continue
            if (
                parsed.name == "tensor"
                or parsed.overload.startswith(("hacked_twin", "prim_"))
                or parsed.name.startswith("_")
            ):
                continue
            table.setdefault(parsed.key, parsed)
        for text in (
            "tensor(Any data, *, ScalarType? dtype=None, Device? device=None, bool requires_grad=False) -> Tensor",
        ):
            parsed = parse_schema(text)
            table[parsed.key] = parsed
        for name in ("_unique2", "_weight_norm", "_pack_padded_sequence", "_pad_packed_sequence"):
            for schema in torch._C._jit_get_schemas_for_operator("aten::" + name):
                parsed = parse_schema(str(schema).removeprefix("aten::"))
                table[parsed.key] = parsed
        for key in SCHEMAS.keys():
            if key.endswith((".Scalar_Tensor", ".Scalar_Tensor_mode")):
                table.setdefault(key, SCHEMAS.get(key))  # torch's functions take a number there without saying so
        return table

    return SchemaRegistry(load)


def _outside(value):
    if isinstance(value, dtypes.DType):
        return getattr(torch, value.name)
    if isinstance(value, Device):
        return torch.device(str(value))
    return value


_CONSTANTS = {
    attributes.NoneValueAttr: lambda a: None,
    attributes.DTypeAttr: lambda a: getattr(torch, a.value.data),
    attributes.DeviceAttr: lambda a: torch.device(a.value.data),
    attributes.LayoutAttr: lambda a: getattr(torch, a.value.data),
    attributes.MemoryFormatAttr: lambda a: getattr(torch, a.value.data),
    attributes.ComplexValueAttr: lambda a: a.value,
    StringAttr: lambda a: a.data,
}


class Interpreter:
    """`module` may be None when no function is called; `root` gives attributes."""

    def __init__(self, module: ModuleOp | None = None) -> None:
        self.functions = {}
        if module is not None:
            self.functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}

    def call(self, symbol: str, *arguments):
        block = self.functions[symbol].body.block
        return self.run(block, dict(zip(block.args, arguments, strict=True)))

    def run(self, block: Block, values: dict[SSAValue, object]):
        """The values that `func.return` gives, or the environment at the block's end when there is none."""
        for op in block.ops:
            operands = [values[o] for o in op.operands]
            match op:
                case arith.ConstantOp():
                    value = op.value
                    if isinstance(value, FloatAttr):
                        results = [value.value.data]
                    else:
                        assert isinstance(value, IntegerAttr)
                        results = [bool(value.value.data) if value.type.width.data == 1 else value.value.data]
                case structure.ConstantOp():
                    results = [_CONSTANTS[type(op.value)](op.value)]
                case structure.ListOp():
                    results = [list(operands)]
                case structure.TupleOp():
                    results = [tuple(operands)]
                case structure.TupleGetOp():
                    results = [operands[0][op.index.value.data]]
                case structure.DictOp():
                    results = [dict(zip(operands[::2], operands[1::2], strict=True))]
                case structure.UnpackOp():
                    results = list(operands[0])
                case structure.CastOp():
                    results = operands
                case structure.GetAttrOp():
                    value = operands[0].attributes[op.attr_name.data]
                    results = [value if isinstance(value, Instance) else adapter().to_tensor(value)]
                case structure.SetAttrOp():
                    operands[0].attributes[op.attr_name.data] = adapter().to_array(operands[1])
                    results = []
                case func.CallOp():
                    returned = self.call(op.callee.string_value(), *operands)
                    results = [returned] if len(op.results) == 1 else list(returned)
                case func.ReturnOp():
                    return operands[0] if len(operands) == 1 else tuple(operands)
                case PyOp():
                    results = [evaluate(op.FUNCTION, operands)]
                case AtenOp():
                    result = self.operator(op.SCHEMA, operands)
                    results = list(result) if len(op.results) != 1 else [result]
                case _:
                    raise AssertionError(f"unexpected {op.name}")
            values |= dict(zip(op.results, results, strict=True))
        return values

    def operator(self, schema, operands: Sequence[object]):
        if schema.key in DERIVED:
            return DERIVED[schema.key](*operands)
        packet = getattr(torch.ops.aten, schema.name)
        if schema.overload.startswith("Scalar_Tensor") and schema.overload not in packet.overloads():
            return getattr(torch, schema.name)(operands[0], operands[1])
        function = getattr(packet, schema.overload or "default")
        positional = [o for a, o in zip(schema.arguments, operands) if not a.kwarg_only]
        keywords = {a.name: o for a, o in zip(schema.arguments, operands) if a.kwarg_only}
        return function(*positional, **keywords)
