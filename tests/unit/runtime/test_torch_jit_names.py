"""The names that users of torch.jit know, and the methods of `nn.Module` on a compiled module."""

import inspect

import pytest
import torch
from torch import nn

import tsir

PRIVATE = "_overload _overload_method _unwrap_optional _IgnoreContextManager _awaitable _fork _wait _isinstance".split()
"""Those that libraries use."""
OTHERS = "RecursiveScriptModule TopLevelTracedModule CompilationUnit script_method fuser freeze trace_module".split()


@pytest.mark.parametrize("name", sorted({*torch.jit.__all__, *PRIVATE, *OTHERS}))
def test_name(name: str) -> None:
    assert hasattr(tsir, name) and hasattr(torch.jit, name)
    assert name in dir(tsir)


def test_errors_and_classes_by_torch_jit_s_names() -> None:
    with pytest.raises(tsir.Error, match="isn't defined"):
        tsir.script(undefined)
    scripted = tsir.script(model())
    assert isinstance(scripted, tsir.RecursiveScriptModule)
    assert isinstance(tsir.trace(model(), X), tsir.TopLevelTracedModule)


def undefined(x):
    return x + nothing  # noqa: F821


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.BatchNorm1d(4), nn.ReLU())).eval()


X = torch.arange(6.0).reshape(2, 3)


def test_freeze_keeps_today_s_parameters() -> None:
    eager = model()
    scripted = tsir.script(eager)
    frozen, optimised = tsir.freeze(scripted), tsir.optimize_for_inference(scripted)
    expected = eager(X)
    with torch.no_grad():
        eager[0].weight.zero_()
    torch.testing.assert_close(frozen(X), expected.detach())
    torch.testing.assert_close(optimised(X), expected.detach())
    torch.testing.assert_close(scripted(X), eager(X).detach())
    with pytest.raises(RuntimeError, match="training"):
        tsir.freeze(tsir.script(model().train()))


def test_what_has_no_meaning_here() -> None:
    tsir.enable_onednn_fusion(True)
    assert not tsir.onednn_fusion_enabled()
    assert tsir.set_fusion_strategy([("DYNAMIC", 3)])
    with tsir.optimized_execution(False), tsir.fuser("fuser1"), tsir.strict_fusion():
        pass
    with pytest.raises(tsir.TsirError, match="stages"):
        tsir.last_executed_optimized_graph()
    assert tsir.export_opnames(tsir.script(nn.ReLU())) == ["aten::relu"]


def test_lookups() -> None:
    eager = model()
    scripted = tsir.script(eager)
    assert scripted.get_submodule("1.0").original_name == "BatchNorm1d"
    assert scripted.get_submodule("") is scripted
    assert torch.equal(scripted.get_parameter("0.weight"), eager[0].weight)
    assert torch.equal(scripted.get_buffer("1.0.running_var"), eager[1][0].running_var)
    for look in (scripted.get_submodule, scripted.get_parameter, scripted.get_buffer):
        with pytest.raises(AttributeError):
            look("0.nothing")
    seen: list[str] = []
    assert scripted.apply(lambda m: seen.append(m.original_name)) is scripted
    assert sorted(seen) == ["BatchNorm1d", "Linear", "ReLU", "Sequential", "Sequential"]
    assert len(scripted.save_to_buffer()) > 100


def test_conversion() -> None:
    scripted = tsir.script(model())
    assert scripted.double().to("cpu").cpu() is scripted
    expected = model().double()(X.double()).detach()
    torch.testing.assert_close(scripted(X.double()), expected)
    assert scripted.get_buffer("1.0.num_batches_tracked").dtype == torch.int64
    torch.testing.assert_close(scripted.to(torch.float32)(X), expected.float())
    assert scripted.requires_grad_(False) is scripted


@pytest.mark.parametrize("name", ["cuda", "register_buffer", "register_forward_hook", "requires_grad_"])
def test_refused(name: str) -> None:
    with pytest.raises(tsir.TsirError):
        getattr(tsir.script(model()), name)()
    with pytest.raises(tsir.TsirError, match="CPU"):
        tsir.script(model()).to("cuda")


def test_torch_jit_s_own_parameters_are_taken() -> None:
    traced = tsir.trace(torch.relu, (X,), optimize=True, _force_outplace=True)
    assert torch.equal(tsir.script(torch.nn.ReLU(), None, 0, None)(X), traced(X))


def test_parameters_are_those_of_torch_jit():
    """Calls by position and by name mean the same: `torch.jit.save(m=module, f=path)`."""
    ours = {"RecursiveScriptModule", "ScriptModule", "TopLevelTracedModule"}  # which aren't made by calls
    for name in sorted(set(dir(torch.jit)) - ours):
        theirs, own = getattr(torch.jit, name), getattr(tsir, name, None)
        if name.startswith("__") or not callable(theirs) or own is None:
            continue
        try:
            expected = list(inspect.signature(theirs).parameters)
        except (TypeError, ValueError):  # of a class without a signature
            continue
        found = inspect.signature(own).parameters.values()
        assert [p.name for p in found][: len(expected)] == expected, name
        assert all(p.kind is p.KEYWORD_ONLY for p in list(found)[len(expected) :] if p.default is not p.empty), name
