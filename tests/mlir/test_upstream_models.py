"""The models of tests/models as text of upstream dialects: mlir-opt verifies it, MLIR's JIT and IREE run it as torch does."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tsir  # noqa: E402
from tests.mlir.toolchain import available, iree_available, mlir_opt, run_iree, run_mlir  # noqa: E402
from tests.models.test_models import FUNCTIONS, MODELS, make  # noqa: E402
from tsir.errors import PassError  # noqa: E402

pytestmark = [
    pytest.mark.mlir,
    pytest.mark.skipif(not available(), reason="MLIR's tools aren't installed: make test-mlir installs them"),
]

HOST = {
    ("crf", "static"): "ts.py.getslice|ts.py.list_reverse",
    ("crf", "dynamic"): "ts.py.getslice|ts.py.list_reverse",
    ("chooser", "static"): "ts.dict",
    ("chooser", "dynamic"): "ts.dict",
    ("detector", "static"): "aten::index.Tensor",
    ("detector", "dynamic"): "aten::index.Tensor",
    ("detector_finds_nothing", "static"): "aten::index.Tensor",
    ("detector_finds_nothing", "dynamic"): "aten::index.Tensor",
    ("transducer", "static"): "aten::lstm_cell",
    ("transducer", "dynamic"): "aten::lstm_cell",
    ("translator", "static"): "list_append",
    ("translator", "dynamic"): "list_append",
    ("translator_decodes", "static"): "list_append",
    ("translator_decodes", "dynamic"): "list_append",
    ("state_space", "dynamic"): "aten::stack",
    ("greedy_decoder", "static"): "ts.py.list_append",
    ("greedy_decoder", "dynamic"): "ts.py.list_append",
    ("beam_search", "static"): "ts.py.list_append",
    ("beam_search", "dynamic"): "ts.py.list_append",
    ("collatz", "static"): "ts.py.list_append",
    ("collatz", "dynamic"): "ts.py.list_append",
    ("masked_mean_scaled", "static"): "ts.py.getitem",
    ("masked_mean_scaled", "dynamic"): "ts.py.getitem",
}
"""What MLIR's dialects can't say, and an operation that the error names."""

IREE_GAPS = {
    ("bag_of_embeddings", "static"): "a loop that updates single elements reads out of its buffer",
    ("bag_of_embeddings", "dynamic"): "tensor.dim of what a loop carries isn't resolved",
    ("kmeans", "dynamic"): "tensor.dim of what a loop carries isn't resolved",
    ("kmeans", "static"): "tensor.dim of what a loop carries isn't resolved",
    ("graph", "dynamic"): "tensor.dim of what a loop carries isn't resolved",
    ("graph", "static"): "tensor.dim of what a loop carries isn't resolved",
    ("dlrm", "static"): "a pipeline of the compiler doesn't reach its fixed point",
    ("dlrm", "dynamic"): "tensor.dim of what a loop carries isn't resolved",
    ("packed_tagger", "static"): "tensor.dim of what a loop carries isn't resolved",
    ("packed_tagger", "dynamic"): "tensor.dim of what a loop carries isn't resolved",
    ("packed_sequences", "static"): "tensor.dim of what a loop carries isn't resolved",
    ("packed_sequences", "dynamic"): "tensor.dim of what a loop carries isn't resolved",
    ("mixture_of_experts", "static"): "tensor.dim of what a loop carries isn't resolved",
    ("mixture_of_experts", "dynamic"): "tensor.dim of what a loop carries isn't resolved",
    ("newton_sqrt", "static"): "the compiler crashes on scf.while with a result that is assigned on one path",
    ("newton_sqrt", "dynamic"): "the compiler crashes on scf.while with a result that is assigned on one path",
}
"""What IREE 3.13 fails on while MLIR's own lowering runs it."""

CASES = [(m.name, m.make, m.inputs) for m in MODELS] + [
    (f.__name__ + ("_scaled" if len(i(2)) == 3 and f.__name__ == "masked_mean" else ""), f, i) for f, i in FUNCTIONS
]


def leaves(value):
    """The tensors and numbers in a result, in order, as arrays."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [a for v in value.values() for a in leaves(v)]
    if isinstance(value, list | tuple):
        return [a for v in value for a in leaves(v)]
    return [value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)]


def prepared(name, made, inputs, kind):
    """The compiled program, torch's, and the arguments of a call; for `dynamic` after calls of other sizes."""
    eager = made if name in {f.__name__ for f, _ in FUNCTIONS} | {"masked_mean_scaled"} else make(Case(made))
    compiled = tsir.script(eager)
    last = 3 if name.startswith("translator") else 4  # which has three sentences
    sizes = (last - 2, last - 1, last) if kind == "dynamic" else (2,)
    for n in sizes:
        torch.manual_seed(n)
        arguments = inputs(n)
        if n != sizes[-1]:
            compiled(*arguments)
    return compiled, eager, arguments


class Case:
    def __init__(self, made):
        self.make = made


def expected_of(eager, arguments):
    with torch.no_grad():
        return leaves(eager(*arguments))


def defaults(compiled, arguments):
    """The arguments of a call with the defaults filled in."""
    entry = compiled.method("forward").entry if hasattr(compiled, "method") else compiled.entry
    rest = [p.default for p in entry.parameters[len(arguments) :]]
    return leaves([*arguments, *rest])


def assert_close(found, expected):
    assert len(found) == len(expected)
    for f, e in zip(found, expected):
        assert f.shape == e.shape
        np.testing.assert_allclose(f, e, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("kind", ["static", "dynamic"])
@pytest.mark.parametrize(("name", "made", "inputs"), CASES, ids=[c[0] for c in CASES])
def test_model(name, made, inputs, kind):
    compiled, eager, arguments = prepared(name, made, inputs, kind)
    if (name, kind) in HOST:
        with pytest.raises(PassError, match=HOST[name, kind]) as caught:
            compiled.mlir(*arguments)
        assert caught.value.location is not None
        return
    text = compiled.mlir(*arguments)
    flat = defaults(compiled, arguments)
    (found,) = run_mlir([(text, flat)])
    if isinstance(found, Exception):
        raise found
    expected = expected_of(eager, arguments)
    assert_close(found, expected)
    if iree_available() and (name, kind) not in IREE_GAPS:
        assert_close(run_iree(text, flat), expected)


@pytest.mark.parametrize("weights", ["inline", "resource", "args"])
def test_weights(weights):
    name, made, inputs = CASES[2]
    compiled, eager, arguments = prepared(name, made, inputs, "static")
    text = compiled.mlir(*arguments, weights=weights)
    assert ("dense_resource" in text) == (weights == "resource")
    given = leaves(list(arguments))
    if weights == "args":
        assert 'ml_program.identifier = "conv1.weight"' in text
        given += [dict(eager.named_parameters())[p].detach().numpy() for p in weight_paths(text)]
    mlir_opt(text)
    (found,) = run_mlir([(text, given)])
    assert_close(found, expected_of(eager, arguments))


def weight_paths(text):
    import re

    return re.findall(r'ml_program\.identifier = "([^"]+)"', text)
