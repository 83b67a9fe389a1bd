"""A reference interpreter of linalg-level IR: strict about `arith`, slow, and independent of the backend.

A `linalg.generic` is run as its definition says: for each point of the reduction dimensions in turn, the body is evaluated for
all points of the parallel dimensions at once. Unknown operations are a KeyError.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import scipy.special
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    BFloat16Type,
    ComplexType,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerType,
    TensorType,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineBinaryOpExpr, AffineBinaryOpKind, AffineConstantExpr, AffineDimExpr, AffineExpr


def numpy_type(kind: Attribute) -> np.dtype:
    match kind:
        case TensorType():
            return numpy_type(kind.element_type)
        case IntegerType():
            return np.dtype({1: "bool", 8: "int8", 16: "int16", 32: "int32", 64: "int64"}[kind.width.data])
        case IndexType():
            return np.dtype("int64")
        case BFloat16Type():
            return np.dtype(ml_dtypes.bfloat16)
        case Float16Type() | Float32Type() | Float64Type():
            return np.dtype(f"float{kind.bitwidth}")
        case ComplexType():
            return np.dtype("complex64" if isinstance(kind.element_type, Float32Type) else "complex128")
    raise KeyError(str(kind))


def unsigned(a: np.ndarray) -> np.ndarray:
    return a if a.dtype == bool else a.view(f"u{a.dtype.itemsize}") if a.ndim else np.asarray(a).view(f"u{a.dtype.itemsize}")


def signed(a: np.ndarray) -> np.ndarray:
    """i1 true is -1."""
    return -a.astype("int8") if a.dtype == bool else a


def _div(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    q = np.floor_divide(a, b)
    return q + ((q < 0) & (q * b != a)).astype(a.dtype)


def _ipow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    positive = np.power(a, np.maximum(b, 0).astype(a.dtype))
    inverse = np.where(a == 1, 1, np.where(a == -1, np.where(b % 2 == 0, 1, -1), 0)).astype(a.dtype)
    return np.where(b >= 0, positive, inverse)


def _vector(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *a: np.asarray(f(*a)).astype(a[0].dtype)


def _half_even(a: np.ndarray) -> np.ndarray:
    return np.rint(a)


def _popcount(a: np.ndarray) -> np.ndarray:
    return np.bitwise_count(unsigned(a)).astype(a.dtype)


VALUES: dict[str, Callable[..., Any]] = {
    "arith.addf": np.add, "arith.subf": np.subtract, "arith.mulf": np.multiply, "arith.divf": np.divide, "arith.negf": np.negative,
    "arith.remf": np.fmod, "arith.maximumf": np.maximum, "arith.minimumf": np.minimum, "arith.maxnumf": np.fmax,
    "arith.minnumf": np.fmin,
    "arith.addi": lambda a, b: a ^ b if a.dtype == bool else a + b,
    "arith.subi": lambda a, b: a ^ b if a.dtype == bool else a - b,
    "arith.muli": lambda a, b: a & b if a.dtype == bool else a * b,
    "arith.andi": np.bitwise_and, "arith.ori": np.bitwise_or, "arith.xori": np.bitwise_xor,
    "arith.divsi": _div, "arith.floordivsi": np.floor_divide, "arith.remsi": np.fmod,
    "arith.divui": lambda a, b: (unsigned(a) // unsigned(b)).view(a.dtype),
    "arith.remui": lambda a, b: (unsigned(a) % unsigned(b)).view(a.dtype),
    "arith.maxsi": lambda a, b: np.where(signed(a) >= signed(b), a, b),
    "arith.minsi": lambda a, b: np.where(signed(a) <= signed(b), a, b),
    "arith.maxui": lambda a, b: np.where(unsigned(a) >= unsigned(b), a, b),
    "arith.minui": lambda a, b: np.where(unsigned(a) <= unsigned(b), a, b),
    "arith.shli": np.left_shift, "arith.shrsi": np.right_shift,
    "arith.shrui": lambda a, b: np.right_shift(unsigned(a), unsigned(b)).view(a.dtype),
    "arith.select": lambda c, a, b: np.where(c, a, b),
    "math.absf": np.abs, "math.absi": np.abs, "math.floor": np.floor, "math.ceil": np.ceil, "math.trunc": np.trunc,
    "math.roundeven": _half_even, "math.exp": np.exp, "math.exp2": np.exp2, "math.expm1": np.expm1, "math.log": np.log,
    "math.log2": np.log2, "math.log10": np.log10, "math.log1p": np.log1p, "math.sqrt": np.sqrt,
    "math.rsqrt": lambda a: (1 / np.sqrt(a)).astype(a.dtype), "math.sin": np.sin, "math.cos": np.cos, "math.tan": np.tan,
    "math.asin": np.arcsin, "math.acos": np.arccos, "math.atan": np.arctan, "math.sinh": np.sinh, "math.cosh": np.cosh,
    "math.tanh": np.tanh, "math.asinh": np.arcsinh, "math.acosh": np.arccosh, "math.atanh": np.arctanh,
    "math.erf": _vector(scipy.special.erf), "math.powf": np.power, "math.ipowi": _ipow, "math.atan2": np.arctan2,
    "math.copysign": np.copysign, "math.ctpop": _popcount,
    "complex.add": np.add, "complex.sub": np.subtract, "complex.mul": np.multiply, "complex.div": np.divide,
    "complex.pow": np.power, "complex.neg": np.negative, "complex.exp": np.exp, "complex.expm1": np.expm1, "complex.log": np.log,
    "complex.log1p": np.log1p, "complex.sqrt": np.sqrt, "complex.sin": np.sin, "complex.cos": np.cos, "complex.tan": np.tan,
    "complex.tanh": np.tanh, "complex.sign": np.sign, "complex.abs": np.abs, "complex.angle": np.angle, "complex.re": np.real,
    "complex.im": np.imag, "complex.eq": np.equal, "complex.neq": np.not_equal,
}  # fmt: skip

CMPI = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
COMPARE = {"==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
CMPF = ("false", "==", ">", ">=", "<", "<=", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "!=", "uno", "true")


def cmpi(code: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    convert = signed if code < 6 else unsigned
    return COMPARE[CMPI[code]](convert(a), convert(b))


def cmpf(code: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    unordered = np.isnan(a) | np.isnan(b)
    name = CMPF[code]
    if name in COMPARE:
        return COMPARE[name](a, b)
    if name == "uno":
        return unordered
    raise KeyError(name)


def affine(expr: AffineExpr, dims: Sequence[Any]) -> Any:
    match expr:
        case AffineConstantExpr():
            return expr.value
        case AffineDimExpr():
            return dims[expr.position]
        case AffineBinaryOpExpr():
            a, b = affine(expr.lhs, dims), affine(expr.rhs, dims)
            return a + b if expr.kind is AffineBinaryOpKind.Add else a * b
    raise KeyError(str(expr))


class Raised(Exception):
    """What a `linalg_ext.check` raised: the exception's name and its message."""


class Interpreter:
    def __init__(self) -> None:
        self.values: dict[SSAValue, Any] = {}

    def run(self, block: Block, arguments: Sequence[Any]) -> list[Any]:
        self.values.update(zip(block.args, arguments, strict=True))
        for op in block.ops:
            if op.name in ("func.return", "linalg.yield", "tensor.yield"):
                return [self.values[v] for v in op.operands]
            self.execute(op)
        raise AssertionError("no terminator")

    def execute(self, op: Operation) -> None:
        operands = [self.values[v] for v in op.operands]
        found = self.evaluate(op, operands)
        for result, value in zip(op.results, found if isinstance(found, tuple) else (found,), strict=True):
            kind = numpy_type(result.type)
            value = np.asarray(value)
            assert value.dtype == kind, f"{op.name} gave {value.dtype} for {result.type}"
            if isinstance(result.type, TensorType):
                for size, known in zip(value.shape, result.type.get_shape(), strict=True):
                    assert known in (DYNAMIC_INDEX, size), f"{op.name} gave {value.shape} for {result.type}"
            self.values[result] = value

    def evaluate(self, op: Operation, v: list[Any]) -> Any:
        name = op.name
        if name in VALUES:
            return VALUES[name](*v)
        match name:
            case "arith.constant":
                return np.asarray(op.properties["value"].value.data).astype(numpy_type(op.results[0].type))
            case "complex.constant":
                re, im = (p.value.data for p in op.properties["value"])
                return np.asarray(complex(re, im)).astype(numpy_type(op.results[0].type))
            case "complex.create":
                return (v[0] + 1j * v[1]).astype(numpy_type(op.results[0].type))
            case "arith.cmpi":
                return cmpi(op.properties["predicate"].value.data, *v)
            case "arith.cmpf":
                return cmpf(op.properties["predicate"].value.data, *v)
            case "arith.extui" | "arith.uitofp":
                return unsigned(np.asarray(v[0])).astype(numpy_type(op.results[0].type))
            case "arith.extsi" | "arith.sitofp":
                return signed(np.asarray(v[0])).astype(numpy_type(op.results[0].type))
            case "arith.trunci" | "arith.fptosi" | "arith.extf" | "arith.truncf" | "arith.index_cast":
                return np.asarray(v[0]).astype(numpy_type(op.results[0].type))
            case "tensor.dim":
                return np.int64(v[0].shape[int(v[1])])
            case "tensor.cast":
                return v[0]
            case "tensor.empty":
                sizes = self.sizes(op.results[0].type.get_shape(), v)
                kind = numpy_type(op.results[0].type)
                return np.full(sizes, 113).astype(kind)
            case "tensor.extract":
                return v[0][tuple(np.broadcast_arrays(*v[1:]))] if len(v) > 1 else v[0]
            case "tensor.from_elements":
                return np.array(v).reshape(op.results[0].type.get_shape())
            case "tensor.reshape":
                return v[0].reshape(tuple(int(i) for i in v[1]))
            case "tensor.collapse_shape":
                groups = [[int(i.value.data) for i in g] for g in op.properties["reassociation"]]
                return v[0].reshape([math.prod(v[0].shape[d] for d in g) for g in groups])
            case "tensor.expand_shape":
                return v[0].reshape(self.sizes(op.properties["static_output_shape"].get_values(), v[1:]))
            case "tensor.extract_slice":
                return v[0][self.slices(op, v[1:])]
            case "tensor.insert_slice":
                result = v[1].copy()
                part = result[self.slices(op, v[2:])]
                assert part.shape == v[0].shape, f"insert of {v[0].shape} into {part.shape}"
                part[...] = v[0]
                return result
            case "tensor.pad":
                count = sum(s == DYNAMIC_INDEX for s in op.properties["static_low"].get_values())
                low = self.sizes(op.properties["static_low"].get_values(), v[1 : 1 + count])
                high = self.sizes(op.properties["static_high"].get_values(), v[1 + count :])
                (fill,) = self.values_of_yield(op.regions[0].block)
                return np.pad(v[0], list(zip(low, high, strict=True)), constant_values=fill)
            case "linalg.fill":
                return np.full_like(v[1], v[0])
            case "linalg.copy":
                return v[0].copy()
            case "linalg.generic":
                return self.generic(op, v)
            case "linalg.index":
                return self.index[op.properties["dim"].value.data]
            case "linalg_ext.scalar":  # those of complex numbers
                return getattr(np, "arc" + op.properties["function"].data[1:])(v[0])
            case "linalg_ext.check":
                if not v[0]:
                    raise Raised(op.properties["exception"].data, op.properties["message"].data)
                return ()
        raise KeyError(name)

    def values_of_yield(self, block: Block) -> list[Any]:
        for op in block.ops:
            if op.name == "tensor.yield":
                return [self.values[v] for v in op.operands]
            self.execute(op)
        raise AssertionError("no terminator")

    @staticmethod
    def sizes(static: Sequence[int], dynamic: Sequence[Any]) -> list[int]:
        rest = iter(dynamic)
        return [int(next(rest)) if s == DYNAMIC_INDEX else s for s in static]

    def slices(self, op: Operation, v: list[Any]) -> tuple[slice, ...]:
        parts: list[list[int]] = []
        for which in ("static_offsets", "static_sizes", "static_strides"):
            static = op.properties[which].get_values()
            count = sum(s == DYNAMIC_INDEX for s in static)
            parts.append(self.sizes(static, v[:count]))
            v = v[count:]
        shape = op.results[0].type.get_shape() if op.name == "tensor.extract_slice" else None
        assert shape is None or len(shape) == len(parts[0])
        for o, s, t in zip(*parts, strict=True):
            assert o >= 0 and s >= 0 and t >= 1
        return tuple(slice(o, o + (s - 1) * t + 1 if s else o, t) for o, s, t in zip(*parts, strict=True))

    def generic(self, op: Operation, v: list[Any]) -> Any:
        maps = [m.data for m in op.properties["indexing_maps"]]
        iterators = [i.data.value for i in op.properties["iterator_types"]]
        ins = op.properties["operandSegmentSizes"].get_values()[0]
        extents: list[int | None] = [None] * len(iterators)
        for value, m in zip(v, maps, strict=True):
            for size, expr in zip(value.shape, m.results, strict=True):
                if isinstance(expr, AffineDimExpr):
                    known = extents[expr.position]
                    assert known in (None, size), f"sizes {known} and {size} of dimension {expr.position} in {op}"
                    extents[expr.position] = size
        assert None not in extents, f"a dimension without bound in {op}"
        parallel = [d for d, k in enumerate(iterators) if k == "parallel"]
        reduced = [d for d, k in enumerate(iterators) if k != "parallel"]
        grid = np.indices([extents[d] for d in parallel], sparse=False) if parallel else np.zeros((0,), int)
        outputs = [value.copy() for value in v[ins:]]
        for point in itertools.product(*[range(extents[d]) for d in reduced]):
            dims: list[Any] = [None] * len(iterators)
            for d, g in zip(parallel, grid, strict=True):
                dims[d] = g
            for d, p in zip(reduced, point, strict=True):
                dims[d] = np.int64(p)
            shape = tuple(extents[d] for d in parallel)
            places = [tuple(np.broadcast_to(affine(e, dims), shape) for e in m.results) for m in maps]
            arguments = [
                np.broadcast_to(value[at] if at else value, shape)
                for value, at in zip([*v[:ins], *outputs], places, strict=True)
            ]
            saved = getattr(self, "index", None)
            self.index = [np.broadcast_to(d, shape) for d in dims]
            results = self.run(op.regions[0].block, arguments)
            self.index = saved
            for output, result, at in zip(outputs, results, places[ins:], strict=True):
                if at:
                    output[at] = result
                else:
                    output[...] = result
        return tuple(outputs)
