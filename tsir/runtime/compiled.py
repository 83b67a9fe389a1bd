"""Compiled modules and objects: what `tsir.script`, `tsir.trace` and `tsir.load` return for a module. Functions: `methods.py`.

These objects bind a program's entry points to its root object and keep their specialisations. How a specialisation is made is
in `compilation.py`, what it is for in `keys.py`.
"""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tsir.backend.numpy.tracebacks import rewrite
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.values import IN_PYTHON, Instance
from tsir.errors import OperatorError, OperatorNotImplementedError, TsirError
from tsir.runtime.arguments import Conversion, InstanceConverter
from tsir.runtime.bound import adopt_weights
from tsir.runtime.compilation import Stages
from tsir.runtime.inline_cache import MISS
from tsir.runtime.inspection import ConstMap, attribute_types
from tsir.runtime.methods import CompiledMethod, Graph, ScriptFunction, remembering
from tsir.runtime.module_methods import ModuleMethods, container_kind
from tsir.runtime.objects import PythonClasses
from tsir.runtime.specialization import Specialization
from tsir.runtime.torch_adapter import adapter
from tsir.runtime.torch_needed import need_torch
from tsir.runtime.type_text import parse_type_text

if TYPE_CHECKING:
    pass


def as_function(program: Program, original: Any = None) -> ScriptFunction:
    """The function of a program, with the object of the program that it works on, if there is one."""
    if program.root is None:
        return ScriptFunction(program, original)
    owner = ScriptModule(program)
    made = ScriptFunction(program, original, owner)
    owner._methods[made.name] = made
    return made


def instance_in(program: Program, value: Any) -> Instance | None:
    """The object of a program that a compiled module stands for; None for one of another program."""
    return value.instance if isinstance(value, ScriptModule) and (value._root or value).program is program else None


class _Subclassing(type):
    """Lets users derive classes of modules from `ScriptModule`, whose objects are compiled when they are made."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, compiled: bool = False, **keywords: Any
    ) -> Any:
        if compiled:
            return super().__new__(cls, name, bases, namespace)
        need_torch("a class derived from tsir.ScriptModule")
        from tsir.runtime.declared_modules import declared_class

        return declared_class(name, tuple(b for b in bases if not isinstance(b, _Subclassing)), namespace, keywords)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(subclass) or (cls is ScriptModule and hasattr(subclass, "_declares_script_module"))


@lru_cache(maxsize=1024)
def _with_methods(cls: type[ScriptModule], names: tuple[str, ...]) -> type[ScriptModule]:
    """A class of compiled modules in which the user's methods go before those of the same names that every module has."""

    def getter(name: str) -> property:
        return property(lambda self: self.compiled_method(name))

    members = {name: getter(name) for name in names}
    return types.new_class(cls.__name__, (cls,), {"compiled": True}, lambda made: made.update(members))


@lru_cache(maxsize=256)
def _exported(cls: type) -> tuple[str, ...]:
    """The names of the methods of a Python class that are marked as entry points."""
    from tsir.frontend.script.source import is_exported

    return tuple(n for n in dir(cls) if callable(member := inspect.getattr_static(cls, n)) and is_exported(member))


class ScriptModule(ModuleMethods, InstanceConverter, metaclass=_Subclassing, compiled=True):
    """A compiled module or object; what `torch.jit.ScriptModule` is to torch.jit.

    Attributes read and write through to the compiled object: parameters and buffers are tensors over the same memory (arrays when
    torch isn't loaded), submodules are ScriptModules, methods are callable. Where torch is loaded a compiled module is an
    `nn.Module`. A class that derives from this one is a class of modules whose objects are compiled when they are made: see
    `declared_modules.py`.
    """

    program: Program
    instance: Instance
    _of_compiled = True

    def __new__(cls, program: Program, instance: Instance | None = None, root: ScriptModule | None = None) -> ScriptModule:
        """An object of the class for modules as torch knows them, where torch is loaded."""
        target = program.root if instance is None else instance
        if cls is ScriptModule and adapter() is not None and target is not None and "training" in target.attributes:
            from tsir.runtime.declared_modules import class_for

            cls = class_for(program.origins.get(id(target)))
        origin = None if root is None else program.origins.get(id(target))
        names = program.entry_points if root is None else () if origin is None else _exported(type(origin))
        own = [n for n in names if n != "forward" and not n.startswith("__") and hasattr(cls, n)]
        return object.__new__(_with_methods(cls, tuple(own)) if own else cls)

    def __init__(self, program: Program, instance: Instance | None = None, root: ScriptModule | None = None) -> None:
        target = instance if instance is not None else program.root
        if target is None:
            raise TsirError("this program is a function, not a module")
        state = vars(self)
        state["program"] = program
        state["instance"] = target
        state["_root"] = root
        state["_methods"] = {}
        state["_forward"] = None
        state["_wrapped"] = {} if root is None else root._wrapped
        state["_classes"] = PythonClasses(program) if root is None else root._classes
        state["_epoch"] = 0
        self._wrapped[id(target)] = self

    def renew(self, program: Program) -> None:
        """Becomes the module of another program: the same one, compiled with other methods."""
        views: list[tuple[str, ScriptModule]] = [(p, m) for p, m in self.named_modules() if m is not self]
        for name, entry in program.entry_points.items():
            if (known := self.program.entry_points.get(name)) is not None:
                program.entry_points[name] = replace(entry, shapes=known.shapes)
        for name in ("_roles", "_attribute_types"):
            vars(self).pop(name, None)
        type(self).__init__(self, program)
        for path, view in views:  # what was given away stays a view
            instance: Any = self.instance
            for name in path.split("."):
                instance = instance.attributes.get(name) if isinstance(instance, Instance) else None
            if isinstance(instance, Instance):
                ScriptModule.__init__(view, program, instance, self)

    # Objects of compiled classes, for `Conversion`.

    def instance_of(self, value: Any) -> Instance | None:
        return instance_in((self._root or self).program, value)

    def wrap(self, instance: Instance) -> Any:
        known = self._wrapped.get(id(instance))
        return ScriptModule(self.program, instance, self._root or self) if known is None else known

    @property
    def epoch(self) -> int:
        """How often an attribute in the whole module was set from outside: part of a specialisation's identity."""
        root = self._root or self
        return vars(root)["_epoch"]

    # Calls.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            forward = self._forward or self._called
            if not kwargs:
                result = forward.cache.call(args)
                if result is not MISS:
                    return result
            return forward.called(args, kwargs)
        except BaseException as error:
            rewrite(error)
            raise

    @property
    def _called(self) -> CompiledMethod:
        """What a call runs: `forward`, with the module's hooks where it has any. Raises NotImplementedError without one."""
        try:
            return self.compiled_method(self._called_name)
        except AttributeError:
            raise OperatorNotImplementedError(f"module {self.original_name} has no forward() that was compiled") from None

    @property
    def _called_name(self) -> str:
        if self._root is None:
            return "__call__" if "__call__" in self.program.entry_points else "forward"
        from tsir.runtime.compilation import method_entry

        return "forward" if method_entry(self.program, self.instance.class_name, "__call__") is None else "__call__"

    def compiled_method(self, name: str) -> CompiledMethod:
        """The compiled method of that name; also as `method`. Raises AttributeError when the class has none."""
        found = self._methods.get(name)
        if found is None:
            found = CompiledMethod(self.program, self._entry(name), self.instance, self, self._classes)
            self._methods[name] = found
            if name == self._called_name:
                vars(self)["_forward"] = found
        return found

    method = compiled_method

    def _entry(self, name: str) -> EntryPoint:
        if self._root is None and name in self.program.entry_points:
            return self.program.entry_points[name]
        from tsir.runtime.compilation import method_entry

        entry = method_entry(self.program, self.instance.class_name, name)
        if entry is None:
            raise AttributeError(f"'{self.instance.class_name}' object has no attribute or method '{name}'")
        return entry

    # Attributes.

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        attributes = self.instance.attributes
        if name in attributes and not (name == "training" and attributes[name] is None):  # a frozen module has no such flag
            return self._outside(attributes[name])
        return self.compiled_method(name)

    def _outside(self, value: Any) -> Any:
        if isinstance(value, Instance) and not hasattr(self._classes.get(value.class_name), IN_PYTHON):
            return self.wrap(value)
        self.program.check_weights()
        if isinstance(value, np.ndarray):
            tensor = self.program.source_of(value)
            return self._shared(value) if tensor is None else tensor
        conversion = Conversion(self._classes, self)
        conversion.tensor_of = self.program.source_of
        given = conversion.value_out(value)
        for array, tensor in conversion.tensors.values():
            self.program.add_source(array, tensor)
        return given

    def _shared(self, array: np.ndarray[Any, Any]) -> Any:
        """An array of an attribute, or a tensor over it: what is given away may be written, which compiled code has to see."""
        torch = adapter()
        given: Any = array
        if torch is not None:
            given = torch.to_tensor(array)
            self.program.add_source(array, given)
        elif self.program.is_exposed(array):
            return array
        else:
            self.program.expose(array)
        root = self._root or self
        if any(method.uses(array) for module in list(root._wrapped.values()) for method in list(module._methods.values())):
            self.attributes_changed()
        return given

    def __setattr__(self, name: str, value: Any) -> None:
        held = self.instance.attributes.get(name)
        if isinstance(held, Instance) and isinstance(value, ScriptModule) and "training" in held.attributes:
            if value.instance is not held:
                self.replace_submodule(name, value)
            return
        if name not in self.instance.attributes:
            raise AttributeError(
                f"'{self.instance.class_name}' object has no attribute '{name}': a compiled class can't get new ones"
            )
        conversion = Conversion(self._classes, self)
        self._set(name, self._attribute_in(conversion, name, value))
        if conversion.torch is not None and isinstance(value, conversion.torch.Tensor):
            self.program.add_source(self.instance.attributes[name], value)

    def _attribute_in(self, conversion: Conversion, name: str, value: Any) -> Any:
        """A value for an attribute, which has to be of its type. Raises OperatorTypeError, OperatorError for a constant."""
        if isinstance(value, ScriptModule):
            return value.instance
        root = self._root or self
        types_ = vars(root).get("_attribute_types")
        if types_ is None:
            types_ = vars(root)["_attribute_types"] = attribute_types(self.program)
        declared, role = types_.get((self.instance.class_name, name), (None, ""))
        if role == "constant":
            raise OperatorError(f"can't set '{name}': it is Final, so that compiled code has its value")
        if declared is None:
            return conversion.any_in(value)
        return conversion.value_in(value, parse_type_text(declared), f"attribute '{name}'")

    def replace_submodule(self, name: str, value: ScriptModule) -> None:
        """`module.name = value` for another compiled module. Raises TsirError where torch isn't loaded."""
        raise TsirError(f"submodule '{name}' can only be replaced in a module that was scripted in this process")

    def compile_anew(self) -> None:
        """Compiles the whole module again. Raises TsirError where torch isn't loaded."""
        raise TsirError("only a module that was scripted in this process can be compiled again")

    def _set(self, name: str, value: Any) -> None:
        self.instance.set(name, value)
        self.attributes_changed()

    def attributes_changed(self) -> None:
        """What was compiled for the whole module's attributes so far isn't used any more."""
        root = self._root or self
        with remembering:
            vars(root)["_epoch"] += 1
            for module in list(root._wrapped.values()):
                for method in list(module._methods.values()):
                    method.forget()

    def adopt_weights(self) -> None:
        """Takes over what has become of the torch tensors behind the attributes: other memory, dtypes and shapes."""
        root = self._root or self
        torch = adapter()
        if torch is not None:
            adopt_weights(self.program, root.instance, torch)

    def follow_origins(self) -> None:
        """Takes over `training` of the modules of Python's that this one was made of, as a function does at each call."""
        for _, module in ScriptModule.named_modules(self):
            origin = self.program.origins.get(id(module.instance))
            if origin is not None and module.instance.attributes.get("training", origin.training) != origin.training:
                module._set("training", origin.training)

    def train(self, mode: bool = True) -> ScriptModule:
        """Sets `training` in this module and all below. Returns self."""
        for _, module in ScriptModule.named_modules(self):
            if module.instance.attributes.get("training") not in (None, mode):
                module._set("training", mode)
        return self

    def eval(self) -> ScriptModule:
        """`train(False)`."""
        return self.train(False)

    # The stages, of `forward`.

    @property
    def graph(self) -> Graph:
        """The `ts` IR of `forward`, as written."""
        return self.compiled_method("forward").graph

    @property
    def inlined_graph(self) -> Graph:
        """The `ts` IR of `forward` with all calls inlined."""
        return self.compiled_method("forward").inlined_graph

    @property
    def code(self) -> str:
        """Python source of `forward`: a program whose `forward` takes this module as `self`."""
        return self.compiled_method("forward").code

    @property
    def code_with_constants(self) -> tuple[str, Any]:
        """Source of `forward` that reads the tensors that are constants as `CONSTANTS.c0`, ..., and an object with these."""
        text, constants = self.compiled_method("forward").code_with_constants
        return text, ConstMap(constants)

    @property
    def ir(self) -> Graph:
        """The whole `ts` module: classes, and every function."""
        return Graph(self.program.module)

    def lowered(self, *args: Any, **kwargs: Any) -> str:
        """The linalg text of `forward` for a call with these arguments."""
        return self._called.lowered(*args, **kwargs)

    def mlir(self, *args: Any, weights: str = "inline", **kwargs: Any) -> str:
        """The text of `forward` in MLIR's own dialects alone; see `CompiledMethod.mlir`."""
        return self._called.mlir(*args, weights=weights, **kwargs)

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The generated Python + NumPy source of `forward` for a call with these arguments."""
        return self._called.source(*args, **kwargs)

    def stages(self, *args: Any, **kwargs: Any) -> Stages:
        """`forward` at each stage for a call with these arguments."""
        return self._called.stages(*args, **kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """Which operations of `forward` were lowered to linalg, and which run as host operations and why."""
        return self._called.explain(*args, **kwargs)

    @property
    def specializations(self) -> list[Specialization]:
        """The compiled variants of `forward` so far."""
        return self._called.specializations

    def save(self, f: str | os.PathLike[str] | IO[bytes], _extra_files: Mapping[str, str | bytes] | None = None) -> None:
        """Writes an archive; `tsir.load` reads it, without torch too."""
        from tsir.archive import save
        from tsir.runtime.copying import program_of
        from tsir.runtime.saved_state import with_saved_state

        self.adopt_weights()
        save(with_saved_state(self.program if self._root is None else program_of(self)), f, _extra_files)

    def save_torchscript(
        self, f: str | os.PathLike[str] | IO[bytes], _extra_files: Mapping[str, str | bytes] | None = None
    ) -> None:
        """Writes an archive that `torch.jit.load` reads, in Python and C++; torch isn't needed.

        Raises UnsupportedError, with the line, for what TorchScript can't express.
        """
        from tsir.archive.torchscript.writing import save
        from tsir.runtime.copying import program_of
        from tsir.runtime.saved_state import with_saved_state

        self.adopt_weights()
        save(with_saved_state(self.program if self._root is None else program_of(self)), f, _extra_files)

    def __copy__(self) -> ScriptModule:
        """A module with attributes of its own that have the same values: tensors and submodules are shared, as in torch.jit."""
        from tsir.runtime.copying import program_of

        self.adopt_weights()
        copied = Instance(self.instance.class_name)
        copied.attributes.update(self.instance.attributes)
        return ScriptModule(program_of(self, copied))

    def __reduce__(self) -> tuple[Any, ...]:
        from tsir.runtime.copying import path_of, reduced, restored, submodule
        from tsir.runtime.saved_state import with_saved_state

        self.adopt_weights()
        if self._root is not None:
            return submodule, (self._root, path_of(self, self._root))
        return restored, reduced(with_saved_state(self.program))

    # The user's own methods of these names, where they are compiled, else those of a container of modules.

    def _special(self, name: str) -> CompiledMethod | None:
        try:
            return self.compiled_method(name)
        except AttributeError:
            return None

    def __bool__(self) -> bool:
        own = self._special("__bool__")
        return True if own is None else bool(own())

    def __len__(self) -> int:
        own = self._special("__len__")
        if own is not None:
            return int(own())
        if container_kind(self) is None:
            raise TypeError(f"object of type '{self.original_name}' has no len()")
        return sum(1 for _ in self.named_children())

    def __getitem__(self, index: Any) -> Any:
        own = self._special("__getitem__")
        if own is not None:
            return own(index)
        if container_kind(self) is None:
            raise TypeError(f"'{self.original_name}' object is not subscriptable")
        children = dict(self.named_children())
        return children[index] if isinstance(index, str) else list(children.values())[index]

    def __iter__(self) -> Iterator[Any]:
        own = self._special("__iter__")
        if own is not None:
            return iter(own())
        kind = container_kind(self)
        if kind is None:
            raise TypeError(f"'{self.original_name}' object is not iterable")
        return (name for name, _ in self.named_children()) if kind == "dict" else self.children()

    def __contains__(self, name: Any) -> bool:
        own = self._special("__contains__")
        return isinstance(self.instance.attributes.get(name), Instance) if own is None else bool(own(name))

    def __dir__(self) -> list[str]:
        from tsir.runtime.compilation import method_names

        attributes = [n for n, v in self.instance.attributes.items() if n != "training" or v is not None]
        return sorted({*object.__dir__(self), *attributes, *method_names(self.program, self.instance)})

    def extra_repr(self) -> str:
        """What `repr` says of this module beside its submodules: the name of its Python class."""
        return f"original_name={self.original_name}"

    def __repr__(self) -> str:
        children = [f"  ({n}): " + repr(c).replace("\n", "\n  ") for n, c in ScriptModule.named_children(self)]
        own = self.extra_repr()
        return "\n".join([f"ScriptModule(\n  {own}", *children, ")"]) if children else f"ScriptModule({own})"
