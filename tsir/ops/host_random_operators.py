"""The random operators, as host operators: what each draws, in the order in which torch draws it.

The distributions are in `host_random.py`. Arguments come as the schema has them; a generator is a `host_random.Generator` or
None, which means the default one.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.errors import OperatorError
from tsir.ops import host_random as random
from tsir.ops.host_random import DEFAULT, Generator
from tsir.ops.host_tensors import numpy_dtype
from tsir.ops.promotion import default_dtype

Array = NDArray[Any]


def manual_seed(seed: int) -> None:
    """`torch.manual_seed`."""
    DEFAULT.manual_seed(seed)


def seed_generator(generator: Generator, seed: int) -> Generator:
    """`Generator.manual_seed`."""
    return generator.manual_seed(seed)


def seed_of(generator: Generator) -> int:
    """`Generator.initial_seed`."""
    return generator.initial_seed()


def new_seed(generator: Generator) -> int:
    """`Generator.seed`: a seed that can't be known before."""
    seed = secrets.randbits(53)  # as torch, which makes seeds that a float holds
    generator.manual_seed(seed)
    return seed


def initial_seed() -> int:
    """`torch.initial_seed`."""
    return DEFAULT.initial_seed()


def _new(size: Sequence[int], dtype: DType | None, default: DType | None = None) -> Array:
    if any(s < 0 for s in size):
        raise OperatorError(f"Trying to create tensor with negative dimension: {list(size)}")
    return np.empty(tuple(size), numpy_dtype(dtype or default or default_dtype()))


def _like(x: Array, dtype: DType | None) -> Array:
    return np.empty_like(x, dtype=None if dtype is None else numpy_dtype(dtype))


def rand(size: Sequence[int], dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> Array:
    """`torch.rand`."""
    return random.fill_uniform(_new(size, dtype))


def rand_generator(
    size: Sequence[int], generator: Generator | None, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> Array:
    """`torch.rand(generator=...)`."""
    return random.fill_uniform(_new(size, dtype), generator=generator or DEFAULT)


def rand_like(x: Array, dtype: DType | None, layout: Any, device: Any, pin_memory: Any, memory_format: Any) -> Array:
    """`torch.rand_like`."""
    return random.fill_uniform(_like(x, dtype))


def randn(size: Sequence[int], dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> Array:
    """`torch.randn`."""
    return random.fill_normal(_new(size, dtype))


def randn_generator(
    size: Sequence[int], generator: Generator | None, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> Array:
    """`torch.randn(generator=...)`."""
    return random.fill_normal(_new(size, dtype), generator=generator or DEFAULT)


def randn_like(x: Array, dtype: DType | None, layout: Any, device: Any, pin_memory: Any, memory_format: Any) -> Array:
    """`torch.randn_like`."""
    return random.fill_normal(_like(x, dtype))


def _check_range(low: int, high: int) -> None:
    if low >= high:
        raise OperatorError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")


def randint(high: int, size: Sequence[int], dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> Array:
    """`torch.randint(high, size)`."""
    return randint_low(0, high, size, dtype, layout, device, pin_memory)


def randint_low(
    low: int, high: int, size: Sequence[int], dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> Array:
    """`torch.randint(low, high, size)`."""
    _check_range(low, high)
    return random.fill_integers(_new(size, dtype, dtypes.int64), low, high)


def randint_generator(
    high: int, size: Sequence[int], generator: Generator | None, dtype: DType | None, layout: Any, device: Any, pin: Any
) -> Array:
    """`torch.randint(high, size, generator=...)`."""
    return randint_low_generator(0, high, size, generator, dtype, layout, device, pin)


def randint_low_generator(
    low: int,
    high: int,
    size: Sequence[int],
    generator: Generator | None,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: Any,
) -> Array:
    """`torch.randint(low, high, size, generator=...)`."""
    _check_range(low, high)
    return random.fill_integers(_new(size, dtype, dtypes.int64), low, high, generator or DEFAULT)


def randint_like(
    x: Array, high: int, dtype: DType | None, layout: Any, device: Any, pin_memory: Any, memory_format: Any
) -> Array:
    """`torch.randint_like(self, high)`."""
    return randint_like_low(x, 0, high, dtype, layout, device, pin_memory, memory_format)


def randint_like_low(
    x: Array, low: int, high: int, dtype: DType | None, layout: Any, device: Any, pin_memory: Any, memory_format: Any
) -> Array:
    """`torch.randint_like(self, low, high)`."""
    _check_range(low, high)
    return random.fill_integers(_like(x, dtype), low, high)


def randperm(n: int, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> Array:
    """`torch.randperm`."""
    return randperm_generator(n, None, dtype, layout, device, pin_memory)


def randperm_generator(
    n: int, generator: Generator | None, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> Array:
    """`torch.randperm(generator=...)`."""
    if n < 0:
        raise OperatorError(f"n must be non-negative, got{n}")
    return random.permutation(n, generator or DEFAULT).astype(numpy_dtype(dtype or dtypes.int64))


def _check_std(std: float) -> None:
    if std < 0:
        raise OperatorError(f"normal expects std >= 0.0, but found std {std}")


def normal_(x: Array, mean: float, std: float, generator: Generator | None) -> Array:
    """`Tensor.normal_`."""
    _check_std(std)
    return random.fill_normal(x, mean, std, generator or DEFAULT)


def normal_float_float(
    mean: float,
    std: float,
    size: Sequence[int],
    generator: Generator | None,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: Any,
) -> Array:
    """`torch.normal(mean, std, size)`."""
    return normal_(_new(size, dtype), mean, std, generator)


def normal(mean: Array | float, std: Array | float, generator: Generator | None) -> Array:
    """`torch.normal` with a tensor of means, of standard deviations, or both."""
    arrays = [v for v in (mean, std) if isinstance(v, np.ndarray)]
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    noise = random.fill_normal(np.empty(shape, arrays[0].dtype), 0.0, 1.0, generator or DEFAULT)
    wide = np.float64 if noise.dtype == np.float64 else np.float32
    deviation = std.astype(wide) if isinstance(std, np.ndarray) else np.array(std, wide)
    centre = mean.astype(wide) if isinstance(mean, np.ndarray) else np.array(mean, wide)
    return np.asarray(noise.astype(wide) * deviation + centre).astype(noise.dtype)


def uniform_(x: Array, low: float, high: float, generator: Generator | None) -> Array:
    """`Tensor.uniform_`."""
    if low > high:
        raise OperatorError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
    return random.fill_uniform(x, low, high, generator or DEFAULT)


def _check_probability(p: float, name: str) -> None:
    if not 0.0 <= p <= 1.0:
        raise OperatorError(f"{name} expects p to be in [0, 1], but got p={p}")


def bernoulli(p: Array, generator: Generator | None) -> Array:
    """`torch.bernoulli(probabilities)`."""
    return random.fill_bernoulli(np.empty_like(p), p, generator or DEFAULT)


def bernoulli_p(x: Array, p: float, generator: Generator | None) -> Array:
    """`torch.bernoulli(self, p)`: the shape and dtype are `self`'s."""
    _check_probability(p, "bernoulli_")
    return random.fill_bernoulli(np.empty_like(x), p, generator or DEFAULT)


def bernoulli_float_(x: Array, p: float, generator: Generator | None) -> Array:
    """`Tensor.bernoulli_(p)`."""
    _check_probability(p, "bernoulli_")
    return random.fill_bernoulli(x, p, generator or DEFAULT)


def bernoulli_tensor_(x: Array, p: Array, generator: Generator | None) -> Array:
    """`Tensor.bernoulli_(probabilities)`."""
    return random.fill_bernoulli(x, p, generator or DEFAULT)


def multinomial(x: Array, count: int, replacement: bool, generator: Generator | None) -> Array:
    """`torch.multinomial`."""
    if x.ndim not in (1, 2):
        raise OperatorError("prob_dist must be 1 or 2 dim")
    if count <= 0:
        raise OperatorError("cannot sample n_sample <= 0 samples")
    if not replacement and count > x.shape[-1]:
        raise OperatorError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not np.isfinite(x).all() or (x < 0).any():
        raise OperatorError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (x.sum(axis=-1) > 0).all():
        raise OperatorError("invalid multinomial distribution (sum of probabilities <= 0)")
    return random.sample_categories(x, count, replacement, generator or DEFAULT)


def exponential_(x: Array, rate: float, generator: Generator | None) -> Array:
    """`Tensor.exponential_`."""
    if rate <= 0.0:
        raise OperatorError(f"exponential_ expects lambda > 0.0, but found lambda={rate}")
    return random.fill_exponential(x, rate, generator or DEFAULT)


def rrelu_slopes(x: Array, low: float, high: float, generator: Generator | None) -> Array:
    """The slope of each element for `torch.rrelu` in training."""
    return random.negative_slopes(x, low, high, generator or DEFAULT)


def random_(x: Array, generator: Generator | None) -> Array:
    """`Tensor.random_()`."""
    return random.fill_full_range(x, generator or DEFAULT)


def random_to_(x: Array, high: int, generator: Generator | None) -> Array:
    """`Tensor.random_(to)`."""
    return random_from_(x, 0, high, generator)


def random_from_(x: Array, low: int, high: int | None, generator: Generator | None) -> Array:
    """`Tensor.random_(from, to)`; without `to`, up to what the dtype holds."""
    name = x.dtype.name
    if high is not None:
        end = high
    else:
        end = 2 ** random.MANTISSA[name] + 1 if name in random.MANTISSA else int(np.iinfo(x.dtype).max) + 1
    _check_range(low, end)
    return random.fill_integers(x, low, end, generator or DEFAULT)


def cauchy_(x: Array, median: float, sigma: float, generator: Generator | None) -> Array:
    """`Tensor.cauchy_`."""
    if sigma <= 0.0:
        raise OperatorError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    return random.fill_cauchy(x, median, sigma, generator or DEFAULT)


def log_normal_(x: Array, mean: float, std: float, generator: Generator | None) -> Array:
    """`Tensor.log_normal_`."""
    if std <= 0.0:
        raise OperatorError(f"log_normal_ expects std > 0.0, but found std={std}")
    return random.fill_log_normal(x, mean, std, generator or DEFAULT)


def geometric_(x: Array, p: float, generator: Generator | None) -> Array:
    """`Tensor.geometric_`."""
    if not 0.0 < p < 1.0:
        raise OperatorError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    return random.fill_geometric(x, p, generator or DEFAULT)
