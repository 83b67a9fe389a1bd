"""torch's default dtype, which operators ask `ops/promotion.py` for: taken over from torch where it is loaded.

torch.jit looks at it when a program runs, not when it is compiled. So it is a part of what a specialisation is for, and a change of
it is noticed at the next call.
"""

from __future__ import annotations

from tsir.dialects.dtypes import DType
from tsir.ops import promotion
from tsir.runtime.torch_adapter import adapter


def follow() -> DType:
    """Makes torch's default dtype that of the operators; what they have compiled for another one is dropped. Gives it."""
    torch = adapter()
    found = promotion.default_dtype() if torch is None else torch.named_dtypes[torch.default_dtype()]
    if found is not promotion.default_dtype():
        from tsir.backend.numpy import dispatch  # not needed by a warm start
        from tsir.ops import evaluate

        promotion.CURRENT[0] = found
        evaluate.forget()
        dispatch.forget()
    return found
