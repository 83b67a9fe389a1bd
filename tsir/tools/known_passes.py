"""Which passes a pipeline can name: tsir's, xDSL's, and those that other distributions declare; and making them of text.

Another distribution declares passes as entry points of the group `tsir.passes`, `name = "module:Class"` with an xDSL
`ModulePass`. Names of tsir come first, then xDSL's, then these.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from tsir.errors import PassError, did_you_mean
from tsir.passes.registry import PASSES, get_pass
from tsir.tools.pipelines_text import NestText, Option, PassText, Value

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from xdsl.passes import ModulePass

GROUP = "tsir.passes"

ON_FUNCTIONS = frozenset(("ts-cse", "ts-dce", "ts-canonicalize", "ts-index-by-number", "ts-drop-scalar-classes"))
"""tsir's passes that look at nothing outside of a function, so that they can be nested in `func.func(...)`.

xDSL's passes are all written for modules; one that is nested sees a module with that one operation, and may change only it.
"""


def _declared_elsewhere() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # here, because most pipelines need none

    return {e.name: e for e in entry_points(group=GROUP)}


def is_pass(name: str) -> bool:
    """Whether there is a pass of that name. Imports xDSL's table only for names that aren't tsir's."""
    if name in PASSES:
        return True
    from xdsl.transforms import get_all_passes

    return name in get_all_passes() or name in _declared_elsewhere()


def pass_class(name: str, text: PassText | NestText | None = None) -> type[ModulePass]:
    """The class of a pass by name. Raises PassError, at the place in `text`, when there is none or it can't be imported."""
    from xdsl.passes import ModulePass
    from xdsl.transforms import get_all_passes

    if name in PASSES:
        return get_pass(name)
    location = text.span.location() if text else None
    upstream = get_all_passes()
    if name in upstream:
        try:
            return upstream[name]()
        except ImportError as error:
            raise PassError(f"pass {name!r} can't be imported: {error}", location=location) from error
    others = _declared_elsewhere()
    if name not in others:
        hint = did_you_mean(name, [*PASSES, *upstream, *others])
        raise PassError(f"there is no pass {name!r}", location=location, hint=hint or "ts-opt --list-passes shows them all")
    try:
        found = others[name].load()
    except Exception as error:
        # Importing another distribution's module runs its code.
        said = f"{type(error).__name__}: {error}"
        raise PassError(f"pass {name!r} ({others[name].value}) can't be imported: {said}", location=location) from error
    if not (isinstance(found, type) and issubclass(found, ModulePass)):
        raise PassError(f"entry point {name!r} ({others[name].value}) is no xDSL ModulePass", location=location)
    return found


def pass_names() -> dict[str, list[str]]:
    """The names of all passes: by who made them, in the order in which they are looked for."""
    from xdsl.transforms import get_all_passes

    others: dict[str, list[str]] = {}
    for name, entry in _declared_elsewhere().items():
        others.setdefault(entry.dist.name if entry.dist else "others", []).append(name)
    return {"tsir": list(PASSES), "xDSL": sorted(get_all_passes()), **others}


def summary(cls: type[ModulePass]) -> str:
    """The first line of a pass's docstring; nothing when it has none of its own."""
    return (inspect.cleandoc(cls.__doc__) if "__doc__" in vars(cls) and cls.__doc__ else "").partition("\n")[0]


def options_of(cls: type[ModulePass]) -> dict[str, str]:
    """A pass's options, with dashes as they are written, and what they take."""
    hints = get_type_hints(cls)
    found: dict[str, str] = {}
    for field in dataclasses.fields(cls):
        if field.name != "name" and field.init:
            found[field.name.replace("_", "-")] = _type_text(hints[field.name])
    return found


def _type_text(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "|".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return f"{_type_text(get_args(hint)[0])},..."
    if get_origin(hint) in (Union, UnionType):
        return "|".join(_type_text(a) for a in get_args(hint) if a is not type(None))
    return getattr(hint, "__name__", str(hint))


def make_pass(text: PassText) -> ModulePass:
    """The pass that a text names, with its options. Raises PassError with a caret."""
    from xdsl.utils.arg_spec import ArgSpec

    cls = pass_class(text.name, text)
    known = options_of(cls)
    hints = get_type_hints(cls)
    parameters: dict[str, tuple[Any, ...]] = {}
    for option in text.options:
        key = option.key.replace("_", "-")
        if key not in known:
            raise _unknown_option(text.name, option, known)
        field = key.replace("-", "_")
        leaves = _leaves(hints[field])
        values = option.values
        if leaves == {str} and len(values) > 1 and not _is_tuple(hints[field]):
            values = (Value(",".join(v.text for v in values)),)
        parameters[field] = tuple(_converted(v, leaves) for v in values)
        if not option.values and bool in leaves:
            parameters[field] = (True,)
        try:
            cls.from_pass_spec(_alone(cls, field, parameters[field], hints))
        except ValueError:
            given = ",".join(v.text for v in option.values) or "no value"
            raise PassError(
                f"pass {text.name!r}: option {key} takes {known[key]}, found {given}", location=option.span.location()
            ) from None
    missing = sorted(f.replace("_", "-") for f in cls.required_fields() - parameters.keys() if f != "name")
    if missing:
        raise PassError(
            f"pass {text.name!r} needs the option {missing[0]}",
            location=text.span.location(),
            hint=f"write {text.name}{{{missing[0]}={known[missing[0]]}}}",
        )
    try:
        return cls.from_pass_spec(ArgSpec(cls.name, parameters))
    except (ValueError, TypeError) as error:
        raise PassError(f"pass {text.name!r}: {error}", location=text.span.location()) from error


def _alone(cls: type[ModulePass], field: str, values: tuple[Any, ...], hints: Mapping[str, Any]) -> Any:
    """A description of the pass with this option, and with something for those that it can't do without."""
    from xdsl.utils.arg_spec import ArgSpec

    others = {f: (_example(hints[f]),) for f in cls.required_fields() if f not in (field, "name")}
    return ArgSpec(cls.name, {**others, field: values})


def _example(hint: Any) -> Any:
    leaves = _leaves(hint)
    return next((v for t, v in ((str, ""), (int, 0), (float, 0.0), (bool, False)) if t in leaves), "")


def _unknown_option(name: str, option: Option, known: Iterable[str]) -> PassError:
    names = list(known)
    hint = did_you_mean(option.key, names) or (
        f"its options are {', '.join(names)}" if names else f"{name} takes no options"
    )
    return PassError(f"pass {name!r} has no option {option.key!r}", location=option.span.location(), hint=hint)


def _leaves(hint: Any) -> set[Any]:
    """The types that one value of an option may have."""
    if get_origin(hint) in (Union, UnionType, tuple):
        return {leaf for a in get_args(hint) for leaf in _leaves(a)} - {type(None), ...}
    return {hint}


def _is_tuple(hint: Any) -> bool:
    return get_origin(hint) is tuple or any(_is_tuple(a) for a in get_args(hint))


_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def _converted(value: Value, leaves: set[Any]) -> Any:
    """The value as the type that the option takes; as text when it is none of these."""
    text = value.text
    if value.quoted:
        return text
    if bool in leaves and text in ("true", "false"):
        return text == "true"
    if int in leaves and re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    if float in leaves and _NUMBER.fullmatch(text):
        return float(text)
    return text


def default_free_options(pass_: ModulePass) -> Sequence[tuple[str, tuple[Any, ...]]]:
    """The options of a pass that aren't at their defaults, as they are written."""
    spec = pass_.pipeline_pass_spec()
    return [(key.replace("_", "-"), values) for key, values in spec.parameters.items()]
