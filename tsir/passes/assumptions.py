"""What a function relies on beyond its types: names for its arguments' unknown sizes, and conditions on them.

    func.func @f(%x : !ts.tensor<?x4xf32> {ts.sizes = ["x_0", ""]}, %y : !ts.tensor<?xf32> {ts.sizes = ["y_0"]})
        attributes {ts.assume = ["x_0 == y_0"]}

A call whose sizes don't fulfil the conditions needs another variant. While a function is specialised, `ts.hints` has the sizes of
the call at hand: where an operator can't be lowered without knowing how two sizes compare, they tell, and what they told is
written to `ts.assume`. Branches and loops of the program itself are never decided that way.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, StringAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from tsir.dialects.names import name_of
from tsir.dialects.ts.types import TensorType
from tsir.errors import PassError
from tsir.ops.assumptions import Condition, condition_text, parse_condition
from tsir.ops.sizes import Atom, Guard
from tsir.passes.freeze import argument_attributes

SIZES = "ts.sizes"
HINTS = "ts.hints"
ASSUME = "ts.assume"


def name_sizes(function: FuncOp, first: int, hints: Sequence[Sequence[int] | None]) -> None:
    """Names the unknown sizes of the arguments from `first` on, and notes those of the call at hand."""
    marks = argument_attributes(function)
    taken: set[str] = set()
    for i, sizes in enumerate(hints, first):
        argument = function.body.block.args[i]
        kind = argument.type
        if sizes is None or not isinstance(kind, TensorType) or kind.dims is None or None not in kind.dims:
            continue
        own = name_of(argument.name_hint or "")
        if not own.isascii() or not own.isidentifier() or own in taken:
            own = f"argument{i}"
        taken.add(own)
        names = [StringAttr(f"{own}_{d}" if known is None else "") for d, known in enumerate(kind.dims)]
        numbers = [IntegerAttr(s, 64) for s in sizes]
        marks[i] = DictionaryAttr({**marks[i].data, SIZES: ArrayAttr(names), HINTS: ArrayAttr(numbers)})
    function.properties["arg_attrs"] = ArrayAttr(marks)


def drop_hints(function: FuncOp, *, names: bool = False) -> None:
    """Removes the sizes of the call at hand, which no pass may use any more; and the names, where no condition is on them."""
    gone = {HINTS, SIZES} if names or ASSUME not in function.attributes else {HINTS}
    if function.arg_attrs is not None:
        function.properties["arg_attrs"] = ArrayAttr(
            [DictionaryAttr({k: v for k, v in a.data.items() if k not in gone}) for a in function.arg_attrs.data]
        )


def named_sizes(function: FuncOp) -> dict[tuple[SSAValue, int], tuple[str, int | None]]:
    """The name of each named size of an argument, and its hint."""
    found: dict[tuple[SSAValue, int], tuple[str, int | None]] = {}
    if function.arg_attrs is None:
        return found
    for argument, marks in zip(function.body.block.args, function.arg_attrs.data, strict=True):
        names, hints = marks.data.get(SIZES), marks.data.get(HINTS)
        if not isinstance(names, ArrayAttr) or not _has_rank(argument, len(names.data)):
            continue
        numbers = list(hints.data) if isinstance(hints, ArrayAttr) and len(hints.data) == len(names.data) else []
        for d, name in enumerate(names.data):
            if isinstance(name, StringAttr) and name.data:
                hint = numbers[d] if numbers else None
                found[argument, d] = name.data, hint.value.data if isinstance(hint, IntegerAttr) else None
    return found


def _has_rank(argument: SSAValue, rank: int) -> bool:
    kind = argument.type
    if isinstance(kind, BuiltinTensorType):
        return kind.get_num_dims() == rank
    return isinstance(kind, TensorType) and kind.dims is not None and len(kind.dims) == rank


def conditions_of(function: FuncOp) -> list[Condition]:
    """The conditions on sizes that a function relies on. Raises PassError for an attribute that has none."""
    known = function.attributes.get(ASSUME)
    if known is None:
        return []
    if not isinstance(known, ArrayAttr) or not all(isinstance(c, StringAttr) for c in known.data):
        raise PassError(f"@{function.sym_name.data}: {ASSUME} is no list of conditions: {known}")
    try:
        return [parse_condition(c.data) for c in known.data if isinstance(c, StringAttr)]
    except ValueError as error:
        raise PassError(f"@{function.sym_name.data}: {error}") from error


def write_conditions(function: FuncOp, guards: list[Guard]) -> None:
    """Adds guards that were taken to the conditions that the function relies on; the list is empty afterwards."""
    if not guards:
        return
    names = named_sizes(function)

    def name_of_atom(atom: Atom) -> str | None:
        found = names.get(atom.origin) if isinstance(atom.origin, tuple) else None
        return None if found is None else found[0]

    known = function.attributes.get(ASSUME)
    texts = [c.data for c in known.data if isinstance(c, StringAttr)] if isinstance(known, ArrayAttr) else []
    for guard in guards:
        text = condition_text(guard, name_of_atom)
        assert text is not None, f"a guard on sizes without names: {guard}"
        if text not in texts:
            texts.append(text)
    function.attributes[ASSUME] = ArrayAttr([StringAttr(t) for t in texts])
    guards.clear()
