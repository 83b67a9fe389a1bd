"""Named linalg operations are made in many threads."""

import sys
from concurrent.futures import ThreadPoolExecutor

from xdsl.dialects.linalg.ops import FillOp
from xdsl.ir import Block

from tsir.dialects import dtypes
from tsir.ops.builder import Builder, run_with
from tsir.ops.core.creation import full


def _bodies(_: int) -> list[int]:
    """How many operations are in the bodies of some fills."""
    found: list[int] = []
    for _ in range(60):
        block = Block()
        run_with(Builder(block=block), full, ((2, 3), 1.0, dtypes.float32))
        found += [len(list(op.body.block.ops)) for op in block.ops if isinstance(op, FillOp)]
    return found


def test_their_bodies_are_made_once() -> None:
    # xDSL's builder of the bodies exchanges a function for all threads: two at once would leave it exchanged for good.
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = [n for counts in pool.map(_bodies, range(8)) for n in counts]
    finally:
        sys.setswitchinterval(before)
    assert found == [1] * 480
