"""What all tests share: every program that is scripted has to verify, as it has to when it is loaded."""

import functools
from collections.abc import Iterator, Sequence

import pytest
from xdsl.dialects.builtin import ModuleOp


@pytest.fixture(autouse=True, scope="session")
def scripted_programs_verify() -> Iterator[None]:
    """Verifies what the script frontend makes: a program that runs where it was compiled may be one that no archive can hold."""
    from tsir.dialects.verify import verify_module
    from tsir.frontend.script.program_parts import ProgramParts

    module, extend = ProgramParts.module, ProgramParts.extend

    @functools.wraps(module)
    def verified(self: ProgramParts, first: Sequence[str]) -> ModuleOp:
        made = module(self, first)
        verify_module(made)
        return made

    def verified_extension(self: ProgramParts, module: ModuleOp, first: str) -> None:
        extend(self, module, first)
        verify_module(module)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgramParts, "module", verified)
        patch.setattr(ProgramParts, "extend", verified_extension)
        yield
