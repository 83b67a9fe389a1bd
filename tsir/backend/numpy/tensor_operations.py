"""."""

from __future__ import annotations

from xdsl.ir import Operation

from tsir.backend.numpy.emitter import EmitFunction

TABLE: dict[type[Operation], EmitFunction] = {}
