"""How types of the `ts` dialect are written in messages: as a Python programmer writes them in annotations."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts

_TYPE_NAMES: dict[type[Attribute], str] = {
    ts.TensorType: "Tensor", BuiltinTensorType: "Tensor", ts.StrType: "str", ts.BytesType: "bytes",
    ts.DTypeType: "dtype", ts.DeviceType: "device",
    ts.LayoutType: "layout", ts.MemoryFormatType: "memory_format", ts.GeneratorType: "Generator", ts.NumberType: "number",
    ts.AnyType: "Any",
}  # fmt: skip
_BUILTIN_NAMES: dict[Attribute, str] = {
    ts.INT: "int", ts.FLOAT: "float", ts.BOOL: "bool", ts.COMPLEX: "complex", ts.NONE: "None",
}  # fmt: skip

_DICTS = {"": "Dict", "OrderedDict": "OrderedDict", "defaultdict": "DefaultDict"}


def show_type(kind: Attribute) -> str:
    """An IR type as a Python programmer writes it: `Optional[Tensor]`, `List[int]`."""
    match kind:
        case ts.ListType():
            return f"List[{show_type(kind.element)}]"
        case ts.SetType():
            return f"Set[{show_type(kind.element)}]"
        case ts.FrozenSetType():
            return f"FrozenSet[{show_type(kind.element)}]"
        case ts.OptionalType():
            return f"Optional[{show_type(kind.element)}]"
        case ts.TupleType():
            return f"Tuple[{', '.join(show_type(e) for e in kind.elements.data)}]"
        case ts.TupleOfType():
            return f"Tuple[{show_type(kind.element)}, ...]"
        case ts.DequeType():
            return f"Deque[{show_type(kind.element)}]"
        case ts.DictType(container=StringAttr(data="Counter")):
            return f"Counter[{show_type(kind.key)}]"
        case ts.DictType():
            return f"{_DICTS[kind.container.data]}[{show_type(kind.key)}, {show_type(kind.value)}]"
        case ts.UnionType():
            return f"Union[{', '.join(show_type(e) for e in kind.members.data)}]"
        case ts.NamedTupleType():
            return kind.class_name.data
        case ts.ClassType():
            return kind.symbol.string_value()
        case ts.FutureType():
            return f"{'Await' if kind.waits_by_itself else 'Future'}[{show_type(kind.element)}]"
        case _:
            return _BUILTIN_NAMES.get(kind) or _TYPE_NAMES.get(type(kind)) or str(kind)
