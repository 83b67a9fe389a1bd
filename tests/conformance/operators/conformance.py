"""Runs torch's whole operator database through tsir: `python tests/conformance/operators/conformance.py [options]`.

Prints, by dtype, how many entries are right with all of their samples, and the failures by cause. Takes long: see --help for
how to run a part of it.
"""

import argparse
import json
import os
import re
import signal
import sys
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))

from comparison import difference
from database import (
    RANDOM,
    SUMS,
    UP_TO_PHASE,
    Call,
    call_text,
    compiled_function,
    eager_function,
    full_name,
    in_scope,
    is_scriptable,
    traced_function,
)

import tsir
from tsir.errors import TsirError

DTYPES = ("float32", "float64", "int64", "bool", "float16", "bfloat16", "complex64", "uint8")
SECONDS = 20
"""How long one sample may take."""


class TimedOut(Exception):
    pass


def _expire(*_):
    raise TimedOut


def copied(x):
    """A tensor of equal contents, strides and offset in memory of its own."""
    base = torch.empty(0, dtype=x.dtype).set_(x.untyped_storage().clone(), x.storage_offset(), x.size(), x.stride())
    if x.is_conj():
        base = base.conj()
    if x.is_neg():
        base = torch._neg_view(base)
    return base


def run_call(entry, call: Call) -> str | None:
    """Why a compiled call differs from eager; None when it doesn't."""
    mine, theirs = [copied(t) for t in call.tensors], [copied(t) for t in call.tensors]
    try:
        with torch.no_grad():
            expected = eager_function(call.text, len(theirs))(*theirs)
    except Exception:  # noqa: BLE001 whatever eager raises, there is nothing to compare with
        return None
    signal.signal(signal.SIGALRM, _expire)
    signal.alarm(SECONDS)
    try:
        try:
            compiled = compiled_function(call.text, len(mine))
        except TsirError:
            if is_scriptable(call.text, len(mine)):
                raise
            compiled = traced_function(call.text, [copied(t) for t in call.tensors])
        found = compiled(*mine)
    except TimedOut:
        return "timed out"
    except TsirError as error:
        return f"{type(error).__name__}: {error!s}"
    except Exception as error:  # noqa: BLE001 counted as what it is
        return f"TRACEBACK {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    exact = entry.name not in RANDOM and not re.search(r"dropout_p=0\.[1-9]|training=True, use_sep", call.text)
    try:
        phase, summed = entry.name in UP_TO_PHASE, bool(SUMS.search(entry.name))
        why = difference(found, expected, mine, theirs, values=exact, up_to_phase=phase, summed=summed)
        for m, t in zip(mine, theirs):
            why = why or (difference(m, t, (), (), values=exact) and "an input was written otherwise")
    except Exception as error:  # noqa: BLE001 counted as what it is
        return f"comparison {type(error).__name__}: {error}"
    return why


def run_traced(entry, sample) -> str | None:
    """As `run_call`, of an entry's callable that has no name: traced."""
    tensors = [a for a in (sample.input, *sample.args, *sample.kwargs.values()) if isinstance(a, torch.Tensor)]
    mine, theirs = [copied(t) for t in tensors], [copied(t) for t in tensors]

    def call(*given):
        rest = iter(given)
        args = [next(rest) if isinstance(a, torch.Tensor) else a for a in (sample.input, *sample.args)]
        keywords = {k: next(rest) if isinstance(a, torch.Tensor) else a for k, a in sample.kwargs.items()}
        return entry.op(*args, **keywords)

    expected = call(*theirs)
    try:
        found = tsir.trace(call, tuple(copied(t) for t in tensors), check_trace=False)(*mine)
    except Exception as error:  # noqa: BLE001 counted as what it is
        return f"{type(error).__name__}: {error}"
    return difference(found, expected, mine, theirs, values=entry.name not in RANDOM)


def run_entry(entry, dtype, limit=None) -> dict:
    """The outcome of an entry with all of its samples in a dtype: counts, and an example of each failure."""
    outcome = {
        "name": full_name(entry),
        "dtype": str(dtype).removeprefix("torch."),
        "samples": 0,
        "right": 0,
        "failures": [],
    }
    torch.manual_seed(0)
    started = time.monotonic()
    try:
        samples = entry.sample_inputs("cpu", dtype, requires_grad=False)
        for number, sample in enumerate(samples):
            if limit is not None and number >= limit:
                break
            outcome["samples"] += 1
            call = call_text(entry, sample)
            why = run_traced(entry, sample) if call is None else run_call(entry, call)
            if why is None:
                outcome["right"] += 1
            elif len(outcome["failures"]) < 60:
                shapes = (
                    ""
                    if call is None
                    else ", ".join(f"{t.dtype}{list(t.shape)}".replace("torch.", "") for t in call.tensors)
                )
                outcome["failures"].append([why, f"{'traced' if call is None else call.text}  # {shapes}"])
    except Exception as error:  # noqa: BLE001 the database's own failure, reported as such
        outcome["failures"].append([f"DATABASE {type(error).__name__}: {error}", ""])
    outcome["seconds"] = round(time.monotonic() - started, 2)
    return outcome


def run_errors(entry) -> dict:
    """The outcome of an entry with its wrong inputs: how many raise torch's exception type or a class derived from it."""
    outcome = {"name": full_name(entry), "dtype": "errors", "samples": 0, "right": 0, "failures": []}
    torch.manual_seed(0)
    started = time.monotonic()
    inputs = () if entry.error_inputs_func is None else entry.error_inputs("cpu")
    for wrong in inputs:
        call = call_text(entry, wrong.sample_input)
        if call is None or any(t.device.type != "cpu" or t.layout is not torch.strided for t in call.tensors):
            continue
        expected = _raised(eager_function, call)
        if expected is None:
            continue
        outcome["samples"] += 1
        found = _raised(compiled_function, call)
        if isinstance(found, type(expected)):
            outcome["right"] += 1
            continue
        why = "no error" if found is None else f"{type(found).__name__}: {found}"
        outcome["failures"].append([f"{why}\n    instead of {type(expected).__name__}: {expected}", call.text])
    outcome["seconds"] = round(time.monotonic() - started, 2)
    return outcome


def _raised(make, call: Call) -> Exception | None:
    """What a sample raises, as a Python function or compiled."""
    tensors = [copied(t) for t in call.tensors]
    signal.signal(signal.SIGALRM, _expire)
    signal.alarm(SECONDS)
    try:
        with torch.no_grad():
            make(call.text, len(tensors))(*tensors)
    except Exception as error:  # noqa: BLE001 it is what is asked for
        return error
    finally:
        signal.alarm(0)
    return None


def cause(text: str) -> str:
    """A failure's first line without places, numbers and shapes."""
    first = text.strip().splitlines()[0]
    if "error[TS305]" in first:
        first = first.split(" take")[0]
    first = re.sub(r"<sample \d+>:\d+:\d+:?", "", first)
    return re.sub(r"-?\d+(\.\d+)?(e[+-]?\d+)?", "N", first)[:150]


def show(outcomes: list[dict], entries: bool) -> None:
    """Prints percentages by dtype and the failures by cause."""
    by_dtype = defaultdict(list)
    for o in outcomes:
        by_dtype[o["dtype"]].append(o)
    for dtype in sorted(by_dtype, key=lambda d: DTYPES.index(d) if d in DTYPES else 99):
        found = by_dtype[dtype]
        right = sum(o["samples"] == o["right"] and not o["failures"] for o in found)
        samples, ok = sum(o["samples"] for o in found), sum(o["right"] for o in found)
        print(
            f"{dtype:10} {right:4} of {len(found):4} entries right ({100 * right / max(len(found), 1):.1f} %), "
            f"{ok} of {samples} samples ({100 * ok / max(samples, 1):.1f} %)"
        )
    causes: dict[str, Counter] = defaultdict(Counter)
    for o in outcomes:
        for why, _ in o["failures"]:
            causes[cause(why)][f"{o['name']}"] += 1
    if entries:
        for text, names in sorted(causes.items(), key=lambda item: -len(item[1])):
            print(f"\n{len(names)} entries: {text}\n    {' '.join(names)[:600]}")


def write_results(outcomes: list[dict], path: Path) -> None:
    """Writes how many samples of each entry are right by dtype, beside what the file has of others: what docs/operators.md shows."""
    known: dict[str, dict[str, list[int]]] = json.loads(path.read_text()) if path.exists() else {}
    for o in outcomes:
        if o["dtype"] != "errors" and o["samples"]:
            known.setdefault(o["name"], {})[o["dtype"]] = [o["right"], o["samples"]]
    lines = [
        f"{json.dumps(name)}: {json.dumps({d: of[d] for d in DTYPES if d in of})}" for name, of in sorted(known.items())
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dtype", action="append", choices=DTYPES, help="only this dtype (may be repeated)")
    parser.add_argument("--only", help="only entries whose name matches this regular expression")
    parser.add_argument("--part", default="0/1", help="i/n: every n-th entry, from the i-th on")
    parser.add_argument("--limit", type=int, help="at most this many samples of an entry")
    parser.add_argument("--json", type=Path, help="append each outcome to this file as a line, and leave out what it has")
    parser.add_argument(
        "--errors", action="store_true", help="instead of samples, the inputs that raise: compares exception types"
    )
    parser.add_argument("--results", type=Path, help="enter the counts in this file, such as docs/conformance.json")
    parser.add_argument("--show", action="store_true", help="only print what the --json file holds")
    parser.add_argument("--failures", action="store_true", help="print each entry's failures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    os.environ.setdefault("TSIR_CACHE", "0")
    outcomes: list[dict] = []
    if options.json and options.json.exists():
        outcomes = [json.loads(line) for line in options.json.read_text().splitlines()]
    done = {(o["name"], o["dtype"]) for o in outcomes}
    if not options.show:
        index, count = map(int, options.part.split("/"))
        pattern = re.compile(options.only or "")
        for dtype in ("errors",) if options.errors else options.dtype or DTYPES:
            for entry in in_scope()[index::count]:
                if not pattern.search(full_name(entry)) or (full_name(entry), dtype) in done:
                    continue
                kind = None if options.errors else getattr(torch, dtype)
                if kind is not None and kind not in entry.dtypes:
                    continue
                outcome = run_errors(entry) if kind is None else run_entry(entry, kind, options.limit)
                outcomes.append(outcome)
                if options.json:
                    with options.json.open("a") as file:
                        file.write(json.dumps(outcome) + "\n")
                if options.failures:
                    for why, text in outcome["failures"]:
                        print(f"{outcome['name']} {dtype}: {why}\n        {text}")
    if options.results:
        write_results(outcomes, options.results)
    show(outcomes, True)


if __name__ == "__main__":
    main()
