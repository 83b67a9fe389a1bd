"""Random numbers: torch's CPU generator and distributions, bit for bit, in NumPy.

`Generator` is torch's Mersenne twister with its cache of one normal sample. The functions here fill arrays or give new ones;
the operators that call them are declared in `ops/aten/random.py`. Non-contiguous arrays are filled in the order of their
memory, as torch does. Checked against torch 2.13 on x86-64.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Generator as GeneratorType
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tsir.locks import recursive_lock

Array = NDArray[Any]
Float32 = NDArray[np.float32]

DEFAULT_SEED = 67280421310721
"""The seed that torch's generator has before anybody calls `manual_seed`."""


WORDS = 624
"""The words of a Mersenne twister's state."""
_STATE = np.dtype(
    [
        ("seed", "u8"), ("left", "i4"), ("seeded", "i4"), ("next", "u8"), ("words", "u8", (WORDS,)), ("normal_x", "f8"),
        ("normal_y", "f8"), ("normal_rho", "f8"), ("normal_is_valid", "i4"), ("unused", "V12"),
    ]
)  # fmt: skip
"""`CPUGeneratorImplState` of torch: 5056 bytes, kept since its first versions for saved states' sake."""


class Outside(Protocol):
    """A generator of torch's, in arrays."""

    def get_state(self) -> NDArray[np.uint8]:
        """Its state: the bytes of `torch.Generator.get_state`."""
        ...

    def set_state(self, state: NDArray[np.uint8]) -> None:
        """Sets its state."""
        ...


class Generator:
    """torch's CPU generator: one stream of 32-bit words, and the second half of the last normal sample drawn singly.

    It may follow a generator of torch's (`follow`): then that one's state is where every draw starts from and what it advances.
    """

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self.outside: Outside | None = None
        self._lock = recursive_lock()
        self._depth = 0
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        """Starts the stream that this seed stands for."""
        with self._drawing():
            self._seed = int(seed) & 0xFFFFFFFFFFFFFFFF
            self.next_normal: float | None = None
            self._made: tuple[Any, NDArray[np.uint32]] | None = None
        return self

    def _engine(self) -> tuple[Any, NDArray[np.uint32]]:
        """NumPy's bit generator, made when first needed, and its memory: the twister's words and the place in them."""
        if self._made is None:
            # NumPy's legacy seeding is the one of C++'s mt19937; RandomState.__init__ is the only way to it.
            twister: Any = np.random.RandomState(self._seed & 0xFFFFFFFF)._bit_generator  # type: ignore[attr-defined]
            memory = (ctypes.c_uint32 * (WORDS + 1)).from_address(twister.ctypes.state_address)
            self._made = twister, np.frombuffer(memoryview(memory), np.uint32)
        return self._made

    def initial_seed(self) -> int:
        """The seed last given."""
        with self._drawing():
            return self._seed

    def state(self) -> NDArray[np.uint8]:
        """The state as `torch.Generator.get_state` lays it out."""
        memory = self._engine()[1]
        position = int(memory[WORDS])
        normal = self.next_normal
        made = np.zeros((), _STATE)
        made["seed"], made["left"], made["seeded"], made["next"] = self._seed, WORDS + 1 - position, 1, position
        made["words"] = memory[:WORDS]
        made["normal_y"], made["normal_is_valid"] = normal or 0.0, normal is not None
        return np.frombuffer(made.tobytes(), np.uint8)

    def set_state(self, state: NDArray[np.uint8]) -> None:
        """Goes on where the generator with this state, as torch lays it out, is."""
        found = state.view(_STATE)[0]
        self._seed = int(found["seed"])
        memory = self._engine()[1]
        memory[:WORDS] = found["words"]
        # One word left means none: torch counts down before it draws.
        memory[WORDS] = WORDS if found["left"] == 1 else found["next"]
        self.next_normal = float(found["normal_y"]) if found["normal_is_valid"] else None

    def follow(self, outside: Outside | None) -> None:
        """Draws from another generator's stream from now on; None: from an own one, which starts where that is."""
        self.outside = outside

    @contextmanager
    def _drawing(self) -> GeneratorType[None, None, None]:
        """While this is active, the state is the followed generator's."""
        with self._lock:
            outside = self.outside if self._depth == 0 else None
            if outside is not None:
                self.set_state(outside.get_state())
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if outside is not None:
                    outside.set_state(self.state())

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` 32-bit words, as uint64."""
        with self._drawing():
            return self._engine()[0].random_raw(count)

    def double_words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` 64-bit words: two 32-bit words each, the high one first."""
        words = self.words(2 * count)
        return (words[0::2] << np.uint64(32)) | words[1::2]

    def uniform64(self, count: int) -> NDArray[np.float64]:
        """Uniform in [0, 1) with 53 bits, as `uniform_real_distribution<double>`."""
        return (self.double_words(count) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53

    def uniform32(self, count: int) -> Float32:
        """Uniform in [0, 1) with 24 bits, as `uniform_real_distribution<float>`."""
        return (self.words(count) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)

    def normal(self) -> float:
        """One standard normal sample by Box and Muller's method; its twin is kept for the next call."""
        with self._drawing():
            if self.next_normal is not None:
                sample, self.next_normal = self.next_normal, None
                return sample
            u1, u2 = (float(u) for u in self.uniform64(2))
            radius, angle = math.sqrt(-2.0 * math.log1p(-u2)), 2.0 * math.pi * u1
            self.next_normal = radius * math.sin(angle)
            return radius * math.cos(angle)


DEFAULT = Generator()
"""The generator that `torch.manual_seed` seeds. It is state of the process, as torch's is."""


def in_memory_order(array: Array) -> Array:
    """A view of the array whose C order is the order of the elements in memory (not merged: the same rank)."""
    order = sorted(range(array.ndim), key=lambda d: -abs(array.strides[d]) if array.shape[d] > 1 else 0)
    return array.transpose(order)


def _fill(array: Array, values: Array) -> Array:
    view = in_memory_order(array)
    view[...] = values.reshape(view.shape)
    return array


def _fma32(a: Any, b: Any, c: Any) -> Float32:
    """`a * b + c` rounded once."""
    return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)


def _fma64(a: NDArray[np.float64], b: float, c: float) -> NDArray[np.float64]:
    """`a * b + c` rounded once: the products' and sums' rounding errors are computed exactly and added at the end."""
    if c == 0.0:
        return a * b
    split = 134217729.0
    ah, bh = split * a - (split * a - a), split * b - (split * b - b)
    al, bl = a - ah, b - bh
    product = a * b
    product_error = ((ah * bh - product) + ah * bl + al * bh) + al * bl
    total = product + c
    rest = total - product
    return total + (((product - (total - rest)) + (c - rest)) + product_error)


_LOG = [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
        2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]  # fmt: skip
_COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]
_SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]
_QUARTER_PI = [-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8]


def _polynomial(coefficients: Sequence[float], x: Float32) -> Float32:
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = _fma32(result, x, np.float32(coefficient))
    return result


def _log32(x: Float32) -> Float32:
    """Natural logarithm in single precision by Cephes' polynomial, as torch's vectorised `randn` computes it; x > 0."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < np.float32(math.sqrt(0.5))
    e = (exponent - small).astype(np.float32)
    x = mantissa - np.float32(1) + np.where(small, mantissa, np.float32(0))
    z = x * x
    y = _polynomial(_LOG, x) * x
    y = _fma32(y, z, e * np.float32(-2.12194440e-4)) - z * np.float32(0.5)
    return _fma32(e, np.float32(0.693359375), x + y)


def _sincos32(x: Float32) -> tuple[Float32, Float32]:
    """Sine and cosine in single precision by Cephes' polynomials, as torch's vectorised `randn` computes them; x >= 0."""
    octant = ((x * np.float32(4 / math.pi)).astype(np.int32) + 1) & ~1
    y = octant.astype(np.float32)
    for part in _QUARTER_PI:
        x = _fma32(y, np.float32(part), x)
    z = x * x
    cosine = _fma32(_polynomial(_COS, z) * z, z, -(z * np.float32(0.5))) + np.float32(1)
    sine = _fma32(_polynomial(_SIN, z) * z, x, x)
    swapped = (octant & 2) != 0
    negative_sine, negative_cosine = (octant & 4) != 0, ((octant - 2) & 4) == 0
    sine, cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return np.where(negative_sine, -sine, sine), np.where(negative_cosine, -cosine, cosine)


def _blocks32(uniform: Float32, mean: float, std: float) -> Float32:
    """Normal samples from uniform ones, 16 at a time: eight radii and eight angles give eight cosines and eight sines."""
    blocks = uniform.reshape(-1, 2, 8)
    radius = np.sqrt(np.float32(-2.0) * _log32(np.float32(1) - blocks[:, 0]))
    sine, cosine = _sincos32(np.float32(2.0 * math.pi) * blocks[:, 1])
    both = np.stack([radius * cosine, radius * sine], axis=1)
    return _fma32(both, np.float32(std), np.float32(mean)).reshape(-1)


def _blocks64(uniform: NDArray[np.float64], mean: float, std: float) -> NDArray[np.float64]:
    """As `_blocks32`, in double precision with the C library's functions."""
    result = np.empty_like(uniform)
    for start in range(0, len(uniform), 16):
        for i in range(start, start + 8):
            radius = math.sqrt(-2.0 * math.log(1.0 - uniform[i]))
            angle = 2.0 * math.pi * uniform[i + 8]
            result[i] = radius * math.cos(angle)
            result[i + 8] = radius * math.sin(angle)
    return _fma64(result, std, mean)


def fill_normal(array: Array, mean: float = 0.0, std: float = 1.0, generator: Generator = DEFAULT) -> Array:
    """`Tensor.normal_`: fills the array. Complex arrays get parts of variance `std ** 2 / 2` each."""
    if array.dtype.kind == "c":
        parts = np.empty((*array.shape, 2), np.real(array).dtype)
        fill_normal(parts, 0.0, std / math.sqrt(2.0), generator)
        array[...] = parts[..., 0] + 1j * parts[..., 1] + mean
        return array
    count = array.size
    if count < 16 or not array.flags.c_contiguous:
        samples = np.asarray([generator.normal() for _ in range(count)], np.float64)
        return _fill(array, _fma64(samples, std, mean).astype(array.dtype))
    double = array.dtype == np.float64
    draw: Any = generator.uniform64 if double else generator.uniform32
    transform: Any = _blocks64 if double else _blocks32
    whole = count - count % 16
    # The half precisions draw for whole blocks only before the last one is drawn anew.
    uniform = draw(count if array.itemsize >= 4 else whole)
    flat = np.empty(count, uniform.dtype)
    flat[:whole] = transform(uniform[:whole], mean, std)
    if whole != count:
        flat[-16:] = transform(draw(16), mean, std)
    return _fill(array, flat.astype(array.dtype))


def fill_uniform(array: Array, low: float = 0.0, high: float = 1.0, generator: Generator = DEFAULT) -> Array:
    """`Tensor.uniform_`: fills the array with samples of [low, high); of complex numbers, both parts."""
    if array.dtype.kind == "c":
        parts = np.empty((*array.shape, 2), np.real(array).dtype)
        fill_uniform(parts, low, high, generator)
        array[...] = parts[..., 0] + 1j * parts[..., 1]
        return array
    if array.dtype == np.float64:
        return _fill(array, _fma64(generator.uniform64(array.size), high - low, low))
    uniform = generator.uniform32(array.size)
    low32, high32 = np.float32(low), np.float32(high)
    values = _fma32(uniform, high32 - low32, low32)
    rounded = values.astype(array.dtype)
    rounded[rounded == np.asarray(high, array.dtype)] = low  # rounding to a half precision may reach the open end
    return _fill(array, rounded)


def fill_integers(array: Array, low: int, high: int, generator: Generator = DEFAULT) -> Array:
    """`Tensor.random_(low, high)`: fills the array with integers of [low, high)."""
    span = high - low
    words = generator.double_words(array.size) if span >= 2**28 else generator.words(array.size)
    values = (
        (words % np.uint64(span)).view(np.int64) + np.int64(low) if span < 2**63 else words.view(np.int64) + np.int64(low)
    )
    return _fill(array, values.astype(array.dtype))


MANTISSA = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def fill_full_range(array: Array, generator: Generator = DEFAULT) -> Array:
    """`Tensor.random_()`: every value that the dtype holds (0 to 2**mantissa for floats, non-negative for integers)."""
    name = array.dtype.name
    wide = name in ("float64", "int64")
    words = generator.double_words(array.size) if wide else generator.words(array.size)
    if name in MANTISSA:
        values = words % np.uint64(2 ** MANTISSA[name] + 1)
    elif name == "bool":
        values = words & np.uint64(1)
    else:
        values = words % np.uint64(np.iinfo(array.dtype).max + 1)
    return _fill(array, values.astype(array.dtype))


def fill_bernoulli(array: Array, p: float | Array, generator: Generator = DEFAULT) -> Array:
    """`Tensor.bernoulli_`: 1 with probability `p` (a number, or an array of probabilities of the same shape)."""
    if isinstance(p, np.ndarray):
        p = np.broadcast_to(p, array.shape)
        uniform = generator.uniform64(array.size) if p.dtype == np.float64 else generator.uniform32(array.size)
        array[...] = uniform.reshape(array.shape) < p
        return array
    return _fill(array, (generator.uniform64(array.size) < p).astype(array.dtype))


def fill_exponential(array: Array, rate: float = 1.0, generator: Generator = DEFAULT) -> Array:
    """`Tensor.exponential_(lambd)`."""
    values = [-1.0 / rate * math.log1p(-u) for u in generator.uniform64(array.size).tolist()]
    return _fill(array, np.asarray(values, np.float64).astype(array.dtype))


def negative_slopes(x: Array, low: float, high: float, generator: Generator = DEFAULT) -> Array:
    """The slopes of `rrelu` in training: drawn for elements that aren't positive, 1 for others."""
    slopes = np.ones(x.size, np.float64)
    drawn = ~(x.ravel() > 0)
    slopes[drawn] = _fma64(generator.uniform64(int(drawn.sum())), high - low, low)
    return slopes.reshape(x.shape).astype(x.dtype)


def fill_cauchy(array: Array, median: float = 0.0, sigma: float = 1.0, generator: Generator = DEFAULT) -> Array:
    """`Tensor.cauchy_`."""
    uniform = generator.uniform64(array.size)
    values = [median + sigma * math.tan(math.pi * (u - 0.5)) for u in uniform.tolist()]
    return _fill(array, np.asarray(values).astype(array.dtype))


def fill_log_normal(array: Array, mean: float = 1.0, std: float = 2.0, generator: Generator = DEFAULT) -> Array:
    """`Tensor.log_normal_`."""
    values = [math.exp(generator.normal() * std + mean) for _ in range(array.size)]
    return _fill(array, np.asarray(values).astype(array.dtype))


def fill_geometric(array: Array, p: float, generator: Generator = DEFAULT) -> Array:
    """`Tensor.geometric_`."""
    uniform = generator.uniform64(array.size)
    return _fill(array, np.ceil(np.log(uniform) / math.log1p(-p)).astype(array.dtype))


def permutation(count: int, generator: Generator = DEFAULT) -> NDArray[np.int64]:
    """`torch.randperm`: Fisher and Yates' shuffle from the front."""
    result = list(range(count))
    words = generator.words(max(0, count - 1)).tolist()
    for i, word in enumerate(words):
        j = i + word % (count - i)
        result[i], result[j] = result[j], result[i]
    return np.asarray(result, np.int64)


def sample_categories(weights: Array, count: int, replacement: bool, generator: Generator = DEFAULT) -> NDArray[np.int64]:
    """`torch.multinomial` for `weights` of shape (n,) or (batch, n): the indices drawn, of shape (..., count)."""
    if not replacement or count == 1:
        keys = weights / fill_exponential(np.empty_like(weights), 1.0, generator)
        if count == 1:
            return keys.argmax(-1)[..., None]
        return np.argsort(-keys, axis=-1, kind="stable")[..., :count]
    rows = weights.reshape(-1, weights.shape[-1])
    result = np.empty((len(rows), count), np.int64)
    for row, out in zip(rows, result, strict=True):
        cumulated = row.cumsum(dtype=row.dtype)
        cumulated = cumulated / cumulated[-1]
        cumulated[-1] = 1
        out[:] = np.searchsorted(cumulated, generator.uniform64(count).astype(row.dtype), side="left")
    return result.reshape(*weights.shape[:-1], count)
