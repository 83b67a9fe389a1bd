"""Compiled functions and methods: what is called, compiled at the first call for the arguments' types, and looked into.

Modules and the objects of compiled classes are `compiled.py`'s subject.
"""

from __future__ import annotations

import io
import os
from collections import ChainMap
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tsir.backend.numpy.tracebacks import rewrite
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.shape_policy import ShapePolicy
from tsir.dialects.values import Instance
from tsir.errors import TsirError
from tsir.frontend.active import current_trace
from tsir.locks import lock
from tsir.runtime.arguments import Conversion, InstanceConverter
from tsir.runtime.binding import Binder
from tsir.runtime.bound import WeightsReplaced
from tsir.runtime.call_forms import Forms, adopt
from tsir.runtime.compilation import Stages, compile_specialization, stages
from tsir.runtime.default_dtype import follow, follow_autocast
from tsir.runtime.inline_cache import MISS, InlineCache
from tsir.runtime.inspection import FunctionSchema, qualified_name, schema_of
from tsir.runtime.keys import Key
from tsir.runtime.objects import PythonClasses
from tsir.runtime.python_calls import has_shared_variables, know_caller, running
from tsir.runtime.raised import give_out, holds_values
from tsir.runtime.specialization import EntrySpecializations, Epoch, Example, Specialization, run_quietly
from tsir.runtime.torch_adapter import adapter
from tsir.runtime.tree_calls import TreeCalls

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.dialects.func import FuncOp

    from tsir.lowering.to_python import Held
    from tsir.runtime.compiled import ScriptModule

remembering = lock()
"""Held while a call is remembered, or what was remembered is forgotten."""


class Graph:
    """IR that prints as text: `print(m.graph)`. `operation` is the xDSL operation, `text(debuginfo=True)` shows locations.

    A function's text ends with declarations of the classes and functions that it names, so that `ts-opt` reads it.
    """

    def __init__(self, operation: ModuleOp | FuncOp) -> None:
        self.operation = operation

    def text(self, *, debuginfo: bool = False) -> str:
        """The IR as text that `ts-opt` reads."""
        from xdsl.dialects.func import FuncOp

        from tsir.dialects.context import print_module
        from tsir.passes.structure import with_declarations

        operation = self.operation
        shown = with_declarations(operation) if isinstance(operation, FuncOp) else [operation]
        return "".join(print_module(op, debuginfo=debuginfo) for op in shown)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__


class CompiledMethod:
    """One entry point, callable. Arguments and results are torch's or NumPy's: see `arguments.py`."""

    def __init__(
        self,
        program: Program,
        entry: EntryPoint,
        instance: Instance | None,
        owner: ScriptModule | None,
        classes: PythonClasses,
    ) -> None:
        self.program = program
        self.entry = entry
        self._owner = owner
        self._classes = classes
        self._instances: InstanceConverter = _Views(program) if owner is None else owner
        self._specializations = EntrySpecializations(program, entry, self._compile, instance)
        self._bind = Binder(entry)
        self.cache = InlineCache()
        self._forms = None if entry.others is None else Forms(self, entry.others)
        self._trees = (
            None if entry.trees is None else TreeCalls(self.variant_method(replace(entry, trees=None)), entry.trees)
        )
        self.__name__ = entry.name
        self.__doc__ = entry.doc
        self._is_shared = has_shared_variables(program.python_functions)
        if program.python_functions:
            know_caller(program.python_functions, self._instances, classes)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if not kwargs:
                result = self.cache.call(args)
                if result is not MISS:
                    return result
            return self.called(args, kwargs)
        except BaseException as error:
            rewrite(error)
            raise

    def called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls with these arguments, which no function of `cache` takes as they are."""
        if self._trees is not None:
            return self._trees(args, kwargs)
        if self._forms is not None and (found := self._forms.call(args, kwargs)) is not None:
            return found[0]
        entry = self.entry
        values = self._bind(args, kwargs)
        if (trace := current_trace()) is not None:
            instance = self._specializations.instance
            return trace.compiled_call(self.program, entry, instance, values, lambda: self._run(values))
        if len(values) != len(args) or kwargs:
            result = self.cache.call(values)
            if result is not MISS:
                return result
        return self._run(values)

    def variant_method(self, entry: EntryPoint) -> CompiledMethod:
        """A variant of this method, for calls of another form."""
        entry = replace(entry, shapes=self.entry.shapes)
        return CompiledMethod(self.program, entry, self._specializations.instance, self._owner, self._classes)

    def fix_shapes(self, policy: ShapePolicy | None) -> None:
        """Compiles from now on for the sizes that a policy says; what was compiled so far is dropped."""
        self.entry = self.program.entry_points[self.entry.name] = replace(self.entry, shapes=policy)
        instance = self._specializations.instance
        self._specializations = EntrySpecializations(self.program, self.entry, self._compile, instance)
        self.cache.clear()
        if self.entry.others is not None:
            self._forms = Forms(self, self.entry.others)

    def compiled_anew(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls the method of the whole module compiled anew, whose modules have got hooks."""
        assert self._owner is not None
        root = self._owner._root or self._owner
        root.compile_anew()
        return self._owner.compiled_method(self.entry.name)(*args, **kwargs)

    def call_variant(self, values: list[Any], originals: list[Any]) -> Any:
        """Calls a variant with the leaves of its form; `originals` are the caller's objects whose contents it gives, too."""
        outside = self.entry.parameters[len(values) :]
        values = [*values, *(p.default if p.current is None else p.current() for p in outside)] if outside else values
        if (trace := current_trace()) is not None:
            if originals:
                raise TsirError(f"{self.__name__}() changes objects that it is given, which a trace can't record")
            instance = self._specializations.instance
            return trace.compiled_call(self.program, self.entry, instance, tuple(values), lambda: self._run(tuple(values)))
        if not originals:
            result = self.cache.call(tuple(values))
            return self._run(tuple(values)) if result is MISS else result
        return self._run(tuple(values), originals)

    def instance_of(self, value: Any) -> Instance | None:
        """The object of the program that a value of the caller's stands for, if it does."""
        return self._instances.instance_of(value)

    def wrapped(self, instance: Instance) -> Any:
        """What stands for an object of the program outside."""
        return self._instances.wrap(instance)

    def _run(self, values: tuple[Any, ...], originals: list[Any] | None = None) -> Any:
        epoch = self._epoch()
        conversion = Conversion(self._classes, self._instances)
        arguments = self._converted(conversion, values)
        found = self._specializations.find(arguments, epoch)
        try:
            with running(conversion) if self._is_shared else nullcontext():
                result = run_quietly(found.run, *arguments)
        except WeightsReplaced:
            if self._owner is None:
                raise TsirError("a weight of a function was replaced") from None
            self._owner.attributes_changed()
            return self._run(values, originals)
        except BaseException as error:
            if holds_values(error):
                give_out(error, conversion)
            raise
        finally:
            if found.resizes:
                conversion.resize()
            if conversion.lists or conversion.objects:
                conversion.write_back()
        if originals:
            result, *states = result
            adopt(conversion, tuple(states), originals)
            return conversion.value_out(result)
        result = conversion.value_out(result)
        if not found.resizes and not found.tells_tensors_apart and not self._is_shared:
            self._remember(values, arguments, found, epoch)
        return result

    def _remember(self, values: tuple[Any, ...], arguments: list[Any], found: Specialization, epoch: Epoch) -> None:
        with remembering:
            if epoch == self._epoch() and epoch[-1] is None:  # calls under autocast are looked at each time
                self.cache.add(values, arguments, self._specializations.types, found, self._classes, self._instances)

    def _compile(
        self, program: Program, entry: EntryPoint, key: tuple[Key, ...], instance: Instance | None, example: Example | None
    ) -> Specialization:
        if self._owner is not None:
            self._owner.adopt_weights()
        return compile_specialization(program, entry, key, instance, example)

    def uses(self, array: np.ndarray[Any, Any]) -> bool:
        """Whether code that was compiled so far has an array among its weights."""
        return any(s.run.uses(array) for s in self._specializations.all())

    def forget(self) -> None:
        """Drops everything that was compiled so far."""
        self.cache.clear()
        self._specializations.clear()

    def _epoch(self) -> Epoch:
        return (0 if self._owner is None else self._owner.epoch, follow(), follow_autocast())

    def _converted(self, conversion: Conversion, values: tuple[Any, ...]) -> list[Any]:
        types, parameters = self._specializations.types, self.entry.parameters
        return [
            conversion.value_in(v, t, f"{self.entry.name}() argument '{p.name}'")
            for v, t, p in zip(values, types, parameters, strict=True)
        ]

    def converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The arguments as the generated code takes them."""
        return self._converted(Conversion(self._classes, self._instances), self._bind(args, kwargs))

    def specialization(self, *args: Any, **kwargs: Any) -> Specialization:
        """The variant that a call with these arguments uses, made when there is none yet. Nothing is run."""
        return self._specializations.find(self.converted(args, kwargs), self._epoch())

    @property
    def specializations(self) -> list[Specialization]:
        """The compiled variants so far."""
        return self._specializations.all()

    def stages(self, *args: Any, **kwargs: Any) -> Stages:
        """The program at each stage for a call with these arguments."""
        return stages(self.program, self.entry, self.converted(args, kwargs), self._specializations)

    def lowered(self, *args: Any, **kwargs: Any) -> str:
        """The linalg text for a call with these arguments."""
        return self.stages(*args, **kwargs).linalg

    def mlir(self, *args: Any, weights: str = "inline", **kwargs: Any) -> str:
        """The text for a call with these arguments in MLIR's own dialects alone, which mlir-opt and IREE take.

        `weights` are `"inline"` (`dense` constants), `"resource"` (`dense_resource`) or `"args"` (further arguments, whose
        `ml_program.identifier` is the path). Raises PassError that names each operation which only runs on the host.
        """
        return self.stages(*args, **kwargs).mlir(weights)

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The generated Python + NumPy source for a call with these arguments."""
        return self.specialization(*args, **kwargs).source

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """Which operations were lowered to linalg for such a call, and which run as host operations and why."""
        return self.stages(*args, **kwargs).explain

    @property
    def graph(self) -> Graph:
        """The `ts` IR of this method, as written: calls are not followed."""
        from tsir.passes.structure import find_function

        return Graph(find_function(self.program.module, self.entry.symbol))

    @property
    def inlined_graph(self) -> Graph:
        """The `ts` IR of this method with all calls inlined."""
        from tsir.lowering.pipelines import inlined

        return Graph(inlined(self.program.module, self.entry.symbol))

    @property
    def code(self) -> str:
        """Python source of this method: a program that compiles again to the same. A module's takes the module as `self`."""
        return self._printed(None)

    @property
    def code_with_constants(self) -> tuple[str, Any]:
        """Source that reads the tensors that are constants as `CONSTANTS.c0`, ..., and these by their names.

        It compiles again where `CONSTANTS` is an object with these attributes, such as `ScriptModule.code_with_constants` gives.
        """
        from tsir.lowering.to_python import Held

        held = Held(None if self._owner is None else self._owner.instance)
        text = self._printed(held)
        torch = adapter()
        arrays = {n: np.array(v) for n, v in held.constants.items()}
        return text, arrays if torch is None else {n: torch.to_tensor(v) for n, v in arrays.items()}

    def _printed(self, held: Held | None) -> str:
        from tsir.lowering.to_python import print_program

        program = self.program
        classes = ChainMap(program.exceptions, program.classes)
        objects = {} if self._forms is None else self._forms.objects
        entry = self.entry
        if entry.others is not None and entry.others.bare:  # for the types that it is called with first, else those assumed
            called = [] if self._specializations.all() else entry.others.variants[:1]
            entry = replace(called[0].entry, name=entry.name) if called else replace(entry, others=None)
        return print_program(program.module, entry, classes, program.python_functions, objects, held)

    @property
    def name(self) -> str:
        """The name of the function or method."""
        return self.entry.name

    @property
    def schema(self) -> FunctionSchema:
        """Names, types and defaults of the parameters, and the result's type: prints as torch.jit's schemas."""
        return schema_of(self.entry, None if self._owner is None else self._owner.instance.class_name)

    @property
    def owner(self) -> ScriptModule | None:
        """The module that the method belongs to."""
        return self._owner

    def graph_for(self, *args: Any, **kwargs: Any) -> str:
        """The `ts` IR after the passes for a call with these arguments, as text."""
        return self.stages(*args, **kwargs).specialized

    def __reduce__(self) -> tuple[Any, ...]:
        from tsir.runtime.copying import method

        return method, (self._owner, self.entry.name)

    def __repr__(self) -> str:
        parameters = ", ".join(f"{p.name}: {p.type}" for p in self.entry.parameters)
        return f"<tsir {self.entry.name}({parameters}) -> {self.entry.result_type}>"


class _Views(InstanceConverter):
    """The objects that a function gives, for classes that aren't known here: views of what it made."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def instance_of(self, value: Any) -> Instance | None:
        from tsir.runtime.compiled import instance_in

        return instance_in(self.program, value)

    def wrap(self, instance: Instance) -> Any:
        from tsir.runtime.compiled import ScriptModule

        return ScriptModule(self.program, instance)


class ScriptFunction(CompiledMethod):
    """A compiled function; what `torch.jit.ScriptFunction` is to torch.jit."""

    _of_compiled = True

    def __init__(self, program: Program, original: Any = None, owner: ScriptModule | None = None) -> None:
        entry = next(iter(program.entry_points.values()))
        classes = PythonClasses(program) if owner is None else owner._classes
        super().__init__(program, entry, None if owner is None else owner.instance, owner, classes)
        self._torchdynamo_inline = original
        """The Python function that was compiled, under the name that torch.jit's functions and torch.compile have for it."""
        if original is not None:
            self.__module__ = getattr(original, "__module__", type(self).__module__)
            self.__qualname__ = getattr(original, "__qualname__", self.__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._owner is not None:
                self._owner.follow_origins()
            return super().__call__(*args, **kwargs)
        except BaseException as error:
            rewrite(error)
            raise

    @property
    def qualified_name(self) -> str:
        """`__torch__`, the function's module (but for `__main__`) and its name."""
        return qualified_name(self.name, self._torchdynamo_inline)

    def save_to_buffer(self, _extra_files: Mapping[str, str | bytes] | None = None) -> bytes:
        """The archive that `save` writes, as bytes."""
        buffer = io.BytesIO()
        self.save(buffer, _extra_files)
        return buffer.getvalue()

    def save(self, f: str | os.PathLike[str] | IO[bytes], _extra_files: Mapping[str, str | bytes] | None = None) -> None:
        """Writes an archive; `tsir.load` reads it, without torch too."""
        from tsir.archive import save

        self._take_over()
        save(self.program, f, _extra_files)

    def save_torchscript(
        self, f: str | os.PathLike[str] | IO[bytes], _extra_files: Mapping[str, str | bytes] | None = None
    ) -> None:
        """Writes an archive that `torch.jit.load` reads, in Python and C++: a module whose `forward` is this function.

        Raises UnsupportedError, with the line, for what TorchScript can't express. torch isn't needed.
        """
        from tsir.archive.torchscript.writing import save

        self._take_over()
        save(self.program, f, _extra_files)

    def __reduce__(self) -> tuple[Any, ...]:
        from tsir.runtime.copying import reduced, restored

        self._take_over()
        return restored, reduced(self.program)

    def _take_over(self) -> None:
        """Takes over what torch's tensors and modules that the function uses are now."""
        if self._owner is not None:
            self._owner.adopt_weights()
            self._owner.follow_origins()
