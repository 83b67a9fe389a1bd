"""What the codes of errors stand for: for each a failing program, why it fails, and the program mended. `ts-opt --explain` prints
it. The programs are run by the tests: each failing one gives its code, each mended one compiles or, being IR, is verified.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """One code. `failing` and `mended` are Python files whose `program` is scripted, or texts of IR; both may be empty."""

    code: str
    title: str
    why: str
    failing: str = ""
    mended: str = ""
    is_ir: bool = False

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


def _ir(code: str, title: str, why: str, failing: str = "", mended: str = "") -> Explanation:
    return Explanation(code, title, why, failing, mended, is_ir=True)


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
        "def program(x: str) -> int:\n    return x\n", "def program(x: str) -> int:\n    return int(x)\n",
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
        "import os\ndef program(x):\n    return x, os.getpid()\n", "def program(x, process: int):\n    return x, process\n",
    ),
    _page("TS503", "A module's attribute has no type", "The message names the attribute, its class and the part that has no type."),
    _page(
        "TS504", "An attribute can't be assigned",
        "NamedTuples and constants don't change, submodules stay what they are, and __slots__ names all attributes that there can be.",
        "class P:\n    __slots__ = ('x',)\n    def __init__(self):\n        self.x = 1\n"
        "def program(n: int):\n    p = P()\n    p.y = n\n    return p.x\n",
        "class P:\n    __slots__ = ('x', 'y')\n    def __init__(self):\n        self.x = 1\n        self.y = 0\n"
        "def program(n: int):\n    p = P()\n    p.y = n\n    return p.y\n",
    ),
    _page("TS505", "A module isn't an attribute", "Make modules in __init__, as attributes of the module that calls them."),
    _page(
        "TS506", "A global tensor where there can't be one",
        "A global tensor is a further argument of the entry point that uses it. Functions that are made while the program runs, and\n"
        "modules with hooks, aren't given it.",
        "weight = torch.ones(2)\ndef program(x, n: int):\n    steps = {}\n    for i in range(n):\n"
        "        steps[i] = lambda v: v + weight\n    return steps[0](x)\n",
        "weight = torch.ones(2)\ndef program(x, n: int):\n    steps = {}\n    own = weight\n    for i in range(n):\n"
        "        steps[i] = lambda v: v + own\n    return steps[0](x)\n",
    ),
    _page("TS507", "Something has to be known while compiling", "Write the name in getattr(), or the flag, as a constant."),
    _page(
        "TS601", "An operator isn't supported",
        "The operator is torch's, but tsir has no definition of it. In a branch or loop that may not run it is no error: the program "
        "raises NotImplementedError where it comes to it.",
    ),
    _ir(
        "TS700", "The text isn't IR", "The message says what the parser expected at this place.",
        "func.func @f(%x: i64) -> i64 {\n  func.return %x i64\n}\n", "func.func @f(%x: i64) -> i64 {\n  func.return %x : i64\n}\n",
    ),
    _ir(
        "TS701", "An operation, type, attribute or dialect isn't known",
        "IR is made of what dialects declare. ts-opt knows its own dialects and all of xDSL's; with --allow-unregistered-dialect\n"
        "others may be written in generic form.",
        "func.func @f(%x: i64) {\n  %0 = arith.adi %x, %x : i64\n  func.return\n}\n",
        "func.func @f(%x: i64) {\n  %0 = arith.addi %x, %x : i64\n  func.return\n}\n",
    ),
    _ir(
        "TS702", "A value isn't defined",
        "Nothing in the region of the use, and in the regions around it, defines a value of this name.\n"
        "What is defined inside of a region isn't seen behind it.",
        "func.func @f(%c: i1) -> i64 {\n  scf.if %c {\n    %a = arith.constant 1 : i64\n  }\n  func.return %a : i64\n}\n",
        "func.func @f(%c: i1) -> i64 {\n  %a = arith.constant 1 : i64\n  scf.if %c {\n  }\n  func.return %a : i64\n}\n",
    ),
    _ir(
        "TS703", "A value isn't defined before its use",
        "Each value has to be defined on every way to each of its uses (SSA dominance): above it in the same block, or in a block\n"
        "that every way to the use leads through.",
        "func.func @f() -> i64 {\n  %b = arith.addi %a, %a : i64\n  %a = arith.constant 1 : i64\n  func.return %b : i64\n}\n",
        "func.func @f() -> i64 {\n  %a = arith.constant 1 : i64\n  %b = arith.addi %a, %a : i64\n  func.return %b : i64\n}\n",
    ),
    _ir(
        "TS704", "A value from outside of an isolated region",
        "Functions, classes and modules don't see the values around them. Values come into a function as arguments.",
        "%a = arith.constant 1 : i64\nfunc.func @f() -> i64 {\n  func.return %a : i64\n}\n",
        "func.func @f(%a: i64) -> i64 {\n  func.return %a : i64\n}\n",
    ),
    _ir(
        "TS705", "An operation isn't as its definition demands",
        "The number and types of its operands and results, its attributes, its regions. The message says what was expected.",
        "func.func @f(%x: f32) -> f32 {\n  %0 = \"arith.addi\"(%x, %x) : (f32, f32) -> f32\n  func.return %0 : f32\n}\n",
        "func.func @f(%x: f32) -> f32 {\n  %0 = arith.addf %x, %x : f32\n  func.return %0 : f32\n}\n",
    ),
    _ir(
        "TS706", "Types don't agree with what takes the values",
        "Arguments of a call with the function, operands of a return with its results, of a branch with the block's arguments,\n"
        "of a yield with the operation around it. The notes show the other side.",
        "func.func @f(%x: i64) -> f64 {\n  func.return %x : i64\n}\n",
        "func.func @f(%x: i64) -> f64 {\n  %0 = arith.sitofp %x : i64 to f64\n  func.return %0 : f64\n}\n",
    ),
    _ir(
        "TS707", "A function or class isn't declared", "The module has no symbol of this name, or one that is something else.",
        "func.func @f() {\n  func.call @g() : () -> ()\n  func.return\n}\n",
        "func.func private @g()\nfunc.func @f() {\n  func.call @g() : () -> ()\n  func.return\n}\n",
    ),
    _ir(
        "TS708", "A symbol is declared twice", "Functions and classes of one module have different names. The note shows the first.",
        "func.func private @f()\nfunc.func @f() {\n  func.return\n}\n", "func.func @f() {\n  func.return\n}\n",
    ),
    _ir(
        "TS709", "The text is beyond a limit",
        "Nesting, widths of integers, the number of elements that a constant says it has, and the digits of a number are bounded, so\n"
        "that no text takes more time and memory than its length warrants.",
        "%0 = arith.constant 1 : i99999999\n", "%0 = arith.constant 1 : i64\n",
    ),
    _ir(
        "TS710", "A block doesn't end as it has to",
        "Each block ends in one terminator (func.return, scf.yield, cf.br...), which is its last operation, and which goes to\n"
        "blocks of the same region only.",
        "func.func @f() {\n  %a = arith.constant 1 : i64\n}\n", "func.func @f() {\n  %a = arith.constant 1 : i64\n  func.return\n}\n",
    ),
    _ir(
        "TS711", "A class has no such attribute or method",
        "Or the attribute is declared with another type. The notes show the declaration.",
        'ts.class "class" @C {\n  ts.attribute "attribute" "size" : i64\n}\nfunc.func @f(%c: !ts.class<@C>) -> i64 {\n'
        '  %0 = ts.getattr %c["sise"] : !ts.class<@C> -> i64\n  func.return %0 : i64\n}\n',
        'ts.class "class" @C {\n  ts.attribute "attribute" "size" : i64\n}\nfunc.func @f(%c: !ts.class<@C>) -> i64 {\n'
        '  %0 = ts.getattr %c["size"] : !ts.class<@C> -> i64\n  func.return %0 : i64\n}\n',
    ),
    _page(
        "TS802", "A pass failed",
        "The pass, often one of xDSL's, raised an exception on IR that it doesn't expect. The message is the pass's; the note\n"
        "shows the operation that it was working on.",
    ),
    _ir(
        "TS901", "No branch leads to a block",
        "A warning: what stands in the block is never run, and values in it need not be defined.",
        "func.func @f() {\n  func.return\n^bb1:\n  func.return\n}\n", "func.func @f() {\n  cf.br ^bb1\n^bb1:\n  func.return\n}\n",
    ),
    _ir(
        "TS902", "A private function isn't used",
        "A warning: nothing in the module names the function, and nothing else can. ts-symbol-dce removes it.",
        "func.func private @f() {\n  func.return\n}\n", "func.func @f() {\n  func.return\n}\n",
    ),
)  # fmt: skip

EXPLANATIONS: dict[str, Explanation] = {page.code: page for page in _PAGES}
