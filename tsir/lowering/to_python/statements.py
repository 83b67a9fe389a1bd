"""Functions as Python statements: one for an operation with an effect or with several uses, scf as `if`, `while` and `for`.

What is used once, and nothing that happens between can change it, stands where it is used. Every value has a name of its own,
made of that in the user's source; what a branch or a loop gives is assigned in the branch or at the end of the loop's body.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from tsir.dialects.program import EntryPoint, Parameter
from tsir.dialects.ts import types
from tsir.dialects.ts.families import PyOp
from tsir.lowering.to_python.calls import declared, passed
from tsir.lowering.to_python.constants import value_text
from tsir.lowering.to_python.expressions import AUGMENTED, expression
from tsir.lowering.to_python.names import Names, identifier
from tsir.ops.python import FUNCTIONS

_WORD = re.compile(r"\w+")
_TERMINATORS = frozenset({"func.return", "scf.yield", "scf.condition", "ts.yield"})
_RAISES = frozenset({"ts.raise", "ts.reraise"})
_FREE = frozenset({"arith.constant", "ts.constant", "ts.uninitialized"})
"""Operations that are written out wherever their result is used."""
_PLAIN = (
    types.TensorType, types.BuiltinTensorType, types.StrType, types.DTypeType, types.DeviceType, types.ClassType, IntegerType,
)  # fmt: skip
_BUILTINS = frozenset(name for name in dir(builtins) if name.islower())
_CONDITIONS = frozenset({"ts.truth", "ts.isinstance", "ts.catches", "arith.andi"})
_TESTING = frozenset({"ts.truth", "func.return", "scf.if"})
"""Operations that what stands right before them is written into."""
Finish = Callable[[Operation], None]


class Printer:
    """Prints one function. `names` are those of the whole program."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.lines: list[str] = []
        self.hidden: set[str] = set()
        """The names of built-ins that parameters of the function hide."""
        self._texts: dict[SSAValue, str] = {}
        self._local: set[str] = set()
        self._depth = 0
        self._targets: dict[SSAValue, tuple[str, SSAValue | None]] = {}
        """For values that are only yielded: the variable that takes them, and what it holds before."""
        self._moved: set[Operation] = set()
        """The operations whose text stands where their results are used."""
        self._returns = False

    # Functions

    def entry(self, function: Operation, entry: EntryPoint) -> str:
        """An entry point, with its parameters' names and defaults."""
        arguments = function.regions[0].block.args
        shown: list[str] = ["self"] if entry.takes_self else []
        if entry.takes_self:
            self._texts[arguments[0]] = "self"
            self._local.add("self")
        starred = False
        parameters: list[str] = []
        for argument, parameter in zip(arguments[entry.takes_self :], entry.parameters, strict=True):
            self._keep_name(argument, parameter.name)
            if parameter.kwarg_only and not starred:
                parameters.append("*")
                starred = True
            default = f" = {value_text(self.names, parameter.default)}" if parameter.has_default else ""
            parameters.append(self._declared(parameter, argument.type) + default)
        return self._function(function, entry.name, [*shown, *declared(self.names, function, parameters)])

    def _declared(self, parameter: Parameter, type_: Attribute) -> str:
        if not parameter.repeat or not isinstance(type_, types.ListType):
            return self.names.declared(parameter.name, type_)
        kind = self.names.use("torch._jit_internal", f"BroadcastingList{parameter.repeat}")
        return f"{parameter.name}: {kind}[{self.names.annotation(type_.element)}]"

    def helper(self, function: Operation, name: str) -> str:
        """A function that is called, or a method of a class."""
        shown: list[str] = []
        for argument in function.regions[0].block.args:
            shown.append(self.names.declared(self.name(argument), argument.type))
        return self._function(function, name, shown)

    def method(self, function: Operation, name: str) -> str:
        """A method of a class whose definition is part of the text."""
        receiver, *rest = function.regions[0].block.args
        self._keep_name(receiver, "self")
        for argument in rest:
            self._keep_name(argument, identifier(argument.name_hint or "value"))
        parameters = [self.names.declared(self._texts[a], a.type) for a in rest]
        return self._function(function, name, ["self", *parameters])

    def _keep_name(self, argument: SSAValue, name: str) -> None:
        self._texts[argument] = name
        self._local.add(name)
        if name in _BUILTINS:
            self.hidden.add(name)

    def _function(self, function: Operation, name: str, parameters: Sequence[str]) -> str:
        results: Sequence[Attribute] = cast(Any, function).function_type.outputs.data
        result = self.names.annotation(results[0]) if results else "None"
        arrow = "" if result is None else f" -> {result}"
        self._line(f"def {name}({', '.join(parameters)}){arrow}:")
        self.body(function.regions[0].block, self._returned)
        return "\n".join(self.lines) + "\n"

    def _returned(self, terminator: Operation) -> None:
        if terminator.operands and terminator.operands[0].type != types.NONE:
            self._line(f"return {', '.join(self.text(v) for v in terminator.operands)}")
        else:
            self._line("return None" if terminator.operands else "return")

    # Names and lines

    def _line(self, text: str) -> None:
        self.lines.append("  " * self._depth + text)

    def fresh(self, hint: str) -> str:
        """A name like this one that the function doesn't have yet."""
        name, number = hint, 0
        while name in self._local or name in self.names.taken or name in _BUILTINS:
            name, number = f"{hint}{number}", number + 1
        self._local.add(name)
        return name

    def name(self, value: SSAValue) -> str:
        """A new name for a value."""
        name = self.fresh(identifier(value.name_hint or "v"))
        self._texts[value] = name
        return name

    def text(self, value: SSAValue) -> str:
        """What stands where a value is used."""
        return self._texts[value]

    def builtin(self, match: re.Match[str]) -> str:
        """The call of a built-in, also where a parameter has its name."""
        return f"{self.names.use('builtins')}.{match[0]}" if match[1] in self.hidden else match[0]

    def condition(self, value: SSAValue) -> str:
        """A value as the condition of a statement, where a test of its truth isn't written out."""
        owner = value.owner
        if isinstance(owner, Operation) and owner.name == "ts.truth" and owner in self._moved:
            return self.text(owner.operands[0])
        return self.text(value)

    def _define(self, name: str, type_: Attribute, text: str) -> None:
        """An assignment, with the type where the text alone may not say it."""
        shown = None if isinstance(type_, _PLAIN) or not _says_more(type_) else self.names.annotation(type_)
        self._line(f"{name} = {text}" if shown is None else f"{name}: {shown} = {text}")

    # Operations

    def body(self, block: Block, finish: Finish) -> None:
        """The operations of a block, indented; `finish` prints the last one."""
        self._depth += 1
        before = len(self.lines)
        for operation in block.ops:
            if operation is block.last_op and operation.name in _TERMINATORS:
                if operation.name != "func.return" or not self._returns:
                    finish(operation)
                self._returns = False
            else:
                self.operation(operation)
                if operation.name in _RAISES:
                    break
        if len(self.lines) == before:
            self._line("pass")
        self._depth -= 1

    def operation(self, operation: Operation) -> None:
        """One operation: a statement, or a text that is kept for its use."""
        structured = _STRUCTURED.get(operation.name)
        if structured is not None:
            structured(self, operation)
            return
        results = operation.results
        if isinstance(operation, PyOp) and operation.FUNCTION in AUGMENTED:
            self._augmented(operation)
        elif operation.name == "ts.unpack":
            names = [self.name(r) for r in results]
            self._line(f"{', '.join(names)}{',' if len(names) == 1 else ''} = {self.text(operation.operands[0])}")
        elif self._is_constructed(operation) or self._constructs(operation):
            return
        else:
            self._assigned(operation, expression(self, operation))

    def _assigned(self, operation: Operation, text: str) -> None:
        results = operation.results
        if not results or (results[0].first_use is None and len(results) == 1 and operation.name not in _FREE):
            if results and isinstance(results[0].type, types.NoneType):
                self._texts[results[0]] = "None"
            if not results or not self._is_dropped(operation):
                self._line(text)
        elif len(results) > 1:
            self._line(f"{', '.join(self.name(r) for r in results)} = {text}")
        elif operation.name in _FREE or self._moves(operation, text):
            self._texts[results[0]] = text
            self._moved.add(operation)
        elif results[0].type == types.NONE:
            self._line(text)
            self._texts[results[0]] = "None"
        else:
            name = self._named(operation, results[0])
            if isinstance(operation, PyOp) and operation.FUNCTION == "iter":
                self._line(f"{name} = {text}")  # its elements' type has no name
            else:
                self._define(name, results[0].type, text)

    def _is_dropped(self, operation: Operation) -> bool:
        """Whether an operation whose result isn't used needs no statement."""
        return operation.name in ("ts.cast", "ts.tuple", "ts.tuple_get", "ts.getattr", "ts.isinstance")

    def _named(self, operation: Operation, value: SSAValue) -> str:
        """The variable for a value: that of the branch or loop that takes it, where nobody reads its old value any more."""
        target = self._targets.get(value)
        if target is None:
            return self.name(value)
        name, before = target
        if before is not None and not self._is_done(before, operation):
            return self.name(value)
        self._texts[value] = name
        return name

    def _is_done(self, before: SSAValue, operation: Operation) -> bool:
        """Whether everything that reads a loop's variable is printed, but for an operation itself."""
        block = operation.parent
        for use in before.uses:
            user: Operation | None = use.operation
            if user in self._moved:
                return False
            while user is not None and user.parent is not block:
                user = user.parent_op()
            if user is None or user.parent is not block or (user is not operation and not _comes_before(user, operation)):
                return False
        return True

    def _augmented(self, operation: PyOp) -> None:
        target, value = operation.operands
        name = self.text(target)
        if not name.isidentifier():
            held = self.fresh(identifier(target.name_hint or "v"))
            self._line(f"{held} = {name}")
            name = held
        self._line(f"{name} {AUGMENTED[operation.FUNCTION]} {self.text(value)}")
        self._texts[operation.results[0]] = name

    def _moves(self, operation: Operation, text: str) -> bool:
        """Whether an operation may be written where its result is used: nothing that happens between can change its value."""
        result = operation.results[0]
        once = result.has_one_use()
        short = once or text.isidentifier() or not operation.operands
        match operation.name:
            case "ts.tuple_get":
                return True
            case "ts.cast":
                return short or text == self.text(operation.operands[0])
            case "ts.tuple":
                return short
            case "ts.getattr":
                name: str = cast(Any, operation).attr_name.data
                return isinstance(result.type, types.ClassType) or name not in self.names.set_attributes
            case _:
                pass
        if not once or next(iter(result.uses)).operation.parent is not operation.parent:
            return False
        if operation.name == "ts.list":
            return bool(operation.operands) and _is_next(operation, next(iter(result.uses)).operation)
        user = next(iter(result.uses)).operation
        if isinstance(operation, PyOp) and operation.FUNCTION in ("tuple", "torch_size") and user.name == "ts.cast":
            return True
        if operation.name in _CONDITIONS or user.name in _TESTING:
            return _is_next(operation, user)
        function = FUNCTIONS.get(operation.FUNCTION) if isinstance(operation, PyOp) else None
        immutable = all(isinstance(o.type, IntegerType | type(types.FLOAT) | types.StrType) for o in operation.operands)
        pure = function is not None and not (function.mutates or function.effect or function.raises or function.fresh)
        return pure and (immutable or operation.FUNCTION in ("is", "is_not", "not"))  # type: ignore[union-attr]

    # Objects of classes

    def _is_constructed(self, operation: Operation) -> bool:
        """Whether a new object's `__init__` is called: the object is made there."""
        if operation.name != "ts.new":
            return False
        return any(self._initialises(use.operation) for use in operation.results[0].uses if use.index == 0)

    def _initialises(self, operation: Operation) -> bool:
        if operation.name != "func.call":
            return False
        return self.names.methods.get(cast(Any, operation).callee.root_reference.data) == "__init__"

    def _constructs(self, operation: Operation) -> bool:
        """Prints the call of `__init__` of a new object as the call of its class."""
        if not self._initialises(operation):
            return False
        new = operation.operands[0].owner
        if not isinstance(new, Operation) or new.name != "ts.new" or new.results[0] in self._texts:
            return False
        symbol: str = cast(Any, new.results[0].type).symbol.root_reference.data
        called: str = cast(Any, operation).callee.root_reference.data
        shown = passed(self.names, called, [self.text(o) for o in operation.operands[1:]], symbol)
        if shown is None:
            return False
        text = f"{self.names.class_name(symbol)}({', '.join(shown)})"
        self._line(f"{self.name(new.results[0])} = {text}")
        return True

    # Control flow

    def _if(self, operation: Operation) -> None:
        following = operation.next_op
        if following is not None and following.name == "func.return" and list(following.operands) == list(operation.results):
            self._branches(operation, lambda terminator: self._returned(terminator))
            self._returns = True
            return
        names = [self.name(r) for r in operation.results]

        def finish(terminator: Operation) -> None:
            self._assign(names, terminator.operands)

        for region in operation.regions:
            for block in region.blocks:
                self._aim(block, names, [None] * len(names))
        self._branches(operation, finish)

    def _branches(self, operation: Operation, finish: Finish) -> None:
        then, otherwise = operation.regions
        self._line(f"if {self.condition(operation.operands[0])}:")
        self.body(then.block, finish)
        if not _has_statements(otherwise, bool(operation.results)):
            return
        self._line("else:")
        at = len(self.lines)
        self.body(otherwise.block, finish)
        self._join_else(at - 1)

    def _join_else(self, at: int) -> None:
        """`else:` with nothing but an `if` in it becomes `elif`."""
        indent = "  " * (self._depth + 1)
        inner = self.lines[at + 1 :]
        if not inner[0].startswith(f"{indent}if "):
            return
        rest = [line for line in inner[1:] if not line.startswith(f"{indent}  ")]
        if all(line.startswith((f"{indent}else:", f"{indent}elif ")) for line in rest):
            self.lines[at:] = ["  " * self._depth + "el" + inner[0].lstrip(), *(line[2:] for line in inner[1:])]

    def _aim(self, block: Block, names: Sequence[str], before: Sequence[SSAValue | None]) -> None:
        """Lets what a block yields, and nobody else reads, be assigned to the variables that take it."""
        last = block.last_op
        assert last is not None
        values = list(last.operands)[-len(names) :] if names else []
        for name, value, old in zip(names, values, before, strict=True):
            owner = value.owner
            if isinstance(owner, Operation) and owner.parent is block and value.has_one_use():
                self._targets[value] = (name, old)

    def _while(self, operation: Operation) -> None:
        before, after = operation.regions[0].block, operation.regions[1].block
        carried = self._carry(before.args, operation.operands)
        test = before.last_op
        assert test is not None
        kept = list(test.operands[1:]) == list(before.args)
        if kept:
            for values in (operation.results, after.args):
                for value, name in zip(values, carried, strict=True):
                    self._texts[value] = name
        if kept and self._is_simple(before):
            for inner in before.ops:
                if inner is not test:
                    self._texts[inner.results[0]] = expression(self, inner)
                    self._moved.add(inner)
            self._line(f"while {self.condition(test.operands[0])}:")
        else:
            self._line("while True:")
            results = carried if kept else [self.name(r) for r in operation.results]

            def condition(terminator: Operation) -> None:
                if not kept:
                    self._assign(results, terminator.operands[1:])
                self._line(f"if not {_negated(self.condition(terminator.operands[0]))}:")
                self._line("  break")

            self.body(before, condition)
            for argument, name in zip(after.args, results, strict=True):
                self._texts[argument] = name
        self._aim(after, carried, list(after.args) if kept else [None] * len(carried))
        self.body(after, lambda terminator: self._assign(carried, terminator.operands))

    def _is_simple(self, block: Block) -> bool:
        """Whether a loop's condition is an expression."""
        inner = [op for op in block.ops if op is not block.last_op]
        uses = {o for op in block.ops for o in op.operands}
        return all(
            op.name in _FREE
            or (
                len(op.results) == 1
                and op.results[0] in uses
                and op.results[0].has_one_use()
                and (op.name in ("ts.truth", "arith.andi") or isinstance(op, PyOp))
            )
            for op in inner
        )

    def _for(self, operation: Operation) -> None:
        lower, upper, step, *initial = operation.operands
        body = operation.regions[0].block
        carried = self._carry(body.args[1:], initial)
        index = self.name(body.args[0])
        bounds = [self.text(v) for v in (lower, upper, step)]
        shown = bounds[1:2] if bounds[0] == "0" and bounds[2] == "1" else bounds[:2] if bounds[2] == "1" else bounds
        self._line(f"for {index} in range({', '.join(shown)}):")
        self._aim(body, carried, list(body.args[1:]))
        self.body(body, lambda terminator: self._assign(carried, terminator.operands))
        for result, name in zip(operation.results, carried, strict=True):
            self._texts[result] = name

    def _try(self, operation: Operation) -> None:
        error, *results = [self.name(r) for r in operation.results]
        self._aim(operation.regions[0].block, results, [None] * len(results))
        self._line(f"{error}: {self.names.use('typing', 'Any')} = None")
        self._line("try:")
        self.body(operation.regions[0].block, lambda terminator: self._assign(results, terminator.operands))
        self._line("except Exception as caught:")
        self._line(f"  {error} = caught")

    def _carry(self, arguments: Sequence[SSAValue], initial: Sequence[SSAValue]) -> list[str]:
        names = [self.name(a) for a in arguments]
        self._assign(names, initial)
        return names

    def _assign(self, names: Sequence[str], values: Sequence[SSAValue]) -> None:
        """Assigns values to variables at once: a variable that another's value reads is assigned behind it."""
        pairs = [(n, v.type, self.text(v)) for n, v in zip(names, values, strict=True) if n != self.text(v)]
        while pairs:
            read = [set(_WORD.findall(text)) for _, _, text in pairs]
            free = [i for i, (n, _, _) in enumerate(pairs) if not any(n in r for j, r in enumerate(read) if j != i)]
            if free:
                self._define(*pairs.pop(free[0]))
                continue
            name, type_, text = pairs[0]
            held = self.fresh(f"{name}_next")
            self._define(held, type_, text)
            pairs[0] = (name, type_, held)


def _says_more(type_: Attribute) -> bool:
    return type_ not in (types.FLOAT, types.COMPLEX, types.NONE)


def _negated(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+(\([^()]*\))?", text) else f"({text})"


def _has_statements(region: Region, has_results: bool) -> bool:
    return bool(region.blocks) and (has_results or any(op.name not in _TERMINATORS for op in region.block.ops))


def _comes_before(first: Operation, second: Operation) -> bool:
    return first.is_before_in_block(second)


def _is_next(operation: Operation, user: Operation) -> bool:
    """Whether only constants stand between an operation and its user."""
    following = operation.next_op
    while following is not None and following is not user and following.name in _FREE:
        following = following.next_op
    return following is user


_STRUCTURED: dict[str, Callable[[Printer, Operation], None]] = {
    "scf.if": Printer._if,  # pyright: ignore[reportPrivateUsage]
    "scf.while": Printer._while,  # pyright: ignore[reportPrivateUsage]
    "scf.for": Printer._for,  # pyright: ignore[reportPrivateUsage]
    "ts.try": Printer._try,  # pyright: ignore[reportPrivateUsage]
}
