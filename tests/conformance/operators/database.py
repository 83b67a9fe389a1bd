"""torch's operator database (`op_db`) as calls: which entries are in scope, and each sample as the text of a function.

A sample's tensors are the function's parameters and everything else stands in its text, as a user would write it. Comparing with
eager is `comparison.py`'s subject, running all of it `conformance.py`'s.
"""

import linecache
import re
from dataclasses import dataclass

import torch
from torch.testing._internal.common_methods_invocations import op_db

import tsir

OUT_OF_SCOPE = {
    r"jiterator": "CUDA only",
    r"backward|with_update": "backward or training kernels",
    r"sparse|_segment|\bto_sparse": "sparse tensors",
    r"quantized|fake_quant|_scaled_mm|_int_mm|_weight_int": "quantised tensors",
    r"nested": "nested tensors",
    r"_flash_attention|_efficient_attention": "internal CUDA kernels",
    r"masked\.|^_chunk_cat|^_unsafe": "prototype or internal functions that torch.jit doesn't take",
    r"linear_cross_entropy": "chunked training loss",
}
"""What isn't compared, by pattern of the entry's name, and why."""

RANDOM = frozenset(
    """bernoulli cauchy exponential geometric log_normal normal uniform multinomial rand_like randn randn_like randint
    randint_like nn.functional.dropout nn.functional.dropout2d nn.functional.dropout3d nn.functional.alpha_dropout
    nn.functional.feature_alpha_dropout nn.functional.rrelu nn.functional.fractional_max_pool2d
    nn.functional.fractional_max_pool3d svd_lowrank pca_lowrank empty empty_like empty_strided empty_permuted new_empty
    new_empty_strided resize_ resize_as_ nn.functional.scaled_dot_product_attention_dropout""".split()
)
"""Entries whose values are random or uninitialised: only dtype and shape are compared."""

UP_TO_PHASE = frozenset(
    """svd linalg.svd linalg.eig linalg.eigh symeig geqrf linalg.householder_product linalg.qr qr pca_lowrank
    svd_lowrank""".split()
)
"""Decompositions whose vectors are unique up to a factor of modulus 1: absolute values are compared."""

SUMS = re.compile(
    r"fft|linalg|conv|matmul|mm$|bmm|dot|einsum|inner|cov|corrcoef|attention|linear|norm|solve|inv|cholesky|det|svd|lu|qr|mv"
    r"|cdist|dist|addr|logsumexp|stft|matrix_exp|var|std"
)
"""Entries whose results are sums in an order of the implementation's own, by pattern of the name."""

TEMPLATES = {
    "where": "torch.where({1}, {0}, {2})",
    "einsum": "torch.einsum({1}, {0})",
    "__getitem__": "{0}[{1}]",
    "T": "{0}.T", "H": "{0}.H", "mT": "{0}.mT", "mH": "{0}.mH",
    "__radd__": "{1} + {0}", "__rsub__": "{1} - {0}", "__rmul__": "{1} * {0}", "__rdiv__": "{1} / {0}",
    "__rmod__": "{1} % {0}", "__rpow__": "{1} ** {0}", "__rmatmul__": "{1} @ {0}", "__rand__": "{1} & {0}",
    "__ror__": "{1} | {0}", "__rxor__": "{1} ^ {0}",
    "contiguous": "{0}.contiguous({rest})",
}  # fmt: skip
"""Calls that aren't a function or method of the entry's own name."""


@dataclass(frozen=True)
class Call:
    """A sample as the text of an expression over the tensors `a0`, `a1`..."""

    text: str
    tensors: tuple[torch.Tensor, ...]


def full_name(entry) -> str:
    """The entry's name with its variant: `norm[nuc]`."""
    return f"{entry.name}[{entry.variant_test_name}]" if entry.variant_test_name else entry.name


def out_of_scope(entry) -> str | None:
    """Why an entry isn't compared; None for one that is."""
    name = entry.name
    return next((why for pattern, why in OUT_OF_SCOPE.items() if re.search(pattern, name)), None)


def in_scope():
    """The entries that are compared, in the order of their names."""
    return sorted((e for e in op_db if out_of_scope(e) is None), key=full_name)


def _resolves(path: str):
    found = torch
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def callee(entry) -> str | None:
    """The text of what is called: `torch.add`, `torch.nn.functional.pad`, or `{0}.view` for a method; None when unknown."""
    name = entry.name
    if name.startswith(("ops.aten.", "torch.ops.aten.")):
        return name if name.startswith("torch.") else f"torch.{name}"
    if isinstance(entry.op, torch._ops.OpOverload):
        overload = entry.op._overloadname
        return f"torch.ops.aten.{entry.op._schema.name.removeprefix('aten::')}.{overload}"
    if isinstance(entry.op, torch._ops.OpOverloadPacket):
        return f"torch.ops.{str(entry.op).replace('::', '.')}"
    if entry.variant_test_name == "in_place":
        return "{0}." + name + "_"
    if entry.op is getattr(torch.Tensor, name, None):
        return "{0}." + name
    if _resolves(name) is not None:
        return f"torch.{name}"
    for candidate in (name, name + "_"):
        if hasattr(torch.Tensor, candidate):
            return "{0}." + candidate
    return None


def call_text(entry, sample, form: str = "function") -> Call | None:
    """A sample as a call; None when an argument can't be written down. `form` is `function`, `method`, `inplace` or `out`."""
    tensors: list[torch.Tensor] = []

    def show(value) -> str:
        match value:
            case torch.Tensor():
                for i, known in enumerate(tensors):
                    if known is value:
                        return f"a{i}"
                tensors.append(value)
                return f"a{len(tensors) - 1}"
            case torch.Size() | list():
                return f"[{', '.join(show(v) for v in value)}]"
            case tuple():
                return f"({', '.join(show(v) for v in value)}{',' if len(value) == 1 else ''})"
            case dict():
                return f"{{{', '.join(f'{k!r}: {show(v)}' for k, v in value.items())}}}"
            case float() if value != value or value in (float("inf"), float("-inf")):
                return f"float({str(value)!r})"
            case slice():
                return f"slice({show(value.start)}, {show(value.stop)}, {show(value.step)})"
            case torch.device():
                return f"torch.device({str(value)!r})"
            case bool() | int() | float() | complex() | str() | None:
                return repr(value)
            case torch.dtype() | torch.layout() | torch.memory_format():
                return str(value)
            case _ if value is Ellipsis:
                return "..."
        raise ValueError(f"{type(value).__name__} can't be written down")

    try:
        receiver = show(sample.input)
        arguments = [show(a) for a in sample.args]
        keywords = [f"{k}={show(v)}" for k, v in sample.kwargs.items()]
    except ValueError:
        return None
    if form != "function":
        target = {"method": entry.name, "inplace": entry.name + "_"}[form]
        return Call(f"{receiver}.{target}({', '.join(arguments + keywords)})", tuple(tensors))
    if match := re.search(r"polygamma_n_(\d)", entry.variant_test_name):
        where = "torch.special" if entry.name.startswith("special.") else "torch"
        return Call(f"{where}.polygamma({match[1]}, {receiver})", tuple(tensors))
    if entry.name in TEMPLATES:
        if entry.name == "__getitem__":
            index = sample.args[0]
            if isinstance(index, tuple):
                arguments = [", ".join(_index(show, v) for v in index) + ("," if len(index) == 1 else "") or "()"]
            else:
                arguments = [_index(show, index)]
        text = TEMPLATES[entry.name].format(receiver, *arguments, rest=", ".join(arguments + keywords))
        return Call(text, tuple(tensors))
    target = callee(entry)
    if target is None:
        return None
    if target.startswith("{0}"):
        return Call(f"{receiver}{target[3:]}({', '.join(arguments + keywords)})", tuple(tensors))
    return Call(f"{target}({', '.join([receiver, *arguments, *keywords])})", tuple(tensors))


def _index(show, value) -> str:
    if isinstance(value, slice):
        return ":".join("" if v is None else show(v) for v in (value.start, value.stop, value.step))
    return show(value)


_made: dict[tuple[str, int], object] = {}


def eager_function(text: str, count: int):
    """The Python function whose body is `return text`."""
    key = (text, count)
    if key not in _made:
        if len(_made) > 500:
            _made.clear()
        file = f"<sample {len(linecache.cache)}>"
        source = f"def sample({', '.join(f'a{i}' for i in range(count))}):\n    return {text}\n"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        scope = {"torch": torch, "__name__": "samples"}
        exec(compile(source, file, "exec"), scope)
        _made[key] = scope["sample"]
    return _made[key]


_scripted: dict[tuple[str, int], object] = {}


def compiled_function(text: str, count: int):
    """`eager_function` compiled by tsir."""
    key = (text, count)
    if key not in _scripted:
        if len(_scripted) > 200:
            _scripted.clear()
        _scripted[key] = tsir.script(eager_function(text, count))
    return _scripted[key]


def is_scriptable(text: str, count: int) -> bool:
    """Whether torch.jit compiles the call, too."""
    try:
        torch.jit.script(eager_function(text, count))
    except Exception:  # noqa: BLE001 whatever the reason is
        return False
    return True


def traced_function(text: str, inputs):
    """`eager_function` traced by tsir: for what no scripting compiler takes (`Tensor.T` as an `int`, lists of None...)."""
    return tsir.trace(eager_function(text, len(inputs)), tuple(inputs), check_trace=False)
