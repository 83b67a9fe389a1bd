"""Sequences of several lengths: padded to one, packed without padding (`nn.utils.rnn`), and recurrent networks on packed ones.

Packed data has a row for each element, ordered by time and then by sequence, the longest first; `batch_sizes[t]` says how many
sequences are longer than t. A network runs over all times and sequences and keeps the states of the sequences that have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tsir.dialects import dtypes
from tsir.errors import OperatorError
from tsir.ops.aten.random import dropped
from tsir.ops.aten.recurrent import CELLS, States, Weights, checked_weights, initial_states, input_part, state_types
from tsir.ops.core.checks import check_sizes, with_size
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, convert, where
from tsir.ops.core.indexing import check_range, index, index_select, nonzero, scatter_rows
from tsir.ops.core.loops import over_time
from tsir.ops.core.reductions import sum as total
from tsir.ops.core.slices import concat, pad, select, slice, stack
from tsir.ops.core.sorting import scan
from tsir.ops.core.views import broadcast_to, reshape, transpose, unsqueeze
from tsir.ops.registry import aten
from tsir.ops.sizes import Size, SymInt
from tsir.ops.tensor import SymTensor, require_bool, require_int


@dataclass(frozen=True)
class _Layout:
    """Where the rows of packed data are in [time, batch]: `rows` [T, B] of the positions, `present` [T, B] of bools."""

    rows: SymTensor
    present: SymTensor


def _column(x: SymTensor) -> SymTensor:
    return reshape(x, (x.shape[0], 1))


def _layout(batch_sizes: SymTensor, batch: Size) -> _Layout:
    sizes = convert(batch_sizes, dtypes.int64)
    starts = binary("sub", scan(sizes, 0, "add"), sizes)
    sequence = reshape(iota(batch, dtypes.int64), (1, batch))
    present = binary("lt", sequence, _column(sizes))
    return _Layout(where(present, binary("add", _column(starts), sequence), 0), present)


def _padded(data: SymTensor, layout: _Layout, value: Any) -> SymTensor:
    """Packed rows as [time, batch, ...]."""
    rows = index_select(data, 0, layout.rows)
    present = reshape(layout.present, (*layout.present.shape, *[1] * (data.rank - 1)))
    return where(present, rows, full((), value, data.dtype))


def _packed(padded: SymTensor, layout: _Layout, count: Size) -> SymTensor:
    """The rows of [time, batch, ...] that are present, in packed order."""
    cells = layout.rows.shape[0] * layout.rows.shape[1]
    spare = where(layout.present, layout.rows, count)
    number = scatter_rows(full((count + 1,), 0, dtypes.int64), reshape(spare, (cells,)), iota(cells, dtypes.int64), "set")
    flat = reshape(padded, (cells, *padded.shape[2:]))
    return index_select(flat, 0, slice(number, 0, 0, count, 1))


@aten("_pack_padded_sequence(Tensor input, Tensor lengths, bool batch_first) -> (Tensor, Tensor)")
def pack_padded_sequence(x: SymTensor, lengths: SymTensor, batch_first: Any) -> tuple[SymTensor, SymTensor]:
    """Sequences [time, batch, ...], the longest first, packed: their rows, and the number of sequences at each time."""
    y = transpose(x, 0, 1) if require_bool(batch_first, "batch_first") else x
    if lengths.rank != 1 or lengths.dtype is not dtypes.int64:
        raise OperatorError("'lengths' argument should be a 1D CPU int64 tensor")
    time, batch = y.shape[0], y.shape[1]
    if isinstance(lengths.shape[0], int) and isinstance(batch, int) and lengths.shape[0] != batch:
        raise OperatorError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {lengths.shape[0]} (batch_size={batch})"
        )
    check_range(
        lengths, 1, time + 1, "RuntimeError",
        "Length of all samples has to be greater than 0 and at most that of the padded sequences, but found an element in "
        "'lengths' that isn't",
    )  # fmt: skip
    falling = binary("sub", slice(lengths, 0, 0, batch - 1, 1), slice(lengths, 0, 1, batch, 1))
    check_range(
        falling, 0, time + 1, "RuntimeError",
        "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
        "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not need "
        "ONNX exportability.",
    )  # fmt: skip
    present = binary("lt", _column(iota(time, dtypes.int64)), reshape(lengths, (1, batch)))
    places = nonzero(present)
    data = index(y, (0, 1), (select(places, 1, 0), select(places, 1, 1)))
    sizes = total(convert(present, dtypes.int64), [1])
    used = select(nonzero(sizes), 1, 0)
    return data, index_select(sizes, 0, used)


@aten(
    "_pad_packed_sequence(Tensor data, Tensor batch_sizes, bool batch_first, Scalar padding_value, int total_length) "
    "-> (Tensor, Tensor)"
)
def pad_packed_sequence(
    data: SymTensor, batch_sizes: SymTensor, batch_first: Any, padding_value: Any, total_length: Any
) -> tuple[SymTensor, SymTensor]:
    """Packed rows as [time, batch, ...] with `padding_value` behind the ends, and the sequences' lengths."""
    sizes = convert(batch_sizes, dtypes.int64)
    first = broadcast_to(slice(sizes, 0, 0, 1, 1), data.shape[:1])
    batch = nonzero(binary("lt", iota(data.shape[0], dtypes.int64), first)).shape[0]
    layout = _layout(sizes, batch)
    padded = _padded(data, layout, padding_value)
    time = padded.shape[0]
    total_length = total_length if isinstance(total_length, SymInt) else require_int(total_length, "total_length")
    if total_length > 0:
        check_sizes(
            total_length,
            "ge",
            time,
            "Expected total_length to be at least the length of the longest sequence in input, but got total_length={0} and max "
            "sequence length being {1}",
        )
        rest = [0] * (padded.rank - 1)
        padded = pad(padded, [0, *rest], [total_length - time, *rest], padding_value)
    lengths = total(convert(layout.present, dtypes.int64), [0])
    return transpose(padded, 0, 1) if require_bool(batch_first, "batch_first") else padded, lengths


def _packed_layers(
    kind: str,
    data: SymTensor,
    batch_sizes: SymTensor,
    initial: States,
    params: Sequence[SymTensor],
    has_biases: bool,
    num_layers: int,
    dropout: Any,
    train: bool,
    bidirectional: bool,
) -> tuple[SymTensor, ...]:
    """All layers on packed data: the packed outputs, and each sequence's last states in all layers and directions."""
    flags = (has_biases, train, bidirectional)
    weights, directions = checked_weights(kind, initial, params, flags, has_biases, num_layers, bidirectional)
    batch = initial[0].shape[1]
    wrong = "Expected the hidden states to have the same size of batch, but got {1} and {0}"
    initial = [initial[0], *(with_size(state, 1, batch, wrong) for state in initial[1:])]
    layout = _layout(batch_sizes, batch)
    mask = unsqueeze(convert(layout.present, data.dtype), 2)
    y = data
    finals: list[States] = []
    for layer, own in enumerate(weights):
        outputs: list[SymTensor] = []
        for direction, w in enumerate(own):
            gates = index_select(input_part(kind, y, w), 0, layout.rows)
            states = [select(state, 0, layer * directions + direction) for state in initial]

            def step(part: SymTensor, carried: States, w: Weights = w) -> tuple[SymTensor, States]:
                width = part.shape[-1] - 1
                runs = binary("gt", slice(part, 1, width, width + 1, 1), 0)
                new = CELLS[kind](slice(part, 1, 0, width, 1), carried, w)
                kept = [where(runs, n, old) for n, old in zip(new, carried, strict=True)]
                return kept[0], kept

            output, last = over_time(concat([gates, mask], 2), states, step, backwards=direction == 1)
            outputs.append(_packed(output, layout, data.shape[0]))
            finals.append(last)
        y = outputs[0] if directions == 1 else concat(outputs, 1)
        if layer + 1 < len(weights):
            y = dropped(y, dropout, train)
    return y, *(concat([unsqueeze(last[i], 0) for last in finals], 0) for i in range(len(initial)))


def _declare_layers(kind: str) -> None:
    def body(data: SymTensor, batch_sizes: SymTensor, hx: Any, *settings: Any) -> tuple[SymTensor, ...]:
        """The layers of `recurrent.py` on packed data."""
        return _packed_layers(kind, data, batch_sizes, initial_states(kind, hx), *settings)

    states, results = state_types(kind)
    aten(
        f"{kind}.data(Tensor data, Tensor batch_sizes, {states} hx, Tensor[] params, bool has_biases, int num_layers, "
        f"float dropout, bool train, bool bidirectional) -> {results}",
        random=True,
    )(body)


for _kind in CELLS:
    _declare_layers(_kind)


@aten(
    'pad_sequence(Tensor[] sequences, bool batch_first=False, float padding_value=0.0, str padding_side="right") -> Tensor',
    out=False,
)
def pad_sequence(sequences: Sequence[SymTensor], batch_first: Any, padding_value: Any, padding_side: str) -> SymTensor:
    """Sequences of several lengths as one tensor, as long as the longest."""
    if not sequences:
        raise OperatorError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise OperatorError("padding_side should be left or right")
    longest = sequences[0].shape[0]
    for x in sequences[1:]:
        if x.shape[0] > longest:
            longest = x.shape[0]
    rows: list[SymTensor] = []
    for x in sequences:
        missing, rest = longest - x.shape[0], [0] * (x.rank - 1)
        low = [missing if padding_side == "left" else 0, *rest]
        high = [missing if padding_side == "right" else 0, *rest]
        rows.append(pad(x, low, high, padding_value))
    return stack(rows, 0 if require_bool(batch_first, "batch_first") else 1)
