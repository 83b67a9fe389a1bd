"""The text of `.code`: the user's names, expressions and jumps; and what keeps statements where they are."""

import ast
import textwrap
from collections.abc import Callable
from typing import Any, Dict, List, Optional

import pytest
import torch
from torch import Tensor

import tsir
from tsir.lowering.to_python.simplify import simplified


def leaves_loops(x: Tensor, n: int) -> Tensor:
    y = x * 2
    for i in range(n):
        if i == 3:
            break
        if i == 1:
            continue
        y = y + i
    while y.sum() < 100:
        y = y * 2
    return y - x


def returns_early(xs: List[int]) -> Optional[int]:
    total = 0
    for i, v in enumerate(xs):
        if v < 0:
            return None
        total += v * i
    return total


def handles(d: Dict[str, int], key: str, n: int) -> int:
    try:
        n = n - 1
        try:
            n = d[key] // n
        except KeyError:
            n += 10
    except ZeroDivisionError:
        return -1
    return n


def cleans_up(d: Dict[str, int], key: str) -> int:
    out = 0
    try:
        out = d[key] * 2
    except KeyError:
        out = -1
    finally:
        d["calls"] = d.get("calls", 0) + 1
    return out


def translates(n: int) -> int:
    try:
        n = 10 // n
    except ZeroDivisionError as e:
        raise ValueError(f"n={n}") from e
    return n


def indexes(x: Tensor, i: int, name: str) -> str:
    y = x[i, 1:] @ x[..., -1]
    return f"{name}: {float(y):.2f}" if y > 0 else name


def takes_items(x: Tensor, mask: Tensor, d: Dict[str, Tensor]) -> Tensor:
    x[mask] = 2.5
    x[:, x[0] > 0] = x[mask][0]
    x[0] = d["a"] * 2
    x[1:] = 0
    d["a"].copy_(x, True)
    y = x[1]
    y.fill_(x[~mask].sum().item())
    return y


PRINTED: dict[Callable[..., Any], str] = {
    leaves_loops: """
        def leaves_loops(x: Tensor, n: int) -> Tensor:
          y = x * 2
          for i in range(n):
            if i == 3:
              break
            if not i == 1:
              y = y + i
          while torch.sum(y) < 100:
            y = y * 2
          return y - x
        """,
    takes_items: """
        def takes_items(x: Tensor, mask: Tensor, d: Dict[str, Tensor]) -> Tensor:
          x[mask] = 2.5
          x[:, x[0] > 0] = x[mask][0]
          x[0] = d['a'] * 2
          x[1:] = 0
          d['a'][...] = x
          y = x[1]
          y.fill_(torch.sum(x[~mask]).item())
          return y
        """,
    cleans_up: """
        def cleans_up(d: Dict[str, int], key: str) -> int:
          try:
            out = d[key] * 2
          except KeyError:
            out = -1
          finally:
            d['calls'] = d.get('calls', 0) + 1
          return out
        """,
    translates: """
        def translates(n: int) -> int:
          try:
            n = 10 // n
          except ZeroDivisionError as _0:
            raise ValueError(f'n={cast(int, n)}') from _0
          return n
        """,
    indexes: """
        def indexes(x: Tensor, i: int, name: str) -> str:
          y = x[i][1:] @ x[..., -1]
          if y > 0:
            name = f'{name}: {float(y):.2f}'
            return name
          return name
        """,
    returns_early: """
        def returns_early(xs: List[int]) -> Optional[int]:
          total = 0
          for i in range(len(xs)):
            v = xs[i]
            if v < 0:
              return None
            total = total + v * i
          return total
        """,
}


@pytest.mark.parametrize("function", PRINTED, ids=lambda f: f.__name__)
def test_text(function: Callable[..., Any]) -> None:
    code = tsir.script(function).code
    assert code[code.index("def ") :].strip() == textwrap.dedent(PRINTED[function]).strip()


def test_handlers_are_clauses() -> None:
    code = tsir.script(handles).code
    assert "except KeyError:" in code and "except ZeroDivisionError:" in code
    assert "caught" not in code and "List[Any]" not in code


def simple(text: str, *temporary: str) -> str:
    """The simplified text of a function's body."""
    tree = ast.parse("def f(a, b, xs):\n" + textwrap.indent(textwrap.dedent(text), "    "))
    done = simplified(ast.unparse(tree), temporary, {"changed"})
    return textwrap.dedent(done.partition("\n")[2]).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t = g(a)\nu = h(b)\nreturn k(t, u)", "return k(g(a), h(b))"),
        ("t = g(a)\nu = h(b)\nreturn k(u, t)", "t = g(a)\nreturn k(h(b), t)"),
        ("t = xs[0]\nxs.append(1)\nreturn t", "t = xs[0]\nxs.append(1)\nreturn t"),
        ("t = g(a)\nreturn k(a.fixed, t)", "return k(a.fixed, g(a))"),
        ("t = g(a)\nreturn k(a.changed, t)", "t = g(a)\nreturn k(a.changed, t)"),
        ("t = g(a)\nreturn k(*xs, t)", "t = g(a)\nreturn k(*xs, t)"),
        ("t = g(a)\nreturn b and t", "t = g(a)\nreturn b and t"),
        ("t = a\na = g(b)\nreturn k(t, a)", "t = a\na = g(b)\nreturn k(t, a)"),
        ("t = g(a)\nc = 1\nreturn k(t, c)", "c = 1\nreturn k(g(a), c)"),
    ],
)
def test_what_is_nested(text: str, expected: str) -> None:
    assert simple(text, "t", "u").replace("_0", "t").replace("_1", "u") == expected


FLAGS = """
t = False
i = 0
while i < a and not t:
    if xs[i] > b:
        t = True
    else:
        g(i)
        t = False
    i = i + {step}
{behind}
"""


def test_flags_become_jumps() -> None:
    expected = "for i in range(a):\n  if xs[i] > b:\n    return 1\n  g(i)\nreturn 2"
    found = simple(FLAGS.format(step=1, behind="if t:\n    return 1\nreturn 2"), "t")
    assert found == expected
    assert "range" not in simple(FLAGS.format(step=1, behind="return i"), "t")
    assert "range" not in simple(FLAGS.format(step="b", behind="return 1"), "t")


CELL = """
t: List[Any] = [a]
u: Any = None
try:
    a = g(b)
    {step}
    t[0] = a
    h(a)
except Exception as caught:
    u = caught
if u is not None:
    if not isinstance(u, KeyError):
        raise u
    return t[0]
return a
"""


def test_lists_around_try_go_where_they_are_the_variable() -> None:
    found = simple(CELL.format(step="pass"), "t", "u")
    assert found == "try:\n  a = g(b)\n  h(a)\nexcept KeyError:\n  return a\nreturn a"
    assert "[0]" in simple(CELL.format(step="h(b)"), "t", "u")


def test_copies_are_kept_where_the_variable_changes() -> None:
    assert simple("t = a\nif b:\n    a = g(t)\nreturn a", "t") == "if b:\n  a = g(a)\nreturn a"
    kept = simple("t = a\nif b:\n    a = g(a)\nreturn k(t, a)", "t")
    assert kept == "t = a\nif b:\n  a = g(a)\nreturn k(t, a)"


class Memory:
    def __init__(self, seen: Tensor, *names: str) -> None:
        self.seen = seen
        self.names = list(names)


class Chooses(torch.nn.Module):
    def forward(self, x: Tensor, memory: Any = None, double: bool | None = None, **kwargs: Any) -> Any:
        if memory is not None:
            memory.seen = x + memory.seen
            memory.names.append("more")
            return memory
        loss = torch.nn.MSELoss(reduction="sum")
        return loss(x * 2 if double else x, x) + kwargs.get("scale", 1)


def test_forms_of_calls() -> None:
    scripted = tsir.script(Chooses())
    x = torch.ones(2)
    scripted(x)
    scripted(x, double=True, scale=2)
    scripted(x, memory=Memory(x, "one"))
    code = scripted.code
    expected = """
        def forward_2(self, x: Tensor, memory: None, double: None) -> Tensor:
          loss = torch.nn.MSELoss(reduction='sum')
          return loss(x, x) + 1

        def forward_1(self, x: Tensor, memory_seen: Tensor, memory, memory_names) -> Memory:
          _0 = x + memory_seen
          memory_names[:] = ['one', 'more']
          memory.seen = _0
          memory.names = memory_names
          return memory

        def forward_0(self, x: Tensor, scale: int) -> Tensor:
          loss = torch.nn.MSELoss(reduction='sum')
          return loss(x * 2, x) + scale

        def forward(self, x: Tensor, memory: Any = None, double: Any = None, **kwargs: Any) -> Any:
          match memory, double, kwargs:
            case None, True, {'scale': int()} if len(kwargs) == 1:
              return forward_0(self, x, kwargs['scale'])
            case Memory(seen=Tensor(), names=['one']), None, {} if not kwargs:
              return forward_1(self, x, memory.seen, memory, memory.names)
            case None, None, {} if not kwargs:
              return forward_2(self, x, memory, double)
          raise TypeError("forward() was compiled for calls of other forms")
        """
    assert code[code.index("def ") :].strip() == textwrap.dedent(expected).strip()
