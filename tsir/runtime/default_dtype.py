"""torch's default dtype, which operators ask `ops/promotion.py` for, and its autocast around a call, for `passes/autocast.py`: taken
over from torch where it is loaded.

torch.jit looks at them when a program runs, not when it is compiled. So they are a part of what a specialisation is for, and a change
of them is noticed at the next call.
"""

from __future__ import annotations

from tsir.dialects.dtypes import DType
from tsir.ops import autocast, promotion
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


def follow_autocast() -> DType | None:
    """The dtype of torch's autocast of the CPU around a call, for which programs are specialised then; None without one."""
    torch = adapter()
    found = None if torch is None or not torch.autocast_enabled("cpu") else torch.named_dtypes[torch.autocast_dtype("cpu")]
    autocast.CURRENT[0] = found
    return found
