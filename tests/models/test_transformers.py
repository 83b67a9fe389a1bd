"""Models of transformers as they are, compared with torch eager at two batch sizes and lengths."""

import importlib.util
import warnings
from typing import Any

import pytest
import torch

import tsir
from tests.models.comparison import assert_same
from tests.models.transformers_zoo import MODELS, Model

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
    module = model.make()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = tsir.trace(module, example_kwarg_inputs=model.inputs(1, 6), strict=False, check_trace=False)
        for batch, length in ((1, 6), (3, 9)):
            given = model.inputs(batch, length)
            assert_same(traced(**given), plain(module(**given)))
