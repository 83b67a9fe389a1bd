"""How a person spells what the statements say: operators for torch's functions of the same meaning, indices, f-strings.

This comes last: what moves statements and expressions before knows tensors' operations as calls.
"""

from __future__ import annotations

import ast

_BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "matmul": ast.MatMult, "pow": ast.Pow,
    "floor_divide": ast.FloorDiv, "remainder": ast.Mod, "bitwise_and": ast.BitAnd, "bitwise_or": ast.BitOr,
    "bitwise_xor": ast.BitXor, "bitwise_left_shift": ast.LShift, "bitwise_right_shift": ast.RShift,
}  # fmt: skip
_UNARY: dict[str, type[ast.unaryop]] = {"neg": ast.USub, "bitwise_not": ast.Invert}
_COMPARED: dict[str, type[ast.cmpop]] = {
    "lt": ast.Lt, "le": ast.LtE, "gt": ast.Gt, "ge": ast.GtE, "eq": ast.Eq, "ne": ast.NotEq,
}  # fmt: skip
_MOST_COLONS = 3
"""Up to which dimension an index is written with `:` for those before it."""


class Spelled(ast.NodeTransformer):
    """Spells the expressions of a function."""

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        made = [t.value if isinstance(t, ast.Subscript) and _is_all(t.slice) else None for t in node.targets]
        self.generic_visit(node)
        match node.targets, made:
            case [ast.Subscript(value=ast.Subscript() as item)], [ast.Call()]:
                node.targets = [item]  # of the view that a call made an item of
            case _:
                pass
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="torch"), attr="rsub"), args=[first, ast.Constant() as second]
            ):
                return ast.BinOp(second, ast.Sub(), first)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name), args=[first, second], keywords=[]) if (
                not isinstance(first, ast.Constant | ast.Starred) and not isinstance(second, ast.Starred)
            ):
                if name in _BINARY:
                    return ast.BinOp(first, _BINARY[name](), second)
                return ast.Compare(first, [_COMPARED[name]()], [second]) if name in _COMPARED else node
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name), args=[first], keywords=[]) if (
                name in _UNARY
            ):
                return ast.UnaryOp(_UNARY[name](), first)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="torch"), attr="select"), args=[first, dim, index], keywords=[]
            ) if (before := _before(dim)) is not None:
                return _item(first, [*before, index])
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=ast.Attribute(value=ast.Name(id="torch"))), attr="slice"),
                args=[first, dim, *bounds],
                keywords=[],
            ) if (before := _before(dim)) is not None:
                return _item(first, [*before, ast.Slice(*map(_bound, bounds))])
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=""), attr="join"), args=[ast.List(elts=parts)]):
                return _formatted(parts) or node
            case _:
                return node


def _is_all(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant) and index.value is ...


def _before(dim: ast.expr) -> list[ast.expr] | None:
    """What stands in an index before the part for a dimension."""
    match dim:
        case ast.Constant(value=int() as number) if number <= _MOST_COLONS:
            return [ast.Slice() for _ in range(number)]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            return [ast.Constant(...)]
        case _:
            return None


def _bound(bound: ast.expr) -> ast.expr | None:
    return None if isinstance(bound, ast.Constant) and bound.value is None else bound


def _item(holder: ast.expr, parts: list[ast.expr]) -> ast.expr:
    return ast.Subscript(holder, parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load()), ast.Load())


def _formatted(parts: list[ast.expr]) -> ast.expr | None:
    """The f-string of texts and of `format(value, spec)`; None where a part can't stand in one."""
    values: list[ast.expr] = []
    for part in parts:
        match part:
            case ast.Constant(value=str()):
                values.append(part)
            case ast.Call(func=ast.Name(id="format"), args=[value]):
                values.append(ast.FormattedValue(value, -1))
            case ast.Call(func=ast.Name(id="format"), args=[value, ast.Constant(value=str()) as spec]):
                values.append(ast.FormattedValue(value, -1, ast.JoinedStr([spec])))
            case ast.Starred():
                return None
            case _:
                values.append(ast.FormattedValue(part, -1))
    made = ast.JoinedStr(values)
    try:
        again = ast.parse(ast.unparse(ast.fix_missing_locations(ast.Expression(made))), mode="eval").body
    except (ValueError, SyntaxError):  # quotes or backslashes that an f-string can't have in an expression
        return None
    return made if ast.dump(again) == ast.dump(made) else None


__all__ = ["Spelled"]
