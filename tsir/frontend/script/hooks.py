"""Forward hooks of modules: what `module(x)` does around `module.forward(x)`.

A pre-hook gets the module and the tuple of positional arguments, and may give others; a hook gets the result, too, and may give
another one. Hooks that are registered with `with_kwargs=True` get the keyword arguments as a dict.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from tsir.dialects.ts import types as ts
from tsir.errors import TsirError
from tsir.frontend.script.convert import tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.source import FunctionSource, make_source, unwrap
from tsir.frontend.script.values import Const, Object, PyFunction, StaticDict, StaticTuple, Value


@dataclass(frozen=True)
class Hooks:
    """The hooks of a module, in the order of registration, each with whether it takes keyword arguments."""

    before: tuple[tuple[Any, bool], ...] = ()
    after: tuple[tuple[Any, bool], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


def hooks_of(module: nn.Module) -> Hooks:
    """The forward hooks registered on a module."""
    before, after = module._forward_pre_hooks, module._forward_hooks
    return Hooks(
        tuple((hook, key in module._forward_pre_hooks_with_kwargs) for key, hook in before.items()),
        tuple((hook, key in module._forward_hooks_with_kwargs) for key, hook in after.items()),
    )


def call_with_hooks(e: Emitter, callee: Object, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`module(...)` for a module with hooks."""
    from tsir.frontend.script.calls import call

    hooks: Hooks = callee.info.hooks
    given: Value = StaticTuple(tuple(args))
    named: Value = StaticDict(dict(kwargs))
    for hook, with_kwargs in hooks.before:
        result = _call_hook(e, "pre-hook", hook, [callee, given, *([named] if with_kwargs else [])])
        if _is_none(e, result):
            continue
        if with_kwargs:
            pair = tuple_elements(e, result)
            if pair is None or len(pair) != 2:
                e.error(
                    f"a pre-hook with keyword arguments gives a pair of them or None, not {e.show(result)}", code="TS507"
                )
            given, named = pair
        else:
            given = result if tuple_elements(e, result) is not None else StaticTuple((result,))
    if not isinstance(named, StaticDict):
        e.unsupported("a pre-hook that gives keyword arguments as a dict of run time")
    forward = e.session.get_attribute(e, callee, "forward")
    result = call(e, forward, tuple_elements(e, given) or [], named.items)
    for hook, with_kwargs in hooks.after:
        found = _call_hook(e, "hook", hook, [callee, given, *([named] if with_kwargs else []), result])
        result = result if _is_none(e, found) else found
    return result


def _call_hook(e: Emitter, kind: str, hook: Any, args: Sequence[Value]) -> Value:
    from tsir.frontend.script.calls import call

    try:
        return call(e, _inlined(e, hook), args, {})
    except TsirError as error:
        callee = args[0]
        name = callee.info.python_class.__name__ if isinstance(callee, Object) else "a module"
        shown = "module, inputs, keywords" if len(args) > 2 + (kind == "hook") else "module, inputs"
        note = f"a forward {kind} of {name} is called here, with ({shown}{', output' if kind == 'hook' else ''})"
        error.notes = (*error.notes, (note, e.place))
        raise


def _inlined(e: Emitter, hook: Any) -> Value:
    """A hook as a value. Functions are inlined: what they get and give need not have a type of its own."""
    value = e.session.from_python(hook, "a forward hook")
    if isinstance(value, PyFunction):
        e.session.inline_only.add(unwrap(value.function))
    return value


def _is_none(e: Emitter, value: Value) -> bool:
    """Whether a hook gives nothing. Raises FrontendError when that depends on the inputs."""
    kind = ts.NONE if isinstance(value, Const) and value.value is None else e.session.type_of(value)
    if isinstance(kind, ts.OptionalType):
        e.error(f"a hook gives {e.show(value)}: whether it gives something has to be known while compiling", code="TS507")
    return kind == ts.NONE


def calling_source(source: FunctionSource) -> FunctionSource:
    """The source of a method with `forward`'s parameters that calls the module itself, so that its hooks run."""
    node = copy.copy(source.node)
    arguments = node.args
    receiver, *positional = [*arguments.posonlyargs, *arguments.args]
    call = ast.Call(
        ast.Name(receiver.arg, ast.Load()),
        [ast.Name(a.arg, ast.Load()) for a in positional],
        [ast.keyword(a.arg, ast.Name(a.arg, ast.Load())) for a in arguments.kwonlyargs],
    )
    node.body = [ast.Return(call)]
    for tree in ast.walk(node.body[0]):
        ast.copy_location(tree, source.node)
    return make_source(source.function, node, source.file, source.line_offset)
