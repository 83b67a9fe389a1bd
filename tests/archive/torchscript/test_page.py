"""docs/torchscript.md says what the programs do."""

from tests.archive.torchscript.page import PAGE, text


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "run python -m tests.archive.torchscript.page"
