"""What has to work where torch can't be imported: importing tsir, loading and running an archive, ts-opt and ts-run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

NO_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("torch can't be imported in this process")
sys.meta_path.insert(0, NoTorch())
"""


def run(program: str, cwd: Path) -> str:
    environment = {**os.environ, "TSIR_CACHE_DIR": str(cwd / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", NO_TORCH + program], cwd=cwd, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of SimpleNet, an input, and torch's output for it."""
    import torch

    import tsir
    from tests.models.vision import SimpleNet

    path = tmp_path_factory.mktemp("archive")
    torch.manual_seed(0)
    model = SimpleNet().eval()
    x = torch.randn(3, 10)
    tsir.script(model).save(path / "m.pt")
    np.save(path / "x.npy", x.numpy())
    np.save(path / "y.npy", model(x).detach().numpy())
    torch.export.save(torch.export.export(model, (x,), dynamic_shapes={"x": {0: torch.export.Dim.AUTO}}), path / "m.pt2")
    (path / "m.mlir").write_text(str(tsir.script(model).ir))
    return path


def test_the_blocker_blocks(tmp_path: Path) -> None:
    assert (
        run("try:\n import torch\nexcept ImportError as e: print(e)", tmp_path)
        == "torch can't be imported in this process\n"
    )


def test_import_loads_neither_torch_nor_xdsl(tmp_path: Path) -> None:
    text = "import tsir; print(sorted({m.partition('.')[0] for m in sys.modules} & {'torch', 'xdsl', 'scipy'}))"
    assert run(text, tmp_path) == "[]\n"


@pytest.mark.parametrize("times", [1, 2], ids=["cold cache", "warm cache"])
def test_load_and_run(folder: Path, times: int) -> None:
    text = """
import numpy as np, tsir
found = tsir.load("m.pt")(np.load("x.npy"))
assert type(found) is np.ndarray and found.dtype == np.float32
np.testing.assert_allclose(found, np.load("y.npy"), rtol=1e-5, atol=1e-6)
print("xdsl" in sys.modules)
"""
    for _ in range(times):
        used_xdsl = run(text, folder)
    if times == 2:
        assert used_xdsl == "False\n", "a cached program needs no compiler"


CALLS = """
import inspect, io, numpy as np, tsir
m = tsir.load("m.pt")
x = np.load("x.npy")
def f(x):
    return x
class C:
    pass
class Derived:
    def __new__(cls):
        class Module(tsir.ScriptModule):
            pass
        return Module()
calls = {
    "script": [(f,), (C,), (m,), ([1],), ({"a": 1},)],
    "trace": [(f, (x,)), (m, (x,))],
    "trace_module": [(C(), {"forward": (x,)})],
    "save": [(m, io.BytesIO()), (f, io.BytesIO())],
    "load": [("m.pt",), ("m.pt2",), (io.BytesIO(b"no archive"),)],
    "from_exported": [("m.pt2",), (m,), ("m.pt",)],
    "manual_seed": [(3,)],
    "one_function": [(f,)],
    "uninitialized": [(int,)],
    "CompilationUnit": [("def g(x):\\n    return x",)],
    "export_opnames": [(m,)],
    "freeze": [(m.eval(),)],
    "optimize_for_inference": [(m,)],
    "run_frozen_optimizations": [(m,)],
    "enable_onednn_fusion": [(True,)],
    "onednn_fusion_enabled": [()],
    "optimized_execution": [(True,)],
    "set_fusion_strategy": [([("STATIC", 2)],)],
    "fuser": [("fuser1",)],
    "strict_fusion": [()],
    "last_executed_optimized_graph": [()],
    "Limits": [()],
    "script_method": [],
}
"""
"""Arguments for each public function that there is without torch."""

KINDS = ("ScriptModule", "ScriptFunction", "RecursiveScriptModule", "TopLevelTracedModule")
"""Public names that are classes of compiled objects, and those of errors."""


def test_every_public_name_works_or_says_what_it_needs(folder: Path) -> None:
    text = (
        CALLS
        + f"""
KINDS = {KINDS}
needed = []
for name in [n for n in dir(tsir) if n not in dir(type(tsir)) and not n.startswith("__")]:
    try:
        value = getattr(tsir, name)
    except tsir.TsirError as error:
        assert str(error) == f"tsir.{{name}} needs torch: pip install tsir[torch]", error
        needed.append(name)
        continue
    if name in tsir._OURS and name not in KINDS:
        assert name in calls, f"no calls of tsir.{{name}} are tried here"
for name, several in calls.items():
    for arguments in several:
        try:
            getattr(tsir, name)(*arguments)
        except tsir.TsirError as error:
            print(name, "|", str(error).splitlines()[0])
try:
    Derived()
except tsir.TsirError as error:
    print("Derived |", error)
assert "torch" not in __import__("sys").modules
print("needed", *sorted(set(needed) ^ tsir._TORCH_JIT))
"""
    )
    lines = run(text, folder).splitlines()
    assert lines.pop() == "needed script_method"
    need = [line for line in lines if line.endswith("needs torch: pip install tsir[torch]")]
    wanted = ["script", "script", "trace", "trace_module", "CompilationUnit", "Derived"]
    assert [line.partition(" ")[0] for line in need] == wanted
    others = sorted(line.partition(" ")[0] for line in lines if line not in need)
    assert others == ["from_exported", "from_exported", "last_executed_optimized_graph", "load", "save"]


def test_every_member_works_or_says_what_it_needs(folder: Path) -> None:
    text = """
import inspect, numpy as np, tsir
x = np.load("x.npy")
def tried(what, call):
    try:
        return call()
    except tsir.TsirError:
        return None
    except Exception as error:
        raise AssertionError(f"{what}: {error!r}") from error
for get in (lambda: tsir.load("m.pt"), lambda: tsir.load("m.pt2"), lambda: tsir.load("m.pt").forward):
    for name in dir(type(get())):
        if name.startswith("_"):
            continue
        value = tried(name, lambda: getattr(get(), name))
        if not callable(value):
            continue
        kinds = [p for p in inspect.signature(value).parameters.values() if p.default is p.empty]
        if any(p.kind is p.VAR_POSITIONAL for p in kinds) and name != "state_dict":  # whose first argument is a dict
            tried(name, lambda: getattr(get(), name)(x))
        elif not [p for p in kinds if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]:
            tried(name, lambda: getattr(get(), name)())
print("torch" in __import__("sys").modules)
"""
    assert run(text, folder) == "False\n"


def test_state_of_modules(folder: Path) -> None:
    """The parameters of the methods and what they say are nn.Module's."""
    text = """
import numpy as np, tsir
m = tsir.load("m.pt")
x = np.load("x.npy")
before = m(x)
names = list(m.state_dict())
assert [n for n, _ in m.named_parameters("p")] == ["p." + n for n, _ in m.named_parameters()]
assert list(m.state_dict(prefix="q.")) == ["q." + n for n in names] and not list(m.parameters(recurse=False))
changed = {k: v + 1 for k, v in m.state_dict().items()}
assert repr(m.load_state_dict(changed)) == "<All keys matched successfully>"
assert not np.allclose(m(x), before)
m.load_state_dict({k: v - 1 for k, v in changed.items()}, assign=True)
np.testing.assert_allclose(m(x), before, rtol=1e-5, atol=1e-6)
assert m.load_state_dict({"other": x}, strict=False) == (names, ["other"])
for state in ({}, {**changed, "other": x}, {**changed, names[0]: np.zeros(1)}):
    try:
        m.load_state_dict(state)
    except RuntimeError as error:
        print(str(error).splitlines()[1].strip().partition(" ")[0])
"""
    assert run(text, folder) == "Missing\nUnexpected\nsize\n"


def test_exported_programs_run(folder: Path) -> None:
    text = """
import numpy as np, tsir
m = tsir.load("m.pt2")
np.testing.assert_allclose(m(np.load("x.npy")), np.load("y.npy"), rtol=1e-5, atol=1e-6)
m.save("again.pt")
np.testing.assert_allclose(tsir.load("again.pt")(np.load("x.npy")), np.load("y.npy"), rtol=1e-5, atol=1e-6)
try:
    m(np.zeros((3, 9), np.float32))
except AssertionError as error:
    print(error)
"""
    assert run(text, folder) == "Guard failed: x.size()[1] == 10\n"


def test_ts_opt(folder: Path) -> None:
    text = "from tsir.tools.ts_opt import main; main(['m.mlir', '-p', 'ts-dce,ts-cse']); print('torch' in sys.modules)"
    found = run(text.replace("main([", "code = main(["), folder)
    assert "ts.aten.linear" in found and found.endswith("False\n")


def test_ts_run(folder: Path) -> None:
    text = "from tsir.tools.ts_run import main; main(['m.pt', '--input', 'x.npy', '--output', 'out.npy'])"
    run(text, folder)
    np.testing.assert_allclose(np.load(folder / "out.npy"), np.load(folder / "y.npy"), rtol=1e-5, atol=1e-6)


def test_arrays_that_were_given_away_may_be_written(folder: Path) -> None:
    text = """
import copy, numpy as np, pickle, tsir
m = pickle.loads(pickle.dumps(tsir.load("m.pt")))
for x in (np.load("x.npy"), np.load("x.npy")[:1]):
    for _ in range(2):
        before = m(x), m(x)
        m.fc2.bias[...] += 1
        np.testing.assert_allclose(m(x), before[1] + 1, rtol=1e-5, atol=1e-6)
        copied = copy.deepcopy(m)
        m.state_dict()["fc1.weight"][...] = 0
        assert not np.allclose(m(x), before[1] + 1)
        np.testing.assert_allclose(copied(x), before[1] + 1, rtol=1e-5, atol=1e-6)
        m = copied
print("torch" in sys.modules and sys.modules["torch"] is not None)
"""
    assert run(text, folder) == "False\n"
