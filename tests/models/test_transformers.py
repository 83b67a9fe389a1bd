"""Models of transformers as they are, compared with torch eager at two batch sizes and lengths."""

import importlib.util
import warnings
from typing import Any

import pytest
import torch

import tsir
from tests.models.comparison import assert_same
from tests.models.transformers_zoo import MODELS, REAL_SIZES, Model

pytestmark = pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers isn't installed")
QUICK = ("bert", "gpt2", "llama", "mixtral", "mamba", "clip")


def plain(result: Any) -> Any:
    """A result as plain dicts and tuples."""
    if isinstance(result, dict):
        return {key: plain(value) for key, value in result.items()}
    return tuple(map(plain, result)) if isinstance(result, tuple) else result


@pytest.mark.parametrize(
    "model", [pytest.param(m, id=m.name, marks=() if m.name in QUICK else pytest.mark.slow) for m in MODELS]
)
def test_traced(model: Model) -> None:
    """A trace made at batch 1 without padding holds for other batches, lengths and for padding."""
    _compare(model, ((1, 6), (3, 9)), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("model", REAL_SIZES, ids=lambda m: m.name)
def test_traced_in_real_size(model: Model) -> None:
    """The same of a dozen layers, whose sums are of some thousand products: hence the tolerance."""
    _compare(model, ((1, 16), (2, 24)), rtol=1e-3, atol=1e-4)


def _compare(model: Model, sizes: tuple[tuple[int, int], ...], rtol: float, atol: float) -> None:
    module = model.make()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = tsir.trace(module, example_kwarg_inputs=model.inputs(*sizes[0]), strict=False, check_trace=False)
        for batch, length in sizes:
            given = model.inputs(batch, length)
            assert_same(traced(**given), plain(module(**given)), rtol, atol)
