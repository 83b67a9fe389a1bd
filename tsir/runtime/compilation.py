"""Makes specialisations: from an entry point and the key of a call to a Python callable.

The way is: the cache of generated source; else the passes and the lowering (`lowering.pipelines.specialize`), then the code
generator (`backend.numpy`). What a cached source needs beside itself, the weights' names, is kept with it, so that a cached
program runs without xDSL being imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.dialects.names import name_of
from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.values import Instance
from tsir.runtime import keys, source_cache
from tsir.runtime.bound import BoundFunction
from tsir.runtime.keys import Key
from tsir.runtime.specialization import EntrySpecializations, Example, Specialization

if TYPE_CHECKING:
    from tsir.backend.numpy import GeneratedSource
    from tsir.lowering.pipelines import Specialized


def compile_specialization(
    program: Program, entry: EntryPoint, key: tuple[Key, ...], instance: Instance | None, example: Example | None = None
) -> Specialization:
    """Compiles an entry point for the calls that fit `key`, or takes the generated source from the cache.

    With an `example`, for those of them whose sizes compare as in its call: the guards of the result say how. The result's key
    leaves open what is in the containers that the function takes whole.
    """
    from tsir.backend.numpy.loading import load

    cache_key = source_cache.key(program, entry, key, instance, 0 if example is None else example.number)
    source = source_cache.find(cache_key)
    if source is None:
        call = () if example is None else example.key
        source = call_with_deep_stack(lambda: generate_source(specialize(program, entry, key, instance, call=call)))
        source_cache.store(cache_key, source)
    function = BoundFunction(call_with_deep_stack(lambda: load(source)), instance, program, entry)
    taken = tuple(k if i in source.spread else keys.key_of_whole(k) for i, k in enumerate(key))
    return Specialization(taken, function, source.text, guards=tuple(function.guards))


def specialize(
    program: Program,
    entry: EntryPoint,
    key: tuple[Key, ...],
    instance: Instance | None,
    *,
    call: tuple[Key, ...] = (),
    lower: bool = True,
    in_memory: bool = True,
) -> Specialized:
    """The entry point for the calls that fit `key`: lowered, or as `ts` IR after the passes.

    `call` is the exact key of a call whose sizes may decide how open ones compare. `in_memory` tells whether results also lie in
    memory as in torch, which MLIR's values don't.
    """
    from tsir.lowering import pipelines

    declared = declared_types(program, entry)
    calls = call if call else (None,) * len(key)
    arguments = [keys.form_of(k, t, c) for k, t, c in zip(key, declared, calls, strict=True)]
    return pipelines.specialize(program.module, entry.symbol, arguments, instance, in_memory=in_memory, lower=lower)


def generate_source(specialized: Specialized) -> GeneratedSource:
    """The Python + NumPy source of a lowered entry point."""
    from tsir.backend.numpy import generate

    return generate(specialized.module, specialized.symbol)


def declared_types(program: Program, entry: EntryPoint) -> list[Any]:
    """The IR types of the entry point's parameters: neither `self` nor weights."""
    from tsir.passes.structure import find_function

    inputs = find_function(program.module, entry.symbol).function_type.inputs.data
    first = 1 if entry.takes_self else 0
    return list(inputs[first : first + len(entry.parameters)])


@dataclass
class Stages:
    """A program at each stage, for one call's arguments; each text is made when it is read."""

    program: Program
    entry: EntryPoint
    key: tuple[Key, ...]
    instance: Instance | None
    call: tuple[Key, ...]
    """The exact key of the call."""

    @cached_property
    def _specialized(self) -> Specialized:
        return specialize(self.program, self.entry, self.key, self.instance, call=self.call)

    @property
    def ts(self) -> str:
        """The `ts` IR as written."""
        from tsir.dialects.context import print_module

        return print_module(self.program.module)

    @cached_property
    def specialized(self) -> str:
        """The `ts` IR after the passes, before the lowering."""
        from tsir.dialects.context import print_module

        found = specialize(self.program, self.entry, self.key, self.instance, call=self.call, lower=False)
        return print_module(found.module)

    @cached_property
    def linalg(self) -> str:
        """The linalg text."""
        from tsir.dialects.context import print_module

        return print_module(self._specialized.module)

    def mlir(self, weights: str = "inline") -> str:
        """The text in MLIR's own dialects alone, weights `inline`, as a `resource` or as `args`. Raises PassError."""
        from tsir.lowering.upstream.emission import upstream_text

        specialized = specialize(self.program, self.entry, self.key, self.instance, call=self.call, in_memory=False)
        return upstream_text(specialized, self.instance, weights)

    @cached_property
    def numpy(self) -> str:
        """The generated Python + NumPy source."""
        return generate_source(self._specialized).text

    @property
    def explain(self) -> str:
        """One line for each operation that runs on the host, with the reason and the user's line; then the counts."""
        return self._specialized.explain()


def stages(program: Program, entry: EntryPoint, arguments: Sequence[Any], known: EntrySpecializations) -> Stages:
    """The stages for a call with these converted arguments."""
    return Stages(program, entry, known.variant_key(arguments), known.instance, known.exact_key(arguments))


def method_entry(program: Program, class_name: str, method: str) -> EntryPoint | None:
    """The entry point of any compiled method of a class, or None when the class has no such method."""
    from tsir.passes.constants import value_of_attribute
    from tsir.passes.structure import find_function, methods

    symbol = methods(program.module).get((class_name, method))
    if symbol is None:
        return None
    function = find_function(program.module, symbol)
    arguments = function.body.block.args
    given = function.attributes.get("ts.defaults")
    defaults: dict[str, Any] = {} if given is None else given.data  # pyright: ignore[reportAttributeAccessIssue]
    parameters = tuple(
        Parameter(name, str(a.type), name in defaults, value_of_attribute(defaults[name]) if name in defaults else None)
        for i, a in enumerate(arguments[1:], 1)
        for name in [name_of(a.name_hint or f"argument{i}")]
    )
    results = function.function_type.outputs.data
    return EntryPoint(method, symbol, parameters, str(results[0]) if results else "none", takes_self=True)


def method_names(program: Program, instance: Instance) -> list[str]:
    """The names of the compiled methods of an object's class."""
    from tsir.passes.structure import methods

    return [name for cls, name in methods(program.module) if cls == instance.class_name]


def function_entries(module: Any, root: Instance | None = None) -> list[EntryPoint]:
    """An entry point for each public function with a body in a module, in order.

    Given a root object, functions take it and its weights (`ts.weight`) from there; else they are parameters.
    """
    from tsir.passes.freeze import weight_paths

    entries: list[EntryPoint] = []
    for operation in module.body.block.ops:
        visibility = operation.properties.get("sym_visibility")
        if operation.name == "func.func" and operation.regions[0].blocks and getattr(visibility, "data", "") != "private":
            symbol = operation.properties["sym_name"].data
            arguments = list(enumerate(operation.body.block.args))
            takes_self = root is not None and bool(arguments) and getattr(arguments[0][1].type, "name", "") == "ts.class"
            if root is not None:
                arguments = arguments[takes_self : len(arguments) - len(weight_paths(operation))]
            parameters = tuple(Parameter(name_of(a.name_hint or f"argument{i}"), str(a.type)) for i, a in arguments)
            results = operation.function_type.outputs.data
            result = str(results[0]) if results else "none"
            entries.append(EntryPoint(symbol, symbol, parameters, result, takes_self=takes_self))
    return entries


def attribute_roles(program: Program) -> dict[str, dict[str, str]]:
    """For each class, the role (`parameter`, `buffer`, ...) of each of its attributes."""
    roles: dict[str, dict[str, str]] = {}
    for symbol, name, properties in program.class_attributes():
        roles.setdefault(symbol, {})[name] = properties["role"].data
    return roles
