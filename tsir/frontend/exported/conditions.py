"""What an exported program demands of its inputs, as checks in front of its graph: sizes, ranges, constants, and torch's own guards.

The conditions are those of the module that torch makes of the program, and so are the messages. Texts of expressions are parsed
as Python and emitted as `ts.py` operations; nothing of them is run.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.ir import SSAValue

from tsir.errors import UnsupportedError
from tsir.frontend.exported.emitting import Emitting
from tsir.frontend.exported.graphs import Exported, Input

_BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_COMPARISONS: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_FOLDED = {
    "Add": "+", "Mul": "*", "And": "&", "Or": "|", "Max": "max", "max": "max", "Min": "min", "min": "min", "Pow": "**",
    "PowByNatural": "**",
    "FloatPow": "**", "Mod": "%", "PythonMod": "%", "FloorDiv": "//", "CleanDiv": "//", "IntTrueDiv": "/",
    "FloatTrueDiv": "/",
    "Eq": "==", "Equality": "==", "Ne": "!=", "Unequality": "!=", "Lt": "<", "StrictLessThan": "<", "Le": "<=",
    "LessThan": "<=", "Gt": ">",
    "StrictGreaterThan": ">", "Ge": ">=", "GreaterThan": ">=", "BitwiseFn_bitwise_and": "&", "BitwiseFn_bitwise_or": "|",
}  # fmt: skip
"""sympy's and torch's functions of two or more operands, folded from the left."""
_UNARY = {
    "Not": "not", "floor": "math.floor", "FloorToInt": "math.floor", "ceiling": "math.ceil", "CeilToInt": "math.ceil",
    "ceil": "math.ceil",
    "TruncToInt": "math.trunc", "trunc": "math.trunc", "ToFloat": "float", "float": "float", "int": "int", "Abs": "abs",
    "abs": "abs",
    "sqrt": "math.sqrt", "OpaqueUnaryFn_sqrt": "math.sqrt", "isnan": "math.isnan", "log2": "math.log2",
    "RoundToInt": "round",
}  # fmt: skip


def parse(text: str) -> ast.expr:
    """A condition or expression as Python reads it. Raises UnsupportedError for other texts."""
    try:
        return ast.parse(text.replace("\n", " "), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnsupportedError(f"the exported program has a condition that can't be read: {text[:80]}") from None


def symbols_of(expression: ast.expr) -> set[str]:
    """The symbols in an expression, as sympy prints it plainly (`2*s0`) or exactly (`Mul(Integer(2), Symbol('s0'))`)."""
    return {n for node in ast.walk(expression) if (n := _symbol(node)) is not None}


def _symbol(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id="Symbol"), args=[ast.Constant(value=str(name)), *_]):
            return name
        case ast.Name(id=name) if name[:1] in "suz" and name.lstrip("suzf").isdigit():
            return name
        case _:
            return None


def plain_symbol(text: str) -> str | None:
    """The symbol that an expression is, or None for one of another form."""
    return _symbol(parse(text))


class Expressions:
    """Emits expressions. `names` are the values of symbols, `sources` those of texts such as `L['x'].size()[0]`."""

    def __init__(self, emit: Emitting, names: Mapping[str, SSAValue], tensors: Mapping[str, SSAValue]) -> None:
        self._emit = emit
        self._names = names
        self._tensors = tensors

    def value(self, node: ast.expr) -> SSAValue:
        """The value of an expression. Raises UnsupportedError for what no guard of torch's has."""
        emit = self._emit
        if (symbol := _symbol(node)) is not None and symbol in self._names:
            return self._names[symbol]
        if (
            isinstance(node, ast.Subscript | ast.Attribute | ast.Name | ast.Call)
            and (found := self._tensors.get(ast.unparse(node))) is not None
        ):
            return found
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return emit.constant(value)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return emit.python(_BINARY[type(op)], self.value(left), self.value(right))
            case ast.UnaryOp(op=op, operand=operand):
                symbols: dict[type[ast.AST], str] = {ast.USub: "-", ast.UAdd: "+", ast.Not: "not", ast.Invert: "~"}
                return emit.python(symbols[type(op)], self.value(operand))
            case ast.BoolOp(op=op, values=values):
                return self._folded("&" if isinstance(op, ast.And) else "|", values)
            case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(o) in _COMPARISONS for o in ops):
                operands = [self.value(v) for v in (left, *rights)]
                results = [
                    emit.python(_COMPARISONS[type(o)], a, b) for o, a, b in zip(ops, operands, operands[1:], strict=False)
                ]
                together = results[0]
                for other in results[1:]:
                    together = emit.both(together, other)
                return together
            case ast.Attribute(value=ast.Name(id="math"), attr="inf" | "nan" as name):
                return emit.constant(getattr(math, name))
            case ast.Subscript(value=ast.Call(func=ast.Attribute(value=tensor, attr="size" | "stride" as what)), slice=dim):
                return emit.one(f"{what}.int", self.value(tensor), self.value(dim))
            case ast.Call(func=ast.Attribute(value=tensor, attr="storage_offset")):
                return emit.one("storage_offset", self.value(tensor))
            case ast.Call(func=ast.Name(id="Integer" | "Float" | "Rational"), args=[only, *_]):
                return self.value(only)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="math"), attr=name), args=args):
                if name in _FOLDED and args:
                    return self._folded(_FOLDED[name], args)
                if name in _UNARY and len(args) == 1:
                    return emit.python(_UNARY[name], self.value(args[0]))
            case _:
                pass
        raise UnsupportedError(f"the exported program has a condition of an unknown kind: {ast.unparse(node)[:80]}")

    def _folded(self, symbol: str, nodes: Sequence[ast.expr]) -> SSAValue:
        value = self.value(nodes[0])
        for node in nodes[1:]:
            value = self._emit.python(symbol, value, self.value(node))
        return value


@dataclass
class Argument:
    """An input of the user's: its value, and what it is called in Python and in torch's guards."""

    value: SSAValue
    path: str
    sources: tuple[str, ...]
    input: Input


class Conditions:
    """Emits the checks of a program's inputs."""

    def __init__(self, emit: Emitting, program: Exported, arguments: Sequence[Argument]) -> None:
        self._emit = emit
        self._program = program
        self._arguments = arguments
        self._seen: dict[str, tuple[SSAValue, str]] = {}
        """The value and the text of where each expression was first met."""
        self._symbols: dict[str, SSAValue] = {}
        self._ranges = {_normal(e): bounds for e, bounds in program.ranges.items()}
        self._sizes: dict[str, SSAValue] = {}
        """By what guards call them."""
        self._demanded: set[str] = set()

    def check(self) -> None:
        """Emits all checks: what an input is by itself, in the order of the inputs, then what is demanded between them."""
        for argument in self._arguments:
            self._constant(argument)
            for axis, size in enumerate(argument.input.sizes or ()):
                self._size(argument, axis, size)
        self._derived()
        tensors = self._sizes | {source: a.value for a in self._arguments for source in a.sources}
        expressions = Expressions(self._emit, self._symbols, tensors)
        for guard in dict.fromkeys(self._program.guards):
            condition = parse(guard)
            self._demand(expressions.value(condition), self._shown(condition))
        self._related()

    def _demand(self, condition: SSAValue, text: str) -> None:
        if text in self._demanded:
            return
        self._demanded.add(text)
        self._emit.raise_unless(condition, "AssertionError", f"Guard failed: {text}")

    def _shown(self, condition: ast.expr) -> str:
        text = ast.unparse(condition)
        for argument in self._arguments:
            for source in argument.sources:
                text = text.replace(source, argument.path)
        return text

    def _constant(self, argument: Argument) -> None:
        if argument.input.symbol is not None:
            self._bound(argument.value, argument.path, argument.input.symbol)
        if argument.input.constant is None or argument.input.constant[0] is None:
            return
        (value,) = argument.input.constant
        if isinstance(value, float) and math.isnan(value):
            self._demand(self._emit.python("math.isnan", argument.value), f"math.isnan({argument.path})")
        else:
            self._demand(
                self._emit.python("==", argument.value, self._emit.constant(value)), f"{argument.path} == {value!r}"
            )

    def _size(self, argument: Argument, axis: int, size: int | str) -> None:
        text = f"{argument.path}.size()[{axis}]"
        value = self._emit.size(argument.value, axis)
        self._sizes |= {f"{source}.size()[{axis}]": value for source in argument.sources}
        if isinstance(size, int):
            self._demand(self._emit.python("==", value, self._emit.constant(size)), f"{text} == {size}")
        else:
            self._bound(value, text, size)

    def _bound(self, value: SSAValue, text: str, expression: str) -> None:
        emit, key = self._emit, _normal(expression)
        if key in self._seen:
            before, source = self._seen[key]
            self._demand(emit.python("==", value, before), f"{text} == {source}")
            return
        self._seen[key] = value, text
        if (symbol := plain_symbol(expression)) is not None:
            self._symbols.setdefault(symbol, value)
        self._in_range(value, text, self._ranges.get(key, (None, None)))

    def _in_range(self, value: SSAValue, text: str, bounds: tuple[int | None, int | None]) -> None:
        least, most = bounds
        emit = self._emit
        if least is not None and least > 2:  # as torch: programs for at least 2 are given 0 and 1, too
            self._demand(emit.python(">=", value, emit.constant(least)), f"{text} >= {least}")
        if most is not None and most < 2**62:
            self._demand(emit.python("<=", value, emit.constant(most)), f"{text} <= {most}")

    def _derived(self) -> None:
        """Symbols that no size is alone, as `s0` of `2*s0 + 1`: solved for, where the expression is linear."""
        emit = self._emit
        for expression, (value, text) in self._seen.items():
            parsed = parse(expression)
            unknown = symbols_of(parsed) - self._symbols.keys()
            if len(unknown) != 1 or len(symbols_of(parsed)) != 1:
                continue
            (symbol,) = unknown
            linear = _linear(parsed)
            if linear is None or not linear[0]:
                continue
            factor, offset = linear
            above = emit.python("-", value, emit.constant(offset))
            if abs(factor) != 1:
                rest = emit.python("%", above, emit.constant(factor))
                message = f"({-offset} + {text}) % {factor} == 0" if offset else f"{text} % {factor} == 0"
                self._demand(emit.python("==", rest, emit.constant(0)), message)
            self._symbols[symbol] = emit.python("//", above, emit.constant(factor))

    def _related(self) -> None:
        """Sizes that are expressions over others', which torch's guards say in other words, if at all."""
        expressions = Expressions(self._emit, self._symbols, {})
        for expression, (value, text) in self._seen.items():
            parsed = parse(expression)
            symbols = symbols_of(parsed)
            if _symbol(parsed) is None and symbols and symbols <= self._symbols.keys():
                shown = ast.unparse(_Named(self._seen).visit(parse(expression)))
                self._demand(self._emit.python("==", value, expressions.value(parsed)), f"{text} == {shown}")


class _Named(ast.NodeTransformer):
    """Puts the texts of sizes in the place of symbols."""

    def __init__(self, seen: Mapping[str, tuple[Any, str]]) -> None:
        self._seen = seen

    def visit(self, node: ast.AST) -> Any:
        symbol = _symbol(node)
        if symbol is not None:
            return ast.Name(self._seen[symbol][1] if symbol in self._seen else symbol, ast.Load())
        return self.generic_visit(node)


class _Plain(ast.NodeTransformer):
    """sympy's exact text as Python's operators."""

    def visit_Call(self, node: ast.Call) -> Any:
        if (symbol := _symbol(node)) is not None:
            return ast.Name(symbol, ast.Load())
        node = ast.Call(node.func, [self.visit(a) for a in node.args], [])
        match node:
            case ast.Call(func=ast.Name(id="Integer" | "Float"), args=[only]):
                return only
            case ast.Call(func=ast.Name(id="Mul" | "Add" as name), args=[first, *rest]):
                for other in rest:
                    first = ast.BinOp(first, ast.Mult() if name == "Mul" else ast.Add(), other)
                return first
            case _:
                return node


def _normal(expression: str) -> str:
    """One text for equal expressions, whichever way they are printed; products and sums in sorted order."""
    return _sorted(_Plain().visit(parse(expression)))


def _sorted(node: ast.expr) -> str:
    match node:
        case ast.BinOp(op=ast.Add() | ast.Mult() as op):
            kind = type(op)
            parts: list[str] = []
            pending: list[ast.expr] = [node]
            while pending:
                match pending.pop():
                    case ast.BinOp(left=left, op=inner, right=right) if type(inner) is kind:
                        pending += [left, right]
                    case other:
                        parts.append(_sorted(other))
            return f"({(' + ' if kind is ast.Add else ' * ').join(sorted(parts))})"
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=int(value))):
            return _sorted(ast.BinOp(left, ast.Add(), ast.Constant(-value)))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return repr(-value)
        case _:
            return ast.unparse(node)


def _linear(node: ast.expr) -> tuple[int, int] | None:
    """(a, b) of an expression `a * symbol + b`, or None."""
    if _symbol(node) is not None:
        return 1, 0
    match node:
        case ast.Constant(value=int(value)):
            return 0, value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _linear(operand)
            return None if inner is None else (-inner[0], -inner[1])
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _linear(left), _linear(right)
            if a is None or b is None:
                return None
            if isinstance(op, ast.Add):
                return a[0] + b[0], a[1] + b[1]
            if isinstance(op, ast.Sub):
                return a[0] - b[0], a[1] - b[1]
            if isinstance(op, ast.Mult) and not (a[0] and b[0]):
                return a[0] * b[1] + b[0] * a[1], a[1] * b[1]
            return None
        case _:
            return None


__all__ = ["Argument", "Conditions", "Expressions", "parse"]
