"""The tracing frontend: from one run of a PyTorch program to a `ts` program. See `tracing.py`."""

from tsir.frontend.trace.tracing import trace_function, trace_module

__all__ = ["trace_function", "trace_module"]
