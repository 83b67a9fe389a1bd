"""A function of a program as serialised code: one statement for an operation, control flow as `if`, `for` and `while`."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from xdsl.dialects import arith, func, scf
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from tsir.archive.torchscript.annotations import HINT, identifier, is_identifier
from tsir.archive.torchscript.calls import checked_call, operator_call, outside_domain, truth
from tsir.archive.torchscript.checking import as_torchscript, can_be_cast, is_subtype
from tsir.archive.torchscript.cleanups import Cleanup, cleanup_of
from tsir.archive.torchscript.texts import (
    format_parts,
    format_spec_call,
    is_alike,
    is_message,
    is_percent_template,
    text_call,
)
from tsir.dialects import type_codes
from tsir.dialects.dtypes import DType
from tsir.dialects.locations import location_of
from tsir.dialects.ts import structure as s
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.type_names import show_type
from tsir.dialects.values import Device, EnumMember, Layout, MemoryFormat
from tsir.errors import TsirError, UnsupportedError
from tsir.passes.constants import UNKNOWN, constant_of, value_of_attribute

if TYPE_CHECKING:
    from tsir.archive.torchscript.classes import ProgramText


class FunctionPrinter:
    """Prints one function."""

    def __init__(self, program: ProgramText, function: func.FuncOp) -> None:
        self.program = program
        self.function = function
        self.lines: list[str] = []
        self.indent = 1
        self.names: dict[SSAValue, str] = {}
        self.taken: set[str] = set()
        self.parameters: list[str] = []
        self.known: dict[SSAValue, bool] = {}
        """Conditions that are known where they are written: whether there is an exception."""
        for argument in function.body.block.args:
            self.parameters.append(self.name(argument))

    # Text

    def line(self, text: str) -> None:
        """Adds a line."""
        self.lines.append("  " * self.indent + text)

    def refuse(self, what: str, operation: Operation) -> NoReturn:
        """Raises UnsupportedError at an operation's place in the user's source: TorchScript has no such thing."""
        location = next(iter(location_of(operation)), None)
        raise UnsupportedError(f"TorchScript has no {what}", location=location, hint=HINT)

    def annotation(self, kind: Attribute, operation: Operation) -> str:
        """A type as an annotation."""
        try:
            return self.program.annotations.of(kind)
        except UnsupportedError as error:
            location = next(iter(location_of(operation)), None)
            raise UnsupportedError(error.message, location=location, hint=HINT) from None

    def fresh(self, hint: str | None) -> str:
        """A name that nothing in the function has."""
        wanted = identifier(hint or "_0") if hint else f"_{len(self.taken)}"
        name, number = wanted, 0
        while name in self.taken:
            name = f"{wanted}{number}"
            number += 1
        self.taken.add(name)
        return name

    def name(self, value: SSAValue) -> str:
        """Gives a value a variable."""
        name = self.names[value] = self.fresh(value.name_hint)
        return name

    def use(self, value: SSAValue) -> str:
        """A value as an expression: its variable, or the constant that it is."""
        if value in self.names:
            return self.names[value]
        if isinstance(value.owner, arith.ConstantOp | s.ConstantOp):
            found = self.constant(value_of_attribute(value.owner.value), value.owner)
            return found
        raise TsirError("a value is used before it is computed")

    def constant(self, value: Any, operation: Operation) -> str:
        """A constant as an expression."""
        match value:
            case None:
                return "None"
            case bool() | int():
                return repr(value)
            case float():
                return number(value)
            case complex():
                return f"torch.Complex({number(value.real)}, {number(value.imag)})"
            case str():
                return self.program.text(value)
            case DType() | Layout() | MemoryFormat():
                return str(type_codes.type_code(value))
            case Device():
                return f'torch.device("{value}")'
            case EnumMember() if is_identifier(value.name):
                return f"{self.program.qualified(value.class_name)}.{value.name}"
            case _:
                self.refuse("such constant", operation)

    def define(self, operation: Operation, text: str) -> None:
        """A statement that computes an operation's result, or only does what it does."""
        if not operation.results:
            self.line(text)
        elif len(operation.results) == 1:
            self.line(f"{self.name(operation.results[0])} = {text}")
        else:
            self.line(f"{''.join(f'{self.name(r)}, ' for r in operation.results)}= {text}")

    # Functions

    def text(self, name: str, defaults: Mapping[str, str]) -> str:
        """The function's definition."""
        block = self.function.body.block
        self.block(block)
        kinds = self.function.function_type
        parameters = [
            f"{n}: {self.annotation(a.type, self.function)}" + (f"={defaults[n]}" if n in defaults else "")
            for n, a in zip(self.parameters, block.args, strict=True)
        ]
        outputs = kinds.outputs.data
        result = self.annotation(outputs[0], self.function) if outputs else "NoneType"
        return "\n".join([f"def {name}({', '.join(parameters)}) -> {result}:", *self.lines])

    def block(self, block: Block) -> None:
        """The operations of a block, without its terminator but for a return."""
        operations = list(block.ops)
        position = 0
        while position < len(operations):
            operation = operations[position]
            skip = self.fork(operations, position)
            if skip:
                position += skip
                continue
            if not isinstance(operation, scf.YieldOp | scf.ConditionOp | s.YieldOp):
                self.operation(operation)
            position += 1

    def operation(self, operation: Operation) -> None:
        """One operation."""
        emit = _OPERATIONS.get(type(operation))
        if emit is not None:
            emit(self, operation)
        elif isinstance(operation, AtenOp):
            self._operator(operation)
        elif isinstance(operation, PyOp):
            self._python(operation)
        else:
            self.refuse(operation.name, operation)

    def _operator(self, operation: AtenOp) -> None:
        operands = [self.use(o) for o in operation.operands]
        constants = [... if (c := listed(o)) is UNKNOWN else c for o in operation.operands]
        name = operation.SCHEMA.name.partition(".")[0]
        if name == "tolist":
            kind = operation.results[0].type
            self.refuse("tolist() without a type", operation) if isinstance(kind, ts.AnyType) and not self._is_cast(
                operation
            ) else None
            self.names[operation.results[0]] = f"{operands[0]}.tolist()"
            return
        if name == "_python_number" and all(_takes_tensor(u.operation) for u in operation.results[0].uses):
            self.names[operation.results[0]] = operands[0]
            return
        call = operator_call(operation.SCHEMA, operands, constants)
        if call is None:
            self.refuse(f"operator {operation.name.removeprefix('ts.aten.')}", operation)
        self.program.operators.add(name)
        self.define(operation, call)

    def _is_cast(self, operation: Operation) -> bool:
        return all(isinstance(u.operation, s.CastOp) for u in operation.results[0].uses)

    def _python(self, operation: PyOp) -> None:
        operands = [self.use(o) for o in operation.operands]
        kinds = [o.type for o in operation.operands]
        function = operation.FUNCTION
        if function in ("range_list", "range_object"):
            return self._range(operation, operands)
        if function == "setslice":
            return self._set_slice(operation, operands)
        if function == "sorted" and len(operands) == 2:
            return self._sorted(operation, operands)
        if function in _TEXTS:
            return self.define(operation, self._text(operation, operands, kinds))
        if function in ("truediv", "floordiv", "mod", "div_to_zero") and not _is_no_zero(operation.operands[1]):
            self.raise_if(f"torch.eq({operands[1]}, 0)", "division by zero", "ZeroDivisionError")
        if (
            operands
            and (outside := outside_domain(function, operands[0])) is not None
            and constant_of(operation.operands[0]) is UNKNOWN
        ):
            self.raise_if(outside, "math domain error", "ValueError")
        if all(isinstance(k, ts.TupleType | ts.NamedTupleType) for k in kinds) and (
            text := self._tuples(operation, operands)
        ):
            return self.define(operation, text)
        result = operation.results[0].type
        checked = checked_call(function, operands, kinds, result)
        if checked is None:
            shown = ", ".join(map(show_type, kinds))
            self.refuse(f"{function.replace('_', '.', 1)}() of {shown or 'no values'}", operation)
        call, found = checked
        self.annotation(result, operation)
        if found is not None and result != ts.NONE:
            call = self.of_type(call, found, result, operation)
        self.define(operation, call)

    def of_type(self, text: str, found: Attribute, wanted: Attribute, operation: Operation) -> str:
        """An expression of a type that TorchScript gives it as one of another, where a value can be of both."""
        given, kind = as_torchscript(found), as_torchscript(wanted)
        annotation = self.annotation(wanted, operation)
        if given == kind:
            return text
        parts = given.elements.data if isinstance(given, ts.TupleType) else []
        if (
            isinstance(kind, ts.ListType)
            and isinstance(given, ts.TupleType)
            and all(is_subtype(p, kind.element) for p in parts)
        ):
            return f"annotate({annotation}, [{', '.join(t for t, _ in _parts(text, given))}])"
        if is_subtype(given, kind):  # only a cast gives a variable of a loop its wider type
            return f"{'annotate' if text == 'None' else 'unchecked_cast'}({annotation}, {text})"
        if can_be_cast(given, kind):
            return f"unchecked_cast({annotation}, {text})"
        self.refuse(f"{show_type(wanted)} where it has {show_type(given)}", operation)

    def raise_if(self, condition: str, message: str, exception: str) -> None:
        """Raises what Python raises, where TorchScript has no exception."""
        self.line(f"if {condition}:")
        self.line(f'  ops.prim.RaiseException("{message}", "builtins.{exception}")')
        self.line("else:")
        self.line("  pass")

    def _text(self, operation: PyOp, operands: Sequence[str], kinds: Sequence[Attribute]) -> str:
        """A text of values. Raises UnsupportedError where TorchScript has another than Python and the program can tell."""
        function, is_shown = operation.FUNCTION, is_message(operation.results[0])
        call: str | None = None
        if function in ("str", "repr", "format") and (len(operands) == 1 or operands[1] == '""'):
            is_name = function == "repr" and isinstance(kinds[0], ts.StrType | ts.DeviceType)
            call = text_call(operands[0], kinds[0], is_shown) if not is_name or is_shown else None
        elif function == "format":
            spec = constant_of(operation.operands[1])
            call = format_spec_call(operands[0], kinds[0], spec) if isinstance(spec, str) else None
        elif isinstance(template := constant_of(operation.operands[0]), str):
            values, types = list(operands[1:]), list(kinds[1:])
            if function == "percent" and isinstance(operation.operands[1].owner, s.TupleOp):
                values = [self.use(o) for o in operation.operands[1].owner.operands]
                types = [o.type for o in operation.operands[1].owner.operands]
            texts = [text_call(v, k, is_shown) for v, k in zip(values, types, strict=True)]
            parts = format_parts(template, len(texts)) if function == "str_format" else None
            if parts is not None and all(t is not None for t in texts):
                arguments = [
                    '"{}"' if i is None else values[i] if texts[i] == f"str({values[i]})" else texts[i] for i in parts[1]
                ]
                call = f"torch.format({', '.join([self.program.text(parts[0]), *map(str, arguments)])})"
            elif (
                function == "percent"
                and is_percent_template(template, types)
                and all(is_shown or is_alike(k) for k in types)
            ):
                call = f"torch.percentFormat({self.program.text(template)}, ({', '.join(values)},))"
        elif is_shown:
            call = f"torch.{'format' if function == 'str_format' else 'percentFormat'}({', '.join(operands)})"
        if call is None:
            shown = ", ".join(show_type(k) for k in kinds if not isinstance(k, ts.StrType))
            self.refuse(f"such text of {shown or 'values'} as Python has (by {function.replace('_', '.', 1)}())", operation)
        return call

    def _tuples(self, operation: PyOp, operands: Sequence[str]) -> str | None:
        """What Python does with two tuples, element by element; None for what isn't done so."""
        left, right = (
            (_parts(o, v.type) for o, v in zip(operands, operation.operands, strict=True))
            if len(operands) == 2
            else ([], [])
        )
        match operation.FUNCTION:
            case "add":
                return tuple_of([t for t, _ in (*left, *right)])
            case "eq":
                return self._equal_tuples(left, right, operation)
            case "ne":
                return f"torch.__not__({self._equal_tuples(left, right, operation)})"
            case _:
                return None

    def _equal_tuples(self, left: Parts, right: Parts, operation: PyOp) -> str:
        if len(left) != len(right):
            return "False"
        text = ""
        for (a, a_kind), (b, b_kind) in zip(left, right, strict=True):
            if isinstance(a_kind, ts.TupleType | ts.NamedTupleType) and isinstance(b_kind, ts.TupleType | ts.NamedTupleType):
                part = self._equal_tuples(_parts(a, a_kind), _parts(b, b_kind), operation)
            else:
                checked = checked_call("eq", [a, b], [a_kind, b_kind], ts.BOOL)
                if checked is None:
                    self.refuse(f"comparison of {show_type(a_kind)} and {show_type(b_kind)} in tuples", operation)
                part = checked[0]
            text = f"torch.__and__({text}, {part})" if text else part
        return text or "True"

    def _set_slice(self, operation: PyOp, operands: Sequence[str]) -> None:
        """`a[start:stop] = value`: the list is filled again with what is before, the value, and what is behind."""
        target, start, stop, step, value = operands
        if step not in ("None", "1"):
            self.refuse("assignment to a slice with a step", operation)
        copied, head, tail = self.fresh(None), self.fresh(None), self.fresh(None)
        self.line(f"{copied} = torch.list({value})")
        self.line(f"{head} = torch.slice({target}, 0, {'0' if start == 'None' else start}, 1)")
        before = f"torch.len({head})"
        ends = "" if stop == "None" else f"ops.prim.max({before}, torch.len(torch.slice({target}, 0, {stop}, 1)))"
        self.line(f"{tail} = torch.slice({target}, {ends or f'torch.len({target})'}, None, 1)")
        self.line(f"torch.clear({target})")
        for part in (head, copied, tail):
            self.line(f"torch.extend({target}, {part})")

    def _range(self, operation: PyOp, operands: list[str]) -> None:
        """A list of the numbers of a range."""
        start, stop, step = {1: ["0", *operands, "1"], 2: [*operands, "1"], 3: operands}[len(operands)]
        name, counter, ignored = self.name(operation.results[0]), self.fresh(None), self.fresh(None)
        self.line(f"{name} = annotate(List[int], [])")
        self.line(f"for {counter} in range(torch.__range_length({start}, {stop}, {step})):")
        self.line(f"  {ignored} = torch.append({name}, torch.__derive_index({counter}, {start}, {step}))")

    def _sorted(self, operation: PyOp, operands: list[str]) -> None:
        """A sorted copy, the greatest first if that is wanted."""
        name, ignored = self.name(operation.results[0]), self.fresh(None)
        self.line(f"{name} = torch.list({operands[0]})")
        self.line(f"{ignored} = torch.sort({name}, {operands[1]})")

    # Control flow

    def assign(
        self, targets: Sequence[str], values: Sequence[SSAValue], kinds: Sequence[Attribute], operation: Operation
    ) -> None:
        """Gives variables values, all at once; each is of the variable's type."""
        texts = [self.typed(v, k, operation) for v, k in zip(values, kinds, strict=True)]
        if len(targets) == 1:
            self.line(f"{targets[0]} = {texts[0]}")
        elif targets:
            self.line(f"{', '.join(targets)} = {', '.join(texts)}")

    def typed(self, value: SSAValue, kind: Attribute, operation: Operation) -> str:
        """A value as one of a type that has it."""
        text = self.use(value)
        same = self.annotation(value.type, operation) == self.annotation(kind, operation)
        return text if same else self.of_type(text, value.type, kind, operation)

    def branch(self, operation: scf.IfOp) -> None:
        """`if`."""
        if operation.cond in self.known:
            region = operation.true_region if self.known[operation.cond] else operation.false_region
            if region.blocks:
                self.block(region.block)
                last = region.block.last_op
                assert last is not None
                self.names.update((r, self.use(o)) for r, o in zip(operation.results, last.operands, strict=True))
            return
        targets = [self.name(r) for r in operation.results]
        kinds = [r.type for r in operation.results]
        for target, kind in zip(targets, kinds, strict=True):
            if isinstance(kind, ts.UnionType | ts.NumberType | ts.AnyType):  # known from its first value on alone
                self.line(f"{target} = uninitialized({self.annotation(kind, operation)})")
        for word, region in ((f"if {self.use(operation.cond)}:", operation.true_region), ("else:", operation.false_region)):
            self.line(word)
            self.indent += 1
            before = len(self.lines)
            if region.blocks:
                self.block(region.block)
                last = region.block.last_op
                assert last is not None
                self.assign(targets, list(last.operands), kinds, operation)
            if len(self.lines) == before:
                self.line("pass")
            self.indent -= 1

    def for_loop(self, operation: scf.ForOp) -> None:
        """`for`, over the number of rounds."""
        kinds = [r.type for r in operation.results]
        targets = [self.name(r) for r in operation.results]
        self.assign(targets, list(operation.iter_args), kinds, operation)
        index, *carried = operation.body.block.args
        bounds = [self.use(o) for o in (operation.lb, operation.ub, operation.step)]
        count = bounds[1] if bounds[0] == "0" and bounds[2] == "1" else f"torch.__range_length({', '.join(bounds)})"
        own = self.name(index)
        if count is bounds[1]:
            self.line(f"for {own} in range({count}):")
        else:
            counter = self.fresh(None)
            self.line(f"for {counter} in range({count}):")
            self.lines.append(
                "  " * (self.indent + 1) + f"{own} = torch.__derive_index({counter}, {bounds[0]}, {bounds[2]})"
            )
        self.names.update(zip(carried, targets, strict=True))
        self.indent += 1
        self.inner(operation.body.block, targets, kinds, operation)
        if count is bounds[1] and not operation.body.block.ops:
            self.line("pass")
        self.indent -= 1

    def inner(self, block: Block, targets: Sequence[str], kinds: Sequence[Attribute], operation: Operation) -> None:
        """The body of a loop, and what its variables are at its end."""
        before = len(self.lines)
        self.block(block)
        last = block.last_op
        assert last is not None
        self.assign(targets, list(last.operands), kinds, operation)
        if len(self.lines) == before:
            self.line("pass")

    def while_loop(self, operation: scf.WhileOp) -> None:
        """`while`: what computes the condition stands before it, and again at the end of its body."""
        test, body = operation.before_region.block, operation.after_region.block
        first = [self.fresh(a.name_hint) for a in test.args]
        self.names.update(zip(test.args, first, strict=True))
        self.assign(first, list(operation.operands), [a.type for a in test.args], operation)
        passed = [self.fresh(a.name_hint) for a in body.args]
        condition = self.fresh(None)
        kinds = [a.type for a in body.args]

        def tested() -> None:
            self.block(test)
            last = test.last_op
            assert isinstance(last, scf.ConditionOp)
            self.assign([condition, *passed], list(last.operands), [ts.BOOL, *kinds], operation)

        tested()
        self.line(f"while {condition}:")
        self.indent += 1
        self.names.update(zip(body.args, passed, strict=True))
        self.inner(body, first, [a.type for a in test.args], operation)
        tested()
        self.indent -= 1
        self.names.update(zip(operation.results, passed, strict=True))

    def attempt(self, operation: s.TryOp) -> None:
        """A region whose exceptions are always raised again: `with` of an object that does what happens then."""
        cleanup = cleanup_of(operation)
        if cleanup is None:
            self.refuse("exception handling", operation)
        self.names[operation.exception] = "None"
        self.known.update((c, not known) for c, known in cleanup.known.items())
        if not cleanup.has_effects:
            return self._attempted(operation)
        manager = self.fresh(None)
        name = self.program.add_class("Cleanup", lambda n: self._cleanup_class(n, cleanup, operation))
        self.line(f"{manager} = {name}.__new__({name})")
        for i, value in enumerate(cleanup.captured):
            self.line(f"{manager}.value{i} = {self.use(value)}")
        self.line(f"{manager}.is_done = False")
        self.line(f"with {manager}:")
        self.indent += 1
        self._attempted(operation)
        self.line(f"{manager}.is_done = True")
        self.indent -= 1

    def _attempted(self, operation: s.TryOp) -> None:
        self.block(operation.body.block)
        last = operation.body.block.last_op
        assert last is not None
        self.names.update((r, self.use(o)) for r, o in zip(operation.results_, last.operands, strict=True))

    def _cleanup_class(self, name: str, cleanup: Cleanup, operation: s.TryOp) -> str:
        """The class of the object: it has the values that are needed."""
        inner = FunctionPrinter(self.program, self.function)
        inner.indent = 3
        inner.names = {v: f"self.value{i}" for i, v in enumerate(cleanup.captured)}
        inner.names[operation.exception] = inner.fresh("passing")
        inner.known = dict(cleanup.known)
        inner.line(f'{inner.names[operation.exception]} = annotate(Any, "an exception")')
        for one in cleanup.operations:
            if isinstance(one, PyOp) and one.FUNCTION == "exception_type":
                inner.names[one.results[0]] = inner.names[operation.exception]
            else:
                inner.operation(one)
            for result, value in cleanup.names.items():
                if value in inner.names:
                    inner.names.setdefault(result, inner.names[value])
        kinds = [f"  value{i} : {self.annotation(v.type, operation)}" for i, v in enumerate(cleanup.captured)]
        head = f"  def {{}}(self: __torch__.{name}{{}}) -> NoneType:"
        parameters = "".join(f", {n}: Any" for n in ("kind", "value", "trace"))
        return "\n".join([
            f"class {name}:", *kinds, "  is_done : bool",
            head.format("__enter__", ""), "    return None",
            head.format("__exit__", parameters), "    if self.is_done:", "      pass", "    else:", *inner.lines, "    return None",
        ])  # fmt: skip

    def fork(self, operations: Sequence[Operation], position: int) -> int:
        """The operations of a forked call, from its future on, as `fork`; how many there are, 0 for something else."""
        future = operations[position]
        if not isinstance(future, PyOp) or future.FUNCTION != "future" or position + 1 >= len(operations):
            return 0
        following = operations[position + 1 : position + 5]
        attempt = following[0]
        if not isinstance(attempt, s.TryOp):
            return 0
        *inside, last, _end = attempt.body.block.ops
        if not isinstance(last, PyOp) or last.FUNCTION != "future_set_result" or last.operands[0] is not future.results[0]:
            return 0
        count = next((i for i, o in enumerate(following) if isinstance(o, scf.IfOp)), None)
        if count is None or any(isinstance(o, s.TryOp) for o in following[1:]):
            return 0
        function = self.fresh("__forked_function")
        self.line(f"def {function}():")
        self.indent += 1
        for operation in inside:
            self.operation(operation)
        self.line(f"return {self.use(last.operands[1])}")
        self.indent -= 1
        self.line(f"{self.name(future.results[0])} = fork({function})")
        return count + 2


_TEXTS = frozenset(("str", "repr", "format", "str_format", "percent"))

Parts = Sequence[tuple[str, Attribute]]
"""The elements of a tuple, with their types."""


def _parts(text: str, kind: Attribute) -> Parts:
    elements = kind.elements.data if isinstance(kind, ts.TupleType | ts.NamedTupleType) else ()
    return [(f"({text})[{i}]", e) for i, e in enumerate(elements)]


def _takes_tensor(operation: Operation) -> bool:
    """Whether an operation takes a tensor as well as its number: TorchScript's number of a bool tensor can't become a float."""
    return isinstance(operation, PyOp) and operation.FUNCTION in ("int", "float")


def _is_no_zero(divisor: SSAValue) -> bool:
    """Whether a divisor is known not to be 0, or TorchScript's division by it raises."""
    value = constant_of(divisor)
    if value is not UNKNOWN:
        return value != 0
    return divisor.type not in (ts.INT, ts.FLOAT, ts.NumberType())


def tuple_of(elements: Sequence[str]) -> str:
    """A tuple as an expression."""
    return f"({', '.join(elements)}{',' if len(elements) == 1 else ''})"


def number(value: float) -> str:
    """A float as serialised code has it."""
    if math.isnan(value):
        return "nan"
    return repr(value) if math.isfinite(value) else "inf" if value > 0 else "-inf"


def listed(value: SSAValue) -> Any:
    """The value of a constant, or of a list of constants; UNKNOWN for other values."""
    if isinstance(value.owner, s.ListOp) and value.uses.get_length() == 1:
        found = [constant_of(o) for o in value.owner.operands]
        return UNKNOWN if any(f is UNKNOWN for f in found) else tuple(found)
    return UNKNOWN if isinstance(value, BlockArgument) else constant_of(value)


# The structural operations


def _nothing(p: FunctionPrinter, operation: Any) -> None:
    pass


def _logical(name: str) -> Callable[[FunctionPrinter, Any], None]:
    return lambda p, operation: p.define(operation, f"torch.__{name}__({', '.join(map(p.use, operation.operands))})")


def _return(p: FunctionPrinter, operation: func.ReturnOp) -> None:
    if not operation.operands:
        return p.line("return None")
    outputs = p.function.function_type.outputs.data
    p.line(f"return {p.typed(operation.operands[0], outputs[0], operation)}")


def _call(p: FunctionPrinter, operation: func.CallOp) -> None:
    operands = [p.use(o) for o in operation.operands]
    callee = operation.callee.string_value()
    method = p.program.method_of(callee)
    if method is not None:
        text = f"({operands[0]}).{method}({''.join(f'{o}, ' for o in operands[1:])})"
    else:
        text = f"{p.program.function(callee)}({''.join(f'{o}, ' for o in operands)})"
    p.define(operation, text)


def _call_method(p: FunctionPrinter, operation: s.CallMethodOp) -> None:
    name, _, _interface = operation.method_name.data.partition("$")
    arguments = "".join(f"{p.use(o)}, " for o in operation.arguments)
    p.define(operation, f"({p.use(operation.object)}).{name}({arguments})")


def _list(p: FunctionPrinter, operation: s.ListOp) -> None:
    kind, elements = p.annotation(operation.result.type, operation), [p.use(o) for o in operation.elements]
    is_data = all(isinstance(u.operation, AtenOp) and u.operation.SCHEMA.key == "tensor" for u in operation.result.uses)
    if (
        operation.result.type == ts.ListType(ts.NumberType())
        and is_data
        and any(_number_of(o) == ts.FLOAT for o in operation.elements)
    ):
        if not all(_number_of(o) in (ts.INT, ts.FLOAT) for o in operation.elements):
            p.refuse("tensor() of such numbers", operation)
        kind, elements = "List[float]", [f"float({o})" for o in elements]
    p.define(operation, f"annotate({kind}, [{', '.join(elements)}])")


def _number_of(value: SSAValue) -> Attribute:
    """The type of a number before it became one of any type."""
    return value.owner.value.type if isinstance(value.owner, s.CastOp) else value.type


def _tuple(p: FunctionPrinter, operation: s.TupleOp) -> None:
    parts = [p.use(o) for o in operation.elements]
    if isinstance(operation.result.type, ts.NamedTupleType):
        return p.define(operation, f"{p.annotation(operation.result.type, operation)}({', '.join(parts)})")
    text = tuple_of(parts)
    kinds: Any = operation.result.type
    if [o.type for o in operation.elements] != list(kinds.elements.data):
        text = f"annotate({p.annotation(operation.result.type, operation)}, {text})"
    p.define(operation, text)


def _tuple_get(p: FunctionPrinter, operation: s.TupleGetOp) -> None:
    p.define(operation, f"({p.use(operation.tuple)})[{operation.index.value.data}]")


def _unpack(p: FunctionPrinter, operation: s.UnpackOp) -> None:
    value = p.use(operation.value)
    if isinstance(operation.value.type, ts.TensorType):
        rows = p.fresh(None)
        p.line(f"{rows} = torch.unbind({value})")
        value = rows
    p.line(f"{''.join(f'{p.name(r)}, ' for r in operation.elements)}= {value}")


def _dict(p: FunctionPrinter, operation: s.DictOp) -> None:
    items = [p.use(o) for o in operation.items]
    pairs = ", ".join(f"{k}: {v}" for k, v in zip(items[::2], items[1::2], strict=True))
    p.define(operation, f"annotate({p.annotation(operation.result.type, operation)}, {{{pairs}}})")


def _get_attribute(p: FunctionPrinter, operation: s.GetAttrOp) -> None:
    name = operation.attr_name.data
    holder = p.use(operation.object)
    p.define(operation, f"{holder}.{name}" if is_identifier(name) else f"getattr({holder}, {p.program.quoted(name)})")


def _set_attribute(p: FunctionPrinter, operation: s.SetAttrOp) -> None:
    name = operation.attr_name.data
    if not is_identifier(name):
        p.refuse(f"assignment of an attribute named {name!r}", operation)
    kind = p.program.attribute_type(operation.object.type, name)
    value = p.use(operation.value) if kind is None else p.typed(operation.value, kind, operation)
    p.line(f"{p.use(operation.object)}.{name} = {value}")


def _new(p: FunctionPrinter, operation: s.NewOp) -> None:
    name = p.annotation(operation.result.type, operation)
    p.define(operation, f"{name}.__new__({name})")


def _cast(p: FunctionPrinter, operation: s.CastOp) -> None:
    given, wanted = operation.value.type, operation.result.type
    text, kind = p.use(operation.value), p.annotation(wanted, operation)
    if p.annotation(given, operation) == kind:
        p.names[operation.result] = text
        return
    if isinstance(given, ts.ClassType) and isinstance(wanted, ts.ClassType) and not p.program.is_interface(wanted):
        p.refuse("classes derived from others, nor functions as values,", operation)
    if text.endswith(".tolist()"):
        return p.define(operation, f"annotate({kind}, {text})")
    is_tensor = isinstance(wanted, ts.TensorType) and isinstance(given, ts.TensorType)
    if is_tensor or (text == "None" and isinstance(wanted, ts.UnionType)):  # torch.jit can't hold None as one of a Union
        p.names[operation.result] = text
    elif isinstance(given, ts.ClassType) or isinstance(wanted, ts.ClassType):
        p.define(operation, f"unchecked_cast({kind}, {text})")
    else:
        p.define(operation, p.of_type(text, given, wanted, operation))


def _is_instance(p: FunctionPrinter, operation: s.IsInstanceOp) -> None:
    value = p.use(operation.value)
    if isinstance(operation.value.type, ts.NumberType):
        value = f"annotate(Any, {value})"  # no bool is a number
    first, *others = [f"isinstance({value}, {p.annotation(k, operation)})" for k in operation.types.data]
    for other in others:
        first = f"torch.__or__({first}, {other})"
    p.define(operation, first)


def _truth(p: FunctionPrinter, operation: s.TruthOp) -> None:
    kind, value = operation.value.type, p.use(operation.value)
    if not isinstance(kind, ts.OptionalType):
        return p.define(operation, truth(value, kind))
    name = p.name(operation.result)
    inner = f"unchecked_cast({p.annotation(kind.element, operation)}, {value})"
    for line in (
        f"if torch.__isnot__({value}, None):",
        f"  {name} = {truth(inner, kind.element)}",
        "else:",
        f"  {name} = False",
    ):
        p.line(line)


def _raise(p: FunctionPrinter, operation: s.RaiseOp) -> None:
    name = operation.exception.data
    if len(operation.arguments) > 1:
        p.refuse("exception with several arguments", operation)
    text = p.use(operation.arguments[0]) if operation.arguments else '""'
    if operation.arguments and operation.arguments[0].type != ts.StrType():
        text = f"str({text})"
    known = isinstance(getattr(builtins, name, None), type)
    p.line(f'ops.prim.RaiseException({text}, "builtins.{name}")' if known else f"ops.prim.RaiseException({text})")


def _uninitialized(p: FunctionPrinter, operation: s.UninitializedOp) -> None:
    p.define(operation, _anything(p, operation.result.type, operation))


def _anything(p: FunctionPrinter, kind: Attribute, operation: Operation) -> str:
    """A value that is never read; elements are taken from tuples nevertheless, and put into others."""
    if not isinstance(kind, ts.TupleType | ts.NamedTupleType):
        return f"uninitialized({p.annotation(kind, operation)})"
    elements = [_anything(p, e, operation) for e in kind.elements.data]
    is_named = isinstance(kind, ts.NamedTupleType)
    return f"{p.annotation(kind, operation)}({', '.join(elements)})" if is_named else tuple_of(elements)


def _refused(what: str) -> Callable[[FunctionPrinter, Any], None]:
    return lambda p, operation: p.refuse(what, operation)


_OPERATIONS: Mapping[type[Operation], Callable[[FunctionPrinter, Any], None]] = {
    arith.AndIOp: _logical("and"), arith.OrIOp: _logical("or"), arith.XOrIOp: _logical("xor"),
    arith.ConstantOp: _nothing, s.ConstantOp: _nothing, func.ReturnOp: _return, func.CallOp: _call, s.CallMethodOp: _call_method,
    s.ListOp: _list, s.TupleOp: _tuple, s.TupleGetOp: _tuple_get, s.UnpackOp: _unpack, s.DictOp: _dict, s.GetAttrOp: _get_attribute,
    s.SetAttrOp: _set_attribute, s.NewOp: _new, s.CastOp: _cast, s.IsInstanceOp: _is_instance, s.TruthOp: _truth, s.RaiseOp: _raise,
    s.UninitializedOp: _uninitialized, scf.IfOp: FunctionPrinter.branch, scf.ForOp: FunctionPrinter.for_loop,
    scf.WhileOp: FunctionPrinter.while_loop, s.TryOp: FunctionPrinter.attempt, s.ReraiseOp: _refused("exception handling"),
    s.CatchesOp: _refused("exception handling"), s.ExceptionOp: _refused("exception as a value"),
    s.CallPythonOp: _refused("call of a Python function that isn't part of the program"),
}  # fmt: skip
