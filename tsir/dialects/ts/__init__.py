"""The `ts` dialect: TorchScript's meaning as IR. Types, attributes, structural operations, and two families of calls."""

from xdsl.ir import Dialect

from tsir.dialects.ts.attributes import ATTRIBUTES
from tsir.dialects.ts.structure import OPERATIONS
from tsir.dialects.ts.types import TYPES

Ts = Dialect("ts", list(OPERATIONS), [*TYPES, *ATTRIBUTES])
