"""`trace_module` and `trace_function`: run a program once under the recorder, and make a `Program` of what was recorded."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import torch
from xdsl.dialects import arith
from xdsl.dialects.builtin import LocationAttr, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue

from tsir.dialects.locations import location_attribute
from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.schema import SchemaRegistry
from tsir.dialects.ts import structure
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.values import Instance
from tsir.errors import FrontendError, SourceLocation, TracerWarning
from tsir.frontend import active
from tsir.frontend.constants import insert
from tsir.frontend.instances import own_tensors
from tsir.frontend.trace.announced import announced
from tsir.frontend.trace.containers import Containers, NotTraceable, has_leaves, leaves, type_of_input
from tsir.frontend.trace.modules import ModuleTable, TracedModule
from tsir.frontend.trace.numbers import TracedFloat, TracedInt
from tsir.frontend.trace.places import current_place
from tsir.frontend.trace.recorder import Recorder, Unseen
from tsir.frontend.trace.scopes import Scope
from tsir.frontend.trace.scripted import torch_scripted


def trace_module(
    module: torch.nn.Module,
    calls: Mapping[str, tuple[Sequence[Any], Mapping[str, Any]]],
    *,
    strict: bool = True,
    registry: SchemaRegistry | None = None,
    force_outplace: bool = False,
) -> Program:
    """Records methods of a module on example inputs: tensors, ints, floats, None, and nested lists, tuples and dicts of them.

    `calls` has the positional and keyword inputs of each method; each becomes an entry point. Each submodule's forward becomes a
    function of its own. Sizes stay symbolic; a `TracerWarning` names the lines where the program takes Python values out of
    tensors. `strict` refuses lists and dicts as results, as torch.jit.trace does; with `force_outplace` operators that write in
    place are recorded as those that don't. Raises FrontendError for inputs, results and
    operators that can't be recorded, and whatever the module itself raises.
    """
    name = type(module).__name__
    recording = _Recording(ModuleTable(module, name), registry, strict=strict)
    recording.recorder.force_outplace = force_outplace
    for method, (args, kwargs) in calls.items():
        function = getattr(module, method)
        with recording.forwards(module):
            recording.run(method, module if method == "forward" else function, function, args, kwargs)
    return recording.program(name)


def trace_function(
    function: Callable[..., Any],
    example_inputs: Sequence[Any],
    example_kwarg_inputs: Mapping[str, Any] | None = None,
    *,
    strict: bool = True,
    registry: SchemaRegistry | None = None,
    force_outplace: bool = False,
) -> Program:
    """Records a function; as `trace_module`. Tensors that it takes from outside become constants of the program's root object."""
    name = getattr(function, "__name__", type(function).__name__)
    name = name if name.isidentifier() else "traced"
    recording = _Recording(ModuleTable(None, name), registry, strict=strict)
    recording.recorder.force_outplace = force_outplace
    recording.run(name, function, function, example_inputs, example_kwarg_inputs or {})
    return recording.program(name)


@dataclass(eq=False)
class _Recorded:
    """A function or method that was recorded."""

    name: str
    scope: Scope
    result: SSAValue
    parameters: list[Parameter]
    doc: str | None


class _Recording:
    """Runs of the traced program: one, or one for each method."""

    def __init__(self, table: ModuleTable, registry: SchemaRegistry | None, *, strict: bool) -> None:
        self.table = table
        self.recorder = Recorder(_own_operators() if registry is None else registry, table)
        self.strict = strict
        self._done: list[_Recorded] = []
        self._parameters: list[Parameter] = []
        self._tensors: list[tuple[TracedModule, str, torch.Tensor]] = []

    def run(
        self,
        name: str,
        program: Callable[..., Any],
        declared: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> None:
        """Runs the program on copies of the inputs and records it. `declared` has the names of its parameters."""
        recorder, root = self.recorder, self.table.root
        self._parameters, self._tensors = [], list(_tensors(self.table))
        definition = location_attribute(_definition(declared))
        scope = recorder.open(f"{root.symbol}{len(root.functions)}", root, definition, private=False)
        scope.method = "forward" if root.module is None else name
        scope.entry = sys._getframe()
        containers = Containers(scope.builder, definition)
        positional, keywords = [], {}
        for parameter, value, is_keyword in _arguments(declared, args, kwargs):
            taken = self._input(scope, containers, parameter, value, is_keyword)
            if is_keyword:
                keywords[parameter] = taken
            else:
                positional.append(taken)
        recorder.recording = True
        try:
            with active.recording(recorder), announced(), torch_scripted(), Unseen(recorder), recorder:
                result = program(*positional, **keywords)
        finally:
            recorder.recording = False
        location = location_attribute(_definition(declared))
        if self.strict:
            _refuse_changeable(result)
        try:
            value = Containers(scope.builder, location).put_together(result, recorder.leaf)
        except NotTraceable as error:
            raise FrontendError(
                f"the traced program gives {error}",
                location=_definition(declared),
                hint="results are tensors, and nested tuples, lists and dicts of them",
            ) from None
        self._write_back(scope, location)
        value = recorder.scopes.resolve(value)
        recorder.scopes.close([value], location)
        self._done.append(_Recorded(name, scope, value, self._parameters, _doc(declared)))

    def _input(self, scope: Scope, containers: Containers, name: str, value: Any, is_keyword: bool) -> Any:
        try:
            kind = type_of_input(value)
        except NotTraceable as error:
            raise FrontendError(
                f"argument '{name}': {error} can't be an input of a trace",
                hint="inputs are tensors, numbers, None, and nested tuples, lists and dicts of them; "
                "bind other arguments beforehand, with functools.partial or in a module's __init__",
            ) from None
        argument = scope.add_argument(kind, name)
        self._parameters.append(Parameter(name, str(kind), kwarg_only=is_keyword))
        return containers.take_apart(value, argument, self._bind_input)

    def _bind_input(self, value: Any, ssa: SSAValue) -> Any:
        if not isinstance(value, torch.Tensor):
            return self.recorder.number(value, ssa)
        # The program may write to its inputs, and two inputs may be one tensor.
        copy = value.detach().clone().requires_grad_(value.requires_grad)
        self.recorder.bind(copy, ssa)
        return copy

    # Modules.

    @contextmanager
    def forwards(self, root: torch.nn.Module) -> Generator[None, None, None]:
        """While this is active, the calls of all modules below `root` are recorded as functions of their own."""
        changed: list[tuple[dict[str, Any], Any]] = []
        try:
            for traced in self.table.modules():
                module = traced.module
                assert module is not None
                state = vars(module)
                changed.append((state, state.get("forward")))
                wrap = self._root_forward if module is root else self._forward
                state["forward"] = wrap(traced, module.forward)
            yield
        finally:
            for state, before in changed:
                if before is None:
                    del state["forward"]
                else:
                    state["forward"] = before

    def _root_forward(self, traced: TracedModule, forward: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(forward)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            scope = self.recorder.scopes.current
            if scope is None or scope.parent is not None:
                return forward(*args, **kwargs)
            before, scope.entry = scope.entry, sys._getframe()
            try:
                return forward(*args, **kwargs)
            finally:
                scope.entry = before

        return recorded

    def _forward(self, traced: TracedModule, forward: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(forward)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            if not self.recorder.recording:
                return forward(*args, **kwargs)
            return self._call(traced, forward, sys._getframe(), args, kwargs)

        return recorded

    def _call(
        self, traced: TracedModule, forward: Callable[..., Any], frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Records the call of a submodule."""
        recorder = self.recorder
        caller = recorder.scope
        place = location_attribute(current_place(caller.entry))
        # In the caller: the arguments.
        passed = [recorder.object(traced)]
        given: list[tuple[str, Any, bool, SSAValue | None]] = []
        outside = Containers(caller.builder, place)
        for name, value, is_keyword in _arguments(forward, args, kwargs):
            given.append((name, value, is_keyword, _packed(outside, value, recorder)))
        # In the callee: what they stand for there.
        scope = recorder.open(f"{traced.symbol}{len(traced.functions)}$", traced, place, private=True)
        scope.function.location = location_attribute(_definition(forward))
        scope.entry = frame
        inside = Containers(scope.builder, scope.function.location)
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for name, value, is_keyword, packed in given:
            if packed is not None:
                passed.append(packed)
                taken = inside.take_apart(value, scope.add_argument(packed.type, name), self._bind_argument)
                value = taken if any(isinstance(leaf, TracedInt | TracedFloat) for leaf in leaves(value)) else value
            if is_keyword:
                keywords[name] = value
            else:
                positional.append(value)
        try:
            result = forward(*positional, **keywords)
        except BaseException:
            recorder.scopes.current = caller
            raise
        packed = _packed(inside, result, recorder)
        recorder.scopes.close([] if packed is None else [packed], inside.location)
        results = recorder.scopes.emit_call(scope, passed, place)
        if packed is None:
            return result
        taken = outside.take_apart(result, results[0], self._bind_result)
        return taken if any(isinstance(leaf, TracedInt | TracedFloat) for leaf in leaves(result)) else result

    def _bind_argument(self, value: Any, ssa: SSAValue) -> Any:
        if not isinstance(value, torch.Tensor):
            return self.recorder.number(value, ssa)
        self.recorder.bind_input(value, ssa)
        return value

    def _bind_result(self, value: Any, ssa: SSAValue) -> Any:
        if not isinstance(value, torch.Tensor):
            return self.recorder.number(value, ssa)
        if self.recorder.is_computed(value) and not self.recorder.is_visible(value):
            self.recorder.bind(value, ssa)
        return value

    # The program.

    def _write_back(self, scope: Scope, location: LocationAttr) -> None:
        """Tensors that the program assigned to attributes of its modules, such as `self.steps = self.steps + 1`."""
        for traced, name, before in self._tensors:
            now = getattr(traced.module, name, None)
            if now is before or not isinstance(now, torch.Tensor):
                continue
            if self.recorder.is_computed(now):
                target = self.recorder.object(traced)
                insert(scope.builder, structure.SetAttrOp(target, name, self.recorder.leaf(now)), location)
            traced.instance.attributes[name] = self.table.arrays.array(now)

    def program(self, class_name: str) -> Program:
        """What was recorded, as a program with an entry point for each run."""
        table, imported = self.table, self.recorder.imported.operations
        for recorded in self.recorder.scopes.all:
            _drop_unused(recorded)
            recorded.update_type()
        takes_self = table.root.module is not None or bool(table.root.members)
        root: Instance | None = None
        operations: list[Operation] = list(imported.values())
        if takes_self:
            operations = [*table.share_classes(imported), *operations]
            root = table.root.instance
        else:
            taken = (f"{class_name}_{i}" if i else class_name for i in range(len(imported) + 1))
            function = self._done[0].scope.function
            function.sym_name = StringAttr(next(n for n in taken if n not in imported))
            operations = [function, *operations]
        module = ModuleOp(operations)
        module.verify()
        entries: dict[str, EntryPoint] = {}
        for done in self._done:
            symbol, result = done.scope.function.sym_name.data, str(done.result.type)
            entry = EntryPoint(done.name, symbol, tuple(done.parameters), result, takes_self=takes_self, doc=done.doc)
            # A function that needs an object for its constants is that object's forward.
            entries["forward" if takes_self and table.root.module is None else done.name] = entry
        return Program(lambda: module, entries, root, table.arrays.sources if takes_self else {})


def _own_operators() -> SchemaRegistry:
    from tsir.ops.registry import SCHEMAS

    return SCHEMAS


def _tensors(table: ModuleTable) -> Iterator[tuple[TracedModule, str, torch.Tensor]]:
    for traced in table.modules():
        if traced.module is not None:
            for name, tensor, _ in own_tensors(traced.module):
                if tensor is not None:
                    yield traced, name, tensor


def _doc(function: Callable[..., Any]) -> str | None:
    doc = getattr(function, "__doc__", None)
    return None if doc is None or doc == torch.nn.Module.forward.__doc__ else inspect.cleandoc(doc)


def _definition(function: Callable[..., Any]) -> SourceLocation | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else SourceLocation(code.co_filename, code.co_firstlineno)


def _arguments(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, Any, bool]]:
    """The arguments of a call as (name, value, whether it is passed by name)."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "input")
    for i, value in enumerate(args):
        yield names[i] if i < len(names) else f"{rest}_{i - len(names)}", value, False
    for name, value in kwargs.items():
        yield name, value, True


def _packed(containers: Containers, value: Any, recorder: Recorder) -> SSAValue | None:
    """A container as one value, or None when there is nothing in it or it can't be one: then its leaves find their way alone."""
    if not has_leaves(value):
        return None
    try:
        type_of_input(value)
        return containers.put_together(value, recorder.leaf)
    except NotTraceable:
        return None


def _refuse_changeable(result: Any) -> None:
    pending = [result]
    while pending:
        item = pending.pop()
        if isinstance(item, list | dict):
            kind = "dict" if isinstance(item, dict) else "list"
            instead = "NamedTuple" if kind == "dict" else "tuple"
            message = f"the traced program gives a {kind}, whose structure might depend on the inputs"
            hint = f"give a {instead}, or pass strict=False if it is always the same"
            if not (isinstance(item, list) and item and all(isinstance(i, torch.Tensor) for i in item)):
                raise FrontendError(message, hint=hint)
            # torch.jit takes lists of tensors, too, and warns.
            warnings.warn(f"{message}: that might make the trace wrong\nhint: {hint}", TracerWarning, stacklevel=2)
        if isinstance(item, tuple):
            pending.extend(item)


_BOOKKEEPING = (
    arith.ConstantOp, structure.ConstantOp, structure.ListOp, structure.TupleOp, structure.TupleGetOp, structure.GetAttrOp, PyOp,
)  # fmt: skip
_QUESTIONS = frozenset(("size.int", "numel", "alias", "detach"))


def _drop_unused(scope: Scope) -> None:
    """Removes what was recorded just in case: sizes that nobody used, and what belongs to them."""
    op = scope.block.last_op
    while op is not None:
        before = op.prev_op
        removable = isinstance(op, _BOOKKEEPING) or (isinstance(op, AtenOp) and op.SCHEMA.key in _QUESTIONS)
        if removable and not any(r.uses for r in op.results):
            op.detach()
            op.erase()
        op = before
