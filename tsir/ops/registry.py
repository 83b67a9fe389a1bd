"""The operators: their declaration, their schemas, and the forms that are derived from a declaration.

An operator is declared once, by ATen schemas and a body (`@aten`), or by a schema and a NumPy function (`@host`). In-place
forms (`relu_`) and `out=` forms are derived for those operators where torch has them. `aten/__init__.py` lists the modules
of declarations; they are imported when an operator is first looked up. How bodies are run is in `evaluate.py`.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from tsir.dialects.schema import Argument, Schema, SchemaRegistry, SchemaType, parse_schema
from tsir.errors import TsirError

Kind = Literal["function", "view", "inplace", "out", "host"]
Body = Callable[..., Any]
F = TypeVar("F", bound=Body)


@dataclass(frozen=True, eq=False)
class OpDef:
    """An operator: one schema, and what it means.

    kind:
    - `function`: `body` computes fresh results from the arguments. What it writes beside that (running statistics), the
      schema says and dispatch does.
    - `view`: `body` computes results that alias the argument with the result's alias letter (or are fresh, if need be).
    - `inplace`, `out`: `functional` computes the new value, which is written into the first (last) argument; running the
      body gives that new value, converted to the argument's dtype.
    - `host`: `host` names a function on NumPy and Python values; `body` infers its results only.
    """

    schema: Schema
    body: Body
    kind: Kind
    functional: OpDef | None = None
    host: str | None = None
    """`module:function` of a host operator."""
    random: bool = False
    """Whether it draws random numbers: it may be neither folded, merged, moved nor left out."""
    pure: bool = True
    """Whether leaving out an unused call, or merging equal calls, is right; False for host operators with other effects."""

    @property
    def key(self) -> str:
        """`name.overload`, or the name alone for the default overload."""
        return self.schema.key

    @property
    def is_view(self) -> bool:
        """Whether a result may alias an argument that isn't written."""
        return self.kind == "view"

    @property
    def written(self) -> int | None:
        """The position of the argument that is written by an in-place or `out=` form or a host operator; else None."""
        for i, argument in enumerate(self.schema.arguments):
            if argument.type.is_write:
                return i
        return None

    def load_host(self) -> Body:
        """The NumPy function of a host operator. Raises TsirError when the module hasn't got it."""
        if self.host is None:
            raise TsirError(f"operator {self.key!r} is no host operator")
        module, _, name = self.host.partition(":")
        found = getattr(importlib.import_module(module), name, None)
        if found is None:
            raise TsirError(f"operator {self.key!r}: {module} has no function {name!r}")
        return found

    def __repr__(self) -> str:
        return f"<operator {self.key}>"


_declared: dict[str, OpDef] = {}
_loaded: list[bool] = []


def aten(*schemas: str, inplace: bool = True, out: bool = True, random: bool = False) -> Callable[[F], F]:
    """Declares an operator: `@aten("relu(Tensor self) -> Tensor")` over its body.

    The body gets all arguments of the schema by position, in order: tensors as `SymTensor`, numbers as Python's or as
    `SymScalar` / `SymInt`, dtypes as `DType`, lists as lists. Several schemas may share a body. An alias annotation
    (`Tensor(a) self -> Tensor(a)`) makes it a view. `inplace=False`, `out=False` forbid the derived forms.
    """

    def declare(body: F) -> F:
        for text in schemas:
            schema = parse_schema(text)
            kind: Kind = "view" if schema.returns_alias and not schema.mutates else "function"
            if schema.mutates and schema.returns_alias:
                kind = "out" if schema.arguments[-1].type.is_write and len(schema.arguments) > 1 else "inplace"
            op = OpDef(schema, body, kind, random=random)
            if kind in ("inplace", "out"):
                op = replace(op, functional=OpDef(_functional_schema(schema), body, "function", random=random))
            _declare(op)
            if kind == "function" or (kind == "view" and schema.name in UNMARKED_VIEWS):
                # The derived forms write: what they compute first is no view.
                functional = op if kind == "function" else replace(op, schema=_functional_schema(schema), kind="function")
                for derived in _derived(functional, inplace, out):
                    _declared.setdefault(derived.key, derived)
            if kind == "view" and schema.name in COPY_NAMES and op.key not in _WITHOUT_COPY:
                copied = _copied(op)
                _declare(copied)
                for derived in _derived(copied, False, out):
                    _declared.setdefault(derived.key, derived)
        return body

    return declare


def host(
    *schemas: str, implementation: str, infer: Body | None = None, random: bool = False, pure: bool = True
) -> Callable[[F], F]:
    """Declares a host operator; the decorated function (or `infer`) gives its result types.

    It gets the arguments as a body does and gives a `SymTensor` (without value), `SymScalar`, a list of them, or None for a
    result of which nothing is known. `implementation` is `module:function`, called with the arguments by position: NumPy
    arrays and Python values. When the schema writes an argument, the implementation does so.
    """

    def add(body: Body) -> None:
        for text in schemas:
            _declare(OpDef(parse_schema(text), body, "host", host=implementation, random=random, pure=pure))

    def declare(body: F) -> F:
        add(body)
        return body

    if infer is not None:
        add(infer)
    return declare


def _declare(op: OpDef) -> None:
    known = _declared.get(op.key)
    if known is not None and known.functional is None:
        raise TsirError(f"operator {op.key!r} is declared twice")
    _declared[op.key] = op


def _functional_schema(schema: Schema) -> Schema:
    """The schema without alias annotations."""
    return replace(
        schema,
        arguments=tuple(replace(a, type=replace(a.type, alias=None, is_write=False)) for a in schema.arguments),
        returns=tuple(replace(r, alias=None, is_write=False) for r in schema.returns),
    )


def _derived(op: OpDef, inplace: bool, out: bool) -> list[OpDef]:
    schema = op.schema
    found: list[OpDef] = []
    if len(schema.returns) != 1 or schema.returns[0] != SchemaType("Tensor"):
        return found
    written = SchemaType("Tensor", alias="a", is_write=True)
    first = schema.arguments[0] if schema.arguments else None
    if inplace and first is not None and first.type == SchemaType("Tensor") and schema.name in INPLACE_NAMES:
        overload = INPLACE_OVERLOADS.get(schema.key, schema.overload)
        arguments = (replace(first, name="self", type=written), *schema.arguments[1:])
        form = Schema(_inplace_name(schema.name), overload, arguments, (written,))
        found.append(OpDef(form, op.body, "inplace", op, random=op.random))
    if out and not schema.name.startswith("__"):
        default = "out" if schema.overload in ("", "Tensor") else schema.overload + "_out"
        target = Argument("out", written, kwarg_only=True)
        options = _OPTIONS if any(a.name == "layout" for a in schema.arguments) else ()
        given = [a for a in schema.arguments if a.name not in options]
        form = Schema(schema.name, OUT_OVERLOADS.get(schema.key, default), (*given, target), (written,))
        if len(given) == len(schema.arguments):
            found.append(OpDef(form, op.body, "out", op, random=op.random))
        else:
            found.append(OpDef(form, _into_given(op), "out", random=op.random))
    return found


def _into_given(op: OpDef) -> Body:
    """The body of a factory that fills a given tensor, whose dtype is then the factory's `dtype`."""
    options = [a.name for a in op.schema.arguments if a.name in _OPTIONS]

    def body(*arguments: Any) -> Any:
        from tsir.ops.core.views import reshape

        *given, target = arguments
        made = op.body(*given, *(target.dtype if name == "dtype" else None for name in options))
        keeps = op.schema.name in _IN_SHAPE and all(isinstance(n, int) for n in (*made.shape, *target.shape))
        return reshape(made, target.shape) if keeps and math.prod(made.shape) == math.prod(target.shape) else made

    return body


def _copied(op: OpDef) -> OpDef:
    """`permute_copy` of the view `permute`: the same, but fresh."""
    from tsir.ops.core.elementwise import copy

    def body(*arguments: Any) -> Any:
        found = op.body(*arguments)
        return [copy(x) for x in found] if isinstance(found, list) else copy(found)

    schema = _functional_schema(op.schema)
    return OpDef(replace(schema, name=f"{schema.name}_copy"), body, "function")


def _inplace_name(name: str) -> str:
    """`relu` gives `relu_`, `__and__` gives `__iand__`."""
    return f"__i{name[2:]}" if name.startswith("__") else name + "_"


def _load() -> dict[str, OpDef]:
    if not _loaded:
        from tsir.ops.aten import MODULES

        _loaded.append(True)
        for module in MODULES:
            importlib.import_module(module)
    return _declared


def operator(key: str) -> OpDef | None:
    """The operator with this `name.overload`, or None. The result for a key never changes."""
    return _load().get(key)


def operators() -> list[OpDef]:
    """All operators, declared and derived, in order of declaration."""
    return list(_load().values())


def _schemas() -> dict[str, Schema]:
    return {key: op.schema for key, op in _load().items()}


SCHEMAS = SchemaRegistry(_schemas)
"""The schemas of all operators."""

_OPTIONS = frozenset(("dtype", "layout", "device", "pin_memory"))
"""The arguments of factories that their `out=` forms don't have."""

_IN_SHAPE = frozenset(("arange", "linspace", "logspace"))
"""The factories that fill a tensor with as many elements in its own shape."""

INPLACE_NAMES = frozenset(
    """abs absolute acos acosh add addbmm addcdiv addcmul addmm addmv addr arccos arccosh arcsin arcsinh arctan arctan2
    arctanh asin asinh atan atan2 atanh baddbmm bernoulli bitwise_and bitwise_left_shift bitwise_not bitwise_or
    bitwise_right_shift bitwise_xor ceil celu clamp clamp_max clamp_min clip conj_physical copy copysign cos cosh cumprod
    cumsum deg2rad digamma div divide dropout alpha_dropout feature_dropout feature_alpha_dropout elu eq erf erfc erfinv exp
    exp2 expm1 fill fix float_power floor floor_divide fmod frac gcd ge gelu greater greater_equal gt hardsigmoid hardswish
    hardtanh heaviside hypot i0 igamma igammac index_add index_copy index_fill index_put index_reduce lcm ldexp le leaky_relu
    lerp less less_equal lgamma log log10 log1p log2 logical_and logical_not logical_or logical_xor logit lt masked_fill
    masked_scatter mish mul multiply mvlgamma nan_to_num ne neg negative nextafter not_equal polygamma pow put rad2deg
    reciprocal relu relu6 remainder renorm round rrelu rsqrt scatter scatter_add scatter_reduce selu sgn sigmoid sign silu
    sin sinc sinh sqrt square sub subtract tan tanh threshold tril triu true_divide trunc xlogy zero
    __and__ __or__ __xor__ __lshift__ __rshift__""".split()
)
"""The operators that have an in-place form in torch (beside random ones and views)."""

UNMARKED_VIEWS = frozenset(
    """type_as broadcast_tensors unsafe_split unsafe_split_with_sizes unsafe_chunk atleast_1d atleast_2d atleast_3d meshgrid
    sum_to_size cartesian_prod conj_physical dropout feature_dropout alpha_dropout feature_alpha_dropout""".split()
)
"""Operators that may give a view of their argument, or the argument itself, which torch's schemas don't say but ours do."""

MAY_COPY = frozenset(
    """reshape reshape_as contiguous to flatten ravel type type_as unflatten float double half int long short char byte bool
    bfloat16 cpu sum_to_size cartesian_prod conj_physical dropout feature_dropout alpha_dropout feature_alpha_dropout""".split()
)
"""Operators whose schema allows a view but that give a copy where strides, dtypes or other arguments ask for one."""

COPY_NAMES = frozenset(
    """alias detach diagonal expand permute select slice split split_with_sizes squeeze t transpose unbind unfold unsqueeze
    view view_as_complex view_as_real""".split()
)
"""The views of which torch has a form that copies."""

_WITHOUT_COPY = frozenset(("split.sizes", "view.dtype"))
"""Their overloads that have none, or whose copy is one of memory's bytes."""

INPLACE_OVERLOADS = {
    "ldexp.Tensor": "",
    "floor_divide": "Tensor", "pow.Tensor_Scalar": "Scalar", "pow.Tensor_Tensor": "Tensor",
    "float_power.Tensor_Scalar": "Scalar", "float_power.Tensor_Tensor": "Tensor",
}  # fmt: skip
"""Where the overload of the in-place form is called otherwise than that of the functional one."""

OUT_OVERLOADS = {
    f"{name}.Tensor": "Tensor_out"
    for name in """fill less less_equal greater greater_equal remainder lerp fmod bitwise_left_shift bitwise_right_shift
    bitwise_xor bitwise_and bitwise_or clamp clamp_max clamp_min clip lt le gt ge eq ne not_equal index searchsorted
    repeat_interleave rsub bernoulli bucketize masked_fill""".split()
} | {
    "max": "unary_out", "min": "unary_out", "max.other": "out", "min.other": "out", "xlogy.Tensor": "OutTensor",
    "xlogy.Scalar_Self": "OutScalar_Self", "xlogy.Scalar_Other": "OutScalar_Other", "prod.dim_int": "int_out",
    "sum.dim_IntList": "IntList_out", "div.Tensor_mode": "out_mode", "divide.Tensor_mode": "out_mode",
    "norm.ScalarOpt_dim_dtype": "dtype_out", "norm.ScalarOpt_dim": "out", "frobenius_norm.dim": "out", "std.dim": "out",
    "var.dim": "out", "all.dim": "out", "all": "all_out", "any.dim": "out", "any": "all_out", "mean.dim": "out",
    "mean": "dtype_out", "linalg_matrix_rank.tol_tensor": "out_tol_tensor", "linalg_pinv.rcond_tensor": "out_rcond_tensor",
    "slice_copy.Tensor": "Tensor_out", "arange.start_step": "start_out",
}  # fmt: skip
"""Where the overload of the `out=` form is called otherwise than the functional overload and `_out`."""
