"""A loaded module where models are served: copied, in many threads, in forked and spawned processes; results stay the same."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn as nn
from torch import Tensor

import tsir

Array = np.ndarray[Any, Any]


class Model(nn.Module):
    """Branches, sizes that vary, weights that are worked on before calls."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm1d(4)
        self.out = nn.Linear(4, 2)

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        y = torch.relu(self.norm(self.conv(x)))
        if y.size(2) > 4:
            y = y[:, :, :4] * scale
        return self.out(y.mean(2)).softmax(1)


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    return Model().eval()


@pytest.fixture(scope="module")
def path(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("serving") / "m.pt"
    tsir.script(model).save(path)
    return path


def inputs(count: int, seed: int = 0) -> list[Array]:
    """Arrays of many shapes."""
    random = np.random.default_rng(seed)
    return [random.standard_normal((1 + i % 5, 3, 1 + i % 9)).astype("float32") for i in range(count)]


def expected(model: Model, x: Array) -> Array:
    with torch.no_grad():
        return model(torch.from_numpy(x)).numpy()


def test_32_threads_with_different_shapes(model: Model, path: Path) -> None:
    loaded, given = tsir.load(path), inputs(320)
    barrier = threading.Barrier(32)

    def work(i: int) -> list[Array]:
        barrier.wait()  # all at once, while nothing is compiled
        return [np.asarray(loaded(x)) for x in given[i::32]]

    with ThreadPoolExecutor(32) as pool:
        results = list(pool.map(work, range(32)))
    for i, found in enumerate(results):
        for x, y in zip(given[i::32], found, strict=True):
            np.testing.assert_allclose(y, expected(model, x), rtol=1e-5, atol=1e-6)


def test_a_module_that_is_loaded_in_each_of_many_threads(model: Model, path: Path) -> None:
    given = inputs(16)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda x: np.asarray(tsir.load(path)(x)), given))
    for x, y in zip(given, found, strict=True):
        np.testing.assert_allclose(y, expected(model, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_copies(model: Model, path: Path, duplicate: Any) -> None:
    module = tsir.load(path)
    module(inputs(1)[0])
    for _ in range(3):
        module = duplicate(module)
        for x in inputs(6):
            np.testing.assert_allclose(np.asarray(module(x)), expected(model, x), rtol=1e-5, atol=1e-6)


def _call(module: Any, given: list[Array]) -> list[Array]:
    return [np.asarray(module(x)) for x in given]


CHILD = """
import multiprocessing, pickle, sys
import numpy as np
import tsir

def call(module, given):
    return [module(x) for x in given]

if __name__ == "__main__":
    assert "torch" not in sys.modules
    module = tsir.load(sys.argv[1])
    given = pickle.loads(sys.stdin.buffer.read())
    if sys.argv[2] == "called":
        module(given[0])
    with multiprocessing.get_context(sys.argv[3]).Pool(2) as pool:
        found = pool.starmap(call, [(module, given[::2]), (module, given[1::2])])
    sys.stdout.buffer.write(pickle.dumps(found))
"""


@pytest.mark.parametrize(("method", "state"), [("fork", "fresh"), ("fork", "called"), ("spawn", "called")])
def test_processes_without_torch(model: Model, path: Path, tmp_path: Path, method: str, state: str) -> None:
    """Forked after load, or sent to spawned ones."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    given = inputs(8)
    done = subprocess.run(
        [sys.executable, str(script), str(path), state, method], input=pickle.dumps(given), capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    halves = pickle.loads(done.stdout)
    for first, half in enumerate(halves):
        for x, y in zip(given[first::2], half, strict=True):
            np.testing.assert_allclose(np.asarray(y), expected(model, x), rtol=1e-5, atol=1e-6)


def test_forked_while_other_threads_call(model: Model, path: Path) -> None:
    """A child gets no lock of tsir's that somebody holds: it compiles and calls on its own."""
    module, given, stop = tsir.load(path), inputs(12), threading.Event()
    _call(tsir.load(path), given)  # what is imported on the way has locks of Python's

    def work() -> None:
        while not stop.is_set():
            _call(tsir.load(path), given[:5])

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        context = multiprocessing.get_context("fork")
        for _ in range(2):
            receiving, sending = context.Pipe(duplex=False)
            process = context.Process(target=lambda end=sending: end.send(_call(module, given)))
            process.start()
            assert receiving.poll(60), "a forked process hangs"
            for x, y in zip(given, receiving.recv(), strict=True):
                np.testing.assert_allclose(y, expected(model, x), rtol=1e-5, atol=1e-6)
            process.join(30)
            assert process.exitcode == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


MEMORY = """
import gc, resource, sys
import numpy as np
import tsir

random = np.random.default_rng(0)
module = tsir.load(sys.argv[1])

def used():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def calls(first, last):
    for i in range(first, last):
        module(random.standard_normal((1 + i % 7, 3, 1 + i)).astype("float32"), float(i))

calls(0, 60)
before = used()
calls(60, 200)
many_shapes = used() - before
tsir.load(sys.argv[1])(np.ones((1, 3, 5), "float32"))  # what compiling needs once isn't what piles up
before = used()
for _ in range(10):
    tsir.load(sys.argv[1])(np.ones((1, 3, 5), "float32"))
print(many_shapes, used() - before, len(module.specializations))
"""


def test_memory_is_bounded(path: Path) -> None:
    """Neither new shapes and numbers nor modules that are loaded and dropped pile up."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    many_shapes, many_loads, variants = map(int, done.stdout.split())
    assert variants <= 32 and many_shapes < 8 << 20 and many_loads < 16 << 20, done.stdout


SHARED = """
import os, sys
import numpy as np
import tsir

module = tsir.load(sys.argv[1])
text = open(f"/proc/{os.getpid()}/smaps").read()
part = next(p for p in text.split("VmFlags") if sys.argv[1] in p)
values = {line.split(":")[0]: int(line.split()[1]) for line in part.splitlines() if line.endswith(" kB")}
size = values["Size"]
module.instance.tensor("0.weight").sum()
text = open(f"/proc/{os.getpid()}/smaps").read()
part = next(p for p in text.split("VmFlags") if sys.argv[1] in p)
after = {line.split(":")[0]: int(line.split()[1]) for line in part.splitlines() if line.endswith(" kB")}
print(size, values["Rss"], after["Rss"], after["Private_Dirty"])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps"), reason="needs Linux's smaps")
def test_pages_of_weights_are_read_when_used_and_shared(tmp_path: Path) -> None:
    path = tmp_path / "large.pt"
    tsir.script(nn.Sequential(nn.Linear(2500, 2500), nn.ReLU())).save(path)
    done = subprocess.run([sys.executable, "-c", SHARED, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    size, opened, used, dirty = map(int, done.stdout.split())
    assert size > 24_000 and opened < 2_000 and used > 20_000 and dirty < 100, done.stdout
