"""A torch archive as a program: its parts put together."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import IO, Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.utils.exceptions import VerifyException

from tsir.dialects.names import name_of
from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import AttributeOp
from tsir.dialects.values import EnumMember, Instance
from tsir.dialects.verify import verify_module
from tsir.errors import ArchiveError, TsirError
from tsir.frontend.constants import attribute_of_constant, is_constant, type_of_constant
from tsir.frontend.torch_archive.classes import ArchiveClass
from tsir.frontend.torch_archive.container import Container, Opening
from tsir.frontend.torch_archive.functions import CONSTANT, ArchiveFunction, ProgramBuilder, defaults_attribute
from tsir.frontend.torch_archive.objects import ObjectReader, Unset
from tsir.frontend.torch_archive.pickles import Built, read_pickle
from tsir.frontend.torch_archive.sources import MALFORMED, Sources
from tsir.frontend.torch_archive.tensors import TensorReader
from tsir.frontend.torch_archive.upgraders import NEWEST, Upgrades
from tsir.passes.autocast import make_variants
from tsir.source_lines import keep


@dataclass(frozen=True)
class Loaded:
    """A program, and the objects whose `__setstate__` has to run before it is used."""

    program: Program
    unset: list[Unset]


def load(
    source: str | os.PathLike[str] | IO[bytes], extra_files: dict[str, Any] | None = None, opening: Opening | None = None
) -> Loaded:
    """Reads a TorchScript archive from a path or a binary file object.

    `extra_files` is as in `torch.jit.load`: its values become the contents, as bytes, of the files of these names.
    Raises ArchiveError for what is damaged or no TorchScript archive, FrontendError and UnsupportedError, with the line of
    the serialised code, for what can't be compiled.
    """
    name = os.fspath(source) if isinstance(source, str | os.PathLike) else "<file object>"
    container = Container(source, str(name), opening)
    try:
        return _load(container, extra_files)
    except RecursionError as error:
        raise ArchiveError(f"{name}: its code or its classes nest too deeply") from error
    except TsirError:
        raise
    except (*MALFORMED, VerifyException) as error:
        raise ArchiveError(f"{name} is damaged: {type(error).__name__}: {str(error)[:200]}") from error
    finally:
        container.close()


def _load(container: Container, extra_files: dict[str, Any] | None) -> Loaded:
    name = container.name
    version = _version(container)
    _check_kind(container)
    for wanted in extra_files or {}:
        member = f"extra/{wanted}"
        if extra_files is not None:
            extra_files[wanted] = container.read(member, None) if member in container else b""
    constants_pickle = container.code("constants.pkl") if "constants.pkl" in container else None
    data_pickle = container.code("data.pkl")
    constants = () if constants_pickle is None else read_pickle(constants_pickle, f"{name}: constants.pkl", container.limits)
    if not isinstance(constants, tuple | list):
        raise ArchiveError(f"{name}: constants.pkl has no tuple of constants")
    reader = TensorReader(container, "constants")
    listed: list[Any] = [*constants]
    values = [reader.read(c) if not is_constant(c) and _is_tensor(c) else c for c in listed]
    root = read_pickle(data_pickle, f"{name}: data.pkl", container.limits)
    if not isinstance(root, Built):
        raise ArchiveError(f"{name}: data.pkl has no module")
    sources = Sources(container)
    builder = ProgramBuilder(sources, values, Upgrades(version))
    objects = ObjectReader(builder, TensorReader(container, "data"), name)
    made = objects.object(root)
    digest = hashlib.sha256(b"%d " % version + data_pickle + (constants_pickle or b""))
    program = _program(builder, objects, objects.class_of(root), made)
    for file in sources.all_files():
        digest.update("\n".join(file.lines).encode())
    program.content_hash = digest.hexdigest()
    program.weights_check = container.check
    return Loaded(program, objects.unset)


def _is_tensor(value: Any) -> bool:
    from tsir.frontend.torch_archive.pickles import TensorParts

    return isinstance(value, TensorParts)


def _version(container: Container) -> int:
    member = next((m for m in ("version", ".data/version") if m in container), None)
    text = b"" if member is None else container.read(member, 100).strip()
    if not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise ArchiveError(f"{container.name} has no version, which every TorchScript archive has")
    if int(text) > NEWEST:
        raise ArchiveError(
            f"{container.name} has version {int(text)}; this tsir reads TorchScript archives up to version {NEWEST}",
            hint="install a newer tsir",
        )
    return int(text)


def _check_kind(container: Container) -> None:
    """Raises ArchiveError for torch's archives of other kinds, saying what they are."""
    name = container.name
    has_code = any(m.startswith("code/") and m.endswith(".py") for m in container.names())
    if "data.pkl" in container and has_code:
        return
    if "model.json" in container:
        raise ArchiveError(
            f"{name} is an archive of torch before 1.4, which can't be read", hint="save it again by a newer torch"
        )
    if "bytecode.pkl" in container:
        raise ArchiveError(f"{name} has bytecode for mobile devices alone, without code", hint="save it by torch.jit.save")
    if ".data/extern_modules" in container:
        raise ArchiveError(
            f"{name} is a torch.package archive: Python code and pickled objects, which aren't read",
            hint="script or trace the model in it by torch.jit, and save that",
        )
    if any(m.startswith("models/") or m == "archive_format" for m in container.names()):
        raise ArchiveError(f"{name} is a torch.export archive, not TorchScript", hint="tsir.from_exported reads those")
    if "data.pkl" in container:
        raise ArchiveError(
            f"{name} was written by torch.save: it has weights or a pickled object, but no code",
            hint="save the scripted module by torch.jit.save",
        )
    raise ArchiveError(f"{name} has no data.pkl: not a TorchScript archive")


def _program(builder: ProgramBuilder, objects: ObjectReader, root: ArchiveClass, made: Instance) -> Program:
    _decide_interfaces(builder, objects)
    names = ["forward", *(n for n in root.methods if n != "forward")] if "forward" in root.methods else [*root.methods]
    functions = [builder.method(root, n) for n in names]
    instances = list(objects.instances())
    for info in {info.symbol: info for info, _ in instances}.values():
        if info.kind == "module" and "forward" in info.methods:
            builder.method(info, "forward")
            if (info.hooks or info.pre_hooks) and "__call__" not in info.methods:
                called = builder.with_hooks(info)
                functions += [called] if info is root else []
    builder.compile_all()
    module = ModuleOp([*_class_operations(builder, objects, root, names), *builder.operations])
    make_variants(module)
    for operation in builder.operations:
        _note_defaults(builder, operation, root)
    verify_module(module)
    for file in builder.sources.all_files():
        keep({file.name: {str(i): [t[:2000], ""] for i, t in enumerate(file.lines, 1)}})
    for info, instance in instances:
        if info.kind == "module":
            instance.attributes.setdefault(
                "training", None
            )  # what tells modules from other objects; frozen ones have no flag
    entries = {f.name: _entry_point(builder, f) for f in functions}
    return Program(lambda: module, entries, made)


def _decide_interfaces(builder: ProgramBuilder, objects: ObjectReader) -> None:
    """An attribute that is declared as an interface is of its object's own class, where nothing assigns it."""
    found: dict[tuple[str, str], set[str]] = {}
    for info, instance in objects.instances():
        for name in instance.attributes:
            declared = builder.classes.of_type(builder.classes.type_of(info, name))
            if declared is not None and declared.kind == "interface":
                found.setdefault((info.symbol, name), set()).add(instance.attributes[name].class_name)
    if not found:
        return
    assigned = builder.sources.assigned_attributes()
    for (symbol, name), classes in found.items():
        if len(classes) == 1 and name not in assigned:
            builder.attribute_classes[symbol, name] = ts.ClassType(next(iter(classes)))


def _class_operations(
    builder: ProgramBuilder, objects: ObjectReader, root: ArchiveClass, exported: list[str]
) -> list[Operation]:
    instances: dict[str, list[Instance]] = {}
    for info, instance in objects.instances():
        instances.setdefault(info.symbol, []).append(instance)
    operations: list[Operation] = []
    for info in builder.classes.known():
        if info.kind == "named_tuple":
            continue
        own = instances.get(info.symbol, [])
        attributes = [_attribute(builder, info, name, own) for name in info.annotations] if info.kind != "interface" else []
        if info.kind == "enum":
            attributes = [
                AttributeOp(n, type_of_constant(v), "constant", attribute_of_constant(v)) for n, v in info.values.items()
            ]
        for number in sorted(builder.constant_users.get(info.symbol, ())):
            name = CONSTANT.format(number)
            attributes.append(AttributeOp(name, ts.TensorType(), "constant"))
            for instance in own:
                instance.attributes[name] = builder.constants[number]
        operations.append(builder.class_operation(info, attributes, exported if info is root else ()))
    return operations


def _attribute(builder: ProgramBuilder, info: ArchiveClass, name: str, instances: list[Instance]) -> AttributeOp:
    kind = builder.attribute_type(info, name)
    values = [i.attributes[name] for i in instances if name in i.attributes]
    value: Attribute | None = None
    if values and is_constant(values[0]) and all(type(v) is type(values[0]) and v == values[0] for v in values):
        value = attribute_of_constant(values[0])
    elif values and isinstance(values[0], EnumMember) and all(v == values[0] for v in values):
        value = None
    return AttributeOp(name, kind, _role(builder, info, name, kind), value)


def _role(builder: ProgramBuilder, info: ArchiveClass, name: str, kind: Attribute) -> str:
    if name in info.parameters:
        return "parameter"
    if name in info.buffers:
        return "buffer"
    if name in info.values:
        return "constant"
    inner = builder.classes.of_type(kind)
    is_module = inner is not None and (inner.kind == "module" or (inner.kind == "interface" and _is_module_interface(inner)))
    return "submodule" if is_module else "attribute"


def _is_module_interface(info: ArchiveClass) -> bool:
    node: Any = info.definition.node
    return bool(node.bases) and getattr(node.bases[0], "id", "") == "ModuleInterface"


def _note_defaults(builder: ProgramBuilder, operation: Operation, root: ArchiveClass) -> None:
    symbol: Any = operation.properties["sym_name"]
    function = builder.by_symbol(symbol.data)
    if function is None or function.owner is None:
        return
    if function.owner is root:
        del operation.properties["sym_visibility"]
    values = builder.default_values(function)
    if (attribute := defaults_attribute(values)) is not None:
        operation.attributes["ts.defaults"] = attribute


def _entry_point(builder: ProgramBuilder, function: ArchiveFunction) -> EntryPoint:
    defaults = builder.default_values(function)
    parameters = tuple(
        Parameter(name_of(p.name), str(p.type), p.name in defaults, defaults.get(p.name)) for p in function.parameters[1:]
    )
    return EntryPoint(function.name, function.symbol, parameters, str(function.result), takes_self=True)


__all__ = ["Loaded", "load"]
