"""Sets from outside: constants with run-time elements looked for, and sets that the program changes."""

from typing import List, Set

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()

VOWELS = frozenset("aeiou")
STOP = {"the", "a"}
PAIRS = {(1, 2), (3, 4)}
SEEN: Set[int] = set()
KNOWN = {1, 2}


@feature("Globals and constants", "sets and frozensets from outside, with elements of run time looked for in them")
@programs("hello")
def counted(text: str):
    n = 0
    for c in text:
        if c in VOWELS:
            n += 1
    return n, [c for c in text if c not in STOP], "a" in VOWELS, (len(text), 2) in PAIRS, (n - 1, n) in PAIRS


class Words:
    short = {"x", "y"}

    def __init__(self):
        self.skipped = {"q"}

    def kept(self, words: List[str]) -> List[str]:
        return [w for w in words if w not in STOP and w not in self.short and w not in self.skipped]


WORDS = Words()


@programs(["the", "x", "q", "ok"])
def of_objects(words: List[str]):
    return WORDS.kept(words), Words().kept(words), set(words) & STOP, sorted(set(words) - STOP), STOP.issubset(words)


@programs(["the", "a"])
def compared(words: List[str]):
    return STOP == set(words), STOP.union(words) == STOP, STOP <= set(words), len(STOP), sorted(STOP), [len(w) for w in STOP]


@feature("Globals and constants", "sets from outside that the program changes")
@programs(7)
@programs(2)
def changed(n: int):
    new = n not in KNOWN
    KNOWN.add(n)
    SEEN.add(n)
    SEEN.add(n + 1)
    found = len(SEEN), len(KNOWN), n in SEEN
    SEEN.clear()
    if new:
        KNOWN.remove(n)
    return found


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)


def test_changes_are_seen_outside() -> None:
    def remember(n: int):
        SEEN.add(n)

    import tsir

    compiled = tsir.script(remember)
    compiled(3)
    compiled(5)
    assert SEEN == {3, 5}
    SEEN.clear()
