"""Mutants of TorchScript archives and `.pt2` files: opened, compiled and called. See `calling.py` for what may come of it.

    python -m tests.fuzz.torch_archives {torchscript,pt2} [--count 20000] [--seed 0] [--keep FOLDER]

The archives are those that torch makes of the programs of the tests. Changed are their code token by token, their pickles opcode by
opcode, their JSON value by value, storages, the zip file's headers and members, and single bytes.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import os
import pickletools
import random
import re
import sys
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.fuzz.archives import SECONDS, VALUES, bound_memory
from tests.fuzz.calling import nothing_else, outcome_of_calls
from tests.fuzz.fuzz import kind_of, within
from tests.fuzz.mutation import damaged
from tsir.errors import TsirError
from tsir.runtime.loading import load

TOKEN = re.compile(r'"[^"\n]*"|\n *|[A-Za-z_][\w.]*|\d+\.\d+(?:e[-+]?\d+)?|\d+|\s+|.', re.DOTALL)
WORDS = """
0 1 -1 2 3 4 6 7 11 9223372036854775807 99999999999999999999 1099511627776 0.5 1e308 inf None True False self x [] () {} "" "a"
CONSTANTS.c0 CONSTANTS.c99 annotate(List[int],[]) unchecked_cast(Tensor,x) uninitialized(Tensor) torch.relu torch.add torch.size
torch.len torch.append torch.item torch.zeros torch.repeat torch.expand torch.pow torch.mul torch.view torch.slice torch.cat
torch.sum torch.to torch.tensor torch.format torch.sort torch.copy_ torch.resize_ ops.prim.RaiseException ops.prim.data prim.grad
getattr __import__ eval exec open os.system lambda while if True: else: pass return break Tensor int float bool str
Optional[Tensor] List[Tensor] Dict[str,Tensor] Tuple[int,...] Any Future[Tensor] __torch__.Missing ( ) [ ] , : =
""".split()
NUMBERS = (0, 1, -1, 2, 3, 255, 65536, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))


@dataclass(frozen=True)
class Base:
    """An archive that is changed, and arguments of calls of its program."""

    members: dict[str, bytes]
    whole: bytes
    examples: Sequence[Sequence[Any]]


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {n: archive.read(n) for n in archive.namelist() if not n.endswith(".debug_pkl")}


def _zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _base(data: bytes, examples: Sequence[Sequence[Any]]) -> Base:
    members = _members(data)
    return Base(members, _zipped(members), examples)


@cache
def torchscript(count: int | None = None) -> list[Base]:
    """Archives of torch.jit's: all, or the first ones."""
    import torch

    from tests.archive.torchscript.comparing import saved
    from tests.archive.torchscript.page import ROWS

    made: list[Base] = []
    for row in ROWS[:count]:
        program = row.make()
        compiled = torch.jit.trace(program, tuple(row.calls[0])) if row.traced else program
        compiled = (
            compiled
            if isinstance(compiled, torch.jit.ScriptModule | torch.jit.ScriptFunction)
            else torch.jit.script(compiled)
        )
        made.append(_base(saved(compiled), row.calls))
    return made


@cache
def pt2() -> list[Base]:
    """Files of torch.export's."""
    import torch

    from tests.conformance.exported.programs import CASES

    wanted = (
        "derived_sizes", "arithmetic", "nested", "keywords", "Counter", "changes_its_input", "branches", "loop", "scanned", "numbers",
        "Tied", "views_out", "dtypes", "many_operators",
    )  # fmt: skip
    made: list[Base] = []
    for case in CASES:
        if case.name not in wanted:
            continue
        args, kwargs = copy.deepcopy((case.args, case.kwargs))
        file = io.BytesIO()
        torch.export.save(torch.export.export(case.make(), args, kwargs, dynamic_shapes=case.shapes), file)
        calls = [] if case.kwargs else [case.args, *(a for a, k in case.more if not k)]
        made.append(_base(file.getvalue(), calls))
    return made


class TorchMutator:
    """Makes mutants of archives; the same seed gives the same mutants."""

    def __init__(self, bases: list[Base], seed: int) -> None:
        self._random = random.Random(seed)
        self._bases = bases
        self._tokens = [TOKEN.findall(c.decode()) for b in bases for n, c in b.members.items() if n.endswith(".py")]
        kinds: tuple[tuple[str, Callable[[dict[str, bytes]], bytes], int, str], ...] = (
            ("code", self._code, 10, ".py"),
            ("pickle", self._pickle, 5, ".pkl"),
            ("json", self._json, 12, ".json"),
            ("storage", self._storage, 1, ""),
            ("headers", self._headers, 2, ""),
            ("members", self._several, 2, ""),
            ("bytes", self._bytes, 2, ""),
        )
        self._kinds = [k for k in kinds if any(n.endswith(k[3]) for b in bases for n in b.members)]
        self.chosen = bases[0]

    def mutant(self) -> tuple[str, bytes]:
        """The next mutant, and of what kind it is. `chosen` is what it was made of."""
        kind, make, _, suffix = self._random.choices(self._kinds, [k[2] for k in self._kinds])[0]
        self.chosen = self._random.choice([b for b in self._bases if any(n.endswith(suffix) for n in b.members)])
        return kind, make(dict(self.chosen.members))

    def _member(self, members: dict[str, bytes], suffix: str) -> str:
        return self._random.choice([n for n in members if n.endswith(suffix) and members[n]])

    def _code(self, members: dict[str, bytes]) -> bytes:
        name, random_ = self._member(members, ".py"), self._random
        tokens = TOKEN.findall(members[name].decode())
        for _ in range(random_.choice((1, 1, 1, 2, 4))):
            at = random_.randrange(len(tokens))
            match random_.randrange(8):
                case 0:
                    del tokens[at]
                case 1:
                    tokens.insert(at, random_.choice(WORDS))
                case 2:
                    tokens[at] = random_.choice(WORDS)
                case 3:
                    lines = "".join(tokens).split("\n")
                    lines.insert(random_.randrange(len(lines)), random_.choice(lines))
                    tokens = TOKEN.findall("\n".join(lines))
                case 4:
                    lines = "".join(tokens).split("\n")
                    del lines[random_.randrange(len(lines))]
                    tokens = TOKEN.findall("\n".join(lines)) or [" "]
                case _:
                    others = tokens if random_.random() < 0.7 else random_.choice(self._tokens)
                    alike = [t for t in others if _kind(t) == _kind(tokens[at])]
                    tokens[at] = random_.choice(alike or [tokens[at]])
        members[name] = "".join(tokens).encode()
        return _zipped(members)

    def _pickle(self, members: dict[str, bytes]) -> bytes:
        """A number, text, name or opcode changed; a run of opcodes left out or twice."""
        name, random_ = self._member(members, ".pkl"), self._random
        content = members[name]
        places = [position for _, _, position in pickletools.genops(content)] + [len(content)]
        for _ in range(random_.choice((1, 1, 2))):
            at = random_.randrange(1, len(places) - 1)
            start, end = places[at], places[at + 1]
            op, argument, _ = next(pickletools.genops(content[start:end] + b"."))
            further = places[min(len(places) - 1, at + random_.choice((1, 2, 5)))]
            match random_.randrange(5):
                case 0 | 1 if isinstance(argument, int) and op.name.startswith(("BININT", "LONG1")):
                    number = random_.choice(NUMBERS)
                    content = content[:start] + b"\x8a\x09" + number.to_bytes(9, "little", signed=True) + content[end:]
                case 0 | 1 if isinstance(argument, str) and op.name == "BINUNICODE":
                    text = random_.choice(("", "a", "../0", "0", "training", "cuda:0", argument * 2)).encode()
                    content = content[:start] + b"X" + len(text).to_bytes(4, "little") + text + content[end:]
                case 2:
                    content = content[:start] + content[further:]
                case 3:
                    content = content[:further] + content[start:further] + content[further:]
                case _:
                    content = content[:start] + bytes([random_.randrange(256)]) + content[start + 1 :]
            try:
                places = [position for _, _, position in pickletools.genops(content)] + [len(content)]
            except (ValueError, UnicodeDecodeError):
                break
        members[name] = content
        return _zipped(members)

    def _json(self, members: dict[str, bytes]) -> bytes:
        from tests.fuzz.archives import places_in

        name = self._member(members, ".json") if self._random.random() < 0.3 else self._member(members, "/model.json")
        value = json.loads(members[name])
        for _ in range(self._random.choice((1, 1, 1, 2, 4))):
            places = list(places_in(value, self._random))
            if not places:
                break
            holder, key = self._random.choice(places)
            alike = [h[k] for h, k in places if type(h[k]) is type(holder[key])]
            match self._random.randrange(8):
                case 0:
                    holder[key] = copy.deepcopy(self._random.choice(VALUES))
                case 1:
                    del holder[key]
                case 2 if isinstance(holder[key], int):
                    holder[key] = self._random.choice(NUMBERS)
                case 3 if isinstance(holder, list):
                    holder.insert(key, copy.deepcopy(holder[key]))
                case _:
                    holder[key] = copy.deepcopy(self._random.choice(alike))
        members[name] = json.dumps(value).encode("utf-8", "surrogatepass")
        return _zipped(members)

    def _storage(self, members: dict[str, bytes]) -> bytes:
        stored = [n for n in members if re.search(r"/(data|constants)/|weight_\d|tensor_\d", n) and members[n]]
        name = self._random.choice(stored or list(members))
        content = members[name]
        match self._random.randrange(3):
            case 0:
                members[name] = content[: self._random.randrange(len(content) + 1)]
            case 1:
                members[name] = self._random.randbytes(len(content))
            case _:
                members[name] = content * self._random.randrange(2, 5)
        return _zipped(members)

    def _headers(self, members: dict[str, bytes]) -> bytes:
        data = bytearray(self.chosen.whole)
        starts = [m.start() for m in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", bytes(data))]
        for _ in range(self._random.choice((1, 1, 2))):
            at, size = self._random.choice(starts) + self._random.randrange(4, 46), self._random.choice((1, 2, 4))
            value = self._random.choice((0, 1, 8, 0xFFFF, 0xFFFFFFFF, self._random.getrandbits(32), len(data)))
            data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
        return bytes(data)

    def _several(self, members: dict[str, bytes]) -> bytes:
        """Members left out, exchanged, under other names, of another archive, compressed."""
        names, random_ = list(members), self._random
        name, other = random_.choice(names), random_.choice(names)
        match random_.randrange(5):
            case 0:
                del members[name]
            case 1:
                members[name], members[other] = members[other], members[name]
            case 2:
                members[random_.choice((f"../{name}", name.upper(), name + "/", "a/b", name.replace("/", "\\")))] = (
                    members.pop(name)
                )
            case 3:
                foreign = random_.choice(self._bases).members
                members[name] = foreign[random_.choice([n for n in foreign if n[-4:] == name[-4:]] or list(foreign))]
            case _:
                file = io.BytesIO()
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                    for each, content in members.items():
                        archive.writestr(each, content)
                return file.getvalue()
        return _zipped(members)

    def _bytes(self, members: dict[str, bytes]) -> bytes:
        return damaged(self.chosen.whole, self._random)


def _kind(token: str) -> str:
    """Names with dots are of one kind, as are those without, numbers, and texts; each other token of its own."""
    if token[0].isdigit():
        return "1"
    if token[0].isalpha() or token[0] == "_":
        return "." if "." in token else "a"
    return token[0]


def run(data: bytes, examples: Sequence[Sequence[Any]], *, calls: bool) -> str:
    """What becomes of a file. Raises whatever may not happen."""
    with nothing_else():
        try:
            with within(SECONDS):
                loaded = load(io.BytesIO(data))
        except TsirError as error:
            assert str(error) and len(str(error)) < 10_000
            return "refused"
        return outcome_of_calls(loaded, copy.deepcopy(examples)) if calls else "opened"


def fuzz(
    bases: list[Base], count: int, seed: int, *, every: int = 1, keep: Path | None = None
) -> tuple[Counter[str], dict[str, bytes]]:
    """Opens mutants, and of those that open calls every n-th. Gives how many ended in which way, and the first of each failure."""
    mutator = TorchMutator(bases, seed)
    outcomes: Counter[str] = Counter()
    failures: dict[str, bytes] = {}
    for i in range(count):
        kind, data = mutator.mutant()
        try:
            outcome = run(data, mutator.chosen.examples, calls=i % every == 0)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, it is what is looked for
            outcome, failure = "wrong", f"{kind}: {kind_of(error)}"
            if failure not in failures:
                failures[failure] = data
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{seed}-{i}.pt").write_bytes(data)
                    (keep / f"{seed}-{i}.txt").write_text(f"{failure}\n" + traceback.format_exc(), encoding="utf-8")
        outcomes[outcome] += 1
        outcomes[f"{kind}: {outcome}"] += 1
    return outcomes, failures


def main() -> int:
    """The command line; gives 1 when something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("form", choices=("torchscript", "pt2"))
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="call every N-th that opens")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the first mutant of each failure there")
    options = parser.parse_args()
    os.environ["TSIR_CACHE_DIR"] = ""
    warnings.simplefilter("ignore")
    bases = torchscript() if options.form == "torchscript" else pt2()
    fuzz(bases, 20, options.seed + 1)  # what is imported on the way isn't a mutant's
    bound_memory()
    start = time.perf_counter()
    outcomes, failures = fuzz(bases, options.count, options.seed, every=options.every, keep=options.keep)
    kinds = sorted({k.partition(":")[0] for k in outcomes if ":" in k})
    counts = ", ".join(f"{n} {o}" for o, n in outcomes.items() if ":" not in o)
    print(
        f"{options.count} mutants of {len(bases)} files, seed {options.seed}: {counts}; {time.perf_counter() - start:.0f} s"
    )
    for kind in kinds:
        print(
            f"  {kind}: "
            + ", ".join(f"{n} {o.partition(': ')[2]}" for o, n in outcomes.items() if o.startswith(f"{kind}: "))
        )
    for failure in failures:
        print(f"  {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
