"""The functions that written archives bring along, as Python: torch.jit gives the text of them that `prelude.py` has.

`python -m tests.archive.torchscript.prelude_source` writes that module; a test compares.
"""

import math
import re
import sys
from pathlib import Path
from typing import List, Tuple

import torch

from tsir.archive.torchscript import prelude

TARGET = Path(prelude.__file__)

# torch.jit reads annotations of this form, and gives a function's global names the module's path.


def power(base: int, exponent: int) -> int:
    """`base ** exponent` of ints: torch.jit's is a float."""
    if exponent < 0:
        raise ValueError("a negative exponent makes a float of an int")
    result = 1
    while exponent > 0:
        if exponent % 2 == 1:
            result = result * base
        base = base * base
        exponent = exponent // 2
    return result


def scaled(x: float, digits: int) -> Tuple[int, int]:
    """The whole part of a number that isn't negative, and `digits` digits behind it, rounded exactly, half to even."""
    whole = int(x)
    rest = x - float(whole)
    unit = 1
    for _ in range(digits):
        unit = unit * 10
    factor = float(unit)
    product = rest * factor
    a = rest * 134217729.0
    high = a - (a - rest)
    low = rest - high
    b = factor * 134217729.0
    top = b - (b - factor)
    bottom = factor - top
    error = ((high * top - product) + high * bottom + low * top) + low * bottom
    count = int(product)
    half = (product - float(count) - 0.5) + error
    if half > 0.0 or (half == 0.0 and (count % 2 == 1 or (digits == 0 and whole % 2 == 1))):
        count = count + 1
    if count < 0:
        count = 0
    if count == unit:
        return whole + 1, 0
    return whole, count


def fixed(x: float, digits: int) -> str:
    """`f"{x:.{digits}f}"`."""
    if math.isnan(x):
        return "nan"
    sign = "-" if math.copysign(1.0, x) < 0.0 else ""
    size = abs(x)
    if math.isinf(size):
        return sign + "inf"
    if size >= 9.2e18:
        raise ValueError("a text of so great a float")
    whole, count = scaled(size, digits)
    if digits == 0:
        return sign + str(whole)
    return sign + str(whole) + "." + str(count).rjust(digits, "0")


def rounded(x: float, digits: int) -> float:
    """`round(x, digits)`."""
    if math.isnan(x) or math.isinf(x) or abs(x) >= 9.2e18 or digits > 17 or (digits >= 0 and abs(x) >= 4503599627370496.0):
        return x
    if digits >= 0:
        return float(fixed(x, digits))
    whole = int(abs(x))
    unit = 1
    for _ in range(min(-digits, 18)):
        unit = unit * 10
    rest = whole % unit
    low = whole - rest
    twice = 2 * rest
    above = abs(x) > float(int(abs(x)))
    if twice > unit or (twice == unit and (above or (low // unit) % 2 == 1)):
        low = low + unit
    return math.copysign(float(low), x)


def text(x: float) -> str:
    """`str(x)`: the shortest text that gives the same float."""
    if math.isnan(x):
        return "nan"
    sign = "-" if math.copysign(1.0, x) < 0.0 else ""
    size = abs(x)
    if math.isinf(size):
        return sign + "inf"
    if size == 0.0:
        return sign + "0.0"
    long = f"{size}"
    exponent = 0
    at = long.find("e", 0, len(long))
    if at >= 0:
        exponent = int(long[at + 1 :].replace("+", ""))
        long = long[:at]
    point = long.find(".", 0, len(long))
    if point >= 0:
        exponent = exponent + point
        long = long.replace(".", "")
    else:
        exponent = exponent + len(long)
    digits = long.lstrip("0")
    exponent = exponent - (len(long) - len(digits))
    digits = digits.rstrip("0")
    best = digits
    if len(digits) > 15 and size > 1e-300:
        for count in range(15, len(digits)):
            number = int(digits[:count])
            more = int(digits[count : count + 1]) >= 5
            if count == 16 and exponent > -3 and exponent < 17 and digits[16:] == "5":
                places = 16 - exponent
                a, b = scaled(size, places)
                unit = 1
                for _ in range(places):
                    unit = unit * 10
                more = a * unit + b > number
            tries = [number + 1, number] if more else [number, number + 1]
            found = False
            for n in tries:
                if not found and float(str(n) + "e" + str(exponent - count)) == size:
                    best = str(n)
                    found = True
                    if len(best) > count:
                        exponent = exponent + 1
            if found:
                break
        best = best.rstrip("0")
    if exponent > 16 or exponent < -3:
        power_ = exponent - 1
        mark = "e-" if power_ < 0 else "e+"
        rest = best[1:]
        return sign + best[:1] + ("." + rest if len(rest) > 0 else "") + mark + str(abs(power_)).rjust(2, "0")
    if exponent <= 0:
        zeros = "0"
        return sign + "0." + "".join([zeros for _ in range(-exponent)]) + best
    if len(best) <= exponent:
        return sign + best.ljust(exponent, "0") + ".0"
    return sign + best[:exponent] + "." + best[exponent:]


FUNCTIONS = (power, scaled, fixed, rounded, text)
"""In the order in which they call each other."""


def written() -> str:
    """The text of the module `prelude.py`."""
    codes: List[str] = []
    names = "|".join(f.__name__ for f in FUNCTIONS)
    for function in FUNCTIONS:
        code = torch.jit.script(function).code.strip()
        code = re.sub(rf"__torch__\.[\w.]+\.({names})\b", r"__torch__.python_\1", code)
        code = re.sub(r"\n +(\w+: \w+\) ->)", r" \1", code)
        codes.append(code.replace("def ", "def python_", 1))
    source = TARGET.read_text()
    head, _, rest = source.partition('_TEXT = """\n')
    return head + '_TEXT = """\n' + "\n".join(codes) + '\n"""\n' if rest else source


if __name__ == "__main__":
    from tests.archive.torchscript import prelude_source  # by its name, which torch.jit writes into the code

    TARGET.write_text(prelude_source.written())
    sys.exit(0)
