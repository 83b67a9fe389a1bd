"""IR text as a module, with all operators: what `load_ir` and archives are read by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.ir import Operation

    from tsir.dialects.schema import Schema
    from tsir.limits import Limits


def parse_ir(
    text: str,
    name: str = "<text>",
    *,
    limits: Limits | None = None,
    upgrade: Callable[[ModuleOp, Callable[[str], type[Operation] | None]], None] | None = None,
) -> ModuleOp:
    """IR text as an xDSL module, verified. Raises IRError with the place in the text.

    `upgrade(module, find)` may rewrite what an earlier version wrote, before it is verified; `find` gives the class of an operation.
    """
    from tsir.archive.upgrades import old_schema
    from tsir.dialects.context import make_context, parse_module
    from tsir.ops.operation_names import family_names
    from tsir.ops.python import lookup
    from tsir.ops.registry import SCHEMAS

    def schema(key: str) -> Schema | None:
        return SCHEMAS.get(key) or (None if upgrade is None else old_schema(key))

    context = make_context(schema, lambda function: lookup(function) is not None, family_names)

    def rewrite(module: ModuleOp) -> None:
        if upgrade is not None:
            upgrade(module, context.get_optional_op)

    return parse_module(context, text, name, limits=limits, before_verifying=rewrite)
