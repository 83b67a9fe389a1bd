"""The table of built-ins on Python values against Python itself: values, exceptions, result types."""

import inspect
import itertools
import math
import operator

import pytest

from tsir.dialects.ts.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    AnyType,
    DictType,
    ListType,
    NumberType,
    OptionalType,
    SetType,
    StrType,
    TupleType,
)
from tsir.errors import OperatorTypeError
from tsir.ops import python
from tsir.ops.python import FUNCTIONS, compiled, evaluate, lookup, python_result_type
from tsir.ops.python_types import UNKNOWN, unify

STR = StrType()
INTS = [0, 1, -1, 2, 7, -7, 10**20, 63]
FLOATS = [0.0, -0.0, 1.5, -2.25, 1e300, float("inf"), float("-inf"), float("nan"), 7.0]
NUMBERS = [*INTS, *FLOATS, True, False, 1 + 2j, 0j]


def outcome(function, *args):
    try:
        return ("value", function(*args))
    except Exception as error:  # noqa: BLE001
        return ("error", type(error))


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return a == b


def type_of(value):
    """The `ts` type of a value, for the test of result types."""
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case complex():
            return COMPLEX
        case str():
            return STR
        case None:
            return NONE
        case list():
            return ListType(unify([type_of(v) for v in value]) if value else INT)
        case set() | frozenset():
            return SetType(unify([type_of(v) for v in value]) if value else INT)
        case dict():
            return DictType(unify([type_of(k) for k in value]), unify([type_of(v) for v in value.values()]))
        case tuple():
            return TupleType([type_of(v) for v in value])
    raise AssertionError(value)


def fits(value, t):
    """Whether a value is one that a variable of this type may hold."""
    match t:
        case AnyType():
            return True
        case NumberType():
            return isinstance(value, int | float | complex)
        case OptionalType():
            return value is None or fits(value, t.element)
        case ListType() | SetType():
            return isinstance(value, list | set | frozenset) and all(fits(v, t.element) for v in value)
        case DictType():
            return isinstance(value, dict) and all(fits(k, t.key) and fits(v, t.value) for k, v in value.items())
        case TupleType():
            return isinstance(value, tuple) and len(value) == len(t.elements) and all(map(fits, value, t.elements))
    return type_of(value) == t or (t == INT and isinstance(value, bool))


def check(name, reference, *args):
    got = outcome(evaluate, name, args)
    expected = outcome(reference, *args)
    assert got[0] == expected[0] and same(got[1], expected[1]), (name, args, got, expected)
    if expected[0] == "value":
        t = python_result_type(name, [type_of(a) for a in args], list(args))
        assert fits(expected[1], t), (name, args, expected[1], t)
    elif expected[1] not in (TypeError, OverflowError):
        assert FUNCTIONS[name].raises, (name, args, expected)
    return expected


BINARY = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod, "bitand": operator.and_, "bitor": operator.or_,
    "bitxor": operator.xor, "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge, "divmod": divmod,
}  # fmt: skip
UNARY = {
    "neg": operator.neg, "pos": operator.pos, "invert": operator.invert, "not": operator.not_, "abs": abs, "int": int,
    "float": float, "bool": bool, "complex": complex, "round": round, "str": str, "repr": repr, "hash": hash, "hex": hex,
    "oct": oct, "bin": bin,
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_binary_operators_on_numbers(name):
    results = [check(name, BINARY[name], a, b) for a, b in itertools.product(NUMBERS, repeat=2)]
    assert any(kind == "value" for kind, _ in results)


@pytest.mark.parametrize("name", UNARY)
def test_unary_functions_on_numbers(name):
    assert any(check(name, UNARY[name], a)[0] == "value" for a in NUMBERS)


@pytest.mark.parametrize("name", ["lshift", "rshift"])
def test_shifts(name):
    for a, b in itertools.product([0, 1, -5, True, 1.5], [0, 3, 70, -1]):
        check(name, getattr(operator, name), a, b)


def test_pow():
    for a, b in itertools.product([0, 1, 2, -3, 0.5, -2.0, True, 1j], [0, 1, 2, -1, 0.5, -2.0, False]):
        if not (a in (-3, -2.0) and b == 0.5):  # Python's complex result there isn't in the static type
            check("pow", pow, a, b)
    check("pow", pow, 3, 4, 5)
    check("pow", pow, 3, 4, 0)


def test_pow_with_unknown_exponent_is_an_int():
    assert python_result_type("pow", [INT, INT]) == INT
    assert python_result_type("pow", [INT, INT], [2, -1]) == FLOAT


def test_round_with_digits():
    for a, n in itertools.product([2.675, 1234.5, -0.5, 1250, 7], [0, 1, -2, None]):
        check("round", round, a, n)


MATH_ARGS = {
    "comb": [(5, 2), (5, -1)], "perm": [(5, 2), (5,)], "factorial": [(5,), (-1,)], "gcd": [(12, 18), (), (4,)],
    "lcm": [(4, 6), ()], "isqrt": [(10,), (-1,)], "dist": [((1.0, 2.0), (4.0, 6.0))], "fsum": [([0.1] * 10,)],
    "prod": [([2, 3],), ([2.0, 3.0],)], "ldexp": [(0.5, 3)], "log": [(8.0,), (8.0, 2.0), (0.0,), (-1.0,)],
    "hypot": [(3.0, 4.0), (1.0, 2.0, 2.0)], "isclose": [(1.0, 1.0 + 1e-12), (1.0, 2.0)],
    "copysign": [(1.0, -0.0)], "atan2": [(1.0, -1.0), (0.0, 0.0)], "fmod": [(7.5, -2.0), (1.0, 0.0)],
    "nextafter": [(1.0, 2.0)], "pow": [(2.0, 0.5), (-1.0, 0.5)], "remainder": [(7.0, 3.0), (1.0, 0.0)],
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in dir(math) if callable(getattr(math, n)) and not n.startswith("_")])
def test_math(name):
    if name in ("sumprod", "fma"):
        pytest.skip("newer than Python 3.10")
    assert python.builtin(f"math.{name}") is lookup(f"math_{name}")
    cases = MATH_ARGS.get(name, [(v,) for v in [*FLOATS, 0.5, 2, -3]])
    results = [check(f"math_{name}", getattr(math, name), *args) for args in cases]
    assert any(kind == "value" for kind, _ in results)


STRINGS = ["", "abc", "Hello World", "  x y ", "12", "a,b,,c", "Straße", "line\nnext"]
STR_ARGS = {
    "center": [(9,), (9, "*"), (9, "ab")], "count": [("l",), ("l", 3), ("", 0, 2)], "endswith": [("c",), ("b", 0, 2)],
    "expandtabs": [(), (4,)], "find": [("l",), ("l", 4), ("l", 0, 2)], "rfind": [("l",), ("l", 0, 3)],
    "index": [("b",), ("b", 2)], "rindex": [("b",)], "join": [(["p", "q"],), ("",)], "ljust": [(8,), (8, "-")],
    "rjust": [(8,)], "lstrip": [(), (" a",)], "rstrip": [()], "strip": [(), ("a ",)], "partition": [(",",), ("",)],
    "rpartition": [(",",)], "removeprefix": [("ab",)], "removesuffix": [("c",)], "replace": [("a", "zz"), ("b", "", 1)],
    "split": [(), (",",), (",", 1), (None, 1), ("",)], "rsplit": [(), (",", 1)], "splitlines": [(), (True,)],
    "startswith": [("a",), ("b", 1)], "zfill": [(7,)], "translate": [({97: 98},)], "format": [(1,), ()],
    "format_map": [({"a": 1},)], "maketrans": [("xyz",)],
}  # fmt: skip


def _str_methods():
    return [n for n in dir(str) if not n.startswith("_") and n != "encode"]


@pytest.mark.parametrize("name", _str_methods())
def test_str_methods(name):
    assert python.method(STR, name) is FUNCTIONS[f"str_{name}"]
    results = []
    for text, args in itertools.product(STRINGS, STR_ARGS.get(name, [()])):
        if name == "maketrans":
            results.append(check(f"str_{name}", lambda s, t: str.maketrans(s, t), text, *args))
        else:
            results.append(check(f"str_{name}", getattr(str, name), text, *args))
    assert any(kind == "value" for kind, _ in results)


def test_format_and_percent():
    for template, values in [("{} {}", (1, "a")), ("{1:>5} {0!r:}", ("q", 2)), ("{:.2f}", (1.5,)), ("{2}", (1,))]:
        check("str_format", lambda t, *v: t.format(*v), template, *values)
    for template, values in [("%d", 3), ("%s-%s", (1, "b")), ("%.3f", 2.0), ("%d", "x")]:
        check("percent", lambda t, v: t % v, template, values)
    for value, spec in [(1.5, ".3f"), (12, "05d"), ("a", ">4"), (3, "s")]:
        check("format", format, value, spec)
    check("ascii", ascii, "Straße")


LIST_CASES = {
    "append": [(4,)], "clear": [()], "copy": [()], "count": [(1,)], "extend": [([7, 8],)], "index": [(1,), (9,), (1, 1)],
    "insert": [(0, 5), (-1, 5), (99, 5)], "pop": [(), (0,), (9,)], "remove": [(1,), (9,)], "reverse": [()], "sort": [()],
}  # fmt: skip
SET_CASES = {
    "add": [(4,)], "clear": [()], "copy": [()], "difference": [({1},), ({1}, {3})], "difference_update": [({1},)],
    "discard": [(1,), (9,)], "intersection": [({1, 9},)], "intersection_update": [({1},)], "isdisjoint": [({1},)],
    "issubset": [({1, 2, 3, 4},)], "issuperset": [({1},)], "pop": [()], "remove": [(1,), (9,)],
    "symmetric_difference": [({1, 8},)], "symmetric_difference_update": [({1, 8},)], "union": [({8},), ({8}, {9})],
    "update": [({8},)],
}  # fmt: skip
DICT_CASES = {
    "clear": [()], "copy": [()], "fromkeys": [(["a", "b"], 1), (["a"],)], "get": [("a",), ("z",), ("z", 5)],
    "items": [()], "keys": [()], "pop": [("a",), ("z",), ("z", 5)], "popitem": [()], "setdefault": [("a", 5), ("z", 5)],
    "update": [({"a": 9, "q": 8},)], "values": [()],
}  # fmt: skip


MUTATING = {
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort", "add", "difference_update", "discard",
    "intersection_update", "symmetric_difference_update", "update", "popitem", "setdefault",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "make", "cases"),
    [
        ("list", lambda: [3, 1, 2, 1], LIST_CASES),
        ("set", lambda: {1, 2, 3}, SET_CASES),
        ("dict", lambda: {"a": 1, "b": 2}, DICT_CASES),
    ],
)
def test_container_methods(kind, make, cases):
    cls = type(make())
    assert set(cases) == {n for n in dir(cls) if not n.startswith("_")}
    for name, arguments in cases.items():
        function = python.method(type_of(make()), name)
        assert function is FUNCTIONS[f"{kind}_{name}"]
        for args in arguments:
            mine, theirs = make(), make()
            if name == "fromkeys":
                check(function.name, dict.fromkeys, *args)
                continue
            got = outcome(evaluate, function.name, [mine, *args])
            expected = outcome(getattr(cls, name), theirs, *args)
            if name in ("items", "keys", "values"):
                expected = (expected[0], list(expected[1]))
            assert got == expected and mine == theirs, (name, args)
            assert function.mutates or mine == make()
            assert not function.mutates or name in MUTATING
            assert expected[0] == "value" or function.raises
            if expected[0] == "value":
                assert fits(expected[1], python_result_type(function.name, [type_of(make()), *map(type_of, args)]))


def test_subscripts():
    cases = [([1, 2, 3], [0, -1, 3, True]), ("abc", [1, -4]), ((1, "a"), [0, 1, 2]), ({"a": 1}, ["a", "z"])]
    for container, indices in cases:
        for index in indices:
            got, expected = outcome(evaluate, "getitem", [container, index]), outcome(operator.getitem, container, index)
            assert got == expected
            if expected[0] == "value":
                types = [type_of(container), type_of(index)]
                assert fits(expected[1], python_result_type("getitem", types, [UNKNOWN, index]))
    for container in ([1, 2, 3, 4], "abcd", (1, "a", 2.0, True)):
        for bounds in [(None, None), (1, None), (None, -1, None), (None, None, -1), (0, 9, 2), (0, 4, 0)]:
            check("getslice", lambda c, *b: c[slice(*b)], container, *bounds)
    for name, args in [("setitem", (1, 9)), ("delitem", (1,)), ("setslice", (0, 2, None, [7])), ("delslice", (1, None))]:
        mine = [1, 2, 3]
        evaluate(name, [mine, *args])
        theirs = [1, 2, 3]
        match name:
            case "setitem":
                theirs[1] = 9
            case "delitem":
                del theirs[1]
            case "setslice":
                theirs[0:2] = [7]
            case "delslice":
                del theirs[1:]
        assert mine == theirs


def test_tuple_index_without_a_constant_is_a_union():
    assert str(python_result_type("getitem", [TupleType([INT, STR]), INT])) == "!ts.union<i64, !ts.str>"
    with pytest.raises(OperatorTypeError, match="out of range"):
        python_result_type("getitem", [TupleType([INT, STR]), INT], [UNKNOWN, 2])


def test_iteration_functions():
    for values in ([3, 1, 2], "bca", (2.0, 1.0), {"x": 1, "y": 2}):
        check("sorted", sorted, values)
        check("sorted", lambda v, r: sorted(v, reverse=r), values, True)
        check("reversed", lambda v: list(reversed(v)), values)
        check("enumerate", lambda v, s: list(enumerate(v, s)), values, 5)
        check("list", list, values)
        check("set", set, values)
        check("tuple", tuple, values)
        check("zip", lambda *v: list(zip(*v)), values, [1, 2])
        check("len", len, values)
        check("min", min, values)
        check("max", max, values)
        check("contains", lambda c, x: x in c, values, "b" if values == "bca" else 1)
    for values in ([1, 2], [1.5, 2], [True, False], [], (1, 2.5)):
        for name, function in [("sum", sum), ("any", any), ("all", all)]:
            check(name, function, values)
        check("sum", sum, values, 10)
    check("min", min, [])
    check("max", max, 2, 1.5, True)
    check("min_default", lambda v, d: min(v, default=d), [], 7)
    check("dict", dict, [("a", 1), ("b", 2)])
    check("range_length", lambda *a: len(range(*a)), 0, 10, 3)
    check("range_length", lambda *a: len(range(*a)), 0, 10, 0)
    check("range_list", lambda *a: list(range(*a)), 10, 0, -3)
    check("add", operator.add, [1], [2])
    check("mul", operator.mul, "ab", 3)
    check("mul", operator.mul, 2, (1, "a"))
    check("bitand", operator.and_, {1, 2}, {2})
    check("sub", operator.sub, {1, 2}, {2})
    check("bitor", operator.or_, {"a": 1}, {"b": 2})


def test_augmented_assignment_changes_in_place():
    cases = [("+=", [1], [2]), ("*=", [1], 3), ("|=", {1}, {2}), ("-=", {1, 2}, {2}), ("|=", {"a": 1}, {"b": 2})]
    for symbol, value, other in cases:
        function = python.operator(symbol, [type_of(value), type_of(other)])
        assert function.mutates
        assert evaluate(function.name, [value, other]) is value
    assert python.operator("+=", [INT, INT]) is lookup("add")
    assert python.operator("%=", [STR, INT]) is lookup("percent")
    assert python.operator("<=", [INT, INT]) is lookup("le")
    assert python.operator("not in", [ListType(INT), INT]) is lookup("not_contains")
    assert python.operator("-", [INT]) is lookup("neg")


def test_builtins_and_attributes():
    assert python.builtin("len") is lookup("len")
    assert python.builtin("add") is None and python.builtin("str_find") is None
    assert python.method(STR, "nope") is None and python.method(INT, "get_real") is None
    assert python.attribute(COMPLEX, "imag") is lookup("complex_get_imag")
    assert python.attribute(STR, "real") is None
    assert evaluate("complex_get_imag", [1 + 2j]) == 2.0


def test_print_uses_the_given_text_functions(capsys):
    evaluate("print", [1, "a"])
    evaluate("print_with", ["-", "!\n", 1, 2])
    assert capsys.readouterr().out == "1 a\n1-2!\n"


@pytest.mark.parametrize(
    ("name", "types", "message"),
    [
        ("add", [INT, STR], r"operator \+ isn't defined for int and str"),
        ("add", [OptionalType(INT), INT], r"TS306.*Optional\[int\] and int"),
        ("lt", [INT, STR], "operator < isn't defined for int and str"),
        ("len", [INT], "no len"),
        ("getitem", [ListType(INT), STR], r"List\[int\] can't be indexed with a value of type str"),
        ("str_split", [STR, INT], r"argument 'sep' of str.split\(\) expects str, found int"),
        ("str_join", [STR, ListType(INT)], r"str.join\(\) expects a list of str, found List\[int\]"),
        ("math_sqrt", [STR], r"math.sqrt\(\) expects a number, found str"),
        ("list_insert", [ListType(INT), INT], r"list.insert\(\) takes 2 arguments \(index, item\), got 1"),
    ],
)
def test_wrong_types_are_refused(name, types, message):
    with pytest.raises(OperatorTypeError, match=message):
        python_result_type(name, types)


def test_every_row_renders_for_every_number_of_operands():
    for function in FUNCTIONS.values():
        top = len(function.parameters) + (2 if function.variadic else 0)
        for count in range(function.required, top + 1):
            compiled(function.name, count)
        assert not function.accepts(function.required - 1)
    assert len(inspect.signature(compiled("print", 3)).parameters) == 3
