"""Runs a compiled IREE module in a process of its own, for what goes wrong in native code there would end the tests.

    python iree_worker.py MODULE.vmfb ENTRY ARGUMENTS.npz OUTPUT.npz

The arguments are `a0`, `a1`, ..., those named `n0`, `n1`, ... numbers; the results come as `r0`, `r1`, ...
"""

import os
import sys

import iree.runtime as runtime
import numpy as np


def main(binary, entry, given, output):
    config = runtime.Config("local-sync")
    loaded = runtime.load_vm_module(runtime.VmModule.mmap(config.vm_instance, binary), config)
    with np.load(given) as file:
        names = sorted(file.files, key=lambda n: int(n[1:]))
        values = [file[n].item() if n[0] == "n" else np.ascontiguousarray(file[n]) for n in names]
    results = loaded[entry](*values)
    results = results if isinstance(results, tuple | list) else [results]
    arrays = [np.array(r.to_host() if hasattr(r, "to_host") else r) for r in results]
    np.savez(output, **{f"r{i}": a for i, a in enumerate(arrays)})


main(*sys.argv[1:])
sys.stdout.flush()
os._exit(0)  # IREE's objects are freed in an order at the interpreter's end that has ended in a segmentation fault
