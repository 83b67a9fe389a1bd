"""What the codes of errors stand for: for each a failing program, why it fails, and the program mended. `ts-opt --explain` prints
it. The programs are run by the tests: each failing one gives its code, each mended one compiles.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """One code. `failing` and `mended` are Python files whose `program` is scripted; both may be empty."""

    code: str
    title: str
    why: str
    failing: str = ""
    mended: str = ""

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.title}", self.why]
        if self.failing:
            parts += ["This fails:", _indented(self.failing), "This works:", _indented(self.mended)]
        return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip().splitlines())


_TORCH = "import torch\n"
_TYPING = "from typing import Dict, List, Optional\nimport torch\n"


def _page(code: str, title: str, why: str, failing: str = "", mended: str = "", head: str = _TORCH) -> Explanation:
    return Explanation(code, title, why, head + failing if failing else "", head + mended if mended else "")


_PAGES = (
    _page("TS100", "The program can't be compiled", "The message says why; this kind of error has no code of its own."),
    _page(
        "TS101", "A construct isn't supported",
        "Compiled code has no coroutines and no files, and of what is outside of it sets can't be assigned.",
        "seen = {1}\ndef program(x: torch.Tensor):\n    global seen\n    seen = seen | {2}\n    return x\n",
        "seen = [1]\ndef program(x: torch.Tensor):\n    global seen\n    seen = [*seen, 2]\n    return x\n",
    ),
    _page(
        "TS102", "A function's source can't be read",
        "tsir compiles from the source file. A function of C, one made by exec(), or one typed into a plain interpreter has none.",
        "exec('def program(x): return x')\n", "def program(x):\n    return x\n",
    ),
    _page(
        "TS103", "An annotation isn't a type of compiled code",
        "Annotations are evaluated with the names of the function's module; what they give has to be a type that compiled code has.",
        "def program(x: 'Matrix'):\n    return x\n", "def program(x: 'torch.Tensor'):\n    return x\n",
    ),
    _page(
        "TS104", "A type comment can't be read", "It has the types of all parameters, but `self`, and of the result.",
        "def program(x, n):\n    # type: (torch.Tensor) -> torch.Tensor\n    return x * n\n",
        "def program(x, n):\n    # type: (torch.Tensor, int) -> torch.Tensor\n    return x * n\n",
    ),
    _page(
        "TS105", "An entry point's parameters have no types",
        "What is called from outside needs a type for each parameter: no sets of functions.",
        "from collections.abc import Callable\ndef program(fs: set[Callable]):\n    return 1\n",
        "from collections.abc import Callable\ndef program(fs: list[Callable]):\n    return 1\n",
    ),
    _page("TS106", "Code is nested too deeply", "Split the function, or write the recursion of a local function as a loop."),
    _page(
        "TS201", "A name isn't defined", "It is no variable of the function, and its module and Python's built-ins don't have it.",
        "def program(x):\n    return x * scale\n", "scale = 2.0\ndef program(x):\n    return x * scale\n",
    ),
    _page(
        "TS202", "A variable isn't assigned on a path to here", "The message names the condition for which it has no value.",
        "def program(x, flag: bool):\n    if flag:\n        y = x\n    return y\n",
        "def program(x, flag: bool):\n    y = -x\n    if flag:\n        y = x\n    return y\n",
    ),
    _page(
        "TS203", "There is no such attribute, method or member", "The type of the value is known, and has nothing of this name.",
        "def program(x):\n    return x.sofmax(0)\n", "def program(x):\n    return x.softmax(0)\n",
    ),
    _page(
        "TS301", "A value has the wrong type", "A variable, element, field or attribute with a declared type takes only values of it.",
        "def program(n: int):\n    names: List[str] = []\n    names.append(n)\n    return names\n",
        "def program(n: int):\n    names: List[str] = []\n    names.append(str(n))\n    return names\n", _TYPING,
    ),
    _page(
        "TS302", "The result has another type than declared", "The note shows the declaration.",
        "def program(x) -> int:\n    return x.sum()\n", "def program(x) -> int:\n    return int(x.sum())\n",
    ),
    _page(
        "TS303", "A function may end without a result", "Where its end is reached it returns None, which the declared type isn't.",
        "def program(n: int) -> int:\n    if n > 0:\n        return n\n",
        "def program(n: int) -> int:\n    if n > 0:\n        return n\n    return 0\n",
    ),
    _page(
        "TS304", "An operator or built-in isn't defined for these types", "As in Python, but known before the program runs.",
        "def program(n: int):\n    return 'n = ' + n\n", "def program(n: int):\n    return 'n = ' + str(n)\n",
    ),
    _page(
        "TS305", "No overload takes these arguments", "The notes list the overloads, the nearest first, each with what doesn't fit.",
        "def program(x):\n    return torch.cat(x, x)\n", "def program(x):\n    return torch.cat([x, x])\n",
    ),
    _page(
        "TS306", "A value may be None", "An Optional is used as if it were there. The notes say where the None comes from.",
        "def program(x: Optional[torch.Tensor]):\n    return x + 1\n",
        "def program(x: Optional[torch.Tensor]):\n    if x is None:\n        return torch.zeros(1)\n    return x + 1\n", _TYPING,
    ),
    _page(
        "TS307", "A value can't be used in this way", "It can't be called, indexed, unpacked, iterated over or changed.",
        "def program(n: int):\n    total = 0\n    for i in n:\n        total += i\n    return total\n",
        "def program(n: int):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n",
    ),
    _page(
        "TS401", "A call has the wrong number of arguments", "The note shows the function that is called.",
        "def scaled(x, by: float):\n    return x * by\ndef program(x):\n    return scaled(x)\n",
        "def scaled(x, by: float):\n    return x * by\ndef program(x):\n    return scaled(x, 2.0)\n",
    ),
    _page(
        "TS402", "A call names an argument that isn't there", "Or gives one argument two values.",
        "def scaled(x, by: float = 1.0):\n    return x * by\ndef program(x):\n    return scaled(x, bye=2.0)\n",
        "def scaled(x, by: float = 1.0):\n    return x * by\ndef program(x):\n    return scaled(x, by=2.0)\n",
    ),
    _page(
        "TS403", "An argument has the wrong type", "The note shows the parameter's declaration.",
        "def scaled(x, by: float):\n    return x * by\ndef program(x):\n    return scaled(x, 'two')\n",
        "def scaled(x, by: float):\n    return x * by\ndef program(x):\n    return scaled(x, 2.0)\n",
    ),
    _page(
        "TS501", "A Python object is no value of compiled code", "Functions, modules and classes can be used, not stored or returned.",
        "def program(x):\n    return x.sum\n", "def program(x):\n    return x.sum()\n",
    ),
    _page(
        "TS502", "A function can't be compiled", "It isn't written in Python, or does what compiled code can't.",
        "import time\ndef program(x):\n    return x, time.time()\n", "def program(x, now: float):\n    return x, now\n",
    ),
    _page("TS503", "A module's attribute has no type", "The message names the attribute, its class and the part that has no type."),
    _page(
        "TS504", "An attribute can't be assigned", "Objects have the attributes that __init__ gave them.",
        "class P:\n    def __init__(self):\n        self.x = 1\ndef program(n: int):\n    p = P()\n    p.y = n\n    return p.x\n",
        "class P:\n    def __init__(self):\n        self.x = 1\n        self.y = 0\n"
        "def program(n: int):\n    p = P()\n    p.y = n\n    return p.y\n",
    ),
    _page("TS505", "A module isn't an attribute", "Make modules in __init__, as attributes of the module that calls them."),
    _page(
        "TS506", "A global tensor where there can't be one",
        "A global tensor is a further argument of the entry point that uses it, which calls of several forms don't have.",
        "weight = torch.ones(2)\ndef program(x, **options):\n    return x + weight\n",
        "weight = torch.ones(2)\ndef program(x):\n    return x + weight\n",
    ),
    _page("TS507", "Something has to be known while compiling", "Write the name in getattr(), or the flag, as a constant."),
    _page("TS601", "An operator isn't supported", "The operator is torch's, but tsir has no definition of it."),
)  # fmt: skip

EXPLANATIONS: dict[str, Explanation] = {page.code: page for page in _PAGES}
