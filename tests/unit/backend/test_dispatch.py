"""Single operators on host values against torch: values, dtypes, aliasing, in-place and `out=` forms, errors, the tables."""

import gc
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from tsir.backend.numpy import dispatch
from tsir.backend.numpy.dispatch import Dispatcher, operator
from tsir.dialects import dtypes
from tsir.dialects.schema import parse_schema
from tsir.dialects.values import MemoryFormat
from tsir.errors import OperatorError, OperatorTypeError
from tsir.ops.registry import operator as definition

torch.manual_seed(0)


def aten(key):
    name, _, overload = key.partition(".")
    return getattr(getattr(torch.ops.aten, name), overload or "default")


def to_host(value):
    if isinstance(value, torch.Tensor):
        return value.numpy().copy(order="K") if value.dim() else np.array(value.numpy())
    if isinstance(value, torch.dtype):
        return dtypes.dtype(str(value))
    return [to_host(v) for v in value] if isinstance(value, list) else value


def assert_same(got, expected):
    if isinstance(expected, torch.Tensor):
        assert type(got) is np.ndarray and got.dtype == expected.numpy().dtype and got.shape == tuple(expected.shape)
        np.testing.assert_allclose(got, expected.numpy(), rtol=2e-6, atol=2e-6)
    elif isinstance(expected, list | tuple):
        assert len(got) == len(expected)
        for g, x in zip(got, expected, strict=True):
            assert_same(g, x)
    else:
        assert got == expected and type(got) is type(expected)


X, Y, ROW, INTS = torch.randn(2, 3), torch.randn(2, 3), torch.randn(3), torch.arange(6).reshape(2, 3)
CALLS = [
    ("add.Tensor", X, Y, 2), ("add.Tensor", X, ROW, 1.5), ("add.Tensor", INTS, X, 1), ("add.Tensor", torch.tensor(1.0), INTS, 1),
    ("add.Scalar", INTS, 2.5, 1), ("add.Scalar", X, True, 1), ("mul.Tensor", X > 0, INTS), ("relu", X), ("exp", torch.tensor(0.5)),
    ("sum.dim_IntList", X, [1], False, None), ("sum.dim_IntList", X, [0, 1], True, torch.float64), ("sum", INTS, None),
    ("softmax.int", X, -1, None), ("mean.dim", X, [0], False, None), ("amax", X, [1], True), ("argmax", X, 1, False),
    ("transpose.int", X, 0, 1), ("permute", X, [1, 0]), ("select.int", X, 0, -1), ("slice.Tensor", X, 1, 1, None, 1),
    ("slice.Tensor", X, 1, None, 2, 1), ("unsqueeze", X, 1), ("view", X, [3, 2]), ("view", X, [-1]), ("reshape", X.t(), [6]),
    ("expand", ROW, [2, -1], False), ("cat", [X, Y], 1), ("stack", [X, Y, X], 0), ("unbind.int", X, 0), ("chunk", ROW, 2, 0),
    ("split.Tensor", X, 2, 1), ("max.dim", X, 1, False), ("where.self", X > 0, X, ROW), ("matmul", X, Y.t().contiguous()),
    ("full", [2, 3], 1.5, None, None, None, None), ("arange", 5, None, None, None, None), ("clamp", X, -0.5, None),
    ("pow.Tensor_Scalar", X, 2), ("eq.Scalar", INTS, 2), ("layer_norm", X, [3], ROW, ROW, 1e-5, True), ("clone", X, None),
    ("lt.Tensor", X, Y), ("masked_fill.Scalar", X, X > 0, -1.0), ("index_select", X, 1, torch.tensor([2, 0])),
    ("add.Tensor", INTS.to(torch.uint8), INTS.to(torch.uint8), 250), ("gather", X, 1, torch.tensor([[0, 2], [1, 1]]), False),
    ("cumsum", X, 1, None), ("linear", X, torch.ones(4, 3), None), ("size.int", X, 1),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=[f"{i}-{c[0]}" for i, c in enumerate(CALLS)])
def test_results_are_torchs(call):
    key, *arguments = call
    schema = definition(key).schema
    keywords = {a.name: v for a, v in zip(schema.arguments, arguments, strict=True) if a.kwarg_only}
    expected = aten(key)(*arguments[: len(arguments) - len(keywords)], **keywords)
    hosts = [to_host(a) for a in arguments]
    if key == "reshape":
        hosts[0] = hosts[0].copy("K")
    for _ in range(2):  # compiled, then from the table
        assert_same(operator(key)(*hosts), expected)


def test_another_shape_makes_sizes_dynamic_and_no_more_is_compiled_then():
    dispatcher = Dispatcher(definition("add.Tensor").schema)
    compiled = count_compilations(dispatcher)
    for n in (2, 3, 4, 5, 9):
        x = np.full((n, 3), 1.5, "f")
        assert (dispatcher.call(x, x, 2) == 4.5).all()
    assert compiled() == 2
    for n in (0, 1):  # these stay specialised: broadcasting needs them
        assert dispatcher.call(np.ones((n, 3), "f"), np.ones((n, 3), "f"), 1).shape == (n, 3)
    assert compiled() == 4


def count_compilations(dispatcher):
    return lambda: sum(len(f.compiled) for f in dispatcher._families.values())


def test_numbers_are_arguments_not_part_of_the_key():
    dispatcher = Dispatcher(definition("mul.Scalar").schema)
    x = np.arange(3, dtype="f")
    for k in (0.5, 2.0, float("inf"), -0.0):
        np.testing.assert_array_equal(dispatcher.call(x, k), (torch.from_numpy(x) * k).numpy())
    assert count_compilations(dispatcher)() == 1
    assert dispatcher.call(np.arange(3), 2).dtype == np.int64 and dispatcher.call(np.arange(3), 2.0).dtype == np.float32


def test_an_index_becomes_an_argument_when_it_varies():
    dispatcher = Dispatcher(definition("select.int").schema)
    x = np.arange(40.0).reshape(20, 2)
    for i in (*range(20), -1, -20):
        np.testing.assert_array_equal(dispatcher.call(x, 0, i), x[i])
    assert count_compilations(dispatcher)() <= 4


def test_what_a_body_needs_the_value_of_is_compiled_for_each_value():
    dispatcher = Dispatcher(definition("pow.Tensor_Scalar").schema)
    x = np.array([1.0, 4.0, 9.0], "f")
    for k in (0.5, 2, 3.0, 0.5, -1.0):
        np.testing.assert_allclose(dispatcher.call(x, k), (torch.from_numpy(x) ** k).numpy(), rtol=2e-6)


def test_tables_are_bounded(monkeypatch):
    monkeypatch.setattr(dispatch, "MAX_ENTRIES", 8)
    dispatcher = Dispatcher(definition("neg").schema)
    for n in range(2, 40):
        assert dispatcher.call(np.ones(n, "f")).shape == (n,)
    assert len(dispatcher._recent) + len(dispatcher._older) <= 16 and count_compilations(dispatcher)() == 2
    assert dispatcher.call(np.ones(2, "f")).shape == (2,)


def test_functions_give_fresh_results():
    x = np.ones((2, 3), "f")
    for key, *arguments in [
        ("clone", None),
        ("relu",),
        ("add.Scalar", 0, 1),
        ("sum.dim_IntList", [], False, None),
        ("flip", [0]),
    ]:
        result = operator(key)(x, *arguments)
        assert not np.shares_memory(result, x), key
        result[...] = 7
        assert (x == 1).all()


VIEWS = [
    ("transpose.int", 0, 1), ("permute", [1, 0]), ("select.int", 0, 1), ("select.int", -1, -1), ("slice.Tensor", 1, 1, 3, 2),
    ("slice.Tensor", 0, -1, None, 1), ("unsqueeze", 0), ("squeeze",), ("view", [3, 2]), ("t",), ("detach",), ("narrow", 1, 1, 2),
    ("reshape", [6]), ("flatten.using_ints", 0, -1), ("expand", [4, 2, 3], False), ("contiguous", "contiguous_format"),
]  # fmt: skip


@pytest.mark.parametrize("view", VIEWS, ids=[v[0] for v in VIEWS])
def test_views_share_memory(view):
    key, *arguments = view
    x = np.zeros((2, 3), "f")
    result = operator(key)(x, *arguments)
    assert np.shares_memory(result, x) and type(result) is np.ndarray
    x[...] = 5
    assert (result == 5).all()


def test_multiple_views():
    x = np.zeros((4, 3), "f")
    parts = operator("split.Tensor")(x, 2, 0)
    rows = operator("unbind.int")(x, 1)
    assert isinstance(parts, list) and isinstance(rows, list)
    parts[1][...] = 1
    rows[0][...] += 2
    assert x.sum() == 6 + 8


def test_a_view_that_the_strides_forbid():
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        operator("view")(np.zeros((2, 3), "f").T, [6])
    assert operator("reshape")(np.arange(6.0).reshape(2, 3).T, [6]).tolist() == [0, 3, 1, 4, 2, 5]


def test_views_that_are_computed_as_copies_alias_all_the_same():
    x = np.arange(12, dtype="f").reshape(3, 4)
    for key, arguments in (("diagonal", (1, 0, 1)), ("unfold", (1, 2, 1)), ("diagonal", (-1, 1, 0))):
        for source in (x, x.T, x[1:, ::2]):
            view = operator(key)(source, *arguments)
            expected = aten(key)(torch.from_numpy(source), *arguments)
            np.testing.assert_array_equal(view, expected.numpy())
            assert view.size == 0 or np.shares_memory(view, x)
    operator("add_.Scalar")(operator("diagonal")(x, 0, 0, 1), 100, 1)
    assert x[0, 0] == 100 and x[1, 1] == 105 and x[0, 1] == 1
    z = np.array([1 + 2j, 3 - 1j], "complex64")
    operator("mul_.Scalar")(operator("imag")(z), 2)
    assert z.tolist() == [1 + 4j, 3 - 2j]


def test_views_of_expanded_tensors_can_be_written():
    base = np.zeros((1, 3), "f")
    wide = operator("expand")(base, [2, 3], False)
    operator("add_.Scalar")(operator("select.int")(wide, 0, 1), 1, 1)
    assert base.tolist() == [[1, 1, 1]]
    assert operator("fill_.Scalar")(wide, 4.0) is wide and base.tolist() == [[4, 4, 4]]
    locked = np.ones(2, "f")
    locked.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        operator("relu_")(locked)


def test_in_place_forms_write_into_the_very_object():
    base = np.arange(6, dtype="f").reshape(2, 3)
    row = base[1]
    assert operator("add_.Tensor")(row, np.array(10, "i8"), 1) is row
    assert operator("mul_.Scalar")(base, 2) is base
    np.testing.assert_array_equal(base, [[0, 2, 4], [26, 28, 30]])
    scalar = np.array(1.0, "f")
    assert operator("relu_")(scalar) is scalar
    assert operator("zero_")(base.T).sum() == 0 and base.sum() == 0
    assert operator("copy_")(base, base[:, ::-1].copy()[0], False) is base


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("add_.Tensor", (torch.zeros(2), torch.zeros(3, 2), 1)),
        ("add_.Tensor", (torch.zeros(2, dtype=torch.int64), torch.ones(2), 1)),
        ("mul_.Scalar", (torch.zeros(2, dtype=torch.bool), 2)),
        ("sigmoid_", (torch.zeros(2, dtype=torch.int64),)),
        ("add_.Tensor", (torch.zeros(1).expand(3), torch.ones(3), 1)),
        ("add.Tensor", (torch.zeros(2), torch.zeros(3), 1)),
    ],
)
def test_errors_have_torchs_type_and_message(key, arguments):
    with pytest.raises(RuntimeError) as expected:
        aten(key)(*arguments[:2], **({"alpha": arguments[2]} if len(arguments) > 2 else {}))
    hosts = [a.numpy() if isinstance(a, torch.Tensor) else a for a in arguments]
    with pytest.raises(OperatorError) as got:
        operator(key)(*hosts)
    assert str(got.value) == str(expected.value)
    assert got.value.__context__ is None or got.value.__suppress_context__


def test_out_forms():
    x, out = np.ones(3, "f"), np.zeros(3, "f")
    assert operator("add.out")(x, x, 2, out) is out and (out == 3).all()
    empty = np.zeros(0, "f")
    assert operator("add.out")(x, x, 1, empty) is empty and empty.tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="can't be cast"):
        operator("add.out")(x, x, 1, np.zeros(3, "i8"))


def test_wrong_arguments():
    with pytest.raises(OperatorTypeError, match=r"add\(\): argument 'other' must be Tensor, not int"):
        operator("add.Tensor")(np.ones(2), 3, 1)
    with pytest.raises(OperatorTypeError, match=r"cat\(\): argument 'tensors' must be Tensor\[\], not Tensor"):
        operator("cat")(np.ones(2), 0)
    with pytest.raises(OperatorTypeError, match="unknown operator 'nonsense'"):
        operator("nonsense")


def test_several_threads():
    dispatcher = Dispatcher(definition("add.Tensor").schema)
    failures = []

    def work(seed):
        random = np.random.default_rng(seed)
        for _ in range(60):
            x = random.random((int(random.integers(1, 6)), int(random.integers(1, 4)))).astype("f")
            if not np.array_equal(dispatcher.call(x, x, 1), x + x):
                failures.append(x.shape)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_dispatch_keeps_no_arguments_alive():
    x = np.ones((7, 11), "f")
    operator("neg")(x)
    assert len([r for r in gc.get_referrers(x) if isinstance(r, dict | tuple) and r is not globals()]) <= 1


def test_the_module_needs_no_xdsl():
    code = (
        "import sys; from tsir.backend.numpy.dispatch import operator; operator('relu(Tensor self) -> Tensor');"
        "print(sorted({'xdsl', 'torch', 'scipy', 'tsir.ops.registry'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_schemas_text_and_its_key_give_the_same_kind_of_callable():
    schema = definition("relu").schema
    assert parse_schema(str(schema)) == schema
    np.testing.assert_array_equal(operator(str(schema))(np.array([-1.0, 2.0])), [0, 2])


def test_contiguous_copies_what_is_not_in_order():
    contiguous = operator("contiguous")
    x = np.arange(6.0).reshape(2, 3)
    order = MemoryFormat("contiguous_format")
    assert np.shares_memory(contiguous(x, order), x)
    assert contiguous(x.T, order).flags.c_contiguous and not np.shares_memory(contiguous(x.T, order), x)
