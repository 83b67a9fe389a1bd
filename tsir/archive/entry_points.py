"""Entry points to JSON and back: names, parameters with types and defaults, the result's type, which sizes vary."""

from __future__ import annotations

from typing import Any

from tsir.archive.values import ValueReader, ValueWriter
from tsir.dialects.call_forms import CallForm, Variant
from tsir.dialects.program import EntryPoint, OtherForms, Parameter
from tsir.dialects.pytrees import CallTrees
from tsir.dialects.shape_policy import ShapePolicy


def write_entry_point(e: EntryPoint, values: ValueWriter) -> dict[str, Any]:
    """The JSON of an entry point."""
    described: dict[str, Any] = {
        "name": e.name,
        "symbol": e.symbol,
        "takes_self": e.takes_self,
        "result_type": e.result_type,
        "doc": e.doc,
        "parameters": [
            {"name": p.name, "type": p.type, "kwarg_only": p.kwarg_only}
            | ({"default": values.write(p.default, f"tensor.{e.name}.{p.name}")} if p.has_default else {})
            | ({"repeat": p.repeat} if p.repeat else {})
            for p in e.parameters
        ],
        "shapes": None if e.shapes is None else e.shapes.to_json(),
    }
    if e.trees is not None:
        described["trees"] = e.trees.to_json()
    if e.others is None:
        return described
    return described | {
        "other_forms": {
            "keywords": e.others.keywords,
            "varargs": e.others.varargs,
            "present": sorted(e.others.present),
            "bare": sorted(e.others.bare),
            "variants": [
                {
                    "names": list(v.form.names),
                    "forms": values.write(v.form.forms),
                    "rest": values.write(v.form.rest),
                    "states": list(v.states),
                    "entry": write_entry_point(v.entry, values),
                }
                for v in e.others.variants
                if not v.form.names_python_objects
            ],
        }
    }


def read_entry_point(json: dict[str, Any], values: ValueReader, depth: int = 0) -> EntryPoint:
    """The entry point of some JSON. Raises ArchiveError, KeyError, TypeError, ValueError or AttributeError for what isn't one."""
    if depth > 2:
        raise ValueError("variants of variants of an entry point")
    parameters = tuple(
        Parameter(
            name=str(p["name"]),
            type=str(p["type"]),
            has_default="default" in p,
            default=values.read(p.get("default")),
            kwarg_only=bool(p["kwarg_only"]),
            repeat=int(p.get("repeat", 0)),
        )
        for p in json["parameters"]
    )
    return EntryPoint(
        name=str(json["name"]),
        symbol=str(json["symbol"]),
        parameters=parameters,
        result_type=str(json["result_type"]),
        takes_self=bool(json["takes_self"]),
        doc=None if json.get("doc") is None else str(json["doc"]),
        others=_other_forms(json.get("other_forms"), values, depth),
        shapes=None if json.get("shapes") is None else ShapePolicy.from_json(json["shapes"]),
        trees=None if json.get("trees") is None else CallTrees.from_json(json["trees"]),
    )


def _other_forms(json: dict[str, Any] | None, values: ValueReader, depth: int) -> OtherForms | None:
    if json is None:
        return None
    return OtherForms(
        bool(json["keywords"]),
        bool(json["varargs"]),
        frozenset(map(str, json["present"])),
        frozenset(map(str, json.get("bare", ()))),
        [
            Variant(
                CallForm(tuple(map(str, v["names"])), tuple(values.read(v["forms"])), tuple(values.read(v["rest"]))),
                read_entry_point(v["entry"], values, depth + 1),
                tuple(map(int, v["states"])),
            )
            for v in json["variants"]
        ],
    )
