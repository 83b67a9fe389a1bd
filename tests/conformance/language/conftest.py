"""Runs every program twice: as it is written, and as its `.code` is, compiled again."""

from pathlib import Path
from typing import Any

import pytest

import tsir
from tests.conformance.language import printed


@pytest.fixture(autouse=True, params=["written", "printed"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """In `printed`, `tsir.script` gives what the printed code of its argument is, compiled."""
    if request.param == "printed":
        script = tsir.script

        def again(obj: Any, **options: Any) -> Any:
            compiled = script(obj, **options)
            with monkeypatch.context() as patch:
                patch.setattr(tsir, "script", script)
                return printed.again(tmp_path, compiled, obj)

        monkeypatch.setattr(tsir, "script", again)
    return request.param
