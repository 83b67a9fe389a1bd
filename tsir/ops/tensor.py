"""What operators' bodies compute with: symbolic tensors and run-time scalars.

Both carry what is known when compiling (dtype, shape; kind) and, while IR is being emitted, the SSA value. Python's operators
on them are torch's: they broadcast, promote dtypes, and emit through the core operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.errors import OperatorError, OperatorIndexError, OperatorTypeError
from tsir.ops.sizes import CannotLower, NeedsConstant, ShapeEnv, Size, SymInt, numel

if TYPE_CHECKING:
    from xdsl.ir import SSAValue


class SymScalar:
    """A Python number known at run time only: `kind` is `int`, `float`, `bool` or `complex`; `value` its SSA value.

    Operators give constants where both operands are, and raise NeedsConstant where a body asks for a decision.
    """

    __slots__ = ("_size", "kind", "name", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, kind: str, value: SSAValue | None = None, name: str = "") -> None:
        self.kind = kind
        self.value = value
        self.name = name
        self._size: SymInt | None = None

    def __repr__(self) -> str:
        return f"SymScalar({self.kind})"

    def size(self, env: ShapeEnv) -> SymInt:
        """An int as a size: an atom that may be negative."""
        if self.kind not in ("int", "bool"):
            raise OperatorTypeError(f"a size must be an int, found {self.kind}")
        if self._size is None or self._size.env is not env:
            self._size = env.atom(self.name or None, lower=None, origin=self.value)
        return self._size

    def __bool__(self) -> bool:
        raise NeedsConstant(self.name or self.kind)

    __index__ = __int__ = __float__ = __bool__  # type: ignore[assignment]

    def __add__(self, other: Any) -> Any:
        return _number_op("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _number_op("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _number_op("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _number_op("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return _number_op("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _number_op("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _number_op("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _number_op("div", other, self)

    def __neg__(self) -> Any:
        return _number_op("sub", 0, self)

    def __eq__(self, other: object) -> Any:
        return _number_op("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return _number_op("ne", self, other)

    def __lt__(self, other: Any) -> Any:
        return _number_op("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _number_op("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return _number_op("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _number_op("ge", self, other)


Number = int | float | bool | complex | SymInt | SymScalar


def is_number(value: object) -> bool:
    """Whether it is a Python number or stands for one."""
    return isinstance(value, int | float | complex | SymInt | SymScalar)


def is_constant(value: object) -> bool:
    """Whether it is known when compiling: neither a SymInt nor a SymScalar."""
    return not isinstance(value, SymInt | SymScalar)


def is_complex_number(value: object) -> bool:
    """Whether it is a complex number or stands for one."""
    return isinstance(value, complex) or (isinstance(value, SymScalar) and value.kind == "complex")


def require_int(value: Any, argument: str = "an int") -> int:
    """The int itself. Raises NeedsConstant for one that is known at run time only."""
    if isinstance(value, SymInt):
        resolved = value.env.resolve(value)
        if isinstance(resolved, int):
            return resolved
        raise NeedsConstant(argument)
    if isinstance(value, SymScalar):
        raise NeedsConstant(value.name or argument)
    return int(value)


def require_number(value: Any, argument: str = "a number") -> Any:
    """The number itself. Raises NeedsConstant for one that is known at run time only."""
    if isinstance(value, SymInt | SymScalar):
        return require_int(value, argument)
    return value


def require_bool(value: Any, argument: str = "a bool") -> bool:
    """The bool itself. Raises NeedsConstant for one that is known at run time only."""
    if isinstance(value, SymInt | SymScalar):
        raise NeedsConstant(argument)
    return bool(value)


def as_size(value: Any) -> Size:
    """An int argument as a size: ints and SymInts as they are, a run-time int as an atom."""
    if isinstance(value, SymScalar):
        from tsir.ops.builder import current

        return value.size(current().env)
    if isinstance(value, SymInt):
        return value.env.resolve(value)
    return int(value)


def _number_op(name: str, a: Any, b: Any) -> Any:
    if isinstance(a, SymTensor) or isinstance(b, SymTensor):
        return _binary(name, a, b)
    from tsir.ops.core.numbers import number_binary

    return number_binary(name, a, b)


def _binary(name: str, a: Any, b: Any) -> SymTensor:
    from tsir.ops.core.elementwise import binary

    return binary(name, a, b)


def _unary(name: str, a: SymTensor) -> SymTensor:
    from tsir.ops.core.elementwise import unary

    return unary(name, a)


class SymTensor:
    """A tensor of known dtype and rank. `shape` is a tuple of sizes; `value` the SSA value, or None when only inferring.

    While emitting, `value`'s type is `tensor_type(dtype, shape)`.
    """

    __slots__ = ("dtype", "shape", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, dtype: DType, shape: tuple[Size, ...], value: SSAValue | None = None) -> None:
        self.dtype = dtype
        self.shape = shape
        self.value = value

    def __repr__(self) -> str:
        return f"SymTensor({self.dtype.name}, {list(self.shape)})"

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions, under torch's name."""
        return len(self.shape)

    @property
    def ssa(self) -> SSAValue:
        """The SSA value; only while emitting."""
        assert self.value is not None, "no SSA value: this tensor is for inference"
        return self.value

    @property
    def is_floating_point(self) -> bool:
        """Whether the dtype is a real floating point type."""
        return self.dtype.is_floating_point

    @property
    def is_complex(self) -> bool:
        """Whether the dtype is complex."""
        return self.dtype.is_complex

    def numel(self) -> Size:
        """The number of elements."""
        return numel(self.shape)

    def size(self, dim: int) -> Size:
        """The size of a dimension; negative ones count from the end."""
        return self.shape[wrap_dim(dim, self.rank)]

    def __len__(self) -> int:
        if not self.shape:
            raise OperatorTypeError("len() of a 0-d tensor")
        return require_int(self.shape[0], "the size of dimension 0")

    def __bool__(self) -> bool:
        raise CannotLower("a tensor's value isn't known at compile time")

    def __add__(self, other: Any) -> SymTensor:
        return _binary("add", self, other)

    def __radd__(self, other: Any) -> SymTensor:
        return _binary("add", other, self)

    def __sub__(self, other: Any) -> SymTensor:
        return _binary("sub", self, other)

    def __rsub__(self, other: Any) -> SymTensor:
        return _binary("sub", other, self)

    def __mul__(self, other: Any) -> SymTensor:
        return _binary("mul", self, other)

    def __rmul__(self, other: Any) -> SymTensor:
        return _binary("mul", other, self)

    def __truediv__(self, other: Any) -> SymTensor:
        return _binary("div", self, other)

    def __rtruediv__(self, other: Any) -> SymTensor:
        return _binary("div", other, self)

    def __floordiv__(self, other: Any) -> SymTensor:
        return _binary("floordiv", self, other)

    def __rfloordiv__(self, other: Any) -> SymTensor:
        return _binary("floordiv", other, self)

    def __mod__(self, other: Any) -> SymTensor:
        return _binary("remainder", self, other)

    def __rmod__(self, other: Any) -> SymTensor:
        return _binary("remainder", other, self)

    def __pow__(self, other: Any) -> SymTensor:
        return _binary("pow", self, other)

    def __rpow__(self, other: Any) -> SymTensor:
        return _binary("pow", other, self)

    def __and__(self, other: Any) -> SymTensor:
        return _binary("bitwise_and", self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> SymTensor:
        return _binary("bitwise_or", self, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> SymTensor:
        return _binary("bitwise_xor", self, other)

    __rxor__ = __xor__

    def __neg__(self) -> SymTensor:
        return _unary("neg", self)

    def __invert__(self) -> SymTensor:
        return _unary("bitwise_not", self)

    def __abs__(self) -> SymTensor:
        return _unary("abs", self)

    def __eq__(self, other: object) -> SymTensor:  # type: ignore[override]
        return _binary("eq", self, other)

    def __ne__(self, other: object) -> SymTensor:  # type: ignore[override]
        return _binary("ne", self, other)

    def __lt__(self, other: Any) -> SymTensor:
        return _binary("lt", self, other)

    def __le__(self, other: Any) -> SymTensor:
        return _binary("le", self, other)

    def __gt__(self, other: Any) -> SymTensor:
        return _binary("gt", self, other)

    def __ge__(self, other: Any) -> SymTensor:
        return _binary("ge", self, other)

    def __getitem__(self, index: Any) -> SymTensor:
        from tsir.ops.core.slices import getitem

        return getitem(self, index)


def wrap_dim(dim: Any, rank: int, argument: str = "dim") -> int:
    """A dimension with negative ones counted from the end (a 0-d tensor has the dimensions 0 and -1).

    Raises OperatorIndexError, with torch's message, when it is out of range.
    """
    dim = require_int(dim, argument)
    bound = max(rank, 1)
    if not -bound <= dim < bound:
        raise OperatorIndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})"
        )
    return dim + bound if dim < 0 else dim


def wrap_dims(dims: Any, rank: int) -> tuple[int, ...]:
    """Several dimensions; a repeated one is an error."""
    wrapped = tuple(wrap_dim(d, rank) for d in ((dims,) if isinstance(dims, int) else dims))
    for i, dim in enumerate(wrapped):
        if dim in wrapped[:i]:
            raise OperatorError(f"dim {dim} appears multiple times in the list of dims")
    return wrapped


def dtype_label(dtype: DType) -> str:
    """torch's name of a dtype in error messages: `Float`, `Long`, `Bool`."""
    return _LABELS[dtype]


_LABELS: dict[DType, str] = {
    dtypes.bool_: "Bool", dtypes.uint8: "Byte", dtypes.int8: "Char", dtypes.int16: "Short", dtypes.int32: "Int",
    dtypes.int64: "Long", dtypes.float16: "Half", dtypes.bfloat16: "BFloat16", dtypes.float32: "Float",
    dtypes.float64: "Double", dtypes.complex64: "ComplexFloat", dtypes.complex128: "ComplexDouble",
}  # fmt: skip
