"""`ts-flatten`: tuples, references and lists of known length become the tensors and numbers in them.

What a value is made of is a `Tree`: a leaf is an SSA value of a builtin type, a node a tuple, list or dict. Nothing here knows of
`linalg_ext`; what stays of the `ts` dialect is refused by `host_operations.py`, which says where it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from xdsl.context import Context
from xdsl.dialects import arith, cf, func, scf, tensor
from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    ComplexType,
    DictionaryAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.dialects.complex import ConstantOp as ComplexConstantOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.locations import location_of
from tsir.dialects.ts import structure as ts
from tsir.dialects.ts import types as kinds
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.types import dtype_of, linalg_element_type
from tsir.errors import PassError
from tsir.lowering.upstream.host_operations import refuse_host_operations
from tsir.lowering.upstream.number_tensors import from_numbers
from tsir.ops import python
from tsir.passes.constants import UNKNOWN, constant_of
from tsir.passes.freeze import argument_attributes
from tsir.passes.scalar_classes import is_wide_scalar, replace_by_number
from tsir.passes.structure import functions, walk

IDENTIFIER = "ml_program.identifier"
"""The attribute of arguments and results that holds their name: the path of a weight, the key in a dict."""


@dataclass(eq=False)
class Node:
    """A tuple, list or dict: its parts, the keys of a dict's or named tuple's, and the block that may still change it."""

    children: list[Tree] = field(default_factory=list["Tree"])
    keys: list[Any] | None = None
    block: Block | None = None


@dataclass(eq=False)
class Missing:
    """A value that is never read (`ts.uninitialized`), or that no builtin value stands for: made when a type is known."""


Tree: TypeAlias = SSAValue | Node | Missing


class _NoTypeError(PassError):
    """Branches or loops hand on a value that no builtin type stands for."""


@dataclass(frozen=True)
class FlattenPass(ModulePass):
    """Replaces tuples, and other structures of known extent, by their parts, and references by values.

        func.func @f(%x : tensor<2xf32>) -> !ts.tuple<!ts.tensor<2xf32>, i64> {
          %0 = ts.to_reference %x : tensor<2xf32> -> !ts.tensor<2xf32>
          %1 = ts.tuple %0, %n : (!ts.tensor<2xf32>, i64) -> !ts.tuple<!ts.tensor<2xf32>, i64>
          func.return %1 : !ts.tuple<!ts.tensor<2xf32>, i64>

    becomes

        func.func @f(%x : tensor<2xf32>) -> (tensor<2xf32>, i64) {
          func.return %x, %n : tensor<2xf32>, i64

    through control flow and calls too. None has no parts; a dict with constant keys gives its values in order, and the results'
    `ml_program.identifier` are the keys. `ts.raise` becomes `cf.assert`. Run it after `lower-ts-to-linalg`. Operations that run on
    the host make it fail, with the name and the line of each.
    """

    name = "ts-flatten"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions(op):
            _refuse_unknown(function)
            for made in tuple(walk(function)):
                if is_wide_scalar(made):  # MLIR's numbers are of no class
                    replace_by_number(made)
            try:
                _Flattening(function).run()
            except _NoTypeError:
                refuse_host_operations(op, ("ts",))  # what gives the value whose type isn't known is among them
                raise
        refuse_host_operations(op, ("ts",))


def _refuse_unknown(function: func.FuncOp) -> None:
    """Raises PassError for an argument that is some tensor: then hardly anything can be said of what the function does."""
    for i, argument in enumerate(function.body.block.args):
        kind = argument.type
        if isinstance(kind, kinds.TensorType) and not kind.is_ranked and argument.first_use is not None:
            place = location_of(function)
            raise PassError(
                f"nothing is known of the tensor {argument.name_hint or f'argument {i}'!r} of @{function.sym_name.data}",
                location=place[0] if place else None,
                hint='give the types of the arguments, for example --arg-types="tensor<1x10xf32>"',
            )


def flat_types(kind: Attribute) -> list[Attribute] | None:
    """The builtin types of the parts of a value of this type; None when the type doesn't tell."""
    match kind:
        case TensorType():
            return [_signless(kind)]
        case IntegerType() | IndexType() | ComplexType():
            return [kind]
        case kinds.TensorType() if kind.is_ranked and kind.dtype is not None:
            return [_signless(kind.to_builtin())]
        case kinds.TupleType() | kinds.NamedTupleType():
            parts = [flat_types(e) for e in kind.elements.data]
            if any(p is None for p in parts):
                return None
            return [t for p in parts for t in p or []]
        case _ if kind == kinds.NONE:
            return []
        case Float64Type() | Float32Type() | Float16Type() | BFloat16Type():
            return [kind]
        case _:
            return None


def _signless(kind: TensorType[Attribute]) -> TensorType[Attribute]:
    dtype = dtype_of(kind.get_element_type())
    element = kind.get_element_type() if dtype is None else linalg_element_type(dtype)
    return TensorType(element, kind.get_shape())


def _is_ts(kind: Attribute) -> bool:
    """Whether a type isn't builtin already."""
    return flat_types(kind) != [kind]


class _Flattening:
    def __init__(self, function: func.FuncOp) -> None:
        self.function = function
        self.trees: dict[SSAValue, Tree] = {}
        self.done: list[Operation] = []
        """What is to be erased when nothing uses it any more."""
        self.replaced: list[BlockArgument] = []
        """Arguments of functions and loops that their parts replace; they go when nothing uses them any more."""
        self.attributes: list[DictionaryAttr] = []
        """The attributes of the function's arguments."""

    def run(self) -> None:
        """Rewrites the function in place."""
        self._arguments()
        self._block(self.function.body.block)
        for op in reversed(self.done):
            block = op.parent_block()
            if block is not None and not any(True for r in op.results for _ in r.uses):
                block.erase_op(op)
        self._drop_arguments()

    # Arguments

    def _arguments(self) -> None:
        block = self.function.body.block
        attributes = argument_attributes(self.function)
        kept: list[DictionaryAttr] = []
        for i, argument in enumerate(list(block.args)):
            attrs = attributes[i] if i < len(attributes) else DictionaryAttr({})
            types = flat_types(argument.type)
            if types is None or types == [argument.type]:
                kept.append(attrs)
                continue
            made = self._block_arguments(argument.type, types, block, argument)
            kept += [attrs] * len(types) if len(types) == 1 else [DictionaryAttr({})] * len(types)
            self.trees[argument] = made
            self.replaced.append(argument)
            kept.append(DictionaryAttr({}))
        self.attributes = kept

    def _block_arguments(self, kind: Attribute, types: Sequence[Attribute], block: Block, old: BlockArgument) -> Tree:
        """New arguments before `old`, which they replace."""
        made: list[SSAValue] = []
        for t in types:
            new = block.insert_arg(t, old.index)
            if old.name_hint:
                new.name_hint = old.name_hint
            made.append(new)
        return _tree_of(kind, iter(made))

    def _drop_arguments(self) -> None:
        """Drops arguments without uses whose type isn't builtin (the object, None), and sets the function's type."""
        block = self.function.body.block
        attributes = list(self.attributes)
        for i in reversed(range(len(block.args))):
            argument = block.args[i]
            if argument.first_use is None and (argument in self.replaced or _is_ts(argument.type)):
                block.erase_arg(argument)
                del attributes[i]
        returned = block.last_op
        assert isinstance(returned, func.ReturnOp)
        self.function.properties["function_type"] = FunctionType.from_lists(
            [a.type for a in block.args], [v.type for v in returned.operands]
        )
        self.function.properties["arg_attrs"] = ArrayAttr(attributes)

    # Blocks

    def _block(self, block: Block) -> None:
        for op in list(block.ops):
            self._operation(op)

    def _operation(self, op: Operation) -> None:
        match op:
            case ts.ToReferenceOp() | ts.ToValueOp() | ts.CastOp():
                self._pass_through(op)
            case ts.TupleOp() | ts.ListOp():
                keys = (
                    [f.data for f in op.result.type.fields.data]
                    if isinstance(op.result.type, kinds.NamedTupleType)
                    else None
                )
                block = op.parent_block() if isinstance(op, ts.ListOp) else None
                self._define(op, Node([self.tree(e) for e in op.elements], keys, block))
            case ts.DictOp():
                self._dict(op)
            case ts.ConstantOp() if op.result.type == kinds.NONE:
                self._define(op, Node())
            case ts.ConstantOp():
                self.done.append(op)
            case ts.UninitializedOp():
                self._define(op, Missing())
            case ts.TupleGetOp():
                node = self.tree(op.tuple)
                if isinstance(node, Node) and op.index.value.data < len(node.children):
                    self._define(op, node.children[op.index.value.data])
            case ts.UnpackOp():
                node = self.tree(op.value)
                if isinstance(node, Node) and len(node.children) == len(op.elements):
                    for result, child in zip(op.elements, node.children, strict=True):
                        self._set(result, child)
                    self.done.append(op)
            case ts.RaiseOp():
                self._raise(op)
            case PyOp():
                self._py(op)
            case AtenOp() if op.SCHEMA.key in ("tensor", "as_tensor"):
                self._numbers(op)
            case scf.IfOp():
                self._if(op)
            case scf.ForOp():
                self._for(op)
            case scf.WhileOp():
                self._while(op)
            case func.CallOp():
                self._call(op)
            case func.ReturnOp():
                self._return(op)
            case _:
                for region in op.regions:
                    for block in region.blocks:
                        self._block(block)

    def _define(self, op: Operation, tree: Tree) -> None:
        self._set(op.results[0], tree)
        self.done.append(op)

    def _set(self, value: SSAValue, tree: Tree) -> None:
        """Says what a value is made of. A builtin value with uses is replaced at once."""
        self.trees[value] = tree
        if _is_ts(value.type):
            return
        leaf = self._leaf(tree, value.type, value)
        if leaf is not None and leaf is not value:
            if leaf.name_hint is None:
                leaf.name_hint = value.name_hint
            value.replace_all_uses_with(leaf)

    def tree(self, value: SSAValue) -> Tree:
        """What a value is made of."""
        found = self.trees.get(value)
        if found is None:
            found = value if not _is_ts(value.type) else Missing()
        return found

    def _leaf(self, tree: Tree, kind: Attribute, near: SSAValue) -> SSAValue | None:
        """The tree, a leaf, as a value of a builtin type; new operations go before the one that gives `near`."""
        owner = near.owner
        assert isinstance(owner, Operation)
        return self._typed(tree, kind, owner)

    def _typed(self, tree: Tree, kind: Attribute, before: Operation) -> SSAValue | None:
        if isinstance(tree, Node):
            return None
        block = before.parent_block()
        assert block is not None
        if isinstance(tree, Missing):
            ops = _default(kind)
        elif tree.type == kind:
            return tree
        elif isinstance(tree.type, TensorType) and isinstance(kind, TensorType):
            ops = [tensor.CastOp(tree, kind)]
        else:
            ops = [ts.CastOp(tree, kind)]
        for op in ops:
            op.location = before.location
            block.insert_op_before(op, before)
        return ops[-1].results[0]

    def _flat(self, tree: Tree, types: Sequence[Attribute] | None, before: Operation) -> list[SSAValue]:
        """The leaves of a tree, as values of these types."""
        if isinstance(tree, Missing) and types is not None:
            return [v for t in types if (v := self._typed(tree, t, before)) is not None]
        leaves = _leaves(tree)
        if types is None or len(types) != len(leaves):
            types = [v.type if isinstance(v, SSAValue) else kinds.NONE for v in leaves]
        return [v for leaf, t in zip(leaves, types, strict=True) if (v := self._typed(leaf, t, before)) is not None]

    # Structures

    def _pass_through(self, op: Operation) -> None:
        source, result = op.operands[0], op.results[0]
        tree = self.tree(source)
        if isinstance(tree, Missing) and source not in self.trees:
            return  # an operation on the host gives it
        if isinstance(op, ts.CastOp) and not _is_ts(source.type) and not _is_ts(result.type) and source.type != result.type:
            return
        self._set(result, tree)
        self.done.append(op)

    def _dict(self, op: ts.DictOp) -> None:
        keys = [constant_of(k) for k in op.items[::2]]
        if any(k is UNKNOWN for k in keys):
            return
        node = Node([], [], op.parent_block())
        for key, value in zip(keys, op.items[1::2], strict=True):
            _set_item(node, key, self.tree(value))
        self._define(op, node)

    def _raise(self, op: ts.RaiseOp) -> None:
        texts = [constant_of(a) for a in op.arguments]
        message = ": ".join([op.exception.data, *(str(t) for t in texts if t is not UNKNOWN)])
        never = arith.ConstantOp(IntegerAttr(0, IntegerType(1)))
        made = cf.AssertOp(never.result, StringAttr(message))
        block = op.parent_block()
        assert block is not None
        for new in (never, made):
            new.location = op.location
            block.insert_op_before(new, op)
        self.done += [*_only_for(op), op]

    def _py(self, op: PyOp) -> None:
        node = self.trees.get(op.operands[0]) if op.operands else None
        if not isinstance(node, Node):
            return
        own = node.block is op.parent_block()
        match op.FUNCTION:
            case "list_append" if own and node.keys is None:
                node.children.append(self.tree(op.operands[1]))
                self.done.append(op)
            case "setitem" if own and node.keys is not None and (key := constant_of(op.operands[1])) is not UNKNOWN:
                _set_item(node, key, self.tree(op.operands[2]))
                self.done.append(op)
            case "getitem" if (key := constant_of(op.operands[1])) is not UNKNOWN:
                if node.keys is not None and not isinstance(key, int):
                    if key in node.keys:
                        self._define(op, node.children[node.keys.index(key)])
                elif -len(node.children) <= key < len(node.children):
                    self._define(op, node.children[key])
            case "getslice" if node.keys is None and UNKNOWN not in (key := [constant_of(o) for o in op.operands[1:]]):
                self._define(op, Node(node.children[slice(*key)], None, op.parent_block()))
            case "eq" | "ne" if (equal := self._equal(node, self.trees.get(op.operands[1]), op)) is not None:
                self._define(op, equal)
            case "len":
                count = arith.ConstantOp(IntegerAttr(len(node.children), 64))
                count.location = op.location
                block = op.parent_block()
                assert block is not None
                block.insert_op_before(count, op)
                self._define(op, count.result)
            case _:
                pass

    def _equal(self, a: Node, b: Tree | None, op: PyOp) -> SSAValue | None:
        """Whether two lists of integers are equal (or aren't, for `ne`); None where that can't be said."""
        if not isinstance(b, Node) or a.keys is not None or b.keys is not None:
            return None
        pairs = list(zip(a.children, b.children, strict=False))
        made: list[Operation] = [arith.ConstantOp(IntegerAttr(len(a.children) == len(b.children), 1))]
        for x, y in pairs if len(a.children) == len(b.children) else ():
            if (
                not isinstance(x, SSAValue)
                or not isinstance(y, SSAValue)
                or x.type != y.type
                or not isinstance(x.type, IntegerType)
            ):
                return None
            same = arith.CmpiOp(x, y, "eq")
            made += [same, arith.AndIOp(made[-1].results[0], same.result)]
        if op.FUNCTION == "ne":
            true = arith.ConstantOp(IntegerAttr(1, 1))
            made[-1:] = [true, made[-1], arith.XOrIOp(made[-1].results[0], true.result)]
        block = op.parent_block()
        assert block is not None
        for new in made:
            new.location = op.location
            block.insert_op_before(new, op)
        return made[-1].results[0]

    def _numbers(self, op: AtenOp) -> None:
        """A new tensor of nested lists of numbers."""
        node, kind = self.tree(op.operands[0]), op.results[0].type
        if not isinstance(node, Node) or not isinstance(kind, kinds.TensorType) or not kind.is_ranked:
            return
        numbers = [leaf for leaf in _leaves(node) if isinstance(leaf, SSAValue)]
        if kind.dims is None or None in kind.dims or len(numbers) != math.prod(d for d in kind.dims if d is not None):
            return
        made = from_numbers(numbers, _signless(kind.to_builtin()), op)
        if made is not None:
            self._define(op, made)

    # Control flow

    def _if(self, op: scf.IfOp) -> None:
        blocks = [r.block for r in (op.true_region, op.false_region) if r.blocks]
        for block in blocks:
            self._block(block)
        if not op.results:
            return
        last = [_terminator(b) for b in blocks]
        trees = [[self.tree(v) for v in t.operands] for t in last]
        types, shapes = self._common([r.type for r in op.results], trees, last[0])
        self._yield(last[0], trees[0], types)
        self._yield(last[1], trees[1], types)
        if [t for part in types for t in part] == [r.type for r in op.results]:
            return
        regions = [op.detach_region(r) for r in list(op.regions)]
        made = scf.IfOp(op.cond, [t for part in types for t in part], regions[0], regions[1])
        self._replace(op, made, shapes)

    def _common(
        self, declared: Sequence[Attribute], trees: Sequence[Sequence[Tree]], at: Operation
    ) -> tuple[list[list[Attribute]], list[Tree | Attribute]]:
        """The flat types of values that come from several places, and what tells how they are put together again."""
        types: list[list[Attribute]] = []
        shapes: list[Tree | Attribute] = []
        for i, kind in enumerate(declared):
            flat = flat_types(kind)
            shape: Tree | Attribute = kind
            if flat is None:
                known = next((t[i] for t in trees if not isinstance(t[i], Missing)), None)
                if known is None:
                    where = location_of(at)
                    raise _NoTypeError(
                        f"a value of type {kind} is carried by {at.name}, and no builtin type stands for it",
                        location=where[0] if where else None,
                        hint="what MLIR's dialects can't say runs on the host: see explain()",
                    )
                shape = known
                flat = [v.type for v in _leaves(known) if isinstance(v, SSAValue)]
                for t in trees:
                    _freeze(t[i])
            types.append(flat)
            shapes.append(shape)
        return types, shapes

    def _yield(
        self, terminator: Operation, trees: Sequence[Tree], types: Sequence[Sequence[Attribute]], first: int = 0
    ) -> None:
        """Makes a terminator give the parts."""
        flat = [v for t, part in zip(trees, types, strict=True) for v in self._flat(t, part, terminator)]
        terminator.operands = [*terminator.operands[:first], *flat]

    def _replace(self, old: Operation, new: Operation, shapes: Sequence[Tree | Attribute]) -> None:
        block = old.parent_block()
        assert block is not None
        new.location = old.location
        new.attributes.update(old.attributes)
        block.insert_op_before(new, old)
        self._rebuild(old.results, new.results, shapes)
        self.done.append(old)

    def _rebuild(self, old: Sequence[SSAValue], new: Sequence[SSAValue], shapes: Sequence[Tree | Attribute]) -> None:
        """Says what the old values are made of: of the new ones, in order."""
        values = iter(new)
        for value, shape in zip(old, shapes, strict=True):
            made = _tree_of(shape, values) if isinstance(shape, Attribute) else _like(shape, values)
            for leaf in _leaves(made):
                if isinstance(leaf, SSAValue) and leaf.name_hint is None:
                    leaf.name_hint = value.name_hint
            self.trees[value] = made
            if not _is_ts(value.type) and isinstance(made, SSAValue):
                value.replace_all_uses_with(made)

    def _carried(
        self, block: Block, first: int, types: Sequence[Sequence[Attribute]], shapes: Sequence[Tree | Attribute]
    ) -> None:
        """Gives a loop's block arguments of the parts' types in place of those from `first` on."""
        old = list(block.args[first:])
        new = [block.insert_arg(t, len(block.args)) for part in types for t in part]
        self._rebuild(old, new, shapes)
        for argument in reversed(old):
            if argument.first_use is not None:
                self.replaced.append(argument)
            else:
                block.erase_arg(argument)

    def _for(self, op: scf.ForOp) -> None:
        block = op.body.block
        inits = [self.tree(v) for v in op.iter_args]
        types, shapes = self._common([r.type for r in op.results], [inits], op)
        if [t for part in types for t in part] == [r.type for r in op.results]:
            self._block(block)
            last = _terminator(block)
            self._yield(last, [self.tree(v) for v in last.operands], types)
            return
        self._carried(block, 1, types, shapes)
        self._block(block)
        last = _terminator(block)
        self._yield(last, [self.tree(v) for v in last.operands], types)
        self._sweep(block)
        flat = [v for t, part in zip(inits, types, strict=True) for v in self._flat(t, part, op)]
        made = scf.ForOp(op.lb, op.ub, op.step, flat, op.detach_region(op.body))
        self._replace(op, made, shapes)

    def _while(self, op: scf.WhileOp) -> None:
        before, after = op.before_region.block, op.after_region.block
        inits = [self.tree(v) for v in op.arguments]
        types, shapes = self._common([a.type for a in before.args], [inits], op)
        flat = [v for t, part in zip(inits, types, strict=True) for v in self._flat(t, part, op)]
        self._carried(before, 0, types, shapes)
        self._block(before)
        condition = _terminator(before)
        passed = [self.tree(v) for v in condition.operands[1:]]
        given, result_shapes = self._common([a.type for a in after.args], [passed], condition)
        self._yield(condition, passed, given, first=1)
        self._carried(after, 0, given, result_shapes)
        self._block(after)
        last = _terminator(after)
        self._yield(last, [self.tree(v) for v in last.operands], types)
        self._sweep(before)
        self._sweep(after)
        regions = [op.detach_region(r) for r in list(op.regions)]
        made = scf.WhileOp(flat, [t for part in given for t in part], *regions)
        self._replace(op, made, result_shapes)

    def _sweep(self, block: Block) -> None:
        """Erases what is done in a block, and the block's arguments that only that used."""
        for op in reversed(self.done):
            at = op.parent_block()
            if at is not None and not any(True for r in op.results for _ in r.uses):
                at.erase_op(op)
        self.done = [op for op in self.done if op.parent_block() is not None]
        for argument in list(self.replaced):
            if argument.block is block and argument.first_use is None:
                block.erase_arg(argument)
                self.replaced.remove(argument)

    def _call(self, op: func.CallOp) -> None:
        shapes: list[Tree | Attribute] = [r.type for r in op.results]
        types = [flat_types(r.type) for r in op.results]
        arguments = [(self.tree(v), flat_types(v.type)) for v in op.arguments]
        if any(t is None for t in types) or any(t is None for _, t in arguments):
            return
        flat = [v for tree, part in arguments for v in self._flat(tree, part, op)]
        made = func.CallOp(op.callee, flat, [t for part in types for t in part or []])
        self._replace(op, made, shapes)

    def _return(self, op: func.ReturnOp) -> None:
        flat: list[SSAValue] = []
        attributes: list[DictionaryAttr] = []
        old = list(self.function.res_attrs.data) if self.function.res_attrs is not None else []
        for i, value in enumerate(op.operands):
            tree = self.tree(value)
            if isinstance(tree, Missing) and value not in self.trees:
                flat.append(value)
                attributes.append(DictionaryAttr({}))
                continue
            types = flat_types(value.type)
            flat += self._flat(tree, types, op)
            names = _names(tree)
            known = old[i].data if i < len(old) and len(names) == 1 else {}
            attributes += [DictionaryAttr({**known, **({IDENTIFIER: StringAttr(n)} if n else {})}) for n in names]
        op.operands = flat
        if any(a.data for a in attributes):
            self.function.properties["res_attrs"] = ArrayAttr(attributes)
        else:
            self.function.properties.pop("res_attrs", None)


def _only_for(raised: ts.RaiseOp) -> list[Operation]:
    """The operations on Python values that nothing but an exception's message needs, which is said when compiling; in order."""
    found: list[Operation] = []
    work = [v.owner for v in raised.arguments]
    while work:
        op = work.pop()
        known = python.lookup(op.FUNCTION) if isinstance(op, PyOp) else None
        is_value = isinstance(op, ts.ListOp | ts.TupleOp) or (known is not None and not known.mutates)
        if is_value and isinstance(op, Operation) and op not in found:
            found.append(op)
            work += [v.owner for v in op.operands]
    return found[::-1]


def _terminator(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last


def _set_item(node: Node, key: Any, value: Tree) -> None:
    assert node.keys is not None
    if key in node.keys:
        node.children[node.keys.index(key)] = value
    else:
        node.keys.append(key)
        node.children.append(value)


def _leaves(tree: Tree) -> list[SSAValue | Missing]:
    if isinstance(tree, Node):
        return [leaf for child in tree.children for leaf in _leaves(child)]
    return [tree]


def _names(tree: Tree, prefix: str = "") -> list[str]:
    """A name for each leaf: the keys on the way to it; empty where there are none."""
    if not isinstance(tree, Node):
        return [prefix]
    keys = tree.keys if tree.keys is not None else [""] * len(tree.children)
    parts: list[str] = []
    for key, child in zip(keys, tree.children, strict=True):
        parts += _names(child, f"{prefix}.{key}" if prefix and key != "" else f"{prefix}{key}")
    return parts


def _freeze(tree: Tree) -> None:
    """Lists and dicts that go through control flow have two names from then on: they may not change any more."""
    if isinstance(tree, Node):
        tree.block = None
        for child in tree.children:
            _freeze(child)


def _tree_of(kind: Attribute | Tree, values: Any) -> Tree:
    """The tree of a value of this type, its leaves taken from `values`."""
    if isinstance(kind, kinds.TupleType | kinds.NamedTupleType):
        keys = [f.data for f in kind.fields.data] if isinstance(kind, kinds.NamedTupleType) else None
        return Node([_tree_of(e, values) for e in kind.elements.data], keys)
    return Node() if kind == kinds.NONE else next(values)


def _like(tree: Tree, values: Any) -> Tree:
    """A tree of the same form with other leaves."""
    if isinstance(tree, Node):
        return Node([_like(c, values) for c in tree.children], tree.keys)
    return next(values) if isinstance(tree, SSAValue) else tree


def _default(kind: Attribute) -> list[Operation]:
    """Operations that make some value of a type: nothing reads it."""
    match kind:
        case TensorType():
            zero = arith.ConstantOp(IntegerAttr(0, IndexType()))
            dynamic = [zero.result for d in kind.get_shape() if d < 0]
            return [*([zero] if dynamic else []), tensor.EmptyOp(dynamic, kind)]
        case IntegerType() | IndexType():
            return [arith.ConstantOp(IntegerAttr(0, kind))]
        case ComplexType():
            part = FloatAttr(0.0, kind.element_type)  # type: ignore[arg-type]
            return [ComplexConstantOp(ArrayAttr([part, part]), kind)]
        case Float64Type() | Float32Type() | Float16Type() | BFloat16Type():
            return [arith.ConstantOp(FloatAttr(0.0, kind))]
        case _:
            return [ts.UninitializedOp(kind)]
