"""Writes a program as a TorchScript archive."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from tsir.archive.torchscript.classes import ProgramText
from tsir.archive.torchscript.pickling import PickleWriter, Placed, tensors_in
from tsir.archive.writing import write_file
from tsir.archive.zip_writing import write_zip
from tsir.dialects.program import Program
from tsir.dialects.ts import types as ts

_BASE_VERSION = 3
_VERSIONS = {"div": 4, "div_": 4, "full": 5, "linspace": 8, "logspace": 9, "gelu": 10}
"""The archive versions from which on operators mean what they mean today."""


def members_of(
    program: Program, name: str = "archive", extra_files: Mapping[str, str | bytes] | None = None
) -> dict[str, bytes]:
    """The members of a program's archive. Raises UnsupportedError, with the user's line, for what TorchScript can't express."""
    text = ProgramText(program)
    class_name, root = text.root()
    code = text.code()
    placed = Placed(tensors_in(root))

    def attribute_type(symbol: str, attribute: str) -> Any:
        if program.root is None:
            return ts.BOOL
        return text.attribute_type(ts.ClassType(symbol), attribute)

    data = PickleWriter(text.annotations, text.qualified, attribute_type, placed)
    data.object(root, class_name)
    constants = _constants(text)
    version = max([_BASE_VERSION, *(_VERSIONS.get(o, 0) for o in text.operators)])
    members: dict[str, bytes] = {
        "data.pkl": data.finish(),
        "code/__torch__.py": code.encode(),
        "constants.pkl": constants[0],
    }
    members |= {f"data/{i}": content for i, content in enumerate(placed.contents)}
    members |= {f"constants/{i}": content for i, content in enumerate(constants[1])}
    members |= {"version": f"{version}\n".encode(), "byteorder": b"little"}
    for extra, content in (extra_files or {}).items():
        members[f"extra/{extra}"] = content.encode() if isinstance(content, str) else content
    return {f"{name}/{member}": content for member, content in members.items()}


def _constants(text: ProgramText) -> tuple[bytes, list[bytes]]:
    placed = Placed([c for c in text.constants if isinstance(c, np.ndarray)])
    writer = PickleWriter(text.annotations, text.qualified, lambda _c, _n: None, placed)
    kinds = [ts.TensorType() if isinstance(c, np.ndarray) else ts.StrType() for c in text.constants]
    writer.value(tuple(text.constants), ts.TupleType(kinds), "a constant")
    return writer.finish(), placed.contents


def save(
    program: Program, target: str | os.PathLike[str] | IO[bytes], extra_files: Mapping[str, str | bytes] | None = None
) -> None:
    """Writes a TorchScript archive to a path or a binary file object. Raises what `members_of` raises, and OSError."""
    name = Path(target).stem if isinstance(target, str | os.PathLike) else ""
    members = {n: [content] for n, content in members_of(program, name or "archive", extra_files).items()}
    write_file(target, lambda file: write_zip(file, members))
