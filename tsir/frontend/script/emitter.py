"""The state of one function's compilation: its variables, where operations go, and how errors say where they are.

What an AST node means is in `expressions.py`, `statements.py` and the modules that those call; here is what all of them need.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from xdsl.builder import Builder
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, LocationAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from tsir.dialects.locations import UNKNOWN, called_from, location_attribute
from tsir.dialects.names import hint_of
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import CastOp
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError, OperatorError, OperatorTypeError, SourceLocation, UnsupportedError
from tsir.frontend.constants import Constant, emit_constant, insert
from tsir.frontend.overloads import emit_aten
from tsir.frontend.refused_calls import OverloadError
from tsir.frontend.script.constructs import INSTEAD, describe_node, start_of
from tsir.frontend.script.frames import FRAME, framed
from tsir.frontend.script.source import FunctionSource, is_of_torch
from tsir.frontend.script.values import (
    FALSE,
    ITERATORS,
    Binding,
    Builtin,
    Closure,
    Condition,
    Const,
    Coroutine,
    GeneratorCall,
    Method,
    Object,
    PyFunction,
    PyObject,
    Run,
    Scope,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)
from tsir.ops import python

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.outside import Outside

Want = Attribute | None
"""The type that an expression is wanted to have, as far as its use tells; a hint for `[]` and the like."""

ExpressionEmitter = Callable[["Emitter", Any, Want], Value]
StatementEmitter = Callable[["Emitter", Any], None]


class Unreachable(Exception):
    """What is being emitted can't be reached: an expression that always raises. The statement around it ends there."""


RETURNED, STOP, EXIT, RESULT = "$returned", "$stop", "$exit", "$result"
"""Variables that the compiler adds: whether the function has returned, the loop is left, the rest of the body is skipped; and
the value returned."""


SENT = "<sent>"
"""The variable with what was sent to a generator at its last `yield`."""

DEFINED = "$defined "
"""Before a variable's name: the flag that says whether it has been assigned, where not all paths to here do."""


@dataclass
class Cell:
    """A list with a variable's latest value, while the body of a `try` runs; and the types it has had.

    Of one that has no value before, the list's second element says whether it has one.
    """

    types: list[Attribute] = field(default_factory=list[Attribute])
    ssa: SSAValue | None = None
    unset: bool = False


@dataclass
class Emitter:
    """Compiles one function. The tables say how each kind of expression and statement is emitted."""

    session: Session
    source: FunctionSource
    expressions: Mapping[type[ast.expr], ExpressionEmitter]
    statements: Mapping[type[ast.stmt], StatementEmitter]
    block: Block
    return_type: Attribute | None = None
    variables: dict[str, Binding] = field(default_factory=dict[str, Binding])
    paths: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    """What is known about attributes: `self.bias` to its type."""
    dead: bool = False
    """Whether what is emitted now can't be reached."""
    node: ast.AST | None = None
    loops: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list[Any])
    """Start and end of the loops around, for liveness."""
    local_names: frozenset[str] = frozenset()
    entering: tuple[SSAValue, ...] = ()
    """What the loops that are being emitted start with: those operations, which use them, aren't there yet."""
    loop_runs: bool = False
    """Whether the innermost loop is known to run at least once."""
    want: Want = None
    """The type that the call being emitted is wanted to have."""
    depth: int = 0
    """How deep rests of bodies are nested in branches."""
    scope: Scope = field(default_factory=lambda: Scope(0, frozenset()))
    """Where names are looked up: the function's own frame, then those of the functions around it."""
    rebinds: frozenset[str] = frozenset()
    """Names of the functions around that are assigned here (`nonlocal`)."""
    caller: LocationAttr = UNKNOWN
    """Where the call stands whose function is being inlined."""

    call_arguments: list[tuple[Value, ast.AST]] = field(default_factory=list[tuple[Value, ast.AST]])
    """The arguments of the call being compiled, with their trees."""
    on_yield: Callable[[Value], Value] | None = None
    """What a `yield` of the generator that is being emitted does with its value; it gives the value of the `yield`."""
    spliced: frozenset[int] = frozenset()
    """The frames of the functions with the loops over the generator that is being emitted: while it runs, none of them is left."""
    is_root: bool = False
    """Whether the code being emitted is an entry point's, or inlined into one."""
    is_entry: bool = False
    """Whether the function is called from outside, so that its results have to be Python's."""
    cells: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    """The variables, by `cell_key`, whose latest value has to be known after an exception."""
    declared: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    """The types that annotated assignments declare, by `cell_key`."""
    outside: Outside | None = None
    """The values from outside that are parameters of the entry point, in its body."""
    leaving: dict[str, SSAValue] | None = None
    """While an entry point returns: the objects that leave the program with it, by the keys of their contents."""
    handled: SSAValue | None = None
    """The exception that is being handled."""
    unreached: set[str] = field(default_factory=set[str])
    """Variables, by `cell_key`, that statements assign which can't be reached."""

    def __post_init__(self) -> None:
        self.builder = Builder(InsertPoint.at_end(self.block))
        self.node = self.node or self.source.node
        self.entrance = self.block
        self.base_source = self.source
        self.scope = Scope(self.scope.frame, self.local_names, self.scope.outer)
        self.clear_flags()

    @property
    def is_unconditional(self) -> bool:
        """Whether what is emitted now runs at each call of the function, unless something before it raises."""
        return self.block is self.entrance

    def clear_flags(self) -> None:
        """Nothing has returned, and no loop is left."""
        for flag in (RETURNED, STOP, EXIT):
            self.set_flag(flag, FALSE)

    # Places and errors

    @property
    def place(self) -> SourceLocation:
        """Where the node that is being compiled stands."""
        return self.source.location(self.node or self.source.node)

    @property
    def dynamic(self) -> bool:
        """Whether the function is read as Python reads it: annotations are hints, None is looked for at run time."""
        return self.session.dynamic and not is_of_torch(self.source.function)

    @property
    def location(self) -> LocationAttr:
        """The same as an attribute, with the chain of calls that are being inlined."""
        return called_from(location_attribute(self.place), self.caller)

    def error(
        self,
        message: str,
        *,
        node: ast.AST | None = None,
        value: Value | None = None,
        hint: str | None = None,
        code: str | None = None,
        notes: tuple[tuple[str, SourceLocation | None], ...] = (),
    ) -> NoReturn:
        """Raises FrontendError at a node: by default that of the argument `value` of the call being compiled, or the current one."""
        node = node or self.argument_node(value) or self.node or self.source.node
        error = FrontendError(message, location=self.source.location(node), hint=hint, code=code, notes=notes)
        self.complete(error, node)
        raise error

    def unsupported(
        self, what: str, *, node: ast.AST | None = None, hint: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Raises UnsupportedError: `what` names the construct."""
        place = self.source.location(node) if node is not None else self.place
        raise UnsupportedError(f"{what} isn't supported yet", location=place, hint=hint, code=code)

    def complete(self, error: FrontendError, node: ast.AST) -> None:
        """Adds to an error what is known about the values at its place; that is done once, where it is raised."""
        from tsir.frontend.script.origins import complete

        if not error.completed:
            error.completed = True
            complete(self, error, node)

    def argument_node(self, value: Value | None) -> ast.AST | None:
        """The tree of an argument of the call being compiled; None for a value that is none of them."""
        return next((node for v, node in self.call_arguments if v is value), None)

    def keyword_node(self, name: str) -> ast.AST | None:
        """Where the call being compiled names this argument."""
        written = self.node.keywords if isinstance(self.node, ast.Call) else ()
        return next((k for k in written if k.arg == name), None)

    @contextmanager
    def calling(self, arguments: list[tuple[Value, ast.AST]]) -> Generator[None]:
        """While a call with these arguments is compiled, errors about one of them stand at its place."""
        outer, self.call_arguments = self.call_arguments, arguments
        try:
            yield
        finally:
            self.call_arguments = outer

    @contextmanager
    def at(self, node: ast.AST | None) -> Generator[None]:
        """What is emitted inside belongs to this node; errors that have no place yet get its place."""
        previous = self.node
        if node is not None and hasattr(node, "lineno"):
            self.node = node
        try:
            yield
        except FrontendError as error:
            if error.location is None:
                error.location = self.place
            elif not error.location.end_column and error.location == replace(self.place, end_column=0):
                error.location = self.place  # known by an operation's location, which has no end
            self.complete(error, self.node or self.source.node)
            raise
        except OperatorError as error:
            node = self.node or self.source.node
            made = FrontendError(error.message, location=self.place, hint=error.hint, code=error.code or "TS304")
            self.complete(made, node)
            raise made from None
        finally:
            self.node = previous

    # Emission

    def emit(self, operation: Operation) -> SSAValue:
        """Inserts an operation and gives its result (of an operation with one)."""
        insert(self.builder, operation, self.location)
        return operation.results[0]

    def emit_void(self, operation: Operation) -> None:
        """Inserts an operation without a result."""
        insert(self.builder, operation, self.location)

    @contextmanager
    def inside(self, block: Block) -> Generator[None]:
        """What is emitted inside goes to the end of this block."""
        outer_block, outer_builder = self.block, self.builder
        self.block, self.builder = block, Builder(InsertPoint.at_end(block))
        try:
            yield
        finally:
            self.block, self.builder = outer_block, outer_builder

    def expression(self, node: ast.expr, want: Want = None) -> Value:
        """Emits an expression. `want` is a hint about its type, not a conversion."""
        from tsir.frontend.script.told_apart import emit_told_apart

        emitter = self.expressions.get(type(node))
        with self.at(node):
            if emitter is None:
                self.unsupported(describe_node(node), hint=INSTEAD.get(type(node).__name__))
            outer, self.want = self.want, want
            try:
                value = self.latest(emit_told_apart(self, node, lambda tree: emitter(self, tree, want)))
            finally:
                self.want = outer
            self.end_if_never(value)
            return value

    def end_if_never(self, value: Value) -> None:
        """Ends what is being emitted behind a value that never exists. Raises Unreachable."""
        if self.session.decisions.staying_empty:
            from tsir.frontend.script.staying_empty import end_if_never

            end_if_never(self, value)

    def latest(self, value: Value) -> Value:
        """A value with what it holds now: one that only exists while compiling may have been changed since it was put somewhere."""
        if self.session.refs and isinstance(value, StaticDict | StaticObject | StaticList | StaticTuple):
            from tsir.frontend.script.static_state import fresh

            return fresh(self, value)
        return value

    def statement(self, node: ast.stmt) -> None:
        """Emits a statement."""
        from tsir.frontend.script.told_apart import emit_statement_told_apart

        emitter = self.statements.get(type(node))
        with self.at(node):
            if emitter is None:
                self.unsupported(describe_node(node), hint=INSTEAD.get(type(node).__name__))
            emit_statement_told_apart(self, node, lambda tree: emitter(self, tree))

    def py(self, name: str, operands: Sequence[SSAValue], constants: Sequence[Any] = ()) -> SSAValue:
        """A `ts.py` operation with the result type that its row gives."""
        with self.at(self.node):
            kinds = [o.type for o in operands]
            try:
                result = python.python_result_type(name, kinds, constants)
            except OperatorTypeError as error:
                from tsir.frontend.script.expected import PYTHON_SAYS, raise_if_expected

                raise_if_expected(self, "TypeError", kinds, PYTHON_SAYS.get(name, error.message.replace("{", "{{")))
                raise
            if self.paths and python.FUNCTIONS[name].mutates:
                self.forget_items()
            return self.emit(py_op(name)(operands, [result]))

    def aten(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Value:
        """A `ts.aten` operation; arguments are SSA values, constants or sequences of these. Several results: a StaticTuple."""
        from tsir.frontend.script.narrowing import Call, by_run_time_type

        with self.at(self.node):
            try:
                result = emit_aten(self.builder, self.session.schemas, name, args, dict(kwargs or {}), self.location)
            except OverloadError:
                call = Call(name, (list(args), dict(kwargs or {})), lambda arguments: (name, *arguments))
                found = by_run_time_type(self, call, lambda arguments: self.aten(name, *arguments))
                if found is None:
                    raise
                return found
        if self.session.autocast.entered:
            from tsir.frontend.script.autocasting import mark_decided

            mark_decided(self, name, result)
        if isinstance(result, SSAValue):
            return Run(result)
        return StaticTuple(tuple(Run(r) for r in result)) if result else Const(None)

    def aten_value(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> SSAValue:
        """As `aten`, for operators with one result."""
        value = self.aten(name, args, kwargs)
        assert isinstance(value, Run), name
        return value.ssa

    def int_constant(self, value: int) -> SSAValue:
        """An `i64` constant."""
        return self.emit(arith.ConstantOp(IntegerAttr(value, 64)))

    def constant(self, value: Constant) -> SSAValue:
        """A constant."""
        return emit_constant(self.builder, value, self.location)

    def bool_constant(self, value: bool) -> SSAValue:
        """An `i1` constant."""
        return self.emit(arith.ConstantOp(IntegerAttr(int(value), 1)))

    def bool_value(self, value: bool | SSAValue) -> SSAValue:
        """A condition as an `i1`."""
        return self.bool_constant(value) if isinstance(value, bool) else value

    def cast(self, value: SSAValue, to: Attribute) -> SSAValue:
        """The same value under another static type."""
        if value.type == to:
            return value
        result = self.emit(CastOp(value, to))
        result.name_hint = value.name_hint
        return result

    # Variables

    def bind(self, name: str, value: Value) -> None:
        """Assigns a variable: of the function, or of one around it where it is declared `nonlocal`."""
        self.bind_key(self.rebound_key(name) if name in self.rebinds else name, self.kept(name, value))

    def kept(self, name: str, value: Value) -> Value:
        """A value as a variable of this name holds it: an iterator that is used in several places keeps its progress."""
        if isinstance(value, Run) and value.tuple_like is not None:
            from tsir.frontend.script.listed import kept

            return kept(self, name, value)
        if not isinstance(value, ITERATORS) or self.source.is_used_once(name, start_of(self.node or self.source.node)):
            return value
        from tsir.frontend.script.coroutines import iterator_of

        return iterator_of(self, value)

    def bind_key(self, name: str, value: Value) -> None:
        """Assigns the variable with this key in `variables`."""
        self.merge(name, value)
        cell = self.cells.get(self.cell_key(name)) if self.cells else None
        if cell is not None:
            self._keep(cell, value)

    def merge(self, name: str, value: Value) -> None:
        """Says which value a variable has from here on, where branches or rounds of a loop meet: not an assignment."""
        if isinstance(value, Run | Object) and value.ssa.name_hint is None and not name.startswith("$"):
            value.ssa.name_hint = hint_of(name.partition(FRAME)[0])
        self.variables[name] = Binding(value)
        self.variables.pop(DEFINED + name, None)
        self.forget(name)

    def cell_key(self, name: str) -> str:
        """The key in `cells` of a key in `variables`."""
        return framed(name, self.scope.frame)

    def _keep(self, cell: Cell, value: Value) -> None:
        from tsir.frontend.script.convert import materialise

        kind = self.session.type_of(value)
        if kind is not None and cell.ssa is not None:
            cell.types.append(kind)
            self.py("setitem", [cell.ssa, self.int_constant(0), self.cast(materialise(self, value), ts.AnyType())])
            if cell.unset:
                self.py("setitem", [cell.ssa, self.int_constant(1), self.cast(self.bool_constant(True), ts.AnyType())])

    def flag(self, name: str) -> bool | SSAValue:
        """One of the compiler's own flags."""
        value = self.variables[name].value
        if isinstance(value, Const):
            return bool(value.value)
        assert isinstance(value, Run)
        return value.ssa

    def set_flag(self, name: str, value: Value) -> None:
        """Sets one of the compiler's own flags."""
        self.variables[name] = Binding(value)

    def outer_key(self, name: str) -> str | None:
        """The key in `variables` of a name of the functions around; None when none of them has it.

        It is that of the innermost function that assigns the name, even where that function hasn't done so yet.
        """
        scope = self.scope.outer
        while scope is not None:
            key = name if scope.frame == self.scope.frame else framed(name, scope.frame)
            if key in self.variables or name in scope.names:
                return key
            scope = scope.outer
        return None

    def rebound_key(self, name: str) -> str:
        """The key of a name that is declared `nonlocal` here: of the function around that assigns it, even if it hasn't yet."""
        known = self.outer_key(name)
        scope = self.scope.outer
        while known is None and scope is not None and name not in scope.names:
            scope = scope.outer
        return known or (name if scope is None else framed(name, scope.frame))

    # Refinement

    def assume(self, facts: Mapping[str, Attribute | Binding]) -> None:
        """From here on, these names and attributes have these types; a name that is given a binding has that value."""
        for path, kind in facts.items():
            if isinstance(kind, Binding):
                self.variables[path] = kind
            elif "." in path:
                self.paths[path] = kind
            else:
                self.refine(path, kind)

    def refine(self, name: str, kind: Attribute) -> None:
        """Gives a variable a more precise type without assigning it."""
        if name not in self.variables and name not in self.local_names:
            name = self.outer_key(name) or name
        binding = self.variables.get(name)
        if binding is None or not isinstance(binding.value, Run | Object) or binding.value.type == kind:
            return
        value = self.session.object_or_run(self.cast(binding.value.ssa, kind)) if kind != ts.NONE else Const(None)
        self.variables[name] = Binding(value, binding)

    def forget(self, name: str) -> None:
        """A variable was assigned: what was known about its attributes no longer holds."""
        index = f"[{name}]"
        for path in [p for p in self.paths if p.partition(".")[0] == name or index in p.split(".")]:
            del self.paths[path]

    def forget_items(self) -> None:
        """A container was changed: what was known about items no longer holds."""
        for path in [p for p in self.paths if ".[" in p]:
            del self.paths[path]

    def forget_attribute(self, attribute: str) -> None:
        """An attribute of this name was assigned, of whatever object."""
        for path in [p for p in self.paths if attribute in p.split(".")[1:]]:
            del self.paths[path]

    def is_live(self, name: str, end: tuple[int, int]) -> bool:
        """Whether a variable may be read behind a place of the tree, or again in a loop around it."""
        if name[0] in "$<" or FRAME in name or name in self.source.captured or self.source.is_read_after(name, end):
            return True
        return bool(self.loops) and self.source.is_read_between(name, *self.loops[0])

    def show(self, value: Value) -> str:
        """What kind of thing a value is, for messages."""
        kind = self.session.type_of(value)
        if kind is not None:
            return show_type(kind)
        match value:
            case Closure() | PyFunction():
                return "function"
            case Method():
                return f"method {value.name}"
            case PyObject():
                return f"Python object '{value.name}'"
            case Builtin():
                return f"function {value.name}"
            case GeneratorCall() | Coroutine():
                return "generator"
            case _:
                return type(value).__name__.removesuffix("Value").removeprefix("Static").lower()

    def not_condition(self, condition: Condition) -> Condition:
        """`not condition`, with the operation it needs."""
        negated = condition.negated()
        if isinstance(negated.value, SSAValue):
            negated.value = self.emit(py_op("not")([negated.value], [ts.BOOL]))
        return negated
