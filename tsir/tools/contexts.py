"""The context in which the tools read IR: tsir's and xDSL's dialects, and those that other distributions declare.

Another distribution declares a dialect as an entry point of the group `tsir.dialects`, `dialect-name = "module:DIALECT"` with an xDSL
`Dialect`, or a function that gives one. It is imported when a text first names the dialect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsir.errors import TsirError

if TYPE_CHECKING:
    from xdsl.ir import Dialect

    from tsir.dialects.context import TsContext

GROUP = "tsir.dialects"


def tool_context(*, allow_unregistered: bool = False) -> TsContext:
    """A new context. With `allow_unregistered` operations of unknown dialects can be read in generic form."""
    from tsir.dialects.context import make_context
    from tsir.ops.operation_names import family_names
    from tsir.ops.python import lookup
    from tsir.ops.registry import SCHEMAS

    # Not `tsir.runtime.api.parse_ir`: that would import NumPy, a third of a start's time.
    context = make_context(SCHEMAS.get, lambda function: lookup(function) is not None, family_names)
    context.find_dialect = dialect_elsewhere
    context.allow_unregistered = allow_unregistered
    return context


def dialect_elsewhere(name: str) -> Dialect | None:
    """The dialect of another distribution. Raises TsirError when it can't be imported or isn't one."""
    from importlib.metadata import entry_points  # here, because most texts need none

    from xdsl.ir import Dialect

    for entry in entry_points(group=GROUP, name=name):
        try:
            found = entry.load()
            if not isinstance(found, Dialect) and callable(found):
                found = found()
        except Exception as error:
            # Importing another distribution's module runs its code.
            said = f"{type(error).__name__}: {error}"
            raise TsirError(f"dialect {name!r} ({entry.value}) can't be imported: {said}") from error
        if not isinstance(found, Dialect) or found.name != name:
            raise TsirError(f"entry point {name!r} ({entry.value}) is no xDSL dialect of that name")
        return found
    return None


def dialect_names() -> list[str]:
    """The names of all dialects, sorted."""
    from importlib.metadata import entry_points

    return sorted({*tool_context().registered_dialect_names, *(e.name for e in entry_points(group=GROUP))})
