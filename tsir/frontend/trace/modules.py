"""The user's modules in a traced program: the objects with their attributes, and the classes that they share.

While a trace is recorded every module has a class of its own, under a provisional name; afterwards `share_classes` gives one
class to all modules of the same Python class whose attributes and recorded functions are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from xdsl.dialects import func
from xdsl.dialects.builtin import BoolAttr, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.rewriter import Rewriter

from tsir.dialects.context import print_module
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import AttributeOp, ClassOp, MethodOp
from tsir.dialects.values import Instance
from tsir.frontend.instances import TensorArrays, own_tensors
from tsir.frontend.script.source import is_compiled_module
from tsir.frontend.trace.scopes import Scope


@dataclass(eq=False)
class Member:
    """An attribute of a module: its type in IR, its role, and its value where the class holds it."""

    type: Attribute
    role: str
    value: Attribute | None = None


@dataclass(eq=False)
class TracedModule:
    """A module of the user's (None: the object that holds a traced function's constants)."""

    module: torch.nn.Module | None
    symbol: str
    instance: Instance
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    functions: list[Scope] = field(default_factory=list[Scope])
    """What was recorded of its `forward`: one function for each call."""
    _paths: dict[int, tuple[str, ...]] | None = None

    @property
    def type(self) -> ts.ClassType:
        """The IR type of this object."""
        return ts.ClassType(self.symbol)

    def path(self, wanted: torch.Tensor | torch.nn.Module) -> tuple[str, ...] | None:
        """The names that lead from this module to a tensor or module below it, or None."""
        if self.module is None:
            return None
        if self._paths is None:
            self._paths = dict(_paths(self.module))
        return self._paths.get(id(wanted))

    def add_constant(self, tensor: torch.Tensor, arrays: TensorArrays) -> str:
        """Keeps a tensor as a constant attribute; gives its name."""
        name = next(n for i in range(len(self.members) + 1) if (n := f"constant{i}") not in self.members)
        self.members[name] = Member(ts.TensorType(), "constant")
        self.instance.attributes[name] = arrays.array(tensor)
        if self._paths is not None:
            self._paths[id(tensor)] = (name,)
        return name

    def add_compiled(self, instance: Instance, class_name: str) -> str:
        """Keeps a compiled module as an attribute; gives its name, the same for the same module."""
        known = next((n for n, value in self.instance.attributes.items() if value is instance), None)
        if known is not None:
            return known
        children = {} if self.module is None else self.module._modules
        own = next((n for n, child in children.items() if getattr(child, "instance", None) is instance), None)
        made = (n for i in range(len(self.members) + 1) if (n := f"compiled{i}") not in self.members)
        name = next(made) if own is None or own in self.members else own
        self.members[name] = Member(ts.ClassType(class_name), "submodule")
        self.instance.attributes[name] = instance
        return name


def is_traced(module: torch.nn.Module) -> bool:
    """Whether a module is one of Python's, whose calls can be followed."""
    return not isinstance(module, torch.jit.ScriptModule) and not is_compiled_module(module)


def _attributes(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor, str]]:
    for name, tensor, role in own_tensors(module):
        if tensor is not None:
            yield name, tensor, role
    for name, value in vars(module).items():
        if isinstance(value, torch.Tensor):
            yield name, value, "attribute"


def _paths(root: torch.nn.Module) -> Iterator[tuple[int, tuple[str, ...]]]:
    """All tensors and modules below a module by identity, each with its shortest path."""
    seen: set[int] = set()
    level: list[tuple[tuple[str, ...], torch.nn.Module]] = [((), root)]
    while level:
        below: list[tuple[tuple[str, ...], torch.nn.Module]] = []
        for prefix, module in level:
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield id(module), prefix
            for name, tensor, _ in _attributes(module):
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    yield id(tensor), (*prefix, name)
            below += [((*prefix, n), m) for n, m in module._modules.items() if m is not None and is_traced(m)]
        level = below


class ModuleTable:
    """All modules of a trace."""

    def __init__(self, root: torch.nn.Module | None, name: str) -> None:
        self.arrays = TensorArrays()
        self._by_module: dict[int, TracedModule] = {}
        self.root = self._add(root, name)
        if root is None:
            return
        modules = [m for m in root.modules() if is_traced(m)]
        for module in modules[1:]:
            self._add(module, type(module).__name__)
        for module in modules:
            self._fill(self._by_module[id(module)], module)

    def _add(self, module: torch.nn.Module | None, name: str) -> TracedModule:
        # `$` separates the number that makes the name unique for the time being.
        symbol = f"{name}${len(self._by_module)}$"
        added = TracedModule(module, symbol, Instance(symbol))
        self._by_module[id(module)] = added
        return added

    def _fill(self, traced: TracedModule, module: torch.nn.Module) -> None:
        attributes = traced.instance.attributes
        for name, tensor, role in _attributes(module):
            attributes[name] = self.arrays.of_module(module, name, tensor)
            traced.members[name] = Member(ts.TensorType(), role)
        attributes["training"] = module.training
        traced.members["training"] = Member(ts.BOOL, "attribute", BoolAttr.from_bool(module.training))
        for name, child in module._modules.items():
            if child is not None and is_traced(child):
                below = self._by_module[id(child)]
                attributes[name] = below.instance
                traced.members[name] = Member(below.type, "submodule")

    def find(self, module: torch.nn.Module) -> TracedModule | None:
        """The entry of a module, or None for one that isn't part of the traced module."""
        return self._by_module.get(id(module))

    def modules(self) -> Iterable[TracedModule]:
        """All entries; the traced module first."""
        return self._by_module.values()

    def share_classes(self, taken: Iterable[str]) -> list[ClassOp | func.FuncOp]:
        """The classes and functions of the program, with their final names; equal ones are there once.

        `taken` are names that something else in the program has. Updates the names in instances, too.
        Called once, after everything was recorded.
        """
        return _Sharing(self, taken).operations()


class _Sharing:
    def __init__(self, table: ModuleTable, taken: Iterable[str]) -> None:
        self._table = table
        self._renamed: dict[str, str] = {}
        self._taken = set(taken)
        self._known: dict[tuple[object, ...], list[str]] = {}
        self._names = {m.symbol: m.symbol.split("$")[0] for m in table.modules()}

    def operations(self) -> list[ClassOp | func.FuncOp]:
        result: list[ClassOp | func.FuncOp] = []
        for traced in self._children_first():
            result += self._add(traced)
        for traced in self._table.modules():
            traced.symbol = self._renamed[traced.symbol]
            traced.instance.class_name = traced.symbol
        for op in result:
            if isinstance(op, func.FuncOp):
                self._rename(op)
        # The traced module comes first, what it is made of after it.
        result.reverse()
        classes = [op for op in result if isinstance(op, ClassOp)]
        return [*classes, *(op for op in result if isinstance(op, func.FuncOp))]

    def _children_first(self) -> list[TracedModule]:
        order: list[TracedModule] = []
        seen: set[int] = set()
        pending = [(self._table.root, False)]
        while pending:
            traced, done = pending.pop()
            if done:
                order.append(traced)
            elif id(traced) not in seen:
                seen.add(id(traced))
                pending.append((traced, True))
                children = [] if traced.module is None else traced.module._modules.values()
                below = [self._table.find(c) for c in children if c is not None]
                pending += [(b, False) for b in reversed(below) if b is not None]
        return order

    def _add(self, traced: TracedModule) -> list[ClassOp | func.FuncOp]:
        functions: dict[str, Scope] = {}
        for scope in traced.functions:
            self._rename(scope.function)
            text = print_module(scope.function).replace(scope.symbol, "$function").replace(traced.symbol, "$class")
            same = functions.setdefault(f"{scope.method}: {text}", scope)
            if same is not scope:
                self._renamed[scope.symbol] = same.symbol
        members = [(name, self._type(m.type), m.role, m.value) for name, m in traced.members.items()]
        key = (type(traced.module), tuple(members), tuple(functions))
        symbols = [traced.symbol, *(s.symbol for s in functions.values())]
        known = self._known.get(key)
        if known is not None:
            self._renamed |= dict(zip(symbols, known, strict=True))
            self._follow(traced)
            return []
        name = self._unique(self._names[traced.symbol])
        final = [name, *(self._unique(f"{name}.{scope.method}") for scope in functions.values())]
        self._known[key] = final
        self._renamed |= dict(zip(symbols, final, strict=True))
        self._follow(traced)
        body: list[AttributeOp | MethodOp] = [AttributeOp(n, kind, role, value) for n, kind, role, value in members]
        for symbol in final[1:]:
            body.append(MethodOp(symbol[len(name) + 1 :], symbol, exported=traced is self._table.root))
        for symbol, scope in zip(final[1:], functions.values(), strict=True):
            self._rename(scope.function)
            scope.function.sym_name = StringAttr(symbol)
        return [*(s.function for s in reversed(functions.values())), ClassOp(name, "module", body)]

    def _follow(self, traced: TracedModule) -> None:
        """Functions that were found equal to another of the same module get that one's final name."""
        for scope in traced.functions:
            symbol = self._renamed[scope.symbol]
            self._renamed[scope.symbol] = self._renamed.get(symbol, symbol)

    def _unique(self, name: str) -> str:
        candidate, number = name, 0
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._taken.add(candidate)
        return candidate

    def _type(self, kind: Attribute) -> Attribute:
        if isinstance(kind, ts.ClassType):
            return ts.ClassType(self._renamed.get(kind.symbol.string_value(), kind.symbol.string_value()))
        return kind

    def _rename(self, function: func.FuncOp) -> None:
        """Puts final names, as far as they are known, into a function."""
        block = function.body.block
        self._retype(block.args)
        for op in block.ops:
            self._retype(op.results)
            if isinstance(op, func.CallOp):
                callee = op.callee.string_value()
                op.callee = SymbolRefAttr(self._renamed.get(callee, callee))
        function.update_function_type()

    def _retype(self, values: Sequence[SSAValue]) -> None:
        for value in list(values):
            if isinstance(value.type, ts.ClassType) and (kind := self._type(value.type)) != value.type:
                Rewriter.replace_value_with_new_type(value, kind)
