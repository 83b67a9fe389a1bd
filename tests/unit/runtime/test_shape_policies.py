"""`dynamic_shapes=` and `dynamic_axes=`: which variants are compiled, and which calls are refused."""

from __future__ import annotations

import io
import warnings
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.export import Dim

import tsir
from tsir.runtime.specialization import MAX_SPECIALIZATIONS


def product(x: Tensor, y: Tensor) -> Tensor:
    return x @ y + x.shape[0]


def _called(compiled: Any, sizes: tuple[int, ...]) -> list[str]:
    for b in sizes:
        x, y = torch.randn(b, 6), torch.randn(6, b)
        torch.testing.assert_close(compiled(x, y), product(x, y))
    return [str(s) for s in compiled.specializations]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["float32[3, 6], float32[6, 3]", "float32[?, 6], float32[6, ?]", "float32[1, 6], float32[6, 1]"]),
        (True, ["float32[?, ?], float32[?, ?]", "float32[1, ?], float32[?, 1]"]),
        (False, [f"float32[{b}, 6], float32[6, {b}]" for b in (3, 4, 1)]),
        ({"x": {0: "b"}}, ["float32[?, 6], float32[6, 3]", "float32[?, 6], float32[6, 4]", "float32[1, 6], float32[6, 1]"]),
        ({"x": [0], "y": [-1]}, ["float32[?, 6], float32[6, ?]", "float32[1, 6], float32[6, 1]"]),
        (({0: "n"}, (None, "n")), ["float32[?, 6], float32[6, ?]", "float32[1, 6], float32[6, 1]"]),
        ({"x": (Dim("b"), None), "y": True}, ["float32[?, 6], float32[?, ?]", "float32[1, 6], float32[?, 1]"]),
        ({"x": {0: Dim.AUTO}, "y": {1: Dim.DYNAMIC, 0: Dim.STATIC}},
         ["float32[3, 6], float32[6, ?]", "float32[?, 6], float32[6, ?]", "float32[1, 6], float32[6, 1]"]),
    ],
)  # fmt: skip
def test_variants(given: Any, expected: list[str]) -> None:
    assert _called(tsir.script(product, dynamic_shapes=given), (3, 4, 1)) == expected


def test_sizes_of_one_name_are_equal() -> None:
    b = Dim("b", min=2, max=8)
    compiled = tsir.script(product, dynamic_shapes=({0: b}, {1: b}))
    assert _called(compiled, (3, 4)) == ["float32[?, 6], float32[6, ?]"]
    with pytest.raises(ValueError, match=r"y.shape\[1\] is 4, but 'b' is 3 by x.shape\[0\] = 3"):
        compiled(torch.ones(3, 6), torch.ones(6, 4))
    with pytest.raises(RuntimeError, match=r"x.shape\[0\] is 9, but 'b' is declared as at least 2 and at most 8"):
        compiled(torch.ones(9, 6), torch.ones(6, 9))
    with pytest.raises(tsir.TsirError, match="at least 2"):
        compiled(torch.ones(1, 6), torch.ones(6, 1))


def test_sizes_that_are_computed() -> None:
    b = Dim("b")
    compiled = tsir.script(lambda x, y: x.sum() + y.sum(), dynamic_shapes=({0: b}, {0: 2 * b + 1}))
    assert compiled(torch.ones(3), torch.ones(7)).item() == 10
    for y in (6, 9):
        with pytest.raises(ValueError, match=r"y.shape\[0\]"):
            compiled(torch.ones(3), torch.ones(y))


class Pair(NamedTuple):
    left: Tensor
    right: Tensor


def test_tensors_in_tuples() -> None:
    def total(p: Pair, q: tuple[Tensor, Tensor]) -> Tensor:
        return p.left.sum() + p.right.sum() + q[0].sum() + q[1].sum()

    compiled = tsir.script(total, dynamic_shapes={"p": {"right": {0: "n"}}, "q": [{0: "n"}, None]})
    assert compiled(Pair(torch.ones(2), torch.ones(3)), (torch.ones(3), torch.ones(5))).item() == 13
    assert [str(s) for s in compiled.specializations] == ["(float32[2], float32[?]), (float32[?], float32[5])"]


def test_modules_and_archives() -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x)

        @torch.jit.export
        def encode(self, z: Tensor) -> Tensor:
            return z.relu()

    model = Model()
    scripted = tsir.script(model, dynamic_shapes={"forward": {"x": {0: "batch"}}, "encode": False})
    traced = tsir.trace_module(
        model, {"forward": torch.ones(2, 4), "encode": torch.ones(2)}, dynamic_axes={"forward": {"x": [0]}, "encode": False}
    )
    for compiled in (scripted, traced):
        buffer = io.BytesIO()
        tsir.save(compiled, buffer)
        buffer.seek(0)
        for m in (compiled, tsir.load(buffer)):
            for n in (3, 5):
                torch.testing.assert_close(m(torch.ones(n, 4)), model(torch.ones(n, 4)))
                m.encode(torch.ones(n))
            assert [str(s) for s in m.specializations] == ["float32[?, 4]"]
            assert [str(s) for s in m.encode.specializations][-2:] == ["float32[3]", "float32[5]"]
            assert "tensor<?x4xf32>" in m.lowered(torch.ones(6, 4))


def test_calls_of_other_forms_have_the_policy() -> None:
    class Model(torch.nn.Module):
        def forward(self, x: Tensor, **more: Tensor) -> Tensor:
            return x + more["z"]

    compiled = tsir.script(Model(), dynamic_shapes={"x": {0: "n"}, "z": {0: "n"}})
    for n in (2, 3):
        assert compiled(torch.ones(n), z=torch.ones(n)).tolist() == [2.0] * n
    with pytest.raises(ValueError, match=r"z.shape\[0\] is 1"):
        compiled(torch.ones(3), z=torch.ones(1))


def test_a_compiled_function_is_given_another_policy() -> None:
    compiled = tsir.script(product)
    assert len(_called(compiled, (3, 4, 5))) == 2
    assert tsir.script(compiled, dynamic_shapes=True) is compiled
    assert _called(compiled, (3, 4, 5)) == ["float32[?, ?], float32[?, ?]"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"z": {0: "b"}}, "no parameter 'z'"),
        (3, "doesn't say which sizes"),
        ({"x": 3}, "doesn't say which dimensions of 'x'"),
        ({"x": {0: 2.5}}, "says nothing of the size of dimension 0 of 'x'"),
        (({}, {}, {}), "shapes of 3 arguments"),
    ],
)
def test_what_no_policy_is(given: Any, message: str) -> None:
    with pytest.raises(tsir.TsirError, match=message):
        tsir.script(product, dynamic_shapes=given)


def test_a_dimension_that_a_tensor_lacks() -> None:
    compiled = tsir.script(product, dynamic_shapes={"x": {5: "b"}})
    with pytest.raises(IndexError, match="dimension 5 of 'x'"):
        compiled(torch.ones(2, 2), torch.ones(2, 2))


def test_classes_have_no_shapes() -> None:
    with pytest.raises(tsir.TsirError, match="for functions and modules"):
        tsir.script([torch.ones(2)], dynamic_shapes=True)
    with pytest.raises(tsir.TsirError, match="two names for one thing"):
        tsir.trace(torch.relu, torch.ones(2), dynamic_axes=True, dynamic_shapes=True)


def test_thrash_is_warned_of_once_and_bounded() -> None:
    compiled = tsir.script(product, dynamic_shapes=False)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for n in range(2, MAX_SPECIALIZATIONS + 5):
            compiled(torch.ones(n, 2), torch.ones(2, 2))
    assert len(compiled.specializations) == MAX_SPECIALIZATIONS
    assert [str(w.message).partition(" times")[0] for w in seen] == [f"product was compiled {MAX_SPECIALIZATIONS + 1}"]
