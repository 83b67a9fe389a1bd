"""Warnings, errors, locations and the shape of traced programs."""

import inspect
import warnings

import numpy as np
import pytest
import torch
import torch.nn as nn
from torch_interpreter import torch_registry

import tsir
from tsir.dialects.context import make_context, parse_module, print_module
from tsir.dialects.locations import source_locations
from tsir.errors import FrontendError, TracerWarning, UnsupportedError
from tsir.frontend.trace import trace_function, trace_module
from tsir.frontend.trace.numbers import TracedInt

REGISTRY = torch_registry()
HERE = __file__


def line_of(function, text):
    lines, start = inspect.getsourcelines(function)
    return start + next(i for i, line in enumerate(lines) if text in line)


def trace(program, *inputs, **options):
    if isinstance(program, nn.Module):
        return trace_module(program, {"forward": (inputs, {})}, registry=REGISTRY, **options)
    return trace_function(program, inputs, registry=REGISTRY, **options)


def ops(program, symbol):
    (function,) = [op for op in program.module.body.block.ops if op.name == "func.func" and op.sym_name.data == symbol]
    return [op.name for op in function.body.block.ops]


def decide(x):
    return x + 1 if x.sum() > 0 else x


def to_int(x):
    return x * int(x.max())


def to_float(x):
    return x * float(x.max())


def item(x):
    return x * x.max().item()


def to_list(x):
    return x * x.tolist()[0]


def to_numpy(x):
    return x + torch.from_numpy(x.numpy() * 2)


def iterate(x):
    total = 0
    for row in x:
        total = total + row
    return total


def length(x):
    return x * len(x)


def size_to_int(x):
    return x * int(x.size(0))


@pytest.mark.parametrize(
    ("function", "text", "message"),
    [
        (decide, "x.sum() > 0", "Python bool"), (to_int, "* int(", "Python integer"), (to_float, "* float(", "Python float"),
        (item, "item()", "item()"), (to_list, "tolist", "tolist()"), (to_numpy, "numpy()", "NumPy array"),
        (iterate, "for row", "iterating over a tensor"), (length, "len(", "len() of a tensor"),
        (size_to_int, "* int(", "size to a Python integer"),
    ],
)  # fmt: skip
def test_a_tensor_that_becomes_a_python_value_is_a_warning(function, text, message):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trace(function, torch.ones(2))
    (warning,) = [w for w in caught if w.category is TracerWarning]
    assert message in str(warning.message) and text in str(warning.message)
    assert (warning.filename, warning.lineno) == (HERE, line_of(function, text))


def test_no_warning_without_need():
    constant = torch.tensor(2)

    def quiet(x):
        if x.size(0) > 1 and x.dim() == 1 and bool(constant > 1) and x.is_floating_point():
            x = x.view(x.shape[0], -1)
        return x * constant.item()

    with warnings.catch_warnings():
        warnings.simplefilter("error", TracerWarning)
        trace(quiet, torch.ones(2))


def test_an_item_stays_the_programs_value():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracerWarning)
        program = trace(item, torch.ones(2))
    assert "ts.aten.FloatImplicit" in ops(program, "item")


def test_sizes_are_ints_with_a_value():
    seen = []

    def f(x):
        seen.extend([x.size(0), x.shape[1], x.numel(), x.size(0) * 2 + 1, x.shape[0] / 2, -x.size(1), x.dim(), x.shape])
        return x

    trace(f, torch.ones(2, 3))
    assert seen[:7] == [2, 3, 6, 5, 1.0, -3, 2] and all(isinstance(v, TracedInt) for v in (*seen[:4], seen[5]))
    assert type(seen[6]) is int and isinstance(seen[7], torch.Size) and isinstance(seen[7][0], TracedInt)
    # After the trace they are numbers like others.
    assert type(seen[0] + 1) is int


class Inner(nn.Module):
    def __init__(self, bias=True):
        super().__init__()
        self.linear = nn.Linear(3, 3, bias=bias)

    def forward(self, x):
        return self.linear(x).relu()


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(Inner(), Inner(), Inner(bias=False))
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        """Runs the layers."""
        return self.layers(x) * 2


def test_modules_stay_visible_and_equal_ones_share_class_and_function():
    program = trace(Outer(), torch.ones(2, 3))
    functions = [op.sym_name.data for op in program.module.body.block.ops if op.name == "func.func"]
    classes = [op.sym_name.data for op in program.module.body.block.ops if op.name == "ts.class"]
    assert sorted(functions) == sorted(
        ["Outer.forward", "Sequential.forward", "Inner.forward", "Inner_1.forward", "Linear.forward", "Linear_1.forward"]
    )
    assert len(classes) == 7  # the Linear that is never called has a class without method
    assert ops(program, "Inner.forward") == ["ts.getattr", "func.call", "ts.aten.relu", "func.return"]
    root = program.root
    assert root.class_name == "Outer" and root.attributes["layers"].attributes["0"].class_name == "Inner"
    assert root.attributes["layers"].attributes["2"].class_name == "Inner_1"
    entry = program.entry_points["forward"]
    assert entry.doc == "Runs the layers." and [p.name for p in entry.parameters] == ["x"] and entry.takes_self


def test_the_program_is_text_that_can_be_read_back():
    program = trace(Outer(), torch.ones(2, 3))
    text = print_module(program.module)
    assert print_module(parse_module(make_context(REGISTRY.get), text)) == text


def test_arrays_are_the_modules_own_memory():
    module = Outer()
    program = trace(module, torch.ones(2, 3))
    array = program.root.attributes["layers"].attributes["0"].attributes["linear"].attributes["weight"]
    weight = module.layers[0].linear.weight
    assert np.shares_memory(array, weight.detach().numpy()) and program.sources[id(array)] is weight


def test_locations_are_the_users_lines():
    program = trace(Outer(), torch.ones(2, 3))
    for op in program.module.walk():
        if op.name in ("ts.aten.relu", "ts.aten.mul.Scalar", "ts.aten.linear"):
            (place,) = source_locations(op.location)
            if op.name == "ts.aten.linear":
                assert place.file.endswith("linear.py") and "F.linear" in place.excerpt()
            else:
                owner, text = (Inner, ".relu()") if op.name == "ts.aten.relu" else (Outer, "* 2")
                assert (place.file, place.line) == (HERE, line_of(owner.forward, text))
        if op.name == "func.call" and op.callee.string_value() == "Linear.forward":
            (place,) = source_locations(op.location)
            assert (place.file, place.line) == (HERE, line_of(Inner.forward, "self.linear(x)"))


def test_a_function_without_constants_takes_no_object():
    program = trace(lambda x: x + 1, torch.ones(2))
    assert program.root is None and not program.entry_points["traced"].takes_self


def test_constants_of_a_function_are_attributes_of_its_root():
    constant = torch.ones(2)

    def f(x):
        return x + constant

    program = trace(f, torch.ones(2))
    assert program.root.class_name == "f" and list(program.root.attributes) == ["constant0"]
    assert np.shares_memory(program.root.attributes["constant0"], constant.numpy())


def unsupported(x):
    y = x + 1
    return torch.linalg.eigh(y)


def test_an_unknown_operator_is_an_error_at_the_users_line():
    from tsir.dialects.schema import SchemaRegistry

    few = SchemaRegistry(lambda: {k: REGISTRY.get(k) for k in ("add.Tensor", "add.Scalar")})
    with pytest.raises(UnsupportedError, match="torch's operator linalg_eigh\(\) isn't supported yet") as caught:
        trace_function(unsupported, (torch.ones(2, 2),), registry=few)
    assert caught.value.location.line == line_of(unsupported, "eigh")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (("text",), "argument 'x': a str can't be an input"),
        ((True,), "argument 'x': a bool can't be an input"),
        (([torch.ones(1), 1],), "elements aren't all of one type"),
        ((object(),), "a object can't be an input"),
    ],
)
def test_inputs_that_cant_be_traced(inputs, message):
    with pytest.raises(FrontendError, match=message):
        trace(lambda x: x, *inputs)


@pytest.mark.parametrize("container", [lambda x: {"a": x}, lambda x: (x, {"a": x}), lambda x: [[x]], lambda x: []])
def test_strict_refuses_dicts_and_other_lists_than_of_tensors(container):
    with pytest.raises(FrontendError, match="strict=False"):
        trace(container, torch.ones(1))
    trace(container, torch.ones(1), strict=False)


@pytest.mark.parametrize("container", [lambda x: [x], lambda x: (x, [x, x])])
def test_strict_warns_of_lists_of_tensors(container):
    with pytest.warns(TracerWarning, match="strict=False"):
        trace(container, torch.ones(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trace(container, torch.ones(1), strict=False)


def test_a_result_that_cant_be_given():
    with pytest.raises(FrontendError, match="gives a object"):
        trace(lambda x: (x, object()), torch.ones(1))


def applies(x):
    return x.apply_(lambda v: v + 1)


def assigns_data(x):
    x.data = torch.ones(2)
    return x


@pytest.mark.parametrize("function", [applies, assigns_data])
def test_what_a_program_on_values_cant_follow(function):
    with pytest.raises(UnsupportedError, match="can't be recorded"):
        trace(function, torch.ones(2))


def test_the_users_exceptions_pass_and_leave_the_module_as_it_was():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def forward(self, x):
            raise KeyError("mine")

    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.failing = Failing()

        def forward(self, x):
            return self.failing(x)

    module = Holder()
    with pytest.raises(KeyError, match="mine"):
        trace(module, torch.ones(2))
    assert all("forward" not in vars(m) for m in module.modules())


def test_example_inputs_are_not_written():
    x = torch.ones(2)
    trace(lambda x: x.add_(1), x)
    assert torch.equal(x, torch.ones(2))


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = x * 2 - 3
        self.relu(y)
        y += 1
        x.mul_(5)
        return y.fill_(1.0) + y, x


def test_operators_in_place_recorded_as_the_others():
    x = torch.arange(4.0)
    found = trace(InPlace(), x, force_outplace=True)
    names = [name for f in ("InPlace.forward", "ReLU.forward") for name in ops(found, f)]
    assert "ts.aten.relu" in names and "ts.aten.fill.Scalar" in names
    assert not [n for n in names if n.rpartition(".")[2].endswith("_") or n.endswith("_.Scalar")]
    compiled = tsir.trace(InPlace(), x, _force_outplace=True)
    given = x.clone()
    result, other = compiled(given)
    assert torch.equal(given, x) and torch.equal(other, x * 5) and torch.equal(result, torch.full((4,), 2.0))
