"""Functions as Python statements: one for an operation with an effect or with several uses, scf as `if`, `while` and `for`.

Variables have the names of the user's source; `variables.py` says which values share one. What a branch or a loop gives is
assigned in the branch or at the end of the loop's body. `simplify.py` makes expressions of the statements afterwards.
"""

from __future__ import annotations

import builtins
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Attribute, Block, Operation, ParametrizedAttribute, SSAValue

from tsir.dialects.program import EntryPoint, Parameter
from tsir.dialects.ts import types
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import LATE, PART
from tsir.dialects.values import Instance
from tsir.lowering.to_python.calls import declared, passed
from tsir.lowering.to_python.constants import value_text
from tsir.lowering.to_python.expressions import AUGMENTED, expression, says_cast
from tsir.lowering.to_python.names import Names, identifier
from tsir.lowering.to_python.objects import cached_property, is_part, looks_for_cached
from tsir.lowering.to_python.outside_variables import with_globals
from tsir.lowering.to_python.simplify import simplified
from tsir.lowering.to_python.tensor_items import is_written_at_its_use
from tsir.lowering.to_python.variables import Variables, user_name

_WORD = re.compile(r"\w+")
_TERMINATORS = frozenset({"func.return", "scf.yield", "scf.condition", "ts.yield"})
_RAISES = frozenset({"ts.raise", "ts.reraise"})
_BUILTINS = frozenset(name for name in dir(builtins) if name.islower())
_OF_SEQUENCES = frozenset({"ts.py.getitem", "ts.py.len", "ts.py.list", "ts.py.tuple"})
"""Operations that do the same with any sequence."""
Finish = Callable[[Operation], None]


class Printer:
    """Prints one function. `names` are those of the whole program, `root` is the module that is its `self`, where that is known."""

    def __init__(self, names: Names, root: Instance | None = None) -> None:
        self.names = names
        self.root = root
        self.lines: list[str] = []
        self.hidden: set[str] = names.taken & _BUILTINS
        """The names of built-ins that functions of the program hide, or parameters of the function."""
        self._texts: dict[SSAValue, str] = {}
        self._local: set[str] = set()
        self._depth = 0
        self._variables: Variables | None = None
        self._named: dict[SSAValue, str] = {}
        """The names of variables, by the value that stands for those that share one."""
        self._temporary: set[str] = set()
        """The names that aren't the user's."""
        self._returns = False
        self.made: set[SSAValue] = set()
        """The objects that are printed as calls of their classes."""

    # Functions

    def entry(self, function: Operation, entry: EntryPoint) -> str:
        """An entry point, with its parameters' names and defaults."""
        self._share(function)
        arguments = function.regions[0].block.args
        shown: list[str] = ["self"] if entry.takes_self else []
        if entry.takes_self:
            self._keep_name(arguments[0], "self")
        starred = False
        parameters: list[str] = []
        for argument, parameter in zip(arguments[entry.takes_self :], entry.parameters, strict=True):
            self._keep_name(argument, parameter.name)
            if parameter.kwarg_only and not starred:
                parameters.append("*")
                starred = True
            default = (
                f" = {value_text(self.names, parameter.default)}"
                if parameter.has_default and not isinstance(parameter.default, Instance)
                else ""
            )
            parameters.append(self._declared(parameter, argument.type) + default)
        return self._function(function, entry.name, [*shown, *declared(self.names, function, parameters)])

    def _declared(self, parameter: Parameter, type_: Attribute) -> str:
        if not parameter.repeat or not isinstance(type_, types.ListType):
            return self.names.declared(parameter.name, type_)
        kind = self.names.use("torch._jit_internal", f"BroadcastingList{parameter.repeat}")
        return f"{parameter.name}: {kind}[{self.names.annotation(type_.element)}]"

    def helper(self, function: Operation, name: str) -> str:
        """A function that is called, or a method of a class."""
        self._share(function)
        shown: list[str] = []
        for argument in function.regions[0].block.args:
            shown.append(self.names.declared(self.name(argument), argument.type))
        return self._function(function, name, shown)

    def method(self, function: Operation, name: str) -> str:
        """A method of a class whose definition is part of the text."""
        self._share(function)
        receiver, *rest = function.regions[0].block.args
        self._keep_name(receiver, "self")
        for argument in rest:
            self._keep_name(argument, identifier(argument.name_hint or "value"))
        parameters = [self.names.declared(self._texts[a], a.type) for a in rest]
        return self._function(function, name, ["self", *parameters])

    def _share(self, function: Operation) -> None:
        self._variables = Variables(function, self._is_moved, is_update)

    def _keep_name(self, argument: SSAValue, name: str) -> None:
        self._texts[argument] = name
        if self._variables is not None:
            self._named[self._variables.representative(argument)] = name
        self._local.add(name)
        if name in _BUILTINS:
            self.hidden.add(name)

    def _function(self, function: Operation, name: str, parameters: Sequence[str]) -> str:
        kind = self._result_type(function)
        result = "None" if kind is None else self.names.annotation(kind)
        arrow = "" if result is None else f" -> {result}"
        self._line(f"def {name}({', '.join(parameters)}){arrow}:")
        self.body(function.regions[0].block, self._returned)
        return with_globals(simplified("\n".join(self.lines), self._temporary, self.names.set_attributes))

    def _result_type(self, function: Operation) -> Attribute | None:
        return next(iter(cast(Any, function).function_type.outputs.data), None)

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

    def _numbered(self) -> str:
        name = next(n for i in itertools.count(len(self._temporary)) if (n := f"_{i}") not in self._local | self.names.taken)
        self._local.add(name)
        return name

    def name(self, value: SSAValue) -> str:
        """The name of a value's variable."""
        assert self._variables is not None
        key = self._variables.representative(value)
        name = self._named.get(key)
        if name is None:
            hint = next((n for v in self._variables.members(value) if (n := user_name(v)) is not None), None)
            name = self._named[key] = self._numbered() if hint is None else self.fresh(identifier(hint))
            if hint is None or all(is_cast(v) for v in self._variables.members(value)):
                self._temporary.add(name)
        self._texts[value] = name
        return name

    def text(self, value: SSAValue) -> str:
        """What stands where a value is used."""
        return self._texts[value]

    def builtin(self, match: re.Match[str]) -> str:
        """The call of a built-in, also where a parameter has its name."""
        return f"{self.names.use('builtins')}.{match[0]}" if match[1] in self.hidden else match[0]

    def _define(self, name: str, type_: Attribute, text: str) -> None:
        """An assignment, with the type where the text alone may not say it."""
        shown = self.names.annotation(type_) if _says_more(type_) else None
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
        elif (
            self._is_constructed(operation)
            or self._constructs(operation)
            or is_part(self, operation)
            or looks_for_cached(self, operation)
        ):
            return
        else:
            self._assigned(operation, expression(self, operation))

    def _assigned(self, operation: Operation, text: str) -> None:
        results = operation.results
        if self._is_moved(operation):
            self._texts[results[0]] = text
        elif not results or (len(results) == 1 and results[0].first_use is None):
            if results and isinstance(results[0].type, types.NoneType):
                self._texts[results[0]] = "None"
            dropped = operation.name in ("ts.cast", "ts.tuple", "ts.tuple_get", "ts.getattr", "ts.isinstance")
            if LATE in operation.attributes:  # it may raise
                holder, _, name = text.rpartition(".")
                self._line(f"getattr({holder}, {name!r})")
            elif not dropped and not _only_looks(operation):
                self._line(text)
        elif len(results) > 1:
            self._line(f"{', '.join(self.name(r) for r in results)} = {text}")
        elif results[0].type == types.NONE:
            self._line(text)
            self._texts[results[0]] = "None"
        elif isinstance(operation, AtenOp) and isinstance(results[0].type, types.ListType) and not _is_sequence(results[0]):
            self._line(self._typed(results[0], text))
        elif _is_container(results[0].type) and not any(_is_container(o.type) for o in operation.operands):
            self._line(self._typed(results[0], text))  # of elements that the text may not have
        elif _says_its_type(operation):
            self._line(f"{self.name(results[0])} = {text}")
        else:
            self._define(self.name(results[0]), results[0].type, text)

    def _typed(self, value: SSAValue, text: str) -> str:
        shown = self.names.annotation(value.type)
        return f"{self.name(value)} = {text}" if shown is None else f"{self.name(value)}: {shown} = {text}"

    def _is_moved(self, operation: Operation) -> bool:
        """Whether an operation is written wherever its result is used: nothing can change what it gives."""
        if is_written_at_its_use(operation):
            return True
        match operation.name:
            case "arith.constant" | "ts.constant" | "ts.uninitialized" | "ts.tuple_get":
                return True
            case "ts.cast":
                return operation.results[0].has_one_use() or not says_cast(self.names, operation)
            case "ts.tuple":
                return operation.results[0].has_one_use()
            case "ts.getattr":
                name: str = cast(Any, operation).attr_name.data
                return name not in self.names.set_attributes and LATE not in operation.attributes
            case "ts.py.exception_from" | "ts.py.exception_object":
                return True  # a part of the `raise` behind it, and the exception itself
            case "ts.py.tuple" | "ts.py.torch_size":
                return (
                    operation.results[0].has_one_use() and next(iter(operation.results[0].uses)).operation.name == "ts.cast"
                )
            case _:
                return False

    def _augmented(self, operation: PyOp) -> None:
        target, value = operation.operands
        name = self.text(target)
        if not name.isidentifier():
            held = self.name(operation.results[0])
            self._line(f"{held} = {name}")
            name = held
        self._line(f"{name} {AUGMENTED[operation.FUNCTION]} {self.text(value)}")
        if operation.results[0].first_use is not None and self.name(operation.results[0]) != name:
            self._line(f"{self.name(operation.results[0])} = {name}")

    # Objects of classes

    def _is_constructed(self, operation: Operation) -> bool:
        """Whether a new object's `__init__` is called: the object is made there.

        A class whose definition is part of the text doesn't do by itself what is done before.
        """
        if operation.name != "ts.new":
            return False
        made = operation.results[0]
        following, before = operation.next_op, False
        while following is not None and (made not in following.operands or PART in following.attributes):
            before = before or made in following.operands
            following = following.next_op
        if following is None or not self._initialises(following):
            return False
        symbol: str = cast(Any, made.type).symbol.root_reference.data
        called: str = cast(Any, following).callee.root_reference.data
        if not self.names.has_place(symbol) and (
            not self.names.has_body(called) or (before and self.names.kind(symbol) != "exception")
        ):
            return False
        self.made.add(made)
        return True

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
        if (text := cached_property(self, operation)) is not None:
            if operation.results[0].first_use is not None:
                self._line(f"{self.name(operation.results[0])} = {text}")
            else:
                self._line(text)
            return
        following = operation.next_op
        if following is not None and following.name == "func.return" and list(following.operands) == list(operation.results):
            self._branches(operation, lambda terminator: self._returned(terminator))
            self._returns = True
            return
        used = [i for i, r in enumerate(operation.results) if r.first_use is not None]
        names = [self.name(operation.results[i]) for i in used]
        self._branches(operation, lambda terminator: self._assign(names, [terminator.operands[i] for i in used]))

    def _branches(self, operation: Operation, finish: Finish) -> None:
        then, otherwise = operation.regions
        self._line(f"if {self.text(operation.operands[0])}:")
        self.body(then.block, finish)
        if otherwise.blocks:
            self._line("else:")
            self.body(otherwise.block, finish)

    def _while(self, operation: Operation) -> None:
        before, after = operation.regions[0].block, operation.regions[1].block
        test = before.last_op
        assert test is not None
        last = after.last_op
        assert last is not None
        needed = [i for i, a in enumerate(before.args) if _is_needed(a, test, operation.results, after.args)]
        carried = self._carry([before.args[i] for i in needed], [operation.operands[i] for i in needed])
        following = [last.operands[i] for i in needed]
        given = [(n, v) for v, r in zip(test.operands[1:], operation.results, strict=True) for n in self._read(r)]
        given += [(n, v) for v, a in zip(test.operands[1:], after.args, strict=True) for n in self._read(a)]
        given = list(dict.fromkeys(given))
        is_kept = all(self._texts.get(v) == n for n, v in given)
        if is_kept and self._is_simple(before):
            for inner in before.ops:
                if inner is not test:
                    self._texts[inner.results[0]] = expression(self, inner)
            self._line(f"while {self.text(test.operands[0])}:")
        else:
            self._line("while True:")

            def condition(terminator: Operation) -> None:
                self._assign([n for n, _ in given], [v for _, v in given])
                self._line(f"if not ({self.text(terminator.operands[0])}):")
                self._line("  break")

            self.body(before, condition)
        self.body(after, lambda _: self._assign(carried, following))

    def _read(self, value: SSAValue) -> list[str]:
        """The name of a value's variable, where it is read."""
        return [] if value.first_use is None else [self.name(value)]

    def _is_simple(self, block: Block) -> bool:
        """Whether a loop's condition is an expression."""
        inner = [op for op in block.ops if op is not block.last_op]
        uses = {o for op in block.ops for o in op.operands}
        return all(
            self._is_moved(op)
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
        last = body.last_op
        assert last is not None
        pairs = zip(body.args[1:], operation.results, strict=True)
        needed = [i for i, (a, r) in enumerate(pairs) if a.first_use is not None or r.first_use is not None]
        carried = self._carry([body.args[1 + i] for i in needed], [initial[i] for i in needed])
        following = [last.operands[i] for i in needed]
        index = self.name(body.args[0])
        bounds = [self.text(v) for v in (lower, upper, step)]
        shown = bounds[1:2] if bounds[0] == "0" and bounds[2] == "1" else bounds[:2] if bounds[2] == "1" else bounds
        self._line(f"for {index} in range({', '.join(shown)}):")
        self.body(body, lambda _: self._assign(carried, following))
        results = [(n, a) for a, r in zip(body.args[1:], operation.results, strict=True) for n in self._read(r)]
        self._assign([n for n, _ in results], [a for _, a in results])

    def _try(self, operation: Operation) -> None:
        error, *results = [self.name(r) for r in operation.results]
        self._line(f"{error}: {self.names.use('typing', 'Any')} = None")
        self._line("try:")
        self.body(operation.regions[0].block, lambda terminator: self._assign(results, terminator.operands))
        self._line("except Exception as caught:")
        self._line(f"  {error} = caught")

    def _carry(self, arguments: Sequence[SSAValue], initial: Sequence[SSAValue]) -> list[str]:
        names = [self.name(a) for a in arguments]
        self._assign(names, initial)
        return names

    def _order(self, name: str, text: str) -> tuple[bool, str]:
        """The order of independent assignments: the user's variables by their names, the others by what they are assigned."""
        return (True, text) if name in self._temporary else (False, name)

    def _assign(self, names: Sequence[str], values: Sequence[SSAValue]) -> None:
        """Assigns values to variables at once: a variable that another's value reads is assigned behind it."""
        pairs = [(n, v.type, self.text(v)) for n, v in zip(names, values, strict=True) if n != self.text(v)]
        while pairs:
            read = [set(_WORD.findall(text)) for _, _, text in pairs]
            free = [i for i, (n, _, _) in enumerate(pairs) if not any(n in r for j, r in enumerate(read) if j != i)]
            if free:
                first = min(free, key=lambda i: self._order(pairs[i][0], pairs[i][2]))
                self._define(*pairs.pop(first))
                continue
            name, type_, text = pairs[0]
            held = self.fresh(f"{name}_next")
            self._define(held, type_, text)
            pairs[0] = (name, type_, held)


def _says_more(type_: Attribute) -> bool:
    """Whether values of a type may be of several: what is assigned may say less than the variable holds."""
    todo = [type_]
    while todo:
        kind = todo.pop()
        if isinstance(kind, types.OptionalType | types.UnionType | types.AnyType | types.NumberType):
            return True
        if isinstance(kind, ParametrizedAttribute):
            todo += [p for p in kind.parameters if isinstance(p, Attribute)]
        elif isinstance(kind, ArrayAttr):
            todo += cast(Any, kind).data
    return False


def _is_needed(argument: SSAValue, test: Operation, results: Sequence[SSAValue], inside: Sequence[SSAValue]) -> bool:
    """Whether what a `while` carries is read: not only handed on to what nobody reads."""
    for use in argument.uses:
        if use.operation is not test or use.index == 0:
            return True
        if results[use.index - 1].first_use is not None or inside[use.index - 1].first_use is not None:
            return True
    return False


def _says_its_type(operation: Operation) -> bool:
    """Whether what an operation gives is of its result's type in source, too."""
    called = operation.name in ("func.call", "ts.getattr", "ts.call_method", "ts.call_python")
    return (
        called
        or isinstance(operation, AtenOp)
        or (isinstance(operation, PyOp) and operation.FUNCTION in ("getitem", "iter"))
    )


def _is_container(type_: Attribute) -> bool:
    return isinstance(type_, types.SetType | types.FrozenSetType | types.DictType | types.DequeType)


def _only_looks(operation: Operation) -> bool:
    """Whether an operation only looks at a container: it makes a list of what that has, or counts it."""
    containers = types.ListType | types.DictType | types.SetType | types.FrozenSetType
    return operation.name in ("ts.py.list", "ts.py.len") and isinstance(operation.operands[0].type, containers)


def _is_sequence(value: SSAValue) -> bool:
    """Whether a list may as well be a tuple or torch.Size, as which Python has the results of operators: by how it is used."""
    return all(
        use.index == 0 and (use.operation.name == "ts.unpack" or use.operation.name in _OF_SEQUENCES) for use in value.uses
    )


def is_update(operation: Operation) -> bool:
    """Whether an operation is an augmented assignment: its result is its first operand."""
    return isinstance(operation, PyOp) and operation.FUNCTION in AUGMENTED


def is_cast(value: SSAValue) -> bool:
    """Whether a value is another one under another type."""
    return isinstance(value.owner, Operation) and value.owner.name == "ts.cast"


_STRUCTURED: dict[str, Callable[[Printer, Operation], None]] = {
    "scf.if": Printer._if,  # pyright: ignore[reportPrivateUsage]
    "scf.while": Printer._while,  # pyright: ignore[reportPrivateUsage]
    "scf.for": Printer._for,  # pyright: ignore[reportPrivateUsage]
    "ts.try": Printer._try,  # pyright: ignore[reportPrivateUsage]
}
