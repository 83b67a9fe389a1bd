"""Command lines as LLVM's tools have them: one dash or two, values after `=` or a space, pass flags in their order."""

from pathlib import Path

import pytest

from tsir.errors import TsirError
from tsir.tools import opt_options, ts_reduce, ts_run, ts_translate


@pytest.mark.parametrize(
    "argv, wanted",
    [
        (["-pass-pipeline", "builtin.module(a)", "x.mlir"], {"pass_pipeline": "builtin.module(a)", "input": "x.mlir"}),
        (["--pass-pipeline=builtin.module(a)"], {"pass_pipeline": "builtin.module(a)", "input": "-"}),
        (["-split-input-file", "x.mlir"], {"split_input_file": "// -----", "input": "x.mlir"}),
        (["--split-input-file=//cut", "x.mlir"], {"split_input_file": "//cut", "input": "x.mlir"}),
        (["-verify-diagnostics", "x.mlir"], {"verify_diagnostics": "all", "input": "x.mlir"}),
        (["--verify-each", "x.mlir"], {"verify_each": True, "input": "x.mlir"}),
        (["--verify-each=false", "x.mlir"], {"verify_each": False}),
        (["x.mlir", "-o", "y", "-p", "ts-cse"], {"output": "y", "passes": ["ts-cse"]}),
        (["-ts-cse", "-p", "a,b", "--cse", "x.mlir"], {"passes": ["ts-cse", "a,b", "cse"], "input": "x.mlir"}),
        (["--ts-canonicalize=tables=views"], {"passes": ["ts-canonicalize{tables=views}"]}),
        (["-ts-canonicalize=tables=views,folding x=1"], {"passes": ["ts-canonicalize{tables=views,folding x=1}"]}),
        (["--entry", "-x", "--", "x.mlir"], {"entry": "-x", "input": "x.mlir"}),
        (["--mlir-print-ir-after=ts-cse", "-mlir-print-ir-after", "cse"], {"mlir_print_ir_after": ["ts-cse", "cse"]}),
        (["-"], {"input": "-"}),
    ],
)
def test_ts_opt(argv: list[str], wanted: dict[str, object]) -> None:
    options = vars(opt_options.read(argv))
    assert {k: options[k] for k in wanted} == wanted


@pytest.mark.parametrize(
    "argv, said, hint",
    [
        (["--pass-pipelin=x"], "there is no option --pass-pipelin", "`--pass-pipeline`"),
        (["-ts-ces"], "there is no option -ts-ces", "--help"),
        (["--pass-pipe=builtin.module()"], "there is no option --pass-pipe", "--pass-pipeline"),
        (["a.mlir", "b.mlir"], "one argument too many: 'b.mlir'", "--help"),
        (["--weights=some"], "invalid choice: 'some'", "--help"),
        (["--verify-each=maybe"], "expected true or false", "--help"),
        (["--seed=x"], "invalid int value", "--help"),
        (["-o"], "expected one argument", "--help"),
    ],
)
def test_what_is_wrong(argv: list[str], said: str, hint: str) -> None:
    with pytest.raises(TsirError) as caught:
        opt_options.read(argv)
    assert said in caught.value.message and hint in (caught.value.hint or "")


@pytest.mark.parametrize("tool", [ts_run, ts_reduce, ts_translate])
def test_other_tools_end_in_a_message(tool: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--no-such-option"]) == 1  # type: ignore[attr-defined]
    said = capsys.readouterr().err
    assert "no-such-option" in said or "required" in said
    assert "Traceback" not in said
