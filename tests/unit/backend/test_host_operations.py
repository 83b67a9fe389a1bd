"""Programs in `ts` IR as written, generated and run: containers, objects, control flow, exceptions, types at run time."""

import linecache
import traceback

import numpy as np
import pytest

from tsir.backend.numpy import generate, load
from tsir.backend.numpy.tracebacks import rewrite
from tsir.dialects.context import make_context, parse_module
from tsir.dialects.values import EnumMember, Instance, named_tuple_class
from tsir.errors import TsirError
from tsir.ops import python
from tsir.ops.registry import SCHEMAS


def compiled(text, symbol="f"):
    context = make_context(SCHEMAS.get, lambda name: python.lookup(name) is not None)
    loaded = load(generate(parse_module(context, text), symbol))
    state = loaded.prepare(())

    def call(*arguments):
        try:
            return loaded.call(state, *arguments)
        except BaseException as error:
            rewrite(error, loaded)
            raise

    call.text = loaded.source.text
    return call


def body(signature, *lines):
    return compiled(f"func.func @f{signature} {{\n" + "\n".join(lines) + "\n}")


def test_a_loop_over_a_list():
    f = body(
        "(%n : i64) -> !ts.list<i64>",
        "%l = ts.list : () -> !ts.list<i64>",
        "%c0 = arith.constant 0 : i64",
        "%c1 = arith.constant 1 : i64",
        "scf.for %i = %c0 to %n step %c1 : i64 {",
        "  %s = ts.py.mul(%i, %i) : (i64, i64) -> i64",
        "  ts.py.list_append(%l, %s) : (!ts.list<i64>, i64) -> ()",
        "}",
        "func.return %l : !ts.list<i64>",
    )
    assert f(4) == [0, 1, 4, 9] and f(0) == []


def test_a_while_loop_with_carried_values():
    f = body(
        "(%a : i64, %b : i64) -> i64",
        "%zero = arith.constant 0 : i64",
        "%x, %y = scf.while (%p = %a, %q = %b) : (i64, i64) -> (i64, i64) {",
        "  %more = ts.py.ne(%q, %zero) : (i64, i64) -> i1",
        "  scf.condition(%more) %p, %q : i64, i64",
        "} do {",
        "^bb0(%p : i64, %q : i64):",
        "  %r = ts.py.mod(%p, %q) : (i64, i64) -> i64",
        "  scf.yield %q, %r : i64, i64",
        "}",
        "func.return %x : i64",
    )
    assert [f(48, 36), f(7, 0), f(-6, 4)] == [12, 7, -2] or f(-6, 4) == 2


def test_dicts_and_strings():
    f = body(
        "(%words : !ts.list<!ts.str>, %n : i64) -> !ts.dict<!ts.str, i64>",
        '%k = ts.constant "the \\"first\\" key\\\\ " : !ts.str',
        "%d = ts.dict %k, %n : (!ts.str, i64) -> !ts.dict<!ts.str, i64>",
        "%c0 = arith.constant 0 : i64",
        "%c1 = arith.constant 1 : i64",
        "%len = ts.py.len(%words) : (!ts.list<!ts.str>) -> i64",
        "scf.for %i = %c0 to %len step %c1 : i64 {",
        "  %w = ts.py.getitem(%words, %i) : (!ts.list<!ts.str>, i64) -> !ts.str",
        "  %old = ts.py.dict_get(%d, %w, %c0) : (!ts.dict<!ts.str, i64>, !ts.str, i64) -> i64",
        "  %new = ts.py.add(%old, %c1) : (i64, i64) -> i64",
        "  ts.py.setitem(%d, %w, %new) : (!ts.dict<!ts.str, i64>, !ts.str, i64) -> ()",
        "}",
        "func.return %d : !ts.dict<!ts.str, i64>",
    )
    assert f(["a", "b", "a"], 5) == {'the "first" key\\ ': 5, "a": 2, "b": 1}


CLASSES = """
ts.class "class" @Shape {
  ts.attribute "attribute" "n" : i64
  ts.method "area" = @Shape.area
  ts.method "scaled" = @Shape.scaled
}
ts.class "class" @Square attributes {bases = [@Shape]} {
  ts.method "area" = @Square.area
}
ts.class "class" @Small attributes {bases = [@Square]} {}
ts.class "interface" @HasArea { ts.method "area" = @HasArea.area }
ts.class "class" @Other {}
func.func @Shape.area(%self : !ts.class<@Shape>) -> i64 {
  %n = ts.getattr %self["n"] : !ts.class<@Shape> -> i64
  func.return %n : i64
}
func.func @Shape.scaled(%self : !ts.class<@Shape>, %k : i64) -> i64 {
  %a = ts.call_method %self["area"]() : !ts.class<@Shape>, () -> i64
  %r = ts.py.mul(%a, %k) : (i64, i64) -> i64
  func.return %r : i64
}
func.func @Square.area(%self : !ts.class<@Square>) -> i64 {
  %n = ts.getattr %self["n"] : !ts.class<@Square> -> i64
  %r = ts.py.mul(%n, %n) : (i64, i64) -> i64
  func.return %r : i64
}
"""


def test_methods_are_looked_up_in_the_objects_own_class():
    f = compiled(
        CLASSES
        + """func.func @f(%o : !ts.class<@Shape>, %k : i64) -> i64 {
          %r = ts.call_method %o["scaled"](%k) : !ts.class<@Shape>, (i64) -> i64
          func.return %r : i64
        }"""
    )
    got = [f(Instance(name, {"n": 3}), 10) for name in ("Shape", "Square", "Small")]
    assert got == [30, 90, 90]
    with pytest.raises(AttributeError, match="'Other' object has no attribute 'scaled'"):
        f(Instance("Other"), 1)


def test_objects_are_made_and_changed():
    f = compiled(
        CLASSES
        + """func.func @f(%n : i64, %set : i1) -> i64 {
          %o = ts.new : !ts.class<@Square>
          scf.if %set { ts.setattr %o["n"] = %n : !ts.class<@Square>, i64 }
          %r = func.call @Square.area(%o) : (!ts.class<@Square>) -> i64
          func.return %r : i64
        }"""
    )
    assert f(5, True) == 25
    with pytest.raises(AttributeError, match="'Square' object has no attribute 'n'"):
        f(5, False)


TYPES = {
    "i64": [3], "i1": [True], "f64": [1.5], "none": [None], "!ts.str": ["s"], "!ts.list<i64>": [[1], []],
    "!ts.optional<i64>": [3, None], "!ts.tuple<i64, !ts.str>": [(1, "a")], "!ts.dict<!ts.str, i64>": [{"a": 1}],
    "!ts.class<@Shape>": ["Shape", "Square", "Small"], "!ts.class<@HasArea>": ["Shape", "Square", "Small"],
    "!ts.class<@Other>": ["Other"], "!ts.tensor": ["f32", "i64"], "!ts.tensor<*xf32>": ["f32"], "!ts.tensor<2x?xf32>": ["f32"],
    "!ts.tensor<3x?xf32>": [], "!ts.union<i64, !ts.str>": [3, "s"], "!ts.number": [3, True, 1.5],
}  # fmt: skip
ARRAYS = {"f32": np.ones((2, 3), "f"), "i64": np.ones(2, "i8")}
OBJECTS = {n: Instance(n) for n in ("Shape", "Square", "Small", "Other")}
CANDIDATES = [3, True, 1.5, None, "s", [1], [], (1, "a"), {"a": 1}, *OBJECTS.values(), *ARRAYS.values()]


@pytest.mark.parametrize("kind", TYPES)
def test_isinstance(kind):
    f = compiled(
        CLASSES
        + f"""func.func @f(%x : !ts.any) -> i1 {{
          %r = ts.isinstance %x, [{kind}] : !ts.any
          func.return %r : i1
        }}"""
    )
    expected = [
        OBJECTS[v] if kind.startswith("!ts.class") else ARRAYS[v] if kind.startswith("!ts.tensor") else v
        for v in TYPES[kind]
    ]
    found = [v for v in CANDIDATES if f(v)]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_isinstance_of_several_types():
    f = body("(%x : !ts.any) -> i1", "%r = ts.isinstance %x, [i64, !ts.list<f64>] : !ts.any", "func.return %r : i1")
    assert [f(v) for v in (1, [2.0], [2], "a")] == [True, True, False, False]


def test_tuples_named_tuples_and_unpacking():
    point = '!ts.named_tuple<"Point", "x" : i64, "y" : i64>'
    f = body(
        f"(%l : !ts.list<i64>) -> {point}",
        "%a, %b = ts.unpack %l : (!ts.list<i64>) -> (i64, i64)",
        "%t = ts.tuple %b, %a : (i64, i64) -> !ts.tuple<i64, i64>",
        "%b1 = ts.tuple_get %t[0] : !ts.tuple<i64, i64> -> i64",
        f"%p = ts.tuple %b1, %a : (i64, i64) -> {point}",
        f"func.return %p : {point}",
    )
    assert f([1, 2]) == named_tuple_class("Point", ("x", "y"))(2, 1) and f([1, 2]).y == 1
    with pytest.raises(ValueError, match=r"too many values to unpack \(expected 2"):
        f([1, 2, 3])
    with pytest.raises(ValueError, match=r"not enough values to unpack \(expected 2, got 1\)"):
        f([1])


def test_unpacking_a_tensor_gives_views():
    f = body(
        "(%x : !ts.tensor) -> !ts.list<!ts.tensor>",
        "%a, %b = ts.unpack %x : (!ts.tensor) -> (!ts.tensor, !ts.tensor)",
        "%l = ts.list %a, %b : (!ts.tensor, !ts.tensor) -> !ts.list<!ts.tensor>",
        "func.return %l : !ts.list<!ts.tensor>",
    )
    x = np.arange(2.0)
    assert all(type(row) is np.ndarray and np.shares_memory(row, x) for row in f(x))


def test_truth():
    for kind, yes, no in (
        ("!ts.tensor", np.ones(1), np.zeros(())), ("i64", 2, 0), ("!ts.str", "a", ""), ("!ts.list<i64>", [0], []),
        ("!ts.optional<i64>", 1, None), ("f64", 0.5, 0.0), ("i1", True, False),
    ):  # fmt: skip
        f = body(f"(%x : {kind}) -> i1", f"%r = ts.truth %x : {kind}", "func.return %r : i1")
        assert (f(yes), f(no)) == (True, False), kind


EXCEPTIONS = """
ts.class "exception" @ValueError {}
ts.class "exception" @pkg.Base attributes {bases = [@ValueError]} {}
ts.class "exception" @pkg.Derived attributes {bases = [@pkg.Base]} {}
"""


def raising(name, message="m"):
    return compiled(
        EXCEPTIONS
        + f"""func.func @f(%m : !ts.str) {{
          ts.raise "{name}"(%m) : !ts.str
          func.return
        }}"""
    )


def test_exceptions():
    with pytest.raises(KeyError) as caught:
        raising("KeyError")("k")
    assert caught.value.args == ("k",)
    with pytest.raises(ValueError) as caught:
        raising("pkg.Derived")("no %s {}")
    kind = type(caught.value)
    assert str(caught.value) == "no %s {}" and [k.__name__ for k in kind.__mro__[:3]] == ["Derived", "Base", "ValueError"]
    with pytest.raises(Exception, match="x") as caught:
        raising("Unknown")("x")
    assert type(caught.value).__name__ == "Unknown"


def test_what_follows_a_raise_is_not_reached():
    f = body(
        "(%bad : i1) -> i64",
        '%m = ts.constant "stop" : !ts.str',
        "%r = scf.if %bad -> (i64) {",
        '  ts.raise "RuntimeError"(%m) : !ts.str',
        "  %u = ts.uninitialized : i64",
        "  scf.yield %u : i64",
        "} else {",
        "  %one = arith.constant 1 : i64",
        "  scf.yield %one : i64",
        "}",
        "func.return %r : i64",
    )
    assert f(False) == 1
    with pytest.raises(RuntimeError, match="stop"):
        f(True)


def test_enums_and_other_constants():
    f = compiled(
        """
        ts.class "enum" @Color { ts.attribute "constant" "RED" : i64 attributes_placeholder }
        """.replace("attributes_placeholder", "{value = 7 : i64}")
        + """func.func @f() -> !ts.tuple<!ts.class<@Color>, i64, !ts.dtype, !ts.device, complex<f64>, none> {
          %e = ts.constant #ts.enum<@Color, "RED"> : !ts.class<@Color>
          %v = ts.getattr %e["value"] : !ts.class<@Color> -> i64
          %d = ts.constant #ts.dtype<"float16"> : !ts.dtype
          %c = ts.constant #ts.device<"cpu"> : !ts.device
          %z = ts.constant #ts.complex<-0.0 : f64, 2.0 : f64> : complex<f64>
          %n = ts.constant #ts.none : none
          %t = ts.tuple %e, %v, %d, %c, %z, %n : (!ts.class<@Color>, i64, !ts.dtype, !ts.device, complex<f64>, none)
            -> !ts.tuple<!ts.class<@Color>, i64, !ts.dtype, !ts.device, complex<f64>, none>
          func.return %t : !ts.tuple<!ts.class<@Color>, i64, !ts.dtype, !ts.device, complex<f64>, none>
        }"""
    )
    member, value, dtype, device, number, nothing = f()
    assert member == EnumMember("Color", "RED", 7) and value == 7 and dtype.name == "float16" and str(device) == "cpu"
    assert repr(number) == "(-0+2j)" and nothing is None


EVIL = "x'); raise SystemExit #"


def test_names_in_ir_do_not_become_code():
    f = compiled(
        f"""
        ts.class "class" @C {{ ts.attribute "attribute" "{EVIL}" : i64 }}
        func.func @f(%n : i64) -> i64 {{
          %o = ts.new : !ts.class<@C>
          ts.setattr %o["{EVIL}"] = %n : !ts.class<@C>, i64
          %r = ts.getattr %o["{EVIL}"] : !ts.class<@C> -> i64
          func.return %r : i64
        }}"""
    )
    assert f(3) == 3
    with pytest.raises(Exception, match="m") as caught:
        raising(EVIL)("m")
    assert type(caught.value).__name__ == EVIL.rpartition(".")[2]
    with pytest.raises(Exception, match="m") as caught:
        raising("\N{FULLWIDTH LATIN SMALL LETTER I}nt")("m")
    assert type(caught.value) is not int


def test_an_unknown_callee_is_an_error():
    with pytest.raises(TsirError, match="@g"):
        body("()", "func.call @g() : () -> ()", "func.return")


def test_the_traceback_names_the_users_lines(tmp_path):
    source = tmp_path / "user.py"
    source.write_text("def outer(d):\n    return inner(d)\n\ndef inner(d):\n    return d['k']\n")
    linecache.checkcache()
    f = compiled(
        f"""
        func.func @inner(%d : !ts.dict<!ts.str, i64>) -> i64 {{
          %k = ts.constant "k" : !ts.str
          %r = ts.py.getitem(%d, %k) : (!ts.dict<!ts.str, i64>, !ts.str) -> i64 loc("{source}":5:12)
          func.return %r : i64
        }}
        func.func @f(%d : !ts.dict<!ts.str, i64>) -> i64 {{
          %r = func.call @inner(%d) : (!ts.dict<!ts.str, i64>) -> i64 loc("{source}":2:12)
          func.return %r : i64
        }}"""
    )
    assert f({"k": 1}) == 1
    with pytest.raises(KeyError) as caught:
        f({})
    shown = traceback.extract_tb(caught.value.__traceback__)[-2:]
    assert [(s.filename, s.lineno, s.name, s.line) for s in shown] == [
        (str(source), 2, "outer", "return inner(d)"),
        (str(source), 5, "inner", "return d['k']"),
    ]


def user_program(tmp_path, operation):
    """A function of two tensors whose one operation is said to stand in line 2 of a user's file."""
    source = tmp_path / "user.py"
    source.write_text("def scale(x, y):\n    return x.frobnicate(y)\n")
    linecache.checkcache()
    return str(source), compiled(
        f"""
        func.func @f(%x : !ts.tensor, %y : !ts.tensor) -> !ts.tensor {{
          %one = arith.constant 1 : i64
          %r = {operation} -> !ts.tensor loc("{source}":2:12)
          func.return %r : !ts.tensor
        }}"""
    )


@pytest.mark.parametrize(
    ("operation", "arguments", "kind", "message"),
    [
        (
            "ts.aten.add.Tensor(%x, %y, %one) : (!ts.tensor, !ts.tensor, i64)",
            (np.ones(2), np.ones(3)),
            RuntimeError,
            "must match",
        ),
        ("ts.aten.take(%x, %y) : (!ts.tensor, !ts.tensor)", (np.ones(2), np.array([5])), IndexError, "out of"),
        ("ts.aten.matmul(%x, %y) : (!ts.tensor, !ts.tensor)", (np.ones((2, 3)), np.ones((2, 3))), RuntimeError, "shapes"),
    ],
    ids=["when compiled", "in a kernel", "matmul"],
)
def test_errors_of_operators_point_at_the_users_line(tmp_path, operation, arguments, kind, message):
    source, f = user_program(tmp_path, operation)
    with pytest.raises(kind, match=message) as caught:
        f(*arguments)
    shown = traceback.extract_tb(caught.value.__traceback__)
    assert [(s.filename, s.lineno, s.name) for s in shown][1:] == [(__file__, shown[1].lineno, "call"), (source, 2, "scale")]
    assert "During handling" not in "".join(traceback.format_exception(caught.value))
