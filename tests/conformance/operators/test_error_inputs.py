"""torch's operator database has wrong inputs, too: a sample of its entries, which must raise torch's exception type when compiled."""

import sys
import warnings
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")
sys.path.insert(0, str(Path(__file__).parent))

from conformance import run_errors
from database import full_name, in_scope
from database_known import KNOWN_ERRORS

ENTRIES = {full_name(entry): entry for entry in in_scope() if entry.error_inputs_func is not None}
GROUPS = 8
DEFAULT = 1
"""How many of the groups the default run has; the others are slow ones."""


@pytest.mark.parametrize("group", [pytest.param(g, marks=pytest.mark.slow) if g >= DEFAULT else g for g in range(GROUPS)])
def test_wrong_inputs_raise_torchs_exception(group):
    wrong = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(ENTRIES)[group::GROUPS]:
            outcome = run_errors(ENTRIES[name])
            if outcome["failures"] and name not in KNOWN_ERRORS:
                wrong[name] = outcome["failures"]
    assert not wrong, "\n".join(f"{name}: {why}  ({text})" for name, found in wrong.items() for why, text in found)
