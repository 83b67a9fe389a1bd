"""The list of models, docs/models.md: `python -m tests.models.report > docs/models.md`. Runs each by trace and by script.

What the tests of this folder hold is run again here, and why a model can't be traced or scripted stands beside it. Models of timm
are left out where timm isn't installed.
"""

import re
import signal
import sys
import warnings
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, Tuple

import torch

import tsir
from tests.models import test_models, test_timm, test_transformers, timm_zoo, transformers_zoo
from tests.models.comparison import assert_same
from tsir.errors import TsirError

SECONDS = 300
HEAD = """\
# Models

Made by `python -m tests.models.report > docs/models.md`. Every model is randomly initialised and compared with torch eager in values,
dtypes and shapes at two batch sizes or more, none of which a trace has seen but one. Those of transformers and timm are the libraries'
own classes.

| Model | Of | By trace | By script |
|---|---|---|---|"""


@dataclass
class Listed:
    name: str
    origin: str
    make: Callable[[], Any]
    example: Callable[[], Tuple[Tuple[Any, ...], Dict[str, Any]]]
    """The input that a trace is made with."""
    calls: Callable[[], Iterator[Tuple[Tuple[Any, ...], Dict[str, Any]]]]
    traceable: bool = True
    strict: bool = True
    rtol: float = 1e-4


def _own(model: test_models.Model) -> Listed:
    return Listed(
        model.name,
        "tests/models",
        lambda: test_models.make(model),
        lambda: (model.inputs(2), {}),
        lambda: (((model.inputs(n)), {}) for n in (2, 3, 1)),
        model.traceable,
        model.strict,
    )


def _of_transformers(model: transformers_zoo.Model) -> Listed:
    return Listed(
        f"{model.cls} ({model.name})",
        "transformers",
        model.make,
        lambda: ((), model.inputs(1, 6)),
        lambda: (((), model.inputs(b, n)) for b, n in ((1, 6), (3, 9))),
        strict=False,
    )


def _of_timm(model: timm_zoo.Model) -> Listed:
    return Listed(
        model.name,
        "timm",
        model.make,
        lambda: (model.inputs(1), {}),
        lambda: ((model.inputs(b), {}) for b in (1, 2)),
        rtol=5e-3,
    )


def models() -> Iterator[Listed]:
    """All models of the list."""
    yield from map(_own, test_models.MODELS)
    yield from map(_of_transformers, transformers_zoo.MODELS)
    if test_timm._is_usable():
        yield from map(_of_timm, timm_zoo.MODELS)


def outcome(model: Listed, by: str) -> str:
    """`equal`, or why not."""
    if by == "trace" and not model.traceable:
        return "no: its control flow depends on values"

    def expire(*_: Any) -> None:
        raise TimeoutError(f"no result in {SECONDS} seconds")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(SECONDS)
    try:
        module = model.make()
        args, kwargs = model.example()
        if by == "trace":
            compiled = tsir.trace(module, args, example_kwarg_inputs=kwargs, strict=model.strict, check_trace=False)
        else:
            compiled = tsir.script(module)
        for given, keywords in model.calls():
            found, expected = compiled(*given, **keywords), module(*given, **keywords)
            assert_same(_plain(found), _plain(expected), rtol=model.rtol, atol=10 * model.rtol**1.5)
    except (TsirError, AssertionError, TimeoutError) as error:
        return f"no: {_line(error)}"
    finally:
        signal.alarm(0)
    return "equal"


def _line(error: BaseException) -> str:
    first = str(error).strip().splitlines()[0]
    return re.sub(r"\S*site-packages/", "", first).replace("|", "\\|")


def _plain(result: Any) -> Any:
    return test_transformers.plain(result) if isinstance(result, dict) else result


def main() -> None:
    """Prints the page."""
    warnings.simplefilter("ignore")
    print(HEAD, flush=True)
    for model in models():
        if len(sys.argv) > 1 and model.name not in sys.argv[1:]:
            continue
        with torch.no_grad():
            cells = [outcome(model, by) for by in ("trace", "script")]
        print(f"| {model.name} | {model.origin} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
