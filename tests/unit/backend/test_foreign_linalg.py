"""Linalg-level text as other tools and people write it: maps, bodies and operations that tsir's own lowering never makes."""

import numpy as np
import pytest

from tsir.errors import OperatorIndexError
from tsir.runtime.api import load_ir

X = np.arange(6, dtype=np.float32) - 2.5


def run(text: str, *arguments: object) -> object:
    (function,) = load_ir(text).values()
    return function(*arguments)


def test_maps_with_mod_and_floordiv() -> None:
    text = """
func.func @f(%x: tensor<6xf32>) -> tensor<2x3xf32> {
  %e = tensor.empty() : tensor<2x3xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> ((d0 * 2 + d1 * 5) mod 6)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : tensor<6xf32>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32):
    %i = linalg.index 1 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %s = arith.addf %a, %f : f32
    linalg.yield %s : f32
  } -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}"""
    i, j = np.indices((2, 3))
    np.testing.assert_array_equal(run(text, X), X[(i * 2 + j * 5) % 6] + j)


def test_a_reduction_with_several_results_and_any_body() -> None:
    text = """
func.func @f(%x: tensor<2x3xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %e = tensor.empty() : tensor<2xf32>
  %z = arith.constant 1.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %0, %1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>,
      affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x3xf32>)
      outs(%f, %f : tensor<2xf32>, tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    %m = arith.mulf %s, %c : f32
    %d = arith.subf %m, %a : f32
    linalg.yield %s, %d : f32, f32
  } -> (tensor<2xf32>, tensor<2xf32>)
  func.return %0, %1 : tensor<2xf32>, tensor<2xf32>
}"""
    x = X.reshape(2, 3)
    b, c = np.ones(2, np.float32), np.ones(2, np.float32)
    for column in x.T:
        s = column + b
        b, c = s, s * c - column
    found = run(text, x)
    np.testing.assert_allclose(found[0], b)  # type: ignore[index]
    np.testing.assert_allclose(found[1], c)  # type: ignore[index]


def test_arithmetic_on_tensors() -> None:
    text = """
func.func @f(%x: tensor<6xf32>, %m: tensor<6xi1>) -> tensor<6xf32> {
  %0 = arith.addf %x, %x : tensor<6xf32>
  %1 = math.exp %0 : tensor<6xf32>
  %2 = arith.select %m, %1, %x : tensor<6xi1>, tensor<6xf32>
  func.return %2 : tensor<6xf32>
}"""
    np.testing.assert_allclose(run(text, X, X > 0), np.where(X > 0, np.exp(X + X), X), rtol=1e-6)


def test_generate() -> None:
    text = """
func.func @f(%n: index) -> tensor<?x3xf32> {
  %0 = tensor.generate %n {
  ^bb0(%i: index, %j: index):
    %k = arith.addi %i, %j : index
    %l = arith.index_cast %k : index to i64
    %f = arith.sitofp %l : i64 to f32
    tensor.yield %f : f32
  } : tensor<?x3xf32>
  func.return %0 : tensor<?x3xf32>
}"""
    np.testing.assert_array_equal(run(text, 2), [[0, 1, 2], [1, 2, 3]])


@pytest.mark.parametrize("number, expected", [(2, 1.0), (7, -0.5), (0, 0.5)])
def test_index_switch_and_execute_region(number: int, expected: float) -> None:
    text = """
func.func @f(%i: index, %x: f32) -> f32 {
  %0 = scf.index_switch %i -> f32
  case 2 {
    %a = scf.execute_region -> f32 {
      %b = arith.addf %x, %x : f32
      scf.yield %b : f32
    }
    scf.yield %a : f32
  }
  case 7 {
    %a = arith.negf %x : f32
    scf.yield %a : f32
  }
  default {
    scf.yield %x : f32
  }
  func.return %0 : f32
}"""
    assert run(text, number, 0.5) == expected


def test_resources() -> None:
    text = """
func.func @f() -> tensor<2xf32> {
  %0 = arith.constant dense_resource<w> : tensor<2xf32>
  func.return %0 : tensor<2xf32>
}
{-#
  dialect_resources: { builtin: { w: "0x080000000000803F00000040" } }
#-}"""
    for _ in range(2):  # a name in one text has nothing to do with the same name in another
        np.testing.assert_array_equal(run(text), [1.0, 2.0])


def test_a_failed_assertion_raises_what_its_message_names() -> None:
    text = """
func.func @f(%c: i1) -> i1 {
  cf.assert %c, "IndexError: too far"
  func.return %c : i1
}"""
    assert run(text, True) is True
    with pytest.raises(OperatorIndexError, match="too far"):
        run(text, False)
