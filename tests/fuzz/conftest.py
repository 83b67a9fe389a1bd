"""What tests of mutants have in common."""

import pytest


@pytest.fixture(autouse=True)
def no_cache_of_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants write no files, so that whatever writes one is noticed."""
    monkeypatch.setenv("TSIR_CACHE_DIR", "")
