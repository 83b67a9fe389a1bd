"""Whether a compiled call did what eager did: values, dtype, shape, aliasing of inputs, and what was written into inputs."""

import torch

TOLERANCE = {
    torch.float16: (3e-3, 1e-3), torch.bfloat16: (1.6e-2, 1e-2), torch.float32: (1e-5, 1e-5), torch.float64: (1e-7, 1e-7),
    torch.complex64: (1e-5, 1e-5), torch.complex128: (1e-7, 1e-7),
}  # fmt: skip
"""Relative and absolute, by dtype."""


def span(x):
    """The first and last address of a tensor's elements; None for an empty one."""
    if x.numel() == 0:
        return None
    size = x.element_size()
    return x.data_ptr(), x.data_ptr() + size * (1 + sum((n - 1) * s for n, s in zip(x.shape, x.stride())))


def overlaps(x, y):
    """Whether two tensors share memory, by their addresses."""
    a, b = span(x), span(y)
    return a is not None and b is not None and a[0] < b[1] and b[0] < a[1]


def difference(found, expected, inputs, eager_inputs, *, values=True, up_to_phase=False, summed=False):
    """What differs, as a short text that is equal for equal causes; None when nothing does."""
    if isinstance(expected, torch.Tensor):
        if not isinstance(found, torch.Tensor):
            return f"type: {type(found).__name__} instead of a tensor"
        if found.dtype is not expected.dtype:
            return f"dtype: {found.dtype} instead of {expected.dtype}"
        if found.shape != expected.shape:
            return f"shape: {list(found.shape)} instead of {list(expected.shape)}"
        for x, y in zip(inputs, eager_inputs):
            mine, theirs = overlaps(found, x), overlaps(expected, y) and not expected.is_conj()
            if mine != theirs:
                return "aliasing: fresh instead of a view" if theirs else "aliasing: shares memory instead of fresh"
            if mine and found.numel() > 1 and effective_strides(found) != effective_strides(expected):
                return f"strides of a view: {found.stride()} instead of {expected.stride()}"
        return value_difference(found, expected, up_to_phase, summed) if values else None
    if isinstance(expected, list | tuple):
        if type(expected).__name__.endswith("svd") and isinstance(found, tuple) and len(found) == 3:
            found, expected = determined(found, expected), determined(expected, expected)
        if not isinstance(found, list | tuple) or len(found) != len(expected):
            return f"type: {type(found).__name__} instead of {type(expected).__name__} of {len(expected)}"
        for f, e in zip(found, expected):
            why = difference(f, e, inputs, eager_inputs, values=values, up_to_phase=up_to_phase, summed=summed)
            if why is not None:
                return why
        return None
    if type(found) is not type(expected):
        return f"type: {type(found).__name__} instead of {type(expected).__name__}"
    if values and found != expected and not (found != found and expected != expected):
        if isinstance(expected, float | complex) and abs(found - expected) <= 1e-5 * max(1, abs(expected)):
            return None
        return f"value: {found} instead of {expected}"
    return None


def determined(found, expected):
    """The part of a singular value decomposition that isn't arbitrary: without the vectors of full matrices' null spaces."""
    u, s, v = found
    count = expected[1].shape[-1]
    if u.shape == expected[0].shape and u.dim() > 1:
        u = u[..., :count]
    if v.shape == expected[2].shape and v.dim() > 1:
        v = v[..., :count] if type(expected).__name__ == "svd" else v[..., :count, :]
    return u, s, v


def effective_strides(x):
    return [s for s, n in zip(x.stride(), x.shape) if n > 1]


def value_difference(found, expected, up_to_phase=False, summed=False):
    """How far the values are apart; None within the tolerance of the dtype.

    `summed` is for results that are sums in an order of the implementation's own: their error is one of the largest of them.
    """
    found, expected = found.detach().resolve_conj().resolve_neg(), expected.detach().resolve_conj().resolve_neg()
    if up_to_phase:
        found, expected = found.abs(), expected.abs()
    rtol, atol = TOLERANCE.get(expected.dtype, (0, 0))
    if summed and expected.numel() and atol:
        largest = expected.abs().nan_to_num(0, 0, 0).max().item()
        atol *= max(1.0, largest)
    if torch.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
        return None
    wrong = ~torch.isclose(found, expected, rtol=rtol, atol=atol, equal_nan=True)
    at = tuple(wrong.nonzero()[0].tolist())
    return f"value: {int(wrong.sum())} of {wrong.numel()}, such as {found[at].item()} instead of {expected[at].item()}"
