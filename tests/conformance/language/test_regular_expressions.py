"""`re` on texts that only the running program knows, next to plain Python."""

import re
from typing import Dict, List

import pytest

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()

ITEMS = re.compile(r"(?P<key>\w+):(?P<value>\d+)", re.IGNORECASE)


@feature("Standard library", "re.match, search, fullmatch and their matches: groups by number and name, spans, groupdict()")
@programs("layer12.weight")
@programs("layer3.bias=x")
@programs("other")
def matches(name: str):
    if (m := re.match(r"layer(\d+)\.(?P<what>\w+)(=(x|y))?", name)) is None:
        return None
    number, what, _, letter = m.groups()
    whole = m.group(), m.group(0), m[2], m["what"], m.group(1, "what"), m.groups(""), m.groupdict(), m.string
    places = m.start(), m.end(), m.span(2), m.start("what"), m.span(4)
    return (
        int(number) + 1,
        what,
        letter,
        whole,
        places,
        re.search(r"\.b", name) is not None,
        bool(re.fullmatch(r"\w+", name)),
    )


@feature("Standard library", "re.findall, finditer, split, sub (also with a function), subn, escape, compiled patterns")
@programs("a:1 B:22,c;d  e")
@programs("")
def found(text: str):
    table: Dict[str, int] = {}
    for m in ITEMS.finditer(text):
        table[m["key"]] = int(m.group("value")) + m.start()
    pattern = re.compile("[,;]")
    doubled = re.sub(r"\d+", lambda m: m.group() + "!" + m.group(), text)
    lists = re.findall(r"\w", text), re.findall(r"(\w):(\d)", text), re.split(r"[,;]", text), pattern.split(text, 1)
    texts = re.sub(r"\s+", " ", text), re.sub("(.):", r"\1=", text, count=1), re.subn(":", "", text), re.escape(text)
    return table, doubled, lists, texts, pattern.search(text) is None, re.sub("a", "z", text, flags=re.I)


@programs("b+", "abbc")
@programs("(x", "abbc")
def given_pattern(pattern: str, text: str):
    m = re.search(pattern, text)
    parts: List[str] = re.split(pattern, text)
    return "none" if m is None else m.group(), parts


@programs.parametrized()
def test_as_in_python(function, arguments) -> None:
    check(function, arguments)


def test_what_is_refused() -> None:
    def of_unknown_pattern(pattern: str, text: str):
        return re.findall(pattern, text)

    def of_unknown_flags(text: str, flags: int):
        return re.match("a", text, flags) is None

    with pytest.raises(tsir.TsirError, match=r"re\.findall\(\) needs a pattern that is a constant"):
        tsir.script(of_unknown_pattern)
    with pytest.raises(tsir.TsirError, match="the flags of a regular expression have to be constants"):
        tsir.script(of_unknown_flags)
