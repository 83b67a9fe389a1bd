"""Random numbers (host operators, torch's streams) and the dropout functions, which are made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.creation import INT64_OPTIONS, LIKE_OPTIONS, OPTIONS, check_device, shape_of
from tsir.ops.aten.precision import require_float
from tsir.ops.core.checks import check_number
from tsir.ops.core.creation import full
from tsir.ops.core.elementwise import binary, convert, where
from tsir.ops.core.host_calls import call_host
from tsir.ops.core.numbers import to_number
from tsir.ops.promotion import default_dtype
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymScalar, SymTensor, as_size, dtype_label, require_bool

_OPERATORS = "tsir.ops.host_random_operators"


def _category_counts(x: SymTensor, count: Any, replacement: Any, generator: Any) -> SymTensor:
    if x.dtype.category is not Category.FLOAT:
        raise OperatorError(f"multinomial only supports floating-point dtypes for input, got: {dtype_label(x.dtype)}")
    check_number(as_size(count), "gt", 0, "cannot sample n_sample <= 0 samples")
    if x.rank and isinstance(x.shape[-1], int) and x.shape[-1] > 2**24:
        raise OperatorError("number of categories cannot exceed 2^24")
    return SymTensor(dtypes.int64, (*x.shape[:-1], as_size(count)))


def _declare(schema: str, function: str, infer: Callable[..., SymTensor | None]) -> None:
    host(schema, implementation=f"{_OPERATORS}:{function}", infer=infer, random=True, pure=False)


host("manual_seed(int seed) -> ()", implementation=f"{_OPERATORS}:manual_seed", infer=lambda seed: None, pure=False)
host("initial_seed() -> int", implementation=f"{_OPERATORS}:initial_seed", infer=lambda: SymScalar("int"), pure=False)
host("_generator() -> Generator", implementation=f"{_OPERATORS}:Generator", infer=lambda: None, pure=False)
host(
    "initial_seed.generator(Generator self) -> int",
    implementation=f"{_OPERATORS}:seed_of",
    infer=lambda generator: SymScalar("int"),
    pure=False,
)
host(
    "seed.generator(Generator(a!) self) -> int",
    implementation=f"{_OPERATORS}:new_seed",
    infer=lambda generator: SymScalar("int"),
    pure=False,
)
host(
    "manual_seed.generator(Generator(a!) self, int seed) -> Generator(a!)",
    implementation=f"{_OPERATORS}:seed_generator",
    infer=lambda generator, seed: None,
    pure=False,
)


def _new(size: Sequence[Any], dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    check_device(device)
    return SymTensor(dtype or default_dtype(), shape_of(size))


def _new_like(x: SymTensor, dtype: DType | None, layout: Any, device: Any, pin: Any, memory_format: Any) -> SymTensor:
    check_device(device)
    return SymTensor(dtype or x.dtype, x.shape)


for _name in ("rand", "randn"):
    _declare(f"{_name}(SymInt[] size, *, {OPTIONS}) -> Tensor", _name, _new)
    _declare(
        f"{_name}.generator(SymInt[] size, *, Generator? generator, {OPTIONS}) -> Tensor",
        f"{_name}_generator",
        lambda size, generator, *options: _new(size, *options),
    )
    _declare(f"{_name}_like(Tensor self, *, {LIKE_OPTIONS}) -> Tensor", f"{_name}_like", _new_like)


def _new_integers(size: Sequence[Any], dtype: DType | None, *options: Any) -> SymTensor:
    return SymTensor(dtype or dtypes.int64, shape_of(size))


_declare(
    f"randint(SymInt high, SymInt[] size, *, {INT64_OPTIONS}) -> Tensor",
    "randint",
    lambda high, size, *options: _new_integers(size, *options),
)
_declare(
    f"randint.low(SymInt low, SymInt high, SymInt[] size, *, {INT64_OPTIONS}) -> Tensor",
    "randint_low",
    lambda low, high, size, *options: _new_integers(size, *options),
)
_declare(
    f"randint.generator(SymInt high, SymInt[] size, *, Generator? generator, {INT64_OPTIONS}) -> Tensor",
    "randint_generator",
    lambda high, size, generator, *options: _new_integers(size, *options),
)
_declare(
    f"randint.low_generator(SymInt low, SymInt high, SymInt[] size, *, Generator? generator, {INT64_OPTIONS}) -> Tensor",
    "randint_low_generator",
    lambda low, high, size, generator, *options: _new_integers(size, *options),
)
_declare(
    f"randint_like(Tensor self, SymInt high, *, {LIKE_OPTIONS}) -> Tensor",
    "randint_like",
    lambda x, high, *options: _new_like(x, *options),
)
_declare(
    f"randint_like.low_dtype(Tensor self, SymInt low, SymInt high, *, {LIKE_OPTIONS}) -> Tensor",
    "randint_like_low",
    lambda x, low, high, *options: _new_like(x, *options),
)
_declare(f"randperm(SymInt n, *, {INT64_OPTIONS}) -> Tensor", "randperm", lambda n, *options: _new_integers([n], *options))
_declare(
    f"randperm.generator(SymInt n, *, Generator? generator, {INT64_OPTIONS}) -> Tensor",
    "randperm_generator",
    lambda n, generator, *options: _new_integers([n], *options),
)


def _broadcast_type(*values: Any) -> SymTensor:
    from tsir.ops.core.elementwise import broadcast_shapes

    tensors = [v for v in values if isinstance(v, SymTensor)]
    return SymTensor(tensors[0].dtype, broadcast_shapes(*[x.shape for x in tensors]))


_declare(
    "normal.float_float(float mean, float std, SymInt[] size, *, Generator? generator=None, " + OPTIONS + ") -> Tensor",
    "normal_float_float",
    lambda mean, std, size, generator, *options: _new(size, *options),
)
for _overload, _arguments in (
    ("Tensor_float", "Tensor mean, float std=1."),
    ("float_Tensor", "float mean, Tensor std"),
    ("Tensor_Tensor", "Tensor mean, Tensor std"),
):
    _declare(
        f"normal.{_overload}({_arguments}, *, Generator? generator=None) -> Tensor",
        "normal",
        lambda mean, std, generator: _broadcast_type(mean, std),
    )


def _same(x: SymTensor, *rest: Any) -> SymTensor:
    return SymTensor(x.dtype, x.shape)


_IN_PLACE = {
    "normal_": "float mean=0., float std=1.",
    "uniform_": "float from=0., float to=1.",
    "exponential_": "float lambd=1.",
    "cauchy_": "float median=0., float sigma=1.",
    "log_normal_": "float mean=1., float std=2.",
    "geometric_": "float p",
}
_FLOATS_ONLY = {"exponential_", "cauchy_", "log_normal_", "normal_", "uniform_"}


def _same_float(x: SymTensor, *rest: Any) -> SymTensor:
    if x.dtype.category <= Category.INT:
        raise OperatorNotImplementedError(f"this distribution is continuous: not implemented for {dtype_label(x.dtype)!r}")
    return _same(x)


for _name, _arguments in _IN_PLACE.items():
    _declare(
        f"{_name}(Tensor(a!) self, {_arguments}, *, Generator? generator=None) -> Tensor(a!)",
        _name,
        _same_float if _name in _FLOATS_ONLY else _same,
    )

_declare("random_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)", "random_", _same)
_declare("random_.to(Tensor(a!) self, int to, *, Generator? generator=None) -> Tensor(a!)", "random_to_", _same)
_declare(
    "random_.from(Tensor(a!) self, int from, int? to, *, Generator? generator=None) -> Tensor(a!)", "random_from_", _same
)
_declare("bernoulli(Tensor self, *, Generator? generator=None) -> Tensor", "bernoulli", _same)
_declare("bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor", "bernoulli_p", _same)
_declare(
    "bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)", "bernoulli_float_", _same
)
_declare(
    "bernoulli_.Tensor(Tensor(a!) self, Tensor p, *, Generator? generator=None) -> Tensor(a!)", "bernoulli_tensor_", _same
)
_declare(
    "multinomial(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor",
    "multinomial",
    _category_counts,
)
_declare("_rrelu_slopes(Tensor self, float lower, float upper, Generator? generator) -> Tensor", "rrelu_slopes", _same)


def _counted(name: str) -> Callable[..., SymTensor]:
    """The result of a distribution that takes its parameters as tensors, float32 and float64 at least."""

    def infer(x: SymTensor, *rest: Any) -> SymTensor:
        if x.dtype.category is not Category.FLOAT or (x.dtype.itemsize < 4 and name != "poisson_cpu"):
            raise OperatorNotImplementedError(f'"{name}" not implemented for {dtype_label(x.dtype)!r}')
        return _broadcast_type(x, *rest)

    return infer


for _name, _arguments, _function, _label in (
    ("poisson", "Tensor self", "poisson", "poisson_cpu"),
    ("binomial", "Tensor count, Tensor prob", "binomial", "binomial_cpu"),
    ("_standard_gamma", "Tensor self", "standard_gamma", "gamma_cpu"),
    ("_sample_dirichlet", "Tensor self", "sample_dirichlet", "dirichlet"),
):
    host(
        f"{_name}({_arguments}, Generator? generator=None) -> Tensor",
        implementation=f"tsir.ops.host_random_counts:{_function}",
        infer=_counted(_label),
        random=True,
        pure=False,
    )


# Dropout --------------------------------------------------------------------------------------------------------------


def _check_probability(p: Any) -> None:
    if not 0.0 <= p <= 1.0:
        raise OperatorError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(like: SymTensor, p: Any) -> SymTensor:
    """1 with probability `1 - p`, else 0, for each element."""
    return call_host("bernoulli.p", like, 1.0 - p, None)


def _channels_of(x: SymTensor) -> SymTensor:
    """A tensor with one element for each channel of each sample."""
    if x.rank < 2:
        raise OperatorError("Feature dropout requires at least 2 dimensions in the input")
    shape: list[Size] = [*x.shape[:2], *[1] * (x.rank - 2)]
    return full(tuple(shape), 0.0, x.dtype)


def dropped(x: SymTensor, p: Any, train: Any, *, channels: bool = False) -> SymTensor:
    """Dropout: in training, elements (or channels) are 0 with probability p and the others are scaled by `1 / (1 - p)`."""
    _check_probability(p)
    if not require_bool(train, "train") or p == 0 or (isinstance(x.numel(), int) and x.numel() == 0):
        return x
    if p == 1:
        return binary("mul", x, 0)
    noise = binary("div", _kept(_channels_of(x) if channels else x, p), 1.0 - p)
    return binary("mul", x, noise)


@aten("dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", out=False, random=True)
def dropout(x: SymTensor, p: Any, train: Any) -> SymTensor:
    """The tensor itself, or in training with elements dropped."""
    return dropped(x, p, train)


@aten("feature_dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", out=False, random=True)
def feature_dropout(x: SymTensor, p: Any, train: Any) -> SymTensor:
    """The tensor itself, or in training with whole channels dropped."""
    return dropped(x, p, train, channels=True)


@aten("native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)", random=True)
def native_dropout(x: SymTensor, p: Any, train: bool | None) -> tuple[SymTensor, SymTensor]:
    """Dropout, and a mask of what is kept."""
    if train is None or train:
        require_float(x, "native_dropout")
    _check_probability(p)
    if not (train is None or train) or p == 0:
        return x, full(x.shape, True, dtypes.bool_)
    if p == 1:
        return binary("mul", x, 0), full(x.shape, False, dtypes.bool_)
    kept = convert(_kept(x, p), dtypes.bool_)
    return binary("mul", binary("mul", x, kept), 1.0 / (1.0 - p)), kept


_ALPHA = 1.7580993408473766


def _alpha_dropped(x: SymTensor, p: Any, train: Any, like: Callable[[SymTensor], SymTensor]) -> SymTensor:
    _check_probability(p)
    if not require_bool(train, "train") or p == 0:
        return x
    if p == 1:
        return binary("mul", x, 0)
    kept = _kept(like(x), p)
    scale = 1.0 / math.sqrt((_ALPHA * _ALPHA * p + 1.0) * (1.0 - p))
    shift = binary("add", binary("mul", binary("sub", kept, 1.0), _ALPHA * scale), _ALPHA * scale * p)
    return binary("add", binary("mul", x, binary("mul", kept, scale)), shift)


@aten("alpha_dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", out=False, random=True)
def alpha_dropout(x: SymTensor, p: Any, train: Any) -> SymTensor:
    """Dropout that keeps mean and variance for SELU networks."""
    return _alpha_dropped(x, p, train, lambda y: y)


@aten("feature_alpha_dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", out=False, random=True)
def feature_alpha_dropout(x: SymTensor, p: Any, train: Any) -> SymTensor:
    """Alpha dropout of whole channels."""
    return _alpha_dropped(x, p, train, _channels_of)


@aten(
    "rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, "
    "Generator? generator=None) -> Tensor",
    out=False,
    random=True,
)
def rrelu(x: SymTensor, lower: Any, upper: Any, training: Any, generator: Any) -> SymTensor:
    """`leaky_relu` with the mean slope, or in training with a random one for each element."""
    require_float(x, "rrelu")
    check_number(upper - lower, "ge", 0, "Lower bound should be less than or equal to the upper bound")
    slope: Any = (lower + upper) / 2
    if require_bool(training, "training"):
        if x.dtype is dtypes.float16:
            raise OperatorNotImplementedError("\"rrelu_with_noise_out_cpu\" not implemented for 'Half'")
        slope = call_host("_rrelu_slopes", x, to_number(lower, "float"), to_number(upper, "float"), generator)
    return convert(where(binary("gt", x, 0), x, binary("mul", x, slope)), x.dtype)
