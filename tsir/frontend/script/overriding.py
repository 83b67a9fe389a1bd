"""Methods that subclasses override: which one a call means depends on the object that the running program has.

Such a call is a `ts.call_method`. The methods of subclasses are compiled for it when the rest of the program has been, since any
class may join the program until then. Calls on objects whose class is known for sure stay `func.call`s.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts.structure import CallMethodOp, IsInstanceOp
from tsir.errors import FrontendError
from tsir.frontend.script.classes import ClassInfo, is_exact, subclasses
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.functions import Compiled, compile_for
from tsir.frontend.script.interfaces import compile_implementation, implements
from tsir.frontend.script.source import describe, function_source, unwrap
from tsir.frontend.script.static_state import AMBIENT
from tsir.frontend.script.values import Condition, Object, PyFunction, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


@dataclass
class Overridden:
    """A method that is called by name: its class, what it is called there and in IR, and the types it is compiled for."""

    info: ClassInfo
    attribute: str
    method: str
    parameters: Mapping[str, Attribute | Value]
    compiled: Compiled


def is_overridden(holder: Object, name: str) -> bool:
    """Whether the object may be of a class that has another meaning of an attribute of its class."""
    return not is_exact(holder) and any(name in vars(c) for c in subclasses(holder.info.python_class))


def by_class(e: Emitter, holder: Object, name: str, use: Any) -> Value:
    """What `use` makes of the object as one of the class that it is of, for something of the class itself."""
    from tsir.frontend.script.control import choose

    classes = [c for c in subclasses(holder.info.python_class) if name in vars(c)]

    def among(rest: list[type]) -> Value:
        if not rest:
            return use(holder)
        kind = e.session.class_type(rest[0])
        test = e.emit(IsInstanceOp(holder.ssa, [kind]))

        def as_derived() -> Value:
            return use(Object(e.cast(holder.ssa, kind), e.session.info_of_class(rest[0])))

        return choose(e, Condition(test), as_derived, lambda: among(rest[1:]))

    return among(list(dict.fromkeys(classes)))


def call_by_class(e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """The call of a method that subclasses override, where it isn't compiled as it is elsewhere, so that no name stands for it."""
    holder, name = callee.receiver, callee.overridden
    assert isinstance(holder, Object) and name is not None

    def of_class(holder: Object) -> Value:
        found = holder.info.lookup(name)
        assert found is not None
        function = getattr(found[0], "fget", None) or found[0]
        return e.session.call_function(e, PyFunction(function, holder, holder.info), args, kwargs)

    return by_class(e, holder, name, of_class)


def emit_overridden(
    e: Emitter,
    callee: PyFunction,
    parameters: Mapping[str, Attribute | Value],
    operands: list[SSAValue],
    compiled: Compiled,
) -> SSAValue:
    """The call of a method that subclasses override."""
    session, info = e.session, callee.owner
    assert info is not None and callee.overridden is not None
    known = session.overridden.get(compiled.symbol)
    if known is None:
        method = callee.overridden
        while info.methods.get(method, compiled.symbol) != compiled.symbol:
            method += "$"
        info.methods[method] = compiled.symbol
        known = session.overridden[compiled.symbol] = Overridden(info, callee.overridden, method, parameters, compiled)
    result = compiled.result
    if compiled.only_raises:
        result = compiled.result = _result_of_overriding(session, known) or result
    assert result is not None
    return e.emit(CallMethodOp(operands[0], known.method, operands[1:], [result]))


def _result_of_overriding(session: Session, known: Overridden) -> Attribute | None:
    """The type of an abstract method's result: that of the first class that implements it."""
    for cls in subclasses(known.info.python_class):
        if known.attribute in vars(cls):
            compiled = _compile(session, known, session.info_of_class(cls), None)
            if compiled is not None and not compiled.only_raises:
                return compiled.result
    return None


def compile_overriding(session: Session) -> None:
    """Compiles what subclasses have instead of the methods that are called by name."""
    done: set[tuple[str, str]] = set()
    while True:
        found = [
            (known, info)
            for known in list(session.interface_methods.values())
            for info in session.implementations()
            if (known.method, info.name) not in done and implements(info.python_class, known.info.python_class)
        ]
        for known, info in found:
            done.add((known.method, info.name))
            compile_implementation(session, known, info)
        pending = [
            (symbol, known, info)
            for symbol, known in list(session.overridden.items())
            for info in session.script_classes()
            if (symbol, info.name) not in done and info is not known.info
            and issubclass(info.python_class, known.info.python_class)
        ]  # fmt: skip
        if not pending and not found:
            break
        for symbol, known, info in pending:
            done.add((symbol, info.name))
            _add_bases(session, info, known.info)
            found, own = info.lookup(known.attribute), known.info.lookup(known.attribute)
            if found is None or own is None or found[0] is own[0]:
                continue
            compiled = _compile(session, known, info, known.compiled.result)
            if compiled is not None:
                info.methods[known.method] = compiled.symbol
    for info in session.script_classes():
        for base in session.script_classes():
            if base is not info and issubclass(info.python_class, base.python_class):
                _add_bases(session, info, base)


def _add_bases(session: Session, info: ClassInfo, base: ClassInfo) -> None:
    """Declares a class as derived from another, with those between them that are part of the program."""
    if info.kind == "exception":
        return
    order = [c for c in info.python_class.__mro__[1:] if any(i.python_class is c for i in session.script_classes())]
    info.bases = tuple(session.info_of_class(c).name for c in order)


def _compile(session: Session, known: Overridden, info: ClassInfo, result: Attribute | None) -> Compiled | None:
    found = info.lookup(known.attribute)
    function = None if found is None else found[0].fget if isinstance(found[0], property) else found[0]
    if not inspect.isfunction(function):
        return None
    session.define_attributes(info)
    source = function_source(unwrap(function))
    signature = session.signature(source)
    declared = signature.result
    if result is not None:
        signature = replace(signature, result=result)
    extras = {signature.varargs, signature.keywords}
    given = [v for n, v in known.parameters.items() if not n.startswith(AMBIENT)]
    kinds: dict[str, Attribute | Value] = {}
    for i, p in enumerate(signature.parameters):
        if i == 0:
            kinds[p.name] = info.type
        elif i < len(given):
            kinds[p.name] = given[i]
        elif p.has_default:
            kinds[p.name] = session.from_python(p.default, p.name)
        else:
            raise FrontendError(
                f"{describe(function)}() has an argument '{p.name}' that the method it overrides doesn't have",
                location=source.location(source.node),
            )
    kinds |= {n: v for n, v in known.parameters.items() if n in extras or n.startswith(AMBIENT)}
    compiled = compile_for(session, source, signature, kinds, PyFunction(function, None, info))
    if result is not None and compiled.result != result:
        raise FrontendError(
            f"{describe(function)}() gives {declared or compiled.result}, the method that it overrides {result}",
            location=source.location(source.node),
            hint="annotate both with the same type",
        )
    return compiled
