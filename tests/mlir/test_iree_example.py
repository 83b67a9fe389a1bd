"""examples/iree: what it makes runs by IREE's runtime, from Python and by IREE's own tool, and from C where its source tree is."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.mlir.toolchain import iree_available

EXAMPLE = Path(__file__).parents[2] / "examples" / "iree"
pytestmark = [
    pytest.mark.mlir,
    pytest.mark.skipif(not iree_available(), reason="IREE isn't installed: make test-mlir installs it"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    subprocess.run([sys.executable, str(EXAMPLE / "make_model.py"), str(folder)], check=True, timeout=300)
    return folder


def elements(folder, name):
    return np.fromfile(folder / name, np.float32)


def test_python_runtime(made):
    import iree.runtime as runtime

    config = runtime.Config("local-sync")
    binary = (made / "model.vmfb").read_bytes()
    module = runtime.load_vm_module(runtime.VmModule.copy_buffer(config.vm_instance, binary), config)
    found = module["Classifier.forward"](elements(made, "input.f32").reshape(2, 10)).to_host()
    np.testing.assert_allclose(found.ravel(), elements(made, "expected.f32"), rtol=1e-5)


def test_command_line(made):
    np.save(made / "input.npy", elements(made, "input.f32").reshape(2, 10))
    libraries = Path(importlib.util.find_spec("iree._runtime_libs").origin).parent
    command = [str(libraries / "iree-run-module"), f"--module={made / 'model.vmfb'}", "--device=local-sync",
               "--function=Classifier.forward", f"--input=@{made / 'input.npy'}", f"--output=@{made / 'output.npy'}"]  # fmt: skip
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    np.testing.assert_allclose(np.load(made / "output.npy").ravel(), elements(made, "expected.f32"), rtol=1e-5)


@pytest.mark.skipif("TSIR_IREE_SOURCE" not in os.environ, reason="TSIR_IREE_SOURCE isn't the folder of IREE's source tree")
def test_c_program(made, tmp_path):
    build = Path(os.environ.get("TSIR_IREE_BUILD", tmp_path))
    configured = [
        "cmake",
        "-G",
        "Ninja",
        "-S",
        str(EXAMPLE),
        "-B",
        str(build),
        f"-DIREE_SOURCE={os.environ['TSIR_IREE_SOURCE']}",
    ]
    subprocess.run([*configured, "-DCMAKE_BUILD_TYPE=MinSizeRel"], check=True, timeout=600)
    subprocess.run(["cmake", "--build", str(build), "--target", "run_model"], check=True, timeout=3600)
    program = str(build / "run_model")
    given = (made / "input.f32").read_bytes()
    done = subprocess.run(
        [program, str(made / "model.vmfb"), "Classifier.forward", "2x10"], input=given, capture_output=True, check=True
    )
    np.testing.assert_allclose(np.frombuffer(done.stdout, np.float32), elements(made, "expected.f32"), rtol=1e-5)
    assert done.stderr == b"2x4\n"
    wrong = subprocess.run(
        [program, str(made / "model.vmfb"), "nothing", "2x10"], input=given, capture_output=True, check=False
    )
    assert wrong.returncode == 1 and b"nothing" in wrong.stderr
