"""`ts-lay-out`: fresh tensors lie in memory as torch lays them out, where that can be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.dtypes import DType
from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp, aten_op
from tsir.dialects.ts.structure import CastOp, ListOp, UnpackOp
from tsir.dialects.ts.types import INT, ListType, TensorType
from tsir.dialects.values import MemoryFormat
from tsir.ops import layouts
from tsir.ops.layouts import Layout, Shape
from tsir.ops.registry import MAY_COPY, operator
from tsir.passes.constants import UNKNOWN, constant_of, constant_ops
from tsir.passes.freeze import argument_attributes
from tsir.passes.memory import is_transient_list
from tsir.passes.structure import callee_name, functions, is_public, walk

STRIDES = "ts.strides"
"""The attribute of an argument whose tensors aren't contiguous: strides in elements, of which the order and the gaps count."""

_RELAID = frozenset(
    ("t_", "transpose_", "unsqueeze_", "squeeze_", "swapaxes_", "swapdims_", "resize_", "resize_as_", "set_", "as_strided_")
)
"""Operators that change how a tensor that has been made lies in memory."""

_TAKING_APART = frozenset(("split", "split_with_sizes", "chunk", "tensor_split", "hsplit", "vsplit", "dsplit", "unbind"))
"""Operators that give a list of a tensor's parts, which lie as they lie in it."""

_ASKING = frozenset(
    (
        "stride",
        "is_contiguous",
        "as_strided",
        "storage_offset",
        "view",
        "view_as",
        "as_strided_scatter",
        "as_strided_copy",
        "_in_order_of",
    )
)
"""Operators whose result depends on strides."""


@dataclass(frozen=True)
class LayOutPass(ModulePass):
    """Puts a copy in torch's order of dimensions behind what makes a tensor, where a program or its caller can tell the difference.

        func.func @f(%x : !ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32> {
          %0 = ts.aten.t(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
          %1 = ts.aten.exp(%0) : (!ts.tensor<3x2xf32>) -> !ts.tensor<3x2xf32>
          func.return %1 : !ts.tensor<3x2xf32>

    becomes

          %1 = ts.aten.exp(%0) : (!ts.tensor<3x2xf32>) -> !ts.tensor<3x2xf32>
          %2 = ts.list %c0, %c1 : (i64, i64) -> !ts.list<i64>
          %3 = ts.aten._in_order(%1, %2) : (!ts.tensor<3x2xf32>, !ts.list<i64>) -> !ts.tensor<3x2xf32>
          func.return %3 : !ts.tensor<3x2xf32>

    Values are computed in whatever order is fast: only what is returned, kept in containers, viewed in another shape or asked for its
    strides is copied. Arguments are contiguous but for those with `ts.strides`. A `view` that the strides don't allow gets
    `ts.error`. Tensors whose layout isn't known are left as they are.
    """

    name = "ts-lay-out"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        called = {callee_name(c) for c in walk(op) if isinstance(c, CallOp)}
        for function in functions(op):
            lay_out(function, is_entry=is_public(function) and function.sym_name.data not in called)


def lay_out(function: FuncOp, *, is_entry: bool = True) -> None:
    """Lays out the tensors of one function whose types are inferred. Of arguments only an entry's are known."""
    known = _Layouts(function, is_entry)
    known.block(function.body.block)
    if known.is_relaid:
        return
    writes = any(isinstance(op, AtenOp) and any(True for _ in effects.written_operands(op)) for op in walk(function))
    for value, operands in reversed(known.unsettled.items()):
        if _is_seen(value, MAY_COPY if writes else frozenset()):
            _put_in_order_of(value, operands)
    for value, strides in known.fresh.items():
        if _is_seen(value, MAY_COPY if writes else frozenset()):
            _put_in_order(value, strides)
    for op, value, strides in known.formatted:
        if strides is None:
            op.results[0].replace_all_uses_with(value)
        else:
            _put_in_order(op.results[0], strides)
    for op, value in known.asked:
        _answer(op, value)
    for op in known.refused:
        op.attributes["ts.error"] = StringAttr(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )


def mark_strides(function: FuncOp, first: int, strides: Sequence[Sequence[int] | None]) -> None:
    """Notes the strides of arguments from `first` on, of those that aren't contiguous."""
    if not any(s is not None for s in strides):
        return
    marks = list(argument_attributes(function))
    for i, known in enumerate(strides, first):
        if known is not None:
            marks[i] = DictionaryAttr({**marks[i].data, STRIDES: ArrayAttr([IntegerAttr(s, 64) for s in known])})
    function.properties["arg_attrs"] = ArrayAttr(marks)


def shape_of(value: SSAValue) -> Shape | None:
    """A tensor's sizes, dynamic ones as some number; None where the rank isn't known."""
    kind = value.type
    if not isinstance(kind, TensorType) or kind.dims is None:
        return None
    return tuple(layouts.DYNAMIC_SIZE if d is None else d for d in kind.dims)


class _Layouts:
    """What is known of the strides of each tensor of a function."""

    def __init__(self, function: FuncOp, is_entry: bool) -> None:
        self.values: dict[SSAValue, Layout] = {}
        self.fresh: dict[SSAValue, Shape] = {}
        """The fresh results that torch, or NumPy, may not lay out contiguously, with torch's strides."""
        self.turned: set[SSAValue] = set()
        """What is made of tensors that aren't contiguous, or of what is."""
        self.mixed: set[SSAValue] = set()
        """What has the one layout or the other by what the program does, and what is made of that."""
        self.unsettled: dict[OpResult, list[SSAValue]] = {}
        """The fresh results whose layout follows from that of such operands, with all of the operator's tensors."""
        self.formatted: list[tuple[AtenOp, SSAValue, Shape | None]] = []
        """Operators that are asked for a memory format, with their tensor, and the strides of a copy; None for the tensor itself."""
        self.asked: list[tuple[AtenOp, Any]] = []
        """Questions about strides, with the answers."""
        self.refused: list[AtenOp] = []
        """Views that there aren't."""
        self.is_relaid = False
        for argument, attributes in zip(function.body.block.args, argument_attributes(function), strict=True):
            shape = shape_of(argument)
            if shape is not None and is_entry:
                given = attributes.data.get(STRIDES)
                strides = (
                    tuple(a.value.data for a in given.data if isinstance(a, IntegerAttr))
                    if isinstance(given, ArrayAttr)
                    else None
                )
                self.values[argument] = shape, strides if strides is not None else layouts.contiguous_strides(shape)

    def block(self, block: Block) -> None:
        """Follows one block and those nested in it."""
        for op in block.ops:
            match op:
                case AtenOp():
                    self._operator(op)
                case UnpackOp() | PyOp(FUNCTION="getitem"):
                    for result in op.results:
                        self._element(op.operands[0], result)
                case CastOp():
                    self._cast(op)
                case scf.ForOp() | scf.WhileOp():
                    self._loop(op)
                case _:
                    for region in op.regions:
                        for inner in region.blocks:
                            self.block(inner)
                    if isinstance(op, scf.IfOp) and op.results:
                        self._chosen(op)

    def _cast(self, op: CastOp) -> None:
        """The same tensor, of which more or fewer sizes are known."""
        layout, shape = self.values.get(op.value), shape_of(op.result)
        if shape is None:
            return
        if layout is None or len(layout[0]) != len(shape):
            if op.value in self.mixed:
                self._mix(op.result)
        elif layout[0] == shape:
            self.values[op.result] = layout
        elif layouts.is_contiguous(layout) and not self._is_turned(op.value):
            self.values[op.result] = shape, layouts.contiguous_strides(shape)
        else:
            self._mix(op.result)

    def _element(self, whole: SSAValue, result: SSAValue) -> None:
        """What is read from an operator's list of views of one tensor."""
        made, shape = whole.owner, shape_of(result)
        if shape is None or not isinstance(made, AtenOp) or made.SCHEMA.name not in _TAKING_APART:
            return
        source = made.operands[0]
        layout = self.values.get(source)
        if layout is None:
            if source in self.mixed:
                self._mix(result)
            return
        strides = layout[1]
        if made.SCHEMA.name == "unbind":
            dim = constant_of(made.operands[1])
            if not isinstance(dim, int) or not -len(strides) <= dim < len(strides):
                return
            strides = tuple(s for i, s in enumerate(strides) if i != dim % len(strides))
        if len(strides) == len(shape):
            self.values[result] = shape, strides
            if self._is_turned(source):
                self.turned.add(result)

    def _loop(self, op: scf.ForOp | scf.WhileOp) -> None:
        """Follows a loop. What it carries has the strides that it begins with, if each round hands on such tensors."""
        initial = list(op.iter_args if isinstance(op, scf.ForOp) else op.arguments)
        candidates = {i: self.values[v] for i, v in enumerate(initial) if v in self.values}
        blocks = [b for region in op.regions for b in region.blocks]
        first = 1 if isinstance(op, scf.ForOp) else 0
        mixed = {i for i, v in enumerate(initial) if v in self.mixed}
        while True:
            before = self._noted()
            for i in mixed:
                self._mix(blocks[0].args[first + i])
            for i, layout in candidates.items():
                self.values[blocks[0].args[first + i]] = layout
            self.block(blocks[0])
            handed = blocks[0].last_op
            assert handed is not None
            if isinstance(op, scf.WhileOp):
                for operand, argument in zip(handed.operands[1:], blocks[1].args, strict=True):
                    if (layout := self.values.get(operand)) is not None:
                        self.values[argument] = layout
                results = list(handed.operands[1:])
                self.block(blocks[1])
                handed = blocks[1].last_op
                assert handed is not None
            else:
                results = list(handed.operands)
            wrong = [i for i, layout in candidates.items() if self.values.get(handed.operands[i]) != layout]
            if not wrong:
                break
            mixed |= {i for i in wrong if self._is_turned(initial[i]) or self._is_turned(handed.operands[i])}
            candidates = {i: layout for i, layout in candidates.items() if i not in wrong}
            self._restore(before)
        for i, (result, value) in enumerate(zip(op.results, results, strict=True)):
            layout = self.values.get(value)
            if layout is not None and (isinstance(op, scf.WhileOp) or i in candidates):
                self.values[result] = layout
            elif i in mixed or value in self.mixed:
                self._mix(result)

    def _noted(self) -> tuple[Any, ...]:
        """What is known so far, for `_restore`."""
        known = (
            self.values, self.fresh, self.turned, self.mixed, self.unsettled, self.formatted, self.asked, self.refused,
        )  # fmt: skip
        return (*(k.copy() for k in known), self.is_relaid)

    def _restore(self, before: tuple[Any, ...]) -> None:
        (
            self.values, self.fresh, self.turned, self.mixed, self.unsettled, self.formatted, self.asked, self.refused,
            self.is_relaid,
        ) = before  # fmt: skip

    def _chosen(self, op: scf.IfOp) -> None:
        ends = [b.last_op for region in op.regions for b in region.blocks]
        for i, result in enumerate(op.results):
            found = {self.values.get(end.operands[i]) for end in ends if end is not None}
            layout = next(iter(found))
            if len(found) == 1 and layout is not None:
                self.values[result] = layout
            elif any(self._is_turned(end.operands[i]) for end in ends if end is not None):
                self._mix(result)

    def _mix(self, value: SSAValue) -> None:
        """A tensor's layout is known when the program runs."""
        if shape_of(value) is not None:
            self.turned.add(value)
            self.mixed.add(value)

    def _operator(self, op: AtenOp) -> None:
        name = op.SCHEMA.name
        if name in _RELAID:
            self.is_relaid = True
        if op.operands and name in ("stride", "is_contiguous"):
            self._question(op, self.values.get(op.operands[0]))
        if len(op.results) == 1 and isinstance(op.results[0].type, TensorType):
            result = op.results[0]
            shape = shape_of(result)
            if shape is None or "ts.error" in op.attributes:
                return
            wanted = _memory_format(op)
            if wanted is not None:
                strides = self._formatted(op, wanted, shape)
            elif viewed := list(effects.aliased_operands(op, 0)):
                if any(map(self._is_turned, viewed)):
                    self.turned.add(result)
                if any(v in self.mixed for v in viewed):
                    self.mixed.add(result)
                strides = self._aliased(op, shape)
            else:
                strides = self._fresh(op, result, shape)
            if strides is not None:
                self.values[result] = shape, strides
            return
        for result in op.results:
            shape = shape_of(result)
            if shape is not None and not any(True for _ in effects.aliased_operands(op, result.index)):
                strides = self._fresh(op, result, shape)
                if strides is not None:
                    self.values[result] = shape, strides

    def _fresh(self, op: AtenOp, result: OpResult, shape: Shape) -> Shape | None:
        operands = list(_tensors(op))
        if any(map(self._is_turned, operands)):
            self.turned.add(result)
        strides = layouts.fresh(op.SCHEMA.key, shape, [self.values.get(t) for t in operands])
        if strides is not None:
            self._note(result, shape, strides)
        elif any(t in self.mixed for t in operands):
            self._mix(result)
            self.unsettled[result] = operands
        return strides

    def _is_turned(self, value: SSAValue) -> bool:
        layout = self.values.get(value)
        return value in self.turned or (layout is not None and not layouts.is_contiguous(layout))

    def _note(self, value: SSAValue, shape: Shape, strides: Shape) -> None:
        if (value in self.turned or not layouts.is_contiguous((shape, strides))) and layouts.fills_memory((shape, strides)):
            self.fresh[value] = strides

    def _formatted(self, op: AtenOp, wanted: str, shape: Shape) -> Shape | None:
        """What an operator gives that is asked for a memory format by name."""
        source, name = op.operands[0], op.SCHEMA.name
        own = self.values.get(source) if isinstance(source.type, TensorType) else None
        rank = 5 if wanted == "channels_last_3d" else 4
        if wanted == "preserve_format":
            return self._aliased(op, shape) if name == "to" else self._fresh(op, op.results[0], shape)
        if wanted != "contiguous_format" and len(shape) != rank:
            return None
        strides = (
            layouts.contiguous_strides(shape) if wanted == "contiguous_format" else layouts.channels_last_strides(shape)
        )
        if name not in ("contiguous", "to"):
            self._note(op.results[0], shape, strides)
            return strides
        if own is None:
            return None
        if name == "to" and not _is_same_dtype(op):
            self._note(op.results[0], shape, strides)
            return strides
        is_so = layouts.is_contiguous(own) if wanted == "contiguous_format" else layouts.is_channels_last(own)
        if is_so and wanted != "contiguous_format" and name == "contiguous":
            self.formatted.append((op, source, None))
        elif not is_so:
            self.formatted.append((op, source, strides))
        return own[1] if is_so else strides

    def _aliased(self, op: AtenOp, shape: Shape) -> Shape | None:
        """The strides of a view, or of an operand that is given back."""
        if not isinstance(op.operands[0].type, TensorType):
            return None
        if any(True for _ in effects.written_operands(op)):
            written = next(effects.written_operands(op))
            layout = self.values.get(written)
            return layout[1] if layout is not None and layout[0] == shape else None
        layout = self.values.get(op.operands[0])
        if layout is None:
            return None
        name = op.SCHEMA.name
        if name in ("to", "type_as"):
            if _is_same_dtype(op):
                return layout[1]
            strides = layouts.preserved(layout)
            self._note(op.results[0], shape, strides)
            return strides
        if name in ("view", "view_as", "_unsafe_view", "unflatten"):
            if op.SCHEMA.overload == "dtype" or _count(layout[0]) != _count(shape):
                return None
            strides = layouts.viewed(layout, shape)
            if strides is None and name in ("view", "view_as"):
                self.refused.append(op)
            return strides
        if name in ("reshape", "reshape_as", "flatten", "ravel"):
            if _count(layout[0]) != _count(shape):
                return None
            found = layouts.viewed(layout, shape)
            if name == "ravel" and not layouts.is_contiguous(layout):
                found = None
            return layouts.contiguous_strides(shape) if found is None else found
        if name == "contiguous":
            return layout[1] if layouts.is_contiguous(layout) else layouts.contiguous_strides(shape)
        arguments = [constant_of(v) for v in op.operands[1:]]
        arguments = [_constants(v) if a is UNKNOWN else a for a, v in zip(arguments, op.operands[1:], strict=True)]
        if not layout[0]:
            return layouts.contiguous_strides(shape)
        try:
            return _view(op.SCHEMA.key, layout, arguments, shape)
        except IndexError:
            return None  # a dimension that the tensor doesn't have: the operator raises when it runs

    def _question(self, op: AtenOp, layout: Layout | None) -> None:
        kind = op.operands[0].type
        if layout is None or not isinstance(kind, TensorType) or kind.dims is None:
            return
        match op.SCHEMA.key:
            case "is_contiguous":
                self.asked.append((op, layouts.is_contiguous(layout)))
            case "is_contiguous.memory_format":
                wanted = _memory_format(op)
                if wanted in ("contiguous_format", "channels_last", "channels_last_3d"):
                    rank = {"channels_last": 4, "channels_last_3d": 5}.get(wanted)
                    is_so = (
                        layouts.is_contiguous(layout)
                        if rank is None
                        else (len(layout[0]) == rank and layouts.is_channels_last(layout))
                    )
                    self.asked.append((op, is_so))
            case "stride.int" if None not in kind.dims:
                at = constant_of(op.operands[1])
                if isinstance(at, int) and -len(layout[1]) <= at < len(layout[1]):
                    self.asked.append((op, layout[1][at]))
            case _:
                pass


def _view(key: str, layout: Layout, arguments: list[Any], shape: Shape) -> Shape | None:
    """The strides of a view for constant arguments; None where they can't be told."""
    old, strides = layout
    rank = len(old)
    order: list[int] | None = None
    match key, arguments:
        case ("alias" | "detach" | "positive" | "lift_fresh" | "requires_grad_", _):
            return strides
        case ("slice.Tensor", [int() as dim, _, _, int() as step]):
            return tuple(s * step if d == dim % rank else s for d, s in enumerate(strides))
        case ("narrow", _):
            return strides
        case ("select.int", [int() as dim, _]):
            return tuple(s for d, s in enumerate(strides) if d != dim % rank)
        case ("unsqueeze", [int() as dim]):
            at = dim % (rank + 1)
            return (*strides[:at], old[at] * strides[at] if at < rank else 1, *strides[at:])
        case ("squeeze", _):
            return tuple(s for s, n in zip(strides, old, strict=True) if n != 1)
        case ("squeeze.dim", [int() as dim]):
            return strides if old[dim] != 1 else tuple(s for d, s in enumerate(strides) if d != dim % rank)
        case (("expand" | "expand_as" | "broadcast_to"), _):
            return layouts.expanded(layout, shape)
        case (("t" | "numpy_T" | "matrix_H" | "mT" | "adjoint" | "mH"), _) if rank <= 2 or key == "numpy_T":
            order = list(range(rank - 1, -1, -1))
        case (("mT" | "adjoint" | "mH"), _):
            order = [*range(rank - 2), rank - 1, rank - 2]
        case (("transpose.int" | "swapaxes" | "swapdims"), [int() as a, int() as b]):
            order = list(range(rank))
            order[a], order[b] = order[b], order[a]
        case ("permute", [list() as dims]) if all(isinstance(d, int) for d in dims):
            order = [d % rank for d in dims]
        case ("diagonal", [_, int() as a, int() as b]):
            rest = [s for d, s in enumerate(strides) if d not in (a % rank, b % rank)]
            return (*rest, strides[a] + strides[b])
        case _:
            return None
    return tuple(strides[d] for d in order)


def _constants(value: SSAValue) -> Any:
    made = value.owner
    if isinstance(made, ListOp):
        return [constant_of(e) for e in made.elements]
    return UNKNOWN


def _count(shape: Shape) -> int:
    count = 1
    for n in shape:
        count *= n
    return count


def _tensors(op: AtenOp) -> Iterator[SSAValue]:
    """The tensors among an operator's arguments, with those in lists."""
    for operand in op.operands:
        if isinstance(operand.type, TensorType):
            yield operand
        elif isinstance(operand.type, ListType) and isinstance(operand.type.element, TensorType):
            made = operand.owner
            if isinstance(made, ListOp):
                yield from made.elements
            else:
                yield operand


def _memory_format(op: AtenOp) -> str | None:
    """The memory format that is asked for, None for none."""
    for operand, argument in zip(op.operands, op.SCHEMA.arguments, strict=True):
        if argument.type.base == "MemoryFormat":
            found = constant_of(operand)
            if isinstance(found, MemoryFormat) and (op.SCHEMA.name != "contiguous" or found.name != "contiguous_format"):
                return found.name
    return None


def _is_same_dtype(op: AtenOp) -> bool:
    """Whether `to` gives its operand for its dtype."""
    source, result = op.operands[0].type, op.results[0].type
    for operand, argument in zip(op.operands, op.SCHEMA.arguments, strict=True):
        if argument.name == "copy" and constant_of(operand) is not False:
            return False
    own, wanted = (k.dtype if isinstance(k, TensorType) else None for k in (source, result))
    return isinstance(own, DType) and own is wanted


def _is_seen(value: SSAValue, copying: frozenset[str]) -> bool:
    """Whether how a tensor lies in memory can make a difference. `copying` are operators of which it matters whether they copy."""
    work, seen = [value], {value}
    while work:
        current = work.pop()
        for use in current.uses:
            user = use.operation
            if isinstance(user, ListOp) and is_transient_list(user):
                if any(isinstance(u.operation, AtenOp) and u.operation.SCHEMA.name in _ASKING for u in user.result.uses):
                    return True
                continue
            if not isinstance(user, AtenOp) or user.SCHEMA.name in _ASKING or user.SCHEMA.name in copying:
                return True
            if user.SCHEMA.name in MAY_COPY:
                continue
            for result in user.results:
                if result not in seen and current in effects.aliased_operands(user, result.index):
                    if not isinstance(result.type, TensorType):
                        return True
                    seen.add(result)
                    work.append(result)
    return False


def _put_in_order(value: SSAValue, strides: Shape) -> None:
    """Puts a copy with these strides behind a tensor, for all who use it."""
    shape = shape_of(value)
    assert isinstance(value, OpResult) and shape is not None
    order = sorted(range(len(shape)), key=lambda d: (strides[d], shape[d]))
    numbers = [_constant(d, value.op) for d in order]
    listed = ListOp([c.results[0] for c in numbers], ListType(INT))
    _put_behind(value, "_in_order", numbers, listed)


def _put_in_order_of(value: OpResult, operands: Sequence[SSAValue]) -> None:
    """Puts a copy behind a tensor that lies in memory as its operator's operands have it when the program runs."""
    assert isinstance(value.op, AtenOp)
    key = _constant(value.op.SCHEMA.key, value.op)
    _put_behind(value, "_in_order_of", [key], ListOp(operands, ListType(TensorType())))


def _put_behind(value: OpResult, name: str, constants: Sequence[Operation], listed: ListOp) -> None:
    """Puts what an operator gives for a tensor, and for constants and a list, in its place for all who use it."""
    uses = list(value.uses)
    block = value.op.parent_block()
    definition = operator(name)
    assert block is not None and definition is not None
    arguments = [*(c.results[0] for c in constants if name == "_in_order_of"), listed.result]
    made: list[Operation] = [*constants, listed, aten_op(definition.schema)([value, *arguments], [value.type])]
    for new in made:
        new.location = value.op.location
    block.insert_ops_after(made, value.op)
    result = made[-1].results[0]
    result.name_hint = value.name_hint
    for use in uses:
        use.operation.operands[use.index] = result


def _constant(value: int | bool | str, like: Operation) -> Operation:
    made = constant_ops(value, like.location)
    assert made is not None
    return made[0]


def _answer(op: AtenOp, value: Any) -> None:
    """Puts a constant for a question."""
    new = _constant(value, op)
    block = op.parent_block()
    assert block is not None
    block.insert_op_before(new, op)
    op.results[0].replace_all_uses_with(new.results[0])
    block.erase_op(op)
