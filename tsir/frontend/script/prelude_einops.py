"""What is compiled in place of einops' functions, which choose how to work by the tensor's class and number of dimensions.

einops' own parser says what a pattern means for a number of dimensions, while compiling; `transform` writes a function that does
just that. What einops does with tensors of other libraries isn't here. einops is only imported by programs that use it.
"""

from __future__ import annotations

import importlib
import itertools
import linecache
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

# pyright: reportMissingParameterType=false
# The functions that take tensors have no annotations: each call is compiled for the types that it has.

MOST_RANKS = 8
"""So many dimensions an ellipsis stands for at most, as in einops' layers."""

_NUMBERS = itertools.count()
"""The numbers of the functions that were written, which tell their sources apart."""
_LOOPS = ("prod", "any", "all")
_WHOLE = {"min": "amin", "max": "amax", "sum": "sum", "mean": "mean"}


def reduce(tensor, pattern, reduction, **axes_lengths):
    listed = isinstance(tensor, list)
    x = torch.stack(tensor) if listed else tensor
    kind = "callable" if callable(reduction) else reduction
    for rank, function in transforms(pattern, kind, tuple(axes_lengths), listed):
        if x.dim() == rank:
            return function(x, reduction, **axes_lengths)
    where = "Input is list. " if listed else f"Input tensor shape: {x.shape}. "
    raise error_class()(
        f' Error while processing {kind}-reduction pattern "{pattern}".\n {where}'
        f"Additional info: {axes_lengths}.\n {expected_rank(pattern)} dims. Received {x.dim()}-dim tensor."
    )


def rearrange(tensor, pattern, **axes_lengths):
    return reduce(tensor, pattern, "rearrange", **axes_lengths)


def repeat(tensor, pattern, **axes_lengths):
    return reduce(tensor, pattern, "repeat", **axes_lengths)


def parse_shape(x, pattern):
    return shape_parser(pattern)(x)


def einsum(*tensors_and_pattern):
    return torch.einsum(subscripts(tensors_and_pattern[-1]), *tensors_and_pattern[:-1])


def pack(tensors, pattern):
    before, after, least = analysed(pattern, "pack")
    parts, shapes = [], []
    for i, tensor in enumerate(tensors):
        shape = tensor.shape
        if len(shape) < least:
            raise error_class()(
                f"packed tensor #{i} (enumeration starts with 0) has shape {shape}, "
                f"while pattern {pattern} assumes at least {least} axes"
            )
        end = len(shape) - after
        shapes.append(shape[before:end])
        parts.append(tensor.reshape([*shape[:before], -1, *shape[end:]]))
    return torch.cat(parts, dim=before), shapes


def unpack(tensor, packed_shapes, pattern):
    before, after, _least = analysed(pattern, "unpack")
    shape = tensor.shape
    if len(shape) != before + 1 + after:
        raise error_class()(f"unpack(..., {pattern}) received input of wrong dim with shape {shape}")
    lengths, unknown = [], 0
    for packed in packed_shapes:
        length = 1
        for size in packed:
            length = -1 if size == -1 or length == -1 else length * size
        unknown += int(length == -1)
        lengths.append(length)
    if unknown > 1:
        raise error_class()(
            f"unpack(..., {pattern}) received more than one -1 in {packed_shapes} and can't infer dimensions"
        )
    rest = shape[before]
    if unknown == 1:
        for length in lengths:
            rest -= max(length, 0)
    start, results = 0, []
    for i, packed in enumerate(packed_shapes):
        length = lengths[i] if lengths[i] != -1 else rest
        if unknown == 0 and i == len(lengths) - 1:
            length = shape[before] - start  # the last one is all that is left, whose reshape says whether it fits
        if length < 0 or start + length > shape[before]:
            raise error_class()(
                f'Error during unpack(..., "{pattern}"): could not split axis of size {shape[before]}'
                f" into requested {packed_shapes}"
            )
        results.append(tensor.narrow(before, start, length).reshape([*shape[:before], *packed, *shape[before + 1 :]]))
        start += length
    return results


REPLACED_BY_NAME: dict[tuple[str, str], Callable[..., Any]] = {
    ("einops.einops", "reduce"): reduce,
    ("einops.einops", "rearrange"): rearrange,
    ("einops.einops", "repeat"): repeat,
    ("einops.einops", "einsum"): einsum,
    ("einops.einops", "parse_shape"): parse_shape,
    ("einops.packing", "pack"): pack,
    ("einops.packing", "unpack"): unpack,
}
"""What is compiled in place of functions of a library that may be missing, by module and name."""


KNOWN: dict[Callable[..., Any], dict[str, str]] = {
    **{function: {"pattern": "pattern"} for function in (parse_shape, pack, unpack, rearrange, repeat)},
    reduce: {"pattern": "pattern", "reduction": "reduction"},
    einsum: {"tensors_and_pattern": "pattern"},
}
"""What has to be known while compiling, by the parameter: of several arguments the last."""


# While compiling


@lru_cache(None)
def error_class() -> Any:
    """`EinopsError`."""
    return importlib.import_module("einops").EinopsError


@lru_cache(None)
def subscripts(pattern: str) -> str:
    """The equation of `torch.einsum` for a pattern."""
    return importlib.import_module("einops.einops")._compactify_pattern_for_einsum(pattern)


@lru_cache(None)
def analysed(pattern: str, name: str) -> tuple[int, int, int]:
    """The numbers of axes before and behind the packed ones, and how many a tensor has at least."""
    return importlib.import_module("einops.packing").analyze_pattern(pattern, name)


@lru_cache(None)
def expected_rank(pattern: str) -> str:
    """What einops says about the number of dimensions that a pattern wants."""
    left = importlib.import_module("einops.parsing").ParsedExpression(pattern.split("->")[0])
    count = len(left.composition)
    return f"Wrong shape: expected >={count - 1}" if left.has_ellipsis else f"Wrong shape: expected {count}"


@lru_cache(None)
def transforms(pattern: str, reduction: str, names: tuple[str, ...], listed: bool) -> tuple[tuple[int, Any], ...]:
    """The functions of a tensor, the reduction and named lengths that do what a pattern says, for the numbers of dimensions that the
    tensor may have. Raises EinopsError for a pattern that einops doesn't take."""
    einops = importlib.import_module("einops.einops")
    recipes = einops._prepare_recipes_for_all_dims(pattern, "sum" if reduction == "callable" else reduction, names)
    ranks = sorted(recipes)[:MOST_RANKS]
    return tuple((rank, transform(pattern, reduction, names, listed, recipes[rank])) for rank in ranks)


def transform(pattern: str, reduction: str, names: tuple[str, ...], listed: bool, recipe: Any) -> Any:
    """The function that a recipe of einops' stands for."""
    lengths = [str(n) for n in recipe.elementary_axes_lengths]
    for name, axis in recipe.axis_name2elementary_axis.items():
        lengths[axis] = name
    lines: list[str] = []
    shapes = "\\n Input is list. " if listed else "\\n Input tensor shape: {x.shape}. "
    info = ", ".join(f"'{n}': {{{n}}}" for n in names)
    about = f' Error while processing {reduction}-reduction pattern "{pattern}".{shapes}Additional info: {{{{{info}}}}}.\\n '
    composed = False
    for i, (known, unknown) in enumerate(recipe.input_composition_known_unknown):
        size, product = f"x.size({i})", _product([lengths[k] for k in known])
        composed |= len(known) + len(unknown) != 1
        if not unknown:
            lines += [
                f"if {size} != {product}:",
                f"    raise EinopsError(f'''{about}Shape mismatch, {{{size}}} != {{{product}}}''')",
            ]
            continue
        lengths[unknown[0]] = f"s{unknown[0]}"
        if known:
            says = f"Shape mismatch, can't divide axis of length {{{size}}} in chunks of {{{product}}}"
            lines += [f"if {size} % ({product}) != 0:", f"    raise EinopsError(f'''{about}{says}''')"]
            size = f"{size} // ({product})"
        lines.append(f"s{unknown[0]} = {size}")
    count = len(recipe.axes_permutation)
    lines.append(f"y = x.reshape({_tuple(lengths[:count])})" if composed else "y = x")
    if recipe.axes_permutation != list(range(count)):
        lines.append(f"y = y.permute({_tuple(recipe.axes_permutation)})")
    lines += _reduced(reduction, range(recipe.first_reduced_axis, count))
    if recipe.added_axes:
        rank = recipe.first_reduced_axis + len(recipe.added_axes)
        lines += [f"y = y.unsqueeze({at})" for at in recipe.added_axes]
        lines.append(
            f"y = y.expand({_tuple([lengths[recipe.added_axes[i]] if i in recipe.added_axes else -1 for i in range(rank)])})"
        )
    if any(len(group) != 1 for group in recipe.output_composite_axes):
        lines.append(
            f"y = y.reshape({_tuple([_product([lengths[k] for k in group]) for group in recipe.output_composite_axes])})"
        )
    return _compiled(pattern, ["x", "reduction", *names], [*lines, "return y"])


@lru_cache(None)
def shape_parser(pattern: str) -> Any:
    """The function of a tensor that gives the lengths of the axes that a pattern names. Raises RuntimeError for composed axes."""
    parsed = importlib.import_module("einops.parsing").ParsedExpression(pattern, allow_underscore=True)
    if parsed.has_composed_axes():
        raise RuntimeError(f"Can't parse shape with composite axes: {pattern}")
    count, wild = len(parsed.composition), parsed.has_ellipsis
    says = "with this number of dimensions" if wild else "with different number of dimensions"
    lines = [f"if x.dim() {'<' if wild else '!='} {count - wild}:", *_raised(f"Can't parse shape {says}: {pattern}")]
    named: list[str] = []
    behind = False
    for i, axes in enumerate(parsed.composition):
        size = f"x.size({i - count if behind else i})"
        if isinstance(axes, str):
            behind = True  # the ellipsis
        elif not axes:
            lines += [f"if {size} != 1:", *_raised(f"Length of axis is not 1: {pattern}")]
        elif not isinstance(axes[0], str):
            lines += [f"if {size} != {axes[0].value}:", *_raised(f"Length of anonymous axis does not match: {pattern}")]
        elif axes[0] != "_":
            named.append(f"{axes[0]!r}: {size}")
    return _compiled(pattern, ["x"], [*lines, f"return {{{', '.join(named)}}}"])


def _raised(message: str) -> list[str]:
    return [f"    raise RuntimeError({message + ' '!r} + f'{{x.shape}}')"]


def _reduced(reduction: str, axes: range) -> list[str]:
    """The lines that reduce these axes."""
    if not axes:
        return []
    if reduction == "callable":
        return [f"y = reduction(y, {_tuple(axes)})"]
    if reduction in _LOOPS:
        return [f"y = y.{reduction}(dim={axis})" for axis in reversed(axes)]
    says = "reduce_mean is not available for non-floating tensors"
    check = ["if not y.is_floating_point():", f"    raise NotImplementedError({says!r})"] if reduction == "mean" else []
    return [*check, f"y = y.{_WHOLE[reduction]}({_tuple(axes)})"]


def _product(factors: list[str]) -> str:
    return " * ".join(factors) or "1"


def _tuple(items: Any) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def _compiled(pattern: str, parameters: list[str], lines: list[str]) -> Any:
    """A function with this body, whose source can be read."""
    name = "rearranged"
    text = "".join([f"def {name}({', '.join(parameters)}):\n", *(f"    {line}\n" for line in lines)])
    file = f"<einops {pattern} {next(_NUMBERS)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"EinopsError": error_class(), "__name__": __name__}
    exec(compile(text, file, "exec"), scope)
    return scope[name]
