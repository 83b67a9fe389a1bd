"""What the code generator knows of a tensor value: the array that holds it, and how the array's axes lie.

A tensor of the IR need not be an array of the same shape: transposed and broadcast tensors are the array they come from,
with another meaning of its axes. So transposition costs nothing, and convolutions can keep their channels last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerType, TensorType
from xdsl.ir import Attribute, Block, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts.types import dtype_of
from tsir.errors import TsirError

if TYPE_CHECKING:
    from tsir.backend.numpy.buffers import Buffer

Size = int | str
"""A dimension: a number, or the Python expression that gives it at run time."""


def product_text(sizes: Sequence[Size]) -> Size:
    """The product of sizes."""
    number = 1
    texts: list[str] = []
    for size in sizes:
        if isinstance(size, int):
            number *= size
        else:
            texts.append(size)
    if not texts:
        return number
    return " * ".join(([str(number)] if number != 1 else []) + texts)


class Kind(Enum):
    """Whose memory a value is in."""

    FOREIGN = "an argument's, or what Python code made of one"
    CONSTANT = "the module's or the state's: never written, never given away"
    FRESH = "allocated in this call"
    PLANNED = "a buffer that is used again"


@dataclass(eq=False)
class Storage:
    """Memory that one or more values are views of. `alive` are those that are still read later."""

    kind: Kind
    block: Block | None = None
    """The block whose operations made it."""
    buffer: Buffer | None = None
    alive: set[SSAValue] = field(default_factory=set[SSAValue])
    repeated: bool = False
    """Whether a view has some of its elements in several places, such as windows: writing one of them would change the others."""


@dataclass(frozen=True)
class Tensor:
    """A tensor value: `name` is a Python expression without side effects (mostly a variable) for an array.

    `axes[i]` is the array's axis that holds the tensor's axis `i`; None when the tensor doesn't vary along it. The array has
    no other axes. `contiguous` tells that the array is known to be C-contiguous and, where its storage
    has a buffer, to be the buffer's contents from the start. `relaid` tells that the order of the axes is the
    generator's own choice: whoever sees the tensor from outside expects a contiguous one.
    """

    name: str
    shape: tuple[Size, ...]
    axes: tuple[int | None, ...]
    dtype: DType
    storage: Storage
    contiguous: bool = False
    relaid: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the array is the tensor itself, axis by axis."""
        return self.axes == tuple(range(len(self.shape)))

    @property
    def rank(self) -> int:
        """The number of the tensor's axes."""
        return len(self.shape)

    @property
    def order(self) -> tuple[int, ...]:
        """The tensor's axes in the order of the array's."""
        known = [(p, i) for i, p in enumerate(self.axes) if p is not None]
        return tuple(i for _, i in sorted(known))

    @property
    def array_shape(self) -> tuple[Size, ...]:
        """The shape of the array."""
        return tuple(self.shape[i] for i in self.order)

    def permuted(self, order: Sequence[int]) -> Tensor:
        """The transposed tensor whose axis `i` is this one's axis `order[i]`."""
        return replace(self, shape=tuple(self.shape[i] for i in order), axes=tuple(self.axes[i] for i in order))


def plain(name: str, shape: Sequence[Size], dtype: DType, storage: Storage, *, contiguous: bool = False) -> Tensor:
    """A tensor that is its array."""
    return Tensor(name, tuple(shape), tuple(range(len(shape))), dtype, storage, contiguous)


@dataclass(frozen=True)
class Fill:
    """A tensor whose elements all equal the scalar expression `scalar` (None: anything), not made before it is needed."""

    scalar: str | None
    shape: tuple[Size, ...]
    dtype: DType
    value: object = None
    """The number itself when it is a constant."""


def scalar_dtype(kind: Attribute) -> DType:
    """The dtype of elements of this type: `index` is int64, `i8` int8. Raises `TsirError` for others."""
    if isinstance(kind, IndexType):
        return dtypes.int64
    found = dtype_of(kind)
    if found is None and isinstance(kind, IntegerType):
        found = dtype_of(IntegerType(kind.width.data))
    if found is None:
        raise TsirError(f"the NumPy backend has no arrays with elements of type {kind}")
    return found


def tensor_dtype(kind: Attribute) -> DType:
    """The dtype of arrays that hold tensors of this type."""
    assert isinstance(kind, TensorType), kind
    return scalar_dtype(kind.get_element_type())


def static_shape(kind: Attribute) -> tuple[int | None, ...]:
    """The dimensions of a tensor type, None for a dynamic one."""
    assert isinstance(kind, TensorType), kind
    return tuple(None if d == DYNAMIC_INDEX else d for d in kind.get_shape())
