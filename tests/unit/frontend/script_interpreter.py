"""Runs `ts` programs with control flow and objects on torch's operators: what the script frontend emits is checked without tsir's."""

import builtins

import torch
from torch_interpreter import Interpreter
from xdsl.dialects import arith, func, scf

from tsir.dialects.dtypes import DType, dtype
from tsir.dialects.ts import structure
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.attributes import EnumValueAttr
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.values import Device, EnumMember, Instance, MemoryFormat, named_tuple_class
from tsir.ops.python import evaluate
from tsir.runtime.torch_adapter import adapter


class Raised(Exception):
    """A `ts.raise`: the exception's name and arguments."""


class Program:
    def __init__(self, program):
        self.program = program
        self.interpreter = ScriptInterpreter(program.module)

    def __call__(self, *arguments, entry=None):
        point = self.program.entry_points[entry] if entry else next(iter(self.program.entry_points.values()))
        defaults = [self.interpreter.inside(p.default) for p in point.parameters[len(arguments) :]]
        given = list(arguments) + defaults
        receiver = [self.program.root] if point.takes_self else []
        return self.interpreter.call(point.symbol, *receiver, *given)


def matches(value, kind):
    match kind:
        case ts.TensorType():
            return isinstance(value, torch.Tensor)
        case ts.ListType():
            return isinstance(value, list) and (not value or matches(value[0], kind.element))
        case ts.DictType():
            return isinstance(value, dict)
        case ts.TupleType():
            return isinstance(value, tuple)
        case ts.AnyType():
            return True
        case ts.StrType():
            return isinstance(value, str)
        case ts.ClassType():
            return isinstance(value, Instance) and value.class_name == kind.symbol.string_value()
    python = {ts.INT: int, ts.FLOAT: float, ts.BOOL: bool, ts.NONE: type(None)}.get(kind)
    return python is not None and type(value) is python


class ScriptInterpreter(Interpreter):
    def __init__(self, module):
        super().__init__(module)
        self.classes = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, structure.ClassOp)}

    def run(self, block, values):
        for op in block.ops:
            operands = [values[o] for o in op.operands]
            match op:
                case func.ReturnOp():
                    return operands[0]
                case scf.YieldOp() | scf.ConditionOp():
                    return operands
                case scf.IfOp():
                    region = op.true_region if operands[0] else op.false_region
                    results = self.run(region.block, dict(values)) if region.blocks else []
                case scf.ForOp():
                    lower, upper, step, *results = operands
                    body = op.body.block
                    for i in range(lower, upper, step):
                        results = self.run(body, values | dict(zip(body.args, [i, *results], strict=True)))
                case scf.WhileOp():
                    results = operands
                    while True:
                        head, body = op.before_region.block, op.after_region.block
                        going, *results = self.run(head, values | dict(zip(head.args, results, strict=True)))
                        if not going:
                            break
                        results = self.run(body, values | dict(zip(body.args, results, strict=True)))
                case arith.AndIOp():
                    results = [operands[0] and operands[1]]
                case structure.ConstantOp() if isinstance(op.value, EnumValueAttr):
                    results = [self.enum_member(op.value)]
                case structure.GetAttrOp():
                    holder, name = operands[0], op.attr_name.data
                    value = getattr(holder, name) if isinstance(holder, EnumMember) else holder.attributes[name]
                    results = [self.inside(value)]
                case structure.SetAttrOp():
                    operands[0].attributes[op.attr_name.data] = operands[1]
                    results = []
                case structure.NewOp():
                    results = [Instance(op.result.type.symbol.string_value())]
                case structure.TupleOp() if isinstance(op.result.type, ts.NamedTupleType):
                    kind = op.result.type
                    results = [named_tuple_class(kind.class_name.data, tuple(f.data for f in kind.fields))(*operands)]
                case structure.UnpackOp():
                    results = list(operands[0])
                    if len(results) != len(op.results):
                        raise ValueError(f"{len(results)} values for {len(op.results)} targets")
                case structure.TruthOp():
                    results = [bool(operands[0])]
                case structure.IsInstanceOp():
                    results = [any(matches(operands[0], kind) for kind in op.types)]
                case structure.RaiseOp():
                    raise getattr(builtins, op.exception.data, Raised)(*operands)
                case structure.UninitializedOp():
                    results = [None]
                case PyOp():
                    results = [evaluate(op.FUNCTION, [self.python(o) for o in operands])]
                case AtenOp():
                    result = self.operator(op.SCHEMA, operands)
                    results = list(result) if len(op.results) != 1 else [result]
                case func.CallOp():
                    results = [self.call(op.callee.string_value(), *operands)]
                case _:
                    self.one(op, values)
                    continue
            values |= dict(zip(op.results, results, strict=True))
        return values

    def one(self, op, values):
        """An operation that the plain interpreter knows."""

        class Single:
            ops = (op,)

        super().run(Single(), values)

    def inside(self, value):
        """A value as torch has it; lists and dicts are changed in place, so that they stay the same objects."""
        if isinstance(value, tuple):
            converted = [self.inside(v) for v in value]
            return type(value)(*converted) if hasattr(value, "_fields") else tuple(converted)
        if isinstance(value, list):
            value[:] = [self.inside(v) for v in value]
            return value
        if isinstance(value, dict):
            for key in value:
                value[key] = self.inside(value[key])
            return value
        if (
            isinstance(value, Instance | int | float | str | complex | EnumMember | torch.Tensor | torch.device)
            or value is None
        ):
            return value
        if isinstance(value, DType):
            return getattr(torch, value.name)
        if isinstance(value, Device | MemoryFormat):
            return torch.device(str(value))
        return adapter().to_tensor(value)

    def python(self, value):
        """Dtypes have the same properties in torch as here; nothing else needs to change."""
        return dtype(str(value).removeprefix("torch.")) if isinstance(value, torch.dtype) else value

    def enum_member(self, value):
        info = self.classes[value.symbol.string_value()]
        return EnumMember(info.sym_name.data, value.member.data, None)

    def operator(self, schema, operands):
        match schema.key:
            case "dtype":
                return operands[0].dtype
            case "device":
                return operands[0].device
            case "tolist":
                return operands[0].tolist()
            case "is_nested":
                return False
            case "manual_seed":
                torch.manual_seed(operands[0])
                return []
        return super().operator(schema, operands)
