"""What the random programs of `mutation_programs` call and hold: functions and methods that change their arguments, a class, a module."""

import torch
from torch import Tensor


def bump(t: Tensor, by: float) -> Tensor:
    t.add_(by)
    return t


def halved_row(t: Tensor) -> Tensor:
    row = t[0]
    row *= 0.5
    return row


def push(l: list[Tensor], t: Tensor) -> None:
    l.append(t)
    l[0] = t


def rotated(l: list[Tensor]) -> list[Tensor]:
    if len(l) > 2:
        l.append(l.pop(0))
        return l
    return [t for t in l]


def clear_first(d: dict[str, Tensor]) -> Tensor:
    t = d["a"]
    t.zero_()
    return t


def early(t: Tensor, n: int) -> Tensor:
    for i in range(3):
        if i == n:
            return t
        t[0] += 1
    t.mul_(2)
    return t.view(-1)


def either(a: Tensor, b: Tensor, n: int) -> Tensor:
    return a if n > 1 else b


class Box:
    def __init__(self, t: Tensor, l: list[Tensor]):
        self.t = t
        self.l = l
        self.n = 0

    def grow(self, by: Tensor) -> Tensor:
        self.t += by
        self.l.append(by)
        self.n += 1
        return self.t

    def swap(self, t: Tensor) -> Tensor:
        old = self.t
        self.t = t
        return old

    def row(self, i: int) -> Tensor:
        return self.t[i]


class Base(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("b", torch.arange(9.0).reshape(3, 3))
        self.register_buffer("c", torch.ones(3, 3))
        self.s: list[Tensor] = [torch.zeros(3, 3)]
        self.m: dict[str, Tensor] = {"a": torch.ones(3, 3)}
        self.count = 0

    def step(self, t: Tensor) -> Tensor:
        self.b.add_(t)
        self.count += 1
        return self.b

    def keep(self, t: Tensor) -> list[Tensor]:
        self.s.append(t)
        return self.s

    def exchange(self, t: Tensor) -> Tensor:
        old = self.c
        self.c = t
        return old
