"""The script frontend: Python source to the `ts` dialect. `compile_callable` and `compile_module` are what others call."""

from tsir.frontend.script.callables import callable_parameters, identity_of
from tsir.frontend.script.entries import compile_callable, compile_function, compile_module
from tsir.frontend.script.examples import Examples

__all__ = ["Examples", "callable_parameters", "compile_callable", "compile_function", "compile_module", "identity_of"]
