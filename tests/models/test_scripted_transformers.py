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
from tests.models.transformers_zoo import DECODER, IMAGE, MODELS, SIZES, Model, image, text

pytestmark = pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers isn't installed")
QUICK = ("bert", "vit")
SCRIPTED = [
    *(m for m in MODELS if m.name in ("bert", "distilbert", "vit", "roberta", "gpt2", "llama", "clip_vision")),
    Model("electra", "ElectraModel", "ElectraConfig", {**SIZES, "embedding_size": 16}, text),
    Model("albert", "AlbertModel", "AlbertConfig", {**SIZES, "embedding_size": 8}, text),
    Model("clip_text", "CLIPTextModel", "CLIPTextConfig", {**SIZES, "eos_token_id": 2}, text),
    Model(
        "convnext",
        "ConvNextModel",
        "ConvNextConfig",
        {
            "patch_size": 2,
            "num_stages": 2,
            "hidden_sizes": [8, 12],
            "depths": [1, 1],
            "image_size": 16,
        },
        image,
    ),
    Model(
        "swin",
        "SwinModel",
        "SwinConfig",
        {
            "image_size": 16,
            "patch_size": 2,
            "embed_dim": 8,
            "depths": [1, 1],
            "num_heads": [2, 2],
            "window_size": 2,
        },
        image,
    ),
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


OTHERS = {
    "bert": ({"output_hidden_states": True}, {"return_dict": False}, {"output_hidden_states": True, "return_dict": False}),
    "vit": ({"output_hidden_states": True}, {"return_dict": False}),
}
"""What calls of other forms pass beside the inputs."""


def alike(found: Any, expected: Any) -> None:
    """Compares outputs of any form."""
    if isinstance(expected, dict):
        assert type(found) is type(expected)
        found, expected = tuple(found.values()), tuple(expected.values())
    if isinstance(expected, tuple):
        assert isinstance(found, tuple) and len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            alike(a, b)
    elif isinstance(expected, torch.Tensor):
        assert_same(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_calls_of_other_forms(name: str) -> None:
    """Flags that decide what comes out."""
    model = next(m for m in MODELS if m.name == name)
    module = model.make()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = tsir.script(module)
        for flags in OTHERS[name]:
            given = model.inputs(2, 6)
            alike(scripted(**given, **flags), module(**given, **flags))


def with_labels(batch: int, length: int) -> dict[str, torch.Tensor]:
    return {**text(batch, length), "labels": torch.arange(batch) % 2}


@pytest.mark.slow
def test_a_loss() -> None:
    """The labels are left out of the program that is compiled first; a call with them is of another form."""
    arguments = {**SIZES, "problem_type": "single_label_classification"}
    module = Model("classifier", "BertForSequenceClassification", "BertConfig", arguments, text).make()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = tsir.script(module)
        for given in (text(2, 6), with_labels(2, 6), with_labels(3, 5)):
            alike(scripted(**given), module(**given))


CACHED = [
    *(m for m in MODELS if m.name in ("gpt2", "llama", "mistral")),
    Model("qwen2", "Qwen2Model", "Qwen2Config", {**DECODER, "num_hidden_layers": 2}, text),
]

GENERATE = """
import sys
sys.modules["torch"] = None
sys.modules["transformers"] = None
import numpy as np, tsir
given = np.load("given.npz")
m, cache, found = tsir.load("m.pt"), {}, []
for n in range(3):
    ids, mask = (given["ids"][:, :6], given["mask"][:, :6]) if n == 0 else (given["ids"][:, 5 + n : 6 + n], given["mask"][:, : 6 + n])
    result = m(input_ids=ids, attention_mask=mask, use_cache=True, **cache)
    cache = {"cache": result.cache}
    found.append(result["last_hidden_state"])
np.savez("found.npz", *found)
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", CACHED, ids=[m.name for m in CACHED])
def test_a_cache_goes_from_call_to_call(model: Model, tmp_path: Path) -> None:
    """Keys and values of earlier tokens; then the same where there is no torch."""
    module = model.make()
    ids, mask = torch.randint(3, 99, (2, 9)), torch.ones(2, 9, dtype=torch.long)
    mask[1, :2] = 0
    calls = [(ids[:, :6], mask[:, :6]), *((ids[:, 5 + n : 6 + n], mask[:, : 6 + n]) for n in (1, 2))]
    outputs: list[torch.Tensor] = []
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = tsir.script(module)
        found_cache: dict[str, Any] = {}
        cache: dict[str, Any] = {}
        for some_ids, some_mask in calls:
            given = {"input_ids": some_ids, "attention_mask": some_mask, "use_cache": True}
            found, expected = scripted(**given, **found_cache), module(**given, **cache)
            assert_same(found.last_hidden_state, expected.last_hidden_state)
            assert type(found.cache) is type(expected.cache)
            for a, b in zip(found.cache.layers, expected.cache.layers, strict=True):
                assert_same((a.keys, a.values), (b.keys, b.values))
            assert not found_cache or found.cache is found_cache["cache"]
            found_cache, cache = {"cache": found.cache}, {"cache": expected.cache}
            outputs.append(expected.last_hidden_state)
    scripted.save(tmp_path / "m.pt")
    np.savez(tmp_path / "given.npz", ids=ids.numpy(), mask=mask.numpy())
    subprocess.run([sys.executable, "-c", GENERATE], cwd=tmp_path, check=True, timeout=300)
    loaded = np.load(tmp_path / "found.npz")
    for n, expected in enumerate(outputs):
        assert_same(torch.from_numpy(loaded[f"arr_{n}"]), expected)


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
