"""Random numbers whose sampling draws as often as it must: Poisson, binomial, gamma and Dirichlet, with torch's streams.

The distributions that draw a fixed number of words are in `host_random.py`. The methods are the published ones that torch uses:
multiplication and transformed rejection (Hörmann) for counts, Marsaglia and Tsang's for gamma.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsir.errors import OperatorError
from tsir.ops.host_random import DEFAULT, Generator

Array = NDArray[Any]


def _uniform(generator: Generator) -> float:
    return float(generator.uniform64(1)[0])


def _poisson(rate: float, generator: Generator) -> float:
    if not rate >= 0:
        raise OperatorError("invalid Poisson rate, expected rate to be non-negative")
    if rate < 10:
        return _poisson_by_products(rate, generator)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha, v_r = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = _uniform(generator) - 0.5, _uniform(generator)
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + k * math.log(rate) - math.lgamma(k + 1.0):
            return k


def _poisson_by_products(rate: float, generator: Generator) -> float:
    if rate == 0:
        return 0
    limit, count, product = math.exp(-rate), 0, _uniform(generator)
    while product > limit:
        count += 1
        product *= _uniform(generator)
    return count


def _binomial(count: float, p: float, generator: Generator) -> float:
    if count <= 0 or p <= 0:
        return 0
    if p >= 1:
        return count
    if p > 0.5:
        return count - _binomial(count, 1 - p, generator)
    if count * p >= 10:
        return _binomial_by_rejection(count, p, generator)
    failures, successes, scale = 0.0, 0, math.log1p(-p)
    while True:
        failures += math.ceil(math.log(_uniform(generator)) / scale)
        if failures > count:
            return successes
        successes += 1


def _stirling_tail(k: float) -> float:
    """What Stirling's formula lacks of the logarithm of k!."""
    if k <= 9:
        return math.lgamma(k + 1) - ((k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi))
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _binomial_by_rejection(count: float, p: float, generator: Generator) -> float:
    deviation = math.sqrt(count * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a, c, v_r, r = -0.0873 + 0.0248 * b + 0.01 * p, count * p + 0.5, 0.92 - 4.2 / b, p / (1 - p)
    alpha, m = (2.83 + 5.1 / b) * deviation, math.floor((count + 1) * p)
    while True:
        u, v = _uniform(generator) - 0.5, _uniform(generator)
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c)
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or k > count:
            continue
        bound = (
            (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
            + (count + 1) * math.log((count - m + 1) / (count - k + 1))
            + (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
            + _stirling_tail(m) + _stirling_tail(count - m) - _stirling_tail(k) - _stirling_tail(count - k)
        )  # fmt: skip
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return k


_THIRD = float(np.float32(1 / 3))
"""As torch has it, in single precision for all dtypes."""


def _gamma(alpha: float, generator: Generator) -> float:
    scale = 1.0
    if alpha < 1:
        if alpha == 0:
            return 0.0
        scale = (1 - _uniform(generator)) ** (1 / alpha)
        alpha += 1
    d = alpha - _THIRD
    c = 1 / math.sqrt(9 * d)
    while True:
        x = generator.normal()
        y = 1 + c * x
        if y <= 0:
            continue
        v, u, square = y * y * y, 1 - _uniform(generator), x * x
        if u < 1 - 0.0331 * square * square or math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return scale * d * v


def poisson(rate: Array, generator: Generator | None) -> Array:
    """`torch.poisson`."""
    samples = [_poisson(r, generator or DEFAULT) for r in rate.astype(np.float64).ravel().tolist()]
    return np.asarray(samples, np.float64).reshape(rate.shape).astype(rate.dtype)


def binomial(count: Array, prob: Array, generator: Generator | None) -> Array:
    """`torch.binomial`."""
    counts, probabilities = np.broadcast_arrays(count.astype(np.float64), prob.astype(np.float64))
    pairs = zip(counts.ravel().tolist(), probabilities.ravel().tolist(), strict=True)
    samples = [_binomial(n, p, generator or DEFAULT) for n, p in pairs]
    return np.asarray(samples, np.float64).reshape(counts.shape).astype(count.dtype)


def standard_gamma(alpha: Array, generator: Generator | None) -> Array:
    """`torch._standard_gamma`: no sample is less than the least positive number."""
    samples = [_gamma(a, generator or DEFAULT) for a in alpha.astype(np.float64).ravel().tolist()]
    found = np.asarray(samples, np.float64).reshape(alpha.shape).astype(alpha.dtype)
    return np.maximum(found, np.finfo(alpha.dtype).tiny)


def sample_dirichlet(alpha: Array, generator: Generator | None) -> Array:
    """`torch._sample_dirichlet`: gamma samples divided by their sum."""
    samples = [_gamma(a, generator or DEFAULT) for a in alpha.astype(np.float64).ravel().tolist()]
    found = np.asarray(samples, np.float64).reshape(alpha.shape)
    return (found / found.sum(-1, keepdims=True)).astype(alpha.dtype)
