"""Pass pipelines as text: what is read, where the caret stands, and that a printed pipeline is read as the same one."""

import pytest

from tsir.errors import PassError
from tsir.tools.pass_manager import Nest, read_passes, read_pipeline
from tsir.tools.pipelines_text import NestText, PassText, option_text, parse_pipeline


def test_nesting_and_options() -> None:
    [module] = parse_pipeline('builtin.module( a , func.func(b{x=1,2 flag y="p q" z={u v}}, c),any() )')
    assert isinstance(module, NestText)
    a, functions, empty = module.elements
    assert isinstance(a, PassText) and a.name == "a" and a.options == ()
    assert isinstance(functions, NestText) and functions.anchor == "func.func"
    assert isinstance(empty, NestText) and empty.elements == ()
    b, c = functions.elements
    assert isinstance(b, PassText) and isinstance(c, PassText)
    assert [(o.key, [v.text for v in o.values]) for o in b.options] == [
        ("x", ["1", "2"]), ("flag", []), ("y", ["p q"]), ("z", ["u v"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text, said, column",
    [
        ("a,", "expected the name of a pass, found the end", 3),
        ("a b", "expected `,` between passes", 3),
        ("f(a", "the `(` after f isn't closed", 2),
        ("f(a))", "there is a `)` too many", 5),
        ("f(a b)", "expected `,` or `)`", 5),
        ("a{x=", "expected a value", 5),
        ("a{x=1", "isn't closed", 2),
        ('a{x="1}', "the string isn't closed", 5),
        ("a{x=f(1}", "isn't closed", 6),
        ("a{=1}", "expected the name of an option", 3),
        ("a[b]", "only mlir-opt takes a pipeline in brackets", 2),
        ("(a)", "expected the name of a pass, found '('", 1),
        ("a,\n b c", "expected `,` between passes", 4),
    ],
)
def test_caret(text: str, said: str, column: int) -> None:
    with pytest.raises(PassError) as caught:
        parse_pipeline(text)
    assert said in caught.value.message
    assert caught.value.location is not None and caught.value.location.column == column


def test_deep_nesting_is_no_recursion() -> None:
    text = "builtin.module(" * 5000 + "a" + ")" * 5000
    [element] = parse_pipeline(text)
    depth = 0
    while isinstance(element, NestText):
        depth, [element] = depth + 1, element.elements
    assert depth == 5000


@pytest.mark.parametrize(
    "text",
    [
        "builtin.module(ts-cse)",
        "builtin.module(func.func(ts-cse,ts-dce),ts-canonicalize{tables=views,folding})",
        "builtin.module(any(cse),builtin.module(canonicalize))",
        'builtin.module(ts-set-types{types="tensor<2x?xf32>,i64" entry=f})',
        'builtin.module(ts-inline{entry="1"},ts-inline{entry="true"},ts-inline{entry="a \\"b\\" \\\\"})',
        'builtin.module(mlir-opt{arguments="--cse","-p","builtin.module(cse{a=1 b=2})"})',
        "builtin.module(scf-for-loop-range-folding,test-add-timers-to-top-level-funcs)",
        "any(ts-cse)",
    ],
)
def test_printed_pipelines_are_read_as_the_same(text: str) -> None:
    pipeline = read_pipeline(text)
    assert read_pipeline(str(pipeline)) == pipeline
    assert read_pipeline(pipeline.pretty()) == pipeline
    assert str(pipeline).replace('"', "") == text.replace('"', "")


def test_values_are_of_the_options_types() -> None:
    [one] = read_passes("apply-individual-rewrite{matched-operation-index=3 operation-name=7 pattern-name=true}")
    assert not isinstance(one, Nest)
    spec = one.pipeline_pass_spec().parameters
    assert spec == {"matched_operation_index": (3,), "operation_name": ("7",), "pattern_name": ("true",)}


@pytest.mark.parametrize(
    "text, said, hint",
    [
        ("ts-ces", "there is no pass 'ts-ces'", "`ts-cse`"),
        ("ts-set-types", "needs the option types", "ts-set-types{types=str}"),
        ("ts-cse{x}", "has no option 'x'", "ts-cse takes no options"),
        ("apply-individual-rewrite{matched_operation_index=x}", "takes int, found x", None),
        ("apply-individual-rewrite{matched-operation-index}", "takes int, found no value", None),
        ("func.fnc(ts-cse)", "there is no operation 'func.fnc'", "func.func"),
        ("funk.func(ts-cse)", "there is no operation 'funk.func'", "`func`"),
        ("func.func(func.func(ts-cse))", "there is no func.func in a func.func", None),
        ("func.func(ts-set-types{types=i64})", "can't be nested in func.func", "ts-cse"),
    ],
)
def test_what_a_pipeline_cannot_name(text: str, said: str, hint: str | None) -> None:
    with pytest.raises(PassError) as caught:
        read_passes(text)
    assert said in caught.value.message and caught.value.location is not None
    assert hint is None or hint in (caught.value.hint or "")


def test_option_text() -> None:
    assert option_text("x", (1, 2.5, True, "a-b", "1", "")) == 'x=1,2.5,true,a-b,"1",""'
    assert option_text("flag", ()) == "flag"
