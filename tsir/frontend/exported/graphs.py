"""An exported program as plain data: what both readers (torch's serialised JSON, and FX graphs in memory) give to the emitter.

Nothing here needs torch or xDSL. Tensors are arrays, dtypes and devices are tsir's, sizes are ints or expressions over symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tsir.dialects.pytrees import Tree
from tsir.errors import SourceLocation

Kind = Literal["tensor", "int", "float", "bool", "number", "none", "str", "object"]


@dataclass(frozen=True)
class Ref:
    """The value of this name."""

    name: str


@dataclass(frozen=True)
class Result:
    """A result of a node: its name, and of what kind it is; nobody uses it where the name is empty."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class OperatorRef:
    """An operator as an argument of a higher-order one: `aten.add.Tensor`."""

    target: str
    function: Callable[..., Any] | None = None
    schema: str | None = None


@dataclass(frozen=True)
class Subgraph:
    """A graph as an argument of a higher-order operator."""

    graph: Graph


@dataclass(frozen=True)
class Attribute:
    """A tensor or object that the program has, by its path."""

    path: str


@dataclass
class Node:
    """A call. `target` is `aten.add.Tensor`, `higher_order.cond`, or a Python function such as `_operator.mul`.

    Arguments are `Ref`s, `Attribute`s, `Subgraph`s, `OperatorRef`s, constants of the program's, and lists, tuples and dicts of these.
    """

    target: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    results: tuple[Result, ...]
    is_list: bool = False
    """Whether the results are the items of one list."""
    place: tuple[SourceLocation, ...] = ()
    """Where the call stands, innermost first."""
    function: Callable[..., Any] | None = None
    """torch's own operator, where the program was read from memory."""
    schema: str | None = None
    """The schema of that operator, for one that isn't torch's."""


@dataclass
class Graph:
    """A function: its parameters, its nodes in order, and what it gives."""

    inputs: list[Result]
    nodes: list[Node]
    outputs: list[Any]


Size = int | str
"""A size, or an expression over symbols as sympy prints it."""


@dataclass
class Input:
    """What a parameter of the main graph is.

    `user`: an argument of the call; `sizes` are those of a tensor, `constant` the value that a number or text must have, in a tuple.
    `state`: the tensor at `path`. `token`: nothing.
    """

    role: Literal["user", "state", "token"]
    path: str = ""
    sizes: tuple[Size, ...] | None = None
    constant: tuple[Any] | None = None
    symbol: str | None = None
    """The expression that an int is."""


@dataclass
class Output:
    """What a result of the main graph is: the user's, or the new contents of a state tensor or a user's input (by `path`)."""

    role: Literal["user", "state", "input", "token"]
    path: str = ""


@dataclass
class State:
    """A parameter, buffer or constant: an array, or None for a custom object, whose class `refused` names."""

    array: Any
    role: Literal["parameter", "buffer", "constant"]
    refused: str = ""


@dataclass
class Exported:
    """An exported program."""

    name: str
    graph: Graph
    inputs: list[Input]
    outputs: list[Output]
    states: dict[str, State]
    in_tree: Tree | None
    out_tree: Tree | None
    names: Sequence[str] | None
    """The names of the parameters of `forward`, keywords last."""
    guards: Sequence[str] = ()
    """Conditions on the inputs, as Python over `L['x'].size()[0]`."""
    ranges: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict[str, "tuple[int | None, int | None]"])
    """The least and the greatest value of expressions."""
    classes: Mapping[str, str] = field(default_factory=dict[str, str])
    """The class of the module at each path."""
    sources: dict[int, Any] = field(default_factory=dict[int, Any])
    """The torch tensor behind each array, by `id(array)`."""
    check: Callable[[], None] | None = None
    """Compares the tensors of a file with their checksums, before they are used for the first time."""


__all__ = [
    "Attribute", "Exported", "Graph", "Input", "Kind", "Node", "OperatorRef", "Output", "Ref", "Result", "Size", "State", "Subgraph",
]  # fmt: skip
