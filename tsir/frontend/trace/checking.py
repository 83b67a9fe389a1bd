"""Checks a trace: the compiled program and the original one, side by side, on the traced and on fresh inputs."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.jit._trace import TracingCheckError

from tsir.errors import TracerWarning
from tsir.frontend.trace.containers import is_named_tuple


def check(
    original: Callable[..., Any],
    compiled: Callable[..., Any],
    example_inputs: Sequence[Any],
    example_kwarg_inputs: Mapping[str, Any] | None = None,
    *,
    tolerance: float = 1e-5,
    made_with: str = "it was made with",
    graphs: Callable[[], tuple[str, str]] | None = None,
) -> None:
    """Compares what a traced program and its original give, on these inputs and on others of the same shapes.

    `compiled` is called with torch tensors and gives them. A difference beyond `tolerance` (relative, and absolute relative to the
    largest value) is a `TracerWarning`. The state of a module is as before afterwards. Raises what either program raises on the
    given inputs, and TracingCheckError where they differ on these and `graphs`, which gives the text of the trace and that of a
    second one with these inputs, gives two programs: what is recorded then depends on more than what the trace can follow.
    `made_with` says in messages which inputs these are.
    """
    kwargs = dict(example_kwarg_inputs or {})
    with _state_kept(original):
        expected = _run(original, example_inputs, kwargs)
    if (difference := _difference(expected, _again(original, example_inputs, kwargs), tolerance)) is not None:
        _warn(
            f"the program gives other values when it is run again with the same inputs ({difference}), so the trace can't be "
            "checked; was .eval() forgotten?"
        )
        return
    if (difference := _difference(expected, _again(compiled, example_inputs, kwargs, original), tolerance)) is not None:
        message = f"the trace gives other values than the program for the inputs {made_with}: {difference}"
        if graphs is not None and (changed := _changed_lines(*graphs())):
            raise TracingCheckError(changed, None, message)
        _warn(message)
        return
    fresh = _fresh((tuple(example_inputs), kwargs))
    if fresh is None:
        return
    try:
        expected = _again(original, *fresh)
    except Exception:  # noqa: BLE001
        # Inputs that the program itself doesn't take say nothing about the trace.
        return
    if (difference := _difference(expected, _again(compiled, *fresh, original), tolerance)) is not None:
        _warn(
            f"the trace gives other values than the program for other inputs of the same shapes: {difference}; the program may "
            "decide by the values of its inputs, which a trace can't follow (tsir.script can)"
        )


def _changed_lines(first: str, second: str) -> str:
    """Where the texts of two traces differ, as a diff; empty where they don't."""
    return "\n".join(
        difflib.unified_diff(first.splitlines(), second.splitlines(), "the trace", "a second one", lineterm="", n=1)
    )


def _warn(message: str) -> None:
    warnings.warn(message, TracerWarning, stacklevel=4)


def _again(program: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], owner: Any = None) -> Any:
    """A run that leaves no change of state behind; `owner` is the module whose state the program has."""
    with _state_kept(program if owner is None else owner):
        return _run(program, args, kwargs)


def _run(program: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Runs a program on copies of the inputs, always with the same random numbers."""
    copies = _mapped((tuple(args), dict(kwargs)), lambda t: t.detach().clone())
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        return program(*copies[0], **copies[1])


@contextmanager
def _state_kept(program: Any) -> Generator[None, None, None]:
    """Restores the buffers of a module, in value and identity."""
    owner = getattr(program, "__self__", program)  # of a method
    modules = list(owner.modules()) if isinstance(owner, torch.nn.Module) else []
    buffers = [(m, name, b, b.detach().clone()) for m in modules for name, b in m._buffers.items() if b is not None]
    try:
        yield
    finally:
        with torch.no_grad():
            for module, name, buffer, value in buffers:
                if not torch.equal(buffer, value):
                    buffer.copy_(value)
                module._buffers[name] = buffer


def _mapped(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """A container like this one with other tensors. Inputs of a trace aren't nested deeply: `type_of_input` saw to it."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, list):
        return [_mapped(v, change) for v in value]
    if isinstance(value, tuple):
        items = [_mapped(v, change) for v in value]
        return type(value)(*items) if is_named_tuple(value) else tuple(items)
    return {k: _mapped(v, change) for k, v in value.items()} if isinstance(value, dict) else value


def _fresh(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Inputs of the same shapes with the floating point values permuted and negated; None when there are none."""
    generator = torch.Generator().manual_seed(0)
    changed = False

    def change(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal changed
        if not tensor.is_floating_point() or tensor.numel() == 0:
            return tensor
        changed = True
        order = torch.randperm(tensor.numel(), generator=generator)
        return -tensor.detach().reshape(-1)[order].view(tensor.shape)

    fresh = _mapped(inputs, change)
    return fresh if changed else None


def _difference(expected: Any, got: Any, tolerance: float) -> str | None:
    """Where two results differ first, in words, or None."""
    pending = [("the result", expected, got)]
    while pending:
        where, left, right = pending.pop()
        if isinstance(left, torch.Tensor):
            if (text := _tensor_difference(left, right, tolerance)) is not None:
                return f"{where} {text}"
        elif isinstance(left, dict):
            pairs = list(zip(left.items(), right.items(), strict=False)) if isinstance(right, dict) else []
            if len(pairs) != len(left) or len(right) != len(left) or any(not _may_be_one(a[0], b[0]) for a, b in pairs):
                return f"{where} has other keys"
            pending += [(f"{where}[{k!r}]", v, other) for (k, v), (_, other) in pairs]
            pending += [(f"a key of {where}", k, other) for (k, _), (other, _) in pairs if isinstance(k, torch.Tensor)]
        elif isinstance(left, list | tuple):
            if not isinstance(right, list | tuple) or len(left) != len(right):
                return f"{where} has another number of elements"
            pending += [(f"{where}[{i}]", a, b) for i, (a, b) in enumerate(zip(left, right, strict=True))]
        elif isinstance(left, float) and isinstance(right, float):
            if not (
                left == right or abs(left - right) <= tolerance * max(1.0, abs(left)) or (left != left and right != right)
            ):
                return f"{where} is {right}, not {left}"
        elif isinstance(left, int | str | None) and left != right:
            return f"{where} is {right!r}, not {left!r}"
    return None


def _may_be_one(left: Any, right: Any) -> bool:
    """Whether two keys are the same; tensors are compared by value later, for each call makes its own."""
    if isinstance(left, torch.Tensor) or isinstance(right, torch.Tensor):
        return isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor)
    return left == right


def _tensor_difference(expected: torch.Tensor, got: Any, tolerance: float) -> str | None:
    if not isinstance(got, torch.Tensor):
        return f"is a {type(got).__name__}, not a tensor"
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return f"is a tensor of {got.dtype} {tuple(got.shape)}, not of {expected.dtype} {tuple(expected.shape)}"
    wide = torch.complex128 if expected.is_complex() else torch.float64
    left, right = expected.detach().to(wide), got.detach().to(wide)
    finite = left[left.isfinite()]
    largest = float(finite.abs().max()) if finite.numel() else 0.0
    unit = torch.finfo(expected.dtype).eps if expected.is_floating_point() or expected.is_complex() else 0.0
    relative = max(tolerance, 8 * unit)
    if torch.allclose(left, right, rtol=relative, atol=relative * max(1.0, largest), equal_nan=True):
        return None
    return f"differs by up to {float((left - right).abs().nan_to_num(nan=float('inf')).max()):.3g}"
