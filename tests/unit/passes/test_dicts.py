"""Dicts with known keys as what is in them, where nothing can tell the difference."""

import pytest

torch = pytest.importorskip("torch")

import tsir  # noqa: E402
from tsir.tools import ts_opt  # noqa: E402

HEAD = """\
func.func @f(%x: tensor<2xf32>, %y: tensor<2xf32>) -> {result} {{
  %a = ts.constant "a" : !ts.str
  %b = ts.constant "b" : !ts.str
"""


def _folded(tmp_path, capsys, body, result="tensor<2xf32>"):
    file = tmp_path / "f.mlir"
    file.write_text(HEAD.format(result=result) + body + "}\n")
    assert ts_opt.main([str(file), "-p", "ts-fold-constants,ts-dce"]) == 0
    return capsys.readouterr().out


DICT = "(!ts.str, tensor<2xf32>) -> !ts.dict<!ts.str, tensor<2xf32>>"
SET = "(!ts.dict<!ts.str, tensor<2xf32>>, !ts.str, tensor<2xf32>) -> ()"
GET = "(!ts.dict<!ts.str, tensor<2xf32>>, !ts.str) -> tensor<2xf32>"


def test_what_is_stored_is_found(tmp_path, capsys):
    text = _folded(
        tmp_path,
        capsys,
        f"""  %d = ts.dict %a, %x : {DICT}
  ts.py.setitem(%d, %b, %y) : {SET}
  %r = ts.py.getitem(%d, %b) : {GET}
  func.return %r : tensor<2xf32>
""",
    )
    assert "ts.dict" not in text and "func.return %y" in text


def test_a_key_that_is_not_there_stays(tmp_path, capsys):
    text = _folded(
        tmp_path,
        capsys,
        f"  %d = ts.dict %a, %x : {DICT}\n  %r = ts.py.getitem(%d, %b) : {GET}\n  func.return %r : tensor<2xf32>\n",
    )
    assert "ts.py.getitem" in text


def test_what_is_read_before_a_store_is_what_was_there(tmp_path, capsys):
    text = _folded(
        tmp_path,
        capsys,
        f"""  %d = ts.dict %a, %x : {DICT}
  %r = ts.py.getitem(%d, %a) : {GET}
  ts.py.setitem(%d, %a, %y) : {SET}
  func.return %r : tensor<2xf32>
""",
    )
    assert "func.return %x" in text


def test_a_dict_that_is_kept_is_not_followed(tmp_path, capsys):
    kind = "!ts.dict<!ts.str, tensor<2xf32>>"
    text = _folded(
        tmp_path,
        capsys,
        f"""  %d = ts.dict %a, %x : {DICT}
  %l = ts.list %d : ({kind}) -> !ts.list<{kind}>
  %i = arith.constant 0 : i64
  %e = ts.py.getitem(%l, %i) : (!ts.list<{kind}>, i64) -> {kind}
  ts.py.setitem(%e, %a, %y) : {SET}
  ts.py.list_append(%l, %d) : (!ts.list<{kind}>, {kind}) -> ()
  %r = ts.py.getitem(%d, %a) : {GET}
  func.return %r : tensor<2xf32>
""",
    )
    assert "func.return %x" not in text


def filled(x: torch.Tensor, n: int):
    d = {"a": x}
    d["b"] = d["a"] + 1
    d["a"] = d["b"] * 2
    seen = len(d)
    if "c" not in d:
        d["c"] = x
    for i in range(n):
        d["b"] = d["b"] + i
    e = {1: x, 2: d["b"]}
    e[2] = e[1]
    alias = e
    alias[1] = d["a"]
    return d, seen, e[1], e[2], list(d.keys())


@pytest.mark.parametrize("n", [0, 3])
def test_as_python(n):
    x = torch.arange(3.0)
    expected, found = filled(x, n), tsir.script(filled)(x, n)
    assert list(found[0]) == list(expected[0]) and found[1] == expected[1] and found[4] == expected[4]
    for f, e in zip([*found[0].values(), *found[2:4]], [*expected[0].values(), *expected[2:4]], strict=True):
        assert torch.equal(f, e)
