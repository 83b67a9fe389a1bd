"""Writing one function's Python source: names, lines with their places in the user's program, constants, bindings of values.

How each operation is written is in the tables that `codegen.py` puts together; what a tensor looks like as an array is in
`tensors.py`. An emission function takes the `FunctionEmitter` and the operation, reads operands with `name_of` (or `tensor`),
writes with `line`, and says what the results are with `define` or `bind`.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.linalg.abstract_ops import LinalgStructuredOperation
from xdsl.ir import Block, Operation, SSAValue

from tsir.backend.numpy.buffers import BufferPlan
from tsir.backend.numpy.tensors import Fill, Kind, Size, Storage, Tensor, plain, static_shape, tensor_dtype
from tsir.backend.numpy.tracebacks import SourceFrame, source_frames
from tsir.dialects.dtypes import DType
from tsir.errors import SourceLocation, TsirError
from tsir.passes.copies import Copies

if TYPE_CHECKING:
    from tsir.backend.numpy.forms import Forms, Match
    from tsir.backend.numpy.structured import Structured

Binding: TypeAlias = str | Tensor | Fill
FindForms: TypeAlias = (
    "Callable[[Block, Callable[[Operation], Structured | None], Callable[[type[Operation]], bool]], Forms]"
)
EmitFunction: TypeAlias = "Callable[[FunctionEmitter, Any], None]"

RESERVED = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *dir(np), "np", "kernels", "scalars", "host", "rt", "constants", "prepare",
     "weights", "state", "buffers", "pool", "guards", "bfloat16", "special", "convolution_kernels"}
)  # fmt: skip
MAX_LOOPS = 18
"""CPython refuses more than 20 nested loops, and allows 100 levels of indentation."""
MAX_INDENT = 98

MAX_CONSTANT = 1 << 16
"""The most elements of an array of equal elements that is kept in the module."""


class Unwritable(TsirError):
    """An operation that has no form in the generated source, or not the one that was tried."""


@dataclass
class Line:
    """A line of source: its indentation, text, and the user's places."""

    indent: int
    text: str
    frames: tuple[SourceFrame, ...] = ()
    opens: int = 0
    """How many `elif`s begin here, whose lines `settled` moves to the left."""
    closes: int = 0
    """How many of them end here."""


def settled(lines: list[Line]) -> list[Line]:
    """The lines with the indentation that they have in the end. Raises TsirError for what CPython would refuse."""
    shift = 0
    result: list[Line] = []
    for line in lines:
        shift += line.opens
        result.append(Line(line.indent - shift, line.text, line.frames))
        shift -= line.closes
    if result and (deepest := max(result, key=lambda line: line.indent)).indent > MAX_INDENT:
        _too_deep(deepest.frames, f"{MAX_INDENT} branches and loops")
    return result


def _too_deep(frames: tuple[SourceFrame, ...], limit: str) -> NoReturn:
    raise TsirError(
        f"the program's control flow is nested more than {limit} deep after inlining",
        location=SourceLocation(frames[-1].file, frames[-1].line) if frames else None,
        hint="each `return`, `break` or `continue` inside of a branch nests what comes after it: move a part to a function",
        code="TS106",
    )


class Names:
    """Names in one scope; `fresh` never gives one twice."""

    def __init__(self, taken: frozenset[str] | set[str] = RESERVED) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def fresh(self, hint: str | None) -> str:
        """An unused identifier like the hint."""
        base = re.sub(r"\W", "_", hint or "t", flags=re.ASCII)
        if not base or base[0].isdigit():
            base = f"t{base}"
        name = base
        while name in self._taken:
            self._next[base] = number = self._next.get(base, 0) + 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name


@dataclass
class ModuleEmitter:
    """What the functions of one generated module share: imports, constants, module-level names, the functions to write."""

    functions: dict[str, func.FuncOp]
    emitters: Callable[[type[Operation]], EmitFunction | None]
    is_pure: Callable[[type[Operation]], bool]
    """Whether an operation's results depend on its operands only, so that it may run once for all calls."""
    find_forms: FindForms
    """Which operations of a block are written together."""
    emit_form: Callable[[FunctionEmitter, Match], bool]
    """Writes such a group; False when it can't be."""
    names: Names = field(default_factory=Names)
    numpy_names: set[str] = field(default_factory=set[str])
    imports: dict[str, str] = field(default_factory=dict[str, str])
    preamble: dict[str, str] = field(default_factory=dict[str, str])
    """Module-level expressions and the names they are bound to, in order."""
    constants: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict[str, np.ndarray[Any, Any]])
    symbols: dict[str, str] = field(default_factory=dict[str, str])
    """The Python name of each `func.func` that the text calls."""
    pending: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Symbols and Python names of functions that are called but not yet written."""

    def numpy(self, name: str) -> str:
        """NumPy's object of that name as a global of the module."""
        self.numpy_names.add(name)
        return name

    def expression(self, text: str, hint: str) -> str:
        """The name of a module-level variable that holds the value of an expression."""
        if text not in self.preamble:
            self.preamble[text] = self.names.fresh(hint)
        return self.preamble[text]

    def module(self, path: str, name: str) -> str:
        """The module `path.name`, imported under its own name."""
        self.imports[name] = path
        return name

    def constant(self, value: np.ndarray[Any, Any], hint: str) -> str:
        """The name of a module-level array; equal arrays share one. It must never be written."""
        for name, known in self.constants.items():
            if known.dtype == value.dtype and known.shape == value.shape and known.tobytes() == value.tobytes():
                return name
        name = self.names.fresh(hint)
        self.constants[name] = value
        return name

    def function(self, symbol: str) -> str:
        """The Python name of a `func.func`, which will be written too."""
        if symbol not in self.symbols:
            self.symbols[symbol] = self.names.fresh(symbol.rpartition(".")[2])
            self.pending.append((symbol, self.symbols[symbol]))
        return self.symbols[symbol]


class FunctionEmitter:
    """Writes one function. `prepared` is the text that depends on weights and constants only; `body` is the rest."""

    def __init__(
        self,
        module: ModuleEmitter,
        function: func.FuncOp,
        escaping: set[SSAValue],
        shared: set[SSAValue],
        copies: Copies,
    ) -> None:
        self.module = module
        self.function = function
        self.names = module.names
        self.escaping = escaping
        self.shared = shared
        """What views are of that are kept or written: no constant may be its memory."""
        self.copies = copies
        self.prepared: list[Line] = []
        self.body: list[Line] = []
        self.prepared_names: set[str] = set()
        self.plan = BufferPlan(self.names.fresh)
        self.block: Block = function.body.block
        self.dying: dict[Operation, list[SSAValue]] = {}
        self.op: Operation = function
        self.forms: dict[Operation, Match] = {}
        self.absorbed: dict[Operation, Operation] = {}
        """Operations that are written together with a later one, their form's root."""
        self.rewritten: set[SSAValue] = set()
        """What loops carry along in arrays of their own, which the body may write into."""
        self._views: dict[Operation, Structured | None] = {}
        self.preparing = False
        self._indent = 1
        self._loops = 0
        self._last_if: tuple[Line, Line] | None = None
        self.destined: dict[SSAValue, str] = {}
        """The names that results have to have, because the branch around gives them on as they are."""
        self._bindings: dict[SSAValue, Binding] = {}
        self._hoisted: dict[str, str] = {}
        self._frames: tuple[SourceFrame, ...] = ()
        self._shown: SourceFrame | None = None
        self.constant_storage = Storage(Kind.CONSTANT)

    # Text

    def line(self, text: str, op: Operation | None = None) -> None:
        """Writes a line at the current indentation; it stands for the user's line of `op` (default: the current one)."""
        frames = self._frames if op is None else source_frames(op.location)
        into = self.prepared if self.preparing else self.body
        into.append(Line(1 if self.preparing else self._indent, text, frames))

    @property
    def indent(self) -> int:
        """How deep the next line is indented."""
        return self._indent

    @property
    def frames(self) -> tuple[SourceFrame, ...]:
        """The user's places of the current operation."""
        return self._frames

    @contextmanager
    def nested(self) -> Generator[None, None, None]:
        """Lines written inside are indented once more."""
        self._indent += 1
        try:
            yield
        finally:
            self._indent -= 1

    @contextmanager
    def in_loop(self) -> Generator[None, None, None]:
        """Lines written inside are those of a loop or a `try`, of which CPython takes only so many in each other."""
        if self._loops == MAX_LOOPS:
            _too_deep(self._frames, f"{MAX_LOOPS} loops")
        self._loops += 1
        try:
            with self.nested():
                yield
        finally:
            self._loops -= 1

    def end_if(self, first: Line) -> None:
        """Notes that the lines from `first` to here are one `if` statement."""
        self._last_if = (first, self.body[-1])

    def join_elif(self, otherwise: int) -> None:
        """Makes an `elif` of the `else` in line `otherwise` when all that it has is one `if` statement."""
        first, last = self.body[otherwise + 1], self.body[-1]
        if self._last_if is not None and self._last_if[0] is first and self._last_if[1] is last:
            first.text = f"el{first.text}"
            first.opens += 1
            last.closes += 1
            del self.body[otherwise]

    def fresh(self, hint: str | None = None) -> str:
        """An unused name in this function."""
        return self.names.fresh(hint)

    def fresh_for(self, value: SSAValue) -> str:
        """An unused name like the value's own."""
        return self.names.fresh(value.name_hint)

    # Module-level things

    def numpy(self, name: str) -> str:
        """NumPy's object of that name, imported into the generated module: `add`."""
        return self.module.numpy(name)

    def kernel(self, name: str) -> str:
        """The function of that name in `kernels`."""
        return f"{self.module.module('tsir.backend.numpy', 'kernels')}.{name}"

    def scalar_function(self, name: str) -> str:
        """The function of that name in `scalars`."""
        return f"{self.module.module('tsir.backend.numpy', 'scalars')}.{name}"

    def constant(self, value: np.ndarray[Any, Any], hint: str = "constant") -> str:
        """The name of a module-level array with these contents, kept beside the text."""
        return self.module.constant(value, hint)

    def expression(self, text: str, hint: str) -> str:
        """The name of a module-level variable with the value of `text`, an expression over module-level names."""
        return self.module.expression(text, hint)

    def dtype(self, dtype: DType) -> str:
        """The expression of NumPy's dtype."""
        if dtype.name == "bfloat16":
            return self.module.module("ml_dtypes", "bfloat16")
        return self.numpy("bool_" if dtype.numpy == "bool" else dtype.numpy)

    # Values

    def bind(self, value: SSAValue, what: Binding) -> None:
        """Says what a value is: a Python expression without side effects, or a tensor."""
        self._bindings[value] = what
        if isinstance(what, Tensor):
            what.storage.alive.add(value)

    def define(self, value: SSAValue, text: str) -> str:
        """Writes `name = text` and binds the value (an array in the tensor's own layout, when it is a tensor) to the name."""
        name = self.assign(text, value.name_hint)
        self.bind_array(value, name)
        return name

    def assign(self, text: str, hint: str | None = None) -> str:
        """Writes `name = text` with a fresh name."""
        name = self.fresh(hint)
        self.line(f"{name} = {text}")
        if self.preparing:
            self.prepared_names.add(name)
        return name

    def bind_array(self, value: SSAValue, name: str, kind: Kind = Kind.FOREIGN, *, contiguous: bool = False) -> None:
        """Binds a value to a variable; a builtin tensor's variable holds an array in the tensor's own layout."""
        if not is_tensor(value):
            self.bind(value, name)
            return
        kind = Kind.CONSTANT if self.preparing else kind
        storage = Storage(kind, self.block)
        dims = static_shape(value.type)
        shape = [f"{name}.shape[{i}]" if d is None else d for i, d in enumerate(dims)]
        self.bind(value, plain(name, shape, tensor_dtype(value.type), storage, contiguous=contiguous))

    def binding(self, value: SSAValue) -> Binding:
        """What a value was bound to. Raises `TsirError` for one that no operation defined."""
        found = self._bindings.get(value)
        if found is None:
            raise TsirError(f"use of a value before its definition, in @{self.function.sym_name.data}")
        return found

    def name_of(self, value: SSAValue) -> str:
        """A Python expression, cheap and without side effects, for the value: an array in the tensor's own layout."""
        found = self.binding(value)
        return found if isinstance(found, str) else self.materialised(value).name

    def is_prepared(self, value: SSAValue) -> bool:
        """Whether the value is known from weights and constants alone."""
        found = self._bindings.get(value)
        if isinstance(found, Tensor):
            return self.is_prepared_text(found.name) and all(
                isinstance(s, int) or self.is_prepared_text(s) for s in found.shape
            )
        if isinstance(found, Fill):
            texts = [found.scalar or "", *(s for s in found.shape if isinstance(s, str))]
            return all(self.is_prepared_text(t) for t in texts)
        return found is not None and self.is_prepared_text(found)

    def is_prepared_text(self, text: str) -> bool:
        """Whether an expression uses only prepared names, module-level ones and literals."""
        known = self.prepared_names
        return all(
            n in known or n in RESERVED or n in self.module.constants or n in self.module.preamble.values()
            for n in identifiers(text)
        )

    def hoisted(self, text: str, hint: str | None = None) -> str:
        """A name for the value of `text`, computed once by `prepare` when it can be, else here."""
        if not self.is_prepared_text(text):
            return self.assign(text, hint)
        if text not in self._hoisted:
            with self.in_prepare():
                self._hoisted[text] = self.assign(text, hint)
        return self._hoisted[text]

    def inline(self, text: str, hint: str | None = None) -> str:
        """The text itself, or a name for its value computed by `prepare` when it can be."""
        return self.hoisted(text, hint) if self.is_prepared_text(text) else text

    @contextmanager
    def in_prepare(self) -> Generator[None, None, None]:
        """Lines written inside go to `prepare`."""
        before = self.preparing
        self.preparing = True
        try:
            yield
        finally:
            self.preparing = before

    # Tensors

    def tensor(self, value: SSAValue) -> Tensor:
        """The value as an array in whatever layout it has; a fill is made now."""
        found = self.binding(value)
        if isinstance(found, Fill):
            return self._filled(value, found)
        if isinstance(found, str):
            raise TsirError(f"{found} is no tensor")
        return found

    def _filled(self, value: SSAValue, fill: Fill) -> Tensor:
        shape = shape_text(fill.shape)
        number = "0" if fill.scalar is None else fill.scalar
        dtype = self.dtype(fill.dtype)
        sizes = [s for s in fill.shape if isinstance(s, int)]
        known = fill.value is not None and len(sizes) == len(fill.shape)
        if known and math.prod(sizes) <= MAX_CONSTANT and value not in self.escaping:
            number = self.number(fill.value, fill.dtype)
            name = self.expression(self.np_full(shape, number, dtype), value.name_hint or "filled")
            return plain(name, fill.shape, fill.dtype, self.constant_storage, contiguous=True)
        text = f"{self.numpy('empty')}({shape}, {dtype})" if fill.scalar is None else self.np_full(shape, number, dtype)
        name = self.assign(text, value.name_hint)
        # What `prepare` makes is there for all calls: nothing may be written into it.
        storage = self.constant_storage if self.preparing else Storage(Kind.FRESH, self.block)
        return plain(name, fill.shape, fill.dtype, storage, contiguous=True)

    def np_full(self, shape: str, number: str, dtype: str) -> str:
        """The expression of a new array of equal elements."""
        if number in ("0", "0.0", "False"):
            return f"{self.numpy('zeros')}({shape}, {dtype})"
        return f"{self.numpy('full')}({shape}, {number}, {dtype})"

    def materialised(self, value: SSAValue) -> Tensor:
        """The value as an array of its own shape and layout (possibly a view)."""
        found = self.tensor(value)
        if not found.is_plain:
            found = self._as_seen(found) if found.relaid else self.laid_out(found, value.name_hint)
            if self.block is block_of(value) and isinstance(self._bindings.get(value), Tensor):
                self._bindings[value] = found
        return found

    def _as_seen(self, tensor: Tensor) -> Tensor:
        """A contiguous array for a tensor whose axes were put in another order.

        It may be memory of its own or the storage's, so it doesn't count as the storage's contents in order.
        """
        text = f"{self.numpy('ascontiguousarray')}({self.laid_out(tensor).name})"
        return plain(self.hoisted(text), tensor.shape, tensor.dtype, tensor.storage)

    def complete(self, tensor: Tensor) -> Tensor:
        """The tensor with an array that has all axes of a size other than 1, also those along which it doesn't vary."""
        missing = any(p is None and s != 1 for p, s in zip(tensor.axes, tensor.shape, strict=True))
        return self.laid_out(tensor) if missing else tensor

    def laid_out(self, tensor: Tensor, hint: str | None = None) -> Tensor:
        """A plain view of a tensor: its axes in order, broadcast where it doesn't vary."""
        if tensor.is_plain:
            return tensor
        text = self.view_text(tensor)
        missing = [i for i, p in enumerate(tensor.axes) if p is None and tensor.shape[i] != 1]
        if missing:
            text = f"{self.numpy('broadcast_to')}({text}, {shape_text(tensor.shape)})"
        name = self.hoisted(text, hint)
        shape = tensor.shape
        return Tensor(name, shape, tuple(range(len(shape))), tensor.dtype, tensor.storage)

    def view_text(self, tensor: Tensor) -> str:
        """The array transposed to the tensor's order of axes, with axes of size 1 where the tensor doesn't vary."""
        text = tensor.name
        order = [p for p in tensor.axes if p is not None]
        if order != sorted(order):
            text += f".transpose({', '.join(map(str, order))})"
        if None in tensor.axes:
            text += f"[{', '.join('None' if p is None else ':' for p in tensor.axes)}]"
        return text

    # Memory

    def dies_here(self, value: SSAValue) -> bool:
        """Whether the current operation is the last to read the value's memory, which is this block's to overwrite."""
        found = self._bindings.get(value)
        if not isinstance(found, Tensor) or self.preparing or value in self.escaping:
            return False
        storage = found.storage
        return (
            storage.kind in (Kind.FRESH, Kind.PLANNED)
            and storage.block is self.block
            and storage.alive == {value}
            and not storage.repeated
            and value in self.dying.get(self.op, ())
        )

    def buffer(self, shape: Sequence[Size], dtype: DType, *, escapes: bool = False) -> tuple[str, Storage] | None:
        """A planned buffer as an array of that shape, or None where one can't be planned: a new array is to be made then."""
        sizes = [s for s in shape if isinstance(s, int)]
        if escapes or self.preparing or len(sizes) != len(shape):
            return None
        buffer, name = self.plan.acquire(dtype, tuple(sizes))
        return name, Storage(Kind.PLANNED, self.block, buffer)

    @staticmethod
    def out_argument(call: str, out: str) -> str:
        """How a ufunc is told where its result goes: `maximum` and `minimum` want the keyword."""
        return f"out={out}" if call.startswith(("maximum(", "minimum(")) else out

    def new_storage(self) -> Storage:
        """The storage of an array that this operation has allocated."""
        return Storage(Kind.CONSTANT if self.preparing else Kind.FRESH, self.block)

    def release(self, storage: Storage) -> None:
        """A temporary's memory is free again."""
        if storage.buffer is not None and not storage.alive:
            self.plan.release(storage.buffer)
            storage.buffer = None

    def number(self, value: object, dtype: DType) -> str:
        """A Python literal for a scalar constant."""
        if dtype.name == "bool":
            return repr(bool(value))
        if isinstance(value, float) and not math.isfinite(value):
            return self.numpy("nan") if math.isnan(value) else ("" if value > 0 else "-") + self.numpy("inf")
        return repr(value)

    def scalar_array(self, text: str, dtype: DType, value: object = None) -> str:
        """A 0-d array with the value of a scalar expression; a module-level one when `value` is the constant."""
        made = f"{self.numpy('array')}({text}, {self.dtype(dtype)})"
        if value is None:
            return self.inline(made)
        hint = re.sub(r"\W", "_", f"{dtype.mlir}_{text}".replace("-", "m").replace(".", "p"))
        return self.expression(made, hint)

    # Operations

    def emit_block(self, block: Block) -> None:
        """Writes the operations of a block but for its terminator."""
        outer = self.block, self.dying
        self.block = block
        from tsir.backend.numpy.liveness import dying_values

        forms = self.module.find_forms(block, self.view_of, self.module.is_pure)
        self.forms.update(forms.matches)
        self.absorbed.update(forms.absorbed)
        self.dying = dying_values(block, forms.absorbed)
        for op in block.ops:
            if op is block.last_op:
                break
            self.emit(op)
        self.block, self.dying = outer

    def emit(self, op: Operation) -> None:
        """Writes one operation."""
        self._locate(op)
        outer, self.op = self.op, op
        match = self.forms.get(op)
        if match is None and op not in self.absorbed:
            self._write(op)
        elif match is not None and not self.module.emit_form(self, match):
            self._write_separately(match)
        self._bury(op)
        self.op = outer

    def _bury(self, op: Operation) -> None:
        for value in self.dying.get(op, ()):
            found = self._bindings.get(value)
            # What escapes is read by whoever keeps it, an object's attribute for example: nothing may overwrite its memory.
            if isinstance(found, Tensor) and value not in self.escaping:
                found.storage.alive.discard(value)
                self.release(found.storage)

    def _write_separately(self, match: Match) -> None:
        """Writes the operations of a form one by one, now that its root is reached."""
        operations = [op for op in self.block.ops if op in match.absorbed or op is match.root]
        last = {value: op for op in operations for value in outside_values(op)}
        all_dying = self.dying
        self.dying = {op: [v for v in all_dying.get(match.root, ()) if last.get(v) is op] for op in operations}
        for self.op in operations:
            self._write(self.op)
            self._bury(self.op)
        self.dying = all_dying

    def _write(self, op: Operation) -> None:
        """Writes one operation by itself."""
        emit = self.module.emitters(type(op))
        if emit is None:
            raise self.error(f"the NumPy backend doesn't know the operation {op.name}")
        if self.module.is_pure(type(op)) and self._depends_on_weights_only(op):
            with self.in_prepare():
                emit(self, op)
        else:
            emit(self, op)
        for result in op.results:
            if result in self.shared:
                self._own(result)

    def _own(self, value: SSAValue) -> None:
        """Gives a value memory of this call's where what it was bound to is a constant's."""
        found = self._bindings.get(value)
        if isinstance(found, Fill):
            found = self._filled(value, found)
        if not isinstance(found, Tensor):
            return
        if found.storage.kind is Kind.CONSTANT:
            name = self.assign(f"{found.name}.copy()", value.name_hint)
            found = replace(found, name=name, storage=Storage(Kind.FRESH, self.block))
        self.bind(value, found)

    def view_of(self, op: Operation) -> Structured | None:
        """The structured view of a linalg operation, None for another operation."""
        if op not in self._views:
            from tsir.backend.numpy.structured import structured

            self._views[op] = structured(op) if isinstance(op, LinalgStructuredOperation) else None
        return self._views[op]

    def _depends_on_weights_only(self, op: Operation) -> bool:
        read = outside_values(op)
        return any(is_tensor(v) for v in read) and all(self.is_prepared(v) for v in read)

    def owned_name(self, value: SSAValue) -> str:
        """The value as an array (or scalar) that Python code may keep and write: a copy unless nobody else has the memory."""
        found = self.binding(value)
        name = self.name_of(value)
        if not isinstance(found, Tensor):
            return name
        is_own = found.storage.kind is Kind.FRESH and (self.dies_here(value) or self._is_handed_on(value, found))
        return name if is_own else f"{name}.copy()"

    def _is_handed_on(self, value: SSAValue, found: Tensor) -> bool:
        """Whether a value that was made in this block, and is no view, has no other use than the current operation."""
        owner = value.owner
        if self.preparing or found.storage.block is not self.block or not isinstance(owner, Operation):
            return False
        return value.has_one_use() and all(result is not value for result, _ in self.copies.views(owner))

    def _locate(self, op: Operation) -> None:
        frames = source_frames(op.location)
        if not frames:
            return
        self._frames = frames

    def error(self, message: str) -> Unwritable:
        """The error that the current operation can't be written so."""
        from tsir.dialects.locations import location_of

        places = location_of(self.op)
        return Unwritable(message, location=places[0] if places else None)

    def replaced(self, tensor: Tensor, **changes: Any) -> Tensor:
        """`dataclasses.replace`, kept here so that emission functions need one import less."""
        return replace(tensor, **changes)


def outside_values(op: Operation) -> list[SSAValue]:
    """The operands of an operation and what its regions read of the values around it."""
    if not op.regions:
        return list(op.operands)
    read: list[SSAValue] = []
    inside: set[Block] = set()
    for inner in op.walk():
        for region in inner.regions:
            inside.update(region.blocks)
        read.extend(inner.operands)
    return [v for v in read if block_of(v) not in inside]


def block_of(value: SSAValue) -> Block | None:
    """The block that defines a value."""
    return value.owner if isinstance(value.owner, Block) else value.owner.parent


_IDENTIFIER = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*")


def identifiers(text: str) -> list[str]:
    """The names that an expression of generated text uses, without attributes."""
    return _IDENTIFIER.findall(text)


def is_tensor(value: SSAValue) -> bool:
    """Whether the value is a builtin tensor."""
    from xdsl.dialects.builtin import TensorType

    return isinstance(value.type, TensorType)


def shape_text(shape: Sequence[Size]) -> str:
    """The tuple expression of a shape."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
