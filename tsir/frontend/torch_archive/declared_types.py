"""The annotations of serialised code as IR types."""

from __future__ import annotations

import ast
from collections.abc import Callable

from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import NUMBERS
from tsir.errors import UnsupportedError
from tsir.frontend.torch_archive.sources import SourceFile, dotted

ClassTypes = Callable[[str], Attribute | None]
"""The type of a class of the archive by its qualified name; None for a name that it doesn't have."""

_NAMES: dict[str, Attribute] = {
    "Tensor": ts.TensorType(), "int": ts.INT, "float": ts.FLOAT, "bool": ts.BOOL, "complex": ts.COMPLEX, "str": ts.StrType(),
    "NoneType": ts.NONE, "None": ts.NONE, "Device": ts.DeviceType(), "Any": ts.AnyType(), "number": ts.NumberType(),
    "Scalar": ts.NumberType(), "Generator": ts.GeneratorType(), "SymInt": ts.INT, "SymFloat": ts.FLOAT, "SymBool": ts.BOOL,
    "Layout": ts.INT, "MemoryFormat": ts.INT, "ScalarType": ts.INT, "AnyListType": ts.AnyType(), "AnyTupleType": ts.AnyType(),
    "AnyEnumType": ts.AnyType(), "AnyClassType": ts.AnyType(), "list": ts.AnyType(), "tuple": ts.AnyType(),
}  # fmt: skip
"""TorchScript's dtypes, layouts and memory formats are ints."""


def read_type(node: ast.expr, file: SourceFile, classes: ClassTypes) -> Attribute:
    """The type that an annotation declares. Raises UnsupportedError, at the annotation, for one that tsir has no type for."""
    try:
        return _read(node, file, classes)
    except VerifyException as error:
        raise UnsupportedError(f"type {ast.unparse(node)[:100]}: {error}", location=file.place(node)) from error


def _read(node: ast.expr, file: SourceFile, classes: ClassTypes) -> Attribute:
    match node:
        case ast.Constant(value=None):
            return ts.NONE
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.Subscript(value=ast.Name(id=name), slice=inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            made = _container(name, [_read(p, file, classes) for p in parts])
            if made is not None:
                return made
        case ast.Name() | ast.Attribute():
            name = dotted(node) or ""
            if name == "__torch__.torch.classes.profiler._RecordFunction":
                return ts.AnyType()
            found = classes(name)
            if found is not None:
                return found
            if name.startswith("__torch__.torch.classes."):
                file.unsupported(f"class {name.removeprefix('__torch__.torch.classes.')} of a C++ library", node)
        case _:
            pass
    file.unsupported(f"type {ast.unparse(node)[:100]}", node)


def _container(name: str, parts: list[Attribute]) -> Attribute | None:
    match name, parts:
        case "Optional", [element]:
            return ts.optional_of(element)
        case "Final" | "Await", [element]:
            return element
        case "List", [element]:
            return ts.ListType(element)
        case "Future", [element]:
            return ts.FutureType(element)
        case "Dict", [key, value]:
            return ts.DictType(key, value)
        case "Tuple", _:
            return ts.TupleType(parts)
        case "Union", _ if all(p in NUMBERS for p in parts):
            return ts.NumberType()
        case "Union", _:
            return ts.union_of(parts)
        case _:
            return None
