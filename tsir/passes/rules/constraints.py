"""What a rule asks of its variables besides the pattern's form: constraints as data, and what they see of a value (`Bound`).

    rule("int-plus-zero", lambda x: (aten.add.Scalar(x, 0), x), where=is_integer("x"))
    rule("permute-to-own-order", lambda x, p: (aten.permute(x, p), x), where=lambda x, p: p.constant == list(range(x.rank or 0)))

A plain function is a constraint as well. Constraints are listed with their rules, and tell what inputs a rule is verified on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from xdsl.dialects import arith
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, OpResult, SSAValue

from tsir.dialects.dtypes import Category, DType
from tsir.dialects.ts.structure import ListOp
from tsir.dialects.ts.types import TensorType, dtype_of
from tsir.errors import PassError
from tsir.passes.constants import UNKNOWN, constant_of, value_of_attribute
from tsir.passes.facts import strip_casts


@dataclass(frozen=True)
class Bound:
    """What a rule's condition sees of what a variable is bound to: a value, an attribute, or the values of `*xs`."""

    value: SSAValue | Attribute | tuple[SSAValue, ...]

    @property
    def constant(self) -> Any:
        """The Python constant (also of a list of constants, or an attribute's value), or UNKNOWN."""
        return constant_or_list(self.value)

    @property
    def is_constant(self) -> bool:
        """Whether it is a constant."""
        return self.constant is not UNKNOWN

    @property
    def type(self) -> Attribute | None:
        """The value's type; None for attributes and `*xs`."""
        return self.value.type if isinstance(self.value, SSAValue) else None

    @property
    def elements(self) -> tuple[Bound, ...]:
        """What is bound to `*xs`."""
        return tuple(map(Bound, self.value)) if isinstance(self.value, tuple) else ()

    @property
    def dtype(self) -> DType | None:
        """The tensor's dtype, when it is known."""
        kind = self.type
        if isinstance(kind, TensorType):
            return kind.dtype
        return dtype_of(cast(Any, kind).element_type) if isinstance(kind, BuiltinTensorType) else None

    @property
    def dims(self) -> tuple[int | None, ...] | None:
        """The tensor's dimensions (None: not known), or None when the rank isn't known."""
        kind = self.type
        if isinstance(kind, TensorType):
            return kind.dims
        return tuple(None if d < 0 else d for d in kind.get_shape()) if isinstance(kind, BuiltinTensorType) else None

    @property
    def rank(self) -> int | None:
        """The tensor's number of dimensions, when it is known."""
        return None if self.dims is None else len(self.dims)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The tensor's shape, when all of it is known."""
        dims = self.dims
        return None if dims is None or None in dims else tuple(d for d in dims if d is not None)

    @property
    def is_none(self) -> bool:
        """Whether it is the constant None."""
        return self.constant is None

    @property
    def has_one_use(self) -> bool:
        """Whether one operation uses the value."""
        return isinstance(self.value, SSAValue) and self.value.has_one_use()


def constant_or_list(value: SSAValue | Attribute | tuple[SSAValue, ...]) -> Any:
    """The constant that a value is, lists of constants included; an attribute's value; UNKNOWN for others."""
    if isinstance(value, Attribute):
        return value_of(value)
    if isinstance(value, tuple):
        elements = [constant_or_list(v) for v in value]
        return UNKNOWN if any(e is UNKNOWN for e in elements) else elements
    source = strip_casts(value)
    if isinstance(source, OpResult):
        if isinstance(source.op, ListOp):
            elements = [constant_of(strip_casts(e)) for e in source.op.elements]
            return UNKNOWN if any(e is UNKNOWN for e in elements) else elements
        if isinstance(source.op, arith.ConstantOp):
            # Of any type, while `constant_of` takes those of Python's numbers only.
            return value_of_attribute(source.op.value)
    return constant_of(source)


def value_of(attribute: Attribute) -> Any:
    """The Python value of an attribute, arrays of such as tuples; UNKNOWN for others."""
    if isinstance(attribute, DenseArrayBase):
        return tuple(attribute.get_values())
    if isinstance(attribute, ArrayAttr):
        values = tuple(value_of(a) for a in cast("ArrayAttr[Attribute]", attribute).data)
        return UNKNOWN if any(v is UNKNOWN for v in values) else values
    return value_of_attribute(attribute)


@dataclass(frozen=True, eq=False)
class Constraint:
    """A condition on a rule's variables: `holds` takes their `Bound`s, in the order of `variables`; `text` is what listings show."""

    text: str
    variables: tuple[str, ...]
    holds: Callable[..., bool]
    dtypes: tuple[DType, ...] | None = None
    """For a condition on one variable's dtype alone: those that it takes."""
    ranks: tuple[int, ...] | None = None
    """For a condition on one variable's rank alone: those that it takes."""

    def __call__(self, values: dict[str, Any]) -> bool:
        return bool(self.holds(*(values[v] for v in self.variables)))


Where: TypeAlias = "Constraint | Callable[..., bool] | Sequence[Constraint | Callable[..., bool]] | None"


def constraints(where: Where) -> tuple[Constraint, ...]:
    """What a rule's `where` says, as constraints. Raises PassError for what is neither a constraint nor a function."""
    if where is None:
        return ()
    several: Sequence[Any] = where if isinstance(where, list | tuple) else [where]
    return tuple(c if isinstance(c, Constraint) else predicate(c) for c in several)


def predicate(function: Callable[..., bool], text: str | None = None) -> Constraint:
    """A function as a constraint; its parameters are named after the variables that it looks at."""
    if not callable(function):
        raise PassError(f"a rule's condition is a {type(function).__name__}, neither a constraint nor a function")
    doc = (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
    name = getattr(function, "__name__", "condition").strip("_")
    names = tuple(inspect.signature(function).parameters)
    shown = text or doc or (f"{name}({', '.join(names)})" if name != "<lambda>" else f"a condition on {', '.join(names)}")
    return Constraint(shown, names, lambda *values: function(**dict(zip(names, values, strict=True))))


def _by_category(variable: str, word: str, *categories: Category) -> Constraint:
    from tsir.dialects.dtypes import ALL

    def holds(x: Bound) -> bool:
        return x.dtype is not None and x.dtype.category in categories

    taken = tuple(d for d in ALL if d.category in categories)
    return Constraint(f"{variable} is {word}", (variable,), holds, dtypes=taken)


def is_floating(variable: str) -> Constraint:
    """The tensor's dtype is known and a floating one."""
    return _by_category(variable, "of a floating dtype", Category.FLOAT)


def is_integer(variable: str) -> Constraint:
    """The tensor's dtype is known and an integer one (not bool)."""
    return _by_category(variable, "of an integer dtype", Category.INT)


def is_not_complex(variable: str) -> Constraint:
    """The tensor's dtype is known, and isn't complex."""
    return _by_category(variable, "of a real dtype", Category.FLOAT, Category.INT, Category.BOOL)


def has_dtype(variable: str, *dtypes: DType) -> Constraint:
    """The tensor's dtype is known and one of these."""
    shown = " or ".join(d.name for d in dtypes)
    return Constraint(f"{variable} is {shown}", (variable,), lambda x: x.dtype in dtypes, dtypes=dtypes)


def has_rank(variable: str, *ranks: int) -> Constraint:
    """The tensor's rank is known and one of these."""
    shown = " or ".join(map(str, ranks))
    return Constraint(f"{variable} has rank {shown}", (variable,), lambda x: x.rank in ranks, ranks=ranks)


def is_constant(variable: str) -> Constraint:
    """The value is a constant, or a list of constants."""
    return Constraint(f"{variable} is constant", (variable,), lambda x: x.is_constant)


def constant(variable: str, check: Callable[[Any], bool], text: str) -> Constraint:
    """The value is a constant (an int, a float, a list, ...) for which `check` is true."""

    def holds(x: Bound) -> bool:
        return x.is_constant and check(x.constant)

    return Constraint(f"{variable} is {text}", (variable,), holds)


def same_dtype(*variables: str) -> Constraint:
    """The tensors' dtypes are known and the same."""

    def holds(*values: Bound) -> bool:
        return values[0].dtype is not None and all(v.dtype is values[0].dtype for v in values)

    return Constraint(f"{', '.join(variables)} are of one dtype", variables, holds)


def same_shape(*variables: str) -> Constraint:
    """The tensors' shapes are known and the same."""

    def holds(*values: Bound) -> bool:
        return values[0].shape is not None and all(v.shape == values[0].shape for v in values)

    return Constraint(f"{', '.join(variables)} are of one known shape", variables, holds)


def static_shape(variable: str) -> Constraint:
    """The tensor's shape is known."""
    return Constraint(f"the shape of {variable} is known", (variable,), lambda x: x.shape is not None)


def single_use(variable: str) -> Constraint:
    """One operation uses the value."""
    return Constraint(f"{variable} has one use", (variable,), lambda x: x.has_one_use)
