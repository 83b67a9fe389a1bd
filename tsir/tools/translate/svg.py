"""Graphs as SVG, laid out here in layers: an operation stands below what it uses. No other program is needed.

A node's layer is the longest way to it; in a layer nodes are ordered by where what they use stands (barycentres, several sweeps
down and up). An edge over several layers gets a place in each, so that it goes around the nodes there. An operation with regions is
a box around their graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.tools.translate.graphs import Graph, Node

_CHARACTER, _LINE, _PAD = 6.6, 14.0, 6.0
_GAP_X, _GAP_Y = 18.0, 30.0
_SWEEPS = 6


@dataclass(eq=False)
class _Box:
    """A node with its size and place, and the drawings in it."""

    node: Node
    inner: list[_Drawing]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(eq=False)
class _Drawing:
    """A graph with the sizes and places of its nodes."""

    graph: Graph
    boxes: list[_Box]
    """Those of the nodes, then the places of edges in the layers between."""
    ways: list[list[int]] = field(default_factory=list[list[int]])
    """The boxes that each edge goes through, from its source to its target."""
    width: float = 0.0
    height: float = 0.0


def to_svg(graphs: Sequence[Graph]) -> str:
    """The SVG text, with one graph below the other."""
    drawings = call_with_deep_stack(lambda: [_laid_out(g) for g in graphs])
    width = max((d.width for d in drawings), default=0.0) + 2 * _PAD
    parts: list[str] = []
    y = _PAD
    for drawing in drawings:
        call_with_deep_stack(lambda drawing=drawing, y=y: _draw(drawing, _PAD, y, parts))
        y += drawing.height + _GAP_Y
    style = (
        "text{font:11px monospace;fill:#222}.t{font-weight:bold}.e{fill:none;stroke:#888}"
        ".g{fill:#fafafa;stroke:#bbb}.n{fill:#eef4ff;stroke:#557}.a{fill:#efe;stroke:#575}"
    )
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0L8,4L0,8z" fill="#888"/></marker></defs>'
    )
    size = f'width="{width:.0f}" height="{y:.0f}" viewBox="0 0 {width:.0f} {y:.0f}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{style}</style>\n{arrow}\n{body}\n</svg>\n'


def _laid_out(graph: Graph) -> _Drawing:
    drawing = _Drawing(graph, [_box(n) for n in graph.nodes])
    layers = _layers(graph)
    _add_ways(drawing, layers)
    layers = _ordered(layers, [pair for way in drawing.ways for pair in pairwise(way)])
    y = _LINE + 2 * _PAD if graph.title else _PAD
    widths = [sum(drawing.boxes[i].width + _GAP_X for i in layer) - _GAP_X for layer in layers]
    drawing.width = max([*widths, len(graph.title) * _CHARACTER]) + 2 * _PAD
    for layer, width in zip(layers, widths, strict=True):
        height = max(drawing.boxes[i].height for i in layer)
        x = (drawing.width - width) / 2
        for i in layer:
            box = drawing.boxes[i]
            box.x, box.y = x, y
            if i >= len(graph.nodes):
                box.height = height
            x += box.width + _GAP_X
        y += height + _GAP_Y
    drawing.height = y - _GAP_Y + _PAD
    return drawing


def _add_ways(drawing: _Drawing, layers: list[list[int]]) -> None:
    """Gives each edge a place in every layer that it goes through."""
    depth = {i: d for d, layer in enumerate(layers) for i in layer}
    for source, target, _ in drawing.graph.edges:
        way = [source]
        for d in range(depth[source] + 1, depth[target]):
            way.append(len(drawing.boxes))
            layers[d].append(len(drawing.boxes))
            drawing.boxes.append(_Box(Node([]), [], 2.0, 0.0))
        drawing.ways.append([*way, target])


def _box(node: Node) -> _Box:
    inner = [_laid_out(g) for g in node.inner]
    width = max(len(line) for line in node.lines) * _CHARACTER + 2 * _PAD
    height = len(node.lines) * _LINE + _PAD
    if inner:
        width = max(width, sum(d.width + _PAD for d in inner) + _PAD)
        height += max(d.height for d in inner) + _PAD
    return _Box(node, inner, width, height)


def _layers(graph: Graph) -> list[list[int]]:
    """The nodes by the longest way to them. Edges lead forward, as values are defined before their uses."""
    depth = [0] * len(graph.nodes)
    for source, target, _ in sorted(graph.edges, key=lambda e: e[1]):
        depth[target] = max(depth[target], depth[source] + 1)
    layers: list[list[int]] = [[] for _ in range(max(depth, default=-1) + 1)]
    for i, d in enumerate(depth):
        layers[d].append(i)
    return layers


def _ordered(layers: list[list[int]], edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for source, target in edges:
        above.setdefault(target, []).append(source)
        below.setdefault(source, []).append(target)
    at = {i: k / max(1, len(layer)) for layer in layers for k, i in enumerate(layer)}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            near = above if down else below
            centre = {i: sum(at[j] for j in near[i]) / len(near[i]) if i in near else at[i] for i in layer}
            layer.sort(key=centre.__getitem__)
            at.update({i: k / max(1, len(layer)) for k, i in enumerate(layer)})
    return layers


def _draw(drawing: _Drawing, x: float, y: float, parts: list[str]) -> None:
    graph = drawing.graph
    parts.append(
        f'<rect class="g" x="{x:.1f}" y="{y:.1f}" width="{drawing.width:.1f}" height="{drawing.height:.1f}" rx="6"/>'
    )
    if graph.title:
        parts.append(f'<text class="t" x="{x + _PAD:.1f}" y="{y + _LINE:.1f}">{escape(graph.title)}</text>')
    for (_, _, label), way in zip(graph.edges, drawing.ways, strict=True):
        path = _path([drawing.boxes[i] for i in way], x, y)
        parts.append(f'<path class="e" d="{path}" marker-end="url(#arrow)"><title>{escape(label)}</title></path>')
    for box in drawing.boxes[: len(graph.nodes)]:
        left, top = x + box.x, y + box.y
        kind = "a" if box.node.is_argument else "n"
        parts.append(
            f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="4"/>'
        )
        for i, line in enumerate(box.node.lines):
            parts.append(f'<text x="{left + _PAD:.1f}" y="{top + (i + 1) * _LINE - 2:.1f}">{escape(line)}</text>')
        across, down = left + _PAD, top + len(box.node.lines) * _LINE + _PAD
        for inner in box.inner:
            _draw(inner, across, down, parts)
            across += inner.width + _PAD


def _path(boxes: Sequence[_Box], x: float, y: float) -> str:
    """The way from the bottom of the first box, straight through those between, to the top of the last."""
    first = boxes[0]
    at = x + first.x + first.width / 2, y + first.y + first.height
    path = f"M{at[0]:.1f},{at[1]:.1f}"
    for box in boxes[1:]:
        to = x + box.x + box.width / 2, y + box.y
        middle = (at[1] + to[1]) / 2
        path += f"C{at[0]:.1f},{middle:.1f} {to[0]:.1f},{middle:.1f} {to[0]:.1f},{to[1]:.1f}"
        at = to
        if box is not boxes[-1]:
            at = to[0], to[1] + box.height
            path += f"V{at[1]:.1f}"
    return path
