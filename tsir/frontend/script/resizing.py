"""Whether the body of a loop may change the size of the list, dict or set that the loop goes over.

Python looks at the size again before each round. Most loops can't see the difference and count to a number known before the
first round; this module tells the others. It looks at what has been emitted for the body, and errs on the side of a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.dialects import scf
from xdsl.dialects.func import CallOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue

from tsir.dialects.traversal import walk
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import CallMethodOp, CallPythonOp, CastOp, DictOp, ListOp
from tsir.ops import python

_KEEP_SIZE = frozenset({"list_reverse", "list_sort"})
"""Functions that change a container, but never its size."""

_Root = SSAValue | None
"""Where a container comes from: the operation that made it, an argument of the function, or None: anywhere."""


def may_be_resized(body: Block, container: SSAValue, entering: Sequence[SSAValue]) -> bool:
    """Whether an operation in a loop's body may add elements to this container, or take some away.

    `entering` are the first values of the variables of loops that are being emitted, whose arguments refer to them, too.
    """
    roots = frozenset(_roots(container))
    carried = frozenset(r for value in entering for r in _roots(value))
    changed = (c for op in body.ops for o in walk(op) for c in _resized(o))
    return any(_may_be_same(c, container.type, roots, carried) for c in changed)


def _resized(op: Operation) -> Iterator[SSAValue]:
    """The containers whose size an operation may change, and objects through which it may reach them."""
    if isinstance(op, PyOp):
        known = python.lookup(op.FUNCTION)
        if op.FUNCTION == "setitem" and isinstance(op.operands[0].type, ts.ListType):
            return
        if (known is None or known.mutates) and op.FUNCTION not in _KEEP_SIZE:
            yield op.operands[0]
    elif isinstance(op, CallOp | CallMethodOp | CallPythonOp):
        yield from op.operands


def _may_be_same(changed: SSAValue, kind: Attribute, roots: frozenset[_Root], carried: frozenset[_Root]) -> bool:
    if not _may_hold(changed.type, kind, set()):
        return False
    if changed.type != kind:
        return any(r is None or not _is_fresh(r) or r in carried or _escapes(r) for r in roots)
    for mine in _roots(changed):
        for theirs in roots:
            if mine is theirs:
                return True
            fresh = [r is not None and _is_fresh(r) for r in (mine, theirs)]
            made, other = (mine, theirs) if fresh[0] else (theirs, mine)
            if not any(fresh) or (other is None and (made in carried or _escapes(made))):
                return True
    return False


def _may_hold(kind: Attribute, wanted: Attribute, seen: set[Attribute]) -> bool:
    """Whether a value of a type may be, or contain, one of the wanted type; objects may hold anything."""
    if kind == wanted or isinstance(kind, ts.ClassType | ts.AnyType | ts.FutureType | ts.GeneratorType):
        return True
    match kind:
        case ts.ListType() | ts.SetType() | ts.DequeType() | ts.TupleOfType() | ts.OptionalType():
            return _may_hold(kind.element, wanted, seen)
        case ts.DictType():
            return _may_hold(kind.value, wanted, seen)
        case ts.TupleType() | ts.NamedTupleType():
            return any(_may_hold(k, wanted, seen) for k in kind.elements.data)
        case ts.UnionType():
            return any(_may_hold(k, wanted, seen) for k in kind.members.data)
        case _:
            return False


def _is_fresh(value: SSAValue) -> bool:
    op = value.owner
    if isinstance(op, PyOp):
        known = python.lookup(op.FUNCTION)
        return known is not None and known.fresh
    return isinstance(op, ListOp | DictOp)


def _roots(value: SSAValue) -> Iterator[_Root]:
    pending, seen = [value], set[SSAValue]()
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if isinstance(value, BlockArgument):
            # The operation of a loop that is being emitted isn't there yet.
            owner = value.owner.parent_op()
            yield value if owner is not None and owner.name == "func.func" else None
            continue
        assert isinstance(value, OpResult)
        op = value.op
        match op:
            case CastOp():
                pending.append(op.value)
            case scf.IfOp():
                lasts = [region.block.last_op for region in op.regions if region.blocks]
                pending += [last.operands[value.index] for last in lasts if isinstance(last, scf.YieldOp)]
            case PyOp() if op.FUNCTION.endswith(("_iadd", "_imul", "_iand", "_ior", "_isub", "_ixor")):
                pending.append(op.operands[0])
            case _:
                yield value if _is_fresh(value) else None


def _escapes(value: SSAValue | None) -> bool:
    """Whether something that can be read from elsewhere may refer to a container: another container, an object, a call."""
    if value is None:
        return True
    for use in value.uses:
        op = use.operation
        if isinstance(op, AtenOp) or (isinstance(op, PyOp) and use.index == 0 and not op.FUNCTION.startswith("tuple")):
            continue
        if isinstance(op, CastOp):
            if _escapes(op.result):
                return True
            continue
        return True
    return False
