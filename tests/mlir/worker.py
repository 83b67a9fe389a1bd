"""Runs programs in the LLVM dialect with MLIR's JIT, through MLIR's C interface: what mlir-runner does, with arrays in and out.

    python worker.py LIBRARY_FOLDER SHARED_LIBRARY... < jobs.json

The input is a list of lists of jobs, each list of one program. A job is `{"program": file, "entry": name, "arguments": file.npz,
"types": [[dtype, rank or null], ...], "results": the same, "output": file.npz}`. They run in a process of their own, for a failed
`cf.assert` aborts; those that come after it go on in another. Prints a line of JSON with the exit statuses for each program.
Needs NumPy only.
"""

import ctypes
import json
import os
import sys
import traceback

import numpy as np

SCALARS = {
    "float64": ctypes.c_double, "float32": ctypes.c_float, "int64": ctypes.c_int64, "int32": ctypes.c_int32,
    "int16": ctypes.c_int16, "int8": ctypes.c_int8, "bool": ctypes.c_bool, "uint16": ctypes.c_uint16,
}  # fmt: skip


class Handle(ctypes.Structure):
    _fields_ = [("pointer", ctypes.c_void_p)]


class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("length", ctypes.c_size_t)]


def text(value):
    data = value.encode()
    return Text(data, len(data))


def descriptor(rank):
    """The struct of a memref of that rank."""
    fields = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64)]
    if rank:
        fields += [("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]
    return type(f"Memref{rank}", (ctypes.Structure,), {"_fields_": fields})


def as_memref(array):
    made = descriptor(array.ndim)()
    made.allocated = made.aligned = array.ctypes.data
    if array.ndim:
        made.sizes[:] = array.shape
        made.strides[:] = [s // array.itemsize for s in array.strides]
    return made


def as_array(memref, dtype, rank):
    sizes = list(memref.sizes) if rank else []
    strides = list(memref.strides) if rank else []
    dtype = np.dtype(dtype)
    if 0 in sizes:
        return np.empty(sizes, dtype)
    extent = 1 + sum((n - 1) * s for n, s in zip(sizes, strides))
    memory = (ctypes.c_char * (extent * dtype.itemsize)).from_address(memref.aligned + memref.offset * dtype.itemsize)
    flat = np.frombuffer(memory, dtype)
    return np.lib.stride_tricks.as_strided(flat, sizes, [s * dtype.itemsize for s in strides]).copy()


def c_type(dtype, rank):
    if rank is not None:
        return descriptor(rank)
    if dtype.startswith("complex"):
        part = ctypes.c_float if dtype == "complex64" else ctypes.c_double
        return type("Complex", (ctypes.Structure,), {"_fields_": [("real", part), ("imag", part)]})
    return SCALARS[dtype]


def from_c(value, dtype, rank):
    if rank is not None:
        return as_array(value, dtype, rank)
    if dtype.startswith("complex"):
        return np.array(complex(value.real, value.imag), dtype)
    return np.array(getattr(value, "value", value), dtype)


class Jit:
    def __init__(self, folder, shared):
        self.c = ctypes.CDLL(os.path.join(folder, "libMLIR-C.so"), ctypes.RTLD_GLOBAL)
        self.shared = shared
        for name in (
            "mlirContextCreateWithThreading",
            "mlirModuleCreateParse",
            "mlirExecutionEngineCreate",
            "mlirDialectRegistryCreate",
        ):
            getattr(self.c, name).restype = Handle

    def engine(self, program):
        """An execution engine with a program's functions compiled."""
        c = self.c
        context = c.mlirContextCreateWithThreading(ctypes.c_bool(False))
        registry = c.mlirDialectRegistryCreate()
        c.mlirRegisterAllDialects(registry)
        c.mlirContextAppendDialectRegistry(context, registry)
        c.mlirContextLoadAllAvailableDialects(context)
        c.mlirRegisterAllLLVMTranslations(context)
        with open(program, encoding="utf-8") as file:
            module = c.mlirModuleCreateParse(context, text(file.read()))
        if not module.pointer:
            raise RuntimeError("MLIR doesn't parse the program")
        libraries = (Text * len(self.shared))(*map(text, self.shared))
        engine = c.mlirExecutionEngineCreate(
            module, ctypes.c_int(1), ctypes.c_int(len(self.shared)), libraries, ctypes.c_bool(False), ctypes.c_bool(False)
        )
        if not engine.pointer:
            raise RuntimeError("MLIR's execution engine can't be made")
        return engine

    def run(self, engine, job):
        c = self.c
        arrays = np.load(job["arguments"])
        kept, pointers = [], []
        for i, (dtype, rank) in enumerate(job["types"]):
            array = arrays[f"a{i}"]
            if rank is None:
                kind = c_type(dtype, rank)
                value = kind(array.real, array.imag) if dtype.startswith("complex") else kind(array.item())
                kept.append(value)
                pointers.append(ctypes.addressof(value))
            else:
                array = np.array(array, dtype, order="C")
                value = as_memref(array)
                address = ctypes.c_void_p(ctypes.addressof(value))
                kept += [array, value, address]
                pointers.append(ctypes.addressof(address))
        results = [c_type(*r) for r in job["results"]]
        if results:
            # Structs are given back through a pointer that comes first; a number by itself is given back in the last slot.
            returned = type("Results", (ctypes.Structure,), {"_fields_": [(f"r{i}", t) for i, t in enumerate(results)]})()
            alone = len(results) == 1 and job["results"][0][1] is None and not job["results"][0][0].startswith("complex")
            if alone:
                pointers.append(ctypes.addressof(returned))
            else:
                address = ctypes.c_void_p(ctypes.addressof(returned))
                kept.append(address)
                if len(results) == 1 and job["results"][0][1] is None:
                    pointers.append(ctypes.addressof(returned))
                else:
                    pointers.insert(0, ctypes.addressof(address))
        packed = (ctypes.c_void_p * len(pointers))(*pointers)
        name = job["entry"]

        class Result(ctypes.Structure):
            _fields_ = [("value", ctypes.c_int8)]

        c.mlirExecutionEngineInvokePacked.restype = Result
        if not c.mlirExecutionEngineInvokePacked(engine, text(name), packed).value:
            raise RuntimeError("MLIR's execution engine fails")
        values = [from_c(getattr(returned, f"r{i}"), *r) for i, r in enumerate(job["results"])] if results else []
        np.savez(job["output"], **{f"r{i}": v for i, v in enumerate(values)})


def run_from(jit, jobs, first):
    """Runs jobs of one program in a process of their own, from `first` on. Gives how far it came, and its exit status."""
    child = os.fork()
    if child == 0:
        status = 0
        try:
            os.dup2(2, 1)
            engine = jit.engine(jobs[0]["program"])
            for job in jobs[first:]:
                jit.run(engine, job)
        except BaseException:  # noqa: BLE001  the child process ends here
            traceback.print_exc()
            status = 1
        sys.stderr.flush()
        os._exit(status)
    _, status = os.waitpid(child, 0)
    done = first
    while done < len(jobs) and os.path.exists(jobs[done]["output"]):
        done += 1
    return done, os.waitstatus_to_exitcode(status)


def main():
    folder, *shared = sys.argv[1:]
    jit = Jit(folder, shared)
    for jobs in json.load(sys.stdin):
        states = []
        while len(states) < len(jobs):
            done, status = run_from(jit, jobs, len(states))
            states += [0] * (done - len(states))
            if done < len(jobs):
                states.append(status or 1)
        print(json.dumps(states), flush=True)


if __name__ == "__main__":
    main()
