"""Recurrent networks: RNN, GRU and LSTM cells and layers. The loop over time is one loop in the emitted program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tsir.errors import OperatorError
from tsir.ops.aten.activation import relu
from tsir.ops.aten.functions import sigmoid
from tsir.ops.aten.linear_algebra import linear, product
from tsir.ops.aten.precision import require_float
from tsir.ops.aten.random import dropped
from tsir.ops.core.elementwise import binary, unary
from tsir.ops.core.loops import over_time
from tsir.ops.core.slices import concat, flip, select, slice
from tsir.ops.core.views import transpose, unsqueeze
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, require_bool, require_int

States = list[SymTensor]


@dataclass(frozen=True)
class Weights:
    """The parameters of one layer in one direction."""

    w_ih: SymTensor
    w_hh: SymTensor
    b_ih: SymTensor | None = None
    b_hh: SymTensor | None = None
    w_hr: SymTensor | None = None
    """An LSTM's projection of its output."""


def _gates(x: SymTensor, count: int) -> list[SymTensor]:
    """The parts of the last dimension."""
    width = x.shape[-1] // count
    return [slice(x, x.rank - 1, i * width, (i + 1) * width, 1) for i in range(count)]


def _from_state(h: SymTensor, weight: SymTensor, bias: SymTensor | None) -> SymTensor:
    """A linear function of the state (batch, features); of two directions' states (2, batch, features) with weights of each."""
    if weight.rank == 2:
        return linear(h, weight, bias)
    y = product(h, transpose(weight, 1, 2))
    return y if bias is None else binary("add", y, unsqueeze(bias, 1))


Cell = Callable[[SymTensor, States, Weights], States]
"""Computes the new states from the input's part of the gates, the old states and the weights."""


def _lstm_cell(gates_x: SymTensor, states: States, w: Weights) -> States:
    h, c = states
    i, f, g, o = _gates(binary("add", gates_x, _from_state(h, w.w_hh, None)), 4)
    new_c = binary("add", binary("mul", sigmoid(f), c), binary("mul", sigmoid(i), unary("tanh", g)))
    new_h = binary("mul", sigmoid(o), unary("tanh", new_c))
    if w.w_hr is not None:
        new_h = linear(new_h, w.w_hr, None)
    return [new_h, new_c]


def _halved(w: Weights) -> Weights:
    """An LSTM's weights with the gates in the order i, f, o, g, and those that a sigmoid follows halved."""

    def arranged(p: SymTensor) -> SymTensor:
        width = p.shape[0] // 4
        inner, out = slice(p, 0, 0, 2 * width, 1), slice(p, 0, 3 * width, 4 * width, 1)
        return concat([binary("mul", inner, 0.5), binary("mul", out, 0.5), slice(p, 0, 2 * width, 3 * width, 1)], 0)

    b_ih, b_hh = (None if b is None else arranged(b) for b in (w.b_ih, w.b_hh))
    return Weights(arranged(w.w_ih), arranged(w.w_hh), b_ih, b_hh, w.w_hr)


def _halved_lstm_cell(gates_x: SymTensor, states: States, w: Weights) -> States:
    """`_lstm_cell` for halved weights: all gates by one tanh, for sigmoid(x) is `tanh(x / 2) / 2 + 1 / 2`."""
    h, c = states
    y = unary("tanh", binary("add", gates_x, _from_state(h, w.w_hh, None)))
    width, dim = y.shape[-1] // 4, y.rank - 1
    i, f, o = _gates(binary("add", binary("mul", slice(y, dim, 0, 3 * width, 1), 0.5), 0.5), 3)
    g = slice(y, dim, 3 * width, 4 * width, 1)
    new_c = binary("add", binary("mul", f, c), binary("mul", i, g))
    new_h = binary("mul", o, unary("tanh", new_c))
    return [new_h if w.w_hr is None else _from_state(new_h, w.w_hr, None), new_c]


def _gru_cell(gates_x: SymTensor, states: States, w: Weights) -> States:
    (h,) = states
    reset_x, update_x, new_x = _gates(gates_x, 3)
    reset_h, update_h, new_h = _gates(_from_state(h, w.w_hh, w.b_hh), 3)
    reset = sigmoid(binary("add", reset_x, reset_h))
    update = sigmoid(binary("add", update_x, update_h))
    new = unary("tanh", binary("add", new_x, binary("mul", reset, new_h)))
    return [binary("add", binary("mul", update, binary("sub", h, new)), new)]


def _simple_cell(activation: Callable[[SymTensor], SymTensor]) -> Cell:
    def cell(gates_x: SymTensor, states: States, w: Weights) -> States:
        return [activation(binary("add", gates_x, _from_state(states[0], w.w_hh, None)))]

    return cell


CELLS: dict[str, Cell] = {
    "lstm": _lstm_cell,
    "gru": _gru_cell,
    "rnn_tanh": _simple_cell(lambda x: unary("tanh", x)),
    "rnn_relu": _simple_cell(relu),
}


def input_part(kind: str, x: SymTensor, w: Weights) -> SymTensor:
    """The input's part of the gates for all times at once, with the biases that may be added there."""
    if kind in ("lstm", "gru"):
        require_float(x, kind)
    bias = w.b_ih
    if kind != "gru" and bias is not None and w.b_hh is not None:
        bias = binary("add", bias, w.b_hh)
    return linear(x, w.w_ih, bias)


def _weights(params: Sequence[SymTensor], has_biases: bool, projected: bool) -> list[Weights]:
    each = 2 + 2 * has_biases + projected
    if len(params) % each:
        raise OperatorError(f"got an incorrect number of RNN parameters: {len(params)}")
    found: list[Weights] = []
    for start in range(0, len(params), each):
        part = list(params[start : start + each])
        w_hr = part.pop() if projected else None
        biases = part[2:4] if has_biases else [None, None]
        found.append(Weights(part[0], part[1], biases[0], biases[1], w_hr))
    return found


def checked_weights(
    kind: str,
    initial: States,
    params: Sequence[SymTensor],
    flags: Sequence[Any],
    has_biases: bool,
    num_layers: Any,
    bidirectional: bool,
) -> tuple[list[list[Weights]], int]:
    """The weights of each layer, one for each direction, and how many directions there are.

    Raises OperatorError for another number of parameters than the layers need, or a flag that is no bool.
    """
    for argument in flags:
        require_bool(argument, "a flag of the recurrent network")
    layers, directions = require_int(num_layers, "num_layers"), 1 + bidirectional
    projected = kind == "lstm" and initial[0].shape[-1] != initial[1].shape[-1]
    weights = _weights(params, has_biases, projected)
    if len(weights) != layers * directions:
        raise OperatorError(f"got an incorrect number of RNN parameters: {len(params)}")
    return [weights[first : first + directions] for first in range(0, len(weights), directions)], directions


def initial_states(kind: str, hx: Any) -> States:
    """The states that a network starts with: an LSTM's hidden and cell state, another's state. Raises OperatorError for
    another number of an LSTM's states than two."""
    if kind != "lstm":
        return [hx]
    if len(hx) != 2:
        raise OperatorError("lstm expects two hidden states")
    return list(hx)


def state_types(kind: str) -> tuple[str, str]:
    """In a schema of layers, the type of the initial states, and the results: outputs and last states."""
    return ("Tensor[]", "(Tensor, Tensor, Tensor)") if kind == "lstm" else ("Tensor", "(Tensor, Tensor)")


def _stacked(parts: Sequence[SymTensor], dim: int) -> SymTensor:
    return concat([unsqueeze(p, dim) for p in parts], dim)


def _paired(a: Weights, b: Weights) -> Weights:
    """What the cells need of two directions' weights, as one."""

    def pair(x: SymTensor | None, y: SymTensor | None) -> SymTensor | None:
        return None if x is None or y is None else _stacked([x, y], 0)

    return Weights(a.w_ih, _stacked([a.w_hh, b.w_hh], 0), None, pair(a.b_hh, b.b_hh), pair(a.w_hr, b.w_hr))


def _over_time(gates: SymTensor, states: States, cell: Cell, w: Weights) -> tuple[SymTensor, States]:
    def step(part: SymTensor, carried: States) -> tuple[SymTensor, States]:
        new = cell(part, carried, w)
        return new[0], new

    return over_time(gates, states, step)


def _layers(
    kind: str,
    x: SymTensor,
    initial: States,
    params: Sequence[SymTensor],
    has_biases: bool,
    num_layers: int,
    dropout: Any,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[SymTensor, ...]:
    """All layers: the outputs, and the last states of all layers and directions."""
    flags = (has_biases, train, bidirectional, batch_first)
    weights, directions = checked_weights(kind, initial, params, flags, has_biases, num_layers, bidirectional)
    if x.rank != 3:
        raise OperatorError(f"input must have 3 dimensions, got {x.rank}")
    for state in initial:
        if state.rank != 3 or state.shape[0] != len(weights) * directions:
            raise OperatorError(
                f"Expected hidden size ({len(weights) * directions}, batch, features), got {list(state.shape)}"
            )
    y = transpose(x, 0, 1) if batch_first else x
    finals: list[States] = []
    for layer, own in enumerate(weights):
        for w in own:
            if y.shape[-1] != w.w_ih.shape[1]:
                raise OperatorError(
                    f"input.size(-1) must be equal to input_size. Expected {w.w_ih.shape[1]}, got {y.shape[-1]}"
                )
        cell = CELLS[kind]
        if kind == "lstm":  # once for all steps
            own, cell = [_halved(w) for w in own], _halved_lstm_cell
        gates = [input_part(kind, y, w) for w in own]
        first = layer * directions
        if directions == 1:
            y, last = _over_time(gates[0], [select(state, 0, first) for state in initial], cell, own[0])
            finals.append([unsqueeze(s, 0) for s in last])
        else:  # both in one loop, the second with the time reversed
            both = _stacked([gates[0], flip(gates[1], (0,))], 1)
            outputs, last = _over_time(both, [slice(s, 0, first, first + 2, 1) for s in initial], cell, _paired(*own))
            y = concat([select(outputs, 1, 0), flip(select(outputs, 1, 1), (0,))], 2)
            finals.append(last)
        if layer + 1 < len(weights):
            y = dropped(y, dropout, train)
    stacked = [concat([last[i] for last in finals], 0) for i in range(len(initial))]
    return (transpose(y, 0, 1) if batch_first else y, *stacked)


def _declare_layers(kind: str) -> None:
    def body(x: SymTensor, hx: Any, *settings: Any) -> tuple[SymTensor, ...]:
        """Layers of recurrent cells: outputs, and the last states."""
        return _layers(kind, x, initial_states(kind, hx), *settings)

    states, results = state_types(kind)
    aten(
        f"{kind}.input(Tensor input, {states} hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, "
        f"bool bidirectional, bool batch_first) -> {results}",
        random=True,
    )(body)


for _kind in CELLS:
    _declare_layers(_kind)


@aten(
    "lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> (Tensor, Tensor)"
)
def lstm_cell(
    x: SymTensor,
    hx: Sequence[SymTensor],
    w_ih: SymTensor,
    w_hh: SymTensor,
    b_ih: SymTensor | None,
    b_hh: SymTensor | None,
) -> tuple[SymTensor, SymTensor]:
    """One step of long short-term memory."""
    if len(hx) != 2:
        raise OperatorError("lstm_cell expects two hidden states")
    w = Weights(w_ih, w_hh, b_ih, b_hh)
    h, c = _lstm_cell(input_part("lstm", x, w), list(hx), w)
    return h, c


def _declare_cell(kind: str) -> None:
    def body(
        x: SymTensor,
        hx: SymTensor,
        w_ih: SymTensor,
        w_hh: SymTensor,
        b_ih: SymTensor | None,
        b_hh: SymTensor | None,
    ) -> SymTensor:
        w = Weights(w_ih, w_hh, b_ih, b_hh)
        return CELLS[kind](input_part(kind, x, w), [hx], w)[0]

    aten(
        f"{kind}_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
        out=False,
    )(body)


for _kind in ("gru", "rnn_tanh", "rnn_relu"):
    _declare_cell(_kind)
