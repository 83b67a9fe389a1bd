"""Models of transformers scripted as they are, compared with torch eager, saved, loaded and run where there is no torch."""

import importlib.util
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tsir
from tests.models.comparison import assert_same
from tests.models.transformers_zoo import IMAGE, MODELS, SIZES, Model, image, text

pytestmark = pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers isn't installed")
QUICK = ("bert", "vit")
SCRIPTED = [
    *(m for m in MODELS if m.name in ("bert", "distilbert", "vit", "roberta")),
    Model("electra", "ElectraModel", "ElectraConfig", {**SIZES, "embedding_size": 16}, text),
    Model("albert", "AlbertModel", "AlbertConfig", {**SIZES, "embedding_size": 8}, text),
    Model("deit", "DeiTModel", "DeiTConfig", IMAGE, image),
]

RUN = """
import sys
sys.modules["torch"] = None
sys.modules["transformers"] = None
import numpy as np, tsir
given = dict(np.load("given.npz"))
result = tsir.load("m.pt")(**given)
np.savez("found.npz", **{k: v for k, v in result.items() if v is not None})
"""


def same(found: Any, expected: Any) -> None:
    """Compares outputs: of the same class, with the same items and attributes."""
    assert type(found) is type(expected) and list(found) == list(expected)
    for key, value in expected.items():
        assert found[key] is getattr(found, key)
        assert_same(found[key], value)
    assert_same(found.to_tuple(), expected.to_tuple())


@pytest.mark.parametrize(
    "model", [pytest.param(m, id=m.name, marks=() if m.name in QUICK else pytest.mark.slow) for m in SCRIPTED]
)
def test_scripted(model: Model, tmp_path: Path) -> None:
    """Two batch sizes, two lengths, with padding, with a mask of ones and without a mask; then saved and loaded without torch."""
    module = model.make()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = tsir.script(module)
        for batch, length in ((1, 6), (3, 9)):
            given = model.inputs(batch, length)
            same(scripted(**given), module(**given))
            if "attention_mask" in given and batch > 1:
                given["attention_mask"].fill_(1)
                same(scripted(**given), module(**given))
                del given["attention_mask"]
                same(scripted(**given), module(**given))
        given = model.inputs(2, 7)
        expected = module(**given)
    scripted.save(tmp_path / "m.pt")
    np.savez(tmp_path / "given.npz", **{k: v.numpy() for k, v in given.items()})
    subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, check=True, timeout=300)
    found = np.load(tmp_path / "found.npz")
    assert sorted(found) == sorted(expected)
    for key, value in expected.items():
        assert_same(torch.from_numpy(found[key]), value)
