"""`dict(...)` in all its forms, and the functions of `cmath`."""

import cmath
from typing import Dict, List, Tuple

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Dicts and sets", "dict() of mappings, pairs and named items together")
@programs({"x": 1}, [("a", 1)])
def forms(mapping: Dict[str, int], pairs: List[Tuple[str, int]]):
    made = dict(mapping, y=2)
    made["z"] = 3
    return made, mapping, dict(pairs, b=2), dict(pairs), dict(a=1), dict({"x": 1}, x=5), dict(mapping, w=2.5)


@feature("Dicts and sets", "dict() of nothing, typed by its annotation")
@programs()
def empty():
    made: Dict[str, int] = dict([])
    other: Dict[str, int] = dict()
    made["a"] = 1
    return made, other


@feature("Standard library", "cmath")
@programs(1 + 2j, 2.0)
@programs(0j, 1.0)
def complex_functions(z: complex, r: float):
    return (
        cmath.rect(r, 1.0),
        cmath.polar(z),
        cmath.phase(z),
        cmath.exp(z),
        cmath.sqrt(z),
        cmath.isnan(z),
        cmath.cos(z) + cmath.pi,
    )


@feature("Standard library", "cmath")
@programs(0j)
def no_logarithm(z: complex):
    return cmath.log(z)


@programs.parametrized()
def test_program(function, arguments):
    check(function, arguments)
