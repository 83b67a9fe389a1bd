"""Programs of other tests through TorchScript archives, in both directions: what doesn't come out equal is in `known.py`.

`sweep.py` is the plugin. Known ones that come out equal fail the test, too, so that the table stays true.
"""

import copy
from pathlib import Path
from typing import Dict, List

import pytest

import tsir
from tests.archive.torchscript import sweep
from tests.archive.torchscript.known import FOLDER, KNOWN
from tests.conformance.language import test_dict_and_cmath, test_statements, test_tuples

ROOT = Path(__file__).parents[3]
LANGUAGE = "tests/conformance/language"
TESTS = {
    "out": [
        LANGUAGE,
        f"--ignore={LANGUAGE}/test_printed_again.py",
        "tests/models/test_models.py",
        "tests/conformance/modules",
    ],
    "in": [LANGUAGE, f"--ignore={LANGUAGE}/test_printed_again.py", "tests/models/test_models.py"],
}
BAD = ("differs", "doesn't load", "crashes")


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["out", "in"])
def test_all_programs(direction: str, tmp_path: Path) -> None:
    found = sweep.swept(direction, tmp_path / "found.jsonl", TESTS[direction])
    bad = {f.test: f.why for status in BAD for f in found[status]}
    known = {FOLDER + t for tests in KNOWN[direction].values() for t in tests}
    assert not {t: w for t, w in bad.items() if t not in known}
    assert not known - set(bad), "these come out equal, or aren't written, now"
    assert len(found["equal"]) > (800 if direction == "out" else 400)


PROGRAMS = [c for module in (test_statements, test_dict_and_cmath, test_tuples) for c in module.programs.cases]


def test_some_programs() -> None:
    """One call of some programs, out; `test_programs.py` has those that come in."""
    statuses: Dict[str, List[str]] = {}
    for function, arguments in PROGRAMS[::6]:
        compiled = tsir.script(function)
        passed = sweep.Out(function, compiled)
        passed.ready()
        if passed.loaded is not None:
            outcome = None, None
            try:
                outcome = compiled(*copy.deepcopy(arguments)), None
            except Exception as error:  # noqa: BLE001  (compared with what the other raises)
                outcome = None, error
            passed.call(None, (copy.deepcopy(arguments), {}), outcome)
        statuses.setdefault(passed.status, []).append(f"{function.__name__}: {passed.why}")
    assert not {s: statuses[s] for s in BAD if s in statuses}
    assert len(statuses["equal"]) > len(statuses.get("refused", []))
