"""Opens mutants of archives: whatever the file is, there is a program or a TsirError, in bounded time and memory.

    python -m tests.fuzz.archives [--count 20000] [--seed 0] [--keep FOLDER]

The golden archives are changed in their structure: the zip file's headers and order of members, the manifest's JSON, the header of the
weights, the IR, checksums, which are made right again for most mutants so that what is behind them is reached. Of what opens, a
part is parsed, saved again, compiled and called.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import io
import json
import os
import random
import resource
import struct
import sys
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.calling import nothing_else, outcome_of_calls
from tests.fuzz.fuzz import kind_of, within
from tests.fuzz.mutation import Mutator, damaged
from tsir.archive.zip_writing import write_zip
from tsir.errors import TsirError
from tsir.runtime.loading import load

GOLDEN = Path(__file__).parents[1] / "archive" / "golden"
SECONDS = 20
"""The most time that one mutant may take."""
MEMORY = 2 << 30
"""How much memory a mutant may take beyond what there is without it."""
MANIFEST, MODULE, WEIGHTS = "manifest.json", "module.mlir", "weights.safetensors"
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    3,
    64,
    65,
    1 << 31,
    1 << 40,
    1 << 63,
    1 << 64,
    -(1 << 63),
    0.5,
    1e308,
    "",
    "a",
    "0",
    "float32",
    "bool",
    "complex128",
    "object",
    "forward",
    "é\ud800",
    "a\nb",
    "../a",
    "x" * 5000,
    [],
    [[]],
    {},
    [1] * 70,
    [0],
    [1 << 40],
    [1 << 40, 0],
    {"kind": "list"},
    {"kind": "list", "items": []},
    {"kind": "object", "number": 0},
    {"kind": "object", "number": 10**30},
    {"kind": "tensor", "number": 0},
    {"kind": "shared", "number": 0},
    {"kind": "shared", "number": 1},
    {"kind": "same", "number": 0},
    {"kind": "float", "value": "nan"},
    {"kind": "named_tuple", "name": "class", "fields": ["a", "a"], "items": [1, 2]},
    {"kind": "dtype", "value": "float8_e5m2"},
    {"kind": "deque", "maxlen": -1, "items": []},
    {"kind": "dict", "items": [[{"kind": "list", "items": []}, 1]]},
    {"kind": "enum", "class": "C", "name": "N", "value": {"kind": "set", "items": [1]}},
    {"kind": "device", "value": "cuda:9999999999"},
    {"kind": "complex", "value": ["inf", "x"]},
    {"kind": "tuple", "items": [{"kind": "shared", "number": 0}] * 3},
    "!ts.tensor",
    "!ts.list<!ts.list<i64>>",
)


NAMES = ("../x", "/x", "a\\b", "C:x", "", "x" * 65000, "a/../../b", "é", ".")


class ArchiveMutator:
    """Makes mutants of archives; the same seed gives the same mutants."""

    def __init__(self, archives: list[bytes], seed: int) -> None:
        self._random = random.Random(seed)
        self._archives = [_members(a) for a in archives]
        self._whole = archives
        self._texts = Mutator([a[MODULE].decode() for a in self._archives], seed)
        self._kinds: tuple[tuple[str, Callable[[dict[str, bytes]], bytes], int], ...] = (
            ("manifest", self._manifest, 8),
            ("weights header", self._weights, 3),
            ("ir", self._ir, 3),
            ("zip headers", self._headers, 4),
            ("members", self._several, 2),
            ("bytes", self._bytes, 2),
            ("checksum", self._checksum, 1),
            ("nesting", self._nesting, 1),
            ("spliced", self._spliced, 2),
        )

    def mutant(self) -> tuple[str, bytes]:
        """The next mutant, and of what kind it is."""
        kind, make, _ = self._random.choices(self._kinds, [weight for *_, weight in self._kinds])[0]
        self._chosen = self._random.randrange(len(self._archives))
        return kind, make(dict(self._archives[self._chosen]))

    def _manifest(self, members: dict[str, bytes]) -> bytes:
        manifest = json.loads(members[MANIFEST])
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 6))):
            self._change_json(manifest)
        return _packed(members, manifest)

    def _change_json(self, root: Any) -> None:
        places = list(places_in(root, self._random))
        if not places:
            return
        holder, key = self._random.choice(places)
        match self._random.randrange(8):
            case 0 | 1 | 2:
                holder[key] = copy.deepcopy(self._random.choice(VALUES))
            case 3:
                del holder[key]
            case 4:
                other, name = self._random.choice(places)
                if not isinstance(other, dict) or name in other:
                    holder[key] = copy.deepcopy(other[name]) if isinstance(other, dict) or name < len(other) else None
            case 5 if isinstance(holder[key], int):
                holder[key] += self._random.choice((-1, 1, 7, -1000, 1 << 32))
            case 6 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(self._random.choice(VALUES)))
            case 7 if isinstance(holder, dict):
                holder[self._random.choice(("kind", "number", "items", "storage", "offset", "strides", "name", "é"))] = (
                    holder.pop(key)
                )
            case _:
                holder[key] = [holder[key]]

    def _weights(self, members: dict[str, bytes]) -> bytes:
        content = members[WEIGHTS]
        length = int.from_bytes(content[:8], "little")
        header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
        for _ in range(self._random.choice((1, 1, 2))):
            self._change_json(header)
        text = _dumped(header)
        length = len(text) + self._random.choice((0, 0, 0, 1, -1, 1 << 40, 1 << 63, -len(text)))
        if self._random.random() < 0.2:
            data = data[: self._random.randrange(len(data) + 1)]
        members[WEIGHTS] = struct.pack("<Q", length % (1 << 64)) + text + data
        return _packed(members, json.loads(members[MANIFEST]))

    def _ir(self, members: dict[str, bytes]) -> bytes:
        members[MODULE] = self._texts.mutant()
        return _packed(members, json.loads(members[MANIFEST]))

    def _headers(self, members: dict[str, bytes]) -> bytes:
        """Fields of the zip file's headers changed, one by one."""
        data = bytearray(self._whole[self._chosen])
        for _ in range(self._random.choice((1, 1, 2, 3))):
            starts = [i for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for i in _found(bytes(data), mark)]
            at = self._random.choice(starts) + self._random.randrange(4, 46)
            size = self._random.choice((1, 2, 4))
            value = self._random.choice((0, 1, 8, 0xFF, 0xFFFF, 0xFFFFFFFF, self._random.getrandbits(32), len(data)))
            data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
        return bytes(data)

    def _several(self, members: dict[str, bytes]) -> bytes:
        """Members twice, under other names, compressed, left out, links, encrypted, with bytes before and behind."""
        file = io.BytesIO()
        chosen = self._random.randrange(9)
        with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
            warnings.simplefilter("ignore")
            names = list(members)
            self._random.shuffle(names)
            for name in names:
                info = zipfile.ZipInfo(name)
                if self._random.random() < 0.3:
                    match chosen:
                        case 0:
                            info.compress_type = zipfile.ZIP_DEFLATED
                        case 1:
                            archive.writestr(name, members[name])
                        case 2:
                            info.filename = self._random.choice(
                                ("../x", "/x", "a\\b", "C:x", "", "x" * 70000, "a/../../b", "é", ".")
                            )[:65000]
                        case 3:
                            info.external_attr = 0o120777 << 16
                            info.create_system = 3
                        case 4:
                            continue
                        case 5:
                            members[name] = members[name][: self._random.randrange(len(members[name]) + 1)]
                        case 6:
                            members[name] += bytes(self._random.randrange(100))
                        case 7:
                            info.flag_bits |= 8
                        case _:
                            info.extra = self._random.randbytes(self._random.randrange(60))
                archive.writestr(info, members[name])
        data = file.getvalue()
        match self._random.randrange(5):
            case 0:
                return self._random.randbytes(5) + data
            case 1:
                return data + self._random.randbytes(30)
            case _:
                return data

    def _bytes(self, members: dict[str, bytes]) -> bytes:
        return damaged(self._whole[self._chosen], self._random)

    def _checksum(self, members: dict[str, bytes]) -> bytes:
        name = self._random.choice([n for n in members if n != MANIFEST and members[n]])
        content = bytearray(members[name])
        content[self._random.randrange(len(content))] ^= 1
        members[name] = bytes(content)
        return _zip(members)

    def _nesting(self, members: dict[str, bytes]) -> bytes:
        """Values that nest, refer to themselves, or stand for exponentially many."""
        manifest = json.loads(members[MANIFEST])
        depth = self._random.choice((50, 99, 101, 500, 3000))
        chosen = self._random.randrange(5)
        if chosen == 0:
            manifest["containers"] = [
                {"kind": "list", "items": [{"kind": "shared", "number": i + 1}] * 2} for i in range(min(depth, 90))
            ] + [{"kind": "list", "items": [1]}]
            value: Any = {"kind": "shared", "number": 0}
        elif chosen == 1:
            manifest["containers"] = [{"kind": "list", "items": [{"kind": "shared", "number": 0}]}]
            value = {"kind": "shared", "number": 0}
        elif chosen == 2:
            objects = manifest.get("objects") or []
            number = len(objects)
            objects += [
                {"class": "N", "attributes": {"next": {"kind": "object", "number": number + (i + 1) % depth}}}
                for i in range(depth)
            ]
            manifest["objects"], value = objects, {"kind": "object", "number": number}
        else:
            value = 1
            for _ in range(depth):
                value = {"kind": self._random.choice(("list", "tuple")), "items": [value]}
        places = [
            (h, k)
            for h, k in places_in(manifest, self._random)
            if isinstance(h, dict) and k in ("items", "attributes", "default")
        ]
        holder, key = self._random.choice(places or [(manifest, "root")])
        if key == "items" and isinstance(holder[key], list):
            holder[key].append(value)
        elif key == "attributes" and isinstance(holder[key], dict):
            holder[key]["more"] = value
        else:
            holder[key] = value
        try:
            return _packed(members, manifest)
        except RecursionError:
            return _zip(members)

    def _spliced(self, members: dict[str, bytes]) -> bytes:
        """Members of two archives together."""
        other = self._random.choice(self._archives)
        for name in (MODULE, WEIGHTS, MANIFEST):
            if self._random.random() < 0.5:
                members[name] = other[name]
        manifest, second = json.loads(members[MANIFEST]), json.loads(other[MANIFEST])
        for field in (
            "objects",
            "tensors",
            "entry_points",
            "containers",
            "operations",
            "format_version",
            "root",
            "source_lines",
        ):
            if self._random.random() < 0.2 and field in second:
                manifest[field] = second[field]
        return _packed(members, manifest)


def places_in(value: Any, random_: random.Random, most: int = 4000) -> list[tuple[Any, Any]]:
    """Where values stand in some JSON: holder and key. Of each level's lines of source and long lists only some."""
    found: list[tuple[Any, Any]] = []
    todo: list[Any] = [value]
    while todo and len(found) < most:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if len(keys) > 30:
            keys = random_.sample(keys, 30)
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                todo.append(holder[key])
    return found


def _found(data: bytes, mark: bytes) -> list[int]:
    at, found = data.find(mark), list[int]()
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _packed(members: dict[str, bytes], manifest: Any) -> bytes:
    """An archive with the checksums that its members have."""
    if isinstance(manifest, dict) and isinstance(manifest.get("sha256"), dict):
        manifest["sha256"] = {n: hashlib.sha256(c).hexdigest() for n, c in members.items() if n != MANIFEST}
    return _zip({**members, MANIFEST: _dumped(manifest)})


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    write_zip(file, {name: [content] for name, content in members.items()})
    return file.getvalue()


def archives() -> list[bytes]:
    """The files that are changed."""
    return [path.read_bytes() for path in sorted(GOLDEN.glob("*.pt")) if path.stat().st_size < 16_000]


def run(data: bytes, *, deeply: bool) -> str:
    """What becomes of a file: `refused` or `opened`; `deeply`, with its IR read, all of it saved, and its entry points compiled and
    called. Raises what may not happen."""
    with nothing_else():
        try:
            with within(SECONDS):
                loaded = load(io.BytesIO(data))
                if deeply:
                    loaded.save(io.BytesIO())
        except TsirError as error:
            assert str(error) and len(str(error)) < 5000
            return "refused"
        if deeply:
            outcome_of_calls(loaded, ())
        return "opened"


def fuzz(count: int, seed: int, keep: Path | None = None) -> tuple[Counter[str], dict[str, bytes]]:
    """Opens mutants. Gives how many of each kind ended in which way, and the first mutant of each kind of failure."""
    mutator = ArchiveMutator(archives(), seed)
    outcomes: Counter[str] = Counter()
    failures: dict[str, bytes] = {}
    for i in range(count):
        kind, data = mutator.mutant()
        try:
            outcome = run(data, deeply=kind == "ir" or i % 8 == 0)
            outcomes[f"{kind}: {outcome}"] += 1
            outcomes[outcome] += 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, it is what is looked for
            failure = f"{kind}: {kind_of(error)}"
            outcomes["wrong"] += 1
            if failure not in failures:
                failures[failure] = data
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{seed}-{i}.pt").write_bytes(data)
                    (keep / f"{seed}-{i}.txt").write_text(f"{failure}\n" + traceback.format_exc(), encoding="utf-8")
    return outcomes, failures


def bound_memory() -> None:
    """From now on this process has `MEMORY` more than it has now; a mutant that needs more raises MemoryError."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, hard))


def main() -> int:
    """The command line; gives 1 when something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the first mutant of each failure there")
    options = parser.parse_args()
    os.environ["TSIR_CACHE_DIR"] = ""
    warnings.simplefilter("ignore")
    fuzz(20, options.seed + 1)  # what is imported on the way isn't a mutant's
    bound_memory()
    start = time.perf_counter()
    outcomes, failures = fuzz(options.count, options.seed, options.keep)
    counts = ", ".join(f"{outcomes[o]} {o}" for o in ("opened", "refused", "wrong"))
    print(
        f"{options.count} mutants of {len(archives())} archives, seed {options.seed}: {counts}; {time.perf_counter() - start:.0f} s"
    )
    for kind in sorted({k.partition(":")[0] for k in outcomes if ":" in k}):
        print(f"  {kind}: {outcomes[f'{kind}: opened']} opened, {outcomes[f'{kind}: refused']} refused")
    for failure in failures:
        print(f"  {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
