"""Generated programs of many kinds and any length, for `compile_time.py`: one function of `lines` for each kind."""

from collections.abc import Callable, Iterable

import torch

HEAD = "import torch\nfrom typing import Dict, List, Optional\nfrom torch import Tensor, nn\n\n"


def function(signature: str, body: Iterable[str], result: str) -> str:
    """The text of a module whose `program` has this body."""
    lines = "".join(f"    {line}\n" for line in body)
    return f"{HEAD}def program({signature}):\n{lines}    return {result}\n"


def cycled(steps: Iterable[str], lines: int) -> list[str]:
    """The steps over and over, with the line's number for `{i}`."""
    steps = tuple(steps)
    return [steps[i % len(steps)].format(i=i) for i in range(lines)]


def tensor_code(lines: int) -> str:
    """Element-wise tensor operations, one after the other."""
    steps = ("x = x + {i}.0", "y = torch.relu(x - y)", "x = x * y", "x = torch.tanh(x)", "y = y + x.sum()")
    return function("x: Tensor, y: Tensor", (steps[i % 5].format(i=i % 7) for i in range(lines)), "x + y")


def fresh_names(lines: int) -> str:
    """Tensor operations, each of whose results has a name of its own and is read once more."""
    body = ["t0 = x + 1", *(f"t{i} = t{i - 1} * .5 + t{max(0, i - 9)}" for i in range(1, lines))]
    return function("x: Tensor", body, f"t{lines - 1}")


def in_place(lines: int) -> str:
    """In-place operators, and writes and reads through views."""
    steps = ("y[0] = x[1] + {i}", "y.mul_(.5)", "v = y[1:]", "v += 1", "x = x + y[2]", "y[:, 1] += x[0, 0]")
    return function("x: Tensor", ("y = x.clone()", *cycled(steps, lines)), "x, y")


def ifs(lines: int) -> str:
    """Ifs on a run-time number, one after the other."""
    steps = ("if n > {i}:", "    k = k + {i}", "else:", "    k = k - 1")
    return function("x: Tensor, n: int", ("k = n", *(s.format(i=i) for i in range(lines // 4) for s in steps)), "x + k")


def tensor_ifs(lines: int) -> str:
    """Ifs on a tensor's value, with tensor code in both branches."""
    steps = ("if x.sum() > {i}:", "    x = x * .5", "else:", "    x = x + 1")
    return function("x: Tensor", (s.format(i=i) for i in range(lines // 4) for s in steps), "x")


def nested_ifs(lines: int) -> str:
    """Blocks of ifs eight deep."""
    body = ["k = n"]
    for block in range(lines // 16):
        body += [line for d in range(8) for line in ("    " * d + f"if n > {block + d}:", "    " * (d + 1) + f"k = k + {d}")]
    return function("x: Tensor, n: int", body, "x + k")


def deep_ifs(lines: int) -> str:
    """Blocks of ifs fifty deep."""
    body = ["k = n"]
    for block in range(max(1, lines // 100)):
        body += [line for d in range(50) for line in (" " * d + f"if n > {block + d}:", " " * (d + 1) + f"k = k + {d}")]
    return function("x: Tensor, n: int", body, "x + k")


def elif_chains(lines: int) -> str:
    """Chains of a hundred elifs."""
    body = ["k = n"]
    for block in range(max(1, lines // 200)):
        body += [line for i in range(100) for line in (f"{'el' if i else ''}if k == {block + i}:", f"    k = k + {i}")]
    return function("x: Tensor, n: int", body, "x + k")


def early_returns(lines: int) -> str:
    """Guards that return, one after the other."""
    body = [line for i in range(lines // 2) for line in (f"if n == {i + 5}:", f"    return x + {i}")]
    return function("x: Tensor, n: int", body, "x")


def loops(lines: int) -> str:
    """Loops with a run-time bound."""
    body = ["k = n"]
    for i in range(lines // 4):
        body += ["for i in range(n):", f"    k = k + i * {i}", f"    if k > {1000 + i}:", "        k = k - n"]
    return function("x: Tensor, n: int", body, "x + k")


def nested_loops(lines: int) -> str:
    """Loops in loops in loops, with a while and a break."""
    body = ["k = n"]
    for i in range(lines // 6):
        body += ["for i in range(n):", "    for j in range(i):", f"        k = (k + i * j) % {i + 7}"]
        body += ["        while k > 90:", "            k = k - n", f"        if k == {i}: break"]
    return function("x: Tensor, n: int", body, "x + k")


def lists(lines: int) -> str:
    """Lists that are made, appended to and read."""
    body = ["out: List[int] = []"]
    for i in range(lines // 4):
        body += [f"part = [n, {i}]", f"part.append(n + {i})", f"out.append(part[{i % 3}])", "n = n + len(out)"]
    return function("x: Tensor, n: int", body, "x + out[-1], out")


def tensor_lists(lines: int) -> str:
    """A list of tensors that is appended to, read and concatenated."""
    steps = ("out.append(x + {i})", "x = out[-1] * .5", "y = torch.cat([x, out[0]])", "x = x + y.sum() + len(out)")
    return function("x: Tensor", ("out: List[Tensor] = []", *cycled(steps, lines)), "x, out")


def dicts(lines: int) -> str:
    """Dictionaries that are written and read."""
    steps = ("d['k{i}'] = n", "n = n + d['a']", "if 'k{i}' in d: n = n - 1", "d['a'] = n % 91")
    return function("x: Tensor, n: int", ("d: Dict[str, int] = {'a': 1}", *cycled(steps, lines)), "x + n, d")


def strings(lines: int) -> str:
    """Strings that are put together, taken apart and compared."""
    steps = ("s = s + str(n)", "t = f'{{s}}-{i}'.upper()", "n = n + len(t) % 5", "s = t[-9:].replace('1', '2')")
    return function("x: Tensor, n: int", ("s = 'a'", *cycled(steps, lines)), "x + n, s")


def tuples(lines: int) -> str:
    """Tuples that are packed and unpacked."""
    steps = ("p = (x, n + {i})", "y, n = p", "q = (p, n)", "x = q[0][0] + y * .5")
    return function("x: Tensor, n: int", cycled(steps, lines), "x + n")


def integers(lines: int) -> str:
    """Arithmetic on Python's integers."""
    steps = ("a = a + b * {i}", "b = (a - b) % 1009", "c = a // ({i} + 1) - c % 7", "a = max(a % 10007, c)")
    return function("x: Tensor, a: int, b: int, c: int", cycled(steps, lines), "x + a + b + c")


def shapes(lines: int) -> str:
    """Sizes that are read, computed with and used."""
    steps = ("b, c = x.shape", "x = x.reshape(c, b)", "y = torch.zeros(x.size(0), x.size(1) + {i} % 3)", "x = x + y.size(1)")
    return function("x: Tensor", cycled(steps, lines), "x")


def long_sums(lines: int) -> str:
    """One expression with a term for each line."""
    return function("x: Tensor, n: int", ["k = " + " + ".join(f"n * {i}" for i in range(lines))], "x + k")


def long_tensor_sums(lines: int) -> str:
    """One expression of tensors with a term for each line."""
    return function("x: Tensor", ["y = " + " + ".join("x" if i % 2 else f"{i}.0" for i in range(lines))], "y")


def long_conditions(lines: int) -> str:
    """One condition with a comparison for each line."""
    return function(
        "x: Tensor, n: int", ["k = 1 if " + " or ".join(f"n == {i + 9}" for i in range(lines)) + " else 2"], "x + k"
    )


def long_literals(lines: int) -> str:
    """A list and a dictionary with an element for each two lines."""
    numbers = ", ".join(f"n + {i}" for i in range(lines // 2))
    entries = ", ".join(f"{i}: n * {i}" for i in range(lines // 2))
    return function("x: Tensor, n: int", [f"l = [{numbers}]", f"d = {{{entries}}}", "k = l[n] + d[n]"], "x + k")


def comprehensions(lines: int) -> str:
    """Comprehensions of lists and dictionaries."""
    steps = (
        "a = [i * 2 for i in a if i > {i} % 3]",
        "d = {{i: i + {i} for i in a}}",
        "a = [d[i] % 9 + n for i in a]",
        "n = len(a)",
    )
    return function("x: Tensor, n: int", ("a = [n, n + 1]", *cycled(steps, lines)), "x + n, a")


def try_blocks(lines: int) -> str:
    """Exceptions that are raised and caught."""
    body = ["k = n"]
    for i in range(lines // 6):
        body += ["try:", f"    if n == {i + 7}:", "        raise ValueError('seven')", f"    k = k + {i}"]
        body += ["except ValueError:", "    k = 0"]
    return function("x: Tensor, n: int", body, "x + k")


def asserts(lines: int) -> str:
    """Assertions and what they say."""
    return function("x: Tensor, n: int", cycled(("assert n != {i} + 9, f'n is {{n}}'", "n = n + n % 2"), lines), "x + n")


def optionals(lines: int) -> str:
    """Values that may be None, and refinement."""
    steps = (
        "y = x if n > {i} else None",
        "if y is not None: x = x + y",
        "m = None if n < {i} else n + 1",
        "n = n if m is None else m",
    )
    return function("x: Tensor, n: int", cycled(steps, lines), "x + n")


def calls(lines: int) -> str:
    """Calls of small functions, of which each tenth call's is another."""
    count = max(1, lines // 30)
    small = "".join(f"def small{i}(x: Tensor, n: int):\n    y = x * {i}.0\n    return y + n\n\n\n" for i in range(count))
    text = function("x: Tensor, n: int", (f"x = small{i % count}(x, n + {i})" for i in range(lines - 3 * count)), "x")
    return HEAD + small + text.removeprefix(HEAD)


def call_chain(lines: int) -> str:
    """Functions of four lines, each of which calls the next; at most 100."""
    count = max(1, min(100, lines // 4))
    body = "    y = x * .5\n    n = n + 1\n"
    small = "".join(f"def f{i}(x: Tensor, n: int):\n{body}    return f{i + 1}(y, n) + n\n\n\n" for i in range(count))
    last = f"def f{count}(x: Tensor, n: int):\n    return x + n\n\n\n"
    return HEAD + small + last + "program = f0\n"


def functional(lines: int) -> str:
    """Calls of torch.nn.functional, whose sources are compiled."""
    head = "import torch.nn.functional as F\n"
    steps = (
        "x = F.relu(F.dropout(x, .1, training=False))",
        "x = F.layer_norm(x, (4,))",
        "x = F.softmax(x, dim=-1)",
        "x = F.gelu(x) + {i} % 5",
    )
    return head + function("x: Tensor", cycled(steps, lines), "x")


def lambdas(lines: int) -> str:
    """Local functions and lambdas with closures."""
    steps = ("f = lambda v: v * .5 + {i}", "x = f(x)", "g = lambda a, b: f(a) - b", "x = g(x, n)")
    return function("x: Tensor, n: int", cycled(steps, lines), "x")


def script_classes(lines: int) -> str:
    """Objects of a class that are made, changed and read."""
    made = "class P:\n    def __init__(self, n: int):\n        self.n = n\n\n"
    made += "    def moved(self, by: int):\n        return P(self.n + by)\n\n\n"
    text = function(
        "x: Tensor, n: int", cycled(("p = P(n + {i})", "q = p.moved(n)", "p.n += q.n % 7", "n = p.n % 1009"), lines), "x + n"
    )
    return HEAD + made + text.removeprefix(HEAD)


def methods(lines: int) -> str:
    """A module with a method of three lines for every four lines, all of them called."""
    count = max(1, lines // 4)
    head = "class Many(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    head += "        self.weight = nn.Parameter(torch.ones(4))\n\n"
    text = "".join(
        f"    def m{i}(self, x: Tensor):\n        y = x * self.weight\n        return y + {i}\n\n" for i in range(count)
    )
    used = "".join(f"        x = self.m{i}(x)\n" for i in range(count))
    return f"{HEAD}{head}{text}    def forward(self, x: Tensor):\n{used}        return x\n\n\nprogram = Many().eval()\n"


def layers(lines: int) -> str:
    """A module with a layer for every second line; 1,000 lines are 500 layers."""
    count = lines // 2
    made = "".join(f"        self.layer{i} = nn.Linear(4, 4)\n" for i in range(count))
    used = "".join(f"        x = torch.relu(self.layer{i}(x))\n" for i in range(count))
    head = "class Layers(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    return f"{HEAD}{head}{made}\n    def forward(self, x: Tensor):\n{used}        return x\n\n\nprogram = Layers().eval()\n"


def module_list(lines: int) -> str:
    """A ModuleList with a block for every two lines, unrolled."""
    block = (
        "class Block(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.linear = nn.Linear(4, 4)\n\n"
        "    def forward(self, x: Tensor):\n        return x + torch.relu(self.linear(x))\n\n\n"
    )
    head = "class Stack(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    made = f"        self.blocks = nn.ModuleList([Block() for _ in range({max(1, lines // 2)})])\n\n"
    used = "    def forward(self, x: Tensor):\n        for block in self.blocks:\n            x = block(x)\n        return x\n\n\n"
    return f"{HEAD}{block}{head}{made}{used}program = Stack().eval()\n"


def sequential(lines: int) -> str:
    """An nn.Sequential with a layer for each line."""
    count = max(1, lines // 2)
    return f"{HEAD}program = nn.Sequential(*[m for _ in range({count}) for m in (nn.Linear(4, 4), nn.ReLU())]).eval()\n"


X = torch.linspace(-1, 1, 12).reshape(3, 4)
KINDS: dict[str, tuple[Callable[[int], str], tuple[object, ...]]] = {
    "tensor_code": (tensor_code, (X, X + 1)),
    "fresh_names": (fresh_names, (X,)),
    "in_place": (in_place, (X,)),
    "ifs": (ifs, (X, 50)),
    "tensor_ifs": (tensor_ifs, (X,)),
    "nested_ifs": (nested_ifs, (X, 50)),
    "deep_ifs": (deep_ifs, (X, 50)),
    "elif_chains": (elif_chains, (X, 50)),
    "early_returns": (early_returns, (X, 3)),
    "loops": (loops, (X, 3)),
    "nested_loops": (nested_loops, (X, 3)),
    "lists": (lists, (X, 3)),
    "tensor_lists": (tensor_lists, (X,)),
    "dicts": (dicts, (X, 3)),
    "strings": (strings, (X, 3)),
    "tuples": (tuples, (X, 3)),
    "integers": (integers, (X, 3, 4, 5)),
    "shapes": (shapes, (X,)),
    "long_sums": (long_sums, (X, 3)),
    "long_tensor_sums": (long_tensor_sums, (X,)),
    "long_conditions": (long_conditions, (X, 3)),
    "long_literals": (long_literals, (X, 3)),
    "comprehensions": (comprehensions, (X, 3)),
    "try_blocks": (try_blocks, (X, 3)),
    "asserts": (asserts, (X, 3)),
    "optionals": (optionals, (X, 3)),
    "calls": (calls, (X, 3)),
    "call_chain": (call_chain, (X, 3)),
    "functional": (functional, (X,)),
    "lambdas": (lambdas, (X, 3)),
    "script_classes": (script_classes, (X, 3)),
    "methods": (methods, (X,)),
    "layers": (layers, (X,)),
    "module_list": (module_list, (X,)),
    "sequential": (sequential, (X,)),
}
