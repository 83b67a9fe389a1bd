"""`sort` and `sorted` of objects: by the `__lt__` of their class, as a function in the language of serialised code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsir.dialects.ts import types as ts
from tsir.frontend.torch_archive.sources import Definition, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tsir.frontend.torch_archive.body import Body, Value

_CODE = """
def sort_objects(items: List[{cls}], reverse: bool) -> NoneType:
  for i in range(torch.len(items)):
    item = items[i]
    place, going = i, torch.gt(i, 0)
    while going:
      other = items[torch.sub(place, 1)]
      if reverse:
        is_less = (other).__lt__(item, )
      else:
        is_less = (item).__lt__(other, )
      if is_less:
        _0 = torch._set_item(items, place, other)
        place0 = torch.sub(place, 1)
        going0 = torch.gt(place0, 0)
      else:
        place0, going0 = place, False
      place, going = place0, going0
    _1 = torch._set_item(items, place, item)
  return None
"""


def sort_objects(b: Body, items: Value, rest: Sequence[Value]) -> bool:
    """Sorts a list of objects in place; False for other lists."""
    from tsir.frontend.torch_archive.calls import call_function

    kind = b.type_of(items)
    info = b.program.classes.of_type(kind.element) if isinstance(kind, ts.ListType) else None
    if info is None or "__lt__" not in info.methods:
        return False
    file = parse(f"<sorting of {info.plain_name}>", _CODE.format(cls=info.name))
    definition = Definition(f"{info.name}.<sort>", file, file.definitions["sort_objects"])
    call_function(b, definition, [items, *(rest or [False])], {})
    return True
