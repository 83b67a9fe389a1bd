"""Running pipelines: what a nested pass may do, which pass an error names, what is left when a run is stopped."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from tsir.dialects.context import parse_module, print_module
from tsir.errors import PassError, TsirError
from tsir.tools.contexts import tool_context
from tsir.tools.instrument.reproducers import Reproducer
from tsir.tools.instrument.verifying import Verify
from tsir.tools.pass_manager import Instrument, Nest, PassRun, run_pipeline

TEXT = """\
func.func @f(%x: i64) -> i64 {
  %0 = arith.addi %x, %x : i64
  func.return %0 : i64
}
func.func private @declared(i64) -> i64
func.func @g(%x: i64) -> i64 {
  func.return %x : i64
}
"""


def _module() -> tuple[Context, ModuleOp]:
    context = tool_context()
    return context, parse_module(context, TEXT)


def _functions(module: ModuleOp) -> list[str]:
    return [f.sym_name.data for f in module.walk() if isinstance(f, FuncOp)]


@dataclass(frozen=True)
class _Pass(ModulePass):
    name = "test-pass"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        [function] = op.body.block.ops
        assert isinstance(function, FuncOp)
        self.change(op, function)

    def change(self, module: ModuleOp, function: FuncOp) -> None:
        """Does nothing."""


class _Adds(_Pass):
    def change(self, module: ModuleOp, function: FuncOp) -> None:
        other = function.clone()
        other.properties["sym_name"] = type(function.sym_name)("other")
        module.body.block.add_op(other)


class _Removes(_Pass):
    def change(self, module: ModuleOp, function: FuncOp) -> None:
        function.detach()


class _Replaces(_Pass):
    def change(self, module: ModuleOp, function: FuncOp) -> None:
        other = function.clone()
        function.detach()
        module.body.block.add_op(other)


class _Breaks(_Pass):
    def change(self, module: ModuleOp, function: FuncOp) -> None:
        for op in list(function.body.block.ops):
            if op.name == "arith.addi":
                op.detach()
                function.body.block.insert_op_after(op, function.body.block.last_op)  # pyright: ignore


class _Interrupted(_Pass):
    def change(self, module: ModuleOp, function: FuncOp) -> None:
        raise KeyboardInterrupt


def _nested(*passes: ModulePass) -> Nest:
    return Nest("builtin.module", (Nest("func.func", passes),))


@pytest.mark.parametrize("cls, said", [(_Adds, "'func.func' operation: @other beside it"), (_Removes, "removed it")])
def test_a_nested_pass_changes_its_operation_alone(cls: Any, said: str) -> None:
    context, module = _module()
    with pytest.raises(PassError, match=r"can't be nested in func\.func") as caught:
        run_pipeline(_nested(cls()), context, module)
    assert said in caught.value.message and "@f" in caught.value.message


def test_a_nested_pass_may_replace_its_operation() -> None:
    context, module = _module()
    before = print_module(module)
    seen: list[Operation] = []

    class See(Instrument):
        def after_pass(self, run: PassRun) -> None:
            assert run.target.parent is module.body.block
            seen.append(run.target)

    run_pipeline(_nested(_Replaces(), _Pass()), context, module, [See()])
    assert _functions(module) == ["f", "declared", "g"] and print_module(module) == before
    assert len(seen) == 4 and seen[0] is seen[1] and seen[2] is seen[3]


def test_verify_each_names_the_pass() -> None:
    context, module = _module()
    with pytest.raises(PassError, match=r"^error\[TS710\]: pass test-pass gives IR that is wrong"):
        run_pipeline(_nested(_Pass(), _Breaks()), context, module, [Verify()])


def test_instruments_are_around_each_other() -> None:
    context, module = _module()
    events: list[str] = []

    class Note(Instrument):
        def __init__(self, name: str) -> None:
            self.name = name

        def before_pass(self, run: PassRun) -> None:
            events.append(f"{self.name} before")

        def after_pass(self, run: PassRun) -> None:
            events.append(f"{self.name} after")

        def after_failure(self, run: PassRun, error: TsirError) -> None:
            events.append(f"{self.name} failed")

    run_pipeline(Nest("any", (Nest("func.func", (_Pass(),)),)), context, module, [Note("a"), Note("b")])
    assert events == ["a before", "b before", "b after", "a after"] * 2
    events.clear()
    with pytest.raises(PassError):
        run_pipeline(_nested(_Adds()), context, module, [Note("a"), Note("b")])
    assert events == ["a before", "b before", "b failed", "a failed"]


def test_an_interrupted_run_leaves_its_reproducer(tmp_path: Path) -> None:
    context, module = _module()
    file = tmp_path / "r.mlir"
    nest = _nested(_Interrupted())
    with pytest.raises(KeyboardInterrupt), Reproducer(str(file), nest, module, False) as kept:
        run_pipeline(nest, context, module, [kept])
    left = tmp_path / "r.mlir.running"
    assert not file.exists() and 'pipeline: "builtin.module(func.func(test-pass))"' in left.read_text()
    external: dict[str, dict[str, str]] = {}
    parse_module(tool_context(), left.read_text(), external=external)
    assert external["mlir_reproducer"]["verify_each"] == "false"


def test_constants_are_elided() -> None:
    constant = "%0 = arith.constant dense<[1, 2, 3]> : tensor<3xi64>"
    text = f"func.func @f() -> tensor<3xi64> {{\n  {constant}\n  func.return %0 : tensor<3xi64>\n}}"
    module = parse_module(tool_context(), text)
    assert "dense_resource<__elided__> : tensor<3xi64>" in print_module(module, elide_larger=2)
    assert "dense<[1, 2, 3]>" in print_module(module, elide_larger=3)
