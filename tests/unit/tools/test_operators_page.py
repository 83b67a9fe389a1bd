"""docs/operators.md is what its generator makes of the registry."""

from pathlib import Path

from tsir.tools.operators_page import page

DOCS = Path(__file__).parents[3] / "docs" / "operators.md"


def test_page_is_up_to_date():
    assert DOCS.read_text() == page(), "run: python -m tsir.tools.operators_page > docs/operators.md"


def test_page_says_what_definitions_are_made_of():
    rows = {line.split("|")[1].strip(" `"): line for line in page().splitlines() if line.startswith("| `")}
    assert "linalg_ext" not in rows["relu"] and "host" not in rows["relu"]
    assert "`linalg_ext.sort`" in rows["sort"]
    assert "host" in rows["linalg_svd"] and "tsir/ops/aten/decompositions.py" in rows["linalg_svd"]
