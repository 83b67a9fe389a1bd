"""One entry point's specialisations: which exist, for which calls, and how a missing one is made.

The first call compiles for its exact shapes. When a later call differs in sizes only, the dimensions that differ become dynamic
and one more specialisation is made for all such calls; or a user has said which vary (`shape_policies.py`).
Everything is guarded by the key of the call, and by the weights' identity and version, so that a changed parameter is seen.
"""

from __future__ import annotations

import contextvars
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from tsir.dialects.dtypes import DType
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.values import Instance
from tsir.errors import OperatorValueError
from tsir.locks import recursive_lock
from tsir.runtime import keys
from tsir.runtime.arguments import parameter_types
from tsir.runtime.bound import BoundFunction
from tsir.runtime.default_dtype import follow, follow_autocast
from tsir.runtime.keys import Key
from tsir.runtime.shape_policies import AppliedPolicy

MAX_EXACT_KEYS = 512
"""How many exact keys an entry point remembers; older ones are looked up again through the dynamic keys."""
MAX_EXAMPLES = 4
"""How many variants for one key of open sizes rely on how these compare in some call, before one is made that relies on nothing."""
MAX_STRUCTURES = 4
"""For how many lengths, keys and so on of a list or dict of tensors variants are made, before one is made for all."""
MAX_SPECIALIZATIONS = 32
"""How many compiled variants an entry point keeps; the least recently compiled one goes."""


Epoch: TypeAlias = tuple[int, DType, DType | None]
"""How often attributes were changed from outside, torch's default dtype, and that of the autocast around the call."""


@dataclass(frozen=True)
class Example:
    """A call that a variant is made for: its exact key; and which of the variants for the general key it is, from 1 on."""

    key: tuple[Key, ...]
    number: int


@dataclass(eq=False, repr=False)
class Specialization:
    """A compiled variant of an entry point, for the calls that fit `key` (None stands for a dynamic dimension)."""

    key: tuple[Key, ...]
    run: BoundFunction
    """Takes the converted arguments in order."""
    source: str
    """The generated Python + NumPy source."""
    guards: tuple[Callable[[Sequence[Any]], bool], ...] = ()
    """Further conditions on the arguments, all of which must hold."""

    @cached_property
    def resizes(self) -> bool:
        """Whether a call may change the sizes of its arguments, which the caller's tensors have to follow."""
        return any(name in self.source for name in ("host_strided:note_resized", "operator('_resize_object')"))

    @cached_property
    def tells_tensors_apart(self) -> bool:
        """Whether a call may ask whether two tensors are one, so that a tensor that is passed twice has to be one array."""
        return any(f"rt.{name}(" in self.source for name in ("same_tensor", "tensor_hash", "TensorDict", "TensorSet"))

    def __str__(self) -> str:
        return ", ".join(map(keys.show, self.key))

    def __repr__(self) -> str:
        return f"<Specialization ({self})>"


contexts: list[contextvars.Context] = []
"""Prepared contexts that no call is in."""


def quiet_context() -> contextvars.Context:
    """A new context in which NumPy's floating-point warnings are off."""
    context = contextvars.Context()
    context.run(np.seterr, all="ignore")
    return context


def run_quietly(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls the function with NumPy's floating-point warnings off, as torch has none.

    NumPy keeps that setting in the context; running in a prepared one costs a tenth of `numpy.errstate`. A context can be
    entered once at a time, hence the pool.
    """
    try:
        context = contexts.pop()
    except IndexError:
        context = quiet_context()
    try:
        return context.run(function, *arguments)
    finally:
        contexts.append(context)


class EntrySpecializations:
    """The specialisations of one entry point of one program. Calls from several threads are safe."""

    def __init__(
        self,
        program: Program,
        entry: EntryPoint,
        compile_key: Callable[[Program, EntryPoint, tuple[Key, ...], Instance | None, Example | None], Specialization],
        self_instance: Instance | None,
    ) -> None:
        self.program = program
        self.entry = entry
        self.types = parameter_types(entry)
        self.instance = self_instance
        self._policy = None if entry.shapes is None else AppliedPolicy(entry.shapes, [p.name for p in entry.parameters])
        self._compile = compile_key
        self._lock = recursive_lock()
        self._exact: OrderedDict[tuple[Any, ...], Specialization] = OrderedDict()
        self._compiled: OrderedDict[tuple[Any, ...], Specialization] = OrderedDict()
        self._first_of_rank: dict[tuple[Any, ...], tuple[Key, ...]] = {}
        self._dynamic: dict[tuple[Any, ...], frozenset[tuple[int, ...]]] = {}
        self._made = 0
        self._structures: dict[int, set[Key]] = {}
        """The forms that lists and dicts of tensors had so far, by the parameter's number."""
        self._whole: set[int] = set()
        """The parameters for which it no longer counts what is in them."""

    def all(self) -> list[Specialization]:
        """The compiled variants, oldest first."""
        return list(self._compiled.values())

    def clear(self) -> None:
        """Drops the variants, and what is known of how shapes vary but for which dimensions do."""
        with self._lock:
            self._exact.clear()
            self._compiled.clear()
            self._first_of_rank.clear()

    def find(self, arguments: Sequence[Any], epoch: Epoch) -> Specialization:
        """The variant for a call with these converted arguments; `epoch` has what else it depends on."""
        key = self.exact_key(arguments)
        found = self._exact.get((epoch, key))
        if found is not None:
            return found
        with self._lock:
            if self._note_structures(key):
                key = self.exact_key(arguments)
            return self._find_or_compile(key, arguments, epoch)

    def exact_key(self, arguments: Sequence[Any]) -> tuple[Key, ...]:
        """The key of calls with exactly such arguments."""
        whole = self._whole
        return tuple(keys.key_of(a, t, whole=i in whole) for i, (a, t) in enumerate(zip(arguments, self.types, strict=True)))

    def _note_structures(self, key: tuple[Key, ...]) -> bool:
        """Notes the forms of the containers in a call; whether one has had too many, and counts as a whole from now on."""
        before = len(self._whole)
        for i, part in enumerate(key):
            if keys.is_container(part):
                known = self._structures.setdefault(i, set())
                known.add(keys.rank_key(part))
                if len(known) > MAX_STRUCTURES:
                    self._whole.add(i)
        return len(self._whole) > before

    def variant_key(self, arguments: Sequence[Any], epoch: Epoch | None = None) -> tuple[Key, ...]:
        """The key of the variant that a call with these arguments uses; a dimension that varied so far is dynamic in it."""
        epoch = epoch or (0, follow(), follow_autocast())
        key = self.exact_key(arguments)
        found = self._exact.get((epoch, key))
        if found is not None:
            return found.key
        rank = (epoch, tuple(keys.rank_key(k) for k in key))
        first = self._first_of_rank.get(rank, key)
        dynamic = self._dynamic.get(rank, frozenset()) | keys.differing_dims(("tuple", *first), ("tuple", *key))
        return self._general(key, dynamic)

    def _find_or_compile(self, key: tuple[Key, ...], arguments: Sequence[Any], epoch: Epoch) -> Specialization:
        rank = (epoch, tuple(keys.rank_key(k) for k in key))
        first = self._first_of_rank.setdefault(rank, key)
        dynamic = self._dynamic.get(rank, frozenset())
        if first != key:
            varying = keys.differing_dims(("tuple", *first), ("tuple", *key))
            dynamic |= varying
            self._dynamic[rank] = dynamic
        general = self._general(key, dynamic)
        found = self._variant(general, key, arguments, epoch)
        if found.key != general:  # some containers are taken whole: then other calls with them go the same way
            self._whole |= {i for i, (a, b) in enumerate(zip(found.key, general, strict=True)) if a != b}
            return self._find_or_compile(self.exact_key(arguments), arguments, epoch)
        self._remember(self._exact, (epoch, key), found, MAX_EXACT_KEYS)
        return found

    def _variant(
        self, general: tuple[Key, ...], key: tuple[Key, ...], arguments: Sequence[Any], epoch: Epoch
    ) -> Specialization:
        """A variant for the general key that holds for these arguments, whose exact key is `key`."""
        numbers = (0,) if general == key else (*range(1, MAX_EXAMPLES + 1), 0)
        for number in numbers:
            found = self._compiled.get((epoch, general, number))
            if found is None:
                example = Example(key, number) if number else None
                found = self._compile(self.program, self.entry, general, self.instance, example)
                if self._policy is not None and self._policy.constrains:
                    found.guards = (*found.guards, self._is_allowed)
                self._remember(self._compiled, (epoch, found.key, number), found, MAX_SPECIALIZATIONS)
                self._made += 1
                if self._made == MAX_SPECIALIZATIONS + 1:
                    warnings.warn(
                        f"{self.entry.name} was compiled {self._made} times for different arguments, and keeps "
                        f"{MAX_SPECIALIZATIONS} variants: see .specializations for which, and dynamic_shapes= for which sizes vary",
                        RuntimeWarning,
                        stacklevel=5,
                    )
            if all(guard(arguments) for guard in found.guards):
                return found
        raise AssertionError("the last variant relies on nothing")

    def _general(self, key: tuple[Key, ...], observed: frozenset[tuple[int, ...]]) -> tuple[Key, ...]:
        """The key of the variant for a call with this one; `observed` are the positions of the sizes that varied so far."""
        dynamic = observed if self._policy is None else self._policy.dynamic(key, observed)
        return tuple(keys.generalise(("tuple", *key), dynamic)[1:])

    def _is_allowed(self, arguments: Sequence[Any]) -> bool:
        """The guard of a variant whose sizes a user has restricted."""
        assert self._policy is not None
        try:
            self._policy.dynamic(self.exact_key(arguments), frozenset())
        except OperatorValueError:
            return False
        return True

    @staticmethod
    def _remember(table: OrderedDict[Any, Specialization], key: Any, value: Specialization, limit: int) -> None:
        table[key] = value
        while len(table) > limit:
            table.popitem(last=False)
