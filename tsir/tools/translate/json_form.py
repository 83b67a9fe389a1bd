"""IR as JSON and back, without loss.

    {"tsir": 1, "operations": [OPERATION]}
    OPERATION = {"name", "operands": [NUMBER], "results": [VALUE], "properties", "attributes", "successors": [NUMBER],
                 "regions": [[BLOCK]], "location"}
    BLOCK = {"id": NUMBER, "hint", "arguments": [VALUE], "operations": [OPERATION]}
    VALUE = {"id": NUMBER, "type", "hint", "location"}

Values and blocks are numbered in the order of the text. Types, attributes and locations are MLIR's text. What is empty is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import LocationAttr, ModuleOp, UnknownLoc, UnregisteredOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError, VerifyException

from tsir.dialects.context import TsPrinter
from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.dialects.verify import verify_module
from tsir.errors import IRError

VERSION = 1


def to_json(module: ModuleOp) -> str:
    """The JSON text of a module."""
    writer = _Writer()
    form = {"tsir": VERSION, "operations": call_with_deep_stack(lambda: [writer.operation(module)])}
    return json.dumps(form, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str, context: Context, name: str) -> ModuleOp:
    """The module of a JSON text, verified. Raises IRError for a text that has none."""
    try:
        form = json.loads(text)
        if form.get("tsir") != VERSION:
            raise IRError(f'{name}: expected "tsir": {VERSION}, found {form.get("tsir")!r}')
        reader = _Reader(context)
        [module] = call_with_deep_stack(lambda: [reader.operation(o) for o in form["operations"]])
        reader.connect()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise IRError(f"{name}: it isn't IR in JSON: {type(error).__name__}: {error}") from error
    except VerifyException as error:
        raise IRError(f"{name}: {error}") from error
    except ParseError as error:
        raise IRError(f"{name}: {error.msg}: {error.span.text!r}") from error
    if not isinstance(module, ModuleOp):
        raise IRError(f"{name}: expected a builtin.module, found {module.name}")
    verify_module(module)
    return module


class _Writer:
    def __init__(self) -> None:
        self._values: dict[SSAValue, int] = {}
        self._blocks: dict[Block, int] = {}
        self._texts: dict[Attribute, str] = {}

    def operation(self, op: Operation) -> dict[str, Any]:
        unregistered = isinstance(op, UnregisteredOp)
        attributes = {k: v for k, v in op.attributes.items() if not (unregistered and k == "op_name__")}
        form: dict[str, Any] = {
            "name": op.op_name.data if unregistered else op.name,
            "operands": [self._value(o) for o in op.operands],
            "results": [self._described(r) for r in op.results],
            "properties": {k: self._text(v) for k, v in op.properties.items()},
            "attributes": {k: self._text(v) for k, v in attributes.items()},
            "successors": [self._block(b) for b in op.successors],
            "regions": [[self._written(b) for b in region.blocks] for region in op.regions],
            "location": None if isinstance(op.location, UnknownLoc) else self._text(op.location),
        }
        return {k: v for k, v in form.items() if v not in (None, [], {})}

    def _written(self, block: Block) -> dict[str, Any]:
        form: dict[str, Any] = {
            "id": self._block(block),
            "hint": block.name_hint,
            "arguments": [self._described(a) for a in block.args],
            "operations": [self.operation(op) for op in block.ops],
        }
        return {k: v for k, v in form.items() if v is not None}

    def _described(self, value: SSAValue) -> dict[str, Any]:
        form: dict[str, Any] = {"id": self._value(value), "type": self._text(value.type)}
        if value.name_hint:
            form["hint"] = value.name_hint
        if isinstance(value, BlockArgument) and not isinstance(value.location, UnknownLoc):
            form["location"] = self._text(value.location)
        return form

    def _value(self, value: SSAValue) -> int:
        return self._values.setdefault(value, len(self._values))

    def _block(self, block: Block) -> int:
        return self._blocks.setdefault(block, len(self._blocks))

    def _text(self, attribute: Attribute) -> str:
        found = self._texts.get(attribute)
        if found is None:
            stream = StringIO()
            TsPrinter(stream).print_attribute(attribute)
            found = self._texts[attribute] = stream.getvalue()
        return found


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._values: dict[int, SSAValue] = {}
        self._blocks: dict[int, Block] = {}
        self._attributes: dict[str, Attribute] = {}
        self._uses: list[tuple[Operation, list[int], list[int]]] = []

    def operation(self, form: Mapping[str, Any]) -> Operation:
        name = form["name"]
        kind = self._context.get_optional_op(name)
        if kind is None:
            raise IRError(f"operation {name} is not registered")
        results = form.get("results", [])
        op = kind.create(
            result_types=[self._attribute(r["type"]) for r in results],
            properties={k: self._attribute(v) for k, v in form.get("properties", {}).items()},
            attributes={k: self._attribute(v) for k, v in form.get("attributes", {}).items()},
            regions=[Region([self._read(b) for b in blocks]) for blocks in form.get("regions", [])],
        )
        for result, described in zip(op.results, results, strict=True):
            self._name(result, described)
        if (location := self._location(form)) is not None:
            op.location = location
        # Operands and successors may come later in the text.
        self._uses.append((op, form.get("operands", []), form.get("successors", [])))
        return op

    def connect(self) -> None:
        """Gives all operations their operands and successors. Raises KeyError for what isn't there."""
        for op, operands, successors in self._uses:
            op.operands = [self._values[v] for v in operands]
            op.successors = [self._blocks[b] for b in successors]

    def _read(self, form: Mapping[str, Any]) -> Block:
        described = form.get("arguments", [])
        block = Block(arg_types=[self._attribute(a["type"]) for a in described])
        self._blocks[form["id"]] = block
        block.name_hint = form.get("hint")
        for argument, own in zip(block.args, described, strict=True):
            self._name(argument, own)
            if (location := self._location(own)) is not None:
                argument.location = location
        for inner in form["operations"]:
            block.add_op(self.operation(inner))
        return block

    def _name(self, value: SSAValue, form: Mapping[str, Any]) -> None:
        self._values[form["id"]] = value
        value.name_hint = form.get("hint")

    def _location(self, form: Mapping[str, Any]) -> LocationAttr | None:
        if "location" not in form:
            return None
        return Parser(self._context, form["location"]).parse_optional_location()

    def _attribute(self, text: str) -> Attribute:
        found = self._attributes.get(text)
        if found is None:
            found = self._attributes[text] = Parser(self._context, text).parse_attribute()
        return found
