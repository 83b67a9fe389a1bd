"""What a tensor tells about itself: sizes, dtype, device, layout. Numbers out of tensors are in conversion.py.

torch has some of these as operators and some as properties; the properties (`dtype`, `device`, `is_cuda`...) are operators
of the same name here.
"""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.dialects.values import CPU, Device, Layout
from tsir.errors import OperatorTypeError
from tsir.ops.core.creation import full
from tsir.ops.core.slices import concat
from tsir.ops.promotion import can_cast, result_type
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymScalar, SymTensor


@aten("size(Tensor self) -> int[]", "sym_size(Tensor self) -> SymInt[]")
def size(x: SymTensor) -> list[Size]:
    """The shape."""
    return list(x.shape)


@aten("_shape_as_tensor(Tensor self) -> Tensor", out=False)
def shape_as_tensor(x: SymTensor) -> SymTensor:
    """The shape as a tensor of int64."""
    sizes = [full((1,), size, dtypes.int64) for size in x.shape]
    return concat(sizes, 0) if sizes else full((0,), 0, dtypes.int64)


@aten("size.int(Tensor self, int dim) -> int", "sym_size.int(Tensor self, int dim) -> SymInt")
def size_int(x: SymTensor, dim: int) -> Size:
    """The size of a dimension."""
    if not x.shape:
        raise_no_dimensions()
    return x.size(dim)


def raise_no_dimensions() -> None:
    """Raises torch's error for a dimension of a 0-d tensor."""
    from tsir.errors import OperatorIndexError

    raise OperatorIndexError("Dimension specified as 0 but tensor has no dimensions")


@aten("len.Tensor(Tensor t) -> int")
def len_(x: SymTensor) -> Size:
    """The size of the first dimension."""
    if not x.shape:
        raise OperatorTypeError("len() of a 0-d tensor")
    return x.shape[0]


@aten("dim(Tensor self) -> int")
def dim(x: SymTensor) -> int:
    """The number of dimensions."""
    return x.rank


@aten("numel(Tensor self) -> int", "sym_numel(Tensor self) -> SymInt")
def numel(x: SymTensor) -> Size:
    """The number of elements."""
    return x.numel()


@aten("element_size(Tensor self) -> int", "itemsize(Tensor self) -> int")
def element_size(x: SymTensor) -> int:
    """The bytes of an element."""
    return x.dtype.itemsize


@aten("nbytes(Tensor self) -> int")
def nbytes(x: SymTensor) -> Size:
    """The bytes of all elements."""
    return x.numel() * x.dtype.itemsize


@aten("is_floating_point(Tensor self) -> bool")
def is_floating_point(x: SymTensor) -> bool:
    """Whether the dtype is a real floating point type."""
    return x.dtype.category is Category.FLOAT


@aten("is_complex(Tensor self) -> bool")
def is_complex(x: SymTensor) -> bool:
    """Whether the dtype is complex."""
    return x.dtype.is_complex


@aten("is_signed(Tensor self) -> bool")
def is_signed(x: SymTensor) -> bool:
    """Whether the dtype holds negative numbers."""
    return x.dtype.signed


@aten("is_same_size(Tensor self, Tensor other) -> bool")
def is_same_size(x: SymTensor, other: SymTensor) -> bool:
    """Whether the shapes are equal."""
    return x.rank == other.rank and all(a == b for a, b in zip(x.shape, other.shape, strict=True))


@aten("dtype(Tensor self) -> ScalarType")
def dtype(x: SymTensor) -> DType:
    """The dtype."""
    return x.dtype


@aten("device(Tensor self) -> Device")
def device(x: SymTensor) -> Device:
    """The CPU, always."""
    return CPU


@aten("layout(Tensor self) -> Layout")
def layout(x: SymTensor) -> Layout:
    """`torch.strided`, always."""
    return Layout("strided")


ALWAYS_FALSE = (
    "is_cuda", "is_sparse", "is_quantized", "is_meta", "is_mkldnn", "is_nested", "is_inference", "requires_grad", "is_conj",
    "is_neg", "is_mps", "is_xpu", "is_vulkan", "is_sparse_csr", "is_xla", "is_ipu", "is_mtia", "is_maia", "retains_grad",
)  # fmt: skip
"""Questions about a tensor that have one answer here: tsir's tensors are dense, on the CPU and without gradients."""

for _name in ALWAYS_FALSE:
    aten(f"{_name}(Tensor self) -> bool")(lambda x: False)

for _name in ("is_cpu", "is_leaf"):
    aten(f"{_name}(Tensor self) -> bool")(lambda x: True)


@aten("grad(Tensor self) -> Tensor?")
def grad(x: SymTensor) -> None:
    """None: tsir computes no gradients."""
    return None


@aten("get_device(Tensor self) -> int")
def get_device(x: SymTensor) -> int:
    """-1, the CPU's number."""
    return -1


@host("stride(Tensor self) -> int[]", implementation="tsir.ops.host_tensors:strides")
def stride(x: SymTensor) -> list[SymScalar]:
    """The distance of neighbours along each dimension, in elements, as the tensor lies in memory."""
    return [SymScalar("int") for _ in x.shape]


@host("stride.int(Tensor self, int dim) -> int", implementation="tsir.ops.host_tensors:stride")
def stride_int(x: SymTensor, dim: int) -> SymScalar:
    """The distance of neighbours along a dimension, in elements."""
    return SymScalar("int")


@host("storage_offset(Tensor self) -> int", implementation="tsir.ops.host_strided:storage_offset")
def storage_offset(x: SymTensor) -> SymScalar:
    """Where the first element lies in the tensor's memory, in elements."""
    return SymScalar("int")


@host("is_contiguous(Tensor self) -> bool", implementation="tsir.ops.host_tensors:is_contiguous")
def is_contiguous(x: SymTensor) -> SymScalar:
    """Whether the elements lie in row-major order without gaps."""
    return SymScalar("bool")


@host(
    "is_contiguous.memory_format(Tensor self, MemoryFormat memory_format) -> bool",
    implementation="tsir.ops.host_tensors:is_contiguous",
)
def is_contiguous_in(x: SymTensor, memory_format: Any) -> SymScalar:
    """Whether the elements lie in the order of this memory format without gaps."""
    return SymScalar("bool")


@aten(
    "result_type.Tensor(Tensor tensor, Tensor other) -> ScalarType",
    "result_type.Scalar(Tensor tensor, Scalar other) -> ScalarType",
    "result_type.Scalar_Tensor(Scalar scalar, Tensor tensor) -> ScalarType",
    "result_type.Scalar_Scalar(Scalar scalar1, Scalar scalar2) -> ScalarType",
)
def result_type_(a: Any, b: Any) -> DType:
    """The dtype that arithmetic of both gives."""
    return result_type((a, b))


@aten("can_cast(ScalarType from_, ScalarType to) -> bool")
def can_cast_(source: DType, target: DType) -> bool:
    """Whether an in-place operator may write one dtype into a tensor of the other."""
    return can_cast(source, target)


@aten("promote_types(ScalarType type1, ScalarType type2) -> ScalarType")
def promote_types(a: DType, b: DType) -> DType:
    """The smallest dtype that holds both."""
    return dtypes.promote(a, b)
