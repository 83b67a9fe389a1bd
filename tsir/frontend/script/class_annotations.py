"""What the bodies of classes and their `__init__` say about attributes: annotations, constants, interfaces.

What an annotation means is in `annotations.py`.
"""

from __future__ import annotations

import ast
import inspect
import sys
from typing import Any

from torch import nn

from tsir.errors import FrontendError
from tsir.frontend.script.interfaces import is_interface
from tsir.frontend.script.source import function_source


def annotated_interface(annotations: dict[str, tuple[Any, Any]], name: str) -> type | None:
    """The interface that an attribute is annotated with, if it is."""
    annotation, owner = annotations.get(name, (None, None))
    if isinstance(annotation, str):
        annotation = class_scope(owner).get(annotation)
    return annotation if is_interface(annotation) else None


def class_annotations(cls: Any) -> dict[str, tuple[Any, Any]]:
    """The annotations in the bodies of a class and its bases, and of `self.name: type` in their `__init__`, each with the class
    that has it."""
    found: dict[str, tuple[Any, Any]] = {}
    for base in reversed(cls.__mro__):
        if base not in (nn.Module, object):
            found |= {n: (a, base) for n, a in _init_annotations(vars(base).get("__init__")).items()}
            found |= {n: (a, base) for n, a in vars(base).get("__annotations__", {}).items()}
    return found


def _init_annotations(init: Any) -> dict[str, str]:
    if not inspect.isfunction(init) or init.__code__.co_filename == "<string>":
        return {}
    try:
        node = function_source(init).node
    except FrontendError:
        return {}  # a source that can't be read declares nothing
    return {
        n.target.attr: ast.unparse(n.annotation)
        for n in ast.walk(node)
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Attribute) and ast.unparse(n.target.value) == "self"
    }


def class_scope(cls: Any) -> dict[str, Any]:
    """The names that the annotations of a class may use."""
    module = sys.modules.get(cls.__module__)
    return {} if module is None else dict(vars(module))


def constant_names(cls: Any, annotations: dict[str, Any]) -> set[str]:
    """The attributes that a class and its bases declare as constants."""
    names: set[str] = set()
    for base in cls.__mro__:
        names |= set(vars(base).get("__constants__", ()))
    names |= {n for n, (a, _) in annotations.items() if "Final" in str(a)}
    return names
