"""What `torch.autocast` makes of operators on the CPU: which dtype their tensors are cast to before they run.

These are the lists of torch's `autocast_mode.cpp`, by operator, with those of tsir's operators that torch writes in terms of
listed ones. `tests/conformance/operators/test_autocast_casts.py` compares them with what torch does. Who casts are the frontends.
Only functional forms cast: operators in place and with `out=` take their tensors as they are. What a program that is called under
autocast hasn't decided itself `passes/autocast.py` does.
"""

from __future__ import annotations

from enum import Enum

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType


class Cast(Enum):
    """What an operator's floating-point tensors, but for those of float64, are cast to."""

    LOWER = "lower"
    """The dtype of the autocast."""
    FULL = "full"
    """float32."""
    WIDEST = "widest"
    """float32 if one of them is of it, else the dtype of the autocast."""


_LOWER = """
    _addmm_activation _native_multi_head_attention _transformer_encoder_layer_fwd addbmm addmm baddbmm bmm chain_matmul conv1d conv2d
    conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d linalg_matmul linalg_multi_dot linalg_vecdot linear matmul
    mkldnn_rnn_layer mm prelu rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell scaled_dot_product_attention tensordot
"""
_FULL = """
    _lu_with_info adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d binary_cross_entropy binary_cross_entropy_with_logits cdist
    cholesky cholesky_inverse cholesky_solve cosine_embedding_loss cross_entropy_loss ctc_loss fake_quantize_per_tensor_affine
    fft_fft fft_fft2 fft_fftn fft_hfft fft_ifft fft_ifft2 fft_ifftn fft_ihfft fft_irfft fft_irfft2 fft_irfftn fft_rfft fft_rfft2
    fft_rfftn fractional_max_pool2d fractional_max_pool3d geqrf grid_sampler grid_sampler_2d grid_sampler_3d hinge_embedding_loss
    huber_loss inverse kl_div l1_loss linalg_cholesky linalg_cholesky_ex linalg_cond linalg_eig linalg_eigh linalg_eigvals
    linalg_eigvalsh linalg_householder_product linalg_inv linalg_inv_ex linalg_lstsq linalg_matrix_rank linalg_qr linalg_solve
    linalg_svd linalg_svdvals linalg_tensorinv linalg_tensorsolve lu_solve margin_ranking_loss max_pool3d max_unpool2d max_unpool3d
    mse_loss multi_margin_loss multilabel_margin_loss multilabel_margin_loss_forward nanquantile nll_loss nll_loss2d nll_loss_nd
    orgqr ormqr pinverse poisson_nll_loss polar prod qr quantile reflection_pad1d reflection_pad2d replication_pad1d
    replication_pad2d replication_pad3d smooth_l1_loss soft_margin_loss stft svd trace triangular_solve triplet_margin_loss
    view_as_complex view_as_complex_copy
"""
_WIDEST = "cat column_stack concat concatenate dstack hstack index_copy row_stack stack vstack"

CASTS: dict[str, Cast] = {
    name: cast
    for cast, names in ((Cast.LOWER, _LOWER), (Cast.FULL, _FULL), (Cast.WIDEST, _WIDEST))
    for name in names.split()
}
"""What becomes of the tensors of all overloads of an operator."""

THROUGH_OTHERS = frozenset(
    """affine_grid_generator bilinear corrcoef cov einsum gru gru_cell inner linalg_matrix_power linalg_pinv lstm lstm_cell
    matrix_power pad""".split()
)
"""Operators of which only parts cast, or only with some arguments: torch writes them in terms of listed ones."""

THEN_LOWER = ("affine_grid_generator", "corrcoef", "cov", "linalg_pinv")
"""Those of them whose last part is a product of matrices."""

IN_FLOAT32 = ("gru", "gru_cell", "lstm_cell")
"""Recurrent layers whose products are in the lower dtype and whose states aren't."""

DTYPES = (dtypes.bfloat16, dtypes.float16)
"""The dtypes that an autocast on the CPU may have; one of another dtype isn't enabled."""

CURRENT: list[DType | None] = [None]
"""The dtype of the autocast around the call of a program, as its only element; None without one: see `runtime/default_dtype.py`."""

DECIDED = "ts.autocast"
"""The attribute of operators that stand inside of an autocast of the program: they have their casts already, or none."""


def einsum_steps(equation: str, count: int) -> list[tuple[str, bool]] | None:
    """An einsum as einsums of two tensors, one after the other, and which of them are products of matrices, which cast: those that sum
    over a dimension of both. None for one tensor, and for an equation that is wrong."""
    left, arrow, result = equation.replace(" ", "").replace("...", ".").partition("->")
    labels = left.split(",")
    if len(labels) != count or count == 1:
        return None
    if not arrow:
        letters = [c for c in left if c.isalpha()]
        result = ("." if "." in left else "") + "".join(sorted(c for c in letters if letters.count(c) == 1))
    steps: list[tuple[str, bool]] = []
    known = labels[0]
    for i in range(1, count):
        rest = {*"".join(labels[i + 1 :]), *result}
        kept = "".join(c for c in dict.fromkeys(known + labels[i]) if c in rest) if i < count - 1 else result
        step = f"{known},{labels[i]}->{kept}".replace(".", "...")
        steps.append((step, bool({*known} & {*labels[i]} - rest)))
        known = kept
    return steps
