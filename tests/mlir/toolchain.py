"""MLIR's and IREE's tools as PyPI has them: where they are, and texts verified, lowered and run with them.

`make test-mlir` installs `requirements.txt`. Without it `available()` is false and the tests are skipped.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tsir.errors import TsirError
from tsir.runtime.api import parse_ir

BUFFERIZATION = """builtin.module(
  one-shot-bufferize{bufferize-function-boundaries=true function-boundary-type-conversion=identity-layout-map
                     allow-return-allocs-from-loops=true},
  func.func(convert-linalg-to-loops), convert-math-to-funcs, convert-complex-to-libm, convert-complex-to-standard,
  func.func(llvm-request-c-wrappers))"""
"""From tensors to loops over memory."""

LOWERING = """builtin.module(
  expand-strided-metadata, lower-affine, arith-expand, convert-scf-to-cf, convert-math-to-llvm, convert-math-to-libm,
  convert-complex-to-llvm, convert-cf-to-llvm, convert-arith-to-llvm, finalize-memref-to-llvm, convert-func-to-llvm,
  reconcile-unrealized-casts)"""
"""From loops over memory to the LLVM dialect."""

ELEMENTS = {
    "f64": "float64", "f32": "float32", "f16": "uint16", "bf16": "uint16", "i64": "int64", "i32": "int32", "i16": "int16",
    "i8": "int8", "i1": "bool", "index": "int64", "complex<f32>": "complex64", "complex<f64>": "complex128",
}  # fmt: skip
"""How the elements of each type lie in memory; half floats as their bits."""


class ToolError(Exception):
    """A tool refuses a text; the message is what it said."""


@dataclass(frozen=True)
class Tools:
    binaries: Path
    mlir_libraries: Path
    llvm_libraries: Path

    def environment(self):
        return {**os.environ, "LD_LIBRARY_PATH": f"{self.llvm_libraries}:{self.mlir_libraries}"}


@cache
def tools():
    """MLIR's tools, or None where they aren't installed."""
    found = [importlib.util.find_spec(name) for name in ("mlir", "llvm")]
    if any(f is None or not f.submodule_search_locations for f in found):
        return None
    mlir, llvm = (Path(next(iter(f.submodule_search_locations))) for f in found)
    return Tools(mlir / "bin", mlir / "lib", llvm / "lib") if (mlir / "bin" / "mlir-opt").exists() else None


def available():
    """Whether MLIR's tools are installed."""
    return tools() is not None


def iree_available():
    """Whether IREE is installed."""
    try:
        return all(importlib.util.find_spec(name) is not None for name in ("iree.compiler", "iree.runtime"))
    except ImportError:
        return False


def mlir_opt(text, *options):
    """What mlir-opt makes of a text. Raises ToolError with what it says."""
    found = tools()
    command = [str(found.binaries / "mlir-opt"), "--verify-each", *options, "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, env=found.environment(), timeout=120)
    if done.returncode:
        raise ToolError(done.stderr[:2000])
    return done.stdout


def lowered_to_llvm(text):
    """The text in the LLVM dialect."""
    loops = mlir_opt(text, f"--pass-pipeline={' '.join(BUFFERIZATION.split())}")
    return mlir_opt(_with_bools_as_bytes(loops), f"--pass-pipeline={' '.join(LOWERING.split())}")


_LOAD = re.compile(r"^(\s*)(%\w+) = memref\.load .* : memref<(?:[\dx?]*x)?i1[,>].*$")
_STORE = re.compile(r"^(\s*)memref\.store (%[\w#]+), (.* : memref<(?:[\dx?]*x)?i1[,>].*)$")
_BOOLS = re.compile(r"(memref|tensor)<((?:[\dx?]*x)?)i1([,>])")


def _with_bools_as_bytes(text):
    """The text with memory of `i8` for that of `i1`, which MLIR's lowering of memory doesn't take."""
    lines = []
    for number, line in enumerate(text.splitlines()):
        if not _BOOLS.search(line):
            lines.append(line)
            continue
        load, store = _LOAD.match(line), _STORE.match(line)
        if "memref.global" in line:
            kind, equals, value = line.partition(" = ")
            line = kind + equals + value.replace("true", "1").replace("false", "0")
        line = _BOOLS.sub(r"\1<\2i8\3", line)
        if load:
            pad, result = load[1], load[2]
            lines.append(line.replace(f"{result} =", f"%byte{number} =", 1))
            line = f"{pad}{result} = arith.trunci %byte{number} : i8 to i1"
        elif store:
            lines.append(f"{store[1]}%byte{number} = arith.extui {store[2]} : i1 to i8")
            line = line.replace(f"memref.store {store[2]},", f"memref.store %byte{number},", 1)
        lines.append(line)
    return "\n".join(lines)


def signature(text):
    """The name, and the types of arguments and results, of the only public function: `(dtype, rank or None)`."""
    module = parse_ir(text.partition("{-#")[0])
    public = [op for op in module.body.block.ops if op.name == "func.func" and op.sym_visibility is None]
    assert len(public) == 1, f"{len(public)} public functions"
    kinds = public[0].function_type
    return public[0].sym_name.data, [[_type(t) for t in part.data] for part in (kinds.inputs, kinds.outputs)]


def _type(kind):
    if hasattr(kind, "get_shape"):
        return [ELEMENTS[str(kind.get_element_type())], len(kind.get_shape())]
    return [ELEMENTS[str(kind)], None]


def run_mlir(programs, together=1):
    """Runs `(text, arguments)` pairs with MLIR's JIT. Gives for each the arrays, or the exception.

    `together` texts, whose functions must have different names, are lowered as one module.
    """
    outcomes = [None] * len(programs)
    with tempfile.TemporaryDirectory() as folder:
        groups = []
        for start in range(0, len(programs), together):
            numbers = range(start, min(start + together, len(programs)))
            groups += _lowered_group(programs, numbers, folder, outcomes)
        found = tools()
        shared = [str(found.mlir_libraries / name) for name in ("libmlir_c_runner_utils.so", "libmlir_float16_utils.so")]
        command = [sys.executable, str(Path(__file__).parent / "worker.py"), str(found.mlir_libraries), *shared]
        jobs = [[job for _, job in group] for group in groups]
        done = subprocess.run(
            command, input=json.dumps(jobs), capture_output=True, text=True, env=found.environment(), timeout=1200
        )
        states = [json.loads(line) for line in done.stdout.splitlines()]
        if len(states) != len(jobs):
            raise ToolError(f"IREE ended with {done.returncode}: {done.stderr[-2000:]}")
        for group, statuses in zip(groups, states):
            for (i, job), status in zip(group, statuses):
                if status:
                    outcomes[i] = ToolError(f"status {status}: {done.stderr[-1500:]}")
                else:
                    arrays = np.load(job["output"])
                    outcomes[i] = [arrays[f"r{j}"] for j in range(len(arrays.files))]
    return outcomes


def _lowered_group(programs, numbers, folder, outcomes):
    """Groups of `(number, job)` for the worker: one, or one for each text when a tool refuses them together."""
    bodies, group = [], []
    base = os.path.join(folder, str(numbers[0]))
    for i in numbers:
        text, arguments = programs[i]
        try:
            entry, (types, results) = signature(text)
        except (ToolError, TsirError) as error:
            outcomes[i] = error
            continue
        assert len(types) == len(arguments), f"{len(arguments)} arguments for {types}"
        files = os.path.join(folder, f"{i}.in.npz"), os.path.join(folder, f"{i}.out.npz")
        np.savez(files[0], **{f"a{j}": a for j, a in enumerate(arguments)})
        job = {"program": f"{base}.mlir", "entry": entry, "arguments": files[0], "types": types, "results": results,
               "output": files[1]}  # fmt: skip
        bodies.append(text)
        group.append((i, job))
    if not group:
        return []
    inner = [b.partition("builtin.module {\n")[2].rpartition("}")[0] if len(bodies) > 1 else b for b in bodies]
    try:
        lowered = lowered_to_llvm("\n".join(inner))
    except ToolError as error:
        if len(group) == 1:
            outcomes[group[0][0]] = error
            return []
        return [g for i, _ in group for g in _lowered_group(programs, range(i, i + 1), folder, outcomes)]
    Path(f"{base}.mlir").write_text(lowered, encoding="utf-8")
    return [group]


def run_iree(text, arguments):
    """Compiles a text with IREE for the CPU and runs its function. Raises ToolError with what the compiler says."""
    import iree.compiler as compiler

    entry, (types, _) = signature(text)
    options = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
               "--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O1",
               "--iree-input-demote-f64-to-f32=false"]  # fmt: skip
    try:
        binary = compiler.compile_str(text, extra_args=options)
    except compiler.CompilerToolError as error:
        raise ToolError(str(error)[:2000]) from error
    with tempfile.TemporaryDirectory() as folder:
        module, given, output = (os.path.join(folder, name) for name in ("module.vmfb", "given.npz", "output.npz"))
        Path(module).write_bytes(binary)
        numbers = zip(arguments, types)
        np.savez(given, **{f"{'n' if rank is None else 'a'}{i}": a for i, (a, (_, rank)) in enumerate(numbers)})
        command = [sys.executable, str(Path(__file__).parent / "iree_worker.py"), module, entry, given, output]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise ToolError(f"IREE ended with {done.returncode}: {done.stderr[-2000:]}")
        with np.load(output) as found:
            return [found[f"r{i}"] for i in range(len(found.files))]
