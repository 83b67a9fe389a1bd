"""`with torch.jit._IgnoreContextManager(x="inp:Tensor", y="out:List[int]"):`, whose body stays Python.

As in torch.jit, the names marked `inp` are what the body is given, those marked `out` what it gives. Both have their types there.
"""

from __future__ import annotations

import ast
import copy
import types
from typing import Any

from xdsl.ir import Attribute

from tsir.dialects.program import add_python_function
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CallPythonOp
from tsir.frontend.script.assignment import assign
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.names import annotation_scope


def emit_ignored(e: Emitter, node: ast.With, call: ast.Call) -> None:
    """Makes a Python function of the body, and emits its call and the assignment of what it gives."""
    marked = {k.arg: _mark(e, k) for k in call.keywords if k.arg is not None}
    given = [name for name, (way, _) in marked.items() if way == "inp"]
    made = {name: kind for name, (way, kind) in marked.items() if way == "out"}
    kinds = list(made.values())
    result = ts.NONE if not kinds else kinds[0] if len(kinds) == 1 else ts.TupleType(kinds)
    name = f"{e.source.node.name}.with_{node.lineno + e.source.line_offset}"
    function = add_python_function(name, _function(e, node, given, list(made)), str(result), [None] * len(given))
    e.session.python_functions.append(function)
    operands = [
        coerce(e, e.expression(ast.copy_location(ast.Name(n, ast.Load()), call)), marked[n][1], f"'{n}'") for n in given
    ]
    value = e.session.object_or_run(e.emit(CallPythonOp(function.key, operands, result)))
    targets: list[ast.expr] = [ast.copy_location(ast.Name(n, ast.Store()), call) for n in made]
    if targets:
        target = targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())
        assign(e, ast.copy_location(target, call), value)


def _mark(e: Emitter, keyword: ast.keyword) -> tuple[str, Attribute]:
    text: Any = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    way, _, annotation = str(text).partition(":")
    try:
        tree = ast.parse(annotation.strip(), mode="eval").body
    except SyntaxError:
        tree = None
    if way not in ("inp", "out") or tree is None:
        e.error("expected a string like 'inp:Tensor' or 'out:int'", node=keyword.value, code="TS104")
    found = e.session.annotations.of_node(tree, annotation_scope(e), e.source.location(keyword.value)).type
    return way, ts.TensorType() if found is None else found


def _function(e: Emitter, node: ast.With, given: list[str], made: list[str]) -> Any:
    """The body as a function of Python's, with the globals of the function that it stands in."""
    around = e.source.function
    returned = (
        ast.Tuple([ast.Name(n, ast.Load()) for n in made], ast.Load()) if len(made) != 1 else ast.Name(made[0], ast.Load())
    )
    parameters = ast.arguments([], [ast.arg(n) for n in given], None, [], [], None, [])
    result: list[ast.stmt] = [ast.Return(returned)] if made else []
    tree = ast.FunctionDef(f"with_{node.lineno}", parameters, [*copy.deepcopy(node.body), *result], [], None)
    outer = ast.FunctionDef(
        "around", ast.arguments([], [ast.arg(n) for n in around.__code__.co_freevars], None, [], [], None, []),
        [tree, ast.Return(ast.Name(tree.name, ast.Load()))], [], None,
    )  # fmt: skip
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(outer, node)], []))
    ast.increment_lineno(module, e.source.line_offset)
    names: dict[str, Any] = {}
    exec(compile(module, around.__code__.co_filename, "exec"), names)
    maker = types.FunctionType(names["around"].__code__, around.__globals__)
    return maker(*(cell.cell_contents for cell in around.__closure__ or ()))
