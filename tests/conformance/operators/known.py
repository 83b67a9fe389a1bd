"""Operators known to differ from torch, and how. An entry that agrees after all makes its test fail."""

KNOWN: dict[str, str] = {
    "binary_cross_entropy.out": "torch leaves an empty out= as it is when nothing is reduced",
    "float_power_.Scalar": "torch refuses another dtype than double in place",
    "float_power_.Tensor": "torch refuses another dtype than double in place",
    "cumsum_": "torch accumulates into a bool tensor in place",
    "cumprod_": "torch accumulates into a bool tensor in place",
}
