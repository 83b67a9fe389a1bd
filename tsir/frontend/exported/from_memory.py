"""`torch.export.ExportedProgram`s and FX graphs in memory, as the plain data of `graphs.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch._decomp import decomposition_table
from torch.utils import _pytree

from tsir.dialects.pytrees import LEAF, Tree
from tsir.errors import SourceLocation, UnsupportedError
from tsir.frontend.exported.graphs import (
    Attribute,
    Exported,
    Graph,
    Input,
    Kind,
    Node,
    OperatorRef,
    Output,
    Ref,
    Result,
    Size,
    State,
    Subgraph,
)
from tsir.frontend.exported.operators import is_known
from tsir.frontend.instances import TensorArrays
from tsir.frontend.torch_names import is_torch_constant, torch_constant

_OWN = ("aten", "prim", "prims")
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')


def read_program(program: torch.export.ExportedProgram) -> Exported:
    """An exported program as data; its tensors are shared. Raises UnsupportedError for what can't be taken."""
    program = _explicit(program)
    signature = program.graph_signature
    module = program.graph_module
    states, arrays = _states(program)
    graph = _Reader(module, {}).graph()
    inputs = [_input(spec, node) for spec, node in zip(signature.input_specs, _placeholders(module), strict=True)]
    outputs = [_output(spec) for spec in signature.output_specs]
    call = program.module_call_graph[0].signature
    names = None if call is None else call.forward_arg_names
    ranges = {str(symbol): (_bound(r.lower), _bound(r.upper)) for symbol, r in program.range_constraints.items()}
    classes = _classes(module)
    return Exported(
        classes.get("", "Exported"),
        graph,
        inputs,
        outputs,
        states,
        tree_of(program.call_spec.in_spec) if program.call_spec.in_spec is not None else None,
        tree_of(program.call_spec.out_spec) if program.call_spec.out_spec is not None else None,
        names or _parameter_names(program),
        tuple(program._guards_code),
        ranges,
        classes,
        arrays.sources,
    )


def read_graph(module: torch.fx.GraphModule, fixed: Mapping[int, torch.Tensor] | None = None) -> Exported:
    """A graph of ATen's operators: its inputs are arguments, its results are a tuple. The module's own tensors are shared.

    `fixed` are tensors that all calls give for some of the inputs, by number: they are the program's, and no arguments.
    """
    arrays = TensorArrays()
    states: dict[str, State] = {}
    reader = _Reader(module, states, arrays)
    graph = reader.graph()
    inputs: list[Input] = []
    for number, node in enumerate(_placeholders(module)):
        if fixed is not None and number in fixed:
            path = f"fixed_{node.name}"
            states[path] = _state(fixed[number], "parameter", arrays, path)
            inputs.append(Input("state", path))
            continue
        inputs.append(Input("user"))
        if _kind(node.meta.get("val")) == "object" and node.users:
            raise UnsupportedError(f"the graph takes {node.name}, a {type(node.meta.get('val')).__name__}")
    return Exported(
        "Compiled", graph, inputs, [Output("user") for _ in graph.outputs], states, None, None, None, sources=arrays.sources
    )


def _explicit(program: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    """The program without what stands for operators that only running it tells: torch's vmap, autocast, and operators that aren't
    known here but that torch has in terms of others."""
    traced, unknown = False, dict[Any, Any]()
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            target: Any = node.target
            name = getattr(target, "_name", "") if isinstance(target, torch._ops.HigherOrderOperator) else ""
            from_vmap = getattr(target, "__module__", "") == "torch._functorch.predispatch"
            traced = traced or from_vmap or (name == "wrap_with_autocast" and bool(node.args[2]))
            if isinstance(target, torch._ops.OpOverload) and target.namespace == "aten" and not is_known(_target(target)):
                unknown[target] = True
    if not traced and not unknown:
        return program
    known = decomposition_table
    if not traced and not unknown.keys() & known.keys():
        return program
    try:
        return program.run_decompositions({op: known[op] for op in unknown if op in known})
    except RuntimeError as error:
        why = str(error).partition("\n")[0][:200]
        raise UnsupportedError(
            f"the exported program has parts that torch can't write as ATen's operators: {why}"
        ) from error


def _parameter_names(program: torch.export.ExportedProgram) -> Sequence[str] | None:
    spec = program.call_spec.in_spec
    if spec is None:
        return None
    args, kwargs = spec.children()
    return [*(f"args_{i}" for i in range(len(args.children()))), *map(str, kwargs.context or ())]


def _placeholders(module: torch.fx.GraphModule) -> list[torch.fx.Node]:
    return [n for n in module.graph.nodes if n.op == "placeholder"]


def _bound(value: Any) -> int | None:
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError, AttributeError):  # sympy's infinities
        return None
    return found if abs(found) < 2**62 else None


# Signatures.


def _input(spec: Any, node: torch.fx.Node) -> Input:
    kind = spec.kind.name
    if kind == "TOKEN":
        return Input("token")
    if kind in ("PARAMETER", "BUFFER", "CONSTANT_TENSOR", "CUSTOM_OBJ"):
        return Input("state", spec.target)
    value = node.meta.get("val")
    if isinstance(value, torch.Tensor):
        return Input("user", node.name, sizes=tuple(_size(s) for s in value.shape))
    if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
        return Input("user", node.name, symbol=str(value.node.expr) if isinstance(value, torch.SymInt) else None)
    constant = getattr(spec.arg, "value", value)
    return Input("user", node.name, constant=(constant,))


def _size(size: Any) -> Size:
    """A size; one that torch has fixed while it traced is a number, as in files."""
    if isinstance(size, int):
        return int(size)
    return int(size.node.expr) if size.node.expr.is_Integer else _expression(size)


def _expression(size: Any) -> str:
    return str(size.node.expr)


def _output(spec: Any) -> Output:
    match spec.kind.name:
        case "USER_OUTPUT" | "LOSS_OUTPUT":
            return Output("user")
        case "BUFFER_MUTATION" | "PARAMETER_MUTATION":
            return Output("state", spec.target)
        case "USER_INPUT_MUTATION":
            return Output("input", spec.target)
        case "TOKEN":
            return Output("token")
        case other:
            raise UnsupportedError(f"an exported program that gives {other.lower().replace('_', ' ')} isn't supported")


def _states(program: torch.export.ExportedProgram) -> tuple[dict[str, State], TensorArrays]:
    arrays = TensorArrays()
    states: dict[str, State] = {}
    roles = {"PARAMETER": "parameter", "BUFFER": "buffer", "CONSTANT_TENSOR": "constant", "CUSTOM_OBJ": "constant"}
    for spec in program.graph_signature.input_specs:
        role = roles.get(spec.kind.name)
        if role is None or spec.target is None:
            continue
        value = program.state_dict.get(spec.target)
        if value is None:
            value = program.constants.get(spec.target)
        states[spec.target] = _state(value, role, arrays, spec.target)
    return states, arrays


def _state(value: Any, role: Any, arrays: TensorArrays, path: str) -> State:
    if not isinstance(value, torch.Tensor):
        return State(None, role, type(value).__name__)
    try:
        return State(arrays.array(value), role)
    except UnsupportedError as error:
        raise UnsupportedError(f"{path}: {error.message}", hint=error.hint) from None


def _classes(module: torch.fx.GraphModule) -> dict[str, str]:
    """The classes of the modules by path, as far as the nodes tell."""
    found: dict[str, str] = {}
    for node in module.graph.nodes:
        for path, cls in (node.meta.get("nn_module_stack") or {}).values():
            name = cls if isinstance(cls, str) else f"{cls.__module__}.{cls.__qualname__}"
            plain = path.removeprefix("L['self'].").removeprefix("L['self']").partition("@")[0]
            found.setdefault(plain, name.rpartition(".")[2])
    return found


# Trees.


def tree_of(spec: Any) -> Tree:
    """torch's specification of a structure as a tree."""
    if spec.is_leaf():
        return LEAF
    kind, context = spec.type, spec.context
    children = tuple(tree_of(c) for c in spec.children())
    if kind is tuple or kind is torch.Size:
        return Tree("tuple", children)
    if kind is list:
        return Tree("list", children)
    if kind is dict:
        return Tree("dict", children, keys=_keys(context), live=spec)
    if kind.__name__ == "OrderedDict" and kind.__module__ == "collections":
        return Tree("ordered_dict", children, keys=_keys(context), live=spec)
    if kind.__name__ == "defaultdict":
        factory, keys = context
        return Tree("default_dict", children, keys=_keys(keys), type=getattr(factory, "__name__", ""), live=spec)
    if kind.__name__ == "deque" and kind.__module__ == "collections":
        return Tree("deque", children, context="" if context is None else str(context), live=spec)
    if kind.__name__ == "namedtuple" or _pytree.is_namedtuple_class(kind):
        cls = context if isinstance(context, type) else kind
        return Tree("named_tuple", children, names=tuple(cls._fields), type=_class_name(cls), live=spec)
    return Tree("custom", children, type=_class_name(kind), context=_context(kind, context), live=spec)


def _keys(keys: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(keys)


def _class_name(cls: type) -> str:
    """The name that a class has in torch's files, or its own."""
    known = _pytree.SUPPORTED_SERIALIZED_TYPES.get(cls)
    named = None if known is None else known.serialized_type_name
    return (
        named
        if isinstance(named, str) and named in _pytree.SERIALIZED_TYPE_TO_PYTHON_TYPE
        else f"{cls.__module__}.{cls.__qualname__}"
    )


def _context(kind: type, context: Any) -> str:
    """What a class says about its object, as torch's files hold it; empty where it can't be written."""
    import json

    known = _pytree.SUPPORTED_SERIALIZED_TYPES.get(kind)
    try:
        if known is not None and known.to_dumpable_context is not None:
            return json.dumps(known.to_dumpable_context(context))
        return json.dumps(context)
    except (TypeError, ValueError, NotImplementedError):
        return ""


# Graphs.


def _kind(value: Any) -> Kind:
    match value:
        case torch.Tensor():
            return "tensor"
        case torch.SymInt():
            return "int"
        case torch.SymFloat():
            return "float"
        case torch.SymBool() | bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case None:
            return "none"
        case str():
            return "str"
        case _:
            return "object"


class _Reader:
    def __init__(self, module: torch.fx.GraphModule, states: dict[str, State], arrays: TensorArrays | None = None) -> None:
        self._module = module
        self._states = states
        self._arrays = arrays or TensorArrays()
        self._aliases: dict[str, Any] = {}
        """What nodes stand for that are no values of their own: items of results, graphs, tensors of the module."""

    def graph(self) -> Graph:
        inputs: list[Result] = []
        nodes: list[Node] = []
        outputs: list[Any] = []
        for node in self._module.graph.nodes:
            match node.op:
                case "placeholder":
                    inputs.append(Result(node.name, _kind(node.meta.get("val", node.meta.get("example_value")))))
                case "get_attr":
                    self._aliases[node.name] = self._attribute(str(node.target))
                case "call_function":
                    self._call(node, nodes)
                case "output":
                    given = self._value(node.args[0])
                    outputs = list(given) if isinstance(given, tuple | list) else [given]
                case _:
                    raise UnsupportedError(
                        f"the graph has a {node.op} of {node.target}: only graphs of ATen's operators are taken"
                    )
        return Graph(inputs, nodes, outputs)

    def _attribute(self, path: str) -> Any:
        value: Any = self._module
        for name in path.split("."):
            value = getattr(value, name)
        if isinstance(value, torch.fx.GraphModule):
            return Subgraph(_Reader(value, self._states, self._arrays).graph())
        if isinstance(value, torch.Tensor):
            if path not in self._states:
                role = "parameter" if isinstance(value, torch.nn.Parameter) else "constant"
                self._states[path] = _state(value, role, self._arrays, path)
            return Attribute(path)
        if isinstance(value, bool | int | float | str | None):
            return value
        if isinstance(value, torch.nn.Module):
            raise UnsupportedError(f"the graph calls {path}, a {type(value).__name__}")
        self._states[path] = State(None, "constant", type(value).__name__)
        return Attribute(path)

    def _call(self, node: torch.fx.Node, nodes: list[Node]) -> None:
        target: Any = node.target
        if getattr(target, "__module__", "") == "_operator" and target.__name__ == "getitem":
            container, index = self._value(node.args[0]), self._value(node.args[1])
            if isinstance(container, list | tuple):
                self._aliases[node.name] = container[index]
                return
        value = node.meta.get("val", node.meta.get("example_value"))
        name = _target(target)
        given, target = node.args, None if name == "higher_order.flat_apply" else target
        if target is None:
            if getattr(given[2], "__name__", "") != "ModIndex":
                raise UnsupportedError("torch's higher-order operator flat_apply isn't supported")
            name, given = "aten.index.Tensor", (given[3], list(given[4:]))  # an index by tensors, as in flex_attention
        results = (Result(node.name, _kind(value)),)
        is_list = False
        if isinstance(value, list | tuple):
            taken = {u.args[1]: u.name for u in node.users if getattr(u.target, "__name__", "") == "getitem"}
            names = [taken.get(i, f"{node.name}.{i}") for i in range(len(value))]
            results = tuple(Result(n, _kind(v)) for n, v in zip(names, value, strict=True))
            self._aliases[node.name] = tuple(map(Ref, names))
            is_list = isinstance(value, list)
        overload = isinstance(target, torch._ops.OpOverload)
        if overload and len(target._schema.returns) == 1 and str(target._schema.returns[0].type).startswith("List"):
            is_list = True
        nodes.append(
            Node(
                name,
                tuple(self._value(a) for a in given),
                {k: self._value(v) for k, v in node.kwargs.items()},
                results,
                is_list,
                _place(node.meta.get("stack_trace")),
                target if overload else None,
                _schema(target) if overload else None,
            )
        )

    def _value(self, value: Any) -> Any:
        match value:
            case torch.fx.Node():
                return self._aliases.get(value.name, Ref(value.name))
            case bool() | int() | float() | complex() | str() | bytes() | None:
                return value
            case list():
                return [self._value(v) for v in value]
            case tuple():
                return tuple(self._value(v) for v in value)
            case dict() | Mapping():
                return {k: self._value(v) for k, v in value.items()}
            case slice():
                raise UnsupportedError("the graph slices: only graphs of ATen's operators are taken")
            case torch._ops.OpOverload():
                return OperatorRef(_target(value), value, _schema(value))
            case torch.SymInt() | torch.SymFloat() | torch.SymBool() if value.node.maybe_as_int() is not None:
                return value.node.maybe_as_int()
            case _:
                if is_torch_constant(value):
                    return torch_constant(value)
                if value is ...:
                    raise UnsupportedError("the graph has an Ellipsis: only graphs of ATen's operators are taken")
                return value


def _schema(target: torch._ops.OpOverload) -> str:
    return str(target._schema).partition("::")[2]


def _target(target: Any) -> str:
    if isinstance(target, torch._ops.OpOverload):
        return f"{target.namespace}.{target._schema.name.partition('::')[2]}.{target._overloadname}"
    if isinstance(target, torch._ops.HigherOrderOperator):
        return f"higher_order.{target._name}"
    module = getattr(target, "__module__", "") or ""
    return f"{module}.{getattr(target, '__name__', target)}"


def _place(trace: str | None) -> tuple[SourceLocation, ...]:
    """The places in a stack trace, innermost first."""
    if not trace:
        return ()
    found = [SourceLocation(file, int(line)) for file, line in _FRAME.findall(trace) if not file.startswith("<")]
    return tuple(reversed(found))[:8]


__all__ = ["read_graph", "read_program", "tree_of"]
