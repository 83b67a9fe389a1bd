"""The nodes of an exported graph as operations: ATen's operators, Python's functions on sizes, and what torch itself runs.

Higher-order operators, which take graphs, are `control_flow.py`'s subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.builder import Builder
from xdsl.dialects import scf
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Attribute as Type
from xdsl.ir import Region, SSAValue

from tsir.dialects.dtypes import DType
from tsir.dialects.locations import UNKNOWN, called_from, location_attribute
from tsir.dialects.names import hint_of
from tsir.dialects.program import PythonFunction, add_python_function
from tsir.dialects.schema import SchemaRegistry, parse_schema
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CallPythonOp, TupleGetOp, UnpackOp
from tsir.errors import FrontendError, SourceLocation, UnsupportedError
from tsir.frontend.constants import is_constant
from tsir.frontend.exported.emitting import Emitting
from tsir.frontend.exported.graphs import Attribute, Graph, Node, Ref, Result
from tsir.frontend.exported.operators import BAGS, NOTHING, PRIMS, PYTHON, RENAMED, SYMBOLIC, is_known, operator_key
from tsir.frontend.overloads import emit_overload
from tsir.frontend.schema_types import result_type

TOKEN = object()
"""What stands for the tokens that put effects in order: programs here are in order."""


class Nodes(Emitting):
    """Emits the nodes of graphs; what each name stands for is in `values`."""

    def __init__(
        self,
        builder: Builder,
        registry: SchemaRegistry,
        *,
        state: Callable[[str], SSAValue],
        higher_order: Callable[[Nodes, Node], Sequence[Any]],
        calls_torch: bool,
    ) -> None:
        super().__init__(builder, registry)
        self.values: dict[str, Any] = {}
        self._state = state
        self._higher_order = higher_order
        self._calls_torch = calls_torch
        """Whether torch is called for those of its operators that aren't known here."""
        self.python_functions: list[PythonFunction] = []
        self.renamed = dict(RENAMED)
        self.keeps_for_gradients = False
        """Whether results that torch keeps for the backward pass count."""

    # Values.

    def value(self, argument: Any) -> Any:
        """An argument of a node: an SSA value, a constant, or a list, tuple or dict of these. Graphs and operators are as they are."""
        match argument:
            case Ref(name):
                try:
                    return self.values[name]
                except KeyError:
                    raise FrontendError(f"the exported program uses {name}, which nothing gives") from None
            case Attribute(path):
                return self._state(path)
            case list() | tuple():
                return type(argument)(map(self.value, argument))
            case dict():
                return {k: self.value(v) for k, v in argument.items()}
            case _:
                return argument

    def ssa(self, argument: Any) -> SSAValue:
        """As `value`, as one SSA value. Raises UnsupportedError for what isn't one."""
        value = self.value(argument)
        if isinstance(value, SSAValue):
            return value
        if is_constant(value):
            return self.constant(value)
        raise UnsupportedError(f"a {type(value).__name__} isn't supported here in an exported program")

    def run(self, graph: Graph, arguments: Sequence[Any]) -> list[Any]:
        """Emits a graph with these values for its inputs; gives its outputs. Names of a graph are its own."""
        if len(graph.inputs) != len(arguments):
            raise FrontendError(
                f"a graph of the exported program takes {len(graph.inputs)} values, it gets {len(arguments)}"
            )
        before, self.values = self.values, {i.name: v for i, v in zip(graph.inputs, arguments, strict=True)}
        try:
            for node in graph.nodes:
                self._node(node)
            return [self.value(o) for o in graph.outputs]
        finally:
            self.values = before

    def _node(self, node: Node) -> None:
        before, self.location = self.location, place_attribute(node.place, self.location)
        try:
            values = self.call(node)
        except FrontendError as error:
            if error.location is None and node.place:
                error.location = node.place[0]
            raise
        finally:
            self.location = before
        self._bind(node, values)

    def _bind(self, node: Node, values: Sequence[Any]) -> None:
        results = node.results
        if len(values) < len(results):
            raise FrontendError(f"{node.target} gives {len(values)} values, the exported program takes {len(results)}")
        for result, value in zip(results, values, strict=False):
            if not result.name:
                continue
            if isinstance(value, SSAValue):
                value = self._as_kind(value, result)
                if value.name_hint is None:
                    value.name_hint = hint_of(result.name)
            self.values[result.name] = value

    def _as_kind(self, value: SSAValue, result: Result) -> SSAValue:
        is_number = value.type == ts.NumberType() or value.type in (ts.INT, ts.FLOAT, ts.BOOL)
        return self.number(value, result.kind) if is_number else value

    # Calls.

    def call(self, node: Node) -> Sequence[Any]:
        """Emits a node; gives its results: SSA values, constants, None."""
        namespace, _, name = node.target.partition(".")
        if namespace == "higher_order":
            return self._higher_order(self, node)
        if namespace == "aten":
            return self.operator(node.target, self.value(node.args), self.value(dict(node.kwargs)), node)
        if namespace in ("_operator", "math", "builtins"):
            return [self._function(namespace, name, [self.value(a) for a in (*node.args, *node.kwargs.values())])]
        last = node.target.rpartition(".")[2]
        if namespace == "torch" and (last in SYMBOLIC or last == "sym_ite"):
            return [self._symbolic(last, [self.value(a) for a in (*node.args, *node.kwargs.values())])]
        if node.schema is not None and node.function is not None:
            return self._by_torch(node, node.schema)
        if namespace == "prims" and (known := PRIMS.get(name.removesuffix(".default"))):
            return self.aten(known, self.value(node.args), self.value(dict(node.kwargs)))
        raise UnsupportedError(
            f"the exported program calls {node.target}, which tsir doesn't have",
            hint="operators of other libraries run where the program is imported from memory, with torch",
        )

    def operator(
        self, target: str, args: Sequence[Any], kwargs: Mapping[str, Any], node: Node | None = None
    ) -> Sequence[Any]:
        """A call of one of ATen's operators by its name in torch, `aten.add.Tensor`; the items of a list that it gives, too."""
        key = operator_key(target)
        if key.partition(".")[0] in NOTHING:
            return self._assertion(key, args, kwargs)
        if key.partition(".")[0] == "_assert_scalar":
            self.raise_unless(self.truth(self._given(args[0])), "RuntimeError", str(args[1]))
            return [None]
        key = self.renamed.get(key, key)
        if key in BAGS and not self.keeps_for_gradients:
            padding = kwargs.get("padding_idx", args[8] if len(args) > 8 else -1)
            defaults = [None, None, None, False, 0, False, None, False]
            given = [*args[:8], *defaults[len(args[:8]) :]]
            return self.aten("embedding_bag.padding_idx", [*given, None if padding == -1 else padding])
        unknown = self._calls_torch and (key in BAGS or not is_known(target))
        if unknown and node is not None and node.schema is not None and node.function is not None:
            return self._by_torch(node, node.schema)
        values = self.aten(key, args, kwargs)
        if len(values) == 1 and isinstance(values[0].type, ts.ListType):
            count = 1 if node is None else len(node.results)
            if node is None or node.is_list:
                return self.unpacked(values[0], count)
        return values

    def unpacked(self, value: SSAValue, count: int) -> list[SSAValue]:
        """The items of a list."""
        assert isinstance(value.type, ts.ListType)
        return list(self.insert(UnpackOp(value, [value.type.element] * count)).results)

    def _given(self, value: Any) -> SSAValue:
        return value if isinstance(value, SSAValue) else self.constant(value)

    def _assertion(self, key: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Sequence[Any]:
        name = key.partition(".")[0]
        if name == "_assert_async":
            message = str(args[1]) if len(args) > 1 else "Expected Tensor with single nonzero value, but got zero"
            self.raise_unless(self.truth(self._given(args[0])), "RuntimeError", message)
        elif name == "_assert_tensor_metadata":
            wanted = kwargs.get("dtype", args[3] if len(args) > 3 else None)
            if isinstance(wanted, DType):
                found = self.dtype_of(args[0])
                same = self.python("==", found, self.constant(wanted))
                self.raise_unless(same, "RuntimeError", f"Tensor dtype mismatch! Expected: {wanted}")
        elif "constrain_range" in name:
            value = self._given(args[0])
            named = {"min": 1, "max": 2}
            for bound, place in named.items():
                limit = kwargs.get(bound, args[place] if len(args) > place else None)
                if limit is None and bound == "min" and "for_size" in name:
                    limit = 0
                if isinstance(limit, int):
                    symbol = ">=" if bound == "min" else "<="
                    message = f"Invalid value range: expected a value {symbol} {limit}"
                    self.raise_unless(self.python(symbol, value, self.constant(limit)), "RuntimeError", message)
        return [None, None]

    def dtype_of(self, tensor: SSAValue) -> SSAValue:
        """A tensor's dtype."""
        return self.one("dtype", tensor)

    def _function(self, module: str, name: str, operands: Sequence[Any]) -> Any:
        if module == "_operator" and name == "getitem":
            container, index = operands
            if isinstance(container, SSAValue) and isinstance(container.type, ts.TupleType):
                return self.insert(TupleGetOp(container, index, container.type.elements.data[index])).results[0]
            if not isinstance(container, list | tuple | dict):
                raise UnsupportedError("an item of what isn't a container is taken in the exported program")
            return container[index]
        if module == "_operator":
            if name not in PYTHON:
                raise UnsupportedError(f"the exported program calls operator.{name}, which isn't supported on numbers")
            symbol = PYTHON[name]
        else:
            symbol = name if module == "builtins" else f"math.{name}"
        values = [self._given(o) for o in operands]
        if any(isinstance(v.type, ts.TensorType) for v in values):
            return self._on_tensors(name, operands)
        return self.python(symbol, *values)

    def _on_tensors(self, name: str, operands: Sequence[Any]) -> SSAValue:
        """Python's operator on tensors, as in graphs that weren't made of ATen's operators."""
        known = {"truediv": "div", "floordiv": "floor_divide", "mod": "remainder", "and_": "bitwise_and", "or_": "bitwise_or",
                 "xor": "bitwise_xor", "invert": "bitwise_not"}  # fmt: skip
        values = self.aten(known.get(name, name), operands)
        return values[0]

    def _symbolic(self, name: str, operands: Sequence[Any]) -> SSAValue:
        if name == "sym_ite":
            condition, yes, no = map(self._given, operands)
            return self.choice(self.truth(condition), lambda: [yes], lambda: [no])[0]
        if name == "sym_sum":
            items = [self._given(o) for o in operands[0]]
            total = items[0]
            for item in items[1:]:
                total = self.python("+", total, item)
            return total
        return self.python(SYMBOLIC[name], *map(self._given, operands))

    def choice(
        self, condition: SSAValue, yes: Callable[[], Sequence[SSAValue]], no: Callable[[], Sequence[SSAValue]]
    ) -> Sequence[SSAValue]:
        """`yes() if condition else no()`, several values each."""
        blocks = []
        kinds: list[list[Type]] = []
        for side in (yes, no):
            with self.block() as block:
                given = list(side())
                self.insert(scf.YieldOp(*given))
            kinds.append([v.type for v in given])
            blocks.append(block)
        if kinds[0] != kinds[1]:
            raise UnsupportedError("the two branches of a condition in the exported program give values of different types")
        return self.insert(scf.IfOp(condition, kinds[0], Region(blocks[0]), Region(blocks[1]))).results

    def _by_torch(self, node: Node, text: str) -> Sequence[Any]:
        """An operator of another library's, or one of torch's that isn't known here: torch runs it."""
        assert node.function is not None
        schema = parse_schema(text)
        kinds = [result_type(r) for r in schema.returns]
        if len(kinds) == len(node.results):  # what nobody asks for is None: a gradient that isn't needed
            kinds = [ts.optional_of(k) if r.kind == "none" else k for k, r in zip(kinds, node.results, strict=True)]
        result = ts.NONE if not kinds else kinds[0] if len(kinds) == 1 else ts.TupleType(kinds)
        names = [a.name if a.kwarg_only else None for a in schema.arguments]
        made = add_python_function(f"torch.ops.{node.target}", node.function, str(result), names)
        self.python_functions.append(made)
        operands = emit_operands(self, schema, self.value(node.args), self.value(dict(node.kwargs)))
        value = self.insert(CallPythonOp(made.key, operands, result)).results[0]
        if isinstance(result, ts.TupleType):
            return [self.insert(TupleGetOp(value, i, kind)).results[0] for i, kind in enumerate(kinds)]
        if isinstance(result, ts.ListType) and node.is_list:
            return self.unpacked(value, len(node.results))
        return [value] if kinds else [None]


def emit_operands(emit: Emitting, schema: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Sequence[SSAValue]:
    """The operands of a call by this schema, defaults filled in. Raises UnsupportedError for arguments that it doesn't take."""
    with emit.block() as block:
        values = emit_overload(emit.builder, emit.registry, schema, args, kwargs, emit.location)
    if values is None:
        raise UnsupportedError(f"{schema.name} doesn't take what the exported program gives it")
    last = block.last_op
    assert last is not None
    operands = list(last.operands)
    last.detach()
    last.erase()
    for operation in list(block.ops):
        operation.detach()
        emit.builder.insert(operation)
    return operands


def place_attribute(place: Sequence[SourceLocation], around: LocationAttr) -> LocationAttr:
    """A chain of calls as a location; an unknown one is that of what is around."""
    made: LocationAttr = UNKNOWN
    for location in reversed(place):
        made = called_from(location_attribute(location), made)
    return around if made == UNKNOWN else made


__all__ = ["TOKEN", "Nodes", "place_attribute"]
