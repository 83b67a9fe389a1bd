"""Latency, cold start and compile time against torch eager and torch.jit, interleaved; see README.md beside this file."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch  # noqa: E402

import tsir  # noqa: E402
from tests.models.algorithms import beam_search, kmeans, newton_sqrt  # noqa: E402
from tests.models.sequence import (  # noqa: E402
    BagOfEmbeddings,
    DictModel,
    Encoder,
    EncoderBlock,
    GreedyDecoder,
    LSTMTagger,
    MultiheadAttention,
)
from tests.models.vision import MLP, LeNet, ResNet, SimpleNet, randomise_batch_norms  # noqa: E402

CASES = {
    "simple_net": (SimpleNet, lambda: (torch.randn(1, 10),)),
    "mlp": (lambda: MLP([784, 256, 128, 10]), lambda: (torch.randn(1, 784),)),
    "lenet": (LeNet, lambda: (torch.randn(1, 1, 28, 28),)),
    "bag_of_embeddings": (BagOfEmbeddings, lambda: (torch.randint(50, (20,)), torch.tensor([0, 8]))),
    "dict_model": (DictModel, lambda: (torch.randn(1, 6),)),
    "encoder_block": (EncoderBlock, lambda: (torch.randn(1, 16, 32), torch.tril(torch.ones(16, 16)))),
    "mha": (MultiheadAttention, lambda: (torch.randn(1, 16, 16),)),
    "lstm_tagger": (LSTMTagger, lambda: (torch.randint(30, (1, 32)),)),
    "greedy_decoder": (GreedyDecoder, lambda: (torch.zeros(1, dtype=torch.long), torch.randn(1, 12))),
    "beam_search": (lambda: beam_search, lambda: (torch.randn(7).log_softmax(0), torch.randn(7, 7).log_softmax(1), 3, 6)),
    "kmeans": (lambda: kmeans, lambda: (torch.randn(200, 2), torch.randn(3, 2))),
    "newton": (lambda: newton_sqrt, lambda: (torch.rand(100, dtype=torch.float64) * 50 + 0.1,)),
    "encoder_4x256": (Encoder, lambda: (torch.randn(1, 128, 256),)),
    "resnet18_224": (ResNet, lambda: (torch.randn(1, 3, 224, 224),)),
}


MODES = {"inference": torch.inference_mode, "no_grad": torch.no_grad, "grad": torch.enable_grad}


def make(name: str):
    torch.manual_seed(0)
    model = CASES[name][0]()
    if isinstance(model, torch.nn.Module):
        model.eval()
        randomise_batch_norms(model)
    return model, CASES[name][1]()


def tensors(result) -> list[torch.Tensor]:
    """The tensors and numbers of a result, in order."""
    if isinstance(result, torch.Tensor):
        return [result.double()]
    if isinstance(result, float | int):
        return [torch.tensor(float(result))]
    items = result.values() if isinstance(result, dict) else result if isinstance(result, list | tuple) else ()
    return [t for item in items for t in tensors(item)]


def difference(ours, expected) -> float:
    """The largest difference between two results of the same structure."""
    pairs = zip(tensors(ours), tensors(expected), strict=True)
    return max(((a - b).abs().max().item() if a.numel() else 0.0) for a, b in pairs)


def torch_script(model):
    """What torch.jit.script makes of a model; None where it refuses."""
    try:
        return torch.jit.script(model)
    except RuntimeError:
        return None


def per_call(function, inputs, seconds: float) -> float:
    # The thread's own time: what else the machine does meanwhile doesn't count. All contenders run in one thread.
    started = time.thread_time()
    function(*inputs)
    once = max(time.thread_time() - started, 1e-7)
    count = max(1, int(seconds / once))
    started = time.thread_time()
    for _ in range(count):
        function(*inputs)
    return (time.thread_time() - started) / count


def latency(names: list[str], rounds: int, mode: str) -> None:
    print(
        f"{'latency':18}{'tsir':>11}{'eager':>11}{'torch.jit':>11}{'x eager':>9}{'x jit':>7}{'compile':>10}{'max diff':>10}"
    )
    for name in names:
        model, inputs = make(name)
        with MODES[mode]():
            scripted = torch_script(model)
            ours = tsir.script(model)
            started = time.perf_counter()
            result = ours(*inputs)
            compiling = time.perf_counter() - started
            off = difference(result, model(*inputs))
            contenders = {"tsir": ours, "eager": model}
            if scripted is not None:
                contenders["jit"] = scripted
                for _ in range(3):
                    scripted(*inputs)
            times: dict[str, list[float]] = {k: [] for k in contenders}
            for _ in range(rounds):
                for key, contender in contenders.items():
                    times[key].append(per_call(contender, inputs, 0.15))
        t = {k: statistics.median(v) for k, v in times.items()}
        x_eager = statistics.median(e / o for e, o in zip(times["eager"], times["tsir"], strict=True))
        jit, x_jit = "refused", ""
        if "jit" in t:
            jit = _us(t["jit"])
            x_jit = f"{statistics.median(j / o for j, o in zip(times['jit'], times['tsir'], strict=True)):.2f}"
        print(
            f"{name:18}{_us(t['tsir']):>11}{_us(t['eager']):>11}{jit:>11}{x_eager:>9.2f}{x_jit:>7}"
            f"{compiling:>9.2f}s{off:>10.1e}",
            flush=True,
        )


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-2 else f"{seconds * 1e3:.1f} ms"


COLD = {
    "torch.jit": "import torch,time; m=torch.jit.load({jit!r}); x=torch.load({x!r})\n"
    "with torch.inference_mode(): m(*x)\nprint(time.time())",
    "tsir": "import numpy,tsir,time; m=tsir.load({ours!r}); x=numpy.load({npz!r}); m(*[x[k] for k in x]); print(time.time())",
}


def cold_start(names: list[str], rounds: int) -> None:
    print(f"\n{'cold start':16}{'tsir':>11}{'torch.jit':>11}{'x jit':>7}{'first ever':>12}")
    import numpy as np

    for name in names:
        model, inputs = make(name)
        if not isinstance(model, torch.nn.Module):
            continue  # torch.jit's archives lose the default values of a function's parameters
        with tempfile.TemporaryDirectory() as folder:
            files = {key: str(Path(folder) / f"model.{key}") for key in ("jit", "ours", "x", "npz")}
            torch.jit.script(model).save(files["jit"])
            tsir.script(model).save(files["ours"])
            torch.save(inputs, files["x"])
            with open(files["npz"], "wb") as file:
                np.savez(file, *[i.numpy() for i in inputs])
            environment = dict(os.environ, TSIR_CACHE_DIR=str(Path(folder) / "cache"))
            first = _process(COLD["tsir"].format(**files), environment)
            times: dict[str, list[float]] = {key: [] for key in COLD}
            for _ in range(rounds):
                for key, text in COLD.items():
                    times[key].append(_process(text.format(**files), environment))
        t = {k: statistics.median(v) for k, v in times.items()}
        print(
            f"{name:16}{t['tsir']:>9.2f} s{t['torch.jit']:>9.2f} s{t['torch.jit'] / t['tsir']:>7.2f}{first:>10.2f} s",
            flush=True,
        )


def _process(text: str, environment: dict[str, str]) -> float:
    started = time.time()
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout.split()[-1]) - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(CASES), help="which models (default: all)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--mode", choices=MODES, default="inference", help="the mode of torch in which all are called")
    parser.add_argument("--no-cold", action="store_true", help="leave the cold starts out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    latency(options.models, options.rounds, options.mode)
    if not options.no_cold:
        cold_start(options.models, max(3, options.rounds // 2))


if __name__ == "__main__":
    main()
