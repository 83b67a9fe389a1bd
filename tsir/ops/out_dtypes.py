"""Which `out=` forms convert their result to the dtype of the tensor that is given, where it can be cast; the others take the
result's own dtype only. Which dtypes can be cast at all is `promotion.can_cast`'s subject.
"""

from __future__ import annotations

CONVERTING = frozenset(
    """
    acos acosh add.Tensor addcdiv addcmul addr angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh
    atan atan2 atanh bitwise_and.Scalar bitwise_and.Tensor bitwise_left_shift.Tensor bitwise_left_shift.Tensor_Scalar
    bitwise_or.Scalar bitwise_or.Tensor bitwise_right_shift.Tensor bitwise_right_shift.Tensor_Scalar bitwise_xor.Scalar
    bitwise_xor.Tensor cat clamp.Tensor clamp_max.Tensor clamp_min.Tensor clip.Tensor column_stack concat concatenate
    copysign.Scalar copysign.Tensor cos cosh cumprod cumsum deg2rad diff digamma div.Tensor div.Tensor_mode
    divide.Tensor divide.Tensor_mode dstack eq.Scalar eq.Tensor erf erfc erfinv exp exp2 expm1 fft_hfft fft_hfft2
    fft_hfftn fft_irfft fft_irfft2 fft_irfftn floor_divide fmax fmin fmod.Scalar fmod.Tensor gcd ge.Scalar ge.Tensor ger
    glu greater.Scalar greater.Tensor greater_equal.Scalar greater_equal.Tensor gt.Scalar gt.Tensor hstack huber_loss
    hypot i0 igamma igammac kron lcm ldexp.Tensor le.Scalar le.Tensor lerp.Scalar less.Scalar less.Tensor
    less_equal.Scalar less_equal.Tensor lgamma linalg_cond linalg_matrix_rank linalg_matrix_rank.atol_rtol_float
    linalg_matrix_rank.atol_rtol_tensor linalg_matrix_rank.tol_tensor linalg_pinv linalg_pinv.atol_rtol_float
    linalg_pinv.atol_rtol_tensor linalg_pinv.rcond_tensor log log10 log1p log2 logaddexp logaddexp2 logical_and
    logical_not logical_or logical_xor logit logsumexp lt.Scalar lt.Tensor matrix_power max max.other maximum mean
    mean.dim min min.other minimum mse_loss mul.Tensor multiply.Tensor mvlgamma nanmean nansum ne.Scalar ne.Tensor
    nextafter not_equal.Scalar not_equal.Tensor outer polygamma pow.Scalar pow.Tensor_Scalar pow.Tensor_Tensor
    prod.dim_int rad2deg reciprocal remainder.Scalar remainder.Tensor row_stack rsqrt sigmoid sin sinc sinh
    smooth_l1_loss sqrt square stack std.correction std.dim sub.Tensor subtract.Tensor sum.dim_IntList tan tanh
    threshold true_divide.Tensor var.correction var.dim vstack xlogy.Scalar_Other xlogy.Scalar_Self xlogy.Tensor
    """.split()
)
"""The operators, by the key of the functional form; all of `torch.special` but `round` besides. Compared with torch by a test."""


OF_NUMBERS = frozenset(
    f"{name}.Scalar" for name in "add sub subtract mul multiply div divide true_divide floor_divide rsub".split()
) | {"div.Scalar_mode", "divide.Scalar_mode"}
"""Forms that only `torch.ops` has: `torch.add(x, 1.0, out=y)` is the form for two tensors in torch, which converts."""


def converts(key: str) -> bool:
    """Whether the `out=` form of an operator takes a tensor of another dtype than its result's."""
    return key in CONVERTING or key in OF_NUMBERS or (key.startswith("special_") and key != "special_round")
