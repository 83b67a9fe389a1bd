"""The recorder: a `TorchFunctionMode` that runs every call of torch's as it is and writes down the `ts` operation for it.

Which calls mean which operator is in `torch_names.py` and `overloads.py`; here is what a trace adds: which SSA value each tensor
and number of the running program stands for, and what can't be recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import _tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from xdsl.dialects import func as func_dialect
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.schema import Schema, SchemaRegistry
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import CastOp, GetAttrOp, UnpackOp
from tsir.dialects.values import Instance
from tsir.errors import FrontendError, UnsupportedError
from tsir.frontend.constants import insert
from tsir.frontend.imported import ImportedPrograms
from tsir.frontend.indexing import TensorIndex, emit_getitem, emit_setitem
from tsir.frontend.overloads import emit_one, emit_tensor_to_number
from tsir.frontend.torch_jit_modules import program_of_torch_jit
from tsir.frontend.torch_names import (
    SELF_SECOND,
    Call,
    emit_call,
    operator_name,
    property_name,
    rewrite,
    rewrite_property,
    self_second,
    torch_constant,
)
from tsir.frontend.trace import autocasting, tables
from tsir.frontend.trace.containers import Containers, NotTraceable, containers_in, leaves
from tsir.frontend.trace.modules import ModuleTable
from tsir.frontend.trace.numbers import TracedInt, plain
from tsir.frontend.trace.places import is_called_from, user_place
from tsir.frontend.trace.scopes import name_hint
from tsir.frontend.trace.shadow import Shadows
from tsir.frontend.trace.values import TracedValues

_UNPACKING_CODE = torch.Tensor.__iter__.__code__


class Unseen(TorchDispatchMode):
    """Tells a recorder of the operators that don't pass through its `TorchFunctionMode`."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return self._recorder.unseen(func, args, kwargs or {})


def _of_declared_type(value: Any, wanted: Attribute) -> Any:
    """A caller's argument as the program takes it: a list where it declares one and gets a tuple, a float for an int."""
    if isinstance(wanted, ts.OptionalType):
        return None if value is None else _of_declared_type(value, wanted.element)
    if isinstance(wanted, ts.ListType) and isinstance(value, list | tuple):
        return [_of_declared_type(v, wanted.element) for v in value]
    if isinstance(wanted, ts.DictType) and type(value) is dict:
        return {k: _of_declared_type(v, wanted.value) for k, v in value.items()}
    if isinstance(wanted, ts.TupleType) and type(value) is tuple and len(value) == len(wanted.elements):
        return tuple(_of_declared_type(v, k) for v, k in zip(value, wanted.elements.data, strict=True))
    return float(value) if wanted == ts.FLOAT and type(value) is int else value


class Recorder(TracedValues, TorchFunctionMode):
    """Records what runs while it is active; see the module's docstring."""

    def __init__(self, registry: SchemaRegistry, modules: ModuleTable) -> None:
        TorchFunctionMode.__init__(self)
        TracedValues.__init__(self, registry, modules)
        self.imported = ImportedPrograms()
        self.force_outplace = False
        """Whether operators that write in place are recorded as those that don't."""
        self._running: set[Callable[..., Any]] = set()
        self._busy = False
        """Whether what runs now belongs to a call that is being recorded already."""
        self._shadows = Shadows()
        self._torch_jit: dict[int, tuple[Any, Program]] = {}
        """The programs of torch.jit's modules by `id`; the modules are kept alive."""

    def program_of_torch_jit(self, module: Any) -> Program | None:
        """The program of a module that torch.jit has compiled, over the module's own tensors; None where calls aren't recorded."""
        if not self.recording or self._busy:
            return None
        known = self._torch_jit.get(id(module))
        if known is None:
            was, self.recording = self.recording, False
            try:
                known = self._torch_jit[id(module)] = (module, program_of_torch_jit(module))
            finally:
                self.recording = was
        return known[1]

    def compiled_call(
        self, program: Program, entry: EntryPoint, instance: Instance | None, values: Sequence[Any], run: Callable[[], Any]
    ) -> Any:
        """Records a call of a compiled program: it stays a call, with all paths through the program."""
        if not self.recording or self._busy:
            return run()
        if torch.is_autocast_enabled("cpu"):
            raise UnsupportedError(
                f"a call of {entry.name}(), which is compiled, under autocast can't be recorded",
                location=user_place(),
                hint="trace it with what it calls, or enter the autocast in it",
            )
        builder, location = self.scope.builder, self.location()
        containers = Containers(builder, location)
        symbol = self.imported.names(program)[entry.symbol]
        function = self.imported.function(symbol)
        operands = [self._compiled_object(program, instance)] if entry.takes_self and instance is not None else []
        passed: list[tuple[Any, SSAValue]] = []
        try:
            for value in values:  # before the call, which may change what is in a list
                wanted = function.body.block.args[len(operands)].type
                given = containers.put_together(_of_declared_type(value, wanted), self.leaf)
                passed.append((value, given))
                operands.append(given if given.type == wanted else insert(builder, CastOp(given, wanted), location).result)
            self.recording = False
            try:
                result = run()
            finally:
                self.recording = True
            call = insert(builder, func_dialect.CallOp(symbol, operands, function.function_type.outputs.data), location)
            for value, given in passed:
                if any(isinstance(t, torch.Tensor) and not self.is_computed(t) for t in leaves(value)):
                    containers.take_apart(value, given, self._bind_put_in)
            kept = {id(c) for value in values for c in containers_in(value)}
            return containers.take_apart(result, call.results[0], self._bind_compiled, kept)
        except NotTraceable as error:
            raise UnsupportedError(
                f"{entry.name}() takes or gives {error}, which can't be recorded", location=user_place()
            ) from None

    def _bind_put_in(self, value: Any, ssa: SSAValue) -> Any:
        """What the program has put into a container that it was passed."""
        if isinstance(value, torch.Tensor) and not self.is_computed(value):
            self.bind(value, ssa)
        return value

    def _bind_compiled(self, value: Any, ssa: SSAValue) -> Any:
        if not isinstance(value, torch.Tensor):
            return self.number(value, ssa)
        if self.is_computed(value):
            # The program gave back a tensor that it got, on this path; on another path it may not.
            self.recording = False
            try:
                value = value.view_as(value)
            finally:
                self.recording = True
        self.bind(value, ssa)
        return value

    def _compiled_object(self, program: Program, instance: Instance) -> SSAValue:
        """A compiled module, as an attribute of the module whose forward calls it."""
        scope = self.scope
        traced, holder = self._objects[scope]
        name = traced.add_compiled(instance, self.imported.names(program)[instance.class_name])
        self.modules.arrays.sources.update(program.sources)
        known = self._attributes.get((scope, (name,)))
        if known is None:
            source = self._root_object() if holder is None else holder
            known = insert(scope.builder, GetAttrOp(source, name, traced.members[name].type), self.location()).result
            known.name_hint = name_hint(name)
            self._attributes[scope, (name,)] = known
        return known

    # Calls.

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if not self.recording:
            return func(*args, **kwargs)
        busy, self._busy = self._busy, True
        try:
            return self._call(func, args, kwargs)
        finally:
            self._busy = busy

    def unseen(self, func: torch._ops.OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Records an operator that wasn't called through torch's Python functions, as code of `torch.jit.script` does."""
        computed = [t for t in leaves((args, kwargs)) if isinstance(t, torch.Tensor) and self.is_computed(t)]
        if not self.recording or self._busy or not computed:
            return func(*args, **kwargs)
        self._busy = True
        try:
            return self._operator(func._overloadpacket.__name__, func, args, kwargs)
        finally:
            self._busy = False

    def _call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if (attribute := property_name(func)) is not None:
            return self._property(attribute, func, args)
        if getattr(func, "__name__", "") in ("__set__", "__delete__"):
            return self._property_set(func, args)
        name = operator_name(func)
        if name in SELF_SECOND and func is not getattr(torch, name):
            func, (args, kwargs) = getattr(torch, name), self_second(name, args, kwargs)
        special = _SPECIAL.get(name or python_method(func) or "") or _FUNCTIONS.get(func)
        if special is not None:
            return special(self, func, args, kwargs)
        return self._python(func, args, kwargs) if name is None else self._operator(name, func, args, kwargs)

    def _python(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function that torch wrote in Python: its body is recorded."""
        shadow = self._shadows.of(func)
        if shadow is None:
            return func(*args, **kwargs)
        if func in self._running:
            # The builtin method that a method written in Python overrides comes here under the latter's name.
            if (name := python_method(func)) is not None and (
                builtin := getattr(torch._C.TensorBase, name, None)
            ) is not None:
                return self._operator(name, builtin, args, kwargs)
            raise UnsupportedError(f"{func.__name__} can't be recorded", location=user_place())
        self._running.add(func)
        self._busy = False
        try:
            with self:
                return shadow(*args, **kwargs)
        finally:
            self._busy = True
            self._running.discard(func)

    def _operator(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Runs an operator and records it."""
        if not isinstance(func, torch._ops.OpOverload) and autocasting.casts(name, kwargs):
            self._busy = False
            try:
                with self:
                    return autocasting.run(name, func, args, kwargs)
            finally:
                self._busy = True
        result = func(*args, **kwargs)
        writes = name.endswith("_") and not name.endswith("__")
        if not writes and not _holds_tensor(result):
            if name in tables.LEAKS:
                self.leaks(tables.LEAKS[name])
            return result
        if isinstance(func, torch._ops.OpOverload):
            if torch.is_autocast_enabled("cpu"):
                raise UnsupportedError(f"{name}() under autocast can't be recorded here", location=user_place())
            args, kwargs = _with_numbers(args, self), {k: v for k, v in kwargs.items() if v is not None}
        operands = [self.operand(a) for a in args]
        keywords = {k: self.operand(v) for k, v in kwargs.items()}
        if writes and self.force_outplace and self.registry.overloads(name[:-1]):
            call = rewrite_at(name[:-1], operands, keywords)
            value = emit_call(self.scope.builder, self.registry, call, self.location())
            assert isinstance(value, SSAValue)
            self.replace(result, value)
            return result
        return self._record(rewrite_at(name, operands, keywords), result, (args, kwargs))

    def _record(self, call: Call, result: Any, arguments: Any) -> Any:
        location = self.location()
        value = emit_call(self.scope.builder, self.registry, call, location)
        last = self.scope.block.last_op
        schema = last.SCHEMA if isinstance(last, AtenOp) else None
        found = self._bind_result(result, value, schema, {id(t) for t in leaves(arguments)})
        self._note_dependence(call.name, found, arguments, schema is not None and schema.mutates)
        return found

    def _note_dependence(self, name: str, result: Any, arguments: Any, writes: bool) -> None:
        inside = list(leaves(arguments))
        dependent = name in tables.RANDOM or any(self.depends(leaf) for leaf in inside)
        for tensor in (*leaves(result), *(inside if writes else ())):
            if not isinstance(tensor, torch.Tensor):
                continue
            if dependent:
                self._fixed.pop(tensor, None)
            elif self.is_computed(tensor):
                self._fixed[tensor] = True

    def _bind_result(
        self, result: Any, value: SSAValue | tuple[SSAValue, ...], schema: Schema | None, arguments: set[int]
    ) -> Any:
        """Notes what the results of an operator stand for; gives them, with traced numbers for numbers."""
        if isinstance(value, tuple):
            if not isinstance(result, tuple | list):
                return result
            items = [self._bind_result(r, v, schema, arguments) for r, v in zip(result, value, strict=True)]
            return result if all(a is b for a, b in zip(items, result, strict=True)) else _rebuilt(result, items)
        if isinstance(result, torch.Tensor):
            if id(result) in arguments:
                if schema is not None and schema.mutates:
                    return result
                # The operator had nothing to do and gave its argument. With other inputs it may: two tensors, then.
                result = torch.ops.aten.alias(result)
            self.bind(result, value)
            return result
        if isinstance(result, list | tuple):
            if not result:
                return result
            kinds = [value.type.element if isinstance(value.type, ts.ListType) else ts.TensorType()] * len(result)
            unpacked = insert(self.scope.builder, UnpackOp(value, kinds), self.location())
            items = [self._bind_result(r, v, schema, arguments) for r, v in zip(result, unpacked.elements, strict=True)]
            return result if all(a is b for a, b in zip(items, result, strict=True)) else _rebuilt(result, items)
        if isinstance(result, int | float) and value.type in (ts.INT, ts.FLOAT, ts.NumberType()):
            return self.number(result, value)
        return result

    # Properties.

    def _property(self, name: str, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        result = func(*args)
        if name == "shape":
            return self._shape(args[0], result)
        if not isinstance(result, torch.Tensor) or name in ("grad", "_base", "grad_fn"):
            return result
        call = rewrite_property(name, self.leaf(args[0]))
        if call is None:
            raise UnsupportedError(f"Tensor.{name} can't be recorded", location=user_place())
        return self._record(call, result, args)

    def _property_set(self, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        name = getattr(getattr(func, "__self__", None), "__name__", "")
        if name not in ("requires_grad", "grad", "names", "_backward_hooks"):
            raise UnsupportedError(
                f"assigning to Tensor.{name} can't be recorded", location=user_place(), hint="use x.copy_(value)"
            )
        return func(*args)

    def _shape(self, tensor: torch.Tensor, shape: torch.Size) -> torch.Size:
        if not self.depends(tensor):
            return shape
        source = self.leaf(tensor)
        return torch.Size([self._size_of(source, i, size) for i, size in enumerate(shape)])

    def _size_of(self, source: SSAValue, dim: Any, size: int) -> TracedInt:
        builder, location = self.scope.builder, self.location()
        return TracedInt(size, emit_one(builder, self.registry, "size.int", [source, dim], {}, location), self)

    def _sized(self, tensor: torch.Tensor) -> TracedInt:
        value = emit_one(self.scope.builder, self.registry, "numel", [self.leaf(tensor)], {}, self.location())
        return TracedInt(tensor.numel(), value, self)

    # Calls with a meaning of their own. Each takes (function, args, kwargs) and gives the result.

    def _size(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        tensor = args[0]
        if isinstance(result, torch.Size):
            return self._shape(tensor, result)
        if not self.depends(tensor):
            return result
        dim = args[1] if len(args) > 1 else kwargs["dim"]
        return self._size_of(self.leaf(tensor), plain(dim), result)

    def _numel(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        tensor = args[0] if args else kwargs["input"]
        return self._sized(tensor) if self.depends(tensor) else result

    def _item(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A number that later arguments are recorded with; Python's own decisions on it are fixed, so warn."""
        result = func(*args, **kwargs)
        tensor = args[0]
        if not self.depends(tensor):
            return result
        self.leaks(tables.LEAKS["item"])
        if isinstance(result, bool | complex):
            return result
        base = "int" if isinstance(result, int) else "float"
        value = emit_tensor_to_number(self.scope.builder, self.registry, base, self.leaf(tensor), self.location())
        return result if value is None else self.number(result, value)

    def _python_value(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`bool(x)`, `x.tolist()`... of a constant tensor are constant, of others they aren't."""
        if self.depends(args[0]):
            self.leaks(tables.LEAKS[func.__name__])
        return func(*args, **kwargs)

    def _unbind(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if is_called_from(_UNPACKING_CODE) and self.depends(args[0]):
            self.leaks("iterating over a tensor")
        return self._operator("unbind", func, args, kwargs)

    def _len(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.depends(args[0]):
            self.leaks("len() of a tensor (its shape[0] stays symbolic)")
        return func(*args, **kwargs)

    def _from_python(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`torch.tensor(data)`: a constant, unless there is a traced number in the data."""
        result = func(*args, **kwargs)
        data = args[0] if args else kwargs.get("data")
        inside = list(leaves(data))
        if isinstance(data, torch.Tensor):
            options = {k: self.operand(v) for k, v in kwargs.items() if k in ("dtype", "device")}
            call = rewrite("to", [self.leaf(data)], options or {"dtype": torch_constant(data.dtype)})
            if func.__name__ == "tensor":
                call = Call("clone", (call,))
            return self._record(call, result, args)
        if any(isinstance(leaf, torch.Tensor) and self.depends(leaf) for leaf in inside):
            self.leaks(f"torch.{func.__name__} of a list of tensors")
        elif inside:
            options = {k: self.operand(v) for k, v in kwargs.items() if k in ("dtype", "device") and v is not None}
            return self._record(Call("tensor", (self.operand(data),), options), result, ())
        self._fresh[result] = result.detach().clone()
        return result

    def _constant(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A tensor made of something that isn't torch's, such as a NumPy array."""
        result = func(*args, **kwargs)
        self._fresh[result] = result.detach().clone()
        return result

    def _deepcopy(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        if self.is_computed(args[0]):
            self._record(Call("clone", (self.leaf(args[0]),)), result, args)
        return result

    def _unrecorded(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What has no meaning for the values: gradients, hooks, memory."""
        return func(*args, **kwargs)

    def _refused(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise UnsupportedError(f"Tensor.{func.__name__} can't be recorded", location=user_place())

    def _getitem(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        tensor, items = args
        source = self.leaf(tensor)
        indices = self._indices(items)
        builder, location = self.scope.builder, self.location()
        value = emit_getitem(builder, self.registry, source, indices, location, rank=tensor.dim())
        if value is source:
            value = emit_one(builder, self.registry, "alias", [source], {}, location)
        found = self._bind_result(result, value, None, {id(tensor)})
        self._note_dependence("index", found, (tensor, _flat_indices(items)), writes=False)
        return found

    def _setitem(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tensor, items, value = args
        source, indices, assigned = self.leaf(tensor), self._indices(items), self.operand(value)
        builder, location = self.scope.builder, self.location()
        if isinstance(value, torch.Tensor):
            # torch drops leading dimensions of size 1 that the place has not.
            for _ in range(value.dim() - tensor[items].dim()):
                assigned = emit_one(builder, self.registry, "select", [assigned, 0, 0], {}, location)
        func(*args, **kwargs)
        emit_setitem(builder, self.registry, source, indices, assigned, location, rank=tensor.dim())
        self._note_dependence("index_put_", None, (tensor, _flat_indices(items), value), writes=True)

    def _indices(self, items: Any) -> list[Any]:
        return [self._index(item) for item in (items if isinstance(items, tuple) else (items,))]

    def _index(self, item: Any) -> Any:
        if isinstance(item, np.ndarray):
            item = torch.from_numpy(item)
        if isinstance(item, torch.Tensor):
            value = self.leaf(item)
            if item.dtype in (torch.bool, torch.uint8):
                return TensorIndex(value, item.dim())
            if item.dim() == 0:
                number = emit_tensor_to_number(self.scope.builder, self.registry, "int", value, self.location())
                return TensorIndex(value) if number is None else number
            return TensorIndex(value)
        if isinstance(item, slice):
            return slice(*(self._bound(b) for b in (item.start, item.stop, item.step)))
        if item is None or item is Ellipsis or isinstance(item, bool):
            return item
        if isinstance(item, np.generic):
            return item.item()
        return self.operand(item)

    def _bound(self, bound: Any) -> Any:
        if isinstance(bound, torch.Tensor):
            value = self.leaf(bound)
            number = emit_tensor_to_number(self.scope.builder, self.registry, "int", value, self.location())
            if number is None:
                raise UnsupportedError("a tensor as a bound of a slice isn't supported", location=user_place())
            return number
        return self.operand(bound)


def rewrite_at(name: str, operands: list[Any], keywords: dict[str, Any]) -> Call:
    """`rewrite`, with the user's line in its error."""
    try:
        return rewrite(name, operands, keywords)
    except FrontendError as error:
        raise type(error)(error.message, location=user_place(), hint=error.hint) from None


def python_method(function: Callable[..., Any]) -> str | None:
    """The name of a Tensor method that torch wrote in Python."""
    is_method = getattr(function, "__globals__", None) is vars(_tensor)
    return function.__name__ if is_method else None


def _with_numbers(args: tuple[Any, ...], recorder: Recorder) -> tuple[Any, ...]:
    """Below torch's Python functions a number may be a tensor without dimensions that nothing computed."""
    return tuple(
        a.item()
        if isinstance(a, torch.Tensor) and a.dim() == 0 and not recorder.is_computed(a) and not a.requires_grad
        else a
        for a in args
    )


def _flat_indices(items: Any) -> list[Any]:
    """What is in an index, the parts of slices included."""
    items = items if isinstance(items, tuple) else (items,)
    return [part for i in items for part in ((i.start, i.stop, i.step) if isinstance(i, slice) else (i,))]


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor) or (
        isinstance(value, list | tuple) and not isinstance(value, torch.Size) and any(_holds_tensor(v) for v in value)
    )


def _rebuilt(container: Any, items: list[Any]) -> Any:
    """A container like this one of other items; torch's own tuples with names take one iterable."""
    if isinstance(container, list):
        return items
    return tuple(items) if type(container) is tuple else type(container)(items)


_SPECIAL: dict[str, Callable[[Recorder, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]] = {
    "size": Recorder._size, "numel": Recorder._numel, "nelement": Recorder._numel, "item": Recorder._item,

    "unbind": Recorder._unbind, "__len__": Recorder._len, "__deepcopy__": Recorder._deepcopy,
    "__getitem__": Recorder._getitem, "__setitem__": Recorder._setitem,
    "tensor": Recorder._from_python, "as_tensor": Recorder._from_python, "asarray": Recorder._from_python,
    "from_numpy": Recorder._constant, "frombuffer": Recorder._constant,
    **dict.fromkeys(tables.PYTHON_VALUES, Recorder._python_value),
    **dict.fromkeys(tables.UNRECORDED, Recorder._unrecorded),
    **dict.fromkeys(tables.REFUSED, Recorder._refused),
}  # fmt: skip

# Functions of torch's Python code that are run and leave no trace: what is asserted of an input is fixed, as any condition is.
_FUNCTIONS = {torch._assert: Recorder._unrecorded}
