"""Operations as Python expressions: what stands on the right of an assignment, or inside another expression."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.dtypes import dtype
from tsir.dialects.schema import Schema
from tsir.dialects.ts import types
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.lowering.to_python.atoms import operand, receiver
from tsir.lowering.to_python.calls import call, call_method, call_python
from tsir.lowering.to_python.constants import attribute_text, numpy_class
from tsir.lowering.to_python.names import Names, is_name
from tsir.lowering.to_python.objects import delattr_text, new, setattr_text
from tsir.lowering.to_python.operator_names import IN_PLACE_FUNCTIONS, METHODS, NO_FUNCTION, PROPERTIES
from tsir.lowering.to_python.tensor_items import item_text
from tsir.ops.python import FUNCTIONS, SPREAD, PyFunction

if TYPE_CHECKING:
    from tsir.lowering.to_python.statements import Printer

_CALL = re.compile(r"[\w.]+\((\{[^{}]*\}(, )?)*\)")
_MODULE = re.compile(r"(?<![\w.])(c?math|warnings|logging|torch|collections|copy|re|heapq|bisect|random|time|numpy|tsir)\.")
_BUILTIN = re.compile(r"(?<![\w.])([a-z]+)\(")


def expression(p: Printer, operation: Operation) -> str:
    """The text of an operation that isn't control flow."""
    if isinstance(operation, AtenOp):
        text = item_text(p, operation) or _aten(p, operation.SCHEMA, operation.operands)
        return text if "ts.held" not in operation.attributes else _held(p, operation, text)
    if isinstance(operation, PyOp):
        return _python(p, operation)
    writer = _EXPRESSIONS.get(operation.name)
    if writer is None:
        operands = ", ".join(p.text(o) for o in operation.operands)
        return f"{operation.name.replace('.', '_')}({operands})"
    return writer(p, operation)


def _held(p: Printer, operation: Operation, text: str) -> str:
    """A tensor that is a value of the program's, made of a list of constants."""
    if p.names.constants is None:
        return text
    kind = dtype(p.text(operation.operands[1]))
    return p.names.constant(np.array(_data(operation.operands[0]), kind.numpy)) or text


def _data(value: SSAValue) -> Any:
    """The numbers in a list of lists of constants."""
    made = value.owner
    assert isinstance(made, Operation)
    if made.name == "ts.list":
        return [_data(o) for o in made.operands]
    constant: Any = made.properties["value"]
    return constant.value.data if hasattr(constant.value, "data") else constant.value


# Built-ins


def _python(p: Printer, operation: PyOp) -> str:
    name = operation.FUNCTION
    texts = [p.text(o) for o in operation.operands]
    if name == "warn":
        return _warn(p, *texts)
    if name in _SLICES:
        parts = [receiver(texts[0]), _slice(texts[1:4]), *texts[4:]]
        return _SLICES[name].format(*parts)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(p, operation, texts)
    if name in ("set", "frozenset") and not texts:
        return _annotated(p, operation.results[0].type, f"{name}()")
    function = _ROWS.get(name) or FUNCTIONS[name]
    shown = [receiver(t) if f"{{{i}}}." in function.expression else operand(t) for i, t in enumerate(texts)]
    text = function.render(texts if _CALL.fullmatch(function.expression) else shown).replace(
        "reverse=bool()", "reverse=False"
    )
    for module in set(_MODULE.findall(function.expression)):
        p.names.use(module)
    return _BUILTIN.sub(p.builtin, text) if p.hidden else text


def _slice(texts: Sequence[str]) -> str:
    shown = ["" if t == "None" else t for t in texts]
    return ":".join(shown[:2] if len(shown) == 3 and not shown[2] else shown)


def _print_with(p: Printer, operation: Operation, texts: list[str]) -> str:
    if len(texts) > 2 and isinstance(operation, PyOp) and FUNCTIONS[operation.FUNCTION].spread:
        texts = [*texts[:-1], f"*{texts[-1]}"]
    return f"print({', '.join([*texts[2:], f'sep={texts[0]}', f'end={texts[1]}'])})"


def _with_keywords(call: str, *names: str) -> Callable[[Any, Operation, list[str]], str]:
    """Writes a call whose last operands have to be given by name. `{i}` in the call stands for operand i."""

    def write(p: Printer, operation: Operation, texts: list[str]) -> str:
        p.names.use("math")
        plain = len(re.findall(r"\{\d\}", call))
        given = [f"{n}={t}" for n, t in zip(names, texts[plain:], strict=False)]
        return call.format(*texts).replace("(…", "(" + ", ".join(given)).replace("…", ", ".join(["", *given]))

    return write


def _default_dict(p: Printer, operation: Operation, texts: list[str]) -> str:
    return f"{p.names.use('collections', 'defaultdict')}({_factory(ast.literal_eval(texts[0]))})"


def _factory(text: str) -> str:
    """The source of what makes a defaultdict's values, by the text that `ops/python.py` has for it."""
    if text.startswith("defaultdict("):
        return f"lambda: defaultdict({_factory(text.removeprefix('defaultdict(').removesuffix(')'))})"
    return text if text.isidentifier() and text not in ("None", "True", "False") else f"lambda: {text}"


def _device(p: Printer, operation: Operation, texts: list[str]) -> str:
    return f"{p.names.use('torch')}.device({', '.join(texts)})"


def _dtype_limit(p: Printer, operation: Operation, texts: list[str]) -> str:
    uses = list(operation.results[0].uses)
    integer = bool(uses) and uses[0].operation.results[0].type == types.INT and texts[1] != "'bits'"
    return f"{p.names.use('torch')}.{'iinfo' if integer else 'finfo'}({texts[0]}).{texts[1][1:-1]}"


def _future(p: Printer, operation: Operation, texts: list[str]) -> str:
    return _annotated(p, operation.results[0].type, f"{p.names.use('torch')}.futures.Future()")


def _sorted(p: Printer, operation: Operation, texts: list[str]) -> str:
    reverse = "" if texts[1:] in ([], ["False"]) else f", reverse={texts[1]}"
    return f"sorted({texts[0]}{reverse})"


def _sort_order(p: Printer, operation: Operation, texts: list[str]) -> str:
    keys = operand(texts[0])
    reverse = "" if texts[1:] in ([], ["False"]) else f", reverse={texts[1]}"
    return f"sorted(range(len({keys})), key=lambda i: {keys}[i]{reverse})"


_NUMPY_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "and_": "&", "or_": "|", "xor": "^",
    "lshift": "<<", "rshift": ">>", "matmul": "@", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
    "neg": "-", "pos": "+", "invert": "~",
}  # fmt: skip


def _numpy_operator(p: Printer, operation: Operation, texts: list[str]) -> str:
    p.names.use("numpy")
    name, kinds = ast.literal_eval(texts[0]), ast.literal_eval(texts[1]).split(",")
    parts = [f"{numpy_class(k)}({t})" if k else f"({t})" for k, t in zip(kinds, texts[2:], strict=True)]
    if name == "abs":
        shown = f"abs({parts[0]})"
    else:
        shown = f" {_NUMPY_SYMBOLS[name]} ".join(parts) if len(parts) > 1 else _NUMPY_SYMBOLS[name] + parts[0]
    return f"{_PYTHON_NUMBERS[operation.results[0].type]}({shown})"


_PYTHON_NUMBERS: dict[Attribute, str] = {
    types.INT: "int",
    types.FLOAT: "float",
    types.BOOL: "bool",
    types.COMPLEX: "complex",
}


def _numpy_call(p: Printer, operation: Operation, texts: list[str]) -> str:
    p.names.use("numpy")
    how, _, rest = ast.literal_eval(texts[0]).partition(".")
    name, *names = rest.split(",")
    kinds = ast.literal_eval(texts[1]).split(",")
    parts = [f"{numpy_class(k)}({t})" if k else t for k, t in zip(kinds, texts[2:], strict=True)]
    by_name = [f"{n}={t}" for n, t in zip(names, parts[len(parts) - len(names) :], strict=True)]
    given = ", ".join([*parts[1 : len(parts) - len(names)], *by_name])
    shown = {
        "function": f"numpy.{name}({', '.join(parts)})", "member": f"{parts[0]}.{name}",
        "astype": f"{parts[0]}.astype({numpy_class(name)})", "method": f"{parts[0]}.{name}({given})",
    }[how]  # fmt: skip
    return f"{_PYTHON_NUMBERS[operation.results[0].type]}({shown})"


def _numpy_dtype(p: Printer, operation: Operation, texts: list[str]) -> str:
    return "None"  # what the numbers in the data say


def _is_numpy(p: Printer, operation: Operation, texts: list[str]) -> str:
    p.names.use("numpy")
    return f"isinstance({texts[0]}, {numpy_class(ast.literal_eval(texts[1]))})"


def _scalar_number(p: Printer, operation: Operation, texts: list[str]) -> str:
    return f"{_PYTHON_NUMBERS[operation.results[0].type]}({texts[0]})"


def _numpy_number(p: Printer, operation: Operation, texts: list[str]) -> str:
    p.names.use("numpy")
    shown = f"{numpy_class(ast.literal_eval(texts[1]))}({texts[0]})"
    number = isinstance(operation, PyOp) and operation.FUNCTION == "numpy_number"
    return f"{_PYTHON_NUMBERS[operation.results[0].type]}({shown})" if number else shown


def _statistics(p: Printer, operation: Operation, texts: list[str]) -> str:
    p.names.use("statistics")
    return f"statistics.{ast.literal_eval(texts[0])}({texts[1]})"


def _numpy_text(p: Printer, operation: Operation, texts: list[str]) -> str:
    return f"str({_numpy_number(p, operation, texts)})"


def _range(p: Printer, operation: Operation, texts: list[str]) -> str:
    if texts[2:] == ["1"]:
        texts = texts[1:2] if texts[0] == "0" else texts[:2]
    return f"range({', '.join(map(operand, texts))})"


def _range_list(p: Printer, operation: Operation, texts: list[str]) -> str:
    return f"list({_range(p, operation, texts)})"


def _range_length(p: Printer, operation: Operation, texts: list[str]) -> str:
    return f"len({_range(p, operation, texts)})"


_SLICES = {"getslice": "{0}[{1}]", "setslice": "{0}[{1}] = {2}", "delslice": "del {0}[{1}]"}
AUGMENTED: dict[str, str] = {
    "list_iadd": "+=", "list_imul": "*=", "set_iand": "&=", "set_ior": "|=", "set_isub": "-=", "set_ixor": "^=", "dict_ior": "|=",
}  # fmt: skip
"""Functions that are augmented assignments in source: their result is their first operand."""

_SPECIAL: dict[str, Callable[[Any, Operation, list[str]], str]] = {
    "print_with": _print_with, "default_dict": _default_dict, "device": _device, "dtype_limit": _dtype_limit, "future": _future,
    "sorted": _sorted, "range_object": _range, "numpy_operator": _numpy_operator, "numpy_call": _numpy_call,
    "is_numpy": _is_numpy, "numpy_dtype": _numpy_dtype, "scalar_number": _scalar_number,
    "numpy_number": _numpy_number, "numpy_scalar": _numpy_number, "held_scalar": _numpy_number,
    "numpy_text": _numpy_text, "statistics": _statistics, "del_attribute": delattr_text,
    "range_list": _range_list, "range_length": _range_length,
    "sort_order": _sort_order, f"print_with{SPREAD}": _print_with,
    "math_isclose": _with_keywords("math.isclose({0}, {1}…)", "rel_tol", "abs_tol"),
    "math_prod": _with_keywords("math.prod({0}…)", "start"),
    "int_to_bytes": _with_keywords("({0}).to_bytes(…)", "length", "byteorder", "signed"),
    "int_from_bytes": _with_keywords("int.from_bytes({0}…)", "byteorder", "signed"),
}  # fmt: skip
_PLAIN_ROWS: dict[str, PyFunction] = {
    name: replace(FUNCTIONS[name], expression=expression)
    for name, expression in {
        "setitem": "{0}[{1}] = {2}", "delitem": "del {0}[{1}]", "dict_move_to_end": "{0}[{1}] = {0}.pop({1})",
        "exception_from": "{0} from {1}",
        "exception_object": "{0}",
        "exception_type": "type({0})",
        "exception_name": "type({0}).__name__",
        "percent": "{0} % {1}", "str": "str({0})", "repr": "repr({0})", "ascii": "ascii({0})", "format": "format({args})",
        "str_format": "{0}.format({1:})", "print": "print({args})",
        "torch_size": "torch.Size({0})", "one_function": "tsir.one_function({0})",
        "keys_view": "{0}.keys()", "values_view": "{0}.values()", "items_view": "{0}.items()",
        "iterator_object": "iter({0})", "has_attribute": "hasattr({0}, {1})",
        "set_unnamed": "setattr({0}, {1}, {2})", "get_unnamed": "getattr({0}, {1})",
        "held_size": "torch.Size({0})", "size_text": "str(torch.Size({0}))", "log": "logging.getLogger({0}).log({1}, {2})",
        "taken": "[{0}[i] for i in {1}]", "min_position": "min(range(len({0})), key=lambda i: {0}[i])",
        "max_position": "max(range(len({0})), key=lambda i: {0}[i])",
    }.items()
}  # fmt: skip
_ROWS = _PLAIN_ROWS | {name + SPREAD: replace(row, spread=True) for name, row in _PLAIN_ROWS.items() if row.variadic}
"""Functions that source says in another way than generated code."""

# Operators


def _aten(p: Printer, schema: Schema, operands: Sequence[SSAValue]) -> str:
    arguments = list(zip(schema.arguments, operands, strict=True))
    name = schema.name
    if name in PROPERTIES and len(operands) == 1:
        return f"{receiver(p.text(operands[0]))}.{PROPERTIES[name]}"
    said = [not (a.has_default and _is_default(p, a.default, v)) for a, v in arguments]
    last = max((i for i, (a, _) in enumerate(arguments) if said[i] and not a.kwarg_only), default=-1)
    shown = [p.text(v) for _, v in arguments[: last + 1]]
    shown += [f"{a.name}={p.text(v)}" for (a, v), s in list(zip(arguments, said, strict=True))[last + 1 :] if s]
    if name == "_python_number":
        return shown[0]  # only `int`, `float` and the like ask for it
    if name == "_python_index":
        return f"{receiver(shown[0])}.__index__()"
    if name == "_generator":
        return f"{p.names.use('torch')}.Generator()"
    of_generator = bool(operands) and operands[0].type == types.GeneratorType()
    in_place = name.endswith("_") and not name.startswith("_") and name not in IN_PLACE_FUNCTIONS
    if of_generator or (shown and name not in NO_FUNCTION and (in_place or name in METHODS)):
        return f"{receiver(shown[0])}.{name}({', '.join(shown[1:])})"
    p.names.use("torch")
    return f"{'torch.ops.aten' if name in NO_FUNCTION else 'torch'}.{name}({', '.join(shown)})"


def _is_default(p: Printer, default: Any, value: SSAValue) -> bool:
    text = p.text(value)
    if isinstance(default, tuple):
        return text == f"[{', '.join(map(repr, cast(tuple[Any, ...], default)))}]"
    return text == repr(default)


# Structure


def _constant(p: Printer, operation: Operation) -> str:
    return attribute_text(p.names, operation.properties["value"])


def _list(p: Printer, operation: Operation) -> str:
    kind: Any = operation.results[0].type
    text = f"[{', '.join(p.text(o) for o in operation.operands)}]"
    given = {o.type for o in operation.operands} or {types.TensorType()}
    return text if given == {kind.element} else _annotated(p, kind, text)


def _annotated(p: Printer, type_: Attribute, text: str) -> str:
    """A literal that says its type, where that has a name."""
    shown = p.names.annotation(type_)
    return text if shown is None else f"{p.names.use('torch')}.jit.annotate({shown}, {text})"


def _dict(p: Printer, operation: Operation) -> str:
    texts = [p.text(o) for o in operation.operands]
    kind: Any = operation.results[0].type
    text = "{" + ", ".join(f"{k}: {v}" for k, v in zip(texts[::2], texts[1::2], strict=True)) + "}"
    keys, values = ({o.type for o in operation.operands[i::2]} for i in (0, 1))
    return text if keys == {kind.key} and values == {kind.value} else _annotated(p, kind, text)


def _tuple(p: Printer, operation: Operation) -> str:
    items = ", ".join(p.text(o) for o in operation.operands)
    result = operation.results[0].type
    if isinstance(result, types.NamedTupleType):
        return f"{p.names.named_tuple(result)}({items})"
    return f"({items},)" if len(operation.operands) == 1 else f"({items})"


def _tuple_get(p: Printer, operation: Operation) -> str:
    index: int = cast(Any, operation).index.value.data
    value = operation.operands[0]
    if isinstance(value.type, types.NamedTupleType):
        return f"{receiver(p.text(value))}.{value.type.fields.data[index].data}"
    return f"{receiver(p.text(value))}[{index}]"


def _getattr(p: Printer, operation: Operation) -> str:
    name: str = cast(Any, operation).attr_name.data
    owner = p.text(operation.operands[0])
    kind = operation.operands[0].type
    if p.root is not None and owner == "self" and p.names.is_constant(kind, name):
        return p.names.constant(p.root.attributes[name]) or f"self.{name}"
    if is_name(name):
        return f"{receiver(owner)}.{name}"
    if name.isdigit() and isinstance(kind, types.ClassType) and p.names.is_sequence(kind.symbol.root_reference.data):
        return f"{receiver(owner)}[{name}]"
    return f"getattr({owner}, {name!r})"


def _cast(p: Printer, operation: Operation) -> str:
    text = p.text(operation.operands[0])
    if not says_cast(p.names, operation):
        return text
    return f"{p.names.use('typing', 'cast')}({p.names.annotation(operation.results[0].type)}, {text})"


def says_cast(names: Names, operation: Operation) -> bool:
    """Whether source has to say a cast: to less than is declared, for what was tested isn't seen where the value is read."""
    given, wanted = operation.operands[0], operation.results[0].type
    if isinstance(given.owner, PyOp) and given.owner.FUNCTION == "torch_size":
        return False  # a list that leaves the program as a tuple keeps its type
    if isinstance(given.type, types.ClassType) and isinstance(wanted, types.ClassType):
        return wanted.symbol.string_value() in names.bases(given.type.symbol.string_value())
    narrows = isinstance(given.type, types.OptionalType | types.UnionType | types.AnyType | types.NumberType)
    contained = type(wanted) is type(given.type) and isinstance(
        wanted, types.ListType | types.DictType | types.SetType | types.DequeType
    )
    return (narrows or contained) and not _holds(wanted, given.type) and names.annotation(wanted) is not None


def _holds(wanted: Attribute, given: Attribute) -> bool:
    """Whether every value of one type is one of the other."""
    if isinstance(wanted, types.AnyType) or wanted == given:
        return True
    inside = wanted.members.data if isinstance(wanted, types.UnionType) else (wanted,)
    inside = (wanted.element, types.NONE) if isinstance(wanted, types.OptionalType) else inside
    if isinstance(given, types.UnionType):
        return all(m in inside for m in given.members.data)
    return isinstance(given, types.OptionalType) and given.element in inside and types.NONE in inside


def _isinstance(p: Printer, operation: Operation) -> str:
    kinds: Sequence[Attribute] = cast(Any, operation).types.data
    shown = [_tested(p, t) for t in kinds]
    test = f"{p.names.use('torch')}.jit.isinstance" if any("[" in s for s in shown) else "isinstance"
    choice = shown[0] if len(shown) == 1 else f"({', '.join(shown)})"
    return f"{test}({p.text(operation.operands[0])}, {choice})"


def _tested(p: Printer, type_: Attribute) -> str:
    match type_:
        case types.TupleOfType(element=types.AnyType()):
            return "tuple"
        case types.ListType(element=types.AnyType()):
            return "list"
        case types.DictType(key=types.AnyType()):
            return "dict"
        case types.DictType() if type_.container.data:
            return p.names.use("collections", type_.container.data)
        case _ if type_ == types.NONE:
            return "type(None)"
        case _:
            return p.names.annotation(type_) or "object"


def _catches(p: Printer, operation: Operation) -> str:
    shown = [p.names.exception(c.data) for c in cast(Any, operation).classes.data]
    choice = shown[0] if len(shown) == 1 else f"({', '.join(shown)})"
    error = operation.operands[0].owner
    if isinstance(error, PyOp) and error.FUNCTION in ("exception_of", "exception_or_none"):
        return f"issubclass({p.text(error.operands[0])}, {choice})"
    return f"isinstance({p.text(operation.operands[0])}, {choice})"


def _reraise(p: Printer, operation: Operation) -> str:
    return f"raise {p.text(operation.operands[0])}"


def _raise(p: Printer, operation: Operation) -> str:
    name = p.names.exception(cast(Any, operation).exception.data)
    return f"raise {name}({', '.join(p.text(o) for o in operation.operands)})"


def _warn(p: Printer, message: str, *rest: str) -> str:
    category = [rest[0].strip("'\"")] if rest else []
    level = [f"stacklevel={rest[1]}"] if len(rest) > 1 else []
    return f"{p.names.use('warnings')}.warn({', '.join([message, *category, *level])})"


def _exception(p: Printer, operation: Operation) -> str:
    """A new exception; of the user's own class, its object is there already."""
    symbol: str = cast(Any, operation).exception.data
    first = operation.operands[0].type if len(operation.operands) == 1 else None
    if isinstance(first, types.ClassType) and first.symbol.root_reference.data == symbol:
        return p.text(operation.operands[0])
    return f"{p.names.exception(symbol)}({', '.join(p.text(o) for o in operation.operands)})"


def _truth(p: Printer, operation: Operation) -> str:
    return f"bool({p.text(operation.operands[0])})"


def _uninitialized(p: Printer, operation: Operation) -> str:
    shown = p.names.annotation(operation.results[0].type)
    return "None" if shown in (None, "None") else f"{p.names.use('tsir')}.uninitialized({shown})"


_EXPRESSIONS: dict[str, Callable[[Any, Operation], str]] = {
    "arith.constant": _constant,
    "arith.andi": lambda p, operation: " and ".join(operand(p.text(o)) for o in operation.operands),
    "arith.ori": lambda p, operation: " or ".join(operand(p.text(o)) for o in operation.operands),
    "ts.constant": _constant,
    "ts.list": _list,
    "ts.tuple": _tuple,
    "ts.tuple_get": _tuple_get,
    "ts.dict": _dict,
    "ts.unpack": lambda p, operation: p.text(operation.operands[0]),
    "ts.getattr": _getattr,
    "ts.setattr": setattr_text,
    "ts.cast": _cast,
    "ts.truth": _truth,
    "ts.isinstance": _isinstance,
    "ts.raise": _raise,
    "ts.catches": _catches,
    "ts.exception": _exception,
    "ts.reraise": _reraise,
    "ts.new": new,
    "ts.uninitialized": _uninitialized,
    "ts.call_method": call_method,
    "ts.call_python": call_python,
    "func.call": call,
}
