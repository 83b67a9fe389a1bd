"""What the tracer records, run on torch's own operators, gives what the program itself gives: also for other sizes."""

import copy
from collections import namedtuple

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch_interpreter import Interpreter, torch_registry

from tsir.frontend.trace import trace_function, trace_module

REGISTRY = torch_registry()
Pair = namedtuple("Pair", "first second")
K = torch.tensor([1.0, 2.0, 3.0])


def run(program, *args):
    entry = next(iter(program.entry_points.values()))
    return Interpreter(program.module).call(entry.symbol, *([program.root] if entry.takes_self else []), *args)


def compare(traced, *batches, **options):
    """Traces with the first batch, compares with all."""
    torch.manual_seed(0)
    if isinstance(traced, nn.Module):
        program = trace_module(traced, {"forward": (batches[0], {})}, registry=REGISTRY, **options)
    else:
        program = trace_function(traced, batches[0], registry=REGISTRY, **options)
    for batch in batches:
        got, expected = run(program, *copy.deepcopy(batch)), traced(*copy.deepcopy(batch))
        torch.testing.assert_close(got, expected, equal_nan=True)
    return program


def randn(*shape):
    return torch.randn(*shape)


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x, mask=None):
        y, weights = self.attention(x, x, x, attn_mask=mask)
        return y, weights


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 6)
        self.lstm = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(10, 3)

    def forward(self, x):
        hidden, (h, c) = self.lstm(self.embedding(x))
        return self.out(hidden), h, c


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        y += x
        return self.relu(y)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(True))
        self.layers = nn.Sequential(*[Block() for _ in range(3)])
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(self.layers(self.stem(x))), 1))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.out = nn.Linear(4, 5, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, i):
        self.hidden = self.embedding(i)
        return self.out(self.hidden) + self.embedding.weight.sum()


class Inner(nn.Module):
    def forward(self, x):
        self.last = x * 3
        self.size = x.size(0) + 1
        return x + 1


class BehindItsBack(nn.Module):
    """Uses values of a submodule that the submodule doesn't give."""

    def __init__(self):
        super().__init__()
        self.inner = Inner()

    def forward(self, x):
        y = self.inner(x)
        return y + self.inner.last * self.inner.size


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.pair = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3, bias=False))

    def forward(self, x):
        return self.linear(self.linear(x)) + self.pair(x), self.pair[1](x)


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]


class ListOfModules(nn.Module):
    def __init__(self):
        super().__init__()
        self.towers = nn.ModuleList(nn.Linear(3, 2) for _ in range(2))
        self.by_name = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Identity()})
        self.scale = nn.ParameterList([nn.Parameter(torch.ones(2) * 2)])

    def forward(self, xs):
        outs = [tower(x) for tower, x in zip(self.towers, xs)]
        return self.by_name["b"](self.by_name["a"](torch.stack(outs).sum(0))) * self.scale[0]


MODULES = {
    "attention": (SelfAttention().eval(), (randn(2, 3, 8),), (randn(5, 7, 8),)),
    "attention_mask": (
        SelfAttention().eval(),
        (randn(2, 3, 8), torch.zeros(3, 3)),
        (randn(5, 4, 8), torch.ones(4, 4).triu()),
    ),
    "encoder_layer": (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval(), (randn(2, 3, 8),), (randn(4, 5, 8),)),
    "encoder": (
        nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True), 2, enable_nested_tensor=False
        ).eval(),
        (randn(2, 3, 8),),
        (randn(4, 5, 8),),
    ),
    "transformer": (
        nn.Transformer(8, 2, 1, 1, 16, batch_first=True).eval(),
        (randn(2, 3, 8), randn(2, 4, 8)),
        (randn(3, 5, 8), randn(3, 2, 8)),
    ),
    "tagger": (Tagger(), (torch.randint(0, 10, (2, 4)),), (torch.randint(0, 10, (3, 7)),)),
    "gru": (nn.GRU(4, 5), (randn(3, 2, 4),), (randn(6, 3, 4),)),
    "rnn": (nn.RNN(4, 5, nonlinearity="relu"), (randn(3, 2, 4), randn(1, 2, 5)), (randn(6, 3, 4), randn(1, 3, 5))),
    "lstm_cell": (nn.LSTMCell(3, 4), (randn(2, 3),), (randn(5, 3),)),
    "resnet": (ResNet().eval(), (randn(2, 3, 16, 16),), (randn(3, 3, 20, 20),)),
    "tied": (Tied(), (torch.tensor([1, 2]),), (torch.tensor([1, 2, 3]),)),
    "behind_its_back": (BehindItsBack(), (randn(2),), (randn(3),)),
    "twice": (Twice(), (randn(2, 3),), (randn(4, 3),)),
    "packed": (Packed(), (randn(2, 4, 3), torch.tensor([4, 2])), (randn(3, 5, 3), torch.tensor([2, 5, 3]))),
    "list_of_modules": (ListOfModules(), ([randn(2, 3), randn(2, 3)],), ([randn(4, 3), randn(4, 3)],)),
    "norms": (
        nn.Sequential(
            nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.Softmax(1), nn.Flatten(), nn.LayerNorm(16), nn.RMSNorm(16)
        ).eval(),
        (randn(2, 4, 2, 2),),
        (randn(3, 4, 2, 2),),
    ),
    "transposed": (
        nn.Sequential(
            nn.ConvTranspose2d(2, 3, 2, 2),
            nn.PixelShuffle(1),
            nn.Upsample(scale_factor=2),
            nn.ZeroPad2d(1),
            nn.ReflectionPad2d(1),
        ).eval(),
        (randn(1, 2, 3, 3),),
        (randn(2, 2, 4, 4),),
    ),
    "embedding_bag": (nn.EmbeddingBag(10, 3), (torch.randint(0, 10, (2, 4)),), (torch.randint(0, 10, (3, 4)),)),
    "torch_module_itself": (nn.Linear(3, 4), (randn(2, 3),), (randn(2, 5, 3),)),
}


def containers(x, d):
    return Pair(x + d["u"], (x * 2, d["u"]))


def fresh_constant_is_written(x):
    t = torch.tensor([0.0, 0.0])
    t += x
    t[0] = 5
    return t


def indexing(x, i):
    y = x.clone()
    y[:, i] = 0
    y[0, 1 : x.size(1) - 1] += 1
    y[y > 1] = 7.0
    y[-1] = torch.ones(1, 1)
    return y, x[..., None, 0], x[i], x[-1], x[i[0]], x[[0, 1]], x[:, ::2], x[:]


def sizes(x):
    b, t = x.shape
    n = x.numel() // t
    positions = torch.arange(t, device=x.device).unsqueeze(0).expand(b, -1)
    mask = torch.tril(torch.ones(t, t))
    scale, half = x.size(-1) ** -0.5, t / 2
    return (
        (x * positions * scale + mask.sum()).view(b * t) + n, torch.full((b, t + 1), half), x.new_zeros(x.shape),
        torch.zeros((*x.shape[:1], 2)), torch.tensor([b, t]), torch.tensor(t), x.view(x.shape[0], -1), x + (2 - b) + b // 2 + b % 2,
        torch.ones(round(half * 2)), x.repeat(b, 1),
    )  # fmt: skip


def loop(x):
    acc = torch.zeros_like(x[0])
    for i in range(3):
        acc = acc + x[i] * i
    outs = [p.relu_() for p in x.unbind(0)[:2]]
    return torch.stack(outs).sum(0) + acc


def functions(x):
    a, b = x.chunk(2, dim=1)
    v, i = x.max(dim=1)
    t = torch.topk(x, 2)
    return (
        a * b, v, i, t.values, t.indices, torch.einsum("ij,kj->ik", x, x), x.norm(), torch.norm(x, dim=1), F.normalize(x),
        F.pad(x, (1, 1)), x.T @ x, 1 - x, 2 / x, 2**x, x // 1, -x, x.std(), x.var(0), torch.split(x, x.size(0) // 2)[0], 
        x.split([1, 3], 1)[1],
        torch.where(x > 0, x, 0.0), x.masked_fill(x > 0, -1e9), x.type(torch.float64), x.to(torch.int32), x.float(),
        torch.logsumexp(x, 1), F.gelu(x), F.cosine_similarity(x, x), x.unflatten(1, (2, 2)), x.unique(), F.softmax(x, -1),
        x.sum(), x.sum((0, 1)), F.glu(x), F.leaky_relu(x), x.mT, x[0].expand_as(x), torch.cat([x, x], 1), torch.stack((x, x)),
        x.type_as(x), x.data, abs(x), x.clamp(min=0), torch.add(2, x),
    )  # fmt: skip


def losses(x, y):
    return (
        F.cross_entropy(x, y), F.mse_loss(x, x * 2), F.nll_loss(F.log_softmax(x, 1), y), F.one_hot(y, 4),
        F.binary_cross_entropy_with_logits(x, torch.sigmoid(x)), F.smooth_l1_loss(x, -x), F.kl_div(x, x.exp()),
    )  # fmt: skip


def images(x):
    return (
        F.interpolate(x, scale_factor=2), F.interpolate(x, size=(7, 7), mode="bilinear", align_corners=False), F.avg_pool2d(x, 2),
        F.adaptive_avg_pool2d(x, (2, 2)), F.unfold(x, 2), F.max_pool2d(x, 2, return_indices=True),
    )  # fmt: skip


def in_place(x):
    y = x.view(-1)
    y.add_(1)
    x.mul_(2)
    z = torch.empty_like(x)
    torch.add(x, 1, out=z)
    v, i = torch.empty(0), torch.empty(0, dtype=torch.long)
    torch.max(x, 0, out=(v, i))
    z.zero_()[0] = v
    return x, y, z, v, i


def shapes(x):
    grid = torch.meshgrid(x[0], x[1], indexing="ij")[0].sum()
    dots = torch.tensordot(x, x, dims=([1], [1])).sum()
    return torch.broadcast_tensors(x, x[:1])[1] + grid + dots + torch.atleast_2d(x).sum()


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.exp() * 2

    @staticmethod
    def backward(ctx, g):
        return g


@torch.jit.script
def scripted(x):
    return torch.relu(x) * 2 + x.sum()


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.jit.script(nn.Linear(3, 3))

    def forward(self, x):
        return self.linear(x).view(x.size(0), -1)


MODULES["scripted"] = (Scripted(), (randn(2, 3),), (randn(4, 3),))
FUNCTIONS = {
    "scripted": (lambda x: scripted(x + 1), (randn(2),), (randn(3),)),
    "containers": (containers, (randn(2), {"u": randn(2)}), (randn(3), {"u": randn(3)})),
    "constant": (lambda x: x * K + torch.tensor([1.0, 1.0, 0.0]), (randn(2, 3),), (randn(5, 3),)),
    "fresh_constant": (fresh_constant_is_written, (randn(2),), (randn(2),), (randn(2),)),
    "indexing": (indexing, (randn(3, 3), torch.tensor([0, 2])), (randn(4, 5), torch.tensor([1, 3]))),
    "sizes": (sizes, (randn(2, 3),), (randn(4, 5),)),
    "loop": (loop, (randn(3, 3),), (randn(3, 5),)),
    "functions": (functions, (randn(2, 4),), (randn(6, 4),)),
    "losses": (losses, (randn(2, 4), torch.tensor([0, 1])), (randn(3, 4), torch.tensor([0, 1, 2]))),
    "images": (images, (randn(1, 2, 4, 4),), (randn(3, 2, 6, 6),)),
    "in_place": (lambda x: in_place(x.clone()), (randn(2, 3),), (randn(3, 3),)),
    "input_is_written": (in_place, (randn(2, 3),), (randn(3, 3),)),
    "shapes": (shapes, (randn(2, 3),), (randn(4, 3),)),
    "dropout": (lambda x: F.dropout(x, 0.5, training=False) + x, (randn(2),), (randn(3),)),
    "number_input": (lambda x, scale=1.0, n=2: x * scale + n, (randn(2), 2.5, 3), (randn(2), 3.5, 4)),
    "none_input": (lambda x, mask: x if mask is None else x * mask, (randn(2), None), (randn(3), None)),
    "autograd_function": (lambda x: Doubled.apply(x) + 1, (randn(2),), (randn(3),)),
    "conversion_that_does_nothing": (lambda x: (x.to(torch.float32), x.contiguous() + x), (randn(2),), (randn(2).double(),)),
}


@pytest.mark.parametrize("name", MODULES)
def test_module(name):
    compare(*MODULES[name])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    compare(*FUNCTIONS[name])


def test_dict_and_list_with_strict_false():
    program = compare(lambda x: {"a": x + 1, "b": x.view(x.size(0), 1)}, (randn(2),), (randn(3),), strict=False)
    assert program.entry_points["traced"].result_type == "!ts.dict<!ts.str, !ts.tensor>"
    compare(lambda x: [x, x * 2], (randn(2),), strict=False)


def test_keyword_inputs():
    program = trace_function(lambda x, *, y, z=3: x - y * z, (randn(2),), {"y": randn(2)}, registry=REGISTRY)
    assert [(p.name, p.kwarg_only) for p in program.entry_points["traced"].parameters] == [("x", False), ("y", True)]
    x, y = randn(3), randn(3)
    torch.testing.assert_close(run(program, x, y), x - y * 3)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer("n", torch.zeros(()))
        self.register_buffer("total", torch.zeros(3))

    def forward(self, x):
        self.n += 1
        self.total = self.total + x.sum(0)
        return self.norm(x) + self.n


def test_state_changes_at_each_call_as_in_eager():
    module = Counting()
    program = trace_module(module, {"forward": ((randn(4, 3),), {})}, registry=REGISTRY)
    eager, x = copy.deepcopy(module), randn(5, 3)
    for _ in range(2):
        torch.testing.assert_close(run(program, x), eager(x))
    root = program.root.attributes
    for name, expected in (("n", eager.n), ("total", eager.total)):
        torch.testing.assert_close(torch.from_numpy(root[name]), expected)
    norm = root["norm"].attributes
    torch.testing.assert_close(torch.from_numpy(norm["running_mean"]), eager.norm.running_mean)


def test_the_module_is_as_before():
    module = ResNet()
    before = {name: dict(vars(m)) for name, m in module.named_modules()}
    trace_module(module.eval(), {"forward": ((randn(1, 3, 16, 16),), {})}, registry=REGISTRY)
    assert {name: set(vars(m)) for name, m in module.named_modules()} == {name: set(v) for name, v in before.items()}
