"""Which of torch's calls a trace treats in a way of their own: as data."""

from __future__ import annotations

LEAKS: dict[str, str] = {
    "item": "item() of a tensor", "__bool__": "converting a tensor to a Python bool",
    "__int__": "converting a tensor to a Python integer", "__float__": "converting a tensor to a Python float",
    "__complex__": "converting a tensor to a Python complex", "__index__": "converting a tensor to a Python index",
    "tolist": "tolist() of a tensor", "numpy": "converting a tensor to a NumPy array",
    "__array__": "converting a tensor to a NumPy array", "equal": "torch.equal", "allclose": "torch.allclose",
    "is_nonzero": "is_nonzero() of a tensor", "__nonzero__": "converting a tensor to a Python bool",
    "__long__": "converting a tensor to a Python integer", "_local_scalar_dense": "a value read out of a tensor",
}  # fmt: skip
"""Calls that make a Python value of what is in a tensor, and what to call that in a warning."""

PYTHON_VALUES: tuple[str, ...] = (
    "__bool__",
    "__int__",
    "__float__",
    "__complex__",
    "__index__",
    "tolist",
    "numpy",
    "__array__",
    "__nonzero__",
    "__long__",
    "is_nonzero",
)
"""Of these, the methods of one tensor, of which only those of computed tensors leak."""

RANDOM: frozenset[str] = frozenset((
    "rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "randperm", "normal", "normal_", "uniform_",
    "bernoulli", "bernoulli_", "multinomial", "poisson", "exponential_", "random_", "dropout", "empty", "empty_like", "new_empty",
))  # fmt: skip
"""Operators whose results differ from run to run though their arguments don't."""

UNRECORDED: tuple[str, ...] = (
    "requires_grad_", "retain_grad", "register_hook", "backward", "pin_memory", "share_memory_", "__repr__",
    "__format__", "__hash__", "__dir__", "__reduce_ex__", "is_pinned", "record_stream", "data_ptr", "const_data_ptr",
    "untyped_storage", "_typed_storage", "storage_offset", "stride", "dim", "ndimension", "is_contiguous",
    "get_device", "element_size", "_is_view", "_assert_tensor_metadata", "_assert_async", "__dlpack_device__",
    "manual_seed",
)  # fmt: skip
"""Calls that are run and leave no trace: they change no value, or ask for what a trace fixes (rank, strides)."""

REFUSED: tuple[str, ...] = ("map_", "map2_", "apply_", "swap_")
"""Methods that a program on values can't follow."""
