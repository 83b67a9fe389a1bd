"""A sample of torch's operator database, compiled and compared with eager; `make conformance` runs all of it."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
sys.path.insert(0, str(Path(__file__).parent))

from conformance import run_entry  # noqa: E402
from database import full_name, in_scope  # noqa: E402
from database_known import KNOWN  # noqa: E402

ENTRIES = {full_name(entry): entry for entry in in_scope() if torch.float32 in entry.dtypes}
GROUPS = 20
DEFAULT = 5
"""How many of the groups the default run has; the others are slow ones."""


@pytest.mark.parametrize("group", [pytest.param(g, marks=pytest.mark.slow) if g >= DEFAULT else g for g in range(GROUPS)])
def test_first_sample_of_each_entry(group):
    """In float32. An entry of which other samples are known to differ must be right with its first one, too."""
    torch.manual_seed(0)
    wrong = {}
    for name in sorted(ENTRIES)[group::GROUPS]:
        outcome = run_entry(ENTRIES[name], torch.float32, limit=1)
        if outcome["failures"] and name not in KNOWN:
            wrong[name] = outcome["failures"]
    assert not wrong, "\n".join(f"{name}: {why}  ({text})" for name, found in wrong.items() for why, text in found)
