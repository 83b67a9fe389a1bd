"""Some mutants of the tests' IR in the default run; `make fuzz` makes many more."""

import pytest

from tests.fuzz.fuzz import SECONDS, fuzz, run, texts
from tests.fuzz.mutation import Mutator
from tsir.dialects.context import make_context
from tsir.dialects.parsing import parse_module
from tsir.errors import IRError
from tsir.limits import Limits, configured_limits


@pytest.mark.parametrize("seed", [7])
def test_mutants_give_a_result_or_a_tsir_error(seed: int) -> None:
    outcomes, failures = fuzz(100, seed)
    assert not failures, "\n".join(failures)
    assert outcomes["refused"] > 30 and outcomes["done"] > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_mutants(seed: int) -> None:
    _, failures = fuzz(1000, seed)
    assert not failures, "\n".join(failures)


def test_the_same_seed_gives_the_same_mutants() -> None:
    originals = texts()[:20]
    first, second = Mutator(originals, 3), Mutator(originals, 3)
    assert [first.mutant() for _ in range(20)] == [second.mutant() for _ in range(20)]


def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What isn't a TsirError is counted and named."""

    def broken(*_arguments: object) -> None:
        raise KeyError("no such thing")

    monkeypatch.setattr("tests.fuzz.fuzz.run_pipeline", broken)
    with pytest.raises(KeyError):
        run(b"func.func @f() {\n  func.return\n}\n", "ts-dce")
    outcomes, failures = fuzz(20, 0)
    assert outcomes["wrong"] and any("KeyError" in kind for kind in failures)
    assert SECONDS > 0


HOSTILE = {
    "splat": "%0 = arith.constant dense<1> : tensor<1099511627776xi64>",
    "splat without a shape": '%0 = "test.op"() {a = dense<"0x00"> : tensor<99999999999xi8>} : () -> i64',
    "wide integer": "%0 = arith.constant 1 : i4000000000",
    "wide integer in a type": '%0 = "test.op"() : () -> tensor<2x!ts.list<i99999999999999999999999>>',
    "digits": f"%0 = arith.constant {'9' * 5000} : i64",
    "hexadecimal digits": f"%0 = arith.constant 0x{'9' * 50_000} : i200000",
    "digits of a size": f'%0 = "test.op"() : () -> tensor<{"9" * 5000}xf32>',
    "unsigned": '%0 = "test.op"() {a = -1 : ui20000} : () -> i64',
    "rank": f'%0 = "test.op"() : () -> tensor<{"9x" * 100_000}f32>',
    "regions": "func.func @f(%c: i1) {\n" + "scf.if %c {\n" * 10_000 + "}\n" * 10_000 + "func.return\n}",
    "types": f'%0 = "test.op"() : () -> {"!ts.list<" * 5000}i64{">" * 5000}',
    "attributes": f'"test.op"() {{a = {"[" * 5000}{"]" * 5000}}} : () -> ()',
    "dense": f'"test.op"() {{a = dense<{"[" * 5000}1{"]" * 5000}> : tensor<1xi64>}} : () -> ()',
    "locations": f'"test.op"() : () -> () loc({"callsite(" * 5000}',
    "signs": f'"test.op"() {{a = affine_map<(d0) -> ({"-" * 130_000}d0)>}} : () -> ()',
    "aliases": "!a0 = !ts.tuple<i64, i64>\n" + "".join(f"!a{i} = !ts.tuple<!a{i - 1}, !a{i - 1}>\n" for i in range(1, 60)),
    "null": "func.func @f() {\n\0func.return\n}",
    "no UTF-8": b"func.func @f() {\n  func.return \xff\xfe\n}",
    "open string": 'ts.constant "' + "a" * 200_000,
    "open string with escapes": 'ts.constant "' + "\\00" * 50_000,
    "open comment line": "// " + "x" * 1_000_000,
    "one line": "func.func @f(%x: i64) { " + "%y = arith.addi %x, %x : i64 " * 10_000,
    "results": '%0:100000000 = "test.op"() : () -> ()',
    "closing": ">" * 100_000,
    "opening": "<" * 100_000,
    "bom": "\ufefffunc.func @f() { func.return }",
}


HOSTILE["sizes without operands"] = (
    'func.func @f(%x: tensor<?xf32>, %n: index) {\n  %0 = "tensor.expand_shape"(%x, %n) <{reassociation = [[0 : i64, 1 : i64]], '
    "static_output_shape = array<i64: -9223372036854775808, -9223372036854775808>}> : (tensor<?xf32>, index) -> tensor<?x2xf32>\n"
    "  func.return\n}"
)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_gives_one_error_with_a_place(text: str | bytes) -> None:
    with pytest.raises(IRError) as caught:
        parse_module(make_context(lambda _key: None), text, "x.mlir")
    assert isinstance(text, bytes) or (caught.value.location is not None and caught.value.location.file == "x.mlir")
    assert len(str(caught.value)) < 2000 and caught.value.code is not None


def test_what_is_within_the_bounds_is_read() -> None:
    context = make_context(lambda _key: None)
    parse_module(
        context,
        "func.func @f(%c: i1) {\n"
        + "scf.if %c {\n" * (Limits().nesting - 2)
        + "}\n" * (Limits().nesting - 2)
        + "func.return\n}",
    )
    parse_module(context, "%0 = arith.constant dense<1.5> : tensor<30522x768xf32>")
    parse_module(context, "%0 = arith.constant -1 : i16777215")
    assert Limits().constant_bytes >= 1 << 30


def test_limits_are_changed_by_an_argument_and_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "%0 = arith.constant dense<1> : tensor<1000xi64>"
    context = make_context(lambda _key: None)
    with pytest.raises(IRError, match="more than 4000"):
        parse_module(context, text, limits=Limits(constant_bytes=4000))
    monkeypatch.setenv("TSIR_LIMITS", "constant_bytes=4K, nesting=10")
    assert configured_limits() == Limits(constant_bytes=4096, nesting=10)
    with pytest.raises(IRError, match="more than 4096"):
        parse_module(context, text)
    with pytest.raises(IRError, match="nested 12 deep, more than 10"):
        parse_module(context, '"test.op"() {a = ' + "[" * 11 + "]" * 11 + "} : () -> ()")
    monkeypatch.setenv("TSIR_LIMITS", "constant_bytes=many")
    with pytest.raises(IRError, match="no number"):
        parse_module(context, text)
    monkeypatch.setenv("TSIR_LIMITS", "pages=4")
    with pytest.raises(IRError, match="no limit 'pages'"):
        parse_module(context, text)
