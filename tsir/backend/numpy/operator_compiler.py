"""Compiling one ATen operator for given arguments: what `dispatch.py` calls when its tables have nothing that fits.

The operator's body is run with a builder into a function of its own, which the code generator writes as any other. What comes
back knows for which arguments it is right: the shapes it was compiled for, the guards that the body's decisions took, and the
numbers whose value the body needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xdsl.dialects import func
from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, DictionaryAttr, FunctionType, ModuleOp
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, Block, Region, SSAValue

from tsir.backend.numpy import writing
from tsir.backend.numpy.codegen import generate
from tsir.backend.numpy.dispatch import Array, Leaf, role
from tsir.backend.numpy.loading import load
from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.schema import Schema
from tsir.dialects.ts import effects
from tsir.dialects.ts.types import BOOL, COMPLEX, FLOAT, INT, TensorType
from tsir.errors import OperatorError, OperatorTypeError
from tsir.ops.builder import Builder, tensor_type
from tsir.ops.evaluate import emit
from tsir.ops.registry import MAY_COPY, OpDef, operator
from tsir.ops.sizes import Atom, CannotLower, Guard, NeedsConstant, ShapeEnv, Size, SymInt
from tsir.ops.tensor import SymScalar, SymTensor

STRICT = frozenset(("view", "view_as"))
"""The views that raise where the strides don't allow them."""

_NUMBER_TYPES: dict[type, Attribute] = {int: INT, float: FLOAT, bool: BOOL, complex: COMPLEX}


@dataclass
class Compiled:
    """A compiled variant. In `guard` and `lines` a name that ends in `@` is one of `scope`."""

    shapes: str
    """The expression over the arguments that tells whether their shapes fit."""
    guard: str
    """The expression over the arguments that tells whether the run-time numbers fit; empty when they always do."""
    lines: list[str]
    scope: dict[str, Any]
    parameters: str

    def fits_shapes(self, *arguments: Any) -> bool:
        """Whether the arguments' shapes fit."""
        return self._shapes_fit(*arguments)

    def fits(self, *arguments: Any) -> bool:
        """Whether the arguments' numbers fit."""
        return self._numbers_fit(*arguments)

    @cached_property
    def _shapes_fit(self) -> Callable[..., bool]:
        return self._predicate(self.shapes)

    @cached_property
    def _numbers_fit(self) -> Callable[..., bool]:
        return self._predicate(self.guard)

    def _predicate(self, text: str) -> Callable[..., bool]:
        from tsir.backend.numpy.dispatch import same_number

        scope = {**self.scope, "same_number": same_number}
        return eval(f"lambda {self.parameters}: {text.replace('@', '') or 'True'}", scope)


def compile_operator(
    key: str, arguments: Sequence[Any], leaves: Sequence[Leaf], varying: set[int], by_value: set[int]
) -> Compiled:
    """Compiles `key` for these arguments; of their sizes, those with an index in `varying` are dynamic.

    `by_value` are the positions of the arguments whose value the body was found to need; it grows. Raises the errors of the
    operator's body.
    """
    op = operator(key)
    if op is None:
        raise OperatorTypeError(f"unknown operator {key!r}")
    numeric = {i for i, a in enumerate(op.schema.arguments) if role(a) in ("number", "size")}
    names = {a.name: i for i, a in enumerate(op.schema.arguments)}
    dynamic = set(varying)
    while True:
        try:
            return _Compilation(op, arguments, leaves, dynamic, by_value).run()
        except NeedsConstant as reason:
            needed = names.get(reason.argument)
            if needed in numeric and needed not in by_value:
                by_value.add(needed)
            elif dynamic:
                dynamic.clear()
            elif numeric <= by_value:
                raise
            else:
                by_value |= numeric
        except CannotLower:
            if dynamic:
                dynamic.clear()
            elif numeric <= by_value:
                raise
            else:
                by_value |= numeric
        except OperatorError:
            if not dynamic:
                raise
            dynamic.clear()  # so that the message has the sizes themselves


class _Compilation:
    def __init__(
        self, op: OpDef, arguments: Sequence[Any], leaves: Sequence[Leaf], dynamic: set[int], by_value: set[int]
    ) -> None:
        self.op = op
        self.schema: Schema = op.schema
        self.arguments = arguments
        self.leaves = leaves
        self.dynamic = dynamic
        self.by_value = by_value
        self.env = ShapeEnv()
        self.block = Block()
        self.builder = Builder(self.env, block=self.block)
        self.inputs: list[str] = []
        """The expressions of what the compiled function is called with."""
        self.attributes: list[DictionaryAttr] = []
        self.atoms: dict[Atom, tuple[str, bool]] = {}
        """Each atom's expression, and whether it is a number (not a dimension)."""
        self.shapes: list[str] = []
        self.guards: list[str] = []
        self.scope: dict[str, Any] = {}

    def run(self) -> Compiled:
        """Runs the body, generates, and says when the result may be used."""
        symbolic = self._symbolic_arguments()
        results = emit(self.op, symbolic, self.builder)
        values: list[SSAValue] = []
        result_attributes: list[DictionaryAttr] = []
        shown = [self._result(r, values, result_attributes) for r in results]
        self._define(values, result_attributes)
        for guard in self.env.guards:
            text, numeric = self._guard_text(guard)
            (self.guards if numeric else self.shapes).append(text)
        lines = self._lines(results, shown, len(values))
        parameters = ", ".join(f"a{i}" for i in range(len(self.arguments)))
        return Compiled(" and ".join(self.shapes), " and ".join(self.guards), lines, self.scope, parameters)

    # Arguments

    def _input(self, text: str, kind: Attribute, dtype: DType | None = None) -> SSAValue:
        value = self.block.insert_arg(kind, len(self.block.args))
        self.inputs.append(text)
        self.attributes.append(_attributes(dtype))
        return value

    def _symbolic_arguments(self) -> list[Any]:
        result: list[Any] = []
        leaves = iter(self.leaves)
        position = 0
        for i, (declared, value) in enumerate(zip(self.schema.arguments, self.arguments, strict=True)):
            if role(declared) == "constant" or value is None:
                result.append(list(value) if isinstance(value, tuple) else value)
                continue
            symbolic: list[Any] = []
            for v in value if declared.type.is_list else [value]:
                if v is None:
                    symbolic.append(None)
                    continue
                leaf = next(leaves)
                assert leaf.argument == i
                made, used = self._symbolic(leaf, position, declared.name)
                symbolic.append(made)
                position += used
            result.append(symbolic if declared.type.is_list else symbolic[0])
        return result

    def _symbolic(self, leaf: Leaf, position: int, name: str) -> tuple[Any, int]:
        """What the body gets for a leaf, and how many sizes it accounts for."""
        value = leaf.value
        if leaf.role == "tensor":
            return self._tensor(leaf, position, name), value.ndim
        used = 1 if leaf.role == "size" else 0
        if leaf.argument in self.by_value or (used and position not in self.dynamic):
            constant = f"c{len(self.scope)}"
            self.scope[f"{constant}"] = value
            exact = type(value) is int
            self.guards.append(f"{leaf.text} == {constant}@" if exact else f"same_number({leaf.text}, {constant}@)")
            return value, used
        kind = _NUMBER_TYPES.get(type(value))
        if kind is None:
            raise OperatorTypeError(
                f"{self.schema.name}(): argument '{name}' must be {self.schema.arguments[leaf.argument].type.base}, "
                f"not {type(value).__name__}"
            )
        made = self._input(leaf.text, kind)
        made.name_hint = name
        if used:
            size = self.env.atom(name, lower=None, hint=int(value), origin=made)
            self._know(size, leaf.text, number=True)
            return size, used
        return SymScalar(type(value).__name__, made, name), used

    def _tensor(self, leaf: Leaf, position: int, name: str) -> SymTensor:
        array: Array = leaf.value
        dtype = dtypes.from_numpy(array.dtype.name)
        sizes = [None if position + i in self.dynamic and d > 1 else d for i, d in enumerate(array.shape)]
        if None in sizes:
            self.shapes += [f"{leaf.text}.shape[{i}] {'> 1' if d is None else f'== {d}'}" for i, d in enumerate(sizes)]
        else:
            self.shapes.append(f"{leaf.text}.shape == {array.shape!r}")
        element = tensor_type(dtype, ()).element_type
        kind = BuiltinTensorType(element, [DYNAMIC_INDEX if d is None else d for d in sizes])
        value = self._input(leaf.text, kind, dtype)
        value.name_hint = name
        made = self.builder.tensor(value, dtype, hints=array.shape)
        for i, size in enumerate(made.shape):
            if isinstance(size, SymInt):
                self._know(size, f"{leaf.text}.shape[{i}]", number=False)
        return made

    def _know(self, size: SymInt, text: str, *, number: bool) -> None:
        atom = size.as_atom()
        assert atom is not None
        self.atoms[atom] = (text, number)

    # Guards

    def _guard_text(self, guard: Guard) -> tuple[str, bool]:
        """A guard as an expression over the arguments, and whether it depends on a number."""
        numbers: list[bool] = []
        text = self._size_text(guard.polynomial, numbers)
        return f"{text} {guard.relation} 0", any(numbers)

    def _size_text(self, size: Size, numbers: list[bool]) -> str:
        if isinstance(size, int):
            return str(size)
        terms: list[str] = []
        for monomial, coefficient in size.terms.items():
            factors = [str(coefficient)] if coefficient != 1 or not monomial else []
            factors += [self._atom_text(atom, numbers) for atom in monomial]
            terms.append(" * ".join(factors))
        return f"({' + '.join(terms) or '0'})"

    def _atom_text(self, atom: Atom, numbers: list[bool]) -> str:
        if atom.operation is None:
            found = self.atoms.get(atom)
            if found is None:
                raise CannotLower(f"a decision depends on {atom}, which is only known when the operator runs")
            numbers.append(found[1])
            return found[0]
        a, b = (self._size_text(v, numbers) for v in atom.operands)
        if atom.operation in ("min", "max"):
            return f"{atom.operation}({a}, {b})"
        return f"({a} {'//' if atom.operation == 'floordiv' else '%'} {b})"

    # Results

    def _result(self, result: Any, values: list[SSAValue], attributes: list[DictionaryAttr]) -> str:
        """The expression of a result over `r0`, `r1`..., the compiled function's results."""
        if isinstance(result, list | tuple):
            parts = [self._result(r, values, attributes) for r in result]
            return f"[{', '.join(parts)}]" if isinstance(result, list) else f"({', '.join(parts)},)"
        value: SSAValue | None = None
        dtype: DType | None = None
        if isinstance(result, SymTensor):
            value, dtype = result.value, result.dtype
        elif isinstance(result, SymScalar):
            value = result.value
        elif isinstance(result, SymInt):
            value = self.builder.int_value(result)
        if value is None:
            constant = f"c{len(self.scope)}"
            self.scope[constant] = result
            return f"{constant}@"
        values.append(value)
        attributes.append(_attributes(dtype))
        return f"r{len(values) - 1}"

    def _define(self, values: list[SSAValue], attributes: list[DictionaryAttr]) -> None:
        self.block.add_op(func.ReturnOp(*values))
        kinds = FunctionType.from_lists([a.type for a in self.block.args], [v.type for v in values])
        function = func.FuncOp(
            self.schema.name,
            kinds,
            Region(self.block),
            arg_attrs=ArrayAttr(self.attributes),
            res_attrs=ArrayAttr(attributes),
        )
        loaded = load(generate(ModuleOp([function]), self.schema.name))
        self.scope["call"] = loaded.call
        self.scope["state"] = loaded.prepare(())

    def _lines(self, results: Sequence[Any], shown: list[str], count: int) -> list[str]:
        """The statements that run the compiled function and give what the schema says."""
        call = f"call@({', '.join(['state@', *self.inputs])})"
        names = ", ".join(f"r{i}" for i in range(count))
        lines = [f"{names} = {call}" if count else call]
        if self.op.kind in ("inplace", "out") and self.op.written is not None:
            return [*lines, *self._written(shown)]
        tensors = [leaf.text for leaf in self.leaves if leaf.role == "tensor"]
        for name, result in zip(_flat_names(count), _flat(results), strict=True):
            if isinstance(result, SymTensor) and tensors:
                lines += self._owned(name, result, tensors)
        return [*lines, f"return {', '.join(shown) or 'None'}"]

    def _owned(self, name: str, result: SymTensor, tensors: list[str]) -> list[str]:
        """The statements that make a result fresh, or check that it is a view, as the schema says."""
        among = f"({', '.join(tensors)},)"
        if not self.op.is_view:
            if result.value in self.block.args:
                return [f"{name} = {name}.copy('K')"]
            return [f"if {name}.base is not None:", f"    {name} = fresh({name}, {among})"]
        if self.schema.name == "contiguous":
            return [f"{name} = laid_out({name})"]
        if self.schema.name == "ravel":
            return [f"{name} = laid_out({name}).view()"]
        if result.value in self.block.args and self.schema.name not in effects.ITSELF:
            return [f"{name} = {name}.view()"]
        if self.schema.name in MAY_COPY or self.schema.name == "numpy_T" or result.value in self.block.args:
            return []
        alias = next((a for a in self.schema.returns if a.alias), None)
        arguments = self.schema.arguments
        source = next((i for i, a in enumerate(arguments) if alias and a.type.alias == alias.alias), None)
        if source is None or arguments[source].type.is_list:
            return []
        every = ", ".join(f"a{i}" for i in range(len(arguments)))
        text = f"{name} = aliased({self.op.key!r}, {name}, ({every},), {source})"
        if self.schema.name in STRICT or len(self.schema.returns) != 1 or alias is None or alias.is_list:
            text = f"raise not_a_view({self.schema.name!r}, a{source})"
        return [f"if not may_share_memory({name}, a{source}) and {name}.size:", f"    {text}"]

    def _written(self, shown: list[str]) -> list[str]:
        targets = [i for i, a in enumerate(self.schema.arguments) if a.type.is_write]
        name = self.schema.name
        writer = "write_shared" if name in writing.SHARED else "write" if self.op.kind == "inplace" else "write_out"
        lines: list[str] = []
        if name not in writing.UNCHECKED:
            is_assignment = name == "copy_" and self.arguments[2] is True
            check = "check_disjoint" if name in writing.DISJOINT else "check_copied" if is_assignment else "check_overlap"
            sources = [leaf.text for leaf in self.leaves if leaf.role == "tensor" and leaf.argument not in targets]
            lines += [f"{check}(a{i}, {source})" for i in targets for source in sources]
        lines += [f"{writer}(a{i}, {value})" for i, value in zip(targets, shown, strict=True)]
        returned = [f"a{i}" for i in targets] if self.schema.returns else []
        return [*lines, f"return {', '.join(returned) or 'None'}"]


def _attributes(dtype: DType | None) -> DictionaryAttr:
    """The attributes that tell a uint8 tensor, whose elements are `i8`, from an int8 one."""
    return DictionaryAttr({"ts.type": TensorType(dtype)} if dtype is dtypes.uint8 else {})


def _flat(results: Sequence[Any]) -> list[Any]:
    """The results that have a value in the compiled function, in order."""
    found: list[Any] = []
    for result in results:
        if isinstance(result, list | tuple):
            found += _flat(result)
        elif isinstance(result, SymInt) or (isinstance(result, SymTensor | SymScalar) and result.value is not None):
            found.append(result)
    return found


def _flat_names(count: int) -> list[str]:
    return [f"r{i}" for i in range(count)]
