"""From Python's type annotations to the types of the `ts` dialect.

Annotations come as trees (of functions, which keeps `from __future__ import annotations` and strings simple) or as objects
(of classes). An annotation that only a call can make concrete (a TypeVar, a Callable) gives no type: the parameter then takes
the type of what is passed.
"""

from __future__ import annotations

import ast
import collections
import collections.abc
import enum
import numbers
import types
import typing
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from xdsl.ir import Attribute

from tsir.dialects.builtin_bases import builtin_base
from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError, SourceLocation, did_you_mean
from tsir.frontend.script.guarded_imports import guarded_name
from tsir.frontend.script.prelude_slices import OBJECTS_OF_INDICES
from tsir.frontend.script.source import is_class_of_compiled, stand_in

ClassTypes = Callable[[type], Attribute]
"""Gives the IR type of a class that a user wrote."""


@dataclass(frozen=True)
class Annotation:
    """What an annotation says: a type (None: only a call makes it concrete), and the number that one int is repeated to."""

    type: Attribute | None
    broadcast: int = 0
    bare: bool = False
    """Whether it has containers without the types of what is in them (`list`, `Sequence`): those of what is passed."""


_BASIC: dict[Any, Attribute] = {
    None: ts.NONE, type(None): ts.NONE, int: ts.INT, float: ts.FLOAT, bool: ts.BOOL, complex: ts.COMPLEX, str: ts.StrType(),
    bytes: ts.BytesType(),
    torch.dtype: ts.DTypeType(), torch.device: ts.DeviceType(), torch.layout: ts.LayoutType(),
    torch.memory_format: ts.MemoryFormatType(), torch.Generator: ts.GeneratorType(), torch.Size: ts.ListType(ts.INT),
    numbers.Number: ts.NumberType(), typing.Any: ts.AnyType(), object: ts.AnyType(), types.TracebackType: ts.AnyType(),
}  # fmt: skip

_LISTS = (
    list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable, collections.abc.Collection,
)  # fmt: skip
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_SETS = (set, collections.abc.Set, collections.abc.MutableSet)
_BARE: dict[Any, Any] = {
    **{cls: cls for cls in (*_LISTS, *_DICTS, *_SETS, tuple, frozenset)},
    **{getattr(typing, name): typing.get_origin(getattr(typing, name)) for name in (
        "List", "Dict", "Tuple", "Set", "FrozenSet", "AbstractSet", "MutableSet", "Sequence", "MutableSequence", "Iterable",
        "Collection", "Mapping", "MutableMapping",
    )},
}  # fmt: skip
"""The annotations of containers that don't say of what they are, with their classes."""
_AS_PASSED = (
    typing.Callable, collections.abc.Callable, typing.Iterator, collections.abc.Iterator, typing.Generator,
    collections.abc.Generator,
)  # fmt: skip
"""The annotations of functions and generators, which are values of the frontend: what is passed or given says all."""
_TRANSPARENT = (typing.Final, typing.Annotated, typing.ClassVar)

_VISIBLE = "the names in it must be visible in the function's module when it is compiled"

_COMMENT_SCOPE: dict[str, Any] = {
    name: getattr(typing, name) for name in ("List", "Dict", "Tuple", "Optional", "Union", "Any", "NamedTuple", "Set")
} | {
    "Tensor": torch.Tensor, "torch": torch, "number": float, "Future": torch.jit.Future, "NoneType": type(None),
    "Device": torch.device, "Generator": torch.Generator,
}  # fmt: skip
"""Names that a type comment may use without an import, as in torch.jit."""


def literal_type(value: Any) -> Attribute:
    """The type of a value in `Literal[...]`."""
    found = _BASIC.get(type(value))
    if found is None:
        message = f"Literal[{value!r}] isn't supported: only int, bool, str and None can be literals"
        raise FrontendError(message, code="TS103")
    return found


def is_named_tuple(candidate: Any) -> bool:
    """Whether an object is a NamedTuple class."""
    return isinstance(candidate, type) and issubclass(candidate, tuple) and hasattr(candidate, "_fields")


def _is_callable(value: Any) -> bool:
    """Whether an annotation is that of a function."""
    bare = (typing.Callable, collections.abc.Callable)
    return typing.get_origin(value) is collections.abc.Callable or any(value is c for c in bare)


class AnnotationReader:
    """Reads annotations; `class_type` gives the types of classes that a user wrote, `is_plain` says whether one derived from dict
    means any dict."""

    def __init__(self, class_type: ClassTypes, is_plain: Callable[[type], bool]) -> None:
        self._type_of_class = class_type
        self._is_plain = is_plain
        self._within: list[Any] = []
        """The generic annotations that are being read, outermost first."""
        self.named_tuples: dict[str, type] = {}
        """The NamedTuple classes met so far, by name."""
        self.typed_dicts: dict[Attribute, list[dict[str, Attribute]]] = {}
        """The types of the TypedDicts met so far, and of what types their fields are."""
        self._generic_variables = False
        self._bare = False
        self.bare_element: Attribute = ts.TensorType()
        """What containers without the types of what is in them are of where no call says it: tensors, as in torch.jit."""

    def of_node(
        self,
        node: ast.expr | None,
        scope: Mapping[str, Any],
        place: SourceLocation | None,
        *,
        generic: bool = False,
        evaluated: Any = None,
    ) -> Annotation:
        """The meaning of an annotation's tree. None (no annotation) gives no type. A type variable is Any if `generic`.

        `evaluated` is what Python made of it, if it did: names in it may have been local ones.
        """
        if node is None:
            return Annotation(None)
        rewriter = _Broadcasting()
        try:
            tree = ast.fix_missing_locations(ast.Expression(rewriter.visit(_copy(node))))
            value = _evaluate(compile(tree, "<annotation>", "eval"), scope)
        except NameError as error:
            if evaluated is None or isinstance(evaluated, str):
                raise _unreadable(node, error, scope, place) from None
            value = evaluated
        except Exception as error:  # noqa: BLE001  (it is the user's expression: anything may come of it)
            raise _unreadable(node, error, scope, place) from None
        self._generic_variables, self._bare = generic, False
        try:
            return Annotation(self.of_object(value, scope), rewriter.number, self._bare)
        except FrontendError as error:
            if error.location is None:
                error.location = place
            raise
        except Exception as error:  # noqa: BLE001  (a string in it is evaluated)
            raise _unreadable(node, error, scope, place) from None
        finally:
            self._generic_variables = False

    def of_object(self, value: Any, scope: Mapping[str, Any]) -> Attribute | None:
        """The type that an annotation object stands for, or None when only a call makes it concrete."""
        if isinstance(value, str):
            return self.of_object(_evaluate(value, scope), scope)
        if isinstance(value, typing.ForwardRef):
            return self.of_object(value.__forward_arg__, scope)
        try:
            if value in _BASIC:
                return _BASIC[value]
            if value in _BARE:
                return self._bare_container(_BARE[value])
        except TypeError:
            pass
        if isinstance(value, typing.TypeVar) and self._generic_variables:
            return self._variable(value, scope)
        if isinstance(value, typing.NewType):
            return self.of_object(value.__supertype__, scope)
        if isinstance(value, typing.TypeVar) or any(value is v for v in _AS_PASSED):
            return None
        origin = typing.get_origin(value)
        if origin is not None:
            with self._inside(value) as is_new:
                return self._generic(value, origin, typing.get_args(value), scope) if is_new else ts.AnyType()
        return self._plain(value, scope)

    @contextmanager
    def _inside(self, value: Any) -> Generator[bool]:
        """Reads what is in an annotation; whether that isn't going on already, as in `Tree = Union[int, List["Tree"]]`."""
        is_new = not any(v is value for v in self._within)
        self._within.append(value)
        try:
            yield is_new
        finally:
            self._within.pop()

    def _class_type(self, cls: Any) -> Attribute:
        """The type of a class of the user's. What its own annotations name is no part of the one that is being read."""
        within, self._within = self._within, []
        try:
            return self._type_of_class(cls)
        finally:
            self._within = within

    def of_part(self, value: Any, scope: Mapping[str, Any]) -> Attribute | None:
        """The type of an attribute or of what is in a container: functions are values of run time there."""
        if isinstance(value, str):
            value = _evaluate(value, scope)
        if typing.get_origin(value) in (typing.Union, types.UnionType):
            with self._inside(value) as is_new:
                parts = [self.of_part(a, scope) for a in typing.get_args(value)] if is_new else [ts.AnyType()]
            known = [p for p in parts if p is not None]
            return ts.union_of(_numbers(known)) if len(known) == len(parts) else None
        return self.function_type() if _is_callable(value) else self.of_object(value, scope)

    def function_type(self) -> Attribute:
        """The type of functions in containers and attributes."""
        from tsir.frontend.script.function_values import Function

        return self._class_type(Function)

    def _variable(self, value: typing.TypeVar, scope: Mapping[str, Any]) -> Attribute:
        """The type of a value that is of a type variable's type."""
        limits = value.__constraints__ or ((value.__bound__,) if value.__bound__ is not None else ())
        kinds = [k for limit in limits if (k := self.of_object(limit, scope)) is not None]
        return ts.union_of(kinds) if kinds else ts.AnyType()

    def _plain(self, value: Any, scope: Mapping[str, Any]) -> Attribute | None:
        if isinstance(value, type(torch.LongTensor)) or value is torch.autograd.Variable:
            return ts.TensorType()
        if isinstance(value, type):
            value = stand_in(value)
            if issubclass(value, torch.Tensor):
                return ts.TensorType()
            if is_named_tuple(value):
                return self.named_tuple(value, scope)
            if issubclass(value, enum.Enum):
                return self._class_type(value)
            if value is range or issubclass(value, collections.abc.MappingView):
                return ts.ListType(ts.INT if value is range else ts.TensorType())
            if value in OBJECTS_OF_INDICES:
                return self._class_type(OBJECTS_OF_INDICES[value])
            if typing.is_typeddict(value):
                return self._typed_dict(value, scope)
            if builtin_base(value) is not None and not self._is_plain(value):
                return self._class_type(value)
            if issubclass(value, collections.Counter):
                return ts.DictType(ts.StrType(), ts.INT, "Counter")
            if issubclass(value, collections.deque):
                return ts.DequeType(ts.TensorType())
            if issubclass(value, dict):
                return ts.DictType(ts.StrType(), ts.TensorType())
            if issubclass(value, BaseException):
                return ts.AnyType()
            if getattr(value, "_is_protocol", False) or is_class_of_compiled(value):
                return None  # whatever has these methods: the class of what is passed
            if not value.__flags__ & _MADE_BY_PYTHON and value is not BaseException:
                raise _no_type(value)
            if self._generic_variables and "__torch_script_interface__" in vars(value):
                return self._class_type(value)
            if hasattr(value, "__torch_script_interface__") or issubclass(value, torch.nn.Module):
                return None  # whatever has these methods: the class of what is assigned or passed
            return self._class_type(value)
        if value in _TRANSPARENT or value is typing.Optional:
            return None
        raise _no_type(value)

    def _bare_container(self, origin: Any) -> Attribute | None:
        """The type of a container without the types of what is in it: that of what is passed, or one that is assumed."""
        self._bare = True
        if not self._generic_variables:
            return None
        element = self.bare_element
        if origin in _DICTS:
            return ts.DictType(ts.StrType(), element)
        if origin in (*_SETS, frozenset):
            keys = ts.INT if element == ts.TensorType() else element
            return ts.FrozenSetType(keys) if origin is frozenset else ts.SetType(keys)
        return ts.TupleOfType(element) if origin is tuple else ts.ListType(element)

    def _typed_dict(self, cls: Any, scope: Mapping[str, Any]) -> Attribute:
        """The type of a TypedDict: a dict whose values are of one of its fields' types."""
        kinds = [self.of_part(kind, scope) for kind in typing.get_type_hints(cls).values()]
        known = [k for k in kinds if k is not None]
        if len(known) < len(kinds):
            message = f"TypedDict {cls.__name__} has a field without a concrete type"
            raise FrontendError(message, hint="annotate it with the type of its values", code="TS103")
        made = ts.DictType(ts.StrType(), ts.union_of(_numbers(known)) if known else ts.AnyType())
        fields = dict(zip(typing.get_type_hints(cls), known, strict=True))
        others = self.typed_dicts.setdefault(made, [])
        if fields not in others:
            others.append(fields)
        return made

    def _generic(self, value: Any, origin: Any, arguments: Sequence[Any], scope: Mapping[str, Any]) -> Attribute | None:
        if origin in _TRANSPARENT:
            return self.of_object(arguments[0], scope)
        if origin in _AS_PASSED:
            return None
        if origin is typing.Literal:
            return ts.union_of([literal_type(a) for a in arguments])
        if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            element = self.of_object(arguments[0], scope)
            return None if element is None else ts.TupleOfType(element)
        if origin is tuple and not arguments:
            return ts.TupleType([])
        if not arguments:
            return None
        is_container = origin not in (typing.Union, types.UnionType)
        parts = [self.of_part(a, scope) if is_container else self.of_object(a, scope) for a in arguments]
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        if origin in (typing.Union, types.UnionType):
            return ts.union_of(_numbers(known))
        if origin is tuple:
            return ts.TupleType(known)
        if origin in _LISTS:
            return ts.ListType(known[0])
        if origin is collections.Counter:
            return ts.DictType(known[0], ts.INT, "Counter")
        if origin is collections.deque:
            return ts.DequeType(known[0])
        if origin in (collections.OrderedDict, collections.defaultdict):
            return ts.DictType(known[0], known[1], origin.__name__)
        if origin in _DICTS:
            return ts.DictType(known[0], known[1])
        if origin is frozenset:
            return ts.FrozenSetType(known[0])
        if origin in _SETS:
            return ts.SetType(known[0])
        if getattr(origin, "__name__", "") in ("Future", "_Future", "_Await"):
            return ts.FutureType(known[0], "await" if origin.__name__ == "_Await" else "")
        if isinstance(origin, type) and typing.Generic in origin.__mro__:
            return self._plain(origin, scope)  # what its variables stand for is seen when the program runs
        raise _no_type(value)

    def named_tuple(self, cls: Any, scope: Mapping[str, Any]) -> ts.NamedTupleType:
        """The type of a NamedTuple class; fields without annotation are tensors."""
        hints: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            hints |= vars(base).get("__annotations__", {})
        module_scope = vars(__import__("sys").modules[cls.__module__]) if cls.__module__ in __import__("sys").modules else {}
        types_: list[Attribute] = []
        for name in cls._fields:
            found = self._field(hints[name], {**scope, **module_scope}) if name in hints else ts.TensorType()
            if found is None:
                message = f"field '{name}' of NamedTuple {cls.__name__} has no concrete type"
                raise FrontendError(message, hint="annotate it with the type of its values", code="TS103")
            types_.append(found)
        self.named_tuples[cls.__name__] = cls
        return ts.NamedTupleType(cls.__name__, list(cls._fields), types_)

    def _field(self, value: Any, scope: Mapping[str, Any]) -> Attribute | None:
        """The type of a field, which is one for all objects: containers that don't say of what they are hold tensors."""
        generic, self._generic_variables = self._generic_variables, True
        try:
            return self.of_part(value, scope)
        finally:
            self._generic_variables = generic


def _numbers(members: Sequence[Attribute]) -> list[Attribute]:
    """The members of a union; int, float and complex together are any number, as in torch.jit."""
    if not {ts.INT, ts.FLOAT, ts.COMPLEX} <= set(members):
        return list(members)
    return [ts.NumberType(), *(m for m in members if m not in (ts.INT, ts.FLOAT, ts.COMPLEX))]


_MADE_BY_PYTHON = 1 << 9
"""The flag (`Py_TPFLAGS_HEAPTYPE`) of classes that a class statement made."""


def _no_type(value: Any) -> FrontendError:
    """The error for an annotation that is no type of values in compiled code."""
    shown = value.__qualname__ if isinstance(value, type) else repr(value)
    module = str(getattr(value, "__module__", ""))
    hint = "int, float, bool, str, Tensor, lists, dicts, tuples, Optional and Union of these, and classes of yours are types"
    if module.partition(".")[0] == "numpy":
        shown, hint = f"numpy.{shown}" if isinstance(value, type) else shown, "use torch.Tensor: arrays can be passed for it"
    elif isinstance(value, types.FunctionType | types.BuiltinFunctionType):
        hint = "it is a function: use a type"
    elif isinstance(value, int | float | str | bool):
        hint = f"write its type: `{type(value).__name__}`; a default goes behind `=`"
    return FrontendError(f"{shown} isn't a type that compiled code can use", hint=hint, code="TS103")


def _unreadable(node: ast.expr, error: Exception, scope: Mapping[str, Any], place: SourceLocation | None) -> FrontendError:
    """The error for an annotation that Python can't evaluate."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    hint = None
    if isinstance(error, NameError):
        hint = did_you_mean(error.name or "", {**_COMMENT_SCOPE, **scope}) or _VISIBLE
    elif isinstance(error, SyntaxError):
        hint = "write it as an annotation: `List[int]`"
    why = error.msg if isinstance(error, SyntaxError) else str(error)
    return FrontendError(f"the annotation '{text}' can't be read: {why}", location=place, hint=hint, code="TS103")


def _evaluate(expression: str | types.CodeType, scope: Mapping[str, Any]) -> Any:
    """The object that an annotation gives; names that are imported for type checkers only are imported now."""
    names = {**_COMMENT_SCOPE, **scope}
    while True:
        try:
            return eval(expression, names)
        except NameError as error:
            if error.name is None or error.name in names:
                raise
            names[error.name] = guarded_name(scope.get("__name__"), error.name)


class _Broadcasting(ast.NodeTransformer):
    """Replaces `BroadcastingList2[int]` by `list[int]` and keeps the number, which Python's object doesn't have."""

    def __init__(self) -> None:
        self.number = 0

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        name = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
        if name.startswith("BroadcastingList"):
            self.number = int(name.removeprefix("BroadcastingList"))
            return ast.Subscript(ast.Name("list", ast.Load()), node.slice, ast.Load())
        return self.generic_visit(node)


def _copy(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


def comment_annotation(comment: str, place: SourceLocation) -> ast.expr:
    """The annotation in a variable's or a parameter's type comment."""
    try:
        return ast.parse(comment, mode="eval").body
    except SyntaxError:
        hint = "write a type, as in `# type: List[int]`"
        raise FrontendError(f"the type comment '{comment}' can't be read", location=place, hint=hint, code="TS104") from None


def comment_types(comment: str, place: SourceLocation) -> tuple[list[ast.expr] | None, ast.expr | None]:
    """The parameters' and the result's annotations in a signature comment, `(Tensor, int) -> Tensor`.

    The parameters are None for `(...)`, the result for a comment without an arrow.
    """
    has_result = "->" in comment
    try:
        tree = ast.parse(comment if has_result else f"{comment} -> None", mode="func_type")
    except SyntaxError:
        raise FrontendError(
            f"the type comment '{comment}' can't be read",
            location=place,
            hint="write `# type: (Tensor, int) -> Tensor`",
            code="TS104",
        ) from None
    if len(tree.argtypes) == 1 and isinstance(tree.argtypes[0], ast.Constant) and tree.argtypes[0].value is Ellipsis:
        return None, tree.returns if has_result else None
    return tree.argtypes, tree.returns if has_result else None
