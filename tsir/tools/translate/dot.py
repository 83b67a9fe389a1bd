"""Graphs as Graphviz's text: `dot -Tsvg` draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tsir.tools.translate.graphs import Graph


def to_dot(graphs: Sequence[Graph]) -> str:
    """The text of one directed graph with a cluster for each function, and one for each operation with regions."""
    writer = _Writer()
    lines = ["digraph program {", '  node [shape=box, style=rounded, fontname="monospace", fontsize=10];']
    lines += ['  edge [fontname="monospace", fontsize=8];', "  compound=true;"]
    for graph in graphs:
        lines += writer.cluster(graph, "  ")
    return "\n".join([*lines, "}"]) + "\n"


class _Writer:
    def __init__(self) -> None:
        self._nodes = self._clusters = 0

    def cluster(self, graph: Graph, indent: str) -> Iterator[str]:
        self._clusters += 1
        yield f"{indent}subgraph cluster_{self._clusters} {{"
        yield f"{indent}  label={_quoted(graph.title)};"
        names: list[str] = []
        for node in graph.nodes:
            self._nodes += 1
            name = f"n{self._nodes}"
            names.append(name)
            shape = ", shape=ellipse" if node.is_argument else ""
            own = f"{name} [label={_quoted(chr(10).join(node.lines))}{shape}];"
            if not node.inner:
                yield f"{indent}  {own}"
                continue
            self._clusters += 1
            yield f"{indent}  subgraph cluster_{self._clusters} {{"
            yield f"{indent}    {own}"
            for inner in node.inner:
                yield from self.cluster(inner, f"{indent}    ")
            yield f"{indent}  }}"
        for source, target, label in graph.edges:
            yield f"{indent}  {names[source]} -> {names[target]} [label={_quoted(label)}];"
        yield f"{indent}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
