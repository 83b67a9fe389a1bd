"""How a program hangs together: walking nested operations without recursion, functions by name, who calls whom, what is reachable.

Nothing here changes IR.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.traits import SymbolOpInterface

from tsir.dialects.ts.structure import CallMethodOp, ClassOp, MethodOp
from tsir.dialects.ts.types import ClassType
from tsir.errors import PassError


def walk(root: Operation) -> Iterator[Operation]:
    """All operations below `root`, in program order, each before those nested in it; `root` itself is not among them.

    The current operation may be erased or replaced while iterating, later ones not.
    """
    stack: list[Operation] = []

    def push(op: Operation) -> None:
        for region in reversed(op.regions):
            for block in reversed(tuple(region.blocks)):
                stack.extend(reversed(tuple(block.ops)))

    push(root)
    while stack:
        op = stack.pop()
        push(op)
        yield op


def walk_blocks(root: Operation) -> Iterator[Block]:
    """All blocks below `root`, an outer one before those nested in it."""
    stack = [block for region in reversed(root.regions) for block in reversed(tuple(region.blocks))]
    while stack:
        block = stack.pop()
        yield block
        for op in reversed(tuple(block.ops)):
            for region in reversed(op.regions):
                stack.extend(reversed(tuple(region.blocks)))


def functions(module: ModuleOp) -> list[FuncOp]:
    """The module's functions that have a body, in order."""
    return [op for op in module.body.block.ops if isinstance(op, FuncOp) and not op.is_declaration]


def find_function(module: ModuleOp, symbol: str) -> FuncOp:
    """The function `@symbol`. Raises `PassError` that names the functions there are."""
    for op in module.body.block.ops:
        if isinstance(op, FuncOp) and op.sym_name.data == symbol and not op.is_declaration:
            return op
    known = ", ".join("@" + f.sym_name.data for f in functions(module)) or "none"
    raise PassError(f"there is no function @{symbol} with a body in this module", hint=f"its functions: {known}")


def methods(module: ModuleOp) -> dict[tuple[str, str], str]:
    """The symbol of the function behind each method, by class and method name."""
    return {
        (declared.sym_name.data, member.method_name.data): member.callee.root_reference.data
        for declared in module.body.block.ops
        if isinstance(declared, ClassOp)
        for member in declared.body.block.ops
        if isinstance(member, MethodOp)
    }


def is_public(function: FuncOp) -> bool:
    """Whether a function may be called from outside its module."""
    return function.sym_visibility is None or function.sym_visibility.data == "public"


def callee_name(call: CallOp) -> str:
    """The symbol that a `func.call` calls."""
    return call.callee.string_value()


@dataclass
class Uses:
    """What the body of one top-level operation refers to."""

    symbols: dict[str, None] = field(default_factory=dict[str, None])
    """Functions and classes by name, in first-seen order."""
    methods: set[str] = field(default_factory=set[str])
    """Names of methods that are called by name (`ts.call_method`)."""
    calls: dict[str, None] = field(default_factory=dict[str, None])
    """Functions that are called by `func.call`."""


def uses_of(top: Operation) -> Uses:
    """What one function or class refers to. A type that names a class counts as a reference to it."""
    uses = Uses()
    types: set[Attribute] = set()
    for op in (top, *walk(top)):
        if isinstance(op, CallOp):
            uses.calls[callee_name(op)] = None
            uses.symbols[callee_name(op)] = None
        elif isinstance(op, CallMethodOp):
            uses.methods.add(op.method_name.data)
        elif isinstance(op, MethodOp):
            continue  # a method is kept alive by who calls it, not by its class
        types.update(r.type for r in op.results)
        if isinstance(op, FuncOp):
            types.update(op.function_type.inputs.data)
            types.update(op.function_type.outputs.data)
        for attribute in (*op.properties.values(), *op.attributes.values()):
            types.add(attribute)
    for name in _symbols_in(types):
        uses.symbols[name] = None
    return uses


def _symbols_in(attributes: Iterable[Attribute]) -> Iterator[str]:
    stack = list(attributes)
    seen: set[Attribute] = set(stack)
    while stack:
        attribute = stack.pop()
        if isinstance(attribute, ClassType):
            yield attribute.symbol.string_value()
        elif isinstance(attribute, SymbolRefAttr):
            yield attribute.string_value()
        else:
            parameters = getattr(attribute, "parameters", None) or getattr(attribute, "data", ())
            if isinstance(parameters, dict):
                parameters = tuple(parameters.values())
            if isinstance(parameters, tuple):
                new = [p for p in parameters if isinstance(p, Attribute) and p not in seen]
                seen.update(new)
                stack.extend(new)


def symbol_name(op: Operation) -> str | None:
    """The symbol that a top-level operation defines, or None."""
    if op.get_trait(SymbolOpInterface) is None:
        return None
    name = op.properties.get("sym_name")
    return name.data if isinstance(name, StringAttr) else None


def reachable(module: ModuleOp, roots: Iterable[str]) -> list[Operation]:
    """The top-level operations that the functions `roots` need, in the module's order.

    A method that is called by name is needed in every class that has one of that name, once the class itself is needed; so are
    the special methods (`__len__`, `__eq__`...) of needed classes, which built-in functions may call.
    """
    table = {name: op for op in module.body.block.ops if (name := symbol_name(op)) is not None}
    needed: dict[str, Operation] = {}
    work = list(roots)
    method_names: set[str] = set()
    classes: list[ClassOp] = []
    while work:
        while work:
            name = work.pop()
            op = table.get(name)
            if op is None or name in needed:
                continue
            needed[name] = op
            uses = uses_of(op)
            work.extend(uses.symbols)
            method_names |= uses.methods
            if isinstance(op, ClassOp):
                classes.append(op)
        for cls in classes:
            for member in cls.body.block.ops:
                if isinstance(member, MethodOp) and member.callee.string_value() not in needed:
                    method = member.method_name.data
                    special = method.startswith("__") and method.endswith("__") and method != "__init__"
                    if (special or method in method_names) and member.callee.string_value() in table:
                        work.append(member.callee.string_value())
    return [op for op in module.body.block.ops if symbol_name(op) is None or symbol_name(op) in needed]


def with_declarations(function: FuncOp) -> list[Operation]:
    """A copy of the function, then all that it names: the classes, without methods, and declarations of the functions it calls.

    That is a module which verifies by itself. The function has to be in its module.
    """
    module = function.parent_op()
    assert isinstance(module, ModuleOp)
    table = {name: op for op in module.body.block.ops if (name := symbol_name(op)) is not None}
    copies: dict[str, Operation] = {function.sym_name.data: function.clone()}
    work = deque(uses_of(function).symbols)
    while work:
        name = work.popleft()
        op = table.get(name)
        if op is None or name in copies:
            continue
        if isinstance(op, FuncOp):
            copies[name] = FuncOp(name, op.function_type, Region(), "private")
        else:
            copies[name] = op.clone()
            for member in [m for m in walk(copies[name]) if isinstance(m, MethodOp)]:
                member.detach()
        work.extend(uses_of(copies[name]).symbols)
    return list(copies.values())


def callee_first(module: ModuleOp) -> tuple[list[FuncOp], set[str]]:
    """The functions in an order in which callees come before callers, and the names of those in a cycle of calls."""
    table = {f.sym_name.data: f for f in functions(module)}
    calls = {name: [c for c in uses_of(f).calls if c in table] for name, f in table.items()}
    order: list[FuncOp] = []
    recursive: set[str] = set()
    # Tarjan's strongly connected components, with an explicit stack.
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    component: list[str] = []
    on_stack: set[str] = set()
    for root in table:
        if root in index:
            continue
        work: list[tuple[str, int]] = [(root, 0)]
        while work:
            name, position = work.pop()
            if position == 0:
                index[name] = low[name] = len(index)
                component.append(name)
                on_stack.add(name)
            else:
                low[name] = min(low[name], low[calls[name][position - 1]])
            descended = False
            for i in range(position, len(calls[name])):
                callee = calls[name][i]
                if callee not in index:
                    work.append((name, i + 1))
                    work.append((callee, 0))
                    descended = True
                    break
                if callee in on_stack:
                    low[name] = min(low[name], index[callee])
            if descended or low[name] != index[name]:
                continue
            members: list[str] = []
            while not members or members[-1] != name:
                members.append(component.pop())
                on_stack.discard(members[-1])
            if len(members) > 1 or name in calls[name]:
                recursive.update(members)
            order.extend(table[m] for m in members)
    return order, recursive


def ancestor_in(op: Operation, block: Block) -> Operation:
    """The operation of `block` that an operation is, or is nested in; itself when it is in neither."""
    at = op
    while at.parent_block() is not block:
        parent = at.parent_op()
        if parent is None:
            return op
        at = parent
    return at


class Order:
    """Which operations of a function may run between two others. The function mustn't change while this is used."""

    def __init__(self) -> None:
        self._places: dict[Block, dict[Operation, int]] = {}

    def place(self, op: Operation, block: Block) -> int:
        """The position in a block of an operation of it; -1 for another."""
        found = self._places.get(block)
        if found is None:
            found = self._places[block] = {o: i for i, o in enumerate(block.ops)}
        return found.get(op, -1)

    def comes_between(self, op: Operation, first: Operation, last: Operation) -> bool:
        """Whether `op` may run after `first` and before `last` has finished; `last` is in the block of `first` or nested in it.

        What is outside of the block of `first` doesn't count, for it runs before or after all of that block.
        """
        block = first.parent_block()
        assert block is not None
        own, end = ancestor_in(op, block), ancestor_in(last, block)
        if own is end:
            return own is not last or op is not last
        return self.place(first, block) < self.place(own, block) < self.place(end, block)
