"""Exported programs as programs of tsir: the object with its tensors, and `forward`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import BoolAttr, FunctionType, ModuleOp, StringAttr
from xdsl.ir import Attribute as Type
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from tsir.dialects.names import hint_of
from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.pytrees import CallTrees, Tree, parameter_names
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import AttributeOp, ClassOp, GetAttrOp, MethodOp, TupleOp
from tsir.dialects.values import Instance
from tsir.errors import FrontendError, UnsupportedError
from tsir.frontend.constants import is_constant, type_of_constant
from tsir.frontend.exported.conditions import Argument, Conditions
from tsir.frontend.exported.control_flow import higher_order
from tsir.frontend.exported.graphs import Exported, Input, State
from tsir.frontend.exported.nodes import TOKEN, Nodes
from tsir.ops.registry import SCHEMAS
from tsir.passes.autocast import make_variants

_KINDS: dict[str, Type] = {
    "tensor": ts.TensorType(), "int": ts.INT, "float": ts.FLOAT, "bool": ts.BOOL, "none": ts.NONE, "str": ts.StrType(),
    "number": ts.NumberType(),
}  # fmt: skip


def program_of(exported: Exported, *, calls_torch: bool = False, functional: bool = False) -> Program:
    """The program, with one entry point, `forward`. `calls_torch`: operators of torch's that aren't known here are called in torch.
    `functional`: nothing is changed in place, so that a view may be a copy where memory is laid out in another way than in torch.

    Raises UnsupportedError for operators, objects and structures that tsir doesn't have; the message names them.
    """
    return _Import(exported, calls_torch, functional).program()


class _Import:
    def __init__(self, exported: Exported, calls_torch: bool, functional: bool) -> None:
        self._exported = exported
        self._objects = _Objects(exported)
        block = Block()
        self._block = block
        self._function = func.FuncOp("forward", ([], []), Region(block))
        self._self = block.insert_arg(ts.ClassType(self._objects.root_class), 0)
        self._self.name_hint = "self"
        builder = Builder(InsertPoint.at_end(block))
        self._nodes = Nodes(builder, SCHEMAS, state=self._state, higher_order=higher_order, calls_torch=calls_torch)
        self._nodes.keeps_for_gradients = functional
        if functional:
            self._nodes.renamed |= {"view": "reshape", "_unsafe_view": "reshape"}
        self._states: dict[str, SSAValue] = {}
        """The tensors and modules read so far, by path, in the order of the reads."""

    def program(self) -> Program:
        exported, nodes = self._exported, self._nodes
        user = [i for i in exported.inputs if i.role == "user"]
        trees, paths, sources = self._parameters(len(user))
        names = parameter_names(paths)
        parameters: list[Parameter] = []
        values: list[Any] = []
        arguments: list[Argument] = []
        for result, given in zip(exported.graph.inputs, exported.inputs, strict=True):
            if given.role == "token":
                values.append(TOKEN)
            elif given.role == "state":
                values.append(self._state(given.path) if given.path in exported.states else None)
            else:
                number = len(parameters)
                kind = self._kind(result.kind, given)
                argument = self._block.insert_arg(kind, len(self._block.args))
                argument.name_hint = hint_of(names[number])
                parameters.append(Parameter(names[number], str(kind)))
                values.append(argument)
                arguments.append(Argument(argument, paths[number], sources[number], given))
        Conditions(nodes, exported, arguments).check()
        results = nodes.run(exported.graph, values)
        by_name = {r.name: v for r, v in zip(exported.graph.inputs, values, strict=True)}
        returned = self._written(results, by_name)
        tree = exported.out_tree
        value = self._returned(returned, tree)
        nodes.insert(func.ReturnOp(value))
        self._function.function_type = FunctionType.from_lists([a.type for a in self._block.args], [value.type])
        symbol = f"{self._objects.root_class}.forward"
        self._function.sym_name = StringAttr(symbol)
        module = ModuleOp([*self._objects.classes(symbol), self._function])
        make_variants(module)
        module.verify()
        plain = trees is None and (tree is None or tree.is_plain())
        call = None if plain else self._call_trees(trees, tree, len(parameters))
        entry = EntryPoint("forward", symbol, tuple(parameters), str(value.type), takes_self=True, trees=call)
        return Program(
            lambda: module,
            {"forward": entry},
            self._objects.root,
            exported.sources,
            python_functions=nodes.python_functions,
        )

    def _call_trees(
        self, trees: tuple[Sequence[Tree], Sequence[tuple[str, Tree]], Sequence[str]] | None, tree: Tree | None, count: int
    ) -> CallTrees:
        result = None if tree is None or tree.is_plain() else tree
        if trees is None:
            return CallTrees(tuple(Tree() for _ in range(count)), (), result, tuple(p for p in self._names()))
        args, kwargs, names = trees
        return CallTrees(tuple(args), tuple(kwargs), result, tuple(names))

    def _names(self) -> Sequence[str]:
        return self._exported.names or ()

    def _parameters(self, count: int) -> tuple[Any, list[str], list[tuple[str, ...]]]:
        """How calls are made (None: with the leaves alone), and of each leaf its path in Python and what guards call it."""
        exported = self._exported
        tree = exported.in_tree
        if tree is None:
            names = [r.name for r, i in zip(exported.graph.inputs, exported.inputs, strict=True) if i.role == "user"]
            return None, names, [(f"L['flat_args'][{i}]",) for i in range(count)]
        if tree.kind != "tuple" or len(tree.children) != 2 or tree.leaves != count:
            raise FrontendError("the exported program's inputs don't match the structure of its arguments")
        args, kwargs = tree.children
        given = list(exported.names or ())
        positional = given[: len(args.children)]
        if len(given) != len(args.children) + len(kwargs.children) or len({*given}) != len(given):
            positional = [f"args_{i}" for i in range(len(args.children))]  # `*args` has one name for several
        named = [*zip(positional, args.children, strict=True), *zip(map(str, kwargs.keys), kwargs.children, strict=True)]
        paths = [p for name, child in named for p in child.paths(name)]
        sources: list[tuple[str, ...]] = []
        for number, (name, child) in enumerate(named):
            roots = [f"L['{name}']"]
            if number < len(args.children):
                roots += [
                    f"L['args'][{number}]",
                    *(f"L['{base}'][{i}]" for base, i in _variadic(given, number, len(args.children))),
                    *(f"L['{base}'][{i}]" for base, i in _numbered(name) if base not in given),
                ]
            several = [child.paths(root) for root in roots]
            sources += [tuple(p) for p in zip(*several, strict=True)]
        sources = [(*s, f"L['flat_args'][{i}]") for i, s in enumerate(sources)]
        is_flat = all(t.kind == "leaf" for _, t in named)
        trees = (args.children, list(zip(map(str, kwargs.keys), kwargs.children, strict=True)), positional)
        return (None if is_flat and not kwargs.children else trees), paths, sources

    def _kind(self, kind: str, given: Input) -> Type:
        if given.constant is not None and is_constant(given.constant[0]):
            return type_of_constant(given.constant[0])
        if kind not in _KINDS:
            raise UnsupportedError("an exported program that takes custom objects isn't supported")
        return _KINDS[kind]

    def _state(self, path: str) -> SSAValue:
        """The value of a tensor of the program's, read at its first use."""
        found = self._states.get(path)
        if found is None:
            state = self._exported.states.get(path)
            if state is None or state.array is None:
                what = f", a {state.refused}" if state is not None and state.refused else ""
                raise UnsupportedError(
                    f"the exported program has {path!r}{what}: objects other than tensors aren't supported"
                )
            before = self._nodes.builder
            self._nodes.builder = Builder(self._first())
            *parents, name = path.split(".")
            holder: SSAValue = self._self
            for end, step in enumerate(parents, 1):
                holder = self._read(holder, step, ".".join(parents[:end]))
            found = self._read(holder, name, path)
            self._nodes.builder = before
        return found

    def _read(self, holder: SSAValue, name: str, path: str) -> SSAValue:
        found = self._states.get(path)
        if found is None:
            assert isinstance(holder.type, ts.ClassType)
            kind = self._objects.type_of(holder.type.symbol.string_value(), name)
            found = self._nodes.insert(GetAttrOp(holder, name, kind)).results[0]
            found.name_hint = hint_of(name if not name[:1].isdigit() else f"child{name}")
            self._states[path] = found
        return found

    def _first(self) -> InsertPoint:
        """Behind the tensors read so far, at the function's start."""
        last = self._states and list(self._states.values())[-1].owner
        if isinstance(last, Operation):
            return InsertPoint.after(last)
        return InsertPoint.at_start(self._block)

    def _written(self, results: Sequence[Any], inputs: Mapping[str, Any]) -> list[Any]:
        """Gives tensors their new contents; the values of the user's results."""
        returned: list[Any] = []
        for value, output in zip(results, self._exported.outputs, strict=True):
            if output.role == "user":
                returned.append(value)
            elif output.role != "token":
                target = self._state(output.path) if output.role == "state" else inputs[output.path]
                if value is not target:
                    self._nodes.aten("copy_", [target, value])
        return returned

    def _returned(self, values: Sequence[Any], tree: Tree | None) -> SSAValue:
        nodes = self._nodes
        given = [nodes.ssa(v) for v in values]
        if tree is None or not tree.is_plain():
            if tree is not None and tree.leaves != len(given):
                raise FrontendError("the exported program's results don't match their structure")
            return nodes.insert(TupleOp(given, ts.TupleType([v.type for v in given]))).results[0]
        return self._nested(tree, given)

    def _nested(self, tree: Tree, leaves: list[SSAValue]) -> SSAValue:
        if tree.kind == "leaf":
            return leaves.pop(0)
        items = [self._nested(c, leaves) for c in tree.children]
        return self._nodes.insert(TupleOp(items, ts.TupleType([v.type for v in items]))).results[0]


def _numbered(name: str) -> list[tuple[str, str]]:
    """What guards call a parameter that is one of `*rest`: torch names it `rest_0`, and its guards `rest[0]`."""
    base, _, number = name.rpartition("_")
    return [(base, number)] if base and number.isdecimal() else []


def _variadic(names: Sequence[str], number: int, count: int) -> list[tuple[str, int]]:
    """What `*rest` calls an argument: the name of the last parameters, and its number there."""
    distinct = list(dict.fromkeys(names))
    rest = distinct[-1:] if len(names) >= 1 else []
    return [
        (base, number - (len(distinct) - 1)) for base in rest if number >= len(distinct) - 1 and count > len(distinct) - 1
    ]


class _Objects:
    """The object tree of a program: one object for each module that has tensors of it."""

    def __init__(self, exported: Exported) -> None:
        self._exported = exported
        self._taken: set[str] = set()
        self._types: dict[tuple[str, str], Type] = {}
        self._members: dict[str, list[tuple[str, Type, str, Any]]] = {}
        root = self._class("")
        self.root = Instance(root)
        self._by_path: dict[str, Instance] = {"": self.root}
        self._training(self.root)
        for path, state in exported.states.items():
            if state.array is not None:
                self._add(path, state)
        self._share()
        self.root_class = self.root.class_name

    def _class(self, path: str) -> str:
        plain = self._exported.classes.get(path, self._exported.name if not path else "Module")
        plain = "".join(c for c in plain if c.isalnum() or c == "_") or "Module"
        name, number = plain, 0
        while name in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name)
        self._members[name] = []
        return name

    def _training(self, instance: Instance) -> None:
        instance.attributes["training"] = True
        self._member(instance, "training", ts.BOOL, "attribute", BoolAttr.from_bool(True))

    def _member(self, instance: Instance, name: str, kind: Type, role: str, value: Any = None) -> None:
        self._members[instance.class_name].append((name, kind, role, value))
        self._types[instance.class_name, name] = kind

    def _add(self, path: str, state: State) -> None:
        *parents, name = path.split(".")
        at, instance = "", self.root
        for step in parents:
            at = f"{at}.{step}" if at else step
            below = self._by_path.get(at)
            if below is None:
                if step in instance.attributes:
                    raise UnsupportedError(f"the exported program has a tensor and a module of one name, {at!r}")
                below = self._by_path[at] = Instance(self._class(at))
                self._training(below)
                instance.attributes[step] = below
                self._member(instance, step, ts.ClassType(below.class_name), "submodule")
            instance = below
        if name in instance.attributes:
            raise UnsupportedError(f"the exported program has two things of one name, {path!r}")
        instance.attributes[name] = state.array
        self._member(instance, name, ts.TensorType(), state.role)

    def _share(self) -> None:
        """Gives equal classes one name, those of the innermost modules first."""
        known: dict[Any, str] = {}
        renamed: dict[str, str] = {}
        for path in sorted(self._by_path, key=lambda p: -len(p.split(".")) if p else 1):
            instance = self._by_path[path]
            members = self._members[instance.class_name]
            for i, (name, kind, role, value) in enumerate(members):
                if isinstance(kind, ts.ClassType):
                    kind = ts.ClassType(renamed[kind.symbol.string_value()])
                    members[i] = (name, kind, role, value)
                    self._types[instance.class_name, name] = kind
            key = (self._exported.classes.get(path), path == "", tuple(members))
            first = known.setdefault(key, instance.class_name)
            renamed[instance.class_name] = first
            instance.class_name = first

    def type_of(self, class_name: str, attribute: str) -> Type:
        """The type of an attribute of a class."""
        return self._types[class_name, attribute]

    def classes(self, forward: str) -> list[ClassOp]:
        """The classes, the root's first."""
        names = dict.fromkeys([self.root_class, *(i.class_name for i in self._by_path.values())])
        made: list[ClassOp] = []
        for name in names:
            members: list[AttributeOp | MethodOp] = [AttributeOp(n, k, r, v) for n, k, r, v in self._members[name]]
            if name == self.root_class:
                members.append(MethodOp("forward", forward, exported=True))
            made.append(ClassOp(name, "module", members))
        return made


__all__ = ["program_of"]
