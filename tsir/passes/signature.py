"""Passes over what a function is called with and over which functions there are: `ts-set-types`, `ts-drop-self`, `ts-symbol-dce`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, UnitAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute
from xdsl.parser import Parser
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import ParseError

from tsir.dialects.ts.compatibility import accepts
from tsir.dialects.ts.structure import CallMethodOp, CastOp, MethodOp
from tsir.dialects.ts.types import ClassType, DictType, ListType, OptionalType, StrType, TensorType, dtype_of
from tsir.errors import PassError
from tsir.passes.inline import drop_unused
from tsir.passes.refine import STRICT_DIALECTS
from tsir.passes.spread import Container, Form, Leaf, spread_arguments
from tsir.passes.structure import callee_name, find_function, functions, is_public, methods, walk


@dataclass(frozen=True)
class SetTypesPass(ModulePass):
    """Gives a function's arguments more precise types; what follows from them is found by the passes after this one.

        // ts-set-types{types="tensor<2x3xf32>,i64"}
        func.func @f(%x : !ts.tensor, %n : i64)    ->    func.func @f(%x : !ts.tensor<2x3xf32>, %n : i64)

    `types` are IR types, separated by commas, for all arguments or (of a method) all but the object; builtin `tensor<...>` stands
    for the `!ts.tensor` of that dtype and shape. `[tensor<2xf32>, tensor<3xf32>]` is a list with these in it,
    `{"a" = tensor<2xf32>}` a dict: the function then takes what is in them, unless it changes them (`ts.part`, `spread_arguments`).
    `entry` is the function; it may be left out when only one public function has
    that many arguments. Raises PassError for types that the function doesn't take.
    """

    name = "ts-set-types"

    types: str
    entry: str | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        wanted = _parse_types(ctx, self.types)
        function = find_function(op, self.entry) if self.entry is not None else _only_function(op, len(wanted))
        if any(callee_name(c) == function.sym_name.data for c in walk(op) if isinstance(c, CallOp)):
            raise PassError(f"@{function.sym_name.data} is called in the module: its signature can't change")
        arguments = function.body.block.args
        first = _first_own_argument(function)
        if len(arguments) - first != len(wanted):
            raise PassError(
                f"@{function.sym_name.data} takes {len(arguments) - first} arguments, {len(wanted)} types are given",
                hint="give the types of all arguments, without the object's",
            )
        forms: list[Form] = []
        for argument, given in zip(arguments[first:], wanted, strict=True):
            form = _form(given, argument.type)
            if form is None:
                name = argument.name_hint or f"argument {argument.index}"
                raise PassError(
                    f"@{function.sym_name.data}: '{name}' is declared {argument.type}, which {given} doesn't fit"
                )
            forms.append(form)
        set_argument_types(function, first, [leaf.type for leaf in spread_arguments(function, first, forms)])


@dataclass(frozen=True)
class _Given:
    """A type as it is written; a list or dict by what is in it."""

    parts: tuple[_Given | Attribute, ...]
    keys: tuple[str, ...] | None

    def __str__(self) -> str:
        if self.keys is None:
            return f"[{', '.join(map(str, self.parts))}]"
        items = [f'"{k}" = {p}' for k, p in zip(self.keys, self.parts, strict=True)]
        return f"{{{', '.join(items)}}}"


def _form(given: _Given | Attribute, declared: Attribute) -> Form | None:
    """What an argument of the declared type is by what is written for it; None where that doesn't fit."""
    if not isinstance(given, _Given):
        kind = _as_reference(given, declared)
        return Leaf(kind) if declared == kind or accepts(declared, kind) else None
    if isinstance(declared, OptionalType):
        declared = declared.element
    if given.keys is None and isinstance(declared, ListType):
        element = declared.element
    elif given.keys is not None and isinstance(declared, DictType) and isinstance(declared.key, StrType):
        element = declared.value
    else:
        return None
    parts = [_form(p, element) for p in given.parts]
    known = tuple(p for p in parts if p is not None)
    return Container(declared, known, given.keys) if len(known) == len(parts) else None


def _parse_type(parser: Parser) -> _Given | Attribute:
    if parser.parse_optional_punctuation("[") is not None:
        parts = [_parse_type(parser)]
        while parser.parse_optional_punctuation(",") is not None:
            parts.append(_parse_type(parser))
        parser.parse_punctuation("]")
        return _Given(tuple(parts), None)
    if parser.parse_optional_punctuation("{") is not None:
        items = [_parse_item(parser)]
        while parser.parse_optional_punctuation(",") is not None:
            items.append(_parse_item(parser))
        parser.parse_punctuation("}")
        return _Given(tuple(kind for _, kind in items), tuple(key for key, _ in items))
    return parser.parse_type()


def _parse_item(parser: Parser) -> tuple[str, _Given | Attribute]:
    key = parser.parse_str_literal()
    parser.parse_punctuation("=")
    return key, _parse_type(parser)


def _parse_types(ctx: Context, text: str) -> list[_Given | Attribute]:
    if not text.strip():
        return []
    parser = Parser(ctx, text, "types")
    try:
        types = [_parse_type(parser)]
        while parser.parse_optional_punctuation(",") is not None:
            types.append(_parse_type(parser))
        if parser._current_token.text:
            parser.raise_error("expected ','")
    except ParseError as error:
        raise PassError(
            f"the types {text!r} can't be read: {error.msg.strip()}", hint='for example types="tensor<1x10xf32>,i64"'
        ) from error
    return types


def _only_function(module: ModuleOp, count: int) -> FuncOp:
    public = [f for f in functions(module) if is_public(f)]
    fitting = [f for f in public if len(f.body.block.args) - _first_own_argument(f) == count]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join("@" + f.sym_name.data for f in public) or "none"
    raise PassError(
        f"{'no' if not fitting else 'more than one'} public function takes {count} arguments",
        hint=f"name the function by 'entry'; the public ones are {known}",
    )


def _first_own_argument(function: FuncOp) -> int:
    """Where a function's own arguments start: behind the object of a method, whatever that one is called."""
    arguments = function.body.block.args
    if not arguments or not isinstance(arguments[0].type, ClassType):
        return 0
    module = function.parent_op()
    is_method = isinstance(module, ModuleOp) and function.sym_name.data in methods(module).values()
    return 1 if is_method or arguments[0].name_hint == "self" else 0


def _as_reference(given: Attribute, declared: Attribute) -> Attribute:
    """A builtin tensor type as the `!ts.tensor` that an argument of that declared type takes."""
    if isinstance(given, BuiltinTensorType) and not isinstance(declared, BuiltinTensorType):
        if dtype_of(given.element_type) is None:
            raise PassError(f"{given.element_type} is no tensor's dtype", hint="for example f32, i64 or i1")
        return TensorType(given.element_type, tuple(None if d < 0 else d for d in given.get_shape()))
    return given


def set_argument_types(function: FuncOp, first: int, types: Sequence[Attribute]) -> None:
    """Gives a function's arguments from `first` on more precise types, with casts back where an operation wants the old ones."""
    block = function.body.block
    for argument, kind in zip(block.args[first : first + len(types)], types, strict=True):
        if argument.type != kind:
            old = argument.type
            argument._type = kind
            strict = [u for u in argument.uses if u.operation.dialect_name() in STRICT_DIALECTS]
            if strict:
                cast = CastOp(argument, old)
                cast.location = function.location
                assert block.first_op is not None
                block.insert_op_before(cast, block.first_op)
                for use in strict:
                    use.operation.operands[use.index] = cast.result
    _update_type(function)


def _update_type(function: FuncOp) -> None:
    function.properties["function_type"] = type(function.function_type).from_lists(
        [a.type for a in function.body.block.args], function.function_type.outputs.data
    )


@dataclass(frozen=True)
class DropSelfPass(ModulePass):
    """Removes a method's object argument when everything that was read of it became constants and weights.

        func.func @M.forward(%self : !ts.class<@M>, %x : !ts.tensor)    ->    func.func @M.forward(%x : !ts.tensor)

    Run it after `ts-freeze` and `ts-dce`. A function that is called in the module, also as a method by its name, keeps its
    signature. The others aren't methods of a class any more.
    """

    name = "ts-drop-self"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        called = {callee_name(c) for c in walk(op) if isinstance(c, CallOp)}
        by_name = {c.method_name.data for c in walk(op) if isinstance(c, CallMethodOp)}
        methods = [m for m in walk(op) if isinstance(m, MethodOp)]
        called |= {m.callee.string_value() for m in methods if m.method_name.data in by_name}
        dropped: set[str] = set()
        for function in functions(op):
            if function.sym_name.data not in called and _first_own_argument(function) and drop_object(function):
                dropped.add(function.sym_name.data)
        for method in methods:
            if method.callee.string_value() in dropped:
                method.detach()
                method.erase()


WITHOUT_SELF = "ts.without_self"
"""The attribute of a function whose object was dropped although its first argument is an object: another one."""


def drop_object(function: FuncOp) -> bool:
    """Removes the function's first argument, the object, when nothing uses it any more; whether it did."""
    block = function.body.block
    if block.args[0].first_use is None:
        block.erase_arg(block.args[0])
        if function.arg_attrs is not None:
            function.properties["arg_attrs"] = ArrayAttr(function.arg_attrs.data[1:])
        _update_type(function)
        if block.args and isinstance(block.args[0].type, ClassType):
            function.attributes[WITHOUT_SELF] = UnitAttr()
        return True
    return False


@dataclass(frozen=True)
class SymbolDcePass(ModulePass):
    """Removes functions, classes and methods that no public function needs.

        func.func @f(%x : i64) -> i64 { ... }              func.func @f(%x : i64) -> i64 { ... }
        func.func private @unused(%x : i64) { ... }    ->
        ts.class "module" @Unused { ... }

    A method that is called by name stays in every class that has it. A module without any public function stays as it is.
    """

    name = "ts-symbol-dce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        public = [f.sym_name.data for f in functions(op) if is_public(f)]
        if public:
            drop_unused(op, public)
