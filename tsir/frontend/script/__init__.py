"""The script frontend: Python source to the `ts` dialect. `compile_callable` and `compile_module` are what others call."""

from tsir.frontend.script.entries import compile_callable, compile_function, compile_module
from tsir.frontend.script.examples import Examples

__all__ = ["Examples", "compile_callable", "compile_function", "compile_module"]
