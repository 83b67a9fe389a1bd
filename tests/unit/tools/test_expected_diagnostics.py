"""What `--verify-diagnostics` takes for expected: places, kinds, expressions; and what it says of the rest."""

import warnings
from pathlib import Path

import pytest

from tsir.errors import IRWarning, SourceLocation, TsirError
from tsir.tools import ts_opt
from tsir.tools.expected_diagnostics import Diagnostic, diagnostics, mismatches

NAME = "t.mlir"


def _said(line: int | None, kind: str = "error", message: str = "a wrong thing") -> Diagnostic:
    return Diagnostic(kind, message, SourceLocation(NAME, line, 1) if line else None)


def _messages(text: str, *said: Diagnostic, only_expected: bool = False) -> list[str]:
    return [e.message for e in mismatches(text, NAME, said, only_expected=only_expected)]


@pytest.mark.parametrize(
    "text, line",
    [
        ("x // expected-error {{wrong}}", 1),
        ("// expected-error@+1 {{wrong}}\nx", 2),
        ("x\n// expected-error@-1 {{wrong}}", 1),
        ("x\n// expected-error @above {{wrong}}", 1),
        ("x\n// expected-note@above {{n}}\n// expected-error@above {{wrong}}", 1),
        ("// expected-error@below {{wrong}}\n// expected-note@below {{n}}\nx", 3),
        ("// expected-error@unknown {{wrong}}\nx", None),
        ("x # expected-error {{a wrong thing}}  ", 1),
        ("x // expected-error-re {{a {{w[a-z]*}} thing}}", 1),
        ("x // expected-error-re {{a {{right|wrong}} thing}}", 1),
    ],
)
def test_expected(text: str, line: int | None) -> None:
    note = [_said(line, "note", "n")] if "note" in text else []
    assert _messages(text, _said(line), *note) == []
    elsewhere = 7 if line is None else line + 1
    assert "unexpected error: a wrong thing" in _messages(text, _said(elsewhere), *note)
    assert any(m.startswith("expected error") for m in _messages(text, *note))


def test_each_expectation_is_met_once() -> None:
    text = "x // expected-error {{wrong}}"
    assert _messages(text, _said(1), _said(1)) == ["unexpected error: a wrong thing"]


def test_another_kind() -> None:
    text = "x // expected-warning {{wrong}}"
    assert _messages(text, _said(1)) == [
        "'error' diagnostic emitted when expecting a 'warning': a wrong thing",
        'expected warning "wrong" was not produced',
    ]
    assert _messages("x", _said(1), only_expected=True) == []
    assert _messages(text, only_expected=True) == ['expected warning "wrong" was not produced']


def test_plain_text_is_no_expression() -> None:
    assert _messages("x // expected-error {{a .* thing}}", _said(1)) != []


def test_wrong_expression() -> None:
    with pytest.raises(TsirError, match="no regular expression"):
        _messages("x // expected-error-re {{a {{(}} thing}}")


def test_warnings_and_notes_are_diagnostics() -> None:
    place = SourceLocation(NAME, 3, 1)

    def run() -> list[TsirError]:
        warnings.warn("careful", stacklevel=1)
        warnings.warn(IRWarning("hmm", location=place), stacklevel=1)
        return [TsirError("bad", location=place, notes=(("because", place),))]

    said = diagnostics(run)
    assert [(d.kind, d.message) for d in said] == [
        ("warning", "careful"),
        ("warning", "hmm"),
        ("error", "bad"),
        ("note", "because"),
    ]
    above = "// expected-warning@unknown {{careful}}\n// expected-error@+1 {{bad}}\n"
    text = f"{above}x // expected-note {{{{because}}}}\n// expected-warning@-1 {{{{hmm}}}}"
    assert _messages(text, *said) == []


def test_places_of_a_pass_and_of_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = tmp_path / "p.py"
    python.write_text("def f(x: int) -> int:\n    # expected-error@+1 {{undefined}}\n    return x + undefined\n")
    assert ts_opt.main([str(python), "--verify-diagnostics"]) == 0
    assert ts_opt.main([str(python)]) == 1
    python.write_text(python.read_text().replace("undefined}}", "something}}"))
    assert ts_opt.main([str(python), "--verify-diagnostics"]) == 1
    assert 'expected error "something" was not produced' in capsys.readouterr().err
