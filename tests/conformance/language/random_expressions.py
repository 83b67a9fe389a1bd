"""Random expressions of a given type without tensors, for the property tests of the language.

Types are those of annotations (`List[int]`). Each type has templates whose holes are `{type}` for any expression of that type,
`{name:type}` for a variable of that type, and `{target:type|expression}` for an expression that sees one more variable.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

SCALARS = ("int", "float", "bool", "str")
KEYS = ("int", "str")
TYPES = (
    *SCALARS, "List[int]", "List[str]", "List[float]", "List[bool]", "List[List[int]]", "Dict[str, int]", "Dict[int, str]",
    "Dict[str, List[int]]", "Tuple[int, str]", "Tuple[float, bool, int]", "List[Tuple[int, str]]", "Set[int]", "Set[str]",
    "Optional[int]", "Optional[str]", "Optional[List[int]]",
)  # fmt: skip

LITERALS = {
    "int": ("0", "1", "2", "3", "-1", "-2", "7", "10", "-5", "100"),
    "float": ("0.0", "1.0", "0.5", "-1.5", "2.0", "3.25", "-0.25", "1e3", "10.0"),
    "bool": ("True", "False"),
    "str": ("''", "'a'", "'b'", "'ab'", "'xyz'", "'Hello World'", "' pad '", "'1'", "'42'", "'a,b,c'", "'-'"),
}

SCALAR_TEMPLATES: dict[str, tuple[str, ...]] = {
    "int": (
        "{int} + {int}", "{int} - {int}", "{int} * {lit:int}", "{int} // {lit:int}", "{int} % {lit:int}", "{int} // {int}",
        "{int} % {int}", "-{int}", "+{int}", "~{int}", "{int} & {int}", "{int} | {int}", "{int} ^ {int}",
        "({int} % 8) << ({int} % 5)",
        "{int} >> ({int} % 5)", "{int} if {bool} else {int}", "len({str})", "len({List[int]})", "len({List[str]})",
        "len({Dict[str, int]})", "len({Set[int]})", "abs({int})", "min({int}, {int})", "max({int}, {int}, {int})",
        "int({bool})",
        "sum({List[int]})", "{List[int]}[{small}]", "{name:List[int]}[{int}]", "{name:List[int]}[-1]",
        "{Dict[str, int]}.get({str}, {int})", "{name:Dict[str, int]}[{str}]", "{Tuple[int, str]}[0]",
        "{Tuple[float, bool, int]}[-1]",
        "{str}.find({str})", "{str}.count({str})", "{List[int]}.count({int})", "{List[int]}.index({int})", "ord({lit:char})",
        "int({lit:digits})", "int({str})", "round({modest})", "int({modest})", "max({List[int]})", "min({List[int]})",
        "divmod({int}, {lit:int})[1]", "{lit:int} ** 2", "({int} % 10) ** 3", "{bool} + {int}", "{int} or {int}",
        "{int} and {int}",
        "sum([{e:int|int} for e in {List[int]}])", "sum({e:int|int} for e in {List[int]} if {e:int|bool})",
        "math.floor({modest})",
        "math.ceil({modest})", "len([{e:str|int} for e in {str}])", "{List[List[int]]}[{small}][{small}]",
        "helper_i({int}, {int})",
        "Point({int}, {int}).total({int})", "len({List[Tuple[int, str]]})", "sum([1 for e in {List[str]} if {e:str|bool}])",
        "math.gcd({int}, {int})", "next(iter({List[int]}))", "max({List[int]}, default={int})", "sum({List[int]}, {int})",
        "bool({int}) + 1", "(lambda q: {q:int|int})({int})", "helper_o({int}) or {int}", "math.prod({lit:ints})",
        "hash({int} % 100)",
        "min({List[str]}, key=len).count('a')", "abs({int} - {int})",
        "next((e for e in {List[int]} if {e:int|bool}), {int})",
        "{str}.rfind({lit:char})", "{str}.index({lit:char})", "pow({int} % 7, 2)", "{int} % 5 - 2",
    ),
    "float": (
        "{float} + {float}", "{float} - {float}", "{float} * {lit:float}", "{float} / {lit:float}", "{float} / {float}",
        "{int} / {int}", "{int} / {lit:int}", "{modest} // {lit:float}", "{modest} % {lit:float}", "-{float}",
        "abs({float})",
        "float({int})", "float({bool})", "{int} * {lit:float}", "{int} + {float}", "min({float}, {float})",
        "max({float}, {float})",
        "{float} if {bool} else {float}", "round({modest}, 2)", "math.sqrt(abs({modest}))", "sum({List[float]})",
        "{name:List[float]}[{small}]", "{Tuple[float, bool, int]}[0]", "float({lit:digits})", "math.floor({modest}) * 0.5",
        "sum([{e:float|float} for e in {List[float]}])", "{modest} ** 2", "helper_f({float})", "math.sqrt({modest})",
        "float({str})",
        "math.fabs({float})", "math.exp(-abs({modest}))", "math.copysign({modest}, {float})",
        "math.fmod({modest}, {lit:float})",
        "{modest} // {float}", "{modest} % {float}", "math.pi * {int}", "float('inf')", "math.trunc({modest}) / 2",
        "{float} or {float}",
        "max({List[float]})", "math.hypot({modest}, 3.0)", "divmod({modest}, {lit:float})[0]", "{int} // {lit:float}",
        "{bool} * {float}",
        "2 ** -{lit:int}", "math.log({modest})", "math.log(abs({modest}) + 1.0)", "math.atan2({modest}, {modest})",
    ),
    "bool": (
        "{int} < {int}", "{int} == {int}", "{int} != {int}", "{int} >= {int}", "{float} < {float}", "{float} <= {float}",
        "{str} == {str}",
        "{str} < {str}", "not {bool}", "{bool} and {bool}", "{bool} or {bool}", "{int} < {int} <= {int}",
        "{int} in {List[int]}",
        "{str} in {str}", "{str} in {Dict[str, int]}", "{int} not in {Set[int]}", "{str} not in {List[str]}",
        "{bool} == {bool}",
        "{bool} != {bool}", "bool({int})", "bool({str})", "bool({float})", "bool({List[int]})", "not {int}", "not {str}",
        "not {List[int]}",
        "{str}.startswith({str})", "{str}.endswith({str})", "{str}.isdigit()", "{str}.isalpha()", "any({List[bool]})",
        "all({List[bool]})",
        "any([{e:int|bool} for e in {List[int]}])", "all({e:int|bool} for e in {List[int]})",
        "any({e:str|bool} for e in {List[str]})",
        "{List[int]} == {List[int]}", "{Dict[str, int]} == {Dict[str, int]}", "{Tuple[int, str]} == {Tuple[int, str]}",
        "{Tuple[int, str]} < {Tuple[int, str]}", "{List[int]} < {List[int]}", "{name:Optional[int]} is None",
        "{name:Optional[str]} is not None", "{Tuple[float, bool, int]}[1]", "{name:List[int]} is {name:List[int]}",
        "math.isnan({float})",
        "{float} == {int}", "{int} > {float}", "{bool} if {bool} else {bool}", "helper_b({int}, {str})", "{bool} ^ {bool}",
        "{bool} & {bool}", "{bool} | {bool}", "{str} is not None", "Point({int}, 1) == Point({int}, 1)",
        "{Set[int]} <= {Set[int]}",
        "{Set[int]} == {Set[int]}", "{int} == {int} == {int}", "{str} < {str} < {str}", "{Optional[int]} == {int}",
        "isinstance({name:Optional[int]}, int)", "{int} in {Dict[int, str]}", "{Set[int]}.isdisjoint({Set[int]})",
        "{List[List[int]]} == {List[List[int]]}", "{int} in ({int}, {int})", "{bool} < {bool}", "{str}.isupper()",
        "{str}.isspace()",
        "{Optional[str]} == {Optional[str]}", "{List[str]} != {List[str]}", "{str} != {str}", "{int} in [1, 2, {int}]",
        "{int} > 0 or {int} < 9",
    ),
    "str": (
        "{str} + {str}", "str({int})", "str({modest})", "str({bool})", "{str} * ({int} % 4)", "{str}.upper()",
        "{str}.lower()",
        "{str}.strip()", "{str}.replace({str}, {str})", "{str}[{int}:{int}]", "{str}[::-1]", "{str}[{int}]",
        "{str} if {bool} else {str}",
        "{lit:sep}.join({List[str]})", "f'{{{name:int}}}-{{{name:str}}}'", "f'{{{name:int}:04d}}'", "f'{{{name:int}:>5}}|'",
        "f'{{{name:str}!r}}'", "f'{{{name:str}:<6}}.'", "f'{{{name:float}:.2f}}'", "f'{{{name:bool}}} {{{name:int} + 1}}'",
        "'%d/%s' % ({int}, {str})", "'{{}} {{}}'.format({int}, {str})", "{Dict[int, str]}.get({int}, {str})",
        "{name:List[str]}[{small}]",
        "{Tuple[int, str]}[1]", "str({List[int]})", "repr({str})", "{str}.capitalize()", "{str}.title()", "{str}.zfill(5)",
        "{str}.center(9, '*')", "{str}.ljust(4)", "max({str}, {str})", "min({str}, {str})", "chr(97 + {int} % 26)",
        "str({Dict[str, int]})",
        "str({Tuple[int, str]})", "''.join([{e:str|str} for e in {str}])", "''.join(sorted({str}))",
        "{str}.split({lit:sep})[0]",
        "helper_s({str}, {int})", "{str}.lstrip('ab')", "{str}.swapcase()", "{str}.rjust(5, '0')",
        "''.join(reversed({str}))",
        "str({Optional[int]})", "{str} or {str}", "{str}[{int}:{int}:2]", "','.join({e:int|str} for e in {List[int]})",
        "hex({int})",
        "bin({int} % 16)", "str({List[str]})", "f'{{{name:List[int]}}}'", "str(Point({int}, {int}))",
        "{str}.partition({lit:sep})[2]",
        "str({List[float]})", "'%5.1f' % {modest}", "'%s' % {int}", "f'{{{name:int}:+d}}'", "{str}.removeprefix({lit:char})",
        "'{{:>6}}'.format({str})", "f'{{{name:float}:8.3e}}'", "type({int}).__name__", "{str}.expandtabs(2)",
        "{str}.rsplit({lit:sep}, 1)[-1]",
    ),
}  # fmt: skip

CONTAINER_TEMPLATES: dict[str, tuple[str, ...]] = {
    "List[int]": (
        "list(range({small}))", "list(range({int} % 5, {int} % 9))", "list(range({small}, -1, -1))",
        "[{e:str|int} for e in {List[str]}]",
        "[{e:int|int} for e in {List[int]} if {e:int|bool}]", "sorted({Set[int]})", "sorted({Dict[int, str]})",
        "[v for v in {Dict[str, int]}.values()]", "list({Dict[str, int]}.values())", "[ord(c) for c in {str}]",
        "[{e:int|int} for e in range({small})]", "sorted({List[int]}, key=lambda e: {e:int|int})",
        "sum({List[List[int]]}, [])",
        "[i * j for i in range({small}) for j in range(2) if i != j]", "list(map(len, {List[str]}))",
        "[w for r in {List[List[int]]} for w in r]",
        "list(map(lambda e: {e:int|int}, {List[int]}))", "list(filter(lambda e: {e:int|bool}, {List[int]}))",
        "[p + q for p, q in zip({List[int]}, {List[int]})]", "[i + e for i, e in enumerate({List[int]})]",
        "{List[List[int]]}[{small}]",
        "list({Set[int]} & {lit:intset})", "[t[0] for t in {List[Tuple[int, str]]}]",
        "{Dict[str, List[int]]}.get({str}, {List[int]})",
        "[*{List[int]}, {int}]", "[{int}, *{List[int]}]", "{List[int]} or {List[int]}", "helper_l({List[int]}, {int})",
        "[(z := {e:int|int}) for e in {List[int]}]", "[0] * {small}",
    ),
    "List[str]": (
        "{str}.split({lit:sep})", "{str}.split()", "[{e:str|str} for e in {List[str]}]", "sorted({Set[str]})",
        "list({Dict[str, int]}.keys())",
        "[str(i) for i in {List[int]}]", "list({str})", "sorted({Dict[str, int]})", "sorted({List[str]}, key=len)",
        "list({Dict[int, str]}.values())",
        "[{e:str|str} for e in {List[str]} if {e:str|bool}]", "sorted({List[str]}, reverse=True)",
        "[k for k, v in {Dict[str, int]}.items() if v > {int}]",
        "[t[1] for t in {List[Tuple[int, str]]}]", "{str}.splitlines()",
        "[f'{{i}}{{e}}' for i, e in enumerate({List[str]}, 1)]",
    ),
    "List[float]": ("[{e:int|float} for e in {List[int]}]", "[float(i) for i in {List[int]}]", "sorted({List[float]})"),
    "List[bool]": ("[{e:int|bool} for e in {List[int]}]", "[not e for e in {List[bool]}]", "[e > 1 for e in {List[int]}]"),
    "List[List[int]]": (
        "[[{e:int|int} for i in range({small})] for e in {List[int]}]", "[{e:int|List[int]} for e in range({small})]"
    ),
    "Dict[str, int]": (
        "{{e: {e:str|int} for e in {List[str]}}}", "dict({Dict[str, int]})", "{Dict[str, int]}.copy()",
        "{{**{Dict[str, int]}, {str}: {int}}}",
        "{Dict[str, int]} | {Dict[str, int]}", "{{v: k for k, v in {Dict[int, str]}.items()}}",
        "dict(zip({List[str]}, {List[int]}))",
        "{{k: v + 1 for k, v in {Dict[str, int]}.items() if v != {int}}}",
    ),
    "Dict[int, str]": (
        "{{e: {e:int|str} for e in {List[int]}}}", "{{i: c for i, c in enumerate({List[str]})}}", "dict({Dict[int, str]})"
    ),
    "Dict[str, List[int]]": ("{{e: {e:str|List[int]} for e in {List[str]}}}",),
    "List[Tuple[int, str]]": (
        "list(enumerate({List[str]}))", "list(zip({List[int]}, {List[str]}))", "list({Dict[int, str]}.items())",
        "sorted({List[Tuple[int, str]]})",
        "[({e:int|int}, {e:int|str}) for e in {List[int]}]", "sorted({List[Tuple[int, str]]}, key=lambda p: p[1])",
    ),
    "Set[int]": (
        "set({List[int]})", "{{{e:int|int} for e in {List[int]}}}", "{Set[int]} | {Set[int]}", "{Set[int]} & {Set[int]}",
        "{Set[int]} - {Set[int]}",
        "{Set[int]} ^ {Set[int]}", "{Set[int]}.union({List[int]})",
    ),
    "Set[str]": (
        "set({List[str]})", "set({str})", "{Set[str]} | {Set[str]}", "{Set[str]} - {Set[str]}",
        "{{c for c in {str} if c != 'a'}}",
    ),
    "Optional[int]": ("helper_o({int})", "{Dict[str, int]}.get({str})", "{int} if {bool} else None", "None", "{int}"),
    "Optional[str]": ("{Dict[int, str]}.get({int})", "{str} if {bool} else None", "None", "{str}"),
    "Optional[List[int]]": ("{List[int]} if {bool} else None", "None", "{List[int]}", "{Dict[str, List[int]]}.get({str})"),
}  # fmt: skip

OTHER_LITERALS = {
    "char": ("'a'", "'b'", "'z'", "'0'"), "digits": ("'12'", "'-3'", "'007'", "' 5 '"), "sep": ("','", "' '", "'-'", "'a'"),
    "ints": ("[1, 2, 3]", "[4]", "[2, 5]"), "intset": ("{1, 2, 3}", "{0, -1}"),
}  # fmt: skip

_HOLE = re.compile(r"\{((?:lit|name):[^{}|]*|[a-z]\w*:[^{}|]*\|[^{}]*|[A-Za-z][A-Za-z\[\], ]*)\}")


def element(kind: str) -> str:
    """`T` of `List[T]`, `Set[T]` and `Optional[T]`."""
    return kind[kind.index("[") + 1 : -1]


def arguments(kind: str) -> list[str]:
    """The types between the brackets."""
    parts: list[str] = [""]
    for c in element(kind):
        depth = parts[-1].count("[") - parts[-1].count("]")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


class NoVariable(LookupError):
    """A template needs a variable of a type that none has."""


@dataclass
class Expressions:
    """Makes expressions of the variables in `variables`, whose values are their types."""

    rng: random.Random
    variables: dict[str, str] = field(default_factory=dict[str, str])
    used: set[str] = field(default_factory=set[str])
    """Templates that the program has."""

    def names(self, kind: str) -> list[str]:
        """The variables of a type."""
        return [n for n, k in self.variables.items() if k == kind]

    def literal(self, kind: str) -> str:
        """A constant, or a display of constants."""
        pick, rng = self.rng.choice, self.rng
        if kind in LITERALS:
            return pick(LITERALS[kind])
        if kind.startswith("Optional"):
            return self.literal(element(kind)) if rng.random() < 0.5 else "None"
        parts = arguments(kind)
        count = rng.randint(1, 3)
        if kind.startswith("Tuple"):
            return f"({', '.join(map(self.literal, parts))})"
        if kind.startswith("Dict"):
            return "{" + ", ".join(f"{self.literal(parts[0])}: {self.literal(parts[1])}" for _ in range(count)) + "}"
        items = ", ".join(self.literal(parts[0]) for _ in range(count))
        return f"[{items}]" if kind.startswith("List") else "{" + items + "}"

    def display(self, kind: str, depth: int) -> str:
        """A display of expressions."""
        parts = arguments(kind)
        make = lambda k: self.expression(k, depth - 1)  # noqa: E731
        if kind.startswith("Tuple"):
            return f"({', '.join(map(make, parts))})"
        count = self.rng.randint(1, 3)
        if kind.startswith("Dict"):
            return "{" + ", ".join(f"{make(parts[0])}: {make(parts[1])}" for _ in range(count)) + "}"
        items = ", ".join(make(parts[0]) for _ in range(count))
        return f"[{items}]" if kind.startswith("List") else "{" + items + "}"

    def general(self, kind: str) -> Sequence[str]:
        """Templates that every list, dict, tuple and optional has."""
        found = [*CONTAINER_TEMPLATES.get(kind, ()), "{@} if {bool} else {@}".replace("@", kind)]
        if kind.startswith("List"):
            s = f"{{{kind}}}"
            found += [f"{s} + {s}", f"{s}[{{int}}:{{int}}]", f"{s}[::-1]", f"list(reversed({s}))", f"{s} * ({{int}} % 3)"]
            found += [f"list({s})", f"{s}.copy()", f"{s}[:{{int}}]", f"{s}[{{int}}::2]", f"{s}[{{int}}:{{int}}:-1]"]
        return found

    def expression(self, kind: str, depth: int = 2) -> str:
        """An expression of a type, at most `depth` operators deep."""
        rng = self.rng
        names = self.names(kind)
        if depth <= 0 or rng.random() < 0.2:
            if names and rng.random() < 0.75:
                return rng.choice(names)
            return self.literal(kind)
        if kind not in SCALARS and not kind.startswith("Optional") and rng.random() < 0.25:
            return self.display(kind, depth)
        template = rng.choice(SCALAR_TEMPLATES[kind] if kind in SCALARS else self.general(kind))
        self.used.add(template)
        try:
            return self.fill(template, depth)
        except NoVariable:
            return self.literal(kind)

    def fill(self, template: str, depth: int) -> str:
        """The template with expressions in its holes; doubled braces are braces."""
        marked = re.sub(r"\}\}(?!\})", "\2", template.replace("{{", "\1"))
        return _HOLE.sub(lambda m: self.hole(m[1], depth), marked).replace("\1", "{").replace("\2", "}")

    def hole(self, hole: str, depth: int) -> str:
        """What stands in one hole."""
        rng = self.rng
        if hole.startswith("lit:"):
            return rng.choice(OTHER_LITERALS.get(hole[4:]) or LITERALS[hole[4:]])
        if hole.startswith("name:"):
            names = self.names(hole[5:])
            if not names:
                raise NoVariable(hole)
            return rng.choice(names)
        if hole == "small":
            return rng.choice(["0", "1", "2", "3", *(f"({n} % 4)" for n in self.names("int"))])
        if hole == "modest":
            return rng.choice([*LITERALS["float"], *self.names("float"), *(f"({n} * 0.5)" for n in self.names("int"))])
        if "|" in hole:
            target, _, rest = hole.partition(":")
            bound, _, kind = rest.partition("|")
            outer = self.variables
            self.variables = {**outer, target: bound}
            made = self.expression(kind, depth - 1)
            self.variables = outer
            return f"({made})" if not made.isidentifier() else made
        made = self.expression(hole, depth - 1)
        return made if re.fullmatch(r"\w+|\[.*\]|'[^']*'", made) and made.count("[") <= 1 else f"({made})"
