"""How reductions over sliding windows (pooling) are written: one axis after the other, as ufuncs of shifted slices.

A window of 3 x 3 elements takes four calls on whole arrays, and each reads rows that lie together in memory. What this
doesn't fit (large windows, other bodies) is reduced over a strided view, in `linalg_operations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import SSAValue

from tsir.backend.numpy.emitter import FunctionEmitter, is_tensor
from tsir.backend.numpy.structured import Operand, Structured
from tsir.backend.numpy.tensors import Size, Tensor, tensor_dtype

MAX_TAPS = 16
"""Longer windows are summed faster by one reduction than by slices."""


@dataclass(frozen=True)
class _Slide:
    """Windows along one axis of the source: the loop of positions, their distance, the taps and their distance."""

    axis: int
    position: int
    stride: int
    taps: int
    dilation: int


def emit_window_reduction(e: FunctionEmitter, view: Structured, ufunc: str, operand: SSAValue) -> Tensor | None:
    """The reduction of `operand`, an element of an input, without the initial value; None where it has another form."""
    source = next((o for o in view.inputs if o.element is operand and is_tensor(o.value)), None)
    if source is None or len(view.yields) != 1 or e.preparing:
        return None
    sizes = view.sizes(e)
    slides = _slides(view, source, sizes)
    found = e.complete(e.tensor(source.value))
    if slides is None or None in found.axes or any(isinstance(s, int) and s == 0 for s in sizes):
        return None
    return _Slices(e, view, ufunc, found).emit(source, slides, sizes)


def _slides(view: Structured, source: Operand, sizes: list[Size]) -> list[_Slide] | None:
    slides: list[_Slide] = []
    taps: set[int] = set()
    for i, expr in enumerate(source.exprs):
        if expr is None or expr.constant or (expr.loop is not None and view.reductions[expr.loop]):
            return None
        if expr.loop is not None:
            continue
        positions = [(d, c) for d, c in expr.coefficients.items() if not view.reductions[d]]
        inner = [(d, c) for d, c in expr.coefficients.items() if view.reductions[d]]
        if len(positions) != 1 or len(inner) != 1 or inner[0][1] < 1 or positions[0][1] < 1:
            return None
        count = sizes[inner[0][0]]
        if not isinstance(count, int) or count > MAX_TAPS:
            return None
        taps.add(inner[0][0])
        slides.append(_Slide(i, positions[0][0], positions[0][1], count, inner[0][1]))
    loops = [x.loop for x in view.outputs[0].exprs if x is not None]
    read = [d for x in source.exprs if x is not None for d in x.coefficients if not view.reductions[d]]
    if taps != {d for d, r in enumerate(view.reductions) if r} or sorted(read) != sorted(d for d in loops if d is not None):
        return None
    return slides if any(s.taps > 1 for s in slides) else None


class _Slices:
    """The ufuncs of slices for one reduction."""

    def __init__(self, e: FunctionEmitter, view: Structured, ufunc: str, found: Tensor) -> None:
        self.e = e
        self.view = view
        self.ufunc = ufunc
        self.found = found

    def emit(self, source: Operand, slides: list[_Slide], sizes: list[Size]) -> Tensor:
        """Writes them; gives the result in the order of axes that the source has."""
        e, found = self.e, self.found
        result = self.view.op.results[0]
        dtype = tensor_dtype(result.type)
        shape = list(found.array_shape)
        current, storage = found.name, None
        last = max(i for i, s in enumerate(slides) if s.taps > 1)
        for i, slide in enumerate(slides):
            axis = found.axes[slide.axis]
            assert axis is not None
            shape[axis] = sizes[slide.position]
            slices = [self._slice(current, axis, slide, tap, shape[axis]) for tap in range(slide.taps)]
            if slide.taps == 1:
                current = slices[0]
                continue
            escapes = i == last and result in e.escaping
            planned = e.buffer(shape, dtype, escapes=escapes)
            first = f"{e.numpy(self.ufunc)}({slices[0]}, {slices[1]}"
            if planned is None:
                made, memory = e.assign(f"{first})", result.name_hint), e.new_storage()
            else:
                made, memory = planned
                e.line(f"{first}, {e.out_argument(first, made)})")
            for text in slices[2:]:
                call = f"{e.numpy(self.ufunc)}({made}, {text}"
                e.line(f"{call}, {e.out_argument(call, made)})")
            if storage is not None:
                e.release(storage)
            current, storage = made, memory
        assert storage is not None
        loop_of = {s.axis: s.position for s in slides}
        axis_of = {loop_of.get(i, x.loop): found.axes[i] for i, x in enumerate(source.exprs) if x is not None}
        kept = [x.loop if x is not None else None for x in self.view.outputs[0].exprs]
        axes = tuple(None if d is None else axis_of[d] for d in kept)
        out_shape = tuple(1 if d is None else sizes[d] for d in kept)
        contiguous = slides[-1].taps > 1
        return Tensor(current, out_shape, axes, dtype, storage, contiguous=contiguous, relaid=found.relaid)

    def _slice(self, array: str, axis: int, slide: _Slide, tap: int, count: Size) -> str:
        e = self.e
        start = tap * slide.dilation
        beyond = start + 1 - slide.stride
        stop = count * slide.stride + beyond if isinstance(count, int) else f"{count} * {slide.stride} + {beyond}"
        step = f":{slide.stride}" if slide.stride > 1 else ""
        known = e.plan.known_as(array)
        text = f"{known or array}[{':, ' * axis}{start}:{stop}{step}]"
        return e.plan.derived(text, f"tap_{tap}") if known else text
