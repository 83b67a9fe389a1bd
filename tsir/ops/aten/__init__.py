"""The declarations of ATen's operators, by subject. Importing this package imports none of them: `registry` does when needed."""

MODULES: tuple[str, ...] = (
    "tsir.ops.aten.pointwise",
    "tsir.ops.aten.functions",
    "tsir.ops.aten.comparison",
    "tsir.ops.aten.activation",
    "tsir.ops.aten.metadata",
)
"""Where operators are declared, in the order in which they are loaded."""
