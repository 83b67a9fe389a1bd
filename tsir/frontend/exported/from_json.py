"""torch.export's serialised form (`models/model.json` of a `.pt2` file) as the plain data of `graphs.py`. Needs no torch.

The form is that of torch's `torch/_export/serde/schema.py`, versions 5 to 8. Nothing in it is trusted: what isn't of the form that
torch writes raises ArchiveError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.pytrees import LEAF, MAX_DEPTH, Tree
from tsir.dialects.values import Device, Layout, MemoryFormat
from tsir.errors import ArchiveError, OperatorError, SourceLocation, UnsupportedError
from tsir.frontend.exported.graphs import (
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

_T = TypeVar("_T")
Json = Any

VERSIONS = (5, 8)
"""The major versions of the form that are read."""
MAX_SUBGRAPHS = 100
"""How deeply graphs may nest."""

DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 9: "complex32",
    10: "complex64",
    11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
_LAYOUTS = {1: "sparse_coo", 2: "sparse_csr", 3: "sparse_csc", 4: "sparse_bsr", 5: "sparse_bsc", 6: "_mkldnn", 7: "strided"}
_FORMATS = {1: "contiguous_format", 2: "channels_last", 3: "channels_last_3d", 4: "preserve_format"}
_FRAME = re.compile(r'File "([^"\n]{1,4096})", line (\d{1,9})')
_SYMBOLIC: Mapping[str, Kind] = {"as_sym_int": "int", "as_sym_float": "float", "as_sym_bool": "bool"}


def read_json(given: Json, states: Callable[[str, str], State], name: str) -> Exported:
    """The program of a parsed JSON text; `states(path, role)` gives its tensors, `name` is the file's for messages.

    Raises ArchiveError for what torch doesn't write, UnsupportedError for what tsir doesn't have.
    """
    try:
        return _program(given, states)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ArchiveError(f"{name}: the exported program is damaged: {type(error).__name__}: {error}") from error
    except RecursionError:
        raise ArchiveError(f"{name}: the exported program nests too deeply") from None


def _program(given: Json, states: Callable[[str, str], State]) -> Exported:
    version = given["schema_version"]["major"]
    if not VERSIONS[0] <= version <= VERSIONS[1]:
        known = f"this tsir reads {VERSIONS[0]} to {VERSIONS[1]}"
        raise ArchiveError(
            f"the exported program has version {version}, written by torch {given.get('torch_version')}; {known}"
        )
    module = given["graph_module"]
    signature = module["signature"]
    graph = module["graph"]
    read = _graph(graph, 0)
    inputs: list[Input] = []
    kept: dict[str, State] = {}
    named: list[Result] = []
    for spec, result in zip(signature["input_specs"], read.inputs, strict=True):
        made, its_name = _input(spec, graph)
        inputs.append(made)
        named.append(Result(its_name or result.name, result.kind))
        if made.role == "state":
            kept[made.path] = states(made.path, next(iter(spec)))
    read.inputs = named
    call = next((e["signature"] for e in module["module_call_graph"] if e["fqn"] == ""), None)
    fields = {n: [str(f) for f in d["field_names"]] for n, d in (module.get("treespec_namedtuple_fields") or {}).items()}
    in_tree = out_tree = names = None
    if call is not None:
        in_tree, out_tree = _tree_text(call["in_spec"], fields), _tree_text(call["out_spec"], fields)
        names = call.get("forward_arg_names")
    if names is None and in_tree is not None:
        args, kwargs = in_tree.children
        names = [*(f"args_{i}" for i in range(len(args.children))), *map(str, kwargs.keys)]
    ranges = {str(e): (_bound(r["min_val"]), _bound(r["max_val"])) for e, r in given["range_constraints"].items()}
    classes = _classes(graph["nodes"])
    return Exported(
        classes.get("", "Exported"),
        read,
        inputs,
        [_output(spec) for spec in signature["output_specs"]],
        kept,
        in_tree,
        out_tree,
        names,
        tuple(map(str, given.get("guards_code") or ())),
        ranges,
        classes,
    )


def _bound(value: Json) -> int | None:
    return value if isinstance(value, int) and abs(value) < 2**62 else None


def _one(union: Json) -> tuple[str, Any]:
    """The only member of a union."""
    ((kind, value),) = union.items()
    return str(kind), value


# Signatures.


def _input(spec: Json, graph: Json) -> tuple[Input, str]:
    """An input, and its name where the graph has none."""
    kind, value = _one(spec)
    if kind == "token":
        return Input("token"), str(value["arg"]["name"])
    if kind in ("parameter", "buffer", "tensor_constant", "custom_obj"):
        return Input("state", str(value[f"{kind}_name"])), str(value["arg"]["name"])
    if kind == "constant_input":
        return Input("user", str(value["name"]), constant=(_constant(value["value"]),)), str(value["name"])
    if kind != "user_input":
        raise ValueError(f"an input of the kind {kind!r}")
    form, arg = _one(value["arg"])
    if form == "as_tensor":
        sizes = tuple(map(_size, graph["tensor_values"][arg["name"]]["sizes"]))
        return Input("user", str(arg["name"]), sizes=sizes), str(arg["name"])
    if form in _SYMBOLIC and "as_name" in arg:
        symbol = _size(graph["sym_int_values"][arg["as_name"]]) if form == "as_sym_int" else None
        return Input("user", str(arg["as_name"]), symbol=symbol if isinstance(symbol, str) else None), str(arg["as_name"])
    if form == "as_custom_obj":
        raise UnsupportedError(
            f"the exported program takes {arg['name']}, a {arg['class_fqn']}: custom objects aren't supported"
        )
    return Input("user", constant=(_constant(value["arg"]),)), ""


def _size(size: Json) -> Size:
    kind, value = _one(size)
    if kind == "as_int":
        return int(value)
    return str(value["expr_str"])


def _constant(value: Json) -> Any:
    kind, given = _one(value)
    match kind:
        case "as_none":
            return None
        case "as_int":
            return int(given)
        case "as_float":
            return float(given)
        case "as_bool":
            return bool(given)
        case "as_string":
            return str(given)
        case _:
            raise ValueError(f"a constant of the kind {kind!r}")


def _output(spec: Json) -> Output:
    kind, value = _one(spec)
    match kind:
        case "user_output" | "loss_output":
            return Output("user")
        case "buffer_mutation":
            return Output("state", str(value["buffer_name"]))
        case "parameter_mutation":
            return Output("state", str(value["parameter_name"]))
        case "user_input_mutation":
            return Output("input", str(value["user_input_name"]))
        case "token":
            return Output("token")
        case _:
            raise UnsupportedError(f"an exported program that gives {kind.replace('_', ' ')} isn't supported")


def _classes(nodes: Sequence[Json]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        stack = (node.get("metadata") or {}).get("nn_module_stack")
        for entry in stack.split(";") if isinstance(stack, str) else ():
            parts = entry.split(",")
            if len(parts) == 3 and "." in parts[2]:
                path = parts[1].removeprefix("L['self'].").removeprefix("L['self']").partition("@")[0]
                found.setdefault(path, parts[2].rpartition(".")[2])
    return found


# Trees.


def _tree_text(text: str, fields: Mapping[str, list[str]]) -> Tree | None:
    if not text:
        return None
    version, spec = json.loads(text)
    if version != 1:
        raise ValueError(f"version {version} of a structure")
    return _tree(spec, fields, 0)


def _tree(spec: Json, fields: Mapping[str, list[str]], depth: int) -> Tree:
    if depth > MAX_DEPTH:
        raise ValueError(f"structures nest deeper than {MAX_DEPTH}")
    kind, context = spec["type"], spec["context"]
    if kind is None:
        return LEAF
    children = tuple(_tree(c, fields, depth + 1) for c in spec["children_spec"])
    match kind:
        case "builtins.tuple" | "torch.Size":
            return Tree("tuple", children)
        case "builtins.list":
            return Tree("list", children)
        case "builtins.dict":
            return Tree("dict", children, keys=_keys(json.loads(context), children))
        case "collections.OrderedDict":
            return Tree("ordered_dict", children, keys=_keys(json.loads(context), children))
        case "collections.defaultdict":
            keys = _keys(context["dict_context"], children)
            return Tree("default_dict", children, keys=keys, type=str(context["default_factory_name"]))
        case "collections.deque":
            longest = json.loads(context)
            return Tree("deque", children, context="" if longest is None else str(int(longest)))
        case "collections.namedtuple":
            if context not in fields or len(fields[context]) != len(children):
                raise UnsupportedError(f"the exported program says nothing about the fields of the NamedTuple {context}")
            return Tree("named_tuple", children, names=tuple(fields[context]), type=str(context))
        case _:
            return Tree("custom", children, type=str(kind), context=_context(context))


def _keys(keys: Json, children: Sequence[Tree]) -> tuple[Any, ...]:
    if len(keys) != len(children) or not all(isinstance(k, str | int | float) for k in keys):
        raise ValueError("the keys of a dict don't fit its values")
    return tuple(keys)


def _context(context: Json) -> str:
    """As JSON text: torch writes it so, unless the class has a form of its own."""
    if isinstance(context, str):
        try:
            json.loads(context)
        except ValueError:
            return json.dumps(context)
        return context
    return json.dumps(context)


# Graphs.


def _graph(given: Json, depth: int) -> Graph:
    if depth > MAX_SUBGRAPHS:
        raise ValueError(f"graphs nest deeper than {MAX_SUBGRAPHS}")
    inputs: list[Result] = []
    for i, argument in enumerate(given["inputs"]):
        kind, value = _one(argument)
        if kind in ("as_tensor", "as_custom_obj"):
            inputs.append(Result(str(value["name"]), "tensor" if kind == "as_tensor" else "object"))
        elif kind in _SYMBOLIC and "as_name" in value:
            inputs.append(Result(str(value["as_name"]), _SYMBOLIC[kind]))
        else:
            inputs.append(Result(f"input {i}", _kind_of(_value(argument, depth))))
    nodes = [_node(n, depth) for n in given["nodes"]]
    return Graph(inputs, nodes, [_value(o, depth) for o in given["outputs"]])


def _kind_of(value: Any) -> Kind:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "str"
        case _:
            return "none"


def _node(given: Json, depth: int) -> Node:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for argument in given["inputs"]:
        value = _value(argument["arg"], depth)
        if argument.get("kind") == 2 or (argument.get("kind") is None and kwargs):
            kwargs[str(argument["name"])] = value
        else:
            args.append(value)
    target = _target(str(given["target"]))
    if target.startswith("aten.") and any("kind" not in a for a in given["inputs"]):  # older files: all by name
        kwargs = {str(a["name"]): _value(a["arg"], depth) for a in given["inputs"]}
        args = []
    results: list[Result] = []
    is_list = False
    for output in given["outputs"]:
        made, several = _results(output)
        results += made
        is_list = is_list or several
    place = tuple(reversed([SourceLocation(f, int(n)) for f, n in _FRAME.findall(_trace(given)) if not f.startswith("<")]))[
        :8
    ]
    return Node(target, tuple(args), kwargs, tuple(results), is_list, place)


def _trace(given: Json) -> str:
    found = (given.get("metadata") or {}).get("stack_trace")
    return found if isinstance(found, str) else ""


def _results(output: Json) -> tuple[list[Result], bool]:
    kind, value = _one(output)
    if kind == "as_tensor":
        return [Result(str(value["name"]), "tensor")], False
    if kind == "as_tensors":
        return [Result(str(v["name"]), "tensor") for v in value], True
    if kind == "as_optional_tensors":
        parts = [_one(v) for v in value]
        return [Result(str(v["name"]) if k == "as_tensor" else "", "tensor") for k, v in parts], True
    if kind == "as_optional_tensor":
        return _results(value)
    if kind in _SYMBOLIC:
        return [Result(str(value.get("as_name", "")), _SYMBOLIC[kind])], False
    if kind == "as_custom_obj":
        return [Result(str(value["name"]), "object")], False
    return [Result("", "none")], False


def _target(text: str) -> str:
    """`torch.ops.aten.add.Tensor` is `aten.add.Tensor`; a higher-order operator's is `higher_order.cond`."""
    return text.removeprefix("torch.ops.").removeprefix("#")


def _value(argument: Json, depth: int) -> Any:
    kind, value = _one(argument)
    reader = _VALUES.get(kind)
    if reader is not None:
        return reader(value)
    match kind:
        case "as_graph":
            return Subgraph(_graph(value["graph"], depth + 1))
        case "as_string_to_argument":
            return {str(k): _value(v, depth) for k, v in value.items()}
        case "as_optional_tensor":
            return _value(value, depth)
        case "as_optional_tensors":
            return [_value(v, depth) for v in value]
        case _:
            raise UnsupportedError(f"the exported program has an argument of the kind {kind}, which isn't supported")


def _symbolic(value: Json) -> Any:
    kind, given = _one(value)
    return Ref(str(given)) if kind == "as_name" else _plain({"as_int": int, "as_float": float, "as_bool": bool}[kind], given)


def _plain(kind: Callable[[Any], _T], value: Json) -> _T:
    if not isinstance(value, int | float | str):
        raise TypeError(f"a number can't be a JSON {type(value).__name__}")
    return kind(value)


def _dtype(number: int) -> DType:
    name = DTYPES.get(number)
    if name is None:
        raise ValueError(f"unknown dtype {number}")
    try:
        return dtypes.dtype(name)
    except KeyError:
        raise UnsupportedError(f"dtype {name} isn't supported") from None


def _device(value: Json) -> Device:
    try:
        index = value.get("index")
        return Device.parse(f"{value['type']}:{int(index)}" if index is not None else str(value["type"]))
    except OperatorError as error:
        raise ValueError(str(error)) from None


_VALUES: Mapping[str, Callable[[Json], Any]] = {
    "as_none": lambda v: None,
    "as_tensor": lambda v: Ref(str(v["name"])),
    "as_tensors": lambda v: [Ref(str(t["name"])) for t in v],
    "as_nested_tensors": lambda v: [[Ref(str(t["name"])) for t in inner] for inner in v],
    "as_int": lambda v: _plain(int, v),
    "as_ints": lambda v: [_plain(int, i) for i in v],
    "as_int_lists": lambda v: [[_plain(int, i) for i in inner] for inner in v],
    "as_float": lambda v: _plain(float, v),
    "as_floats": lambda v: [_plain(float, i) for i in v],
    "as_float_lists": lambda v: [[_plain(float, i) for i in inner] for inner in v],
    "as_complex": lambda v: complex(_plain(float, v["real"]), _plain(float, v["imag"])),
    "as_bool": bool,
    "as_bools": lambda v: [bool(b) for b in v],
    "as_string": str,
    "as_strings": lambda v: [str(s) for s in v],
    "as_sym_int": _symbolic,
    "as_sym_ints": lambda v: [_symbolic(s) for s in v],
    "as_sym_float": _symbolic,
    "as_sym_floats": lambda v: [_symbolic(s) for s in v],
    "as_sym_bool": _symbolic,
    "as_sym_bools": lambda v: [_symbolic(s) for s in v],
    "as_scalar_type": _dtype,
    "as_memory_format": lambda v: MemoryFormat(_FORMATS[v]),
    "as_layout": lambda v: Layout(_LAYOUTS[v]),
    "as_device": _device,
    "as_custom_obj": lambda v: Ref(str(v["name"])),
    "as_operator": lambda v: OperatorRef(_target(str(v))),
}

__all__ = ["DTYPES", "VERSIONS", "read_json"]
