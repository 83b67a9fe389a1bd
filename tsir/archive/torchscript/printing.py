"""A function of a program as serialised code: one statement for an operation, control flow as `if`, `for` and `while`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from xdsl.dialects import arith, func, scf
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from tsir.archive.torchscript.annotations import HINT, identifier, is_identifier
from tsir.archive.torchscript.calls import operator_call
from tsir.archive.torchscript.checking import as_torchscript, can_be_cast, is_subtype
from tsir.archive.torchscript.cleanups import Cleanup, cleanup_of, is_about_exception
from tsir.archive.torchscript.expressions import number, parts_of
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
        from tsir.archive.torchscript.python_calls import emit_python_call
        from tsir.archive.torchscript.structures import OPERATIONS

        emit = OPERATIONS.get(type(operation))
        if emit is not None:
            emit(self, operation)
        elif isinstance(operation, AtenOp):
            self._operator(operation)
        elif isinstance(operation, PyOp):
            emit_python_call(self, operation)
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
            return f"annotate({annotation}, [{', '.join(t for t, _ in parts_of(text, given))}])"
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
            if is_about_exception(one):
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


def _takes_tensor(operation: Operation) -> bool:
    """Whether an operation takes a tensor as well as its number: TorchScript's number of a bool tensor can't become a float."""
    return isinstance(operation, PyOp) and operation.FUNCTION in ("int", "float")


def listed(value: SSAValue) -> Any:
    """The value of a constant, or of a list of constants; UNKNOWN for other values."""
    if isinstance(value.owner, s.ListOp) and value.uses.get_length() == 1:
        found = [constant_of(o) for o in value.owner.operands]
        return UNKNOWN if any(f is UNKNOWN for f in found) else tuple(found)
    return UNKNOWN if isinstance(value, BlockArgument) else constant_of(value)
