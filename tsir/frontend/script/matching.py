"""`match`: each case is a condition on the subject, with the names that it captures, written as Python and emitted as such.

A pattern becomes an expression over a hidden variable that holds what it is matched against: `isinstance`, comparisons, and
`:=` for captures. So what the conditions say about types holds in the case's body.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Sequence

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.conditions import Deferred, condition
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import body, emit_branch
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import class_of
from tsir.frontend.script.type_relations import Tuples, members
from tsir.frontend.script.values import EnumValue, PyObject, StaticDict, StaticList, StaticObject, StaticTuple


def emit_match(e: Emitter, node: ast.Match) -> None:
    """Emits a match statement."""
    subject = node.subject
    if not isinstance(subject, ast.Name):
        e.session.frames += 1
        subject = ast.copy_location(ast.Name(f"$match{e.session.frames}", ast.Load()), node.subject)
        e.set_flag(subject.id, e.expression(node.subject))
    _cases(e, node.cases, subject, _members(e, subject))


def _members(e: Emitter, subject: ast.Name) -> frozenset[str] | None:
    """The names of the members that a subject may be, where it is a member of an enum."""
    cls = class_of(e, e.expression(subject))
    return None if cls is None or issubclass(cls, enum.Flag) else frozenset(m.name for m in cls)


def _members_matched(e: Emitter, pattern: ast.pattern) -> frozenset[str]:
    """The names of the enum's members that a pattern is sure to match."""
    if isinstance(pattern, ast.MatchOr):
        return frozenset[str]().union(*(_members_matched(e, p) for p in pattern.patterns))
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        return _members_matched(e, pattern.pattern)
    value = e.expression(pattern.value) if isinstance(pattern, ast.MatchValue) else None
    return frozenset((value.member.name,)) if isinstance(value, EnumValue) else frozenset()


def _cases(e: Emitter, cases: Sequence[ast.match_case], subject: ast.Name, left: frozenset[str] | None) -> None:
    if not cases:
        return
    first = cases[0]
    tests = _Pattern(e).tests(first.pattern, subject)
    if first.guard is None and left is not None and not (left := left - _members_matched(e, first.pattern)):
        # All members are matched: nothing else can come.
        named = first.pattern.name if isinstance(first.pattern, ast.MatchAs) else None
        tests = [] if named is None else [_capture(named, subject)]
    if first.guard is not None:
        tests.append(first.guard)
    with e.at(first.pattern):
        test = condition(e, _all(tests, first.pattern))
        end = end_of(first.body[-1])
        emit_branch(e, test, lambda: body(e, first.body), lambda: _cases(e, cases[1:], subject, left), end)


def _all(tests: Sequence[ast.expr], place: ast.AST) -> ast.expr:
    """All of the tests, with the pattern's place wherever a tree has none."""
    result = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), list(tests)) if tests else ast.Constant(True)
    for tree in ast.walk(result):
        if not hasattr(tree, "lineno"):
            ast.copy_location(tree, place)
    return result


class _Pattern:
    """Makes a pattern's tests. `e` is asked what is known of the subject."""

    def __init__(self, e: Emitter) -> None:
        self.e = e

    def tests(self, pattern: ast.pattern, subject: ast.expr) -> list[ast.expr]:
        """The expressions that have to be true, in order, for the pattern to match what `subject` gives."""
        match pattern:
            case ast.MatchValue():
                return [ast.Compare(subject, [ast.Eq()], [pattern.value])]
            case ast.MatchSingleton():
                return [ast.Compare(subject, [ast.Is()], [ast.Constant(pattern.value)])]
            case ast.MatchAs():
                inner = [] if pattern.pattern is None else self.tests(pattern.pattern, subject)
                return inner if pattern.name is None else [*inner, _capture(pattern.name, subject)]
            case ast.MatchOr():
                return [ast.BoolOp(ast.Or(), [_all(self.tests(p, subject), p) for p in pattern.patterns])]
            case ast.MatchSequence():
                return self.sequence(pattern, subject)
            case ast.MatchMapping():
                return self.mapping(pattern, subject)
            case ast.MatchClass():
                return self.object(pattern, subject)
            case _:
                self.e.unsupported("this pattern", node=pattern)

    def sequence(self, pattern: ast.MatchSequence, subject: ast.expr) -> list[ast.expr]:
        """`[a, b, *rest]`: of lists and tuples, not of strings."""
        value = self.e.expression(subject)
        kind = self.e.session.type_of(value)
        if isinstance(value, StaticTuple | StaticList) or isinstance(kind, ts.ListType | ts.TupleOfType | Tuples):
            return self._items(pattern, subject, kind)
        if not isinstance(kind, ts.OptionalType | ts.UnionType | ts.AnyType):
            return [ast.Constant(False)]
        held = [m for m in members(kind) if isinstance(m, ts.ListType | Tuples)]
        names = ["list" if isinstance(m, ts.ListType) else "tuple" for m in held]
        if kind == ts.AnyType() or len(set(names)) < len(names):
            self.e.unsupported(
                f"a sequence pattern for a value of type {self.e.show(value)}",
                node=pattern,
                hint="ask for the type before: `case list():`, or `isinstance(value, List[int])`",
            )
        found = [
            _all([_isinstance(subject, ast.Name(name, ast.Load())), *self._items(pattern, subject, member)], pattern)
            for name, member in zip(names, held, strict=True)
        ]
        return [ast.BoolOp(ast.Or(), found) if len(found) > 1 else found[0]] if found else [ast.Constant(False)]

    def _items(self, pattern: ast.MatchSequence, subject: ast.expr, kind: Attribute | None) -> list[ast.expr]:
        """The tests of the length and of each item, for a list or tuple of this type."""
        stars = [i for i, p in enumerate(pattern.patterns) if isinstance(p, ast.MatchStar)]
        count = len(pattern.patterns) - len(stars)
        length = ast.Call(ast.Name("len", ast.Load()), [subject], [])
        tests: list[ast.expr] = [ast.Compare(length, [ast.GtE() if stars else ast.Eq()], [ast.Constant(count)])]
        if isinstance(kind, Tuples) and (
            len(kind.elements.data) < count or (not stars and len(kind.elements.data) != count)
        ):
            return [ast.Constant(False)]
        if isinstance(kind, Tuples) and not stars:
            tests.clear()  # so that the next cases know that it is no such tuple
        after = len(pattern.patterns) - stars[0] - 1 if stars else 0
        for i, p in enumerate(pattern.patterns):
            if isinstance(p, ast.MatchStar):
                if p.name is not None:
                    stop = ast.UnaryOp(ast.USub(), ast.Constant(after)) if after else None
                    part = ast.Subscript(subject, ast.Slice(ast.Constant(i), stop), ast.Load())
                    tests.append(_capture(p.name, ast.Call(ast.Name("list", ast.Load()), [part], [])))
                continue
            at = i if not stars or i < stars[0] else i - len(pattern.patterns)
            tests += self.tests(p, ast.Subscript(subject, _number(at), ast.Load()))
        return tests

    def mapping(self, pattern: ast.MatchMapping, subject: ast.expr) -> list[ast.expr]:
        """`{"key": pattern, **rest}`."""
        value = self.e.expression(subject)
        kind = self.e.session.type_of(value)
        tests: list[ast.expr] = []
        if not isinstance(value, StaticDict | StaticObject) and not isinstance(kind, ts.DictType):
            if not isinstance(kind, ts.OptionalType | ts.UnionType):
                return [ast.Constant(False)]
            tests.append(_isinstance(subject, ast.Name("dict", ast.Load())))
        for key, p in zip(pattern.keys, pattern.patterns, strict=True):
            tests.append(ast.Compare(key, [ast.In()], [subject]))
            tests += self.tests(p, ast.Subscript(subject, key, ast.Load()))
        if pattern.rest is not None:
            tests.append(_capture(pattern.rest, _without(subject, pattern.keys)))
        return tests

    def object(self, pattern: ast.MatchClass, subject: ast.expr) -> list[ast.expr]:
        """`Class(pattern, attribute=pattern)`."""
        value = self.e.expression(pattern.cls)
        cls = value.value if isinstance(value, PyObject) else None
        tests: list[ast.expr] = [_isinstance(subject, pattern.cls)]
        names = list(getattr(cls, "__match_args__", ()))
        if len(pattern.patterns) > len(names):
            if len(pattern.patterns) == 1 and not pattern.kwd_attrs:
                return tests + self.tests(pattern.patterns[0], subject)  # int(n), str(s)
            self.e.error(f"this class has {len(names)} positional patterns", node=pattern)
        pairs = [*zip(names, pattern.patterns, strict=False), *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)]
        for name, p in pairs:
            tests.append(self._where_it_is_one(p, ast.Attribute(subject, name, ast.Load())))
        return tests

    def _where_it_is_one(self, pattern: ast.pattern, subject: ast.expr) -> ast.expr:
        """The test of a part that only what has passed the tests before it is sure to have."""
        return ast.copy_location(Deferred(lambda: _all(self.tests(pattern, subject), pattern)), pattern)


def _isinstance(value: ast.expr, cls: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("isinstance", ast.Load()), [value, cls], [])


def _without(subject: ast.expr, keys: Sequence[ast.expr]) -> ast.expr:
    """A dict of the items with other keys."""
    tree = ast.parse("{key: value for key, value in subject.items() if key not in keys}", mode="eval").body
    assert isinstance(tree, ast.DictComp) and isinstance(tree.generators[0].iter, ast.Call)
    generator = tree.generators[0]
    generator.iter = ast.Call(ast.Attribute(subject, "items", ast.Load()), [], [])
    generator.ifs = (
        [ast.Compare(ast.Name("key", ast.Load()), [ast.NotIn()], [ast.Tuple(list(keys), ast.Load())])] if keys else []
    )
    return tree


def _number(at: int) -> ast.expr:
    return ast.Constant(at) if at >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-at))


def _capture(name: str, value: ast.expr) -> ast.expr:
    """A test that always holds and assigns a name."""
    assigned = ast.NamedExpr(ast.Name(name, ast.Store()), value)
    return ast.Compare(ast.Tuple([assigned], ast.Load()), [ast.NotEq()], [ast.Tuple([], ast.Load())])
