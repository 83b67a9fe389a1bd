"""Runs every program twice: as it is written, and as its `.code` is, compiled again."""

from pathlib import Path
from typing import Any

import pytest

import tsir
from tests.conformance.language import printed

GAPS = (
    "test_outputs_are_of_their_class[printed]", "test_a_loaded_program_gives_the_plain_form[printed]",
    "test_forms_of_calls[printed]", "test_any_number_of_arguments[printed]",
    "test_an_entry_point_that_needs_some_of_its_arguments[printed]", "test_wrappers_see_what_is_left_out[printed]",
    "test_an_object_goes_from_call_to_call[printed]", "test_hooks_that_the_program_registers[printed]",
    "test_modules_made_in_forward[printed]", "test_an_entry_point_with_keywords[printed]", "test_flags_are_passed[printed]",
)  # fmt: skip
"""Programs whose printed code isn't the same program yet: those with objects of classes derived from dict, those that are called
in several forms, of which the code is the first, and those that make modules."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the known gaps: one that is closed fails, so that it leaves the table."""
    for item in items:
        if item.name.startswith(GAPS):
            item.add_marker(pytest.mark.xfail(strict=True, reason="the printed code isn't the same program yet"))


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
