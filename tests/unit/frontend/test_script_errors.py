"""What the script frontend says about programs that it can't compile: the construct, the place, and what to do."""

import linecache
from typing import List, Optional

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import tsir
from tsir.errors import FrontendError, UnsupportedError
from tsir.frontend.script import compile_function, compile_module


def unrefined(x: Optional[torch.Tensor]):
    return x + 1


def unknown_name(x):
    return x + nowhere  # noqa: F821


def one_branch(x, n: int):
    if n > 0:
        y = x
    return y


def missing_return(n: int) -> int:
    if n > 0:
        return n


def wrong_element(values: List[int]):
    values.append("a")
    return values


def with_global(n: int):
    global CASES
    CASES = [n, *CASES]
    return n


def with_await(n: int):
    async def later():
        return n

    return n


def callee(x, n: int):
    return x.no_such_method(n)


def caller(x):
    return callee(x, 2)


def too_few(x):
    return callee(x)


def starred_class(x):
    return isinstance(x, *(torch.Tensor,))


def too_few_for_split(x):
    return x.split()


CASES = [
    (starred_class, "can't be read", None),
    (too_few_for_split, "split() missing 1 required positional argument", None),
    (unrefined, "Optional[Tensor]", "if x is not None:"),
    (unknown_name, "name 'nowhere' isn't defined", None),
    (one_branch, "'y' isn't assigned when the condition in line", "assign it before the branch too"),
    (missing_return, "may end without returning a value", "add a return"),
    (wrong_element, "expects int, found str", None),
    (with_global, "the variable 'CASES' outside of the program, which it assigns, of type", None),
    (with_await, "an async function isn't supported yet", None),
    (caller, "Tensor has no attribute or method 'no_such_method'", None),
    (too_few, "is called without argument 'n'", None),
]


@pytest.mark.parametrize(("function", "message", "hint"), CASES, ids=[c[0].__name__ for c in CASES])
def test_message_and_place(function, message, hint):
    with pytest.raises(FrontendError) as caught:
        compile_function(function)
    error = caught.value
    assert message in error.message
    assert hint is None or hint in (error.hint or "")
    assert error.location is not None and error.location.file == __file__
    assert error.location.line >= function.__code__.co_firstlineno or function is caller
    assert "^" in str(error)


def test_caret_covers_the_expression():
    with pytest.raises(FrontendError) as caught:
        compile_function(unrefined)
    location = caught.value.location
    line = open(__file__).read().splitlines()[location.line - 1]
    assert line[location.column - 1 : location.end_column - 1] == "x + 1"


def test_calls_are_notes():
    with pytest.raises(FrontendError) as caught:
        compile_function(caller)
    assert [text for text, _ in caught.value.notes] == ["in a call of callee()"]
    assert caught.value.notes[0][1].line == caller.__code__.co_firstlineno + 1


def test_unsupported_constructs_are_unsupported_errors():
    with pytest.raises(UnsupportedError):
        compile_function(with_global)


def test_source_that_cannot_be_read():
    scope = {}
    exec("def made(x):\n    return x", scope)
    with pytest.raises(FrontendError, match="can't be read"):
        compile_function(scope["made"])


def test_builtin_functions_have_no_source():
    with pytest.raises(FrontendError, match="isn't a Python function"):
        compile_function(len)


def test_hook_that_may_give_nothing():
    module = nn.Linear(2, 2)
    module.register_forward_hook(lambda m, inputs, output: output if output.sum() > 0 else None)
    with pytest.raises(FrontendError, match="has to be known while compiling"):
        compile_module(nn.Sequential(module))


def test_attribute_that_cannot_be_hashed():
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.array = np.zeros(3)

        def forward(self, x):
            return x + self.array

    with pytest.raises(FrontendError, match="'array' is a Python ndarray, which isn't a value that compiled code can hold"):
        compile_module(Holder())


def test_attribute_that_contradicts_its_annotation():
    class Sized(nn.Module):
        sizes: List[int]

        def __init__(self):
            super().__init__()
            self.sizes = ["a"]

        def forward(self, x):
            return x + self.sizes[0]

    message = r"attribute 'sizes' of module Sized is annotated List\[int\], but its value is of type List\[str\]"
    with pytest.raises(FrontendError, match=message) as caught:
        compile_module(Sized())
    assert caught.value.code == "TS503"


class CallsEval(nn.Module):
    def forward(self, x: Tensor):
        self.eval()
        return x


class WrongOrder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 3), nn.LSTM(3, 3), nn.ReLU())

    def forward(self, x: Tensor):
        return self.layers(x)


def functional_keyword(x: Tensor):
    return F.relu(x, inplce=True)


@pytest.mark.parametrize(
    ("program", "line", "message", "hint"),
    [
        (CallsEval, "self.eval()", "Module.eval() can't be compiled here", "call Module.eval() outside"),
        (
            WrongOrder,
            "self.layers(x)",
            "expects Tensor, found Tuple[Tensor, Tuple[Tensor, Tensor]]",
            "look at what the modules",
        ),
        (functional_keyword, "F.relu(x, inplce=True)", "relu() has no argument 'inplce'", "did you mean `inplace`?"),
    ],
)
def test_errors_in_libraries_stand_at_the_call(program, line, message, hint):
    with pytest.raises(tsir.TsirError) as caught:
        tsir.script(program() if isinstance(program, type) else program)
    error = caught.value
    assert error.location.file == __file__
    assert line in linecache.getline(__file__, error.location.line)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize("compile_module", [tsir.script, lambda module: tsir.trace(module, torch.ones(2, 4))])
def test_lazy_modules_are_called_first(compile_module):
    module = torch.nn.Sequential(torch.nn.LazyLinear(3))
    with pytest.raises(tsir.TsirError) as caught:
        compile_module(module)
    assert "LazyLinear.weight" in caught.value.message and "call the module once" in caught.value.hint
    module(torch.ones(2, 4))
    assert compile_module(module)(torch.ones(2, 4)).shape == (2, 3)


def wrong_behind_lists_of_lists(x: Tensor, n: int):
    rows = []
    for i in range(n):
        rows.append([])
    for row in rows:
        row.append(1)
    return x.no_such_method(), rows


def test_the_error_that_is_in_the_way_is_shown():
    """What the list in a list holds is found when the program is compiled again: the wrong method is wrong both times."""
    with pytest.raises(tsir.TsirError, match="no_such_method"):
        tsir.script(wrong_behind_lists_of_lists)
