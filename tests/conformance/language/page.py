"""The table of the language in README.md and its rows in docs/language.md: `python -m tests.conformance.language.page`.

Made from the `@feature` marks of the tests in this folder and in tests/conformance/modules, read from their source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.language.features import AREAS

ROOT = Path(__file__).parents[3]
FOLDERS = ("tests/conformance/language", "tests/conformance/modules", "tests/unit/frontend")
BEGIN, END = "<!-- language: made by python -m tests.conformance.language.page -->", "<!-- /language -->"

_HEAD = """\
# The language

Made by `python -m tests.conformance.language.page` from the tests that show each feature: they compare what tsir gives with plain
Python and torch eager. What isn't tested isn't here.
"""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Shown:
    """A feature and the definition whose test shows it, with the number of calls that are compared."""

    area: str
    name: str
    path: str
    shown_by: str
    calls: int


def _called(decorator: ast.expr) -> str:
    """The name that a decorator calls, or is: `pytest.mark.skip(...)` is `skip`."""
    callee = decorator.func if isinstance(decorator, ast.Call) else decorator
    return callee.attr if isinstance(callee, ast.Attribute) else callee.id if isinstance(callee, ast.Name) else ""


def _marks(definition: Definition) -> Iterator[tuple[str, str]]:
    for decorator in definition.decorator_list:
        if isinstance(decorator, ast.Call) and _called(decorator) == "feature":
            area, *names = [ast.literal_eval(argument) for argument in decorator.args]
            yield from ((area, name) for name in names)


def _calls(definition: Definition, uses: set[str], runs_programs: bool) -> int:
    """How many comparisons a definition is part of; 0 if no test runs it."""
    names = [_called(decorator) for decorator in definition.decorator_list]
    if {"skip", "skipif", "xfail"} & set(names):
        return 0
    if runs_programs and "programs" in names:
        return names.count("programs")
    return int(definition.name.startswith("test_") or definition.name in uses)


def marked(text: str, path: str) -> Iterator[Shown]:
    """The features that a test file shows.

    Raises:
        ValueError: a definition is marked that no test runs.
    """
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    uses = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    runs = any(isinstance(node, ast.Attribute) and node.attr == "parametrized" for node in nodes)
    for node in nodes:
        if not isinstance(node, Definition):
            continue
        for area, name in _marks(node):
            calls = _calls(node, uses, runs)
            if not calls:
                raise ValueError(f"{path}:{node.lineno}: {node.name} is marked {name!r}, and no test runs it")
            yield Shown(area, name, path, node.name, calls)


def all_shown() -> list[Shown]:
    """The features of every test file."""
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).glob("*.py"))]
    return [shown for file in files for shown in marked(file.read_text(), file.relative_to(ROOT).as_posix())]


def _by_area(shown: list[Shown]) -> dict[str, dict[str, list[Shown]]]:
    areas: dict[str, dict[str, list[Shown]]] = {area: {} for area in AREAS}
    for one in shown:
        areas[one.area].setdefault(one.name, []).append(one)
    return {area: dict(sorted(features.items(), key=lambda f: _plain(f[0]))) for area, features in areas.items() if features}


def _plain(name: str) -> str:
    return name.replace("`", "").lower()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(area: str) -> str:
    return "".join(c for c in area.lower().replace(" ", "-") if c.isalnum() or c == "-")


def table(shown: list[Shown]) -> str:
    """README's table: a row for each area."""
    rows = ["| Area | Shown by tests |", "|---|---|"]
    rows += [
        f"| [{area}](docs/language.md#{_anchor(area)}) | {_cell('; '.join(features))} |"
        for area, features in _by_area(shown).items()
    ]
    return "\n".join(rows)


def page(shown: list[Shown]) -> str:
    """docs/language.md: a row for each feature, with the programs that show it."""
    parts = [_HEAD]
    for area, features in _by_area(shown).items():
        parts += [f"## {area}\n", "| Feature | Calls compared | Shown by |", "|---|---|---|"]
        for name, tests in features.items():
            places: dict[str, list[str]] = {}
            for test in tests:
                places.setdefault(Path(test.path).name, []).append(f"`{test.shown_by}`")
            where = "; ".join(f"{file}: {', '.join(dict.fromkeys(names))}" for file, names in places.items())
            parts.append(f"| {_cell(name)} | {sum(test.calls for test in tests)} | {where} |")
        parts.append("")
    return "\n".join(parts)


def with_table(readme: str, shown: list[Shown]) -> str:
    """A README whose part between the two markers is the table."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{table(shown)}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    found = all_shown()
    (ROOT / "docs" / "language.md").write_text(page(found))
    (ROOT / "README.md").write_text(with_table((ROOT / "README.md").read_text(), found))
    print(f"{len({(s.area, s.name) for s in found})} features in {len(_by_area(found))} areas")
