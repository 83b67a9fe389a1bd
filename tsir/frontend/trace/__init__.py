"""The tracing frontend: from one run of a PyTorch program to a `ts` program. See `tracing.py`; `checking.py` compares the two."""

from tsir.frontend.trace.checking import check
from tsir.frontend.trace.tracing import trace_function, trace_module

__all__ = ["check", "trace_function", "trace_module"]
