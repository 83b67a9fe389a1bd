"""How a module can become smaller. Each edit changes a module in place and says whether it could be made.

An edited module may be wrong; whoever makes edits verifies it. Operations are named by their place in the order of `walk`, which is
the same in a clone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    FloatAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.traits import ConstantLike, IsTerminator

from tsir.dialects.traversal import walk
from tsir.dialects.ts.structure import ClassOp

Order: TypeAlias = tuple[Literal["operand", "constant", "argument"], ...]
"""What a removed value is replaced by, the first that there is."""

OPERANDS_FIRST: Order = ("operand", "constant", "argument")
CONSTANTS_FIRST: Order = ("constant", "argument")
ARGUMENTS_FIRST: Order = ("argument", "operand", "constant")


def is_constant(op: Operation) -> bool:
    """Whether an operation only gives a value that it has."""
    return op.has_trait(ConstantLike) or op.name == "ts.constant"


def symbols(module: ModuleOp) -> list[Operation]:
    """What stands directly in a module: functions, classes and the rest."""
    return list(module.body.block.ops)


def removable(module: ModuleOp) -> list[Operation]:
    """The operations that can be removed one by one: all within functions and classes that don't end a block."""
    return [op for op in walk(module) if op.parent_op() not in (None, module) and not op.has_trait(IsTerminator)]


def remove_symbols(module: ModuleOp, indices: Iterable[int]) -> bool:
    """Removes functions and classes."""
    _remove([op for i, op in enumerate(symbols(module)) if i in set(indices)])
    return True


def remove_operations(module: ModuleOp, indices: Iterable[int], order: Order) -> bool:
    """Removes operations; other values take the place of theirs. False where there is none for one."""
    chosen = set(indices)
    called = references(module)
    for op in [op for i, op in enumerate(removable(module)) if i in chosen]:
        if op.parent is None:
            continue
        for result in op.results:
            if result.first_use is not None and not _replace(result, op, order, called):
                return False
        _remove([op])
    return True


def _replace(value: SSAValue, op: Operation, order: Order, called: frozenset[str]) -> bool:
    """Replaces a value, defined by `op`, by another of its type."""
    for kind in order:
        if kind == "operand":
            found = next((o for o in op.operands if o.type == value.type), None)
        elif kind == "constant":
            found = None if is_constant(op) else _constant(value.type, op)
        else:
            found = _new_argument(value.type, op, called)
        if found is not None:
            value.replace_all_uses_with(found)
            return True
    return False


def _constant(kind: Attribute, before: Operation) -> SSAValue | None:
    """A zero of a type, in front of an operation."""
    block = before.parent
    attribute = _zero(kind)
    if attribute is None or block is None:
        return None
    made = ConstantOp(attribute)
    block.insert_op_before(made, before)
    return made.result


def _zero(kind: Attribute) -> IntegerAttr[Any] | FloatAttr[Any] | DenseIntOrFPElementsAttr[Any] | None:
    if isinstance(kind, IntegerType | IndexType):
        return IntegerAttr(0, kind)
    if isinstance(kind, AnyFloat):
        return FloatAttr(0.0, kind)
    if isinstance(kind, TensorType) and kind.has_static_shape():
        element = kind.element_type
        if isinstance(element, IntegerType | IndexType):
            return DenseIntOrFPElementsAttr.from_list(kind, [0])
        if isinstance(element, AnyFloat):
            return DenseIntOrFPElementsAttr.from_list(kind, [0.0])
    return None


def _new_argument(kind: Attribute, op: Operation, called: frozenset[str]) -> SSAValue | None:
    """A new last argument of the function around, when nothing refers to that function."""
    function = _function_around(op)
    if function is None or function.sym_name.data in called:
        return None
    block = function.body.blocks[0]
    argument = block.insert_arg(kind, len(block.args))
    if function.arg_attrs is not None:
        function.properties["arg_attrs"] = ArrayAttr([*function.arg_attrs.data, DictionaryAttr({})])
    _update_type(function)
    return argument


def _function_around(op: Operation) -> FuncOp | None:
    around = op.parent_op()
    while around is not None and not isinstance(around, FuncOp):
        around = around.parent_op()
    return around


def _update_type(function: FuncOp, results: Sequence[Attribute] | None = None) -> None:
    inputs = [a.type for a in function.body.blocks[0].args]
    outputs = function.function_type.outputs.data if results is None else results
    function.properties["function_type"] = FunctionType.from_lists(inputs, list(outputs))


def _remove(ops: Sequence[Operation]) -> None:
    for op in ops:
        op.detach()
        op.erase(safe_erase=False)


def references(module: ModuleOp) -> frozenset[str]:
    """The symbols that operations of a module name."""
    found: set[str] = set()
    for op in walk(module):
        pending: list[Attribute] = [*op.properties.values(), *op.attributes.values()]
        while pending:
            attribute = pending.pop()
            if isinstance(attribute, SymbolRefAttr):
                found.add(attribute.root_reference.data)
            elif isinstance(attribute, ArrayAttr | DictionaryAttr):
                pending += attribute.data.values() if isinstance(attribute, DictionaryAttr) else attribute.data
    return frozenset(found)


def with_regions(module: ModuleOp) -> list[tuple[int, int]]:
    """The regions that can take the place of their operation: `(place of the operation, place of the region)`."""
    return [
        (i, r)
        for i, op in enumerate(removable(module))
        if not isinstance(op, FuncOp | ClassOp)
        for r, region in enumerate(op.regions)
        if len(region.blocks) == 1
    ]


def inline_region(module: ModuleOp, place: tuple[int, int]) -> bool:
    """Puts what is in a region in place of its operation: arguments become values of their type, results what it yields."""
    op = removable(module)[place[0]]
    region, parent = op.regions[place[1]], op.parent
    if parent is None or len(region.blocks) != 1:
        return False
    block, called = region.blocks[0], references(module)
    for argument in list(block.args):
        if argument.first_use is not None and not _replace(argument, op, OPERANDS_FIRST, called):
            return False
    last = block.last_op
    yielded = list(last.operands) if last is not None and last.has_trait(IsTerminator) else []
    for inner in list(block.ops):
        if inner is not last or not inner.has_trait(IsTerminator):
            inner.detach()
            parent.insert_op_before(inner, op)
    for result in op.results:
        if result.first_use is None:
            continue
        found = next((y for y in yielded if y.type == result.type), None)
        if found is not None:
            result.replace_all_uses_with(found)
        elif not _replace(result, op, OPERANDS_FIRST, called):
            return False
    _remove([op])
    return True


def bodies(module: ModuleOp) -> list[FuncOp]:
    """The functions that have bodies."""
    return [op for op in symbols(module) if isinstance(op, FuncOp) and op.body.blocks]


def remove_bodies(module: ModuleOp, indices: Iterable[int]) -> bool:
    """Makes functions declarations."""
    chosen = set(indices)
    for function in [f for i, f in enumerate(bodies(module)) if i in chosen]:
        function.detach_region(function.body)
        function.add_region(Region())
        function.properties["sym_visibility"] = StringAttr("private")
    return True


def arguments(module: ModuleOp) -> list[tuple[FuncOp, int]]:
    """The arguments of functions that nothing uses, where nothing refers to the function; the last ones first."""
    called = references(module)
    return [
        (f, i)
        for f in bodies(module)
        if f.sym_name.data not in called
        for i in reversed(range(len(f.body.blocks[0].args)))
        if f.body.blocks[0].args[i].first_use is None
    ]


def remove_arguments(module: ModuleOp, indices: Iterable[int]) -> bool:
    """Removes unused arguments of functions."""
    chosen = set(indices)
    for function, i in [a for k, a in enumerate(arguments(module)) if k in chosen]:
        block = function.body.blocks[0]
        block.erase_arg(block.args[i])
        if function.arg_attrs is not None:
            function.properties["arg_attrs"] = ArrayAttr([a for k, a in enumerate(function.arg_attrs.data) if k != i])
        _update_type(function)
    return True


def results(module: ModuleOp) -> list[tuple[FuncOp, int]]:
    """The results of functions that nothing refers to, the last ones first."""
    called = references(module)
    return [
        (f, i)
        for f in bodies(module)
        if f.sym_name.data not in called
        for i in reversed(range(len(f.function_type.outputs.data)))
    ]


def remove_results(module: ModuleOp, indices: Iterable[int]) -> bool:
    """Removes results of functions."""
    chosen = set(indices)
    for function, i in [r for k, r in enumerate(results(module)) if k in chosen]:
        for op in _returns(function):
            op.operands = [o for k, o in enumerate(op.operands) if k != i]
        if function.res_attrs is not None:
            kept = [a for k, a in enumerate(function.res_attrs.data) if k != i]
            function.properties["res_attrs"] = ArrayAttr(kept)
        _update_type(function, [t for k, t in enumerate(function.function_type.outputs.data) if k != i])
    return True


def _returns(function: FuncOp) -> Iterator[ReturnOp]:
    return (op for block in function.body.blocks for op in block.ops if isinstance(op, ReturnOp))


def return_values(module: ModuleOp, function: int) -> list[int]:
    """The operations of a function's block whose value it could return at once, instead of what comes later, by their places.

    Only of functions of one block and result that nothing refers to.
    """
    found = bodies(module)
    if function >= len(found) or found[function].sym_name.data in references(module):
        return []
    chosen = found[function]
    if len(chosen.body.blocks) != 1 or len(chosen.function_type.outputs.data) != 1:
        return []
    ops = list(chosen.body.blocks[0].ops)
    return [i for i, op in enumerate(ops[:-2]) if len(op.results) == 1]


def return_early(module: ModuleOp, index: int, place: int) -> bool:
    """Makes a function end with the value of one of its operations."""
    function = bodies(module)[index]
    ops = list(function.body.blocks[0].ops)
    chosen, last = ops[place], ops[-1]
    if not isinstance(last, ReturnOp):
        return False
    last.operands = list(chosen.results)
    _remove(ops[-2:place:-1])
    _update_type(function, [chosen.results[0].type])
    return True


def attributes(module: ModuleOp) -> list[tuple[Operation, str]]:
    """The attributes that operations have beside their properties."""
    return [(op, name) for op in walk(module) for name in op.attributes]


def remove_attributes(module: ModuleOp, indices: Iterable[int]) -> bool:
    """Removes attributes."""
    chosen = set(indices)
    for op, name in [a for i, a in enumerate(attributes(module)) if i in chosen]:
        del op.attributes[name]
    return True


def constants(module: ModuleOp) -> list[Operation]:
    """The constants of `arith` that aren't zero."""
    return [op for op in walk(module) if isinstance(op, ConstantOp) and op.value != _zero(op.result.type)]


def zero_constants(module: ModuleOp, indices: Iterable[int]) -> bool:
    """Makes constants zeros. False when there are no zeros of a type."""
    chosen = set(indices)
    for op in [c for i, c in enumerate(constants(module)) if i in chosen]:
        zero = _zero(op.results[0].type)
        if zero is None:
            return False
        op.properties["value"] = zero
    return True
