"""README's table of the language and docs/language.md are what the tests show."""

import pytest

from tests.conformance.language.features import AREAS, feature
from tests.conformance.language.page import ROOT, all_shown, marked, page, table, with_table

SOURCE = """
@programs(1)
@feature("Statements", "del", "pass")
@programs(2)
def f(n): ...

@programs.parametrized()
def test_all(function, arguments): ...
"""


def test_page_and_readme_are_up_to_date():
    shown = all_shown()
    advice = "run: python -m tests.conformance.language.page"
    assert (ROOT / "docs" / "language.md").read_text() == page(shown), advice
    readme = (ROOT / "README.md").read_text()
    assert readme == with_table(readme, shown), advice


def test_marks_are_counted_by_calls():
    shown = list(marked(SOURCE, "test_x.py"))
    assert [(one.area, one.name, one.shown_by, one.calls) for one in shown] == [
        ("Statements", "del", "f", 2),
        ("Statements", "pass", "f", 2),
    ]
    assert "| Statements" not in table([]) and "del; pass" in table(shown)
    assert "| del | 2 | test_x.py: `f` |" in page(shown)


def test_what_no_test_runs_is_not_claimed():
    with pytest.raises(ValueError, match="no test runs it"):
        list(marked('@feature("Statements", "del")\ndef f(n): ...\n', "test_x.py"))
    with pytest.raises(ValueError, match="no test runs it"):
        list(marked('@pytest.mark.xfail\n@feature("Statements", "del")\ndef test_f(): ...\n', "test_x.py"))


def test_areas_are_the_known_ones():
    assert {one.area for one in all_shown()} <= set(AREAS)
    with pytest.raises(ValueError, match="an area of"):
        feature("Statement", "del")
