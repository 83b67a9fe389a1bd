"""`map_location`, `verify` and `limits` for TorchScript archives and `.pt2` files."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tsir


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(200, 200, dtype=torch.float64)
        self.register_buffer("scale", torch.ones(200, dtype=torch.float64) * 2)
        self.register_buffer("wide", torch.ones(1).expand(1000))
        self.table = {"a": torch.ones(1, dtype=torch.float64)}

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x.to(self.scale.dtype)) * self.scale + self.wide.sum()


Write = Callable[[nn.Module, Any], None]


def torchscript(model: nn.Module, target: Any) -> None:
    torch.jit.save(torch.jit.script(model), target)


def exported(model: nn.Module, target: Any) -> None:
    torch.export.save(torch.export.export(model, (torch.ones(1, 200),)), target)


def written(write: Write, model: nn.Module) -> bytes:
    file = io.BytesIO()
    write(model, file)
    return file.getvalue()


@pytest.fixture(scope="module", params=[torchscript, exported], ids=["torchscript", "pt2"])
def file(request: pytest.FixtureRequest) -> bytes:
    return written(request.param, Model().eval())


def test_devices_and_dtypes(file: bytes) -> None:
    x = torch.ones(1, 200)
    asked: list[str] = []

    def function(storage: Any, location: str) -> Any:
        asked.append(location)
        return storage.cpu() if len(asked) % 2 else None

    for location in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, {}, function, lambda storage, _location: storage):
        assert tsir.load(file, map_location=location)(x).dtype == torch.float64
    assert asked == ["cpu"]
    for location in (
        "cuda",
        torch.device("meta"),
        {"cpu": "cuda:1"},
        lambda s, _location: s.cuda(),
        lambda _s, _location: "mps",
    ):
        with pytest.raises(tsir.TsirError, match="tsir runs on the CPU"):
            tsir.load(file, map_location=location)
    with pytest.raises(tsir.TsirError, match="device type"):
        tsir.load(file, map_location="nowhere")
    single = tsir.load(file, map_location={torch.float64: torch.float32})
    assert {a.dtype for a in single.state_dict().values()} == {torch.float32}


def test_tensors_that_share_memory_keep_their_dtypes() -> None:
    model = Model()
    model.register_buffer("part", model.scale[:3])
    data = written(torchscript, model)
    with pytest.raises(tsir.TsirError, match="share their memory"):
        tsir.load(data, map_location={torch.float64: torch.float32})


def test_devices_that_are_not_here(file: bytes) -> None:
    """A file that was written elsewhere: its tensors come to the CPU, and a function is asked about where they were."""
    parts: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        for name in archive.namelist():
            content = archive.read(name).replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:1")
            parts[name] = content.replace(b'"type": "cpu", "index": null', b'"type": "cuda", "index": 1')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    asked: list[str] = []
    loaded = tsir.load(out.getvalue(), map_location=lambda _storage, location: asked.append(location))
    assert asked == ["cuda:1"]
    assert set(tsir.load(out.getvalue()).state_dict()) == set(loaded.state_dict())


class OnOtherDevice(nn.Module):
    """As a trace on a GPU is: the device is in its code, and in an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.device = torch.device("cuda:0")

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.ones(2, device=torch.device("cuda:0")) + torch.ones(2, device=self.device)


def test_devices_in_the_program_itself_are_mapped() -> None:
    data, x = written(torchscript, OnOtherDevice()), torch.ones(2)
    for location in ("cpu", {"cuda:0": "cpu"}, lambda storage, _location: storage):
        loaded = tsir.load(data, map_location=location)
        assert torch.equal(loaded(x), x + 2) and loaded.device == torch.device("cpu")
        again = io.BytesIO()
        loaded.save(again)
        assert torch.equal(tsir.load(again.getvalue())(x), x + 2)
    for location in (None, {"cuda:1": "cpu"}, lambda _storage, _location: None):
        with pytest.raises(tsir.TsirError, match="cuda:0"):
            tsir.load(data, map_location=location)(x)


def test_checksums(file: bytes, tmp_path: Path) -> None:
    weight = np.frombuffer(file, np.uint8).copy()
    start = _start_of_longest(file)
    weight[start + 1000] ^= 1
    path = tmp_path / "damaged"
    path.write_bytes(weight.tobytes())
    x = torch.ones(1, 200)
    with pytest.raises(tsir.TsirError, match="checksum"):
        tsir.load(path, verify=True)
    with pytest.raises(tsir.TsirError, match="checksum"):
        tsir.load(path)(x)
    with pytest.raises(tsir.TsirError, match="checksum"):
        tsir.load(path).save(io.BytesIO())
    tsir.load(path, verify=False)(x)
    path.write_bytes(file)
    tsir.load(path, verify=True)(x)


def _start_of_longest(data: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = max(archive.infolist(), key=lambda i: i.file_size)
    header = data[info.header_offset : info.header_offset + 30]
    return info.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("members", "members; at most 3"),
        ("module_bytes", "bytes; at most 3"),
        ("values", "more than 3 values|more than 6 opcodes"),
        ("expanded_bytes", "expanded too much"),
        ("rank", "at most 0 are read|impossible sizes"),
    ],
)
def test_limits(file: bytes, limit: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number = 0 if limit == "rank" else 3
    with pytest.raises(tsir.TsirError, match=words):
        tsir.load(file, limits=tsir.Limits(**{limit: number}))
    monkeypatch.setenv("TSIR_LIMITS", f"{limit}={number}")
    with pytest.raises(tsir.TsirError, match=words):
        tsir.load(file)


def test_limits_on_nesting() -> None:
    data = written(torchscript, Model())
    for limit in ("depth", "nesting"):
        with pytest.raises(tsir.TsirError, match="nest"):
            tsir.load(data, limits=tsir.Limits(**{limit: 1}))


def test_shared_values_count_each_time() -> None:
    """A pickle of a few bytes that stands for 2**40 values."""
    with zipfile.ZipFile(io.BytesIO(written(torchscript, Model()))) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    content = b"\x80\x02K\x01K\x01\x86" + b"".join(b"q%c" % i + b"h%c\x86" % i for i in range(40)) + b"."
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, content if name.endswith("/data.pkl") else part)
    with pytest.raises(tsir.TsirError, match="more than 10000000 values"):
        tsir.load(out.getvalue())
