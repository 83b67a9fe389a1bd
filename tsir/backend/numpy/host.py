"""What generated code calls for host operations: the module `rt` of its source.

Functions on run-time values (`dialects/values.py`): truth, unpacking, exceptions, objects, run-time type tests, text, and
`operator`, which gives the callable that runs one ATen operator. The kernels that lowered code calls are in `kernels.py`.
No xDSL here. Names follow the source they appear in: `rt.truth(x)`, `rt.str(x)`.
"""

from __future__ import annotations

import builtins
import collections
import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np

from tsir.backend.numpy.dispatch import host_function, operator
from tsir.backend.numpy.text import format, percent, print, repr, str, str_format, warn
from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.listed import IteratorObject, RangeObject, View
from tsir.dialects.program import python_function
from tsir.dialects.tensor_keys import TensorDict, TensorSet, same_tensor, tensor_dict, tensor_hash
from tsir.dialects.type_codes import dtype_from_code, layout_from_code, memory_format_from_code, type_code
from tsir.dialects.values import (
    Device,
    EnumMember,
    Future,
    Instance,
    Layout,
    MemoryFormat,
    OutsideObject,
    Size,
    named_tuple_class,
    one_function,
)
from tsir.ops import python_text
from tsir.ops.ieee import ieee
from tsir.ops.numpy_scalars import (
    held_scalar,
    is_numpy,
    numpy_call,
    numpy_dtype,
    numpy_number,
    numpy_operator,
    numpy_text,
    scalar_number,
)

__all__ = [
    "Device", "EnumMember", "Future", "Instance", "IteratorObject", "Layout", "MemoryFormat", "RangeObject", "TensorDict",
    "TensorSet", "View", "any_of", "attribute_of", "call_outside", "class_of", "complex_number", "copied", "default_dict",
    "del_attribute", "deque_of", "device", "dict_of", "dtype", "dtype_from_code", "exception_class", "exception_from",
    "exception_instance", "exception_object", "exception_type", "format", "frozen_set_of", "held_scalar", "host_function",
    "ieee", "instance_of", "int_from_bytes", "int_to_bytes", "is_any", "is_bool", "is_bytes", "is_complex", "is_device",
    "is_dtype", "is_float", "is_int", "is_layout", "is_memory_format", "is_none", "is_number", "is_numpy", "is_outside",
    "is_str", "layout_from_code", "list_of", "log", "memory_format_from_code", "named_tuple_class", "named_tuple_of", "new",
    "no_attribute", "nothing", "numpy_call", "numpy_dtype", "numpy_number", "numpy_operator", "numpy_text", "one_function",
    "operator", "percent", "print", "python_function", "repr", "rows", "same_tensor", "scalar_number", "set_of",
    "statistics", "str", "str_format", "tensor_dict", "tensor_hash", "tensor_of", "truth", "tuple_of",
    "tuple_of_any_length", "type_code", "warn",
]  # fmt: skip

Name: TypeAlias = builtins.str
Test: TypeAlias = Callable[[Any], bool]
Array: TypeAlias = np.ndarray[Any, Any]

dtype = dtypes.dtype
default_dict = python_text.default_dict
log = python_text.PythonText.log


device = python_text.device
exception_object = python_text.PythonText.exception_object
exception_type = python_text.PythonText.exception_type
int_from_bytes = python_text.PythonText.int_from_bytes
int_to_bytes = python_text.PythonText.int_to_bytes
exception_from = python_text.PythonText.exception_from


# Values.


def truth(value: Any) -> bool:
    """`bool(value)`; of a tensor with one element. Raises RuntimeError for a tensor with another number, as torch does."""
    if isinstance(value, np.ndarray):
        if value.size == 1:
            return bool(value.item())
        count = "more than one value" if value.size else "no values"
        raise RuntimeError(f"Boolean value of Tensor with {count} is ambiguous")
    return bool(value)


def comparing(compute: Callable[[], Any]) -> Any:
    """The result of Python's own comparisons of tensors. NumPy's complaints about their truths and shapes become torch's."""
    try:
        return compute()
    except ValueError as error:
        text = str(error)
        if text.startswith(("The truth value of an array", "The truth value of an empty array")):
            count = "no values" if "empty" in text else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {count} is ambiguous") from None
        if text.startswith("operands could not be broadcast"):
            raise RuntimeError(f"The sizes of the tensors that are compared must match: {text}") from None
        raise


def rows(value: Array) -> tuple[Array, ...]:
    """The views that iterating over a tensor gives. Raises TypeError for a 0-d tensor."""
    if value.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return tuple(value[i, ...] for i in range(value.shape[0]))


def copied(value: Array) -> Array:
    """A copy with the same order of strides: what a tensor value is when the reference it came from may be written."""
    return np.array(value, order="K")


# Objects.


class _Attributes(dict[Name, Any]):
    """The attributes of an object made by compiled code: those not set yet are missing as Python's are."""

    __slots__ = ("class_name",)

    def __init__(self, class_name: Name) -> None:
        super().__init__()
        self.class_name = class_name

    def __missing__(self, name: Name) -> Any:
        raise AttributeError(f"'{self.class_name.rpartition('.')[2]}' object has no attribute '{name}'")


def new(class_name: Name) -> Instance:
    """A new object without attributes."""
    return Instance(class_name, _Attributes(class_name))


def attribute_of(value: Any, name: Name) -> Any:
    """An attribute of a value whose class is only known at run time. Raises AttributeError."""
    if isinstance(value, Instance):
        if name in value.attributes:
            return value.attributes[name]
    elif isinstance(value, EnumMember) and name in ("name", "value"):
        return value.name if name == "name" else value.value
    raise no_attribute(value, name)


def del_attribute(value: Instance, name: Name) -> None:
    """Deletes an attribute of an object. Raises AttributeError where it has none."""
    if name not in value.attributes:
        raise no_attribute(value, name)
    del value.attributes[name]


def class_of(value: Any) -> Name | None:
    """The name of an object's class, by which methods are looked up; None for a value that isn't an object."""
    return value.class_name if isinstance(value, Instance | EnumMember) else None


def is_outside(value: Any) -> bool:
    """Whether a value is an object of another program, or of none, given for an interface."""
    return isinstance(value, OutsideObject)


def call_outside(value: Any, name: Name, arguments: tuple[Any, ...], result_type: Name) -> Any:
    """Calls a method of an object that an interface stands for. Raises AttributeError for one of the program without it."""
    if not isinstance(value, OutsideObject):
        raise no_attribute(value, name)
    return value.call(name, arguments, result_type)


def no_attribute(value: Any, name: Name) -> AttributeError:
    """The exception for a missing attribute or method."""
    return AttributeError(f"'{_type_name(value)}' object has no attribute '{name}'")


def _type_name(value: Any) -> Name:
    if isinstance(value, Instance | EnumMember):
        return value.class_name.rpartition(".")[2]
    return "NoneType" if value is None else "Tensor" if isinstance(value, np.ndarray) else type(value).__name__


# Exceptions.

_EXCEPTIONS: dict[Name, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, Exception, FileExistsError, FileNotFoundError,
        FloatingPointError, ImportError, IndexError, InterruptedError, IsADirectoryError, KeyError, LookupError, MemoryError,
        ModuleNotFoundError, NameError, NotADirectoryError, NotImplementedError, OSError, OverflowError, PermissionError,
        RecursionError, ReferenceError, RuntimeError, StopIteration, SyntaxError, SystemError, TimeoutError, TypeError,
        UnboundLocalError, UnicodeError, ValueError, Warning, ZeroDivisionError, UserWarning, DeprecationWarning, RuntimeWarning,
        FutureWarning, ConnectionError, BrokenPipeError, ProcessLookupError, ChildProcessError, BlockingIOError,
    )
}  # fmt: skip
"""The built-in exceptions that compiled code may raise; every other name gives a class made for it."""
_made_exceptions: dict[tuple[Name, tuple[type[Exception], ...]], type[Exception]] = {}

_users_exceptions: dict[Name, type[Exception]] = {}


def know_exceptions(classes: Mapping[Name, type[BaseException]]) -> None:
    """The classes behind names in programs that were compiled in this process; code that is loaded from now on raises them."""
    _users_exceptions.update({n: c for n, c in classes.items() if issubclass(c, Exception)})


def exception_class(name: Name, *bases: type[Exception]) -> type[Exception]:
    """The exception class with that name: Python's own, or one made for it as a subclass of `bases` (else of Exception).

    The same class for the same name and bases, so that `except` finds it again. Names from IR never reach anything but
    this table and a new class's `__name__`.
    """
    known = _EXCEPTIONS.get(name) or _users_exceptions.get(name)
    if known is not None:
        return known
    key = (name, bases or (Exception,))
    if key not in _made_exceptions:
        module, _, short = name.rpartition(".")
        namespace = {"__module__": module or "builtins"}
        _made_exceptions[key] = cast("type[Exception]", type(short, key[1], namespace))
    return _made_exceptions[key]


def exception_instance(kind: type[Exception], *arguments: Any) -> Exception:
    """An exception with these arguments; those that Python can't build from them get them as `args`."""
    fields = arguments[0].attributes if len(arguments) == 1 and isinstance(arguments[0], Instance) else {}
    if "args" not in fields:
        error = kind.__new__(kind, *arguments)
        built_in = next(c for c in kind.__mro__ if c.__module__ == "builtins")
        built_in.__init__(error, *arguments)  # which sets `value` of StopIteration, `msg` of SyntaxError...
        error.args = arguments
        return error
    given = fields["args"]
    error = kind.__new__(kind, *given)
    error.args = given
    vars(error).update({name: value for name, value in fields.items() if name != "args"})
    vars(error)[python_text.OBJECT] = arguments[0]
    return error


# Run-time type tests. The functions with `_of` make one; containers are judged by their first element, as torch.jit does.


def is_any(_value: Any) -> bool:
    """True."""
    return True


def size(sizes: list[int]) -> Size:
    """The sizes of a tensor as they leave the program."""
    return Size(sizes)


def statistics(name: Name, values: list[Any]) -> Any:
    """A function of the module `statistics`, which is imported by the first call."""
    return getattr(importlib.import_module("statistics"), name)(values)


def nothing(_value: Any) -> bool:
    """False: no value at run time has the type."""
    return False


def is_none(value: Any) -> bool:
    """Whether the value is None."""
    return value is None


def is_int(value: Any) -> bool:
    """An int that isn't a bool: `i64` and `i1` are different types."""
    return type(value) is int


def is_float(value: Any) -> bool:
    """A Python float."""
    return type(value) is float


def is_bool(value: Any) -> bool:
    """A Python bool."""
    return type(value) is bool


def is_complex(value: Any) -> bool:
    """A Python complex number."""
    return type(value) is complex


def is_number(value: Any) -> bool:
    """ATen's Scalar: int, float, bool or complex."""
    return type(value) in (int, float, bool, complex)


def is_str(value: Any) -> bool:
    """A str."""
    return isinstance(value, builtins.str)


def is_bytes(value: Any) -> bool:
    """Bytes."""
    return isinstance(value, builtins.bytes)


def is_dtype(value: Any) -> bool:
    """A dtype."""
    return isinstance(value, DType)


def is_device(value: Any) -> bool:
    """A device."""
    return isinstance(value, Device)


def is_layout(value: Any) -> bool:
    """A layout."""
    return isinstance(value, Layout)


def is_memory_format(value: Any) -> bool:
    """A memory format."""
    return isinstance(value, MemoryFormat)


def any_of(*tests: Test) -> Test:
    """One of the tests holds."""
    return lambda value: any(test(value) for test in tests)


def tensor_of(dtype_name: Name | None = None, dims: tuple[int | None, ...] | None = None) -> Test:
    """A tensor of this dtype and shape, as far as they are given (None: any)."""
    if dtype_name is None and dims is None:
        return lambda value: isinstance(value, np.ndarray)

    def test(value: Any) -> bool:
        return (
            isinstance(value, np.ndarray)
            and (dtype_name is None or value.dtype.name == dtype_name)
            and (
                dims is None
                or (len(dims) == value.ndim and all(d is None or d == n for d, n in zip(dims, value.shape, strict=True)))
            )
        )

    return test


def list_of(element: Test) -> Test:
    """A list that is empty or whose first element passes the test."""
    return lambda value: isinstance(value, list) and (not value or element(value[0]))


def set_of(element: Test) -> Test:
    """A set that is empty or of which some element passes the test."""
    return lambda value: isinstance(value, set | TensorSet) and (not value or element(next(iter(value))))


def frozen_set_of(element: Test) -> Test:
    """A frozenset that is empty or of which some element passes the test."""
    return lambda value: isinstance(value, frozenset) and (not value or element(next(iter(value))))


def deque_of(element: Test) -> Test:
    """A deque that is empty or whose first element passes the test."""
    return lambda value: isinstance(value, collections.deque) and (not value or element(value[0]))


def dict_of(key: Test, item: Test, container: Name = "") -> Test:
    """A dict, or one of this class of `collections`, that is empty or whose first key and value pass the tests."""
    kind = getattr(collections, container) if container else (dict, TensorDict)

    def test(value: Any) -> bool:
        if not isinstance(value, kind):
            return False
        return all(key(k) and item(v) for k, v in list(value.items())[:1])

    return test


def tuple_of(*elements: Test) -> Test:
    """A tuple of as many elements as there are tests, each of which holds."""
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(elements)
        and all(test(v) for test, v in zip(elements, value, strict=True))
    )


def tuple_of_any_length(element: Test) -> Test:
    """A tuple that is empty or whose first element passes the test."""
    return lambda value: isinstance(value, tuple) and (not value or element(value[0]))


def named_tuple_of(name: Name, fields: tuple[Name, ...], *elements: Test) -> Test:
    """A NamedTuple of this class."""
    kind, matches = named_tuple_class(name, fields), tuple_of(*elements)
    return lambda value: isinstance(value, kind) and matches(value)


def instance_of(class_names: frozenset[Name]) -> Test:
    """An object, or an enum's member, whose class is one of these."""
    return lambda value: isinstance(value, Instance | EnumMember) and value.class_name in class_names


def complex_number(real: float, imag: float) -> complex:
    """A complex number from its parts (a literal can't say `-0.0` or `nan`)."""
    return complex(real, imag)
