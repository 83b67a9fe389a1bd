"""The declarations of ATen's operators, by subject. Importing this package imports none of them: `registry` does when needed."""

MODULES: tuple[str, ...] = (
    "tsir.ops.aten.pointwise",
    "tsir.ops.aten.functions",
    "tsir.ops.aten.comparison",
    "tsir.ops.aten.activation",
    "tsir.ops.aten.metadata",
    "tsir.ops.aten.conversion",
    "tsir.ops.aten.creation",
    "tsir.ops.aten.random",
    "tsir.ops.aten.shape",
    "tsir.ops.aten.padding",
    "tsir.ops.aten.indexing",
    "tsir.ops.aten.reductions",
    "tsir.ops.aten.sorting",
    "tsir.ops.aten.linear_algebra",
    "tsir.ops.aten.normalization",
    "tsir.ops.aten.embedding",
    "tsir.ops.aten.packed_sequences",
    "tsir.ops.aten.recurrent",
    "tsir.ops.aten.attention",
    "tsir.ops.aten.loss",
    "tsir.ops.aten.convolution",
    "tsir.ops.aten.pooling",
    "tsir.ops.aten.upsampling",
    "tsir.ops.aten.settings",
)
"""Where operators are declared, in the order in which they are loaded."""
