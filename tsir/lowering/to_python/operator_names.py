"""How torch's operators are called in source: tables of their names, for most are functions of the module `torch`."""

METHODS = frozenset(
    """
contiguous dim element_size expand expand_as is_contiguous item new_empty new_empty_strided new_full new_ones new_zeros
repeat reshape_as size storage_offset stride sum_to_size to tolist type_as unfold view view_as
""".split()
)
"""Operators that torch has as methods of tensors only."""

IN_PLACE_FUNCTIONS = frozenset(
    """
_index_put_impl_ alpha_dropout_ celu_ dropout_ embedding_renorm_ feature_alpha_dropout_ feature_dropout_ rrelu_ selu_
threshold_
""".split()
)
"""In-place operators that torch has as functions only: all others are methods of tensors."""

NO_FUNCTION = frozenset(
    """
Bool Complex ComplexImplicit Float FloatImplicit Int IntImplicit ScalarImplicit __and__ __iand__ __ilshift__ __ior__
__irshift__ __ixor__ __lshift__ __or__ __rshift__ __xor__ _batch_norm_running_stats _cdist_forward _determinant
_local_scalar_dense _lu_permutation _one_hot_by_data _sign_and_log_determinant _to_copy _unsafe_view _upsample_bicubic2d_aa
_upsample_bilinear2d_aa _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d adaptive_avg_pool2d
adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d alias atleast_1d atleast_2d atleast_3d avg_pool2d avg_pool3d
binary_cross_entropy block_diag broadcast_shapes broadcast_tensors cartesian_prod cdist chain_matmul col2im copy
cross_entropy_loss einsum elu elu_ fft_fft fft_fft2 fft_fftfreq fft_fftn fft_fftshift fft_hfft fft_hfft2 fft_hfftn fft_ifft
fft_ifft2 fft_ifftn fft_ifftshift fft_ihfft fft_ihfft2 fft_ihfftn fft_irfft fft_irfft2 fft_irfftn fft_rfft fft_rfft2
fft_rfftfreq fft_rfftn fractional_max_pool2d fractional_max_pool3d gelu gelu_ glu grad hardsigmoid hardsigmoid_ hardswish
hardswish_ hardtanh hardtanh_ huber_loss im2col index initial_seed l1_loss leaky_relu leaky_relu_ len lift_fresh
linalg_cholesky linalg_cholesky_ex linalg_cond linalg_cross linalg_det linalg_diagonal linalg_eig linalg_eigh linalg_eigvals
linalg_eigvalsh linalg_householder_product linalg_inv linalg_inv_ex linalg_ldl_factor linalg_ldl_factor_ex linalg_ldl_solve
linalg_lstsq linalg_lu linalg_lu_factor linalg_lu_factor_ex linalg_lu_solve linalg_matmul linalg_matrix_exp
linalg_matrix_norm linalg_matrix_power linalg_matrix_rank linalg_multi_dot linalg_norm linalg_pinv linalg_qr linalg_slogdet
linalg_solve linalg_solve_ex linalg_solve_triangular linalg_svd linalg_svdvals linalg_tensorinv linalg_tensorsolve
linalg_vander linalg_vecdot linalg_vector_norm linear log_sigmoid manual_seed max_pool2d_with_indices
max_pool3d_with_indices max_unpool2d max_unpool3d meshgrid mish mish_ mse_loss multi_margin_loss multilabel_margin_loss
multilabel_margin_loss_forward nll_loss nll_loss2d nll_loss_forward nll_loss_nd nonzero_numpy norm one_hot pad pad_sequence
reflection_pad1d reflection_pad2d reflection_pad3d relu6 relu6_ replication_pad1d replication_pad2d replication_pad3d
scaled_dot_product_attention set_grad_enabled silu silu_ slice smooth_l1_loss soft_margin_loss softplus softshrink
special_airy_ai special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 special_chebyshev_polynomial_t
special_chebyshev_polynomial_u special_chebyshev_polynomial_v special_chebyshev_polynomial_w special_digamma special_entr
special_erf special_erfc special_erfcx special_erfinv special_exp2 special_expit special_expm1 special_gammainc
special_gammaincc special_gammaln special_hermite_polynomial_h special_hermite_polynomial_he special_i0 special_i0e
special_i1 special_i1e special_laguerre_polynomial_l special_legendre_polynomial_p special_log1p special_log_ndtr
special_log_softmax special_logit special_logsumexp special_modified_bessel_i0 special_modified_bessel_i1
special_modified_bessel_k0 special_modified_bessel_k1 special_multigammaln special_ndtr special_ndtri special_polygamma
special_psi special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k1 special_shifted_chebyshev_polynomial_t
special_shifted_chebyshev_polynomial_u special_shifted_chebyshev_polynomial_v special_shifted_chebyshev_polynomial_w
special_sinc special_softmax special_spherical_bessel_j0 special_xlog1py special_xlogy special_zeta split stft sym_numel
sym_size tensordot unique_consecutive unique_dim upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d
upsample_nearest2d upsample_nearest3d upsample_trilinear3d warn zero
""".split()
)
"""Operators that are neither, or whose function of this name takes other arguments: `torch.ops.aten` has them."""

PROPERTIES: dict[str, str] = {
    name: name
    for name in """
dtype device layout requires_grad is_cuda is_cpu is_sparse is_quantized is_mkldnn is_leaf is_meta is_nested itemsize nbytes
mT mH is_mps is_sparse_csr is_vulkan is_xpu is_xla is_ipu is_mtia is_maia retains_grad
""".split()
} | {"matrix_H": "H", "numpy_T": "T"}
"""Operators that are properties of a tensor in source, with the property's name."""
