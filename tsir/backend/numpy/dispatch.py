"""Running one ATen operator on host values: `operator(schema)` gives the callable that generated code uses.

The operator's own definition (`tsir.ops`) is compiled for the arguments' dtypes and shapes when they are first seen and called
from a table afterwards: 1.5-3 us per call. The first shape of a kind is compiled exactly; when another comes, what differs
becomes dynamic, so that a growing sequence compiles twice, not once per length. Numbers are arguments of the compiled function,
unless the operator's body needs their value. xDSL is imported when something has to be compiled (`operator_compiler.py`).

Aliasing is torch's: in-place forms write into their argument and give that very object, views share memory, and everything
else is fresh.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from tsir.backend.numpy import writing
from tsir.dialects.schema import Argument, Schema, parse_schema
from tsir.errors import OperatorError, OperatorTypeError
from tsir.locks import recursive_lock
from tsir.ops import layouts

if TYPE_CHECKING:
    from tsir.backend.numpy.operator_compiler import Compiled
    from tsir.ops.registry import OpDef

Array: TypeAlias = np.ndarray[Any, Any]
Entry: TypeAlias = Callable[..., Any]

MAX_ENTRIES = 512
"""How many exact keys an operator remembers before the older half is looked up again."""
MAX_COMPILED = 32
"""How many compiled variants an operator keeps for one combination of dtypes, ranks and constants."""

Role = Literal["tensor", "number", "size", "constant"]
_ROLES: dict[str, Role] = {"Tensor": "tensor", "Scalar": "number", "float": "number", "complex": "number", "SymInt": "size"}


def role(argument: Argument) -> Role:
    """What an argument is to the dispatcher: compiled for its type (tensor, number, size) or for its value (constant)."""
    found = _ROLES.get(argument.type.base, "constant")
    return "constant" if found == "number" and argument.type.is_list else found


@dataclass(frozen=True)
class Leaf:
    """A tensor, number or size among the arguments: where it is (an expression over `a0`, `a1`...) and its value."""

    text: str
    argument: int
    role: Role
    value: Any


def leaves(schema: Schema, arguments: Sequence[Any]) -> Iterator[Leaf]:
    """The tensors, numbers and sizes among the arguments, elements of lists one by one; None has no leaf."""
    for i, (declared, value) in enumerate(zip(schema.arguments, arguments, strict=True)):
        kind = role(declared)
        if kind == "constant" or value is None:
            continue
        if declared.type.is_list:
            yield from (Leaf(f"a{i}[{j}]", i, kind, v) for j, v in enumerate(value) if v is not None)
        else:
            yield Leaf(f"a{i}", i, kind, value)


def _key_text(schema: Schema) -> str:
    """The expression of an exact key: what of the arguments a compiled function always depends on."""
    parts: list[str] = []
    for i, argument in enumerate(schema.arguments):
        a, kind = f"a{i}", argument.type
        match role(argument):
            case "tensor" if kind.is_list:
                each = "None if t is None else (t.dtype, t.shape)" if kind.element_optional else "(t.dtype, t.shape)"
                part = f"tuple([{each} for t in {a}])"
            case "tensor":
                part = f"({a}.dtype, {a}.shape)" if kind.optional else f"{a}.dtype, {a}.shape"
            case "size" if kind.is_list:
                part = f"len({a})"
            case "number" | "size":
                part = f"{a}.__class__"
            case _ if kind.base in ("float", "Scalar", "complex"):
                part = f"repr({a})"
            case _:
                part = f"tuple({a})" if kind.is_list else a
        if kind.optional and role(argument) not in ("number",) and not (role(argument) == "size" and not kind.is_list):
            part = part if part == a else f"None if {a} is None else {part}"
        parts.append(part)
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


@cache
def key_function(schema: Schema) -> Callable[..., Any]:
    """The function that gives a call's exact key: dtypes and shapes of tensors, types of numbers, values of the rest."""
    scope: dict[str, Any] = {"__name__": __name__, "__tsir__": True}
    names = ", ".join(f"a{i}" for i in range(len(schema.arguments)))
    exec(compile(f"def key({names}):\n    return {_key_text(schema)}\n", f"<tsir key {schema.key}>", "exec"), scope)
    return scope["key"]


def _laid_out_call(schema: Schema, names: str) -> str:
    """The last lines of a dispatcher: the call, and torch's strides for a fresh result of tensors that aren't contiguous."""
    one_tensor = len(schema.returns) == 1 and schema.returns[0].base == "Tensor" and not schema.returns[0].is_list
    tests: list[str] = []
    given: list[str] = []
    for i, argument in enumerate(schema.arguments):
        a, kind = f"a{i}", argument.type
        if kind.base == "MemoryFormat":
            tests.append(f"({a} is not None and {a}.name != 'preserve_format')")  # the program says how it lies
        elif kind.base == "Tensor" and kind.is_list:
            present = f"[t for t in {a} if t is not None]" if kind.element_optional else a
            tests.append(f"all([t.flags.c_contiguous for t in {present}])")
            given.append(f"*{present}")
        elif kind.base == "Tensor":
            test = f"{a}.flags.c_contiguous"
            tests.append(f"({a} is None or {test})" if kind.optional else test)
            given.append(f"*(() if {a} is None else ({a},))" if kind.optional else a)
    if not one_tensor or not given or schema.mutates or schema.returns_alias:
        return f"    return entry({names})\n"
    says = [t for t in tests if "preserve_format" in t]
    plain = " and ".join(t for t in tests if t not in says)
    return f"""\
    if {" or ".join([*says, f"({plain})"])}:
        return entry({names})
    return in_torch_order(entry({names}), ({", ".join(given)},))
"""


@dataclass
class _Family:
    """What was compiled for one combination of dtypes, ranks and constants, and which sizes are dynamic by now."""

    sizes: tuple[int, ...]
    """The sizes of the first call, in the order of `_sizes`."""
    varying: set[int] = field(default_factory=set[int])
    by_value: set[int] = field(default_factory=set[int])
    """The arguments whose value the body needs."""
    compiled: list[Compiled] = field(default_factory=list["Compiled"])


_dispatchers: weakref.WeakSet[Dispatcher] = weakref.WeakSet()


def forget() -> None:
    """Drops what all operators have compiled: the default dtype has changed."""
    for dispatcher in list(_dispatchers):
        dispatcher.forget()


class Dispatcher:
    """One operator's table of compiled functions. Several threads may call it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._lock = recursive_lock()
        self._recent: dict[Any, Entry] = {}
        self._older: dict[Any, Entry] = {}
        self._families: dict[Any, _Family] = {}
        _dispatchers.add(self)
        names = ", ".join(f"a{i}" for i in range(len(schema.arguments)))
        key = _key_text(schema)
        text = f"""\
def dispatch({names}):
    try:
        entry = table({key})
    except (AttributeError, TypeError):
        misfit({names})
        raise
    if entry is None:
        entry = miss({names})
{_laid_out_call(schema, names)}"""
        scope: dict[str, Any] = {
            "__name__": __name__, "__tsir__": True, "table": self._recent.get, "miss": self._miss, "misfit": self._check_types,
            "in_torch_order": partial(in_torch_order, schema.key),
        }  # fmt: skip
        exec(compile(text, f"<tsir dispatch {schema.key}>", "exec"), scope)
        self.call: Entry = scope["dispatch"]
        self._key = key_function(schema)

    def forget(self) -> None:
        """Drops what was compiled."""
        with self._lock:
            self._recent.clear()
            self._older = {}
            self._families = {}

    def _check_types(self, *arguments: Any) -> None:
        """Raises OperatorTypeError for an argument that isn't what the schema says."""
        for declared, value in zip(self.schema.arguments, arguments, strict=True):
            kind = declared.type
            if value is None and kind.optional:
                continue
            values = value if kind.is_list and isinstance(value, list | tuple) else [value]
            wrong = kind.is_list and not isinstance(value, list | tuple)
            for v in values:
                if kind.base == "Tensor" and not (isinstance(v, np.ndarray) or (v is None and kind.element_optional)):
                    wrong = True
            if wrong:
                found = "Tensor" if isinstance(value, np.ndarray) else type(value).__name__
                raise OperatorTypeError(
                    f"{self.schema.name}(): argument '{declared.name}' must be {declared.type.base}"
                    f"{'[]' if kind.is_list else ''}, not {found}"
                ) from None

    def _miss(self, *arguments: Any) -> Entry:
        key = self._key(*arguments)
        with self._lock:
            entry = self._recent.get(key)
            if entry is None:
                entry = self._older.pop(key, None) or self._made(arguments)
                self._remember(key, entry)
            return entry

    def _remember(self, key: Any, entry: Entry) -> None:
        if len(self._recent) >= MAX_ENTRIES:
            self._older = dict(self._recent)
            self._recent.clear()
        self._recent[key] = entry

    def _refresh(self, *arguments: Any) -> Any:
        """Called by an entry none of whose variants fits the run-time numbers: makes one that does, and runs it."""
        key = self._key(*arguments)
        with self._lock:
            entry = self._made(arguments)
            self._remember(key, entry)
        return entry(*arguments)

    def _made(self, arguments: Sequence[Any]) -> Entry:
        """The entry for the exact key of these arguments, with a variant that fits these arguments."""
        self._check_types(*arguments)
        found = list(leaves(self.schema, arguments))
        sizes = _sizes(found)
        family_key = _family_key(self.schema, arguments, found)
        family = self._families.get(family_key)
        if family is None:
            family = self._families[family_key] = _Family(sizes)
        fitting = [c for c in family.compiled if c.fits_shapes(*arguments)]
        if not any(c.fits(*arguments) for c in fitting):
            from tsir.backend.numpy.operator_compiler import compile_operator

            family.varying |= {i for i, (a, b) in enumerate(zip(family.sizes, sizes, strict=True)) if a != b}
            made = compile_operator(self.schema.key, arguments, found, family.varying, family.by_value)
            family.compiled.insert(0, made)
            del family.compiled[MAX_COMPILED:]
            fitting.insert(0, made)
        return _entry(self.schema, fitting, self._refresh)


def _sizes(found: Sequence[Leaf]) -> tuple[int, ...]:
    """Every dimension and every size among the leaves, in order."""
    sizes: list[int] = []
    for leaf in found:
        if leaf.role == "tensor":
            sizes += leaf.value.shape
        elif leaf.role == "size":
            sizes.append(leaf.value)
    return tuple(sizes)


def _family_key(schema: Schema, arguments: Sequence[Any], found: Sequence[Leaf]) -> Any:
    """What a dynamic variant still depends on: dtypes, ranks, which dimensions are 0 or 1, types of numbers, constants."""
    constants = [
        repr(value) if role(declared) == "constant" else value is None
        for declared, value in zip(schema.arguments, arguments, strict=True)
    ]
    types: list[Any] = []
    for leaf in found:
        if leaf.role == "tensor":
            types.append((leaf.text, leaf.value.dtype, tuple([d if d < 2 else -1 for d in leaf.value.shape])))
        else:
            types.append((leaf.text, type(leaf.value)))
    return (*constants, *types)


def _entry(schema: Schema, variants: Sequence[Compiled], refresh: Callable[..., Any]) -> Entry:
    """One function for an exact key: the first variant whose guards on numbers hold."""
    names = ", ".join(f"a{i}" for i in range(len(schema.arguments)))
    lines = [f"def entry({names}):"]
    scope: dict[str, Any] = {"__name__": __name__, "__tsir__": True, "refresh": refresh, **_HELPERS}
    open_ended = True
    for i, variant in enumerate(variants):
        suffix = f"_{i}"
        scope |= {f"{name}{suffix}": value for name, value in variant.scope.items()}
        pad = "    "
        if variant.guard:
            lines.append(f"    if {variant.guard.replace('@', suffix)}:")
            pad *= 2
        lines += [pad + line.replace("@", suffix) for line in variant.lines]
        if not variant.guard:
            open_ended = False
            break
    if open_ended:
        lines.append(f"    return refresh({names})")
    exec(compile("\n".join(lines) + "\n", f"<tsir dispatch {schema.key}>", "exec"), scope)
    return scope["entry"]


# What entries call.


def same_number(a: Any, b: Any) -> bool:
    """Whether two Python numbers are the same value for a compiler: type, sign of zero and NaN count."""
    return type(a) is type(b) and (a == b or a != a) and repr(a) == repr(b)


def fresh(result: Array, arguments: Sequence[Any]) -> Array:
    """The result, or a copy where it shares memory with an argument."""
    return result.copy("K") if any(np.may_share_memory(result, a) for a in arguments) else result


def laid_out(result: Array) -> Array:
    """The result in C order, as `contiguous` promises: a copy where it isn't already."""
    return result if result.flags.c_contiguous else result.copy("C")


def in_torch_order(key: str, result: Array, tensors: Sequence[Array]) -> Array:
    """A fresh result with the strides that torch gives it for these tensors; as it is where the rules don't tell them."""
    if result.ndim < 2:
        return result
    found = _wanted_order(key, result.shape, tuple([(t.shape, t.strides, t.itemsize) for t in tensors]))
    if found is None:
        return result
    order, back, wanted = found
    turned = result.transpose(order)
    if not turned.flags.c_contiguous:
        result = np.ascontiguousarray(turned).transpose(back)
    strides = tuple([s * result.itemsize for s in wanted])
    return result if result.strides == strides else np.lib.stride_tricks.as_strided(result, strides=strides)


@lru_cache(maxsize=4096)
def _wanted_order(
    key: str, shape: layouts.Shape, tensors: tuple[tuple[layouts.Shape, layouts.Shape, int], ...]
) -> tuple[list[int], list[int], layouts.Shape] | None:
    """The order of a result's dimensions in memory, the way back from it, and the strides in elements; None for any."""
    if any(s < 0 or s % size for _, strides, size in tensors for s in strides):
        return None
    known = [(sizes, tuple(s // size for s in strides)) for sizes, strides, size in tensors]
    wanted = layouts.fresh(key, shape, known)
    if wanted is None or not layouts.fills_memory((shape, wanted)):
        return None
    order = sorted(range(len(shape)), key=lambda axis: (-wanted[axis], axis))
    return order, [order.index(axis) for axis in range(len(order))], wanted


class _Offsets(np.ndarray[Any, Any]):
    """Byte offsets of a tensor's elements, on which a view is computed to learn its strides."""


def aliased(key: str, result: Array, arguments: Sequence[Any], position: int) -> Array:
    """The view of `arguments[position]` that `result`, a copy, was computed as.

    The operator is run once more on the elements' byte offsets, and what comes out are the offsets of the view's elements:
    its strides. Raises OperatorError where these are no strides, so that there is no such view.
    """
    source: Array = arguments[position]
    if isinstance(source, _Offsets):
        return result
    part = _PART_VIEWS.get(key)
    if part is not None:
        return part(source)
    grids = np.ogrid[tuple(slice(n) for n in source.shape)]
    offsets = sum((g * s for g, s in zip(grids, source.strides, strict=True)), np.zeros(source.shape, np.int64))
    if result.dtype != source.dtype:
        raise not_a_view(key.partition(".")[0], source)
    marked = offsets.view(_Offsets)
    found: Array = np.asarray(operator(key)(*arguments[:position], marked, *arguments[position + 1 :]))
    first = int(found.flat[0])
    strides = [
        int(found[(0,) * d + (1,) + (0,) * (found.ndim - d - 1)]) - first if n > 1 else 0 for d, n in enumerate(found.shape)
    ]
    expected = np.full(found.shape, first, np.int64)
    for axis, (n, stride) in enumerate(zip(found.shape, strides, strict=True)):
        expected += (np.arange(n) * stride).reshape([-1 if d == axis else 1 for d in range(found.ndim)])
    if not np.array_equal(found, expected):
        raise not_a_view(key.partition(".")[0], source)
    start = np.unravel_index(int(np.argmax(offsets == first)), source.shape)
    corner = source[tuple(slice(i, None) for i in start)]
    view = np.lib.stride_tricks.as_strided(corner, found.shape, strides)
    if source.dtype.kind == "c" and not np.array_equal(view, result, equal_nan=True):
        return result  # conjugates: torch's views of these have a mark that NumPy's can't have
    return view


def _as_pairs(a: Array) -> Array:
    """A complex array's parts in a last dimension."""
    return np.lib.stride_tricks.as_strided(a.real, (*a.shape, 2), (*a.strides, a.itemsize // 2))


def _from_pairs(a: Array) -> Array:
    """Pairs in the last dimension as complex numbers. Raises OperatorError where they don't lie side by side."""
    width = 2 * a.itemsize
    if a.strides[-1] != a.itemsize or any(s % width for s, n in zip(a.strides[:-1], a.shape, strict=False) if n > 1):
        raise OperatorError("Tensor must have a stride divisible by 2 for all but last dimension, and 1 for the last one")
    return a.view(np.complex128 if a.itemsize == 8 else np.complex64)[..., 0]


_PART_VIEWS: dict[str, Callable[[Array], Array]] = {
    "real": lambda a: a.real, "imag": lambda a: a.imag, "view_as_real": _as_pairs, "view_as_complex": _from_pairs
}  # fmt: skip
"""The views whose elements are parts of the source's elements, or made of several."""


def not_a_view(name: str, source: Array) -> OperatorError:
    """The error of a view that these strides don't allow."""
    if name in ("view", "view_as"):
        return OperatorError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return OperatorError(f"{name}: a tensor of shape {list(source.shape)} and these strides has no such view")


_HELPERS: dict[str, Any] = {
    "same_number": same_number, "fresh": fresh, "laid_out": laid_out, "write": writing.write, "write_out": writing.write_out,
    "write_shared": writing.write_shared, "check_overlap": writing.check_overlap, "check_disjoint": writing.check_disjoint,
    "check_copied": writing.check_copied,
    "not_a_view": not_a_view, "aliased": aliased,
    "may_share_memory": np.may_share_memory,
}  # fmt: skip


def _moved_by_batch(x: Array, mean: Array, variance: Array, momentum: float) -> Sequence[Array] | None:
    """The running statistics behind a batch in training; None where it leaves them."""
    return operator("_batch_norm_running_stats")(x, mean, variance, momentum) if x.size else None


def _moved_by_instances(x: Array, mean: Array, variance: Array, momentum: float) -> Sequence[Array] | None:
    """The same where each sample moves the running statistics, of which the mean is kept."""
    if 0 in x.shape[1:]:
        return None
    count, channels, *sizes = x.shape
    repeated = (np.tile(mean, count), np.tile(variance, count))
    moved = operator("_batch_norm_running_stats")(x.reshape(1, count * channels, *sizes), *repeated, momentum)
    return [operator("mean.dim")(m.reshape(count, channels), [0], False, None) for m in moved]


def _moving_statistics(moved_by: Callable[[Array, Array, Array, float], Sequence[Array] | None]) -> Callable[[Entry], Entry]:
    """Normalisation with its hidden effect: in training it moves the running statistics towards those of what it is given."""

    def wrapped(call: Entry) -> Entry:
        def normalize(
            x: Array,
            weight: Any,
            bias: Any,
            mean: Array | None,
            variance: Array | None,
            training: bool,
            momentum: float,
            *rest: Any,
        ) -> Any:
            if not training or mean is None or variance is None:
                return call(x, weight, bias, mean, variance, training, momentum, *rest)
            moved = moved_by(x, mean, variance, momentum)
            result = call(x, weight, bias, None, None, True, momentum, *rest)
            if moved is not None:
                writing.write(mean, moved[0])
                writing.write(variance, moved[1])
            return result

        return normalize

    return wrapped


def _legit(call: Entry) -> Entry:
    """`_native_batch_norm_legit`: `native_batch_norm` whose schema says what it writes."""
    return operator("native_batch_norm")


def _with_numbers_as_indices(call: Entry) -> Entry:
    """`index` and `index_put_` as eager indexing does them: an integer tensor without dimensions is a number, which gives a view."""

    def indexed(x: Array, indices: Sequence[Array | None], *rest: Any) -> Any:
        if not any(i is not None and i.ndim == 0 and i.dtype.kind == "i" for i in indices):
            return call(x, indices, *rest)
        view, kept, at = x, list[Array | None](), 0
        for index in indices:
            if index is not None and index.ndim == 0 and index.dtype.kind == "i":
                view = operator("select.int")(view, at, int(index))
                continue
            at += index.ndim if index is not None and index.dtype.kind in "bu" else 1
            kept.append(index)
        if any(i is not None for i in kept):
            result = call(view, kept, *rest)
        elif not rest:
            return view
        else:
            result = operator("add_.Tensor")(view, rest[0], 1) if rest[1] else operator("copy_")(view, rest[0], True)
        return x if rest else result

    return indexed


_WRAPPED = {
    **dict.fromkeys(("batch_norm", "native_batch_norm"), _moving_statistics(_moved_by_batch)),
    "_native_batch_norm_legit": _legit,
    "instance_norm": _moving_statistics(_moved_by_instances),
    **dict.fromkeys(("index.Tensor", "index_put_"), _with_numbers_as_indices),
}  # fmt: skip
"""Operators whose meaning depends on values or has an effect that their declarations can't say."""


@cache
def operator(schema: str) -> Entry:
    """The callable that runs an operator on host values, given by its schema's text or its key (`add.Tensor`).

    It takes all the schema's arguments by position and gives what the schema says: a tuple for several results. Errors of the
    user's are raised as the operator's definition raises them. Raises OperatorTypeError for an unknown key.
    """
    if "(" in schema:
        parsed = parse_schema(schema)
        call = Dispatcher(parsed).call
        wrap = _WRAPPED.get(parsed.key)
        return call if wrap is None else wrap(call)
    from tsir.ops.registry import operator as find

    found = find(schema)
    if found is None:
        raise OperatorTypeError(f"unknown operator {schema!r}")
    return _checked(found) if found.host is not None else operator(str(found.schema))


def _checked(op: OpDef) -> Entry:
    """A host operator's NumPy function behind the checks of its declaration, once for each kind of arguments."""
    assert op.host is not None
    call = host_function(op.host)
    if not any(a.type.base == "Tensor" for a in op.schema.arguments):
        return call
    from tsir.dialects.dtypes import from_numpy
    from tsir.ops.evaluate import infer
    from tsir.ops.sizes import CannotLower
    from tsir.ops.tensor import SymTensor

    key = key_function(op.schema)
    seen: set[Any] = set()

    def symbolic(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return SymTensor(from_numpy(value.dtype.name), value.shape)
        return [symbolic(v) for v in value] if isinstance(value, list | tuple) else value

    def checked(*arguments: Any) -> Any:
        kind = (key(*arguments), *[a for a in arguments if isinstance(a, int | float)])
        if kind not in seen:
            with suppress(CannotLower):
                infer(op, symbolic(arguments))
            if len(seen) >= MAX_ENTRIES:
                seen.clear()
            seen.add(kind)
        return call(*arguments)

    return checked


@cache
def host_function(path: str) -> Entry:
    """The NumPy function of a host operator, given as `module:function`."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
