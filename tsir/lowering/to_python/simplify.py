"""Makes statements of one operation each into the expressions and branches that a person would write: Python to Python.

A variable that is assigned and read once, and isn't the user's, goes into the statement behind it when nothing that happens there
before it is read could see the difference: the order of evaluation stays. Branches that only choose a value become `and`, `or`
or a conditional expression. What follows a branch that leaves isn't its `else`.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from tsir.lowering.to_python.cells import without_cells
from tsir.lowering.to_python.copies import without_copies
from tsir.lowering.to_python.finals import with_finals
from tsir.lowering.to_python.handlers import with_handlers
from tsir.lowering.to_python.jumps import with_jumps
from tsir.lowering.to_python.liveness import Liveness, assignment, reads, without_dead_stores
from tsir.lowering.to_python.loops import with_plain_loops
from tsir.lowering.to_python.spelling import Spelled
from tsir.lowering.to_python.variables import NUMBERED

_MOST_ROUNDS = 20
_LITERALS = (ast.Constant, ast.Name, ast.List, ast.Tuple, ast.Dict, ast.Set)
_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_INDENTED = re.compile(r"^( +)", re.MULTILINE)


def simplified(text: str, temporary: Collection[str], set_attributes: Collection[str]) -> str:
    """The text of a function, simplified. `temporary` are the variables that aren't the user's."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, MemoryError, RecursionError):  # blocks or brackets nested more deeply than Python reads
        return f"{text}\n"
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    before = ""
    for _ in range(_MOST_ROUNDS):
        without_cells(function, temporary)
        without_copies(function, temporary)
        simplifier = _Simplifier(function, temporary, set_attributes)
        function.body = simplifier.block(simplifier.without_unread(function.body))
        function.body = with_handlers(function.body)
        function.body = with_plain_loops(function.body, temporary)
        function.body = without_dead_stores(with_jumps(function.body, temporary), temporary)
        _Choices().visit(function)
        now = ast.dump(function)
        if now == before:
            break
        before = now
    with_finals(function)
    _Renumbered(function, temporary).visit(function)
    Spelled().visit(function)
    return _INDENTED.sub(lambda found: found[1][: len(found[1]) // 2], ast.unparse(ast.fix_missing_locations(tree))) + "\n"


class _Renumbered(ast.NodeTransformer):
    """Numbers the variables that have no name in order of their first use."""

    def __init__(self, function: ast.FunctionDef, temporary: Collection[str]) -> None:
        self._numbered = {n for n in temporary if NUMBERED.fullmatch(n)}
        self._taken = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} - self._numbered
        self._taken |= {a.arg for a in ast.walk(function) if isinstance(a, ast.arg)}
        self._names: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._renamed(node.id)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        if node.name is not None:
            node.name = self._renamed(node.name)
        self.generic_visit(node)
        return node

    def _renamed(self, name: str) -> str:
        if name not in self._numbered:
            return name
        if name not in self._names:
            free = (f"_{i}" for i in itertools.count(len(self._names)))
            self._names[name] = next(n for n in free if n not in self._taken and n not in self._names.values())
        return self._names[name]


class _Choices(ast.NodeTransformer):
    """Conditional expressions that are `and` or `or`, and copies of new lists."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Name(id="list"), args=[ast.Call(func=ast.Name(id="list"), args=[_], keywords=[]) as inner]
            ):
                return inner  # a copy of what is new
            case ast.Call(
                func=ast.Name(id="set" | "frozenset" | "sorted" | "tuple"),
                args=[ast.Call(func=ast.Name(id="list"), args=[inner], keywords=[])],
            ):
                node.args = [inner]  # which makes a new one anyway
            case ast.Call(
                func=ast.Name(id="cast"),
                args=[kind, ast.Call(func=ast.Name(id="cast"), args=[other, inner])],
            ) if ast.dump(kind) == ast.dump(other):
                node.args = [kind, inner]
            case _:
                pass
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        self.generic_visit(node)
        match node.value:
            case ast.Call(func=ast.Attribute(attr="annotate"), args=[kind, ast.List(elts=[_, *_]) as value]) if ast.dump(
                kind
            ) == ast.dump(node.annotation):
                node.value = value
            case _:
                pass
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if _is_constant(node.orelse, False) and _is_bool(node.test):
            return _joined(ast.And(), node.test, node.body)
        if _is_constant(node.body, True) and _is_bool(node.test):
            return node.test if _is_constant(node.orelse, False) else _joined(ast.Or(), node.test, node.orelse)
        return node


class _Simplifier:
    def __init__(self, function: ast.FunctionDef, temporary: Collection[str], set_attributes: Collection[str]) -> None:
        self._set_attributes = set_attributes
        self._result = function.returns
        read: Counter[str] = Counter()
        writes: Counter[str] = Counter()
        for node in ast.walk(function):
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else writes)[node.id] += 1
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                read[node.target.id] += 2
        self._temporary = temporary
        self._filled = _only_filled(function, temporary, read)
        self._lengths = _lengths(function)
        self._liveness = Liveness(function.body)
        self._reads, self._writes = read, writes

    def without_unread(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements without assignments to what nobody reads of what has no effect."""
        done: list[ast.stmt] = []
        for statement in statements:
            for field in ("body", "orelse"):
                if hasattr(statement, field):
                    setattr(statement, field, self.without_unread(getattr(statement, field)))
            for handler in statement.handlers if isinstance(statement, ast.Try) else ():
                handler.body = self.without_unread(handler.body) or [ast.Pass()]
            if isinstance(statement, ast.If | ast.For | ast.While | ast.Try) and not statement.body:
                statement.body = [ast.Pass()]
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.Name()) if (
                    name in self._temporary and not self._reads[name]
                ):
                    self._writes[name] -= 1
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.List() as value) if name in self._filled:
                    self._forget(value)
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]) if name in self._filled:
                    self._forget(statement.value)
                case ast.Expr(value=ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=0 | 1 as at))) if (
                    name in self._temporary and at in range(self._lengths.get(name, 0))
                ):
                    self._reads[name] -= 1  # a cell
                case ast.Expr(value=ast.Attribute() as value) if _is_path(value):
                    self._forget(value)
                case ast.Expr(value=ast.List() | ast.Tuple() as value) if all(
                    isinstance(v, ast.Constant) for v in value.elts
                ):
                    pass
                case ast.If(
                    test=ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]),
                    body=[ast.AnnAssign(target=ast.Name(id=other), value=ast.Constant(value=None))],
                    orelse=[],
                ) if name == other:
                    pass
                case _:
                    done.append(statement)
        return done

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements of one block."""
        done: list[ast.stmt] = []
        for statement in statements:
            for made in self._statement(statement):
                self._take_in(done, made)
                if not self._return_in_branches(done, made) and not _leave_together(done, made):
                    done.append(made)
        return done

    def _return_in_branches(self, done: Sequence[ast.stmt], following: ast.stmt) -> bool:
        """Returns where both branches assign what the statement behind them returns."""
        match following, done[-1] if done else None:
            case (
                ast.Return(value=ast.Name(id=name)),
                ast.If(
                    body=[*_, ast.Assign(targets=[ast.Name(id=first)])],
                    orelse=[*_, ast.Assign(targets=[ast.Name(id=second)])],
                ) as branches,
            ) if name == first == second and name in self._temporary:
                for branch in (branches.body, branches.orelse):
                    assert isinstance(branch[-1], ast.Assign)
                    branch[-1] = ast.Return(branch[-1].value)
                self._reads[name] -= 1
                self._writes[name] -= 2
                return True
            case _:
                return False

    def _statement(self, statement: ast.stmt) -> list[ast.stmt]:
        match statement:
            case ast.If():
                return self._if(statement)
            case ast.While() | ast.For():
                statement.body = self.block(statement.body)
                if isinstance(statement, ast.While):
                    statement.test = _truth(statement.test)
            case ast.Try():
                statement.body, statement.orelse = self.block(statement.body), self.block(statement.orelse)
                for handler in statement.handlers:
                    handler.body = self.block(handler.body)
            case _:
                pass
        return [statement]

    # One statement into the next

    def _take_in(self, done: list[ast.stmt], following: ast.stmt) -> None:
        """Puts the variables that the last statements assign into the one behind them."""
        at = len(done) - 1
        passed: set[str] = set()
        copied: set[str] = set()
        while at >= 0:
            found = self._held(done[at], following)
            if found is not None and found[0] in copied:
                return
            if found is None or (passed & reads(found[1])):
                given = assignment(done[at])
                if given is None or not isinstance(given[1], ast.Constant | ast.Name):
                    return
                passed.add(given[0])
                copied |= reads(given[1])
            elif self._replace(following, *found):
                done.pop(at)
                if isinstance(following, ast.If):
                    following.test = _truth(following.test)
            else:
                return
            at -= 1

    def _held(self, statement: ast.stmt, following: ast.stmt) -> tuple[str, ast.expr] | None:
        """The variable and the value of an assignment that may go into the next statement."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.expr() as value) if not (
                isinstance(value, _LITERALS) or _is_said(kind)
            ):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.Name() | ast.Constant() as value) if (
                isinstance(following, ast.Return) and self._result is not None and ast.dump(kind) == ast.dump(self._result)
            ):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if isinstance(following, ast.Raise):
                pass
            case _:
                return None
        is_said_there = (
            isinstance(following, ast.Return) and isinstance(following.value, ast.Name) and isinstance(value, ast.Attribute)
        )
        return (name, value) if self._is_used_once(name, following, is_said_there) else None

    def _is_used_once(self, name: str, following: ast.stmt, is_said_there: bool) -> bool:
        """Whether only this statement reads the value of a variable, and does so once: of a temporary one, or of one of the user's
        whose value says as much there."""
        if name not in self._temporary and not is_said_there:
            return False
        if self._reads[name] == self._writes[name] == 1:
            return True
        simple = isinstance(following, ast.Return | ast.Assign | ast.AnnAssign | ast.Expr | ast.Raise)
        times = sum(
            1 for n in ast.walk(following) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
        )
        return simple and times == 1 and not self._liveness.is_read_behind(following, name)

    def _replace(self, statement: ast.stmt, name: str, value: ast.expr) -> bool:
        for field, part in _evaluated(statement):
            if isinstance(part, ast.Name) and part.id == name:
                setattr(statement, field, value)
                return True
            found = _Place(name, self._set_attributes)
            state = found.visit(part)
            if state and found.put is not None:
                owner, key, index = found.put
                if index is None:
                    setattr(owner, key, value)
                else:
                    getattr(owner, key)[index] = value
                return True
            if state is None:
                return False
        return False

    # Branches

    def _if(self, statement: ast.If) -> list[ast.stmt]:
        statement.body, statement.orelse = self.block(statement.body), self.block(statement.orelse)
        if all(isinstance(s, ast.Pass) for s in statement.orelse):
            statement.orelse = []
        if all(isinstance(s, ast.Pass) for s in statement.body) and statement.orelse:
            statement.test, statement.body, statement.orelse = _not(statement.test), statement.orelse, []
        chosen = self._chosen(statement)
        if chosen is not None:
            return [chosen]
        statement.test = _truth(statement.test)
        if statement.orelse and isinstance(statement.body[-1], _LEAVES):
            rest, statement.orelse = statement.orelse, []
            return [statement, *rest]
        if statement.orelse and isinstance(statement.orelse[-1], _LEAVES):
            rest, statement.body, statement.orelse = statement.body, statement.orelse, []
            statement.test = _not(statement.test)
            return [statement, *rest]
        return [statement]

    def _chosen(self, statement: ast.If) -> ast.stmt | None:
        """The assignment of one of two values to a variable that isn't the user's."""
        match statement:
            case ast.If(
                body=[ast.Assign(targets=[ast.Name(id=name) as target], value=first)],
                orelse=[ast.Assign(targets=[ast.Name(id=other)], value=second)],
            ) if name == other and name in self._temporary and self._writes[name] == 2:
                pass
            case _:
                return None
        test = statement.test
        self._writes[name] -= 1
        return ast.Assign([target], self._one_of(test, first, second))

    def _one_of(self, test: ast.expr, first: ast.expr, second: ast.expr) -> ast.expr:
        if _is_same(test, second):
            self._forget(second)
            return _joined(ast.And(), test, first)
        if _is_same(test, first):
            self._forget(first)
            return _joined(ast.Or(), test, second)
        return ast.IfExp(_truth(test), first, second)

    def _forget(self, expression: ast.expr) -> None:
        for node in ast.walk(expression):
            if isinstance(node, ast.Name):
                self._reads[node.id] -= 1


def _joined(operator: ast.boolop, left: ast.expr, right: ast.expr) -> ast.expr:
    values = left.values if isinstance(left, ast.BoolOp) and isinstance(left.op, type(operator)) else [left]
    return ast.BoolOp(operator, [*values, right])


def _is_same(a: ast.expr, b: ast.expr) -> bool:
    return isinstance(a, ast.Name) and isinstance(b, ast.Name) and a.id == b.id


def _is_constant(node: ast.expr, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_bool(node: ast.expr) -> bool:
    """Whether an expression gives a bool by its form. Comparisons may be of tensors: those are calls in printed code."""
    match node:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp():
            return all(_is_bool(v) for v in node.values)
        case ast.Call(func=ast.Name(id="bool" | "isinstance")):
            return True
        case _:
            return False


def _is_said(kind: ast.expr) -> bool:
    """Whether an annotation says what the value alone doesn't: it is anything, a list where Python has another sequence, or empty."""
    match kind:
        case ast.Name(id="Any"):
            return True
        case ast.Subscript(value=ast.Name(id=name)):
            return name not in ("Optional", "Union", "Tuple")
        case _:
            return False


def _lengths(function: ast.FunctionDef) -> dict[str, int]:
    """How many elements the variables have that are assigned once, a list that is written out."""
    nodes = list(ast.walk(function))
    stores = Counter(n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    made = [(n.target, n.value) for n in nodes if isinstance(n, ast.AnnAssign) and isinstance(n.value, ast.List)]
    return {t.id: len(v.elts) for t, v in made if isinstance(t, ast.Name) and stores[t.id] == 1}


def _only_filled(function: ast.FunctionDef, temporary: Collection[str], read: Counter[str]) -> set[str]:
    """The cells that nobody reads: variables of lists of one element that is only assigned, variables, constants and other cells."""
    assigned: Counter[str] = Counter()
    made: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for node in ast.walk(function):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.List()):
                made[name] += 1
            case ast.Name(id=name, ctx=ast.Store()):
                named[name] += 1
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=0))],
                value=ast.Name()
                | ast.Constant()
                | ast.UnaryOp(operand=ast.Constant())
                | ast.Subscript(value=ast.Name(), slice=ast.Constant(value=0)),
            ) if name in temporary:
                assigned[name] += 1
            case _:
                pass
    return {n for n, times in assigned.items() if read[n] == times and 0 < made[n] == named[n]}


def _leave_together(done: Sequence[ast.stmt], following: ast.stmt) -> bool:
    """Makes `if not a: break` and `if not b: break` behind it `if not (a and b): break`."""
    match done[-1] if done else None, following:
        case (
            ast.If(test=ast.UnaryOp(op=ast.Not(), operand=first), body=[one], orelse=[]) as before,
            ast.If(test=ast.UnaryOp(op=ast.Not(), operand=second), body=[other], orelse=[]),
        ) if isinstance(one, ast.Break | ast.Continue) and type(one) is type(other):
            before.test = ast.UnaryOp(ast.Not(), _joined(ast.And(), first, second))
            return True
        case _:
            return False


def _is_path(node: ast.expr) -> bool:
    """Whether an expression is `a.b.c`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _truth(test: ast.expr) -> ast.expr:
    """A condition without `bool()` around what is tested for its truth anyway."""
    match test:
        case ast.Call(func=ast.Name(id="bool"), args=[inner], keywords=[]):
            return inner
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _not(_truth(inner))
        case _:
            return test


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Is: ast.IsNot, ast.IsNot: ast.Is}


def _not(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        return ast.Compare(test.left, [_OPPOSITE[type(test.ops[0])]()], test.comparators)
    return test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else ast.UnaryOp(ast.Not(), test)


def _evaluated(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The expressions that a statement evaluates once, first of all, in this order."""
    match statement:
        case ast.Return(value=ast.expr() as value) | ast.Expr(value=value):
            yield "value", value
        case ast.Assign(targets=[target], value=value):
            yield "value", value
            yield "targets", ast.Tuple([target], ast.Load())
        case ast.AnnAssign(value=ast.expr() as value):
            yield "value", value
        case ast.AugAssign(target=ast.Name(), value=value):
            yield "value", value
        case ast.If(test=test):
            yield "test", test
        case ast.For(iter=iterated):
            yield "iter", iterated
        case ast.Raise(exc=ast.expr() as error):
            yield "exc", error
        case _:
            pass


class _Place:
    """Looks for a name in an expression in the order of evaluation: `visit` is true when it is found, None when something that a
    moved expression could change, or see changed, is evaluated first; `put` is where it is then."""

    def __init__(self, name: str, set_attributes: Collection[str]) -> None:
        self._name = name
        self._set_attributes = set_attributes
        self.put: tuple[ast.AST, str, int | None] | None = None

    def visit(self, node: ast.expr) -> bool | None:
        match node:
            case ast.Name() | ast.Constant():
                return False
            case ast.Lambda() | ast.ListComp() | ast.DictComp() | ast.SetComp() | ast.GeneratorExp():
                return None
            case ast.BoolOp():
                return self._first(node, "values", 0, node.values[0]) or None
            case ast.IfExp():
                return self._first(node, "test", None, node.test) or None
            case ast.Attribute():
                found = self._first(node, "value", None, node.value)
                return found if found or found is None or node.attr not in self._set_attributes else None
            case ast.Call(func=ast.Attribute() as method):
                found = self._first(method, "value", None, method.value)
            case _:
                found = False
        for owner, key, index, part in _parts(node):
            if found is not False:
                break
            found = self._first(owner, key, index, part)
        if found is False and not isinstance(node, ast.Tuple | ast.Slice) and not _is_plain_call(node):
            return None  # it is a call or an operator that was evaluated
        return found

    def _first(self, owner: ast.AST, key: str, index: int | None, part: ast.expr) -> bool | None:
        if isinstance(part, ast.Name) and part.id == self._name:
            self.put = (owner, key, index)
            return True
        return self.visit(part)


def _is_plain_call(node: ast.expr) -> bool:
    """Whether a call only looks at what nothing changes."""
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "cast", "isinstance")
    )


def _parts(node: ast.expr) -> Iterator[tuple[ast.AST, str, int | None, ast.expr]]:
    """What an expression evaluates, in order."""
    match node:
        case ast.Dict():
            for i, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
                if key is not None:
                    yield node, "keys", i, key
                yield node, "values", i, value
        case ast.Call():
            if not isinstance(node.func, ast.Attribute):
                yield node, "func", None, node.func
            for i, argument in enumerate(node.args):
                yield node, "args", i, argument
            for keyword in node.keywords:
                yield keyword, "value", None, keyword.value
        case _:
            for key, value in ast.iter_fields(node):
                for i, part in enumerate(value) if isinstance(value, list) else [(None, value)]:  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                    if isinstance(part, ast.expr):
                        yield node, key, i, part
