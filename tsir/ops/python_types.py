"""The rules that give the result type of `ts.py.<name>` from its operands' types: what `python.py`'s second column names.

A rule is a word, or a type constructor before words: `list element`, `tuple str int`, `optional int`. Words are types
(`int`, `str`, `none`...), `same` (the type of operand 0), and the functions of `_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import NoneType
from xdsl.ir import Attribute

from tsir.dialects.ts.type_names import show_type
from tsir.dialects.ts.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    AnyType,
    BytesType,
    ClassType,
    DequeType,
    DeviceType,
    DictType,
    DTypeType,
    FrozenSetType,
    FutureType,
    LayoutType,
    ListType,
    MemoryFormatType,
    NamedTupleType,
    NumberType,
    OptionalType,
    SetType,
    StrType,
    TensorType,
    TupleOfType,
    TupleType,
    UnionType,
    optional_of,
    union_of,
)
from tsir.errors import OperatorTypeError

if TYPE_CHECKING:
    from tsir.ops.python import PyFunction


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = 0


UNKNOWN = Unknown.UNKNOWN
"""Stands for an operand that isn't a constant."""

STR = StrType()
ANY = AnyType()
NUMBER = NumberType()

_KINDS: dict[type[Attribute], str] = {
    StrType: "str", BytesType: "bytes", FrozenSetType: "frozenset",
    ListType: "list", DictType: "dict", DequeType: "deque", SetType: "set", TupleType: "tuple", TupleOfType: "tuple",
    NamedTupleType: "named_tuple",
    TensorType: "tensor", DTypeType: "dtype", DeviceType: "device", NoneType: "none", NumberType: "number", AnyType: "any",
    OptionalType: "optional", UnionType: "union", ClassType: "class",
    FutureType: "future",
}  # fmt: skip
_NUMBERS: dict[Attribute, str] = {INT: "int", FLOAT: "float", BOOL: "bool", COMPLEX: "complex"}
_RANK = {"bool": 0, "int": 1, "float": 2, "complex": 3}


def kind(t: Attribute) -> str:
    """A word for a type: `int`, `float`, `bool`, `complex`, `str`, `list`, `dict`, `tuple`, `tensor`..."""
    return _NUMBERS.get(t) or _KINDS.get(type(t), "other")


@dataclass(frozen=True)
class _Call:
    """A call whose result type is wanted."""

    name: str
    types: tuple[Attribute, ...]
    constants: tuple[Any, ...]

    def kinds(self) -> list[str]:
        return [kind(t) for t in self.types]

    def constant(self, index: int) -> Any:
        return self.constants[index] if index < len(self.constants) else UNKNOWN

    def error(self, found: str | None = None) -> OperatorTypeError:
        maybe_none = any(isinstance(t, OptionalType | NoneType) for t in self.types)
        of_item = self.name in ("getitem", "getslice", "contains", "not_contains")
        return OperatorTypeError(found or self._refusal(), code="TS306" if maybe_none else "TS307" if of_item else "TS304")

    def _refusal(self) -> str:
        """That the function isn't defined for these types, in Python's words for it."""
        shown = [show_type(t) for t in self.types]
        match self.name, shown:
            case ("getitem" | "getslice", [container, *_]) if element_of(self.types[0]) is None:
                return f"a value of type {container} can't be indexed"
            case "getitem", [container, index]:
                return f"a value of type {container} can't be indexed with a value of type {index}"
            case "contains" | "not_contains", [container, item]:
                return f"`in` isn't defined for {item} in {container}"
            case _, [operand] if self.name in _UNARY_SYMBOLS:
                return f"operator {_UNARY_SYMBOLS[self.name]} isn't defined for {operand}"
            case _, [left, right] if self.name in _SYMBOLS:
                return f"operator {_SYMBOLS[self.name]} isn't defined for {left} and {right}"
            case _:
                name = self.name.replace("_", ".", 1) if self.name.partition("_")[0] in _OWNERS else self.name
                return f"{name}() isn't defined for {' and '.join(shown) or 'no arguments'}"


_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "bitand": "&", "bitor": "|",
    "bitxor": "^", "lshift": "<<", "rshift": ">>", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
}  # fmt: skip
_UNARY_SYMBOLS = {"neg": "-", "pos": "+", "invert": "~"}


_Rule = Callable[[_Call], Attribute]


def unify(types: Sequence[Attribute]) -> Attribute:
    """The type of a value that is one of these: numbers of several kinds become `!ts.number`, bool and int become int."""
    unique = list(dict.fromkeys(types))
    if len(unique) == 1:
        return unique[0]
    if all(kind(t) in _RANK or isinstance(t, NumberType) for t in unique):
        return INT if set(unique) == {BOOL, INT} else NUMBER
    return union_of(unique)


def _promoted(call: _Call, highest: int = 3, types: Sequence[Attribute] | None = None) -> Attribute:
    """Python's numeric promotion: bool and int give int, then float, then complex."""
    types = call.types if types is None else types
    kinds = [kind(t) for t in types]
    if any(k not in _RANK and k != "number" for k in kinds) or not kinds:
        raise call.error()
    if "number" in kinds:
        return NUMBER
    rank = max(1, *(_RANK[k] for k in kinds))
    if rank > highest:
        raise call.error()
    return (INT, FLOAT, COMPLEX)[rank - 1]


def element_of(t: Attribute) -> Attribute | None:
    """The type of what iterating over a value of this type gives, or None when that isn't known."""
    if isinstance(t, ListType | SetType | FrozenSetType | TupleOfType | DequeType):
        return t.element
    if isinstance(t, BytesType):
        return INT
    if isinstance(t, DictType):
        return t.key
    if isinstance(t, StrType | AnyType):
        return t
    if isinstance(t, TupleType | NamedTupleType) and t.elements.data:
        return unify(t.elements.data)
    if isinstance(t, UnionType):
        inner = [element_of(m) for m in t.members.data]
        known = [e for e in inner if e is not None]
        return unify(known) if len(known) == len(inner) else None
    return None


def _second_element(call: _Call) -> Attribute:
    found = element_of(call.types[1])
    if found is None:
        raise call.error()
    return found


def _total_of_values(call: _Call) -> Attribute:
    return _promoted(call, types=[_value(call)])


def _element(call: _Call) -> Attribute:
    found = element_of(call.types[0]) if call.types else None
    if found is None:
        raise call.error()
    return found


def _concatenated(call: _Call) -> Attribute:
    a, b = call.types
    if isinstance(a, StrType | BytesType) and a == b:
        return a
    if _are_counters(call) or (isinstance(a, DequeType) and a == b):
        return a
    if isinstance(a, ListType) and isinstance(b, ListType):
        return ListType(unify([a.element, b.element]))
    if TupleOfType in (type(a), type(b)) and all(isinstance(t, TupleOfType | TupleType | NamedTupleType) for t in (a, b)):
        kinds = [e for t in (a, b) if (e := element_of(t)) is not None]
        return TupleOfType(unify(kinds))
    if isinstance(a, TupleType | NamedTupleType) and isinstance(b, TupleType | NamedTupleType):
        return TupleType([*a.elements.data, *b.elements.data])
    return _promoted(call)


def _difference(call: _Call) -> Attribute:
    return call.types[0] if _are_sets(call) or _are_counters(call) else _promoted(call)


def _are_counters(call: _Call) -> bool:
    """Whether all operands are Counters, whose operators give one."""
    return all(isinstance(t, DictType) and t.container.data == "Counter" for t in call.types)


def _number(call: _Call) -> Attribute:
    return call.types[0] if _are_counters(call) else _promoted(call)


def _are_sets(call: _Call) -> bool:
    return all(k in ("set", "frozenset") for k in call.kinds())


def _repeated(call: _Call) -> Attribute:
    for i in (0, 1):
        sequence, times = call.types[i], call.types[1 - i]
        if kind(times) in ("int", "bool"):
            if isinstance(sequence, StrType | BytesType | ListType | TupleOfType | DequeType):
                return sequence
            if isinstance(sequence, TupleType | NamedTupleType) and isinstance(call.constant(1 - i), int):
                return TupleType(list(sequence.elements.data) * call.constant(1 - i))
    return _promoted(call)


def _quotient(call: _Call) -> Attribute:
    result = _promoted(call)
    return FLOAT if result == INT else result


def _power(call: _Call) -> Attribute:
    """int ** int is an int for a non-negative exponent, which is assumed when the exponent isn't a constant.

    A negative float to a fractional power is complex in Python; the type says float all the same.
    """
    result = _promoted(call, types=call.types[:2])
    exponent = call.constant(1)
    return FLOAT if result == INT and isinstance(exponent, int) and exponent < 0 and len(call.types) == 2 else result


def _integer(call: _Call) -> Attribute:
    return _promoted(call, 1)


def _bitwise(call: _Call) -> Attribute:
    kinds = call.kinds()
    if (
        kinds == ["bool", "bool"]
        or _are_sets(call)
        or (kinds == ["dict", "dict"] and call.name == "bitor")
        or _are_counters(call)
    ):
        return call.types[0]
    return _promoted(call, 1)


def _ordered(call: _Call) -> Attribute:
    a, b = call.kinds()
    numbers = {"bool", "int", "float", "number"}
    alike = (
        _are_sets(call)
        or _are_counters(call)
        or (a == b and a in ("str", "bytes", "list", "tuple", "deque", "class", "named_tuple"))
    )
    if not (alike or {a, b} <= numbers or "any" in (a, b)):
        raise call.error()
    return BOOL


def _member(call: _Call) -> Attribute:
    container = call.types[0]
    if element_of(container) is None and container != TupleType([]) and not isinstance(container, AnyType):
        raise call.error()
    return BOOL


def _tuple_item(call: _Call, elements: Sequence[Attribute]) -> Attribute:
    index = call.constant(1)
    if not isinstance(index, int):
        return unify(elements)
    if not -len(elements) <= index < len(elements):
        raise OperatorTypeError(f"tuple index {index} is out of range for a tuple of {len(elements)} elements", code="TS307")
    return elements[index]


def _item(call: _Call) -> Attribute:
    container, index = call.types
    if isinstance(container, DictType):
        return container.value
    if kind(index) not in ("int", "bool", "any", "number"):
        raise call.error()
    if isinstance(container, TupleType | NamedTupleType) and container.elements.data:
        return _tuple_item(call, container.elements.data)
    if isinstance(container, ListType | TupleOfType | DequeType | StrType | BytesType | AnyType):
        return element_of(container) or ANY
    raise call.error()


def _section(call: _Call) -> Attribute:
    container = call.types[0]
    if isinstance(container, StrType | BytesType | ListType | TupleOfType | AnyType):
        return container
    bounds = [call.constant(i) for i in range(1, len(call.types))]
    if isinstance(container, TupleType | NamedTupleType) and UNKNOWN not in bounds:
        return TupleType(container.elements.data[slice(*bounds)])
    raise call.error()


def _length(call: _Call) -> Attribute:
    if call.kinds()[0] in ("int", "float", "bool", "complex", "none", "number", "optional", "dtype", "device"):
        code = "TS306" if isinstance(call.types[0], OptionalType) else "TS307"
        raise OperatorTypeError(f"object of type {show_type(call.types[0])} has no len()", code=code)
    return INT


def _magnitude(call: _Call) -> Attribute:
    result = _promoted(call)
    return FLOAT if result == COMPLEX else result


def _rounded(call: _Call) -> Attribute:
    result = _promoted(call, 2, call.types[:1])
    return INT if len(call.types) == 1 or isinstance(call.types[1], NoneType) else result


def _quotient_remainder(call: _Call) -> Attribute:
    return TupleType([_promoted(call, 2)] * 2)


def _extreme(call: _Call) -> Attribute:
    if not call.types:
        raise OperatorTypeError(f"{call.name}() expected at least 1 argument, got 0", code="TS401")
    found = _element(call) if len(call.types) == 1 else unify(call.types)
    if isinstance(found, UnionType | OptionalType | NoneType):
        raise call.error()
    return found


def _element_or_default(call: _Call) -> Attribute:
    return unify([_element(call), call.types[1]])


def _total(call: _Call) -> Attribute:
    element = INT if call.types[0] == TupleType([]) else _element(call)
    if isinstance(element, AnyType):
        return ANY
    return _promoted(call, types=[element, *call.types[1:]])


def _enumerated(call: _Call) -> Attribute:
    return ListType(TupleType([INT, _element(call)]))


def _zipped(call: _Call) -> Attribute:
    elements = [element_of(t) for t in call.types]
    if not all(elements):
        raise call.error()
    return ListType(TupleType([e for e in elements if e]))


def _zipped_rows(call: _Call) -> Attribute:
    """`zip(*rows)`: each of its tuples has as many elements as there are rows."""
    row = _element(call)
    element = element_of(row)
    if element is None:
        raise call.error()
    return ListType(TupleOfType(element))


def _column(call: _Call) -> Attribute:
    row, index = _element(call), call.constant(1)
    if not isinstance(row, TupleType | NamedTupleType) or not isinstance(index, int):
        raise call.error()
    return ListType(row.elements.data[index])


def _translation(call: _Call) -> Attribute:
    """The table that `str.maketrans` makes."""
    source, *rest = call.types
    if rest:
        return DictType(INT, INT if len(rest) == 1 else optional_of(INT))
    if not isinstance(source, DictType):
        raise call.error()
    return DictType(INT, source.value)


def _as_tuple(call: _Call) -> Attribute:
    if not call.types:
        return TupleType([])
    source = call.types[0]
    if isinstance(source, TupleType | NamedTupleType):
        return TupleType(source.elements.data)
    if isinstance(call.constant(0), list | tuple | str | dict):
        return TupleType([_element(call)] * len(call.constant(0)))
    return TupleOfType(_element(call))


def _pairs(call: _Call) -> Attribute:
    if call.types and isinstance(call.types[0], DictType):
        return DictType(call.types[0].key, call.types[0].value)
    pair = _element(call)
    if isinstance(pair, TupleType | NamedTupleType) and len(pair.elements.data) == 2:
        return DictType(*pair.elements.data)
    if isinstance(pair, ListType):
        return DictType(pair.element, pair.element)
    raise call.error()


def _counter_of(call: _Call) -> Attribute:
    """The Counter of a mapping, whose values are the counts, or of the items of anything else."""
    if not call.types:
        return DictType(STR, INT, "Counter")
    source = call.types[0]
    return DictType(_element(call), source.value if isinstance(source, DictType) else INT, "Counter")


def _ordered_dict_of(call: _Call) -> Attribute:
    pairs = call.types[0] if call.types else DictType(STR, TensorType())
    if isinstance(pairs, DictType):
        return DictType(pairs.key, pairs.value, "OrderedDict")
    pair = element_of(pairs)
    if not isinstance(pair, TupleType | NamedTupleType) or len(pair.elements.data) != 2:
        raise call.error()
    return DictType(*pair.elements.data, "OrderedDict")


def _dict_part(call: _Call) -> DictType:
    t = call.types[0]
    if not isinstance(t, DictType):
        raise call.error()
    return t


def _value(call: _Call) -> Attribute:
    return _dict_part(call).value


def _pair(call: _Call) -> Attribute:
    return TupleType([_dict_part(call).key, _dict_part(call).value])


def _value_or_default(call: _Call) -> Attribute:
    value = _value(call)
    return optional_of(value) if len(call.types) < 3 else unify([value, call.types[2]])


def _popped(call: _Call) -> Attribute:
    return _value(call) if len(call.types) < 3 else unify([_value(call), call.types[2]])


def _waited(call: _Call) -> Attribute:
    t = call.types[0]
    if not isinstance(t, FutureType):
        raise call.error()
    return t.element


def _from_keys(call: _Call) -> Attribute:
    return DictType(_element(call), call.types[1] if len(call.types) > 1 else NONE)


_RULES: dict[str, _Rule] = {
    "same": lambda call: call.types[0],
    "number": _number,
    "real": lambda call: _promoted(call, 2),
    "integer": _integer,
    "concatenated": _concatenated,
    "difference": _difference,
    "repeated": _repeated,
    "quotient": _quotient,
    "power": _power,
    "bitwise": _bitwise,
    "ordered": _ordered,
    "member": _member,
    "item": _item,
    "section": _section,
    "length": _length,
    "magnitude": _magnitude,
    "rounded": _rounded,
    "quotient_remainder": _quotient_remainder,
    "extreme": _extreme,
    "element": _element,
    "second_element": _second_element,
    "total_of_values": _total_of_values,
    "element_or_default": _element_or_default,
    "total": _total,
    "enumerated": _enumerated,
    "zipped": _zipped,
    "zipped_rows": _zipped_rows,
    "translation": _translation,
    "column": _column,
    "as_tuple": _as_tuple,
    "dict_of_pairs": _pairs,
    "counter_of": _counter_of,
    "ordered_dict_of": _ordered_dict_of,
    "value": _value,
    "pair": _pair,
    "value_or_default": _value_or_default,
    "popped": _popped,
    "waited": _waited,
    "fromkeys": _from_keys,
}
_CERTAIN = frozenset({"length", "member"})
"""Rules whose result has one type whatever the operands are."""
_ARITHMETIC = frozenset(
    {"number", "real", "integer", "concatenated", "difference", "repeated", "quotient", "power", "bitwise"}
)
_TYPES: dict[str, Attribute] = {
    "int": INT, "float": FLOAT, "bool": BOOL, "complex": COMPLEX, "str": STR, "bytes": BytesType(), "none": NONE, "any": ANY,
    "device": DeviceType(), "dtype": DTypeType(), "layout": LayoutType(), "memory_format": MemoryFormatType(),
}  # fmt: skip
_CONSTRUCTORS: dict[str, Callable[[list[Attribute]], Attribute]] = {
    "list": lambda parts: ListType(parts[0]),
    "set": lambda parts: SetType(parts[0]),
    "deque": lambda parts: DequeType(parts[0]),
    "frozenset": lambda parts: FrozenSetType(parts[0]),
    "optional": lambda parts: optional_of(parts[0]),
    "dict": lambda parts: DictType(parts[0], parts[1]),
    "tuple": TupleType,
}


_TEXTS = frozenset({"sub", "suffix", "prefix", "sep", "fillchar", "chars", "old", "new"})
_INTEGERS: dict[str, frozenset[str]] = {
    "str": frozenset({"width", "maxsplit", "count", "start", "end", "tabsize"}),
    "list": frozenset({"times"}),
    "getslice": frozenset({"start", "stop"}),
    "setslice": frozenset({"start", "stop"}),
    "delslice": frozenset({"start", "stop"}),
    "round": frozenset({"ndigits"}),
    "int": frozenset({"base"}),
}
"""Parameters that are texts (of methods of str) and ints (by how the function's name begins)."""
_OF_OTHER_VALUES = frozenset({"math_dist", "math_fsum", "math_prod", "sum", "enumerate", "tuple_index", "list_index"})


def _check_parameters(call: _Call, function: PyFunction) -> None:
    """Raises OperatorTypeError for an argument that Python would refuse at run time, whatever its value."""
    of_numbers = function.name.startswith("math_") and function.name not in _OF_OTHER_VALUES
    for name, t in zip(function.parameters, call.types, strict=False):
        found = kind(t)
        if function.name.startswith("str_") and name in _TEXTS:
            wanted = {"str", "none", "tuple"} if name in ("prefix", "suffix") else {"str", "none"}
        elif function.name == "str_join" and name == "values":
            element = element_of(t)
            found, wanted = "other" if element is None else kind(element), {"str"}
        elif name in _INTEGERS.get(function.name.partition("_")[0], ()) and function.name not in _OF_OTHER_VALUES:
            wanted = {"int", "bool", "none", "number"}
        else:
            continue
        _expect(function, name, t, found, wanted)
    for t in call.types if of_numbers else ():
        _expect(function, None, t, kind(t), {"int", "float", "bool", "number"})


_ANYTHING = frozenset({"any", "optional", "union", "class", "tensor", "other"})
"""Kinds of values that may turn out to be of the type that is expected."""


def _expect(function: PyFunction, parameter: str | None, t: Attribute, found: str, wanted: set[str]) -> None:
    if found in wanted or found in _ANYTHING:
        return
    words = {"str": "str", "int": "int", "float": "a number"}
    expected = next(words[w] for w in ("float", "str", "int") if w in wanted)
    if function.name == "str_join":
        expected = "a list of str"
    name = shown_name(function)
    which = f"argument '{parameter}' of {name}()" if parameter else f"{name}()"
    if name == "a slice":
        which = f"'{parameter}' of a slice"
    raise OperatorTypeError(f"{which} expects {expected}, found {show_type(t)}", code="TS403")


_OWNERS = (
    "str",
    "bytes",
    "list",
    "dict",
    "set",
    "frozenset",
    "tuple",
    "deque",
    "counter",
    "ordereddict",
    "int",
    "float",
    "complex",
    "math",
)


def shown_name(function: PyFunction) -> str:
    """A function's name as the program has it: `str.split` for `str_split`."""
    if function.name.endswith("slice"):
        return "a slice"
    owner, _, method = function.name.partition("_")
    return f"{owner}.{method}" if owner in _OWNERS and method else function.name


def wrong_count(function: PyFunction, count: int) -> str:
    """The message for a wrong number of operands; of a method the object doesn't count."""
    own = int(function.parameters[:1] == ("self",))
    least, most = function.required - own, len(function.parameters) - own
    number = f"at least {least}" if function.variadic else str(least) if least == most else f"{least} to {most}"
    names = ", ".join(function.parameters[own:])
    listed = f" ({names})" if names and not function.variadic else ""
    return f"{shown_name(function)}() takes {number} argument{'' if number == '1' else 's'}{listed}, got {count - own}"


def result_type(function: PyFunction, types: Sequence[Attribute], constants: Sequence[Any] = ()) -> Attribute:
    """The type of a call of `function`; see `python.python_result_type`."""
    if not function.accepts(len(types)):
        raise OperatorTypeError(wrong_count(function, len(types)), code="TS401")
    if function.spread:
        element = element_of(types[-1])
        if element is None:
            raise OperatorTypeError(f"a value of type {show_type(types[-1])} can't be passed with *", code="TS307")
        types = [*types[:-1], element, element]
        constants = ()
    call = _Call(function.name, tuple(types), tuple(constants))
    _check_parameters(call, function)
    head, *rest = function.result.split()
    words = rest if head in _CONSTRUCTORS and rest else [head]
    if types and isinstance(types[0], AnyType) and any(word in _RULES and word not in _CERTAIN for word in words):
        return ANY
    if head in _ARITHMETIC and any(isinstance(t, AnyType) for t in types):
        return ANY
    parts = [_RULES[word](call) if word in _RULES else _TYPES[word] for word in words]
    return _CONSTRUCTORS[head](parts) if head in _CONSTRUCTORS and rest else parts[0]
