"""From a Python function to its syntax tree, with the lines and columns of the file it stands in.

Names that the function reads from outside (its closure, its module, the built-ins) are looked up here too. What the tree
means is not this module's subject.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import linecache
import sys
import textwrap
import types
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch._jit_internal import FunctionModifiers

from tsir.dialects.program import EntryPoint, Program
from tsir.errors import FrontendError, SourceLocation
from tsir.frontend.script.cached import with_caches
from tsir.frontend.script.cells import with_cells
from tsir.frontend.script.comprehension_cells import with_comprehension_cells
from tsir.frontend.script.private_names import is_named, with_private_names

FunctionNode = ast.FunctionDef


@dataclass(frozen=True)
class FunctionSource:
    """A function's tree, and where it is. `line_offset` is what has to be added to a node's line."""

    function: Any
    node: FunctionNode
    file: str
    line_offset: int
    column_offset: int = 0
    loads: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])
    """Where each name is read, as (line, column) of the tree, in order."""
    repeated: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list[Any])
    """Start and end of what may run several times: the bodies and conditions of loops and comprehensions."""
    stored: dict[str, int] = field(default_factory=dict[str, int])
    """In how many places each name is assigned."""
    captured: set[str] = field(default_factory=set[str])
    """The names that functions inside it read or assign, which may happen whenever those are called."""

    def location(self, node: ast.AST) -> SourceLocation:
        """The place of a node in the file; of one with several lines the line that says most about it."""
        (line, start), end = extent(node, self.node)
        text = linecache.getline(self.file, line + self.line_offset)
        if not text.isascii():  # the tree counts bytes
            shown = text.encode()
            start, end = (len(shown[:n].decode(errors="ignore")) for n in (start, min(end, len(shown))))
        shift = self.column_offset + 1
        return SourceLocation(self.file, line + self.line_offset, start + shift, end + shift)

    def contains(self, place: SourceLocation) -> bool:
        """Whether a place is in this function."""
        first, last = self.node.lineno, self.node.end_lineno or self.node.lineno
        return place.file == self.file and first <= place.line - self.line_offset <= last

    def is_read_after(self, name: str, position: tuple[int, int]) -> bool:
        """Whether the name is read somewhere at or behind a (line, column) of the tree."""
        places = self.loads.get(name, [])
        return bisect_left(places, position) < len(places)

    def is_used_once(self, name: str, bound_at: tuple[int, int]) -> bool:
        """Whether a variable that is assigned at a place is read at most once: in one place, which no loop around it repeats."""
        places = self.loads.get(name, [])
        if not places:
            return name not in self.captured
        if len(places) > 1 or name in self.captured or self.stored.get(name, 0) > 1:
            return False
        return not any(first <= places[0] < last and not first <= bound_at < last for first, last in self.repeated)

    def is_read_between(self, name: str, start: tuple[int, int], end: tuple[int, int]) -> bool:
        """Whether the name is read between two positions of the tree."""
        places = self.loads.get(name, [])
        index = bisect_left(places, start)
        return index < len(places) and places[index] < end


_END_OF_LINE = 1 << 20


def extent(node: ast.AST, default: ast.stmt) -> tuple[tuple[int, int], int]:
    """Line and column where what an error marks of a node begins, and the column where it ends, as the tree counts them."""
    line, start = getattr(node, "lineno", default.lineno), getattr(node, "col_offset", 0)
    last, end = getattr(node, "end_lineno", None) or line, getattr(node, "end_col_offset", None) or start
    if isinstance(node, ast.keyword) and node.arg is not None:
        return (line, start), start + len(node.arg.encode())
    if last == line:
        return (line, start), end
    match node:
        case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
            words = (
                "def " if isinstance(node, ast.FunctionDef) else "class " if isinstance(node, ast.ClassDef) else "async def "
            )
            return (line, start), start + len(words) + len(node.name)
        case ast.Attribute():
            return (last, end - len(node.attr)), end
        case ast.Call(func=ast.Attribute()) if node.func.end_lineno != line:
            return extent(node.func, default)
        case ast.BinOp(right=right) if right.lineno != line:
            return extent(right, default)
        case ast.Compare(comparators=[*_, right]) if right.lineno != line:
            return extent(right, default)
        case ast.For():
            return extent(node.iter, default)
        case ast.While() | ast.If():
            return extent(node.test, default)
        case _:
            return (line, start), _END_OF_LINE


def _line_of_def(text: str, first_line: int) -> int:
    """The line of the `def` behind decorators."""
    words = (line.split(maxsplit=1)[:1] for line in text.splitlines())
    return next((first_line + i for i, word in enumerate(words) if word in (["def"], ["async"])), first_line)


def stand_in(cls: type) -> type:
    """The class that is compiled for a class: another one where the library says so, as for torch.jit, by `_jit_override_qualname`."""
    name = vars(cls).get("_jit_override_qualname")
    if not isinstance(name, str) or issubclass(cls, nn.Module):
        return cls
    module, _, own = name.rpartition(".")
    found = getattr(sys.modules.get(module.removeprefix("__torch__").removeprefix(".") or "__main__"), own, None)
    return found if isinstance(found, type) else cls


def unwrap(function: Any) -> Any:
    """The plain Python function behind a decorated, scripted or bound one."""
    seen: set[int] = set()
    while id(function) not in seen:
        seen.add(id(function))
        original = getattr(function, "_torchdynamo_inline", None)
        if original is not None and not isinstance(function, types.FunctionType):
            function = original
        elif isinstance(function, (types.MethodType, staticmethod | classmethod)):
            function = function.__func__
        elif isinstance(function, types.FunctionType) and hasattr(function, "__script_if_tracing_wrapper"):
            function = vars(function)["__original_fn"]
    return function


WRAPPER = "$wrapped"
"""What a wrapped entry point is called in the function that calls it."""


def innermost(function: Any) -> Any:
    """The function that `functools.wraps` names at the bottom of wrappers: it has the parameters that callers know."""
    seen: set[int] = set()
    while inspect.isfunction(getattr(function, "__wrapped__", None)) and id(function) not in seen:
        seen.add(id(function))
        function = function.__wrapped__
    return function


def is_dynamic(function: Any, *, wrapped_only: bool = False) -> bool:
    """Whether a function is wrapped by another one written in Python, or takes `*args` or `**kwargs`."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    if innermost(function) is not function:
        return True
    return not wrapped_only and bool(code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS))


def wrapping_source(source: FunctionSource, declaring: FunctionNode, left_out: Sequence[str]) -> FunctionSource:
    """The source of a function with the parameters of `declaring` that passes them, but those to leave out, by name, to the wrapper
    around that."""
    arguments = copy.copy(declaring.args)
    arguments.vararg = arguments.kwarg = None
    positional = [*arguments.posonlyargs, *arguments.args[:1]]
    named = [a for a in (*arguments.args[1:], *arguments.kwonlyargs) if a.arg not in left_out]
    call = ast.Call(
        ast.Name(WRAPPER, ast.Load()),
        [ast.Name(a.arg, ast.Load()) for a in positional],
        [ast.keyword(a.arg, ast.Name(a.arg, ast.Load())) for a in named],
    )
    node = ast.FunctionDef(declaring.name, arguments, [ast.Return(call)], [], None, None)
    node.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    for tree in (node, *ast.walk(node.body[0])):
        ast.copy_location(tree, source.node)
    return make_source(source.function, node, source.file, source.line_offset)


def was_python(value: Any) -> bool:
    """Whether a value is a compiled function of torch's or tsir's whose Python function is known."""
    return not isinstance(value, type) and isinstance(
        inspect.getattr_static(value, "_torchdynamo_inline", None), types.FunctionType
    )


def is_compiled_function(value: Any) -> bool:
    """Whether a value is a compiled function of tsir's, or a compiled module's method."""
    return isinstance(getattr(value, "entry", None), EntryPoint) and isinstance(getattr(value, "program", None), Program)


def is_traced_function(value: Any) -> bool:
    """Whether a value is a compiled function that has tensors of its own: one that was traced and read tensors around it."""
    state = getattr(value, "__dict__", {})
    return not isinstance(value, torch.nn.Module | type) and isinstance(state.get("program"), Program) and "_root" in state


def is_class_of_compiled(value: Any) -> bool:
    """Whether a class is that of compiled modules or functions, tsir's or torch's, as annotations name it: `m: ScriptModule`."""
    if not isinstance(value, type):
        return False
    return "_of_compiled" in vars(value) or value in _OF_COMPILED


_OF_COMPILED: tuple[Any, ...] = (torch.jit.ScriptModule, torch.jit.ScriptFunction)


def is_compiled_module(value: Any) -> bool:
    """Whether a value is a compiled module of tsir's."""
    return isinstance(value, torch.nn.Module) and isinstance(value.__dict__.get("program"), Program)


def is_of_torch(function: Any) -> bool:
    """Whether torch's own code defines a function; one that `exec` makes may not say where it belongs."""
    return (function.__module__ or "").startswith("torch.")


def describe(function: Any) -> str:
    """A function's name for a message."""
    return getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or repr(function)


def function_source(function: Any) -> FunctionSource:
    """The tree of a Python function. Raises FrontendError when the source can't be read or isn't a `def`."""
    function = unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None:
        raise FrontendError(
            f"{describe(function)} isn't a Python function, so there is no source to compile",
            hint="it is written in C: call it outside and pass the result" if callable(function) else None,
            code="TS102",
        )
    return _source_of_code(function, code)


@lru_cache(maxsize=4096)
def _source_of_code(function: Any, code: types.CodeType) -> FunctionSource:
    try:
        lines, first_line = inspect.getsourcelines(code)
    except (OSError, TypeError) as error:
        raise _no_source(function, code, error) from None
    if code.co_name == "<lambda>":
        return _source_of_lambda(function, code)
    text = "".join(lines)
    indented = text[:1] in " \t"
    tree = _parse("if 1:\n" + text if indented else text, code, first_line, function)
    node = _find_function(tree, code)
    if node is not None and node.type_comment is None:
        node.type_comment = _comment_below_docstring(node, ["", *lines] if indented else lines)
    if node is None:
        is_async = bool(code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR))
        raise FrontendError(
            f"{describe(function)} is an async function, which can't be compiled"
            if is_async
            else f"{describe(function)} isn't defined by a def statement where its code says it is",
            location=SourceLocation(code.co_filename, _line_of_def(text, first_line), 1, _END_OF_LINE),
            hint="write a plain def; torch.jit.fork() runs calls side by side"
            if is_async
            else "write it as a def in a file, and script it again after the file has changed",
            code="TS101" if is_async else "TS102",
        )
    file = inspect.getsourcefile(code) or code.co_filename
    node = with_private_names(node, function.__qualname__)
    if any(isinstance(n, ast.Global | ast.Nonlocal) for n in ast.walk(node)):
        _AssignedOutside(code.co_freevars).visit(node)
    node = with_comprehension_cells(with_cells(with_caches(node, lambda name: outer_name(function, name))))
    return make_source(function, node, file, first_line - (2 if indented else 1))


GLOBALS = "<globals>"
"""What has the variables of modules, and of functions that aren't compiled, that a function assigns, as attributes."""


class _AssignedOutside(ast.NodeTransformer):
    """Makes attributes of `GLOBALS` of the variables outside of a function that it assigns. `free` are those of functions around."""

    def __init__(self, free: Sequence[str]) -> None:
        self.free = free
        self.names: frozenset[str] = frozenset()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        outer, assigned = self.names, frozenset(assigned_names(node.body))
        scope = list(_walk_scope(node.body))
        declared = {name for n in scope if isinstance(n, ast.Global) for name in n.names}
        declared |= {name for n in scope if isinstance(n, ast.Nonlocal) for name in n.names if name in self.free}
        for n in scope:
            if isinstance(n, ast.Nonlocal):
                n.names = [name for name in n.names if name not in self.free or name not in assigned]
        parameters = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        self.names = (outer - assigned - parameters) | (declared & assigned)
        node.body = [self.visit(s) for s in node.body]
        self.names = outer
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._without({a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}, node)

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._comprehension(node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        targets = (n for g in node.generators for n in ast.walk(g.target))
        return self._without({n.id for n in targets if isinstance(n, ast.Name)}, node)

    def _without(self, names: set[str], node: ast.AST) -> ast.AST:
        """The tree of something that has variables of its own."""
        outer, self.names = self.names, self.names - names
        self.generic_visit(node)
        self.names = outer
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.names:
            return node
        holder = ast.copy_location(ast.Name(GLOBALS, ast.Load()), node)
        return ast.copy_location(ast.Attribute(holder, node.id, node.ctx), node)


_INTERACTIVE = ("<stdin>", "<console>", "<python-input", "<input>")


def _no_source(function: Any, code: types.CodeType, error: Exception) -> FrontendError:
    """The error for a function whose source there is no file for; it says where the function was made and what to do."""
    file = code.co_filename
    if file.startswith(_INTERACTIVE):
        why, hint = "it was typed into the interpreter", "write it to a file and import it, or use IPython or a notebook"
    elif file.startswith("<frozen"):
        why, hint = "it is part of the interpreter", "call it outside and pass the result"
    elif file.startswith("<"):
        why = f"it was made by exec() or eval(), from {file}"
        hint = "write the text to a file and import it, or enter its lines in linecache.cache under the file name it is compiled with"
    else:
        why, hint = f"{error}: {file}", "keep the source file where it was when the module was imported"
    return FrontendError(f"the source of {describe(function)} can't be read: {why}", hint=hint, code="TS102")


def make_source(function: Any, node: FunctionNode, file: str, line_offset: int) -> FunctionSource:
    """The source of a function whose tree is known. `function` is the one whose closure and module give names from outside."""
    source = FunctionSource(function, node, file, line_offset)
    at_once = {
        id(n.args[0])
        for n in ast.walk(node)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in CONSUMERS and n.args
    }
    source.loads.update(_loads(node))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            source.stored[inner.id] = source.stored.get(inner.id, 0) + 1
        if inner is not node and isinstance(inner, ast.FunctionDef | ast.Lambda):
            source.captured.update(n.id for n in ast.walk(inner) if isinstance(n, ast.Name))
        elif isinstance(inner, ast.GeneratorExp) and id(inner) not in at_once:
            source.captured.update(_later(inner))
        source.repeated.extend(_repeated(inner))
    return source


def _later(node: ast.GeneratorExp) -> list[str]:
    """The variables around that a generator expression reads where its elements are used."""
    first, *rest = node.generators
    own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
    parts = [node.elt, *first.ifs, *(p for g in rest for p in (g.iter, *g.ifs))]
    return [n.id for p in parts for n in ast.walk(p) if isinstance(n, ast.Name) and n.id not in own]


def _repeated(node: ast.AST) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """What of a loop or comprehension may run several times."""
    parts: list[tuple[ast.stmt | ast.expr, ast.stmt | ast.expr]] = []
    match node:
        case ast.For():
            parts = [(node.body[0], node.body[-1])]
        case ast.While():
            parts = [(node.test, node.body[-1])]
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            parts = [(node.elt, node.elt)]
        case ast.DictComp():
            parts = [(node.key, node.value)]
        case _:
            pass
    for i, part in enumerate(node.generators if isinstance(node, _COMPREHENSIONS) else []):
        parts += [(p, p) for p in (*part.ifs, *([part.iter] if i else []))]
    return [((p.lineno, p.col_offset), (q.end_lineno or q.lineno, q.end_col_offset or 0)) for p, q in parts]


CONSUMERS = frozenset(("sum", "any", "all", "max", "min", "list", "tuple", "set", "frozenset", "dict", "sorted", "bytes"))
"""Built-in functions that use all elements of an iterator, or as many as they need, and no more of it afterwards."""


def lambda_as_function(node: ast.Lambda) -> FunctionNode:
    """A lambda as the function that returns its value."""
    body = ast.copy_location(ast.Return(node.body), node.body)
    made = ast.FunctionDef("<lambda>", node.args, [body], [], None, None)
    made.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    return ast.copy_location(made, node)


def _source_of_lambda(function: Any, code: types.CodeType) -> FunctionSource:
    """A lambda's tree: of those that begin in its line, the innermost that all of its instructions stand in."""
    tree = _parse("".join(linecache.getlines(code.co_filename)), code, 1, function)
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno]
    positions: Any = getattr(code, "co_positions", None)  # from Python 3.11 on
    places = list(positions())[1:] if positions else []
    for line, _, column, end in places:
        if line is not None and column is not None and column != end:
            found = [n for n in found if _starts(n.body) <= (line, column) < _ends(n.body)]
    if not found:
        raise FrontendError(
            f"the source of {describe(function)} can't be told from others in this line",
            location=SourceLocation(code.co_filename, code.co_firstlineno, 1, _END_OF_LINE),
            hint="write it as a def",
            code="TS102",
        )
    node = with_private_names(max(found, key=_starts), function.__qualname__)
    return make_source(function, lambda_as_function(node), code.co_filename, 0)


def _starts(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _ends(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, (node.end_col_offset or node.col_offset) + 1


def _parse(text: str, code: types.CodeType, first_line: int, function: Any) -> ast.Module:
    for with_comments in (True, False):
        try:
            return ast.parse(text, type_comments=with_comments)
        except SyntaxError:
            continue
    try:
        return ast.parse(textwrap.dedent(text))
    except SyntaxError as error:
        raise FrontendError(
            f"the source of {describe(function)} can't be parsed: {error.msg}",
            location=SourceLocation(code.co_filename, first_line),
            hint="script it again after the file has been put right",
            code="TS102",
        ) from None


def _comment_below_docstring(node: FunctionNode, lines: list[str]) -> str | None:
    """A signature comment between the docstring and the first statement, which Python's parser doesn't look for."""
    if len(node.body) < 2 or ast.get_docstring(node) is None:
        return None
    between = lines[(node.body[0].end_lineno or 1) : node.body[1].lineno - 1]
    found = [line.strip().removeprefix("# type:").strip() for line in between if line.strip().startswith("# type: (")]
    return found[0] if found else None


def _find_function(tree: ast.Module, code: types.CodeType) -> FunctionNode | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and is_named(node.name, code.co_name):
            return node
    return None


def _loads(node: ast.AST) -> dict[str, list[tuple[int, int]]]:
    places: dict[str, list[tuple[int, int]]] = {}
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load | ast.Del):
            places.setdefault(child.id, []).append((child.lineno, child.col_offset))
        elif isinstance(child, ast.AugAssign) and isinstance(child.target, ast.Name):
            places.setdefault(child.target.id, []).append((child.lineno, child.col_offset))
    for found in places.values():
        found.sort()
    return places


def is_exported(function: Any) -> bool:
    """Whether a method is marked with `torch.jit.export`."""
    return getattr(function, "_torchscript_modifier", None) is FunctionModifiers.EXPORT


def is_left_out(function: Any) -> bool:
    """Whether a function is marked with `torch.jit.unused` or `torch.jit.ignore`."""
    left_out = (FunctionModifiers.UNUSED, FunctionModifiers.IGNORE, FunctionModifiers._DROP)
    return getattr(function, "_torchscript_modifier", None) in left_out


def is_called_in_python(function: Any) -> bool:
    """Whether compiled code calls a function in Python: one marked with `torch.jit.ignore`."""
    return getattr(function, "_torchscript_modifier", None) is FunctionModifiers.IGNORE


MISSING = object()


def outer_name(function: Any, name: str) -> Any:
    """What a name that isn't local means: of the closure, the module, or the built-ins. `MISSING` when it means nothing."""
    code = function.__code__
    if name in code.co_freevars:
        cell = function.__closure__[code.co_freevars.index(name)]
        try:
            return cell.cell_contents
        except ValueError:
            return MISSING
    if name in function.__globals__:
        return function.__globals__[name]
    return getattr(builtins, name, MISSING)


_MEANINGS: dict[str, dict[str, Any]] = {"torch.nn.functional": {"DType": torch.dtype}}
"""Names in annotations of torch's modules that torch.jit reads differently: there a dtype is an int."""


def annotation_scope(function: Any) -> dict[str, Any]:
    """The names that annotations of a function may use: of its module and its closure."""
    scope = dict(vars(builtins)) | dict(function.__globals__)
    scope |= _MEANINGS.get(function.__module__, {})
    scope |= {n: v for n in function.__code__.co_freevars if (v := outer_name(function, n)) is not MISSING}
    return scope


def assigned_names(statements: list[ast.stmt]) -> list[str]:
    """The names that the statements assign, in order of first assignment; those of nested functions are not theirs."""
    names: dict[str, None] = {}
    for node in _walk_scope(statements):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            names[node.id] = None
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names[node.name] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).partition(".")[0]: None for a in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names[node.name] = None
    return list(names)


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _walk_scope(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    pending: list[ast.AST] = list(reversed(statements))
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, _SCOPES):
            continue
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, _COMPREHENSIONS):
            children = [c for c in ast.walk(node) if isinstance(c, ast.NamedExpr)]
        pending.extend(reversed(children))


def leaves_loop(statements: list[ast.stmt]) -> bool:
    """Whether the body of a loop contains a `break` of this loop or a `return`."""
    pending: list[tuple[ast.AST, bool]] = [(s, False) for s in statements]
    while pending:
        node, inner = pending.pop()
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break) and not inner):
            return True
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, ast.For | ast.While):
            pending += [(c, True) for c in node.body]
            pending += [(c, inner) for c in node.orelse]
            continue
        pending += [(c, inner) for c in ast.iter_child_nodes(node)]
    return False


def rebound_names(node: FunctionNode) -> frozenset[str]:
    """The names that a function declares `nonlocal`."""
    return frozenset(name for n in _walk_scope(node.body) if isinstance(n, ast.Nonlocal) for name in n.names)


def is_generator(node: FunctionNode) -> bool:
    """Whether the function yields values."""
    return any(isinstance(n, ast.Yield | ast.YieldFrom) for n in _walk_scope(node.body))


def docstring(node: FunctionNode) -> str | None:
    """The docstring of a function."""
    return ast.get_docstring(node)
