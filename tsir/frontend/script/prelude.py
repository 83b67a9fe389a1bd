"""Functions of the standard library, and some of torch's, that are written in the scripted language and compiled with the program.

They are here because what they do depends on functions or methods of the program: a key, a comparison. What only depends
on values is a row of the table in `ops/python.py`. Nothing here is called by the compiler; `REPLACED` says what stands for what.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
import operator
from collections.abc import Callable, Hashable
from typing import Any

import torch
import torch.fx._symbolic_trace as symbolic_trace
import torch.nn.modules._functions as _functions
import torch.nn.utils.parametrize

from tsir.frontend.script import lazy
from tsir.frontend.script.prelude_collections import COLLECTION_METHODS
from tsir.frontend.script.prelude_einops import REPLACED_BY_NAME
from tsir.frontend.script.prelude_heaps import bisect_left, bisect_right

# pyright: reportMissingParameterType=false
# The functions have no annotations: each call is compiled for the types that it has.


def plain_texts(values):
    return [str.__str__(value) for value in values]


def plain_ints(values):
    return [int.__int__(value) for value in values]


def plain_floats(values):
    return [float.__float__(value) for value in values]


def plain_tuples(values):
    return [tuple(value) for value in values]


PLAIN_VALUES: dict[type, Callable[..., Any]] = {str: plain_texts, int: plain_ints, float: plain_floats, tuple: plain_tuples}
"""What makes a list of built-in values of one of objects of a class derived from the built-in class."""


def _reduce(function, items, *initial):
    if len(initial) == 0:
        iterator = lazy.begun(items)
        if not lazy.advance(iterator):
            raise TypeError("reduce() of empty iterable with no initial value")
        result = lazy.current(iterator)
        while lazy.advance(iterator):
            result = function(result, lazy.current(iterator))
        return result
    total = initial[0]
    for item in items:
        total = function(total, item)
    return total


def filtered(function, items):
    """`list(filter(function, items))`."""
    return [item for item in items if function(item)]


def filtered_truth(items):
    """`list(filter(None, items))`."""
    return [item for item in items if item]


def sum_of_tensors(items):
    """`sum(items)` for tensors; of none it is 0 as a tensor, for that is what its type says."""
    if len(items) == 0:
        return torch.tensor(0)
    total = items[0] + 0
    for i in range(1, len(items)):
        total = total + items[i]
    return total


def sum_from(items, start):
    """`sum(items, start)` for tensors or lists."""
    for item in items:
        start = start + item
    return start


def any_of_tensor(x):
    """`any(x)` for a tensor: of its rows, of which each must have one element."""
    if x.dim() == 1:
        return bool(x.any())
    return any(row for row in x)


def all_of_tensor(x):
    """`all(x)` for a tensor."""
    if x.dim() == 1:
        return bool(x.all())
    return all(row for row in x)


def max_of_tensor(x):
    """`max(x)` for a tensor: of its rows, by `>`. What compares with NaN is false."""
    if x.dim() == 1 and len(x) > 0 and not bool(x.isnan().any()):
        return x.max()
    if len(x) == 0:
        return max(list(x))  # raises what Python does
    best = x[0]
    for row in x[1:]:
        if row > best:
            best = row
    return best


def min_of_tensor(x):
    """`min(x)` for a tensor."""
    if x.dim() == 1 and len(x) > 0 and not bool(x.isnan().any()):
        return x.min()
    if len(x) == 0:
        return min(list(x))  # raises what Python does
    best = x[0]
    for row in x[1:]:
        if row < best:
            best = row
    return best


TENSOR_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "any": any_of_tensor, "all": all_of_tensor, "max": max_of_tensor, "min": min_of_tensor,
}  # fmt: skip
"""Built-ins that go over the rows of a tensor."""


def keeps_size(now, before, message):
    """What an iterator over a dict or set does before it gives an element."""
    if now != before:
        raise RuntimeError(message)


def first(items):
    """`next(items)` of an iterator that nothing else uses."""
    for item in items:
        return item
    raise StopIteration


def first_or(items, default):
    """`next(items, default)` of such an iterator."""
    for item in items:
        return item
    return default


def any_of(items):
    """`any(items)`, which asks for no more than it needs."""
    for item in items:  # noqa: SIM110  (this is what any() is)
        if item:
            return True
    return False


def all_of(items):
    """`all(items)`."""
    for item in items:  # noqa: SIM110
        if not item:
            return False
    return True


def found_in(items, value):
    """`value in items` for an iterator."""
    for item in items:  # noqa: SIM110
        if item == value:
            return True
    return False


def least_position(items):
    """The position of `min(items)` for objects that define `<`."""
    if len(items) == 0:
        raise ValueError("min() iterable argument is empty")
    found = 0
    for i in range(1, len(items)):
        if items[i] < items[found]:
            found = i
    return found


def greatest_position(items):
    """The position of `max(items)` for objects that define `>`, or `<`."""
    if len(items) == 0:
        raise ValueError("max() iterable argument is empty")
    found = 0
    for i in range(1, len(items)):
        if items[i] > items[found]:
            found = i
    return found


def order_by_comparison(items, reverse: bool):
    """The positions of the items in the order of `<`: merging runs of doubling length, stable."""
    source = list(range(len(items)))
    if reverse:
        source.reverse()
    width = 1
    while width < len(source):
        merged = source[:0]
        for start in range(0, len(source), 2 * width):
            middle = min(start + width, len(source))
            end = min(start + 2 * width, len(source))
            i = start
            j = middle
            while i < middle or j < end:
                if j >= end or (i < middle and not items[source[j]] < items[source[i]]):
                    merged.append(source[i])
                    i += 1
                else:
                    merged.append(source[j])
                    j += 1
        source = merged
        width *= 2
    if reverse:
        source.reverse()
    return source


def lists_equal(first, second):
    """`first == second` for lists whose elements are compared by methods."""
    if len(first) != len(second):
        return False
    return all(first[i] is second[i] or first[i] == second[i] for i in range(len(first)))


def _first_difference(first, second):
    """Where the elements differ for the first time: behind the end of the shorter list if they don't."""
    count = min(len(first), len(second))
    for i in range(count):
        if not (first[i] is second[i] or first[i] == second[i]):
            return i
    return count


def lists_less(first, second):
    """`first < second` for such lists."""
    i = _first_difference(first, second)
    return first[i] < second[i] if i < len(first) and i < len(second) else len(first) < len(second)


def lists_less_equal(first, second):
    """`first <= second` for such lists."""
    i = _first_difference(first, second)
    return first[i] <= second[i] if i < len(first) and i < len(second) else len(first) <= len(second)


def lists_greater(first, second):
    """`first > second` for such lists."""
    i = _first_difference(first, second)
    return first[i] > second[i] if i < len(first) and i < len(second) else len(first) > len(second)


def lists_greater_equal(first, second):
    """`first >= second` for such lists."""
    i = _first_difference(first, second)
    return first[i] >= second[i] if i < len(first) and i < len(second) else len(first) >= len(second)


def dicts_equal(first, second):
    """`first == second` for dicts whose values are compared by methods."""
    if len(first) != len(second):
        return False
    return all(not (key not in second or not (first[key] is second[key] or first[key] == second[key])) for key in first)


def equal_unless_none(first, second):
    """`first == second` where each may be None or an object that defines `==`."""
    if first is None:
        return second is None
    if second is None:
        return False
    return first == second


def equal_or_asked(first, second):
    """The same for objects whose `==` says what is equal to None."""
    if first is None:
        return second is None or second == first
    return first == second


def contains(items, value):
    """`value in items` for such elements."""
    return any(item is value or item == value for item in items)


def item_or_missing(items, key, missing):
    """`items[key]` of a dict whose class has `__missing__`."""
    return items[key] if key in items else missing(key)


def position_of_key(keys, key):
    """Where a key stands among the keys of a dict that is known while compiling."""
    for i, known in enumerate(keys):
        if known == key:
            return i
    raise KeyError(key)


def has_dtype(tensor, dtypes):
    """`isinstance(tensor, torch.FloatTensor)` and its like."""
    return tensor.dtype in dtypes


def position_of_attribute(positions, name, owner):
    """The number of an attribute by its name."""
    if name not in positions:
        raise AttributeError(f"'{owner}' object has no attribute '{name}'")
    return positions[name]


def position_in_container(index, count):
    """Where `container[index]` of a ModuleList or its like finds its element."""
    if not -count <= index < count:
        raise IndexError(f"index {index} is out of range")
    return index % count


def equal_key(items, key):
    """The key of a dict or element of a set that is equal to an object, else the object itself."""
    for item in items:
        if item is key or (hash(item) == hash(key) and item == key):
            return item
    return key


def distinct(items):
    """The elements of a set of such objects: the first of those that are equal."""
    found = items[:0]
    for item in items:
        if not any(known is item or (hash(known) == hash(item) and known == item) for known in found):
            found.append(item)
    return found


def count_of(items, value):
    """`items.count(value)` for such elements."""
    count = 0
    for item in items:
        if item == value:
            count += 1
    return count


def index_of(items, value, *bounds):
    """`items.index(value, start, stop)` for such elements."""
    start, stop = 0, len(items)
    if len(bounds) > 0:
        start = bounds[0] if bounds[0] >= 0 else max(bounds[0] + len(items), 0)
    if len(bounds) > 1:
        stop = min(bounds[1] if bounds[1] >= 0 else bounds[1] + len(items), len(items))
    for i, item in enumerate(items):
        if start <= i < stop and (item is value or item == value):
            return i
    raise ValueError("the value is not in the sequence")


def remove_item(items, value):
    """`items.remove(value)` for such elements."""
    del items[index_of(items, value)]


def _wait_all(futures):
    return [future.wait() for future in futures]


def _same(value):
    return value


def _collect_all(futures):
    return torch.jit.fork(_same, futures)


def _broadcast_shapes(*shapes):
    every = torch.jit.annotate(list[list[int]], [])
    for shape in shapes:
        sizes = torch.jit.annotate(list[int], [])
        if isinstance(shape, int):
            sizes.append(shape)
        else:
            for size in shape:
                sizes.append(size)
        every.append(sizes)
    rank = 0
    for sizes in every:
        rank = max(rank, len(sizes))
    result = [1] * rank
    for sizes in every:
        first = rank - len(sizes)
        for i in range(len(sizes)):
            size = sizes[i]
            if size < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({size}): ({size})")
            if size != 1:
                if result[first + i] != 1 and result[first + i] != size:
                    raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape")
                result[first + i] = size
    return torch.Size(result)


def tensordot(a, b, dims, out=None):
    """`torch.tensordot` for dimensions that are known at run time: a number of them, or those of each tensor."""
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = list(range(-dims, 0)), list(range(dims))
    elif isinstance(dims, torch.Tensor):
        if dims.numel() > 1:
            first, second = torch.jit.annotate(list[int], dims[0].tolist()), torch.jit.annotate(list[int], dims[1].tolist())
        else:
            count = int(dims.item())
            if count < 0:
                raise RuntimeError(f"tensordot expects dims >= 0, but got dims={count}")
            first, second = list(range(-count, 0)), list(range(count))
    else:
        first, second = dims[0], dims[1]
    if out is not None:
        return torch.ops.aten.tensordot(a, b, first, second, out=out)
    return torch.ops.aten.tensordot(a, b, first, second)


def _cross_map_lrn2d(ctx, input, size, alpha=1e-4, beta=0.75, k=1):
    """The forward of `nn.CrossMapLRN2d`, whose own makes its tensors empty and gives them their sizes afterwards.

    A channel's sum of squares is the one before, with the square that enters the window and without the one that leaves it. As in
    torch, none leaves before channel `reach + 1`.
    """
    if input.dim() != 4:
        raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
    channels, reach = input.size(1), int((size - 1) / 2 + 1)
    squares, sums = input.pow(2), torch.empty_like(input)
    sums[:, 0] = squares[:, : min(reach, channels)].sum(1)
    for c in range(1, channels):
        sums[:, c] = sums[:, c - 1]
        if c + reach - 1 < channels:
            sums[:, c] += squares[:, c + reach - 1]
        if c > reach:
            sums[:, c] -= squares[:, c - reach]
    return (sums * (alpha / size) + k).pow(-beta) * input


def _assert_async(input, assert_msg="Expected Tensor with single nonzero value, but got zero"):
    """`torch._assert_async`, at once, as on a CPU."""
    if not bool(input):
        raise RuntimeError(assert_msg)


def _assert_scalar(self, assert_msg):
    """`torch._assert_scalar`."""
    if not self:
        raise RuntimeError(assert_msg)


def _grad(
    outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
    is_grads_batched=False, materialize_grads=False,
):  # fmt: skip
    """`torch.autograd.grad`: compiled code records no gradients, so that it raises where torch does without them."""
    raise RuntimeError(
        "element 0 of tensors does not require grad and does not have a grad_fn (torch.autograd.grad in a compiled program, "
        "which computes no gradients: compile what is differentiated, and differentiate outside)"
    )


def _backward(
    tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None
):  # fmt: skip
    """`torch.autograd.backward`, as `torch.autograd.grad`."""
    _grad(tensors, tensors)


_made_by_type = type.__call__


def _proxyable(cls, *args, **kwargs):
    """What the metaclass of `torch.fx.ProxyableClassMeta` does where nothing is traced."""
    return _made_by_type(cls, *args, **kwargs)


def _variable(data, requires_grad=False, volatile=False):
    """`torch.autograd.Variable`, which is a tensor over the same memory."""
    return data.view_as(data)


def _parametrized(self):
    """The forward of torch's `ParametrizationList`, whose own looks for its modules by the texts of their numbers."""
    if hasattr(self, "original"):
        x = self[0](self.original)
    elif hasattr(self, "original2"):
        x = self[0](self.original0, self.original1, self.original2)
    else:
        x = self[0](self.original0, self.original1)
    for parametrization in self[1:]:
        x = parametrization(x)
    return x


_OPERATORS: dict[Any, Callable[..., Any]] = {
    operator.add: lambda a, b: a + b, operator.sub: lambda a, b: a - b, operator.mul: lambda a, b: a * b,
    operator.truediv: lambda a, b: a / b, operator.floordiv: lambda a, b: a // b, operator.mod: lambda a, b: a % b,
    operator.pow: lambda a, b: a**b, operator.matmul: lambda a, b: a @ b, operator.neg: lambda a: -a,
    operator.pos: lambda a: +a, operator.invert: lambda a: ~a, operator.not_: lambda a: not a,
    operator.and_: lambda a, b: a & b, operator.or_: lambda a, b: a | b, operator.xor: lambda a, b: a ^ b,
    operator.lshift: lambda a, b: a << b, operator.rshift: lambda a, b: a >> b, operator.eq: lambda a, b: a == b,
    operator.ne: lambda a, b: a != b, operator.lt: lambda a, b: a < b, operator.le: lambda a, b: a <= b,
    operator.gt: lambda a, b: a > b, operator.ge: lambda a, b: a >= b, operator.getitem: lambda a, b: a[b],
    operator.contains: lambda a, b: b in a, operator.truth: lambda a: bool(a), operator.abs: lambda a: abs(a),
    operator.concat: lambda a, b: a + b, operator.is_: lambda a, b: a is b, operator.is_not: lambda a, b: a is not b,
}  # fmt: skip


def text_of_list(items):
    """`repr(items)` of a list whose elements say how they are written."""
    return "[" + ", ".join([repr(item) for item in items]) + "]"


def text_of_dict(items):
    """`repr(items)` of a dict whose values say how they are written."""
    return "{" + ", ".join([repr(key) + ": " + repr(value) for key, value in items.items()]) + "}"


def text_of_range(start, stop, step):
    """`repr(range(start, stop, step))`."""
    return f"range({start}, {stop})" if step == 1 else f"range({start}, {stop}, {step})"


def text_unless_none(value):
    """`repr(value)` of what may be None."""
    return "None" if value is None else repr(value)


def plain_as_dict(value):
    """A value as `dataclasses.asdict` has it: the compiler carries it out itself."""
    raise NotImplementedError


def plain_as_tuple(value):
    """A value as `dataclasses.astuple` has it: the compiler carries it out itself."""
    raise NotImplementedError


def list_as_dicts(items):
    """A list in a dataclass as `dataclasses.asdict` has it."""
    return [plain_as_dict(item) for item in items]


def dict_as_dicts(items):
    """A dict in a dataclass as `dataclasses.asdict` has it."""
    return {key: plain_as_dict(value) for key, value in items.items()}


def list_as_tuples(items):
    """A list in a dataclass as `dataclasses.astuple` has it."""
    return [plain_as_tuple(item) for item in items]


def dict_as_tuples(items):
    """A dict in a dataclass as `dataclasses.astuple` has it."""
    return {key: plain_as_tuple(value) for key, value in items.items()}


def sum_of_sequences(items, start):
    """`sum(items, start)` of lists or tuples."""
    total = start
    for item in items:
        total = total + item
    return total


def sum_of_lists(items):
    """`sum(items, [])`."""
    return [value for item in items for value in item]


def item_of_tensor(x, indices):
    """`x[indices]` with a tuple of ints."""
    if len(indices) > x.dim():
        raise IndexError(f"too many indices for tensor of dimension {x.dim()}")
    x = x[...]
    for i in indices:
        x = x[i]
    return x


def dict_of_keys(holder):
    """`dict(holder)` of an object with `keys` and `__getitem__`."""
    return {key: holder[key] for key in holder.keys()}  # noqa: SIM118  (as dict() does)


def _set_item(container, key, value):
    container[key] = value


def _delete_item(container, key):
    del container[key]


def size_numel(sizes):
    return math.prod(sizes)


SPECIAL_METHODS: dict[str, Callable[..., Any]] = {
    "__len__": lambda a: len(a), "__getitem__": lambda a, b: a[b], "__contains__": lambda a, b: b in a,
    "__add__": lambda a, b: a + b, "__radd__": lambda a, b: b + a, "__sub__": lambda a, b: a - b, "__rsub__": lambda a, b: b - a,
    "__mul__": lambda a, b: a * b, "__rmul__": lambda a, b: b * a, "__truediv__": lambda a, b: a / b,
    "__rtruediv__": lambda a, b: b / a, "__floordiv__": lambda a, b: a // b, "__rfloordiv__": lambda a, b: b // a,
    "__mod__": lambda a, b: a % b, "__rmod__": lambda a, b: b % a, "__pow__": lambda a, b: a**b, "__rpow__": lambda a, b: b**a,
    "__and__": lambda a, b: a & b, "__or__": lambda a, b: a | b, "__xor__": lambda a, b: a ^ b,
    "__lshift__": lambda a, b: a << b, "__rshift__": lambda a, b: a >> b, "__eq__": lambda a, b: a == b,
    "__ne__": lambda a, b: a != b, "__lt__": lambda a, b: a < b, "__le__": lambda a, b: a <= b, "__gt__": lambda a, b: a > b,
    "__ge__": lambda a, b: a >= b, "__neg__": lambda a: -a, "__pos__": lambda a: +a, "__invert__": lambda a: ~a,
    "__abs__": lambda a: abs(a), "__bool__": lambda a: bool(a), "__int__": lambda a: int(a), "__index__": lambda a: int(a),
    "__float__": lambda a: float(a), "__complex__": lambda a: complex(a), "__round__": lambda a, *n: round(a, *n),
    "__trunc__": lambda a: int(a), "__floor__": lambda a: math.floor(a), "__ceil__": lambda a: math.ceil(a),
    "__divmod__": lambda a, b: divmod(a, b), "__str__": lambda a: str(a), "__repr__": lambda a: repr(a),
    "__format__": lambda a, spec: format(a, spec), "__hash__": lambda a: hash(a), "__iter__": lambda a: iter(a),
    "__reversed__": lambda a: reversed(a), "__setitem__": _set_item, "__delitem__": _delete_item,
}  # fmt: skip
"""What the special methods of built-in types do, where a program calls them by name."""


_ITERTOOLS = (
    "accumulate", "batched", "chain", "combinations", "combinations_with_replacement", "compress", "count", "cycle", "dropwhile",
    "filterfalse", "groupby", "islice", "pairwise", "permutations", "product", "repeat", "starmap", "takewhile", "zip_longest",
)  # fmt: skip


def _check_with(error_type, cond, message):
    if not cond:
        raise error_type("Expected cond to be True, but got False" if message is None else message())


def _check(cond, message=None):
    _check_with(RuntimeError, cond, message)


def _check_type(cond, message=None):
    _check_with(TypeError, cond, message)


def _check_value(cond, message=None):
    _check_with(ValueError, cond, message)


def _check_index(cond, message=None):
    _check_with(IndexError, cond, message)


_CHECKS = {"_check": _check, "_check_type": _check_type, "_check_value": _check_value, "_check_index": _check_index}

REPLACED: dict[Any, Callable[..., Any]] = {
    functools.reduce: _reduce,
    **{getattr(itertools, name): getattr(lazy, name) for name in _ITERTOOLS if hasattr(itertools, name)},
    itertools.chain.from_iterable: lazy.chain_from_iterable,
    bisect.bisect: bisect_right,
    bisect.bisect_right: bisect_right, bisect.bisect_left: bisect_left, torch.broadcast_shapes: _broadcast_shapes,
    _functions.CrossMapLRN2d.forward: _cross_map_lrn2d,
    torch._C._infer_size: _broadcast_shapes, **{vars(torch)[name]: check for name, check in _CHECKS.items()},
    vars(torch)["_assert_async"]: _assert_async, vars(torch)["_assert_scalar"]: _assert_scalar,
    torch.autograd.grad: _grad, torch.autograd.backward: _backward, torch.autograd.Variable: _variable,
    symbolic_trace.ProxyableClassMeta.__call__: _proxyable,
    torch.futures.wait_all: _wait_all, torch.futures.collect_all: _collect_all,
    torch.nn.utils.parametrize.ParametrizationList.forward: _parametrized,
    **COLLECTION_METHODS, **_OPERATORS,
}  # fmt: skip
"""Functions that have no Python source, or one that reaches into torch's inside, and what is compiled in their place."""


def hint_for_dynamo(*values, **named):
    """What `torch._dynamo` is told about a tensor says nothing of its values."""
    return None


_BY_NAME: dict[tuple[str, str], Callable[..., Any]] = REPLACED_BY_NAME | {
    ("torch._dynamo.decorators", name): hint_for_dynamo
    for name in ("mark_static_address", "mark_static", "mark_dynamic", "maybe_mark_dynamic", "mark_unbacked", "graph_break")
}


def replaced(function: Any) -> Callable[..., Any] | None:
    """What is compiled in place of a function of torch's, of Python's or of another library's."""
    if isinstance(function, Hashable) and (found := REPLACED.get(function)) is not None:
        return found
    return _BY_NAME.get((getattr(function, "__module__", ""), getattr(function, "__qualname__", "")))
