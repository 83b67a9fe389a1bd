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


def test_what_needs_torch_says_so(tmp_path: Path) -> None:
    text = """
import tsir
for name in ("script", "trace"):
    try:
        getattr(tsir, name)(print, ())  if name == "trace" else tsir.script(print)
    except tsir.TsirError as error:
        print(error)
try:
    tsir.export
except tsir.TsirError as error:
    print(error)
"""
    assert run(text, tmp_path).count("pip install tsir[torch]") == 3


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
