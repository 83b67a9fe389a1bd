"""The options about rewrite rules of `ts-opt`: which rules a pipeline applies, what they did, and what there is to say about them."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tsir.errors import PassError, TsirError

if TYPE_CHECKING:
    from xdsl.ir import Operation

    from tsir.passes.rules.engine import Statistics
    from tsir.passes.rules.terms import AnyRule
    from tsir.tools.pass_manager import Nest, Step


def add_rule_options(parser: argparse.ArgumentParser) -> None:
    """Adds the group of options."""
    group = parser.add_argument_group(
        "rewrite rules",
        "They choose the rules of each ts-canonicalize in the pipeline; without one, --rules and --only-rule add it.",
    )
    group.add_argument(
        "--rules", action="append", default=[], metavar="FILE", help="also apply the rules that a Python file declares"
    )
    group.add_argument(
        "--only-rule",
        action="append",
        default=[],
        metavar="NAME,..",
        help="apply these rules alone, of all tables and files",
    )
    group.add_argument("--disable-rule", action="append", default=[], metavar="NAME,..", help="leave these rules out")
    group.add_argument(
        "--saturate",
        action="store_true",
        help="collect what all rules make in an e-graph and take the cheapest (ts-saturate)",
    )
    group.add_argument(
        "--cost", metavar="NAME", help="what is cheap for --saturate: work, operations, or FILE.py:FUNCTION (default: work)"
    )
    group.add_argument(
        "--rewrite-stats", action="store_true", help="write how often each rule was tried and applied, and its time"
    )
    group.add_argument("--log-rewrites", action="store_true", help="write each rewrite with the place in the source")
    group.add_argument(
        "--list-rules", nargs="?", const="", metavar="TABLE",
        help="print the rules, those of a table, or of --rules (inference: how results get their types), and stop",
    )  # fmt: skip
    group.add_argument("--why", action="store_true", help="with --list-rules: conditions and reasons, too")
    group.add_argument(
        "--verify-rules", nargs="?", const="", metavar="FILE",
        help="run both sides of each rule of a Python file (default: of --rules, or all) on inputs made for it, and stop",
    )  # fmt: skip
    group.add_argument(
        "--emit-pdl", nargs="?", const="", metavar="FILE",
        help="print the rules of a Python file (default: of --rules, or all) as PDL, and stop",
    )  # fmt: skip


def is_question(options: argparse.Namespace) -> bool:
    """Whether the command line asks something about rules instead of giving a program."""
    return any(getattr(options, n) is not None for n in ("list_rules", "verify_rules", "emit_pdl"))


def answer(options: argparse.Namespace) -> None:
    """Prints what is asked about rules. Raises TsirError for unknown names, and when a rule is wrong.

    What follows the option may stand after `=` or as the input: `--verify-rules my_rules.py`.
    """
    about = "" if options.input == "-" else options.input
    if options.list_rules is not None:
        options.list_rules = options.list_rules or about
        _list(options)
    elif options.verify_rules is not None:
        _verify(_asked(options, options.verify_rules or about), options.seed)
    else:
        from tsir.passes.rules.pdl import pdl_text

        print(pdl_text(_asked(options, options.emit_pdl or about)), end="")


def with_rules(pipeline: Nest, options: argparse.Namespace) -> Nest:
    """The pipeline with the rules that the command line chooses. Raises PassError for unknown ones, and when nothing takes them."""
    only, disable = _names(options.only_rule), _names(options.disable_rule)
    if not (options.rules or only or disable or options.saturate or options.cost):
        return pipeline
    from tsir.passes.canonicalize import CanonicalizePass
    from tsir.passes.rules.tables import chosen
    from tsir.passes.saturate import SaturatePass
    from tsir.tools.pass_manager import Nest

    chosen(only=only, disable=disable, files=options.rules)  # so that an unknown name is an error before anything runs
    if options.cost and not options.saturate:
        raise PassError("--cost is an option of --saturate")
    changed = 0

    def change(step: Step) -> Step:
        nonlocal changed
        if isinstance(step, Nest):
            return dataclasses.replace(step, elements=tuple(map(change, step.elements)))
        if not isinstance(step, CanonicalizePass | SaturatePass):
            return step
        changed += 1
        given: dict[str, Any] = {
            "files": (*step.files, *options.rules),
            "only": only or step.only,
            "disable": (*step.disable, *disable),
        }
        if not options.saturate:
            return dataclasses.replace(step, **given)
        return SaturatePass(tables=step.tables, cost=options.cost or "work", **given)

    found = change(pipeline)
    assert isinstance(found, Nest)
    if changed:
        return found
    if not (options.rules or only or options.saturate):
        raise PassError(
            "--disable-rule has nothing to leave out: no pass of the pipeline applies rules", hint="-p ts-canonicalize"
        )
    given: dict[str, Any] = {"files": tuple(options.rules), "only": only, "disable": disable}
    if options.rules:
        given["tables"] = ("none",)
    added = SaturatePass(cost=options.cost or "work", **given) if options.saturate else CanonicalizePass(**given)
    return dataclasses.replace(pipeline, elements=(*pipeline.elements, added))


def statistics_for(options: argparse.Namespace) -> Statistics | None:
    """What passes count in, when the command line asks for it."""
    if not (options.rewrite_stats or options.log_rewrites):
        return None
    from tsir.passes.rules.engine import Statistics

    return Statistics(log=_log if options.log_rewrites else None)


def report(statistics: Statistics) -> str:
    """The statistics as a table: rules that were applied first, by their time."""
    rows = sorted(statistics.rules.items(), key=lambda r: (not r[1].applied, -r[1].seconds))
    lines = [f"{'rule':<40} {'tried':>8} {'matched':>8} {'applied':>8} {'time':>10}"]
    for name, row in rows:
        lines.append(f"{name:<40} {row.tried:>8} {row.matched:>8} {row.applied:>8} {row.seconds * 1e3:>7.2f} ms")
    return "\n".join(lines) if rows else "no rule had an operation to look at"


def _log(name: str, op: Operation) -> None:
    from tsir.dialects.locations import location_of

    places = location_of(op)
    where = f"{places[0]}: " if places else ""
    print(f"{where}rule {name} rewrites {op.name}", file=sys.stderr)


def _names(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def _asked(options: argparse.Namespace, file: str) -> list[AnyRule]:
    """The rules of a file, of the files of --rules, or of all tables; --only-rule and --disable-rule choose among them."""
    from tsir.passes.rules.tables import TABLES, chosen

    files = [*([file] if file else []), *options.rules]
    tables = () if files else tuple(TABLES)
    return chosen(tables, only=_names(options.only_rule), disable=_names(options.disable_rule), files=files)


def _list(options: argparse.Namespace) -> None:
    from tsir.passes.rules.inference import inference_rules
    from tsir.passes.rules.tables import DEFAULT_TABLES, TABLES, chosen

    if options.list_rules == "inference":
        for row in inference_rules():
            print(f"{row.op}: {row.signature}")
            if options.why:
                print(f"    {row.how}{f' ({row.location})' if row.location else ''}")
        return
    if options.list_rules:
        chosen((options.list_rules,))  # an unknown table is an error
    names = _names(options.only_rule)
    wanted = {r.name for r in chosen((), only=names, files=options.rules)} if names else None
    tables: dict[str, Iterable[AnyRule]] = {f: chosen((), files=[f]) for f in options.rules}
    if not options.rules or options.list_rules:
        tables |= {n: t for n, t in TABLES.items() if options.list_rules in ("", n)}
    for table, rules in tables.items():
        shown = [r for r in rules if wanted is None or r.name in wanted]
        if not shown:
            continue
        note = "" if table in options.rules else " (by default)" if table in DEFAULT_TABLES else " (when asked for)"
        print(f"{table}: {len(shown)} rules{note}")
        for rule in shown:
            _show(rule, options.why)
    if wanted is None and not options.rules and not options.list_rules:
        count = sum(1 for _ in inference_rules())
        print(f"inference: {count} rules for the types of results (ts-infer-types): --list-rules=inference shows them")


def _show(rule: AnyRule, why: bool) -> None:
    from tsir.passes.rules.showing import condition_text, rule_text

    print(f"  {rule.name:<34} {rule_text(rule)}")
    if not why:
        return
    if condition := condition_text(rule):
        print(f"      where {condition}")
    if rule.why:
        print(f"      because {rule.why}")
    print(f"      {rule.location}")


def _verify(rules: list[AnyRule], seed: int) -> None:
    from tsir.runtime.rules.verification import verify_rule

    wrong: list[str] = []
    for rule in rules:
        found = verify_rule(rule, seed=seed)
        print(found, flush=True)  # before the error, when both go into one file
        if not found.is_verified:
            wrong.append(rule.name)
    if wrong:
        raise TsirError(f"{len(wrong)} of {len(rules)} rules aren't verified: {', '.join(wrong)}")
    print(f"{len(rules)} rules verified")


__all__ = ["add_rule_options", "answer", "is_question", "report", "statistics_for", "with_rules"]
