"""How the scalar body of a linalg operation is written over whole arrays: one ufunc after another, broadcasting by views.

The loops that the body depends on become the axes of the arrays, in an order that fits how the operands lie in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, complex, tensor
from xdsl.dialects.linalg.ops import IndexOp
from xdsl.ir import Operation, SSAValue

from tsir.backend.numpy.element_rules import EXPRESSIONS, FOLLOWING, call_of, ufunc_of
from tsir.backend.numpy.emitter import FunctionEmitter, is_tensor, shape_text
from tsir.backend.numpy.scalar_operations import constant_value
from tsir.backend.numpy.structured import Affine, Operand, Structured
from tsir.backend.numpy.tensors import Fill, Kind, Size, Storage, Tensor, scalar_dtype
from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType

VIEWS = (arith.BitcastOp, complex.ReOp, complex.ImOp)
"""Operations whose expression is a view of the operand."""


@dataclass
class Part:
    """A value of the body as an array: its loops in the compiler's order, broadcast over the others."""

    text: str
    loops: frozenset[int]
    rank: int
    """How many axes the array has; they are the last ones of the compiler's loops."""
    temporary: Storage | None = None
    """The memory, when the body may overwrite it."""
    source: SSAValue | None = None
    """The operand whose memory it is, when that dies with this operation and the array is all of it."""
    contiguous: bool = False
    storage: Storage | None = None
    """Where a contiguous array is."""
    dtype: DType | None = None
    """The elements' dtype where the storage is given."""


class BodyCompiler:
    """Writes the body of one operation for the loops of `order`."""

    def __init__(self, e: FunctionEmitter, view: Structured, order: Sequence[int], sizes: Sequence[Size]) -> None:
        self.e = e
        self.view = view
        self.order = tuple(order)
        self.sizes = sizes
        self._operands = {o.element: o for o in (*view.inputs, *view.outputs)}
        self._parts: dict[SSAValue, Part] = {}
        self._uses: dict[SSAValue, int] = {}

    # Reading

    def part(self, value: SSAValue) -> Part:
        """The value as an array; for a value of the body, computed now."""
        pending = [value]
        while pending:
            top = pending[-1]
            if top in self._parts:
                pending.pop()
                continue
            owner = top.owner
            if top in self._operands:
                self._parts[top] = self._operand(self._operands[top])
            elif isinstance(owner, Operation) and owner.parent is self.view.body:
                missing = [v for v in owner.operands if v not in self._parts and not is_tensor(v)]
                if missing:
                    pending.extend(missing)
                    continue
                self._parts[top] = self._computed(owner, top)
            else:
                self._parts[top] = self._scalar(top)
            pending.pop()
        return self._parts[value]

    def _scalar(self, value: SSAValue) -> Part:
        dtype = scalar_dtype(value.type)
        number = constant_value(value)
        text = self.e.number(number, dtype) if number is not None else self.e.name_of(value)
        return Part(self.e.scalar_array(text, dtype, number), frozenset(), 0)

    def _operand(self, operand: Operand) -> Part:
        e = self.e
        if not is_tensor(operand.value):
            return self._scalar(operand.value)
        binding = e.binding(operand.value)
        if isinstance(binding, Fill) and binding.scalar is not None:
            return Part(e.scalar_array(binding.scalar, binding.dtype, binding.value), frozenset(), 0)
        found = e.tensor(operand.value)
        text, loops, rank = aligned(e, found, operand.exprs, self.order, self.sizes)
        whole = text == found.name and rank == len(found.order)
        source = operand.value if whole and e.dies_here(operand.value) else None
        contiguous = whole and found.contiguous
        return Part(
            text,
            loops,
            rank,
            source=source,
            contiguous=contiguous,
            storage=found.storage if contiguous else None,
            dtype=found.dtype,
        )

    def reshaped(self, part: Part, shape: Sequence[Size]) -> str:
        """A contiguous array with another shape: a planned buffer's own view of it where there is one."""
        buffer = part.storage.buffer if part.storage is not None else None
        static = tuple(s for s in shape if isinstance(s, int))
        if buffer is not None and len(static) == len(shape) and part.dtype is not None:
            return self.e.plan.view(buffer, part.dtype, static)
        return f"{part.text}.reshape({', '.join(map(str, shape))})"

    # Computing

    def _uses_left(self, value: SSAValue) -> int:
        if value not in self._uses:
            self._uses[value] = sum(1 for u in value.uses if u.operation.parent is self.view.body)
        return self._uses[value]

    def array_shape(self, loops: frozenset[int], rank: int) -> tuple[Size, ...]:
        """The shape of an array over these loops."""
        last = self.order[len(self.order) - rank :]
        return tuple(self.sizes[d] if d in loops else 1 for d in last)

    def _computed(self, op: Operation, value: SSAValue) -> Part:
        e = self.e
        if isinstance(op, arith.ConstantOp):
            return self._scalar(value)
        if isinstance(op, IndexOp):
            return self._index(op.dim.value.data)
        if isinstance(op, tensor.ExtractOp):
            return self._extract(op)
        if isinstance(op, arith.IndexCastOp) and scalar_dtype(op.input.type) is scalar_dtype(op.result.type):
            return self._parts[op.input]
        if isinstance(op, tensor.DimOp) or not op.operands:
            e.emit(op)
            return self._scalar(value)
        parts = [self._parts[v] for v in op.operands]
        loops = frozenset[int]().union(*(p.loops for p in parts))
        rank = max(p.rank for p in parts)
        name = ufunc_of(op)
        dtype = scalar_dtype(value.type)
        if name is not None:
            operands = [p.text for p in parts]
            if name == "square":
                operands = operands[:1]
            text = call_of(e, name, op, operands)
            return self._ufunc(text, op, parts, loops, rank, dtype, FOLLOWING.get(type(op), ""))
        rule = EXPRESSIONS.get(type(op))
        if rule is None:
            raise e.error(f"the NumPy backend doesn't know {op.name} in the body of {self.view.op.name}")
        made = rule(e, op, [p.text for p in parts])
        if rank == 0:
            made = f"{e.numpy('asarray')}({made})"
        text = e.hoisted(made, value.name_hint)
        self._done(op)
        fresh = not isinstance(op, VIEWS) and not e.is_prepared_text(text)
        return Part(text, loops, rank, e.new_storage() if fresh else None, contiguous=False)

    def _ufunc(
        self, text: str, op: Operation, parts: list[Part], loops: frozenset[int], rank: int, dtype: DType, then: str
    ) -> Part:
        """Writes a call of a ufunc (`text` lacks the output), and `then` another one on its result."""
        e = self.e
        if e.is_prepared_text(text):
            made = f"{e.numpy(then)}({text}))" if then else f"{text})"
            name = e.hoisted(f"{e.numpy('asarray')}({made})" if rank == 0 else made)
            self._done(op)
            return Part(name, loops, rank)
        shape = self.array_shape(loops, rank)
        result = op.results[0]
        final = self._is_result(result) and len(loops) == len(self.order)
        escapes = final and any(r in e.escaping for r in self.view.op.results)
        target = None if escapes else self._in_place(op, parts, loops, rank, dtype)
        storage: Storage | None = None
        # A new array has its axes in memory as the operands have.
        contiguous = all(p.contiguous or p.rank <= 1 for p in parts)
        if target is not None:
            out, storage, contiguous = target
        else:
            planned = e.buffer(shape, dtype, escapes=escapes)
            if planned is not None:
                out, storage = planned
                contiguous = True
            elif rank == 0:
                out = f"{e.numpy('empty')}((), {e.dtype(dtype)})"
            else:
                out = ""
        name = e.assign(f"{text}, {e.out_argument(text, out)})" if out else f"{text})", result.name_hint)
        if out and e.plan.known_as(out) is not None:
            e.plan.aliases[name] = out
        if then:
            e.line(f"{e.numpy(then)}({name}, {name})")
        self._done(op)
        storage = storage or e.new_storage()
        return Part(name, loops, rank, storage, contiguous=contiguous, storage=storage, dtype=dtype)

    def _is_result(self, value: SSAValue) -> bool:
        return value in self.view.yields

    def _in_place(
        self, op: Operation, parts: list[Part], loops: frozenset[int], rank: int, dtype: DType
    ) -> tuple[str, Storage, bool] | None:
        for value, part in zip(op.operands, parts, strict=True):
            if part.loops != loops or part.rank != rank or scalar_dtype(value.type) is not dtype:
                continue
            if self._uses_left(value) != sum(v is value for v in op.operands):
                continue
            if part.temporary is not None and part.temporary.kind in (Kind.PLANNED, Kind.FRESH):
                return part.text, part.temporary, part.contiguous
            if part.source is not None and len(loops) == len(self.order) and self._only_reader(part.source):
                found = self.e.tensor(part.source)
                return part.text, found.storage, part.contiguous
        return None

    def _only_reader(self, value: SSAValue) -> bool:
        return len(self.view.yields) == 1 and sum(v is value for v in self.view.op.operands) == 1

    def _done(self, op: Operation) -> None:
        """Counts the reads of an operation's operands; temporaries that nothing reads any more are free again."""
        for value in op.operands:
            if value in self._parts:
                self._uses[value] = self._uses_left(value) - 1

    def release(self, keep: Sequence[Storage]) -> None:
        """Frees the body's temporaries but for those that hold results."""
        seen: set[int] = set()
        for part in self._parts.values():
            storage = part.temporary
            if storage is not None and storage not in keep and id(storage) not in seen and not storage.alive:
                seen.add(id(storage))
                self.e.release(storage)

    def _index(self, loop: int) -> Part:
        e = self.e
        if loop not in self.order:
            return Part(e.scalar_array("0", dtypes.int64, 0), frozenset(), 0)
        size = self.sizes[loop]
        text = f"{e.numpy('arange')}({size})"
        position = self.order.index(loop)
        rank = len(self.order) - position
        if rank > 1:
            text += f".reshape({', '.join(['-1', *['1'] * (rank - 1)])})"
        name = e.expression(text, "positions") if isinstance(size, int) else e.hoisted(text, "positions")
        return Part(name, frozenset((loop,)), rank)

    def _extract(self, op: tensor.ExtractOp) -> Part:
        e = self.e
        source = e.name_of(op.tensor)
        parts = [self._parts[v] for v in op.indices]
        loops = frozenset[int]().union(*(p.loops for p in parts))
        rank = max((p.rank for p in parts), default=0)
        text = f"{source}[{', '.join(p.text for p in parts) or '()'}]"
        if rank == 0:
            text = f"{e.numpy('asarray')}({text})"
        name = e.hoisted(text, op.result.name_hint)
        fresh = parts and rank > 0 and not e.is_prepared_text(name)
        return Part(name, loops, rank, e.new_storage() if fresh else None)


def aligned(
    e: FunctionEmitter, found: Tensor, exprs: Sequence[Affine | None], order: Sequence[int], sizes: Sequence[Size]
) -> tuple[str, frozenset[int], int]:
    """A tensor as an array whose axes are the last of the loops of `order`, of size 1 where it doesn't vary."""
    simple = True
    loop_of: dict[int, int] = {}
    constants: dict[int, int] = {}
    for i, expr in enumerate(exprs):
        axis = found.axes[i]
        if axis is None:
            continue
        if expr is None:
            raise e.error("an indexing map isn't linear")
        if expr.loop is not None and expr.loop not in loop_of.values():
            loop_of[axis] = expr.loop
        elif not expr.coefficients:
            constants[axis] = expr.constant
        else:
            simple = False
    if not simple:
        return _strided(e, found, exprs, order, sizes)
    text = found.name
    if constants:
        rank = len(found.order)
        text += f"[{', '.join(str(constants[a]) if a in constants else ':' for a in range(rank))}]"
        kept = [a for a in range(rank) if a not in constants]
        if not kept:
            text = text[:-1] + ", ...]"
        loop_of = {k: loop_of[a] for k, a in enumerate(kept)}
    position = {d: i for i, d in enumerate(order)}
    axes = sorted(loop_of, key=lambda a: position[loop_of[a]])
    loops = frozenset(loop_of.values())
    if axes != sorted(axes):
        text += f".transpose({', '.join(map(str, axes))})"
    if not loops:
        return (text if text == found.name else e.inline(text)), loops, 0
    first = min(position[d] for d in loops)
    if all(sizes[d] == 1 for d in order[:first]) and e.is_prepared_text(text):
        first = 0  # of the result's own shape: a ufunc takes half as long then
    rank = len(order) - first
    if rank != len(loops):
        text += f"[{', '.join(':' if d in loops else 'None' for d in order[first:])}]"
    return (text if text == found.name else e.inline(text)), loops, rank


def _strided(
    e: FunctionEmitter, found: Tensor, exprs: Sequence[Affine | None], order: Sequence[int], sizes: Sequence[Size]
) -> tuple[str, frozenset[int], int]:
    """A view by strides: for maps such as `2 * d0 + d3`, diagonals and reversals."""
    linear = [(found.axes[i], x) for i, x in enumerate(exprs) if x is not None and found.axes[i] is not None]
    loops = frozenset(d for _, x in linear for d in x.coefficients)
    first = min((list(order).index(d) for d in loops), default=len(order))
    last = order[first:]
    offsets = {a: x.constant for a, x in linear}
    start = tuple(offsets.get(a, 0) for a in range(len(found.order)))
    steps = [tuple((a, x.coefficients[d]) for a, x in linear if d in x.coefficients) if d in loops else () for d in last]
    shape = shape_text([sizes[d] if d in loops else 1 for d in last])
    text = f"{e.kernel('strided')}({found.name}, {start}, {shape}, {tuple(steps)})"
    return e.inline(text), loops, len(last)


def loop_order(e: FunctionEmitter, view: Structured, loops: Sequence[int]) -> list[int]:
    """The order of loops that fits the largest operand's layout in memory."""
    best: list[int] = []
    for operand in view.inputs:
        if not is_tensor(operand.value) or isinstance(e.binding(operand.value), Fill):
            continue
        found = e.tensor(operand.value)
        exprs = [operand.exprs[i] for i in found.order]
        order = [d for x in exprs if x is not None and (d := x.loop) is not None]
        if len(order) > len(best) and len(set(order)) == len(order) and all(d in loops for d in order):
            best = order
    if len(best) != len(loops):
        return list(loops)
    return best
