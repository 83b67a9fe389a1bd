"""What the tests of the language show: `@feature("Statements", "del of list items")` above a program, a test or a module's class.

The marks are read from the source by `page.py`, which writes the tables of README.md and docs/language.md: a row that no test
shows can't be written. A program counts once for each of its argument lists.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Marked = TypeVar("Marked", bound=Callable[..., Any])

AREAS = (
    "Types and annotations",
    "Expressions",
    "Strings",
    "Lists and tuples",
    "Dicts and sets",
    "Tensors in programs",
    "Assignment",
    "Statements",
    "Control flow",
    "Comprehensions",
    "Generators",
    "Exceptions",
    "Context managers",
    "Pattern matching",
    "Type refinement",
    "Functions and closures",
    "Arguments",
    "Globals and constants",
    "Classes",
    "Enums, NamedTuples and dataclasses",
    "Built-in functions",
    "Standard library",
    "Aliasing and mutation",
    "Modules",
    "Concurrency",
    "torch.jit's API",
    "Messages for what isn't supported",
)


def feature(area: str, *names: str) -> Callable[[Marked], Marked]:
    """Marks what is below it as showing these features of an area. It changes nothing.

    Raises:
        ValueError: the area isn't one of `AREAS`, or no feature is named.
    """
    if area not in AREAS or not names:
        raise ValueError(f"{area!r}: an area of {', '.join(AREAS)}, and at least one feature")
    return lambda marked: marked
