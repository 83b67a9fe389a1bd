"""Names of variables that belong to a frame: what a variable of an inlined function is called in the emitter's one table."""

from __future__ import annotations

OF_FRAME = (
    "source", "scope", "return_type", "rebinds", "local_names", "loops", "loop_runs", "want", "depth", "node", "caller",
    "is_entry", "on_yield", "spliced", "call_arguments", "handled",
)  # fmt: skip
"""The attributes of an emitter that belong to one function of those that are inlined into each other."""


FRAME = "^"
"""In keys of variables, between a name and the frame of the function that it belongs to; the innermost frame's have none."""


def framed(key: str, frame: int) -> str:
    """The key of a variable of this frame while another one is the innermost."""
    return key if FRAME in key else f"{key}{FRAME}{frame}"


def unframed(key: str, frame: int) -> str:
    """The key of a variable of this frame while it is the innermost."""
    return key.removesuffix(f"{FRAME}{frame}")


def frame_of(key: str) -> int | None:
    """The frame in the key of a variable of a function around the innermost; None for a key without one."""
    _, mark, number = key.partition(FRAME)
    return int(number) if mark and number else None


def framed_path(path: str, frame: int) -> str:
    """As `framed`, for `name.attribute`."""
    name, *rest = path.split(".")
    return ".".join([framed(name, frame), *(f"[{framed(p[1:-1], frame)}]" if _is_index(p) else p for p in rest)])


def unframed_path(path: str, frame: int) -> str:
    """As `unframed`, for `name.attribute`."""
    name, *rest = path.split(".")
    return ".".join([unframed(name, frame), *(f"[{unframed(p[1:-1], frame)}]" if _is_index(p) else p for p in rest)])


def _is_index(part: str) -> bool:
    """Whether part of a path is a variable between brackets."""
    return part[0] == "[" and (part[1].isalpha() or part[1] == "_")
