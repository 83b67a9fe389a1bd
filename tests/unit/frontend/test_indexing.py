"""Indexing: what the emitted operators give, run on torch, is what torch's own indexing gives."""

import pytest
import torch
from torch_interpreter import Interpreter, torch_registry
from xdsl.builder import Builder, InsertPoint
from xdsl.dialects.builtin import UNKNOWN_LOC
from xdsl.ir import Block

from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError
from tsir.frontend.indexing import TensorIndex, emit_getitem, emit_setitem

REGISTRY = torch_registry()
TENSORS = {
    "x": torch.arange(120.0).view(2, 3, 4, 5),
    "i": torch.tensor([1, 0, 1]),
    "j": torch.tensor([[0], [1]]),
    "m1": torch.tensor([True, False]),
    "m2": torch.tensor([[True, False, True], [False, True, True]]),
    "v": torch.tensor([-1.0, -2.0, -3.0, -4.0, -5.0]),
}
TYPES = dict.fromkeys(TENSORS, ts.TensorType()) | {"n": ts.INT, "k": ts.INT}
VALUES = TENSORS | {"n": 1, "k": 2}

INDICES = """
0|-1|n|:|1:|:n|n:k|::2|None|...|..., 0|..., None|0, ...|0, ..., 1|:, 1|:, n, 1:3|None, 0, None|..., n, :k, None
|i|:, i|..., i|i, i|i, :, i
i, ..., i|0, i|:, None, i|j, i|..., j, i|m1|m2|m2, 0|m2, ..., 0|..., None, i, :|..., i, None|
None, ..., i, 0|:, j, ..., 1|[0, 1]|:, [0, 2]
[True, False]|..., [1, 2], :|True|False|True, i|..., True, :|m2, None|:, :, n|1, n, k, 0|-1, ..., -1|0, i, :, i|i[0:2], m2[0]|:, m2[0]
(), |..., 1:2, ::3|[]|m1, ..., i|None, None|0, None, ..., None, 0
""".replace("\n", "|").replace("||", "|").strip("|").split("|")  # fmt: skip


class Subscript:
    def __getitem__(self, item):
        return item


def _block(items_source: str):
    """The items over SSA values, the block, and the same items over tensors."""
    extra = {name: value for name, value in (("i[0:2]", VALUES["i"][0:2]), ("m2[0]", VALUES["m2"][0]))}
    source = items_source
    values = dict(VALUES)
    for text, value in extra.items():
        name = "e" + str(len(text))
        source = source.replace(text, name)
        values[name] = value
    kinds = {name: TYPES.get(name, ts.TensorType()) for name in values}
    block = Block(arg_types=list(kinds.values()))
    symbols = dict(zip(kinds, block.args))

    def known(name):
        value = values[name]
        is_mask = isinstance(value, torch.Tensor) and value.dtype is torch.bool
        return TensorIndex(symbols[name], value.dim()) if is_mask else symbols[name]

    def as_tuple(item):
        return item if isinstance(item, tuple) else (item,)

    items = as_tuple(eval(f"S[{source}]", {"S": Subscript()} | {name: known(name) for name in values}))
    real = as_tuple(eval(f"S[{source}]", {"S": Subscript()} | values))
    return block, symbols, values, items, real


def _run(block, symbols, values):
    return Interpreter().run(block, {symbols[name]: values[name] for name in values})


@pytest.mark.parametrize("rank", [None, 4])
@pytest.mark.parametrize("source", INDICES)
def test_getitem(source, rank):
    block, symbols, values, items, real = _block(source)
    result = emit_getitem(Builder(InsertPoint.at_end(block)), REGISTRY, symbols["x"], items, UNKNOWN_LOC, rank)
    got = _run(block, symbols, values)[result]
    torch.testing.assert_close(got, values["x"][real])


@pytest.mark.parametrize("rank", [None, 4])
@pytest.mark.parametrize("source", INDICES)
@pytest.mark.parametrize("value", ["number", "tensor"])
def test_setitem(source, rank, value):
    block, symbols, values, items, real = _block(source)
    values["x"] = values["x"].clone()
    expected = values["x"].clone()
    shape = expected[real].shape
    values["v"] = torch.arange(1.0, expected[real].numel() + 1).neg().view(shape)
    assigned = symbols["v"] if value == "tensor" else 7
    expected[real] = values["v"] if value == "tensor" else 7
    emit_setitem(Builder(InsertPoint.at_end(block)), REGISTRY, symbols["x"], items, assigned, UNKNOWN_LOC, rank)
    _run(block, symbols, values)
    torch.testing.assert_close(values["x"], expected)


def test_views_come_before_tensors():
    block, symbols, _, items, _ = _block("0, i, 1:")
    emit_getitem(Builder(InsertPoint.at_end(block)), REGISTRY, symbols["x"], items, UNKNOWN_LOC)
    names = [op.name for op in block.ops if op.name.startswith("ts.aten")]
    assert names == ["ts.aten.select.int", "ts.aten.slice.Tensor", "ts.aten.index.Tensor"]


@pytest.mark.parametrize(
    ("items", "message"),
    [(("a",), "can't be indexed with 'a'"), ((..., ...), "single ellipsis"), ((0, 0, 0), "too many indices")],
)
def test_errors(items, message):
    block, symbols, *_ = _block("0")
    with pytest.raises(FrontendError, match=message):
        emit_getitem(Builder(InsertPoint.at_end(block)), REGISTRY, symbols["x"], items, UNKNOWN_LOC, rank=2)
