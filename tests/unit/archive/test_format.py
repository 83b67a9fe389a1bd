"""The file itself: the same bytes for the same program, mapped weights, what is shared, checksums, atomic writes, versions."""

import copy
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn as nn
from safetensors.numpy import load as load_safetensors

import tsir
from tests.archive.programs import compiled, inputs
from tests.unit.archive.packing import pack, unpack
from tsir.archive import format as names
from tsir.archive import upgrades
from tsir.frontend.script.program_parts import ProgramParts
from tsir.ops import versions

ROOT = Path(__file__).parents[3]
SAVE_ALL = """
import hashlib, io, tsir
from tests.archive.programs import programs
for name in ("stateful", "tied"):
    file = io.BytesIO()
    tsir.script(programs()[name]).save(file, {"b": "2", "a": "1"})
    print(name, hashlib.sha256(file.getvalue()).hexdigest())
"""


class Large(nn.Module):
    """Two mebibytes of weights, one shared."""

    def __init__(self, size: int = 512) -> None:
        super().__init__()
        self.first = nn.Linear(size, size)
        self.second = nn.Linear(size, size)
        self.second.weight = self.first.weight
        self.register_buffer("calls", torch.zeros(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.second(self.first(x))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("archives") / "large.pt"
    tsir.script(Large()).save(path)
    return path


def saved(module: Any, **extra: Any) -> bytes:
    file = io.BytesIO()
    module.save(file, **extra)
    return file.getvalue()


def test_the_same_module_gives_the_same_bytes_in_every_process() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SAVE_ALL], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    extra = {"a": "1", "b": "2"}
    assert dict(line.split() for line in done.stdout.splitlines()) == {
        name: hashlib.sha256(saved(found, _extra_files=extra)).hexdigest()
        for name, found in compiled().items()
        if name in ("stateful", "tied")
    }


def test_saving_what_was_loaded_or_called_gives_the_same_bytes() -> None:
    for name, module in compiled().items():
        data = saved(module)
        assert saved(tsir.load(data)) == data, name
        if name not in ("stateful", "shared"):
            with torch.no_grad():
                module(*inputs()[name][0])
            assert saved(module) == data, name


def test_every_tensor_lies_aligned_and_other_readers_read_the_weights(large: Path) -> None:
    data = large.read_bytes()
    with zipfile.ZipFile(large) as archive:
        assert archive.testzip() is None and archive.namelist()[0] == "manifest.json"
        weights = archive.read(names.WEIGHTS)
    start = data.index(weights)
    length = int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8 : 8 + length])
    offsets = [v["data_offsets"][0] for n, v in header.items() if n != "__metadata__" and not n.startswith("padding.")]
    assert all((start + 8 + length + offset) % 64 == 0 for offset in offsets)
    found = load_safetensors(weights)
    assert found["first.weight"].shape == (512, 512) and found["first.weight"].dtype == np.float32
    manifest = json.loads(unpack(data)["manifest.json"])
    assert manifest["sha256"][names.WEIGHTS] == hashlib.sha256(weights).hexdigest()
    assert "second.weight" not in found, "a shared tensor is written twice"


def test_weights_are_mapped_privately(large: Path) -> None:
    before = large.read_bytes()
    module, other = tsir.load(large), tsir.load(large)
    weight = module.instance.tensor("first.weight")
    assert weight is module.instance.tensor("second.weight")
    holder = weight
    while isinstance(holder.base, np.ndarray):
        holder = holder.base
    assert type(holder.base.obj).__name__ == "mmap"
    x = torch.ones(1, 512)
    expected = Large()
    expected.load_state_dict(module.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(module(x), expected(x))
        module.first.weight.zero_()
        torch.testing.assert_close(module(x), module.second.bias[None])
    assert other.instance.tensor("first.weight").any() and large.read_bytes() == before
    again = tsir.load(saved(module))
    assert not again.instance.tensor("second.weight").any() and again.calls.tolist() == [2, 2, 2]


def test_a_file_is_replaced_while_it_is_open(large: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(large.read_bytes())
    module = tsir.load(path)
    other = tsir.load(path)
    with torch.no_grad():
        module.first.weight.zero_()
    module.save(path)
    assert other.first.weight.any() and not tsir.load(path).first.weight.any()


def test_damaged_weights_are_found_before_they_are_used(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsir.archive.reading.VERIFIED_BYTES", 1000)
    data = bytearray(large.read_bytes())
    data[-100_000] ^= 4
    (tmp_path / "m.pt").write_bytes(data)
    x = torch.ones(1, 512)
    for use in (
        lambda m: m(x),
        lambda m: m.first.weight,
        lambda m: m.state_dict(),
        lambda m: m.save(io.BytesIO()),
        copy.deepcopy,
    ):
        with pytest.raises(tsir.TsirError, match="checksum"):
            use(tsir.load(tmp_path / "m.pt"))
    for arguments in ({"verify": True}, {}):
        source = tmp_path / "m.pt" if arguments else io.BytesIO(data)
        with pytest.raises(tsir.TsirError, match="checksum"):
            tsir.load(source, **arguments)
    tsir.load(tmp_path / "m.pt", verify=False)(x)
    tsir.load(large)(x)


class Stream(io.RawIOBase):
    """Can't seek."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        self.data += data
        return len(data)

    def readall(self) -> bytes:
        return bytes(self.data)


def test_paths_buffers_streams_and_bytes(tmp_path: Path) -> None:
    module = tsir.script(nn.Linear(3, 2))
    data = saved(module)
    assert module.save_to_buffer() == data
    stream = Stream()
    module.save(stream)
    assert bytes(stream.data) == data
    module.save(str(tmp_path / "a.pt"))
    with open(tmp_path / "b.pt", "wb") as file:
        tsir.save(module, file)
    file_at = io.BytesIO(b"before" + data)
    file_at.seek(6)
    x = torch.ones(1, 3)
    with open(tmp_path / "a.pt", "rb") as opened:
        for source in (tmp_path / "a.pt", str(tmp_path / "b.pt"), opened, io.BytesIO(data), Stream(data), data, file_at):
            torch.testing.assert_close(tsir.load(source)(x), module(x))
    with pytest.raises(tsir.TsirError, match="bytes"):
        tsir.load(io.StringIO("text"))
    with pytest.raises(FileNotFoundError):
        tsir.load(tmp_path / "c.pt")
    with pytest.raises((tsir.TsirError, IsADirectoryError)):
        tsir.load(tmp_path)


def test_extra_files(tmp_path: Path) -> None:
    extra = {"b/note.txt": "größe", "a.bin": b"\xff\0"}
    module = tsir.script(nn.ReLU())
    tsir.save(module, tmp_path / "m.pt", _extra_files=extra)
    found: dict[str, Any] = {"a.bin": "", "b/note.txt": "", "missing": "x"}
    tsir.load(tmp_path / "m.pt", _extra_files=found)
    assert found == {"a.bin": b"\xff\0", "b/note.txt": "größe".encode(), "missing": b""}
    assert module.save_to_buffer(extra) == (tmp_path / "m.pt").read_bytes()


def test_map_location(tmp_path: Path) -> None:
    module = tsir.script(nn.Linear(3, 2).double())
    module.save(tmp_path / "m.pt")
    x = torch.ones(1, 3)
    for location in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}):
        assert tsir.load(tmp_path / "m.pt", location).weight.dtype is torch.float64
    for location in ("cuda", torch.device("cuda", 1), {"cpu": "cuda:0"}, "nowhere", {torch.complex64: torch.float32}):
        with pytest.raises(tsir.TsirError):
            tsir.load(tmp_path / "m.pt", map_location=location)
    single = tsir.load(tmp_path / "m.pt", map_location={torch.float64: torch.float32})
    assert single.weight.dtype is torch.float32
    torch.testing.assert_close(single(x), module(x.double()).float())


def test_strings_of_all_characters_are_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def text(a: str) -> str:
        return a + "x\x0b\x0c\x07\0\r\x7f\x85\u2028é𝒳\\n\"\n\t'"

    function = tsir.script(text)
    assert tsir.load(function.save_to_buffer())("a") == text("a")

    def surrogate(a: str) -> str:
        return a + "\udcff"

    # Tests verify what they script; users hear of it here.
    monkeypatch.setattr(ProgramParts, "module", vars(ProgramParts.module)["__wrapped__"])
    with pytest.raises(tsir.TsirError, match="Unicode"):
        tsir.script(surrogate).save_to_buffer()


KILLED = """
import sys, tsir
module = tsir.load(sys.argv[1])
assert "torch" not in sys.modules
print("ready", flush=True)
sys.stdin.readline()
while True:
    module.save(sys.argv[1])
"""


def test_a_killed_save_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    tsir.script(nn.Linear(700, 700)).save(path)
    random_ = random.Random(5)
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(random_.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        module = tsir.load(path, verify=True)
        assert module(torch.ones(1, 700)).shape == (1, 700)
    assert all(p.name == "m.pt" or p.name.startswith(".m.pt.") for p in tmp_path.iterdir())


def test_what_many_share_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects in lists in objects, each twice: as values they would be two to the power of sixty."""
    monkeypatch.setenv("TSIR_CACHE_DIR", str(tmp_path))
    members = unpack((ROOT / "tests" / "archive" / "golden" / "v3-traced.pt").read_bytes())
    manifest = json.loads(members["manifest.json"])
    first = len(manifest["objects"])
    for i in range(60):
        following = {"kind": "list", "items": [{"kind": "object", "number": first + i + 1}]} if i < 59 else 1
        manifest["objects"].append({"class": "N", "attributes": {"a": following, "b": following}})
    manifest["objects"][0]["attributes"]["more"] = {"kind": "list", "items": [{"kind": "object", "number": first}]}
    loaded = tsir.load(pack({**members, "manifest.json": json.dumps(manifest).encode()}))
    assert loaded(torch.ones(2, 3)).shape == (2, 2)


# Versions.


def with_manifest(data: bytes, **changes: Any) -> bytes:
    members = unpack(data)
    return pack({**members, "manifest.json": json.dumps({**json.loads(members["manifest.json"]), **changes}).encode()})


def test_newer_files_are_refused_with_what_has_written_them() -> None:
    data = saved(tsir.script(nn.ReLU()))
    for changes, message in (
        ({"format_version": 99, "producer": "tsir 7.0"}, "format version 99, written by tsir 7.0"),
        ({"dialect_version": 5, "producer": "tsir 7.0"}, "version 5 of the dialect, written by tsir 7.0"),
        (
            {"operations": {"ts.aten.frobnicate": [1, "0.9.2"]}, "producer": "tsir 0.9.2"},
            r"uses aten::frobnicate, which this tsir \(.*\) doesn't have: tsir 0.9.2 has it",
        ),
        ({"operations": {"ts.aten.relu": [3, "0.8.0"]}, "producer": "tsir 0.8.0"}, "version 3 of aten::relu"),
        (
            {"operations": {"ts.py.frob": [1, "0.9.2"], "ts.coroutine": [1, "1.0"]}, "producer": "tsir 1.0"},
            "ts.py.frob and 1 more",
        ),
    ):
        with pytest.raises(tsir.TsirError, match=message):
            tsir.load(with_manifest(data, **changes))


def test_an_operation_that_only_the_text_has_is_named_with_its_version() -> None:
    members = unpack(saved(tsir.script(nn.ReLU())))
    text = members["module.mlir"].decode().replace("ts.aten.relu(", "ts.aten.frobnicate(")
    manifest = json.loads(members["manifest.json"])
    manifest["operations"] = {"ts.aten.frobnicate": [1, "0.9.2"]}
    loaded = tsir.load(pack({**members, "module.mlir": text.encode(), "manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(tsir.TsirError, match=r"tsir 0\.9\.2 has it"):
        loaded(torch.ones(2))


def test_operations_that_changed_are_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that is gone, one that got an argument, one whose arguments changed places."""
    monkeypatch.setenv("TSIR_CACHE_DIR", "")  # where the source that an earlier run has made would be found
    members = unpack(saved(tsir.trace(lambda x, y: torch.softmax(x - y, 0).relu(), (torch.ones(3), torch.ones(3)))))
    text = members["module.mlir"].decode()
    assert "ts.aten.relu(" in text and "ts.aten.softmax.int(" in text
    text = text.replace("ts.aten.relu(", "ts.aten.oldrelu(")
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if "ts.aten.softmax.int(" in line:
            head, _, tail = line.partition("(")
            operands, _, rest = tail.partition(")")
            first, second, _ = operands.split(", ")
            kinds = rest.partition("(")[2].partition(")")[0].split(", ")
            lines[i] = f"{head}({second}, {first}) : ({kinds[1]}, {kinds[0]}){rest.partition(')')[2]}"
    old = pack({**members, "module.mlir": "\n".join(lines).encode()})
    x, y = torch.tensor([1.0, 2.0, -3.0]), torch.zeros(3)
    with pytest.raises(tsir.TsirError):
        tsir.load(old)(x, y)
    rows = (
        upgrades.OperationUpgrade(
            "ts.aten.oldrelu", 1, "is relu", name="ts.aten.relu", schema="oldrelu(Tensor self) -> Tensor"
        ),
        upgrades.OperationUpgrade("ts.aten.softmax.int", 1, "dtype", arity=2, operands=(1, 0, upgrades.Constant(None))),
    )
    monkeypatch.setattr(upgrades, "OPERATION_UPGRADES", rows)
    monkeypatch.setitem(versions.VERSIONS, "ts.aten.softmax.int", 2)
    loaded = tsir.load(old)
    torch.testing.assert_close(loaded(x, y), torch.softmax(x, 0).relu())
    new = saved(loaded)
    assert json.loads(unpack(new)["manifest.json"])["operations"]["ts.aten.softmax.int"] == [2, "0.1.0"]
    torch.testing.assert_close(tsir.load(new)(x, y), torch.softmax(x, 0).relu())


def test_operations_of_later_versions_say_so() -> None:
    """Operators that come after the first release get a row in `SINCE`, and those that changed one in `VERSIONS`."""
    assert tsir.__version__ == versions.FIRST_RELEASE or versions.SINCE
    for step in upgrades.OPERATION_UPGRADES:
        assert step.name is not None or versions.version_of(step.operation) > step.version


def test_ts_translate_upgrades(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tsir.tools.ts_translate import main

    golden = ROOT / "tests" / "archive" / "golden"
    assert main(["--upgrade", str(golden / "v1-traced.pt"), "-o", str(tmp_path / "new.pt")]) == 0
    assert "format 2 -> 3" in capsys.readouterr().err
    extra = {"note.txt": ""}
    module = tsir.load(tmp_path / "new.pt", _extra_files=extra)
    assert extra == {"note.txt": b"a note"}
    x = torch.ones(2, 3)
    torch.testing.assert_close(module(x), tsir.load(golden / "v1-traced.pt")(x))
    assert json.loads(unpack((tmp_path / "new.pt").read_bytes())["manifest.json"])["format_version"] == names.FORMAT_VERSION
    assert main(["--upgrade", str(tmp_path / "new.pt"), "-o", str(tmp_path / "same.pt")]) == 0
    assert "nothing to upgrade" in capsys.readouterr().err
    assert (tmp_path / "same.pt").read_bytes() == (tmp_path / "new.pt").read_bytes()
    assert main(["--upgrade", str(golden / "v1-traced.pt")]) == 1


@pytest.mark.parametrize("value", ["float32", 1, None, {"kind": "list", "items": []}])
def test_values_of_another_type_than_the_class_declares(value: Any) -> None:
    """What the manifest has for an attribute has to be of the type that the IR says."""
    file = io.BytesIO()
    tsir.script(nn.Linear(2, 2)).save(file)
    members = unpack(file.getvalue())
    manifest = json.loads(members["manifest.json"])
    manifest["objects"][0]["attributes"]["weight"] = value
    loaded = tsir.load(pack({**members, "manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(tsir.TsirError, match=r"declares Linear.weight as !ts.tensor, but the manifest has a"):
        loaded(torch.ones(1, 2))


def test_parameters_that_the_function_does_not_have() -> None:
    file = io.BytesIO()
    tsir.script(nn.Linear(2, 2)).save(file)
    members = unpack(file.getvalue())
    manifest = json.loads(members["manifest.json"])
    manifest["entry_points"][0]["parameters"] *= 2
    loaded = tsir.load(pack({**members, "manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(tsir.TsirError, match="no function that takes what the manifest says of forward"):
        loaded(torch.ones(1, 2), torch.ones(1, 2))
    manifest["root"] = None
    loaded = tsir.load(pack({**members, "manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(tsir.TsirError, match="no object for forward"):
        loaded(torch.ones(1, 2), torch.ones(1, 2))
