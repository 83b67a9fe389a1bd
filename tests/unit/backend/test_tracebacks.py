"""Tracebacks of generated code: the user's files, lines and functions, and nothing of tsir."""

import linecache
import traceback
from types import SimpleNamespace

import numpy as np
import pytest
from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)

from tsir.backend.numpy.tracebacks import SourceFrame, rewrite, source_frames
from tsir.source_lines import function_at

MODEL = """class Net:
    def forward(self, x):
        return helper(
            x)


def helper(x):
    def inner(y):
        return y.missing
    return inner(x)
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    linecache.checkcache(str(path))
    return str(path)


def loc(file, line, column=1):
    return FileLineColLoc(StringAttr(file), IntAttr(line), IntAttr(column))


def load(text, frames, filename="<tsir 1>"):
    names = {"__tsir__": True, "np": np}
    exec(compile(text, filename, "exec"), names)
    return names, SimpleNamespace(filename=filename, frames=frames)


def call(function, code):
    """What a loaded function does around a call."""
    try:
        return function()
    except BaseException as error:
        rewrite(error, code)
        raise


def shown(error):
    return [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(error.__traceback__)]


def test_generated_frames_become_the_users(model):
    names, code = load(
        "def f():\n    return g()\ndef g():\n    return [][3]\n",
        {2: [SourceFrame(model, 3)], 4: [SourceFrame(model, 9, "inner")]},
    )
    with pytest.raises(IndexError, match="list index out of range") as caught:
        call(names["f"], code)
    here, *rest = [s for s in shown(caught.value) if s[2] != "call"]
    assert here[2] == "test_generated_frames_become_the_users"
    assert rest == [(model, 3, "forward", "return helper("), (model, 9, "inner", "return y.missing")]
    assert "<tsir" not in "".join(traceback.format_exception(caught.value))


def test_one_frame_for_each_inlined_level(model):
    names, code = load(
        "def f():\n    raise ValueError('no')\n",
        {2: source_frames(CallSiteLoc(loc(model, 9), CallSiteLoc(loc(model, 10), loc(model, 3))))},
    )
    with pytest.raises(ValueError, match="no") as caught:
        call(names["f"], code)
    assert [(s[1], s[2]) for s in shown(caught.value) if s[0] == model] == [(3, "forward"), (10, "helper"), (9, "inner")]


def test_the_exception_object_is_the_same_one(model):
    error = KeyError("k")
    names, code = load("def f():\n    raise error\n", {2: [SourceFrame(model, 3)]})
    names["error"] = error
    with pytest.raises(KeyError) as caught:
        call(names["f"], code)
    assert caught.value is error and error.args == ("k",)


def test_numpy_and_other_generated_frames_are_left_out(model):
    inner, _ = load("def g():\n    return np.linalg.cholesky(-np.eye(2))\n", {}, "<tsir 2>")
    names, code = load("def f():\n    return g()\n", {2: [SourceFrame(model, 3)]})
    names["g"] = inner["g"]
    with pytest.raises(np.linalg.LinAlgError) as caught:
        call(names["f"], code)
    assert {s[0] for s in shown(caught.value)} == {__file__, model}


def test_python_called_from_generated_code_stays(model):
    def ignored():
        return 1 // 0

    names, code = load("def f():\n    return ignored()\n", {2: [SourceFrame(model, 3)]})
    names["ignored"] = ignored
    with pytest.raises(ZeroDivisionError) as caught:
        call(names["f"], code)
    assert [s[2] for s in shown(caught.value)][-2:] == ["forward", "ignored"]


def test_a_line_that_no_place_is_known_of_does_not_hide_the_error(model):
    names, code = load("def f():\n    return [][1]\n", {})
    with pytest.raises(IndexError):
        call(names["f"], code)


def test_the_full_traceback_on_request(model, monkeypatch):
    monkeypatch.setenv("TSIR_TRACEBACK", "full")
    names, code = load("def f():\n    return [][1]\n", {2: [SourceFrame(model, 3)]})
    with pytest.raises(IndexError) as caught:
        call(names["f"], code)
    assert shown(caught.value)[-1][0] == "<tsir 1>"


def test_deep_recursion(model):
    names, code = load("def f():\n    return f()\n", {2: [SourceFrame(model, 3)]})
    with pytest.raises(RecursionError) as caught:
        call(names["f"], code)
    assert sum(s[0] == model for s in shown(caught.value)) > 100


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (UnknownLoc(), []),
        (loc("a.py", 3), [("a.py", 3, "f")]),
        (NameLoc(StringAttr("g"), loc("a.py", 3)), [("a.py", 3, "g")]),
        (CallSiteLoc(loc("b.py", 2), loc("a.py", 1)), [("a.py", 1, "f"), ("b.py", 2, "")]),
        (CallSiteLoc(NameLoc(StringAttr("g"), loc("b.py", 2)), UnknownLoc()), [("b.py", 2, "g")]),
        (FusedLoc(ArrayAttr([UnknownLoc(), loc("c.py", 5)]), NoneAttr()), [("c.py", 5, "f")]),
    ],
)
def test_source_frames(location, expected):
    assert [tuple(f) for f in source_frames(location, "f")] == expected


def test_function_at(model, tmp_path):
    assert [function_at(model, n) for n in (3, 9, 10, 1)] == ["forward", "inner", "helper", "<compiled>"]
    assert function_at(str(tmp_path / "gone.py"), 3) == "<compiled>"
    (tmp_path / "broken.py").write_text("def (:\n")
    assert function_at(str(tmp_path / "broken.py"), 1) == "<compiled>"


def test_a_compiled_functions_call_shows_nothing_of_tsir():
    import tsir

    def fails(x: int) -> int:
        values = [1, 2]
        return values[x]

    with pytest.raises(IndexError) as caught:
        tsir.script(fails)(7)
    lines = [(s[0], s[2]) for s in shown(caught.value)]
    assert lines[-1] == (__file__, "fails") and {file for file, _ in lines} == {__file__}
