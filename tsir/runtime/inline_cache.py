"""The short way of calls like earlier ones: for the kinds of arguments that a call had, a small function that expects them again.

Such a function checks the exact types, shapes and dtypes of the arguments, converts them, calls the generated code and
converts the result back. Whatever it wasn't made for it declines with `MISS`, so it decides nothing: the next function of the
chain is asked, and in the end `compiled.py`, which knows every case. It is written as text, because a Python call for
each argument would cost more than all of its work.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from types import CodeType
from typing import Any

import numpy as np

from tsir.backend.numpy.tracebacks import rewrite
from tsir.frontend.active import recordings
from tsir.ops import promotion
from tsir.runtime.arguments import Conversion, InstanceConverter
from tsir.runtime.keys import Key
from tsir.runtime.objects import PythonClasses
from tsir.runtime.raised import give_out, holds_values
from tsir.runtime.specialization import Specialization, contexts, quiet_context
from tsir.runtime.torch_adapter import TorchAdapter, adapter
from tsir.runtime.type_text import TypeText

MISS: Any = object()
"""The call is not one that this function was made for. Nothing has been done yet."""
Caller = Callable[[tuple[Any, ...]], Any]
MAX_CALLERS = 8
"""How many calls with different kinds of arguments an entry point remembers."""
MAX_WATCHED = 16
"""More weights than these are compared as lists instead of one by one."""
SCALARS = (int, float, bool, str, complex)
PLAIN = frozenset({*SCALARS, type(None)})


def decline(_: tuple[Any, ...]) -> Any:
    """The end of every chain."""
    return MISS


class InlineCache:
    """The chain of callers of one entry point; `call` is its first. Threads may add to it while others call."""

    def __init__(self) -> None:
        self.call: Caller = decline
        self._links: list[tuple[tuple[str, int], dict[str, Any]]] = []

    def clear(self) -> None:
        """Forgets all callers."""
        self.call = decline
        self._links = []

    def add(
        self, values: Sequence[Any], arguments: Sequence[Any], types: Sequence[TypeText], found: Specialization,
        classes: PythonClasses, instances: InstanceConverter | None,
    ) -> None:  # fmt: skip
        """Makes a caller for calls like the one with these values, converted to these arguments; none if it isn't simple."""
        text = _Text(found, adapter())
        for i, (value, argument, kind, key) in enumerate(zip(values, arguments, types, found.key, strict=True)):
            if not text.argument(f"a{i}", f"v{i}", value, argument, kind, key):
                return
        source = text.source(len(values))
        name = (source, id(found))
        links = self._links
        if source == "" or any(name == known for known, _ in links):
            return
        namespace = text.namespace
        namespace |= {"following": self.call, "classes": classes, "instances": instances}
        exec(_compiled(source), namespace)
        links = [(name, namespace), *links[: MAX_CALLERS - 1]]
        links[-1][1]["following"] = decline
        self._links = links
        self.call = namespace["call"]


@lru_cache(maxsize=256)
def _compiled(text: str) -> CodeType:
    return compile(text, "<tsir call>", "exec")


@dataclass
class _Text:
    """The text of a caller while it is written, and what it refers to."""

    found: Specialization
    torch: TorchAdapter | None
    namespace: dict[str, Any] = field(default_factory=dict[str, Any])
    types: list[str] = field(default_factory=list[str])
    """Conditions under which the call is not of this kind, before anything is converted."""
    convert: list[str] = field(default_factory=list[str])
    shapes: list[str] = field(default_factory=list[str])
    """The same, after that."""
    names: list[str] = field(default_factory=list[str])
    """The converted arguments."""
    tensors: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Names of arrays and of the torch tensors that they are."""
    arrays: bool = False
    changed: list[tuple[str, str, bool]] = field(default_factory=list[tuple[str, str, bool]])
    """Names of converted containers, whose changes the caller is to see, and of the original ones, and whether they are dicts."""
    same: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Names of containers that are passed as they are."""

    def constant(self, name: str, value: Any) -> str:
        self.namespace[name] = value
        return name

    def argument(self, a: str, v: str, value: Any, argument: Any, kind: TypeText, key: Key) -> bool:
        """Writes the check and conversion of one argument `a` to `v`; False for one that isn't simple."""
        self.names.append(v)
        return self._value(a, v, value, argument, kind, key)

    def _value(self, a: str, v: str, value: Any, argument: Any, kind: TypeText, key: Key) -> bool:
        torch = self.torch
        observed: Any = type(value)
        if value is None:
            self.types.append(f"{a} is not None")
            self.convert.append(f"{v} = None")
            return argument is None
        if torch is not None and observed is torch.Tensor:
            self.types.append(f"type({a}) is not {self.constant('Tensor', torch.Tensor)}")
            self.convert.append(f"{v} = {a}.numpy()")
            self.tensors.append((v, a))
            return self._array(v, argument, key)
        if observed is np.ndarray:
            self.types.append(f"type({a}) is not ndarray")
            self.convert.append(f"{v} = {a}")
            self.arrays = True
            return self._array(v, argument, key)
        if observed in SCALARS:
            self.types.append(f"type({a}) is not {observed.__name__}")
            converted = type(argument)
            self.convert.append(f"{v} = {a}" if converted is observed else f"{v} = {converted.__name__}({a})")
            return converted in SCALARS
        inner = kind.arguments[0] if kind.kind == "optional" else kind
        if observed is tuple and inner.kind == "tuple" and type(argument) is tuple:
            return self._tuple(a, v, value, argument, inner, key[1] if kind.kind == "optional" else key)
        if observed is list and inner.kind == "list":
            return self._container(a, v, value, argument, inner.arguments[0], "", key[1] if kind.kind == "optional" else key)
        if observed is dict and inner.kind == "dict" and inner.arguments[0].kind in ("str", "i64"):
            exact = "str" if inner.arguments[0].kind == "str" else "int"
            if {*map(type, value)} - {str if exact == "str" else int}:
                return False
            self.types.append(f"type({a}) is not dict or {{*map(type, {a})}} - {{{exact}}}")
            inside = key[1] if kind.kind == "optional" else key
            return self._container(
                a, v, list(value.values()), list(argument.values()), inner.arguments[1], ".values()", inside
            )
        if torch is not None and isinstance(value, torch.torch.dtype | torch.torch.device):
            name = self.constant(f"is_{a}", value)
            self.types.append(f"{a} is not {name}" if isinstance(value, torch.torch.dtype) else f"{a} != {name}")
            self.convert.append(f"{v} = {self.constant(f'of_{a}', argument)}")
            return True
        return False

    def _array(self, v: str, argument: Any, key: Key) -> bool:
        while key[0] == "some":
            key = key[1]
        if key[0] != "t" or not isinstance(argument, np.ndarray) or argument.dtype is not np.dtype(argument.dtype.name):
            return False
        dtype = self.constant(f"dtype_{v}", argument.dtype)
        shape: tuple[int | None, ...] = key[2]
        if argument.ndim > 1 and not argument.flags.c_contiguous:
            self.shapes.append(f"{v}.strides != {self.constant(f'strides_{v}', argument.strides)}")
        elif argument.ndim > 1:
            self.shapes.append(f"not {v}.flags.c_contiguous")
        if None not in shape:
            self.shapes.append(f"{v}.shape != {self.constant(f'shape_{v}', shape)} or {v}.dtype is not {dtype}")
            return True
        sizes = [f"s_{v}_{i}" for i in range(len(shape))]
        checks = [f"{s} < 2" if d is None else f"{s} != {d}" for s, d in zip(sizes, shape, strict=True)]
        self.shapes.append(f"{v}.ndim != {len(shape)} or {v}.dtype is not {dtype}")
        self.shapes.append(f"!{', '.join(sizes)}, = {v}.shape")
        self.shapes.append(" or ".join(checks))
        return True

    def _tuple(self, a: str, v: str, value: Any, argument: Any, kind: TypeText, key: Key) -> bool:
        parts = [f"{a}_{i}" for i in range(len(value))]
        names = [f"{v}_{i}" for i in range(len(value))]
        if not parts or key[0] != "tuple":
            return False
        self.types.append(f"type({a}) is not tuple or len({a}) != {len(parts)}")
        self.types.append(f"!{', '.join(parts)}, = {a}")
        for part in zip(parts, names, value, argument, kind.arguments, key[1:], strict=True):
            if not self._value(*part):
                return False
        self.convert.append(f"{v} = ({', '.join(names)},)")
        return True

    def _container(
        self, a: str, v: str, items: list[Any], arguments: list[Any], kind: TypeText, values: str, key: Key
    ) -> bool:
        """A list or dict of tensors, which is converted, or of plain values, which is passed itself."""
        torch = self.torch
        if not values:
            self.types.append(f"type({a}) is not list")
        # Of two arguments that are one object the program must see one, too: the general way takes care of that.
        self.types += [f"{a} is {other}" for _, other, *_ in (*self.same, *self.changed)]
        exact = {"i64": int, "f64": float, "i1": bool, "str": str}.get(kind.kind)
        found = {*map(type, items)}
        if exact is not None and not found - {exact}:
            self.types.append(f"{{*map(type, {a}{values})}} - {{{exact.__name__}}}")
            self.convert.append(f"{v} = {a}")
            self.same.append((v, a))
            return True
        if kind.kind != "tensor" or torch is None or found != {torch.Tensor}:
            return False
        self.types.append(f"{{*map(type, {a}{values})}} != {{Tensor}}")
        self.constant("Tensor", torch.Tensor)
        if values:
            self.convert.append(f"{v} = {{k: x.numpy() for k, x in {a}.items()}}")
        else:
            self.convert.append(f"{v} = [x.numpy() for x in {a}]")
        self.convert.append(f"before_{v} = {v}.copy()")
        self.changed.append((v, a, bool(values)))
        return key[0] == "v" or self._parts(v, arguments, key, values)

    def _parts(self, v: str, arguments: list[Any], key: Key, values: str) -> bool:
        """The checks of what is in a list or dict of tensors, where the variant is for that."""
        names = [f"{v}_{i}" for i in range(len(arguments))]
        if values:
            self.shapes.append(f"(*{v},) != {self.constant(f'keys_{v}', key[0][1])}")
        else:
            self.shapes.append(f"len({v}) != {len(names)}")
        self.shapes.append(f"!{', '.join(names)}, = {v}{values}")
        return all(self._array(*part) for part in zip(names, arguments, key[1:], strict=True))

    def source(self, count: int) -> str:
        """The text of `call`, or "" when the call isn't of a kind that needs no more thought."""
        torch, bound = self.torch, self.found.run
        gives_torch = bool(self.tensors or self.changed) or not self.arrays
        if gives_torch and torch is None:
            return ""  # torch may still be imported; the results are its tensors then
        self.namespace |= {
            "MISS": MISS, "__tsir__": True, "ndarray": np.ndarray, "recordings": recordings, "contexts": contexts,
            "quiet_context": quiet_context, "bound": bound, "body": bound.body, "rewrite": rewrite, "code": bound.code,
            "holds_values": holds_values, "give_out": give_out,
            "PLAIN": PLAIN, "conversion_of": _conversion_of, "tuple_of": _tuple_of, "is_": operator.is_,
            "repeat": repeat, "guards": self.found.guards,
        }  # fmt: skip
        lines = ["if recordings: return MISS"]
        lines.append(f"if len(args) != {count}: return MISS")
        if count:
            lines.append(f"{', '.join(f'a{i}' for i in range(count))}, = args")
        if torch is not None:
            current = promotion.default_dtype()
            self.namespace |= {"default_dtype": torch.default_dtype, "current": promotion.CURRENT}
            self.namespace |= {"wanted": torch.torch_dtypes[current], "known": current}
            lines.append("if default_dtype() is not wanted or current[0] is not known: return MISS")
            self.namespace |= {"autocast_enabled": torch.autocast_enabled}
            lines.append("if autocast_enabled('cpu'): return MISS")
        lines += _conditions(self.types)
        if self.tensors or self.changed:
            # torch refuses what has no array: tensors that require grad, on other devices, sparse, conjugated, bfloat16.
            lines += ["try:", *(f"    {c}" for c in self.convert), "except (TypeError, RuntimeError):", "    return MISS"]
        else:
            lines += self.convert
        lines += _conditions(self.shapes)
        arguments = ", ".join(self.names)
        if self.found.guards and any(s.startswith("!") for s in self.shapes):
            lines.append(f"if not all([g(({arguments},)) for g in guards]): return following(args)")
        lines += self._weights()
        if bound.looks_outside:
            self.constant("is_shared", bound.is_shared)
            lines.append(f"if is_shared(({arguments}{',' if arguments else ''})): return MISS")
        leading = [self.constant(f"leading_{i}", x) for i, x in enumerate(bound.leading)]
        call = f"context.run({', '.join(['body', 'state', *leading, *self.names])})"
        lines += ["try:", "    context = contexts.pop()", "except IndexError:", "    context = quiet_context()"]
        lines += ["conversion = None"] if self.changed else []
        lines += ["try:", f"    r = {call}"]
        pairs = "".join(f"({v}, {a}), " for v, a in self.tensors)
        containers = "".join(f"({a}, {v}, before_{v}), " for v, a, _ in self.changed)
        containers += "".join(f"({a}, {v}, ()), " for v, a in self.same)
        conversion = f"conversion_of(classes, instances, ({pairs}), ({containers}), {not gives_torch})"
        lines += ["except BaseException as error:", "    rewrite(error, code)"]
        lines += [f"    if holds_values(error): give_out(error, {conversion})", "    raise"]
        lines += ["finally:", "    contexts.append(context)"]
        if self.changed:
            # As the caller of a Python function would see it, also when the program raises.
            differs = " or ".join(_differs(v, is_dict) for v, _, is_dict in self.changed)
            lines += [f"    if {differs}:", f"        conversion = {conversion}", "        conversion.write_back()"]
            conversion = f"(conversion or {conversion})"
        lines += self._result(gives_torch, conversion)
        return "def call(args):\n" + "\n".join(f"    {line}" for line in lines)

    def _weights(self) -> list[str]:
        """The check that the weights are those that the state was made of."""
        bound = self.found.run
        watched, copied = bound.watched, bound.copied
        if not watched and not bound.snapshots:
            if bound.keeps_copies:
                return ["state = bound.state"]
            self.constant("state", bound.state)
            return []
        if len(watched) + len(copied) > MAX_WATCHED or bound.snapshots:
            self.constant("is_stale", bound.is_stale)
            return ["if is_stale() and not bound.refresh(): return MISS", "state = bound.state"]
        checks: list[str] = []
        for i, tensor in enumerate(watched):
            checks.append(f"{self.constant(f'p{i}', tensor.data_ptr)}() != seen[{i}]")
        for i, tensor in enumerate(copied):
            checks.append(f"{self.constant(f'c{i}', tensor)}._version != seen[{len(watched) + i}]")
        condition = " or ".join(checks)
        return ["seen = bound.seen", f"if ({condition}) and not bound.refresh(): return MISS", "state = bound.state"]

    def _result(self, gives_torch: bool, conversion: str) -> list[str]:
        lines = ["if type(r) is ndarray:"]
        if gives_torch:
            assert self.torch is not None
            self.constant("from_numpy", self.torch.from_numpy)
            lines += [f"    if r is {v}: return {a}" for v, a in self.tensors]
            inside = [f"before_{v}.values()" if is_dict else f"before_{v}" for v, _, is_dict in self.changed]
            for values in inside:  # of one that is an element of a list or dict the caller has the tensor
                lines.append(f"    if any(map(is_, {values}, repeat(r))): return {conversion}.value_out(r)")
            lines += ["    try:", "        return from_numpy(r)", "    except (TypeError, ValueError):"]
            lines.append(f"        return {conversion}.value_out(r)")
            if not self.changed and not self.same:
                pairs = "".join(f"({v}, {a}), " for v, a in self.tensors)
                lines += ["if type(r) is tuple:", f"    made = tuple_of(r, ({pairs}), from_numpy)"]
                lines += ["    if made is not MISS: return made"]
        else:
            lines.append("    return r")
        lines.append("if type(r) in PLAIN: return r")
        lines += [f"if r is {v}: return {a}" for v, a, *_ in (*self.changed, *self.same)]
        lines.append(f"return {conversion}.value_out(r)")
        return lines


def _conditions(texts: list[str]) -> list[str]:
    """Conditions joined as far as no statement (marked with `!`) stands between them."""
    lines: list[str] = []
    for text in texts:
        if text.startswith("!"):
            lines.append(text[1:])
        else:
            lines.append(f"if {text}: return following(args)")
    return lines


def _differs(v: str, is_dict: bool) -> str:
    """Whether the program has changed its list or dict."""
    if is_dict:
        return f"len({v}) != len(before_{v}) or not (all(map(is_, {v}.values(), before_{v}.values())) and [*{v}] == [*before_{v}])"
    return f"len({v}) != len(before_{v}) or not all(map(is_, {v}, before_{v}))"


def _tuple_of(results: tuple[Any, ...], tensors: Sequence[tuple[Any, Any]], from_numpy: Callable[[Any], Any]) -> Any:
    """The tuple with tensors for its arrays, or `MISS` when it holds something else."""
    made: list[Any] = []
    known = {id(array): tensor for array, tensor in tensors}
    for result in results:
        if type(result) is np.ndarray:
            tensor = known.get(id(result))
            if tensor is None:
                try:
                    tensor = known[id(result)] = from_numpy(result)
                except (TypeError, ValueError):
                    return MISS
            made.append(tensor)
        elif type(result) in PLAIN:
            made.append(result)
        else:
            return MISS
    return tuple(made)


def _conversion_of(
    classes: PythonClasses, instances: InstanceConverter | None, tensors: Sequence[tuple[Any, Any]],
    containers: Sequence[tuple[Any, Any, Any]], saw_array: bool,
) -> Conversion:  # fmt: skip
    """The `Conversion` that the general way would have after converting these arguments.

    A container is given as the caller's own, the program's, and what the program's held before the call.
    """
    conversion = Conversion(classes, instances)
    conversion.saw_array = saw_array
    conversion.tensors = {id(array): (array, tensor) for array, tensor in tensors}
    for original, own, before in containers:
        conversion.lists[id(original)] = (original, own)
        items = (
            zip(before.values(), original.values(), strict=True)
            if isinstance(before, dict)
            else zip(before, original, strict=False)
        )
        conversion.tensors |= {id(array): (array, tensor) for array, tensor in items}
    return conversion
