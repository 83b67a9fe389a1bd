"""Variants of an entry point for calls of other forms: with other arguments, flags, or objects such as caches.

A variant is a function whose parameters are the tensors and numbers that a call passes, wherever they are in its arguments. Its body
puts the arguments together again, as values that exist while compiling, calls the user's function with them, and gives what that
returns, with what has become of the lists, dicts and objects that were passed. What a form is stands in `dialects/call_forms.py`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute

from tsir.dialects.call_forms import CallForm, Form, Given, Variant
from tsir.dialects.deep_stack import with_deep_stack
from tsir.dialects.names import name_of
from tsir.dialects.program import EntryPoint, OtherForms, Parameter, Program
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import ClassOp
from tsir.errors import FrontendError, OperatorTypeError, UnsupportedError
from tsir.frontend.script import decided
from tsir.frontend.script.blame import shown_to_user
from tsir.frontend.script.decided import Decisions, Redecided
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.functions import Compiled, compile_for
from tsir.frontend.script.outside import Outside, complete_calls, needs_entry
from tsir.frontend.script.overriding import compile_overriding
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.signatures import ParameterInfo, Signature
from tsir.frontend.script.source import function_source, innermost, make_source
from tsir.frontend.script.statements import emit_return
from tsir.frontend.script.static_state import fresh, new_dict, new_list, new_ref, store
from tsir.frontend.script.values import Body, Const, PyFunction, StaticDict, StaticList, StaticObject, StaticTuple, Value

if TYPE_CHECKING:
    from tsir.frontend.script.classes import ClassInfo
    from tsir.frontend.script.compiler import Session

_LEAVES: dict[str, Attribute] = {
    "t": ts.TensorType(), "i": ts.INT, "f": ts.FLOAT, "c": ts.COMPLEX, "b": ts.BOOL, "s": ts.StrType(), "bytes": ts.BytesType(),
    "none": ts.NONE,
}  # fmt: skip


@dataclass(eq=False)
class GivenCall:
    """What a variant does: the call of the user's function with arguments of a form. It stands among the parameters as their
    values do."""

    form: CallForm
    given: Given
    leaves: list[str]
    """The names of the variant's parameters."""
    receiver: str | None
    callee: Value | None
    """The user's function; None for the module itself, whose hooks run then."""
    positional: tuple[str, ...]
    """The parameters that are passed by place: those that can't be passed by name, and all where more come behind them."""
    states: list[int] = field(default_factory=list[int])

    def emit(self, e: Emitter) -> None:
        """Emits the variant's body."""
        from tsir.frontend.script.calls import call

        builder = _Builder(e, self.given, iter(self.leaves))
        named = {n: builder.value(f) for n, f in zip(self.form.names, self.form.forms, strict=True)}
        rest = [builder.value(f) for f in self.form.rest]
        args = [named.pop(n) for n in self.positional if n in named] + rest
        receiver = [] if self.receiver is None else [e.variables[self.receiver].value]
        before = list(builder.containers)
        if self.callee is not None:
            result = call(e, self.callee, [*receiver, *args], named)
        else:
            result = call(e, receiver[0], args, named)
        states: list[Value] = []
        for i, container in enumerate(before):
            assert container is not None
            now = fresh(e, container)
            if now is not container or isinstance(container, StaticObject):
                states.append(now)
                self.states.append(i)
        e.leaving = {}
        emit_return(e, StaticTuple((result, *states)) if states else result)


class _Builder:
    """Makes the values of forms, which take the variant's parameters in their order."""

    def __init__(self, e: Emitter, given: Given, leaves: Iterator[str]) -> None:
        self.e = e
        self.given = given
        self.leaves = leaves
        self.containers: list[Value | None] = []

    def value(self, form: Form) -> Value:
        """The value of a form."""
        e = self.e
        match form:
            case ("k", constant):
                return Const(constant)
            case ("tuple", *inner):
                return StaticTuple(tuple(self.value(f) for f in inner))
            case ("named", name, *inner):
                from tsir.frontend.script.calls import call

                cls = e.session.from_python(self.given.classes[name], name)
                return call(e, cls, [self.value(f) for f in inner], {})
            case ("list", *inner):
                number = self._reserve()
                return self._keep(number, new_list(e, [self.value(f) for f in inner]))
            case ("dict", keys, *inner):
                number = self._reserve()
                return self._keep(number, new_dict(e, {k: self.value(f) for k, f in zip(keys, inner, strict=True)}))
            case ("object", name, names, forms, keys, items):
                return self._object(name, names, forms, keys, items)
            case ("same", number):
                found = self.containers[number]
                if found is None:
                    e.unsupported("an argument that contains itself")
                return found
            case ("python", number):
                return e.session.from_python(self.given.constants[number], "an argument")
            case _:
                return e.variables[next(self.leaves)].value

    def _object(self, name: str, names: tuple[str, ...], forms: Any, keys: tuple[Any, ...] | None, items: Any) -> Value:
        number = self._reserve()
        attributes = {n: self.value(f) for n, f in zip(names, forms, strict=True)}
        held: dict[Any, Value] | None = None
        if keys is not None:
            parts = list(attributes.values())
            held = {k: parts[f[1]] if f[0] == "attribute" else self.value(f) for k, f in zip(keys, items, strict=True)}
        made = StaticObject(self.given.classes[name], attributes, new_ref(self.e), held)
        store(self.e, made)
        return self._keep(number, made)

    def _reserve(self) -> int:
        self.containers.append(None)
        return len(self.containers) - 1

    def _keep(self, number: int, value: StaticList | StaticDict | StaticObject) -> Value:
        self.containers[number] = value
        return value


@dataclass(eq=False)
class Variants:
    """Compiles the variants of one program's entry points, as calls need them, into the program."""

    session: Session
    first: list[str]
    """The symbols of the entry points and variants, which stand first in the module."""
    program: Program | None = None

    def others_of(self, function: Any, entry: EntryPoint, owner: ClassInfo | None) -> OtherForms | None:
        """What is known about calls of other forms of an entry point; None where it has the one that it declares."""
        declaring = self.session.signature(function_source(innermost(function)))
        if not self.session.dynamic:
            bare = frozenset(p.name for p in declaring.parameters if p.bare)
            make: Any = lambda form, given: self.make(function, entry.name, owner, form, given)  # noqa: E731
            return OtherForms(bare=bare, make=make) if bare else None
        around = inspect.signature(function, follow_wrapped=False).parameters.values()
        kinds = {p.kind for p in around} if innermost(function) is not function else set[Any]()
        return OtherForms(
            declaring.keywords is not None or inspect.Parameter.VAR_KEYWORD in kinds,
            declaring.varargs is not None,
            self.session.asked_of.get(entry.symbol, frozenset()),
            make=lambda form, given: self.make(function, entry.name, owner, form, given),
        )

    @with_deep_stack
    def make(self, function: Any, name: str, owner: ClassInfo | None, form: CallForm, given: Given) -> Variant:
        """Compiles a variant. Raises FrontendError, and OperatorTypeError where Python says that arguments don't fit."""
        try:
            with shown_to_user(), self.session.attempt():
                variant = self._settled(lambda: _compile_variant(self.session, function, name, owner, form, given), name)
                compile_overriding(self.session)
        except FrontendError as error:
            if error.code in ("TS401", "TS402"):
                raise OperatorTypeError(error.message, hint=error.hint) from None
            raise
        self.first.append(variant.entry.symbol)
        assert self.program is not None
        if self.program._module is not None:
            self.session.extend(self.program._module, variant.entry.symbol)
        return variant

    def _settled(self, compile_variant: Callable[[], Variant], name: str) -> Variant:
        """A variant, compiled again with what the types of its empty lists and dicts are found to be."""
        session, own = self.session, self.session.decisions

        def compile_with(session: Session) -> Variant:
            with session.attempt():
                return self._with_changed(compile_variant, name)

        def session_for(decisions: Decisions) -> Session:
            session.decisions = decisions
            return session

        try:
            return decided.compile_variant(own, compile_with, session_for)
        finally:
            session.decisions = own

    def _with_changed(self, compile_variant: Callable[[], Variant], name: str) -> Variant:
        """A variant, compiled again with the lists and dicts from outside that it changes as values of run time.

        Raises UnsupportedError where the rest of the program has one of them as a constant.
        """
        session = self.session
        constants = frozenset(session.constants_outside)
        while True:
            known = frozenset(session.decisions.taken)
            try:
                variant = compile_variant()
                session.take_changed()
                return variant
            except Redecided:
                found = session.decisions.taken.keys() - known
                if not found or found & constants:
                    raise UnsupportedError(
                        f"a call of {name}() that changes a list or dict from outside, which other calls of it read,",
                        hint="pass it as an argument",
                    ) from None


def _compile_variant(
    session: Session, function: Any, name: str, owner: ClassInfo | None, form: CallForm, given: Given
) -> Variant:
    declaring = function_source(innermost(function))
    signature = session.signature(declaring)
    is_method = owner is not None and not isinstance(function, staticmethod)
    receiver = signature.parameters[0].name if is_method else None
    leaves: list[tuple[str, Attribute]] = []
    taken = {receiver}
    for leaf_name, kind in zip(given.names, _leaf_types(session, signature, form), strict=True):
        plain = name_of(leaf_name)
        while plain in taken:
            plain += "_"
        taken.add(plain)
        leaves.append((plain, kind))
    session.keep_alive.append(given)
    positional = [a.arg for a in declaring.node.args.posonlyargs]
    if form.rest:
        positional = [p.name for p in signature.parameters if not p.kwarg_only]
    callee = None if name == "__call__" else PyFunction(function)
    given_call = GivenCall(
        form, given, [n for n, _ in leaves], receiver, callee, tuple(p for p in positional if p != receiver)
    )
    kinds: dict[str, Attribute] = {} if owner is None or receiver is None else {receiver: owner.type}
    session.outside = outside = Outside(taken={n for n, _ in leaves}, owner=owner)
    try:
        compiled = _compile_body(session, function, kinds | dict(leaves), given_call.emit)
    finally:
        session.outside = None
    if outside.root is not None:
        raise needs_entry(declaring)
    complete_calls(outside, compiled.symbol, session.function_named(compiled.symbol))
    assert compiled.result is not None
    entry = EntryPoint(
        name,
        compiled.symbol,
        tuple(Parameter(n, str(k)) for n, k in leaves) + tuple(v.parameter(session) for v in outside.values()),
        str(compiled.result),
        takes_self=receiver is not None,
    )
    return Variant(form, entry, tuple(given_call.states))


def _type_of_kind(kind: Form) -> Attribute:
    """The type that the kind of a typed leaf says: see `tsir/runtime/call_forms.py`, which makes it."""
    name, *inner = kind
    parts = [_type_of_kind(k) for k in inner]
    match name:
        case "list":
            return ts.ListType(*(parts or [ts.TensorType()]))
        case "set":
            return ts.SetType(*(parts or [ts.INT]))
        case "frozenset":
            return ts.FrozenSetType(*(parts or [ts.INT]))
        case "dict":
            key, value = parts or (ts.StrType(), ts.TensorType())
            return ts.DictType(key, value)
        case "tuple":
            return ts.TupleType(parts)
        case _:
            return _LEAVES[name]


def entry_for_no_types(
    session: Session, function: Any, name: str, owner: ClassInfo | None, kinds: dict[str, Attribute], error: FrontendError
) -> EntryPoint:
    """An entry point that can't be compiled before a call says of what its containers are: one that raises TypeError."""

    def emit(e: Emitter) -> None:
        raise_in_program(e, "TypeError", f"{name}() can't be compiled for such arguments: {error.message}")

    compiled = _compile_body(session, function, kinds, emit)
    rest = [(n, k) for n, k in kinds.items() if owner is None or k != owner.type]
    parameters = tuple(Parameter(n, str(k)) for n, k in rest)
    return EntryPoint(name, compiled.symbol, parameters, str(compiled.result), takes_self=len(rest) < len(kinds))


def entry_without_arguments(
    session: Session, function: Any, name: str, owner: ClassInfo | None, error: FrontendError
) -> EntryPoint:
    """An entry point with `*args` that can't be compiled for a call without any: one that raises TypeError.

    Raises `error` where it can't be compiled for one, two or three tensors either.
    """
    for count in range(1, 4):
        form = CallForm((), (), (("t",),) * count)
        given = Given([None] * count, [f"rest_{i}" for i in range(count)])
        try:
            with session.attempt():
                _compile_variant(session, function, name, owner, form, given)
        except FrontendError:
            continue
        break
    else:
        raise error

    def emit(e: Emitter) -> None:
        raise_in_program(e, "TypeError", f"{name}() can't be called without arguments: {error.message}")

    receiver = [p.name for p in session.signature(function_source(innermost(function))).parameters[:1]] if owner else []
    kinds: dict[str, Any] = {n: owner.type for n in receiver if owner is not None}
    compiled = _compile_body(session, function, kinds, emit)
    return EntryPoint(name, compiled.symbol, (), str(compiled.result), takes_self=bool(receiver))


def _compile_body(session: Session, function: Any, kinds: dict[str, Attribute], emit: Callable[[Emitter], None]) -> Compiled:
    """A function with these parameters and this body, in the place of the user's."""
    declaring = function_source(innermost(function))
    arguments = ast.arguments([], [ast.arg(n) for n in kinds], None, [], [], None, [])
    node = ast.FunctionDef(declaring.node.name, arguments, [ast.Pass()], [], None, None)
    node.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    for tree in ast.walk(node):
        ast.copy_location(tree, declaring.node)
    source = make_source(declaring.function, node, declaring.file, declaring.line_offset)
    session.entries.add(node)
    session.keep_alive.append(source)
    signature = Signature(tuple(ParameterInfo(n, k) for n, k in kinds.items()), None)
    parameters: dict[str, Attribute | Value] = {**kinds, "$body": Body(emit)}
    return compile_for(session, source, signature, parameters, PyFunction(function))


def _leaf_types(session: Session, signature: Signature, form: CallForm) -> list[Attribute]:
    """The types of a form's leaves."""
    by_name = {p.name: p.type for p in signature.parameters}
    found: list[Attribute] = []

    def visit(form: Form, name: str) -> None:
        match form:
            case ("t" | "i" | "f" | "c" as kind, *_):
                found.append(_LEAVES[kind])
            case ("declared", *_):
                found.append(by_name[name] or ts.AnyType())
            case ("typed", kind):
                found.append(_type_of_kind(kind))
            case ("tuple" | "list", *inner) | ("named" | "dict", _, *inner):
                for f in inner:
                    visit(f, name)
            case ("object", _, _, forms, _, items):
                for f in (*forms, *items):
                    visit(f, name)
            case _:
                pass

    for name, f in zip(form.names, form.forms, strict=True):
        visit(f, name)
    for f in form.rest:
        visit(f, "")
    return found


def extend(module: ModuleOp, operations: list[Any], classes: list[Any]) -> None:
    """Adds functions to a program's module, and puts its classes, which may have got methods, in the places of those there."""
    known = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, ClassOp)}
    behind = next(op for op in module.body.block.ops if op.name != "ts.class")
    for info in classes:
        made = info.operation()
        old = known.get(info.name)
        if old is made:
            continue
        if old is not None:
            module.body.block.insert_op_before(made, old)
            old.detach()
            old.erase()
        else:
            module.body.block.insert_op_before(made, behind)
    module.body.block.add_ops(operations)


__all__ = ["GivenCall", "Variants", "extend"]
