"""Text and sequence models, written by hand as users write them."""

import math
from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BagOfEmbeddings(nn.Module):
    def __init__(self, vocabulary: int = 50, size: int = 16, classes: int = 4) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocabulary, size, mode="mean")
        self.norm = nn.LayerNorm(size)
        self.fc = nn.Linear(size, classes)

    def forward(self, text: Tensor, offsets: Tensor) -> Tensor:
        return self.fc(self.norm(self.embedding(text, offsets)))


class MeanOfEmbeddings(nn.Module):
    """The same by hand: padded ids, a mask, a mean over what isn't padding."""

    def __init__(self, vocabulary: int = 50, size: int = 16, classes: int = 4, padding: int = 0) -> None:
        super().__init__()
        self.padding = padding
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=padding)
        self.fc = nn.Linear(size, classes)

    def forward(self, ids: Tensor) -> Tensor:
        mask = (ids != self.padding).unsqueeze(-1)
        total = (self.embedding(ids) * mask).sum(dim=1)
        mean = total / mask.sum(dim=1).clamp(min=1)
        return torch.softmax(self.fc(mean), dim=-1)


class SelfAttention(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.head_size = size // heads
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        batch, length, size = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q = q.view(batch, length, self.heads, self.head_size).transpose(1, 2)
        k = k.view(batch, length, self.heads, self.head_size).transpose(1, 2)
        v = v.view(batch, length, self.heads, self.head_size).transpose(1, 2)
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_size)
        if mask is not None:
            scores = scores.masked_fill(mask == 0, float("-inf"))
        weights = F.softmax(scores, dim=-1)
        mixed = (weights @ v).transpose(1, 2).contiguous().view(batch, length, size)
        return self.out(mixed)


class EncoderBlock(nn.Module):
    def __init__(self, size: int = 32, heads: int = 4, hidden: int = 64) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(size)
        self.attention = SelfAttention(size, heads)
        self.norm2 = nn.LayerNorm(size)
        self.mlp = nn.Sequential(nn.Linear(size, hidden), nn.GELU(), nn.Linear(hidden, size))
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x), mask))
        return x + self.dropout(self.mlp(self.norm2(x)))


class Encoder(nn.Module):
    def __init__(self, layers: int = 4, size: int = 256, heads: int = 8, hidden: int = 1024) -> None:
        super().__init__()
        self.layers = nn.ModuleList([EncoderBlock(size, heads, hidden) for _ in range(layers)])
        self.norm = nn.LayerNorm(size)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class MultiheadAttention(nn.Module):
    def __init__(self, size: int = 16, heads: int = 4) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(size, heads, batch_first=True)

    def forward(self, x: Tensor, padding: Optional[Tensor] = None) -> Tuple[Tensor, Optional[Tensor]]:
        return self.attention(x, x, x, key_padding_mask=padding, need_weights=True)


class LSTMTagger(nn.Module):
    def __init__(self, vocabulary: int = 30, size: int = 8, hidden: int = 12, tags: int = 5) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.lstm = nn.LSTM(size, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.tags = nn.Linear(2 * hidden, tags)

    def forward(self, ids: Tensor) -> Tensor:
        states, _ = self.lstm(self.embedding(ids))
        return F.log_softmax(self.tags(states), dim=-1)


class GreedyDecoder(nn.Module):
    """Emits tokens until the end token or the limit: `while` on tensor values, a list of tensors, early exit."""

    def __init__(self, vocabulary: int = 11, size: int = 12, limit: int = 9, end: int = 0) -> None:
        super().__init__()
        self.limit = limit
        self.end = end
        self.embedding = nn.Embedding(vocabulary, size)
        self.cell = nn.GRUCell(size, size)
        self.out = nn.Linear(size, vocabulary)

    def forward(self, start: Tensor, state: Tensor) -> Tuple[Tensor, int]:
        tokens: List[Tensor] = []
        token = start
        steps = 0
        while steps < self.limit:
            state = self.cell(self.embedding(token), state)
            token = self.out(state).argmax(dim=-1)
            tokens.append(token)
            steps += 1
            if bool((token == self.end).all()):
                break
        return torch.stack(tokens, dim=1), steps


class DictModel(nn.Module):
    """Returns a dict, as detection and segmentation models do."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(6, 8)
        self.main = nn.Linear(8, 3)
        self.aux = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        features = torch.tanh(self.body(x))
        result: Dict[str, Tensor] = {}
        result["out"] = self.main(features)
        result["aux"] = self.aux(features)
        return result
