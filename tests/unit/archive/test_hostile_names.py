"""Names and texts in an archive are data: none of them becomes part of the Python that is generated, printed or compiled."""

import ast
import builtins
import io
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn as nn

import tsir
from tests.unit.archive.packing import pack, unpack

PAYLOADS = {
    "docstring": '"""\nimport builtins; builtins.STEERED = 1\n"""',
    "line": "a\nimport builtins; builtins.STEERED = 1\n#",
    "indented": "a\n    import builtins; builtins.STEERED = 1\n    #",
    "carriage return": "a\rimport builtins; builtins.STEERED = 1\r#",
    "single quote": "a'+__import__('builtins').__dict__.__setitem__('STEERED', 1)+'",
    "double quote": 'a"+__import__("builtins").__dict__.__setitem__("STEERED", 1)+"',
    "expression": "__import__('builtins').__dict__.__setitem__('STEERED', 1)",
    "braces": "{__import__('builtins').__dict__.__setitem__('STEERED', 1)} {0} {}",
    "backslash": "a\\",
    "backslash and quote": "\\'+__import__('builtins').__dict__.__setitem__('STEERED', 1)+\\'",
    "path": "../../../etc/passwd",
    "keyword": "lambda",
    "dunder": "__class__",
    "separators": "a\u2028import builtins\u2029\x85\x0b\x0c",
    "other scripts": "größe_名前_𝒳",
    "bidirectional": "a\u202e\u2066b",
    "null": "a\0b",
    "empty": "",
    "percent": "%s%n%(x)s",
}
CHARACTERS = re.compile(r'["\\\x00-\x1f\x7f]')


class Sub(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.nameweight = nn.Parameter(torch.ones(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.nameweight


class NameClass(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.namechild = Sub()
        self.nametext = "nametext"
        self.namelist = ["nameitem"]

    def forward(self, namearg: torch.Tensor, nameflag: bool = False) -> torch.Tensor:
        namelocal = {"namekey": 1}
        if nameflag:
            raise ValueError("namemessage" + self.nametext)
        return self.namechild(namearg) + namelocal["namekey"] + len(self.namelist)

    @torch.jit.export
    def namemethod(self, k: str = "namedefault") -> str:
        return k + self.nametext + "namestring"


MARKERS = (
    "nameweight", "NameClass", "Sub", "namechild", "nametext", "namelist", "nameitem", "namearg", "nameflag", "namekey",
    "namemessage", "namemethod", "namedefault", "namestring", "ValueError", "test_hostile_names.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def archive() -> dict[str, bytes]:
    file = io.BytesIO()
    tsir.script(NameClass()).save(file)
    return unpack(file.getvalue())


def escaped(text: str) -> str:
    """A text as it stands between quotes in IR."""
    return CHARACTERS.sub(lambda m: "".join(f"\\{b:02X}" for b in m[0].encode()), text)


def steered(members: dict[str, bytes], marker: str, payload: str) -> bytes:
    """The archive with a name or text that has the marker in it replaced by the payload, in the IR and in the manifest."""
    text = members["module.mlir"].decode()
    text = re.sub(rf"@([\w.]*{re.escape(marker)}[\w.]*)", lambda m: '@"' + m[1] + '"', text)
    text = re.sub(r'@""([^"]*)""', r'@"\1"', text)
    text = re.sub(rf'"[^"\n]*{re.escape(marker)}[^"\n]*"', lambda m: m[0].replace(marker, escaped(payload)), text)
    manifest = json.loads(members["manifest.json"])

    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(marker, payload)
        if isinstance(value, list):
            return [replaced(v) for v in value]
        if isinstance(value, dict):
            return {k if k == "sha256" else replaced(k): v if k == "sha256" else replaced(v) for k, v in value.items()}
        return value

    changed = {**members, "module.mlir": text.encode(), "manifest.json": json.dumps(replaced(manifest)).encode()}
    return pack(changed)


X = np.ones((3, 2), "float32")
USES: dict[str, Callable[[Any], Any]] = {
    "call": lambda m: m(X), "error": lambda m: m(X, True), "method": lambda m: m.namemethod(), "source": lambda m: m.source(X),
    "code": lambda m: ast.parse(m.code), "graph": lambda m: str(m.graph), "mlir": lambda m: m.mlir(X), "repr": repr,
    "saved": lambda m: m.save(io.BytesIO()),
}  # fmt: skip


def check(data: bytes, uses: Iterable[str]) -> int:
    """Uses an archive in these ways: each gives a result or an error of the program's or of tsir's. How many give a result."""
    try:
        loaded = tsir.load(io.BytesIO(data))
    except tsir.TsirError as error:
        assert str(error)
        return 0
    done = 0
    for use in uses:
        try:
            USES[use](loaded)
            done += 1
        except SyntaxError as error:
            raise AssertionError(f"{use}: printed code isn't Python: {error}") from error
        except (tsir.TsirError, ValueError, AttributeError) as error:
            assert str(error)
        except Exception as error:  # noqa: BLE001  of a class that the program makes
            assert use == "error" and str(error).startswith("namemessage"), f"{use}: {type(error).__name__}: {error}"
        assert not hasattr(builtins, "STEERED"), f"{use} has executed a name"
    return done


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_names_steer_nothing(archive: dict[str, bytes], payload: str) -> None:
    """All names and texts of a program at once, then those alone without which others aren't reached."""
    members, done = archive, 0
    for marker in MARKERS:
        if marker != "ValueError":
            members = unpack(steered(members, marker, payload + marker))
    done += check(pack(members), USES)
    for marker in ("nametext", "namestring", "namemessage", "namechild"):
        done += check(steered(archive, marker, payload), ("call", "method", "code", "error"))
    assert done > 4


@pytest.mark.slow
@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_each_name_steers_nothing(archive: dict[str, bytes], payload: str, marker: str) -> None:
    check(steered(archive, marker, payload), USES)


def test_source_lines_of_an_archive_steer_nothing(archive: dict[str, bytes]) -> None:
    manifest = json.loads(archive["manifest.json"])
    for file in manifest["source_lines"].values():
        for entry in file.values():
            entry[:] = [PAYLOADS["line"], PAYLOADS["line"]]
    manifest["source_lines"] = {f"/nowhere{name}": lines for name, lines in manifest["source_lines"].items()}
    text = archive["module.mlir"].decode().replace('loc("/', 'loc("/nowhere/')
    loaded = tsir.load(
        io.BytesIO(pack({**archive, "manifest.json": json.dumps(manifest).encode(), "module.mlir": text.encode()}))
    )
    x = np.ones((3, 2), "float32")
    assert loaded(x).shape == (3, 2)
    assert "\\u000aimport" in loaded.source(x)
    with pytest.raises(ValueError, match="namemessage"):
        loaded(x, True)
    assert not hasattr(builtins, "STEERED")


@pytest.mark.parametrize("file", ["/dev/zero", "/dev/stdin", "/etc/passwd"])
def test_locations_name_no_device_and_no_private_file(archive: dict[str, bytes], file: str) -> None:
    import traceback

    text = re.sub(r'loc\("[^"]*":\d+', f'loc("{file}":1', archive["module.mlir"].decode())
    loaded = tsir.load(io.BytesIO(pack({**archive, "module.mlir": text.encode()})))
    assert "root:" not in loaded.source(np.ones((3, 2), "float32"))
    with pytest.raises(ValueError, match="namemessage") as caught:
        loaded(np.ones((3, 2), "float32"), True)
    shown = "".join(traceback.format_exception(caught.value))
    assert file in shown and "root:" not in shown


def test_an_archive_calls_no_function_of_this_process(archive: dict[str, bytes]) -> None:
    """`ts.call_python` names functions that this process compiled; a file that has it isn't one that tsir wrote."""
    more = 'func.func @more() -> i64 {\n  %0 = ts.call_python "f#0"() : () -> i64\n  func.return %0 : i64\n}\n'
    text = archive["module.mlir"].decode().replace("builtin.module {\n", f"builtin.module {{\n{more}")
    with pytest.raises(tsir.TsirError, match="Python"):
        tsir.load(io.BytesIO(pack({**archive, "module.mlir": text.encode()}))).graph
