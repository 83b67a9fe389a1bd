"""Algorithms with control flow that depends on tensor values: what only scripting can compile."""

from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor


def kmeans(points: Tensor, centers: Tensor, tolerance: float = 1e-6, limit: int = 100) -> Tuple[Tensor, Tensor, int]:
    steps = 0
    assignment = torch.zeros(points.size(0), dtype=torch.long)
    while steps < limit:
        distances = ((points.unsqueeze(1) - centers.unsqueeze(0)) ** 2).sum(-1)
        assignment = distances.argmin(dim=1)
        updated = torch.zeros_like(centers)
        for k in range(centers.size(0)):
            members = points[assignment == k]
            if members.size(0) > 0:
                updated[k] = members.mean(dim=0)
            else:
                updated[k] = centers[k]
        shift = (updated - centers).abs().max()
        centers = updated
        steps += 1
        if shift < tolerance:
            break
    return centers, assignment, steps


def newton_sqrt(a: Tensor, tolerance: float = 1e-10) -> Tuple[Tensor, int]:
    x = torch.where(a > 1, a / 2, torch.ones_like(a))
    iterations = 0
    while True:
        following = 0.5 * (x + a / x)
        iterations += 1
        if (following - x).abs().max().item() < tolerance or iterations >= 60:
            return following, iterations
        x = following


def beam_search(
    log_probabilities: Tensor, transitions: Tensor, width: int, length: int
) -> Tuple[List[List[int]], List[float]]:
    vocabulary = log_probabilities.size(0)
    beams: List[List[int]] = []
    scores: List[float] = []
    values, indices = log_probabilities.topk(width)
    for i in range(width):
        beams.append([int(indices[i])])
        scores.append(float(values[i]))
    for _ in range(length - 1):
        rows: List[Tensor] = []
        for beam, score in zip(beams, scores):
            rows.append(transitions[beam[-1]] + score)
        candidates = torch.stack(rows).reshape(-1)
        best, where = candidates.topk(width)
        new_beams: List[List[int]] = []
        new_scores: List[float] = []
        for i in range(width):
            position = int(where[i])
            parent = position // vocabulary
            new_beams.append(beams[parent] + [position % vocabulary])
            new_scores.append(float(best[i]))
        beams = new_beams
        scores = new_scores
    return beams, scores


def masked_mean(x: Tensor, mask: Optional[Tensor] = None, weights: Optional[Dict[str, float]] = None) -> Tensor:
    scale = 1.0
    if weights is not None and "scale" in weights:
        scale = weights["scale"]
    if mask is None:
        return x.mean(dim=1) * scale
    kept = mask.to(x.dtype).unsqueeze(-1)
    count = kept.sum(dim=1)
    if bool((count == 0).any()):
        raise ValueError(f"a row of {mask.size(1)} has nothing left")
    return (x * kept).sum(dim=1) / count * scale


def collatz(n: int) -> List[int]:
    path = [n]
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        path.append(n)
    return path
