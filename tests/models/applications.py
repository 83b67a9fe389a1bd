"""Models as applications have them, written by hand: recommendation, detection, speech recognition, translation."""

from typing import List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DLRM(nn.Module):
    """A recommendation model: dense features, bags of categories, products of all pairs of their embeddings."""

    def __init__(self, dense: int = 5, sizes: Tuple[int, ...] = (20, 30, 7), width: int = 8) -> None:
        super().__init__()
        self.bottom = nn.Sequential(nn.Linear(dense, 16), nn.ReLU(), nn.Linear(16, width), nn.ReLU())
        self.tables = nn.ModuleList([nn.EmbeddingBag(n, width, mode="sum") for n in sizes])
        pairs = (len(sizes) + 1) * len(sizes) // 2
        self.top = nn.Sequential(nn.Linear(width + pairs, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, dense: Tensor, indices: List[Tensor], offsets: List[Tensor]) -> Tensor:
        bottom = self.bottom(dense)
        features = [bottom]
        for i, table in enumerate(self.tables):
            features.append(table(indices[i], offsets[i]))
        stacked = torch.stack(features, dim=1)
        products = torch.bmm(stacked, stacked.transpose(1, 2))
        rows, columns = torch.tril_indices(products.size(1), products.size(2), offset=-1).unbind(0)
        return torch.sigmoid(self.top(torch.cat([bottom, products[:, rows, columns]], dim=1))).squeeze(1)


class Detections(NamedTuple):
    boxes: Tensor
    scores: Tensor
    labels: Tensor


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    top_left = torch.maximum(a[:, None, :2], b[:, :2])
    bottom_right = torch.minimum(a[:, None, 2:], b[:, 2:])
    width, height = (bottom_right - top_left).clamp(min=0).unbind(2)
    shared = width * height
    return shared / (area_a[:, None] + area_b - shared)


def nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """The indices of the boxes that no better one covers, best first."""
    order = scores.argsort(descending=True)
    kept: List[Tensor] = []
    while order.numel() > 0:
        best = order[0]
        kept.append(best)
        rest = order[1:]
        if rest.numel() == 0:
            break
        overlap = box_iou(boxes[best].unsqueeze(0), boxes[rest]).squeeze(0)
        order = rest[overlap <= threshold]
    if len(kept) == 0:
        return torch.empty(0, dtype=torch.long)
    return torch.stack(kept)


class Detector(nn.Module):
    """A one-stage detector on a grid, with thresholds and non-maximum suppression by class."""

    def __init__(self, classes: int = 3, anchors: Tuple[Tuple[float, float], ...] = ((8.0, 8.0), (16.0, 12.0))) -> None:
        super().__init__()
        self.classes = classes
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.SiLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.SiLU(),
        )  # fmt: skip
        self.head = nn.Conv2d(16, len(anchors) * (5 + classes), 1)
        self.register_buffer("anchors", torch.tensor(anchors))
        self.stride = 4

    def forward(self, images: Tensor, score: float = 0.3, overlap: float = 0.5) -> List[Detections]:
        raw = self.head(self.stem(images))
        batch, _, height, width = raw.shape
        raw = raw.view(batch, -1, 5 + self.classes, height, width).permute(0, 1, 3, 4, 2)
        ys, xs = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack([xs, ys], dim=-1).to(raw.dtype)
        centres = (raw[..., :2].sigmoid() * 2 - 0.5 + grid) * self.stride
        sizes = (raw[..., 2:4].sigmoid() * 2) ** 2 * self.anchors[:, None, None]
        boxes = torch.cat([centres - sizes / 2, centres + sizes / 2], dim=-1).flatten(1, 3)
        confidence = (raw[..., 4:5].sigmoid() * raw[..., 5:].softmax(-1)).flatten(1, 3)
        found: List[Detections] = []
        for b in range(batch):
            scores, labels = confidence[b].max(dim=-1)
            keep = scores > score
            kept_boxes, kept_scores, kept_labels = boxes[b][keep], scores[keep], labels[keep]
            shifted = kept_boxes + kept_labels[:, None] * 1000.0
            chosen = nms(shifted, kept_scores, overlap)
            found.append(Detections(kept_boxes[chosen], kept_scores[chosen], kept_labels[chosen]))
        return found


class Transducer(nn.Module):
    """Speech recognition with an RNN transducer, decoded greedily: at each frame symbols come until there is a blank."""

    def __init__(self, features: int = 6, size: int = 8, symbols: int = 5, most: int = 3) -> None:
        super().__init__()
        self.blank = 0
        self.most = most
        self.encoder = nn.LSTM(features, size, batch_first=True)
        self.embedding = nn.Embedding(symbols, size)
        self.predictor = nn.LSTMCell(size, size)
        self.joint = nn.Linear(size, symbols)

    def forward(self, frames: Tensor, lengths: Tensor) -> List[List[int]]:
        encoded, _ = self.encoder(frames)
        return [self.decode(encoded[b, : int(lengths[b])]) for b in range(frames.size(0))]

    def decode(self, encoded: Tensor) -> List[int]:
        state: Optional[Tuple[Tensor, Tensor]] = None
        symbols: List[int] = []
        last = torch.tensor([self.blank])
        for t in range(encoded.size(0)):
            for _ in range(self.most):
                hidden, cell = self.predictor(self.embedding(last), state)
                symbol = int(self.joint(torch.tanh(encoded[t] + hidden[0])).argmax())
                if symbol == self.blank:
                    break
                symbols.append(symbol)
                last = torch.tensor([symbol])
                state = (hidden, cell)
        return symbols


class Attention(nn.Module):
    """Additive attention over the encoder's states."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(size, size, bias=False)
        self.key = nn.Linear(2 * size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def forward(self, query: Tensor, states: Tensor, mask: Tensor) -> Tuple[Tensor, Tensor]:
        scores = self.score(torch.tanh(self.query(query).unsqueeze(1) + self.key(states))).squeeze(2)
        weights = F.softmax(scores.masked_fill(~mask, float("-inf")), dim=1)
        return torch.bmm(weights.unsqueeze(1), states).squeeze(1), weights


class Translator(nn.Module):
    """Sequence to sequence with attention: the source is packed, the target given or decoded greedily."""

    def __init__(self, words: int = 17, size: int = 8, end: int = 1) -> None:
        super().__init__()
        self.end = end
        self.source = nn.Embedding(words, size, padding_idx=0)
        self.target = nn.Embedding(words, size)
        self.encoder = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * size, size)
        self.attention = Attention(size)
        self.cell = nn.GRUCell(3 * size, size)
        self.out = nn.Linear(size, words)

    def forward(self, source: Tensor, target: Optional[Tensor] = None, limit: int = 7) -> Tuple[Tensor, Tensor]:
        mask = source != 0
        packed = nn.utils.rnn.pack_padded_sequence(self.source(source), mask.sum(1), batch_first=True, enforce_sorted=False)
        states, hidden = self.encoder(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=source.size(1))
        state = torch.tanh(self.bridge(torch.cat([hidden[0], hidden[1]], dim=1)))
        word = torch.full((source.size(0),), self.end)
        done = torch.zeros(source.size(0), dtype=torch.bool)
        logits: List[Tensor] = []
        weights: List[Tensor] = []
        for t in range(limit if target is None else target.size(1)):
            context, weight = self.attention(state, states, mask)
            state = self.cell(torch.cat([self.target(word), context], dim=1), state)
            logits.append(self.out(state))
            weights.append(weight)
            if target is not None:
                word = target[:, t]
            else:
                word = logits[-1].argmax(dim=1).masked_fill(done, self.end)
                done |= word == self.end
                if bool(done.all()):
                    break
        return torch.stack(logits, dim=1), torch.stack(weights, dim=1)
