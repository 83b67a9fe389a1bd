"""Image models of timm as they are, traced and scripted, compared with torch eager at two batch sizes."""

from typing import Any

import pytest
import torch

import tsir
from tests.models.comparison import assert_same
from tests.models.timm_zoo import MODELS, Model


def is_usable() -> bool:
    """Whether timm can be imported with this torch."""
    try:
        import timm  # noqa: F401
    except (ImportError, RuntimeError):  # torchvision raises RuntimeError when it is built for another torch
        return False
    return True


pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_usable(), reason="timm isn't installed, or not for this torch")]


def _check(compiled: Any, eager: Any, model: Model) -> None:
    for batch in (1, 2):
        given = model.inputs(batch)
        # Up to fifty layers with random weights, each of which sums thousands of float32 products in another order.
        assert_same(compiled(*given), eager(*given), rtol=5e-3, atol=1e-3)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
@torch.no_grad()
def test_traced(model: Model) -> None:
    eager = model.make()
    _check(tsir.trace(eager, model.inputs(1), check_trace=False), eager, model)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
@torch.no_grad()
def test_scripted(model: Model) -> None:
    eager = model.make()
    _check(tsir.script(eager), eager, model)
