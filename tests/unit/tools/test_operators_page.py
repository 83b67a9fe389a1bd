"""docs/operators.md is what its generator makes of the registry."""

import json
from pathlib import Path

import pytest

from tsir.tools.operators_page import operator_of, page

DOCS = Path(__file__).parents[3] / "docs" / "operators.md"
RESULTS = json.loads((DOCS.parent / "conformance.json").read_text())


def test_page_is_up_to_date():
    assert DOCS.read_text() == page(RESULTS), "run: python -m tsir.tools.operators_page > docs/operators.md"


def test_page_says_what_definitions_are_made_of():
    rows = {line.split("|")[1].strip(" `"): line for line in page({}).splitlines() if line.startswith("| `")}
    assert "linalg_ext" not in rows["relu"] and "host" not in rows["relu"]
    assert "`linalg_ext.sort`" in rows["sort"]
    assert "host" in rows["linalg_svd"] and "tsir/ops/aten/decompositions.py" in rows["linalg_svd"]


def test_page_says_where_torch_agrees():
    results = {
        "norm[nuc]": {"float32": (3, 3)},
        "norm": {"float32": (2, 2), "int64": (1, 4)},
        "linalg.det": {"float32": (0, 0)},
    }
    text = page(results)
    assert "| float32 | 3 of 3 (100.0 %) | 5 of 5 (100.0 %) |" in text
    row = next(line for line in text.splitlines() if line.startswith("| `norm` "))
    assert row.split(" | ")[2] == "f32 i64&nbsp;(1/4)"


@pytest.mark.parametrize(
    ("entry", "operator"),
    [("nn.functional.conv2d", "conv2d"), ("linalg.svd", "linalg_svd"), ("fft.fft", "fft_fft"), ("__rsub__", "sub"),
     ("__getitem__", "index"), ("pad[reflect]", "pad")],
)  # fmt: skip
def test_operators_of_entries(entry: str, operator: str) -> None:
    assert operator_of(entry) == operator
