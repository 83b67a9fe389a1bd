"""Models of transformers and timm, traced as they are, as text of upstream dialects: MLIR's JIT and IREE run it as torch does."""

import importlib.util
import warnings

import pytest

torch = pytest.importorskip("torch")

import tsir  # noqa: E402
from tests.mlir.test_upstream_models import leaves  # noqa: E402
from tests.mlir.toolchain import available, iree_available, run_iree, run_mlir  # noqa: E402
from tests.models import timm_zoo, transformers_zoo  # noqa: E402
from tests.models.comparison import assert_same  # noqa: E402
from tests.models.test_timm import is_usable as timm_is_usable  # noqa: E402
from tests.models.test_transformers import plain  # noqa: E402
from tsir.errors import PassError  # noqa: E402

pytestmark = [
    pytest.mark.mlir,
    pytest.mark.skipif(not available(), reason="MLIR's tools aren't installed: make test-mlir installs them"),
]

HOST = {"mixtral": "aten::_grouped_mm"}
"""What MLIR's dialects can't say, and an operation that the error names."""

IREE_GAPS = {"whisper": "a pipeline of the compiler doesn't reach its fixed point"}
"""What IREE 3.13 fails on while MLIR's own lowering runs it."""


def _arrays(value):
    """The tensors in a result of plain dicts and tuples, in order."""
    return leaves(list(value.values()) if isinstance(value, dict) else value)


def _check(name, text, given, expected):
    (found,) = run_mlir([(text, given)])
    if isinstance(found, Exception):
        raise found
    assert_same(tuple(map(torch.from_numpy, found)), tuple(map(torch.from_numpy, expected)), 2e-4, 2e-5)
    if iree_available() and name not in IREE_GAPS:
        assert_same(tuple(map(torch.from_numpy, run_iree(text, given))), tuple(map(torch.from_numpy, expected)), 2e-4, 2e-5)


@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers isn't installed")
@pytest.mark.parametrize("model", transformers_zoo.MODELS, ids=lambda m: m.name)
def test_transformers(model):
    module, given = model.make(), model.inputs(2, 7)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = tsir.trace(module, example_kwarg_inputs=given, strict=False, check_trace=False)
        expected = _arrays(plain(module(**given)))
    if model.name in HOST:
        with pytest.raises(PassError, match=HOST[model.name]) as caught:
            traced.mlir(**given)
        assert caught.value.location is not None
        return
    names = [p.name for p in traced.method("forward").entry.parameters]
    _check(model.name, traced.mlir(**given), [given[n].numpy() for n in names], expected)


@pytest.mark.skipif(not timm_is_usable(), reason="timm isn't installed, or not for this torch")
@pytest.mark.parametrize("model", [m for m in timm_zoo.MODELS if m.size < 224], ids=lambda m: m.name)
def test_timm(model):
    module, given = model.make(), model.inputs(2)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = tsir.trace(module, given, check_trace=False)
        expected = _arrays(module(*given))
    _check(model.name, traced.mlir(*given), [g.numpy() for g in given], expected)
