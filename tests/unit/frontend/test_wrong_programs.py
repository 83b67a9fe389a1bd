"""The exact text of errors: `python -m tests.unit.frontend.test_wrong_programs` writes it anew, for a person to review."""

import inspect
from pathlib import Path

import pytest
from torch import nn

import tsir
from tests.unit.frontend import wrong_programs

GOLDEN = Path(__file__).with_name("wrong_programs.txt")
CALLED = {"helper", "takes_tensor", "deep2", "deep3"}
PROGRAMS = {
    name: value
    for name, value in vars(wrong_programs).items()
    if getattr(value, "__module__", None) == wrong_programs.__name__
    and name not in CALLED
    and (inspect.isfunction(value) or (inspect.isclass(value) and issubclass(value, nn.Module)))
}


def said(program) -> str:
    """What tsir says about a program, with short file names."""
    with pytest.raises(tsir.TsirError) as caught:
        tsir.script(program() if inspect.isclass(program) else program)
    return str(caught.value).replace(wrong_programs.__file__, "wrong_programs.py")


def _expected() -> dict[str, str]:
    sections = GOLDEN.read_text().split("=== ")[1:]
    return {name: text.rstrip("\n") for name, _, text in (s.partition("\n") for s in sections)}


@pytest.mark.parametrize("name", PROGRAMS)
def test_said(name):
    assert said(PROGRAMS[name]) == _expected()[name]


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"=== {name}\n{said(program)}\n\n" for name, program in PROGRAMS.items()))
