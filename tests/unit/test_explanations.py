"""The pages of the error codes: every code in use has one, and its programs do what it says."""

import importlib.util
import re
from pathlib import Path

import pytest

import tsir
from tsir.dialects.context import make_context, parse_module
from tsir.dialects.lint import warnings_of
from tsir.explanations import EXPLANATIONS
from tsir.tools import ts_opt

WITH_PROGRAMS = [page for page in EXPLANATIONS.values() if page.failing and not page.is_ir]
WITH_IR = [page for page in EXPLANATIONS.values() if page.is_ir]


def _program(text: str, folder: Path, name: str):
    file = folder / f"{name}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.program


def test_every_code_has_a_page():
    source = Path(tsir.__file__).parent
    used = {c for f in source.rglob("*.py") for c in re.findall(r'"(TS\d{3})"', f.read_text())}
    assert used == set(EXPLANATIONS)


@pytest.mark.parametrize("page", WITH_PROGRAMS, ids=[p.code for p in WITH_PROGRAMS])
def test_programs(page, tmp_path):
    with pytest.raises(tsir.TsirError) as caught:
        tsir.script(_program(page.failing, tmp_path, f"failing_{page.code}"))
    assert caught.value.code == page.code
    assert f"error[{page.code}]: " in str(caught.value).splitlines()[0]
    tsir.script(_program(page.mended, tmp_path, f"mended_{page.code}"))


@pytest.mark.parametrize("page", WITH_IR, ids=[p.code for p in WITH_IR])
def test_ir(page):
    found = _diagnostic(page.failing)
    assert found.code == page.code
    assert found.location is not None
    assert f"{found.severity}[{page.code}]: " in str(found).splitlines()[0]
    assert _diagnostic(page.mended) is None


def _diagnostic(text):
    """The error or first warning about a text."""
    context = make_context(lambda _key: None)
    try:
        module = parse_module(context, text, "x.mlir")
    except tsir.TsirError as error:
        return error
    return next(warnings_of(module, context.positions), None)


def test_explain(capsys):
    assert ts_opt.main(["--explain", "ts306"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("TS306: A value may be None") and "This works:" in shown
    assert ts_opt.main(["--explain", "TS999"]) != 0
    assert "there is no error code" in capsys.readouterr().err
