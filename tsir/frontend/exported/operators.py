"""What the operators and functions of exported graphs are called here."""

from __future__ import annotations

from tsir.ops.registry import SCHEMAS

PYTHON = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "and_": "&", "or_": "|",
    "xor": "^",
    "lshift": "<<", "rshift": ">>", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "neg": "-",
    "pos": "+",
    "not_": "not", "invert": "~", "abs": "abs",
}  # fmt: skip
"""What the functions of Python's module `operator` are."""

SYMBOLIC = {
    "sym_int": "int", "sym_float": "float", "sym_not": "not", "sym_max": "max", "sym_min": "min", "sym_sqrt": "math.sqrt",
    "_sym_sqrt": "math.sqrt",
    "_sym_log2": "math.log2", "sym_sum": "sum", "_sym_abs": "abs",
}  # fmt: skip
"""torch's functions on sizes: `torch.sym_max`."""

RENAMED = {
    "sym_size.int": "size.int", "sym_size": "size", "sym_stride.int": "stride.int", "sym_stride": "stride",
    "sym_numel": "numel",
    "sym_storage_offset": "storage_offset", "_local_scalar_dense": "item", "sym_is_contiguous": "is_contiguous",
    "lift_fresh_copy": "clone", "lift_fresh": "alias", "lift": "alias",
}  # fmt: skip
"""Operators that are others with sizes as ints."""

NOTHING = frozenset((
    "sym_constrain_range", "sym_constrain_range_for_size", "_assert_tensor_metadata", "_assert_async",
    "_functional_sym_constrain_range",
    "_functional_sym_constrain_range_for_size",
))  # fmt: skip
"""Operators that say what the tracer has found: handled here."""

PRIMS = {"convert_element_type": "to.dtype", "view_of": "alias", "device_put": "alias"}
"""Operators of torch's `prims` that are ATen's."""


BAGS = ("_embedding_bag", "_embedding_bag_forward_only")
"""`embedding_bag` with results for the backward pass, which aren't computed here; -1 means that there is no padding."""


def operator_key(target: str) -> str:
    """`aten.add.Tensor` as the registry knows it: `add.Tensor`; `aten.relu.default` is `relu`."""
    return target.partition(".")[2].removesuffix(".default")


def is_known(target: str) -> bool:
    """Whether one of ATen's operators, `aten.add.Tensor`, has a meaning here."""
    key = operator_key(target)
    name = key.partition(".")[0]
    return (
        name in NOTHING
        or name in BAGS
        or name == "_assert_scalar"
        or bool(SCHEMAS.get(RENAMED.get(key, key)) or SCHEMAS.overloads(name))
    )
