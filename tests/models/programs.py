"""More programs as users write them: packed sequences, graphs, experts, scans, structured prediction, state between calls."""

from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class PackedTagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 6, padding_idx=0)
        self.lstm = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True, dropout=0.1)
        self.out = nn.Linear(10, 4)

    def forward(self, x: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        output, (hidden, _) = self.lstm(packed)
        padded, _ = pad_packed_sequence(output, batch_first=True, total_length=x.size(1))
        return self.out(padded), hidden


class PackedSequences(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(3, 4)

    def forward(self, sequences: List[Tensor]) -> Tuple[Tensor, Tensor]:
        lengths = torch.tensor([s.size(0) for s in sequences])
        output, hidden = self.gru(pack_padded_sequence(pad_sequence(sequences), lengths))
        return output.data, hidden.squeeze(0)


class Up(nn.Module):
    def __init__(self, inputs: int, outputs: int, bilinear: bool) -> None:
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        else:
            self.up = nn.ConvTranspose2d(inputs // 2, inputs // 2, 2, stride=2)
        self.conv = nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        below = self.up(below)
        dy, dx = skip.size(2) - below.size(2), skip.size(3) - below.size(3)
        below = F.pad(below, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.conv(torch.cat([skip, below], dim=1))


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1))
        self.down2 = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(4, 4, 3, padding=1))
        self.up1, self.up2 = Up(8, 4, bilinear=True), Up(8, 2, bilinear=False)

    def forward(self, x: Tensor) -> Tensor:
        a = self.first(x)
        b = self.down1(a)
        return self.up2(self.up1(self.down2(b), b), a)


class DenseLayer(nn.Module):
    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, growth, 3, padding=1)

    def forward(self, features: List[Tensor]) -> Tensor:
        return self.conv(F.relu(self.norm(torch.cat(features, 1))))


class DenseBlock(nn.ModuleDict):
    def __init__(self, layers: int, inputs: int, growth: int) -> None:
        super().__init__()
        for i in range(layers):
            self.add_module(f"layer{i}", DenseLayer(inputs + i * growth, growth))

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class Pooled(NamedTuple):
    graphs: Tensor
    nodes: Optional[Tensor] = None


class Graph(nn.Module):
    """Graph convolutions, pooled by graph."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 3)])

    def forward(self, x: Tensor, edges: Tensor, batch: Tensor) -> Pooled:
        row, col = edges[0], edges[1]
        degree = torch.zeros(x.size(0)).scatter_add_(0, col, torch.ones(col.size(0)))
        norm = degree.clamp(min=1).pow(-0.5)
        for i, layer in enumerate(self.layers):
            h = layer(x)
            x = torch.zeros_like(h).index_add_(0, col, h[row] * (norm[row] * norm[col]).unsqueeze(-1)) + h
            if i < len(self.layers) - 1:
                x = x.relu()
        index = batch[:, None].expand_as(x)
        graphs = torch.zeros(int(batch.max()) + 1, x.size(1)).scatter_reduce(0, index, x, reduce="amax", include_self=False)
        return Pooled(graphs, x)


class MixtureOfExperts(nn.Module):
    def __init__(self, count: int = 4, k: int = 2) -> None:
        super().__init__()
        self.gate = nn.Linear(6, count)
        self.experts = nn.ModuleList([nn.Sequential(nn.Linear(6, 8), nn.SiLU(), nn.Linear(8, 6)) for _ in range(count)])
        self.count, self.k = count, k

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.reshape(-1, x.size(-1))
        weights, chosen = torch.topk(F.softmax(self.gate(tokens), dim=1), self.k, dim=-1)
        mask = F.one_hot(chosen, num_classes=self.count).permute(2, 1, 0)
        out = torch.zeros_like(tokens)
        for i, expert in enumerate(self.experts):
            slot, token = torch.where(mask[i] > 0)
            if token.numel() == 0:
                continue
            out.index_add_(0, token, expert(tokens[token]) * weights[token, slot, None])
        return out.view_as(x)


class StateSpace(nn.Module):
    """A selective scan over time."""

    def __init__(self, width: int = 4, states: int = 3) -> None:
        super().__init__()
        self.log_a = nn.Parameter(torch.log(torch.arange(1, states + 1).float()).repeat(width, 1))
        self.project, self.step = nn.Linear(width, 2 * states + 1), nn.Linear(1, width)
        self.conv = nn.Conv1d(width, width, 3, groups=width, padding=2)
        self.states = states

    def forward(self, u: Tensor) -> Tensor:
        batch, time, width = u.shape
        u = F.silu(self.conv(u.transpose(1, 2))[..., :time]).transpose(1, 2)
        dt, b, c = torch.split(self.project(u), [1, self.states, self.states], dim=-1)
        dt = F.softplus(self.step(dt))
        decay = torch.exp(torch.einsum("btd,dn->btdn", dt, -torch.exp(self.log_a)))
        drive = torch.einsum("btd,btn,btd->btdn", dt, b, u)
        x = torch.zeros(batch, width, self.states)
        ys = []
        for t in range(time):
            x = decay[:, t] * x + drive[:, t]
            ys.append(torch.einsum("bdn,bn->bd", x, c[:, t]))
        return torch.stack(ys, 1)


class CRF(nn.Module):
    """Viterbi decoding with masks, to lists of tags."""

    def __init__(self, tags: int = 3) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.randn(tags, tags))
        self.start = nn.Parameter(torch.randn(tags))

    def forward(self, emissions: Tensor, mask: Optional[Tensor] = None) -> List[List[int]]:
        if mask is None:
            mask = torch.ones(emissions.shape[:2], dtype=torch.bool)
        score = self.start + emissions[0]
        history: List[Tensor] = []
        for t in range(1, emissions.size(0)):
            best, arg = (score.unsqueeze(2) + self.transitions + emissions[t].unsqueeze(1)).max(dim=1)
            score = torch.where(mask[t].unsqueeze(1), best, score)
            history.append(arg)
        ends = mask.long().sum(dim=0) - 1
        found: List[List[int]] = []
        for b in range(emissions.size(1)):
            tags = [int(score[b].argmax().item())]
            for arg in reversed(history[: int(ends[b])]):
                tags.append(int(arg[b][tags[-1]].item()))
            tags.reverse()
            found.append(tags)
        return found


class Chooser(nn.Module):
    """Modules at positions and keys that only the call knows, one with a hook."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.ModuleList([nn.Linear(3, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 3)), nn.Tanh()])
        self.heads = nn.ModuleDict({"a": nn.Linear(3, 2), "b": nn.Linear(3, 4)})
        self.steps[0].register_forward_hook(lambda module, inputs, output: output + inputs[0])

    def forward(self, x: Tensor, n: int, head: str) -> Tensor:
        for i in range(n, -1, -1):
            x = self.steps[i](x)
        return self.heads[head](x)


class KeyValueCache(nn.Module):
    cache: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cache", torch.zeros(2, 8, 3))
        self.used = 0
        self.sizes: List[int] = []
        self.seen: Dict[str, int] = {}

    def forward(self, x: Tensor) -> Tuple[Tensor, int, List[int], Dict[str, int]]:
        n = x.size(1)
        self.cache[:, self.used : self.used + n] = x
        self.used += n
        self.sizes.append(n)
        self.seen[str(n)] = self.seen.get(str(n), 0) + 1
        return self.cache[:, : self.used].sum(1), self.used, self.sizes, self.seen

    @torch.jit.export
    def reset(self) -> None:
        self.cache.zero_()
        self.used = 0
        self.sizes.clear()
        self.seen = {}
