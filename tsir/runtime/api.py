"""The functions behind `tsir.script`, `trace`, `save` and `load`: from torch's objects to compiled ones and back."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from tsir.backend.numpy.tracebacks import user_facing
from tsir.dialects.program import Program
from tsir.errors import FrontendError, TracerWarning, TsirError
from tsir.ops.host_random import DEFAULT
from tsir.runtime.callable_arguments import FunctionOfCallables
from tsir.runtime.compiled import ScriptModule, as_function
from tsir.runtime.containers import ScriptDict, ScriptList
from tsir.runtime.ir_text import parse_ir as parse_ir
from tsir.runtime.loading import load as load
from tsir.runtime.methods import CompiledMethod, ScriptFunction
from tsir.runtime.shape_policies import read_policy
from tsir.runtime.torch_adapter import adapter
from tsir.runtime.torch_needed import need_torch

Compiled = ScriptFunction | ScriptModule


def _is_off() -> bool:
    """Whether torch.jit is switched off, by `PYTORCH_JIT=0` or in the process: programs then run as Python, for a debugger."""
    torch = sys.modules.get("torch")
    return torch is not None and not torch.jit._state._enabled.enabled


def _compiled(program: Program) -> Compiled:
    return as_function(program) if program.root is None or program.is_function else ScriptModule(program)


@user_facing
def script(
    obj: Any,
    optimize: Any = None,
    _frames_up: int = 0,
    _rcb: Any = None,
    example_inputs: Any = None,
    *,
    dynamic_shapes: Any = None,
) -> Any:
    """Compiles a function, an `nn.Module` or a class from its Python source, as `torch.jit.script` does.

    A function gives a `ScriptFunction`, as do `functools.partial`, bound methods and objects with `__call__`, whose bound
    arguments are then those that Python has: what the program does to a bound object is seen outside. A module gives a
    `ScriptModule` that shares its parameters; a class is returned as it is, for it is compiled where it is used: its objects are
    compiled ones, also as attributes and arguments. So is an object of such a class, whose class then counts as given to
    `script`. A list or dict gives one whose items stay of one type. A function with parameters that are annotated as functions or
    modules is compiled at its calls, for each function that it is given.
    `example_inputs` are lists of arguments, by callable or for `obj` itself: parameters without annotation are of their types.
    `dynamic_shapes` fixes which sizes vary: True for all, False for none, else by parameter as torch.export and torch.onnx take
    them (see `shape_policies.py`); None makes those dynamic that differ between calls. A compiled object given again is
    returned as it is, with this policy. The other parameters are torch.jit's and mean nothing here. Raises FrontendError with
    the place in the source for what can't be compiled, TsirError for `dynamic_shapes` that the parameters don't have.
    Under `PYTORCH_JIT=0` `obj` is given back, as it is by `trace` and `trace_module`.
    """
    del optimize, _frames_up, _rcb
    if _is_off():
        return obj
    made = _scripted(obj, example_inputs, dynamic_shapes)
    return made if dynamic_shapes is None else _with_shapes(made, dynamic_shapes)


def _scripted(obj: Any, example_inputs: Any, dynamic_shapes: Any) -> Any:
    """What `script` gives, without a policy for its shapes but for what is compiled later."""
    if isinstance(obj, ScriptFunction | ScriptModule | ScriptList | ScriptDict | FunctionOfCallables):
        return obj
    if isinstance(obj, list):
        return ScriptList(obj)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(obj, dict):
        return ScriptDict(obj)  # pyright: ignore[reportUnknownArgumentType]
    need_torch("tsir.script")
    import torch

    from tsir.frontend.script import Examples, callable_parameters, compile_callable, compile_module, identity_of
    from tsir.frontend.torch_jit_modules import is_torch_jit_module, program_of_torch_jit

    examples = None if example_inputs is None else Examples(obj, example_inputs)
    if is_torch_jit_module(obj):
        return ScriptModule(program_of_torch_jit(obj))
    if isinstance(obj, torch.nn.Module):
        return ScriptModule(_with_exceptions(compile_module(obj, examples=examples)))
    if inspect.isclass(obj):
        if issubclass(obj, torch.nn.Module):
            raise FrontendError(
                f"{obj.__name__} is a module class, not a module",
                hint=f"script an instance: tsir.script({obj.__name__}(...))",
            )
        from tsir.frontend.script.classes import declare

        declare(obj)
        return obj
    if names := callable_parameters(obj):
        compile_for = functools.partial(script, example_inputs=example_inputs, dynamic_shapes=dynamic_shapes)
        return FunctionOfCallables(obj, names, compile_for, identity_of)
    if callable(obj):
        program = _with_exceptions(compile_callable(obj, examples=examples))
        return as_function(program, obj)
    if _is_plain_object(obj):
        from tsir.frontend.script.classes import declare

        declare(type(obj))
        return obj
    raise FrontendError(f"can't compile a {type(obj).__name__}", hint="script takes a function, an nn.Module or a class")


def _with_shapes(compiled: Any, given: Any) -> Any:
    """Gives a compiled function or module a policy for its sizes. Raises TsirError for other things, and for unknown names."""
    if isinstance(compiled, FunctionOfCallables):
        return compiled  # it is for the functions that are compiled when it is called
    if isinstance(compiled, ScriptFunction):
        compiled.fix_shapes(read_policy(given, compiled.entry))
        return compiled
    if not isinstance(compiled, ScriptModule):
        raise TsirError(
            f"dynamic_shapes is for functions and modules, not for a {type(compiled).__name__}",
            hint="give it where the function that takes such values is compiled",
        )
    entries = compiled.program.entry_points
    called = [n for n in ("forward", "__call__") if n in entries]
    parameters = {p.name for n in called for p in entries[n].parameters}
    if isinstance(given, bool):
        by_method: dict[str, Any] = dict.fromkeys(entries, given)
    elif isinstance(given, Mapping) and given and not parameters & {*given} and {*given} <= {*entries}:  # pyright: ignore[reportUnknownArgumentType]
        by_method = dict(given)  # pyright: ignore[reportUnknownArgumentType]
    else:
        by_method = dict.fromkeys(called, given)
    for name, spec in by_method.items():
        compiled.compiled_method(name).fix_shapes(read_policy(spec, entries[name]))
    return compiled


def _one_of(dynamic_axes: Any, dynamic_shapes: Any) -> Any:
    """The policy that is given by either name."""
    if dynamic_axes is not None and dynamic_shapes is not None:
        raise TsirError("dynamic_axes and dynamic_shapes are two names for one thing", hint="give one of them")
    return dynamic_shapes if dynamic_axes is None else dynamic_axes


def _is_plain_object(obj: Any) -> bool:
    """Whether something is an object of a class that a user wrote, derived from no class with a memory layout of its own."""
    return hasattr(obj, "__dict__") and type(obj).__base__ is not None and type(obj).__new__ is object.__new__


def _with_exceptions(program: Program) -> Program:
    """Lets the program's generated code raise the user's own exception classes."""
    if program.exceptions:
        from tsir.backend.numpy.host import know_exceptions

        know_exceptions(program.exceptions)
    return program


@user_facing
def trace(
    func: Any,
    example_inputs: Any = None,
    optimize: Any = None,
    check_trace: bool = True,
    check_inputs: list[Any] | None = None,
    check_tolerance: float = 1e-5,
    strict: bool = True,
    _force_outplace: bool = False,
    _module_class: Any = None,
    _compilation_unit: Any = None,
    example_kwarg_inputs: Mapping[str, Any] | None = None,
    _store_inputs: bool = True,
    *,
    dynamic_axes: Any = None,
    dynamic_shapes: Any = None,
) -> Compiled:
    """Records what a module or function does with the example inputs, as `torch.jit.trace` does.

    `example_inputs` is a tensor or a tuple of inputs. Sizes that are read stay symbolic, so that other batch sizes work; where a
    tensor becomes a Python value, the recorded path is fixed and a `TracerWarning` names the line. With `check_trace` the
    result is compared with a second run, also on `check_inputs`. `dynamic_axes`, also as `dynamic_shapes`, fixes which sizes vary:
    as for `script`. With `_force_outplace` operators that write in place are recorded as those that don't. The other parameters
    from `optimize` on are torch.jit's and mean nothing here. Raises FrontendError for what can't be recorded.
    """
    del optimize, _module_class, _compilation_unit, _store_inputs
    shapes = _one_of(dynamic_axes, dynamic_shapes)
    if isinstance(func, ScriptFunction | ScriptModule):
        return func if shapes is None else _with_shapes(func, shapes)
    need_torch("tsir.trace")
    import torch

    if _is_off():
        return func
    from tsir.frontend.trace import trace_function

    inputs, kwargs = _inputs(example_inputs), dict(example_kwarg_inputs or {})
    checked = [inputs, *map(_inputs, check_inputs or [])]
    if isinstance(func, torch.nn.Module):
        calls = {"forward": (inputs, kwargs)}
        several = {"forward": checked} if check_trace else {}
        return _trace_methods(func, calls, several, check_tolerance, shapes, strict=strict, force_outplace=_force_outplace)
    if not callable(func):
        raise FrontendError(f"can't trace a {type(func).__name__}", hint="trace takes a function or an nn.Module")
    compiled = _compiled(trace_function(func, inputs, kwargs, strict=strict, force_outplace=_force_outplace))
    if shapes is not None:
        _with_shapes(compiled, shapes)
    if check_trace:
        options = {"strict": strict, "force_outplace": _force_outplace}
        record = functools.partial(trace_function, func, **options)
        _check(func, compiled, checked, kwargs, check_tolerance, record)
    return compiled


@user_facing
def trace_module(
    mod: Any,
    inputs: Mapping[str, Any],
    optimize: Any = None,
    check_trace: bool = True,
    check_inputs: Sequence[Mapping[str, Any]] | None = None,
    check_tolerance: float = 1e-5,
    strict: bool = True,
    _force_outplace: bool = False,
    _module_class: Any = None,
    _compilation_unit: Any = None,
    example_inputs_is_kwarg: bool = False,
    _store_inputs: bool = True,
    *,
    dynamic_axes: Any = None,
    dynamic_shapes: Any = None,
) -> ScriptModule:
    """Records several methods of a module, as `torch.jit.trace_module` does.

    `inputs` has each method's example inputs: a tensor, a tuple of inputs, or with `example_inputs_is_kwarg` a dict of inputs by
    name. `check_inputs` are more such dicts. `dynamic_axes` may be by method, too. All else is as in `trace`.
    """
    del optimize, _module_class, _compilation_unit, _store_inputs
    options = {"strict": strict, "force_outplace": _force_outplace}
    shapes = _one_of(dynamic_axes, dynamic_shapes)
    need_torch("tsir.trace_module")
    import torch

    if _is_off():
        return mod
    if not isinstance(mod, torch.nn.Module):
        raise FrontendError(
            f"trace_module takes an nn.Module, not a {type(mod).__name__}", hint="tsir.trace takes functions"
        )
    if not inputs:
        raise FrontendError("trace_module got no methods to trace", hint='for example {"forward": x}')
    for name in inputs:
        if not callable(getattr(mod, name, None)):
            raise FrontendError(f"{type(mod).__name__} has no method '{name}' to trace")
    if example_inputs_is_kwarg:
        calls = {name: ((), dict(given)) for name, given in inputs.items()}
        checks = {name: [()] for name in inputs} if check_trace else {}
        return _trace_methods(mod, calls, checks, check_tolerance, shapes, **options)
    calls = {name: (_inputs(given), {}) for name, given in inputs.items()}
    checked = {n: [c[0], *(_inputs(more[n]) for more in check_inputs or [] if n in more)] for n, c in calls.items()}
    return _trace_methods(mod, calls, checked if check_trace else {}, check_tolerance, shapes, **options)


def _trace_methods(
    module: Any,
    calls: Mapping[str, tuple[tuple[Any, ...], dict[str, Any]]],
    checked: Mapping[str, list[tuple[Any, ...]]],
    tolerance: float,
    shapes: Any,
    **options: Any,
) -> ScriptModule:
    """Records methods and compares each with a second run on the inputs `checked`."""
    from tsir.frontend.trace import trace_module as record

    compiled = ScriptModule(record(module, calls, **options))
    if shapes is not None:
        _with_shapes(compiled, shapes)
    for name, several in checked.items():
        _check(
            module if name == "forward" else getattr(module, name),
            compiled.compiled_method(name),
            several,
            calls[name][1],
            tolerance,
            lambda args, kwargs, name=name: record(module, {**calls, name: (args, kwargs)}, **options),
        )
    return compiled


def _inputs(given: Any) -> tuple[Any, ...]:
    """Example inputs as a tuple of arguments, as torch.jit.trace understands them."""
    return () if given is None else tuple(given) if isinstance(given, tuple | list) else (given,)


def _check(
    original: Any,
    compiled: Any,
    several: list[tuple[Any, ...]],
    kwargs: dict[str, Any],
    tolerance: float,
    record: Callable[[tuple[Any, ...], dict[str, Any]], Program],
) -> None:
    """Compares a trace with what was traced on several inputs, of which the first ones made it; `record` traces again."""
    from tsir.frontend.trace import check

    for number, inputs in enumerate(several):

        def graphs(inputs: tuple[Any, ...] = inputs) -> tuple[str, str]:
            with warnings.catch_warnings():  # the first trace has shown them
                warnings.simplefilter("ignore", TracerWarning)
                return str(compiled.program.module), str(record(inputs, kwargs).module)

        made_with = f"of check_inputs[{number - 1}]" if number else "it was made with"
        check(original, compiled, inputs, kwargs, tolerance=tolerance, made_with=made_with, graphs=graphs)


@user_facing
def save(m: Any, f: str | os.PathLike[str] | IO[bytes], _extra_files: Mapping[str, str | bytes] | None = None) -> None:
    """Writes a compiled function or module as an archive, as `torch.jit.save` does. See docs in `tsir.archive`."""
    if not isinstance(m, ScriptFunction | ScriptModule):
        raise TsirError(
            f"only compiled functions and modules can be saved, not a {type(m).__name__}", hint="tsir.script it first"
        )
    m.save(f, _extra_files)


def manual_seed(seed: int) -> None:
    """Seeds the random operators of compiled code as `torch.manual_seed` does: torch's own generator, where torch is loaded."""
    adapter()
    DEFAULT.manual_seed(seed)


def load_ir(text: str, name: str = "<text>", weights: ScriptModule | None = None) -> dict[str, CompiledMethod]:
    """The public functions of IR text, callable, by name. Raises IRError with the place in the text.

    A function's object and its weights (`ts.weight`) are those of the module `weights`; without it they are arguments.
    """
    from tsir.runtime.compilation import function_entries

    module = parse_ir(text, name)
    if weights is None:
        return {e.name: ScriptFunction(Program(lambda: module, {e.name: e})) for e in function_entries(module)}
    entries = {e.name: e for e in function_entries(module, weights.instance)}
    program = Program(lambda: module, entries, weights.instance, weights.program.sources)
    owner = ScriptModule(program)
    return {name: owner.compiled_method(name) for name in entries}
