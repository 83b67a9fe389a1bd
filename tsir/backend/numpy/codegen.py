"""From linalg-level IR to the text of a Python module: `generate`, and the table of how each operation is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter, Line, ModuleEmitter, identifiers, is_tensor, settled
from tsir.backend.numpy.form_operations import emit_form
from tsir.backend.numpy.forms import find_forms
from tsir.backend.numpy.liveness import escaping_values, shared_values
from tsir.backend.numpy.loading import GeneratedSource, Outside
from tsir.backend.numpy.tensors import Kind, tensor_dtype
from tsir.backend.numpy.tracebacks import SourceFrame
from tsir.dialects import dtypes
from tsir.dialects.ts.structure import ToReferenceOp
from tsir.dialects.ts.types import ClassType, TensorType
from tsir.errors import TsirError
from tsir.ops.assumptions import python_condition
from tsir.passes.assumptions import conditions_of, named_sizes
from tsir.passes.copies import Copies
from tsir.passes.freeze import argument_attributes
from tsir.passes.outside import READS, WRITES, WRITES_ARGUMENTS
from tsir.passes.signature import WITHOUT_SELF
from tsir.passes.spread import part_of
from tsir.source_files import line_of, one_line

PURE_TABLES = ("linalg_operations", "tensor_operations", "scalar_operations", "extension_operations")
OTHER_TABLES = ("control_flow", "host_operations")
READING = (*PURE_TABLES, "effects")


@cache
def emitters() -> dict[type[Operation], EmitFunction]:
    """How each operation is written: from operation class (or base class) to emission function."""
    table: dict[type[Operation], EmitFunction] = {}
    for name in (*PURE_TABLES, *OTHER_TABLES):
        table.update(import_module(f"tsir.backend.numpy.{name}").TABLE)
    return table


@cache
def _pure_operations() -> frozenset[type[Operation]]:
    return frozenset(op for name in PURE_TABLES for op in import_module(f"tsir.backend.numpy.{name}").TABLE)


@cache
def emitter_of(kind: type[Operation]) -> EmitFunction | None:
    """The emission function of an operation class or of its nearest base class that has one."""
    table = emitters()
    return next((table[base] for base in kind.__mro__ if base in table), None)


def is_pure(kind: type[Operation]) -> bool:
    """Whether operations of a class depend on their operands only and change nothing."""
    return kind in _pure_operations()


def _only_reads(op: Operation) -> bool:
    """Whether an operation keeps no operand's memory, except as `_aliases` says."""
    if op.name.startswith("arith.") and any(is_tensor(r) for r in op.results):
        return False
    return op.name == "linalg_ext.check" or type(op) in _pure_operations()


_VIEWS = frozenset(
    ("tensor.extract_slice", "tensor.collapse_shape", "tensor.expand_shape", "tensor.reshape", "tensor.cast",
     "linalg.transpose", "linalg.broadcast", "ts.cast")
)  # fmt: skip
"""Operations whose result may be a view of their first operand."""
_IN_PLACE = {"tensor.insert_slice": 1, "tensor.insert": 1}
"""Operations that may write into an operand and give it as their result."""


def _aliases(op: Operation) -> tuple[tuple[SSAValue, SSAValue], ...]:
    """Pairs of a result and an operand that may be one memory."""
    if op.name in _VIEWS:
        return ((op.results[0], op.operands[0]),)
    if op.name in _IN_PLACE:
        return ((op.results[0], op.operands[_IN_PLACE[op.name]]),)
    if isinstance(op, linalg.GenericOp):
        yielded = op.body.block.last_op
        assert yielded is not None
        pairs = zip(op.results, yielded.operands, strict=True)
        inputs: dict[SSAValue, SSAValue] = dict(zip(op.body.block.args, op.inputs, strict=False))
        return tuple((r, inputs[y]) for r, y in pairs if y in inputs)
    if op.name.startswith("linalg_ext.") and op.results:
        return tuple((r, o) for r in op.results for o in op.operands)
    return ()


def _is_kept(op: Operation, copies: Copies) -> bool:
    """Whether an operation gives memory to a tensor that is kept or written, so that no constant may be what it is a view of."""
    return isinstance(op, ToReferenceOp) and (copies.is_kept(op) or copies.is_written(op))


def generate(module: ModuleOp, symbol: str) -> GeneratedSource:
    """The Python module that computes `@symbol`. Raises `TsirError` for IR that the backend can't write."""
    functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}
    if symbol not in functions:
        raise TsirError(f"the module has no function @{symbol}")
    emitter = ModuleEmitter(functions, emitter_of, is_pure, find_forms, emit_form)
    entry = emitter.names.fresh(symbol.rpartition(".")[2])
    written = _function(emitter, functions[symbol], entry, entry=True)
    parts = [written.lines]
    while emitter.pending:
        called, name = emitter.pending.pop(0)
        parts.append(_function(emitter, functions[called], name, entry=False).lines)
    lines = [*_header(emitter, symbol), *(line for part in reversed(parts) for line in part)]
    first = functions[symbol].function_type.inputs.data
    takes_self = bool(first) and isinstance(first[0], ClassType) and WITHOUT_SELF not in functions[symbol].attributes
    lines += _guards(functions[symbol], takes_self)
    text, frames = _text(lines)
    return GeneratedSource(
        text, entry, written.weights, takes_self, frames, emitter.constants, written.provenance, written.mutable,
        written.shared, _outside(functions[symbol]), tuple(sorted({n for n, _ in _parts(functions[symbol]).values()})),
    )  # fmt: skip


def _guards(function: func.FuncOp, takes_self: bool) -> list[Line]:
    """What must hold for the sizes of a call's arguments, as functions of these."""
    conditions = conditions_of(function)
    if not conditions:
        return []
    given = [a for i, a in enumerate(function.body.block.args) if "ts.weight" not in _attributes(function, i)]
    parts = _parts(function)
    firsts = {n: a for a, (n, _) in reversed(parts.items())}
    single = [a for a in given if a not in parts or firsts[parts[a][0]] is a]  # what stands for each parameter
    places: dict[SSAValue, str] = {a: f"a[{i - takes_self}]" for i, a in enumerate(single)}
    places |= {a: _reached(f"a[{number}]", path) for a, (number, path) in parts.items()}
    names = {name: f"{places[a]}.shape[{d}]" for (a, d), (name, _) in named_sizes(function).items()}
    first, *others = [python_condition(c, names) for c in conditions]
    texts = [f"lambda a: {first}", *(f"    and {t}" for t in others)]
    return [Line(0, ""), Line(0, ""), Line(0, "guards = ("), *(Line(1, t) for t in texts), Line(0, ",)")]


def _parts(function: func.FuncOp) -> dict[SSAValue, tuple[int, tuple[str | int, ...]]]:
    """The arguments that are parts of containers: of which parameter, and how they are reached."""
    found = {a: part_of(m) for a, m in zip(function.body.block.args, argument_attributes(function), strict=True)}
    return {a: part for a, part in found.items() if part is not None}


def _reached(container: str, path: tuple[str | int, ...]) -> str:
    return container + "".join(f"[{step!r}]" for step in path)


def _outside(function: func.FuncOp) -> Outside | None:
    """What `passes/outside.py` has found."""
    reads, writes = (function.attributes.get(n) for n in (READS, WRITES))
    if not isinstance(reads, ArrayAttr) or not isinstance(writes, ArrayAttr):
        return None
    names = [tuple(n.data for n in found if isinstance(n, StringAttr)) for found in (reads, writes)]
    return Outside(names[0], names[1], WRITES_ARGUMENTS in function.attributes)


def _header(module: ModuleEmitter, symbol: str) -> list[Line]:
    shown = one_line(symbol).replace("\\", "\\\\").replace('"', '\\"')
    texts = [f'"""@{shown}, generated by tsir."""', ""]
    for name, path in sorted(module.imports.items()):
        texts.append(f"import {name}" if not path else f"from {path} import {name}")
    if module.numpy_names:
        names = sorted(module.numpy_names)
        for start in range(0, len(names), 12):
            texts.append(f"from numpy import {', '.join(names[start : start + 12])}")
    texts += [f'{name} = constants["{name}"]' for name in module.constants]
    texts += [f"{name} = {text}" for text, name in module.preamble.items()]
    return [Line(0, t) for t in texts]


def _attributes(function: func.FuncOp, index: int, *, result: bool = False) -> dict[str, Attribute]:
    attrs = function.res_attrs if result else function.arg_attrs
    return dict(attrs.data[index].data) if attrs is not None else {}


def _is_uint8(attributes: dict[str, Attribute]) -> bool:
    kind = attributes.get("ts.type")
    return isinstance(kind, TensorType) and kind.dtype is dtypes.uint8


@dataclass(frozen=True)
class _Written:
    """The text of one function, the paths of its weights, and by index: on which of them each part of its state depends, and
    which the function writes and which may be what others are."""

    lines: list[Line]
    weights: tuple[str, ...]
    provenance: tuple[tuple[int, ...], ...]
    mutable: tuple[int, ...]
    shared: tuple[int, ...]


def _function(module: ModuleEmitter, function: func.FuncOp, name: str, *, entry: bool) -> _Written:
    """Writes one function, with its `prepare` and buffers."""
    escaping = escaping_values(function.body, _only_reads, _aliases)
    copies = Copies(function, _aliases)
    shared = shared_values(function.body, lambda op: _is_kept(op, copies), _aliases)
    e = FunctionEmitter(module, function, escaping, shared, copies)
    parameters: list[str] = []
    weights: list[str] = []
    weight_names: list[str] = []
    mutable: list[int] = []
    shared_weights: list[int] = []
    parts = _parts(function) if entry else {}
    taken: dict[int, str] = {}
    head: list[Line] = []
    for i, argument in enumerate(function.body.block.args):
        attributes = _attributes(function, i)
        path = attributes.get("ts.weight")
        variable = e.fresh_for(argument) if argument.name_hint else e.fresh(f"x{i}")
        if entry and isinstance(path, StringAttr):
            weights.append(path.data)
            weight_names.append(variable)
            if "ts.shared" in attributes:
                shared_weights.append(len(weights) - 1)
            if "ts.mutable" in attributes:
                mutable.append(len(weights) - 1)
            elif is_tensor(argument):
                e.prepared_names.add(variable)
        elif argument in parts:
            number, path = parts[argument]
            if number not in taken:
                taken[number] = e.fresh("given")
                parameters.append(taken[number])
            head.append(Line(1, f"{variable} = {_reached(taken[number], path)}"))
        else:
            parameters.append(variable)
        if _is_uint8(attributes) and is_tensor(argument):
            variable = e.hoisted(f"{variable}.view({e.numpy('int8')})", argument.name_hint)
        e.bind_array(argument, variable, Kind.FOREIGN)
    e.emit_block(function.body.block)
    results = _results(e, function)
    suffix = "" if entry else f"_{name}"
    lines: list[Line] = []
    body = settled(e.body)
    used = {n for line in body for n in identifiers(line.text)} | {n for t in results for n in identifiers(t)}
    state = [n for n in dict.fromkeys([*weight_names, *_assigned(e.prepared)]) if n in used]
    if entry:
        lines += _prepare(weight_names, e.prepared, state)
    buffers = e.plan.lines()
    views = [v for v in e.plan.views if v in used]
    if state:
        head.append(Line(1, f"{_unpacked(state)} = state"))
    if views:
        pool, make = f"pool{suffix}", f"make_buffers{suffix}"
        kernels = module.module("tsir.backend.numpy", "kernels")
        assert kernels == "kernels"
        lines += [Line(0, ""), Line(0, ""), Line(0, f"def {make}():")]
        lines += [Line(1, t) for t in buffers]
        lines += [Line(1, f"return {_tuple(views)}"), Line(0, ""), Line(0, ""), Line(0, f"{pool} = []")]
        head += [
            Line(1, "try:"),
            Line(2, f"buffers = {pool}.pop()"),
            Line(1, "except IndexError:"),
            Line(2, f"buffers = {make}()"),
            Line(1, f"{_unpacked(views)} = buffers"),
        ]
        body.append(Line(1, f"{pool}.append(buffers)"))
    body.append(Line(1, f"return {', '.join(results) or 'None'}"))
    arguments = ["state", *parameters] if entry else parameters
    lines += [Line(0, ""), Line(0, ""), Line(0, f"def {name}({', '.join(arguments)}):"), *head, *body]
    return _Written(
        lines, tuple(weights), _provenance(weight_names, e.prepared, state), tuple(mutable), tuple(shared_weights)
    )


def _provenance(weights: list[str], lines: list[Line], state: list[str]) -> tuple[tuple[int, ...], ...]:
    """For each name of the state the indices of the weights that its value depends on."""
    known = {name: {i} for i, name in enumerate(weights)}
    for line in lines:
        read = set[int]().union(*(known.get(n, ()) for n in identifiers(line.text)))
        targets = _assigned([line])
        for name in targets or identifiers(line.text):  # a line that assigns nothing writes into what it names
            if targets or name in known:
                known[name] = read
    return tuple(tuple(sorted(known.get(name, ()))) for name in state)


def _results(e: FunctionEmitter, function: func.FuncOp) -> list[str]:
    """The expressions that the function returns, which need no buffer any more."""
    terminator = function.body.block.last_op
    if not isinstance(terminator, func.ReturnOp):
        raise TsirError(f"@{function.sym_name.data} doesn't end with func.return")
    texts: list[str] = []
    for i, value in enumerate(terminator.operands):
        text = e.name_of(value)
        if is_tensor(value):
            if e.tensor(value).storage.kind is Kind.CONSTANT:
                text = f"{text}.copy()"
            if _is_uint8(_attributes(function, i, result=True)):
                text = f"{text}.view({e.numpy('uint8')})"
            elif "ts.view" in _attributes(function, i, result=True) and _is_known_elsewhere(e, function, value):
                text = f"{text}.view()"
            assert tensor_dtype(value.type)
        texts.append(text)
    return texts


def _is_known_elsewhere(e: FunctionEmitter, function: func.FuncOp, value: SSAValue) -> bool:
    """Whether a returned array is also an argument's, or is returned once more: a view is an object of its own."""
    uses = [u.operation for u in value.uses]
    if any(isinstance(op, ToReferenceOp) for op in uses) or sum(isinstance(op, func.ReturnOp) for op in uses) > 1:
        return True
    return e.name_of(value) in {e.name_of(a) for a in function.body.block.args if is_tensor(a)}


def _prepare(weights: list[str], lines: list[Line], state: list[str]) -> list[Line]:
    result = [Line(0, ""), Line(0, ""), Line(0, "def prepare(weights):")]
    if weights:
        result.append(Line(1, f"{_unpacked(weights)} = weights"))
    return [*result, *lines, Line(1, f"return {_tuple(state)}")]


def _assigned(lines: list[Line]) -> list[str]:
    """The names that lines assign to."""
    found: list[str] = []
    for line in lines:
        target, equals, _ = line.text.partition(" = ")
        if equals and re.fullmatch(r"[\w, ]+", target):
            found += [n.strip() for n in target.split(",")]
    return found


def _unpacked(names: list[str]) -> str:
    return f"{names[0]}," if len(names) == 1 else ", ".join(names)


def _tuple(names: list[str]) -> str:
    return f"({_unpacked(names)})" if names else "()"


def _text(lines: list[Line]) -> tuple[str, dict[int, tuple[SourceFrame, ...]]]:
    """The text, with a comment wherever the user's line changes, and the table of places by line number."""
    texts: list[str] = []
    frames: dict[int, tuple[SourceFrame, ...]] = {}
    shown: tuple[str, int] | None = None
    for line in lines:
        pad = "    " * line.indent
        if line.indent == 0:
            shown = None
        place = _shown_place(line.frames)
        if place is not None and (place.file, place.line) != shown:
            shown = place.file, place.line
            texts.append(f"{pad}{_comment(place)}")
        texts.append(f"{pad}{line.text}" if line.text else "")
        if line.frames:
            frames[len(texts)] = line.frames
    return "\n".join(texts) + "\n", frames


_TORCH = re.compile(r"[/\\]torch[/\\]")


def _shown_place(frames: tuple[SourceFrame, ...]) -> SourceFrame | None:
    own = [f for f in frames if not _TORCH.search(f.file)]
    return own[-1] if own else frames[-1] if frames else None


def _comment(place: SourceFrame) -> str:
    code = line_of(place.file, place.line).strip()
    file = re.split(r"[/\\]", place.file)[-1]
    return one_line(f"# {file}:{place.line}  {code}".rstrip())
