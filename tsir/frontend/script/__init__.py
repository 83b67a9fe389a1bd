"""The script frontend: Python source to the `ts` dialect. `compile_function` and `compile_module` are what others call."""

from tsir.frontend.script.entries import compile_function, compile_module
from tsir.frontend.script.examples import Examples

__all__ = ["Examples", "compile_function", "compile_module"]
