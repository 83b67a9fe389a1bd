"""The programs of the golden archives, small ones that use what an archive can hold; and what they give.

    python -m tests.archive.programs FOLDER PREFIX

writes an archive of each into a folder, by the tsir that is imported: run it with the code of a version to make that version's golden
files. An archive is made once; it is never made anew when the code changes, for users have such files.
"""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch
import torch.nn as nn
from torch import Tensor

import tsir


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Pair(NamedTuple):
    x: Tensor
    n: int


class Network(nn.Module):
    """Layers, buffers of several dtypes, a second method."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.out = nn.Linear(8, 3)
        self.register_buffer("offsets", torch.arange(3))
        self.register_buffer("halves", torch.tensor([0.5, 1.5, 2.5], dtype=torch.bfloat16))
        self.register_buffer("mask", torch.tensor([True, False, True]))

    def forward(self, x: Tensor, scale: float = 2.0) -> Tensor:
        y = torch.relu(self.norm(self.conv(x))).flatten(1)
        y = self.out(y) * scale + self.offsets
        return torch.where(self.mask, y, self.halves.float())

    @torch.jit.export
    def shapes(self, x: Tensor) -> List[int]:
        """The sizes of a tensor."""
        return list(x.shape)


class Stateful(nn.Module):
    """Attributes of many types, which calls change."""

    calls: int
    history: List[float]
    names: Dict[str, List[int]]

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.history = []
        self.names = {"a": [1, 2], "b": []}
        self.point: Tuple[int, str, Optional[float]] = (1, "text é", None)
        self.color = Color.BLUE
        self.register_buffer("total", torch.zeros(2, dtype=torch.float64))

    def forward(self, x: Tensor, color: Color = Color.RED) -> Tuple[Tensor, int]:
        self.calls += 1
        self.history.append(float(x.sum()))
        self.total += x
        self.names["b"].append(self.calls)
        if color == self.color:
            raise ValueError("the color is " + self.point[1])
        return self.total * len(self.history), self.calls + sum(self.names["b"])


class Tied(nn.Module):
    """One weight of two layers, and one module under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.head = nn.Linear(4, 5, bias=False)
        self.head.weight = self.embedding.weight
        self.again = self.embedding

    def forward(self, tokens: Tensor) -> Pair:
        y = self.head(self.embedding(tokens)) + self.again(tokens).sum()
        return Pair(y, int(tokens.numel()))


class Shared(nn.Module):
    """Buffers over one memory, and one list under two names: what version 1 couldn't say."""

    first: List[int]
    second: List[int]

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("base", torch.arange(6.0).reshape(2, 3))
        self.register_buffer("column", self.base.t()[1])
        self.first = [1]
        self.second = self.first

    def forward(self, x: Tensor) -> Tuple[Tensor, int]:
        self.base.add_(x)
        self.first.append(len(self.second))
        return self.column.clone(), sum(self.second)


def control(words: List[str], limit: int = 3) -> str:
    """Loops, strings, exceptions."""
    text = ""
    for i, word in enumerate(words):
        if i == limit:
            break
        try:
            text += word.upper() + str(int(word)) + ","
        except ValueError:
            text += f"<{word}>"
    while len(text) % 4:
        text += "."
    return text


def inputs() -> dict[str, list[tuple[Any, ...]]]:
    """The calls whose results are compared, by program."""
    x = torch.linspace(-1, 1, 32).reshape(2, 1, 4, 4)
    return {
        "network": [(x,), (x[:1], 0.5)],
        "stateful": [(torch.tensor([1.0, 2.0], dtype=torch.float64),), (torch.tensor([0.5, 0.25], dtype=torch.float64),)],
        "tied": [(torch.tensor([[0, 4], [2, 2]]),)],
        "control": [(["a", "12", "x", "y"],), (["7"], 1)],
        "shared": [(torch.ones(3),), (torch.tensor(0.5),)],
        "traced": [(torch.linspace(0, 1, 6).reshape(2, 3),), (torch.ones(4, 3),)],
    }


def programs() -> dict[str, Any]:
    """The programs as Python has them."""
    torch.manual_seed(0)
    return {
        "network": Network().eval(),
        "stateful": Stateful(),
        "tied": Tied().eval(),
        "control": control,
        "shared": Shared(),
        "traced": nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).eval(),
    }


def compiled() -> dict[str, Any]:
    """The programs, compiled."""
    made = {name: tsir.script(found) for name, found in programs().items() if name != "traced"}
    return {**made, "traced": tsir.trace(programs()["traced"], torch.ones(2, 3))}


def main() -> None:
    """Writes the archives."""
    folder, prefix = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in compiled().items():
        found.save(str(folder / f"{prefix}-{name}.pt"), {"note.txt": "a note"})


if __name__ == "__main__":
    main()
