"""lit's configuration: the tools under test run as modules of the interpreter that runs lit, in forks of one process (`warm.py`)."""

import atexit
import os
import subprocess
import sys
import tempfile

import lit.formats

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))

config.name = "tsir"  # noqa: F821  lit defines `config`
config.test_format = lit.formats.ShTest(execute_external=False)  # noqa: F821
config.suffixes = [".mlir", ".test", ".py"]  # noqa: F821
config.excludes = ["lit.cfg.py", "warm.py", "Inputs"]  # noqa: F821
config.test_source_root = here  # noqa: F821
config.test_exec_root = os.path.join(root, ".lit-output")  # noqa: F821

python = sys.executable
config.environment["PYTHONPATH"] = root  # noqa: F821
config.environment["TSIR_CACHE_DIR"] = ""  # noqa: F821

warm = os.path.join(here, "warm.py")
folder = tempfile.TemporaryDirectory(prefix="tsir-lit-")
socket = os.path.join(folder.name, "socket")
server = subprocess.Popen([python, warm, "serve", socket], env={**os.environ, **config.environment})  # noqa: F821
started_in = os.getpid()


def stop() -> None:
    """Ends the server, but not when one of lit's workers ends."""
    if os.getpid() == started_in:
        server.terminate()
        server.wait()
        folder.cleanup()


atexit.register(stop)


def tool(module: str) -> str:
    """The command that runs a module in a fork of the server's."""
    return f"{python} -S -E {warm} run {socket} {module}"


config.substitutions += [  # noqa: F821
    ("%python", python),
    ("%{root}", root),
    ("%{opt}", f"{python} -m tsir.tools.ts_opt"),
    ("%{reduce}", tool("tsir.tools.ts_reduce")),
    ("%{translate}", tool("tsir.tools.ts_translate")),
    (r"\bts-opt\b", tool("tsir.tools.ts_opt")),
    (r"\bts-run\b", tool("tsir.tools.ts_run")),
    (r"(?<!/)\bfilecheck\b(?!/)", tool("filecheck")),
]
