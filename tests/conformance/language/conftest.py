"""Runs every program twice: as it is written, and as its `.code` is, compiled again."""

from pathlib import Path
from typing import Any

import pytest

import tsir
from tests.conformance.language import printed

GAPS = (
    "test_program[printed-forms-0]", "test_same_as_python[printed-manager-", "test_same_as_python[printed-manager_var-",
    "test_objects_are_changed_as_in_python[printed]", "test_objects_as_attributes_keep_what_changed[printed]",
    "test_a_tensor_in_a_list_is_refused[printed]", "test_compiled_code_calls_python[printed-",
    "test_exceptions_keep_their_type_and_results_are_checked[printed]", "test_methods_see_the_module_as_it_is[printed]",
    "test_outputs_are_of_their_class[printed]", "test_a_loaded_program_gives_the_plain_form[printed]",
    "test_saving_is_refused_at_the_call[printed]",
    "test_as_in_python[printed-equal_to_none-",
    "test_program[printed-enum and named tuple]", "test_program[printed-other enum member]",
)  # fmt: skip
"""Programs whose printed code isn't the same program yet:
methods that are compiled for a constant argument, objects of classes derived from dict,
dicts of numbers, properties, calls of Python functions (`torch.jit.ignore`)."""


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
