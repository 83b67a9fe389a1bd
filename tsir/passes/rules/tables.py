"""All rewrite rules of tsir by table, and the choice of some of them by name, with those of a user's file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from itertools import chain

from tsir.errors import PassError
from tsir.passes.rules.algebra import ALGEBRA
from tsir.passes.rules.control import CONTROL
from tsir.passes.rules.folding import FOLDING
from tsir.passes.rules.forms import FORMS
from tsir.passes.rules.loading import rules_of_file
from tsir.passes.rules.numbers import ARITH, CASTS, SIZES
from tsir.passes.rules.structural import CONTAINERS
from tsir.passes.rules.tensors import IDENTITIES, VIEWS
from tsir.passes.rules.terms import AnyRule

TABLES: dict[str, tuple[AnyRule, ...]] = {
    "containers": CONTAINERS,
    "identities": IDENTITIES,
    "views": VIEWS,
    "sizes": SIZES,
    "folding": FOLDING,
    "control": CONTROL,
    "arith": (*ARITH, *CASTS),
    "forms": FORMS,
    "algebra": ALGEBRA,
    "none": (),
}
"""The tables by name."""

DEFAULT_TABLES = ("containers", "identities", "views", "sizes", "folding", "control", "arith")
"""Those that `ts-canonicalize` applies when nothing else is said."""

SPECIALIZE_TABLES = ("containers", "identities", "views", "folding")
"""Those that a call's specialisation applies: what the others do inference does there already."""


def chosen(
    tables: Iterable[str] = DEFAULT_TABLES,
    *,
    only: Sequence[str] = (),
    disable: Sequence[str] = (),
    files: Sequence[str] = (),
) -> list[AnyRule]:
    """The rules of tables and of users' files, in order; `only` these of all the tables and files, and none of `disable`.

    Raises PassError for a table or rule that there isn't, with those that are spelt nearly alike.
    """
    own = list(chain.from_iterable(rules_of_file(f) for f in files))
    for table in tables:
        if table not in TABLES:
            raise PassError(f"there is no table of rules {table!r}", hint=f"the tables are {', '.join(TABLES)}")
    known = {r.name: r for r in (*own, *chain.from_iterable(TABLES.values()))}
    for name in (*only, *disable):
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else "ts-opt --list-rules shows them all"
            raise PassError(f"there is no rule {name!r}", hint=hint)
    if only:
        found = [known[name] for name in dict.fromkeys(only)]
    else:
        found = [*own, *chain.from_iterable(TABLES[t] for t in tables)]
    return [r for r in found if r.name not in disable]
