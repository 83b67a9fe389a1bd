"""lit's configuration: the tools under test are run as modules by the interpreter that runs lit."""

import os
import sys

import lit.formats

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))

config.name = "tsir"  # noqa: F821  lit defines `config`
config.test_format = lit.formats.ShTest(execute_external=False)  # noqa: F821
config.suffixes = [".mlir", ".test", ".py"]  # noqa: F821
config.excludes = ["lit.cfg.py", "Inputs"]  # noqa: F821
config.test_source_root = here  # noqa: F821
config.test_exec_root = os.path.join(root, ".lit-output")  # noqa: F821

python = sys.executable
config.environment["PYTHONPATH"] = root  # noqa: F821
config.environment["TSIR_CACHE_DIR"] = ""  # noqa: F821
config.substitutions += [  # noqa: F821
    ("%python", python),
    ("%{root}", root),
    ("%{opt}", f"{python} -m tsir.tools.ts_opt"),
    ("%{reduce}", f"{python} -m tsir.tools.ts_reduce"),
    ("%{translate}", f"{python} -m tsir.tools.ts_translate"),
    (r"\bts-opt\b", f"{python} -m tsir.tools.ts_opt"),
    (r"\bts-run\b", f"{python} -m tsir.tools.ts_run"),
    (r"\bfilecheck\b", os.path.join(os.path.dirname(python), "filecheck")),
]
