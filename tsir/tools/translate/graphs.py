"""A module as graphs: a node for each operation, an edge for each use of a value, a graph in a node for each of its regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.traits import ConstantLike

from tsir.dialects.context import TsPrinter
from tsir.dialects.traversal import walk

_LONGEST = 42
"""How long a line of a label may be."""


@dataclass(eq=False)
class Node:
    """An operation, or the arguments of a block. `lines` is its label."""

    lines: list[str]
    inner: list[Graph] = field(default_factory=list["Graph"])
    is_argument: bool = False


@dataclass(eq=False)
class Graph:
    """A block's nodes, and edges between them by their places, each with what flows there."""

    title: str
    nodes: list[Node] = field(default_factory=list[Node])
    edges: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])


def graphs(module: ModuleOp) -> list[Graph]:
    """A graph for each function that has a body. Constants are in the labels of what uses them."""
    found: list[Graph] = []
    for op in module.body.block.ops:
        if isinstance(op, FuncOp) and op.body.blocks:
            found += _of_region(op, 0, f"@{op.sym_name.data}")
    return found


def _of_region(op: Operation, index: int, title: str) -> list[Graph]:
    blocks = list(op.regions[index].blocks)
    return [_of_block(b, title if len(blocks) == 1 else f"{title} ^bb{i}") for i, b in enumerate(blocks)]


def _of_block(block: Block, title: str) -> Graph:
    graph = Graph(title)
    places: dict[object, int] = {}
    for argument in block.args:
        places[argument] = len(graph.nodes)
        hint = f"%{argument.name_hint}" if argument.name_hint else f"argument {argument.index}"
        graph.nodes.append(Node([_short(hint), _short(_text(argument.type))], is_argument=True))
    for op in block.ops:
        if _is_constant(op):
            continue
        places[op] = len(graph.nodes)
        graph.nodes.append(_node(op))
        seen: set[object] = set()
        for value in _uses(op):
            source: object = value if isinstance(value, BlockArgument) else value.owner
            if source in places and (source, value) not in seen and source is not op:
                seen.add((source, value))
                graph.edges.append((places[source], places[op], _short(_text(value.type))))
    return graph


def _uses(op: Operation) -> Iterator[SSAValue]:
    """What an operation and those in its regions use."""
    for inner in walk(op):
        yield from inner.operands


def _node(op: Operation) -> Node:
    constants = [_text_of_constant(o) for o in op.operands if isinstance(o, OpResult) and _is_constant(o.op)]
    lines = [_short(op.name)]
    name = op.properties.get("sym_name") or op.properties.get("callee") or op.properties.get("attr_name")
    if name is not None:
        lines.append(_short(_text(name)))
    if constants:
        lines.append(_short(", ".join(constants)))
    if op.results:
        lines.append(_short(", ".join(_text(r.type) for r in op.results)))
    inner = [g for i in range(len(op.regions)) for g in _of_region(op, i, "" if len(op.regions) == 1 else f"region {i}")]
    return Node(lines, [g for g in inner if g.nodes])


def _is_constant(op: Operation) -> bool:
    return (op.has_trait(ConstantLike) or op.name == "ts.constant") and len(op.results) == 1


def _text_of_constant(value: SSAValue) -> str:
    op = value.owner
    assert isinstance(op, Operation)
    attribute = op.properties.get("value") or op.attributes.get("value")
    return "constant" if attribute is None else _text(attribute).partition(" : ")[0]


def _text(attribute: Attribute) -> str:
    stream = StringIO()
    TsPrinter(stream, elide_larger=4).print_attribute(attribute)
    return stream.getvalue()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
