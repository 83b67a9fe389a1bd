"""Locations as chains of calls, and stamping."""

from xdsl.dialects.builtin import CallSiteLoc, UnknownLoc

from tsir.dialects.context import make_context, parse_module
from tsir.dialects.locations import UNKNOWN, called_from, location_attribute, location_of, source_locations, stamp
from tsir.errors import SourceLocation

A, B, C = SourceLocation("a.py", 1, 2), SourceLocation("b.py", 3, 4), SourceLocation("c.py", 5, 6)


def test_chains_are_innermost_first() -> None:
    a, b, c = map(location_attribute, (A, B, C))
    assert source_locations(called_from(called_from(a, b), c)) == [A, B, C]
    assert source_locations(called_from(a, called_from(b, c))) == [A, B, C]
    assert called_from(UNKNOWN, b) == b and called_from(a, UNKNOWN) == a
    assert isinstance(called_from(a, b), CallSiteLoc)
    deep = a
    for _ in range(5000):
        deep = called_from(b, deep)
    assert len(source_locations(deep)) == 5001


def test_what_is_read_from_text() -> None:
    text = """
      func.func @f() {
        %a = arith.constant 1 : i64 loc(fused[unknown, "a.py":1:2, "b.py":3:4])
        %b = arith.constant 1 : i64 loc("name"("b.py":3:4))
        %c = arith.constant 1 : i64
        func.return
      } loc("c.py":5:6)"""
    module = parse_module(make_context(lambda _key: None), text)
    a, b, c, _ = next(iter(module.body.block.ops)).regions[0].block.ops
    assert [location_of(op) for op in (a, b, c)] == [[A], [B], [C]]


def test_stamp_keeps_known_locations() -> None:
    text = 'func.func @f() {\n  %a = arith.constant 1 : i64\n  func.return\n} loc("c.py":5:6)'
    module = parse_module(make_context(lambda _key: None), text)
    function = next(iter(module.body.block.ops))
    constant = next(iter(function.regions[0].block.ops))
    stamp(module, A)
    assert location_of(constant) == [A] and location_of(function) == [C]
    constant.location = UnknownLoc()
    stamp([constant], function)
    assert location_of(constant) == [C]
    constant.location = UnknownLoc()
    stamp(function.regions[0].block, B)
    assert location_of(constant) == [B]
