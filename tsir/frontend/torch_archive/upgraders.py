"""What operators meant in older archives: numbered upgraders, written in the language of serialised code itself.

`version` in an archive is torch's number for the file format and the meanings of its operators together. An upgrader says before
which version an operator had another meaning, and gives that meaning as a function: a call of the operator in an older archive is
a call of this function, in which operators mean what they mean today.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tsir.dialects.ts.compatibility import accepts
from tsir.frontend.torch_archive.sources import Definition, SourceFile, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tsir.frontend.torch_archive.body import Body, Value

OLDEST, NEWEST = 1, 10
"""The versions that are known: those of torch 1.4 to 2.13."""


@dataclass(frozen=True)
class Upgrader:
    """The operator `operator` of archives before version `until` means one of the functions: the first that takes a call."""

    operator: str
    until: int
    functions: tuple[str, ...]
    was: str
    """What it was, in words."""


UPGRADERS: tuple[Upgrader, ...] = (
    Upgrader(
        "div",
        4,
        ("div_Tensor_0_3", "div_Scalar_0_3", "div_out_0_3"),
        "division of integers gave integers, rounded towards zero",
    ),
    Upgrader("div_", 4, ("div__Tensor_0_3", "div__Scalar_0_3"), "the same in place"),
    Upgrader("full", 5, ("full_0_4", "full_out_0_4"), "gave floats for an integer or a bool, where no dtype is given"),
    Upgrader("linspace", 8, ("linspace_0_7", "linspace_out_0_7"), "the number of steps could be left out: 100"),
    Upgrader("logspace", 9, ("logspace_0_8", "logspace_out_0_8"), "the number of steps could be left out: 100"),
    Upgrader("gelu", 10, ("gelu_0_9", "gelu_out_0_9"), "had no approximation to choose"),
    Upgrader("_convolution", NEWEST + 1, ("_convolution_deprecated",), "twelve arguments, in traces of torch before 1.7"),
)
"""All upgraders, oldest first."""

CODE = """
def div_Tensor_0_3(self: Tensor, other: Tensor) -> Tensor:
  if torch.__or__(torch.is_floating_point(self), torch.is_floating_point(other)):
    _0 = torch.true_divide(self, other)
  else:
    _0 = torch.div(self, other, rounding_mode="trunc")
  return _0
def div_Scalar_0_3(self: Tensor, other: number) -> Tensor:
  if torch.__or__(torch.is_floating_point(self), isinstance(other, float)):
    _0 = torch.true_divide(self, other)
  else:
    _0 = torch.div(self, other, rounding_mode="trunc")
  return _0
def div_out_0_3(self: Tensor, other: Tensor, *, out: Tensor) -> Tensor:
  _1 = torch.__or__(torch.is_floating_point(self), torch.is_floating_point(other))
  if torch.__or__(_1, torch.is_floating_point(out)):
    _0 = torch.true_divide(self, other, out=out)
  else:
    _0 = torch.div(self, other, rounding_mode="trunc", out=out)
  return _0
def div__Tensor_0_3(self: Tensor, other: Tensor) -> Tensor:
  if torch.__or__(torch.is_floating_point(self), torch.is_floating_point(other)):
    _0 = torch.div_(self, other)
  else:
    _0 = torch.div_(self, other, rounding_mode="trunc")
  return _0
def div__Scalar_0_3(self: Tensor, other: number) -> Tensor:
  if torch.__or__(torch.is_floating_point(self), isinstance(other, float)):
    _0 = torch.div_(self, other)
  else:
    _0 = torch.div_(self, other, rounding_mode="trunc")
  return _0
def full_0_4(size: List[int], fill_value: number, *, dtype: Optional[int]=None, layout: Optional[int]=None,
    device: Optional[Device]=None, pin_memory: Optional[bool]=None) -> Tensor:
  if torch.__is__(dtype, None):
    _0 = torch.full(size, float(fill_value), dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
  else:
    _0 = torch.full(size, fill_value, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
  return _0
def full_out_0_4(size: List[int], fill_value: number, *, out: Tensor) -> Tensor:
  return torch.full(size, fill_value, out=out)
def linspace_0_7(start: number, end: number, steps: Optional[int]=None, *, dtype: Optional[int]=None,
    layout: Optional[int]=None, device: Optional[Device]=None, pin_memory: Optional[bool]=None) -> Tensor:
  if torch.__is__(steps, None):
    _0 = torch.linspace(start, end, 100, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
  else:
    _1 = unchecked_cast(int, steps)
    _0 = torch.linspace(start, end, _1, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
  return _0
def linspace_out_0_7(start: number, end: number, steps: Optional[int]=None, *, out: Tensor) -> Tensor:
  if torch.__is__(steps, None):
    _0 = torch.linspace(start, end, 100, out=out)
  else:
    _0 = torch.linspace(start, end, unchecked_cast(int, steps), out=out)
  return _0
def logspace_0_8(start: number, end: number, steps: Optional[int]=None, base: float=10., *, dtype: Optional[int]=None,
    layout: Optional[int]=None, device: Optional[Device]=None, pin_memory: Optional[bool]=None) -> Tensor:
  if torch.__is__(steps, None):
    _0 = torch.logspace(start, end, 100, base, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
  else:
    _1 = unchecked_cast(int, steps)
    _0 = torch.logspace(start, end, _1, base, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
  return _0
def logspace_out_0_8(start: number, end: number, steps: Optional[int]=None, base: float=10., *, out: Tensor) -> Tensor:
  if torch.__is__(steps, None):
    _0 = torch.logspace(start, end, 100, base, out=out)
  else:
    _0 = torch.logspace(start, end, unchecked_cast(int, steps), base, out=out)
  return _0
def gelu_0_9(self: Tensor) -> Tensor:
  return torch.gelu(self, approximate="none")
def gelu_out_0_9(self: Tensor, *, out: Tensor) -> Tensor:
  return torch.gelu(self, approximate="none", out=out)
def _convolution_deprecated(input: Tensor, weight: Tensor, bias: Optional[Tensor], stride: List[int], padding: List[int],
    dilation: List[int], transposed: bool, output_padding: List[int], groups: int, benchmark: bool, deterministic: bool,
    cudnn_enabled: bool) -> Tensor:
  return torch._convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups,
    benchmark, deterministic, cudnn_enabled, True)
"""


class Upgrades:
    """The upgraders for an archive of one version."""

    def __init__(self, version: int) -> None:
        self._functions: dict[str, list[str]] = {}
        for upgrader in UPGRADERS:
            if version < upgrader.until:
                self._functions.setdefault(upgrader.operator, []).extend(upgrader.functions)
        self._file: SourceFile | None = None

    def find(self, b: Body, operator: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Definition | None:
        """What a call of an operator in this archive meant; None where that hasn't changed."""
        if operator not in self._functions or b.file is self._file:
            return None
        if self._file is None:
            self._file = parse("<upgraders>", CODE)
        for name in self._functions[operator]:
            definition = Definition(f"<upgraders>.{name}", self._file, self._file.definitions[name])
            if _takes(b, definition, args, kwargs):
                return definition
        return None


def _takes(b: Body, definition: Definition, args: Sequence[Value], kwargs: Mapping[str, Value]) -> bool:
    """Whether a function takes these arguments as they are."""
    declared = b.program.declaration(definition).parameters
    if len(args) > len(declared):
        return False
    given = {**dict(zip((p.name for p in declared), args, strict=False)), **kwargs}
    if len(given) != len(args) + len(kwargs) or not given.keys() <= {p.name for p in declared}:
        return False
    missing = [p for p in declared if p.name not in given and p.default is None]
    return not missing and all(accepts(p.type, b.type_of(b.uncoded(given[p.name]))) for p in declared if p.name in given)
