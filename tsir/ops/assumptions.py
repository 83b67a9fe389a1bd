"""Conditions on sizes as text, `x_0 == mask_0` or `floordiv(x_1, 4) > 0`, as functions have them in `ts.assume`.

A condition is what one compiled variant relies on beyond its types: `ShapeEnv` took it as a guard by the sizes of the call that it
was compiled for. Here is the text, and how it is read: as sizes, as Python source, or by whoever else folds over it. Nothing is
evaluated but the few forms that `condition_text` writes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tsir.ops.sizes import Atom, Guard, Size, SymInt, size_max, size_min

MAX_TEXT = 10_000
"""How long a condition may be."""
MAX_DEPTH = 200
"""How deep its parts may nest."""

T = TypeVar("T")

_RELATIONS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.LtE: "<="}
_BINARY: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}
_CALLS = ("floordiv", "mod", "min", "max")


class Algebra(Protocol[T]):
    """What the parts of a condition become."""

    def size(self, name: str) -> T:
        """A size by its name. Raises KeyError for an unknown one."""
        ...

    def number(self, value: int) -> T:
        """A constant."""
        ...

    def apply(self, operation: str, a: T, b: T) -> T:
        """`add`, `sub`, `mul`, `floordiv`, `mod`, `min` or `max` of two parts."""
        ...


@dataclass(frozen=True)
class Condition:
    """`left relation right`, with relation one of `==`, `!=`, `>`, `<=`."""

    text: str
    left: ast.expr
    relation: str
    right: ast.expr

    def sides(self, algebra: Algebra[T]) -> tuple[T, T]:
        """Both sides in an algebra. Raises KeyError for a size that it doesn't know."""
        return _fold(self.left, algebra), _fold(self.right, algebra)


def parse_condition(text: str) -> Condition:
    """Reads what `condition_text` gave. Raises ValueError for anything else."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"a condition on sizes has {len(text)} characters; at most {MAX_TEXT} are read")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"no condition on sizes: {text!r}") from error
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _RELATIONS:
        raise ValueError(f"no condition on sizes: {text!r}")
    found = Condition(text, tree.left, _RELATIONS[type(tree.ops[0])], tree.comparators[0])
    for side in (found.left, found.right):
        _check(side, text, 0)
    return found


def _check(node: ast.expr, text: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"a condition on sizes nests deeper than {MAX_DEPTH}")
    match node:
        case ast.Constant(value=int()) if type(node.value) is int:
            return
        case ast.Name():
            return
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult()):
            parts = [node.left, node.right]
        case ast.Call(func=ast.Name(id=name), args=[_, _], keywords=[]) if name in _CALLS:
            parts = node.args
        case _:
            raise ValueError(f"no condition on sizes: {text!r}")
    for part in parts:
        _check(part, text, depth + 1)


def _fold(node: ast.expr, algebra: Algebra[T]) -> T:
    match node:
        case ast.Constant(value=int(value)):
            return algebra.number(value)
        case ast.Name(id=name):
            return algebra.size(name)
        case ast.BinOp():
            return algebra.apply(_BINARY[type(node.op)], _fold(node.left, algebra), _fold(node.right, algebra))
        case ast.Call(func=ast.Name(id=name)):
            return algebra.apply(name, _fold(node.args[0], algebra), _fold(node.args[1], algebra))
        case _:
            raise AssertionError(node)


def condition_text(guard: Guard, name_of: Callable[[Atom], str | None]) -> str | None:
    """A guard as text over the names of simple atoms; None where it depends on one that has no name."""
    left: list[str] = []
    right: list[str] = []
    for monomial, coefficient in guard.polynomial.terms.items():
        factors: list[str] = []
        for atom in monomial:
            text = _atom_text(atom, name_of)
            if text is None:
                return None
            factors.append(text)
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        (left if coefficient > 0 else right).append("*".join(factors))
    return f"{' + '.join(left) or '0'} {guard.relation} {' + '.join(right) or '0'}"


def _size_text(size: Size, name_of: Callable[[Atom], str | None]) -> str | None:
    if isinstance(size, int):
        return str(size) if size >= 0 else f"0 - {-size}"
    positive: list[str] = []
    negative: list[str] = []
    for monomial, coefficient in size.terms.items():
        factors = [_atom_text(atom, name_of) for atom in monomial]
        if None in factors:
            return None
        number = [str(abs(coefficient))] if abs(coefficient) != 1 or not factors else []
        (positive if coefficient > 0 else negative).append("*".join([*number, *(f for f in factors if f is not None)]))
    return " - ".join([" + ".join(positive) or "0", *negative])


def _atom_text(atom: Atom, name_of: Callable[[Atom], str | None]) -> str | None:
    if atom.operation is None:
        return name_of(atom)
    parts = [_size_text(o, name_of) for o in atom.operands]
    return None if None in parts else f"{atom.operation}({parts[0]}, {parts[1]})"


@dataclass(frozen=True)
class Sizes:
    """Conditions as sizes of an environment."""

    known: Mapping[str, Size]

    def size(self, name: str) -> Size:
        """The size of that name."""
        return self.known[name]

    def number(self, value: int) -> Size:
        """The number itself."""
        return value

    def apply(self, operation: str, a: Size, b: Size) -> Size:
        """The sizes' arithmetic, which decides nothing."""
        match operation:
            case "add":
                return a + b
            case "sub":
                return a - b
            case "mul":
                return a * b
            case "floordiv":
                return a // b
            case "mod":
                return a % b
            case "min":
                return size_min(a, b)
            case _:
                return size_max(a, b)


@dataclass(frozen=True)
class PythonText:
    """Conditions as Python source; `names` has the expression of each size."""

    names: Mapping[str, str]

    def size(self, name: str) -> str:
        """The expression of a size."""
        return self.names[name]

    def number(self, value: int) -> str:
        """A literal."""
        return str(value)

    def apply(self, operation: str, a: str, b: str) -> str:
        """An expression in parentheses."""
        if operation in ("min", "max"):
            return f"{operation}({a}, {b})"
        if operation in ("floordiv", "mod") and not (b.isdecimal() and int(b)):
            b = f"({b} or 1)"  # the program itself divides by it, and raises what it raises for 0
        return f"({a} {_PYTHON[operation]} {b})"


_PYTHON = {"add": "+", "sub": "-", "mul": "*", "floordiv": "//", "mod": "%"}


def python_condition(condition: Condition, names: Mapping[str, str]) -> str:
    """The condition as a Python expression. Raises KeyError for a size without expression."""
    left, right = condition.sides(PythonText(names))
    return f"{left} {condition.relation} {right}"


def learn(conditions: Iterable[Condition], known: Mapping[str, Size]) -> None:
    """Makes conditions known to the environment of the sizes, whose names are given; those of other sizes are left out."""
    algebra = Sizes(known)
    for condition in conditions:
        try:
            left, right = condition.sides(algebra)
        except KeyError:
            continue
        difference = left - right
        if isinstance(difference, SymInt):
            difference.env.assume(difference, condition.relation)
