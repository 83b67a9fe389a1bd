"""`torch.autocast` in compiled code: operators are emitted with the casts that the autocast around their place makes.

Which autocast that is is known while compiling: `with` is emitted once for each state that it may have, and a function that is called
in it is compiled for it, as for the types of its arguments. `ops/autocast.py` has what operators cast to. Managers for other devices
change nothing.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import AtenOp
from tsir.frontend.script import autocast_functions
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import NONE, Choice, Const, PyFunction, PyObject, Run, StaticTuple, Value
from tsir.frontend.torch_names import Call, torch_dtype
from tsir.ops import autocast
from tsir.ops.autocast import CASTS, DECIDED, IN_FLOAT32, THEN_LOWER, THROUGH_OTHERS, Cast, einsum_steps

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

Operand = Any
"""An argument of an operator: an SSA value, a constant, or a sequence of these."""


@dataclass(frozen=True)
class Autocast:
    """The autocast of the CPU around a place of the program."""

    enabled: bool = False
    dtype: DType = dtypes.bfloat16
    cache: bool = True
    entered: bool = False
    """Whether the program has entered it, or else whoever calls the program decides."""


OFF = Autocast()
"""Where no autocast is entered."""

_CLASSES: frozenset[Any] = frozenset((torch.autocast, vars(torch.cpu.amp)["autocast"], vars(torch.cuda.amp)["autocast"]))


def is_autocast(cls: Any) -> bool:
    """Whether a class is one of torch's autocast managers."""
    return isinstance(cls, type) and cls in _CLASSES


def is_autocast_entered(callee: PyFunction) -> bool:
    """Whether a call enters or leaves an autocast other than by `with`."""
    manager = callee.receiver.value if isinstance(callee.receiver, PyObject) else None
    return isinstance(manager, torch.autocast) and callee.function.__name__ in ("__enter__", "__exit__")


@contextlib.contextmanager
def within(session: Session, state: Autocast) -> Generator[None]:
    """What is emitted and compiled inside is so for this autocast."""
    outer, session.autocast = session.autocast, state
    try:
        yield
    finally:
        session.autocast = outer


# Managers


_DTYPES = tuple(map(Const, (*autocast.DTYPES, dtypes.float32)))
_RUN_TIME: dict[str, tuple[Callable[..., Any], tuple[Const, ...]]] = {
    "enabled": (autocast_functions.number_of_enabled, (Const(True), Const(False))),
    "dtype": (autocast_functions.number_of_dtype, _DTYPES), "fast_dtype": (autocast_functions.number_of_dtype, _DTYPES),
    "device_type": (autocast_functions.number_of_device, (Const("cpu"), Const("cuda"))),
}  # fmt: skip
"""The arguments that need not be known while compiling: what gives the number of a value, and the values by number."""


def make_autocast(e: Emitter, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`cls(...)`: an object of torch's where all is known while compiling, else a choice among those that it may be."""
    names = [n for n in inspect.signature(cls.__init__).parameters if n != "self"]
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    number: Value = Const(0)
    options: list[dict[str, Value]] = [{}]
    for name, value in given.items():
        if isinstance(value, Const):
            options = [o | {name: value} for o in options]
        elif name in _RUN_TIME:
            function, values = _RUN_TIME[name]
            number = _call(e, autocast_functions.number_of_both, number, Const(len(values)), _call(e, function, value))
            options = [o | {name: v} for o in options for v in values]
        else:
            e.error(f"{name} of autocast has to be a constant", value=value, hint="write the value out", code="TS507")
    made = [PyObject(_instance(e, cls, o, chosen=len(options) > 1), cls.__name__) for o in options]
    return made[0] if len(made) == 1 else Choice(materialise(e, number), tuple(made))


def _instance(e: Emitter, cls: Any, given: Mapping[str, Value], *, chosen: bool) -> torch.autocast:
    plain: dict[str, Any] = {}
    for name, value in given.items():
        assert isinstance(value, Const)
        plain[name] = torch_dtype(value.value) if isinstance(value.value, DType) else value.value
    if plain.get("dtype") is None and cls is torch.autocast and plain.get("device_type") == "cpu":
        plain["dtype"] = torch_dtype(e.session.autocast.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Warning if chosen else FutureWarning)
        try:
            return cls(**plain)
        except (TypeError, ValueError, RuntimeError) as error:
            e.error(str(error), code="TS304")


def decorated(e: Emitter, manager: PyObject, function: Value) -> Value:
    """`manager(function)`: the function that enters the manager."""
    from tsir.frontend.script.calls import call

    return call(e, PyFunction(autocast_functions.decorated), [manager, function], {})


def emit_autocast(e: Emitter, manager: torch.autocast, inner: Callable[[], None]) -> None:
    """The body of a `with` of a manager."""
    known = vars(manager)
    if known["device"] != "cpu":
        inner()
        return
    dtype = autocast_dtype(known["fast_dtype"])
    state = Autocast(known["_enabled"], dtype or e.session.autocast.dtype, known["_cache_enabled"], True)
    with within(e.session, state):
        inner()


def autocast_dtype(dtype: torch.dtype) -> DType | None:
    """tsir's dtype of one of torch's."""
    return next((d for d in dtypes.ALL if torch_dtype(d) is dtype), None)


# What programs ask


def _device(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> str:
    value = [*args, *kwargs.values(), Const("cuda")][0]
    if not isinstance(value, Const):
        e.error("the device has to be a constant", value=value, hint="write its name out", code="TS507")
    return str(value.value)


def _enabled(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    state = e.session.autocast
    if _device(e, args, kwargs) != "cpu":
        return Const(False)
    return Const(state.enabled) if state.entered or e.session.dynamic else e.aten("is_autocast_cpu_enabled", [])


def _dtype(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    device = _device(e, args, kwargs)
    return Const(e.session.autocast.dtype) if device == "cpu" else _from_torch(e, torch.get_autocast_dtype(device))


def _from_torch(e: Emitter, value: Any) -> Value:
    return e.session.from_python(value, "autocast")


_ON_CPU = Const("cpu")
QUERIES: dict[Any, Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]] = {
    torch.is_autocast_enabled: _enabled,
    torch.is_autocast_cpu_enabled: lambda e, args, kwargs: _enabled(e, [_ON_CPU], {}),
    torch.get_autocast_dtype: _dtype,
    torch.get_autocast_cpu_dtype: lambda e, args, kwargs: _dtype(e, [_ON_CPU], {}),
    torch.is_autocast_cache_enabled: lambda e, args, kwargs: Const(e.session.autocast.cache),
    torch.clear_autocast_cache: lambda e, args, kwargs: NONE,
}
"""torch's functions about the autocast around."""


# Operators


def emit_cast(
    e: Emitter,
    call: Call,
    operands: list[Operand],
    keywords: dict[str, Operand],
    emit: Callable[[list[Operand], dict[str, Operand]], Value],
) -> Value | None:
    """A call of an operator that casts here, which `emit` makes of operands as they are given; None for other operators."""
    state, name = e.session.autocast, call.name.partition(".")[0]
    if (name not in CASTS and name not in THROUGH_OTHERS) or call.kwargs.get("out") is not None:
        return None
    if name in autocast_functions.FUNCTIONS:
        function = PyFunction(autocast_functions.FUNCTIONS[name])
        values = [_value(e, a) for a in call.args]
        return e.session.call_function(e, function, values, {k: _value(e, v) for k, v in call.kwargs.items()})
    with within(e.session, replace(state, enabled=False)):
        if name in _OTHERS:
            return _OTHERS[name](e, call.name, state.dtype, call.args, call.kwargs)
        match CASTS[name]:
            case Cast.LOWER:
                dtype: Value = Const(state.dtype)
            case Cast.FULL:
                dtype = Const(dtypes.float32)
            case Cast.WIDEST:
                dtype = _widest(e, state.dtype, [*operands, *keywords.values()])
        return emit([_cast(e, o, dtype) for o in operands], {k: _cast(e, v, dtype) for k, v in keywords.items()})


def mark_decided(e: Emitter, name: str, results: SSAValue | Sequence[SSAValue]) -> None:
    """Notes that what is cast for an operator doesn't depend on who calls the program."""
    owner = results.owner if isinstance(results, SSAValue) else results[0].owner if results else None
    name = name.partition(".")[0]
    if e.session.autocast.entered and (name in CASTS or name in THROUGH_OTHERS) and isinstance(owner, AtenOp):
        owner.attributes[DECIDED] = UnitAttr()


def _value(e: Emitter, operand: Operand) -> Value:
    match operand:
        case SSAValue():
            return e.session.object_or_run(operand)
        case list() | tuple():
            return StaticTuple(tuple(_value(e, o) for o in operand))
        case _:
            return Const(operand)


def _call(e: Emitter, function: Callable[..., Any], *args: Value) -> Value:
    with within(e.session, OFF):
        return e.session.call_function(e, PyFunction(function), args, {})


def _each(e: Emitter, operand: Operand, dtype: Value, function: Callable[..., Any], of_list: Callable[..., Any]) -> Operand:
    """An argument with the tensors in it as a function gives them."""
    if isinstance(operand, list | tuple):
        return [_each(e, o, dtype, function, of_list) for o in operand]
    if not isinstance(operand, SSAValue):
        return operand
    match operand.type:
        case ts.TensorType():
            made = _call(e, function, Run(operand), dtype)
        case ts.ListType(element=ts.TensorType()):
            made = _call(e, of_list, Run(operand), dtype)
        case ts.OptionalType(element=ts.TensorType()):
            made = _call(e, autocast_functions.cast_optional, Run(operand), dtype)
        case ts.AnyType() | ts.UnionType() | ts.OptionalType():
            made = _call(e, autocast_functions.cast_any, Run(operand), dtype)
        case _:
            return operand
    return materialise(e, made)


def _cast(e: Emitter, operand: Operand, dtype: Value) -> Operand:
    return _each(e, operand, dtype, autocast_functions.cast_tensor, autocast_functions.cast_all)


def _rounded(e: Emitter, operand: Operand, lower: DType) -> Operand:
    return _each(e, operand, Const(lower), autocast_functions.rounded, autocast_functions.all_rounded)


def _widest(e: Emitter, lower: DType, operands: Sequence[Operand]) -> Value:
    found: Value = Const(lower)
    for operand in operands:
        if isinstance(operand, list | tuple):
            for part in operand:
                found = _call(e, autocast_functions.wider, Run(part), found, Const(lower))
        elif isinstance(operand, SSAValue) and isinstance(operand.type, ts.TensorType):
            found = _call(e, autocast_functions.wider, Run(operand), found, Const(lower))
        elif isinstance(operand, SSAValue) and isinstance(operand.type, ts.ListType):
            found = _call(e, autocast_functions.widest, Run(operand), Const(lower))
    return found


# Operators that torch writes in terms of others

Other = Callable[[Emitter, str, DType, Sequence[Operand], Mapping[str, Operand]], Value]


def _rounded_call(
    e: Emitter, name: str, lower: DType, args: Sequence[Operand], kwargs: Mapping[str, Operand]
) -> list[Value]:
    made = e.aten(name, [_rounded(e, a, lower) for a in args], {k: _rounded(e, v, lower) for k, v in kwargs.items()})
    return list(made.elements) if isinstance(made, StaticTuple) else [made]


def _in_float32(e: Emitter, name: str, lower: DType, args: Sequence[Operand], kwargs: Mapping[str, Operand]) -> Value:
    found = _rounded_call(e, name, lower, args, kwargs)
    return found[0] if len(found) == 1 else StaticTuple(tuple(found))


def _then_lower(e: Emitter, name: str, lower: DType, args: Sequence[Operand], kwargs: Mapping[str, Operand]) -> Value:
    made = e.aten(name, [_cast(e, a, Const(dtypes.float32)) for a in args], kwargs)
    return _call(e, autocast_functions.cast_tensor, made, Const(lower))


def _lstm(e: Emitter, name: str, lower: DType, args: Sequence[Operand], kwargs: Mapping[str, Operand]) -> Value:
    found = _rounded_call(e, name, lower, args, kwargs)
    packed = isinstance(args[1], SSAValue) and isinstance(args[1].type, ts.TensorType)
    settings = [_value(e, args[i]) for i in (2, 3, 4, 7)]
    return _call(e, autocast_functions.lstm_results, *found, *settings, Const(packed), Const(lower))


def _einsum(e: Emitter, name: str, lower: DType, args: Sequence[Operand], kwargs: Mapping[str, Operand]) -> Value:
    equation, operands = args[0], args[1]
    if not isinstance(equation, str) or isinstance(operands, SSAValue):
        e.unsupported("einsum() under autocast with an equation or a number of tensors that isn't known while compiling")
    steps = einsum_steps(equation, len(operands))
    if steps is None:
        return e.aten(name, args, kwargs)
    made: Value = NONE
    value = operands[0]
    for other, (step, product) in zip(operands[1:], steps, strict=True):
        pair: list[Operand] = [value, other]
        if product:
            pair = [_cast(e, o, Const(lower)) for o in pair]
        else:
            pair = [materialise(e, _call(e, autocast_functions.promoted, *map(Run, p))) for p in (pair, pair[::-1])]
        made = e.aten(name, [step, pair])
        value = materialise(e, made)
    return made


_OTHERS: dict[str, Other] = {
    **dict.fromkeys(THEN_LOWER, _then_lower), **dict.fromkeys(IN_FLOAT32, _in_float32),
    "lstm": _lstm, "einsum": _einsum,
}  # fmt: skip
