"""Hostile TorchScript archives: refused with one line, nothing executed."""

import io
import random
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.archive.torchscript import test_programs as programs
from tests.archive.torchscript.comparing import saved


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {n: archive.read(n) for n in archive.namelist() if not n.endswith(".debug_pkl")}


def zipped(parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


class Weighted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.arange(3.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


@pytest.fixture(scope="module")
def weighted() -> dict[str, bytes]:
    return members(saved(torch.jit.script(Weighted().eval())))


def with_pickle(parts: dict[str, bytes], content: bytes) -> bytes:
    return zipped({n: content if n.endswith("/data.pkl") else c for n, c in parts.items()})


def with_code(parts: dict[str, bytes], edit: Callable[[str], str]) -> bytes:
    return zipped({n: edit(c.decode()).encode() if n.endswith(".py") else c for n, c in parts.items()})


PICKLES = [
    (b"\x80\x02ctorch._utils\n_rebuild_qtensor\nctorch\nper_tensor_affine\n\x85R.", "has quantised tensors"),
    (b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00idtR.", "names os.system"),
    (b"\x80\x02cbuiltins\neval\n(X\x01\x00\x00\x001tR.", "names builtins.eval"),
    (b"\x80\x02ctorch._utils\n_rebuild_device_tensor_from_numpy\n.", "names torch._utils"),
    (b"\x80\x02c__torch__\nMissing\n)\x81}b.", "no class __torch__.Missing"),
    (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "opcode STACK_GLOBAL"),
    (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "something that is no class"),
    (b"\x80\x02(i__main__\nX\n.", "opcode INST"),
    (b"\x80\x02h\x05.", "refers to value 5"),
    (b"\x80\x02]q\x00h\x00a.", "nest deeper than 200, or contain themselves"),
    (b"\x80\x02" + b"]" * 1000 + b"a" * 999 + b".", "nest deeper than 200"),
    (b"\x80\x02.", "one value"),
    (b"\x80\x02t.", "mark that isn't there"),
    (b"\x80\x02X\xff\xff\xff\x7fab.", "damaged"),
    (b"\x80\x02\x8a\x09" + b"\xff" * 8 + b"\x01.", "more than 64 bits"),
    (b"\x80\x02K\x01.", "data.pkl has no module"),
    (b"", "damaged"),
]


@pytest.mark.parametrize(("content", "words"), PICKLES, ids=lambda v: v if isinstance(v, str) else "")
def test_pickles(weighted: dict[str, bytes], content: bytes, words: str) -> None:
    with pytest.raises(tsir.TsirError, match=words) as caught:
        tsir.load(with_pickle(weighted, content))
    assert "\n" not in caught.value.message


def replaced(parts: dict[str, bytes], old: bytes, new: bytes) -> bytes:
    pickle = next(c for n, c in parts.items() if n.endswith("/data.pkl"))
    assert old in pickle
    return with_pickle(parts, pickle.replace(old, new))


def test_tensors_outside_their_storages(weighted: dict[str, bytes]) -> None:
    shape = b"K\x00(K\x03t(K\x01t"
    for lie, words in (
        (b"K\x00(K\x04t(K\x01t", "lies outside storage"),
        (b"K\x02(K\x03t(K\x01t", "lies outside storage"),
        (b"K\x00(K\x03t(K\x7ft", "lies outside storage"),
        (b"K\x00(\x8a\x06\x00\x00\x00\x00\x00\x01t(K\x00t", "expanded too much"),
        (b"K\x00(J\xff\xff\xff\xfft(K\x01t", "wrong sizes"),
    ):
        with pytest.raises(tsir.TsirError, match=words):
            tsir.load(replaced(weighted, shape, lie))
    with pytest.raises(tsir.TsirError, match="not those of"):
        tsir.load(replaced(weighted, b"K\x03tQ", b"J\x00\x00\x00\x7ftQ"))
    with pytest.raises(tsir.TsirError, match="quantised"):
        tsir.load(replaced(weighted, b"FloatStorage", b"QInt8Storage"))
    with pytest.raises(tsir.TsirError, match="declared Tensor, but its value is of type bool"):
        tsir.load(with_code(weighted, lambda code: code.replace("training : bool", "training : Tensor")))


CODES = [
    (
        "return torch.mul(x, weight)",
        'return __import__("os").system("id")',
        "TS10|isn't supported|not defined|can't be called",
    ),
    ("return torch.mul(x, weight)", "return os.environ", "no os.environ"),
    ("return torch.mul(x, weight)", "return (lambda: 1)()", "isn't supported"),
    ("return torch.mul(x, weight)", "return torch.no_such_operator(x)", "no_such_operator"),
    ("return torch.mul(x, weight)", "return torch.mul(x, __torch__.Missing.f(x))", "no __torch__.Missing.f"),
    ("return torch.mul(x, weight)", "return " + "(" * 150 + "x" + ")" * 150, "^"),
    ("return torch.mul(x, weight)", "return " + "torch.relu(" * 160 + "x" + ")" * 160, "nests deeper|serialised code"),
    ("return torch.mul(x, weight)", "return 1", "expected a value of type Tensor, found int"),
    ("return torch.mul(x, weight)", "x.weight = x\n    return x", "no attribute 'weight'"),
    ("return torch.mul(x, weight)", "return torch.add(x, " + "9" * 5000 + ")", "serialised code|64 bits"),
    ("x: Tensor", "x: __torch__.Missing", "type __torch__.Missing"),
    ("x: Tensor", "x: Dict[Tensor", "no serialised code"),
    ("x: Tensor", "*x: Tensor", "any number of arguments"),
    ("return torch.mul(x, weight)", "return uninitialized()", "isn't code that torch writes"),
    ("return torch.mul(x, weight)", "return torch.__isnot__(x)", "isn't code that torch writes"),
    (
        "class Weighted(Module):",
        "import os\nclass Weighted(Module):\n  os.system('id')",
        "no constant|attributes and methods|is no",
    ),
]


@pytest.mark.parametrize(("old", "new", "words"), CODES, ids=range(len(CODES)))
def test_code(weighted: dict[str, bytes], old: str, new: str, words: str) -> None:
    content = with_code(weighted, lambda code: code.replace(old, new))
    if words == "^":
        tsir.load(content)
        return
    with pytest.raises(tsir.TsirError, match=words):
        tsir.load(content)


def test_names_steer_nothing(weighted: dict[str, bytes]) -> None:
    """Names that generated source has for itself, and texts with what would end a literal."""
    text = r"f\"{__import__(\"os\")}\n\"\"\""

    def edit(code: str) -> str:
        code = code.replace("x: Tensor", "state: Tensor").replace("torch.mul(x, weight)", "torch.mul(state, weight)")
        return code.replace("    weight = self.weight\n", f'    weight = self.weight\n    rt = "{text}"\n    print(rt)\n')

    m: Any = tsir.load(with_code(weighted, edit))
    assert torch.equal(m(torch.ones(3)), torch.arange(3.0))


def test_members(weighted: dict[str, bytes]) -> None:
    content = zipped(weighted)
    for damaged in (content[:-30], content[: len(content) // 2], content[30:]):
        with pytest.raises(tsir.TsirError):
            tsir.load(damaged)
    with pytest.raises(tsir.TsirError, match="has no data/0"):
        tsir.load(zipped({n: c for n, c in weighted.items() if not n.endswith("/data/0")}))
    bomb = {**weighted, **{n: b" " * (1 << 24) for n in weighted if n.endswith("data.pkl")}}
    with pytest.raises(tsir.TsirError, match="would grow from"):
        tsir.load(zipped(bomb, zipfile.ZIP_DEFLATED))
    assert tsir.load(zipped(weighted, zipfile.ZIP_DEFLATED)) is not None


def test_a_class_in_itself(weighted: dict[str, bytes]) -> None:
    [path] = [n for n in weighted if n.endswith(".py")]
    own = path.partition("code/")[2].removesuffix(".py").replace("/", ".") + ".P"
    tuples = f"class P(NamedTuple):\n  p : {own}\n"
    content = with_code(weighted, lambda code: code.replace("x: Tensor", f"x: {own}") + tuples)
    with pytest.raises(tsir.TsirError, match="P contains itself"):
        tsir.load(content)


def mutated(parts: dict[str, bytes], rng: random.Random) -> bytes:
    """An archive with bytes, words and lines of one member changed, moved or left out."""
    name = rng.choice([n for n in parts if n.endswith((".py", ".pkl"))])
    content = bytearray(parts[name])
    for _ in range(rng.choice((1, 2, 4))):
        at, other = rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)
        match rng.randrange(4):
            case 0:
                content[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del content[at : at + rng.choice((1, 5, 40))]
            case 2:
                content[at:at] = content[other : other + rng.choice((1, 10, 100))]
            case _:
                lines = bytes(content).split(b"\n")
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                content = bytearray(b"\n".join(lines))
    return zipped({**parts, name: bytes(content)})


def fuzz(first: int, last: int) -> None:
    """Loads mutated archives; anything but TsirError is a failure."""
    parts = [members(saved(torch.jit.script(p))) for p in (programs.Everything(), programs.flow, programs.Stored())]
    for seed in range(first, last):
        rng = random.Random(seed)
        content = mutated(rng.choice(parts), rng)
        try:
            tsir.load(content)
        except tsir.TsirError:
            pass
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error


def test_mutations() -> None:
    fuzz(0, 60)


@pytest.mark.slow
def test_many_mutations() -> None:
    fuzz(1000, 6000)
