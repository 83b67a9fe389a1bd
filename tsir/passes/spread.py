"""Arguments that are containers of tensors, taken apart: the function takes what is in them, as it is in one call.

    func.func @f(%xs : !ts.list<!ts.tensor>)          func.func @f(%xs_0 : !ts.tensor<2xf32> {ts.part = [0, 0]},
                                                ->                 %xs_1 : !ts.tensor<3xf32> {ts.part = [0, 1]}) {
                                                        %xs = ts.list %xs_0, %xs_1

Everything that is known of tensors that are arguments (types, strides, names of sizes) is then known of these, too. `ts.part` says
which parameter an argument is a part of, and how it is reached: by an index, or the key of a dict. Callers still pass the container.
One that the program changes, or that leaves it, stays whole: another list in its place would be noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, LocationAttr, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.ts.structure import CastOp, DictOp, ListOp, TupleGetOp, TupleOp
from tsir.dialects.ts.types import NamedTupleType, TupleType
from tsir.passes.constants import constant_ops
from tsir.passes.freeze import argument_attributes
from tsir.passes.memory import Memory
from tsir.passes.refine import refine_uses
from tsir.passes.unroll import only_looks

PART = "ts.part"


@dataclass(frozen=True)
class Leaf:
    """What an argument, or a part of one, is in a call: its type, and of a tensor the strides (None: contiguous) and sizes."""

    type: Attribute
    strides: Sequence[int] | None = None
    sizes: Sequence[int] | None = None


@dataclass(frozen=True)
class Container:
    """A list, dict (with `keys`) or tuple of the declared type, and what is in it."""

    type: Attribute
    parts: tuple[Form, ...]
    keys: tuple[str | int, ...] | None = None

    @property
    def whole(self) -> Leaf:
        """The argument as it is declared."""
        return Leaf(self.type)

    def steps(self) -> Iterator[tuple[str | int, Form]]:
        """How each part is reached, with the part."""
        return zip(range(len(self.parts)) if self.keys is None else self.keys, self.parts, strict=True)


Form: TypeAlias = "Leaf | Container"


def leaves(form: Form, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Leaf]]:
    """What isn't taken apart any more, and how it is reached."""
    if isinstance(form, Leaf):
        yield path, form
    else:
        for step, part in form.steps():
            yield from leaves(part, (*path, step))


def spread_arguments(function: FuncOp, first: int, forms: Sequence[Form]) -> list[Leaf]:
    """Takes the arguments from `first` on apart that may be; gives what is known of each argument that there is now.

    The arguments keep their declared types here, but those of containers' parts have the types that they are given.
    """
    if not any(isinstance(f, Container) for f in forms):
        return [f for f in forms if isinstance(f, Leaf)]
    memory = Memory(function)
    block = function.body.block
    given = block.args[first : first + len(forms)]
    chosen = [isinstance(f, Container) and _stays_as_it_is(a, f, memory) for f, a in zip(forms, given, strict=True)]
    if any((group := memory.group(a)) is not None and group.container_writes for a in given):
        chosen = [False] * len(forms)  # one list may be passed twice
    marks = argument_attributes(function)
    before = block.first_op
    assert before is not None
    known: list[Leaf] = []
    for number, (form, argument, apart) in enumerate(zip(forms, list(given), chosen, strict=True)):
        if isinstance(form, Leaf) or not apart:
            known.append(form if isinstance(form, Leaf) else form.whole)
            continue
        at = argument.index
        inside = list(leaves(form))
        made: list[SSAValue] = []
        for i, (path, leaf) in enumerate(inside):
            part = block.insert_arg(leaf.type, at + i)
            part.name_hint = "_".join([argument.name_hint or f"argument{number}", *map(str, path)])
            made.append(part)
            known.append(leaf)
        own = marks[at].data
        steps = [[IntegerAttr(number, 64), *map(_attribute, path)] for path, _ in inside]
        marks[at : at + 1] = [DictionaryAttr({**own, PART: ArrayAttr(s)}) for s in steps]
        operations: list[Operation] = []
        whole = _rebuilt(form, iter(made), operations, function.location)
        block.insert_ops_before(operations, before)
        whole.name_hint = argument.name_hint
        refine_uses(argument, whole)
        block.erase_arg(argument)
    function.properties["arg_attrs"] = ArrayAttr(marks)
    return known


def _attribute(step: str | int) -> Attribute:
    return StringAttr(step) if isinstance(step, str) else IntegerAttr(step, 64)


def _stays_as_it_is(argument: SSAValue, form: Container, memory: Memory) -> bool:
    """Whether nobody can tell a container from another one with the same in it."""
    group = memory.group(argument)
    if group is None:
        return True
    if group.container_writes:
        return False
    if not group.escapes:
        return True
    keeps_none = not any(isinstance(part, Container) for part in form.parts)  # a container in it may be kept
    return keeps_none and _is_only_looked_at(argument)


def _is_only_looked_at(value: SSAValue) -> bool:
    for use in value.uses:
        op = use.operation
        if isinstance(op, CastOp):
            if not _is_only_looked_at(op.result):
                return False
        elif not only_looks(op, use.index) and not isinstance(op, TupleGetOp):
            return False
    return True


def _rebuilt(form: Form, values: Iterator[SSAValue], made: list[Operation], location: LocationAttr) -> SSAValue:
    if isinstance(form, Leaf):
        return next(values)
    parts = [_rebuilt(p, values, made, location) for p in form.parts]
    kind = form.type
    if isinstance(kind, TupleType):
        made.append(TupleOp(parts, TupleType([p.type for p in parts])))
    elif isinstance(kind, NamedTupleType):
        fields = [f.data for f in kind.fields.data]
        made.append(TupleOp(parts, NamedTupleType(kind.class_name.data, fields, [p.type for p in parts])))
    elif form.keys is None:
        made.append(ListOp(parts, kind))
    else:
        items: list[SSAValue] = []
        for key, part in zip(form.keys, parts, strict=True):
            ops = constant_ops(key, location)
            assert ops is not None
            made += ops
            items += [ops[-1].results[0], part]
        made.append(DictOp(items, kind))
    made[-1].location = location
    return made[-1].results[0]


def part_of(attributes: DictionaryAttr) -> tuple[int, tuple[str | int, ...]] | None:
    """The number of the parameter that an argument with these attributes is a part of, and how the part is reached."""
    found = attributes.data.get(PART)
    if not isinstance(found, ArrayAttr):
        return None
    steps = [
        s.data if isinstance(s, StringAttr) else s.value.data for s in found.data if isinstance(s, StringAttr | IntegerAttr)
    ]
    return (steps[0], tuple(steps[1:])) if steps and isinstance(steps[0], int) else None
