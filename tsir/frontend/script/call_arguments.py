"""The arguments of a call of a built-in, as its emitter gets them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.frontend.script.convert import (
    materialise,
)
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.operator_calls import is_tensor
from tsir.frontend.script.values import (
    Const,
    Run,
    Spread,
    Value,
)


@dataclass
class Arguments:
    """A call of one of these functions, its arguments not evaluated yet."""

    e: Emitter
    node: ast.Call
    want: Any = None

    def values(self, *, spread: bool = False) -> list[Value]:
        """The positional arguments, evaluated. With `spread`, `*values` of unknown length may be among them."""
        from tsir.frontend.script.evaluated_arguments import argument_trees, evaluate_arguments

        args, kwargs = evaluate_arguments(self.e, self.node)
        for value, tree in zip(args, self.node.args, strict=False):
            if isinstance(value, Spread) and not spread:
                self.e.error(
                    f"only a tuple of known length can be passed with * here, not a {self.e.show(value.values)}",
                    node=tree,
                    hint="pass the elements one by one",
                    code="TS401",
                )
        self.e.call_arguments.extend(argument_trees(self.node, args, kwargs))
        return args

    def keywords(self) -> dict[str, Value]:
        """The keyword arguments, evaluated."""
        from tsir.frontend.script.evaluated_arguments import evaluate_arguments

        return evaluate_arguments(self.e, ast.copy_location(ast.Call(self.node.func, [], self.node.keywords), self.node))[1]

    def exactly(self, least: int, most: int | None = None) -> None:
        """Raises FrontendError for another number of arguments."""
        count = len(self.node.args) + len(self.node.keywords)
        if not least <= count <= (least if most is None else most):
            name = ast.unparse(self.node.func)
            number = str(least) if most in (None, least) else f"{least} to {most}"
            plural = "" if number == "1" else "s"
            self.e.error(f"{name}() takes {number} argument{plural}, got {count}", node=self.node, code="TS401")


def as_number(e: Emitter, value: Value, name: str) -> Value:
    """A tensor with one element as its number, for functions of Python's that take numbers."""
    if is_tensor(e.session.type_of(value)):
        return python_number(e, value, "float")
    return value


def python_number(e: Emitter, tensor: Value, name: str) -> Value:
    """What `int`, `float` or `complex`, by its name, gives of a tensor with one element."""
    operands = [materialise(e, tensor), *([] if name == "complex" else [materialise(e, Const(name))])]
    return Run(e.py(name, [e.aten_value("_python_number", operands)]))


def spread_last(e: Emitter, values: list[Value], node: ast.AST | None) -> list[Value]:
    """Arguments of a variadic function with one `*values` among them, in last place, as a list."""
    from tsir.frontend.script.comprehensions import collect

    last = values[-1]
    if sum(isinstance(v, Spread) for v in values) != 1 or not isinstance(last, Spread):
        hint = "put the values into one list first: `values = [*a, b]`"
        e.unsupported("more than one argument with *, or one that isn't the last,", node=node, hint=hint)
    is_list = isinstance(last.values, Run) and isinstance(last.values.type, ts.ListType)
    return [*values[:-1], last if is_list else Spread(collect(e, last.values))]
