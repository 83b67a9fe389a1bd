"""Hand-written linalg modules as generated source, against NumPy; and what the text looks like."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from tsir.backend.numpy import generate, kernels, load
from tsir.backend.numpy.loading import source_from_bytes, source_to_bytes
from tsir.dialects.context import make_context, parse_module
from tsir.errors import TsirError

RNG = np.random.default_rng(0)


def source(text: str, symbol: str = "f"):
    return generate(parse_module(make_context(lambda _key: None), text), symbol)


def run(text: str, *arguments, weights=()):
    function = load(source(text))
    state = function.prepare(list(weights))
    first = function.call(state, *arguments)
    again = function.call(state, *arguments)
    for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in (first, again)), strict=True):
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
            assert a is not b
    return first


def rand(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


LAYER = """
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
func.func @f(%x : tensor<4x10xf32>, %w : tensor<16x10xf32> {ts.weight = "w"}, %b : tensor<16xf32> {ts.weight = "b"})
    -> tensor<4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>,
                       affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x10xf32>, tensor<16x10xf32>) outs(%i : tensor<4x16xf32>) {
  ^bb0(%p : f32, %q : f32, %a : f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %a, %m : f32
    linalg.yield %s : f32
  } -> tensor<4x16xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h, %b : tensor<4x16xf32>, tensor<16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%p : f32, %q : f32, %a : f32):
    %s = arith.addf %p, %q : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  } -> tensor<4x16xf32>
  func.return %y : tensor<4x16xf32>
}
"""


def test_a_layer_is_a_product_with_a_prepared_weight_in_a_planned_buffer():
    x, w, b = rand(4, 10), rand(16, 10), rand(16)
    np.testing.assert_allclose(run(LAYER, x, weights=[w, b]), np.maximum(x @ w.T + b, 0), rtol=1e-5, atol=1e-6)
    text = source(LAYER).text
    prepare, body = text[text.index("def prepare") :].split("def f(")
    assert "ascontiguousarray" in prepare
    assert "transpose" not in body
    assert "pool.append(buffers)" in body


def test_source_survives_the_cache():
    made = source(LAYER)
    again = source_from_bytes(source_to_bytes(made))
    assert again is not None
    assert (again.text, again.entry, again.weights) == (made.text, "f", ("w", "b"))
    assert source_from_bytes(source_to_bytes(made)[:-40]) is None


def unary(body: str, dtype: str, result: str | None = None) -> str:
    result = result or dtype
    return f"""
func.func @f(%x : tensor<?x3x{dtype}>, %y : tensor<?x3x{dtype}>) -> tensor<?x3x{result}> {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x3x{dtype}>
  %e = tensor.empty(%n) : tensor<?x3x{result}>
  %r = linalg.generic {{indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
      affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}}
      ins(%x, %y : tensor<?x3x{dtype}>, tensor<?x3x{dtype}>) outs(%e : tensor<?x3x{result}>) {{
  ^bb0(%p : {dtype}, %q : {dtype}, %a : {result}):
    {body}
    linalg.yield %s : {result}
  }} -> tensor<?x3x{result}>
  func.return %r : tensor<?x3x{result}>
}}"""


BOOLS = np.array([[False, False, True]]), np.array([[False, True, True]])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("%s = arith.addi %p, %q : i1", [[False, True, False]]),
        ("%s = arith.maxsi %p, %q : i1", [[False, False, True]]),
        ("%s = arith.maxui %p, %q : i1", [[False, True, True]]),
        ("%s = arith.cmpi slt, %p, %q : i1", [[False, False, False]]),
        ("%s = arith.cmpi ult, %p, %q : i1", [[False, True, False]]),
    ],
)
def test_arithmetic_on_i1_is_ariths_not_pythons(body, expected):
    np.testing.assert_array_equal(run(unary(body, "i1"), *BOOLS), expected)


def test_widening_of_i1():
    np.testing.assert_array_equal(run(unary("%s = arith.sitofp %q : i1 to f32", "i1", "f32"), *BOOLS), [[0, -1, -1]])
    np.testing.assert_array_equal(run(unary("%s = arith.uitofp %q : i1 to f32", "i1", "f32"), *BOOLS), [[0, 1, 1]])


def test_unsigned_operations_on_i8():
    x, y = np.array([[-6, 5, -1]], np.int8), np.array([[7, 3, 16]], np.int8)
    found = run(unary("%s = arith.divui %p, %q : i8", "i8"), x, y)
    np.testing.assert_array_equal(found.view(np.uint8), x.view(np.uint8) // y.view(np.uint8))
    np.testing.assert_array_equal(run(unary("%s = arith.divsi %p, %q : i8", "i8"), x, y), [[0, 1, 0]])


def test_unordered_comparison():
    x, y = np.array([[np.nan, 1, 2]], np.float32), np.array([[1, 1, 3]], np.float32)
    np.testing.assert_array_equal(run(unary("%s = arith.cmpf ult, %p, %q : f32", "f32", "i1"), x, y), [[True, False, True]])
    np.testing.assert_array_equal(run(unary("%s = arith.cmpf olt, %p, %q : f32", "f32", "i1"), x, y), [[False, False, True]])


CONVOLUTION = """
func.func @f(%x : tensor<2x3x9x8xf32>, %w : tensor<4x3x3x2xf32>) -> tensor<2x4x4x3xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4x4x3xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4x4x3xf32>) -> tensor<2x4x4x3xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<2> : tensor<2xi64>, dilations = dense<[1, 2]> : tensor<2xi64>}
      ins(%x, %w : tensor<2x3x9x8xf32>, tensor<4x3x3x2xf32>) outs(%i : tensor<2x4x4x3xf32>) -> tensor<2x4x4x3xf32>
  func.return %r : tensor<2x4x4x3xf32>
}"""


def test_a_named_convolution():
    x, w = rand(2, 3, 9, 8), rand(4, 3, 3, 2)
    expected = np.zeros((2, 4, 4, 3), np.float32)
    for oy in range(4):
        for ox in range(3):
            window = x[:, :, 2 * oy : 2 * oy + 3, 2 * ox : 2 * ox + 3 : 2]
            expected[:, :, oy, ox] = np.einsum("nchw,fchw->nf", window, w)
    np.testing.assert_allclose(run(CONVOLUTION, x, w), expected, rtol=1e-5, atol=1e-5)


def test_recursion_and_loops_on_numbers():
    text = """
func.func @f(%n : i64) -> i64 {
  %c0 = arith.constant 0 : i64
  %c1 = arith.constant 1 : i64
  %t = arith.cmpi sle, %n, %c1 : i64
  %r = scf.if %t -> (i64) { scf.yield %n : i64 } else {
    %a = arith.subi %n, %c1 : i64
    %x = func.call @f(%a) : (i64) -> i64
    %b = arith.subi %a, %c1 : i64
    %y = func.call @f(%b) : (i64) -> i64
    %s = arith.addi %x, %y : i64
    scf.yield %s : i64
  }
  func.return %r : i64
}"""
    assert run(text, 15) == 610


def test_integers_wrap():
    text = """
func.func @f(%a : i64, %b : i64) -> i64 {
  %r = arith.muli %a, %b : i64
  func.return %r : i64
}"""
    assert run(text, 1 << 62, 6) == -(1 << 63)


def test_a_value_carried_by_a_loop_is_not_in_a_reused_buffer():
    text = """
#id = affine_map<(d0) -> (d0)>
func.func @f(%x : tensor<3xf32>, %n : i64) -> (tensor<3xf32>, tensor<3xf32>) {
  %c0 = arith.constant 0 : i64
  %c1 = arith.constant 1 : i64
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %x) -> (tensor<3xf32>, tensor<3xf32>) : i64 {
    %e = tensor.empty() : tensor<3xf32>
    %s = linalg.add ins(%a, %b : tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<3xf32>) -> tensor<3xf32>
    scf.yield %b, %s : tensor<3xf32>, tensor<3xf32>
  }
  func.return %r#0, %r#1 : tensor<3xf32>, tensor<3xf32>
}"""
    a, b = run(text, np.array([1, 2, 3], np.float32), 5)
    np.testing.assert_array_equal(a, [8, 16, 24])
    np.testing.assert_array_equal(b, [13, 26, 39])


def test_an_unknown_operation_is_named():
    with pytest.raises(TsirError, match=r"doesn't know the operation vector\.print"):
        source('func.func @f(%x : i64) { "vector.print"(%x) : (i64) -> ()\n func.return }')


def test_erf():
    x = np.linspace(-6, 6, 20001, dtype=np.float32)
    np.testing.assert_allclose(kernels.erf(x), erf(x.astype(np.float64)), rtol=1e-6, atol=1e-9)
    assert np.isnan(kernels.erf(np.array([np.nan], np.float32)))[0]
