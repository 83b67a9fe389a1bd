"""A generated function together with one object's weights: what is computed of them once, and when that has to be done again.

A weight of torch's may change behind our back: torch counts the writes to a tensor (`_version`), and its memory may be
exchanged (`p.data = ...`). What `prepare` only views needs no look at the count, for views see writes. What the program's own
functions write they tell the others themselves, so that it works without torch, too.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tsir.backend.numpy.tracebacks import rewrite
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.values import Instance
from tsir.errors import TsirError
from tsir.runtime.outside import ChangingAttributes, Spans, arrays_in
from tsir.runtime.torch_adapter import TorchAdapter, adapter

if TYPE_CHECKING:
    from tsir.backend.numpy import LoadedFunction

Array = np.ndarray[Any, Any]


class WeightsReplaced(Exception):
    """A weight has become one of another dtype or shape, or is also something else, for which the function wasn't compiled."""


_bound: weakref.WeakSet[BoundFunction] = weakref.WeakSet()
"""The functions that keep values computed of weights, to be told when another function writes these."""


class BoundFunction:
    """A generated function with the weights of one object. Calls from several threads are safe."""

    def __init__(self, function: LoadedFunction, instance: Instance | None, program: Program, entry: EntryPoint) -> None:
        self.code = function
        source = function.source
        self.body = self._writing if source.written or source.outside is not None else function.call
        """The generated function: `body(state, *leading, *arguments)`."""
        self.leading: tuple[Any, ...] = (instance,) if entry.takes_self and function.source.takes_self else ()
        self.guards: Sequence[Callable[[Sequence[Any]], bool]] = function.guards
        program.check_weights()
        self._instance = instance
        self._program = program
        self._arrays: list[Array] = [] if instance is None else [instance.tensor(path) for path in function.source.weights]
        owned = [(i, program.source_of(a)) for i, a in enumerate(self._arrays)]
        self._sources = {i: tensor for i, tensor in owned if tensor is not None}
        self._copies: set[int] = set()
        self._own, self._copied_spans = Spans(()), Spans(())
        outside = source.outside
        self._reads = None if outside is None else ChangingAttributes(instance, outside.reads)
        self._writes = None if outside is None else ChangingAttributes(instance, outside.writes)
        self.looks_outside = outside is not None and any(i not in source.shared for i in range(len(source.weights)))
        """Whether a call has to be looked at by `is_shared` before it is made."""
        self._exposed = [i for i, a in enumerate(self._arrays) if program.is_exposed(a)]
        self.watched: list[Any] = list(self._sources.values())
        """The torch tensors whose memory the state was made of."""
        self.state: Any = None
        self.copied: list[Any] = []
        """Those of them whose content was copied into the state."""
        self.snapshots: list[tuple[Array, Array]] = []
        """Copied weights for which nobody counts writes (tensors of inference mode, arrays), and their contents."""
        self.seen: list[int] = []
        """The `data_ptr()` of each watched tensor, then the `_version` of each copied one, that the state is for."""
        self._prepare(self._pointers())

    def _pointers(self) -> list[int]:
        return [t.data_ptr() for t in self.watched]

    def _prepare(self, pointers: list[int]) -> None:
        torch = adapter()
        made_of = self.code.source.provenance
        # The counts are read before the contents: a write in between is then seen at the next call.
        before = [0 if torch is None or torch.is_inference(t) else t._version for t in self.watched]
        counts = dict(zip(self._sources, before, strict=True))
        state = self.code.prepare(self._arrays)
        depends = {i for part, needs in zip(state, made_of, strict=True) for i in needs if self._is_copy(part, needs)}
        self._copies = depends
        if depends:
            _bound.add(self)
        copied = [i for i in (*self._sources, *self._exposed) if i in depends]
        tracked = [i for i in copied if i in counts and torch is not None and not torch.is_inference(self._sources[i])]
        self.copied = [self._sources[i] for i in tracked]
        self.snapshots = [(self._arrays[i], self._arrays[i].copy()) for i in copied if i not in tracked]
        self.seen = pointers + [counts[i] for i in tracked]
        self._copied_spans = Spans(self._arrays[i] for i in sorted(depends))
        if self.looks_outside:
            taken = self.code.source.shared
            self._own = Spans(a for i, a in enumerate(self._arrays) if i not in taken)
        self.state = state

    def _is_copy(self, part: Any, needs: Sequence[int]) -> bool:
        return not (isinstance(part, np.ndarray) and any(np.may_share_memory(part, self._arrays[i]) for i in needs))

    def uses(self, array: Array) -> bool:
        """Whether an array is among the weights."""
        return any(a is array for a in self._arrays)

    def is_stale(self) -> bool:
        """Whether a weight has changed since the state was computed."""
        if self.watched and self._pointers() + [t._version for t in self.copied] != self.seen:
            return True
        return not all(_equal(a, b) for a, b in self.snapshots)

    def refresh(self) -> bool:
        """Computes the state anew. False when a weight's dtype or shape has changed: the function isn't for that."""
        pointers = self._pointers()
        for i, tensor in self._sources.items():
            if (torch := adapter()) is None:
                raise TsirError("a torch tensor without torch")
            fresh = torch.to_array(tensor)
            if fresh.dtype != self._arrays[i].dtype or fresh.shape != self._arrays[i].shape:
                return False
            if not same_memory(fresh, self._arrays[i]):
                self._arrays[i] = fresh
                self._program.add_source(fresh, tensor)
                _assign(self._instance, self.code.source.weights[i], fresh)
        self._prepare(pointers)
        return True

    @property
    def keeps_copies(self) -> bool:
        """Whether the state holds values computed of weights, and not only views."""
        return bool(self._copies)

    def _writing(self, state: Any, *arguments: Any) -> Any:
        try:
            return self.code.call(state, *arguments)
        finally:
            written = [self._arrays[i] for i in self.code.source.written]
            if (outside := self.code.source.outside) is not None and self._writes is not None:
                written += self._writes.arrays()
                written += arrays_in(arguments[len(self.leading) :]) if outside.arguments else []
            for other in list(_bound):
                other.note_writes(written)

    def note_writes(self, written: Sequence[Array]) -> None:
        """Computes the state anew when something in it was made of one of these arrays."""
        if any(True for a in written for _ in self._copied_spans.met(a)):
            self._prepare(self._pointers())

    def is_shared(self, arguments: Sequence[Any]) -> bool:
        """Whether weights are also in a call's arguments, or in attributes, which the function doesn't expect.

        They are noted at the object, for the next compilation.
        """
        assert self._reads is not None and self._instance is not None
        met = {i for a in (*arrays_in(arguments), *self._reads.arrays()) for i in self._own.met(a)}
        if met:
            source = self.code.source
            paths = [p for i, p in enumerate(source.weights) if i not in source.shared]
            self._instance.given |= {paths[i] for i in met}
        return bool(met)

    def __call__(self, *arguments: Any) -> Any:
        if (self.watched or self.snapshots) and self.is_stale() and not self.refresh():
            raise WeightsReplaced
        if self.looks_outside and self.is_shared(arguments):
            raise WeightsReplaced
        try:
            return self.body(self.state, *self.leading, *arguments)
        except BaseException as error:
            rewrite(error, self.code)
            raise


def _equal(array: Array, snapshot: Array) -> bool:
    """Whether an array still has the bytes of a copy of it."""
    if array.flags.c_contiguous and not array.nbytes % 8:
        array, snapshot = array.reshape(-1).view(np.uint64), snapshot.reshape(-1).view(np.uint64)
    return np.array_equal(array, snapshot)


def same_memory(a: Array, b: Array) -> bool:
    """Whether two arrays are the same elements at the same places."""
    first, second = a.__array_interface__, b.__array_interface__
    return all(first[k] == second[k] for k in ("data", "strides", "shape", "typestr"))


def adopt_weights(program: Program, root: Instance, torch: TorchAdapter) -> None:
    """Gives every attribute that stands for a torch tensor the tensor's memory, dtype and shape of now."""
    seen: set[int] = set()
    todo: list[Any] = [root]
    while todo:
        value = todo.pop()
        if not isinstance(value, Instance) or id(value) in seen:
            continue
        seen.add(id(value))
        for name, item in list(value.attributes.items()):
            todo.append(item)
            tensor = program.source_of(item) if isinstance(item, np.ndarray) else None
            if tensor is not None and not same_memory(fresh := torch.to_array(tensor), item):
                value.attributes[name] = fresh
                program.add_source(fresh, tensor)


def _assign(instance: Instance | None, path: str, array: Array) -> None:
    *names, last = path.split(".")
    holder: Any = instance
    for name in names:
        holder = holder.attributes[name]
    holder.attributes[last] = array
