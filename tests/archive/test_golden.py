"""Archives of each version that was ever written: this tsir reads them, and they give what the programs give."""

import copy
import io
from pathlib import Path
from typing import Any

import pytest
import torch

import tsir
from tests.archive.programs import inputs, programs

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.pt"))


def compare(found: Any, expected: Any) -> None:
    """Compares results, but for the classes of named tuples, which an archive doesn't keep."""
    if isinstance(expected, torch.Tensor):
        torch.testing.assert_close(found, expected)
    elif isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            compare(one, other)
    else:
        assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_archives_of_all_versions(path: Path) -> None:
    name = path.stem.partition("-")[2]
    original, notes = copy.deepcopy(programs()[name]), {"note.txt": ""}
    loaded = tsir.load(path, _extra_files=notes)
    assert notes == {"note.txt": b"a note"}
    again = io.BytesIO()
    loaded.save(again)
    again.seek(0)
    saved = tsir.load(again)
    with torch.no_grad():
        for arguments in inputs()[name]:
            expected = original(*arguments)
            for module in (loaded, saved):
                compare(module(*arguments), expected)


def test_state_and_exceptions_are_kept() -> None:
    for path in GOLDEN:
        if path.stem.endswith("-stateful"):
            loaded = tsir.load(path)
            assert loaded.calls == 0 and loaded.names == {"a": [1, 2], "b": []} and loaded.point == (1, "text é", None)
            with pytest.raises(ValueError, match="the color is text é"):
                loaded(torch.zeros(2, dtype=torch.float64), loaded.color)
            assert loaded.calls == 1


def test_every_version_has_golden_archives() -> None:
    import json
    import zipfile

    from tsir.archive.format import FORMAT_VERSION

    versions = {json.loads(zipfile.ZipFile(path).read("manifest.json"))["format_version"] for path in GOLDEN}
    assert versions == set(range(1, FORMAT_VERSION + 1))
