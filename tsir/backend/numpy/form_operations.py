"""How the forms of `forms.py` are written: calls of `form_kernels.py` with planned buffers, or products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from tsir.backend.numpy.emitter import FunctionEmitter
from tsir.backend.numpy.forms import Match
from tsir.backend.numpy.linalg_operations import emit_reduction, independent
from tsir.backend.numpy.tensors import Size, Tensor
from tsir.dialects import dtypes

SMALL = 1 << 11
"""Arrays of fewer elements are faster operation by operation: there a call counts more than a pass over memory."""


def emit_form(e: FunctionEmitter, match: Match) -> bool:
    """Writes a form; False, with nothing written, when its arrays don't fit and its operations have to be written."""
    if any(e.is_prepared(v) or not isinstance(e.binding(v), Tensor) for v in match.inputs):
        return False
    return _EMITTERS[match.kernel](e, match)


def _kernel(e: FunctionEmitter, name: str) -> str:
    return f"{e.module.module('tsir.backend.numpy', 'form_kernels')}.{name}"


def _is_small(shape: Sequence[Size]) -> bool:
    sizes = [s for s in shape if isinstance(s, int)]
    return len(sizes) == len(shape) and math.prod(sizes) < SMALL


def _called(
    e: FunctionEmitter, match: Match, found: Tensor, arguments: Sequence[object], work: Sequence[tuple[str, Sequence[Size]]]
) -> bool:
    """Writes `kernel(x, *arguments, out, work)` and binds the result, which has the layout of x."""
    result = match.root.results[0]
    planned = e.buffer(found.array_shape, dtypes.float32, escapes=result in e.escaping)
    texts = [found.name, *map(str, arguments)]
    if planned is not None:
        texts.append(planned[0])
    scratch = [(name, e.buffer(shape, dtypes.float32)) for name, shape in work]
    texts += [f"{name}={made[0]}" for name, made in scratch if made is not None]
    call = f"{_kernel(e, match.kernel)}({', '.join(texts)})"
    for _, made in scratch:
        if made is not None:
            e.release(made[1])
    if planned is not None:
        e.line(call)
        name, storage = planned
    else:
        name, storage = e.assign(call, result.name_hint), e.new_storage()
    contiguous = planned is not None or found.contiguous or match.kernel == "softmax"
    made = replace(found, name=name, storage=storage, contiguous=contiguous)
    e.bind(result, independent(e, made, result))
    return True


def _activation(e: FunctionEmitter, match: Match) -> bool:
    found = e.tensor(match.inputs[0])
    if _is_small(found.array_shape):
        return False
    work = [("work", found.array_shape)] if match.kernel == "gelu" else []
    return _called(e, match, found, [repr(p) for p in match.parameters], work)


def _softmax(e: FunctionEmitter, match: Match) -> bool:
    found = e.tensor(match.inputs[0])
    shape = found.array_shape
    last = found.axes[-1] if found.axes else None
    if _is_small(shape) or last is None or last != len(shape) - 1:
        return False
    terms = shape[-1]
    if not isinstance(terms, int) or terms == 0:
        return False
    ones = e.expression(e.np_full(f"({terms},)", "1.0", e.dtype(dtypes.float32)), f"ones_{terms}_f32")
    return _called(e, match, found, [ones, *map(repr, match.parameters)], [("sums", shape[:-1])])


def _sum_of_squares(e: FunctionEmitter, match: Match) -> bool:
    view = e.view_of(match.root)
    assert view is not None
    source = match.inputs[0]
    squared = replace(view, inputs=(replace(view.inputs[0], value=source),))
    return emit_reduction(e, squared, 0, squares=True)


_EMITTERS: dict[str, Callable[[FunctionEmitter, Match], bool]] = {
    "gelu": _activation,
    "gelu_tanh": _activation,
    "silu": _activation,
    "sigmoid": _activation,
    "softmax": _softmax,
    "sum_of_squares": _sum_of_squares,
}
