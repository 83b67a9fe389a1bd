"""Types that the program decides: of attributes and of defaults without annotation whose first value (None, an empty list or dict,
an int) says too little, and of empty lists and dicts. What the program stores there says the rest; the compile starts again with that,
as often as something new is found. Where the first use of an empty container is enough, its type is set in place
(`convert.retype`), which costs no new start; only a program that this doesn't compile is compiled with open types
(`open_types`), which also say what containers in containers hold."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from xdsl.ir import Attribute

from tsir.dialects.program import Program
from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError
from tsir.frontend.script.mixed import compile_mixed
from tsir.frontend.script.open_types import OpenType, Unified, open_in, parts_of
from tsir.frontend.script.type_relations import NUMBERS, join_types

if TYPE_CHECKING:
    from torch import nn

    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter

Key = tuple[str, str, str]
"""The module and qualified name of a class or function, and the name of an attribute or parameter of it."""


class Redecided(Exception):
    """The program stores a value of another type: the compile starts again."""


@dataclass(frozen=True)
class Decision:
    """A type. `open`: it is that of a container of whose values nothing is known yet. `classes`: those that the type names."""

    type: Attribute
    open: bool
    classes: tuple[tuple[str, Any], ...] = ()


@dataclass
class Decisions:
    """What was decided so far, for one compile and its restarts."""

    found: dict[Any, Decision] = field(default_factory=dict[Any, Decision])
    settled: bool = False
    """Whether nothing is decided any more: a program that doesn't settle gets the error that its first types give."""
    opening: bool = False
    """Whether empty containers are of open types."""
    places: list[Any] = field(default_factory=list[Any])
    """Where the open types come from, by their numbers."""
    assumed: dict[Any, Attribute] = field(default_factory=dict[Any, Attribute])
    """What is assumed for them where the program doesn't say what they are."""
    taken: dict[int, Any] = field(default_factory=dict[int, Any])
    """The lists and dicts from outside that the program changes, by `id`."""
    failure: FrontendError | None = None
    """The first error where an open type was in the way."""
    searched_to: int = 0
    """The number of statements to which the program is gone through behind that."""
    written: set[Any] = field(default_factory=set[Any])
    """The global variables that the program assigns."""
    functions_are_told_apart: bool = False
    """Whether the program compares functions, so that each of them has one object."""
    shadowed: set[tuple[Any, str]] = field(default_factory=set[tuple[Any, str]])
    """The values of classes, by the class (`class_key`) and the name, of which objects get others."""
    late: set[tuple[Any, str]] = field(default_factory=set[tuple[Any, str]])
    """The attributes that methods assign first, by the class and the name."""
    deleted: set[tuple[tuple[Any, ...], str]] = field(default_factory=set[tuple[tuple[Any, ...], str]])
    """The attributes that the program deletes, by the class with its bases and the name."""
    assigned_modules: dict[tuple[int, str], tuple[nn.Module, list[nn.Module | None]]] = field(
        default_factory=dict[tuple[int, str], "tuple[nn.Module, list[nn.Module | None]]"]
    )
    """The modules, or None, that the program assigns, by the `id` of the module that gets them, which comes first, and the name."""
    unassigned: set[Any] = field(default_factory=set[Any])
    """The variables, by function and name, of which the running program looks whether they are assigned."""
    assigned_constants: set[Any] = field(default_factory=set[Any])
    """The attributes with members of enums, texts, flags and ints that the program assigns, so that they aren't constants."""
    held_dicts: bool = False
    """Whether objects of classes derived from dict hold dicts of run time: the program looks for keys that only it knows."""
    has_static_dicts: bool = False
    """Whether the program has such objects that only exist while compiling."""
    derived: set[Key] = field(default_factory=set[Key])
    """The classes in the program that are derived from such whose objects it asks for their classes."""
    held_numpy: set[str] = field(default_factory=set[str])
    """The classes of NumPy's scalars that containers, attributes and variables of the program may have."""
    mixed: bool = False
    """Whether values of a Union are looked at when the program runs, since it doesn't say itself of what types they are."""
    telling_apart: bool = False
    """Whether what isn't defined for all types of a Union is emitted for each of them (`told_apart.py`)."""
    misfit: FrontendError | None = None
    """Why an attribute without annotation was decided to be of a Union: the error if the program can't be compiled with that."""
    anything: set[Any] | None = field(default_factory=set[Any])
    """The attributes that began as numbers and are of type Any, since values of that are stored; None where that doesn't compile."""
    has_dtypes: bool = False
    """Whether parameters that are declared as ints were found to be dtypes."""
    fixed: set[Any] = field(default_factory=set[Any])
    """The parameters of entry points that stay the empty dict that is their default, since the program passes it with `**`."""
    settings_are_constants: bool = False
    """Whether what modules have as flags, texts, ints, and lists and dicts of these, is constant where the program doesn't change it:
    what they decide isn't compiled."""
    has_settings: bool = False
    """Whether modules of the program have such attributes."""
    staying_empty: bool = False
    """Whether containers of whose elements the program says nothing stay empty (`staying_empty.py`)."""
    made: bool = False
    """Whether the program has an empty container of whose elements nothing was known where it was made."""

    def anew(self, **changes: Any) -> Decisions:
        """Decisions for compiling the same program in another way: without types, which may turn out otherwise then."""
        apart = self.functions_are_told_apart
        kept = Decisions(taken=self.taken, fixed=self.fixed, functions_are_told_apart=apart, held_dicts=self.held_dicts)
        kept.settings_are_constants = self.settings_are_constants
        return replace(kept, **changes)

    def decide(self, session: Session, key: Any, kind: Attribute, still_open: bool = False) -> None:
        """Decides a type and starts again, unless everything is settled. Raises Redecided."""
        before = self.found.get(key)
        if self.settled or session.complete or (before is not None and before.type == kind):
            return
        classes = tuple((n, session.python_class_of(n)) for n in _class_names(kind))
        if len(self.found) >= _MOST or any(cls is None for _, cls in classes):
            self.settled = True
            self.found.clear()
            raise Redecided
        self.found[key] = Decision(kind, still_open, classes)
        raise Redecided

    def mix(self, session: Session, key: Any, kind: Attribute, misfit: FrontendError) -> None:
        """Decides for a Union instead of an error about a value that doesn't fit. Raises Redecided."""
        self.misfit = self.misfit or misfit
        self.decide(session, key, kind)

    def hold_anything(self, session: Session, key: Any) -> None:
        """Decides that an attribute holds values of type Any, of whichever kind of number they turn out to be. Raises Redecided."""
        if self.anything is not None:
            self.anything.add(key)
            self.decide(session, key, ts.AnyType())

    def take(self, value: Any) -> None:
        """Lets a list or dict from outside be a value of run time, and starts again. Raises Redecided."""
        if id(value) not in self.taken and len(self.taken) < _MOST:
            self.taken[id(value)] = value
            raise Redecided

    def fix(self, key: Any) -> None:
        """Fixes a parameter at the empty dict that is its default. Raises Redecided."""
        if key not in self.fixed:
            self.fixed.add(key)
            raise Redecided

    def is_taken(self, value: Any) -> bool:
        """Whether a list or dict from outside is a value of run time."""
        return id(value) in self.taken

    def write(self, session: Session, key: Any) -> None:
        """Notes that the program assigns a global variable, of which it may have read the value already. Raises Redecided."""
        if key not in self.written:
            self.written.add(key)
            if not session.complete:
                raise Redecided

    def tell_functions_apart(self, session: Session) -> bool:
        """Notes that the program compares functions; whether that is possible yet. Raises Redecided when it is new."""
        if self.functions_are_told_apart or session.complete:
            return self.functions_are_told_apart
        self.functions_are_told_apart = True
        raise Redecided

    def shadow(self, cls: type, name: str) -> None:
        """Notes that an object gets another value than its class has. Raises Redecided."""
        if (class_key(cls), name) not in self.shadowed:
            self.shadowed.add((class_key(cls), name))
            raise Redecided

    def hold_numpy(self, session: Session, kind: str) -> None:
        """Notes that what may have Python's numbers has scalars of a NumPy class. Raises Redecided where the program has already asked
        of what class such numbers are."""
        new = kind not in self.held_numpy
        self.held_numpy.add(kind)
        if new and session.asks_numpy and not session.complete:
            raise Redecided

    def join(self, session: Session) -> bool:
        """Notes the classes derived from those whose objects the program asks for their classes; whether there are new ones."""
        found = {key_of(c, "") for c in session.classes_derived_from(session.asked_classes)}
        new = not found <= self.derived
        self.derived |= found
        return new

    def assign_constant(self, key: Any) -> None:
        """Notes that the program assigns an attribute that was taken for a constant. Raises Redecided."""
        self.assigned_constants.add(key)
        raise Redecided

    def assign_modules(self, owners: Sequence[nn.Module], name: str, module: nn.Module | None) -> None:
        """Notes that these modules get another module as their submodule `name`, and starts again. Raises Redecided."""
        new = False
        for owner in owners:
            found = self.assigned_modules.setdefault((id(owner), name), (owner, []))[1]
            if all(m is not module for m in found) and len(found) < _MOST_MODULES:
                found.append(module)
                new = True
        if new:
            raise Redecided

    def unify(self, session: Session, pairs: Sequence[tuple[OpenType, Attribute]]) -> bool:
        """Takes over what open types were found to be; whether anything is new."""
        new = False
        for open_type, kind in pairs:
            key = self.places[open_type.number.data]
            if key not in self.found and len(self.found) < _MOST:
                classes = tuple((n, session.python_class_of(n)) for n in _class_names(kind))
                self.found[key] = Decision(kind, False, classes)
                new = True
        return new

    def of(self, session: Session, key: Any) -> Decision | None:
        """What was decided, in the names that the session has for the classes."""
        decision = self.found.get(key)
        if decision is None or not all(_is_named(session, cls, n) for n, cls in decision.classes):
            return None
        return replace(decision, type=self._resolved(session, decision.type))

    def opened(self, session: Session, key: Any, kind: Attribute) -> Attribute:
        """The type of an empty container, with open types in place of those that were only assumed, or what they were found to be."""
        self.made = True
        if not self.opening:
            return kind
        return _with_parts(kind, [self._open(session, (key, i), part) for i, part in enumerate(parts_of(kind))])

    def _open(self, session: Session, key: Any, assumed: Attribute) -> Attribute:
        decision = self.of(session, key)
        if decision is not None:
            return decision.type
        if isinstance(assumed, _CONTAINERS):
            return self.opened(session, key, assumed)
        if assumed == ts.INT:
            return assumed  # how often a Counter has met something
        if key not in self.assumed:
            self.places.append(key)
            self.assumed[key] = assumed
        return OpenType(self.places.index(key))

    def _resolved(self, session: Session, kind: Attribute) -> Attribute:
        """A type in which open types are what they were found to be."""
        if isinstance(kind, OpenType):
            decision = self.of(session, self.places[kind.number.data])
            return kind if decision is None else decision.type
        if not any(True for _ in open_in(kind)):
            return kind
        return _with_parts(kind, [self._resolved(session, p) for p in parts_of(kind)])

    def goes_on_after(self, session: Session, error: FrontendError) -> bool:
        """Whether the rest of a function is gone through in spite of an error, for what it says about the types that are open."""
        if not self.opening or self.staying_empty or all(k in self.found for k in self.assumed):
            return False
        if self.failure is None:
            self.failure = error
            self.searched_to = 2 * session.steps + _SEARCHED
        return not self.is_searched(session)

    def is_searched(self, session: Session) -> bool:
        """Whether enough was gone through behind an error: about as much as before it, for what is behind may be any code."""
        return self.failure is not None and session.steps > self.searched_to

    def close(self) -> bool:
        """Lets what is still open be what was assumed; whether anything is."""
        left = {k: Decision(kind, False) for k, kind in self.assumed.items() if k not in self.found}
        self.found |= left
        return bool(left)


def _is_named(session: Session, cls: Any, name: str) -> bool:
    """Whether a class has this name in the program; one that the program defines itself is another object at each start."""
    now = session.python_class_of(name)
    if cls is None or now is not None:
        return cls is None or now is cls or key_of(now, "") == key_of(cls, "")
    outside = getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls or "<locals>" in cls.__qualname__
    return outside and session.class_type(cls).symbol.string_value() == name


_MOST = 500
"""So many types are decided at most, each at the price of a new start."""

_SEARCHED = 500
"""So many statements are gone through behind an error at least."""

_MOST_MODULES = 16
"""So many modules of different classes may be assigned to one attribute: each is a branch wherever it is called."""

_CONTAINERS = (ts.ListType, ts.SetType, ts.DictType, ts.DequeType)


def compile_settled(compile_with: Callable[[Session], Program], session_for: Callable[[Decisions], Session]) -> Program:
    """Compiles until what the program stores decides nothing new. Raises FrontendError for what can't be compiled."""
    decisions = Decisions()
    try:
        return _compile_opening(decisions, compile_with, session_for)
    except FrontendError as error:
        if not decisions.has_static_dicts:
            raise
        held = decisions.anew(held_dicts=True)
        try:
            return _compile_opening(held, compile_with, session_for)
        except FrontendError as other:
            raise (other if "exists while compiling" in error.message else error) from None


Compiled = TypeVar("Compiled")


def compile_variant(
    own: Decisions, compile_with: Callable[[Session], Compiled], session_for: Callable[[Decisions], Session]
) -> Compiled:
    """Compiles what joins a finished program, for which nothing of that is decided otherwise: again with open types where it has
    empty containers and can't be compiled without."""
    decisions = replace(own, anything=None, misfit=None)
    try:
        return _compile(decisions, compile_with, session_for)
    except FrontendError as error:
        if not decisions.made or decisions.opening:
            raise
        first = error
    opened = replace(decisions, opening=True, found=dict(decisions.found), places=[], assumed={})
    try:
        return _compile_opened(opened, compile_with, session_for)
    except FrontendError:
        raise first from None


def _compile_opening(
    decisions: Decisions, compile_with: Callable[[Session], Program], session_for: Callable[[Decisions], Session]
) -> Program:
    """Compiles, and where that fails again with the settings of modules as constants: a branch that none of the modules takes, or the
    body of a loop over an empty list, may be no program for the types that are known here."""
    try:
        return _compile_closed_or_open(decisions, compile_with, session_for)
    except FrontendError as error:
        if not decisions.has_settings:
            raise
        try:
            return _compile_closed_or_open(decisions.anew(settings_are_constants=True), compile_with, session_for)
        except FrontendError as other:
            raise _in_the_way(error, other) from None


def _compile_closed_or_open(
    decisions: Decisions, compile_with: Callable[[Session], Program], session_for: Callable[[Decisions], Session]
) -> Program:
    """Compiles, again with open types where a program that has empty containers can't be compiled without."""
    try:
        return _compile(decisions, compile_with, session_for)
    except FrontendError as error:
        if not decisions.made:
            raise
        first = error
    opened = decisions.anew(opening=True)
    try:
        return _compile_opened(opened, compile_with, session_for)
    except FrontendError as error:
        decisions.has_static_dicts |= opened.has_static_dicts
        decisions.has_settings |= opened.has_settings
        found = compile_mixed(opened, error, lambda widened: _compile(widened, compile_with, session_for))
        if found is None:
            raise _in_the_way(first, error) from None
        return found


def _in_the_way(first: FrontendError, other: FrontendError) -> FrontendError:
    """Of the errors of two ways to compile a program the one to show: what stands where the first is is compiled the other way, unless
    that fails there, too, or at what only that way has."""
    of_open_types = other.location is None or f"{OpenType.name}<" in str(other)
    return first if of_open_types or other.location == first.location else other


def _closed(decisions: Decisions, session: Session, compiled: Compiled) -> Compiled:
    """What was compiled, with the types that were assumed for containers that stay empty. Raises FrontendError where they may not."""
    from tsir.frontend.script.staying_empty import closed

    kinds = {OpenType(decisions.places.index(key)): kind for key, kind in decisions.assumed.items()}
    found = closed(session, compiled, kinds)
    if found is None:
        raise FrontendError("the types of the program's empty lists and dicts aren't known", code="TS301")
    return found


def _compile_opened(
    decisions: Decisions, compile_with: Callable[[Session], Compiled], session_for: Callable[[Decisions], Session]
) -> Compiled:
    """Compiles with open types; where that fails, as a program in which what nothing is put into stays empty."""
    try:
        return _compile(decisions, compile_with, session_for)
    except FrontendError as error:
        if all(k in decisions.found for k in decisions.assumed):
            raise
        try:
            return _compile(replace(decisions, staying_empty=True), compile_with, session_for)
        except FrontendError:
            raise error from None


def _compile(
    decisions: Decisions, compile_with: Callable[[Session], Compiled], session_for: Callable[[Decisions], Session]
) -> Compiled:
    while True:
        session, decisions.failure = session_for(decisions), None
        try:
            program = compile_with(session)
            if decisions.failure is not None:
                raise decisions.failure
            session.take_changed()
            if decisions.join(session):
                continue
            if decisions.staying_empty:
                program = _closed(decisions, session, program)
            elif decisions.close():
                continue
            return program
        except Redecided:
            continue
        except FrontendError as error:
            try:
                session.take_changed()
            except Redecided:
                continue
            if decisions.anything:
                decisions.found = {k: d for k, d in decisions.found.items() if k not in decisions.anything}
                decisions.anything = None
                continue
            if decisions.misfit is not None and "Union[" in error.message:
                raise decisions.misfit from None
            raise
        except Unified as unified:
            if not decisions.unify(session, unified.pairs):
                raise FrontendError("the types of the program's empty lists and dicts don't settle", code="TS301") from None
        except Exception:
            # Behind an error the compile only looks for types, on values that may not be whole any more.
            if decisions.failure is None:
                raise
            raise decisions.failure from None


def key_of(owner: Any, name: str) -> Key:
    """The key of an attribute of a class or of a parameter of a function."""
    return (owner.__module__, owner.__qualname__, name)


def class_key(cls: type) -> tuple[str, str]:
    """What tells a class from others: its name, since one that a function makes is another object at each start."""
    return (cls.__module__, cls.__qualname__)


def class_of_key(cls: type, key: Any) -> type | None:
    """The class with a key among one and its bases."""
    return next((c for c in cls.__mro__ if class_key(c) == key), None)


def key_of_literal(e: Emitter) -> Any:
    """The key of an empty container that is made here: the place in the source, and the function that is being compiled."""
    node = e.node or e.source.node
    place = e.source.location(node)
    column = getattr(node, "end_col_offset", None)
    return (place.file, place.line, place.column, column, tuple(e.session.compiling), tuple(e.session.inlined))


def is_open(value: Any) -> bool:
    """Whether a Python object is an empty container, whose type says nothing of its elements."""
    return isinstance(value, list | dict | set | deque) and not value


def wider(declared: Attribute, given: Attribute) -> Attribute | None:
    """The type of an attribute that also holds a value of another type, where a person would expect that without an annotation: a
    value that may be missing, or numbers of two kinds."""
    if declared == given or isinstance(declared, ts.AnyType):
        return None
    plain = declared.element if isinstance(declared, ts.OptionalType) else declared
    other = given.element if isinstance(given, ts.OptionalType) else given
    numbers = {*NUMBERS, ts.NumberType()}
    if ts.NONE in (declared, given) or plain == other or {plain, other} <= numbers:
        joined = join_types(declared, given)
        return joined if joined != declared else None
    return None


def default_type(session: Session, function: Any, node: Any, name: str, kind: Attribute) -> Attribute:
    """The type of an entry point's parameter without annotation whose default is an empty container. `node`: its tree."""
    session.decisions.made = True
    decision = session.decisions.of(session, key_of(function, name))
    if decision is None and session.decisions.opening:
        return session.decisions.opened(session, key_of(function, name), kind)
    if decision is None or decision.open:
        session.open_parameters[node, name] = key_of(function, name)
    return kind if decision is None else decision.type


def _with_parts(kind: Attribute, parts: list[Attribute]) -> Attribute:
    """A type like another one, made of other types."""
    if isinstance(kind, ts.DictType):
        return kind.of(parts[0], parts[1])
    if isinstance(kind, ts.NamedTupleType):
        return ts.NamedTupleType(kind.class_name.data, [f.data for f in kind.fields.data], parts)
    if isinstance(kind, ts.OptionalType):
        return ts.optional_of(parts[0])
    if isinstance(kind, ts.UnionType):
        return ts.union_of(parts)
    if isinstance(kind, ts.TupleType):
        return ts.TupleType(parts)
    return type(kind)(*parts)


def _class_names(kind: Attribute) -> list[str]:
    """The classes that a type names."""
    if isinstance(kind, ts.ClassType):
        return [kind.symbol.string_value()]
    return [n for p in parts_of(kind) for n in _class_names(p)]
