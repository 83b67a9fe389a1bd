"""Whole models by script and by trace, saved and loaded again, compared with torch eager at several input sizes."""

import io
from dataclasses import dataclass
from typing import Any, Callable, List, Tuple

import pytest
import torch
from torch import nn

import tsir
from tests.models.algorithms import beam_search, collatz, kmeans, masked_mean, newton_sqrt
from tests.models.applications import DLRM, Detector, Transducer, Translator
from tests.models.comparison import assert_same
from tests.models.programs import (
    CRF,
    Chooser,
    DenseBlock,
    Graph,
    KeyValueCache,
    MixtureOfExperts,
    PackedSequences,
    PackedTagger,
    StateSpace,
    UNet,
)
from tests.models.sequence import (
    BagOfEmbeddings,
    DictModel,
    Encoder,
    EncoderBlock,
    GreedyDecoder,
    LSTMTagger,
    MeanOfEmbeddings,
    MultiheadAttention,
)
from tests.models.vision import MLP, LeNet, ResNet, SimpleNet, randomise_batch_norms


@dataclass
class Model:
    name: str
    make: Callable[[], Any]
    inputs: Callable[[int], Tuple[Any, ...]]
    traceable: bool = True
    strict: bool = True


def padding_mask(n: int) -> torch.Tensor:
    return torch.arange(5).unsqueeze(0) >= torch.arange(2, 2 + n).clamp(max=5).unsqueeze(1)


def bags(n: int) -> Tuple[torch.Tensor, List[torch.Tensor], List[torch.Tensor]]:
    indices = [torch.randint(7, (n * k,)) for k in (1, 2, 3)]
    return torch.randn(n, 5), indices, [torch.arange(0, n * k, k) for k in (1, 2, 3)]


def sentences(n: int) -> torch.Tensor:
    words = torch.randint(1, 17, (n, 6))
    return words.masked_fill(torch.arange(6) >= torch.tensor([4, 6, 2])[:n, None], 0)


MODELS = [
    Model("simple_net", SimpleNet, lambda n: (torch.randn(n, 10),)),
    Model("mlp", lambda: MLP([28, 32, 16, 10]), lambda n: (torch.randn(n, 4, 7),)),
    Model("lenet", LeNet, lambda n: (torch.randn(n, 1, 28, 28),)),
    Model("resnet18", lambda: ResNet(width=8, classes=10), lambda n: (torch.randn(n, 3, 32, 32),)),
    Model("bag_of_embeddings", BagOfEmbeddings, lambda n: (torch.randint(50, (3 * n,)), torch.arange(0, 3 * n, 3))),
    Model("mean_of_embeddings", MeanOfEmbeddings, lambda n: (torch.randint(4, (n, 6)),)),
    Model("encoder_block", EncoderBlock, lambda n: (torch.randn(n, 7, 32),)),
    Model("encoder_block_masked", EncoderBlock, lambda n: (torch.randn(n, 7, 32), torch.tril(torch.ones(7, 7)))),
    Model("encoder", lambda: Encoder(2, 16, 4, 32), lambda n: (torch.randn(n, 6, 16),)),
    Model("multihead_attention", MultiheadAttention, lambda n: (torch.randn(n, 5, 16),)),
    Model("multihead_attention_padded", MultiheadAttention, lambda n: (torch.randn(n, 5, 16), padding_mask(n))),
    Model("lstm_tagger", LSTMTagger, lambda n: (torch.randint(30, (n, 6)),)),
    Model("packed_tagger", PackedTagger, lambda n: (torch.randint(20, (n, 6)), torch.tensor([4, 6, 2][:n]))),
    Model("packed_sequences", PackedSequences, lambda n: ([torch.randn(5 - i, 3) for i in range(n)],), traceable=False),
    Model("unet", UNet, lambda n: (torch.randn(n, 3, 8 + n, 8),)),
    Model(
        "dense_block", lambda: nn.Sequential(DenseBlock(3, 4, 2), nn.LPPool2d(2, 2)), lambda n: (torch.randn(n, 4, 6, 6),)
    ),
    Model(
        "graph",
        Graph,
        lambda n: (torch.randn(3 * n, 4), torch.randint(3 * n, (2, 8)), torch.arange(3 * n) // 3),
        traceable=False,
    ),
    Model("mixture_of_experts", MixtureOfExperts, lambda n: (torch.randn(n, 3, 6),), traceable=False),
    Model("state_space", StateSpace, lambda n: (torch.randn(n, 5 + n, 4),), traceable=False),
    Model(
        "crf", CRF, lambda n: (torch.randn(4, n, 3), torch.arange(4)[:, None] < torch.arange(4, 4 - n, -1)), traceable=False
    ),
    Model("chooser", Chooser, lambda n: (torch.randn(2, 3), n - 1, "ab"[n % 2]), traceable=False),
    Model("dict_model", DictModel, lambda n: (torch.randn(n, 6),), strict=False),
    Model("dlrm", DLRM, bags),
    Model("detector", Detector, lambda n: (torch.randn(n, 3, 32, 24 + 8 * n),), traceable=False),
    Model("detector_finds_nothing", Detector, lambda n: (torch.randn(n, 3, 16, 16), 0.99), traceable=False),
    Model("transducer", Transducer, lambda n: (torch.randn(n, 9, 6), torch.tensor([9, 4, 7][:n])), traceable=False),
    Model("translator", Translator, lambda n: (sentences(n), torch.randint(17, (n, 5)))),
    Model("translator_decodes", Translator, lambda n: (sentences(n),), traceable=False),
    Model(
        "greedy_decoder", GreedyDecoder, lambda n: (torch.zeros(n, dtype=torch.long), torch.randn(n, 12)), traceable=False
    ),
]
FUNCTIONS = [
    (kmeans, lambda n: (torch.randn(20 * n, 2), torch.randn(3, 2))),
    (newton_sqrt, lambda n: (torch.rand(4 * n, dtype=torch.float64) * 50 + 0.1,)),
    (beam_search, lambda n: (torch.randn(7).log_softmax(0), torch.randn(7, 7).log_softmax(1), 3, 3 + n)),
    (masked_mean, lambda n: (torch.randn(n, 4, 3),)),
    (masked_mean, lambda n: (torch.randn(n, 4, 3), torch.ones(n, 4, dtype=torch.bool), {"scale": 2.0})),
    (collatz, lambda n: (6 * n + 1,)),
]


def make(model: Model) -> Any:
    torch.manual_seed(7)
    made = model.make().eval()
    randomise_batch_norms(made)
    return made


def check(compiled: Any, eager: Any, inputs: Callable[[int], Tuple[Any, ...]]) -> None:
    for n in (2, 3, 2, 1):
        torch.manual_seed(n)
        arguments = inputs(n)
        with torch.no_grad():
            assert_same(compiled(*arguments), eager(*arguments))


def reloaded(compiled: Any) -> Any:
    file = io.BytesIO()
    compiled.save(file)
    file.seek(0)
    return tsir.load(file)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_script(model: Model) -> None:
    eager = make(model)
    scripted = tsir.script(eager)
    check(scripted, eager, model.inputs)
    check(reloaded(scripted), eager, model.inputs)


@pytest.mark.parametrize("model", [m for m in MODELS if m.traceable], ids=lambda m: m.name)
def test_trace(model: Model) -> None:
    eager = make(model)
    traced = tsir.trace(eager, model.inputs(2), strict=model.strict)
    check(traced, eager, model.inputs)
    check(reloaded(traced), eager, model.inputs)


@pytest.mark.parametrize(("function", "inputs"), FUNCTIONS, ids=lambda f: getattr(f, "__name__", ""))
def test_function(function: Any, inputs: Callable[[int], Tuple[Any, ...]]) -> None:
    scripted = tsir.script(function)
    check(scripted, function, inputs)
    check(reloaded(scripted), function, inputs)


def test_exception_of_a_model_reaches_the_caller() -> None:
    scripted = tsir.script(masked_mean)
    with pytest.raises(ValueError, match="a row of 4 has nothing left"):
        scripted(torch.randn(2, 4, 3), torch.zeros(2, 4, dtype=torch.bool))


def test_a_changed_parameter_is_seen() -> None:
    eager = SimpleNet().eval()
    scripted = tsir.script(eager)
    x = torch.randn(1, 10)
    assert_same(scripted(x), eager(x))
    with torch.no_grad():
        eager.fc1.weight.mul_(2)
    assert_same(scripted(x), eager(x))
    eager.fc2.weight.data = torch.randn(2, 5)
    assert_same(scripted(x), eager(x))


def test_train_and_eval() -> None:
    torch.manual_seed(0)
    eager = MLP([8, 64, 64, 2]).eval()
    scripted = tsir.script(eager)
    x = torch.randn(4, 8)
    assert_same(scripted(x), eager(x))
    scripted.train()
    assert scripted.training
    assert not torch.equal(scripted(x), scripted(x)), "dropout does nothing in training mode"
    scripted.eval()
    assert_same(scripted(x), eager(x))


def test_state_persists_from_call_to_call() -> None:
    eager, scripted = KeyValueCache(), tsir.script(KeyValueCache())
    for n in (1, 2, 1):
        x = torch.arange(6.0 * n).reshape(2, n, 3)
        assert_same(scripted(x), eager(x))
    loaded = reloaded(scripted)
    scripted.reset(), eager.reset()
    x = torch.ones(2, 3, 3)
    assert_same(scripted(x), eager(x))
    assert_same(loaded(torch.ones(2, 1, 3))[1], 5)
