"""Functions in serialised code that archives bring along, for what TorchScript has no operator for but can compute.

The text is what torch.jit makes of `tests/archive/torchscript/prelude_source.py`, which writes this module: change it there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache


@lru_cache(maxsize=1)
def functions() -> Mapping[str, str]:
    """The definition of each function by its name."""
    return {re.match(r"def (\w+)", t)[1]: t for t in re.split(r"\n(?=def )", _TEXT.strip())}  # pyright: ignore[reportOptionalSubscript]


def needed(text: str) -> list[str]:
    """The functions that code calls, with those that they call."""
    found: list[str] = []
    todo = [text]
    while todo:
        for name in re.findall(r"__torch__\.(python_\w+)", todo.pop()):
            if name in functions() and name not in found:
                found.append(name)
                todo.append(functions()[name])
    return found


_TEXT = """
def python_power(base: int, exponent: int) -> int:
  _0 = "a negative exponent makes a float of an int"
  if torch.lt(exponent, 0):
    ops.prim.RaiseException(_0, "builtins.ValueError")
  else:
    pass
  result = 1
  base0 = base
  exponent0 = exponent
  _1 = torch.gt(exponent, 0)
  while _1:
    _2 = torch.eq(torch.remainder(exponent0, 2), 1)
    if _2:
      result0 = torch.mul(result, base0)
    else:
      result0 = result
    base1 = torch.mul(base0, base0)
    exponent1 = torch.floordiv(exponent0, 2)
    _1, result, base0, exponent0 = torch.gt(exponent1, 0), result0, base1, exponent1
  return result
def python_scaled(x: float, digits: int) -> Tuple[int, int]:
  whole = int(x)
  rest = torch.sub(x, float(whole))
  unit = 1
  for _0 in range(digits):
    unit = torch.mul(unit, 10)
  factor = float(unit)
  product = torch.mul(rest, factor)
  a = torch.mul(rest, 134217729.)
  high = torch.sub(a, torch.sub(a, rest))
  low = torch.sub(rest, high)
  b = torch.mul(factor, 134217729.)
  top = torch.sub(b, torch.sub(b, factor))
  bottom = torch.sub(factor, top)
  _1 = torch.sub(torch.mul(high, top), product)
  _2 = torch.add(_1, torch.mul(high, bottom))
  error = torch.add(torch.add(_2, torch.mul(low, top)), torch.mul(low, bottom))
  count = int(product)
  _3 = torch.sub(torch.sub(product, float(count)), 0.5)
  half = torch.add(_3, error)
  if torch.gt(half, 0.):
    _4 = True
  else:
    if torch.eq(half, 0.):
      _6 = torch.eq(torch.remainder(count, 2), 1)
      if _6:
        _7 = True
      else:
        if torch.eq(digits, 0):
          _9 = torch.eq(torch.remainder(whole, 2), 1)
          _8 = _9
        else:
          _8 = False
        _7 = _8
      _5 = _7
    else:
      _5 = False
    _4 = _5
  if _4:
    count0 = torch.add(count, 1)
  else:
    count0 = count
  if torch.lt(count0, 0):
    count1 = 0
  else:
    count1 = count0
  if torch.eq(count1, unit):
    _10 = (torch.add(whole, 1), 0)
  else:
    _10 = (whole, count1)
  return _10
def python_fixed(x: float, digits: int) -> str:
  _0 = __torch__.python_scaled
  if torch.isnan(x):
    _1 = "nan"
  else:
    if torch.lt(torch.copysign(1., x), 0.):
      sign = "-"
    else:
      sign = ""
    size = ops.prim.abs(x)
    if torch.isinf(size):
      _2 = torch.add(sign, "inf")
    else:
      if torch.ge(size, 9.2e+18):
        ops.prim.RaiseException("a text of so great a float", "builtins.ValueError")
      else:
        pass
      whole, count, = _0(size, digits, )
      if torch.eq(digits, 0):
        _3 = torch.add(sign, str(whole))
      else:
        _4 = torch.add(torch.add(sign, str(whole)), ".")
        _5 = torch.rjust(str(count), digits, "0")
        _3 = torch.add(_4, _5)
      _2 = _3
    _1 = _2
  return _1
def python_rounded(x: float, digits: int) -> float:
  _0 = __torch__.python_fixed
  if torch.isnan(x):
    _1 = True
  else:
    _1 = torch.isinf(x)
  if _1:
    _2 = True
  else:
    _2 = torch.ge(ops.prim.abs(x), 9.2e+18)
  if _2:
    _3 = True
  else:
    _3 = torch.gt(digits, 17)
  if _3:
    _4 = True
  else:
    if torch.ge(digits, 0):
      _6 = torch.ge(ops.prim.abs(x), 4503599627370496)
      _5 = _6
    else:
      _5 = False
    _4 = _5
  if _4:
    _7 = x
  else:
    if torch.ge(digits, 0):
      _8 = float(_0(x, digits, ))
    else:
      whole = int(ops.prim.abs(x))
      _9 = ops.prim.min(torch.neg(digits), 18)
      unit = 1
      for _10 in range(_9):
        unit = torch.mul(unit, 10)
      rest = torch.remainder(whole, unit)
      low = torch.sub(whole, rest)
      twice = torch.mul(2, rest)
      above = torch.gt(ops.prim.abs(x), float(int(ops.prim.abs(x))))
      if torch.gt(twice, unit):
        _11 = True
      else:
        if torch.eq(twice, unit):
          if above:
            _13 = True
          else:
            _14 = torch.remainder(torch.floordiv(low, unit), 2)
            _13 = torch.eq(_14, 1)
          _12 = _13
        else:
          _12 = False
        _11 = _12
      if _11:
        low0 = torch.add(low, unit)
      else:
        low0 = low
      _8 = torch.copysign(float(low0), x)
    _7 = _8
  return _7
def python_text(x: float) -> str:
  _0 = __torch__.python_scaled
  if torch.isnan(x):
    _1 = "nan"
  else:
    if torch.lt(torch.copysign(1., x), 0.):
      sign = "-"
    else:
      sign = ""
    size = ops.prim.abs(x)
    if torch.isinf(size):
      _2 = torch.add(sign, "inf")
    else:
      if torch.eq(size, 0.):
        _3 = torch.add(sign, "0.0")
      else:
        long = torch.format("{}", size)
        at = torch.find(long, "e", 0, torch.len(long))
        if torch.ge(at, 0):
          _4 = torch.slice(long, torch.add(at, 1))
          exponent0 = int(torch.replace(_4, "+", ""))
          long0, exponent = torch.slice(long, None, at), exponent0
        else:
          long0, exponent = long, 0
        point = torch.find(long0, ".", 0, torch.len(long0))
        if torch.ge(point, 0):
          exponent2 = torch.add(exponent, point)
          long1, exponent1 = torch.replace(long0, ".", ""), exponent2
        else:
          exponent3 = torch.add(exponent, torch.len(long0))
          long1, exponent1 = long0, exponent3
        digits = torch.lstrip(long1, "0")
        _5 = torch.sub(torch.len(long1), torch.len(digits))
        exponent4 = torch.sub(exponent1, _5)
        digits0 = torch.rstrip(digits, "0")
        _6 = torch.gt(torch.len(digits0), 15)
        if _6:
          _7 = torch.gt(size, 1e-300)
        else:
          _7 = False
        if _7:
          _8 = torch.__range_length(15, torch.len(digits0), 1)
          best0 = digits0
          exponent6 = exponent4
          _9 = 0
          _10 = torch.gt(_8, 0)
          while _10:
            count = torch.__derive_index(_9, 15, 1)
            _11 = torch.slice(digits0, None, count)
            number = int(_11)
            _12 = torch.slice(digits0, count, torch.add(count, 1))
            more = torch.ge(int(_12), 5)
            if torch.eq(count, 16):
              _13 = torch.gt(exponent6, -3)
            else:
              _13 = False
            if _13:
              _14 = torch.lt(exponent6, 17)
            else:
              _14 = False
            if _14:
              _16 = torch.eq(torch.slice(digits0, 16), "5")
              _15 = _16
            else:
              _15 = False
            if _15:
              places = torch.sub(16, exponent6)
              a, b, = _0(size, places, )
              unit = 1
              for _17 in range(places):
                unit = torch.mul(unit, 10)
              _18 = torch.add(torch.mul(a, unit), b)
              more0 = torch.gt(_18, number)
            else:
              more0 = more
            if more0:
              _19 = [torch.add(number, 1), number]
              tries = _19
            else:
              _20 = [number, torch.add(number, 1)]
              tries = _20
            found = False
            best1 = best0
            exponent7 = exponent6
            for _21 in range(torch.len(tries)):
              n = tries[_21]
              if torch.__not__(found):
                _23 = torch.add(str(n), "e")
                _24 = torch.sub(exponent7, count)
                _25 = torch.add(_23, str(_24))
                _26 = torch.eq(float(_25), size)
                _22 = _26
              else:
                _22 = False
              if _22:
                best3 = str(n)
                _27 = torch.gt(torch.len(best3), count)
                if _27:
                  exponent10 = torch.add(exponent7, 1)
                  exponent9 = exponent10
                else:
                  exponent9 = exponent7
                found0, best2, exponent8 = True, best3, exponent9
              else:
                found0, best2, exponent8 = found, best1, exponent7
              found, best1, exponent7 = found0, best2, exponent8
            if found:
              _28 = False
            else:
              _28 = True
            _29 = torch.add(_9, 1)
            _30 = torch.__and__(torch.lt(_29, _8), _28)
            _10, best0, exponent6, _9 = _30, best1, exponent7, _29
          exponent5, best = exponent6, torch.rstrip(best0, "0")
        else:
          exponent5, best = exponent4, digits0
        if torch.gt(exponent5, 16):
          _31 = True
        else:
          _31 = torch.lt(exponent5, -3)
        if _31:
          power_ = torch.sub(exponent5, 1)
          if torch.lt(power_, 0):
            mark = "e-"
          else:
            mark = "e+"
          rest = torch.slice(best, 1)
          _33 = torch.add(sign, torch.slice(best, None, 1))
          if torch.gt(torch.len(rest), 0):
            _34 = torch.add(".", rest)
          else:
            _34 = ""
          _35 = torch.add(torch.add(_33, _34), mark)
          _36 = torch.rjust(str(ops.prim.abs(power_)), 2, "0")
          _32 = torch.add(_35, _36)
        else:
          if torch.le(exponent5, 0):
            _38 = torch.add(sign, "0.")
            _39 = annotate(List[str], [])
            for _40 in range(torch.neg(exponent5)):
              _41 = torch.append(_39, "0")
            _42 = torch.add(_38, torch.join("", _39))
            _37 = torch.add(_42, best)
          else:
            _43 = torch.le(torch.len(best), exponent5)
            if _43:
              _45 = torch.ljust(best, exponent5, "0")
              _46 = torch.add(torch.add(sign, _45), ".0")
              _44 = _46
            else:
              _47 = torch.slice(best, None, exponent5)
              _48 = torch.add(torch.add(sign, _47), ".")
              _49 = torch.slice(best, exponent5)
              _44 = torch.add(_48, _49)
            _37 = _44
          _32 = _37
        _3 = _32
      _2 = _3
    _1 = _2
  return _1
"""
