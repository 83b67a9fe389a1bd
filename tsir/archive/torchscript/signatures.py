"""TorchScript's operators on Python's values: which types each of its overloads takes, and what it gives.

The table is as torch 2.13 has it (`torch._C._jit_get_all_schemas`), without the names of arguments. In it `t` is any type, `K` one
that keys of dicts can have, `=` stands behind an argument with a default. How types are matched is in `checking.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Type = tuple["str | Type", ...]
"""A type of the table: `("int",)`, `("[]", element)`, `("?", element)`, `("Dict", key, value)`, `("()", elements...)`."""


@dataclass(frozen=True)
class Overload:
    """One overload: the arguments' types, how many of them must be given, whether any others may follow, the result's type."""

    arguments: tuple[Type, ...]
    required: int
    is_variadic: bool
    result: Type


@lru_cache(maxsize=1)
def overloads() -> Mapping[str, Sequence[Overload]]:
    """The overloads of each operator, by its name in serialised code: without `torch.`, with `prim.` for `ops.prim.`.

    Those for any number are the last, as TorchScript has them.
    """
    found: dict[str, Sequence[Overload]] = {}
    for line in re.sub(r"\n +", " ", _TABLE).strip().splitlines():
        name, _, rest = line.partition(" ")
        found[name] = sorted(map(_overload, rest.split("; ")), key=lambda o: ("Scalar",) in o.arguments)
    return found


def _overload(text: str) -> Overload:
    arguments, _, result = text.partition(") -> ")
    parts = _split(arguments.removeprefix("("))
    plain = [p for p in parts if p != "..."]
    required = sum(not p.endswith("=") for p in plain)
    return Overload(tuple(_type(p.removesuffix("=")) for p in plain), required, len(plain) < len(parts), _type(result))


def _split(text: str) -> list[str]:
    """The parts between commas that are in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [p.strip() for p in parts if p.strip()]


def _type(text: str) -> Type:
    if text.endswith("?"):
        return "?", _type(text[:-1])
    if text.endswith("[]"):
        return "[]", _type(text[:-2])
    if text.startswith("("):
        return "()", *map(_type, _split(text[1:-1]))
    name, bracket, inner = text.partition("(")
    return (name, *map(_type, _split(inner[:-1]))) if bracket else (text,)


_TABLE = """
__and__ (bool, bool) -> bool; (int, int) -> int
__contains__ (Dict(K, t), K) -> bool; (float[], float) -> bool; (int[], int) -> bool; (str[], str)
    -> bool
__getitem__ (Dict(K, t), K) -> t; (str, int) -> str; (t[], int) -> t
__is__ (t1, t2) -> bool
__isnot__ (t1, t2) -> bool
__lshift__ (int, int) -> int
__not__ (bool) -> bool
__or__ (bool, bool) -> bool; (int, int) -> int
__range_length (int, int, int) -> int
__round_to_zero_floordiv (int, int) -> int
__rshift__ (int, int) -> int
__xor__ (bool, bool) -> bool; (int, int) -> int
_set_item (Dict(K, t), K, t) -> (); (t[], int, t) -> t[]
acos (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
acosh (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
add (Scalar, Scalar) -> Scalar; (complex, complex) -> complex; (complex, float) -> complex; (complex, int) -> complex;
    (float, float) -> float; (float, complex) -> complex; (float, int) -> float; (int, int) -> int; (int, complex) ->
    complex; (int, float) -> float; (str, str) -> str; (t[], t[]) -> t[]
add_ (t[], t[]) -> t[]
all (bool[]) -> bool; (float[]) -> bool; (int[]) -> bool
any (bool[]) -> bool; (float[]) -> bool; (int[]) -> bool; (str[]) -> bool
append (t[], t) -> t[]
asin (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
asinh (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
atan (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
atan2 (Scalar, Scalar) -> float; (float, float) -> float; (float, int) -> float; (int, int) -> float; (int, float) ->
    float
atanh (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
bin (int) -> str
Bool (Tensor) -> bool; (float) -> bool; (int) -> bool
capitalize (str) -> str
ceil (Scalar) -> Scalar; (float) -> int; (int) -> int
center (str, int, str=) -> str
chr (int) -> str
clear (Dict(K, t)) -> (); (t[]) -> ()
Complex (Scalar) -> complex; (Tensor, Tensor) -> complex; (Tensor, bool) -> complex; (Tensor, float) -> complex; (Tensor,
    int) -> complex; (bool, Tensor) -> complex; (bool, bool) -> complex; (bool, float) -> complex; (bool, int) ->
    complex; (float, Tensor) -> complex; (float, bool) -> complex; (float, float) -> complex; (float, int) -> complex;
    (int, Tensor) -> complex; (int, bool) -> complex; (int, float) -> complex; (int, int) -> complex
copy (Dict(K, t)) -> Dict(K, t); (t[]) -> t[]
copysign (Scalar, Scalar) -> float; (float, float) -> float; (float, int) -> float; (int, int) -> float; (int, float) ->
    float
cos (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
cosh (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
count (str, str, int=, int=) -> int; (Tensor[], Tensor) -> int; (bool[], bool) -> int; (float[], float) -> int; (int[],
    int) -> int; (str[], str) -> int
degrees (Scalar) -> Scalar; (float) -> float; (int) -> float
Delete (Dict(K, t), K) -> (); (t[], int) -> ()
device (str) -> Device; (str, int) -> Device
dict (Dict(K, t)) -> Dict(K, t); ((K, t)[]) -> Dict(K, t)
div (Scalar, Scalar) -> float; (complex, complex) -> complex; (float, float) -> float; (int, int) -> float
divmod (float, float) -> (float, float); (float, int) -> (float, float); (int, int) -> (int, int); (int, float) ->
    (float, float)
endswith (str, str, int=, int=) -> bool
eq (Scalar, Scalar) -> bool; (Tensor[], Tensor[]) -> bool; (bool, bool) -> bool; (bool[], bool[]) -> bool; (complex,
    complex) -> bool; (complex, float) -> bool; (Device, Device) -> bool; (AnyEnumType, AnyEnumType) -> bool; (float,
    float) -> bool; (float, complex) -> bool; (float, int) -> bool; (float[], float[]) -> bool; (int, int) -> bool; (int,
    float) -> bool; (int[], int[]) -> bool; (str, str) -> bool; (str[], str[]) -> bool
erf (Scalar) -> Scalar; (float) -> float; (int) -> float
erfc (Scalar) -> Scalar; (float) -> float; (int) -> float
exp (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
expandtabs (str, int=) -> str
expm1 (Scalar) -> Scalar; (float) -> float; (int) -> float
extend (t[], t[]) -> ()
fabs (Scalar) -> Scalar; (float) -> float; (int) -> float
factorial (int) -> int
find (str, str, int=, int=) -> int
Float (Scalar) -> float; (Tensor) -> float; (bool) -> float; (int) -> float; (str) -> float
floor (Scalar) -> Scalar; (float) -> int; (int) -> int
floordiv (Scalar, Scalar) -> Scalar; (float, float) -> float; (float, int) -> float; (int, int) -> int; (int, float) ->
    float
fmod (Scalar, Scalar) -> float; (float, float) -> float; (float, int) -> float; (int, int) -> float; (int, float) ->
    float
format (str, ...) -> str
frexp (float) -> (float, int)
gamma (Scalar) -> Scalar; (float) -> float; (int) -> float
gcd (int, int) -> int
ge (Scalar, Scalar) -> bool; (float, float) -> bool; (float, int) -> bool; (int, int) -> bool; (int, float) -> bool;
    (str, str) -> bool
get (Dict(K, t), K) -> t?; (Dict(K, t), K, t) -> t
gt (Scalar, Scalar) -> bool; (float, float) -> bool; (float, int) -> bool; (int, int) -> bool; (int, float) -> bool;
    (str, str) -> bool
hash (t) -> int
hex (int) -> str
index (Tensor, Tensor[]) -> Tensor; (Tensor[], Tensor) -> int; (bool[], bool) -> int; (float[], float) -> int; (int[],
    int) -> int; (str[], str) -> int; (str, str, int=, int=) -> int
insert (t[], int, t) -> ()
Int (Scalar) -> int; (Tensor) -> int; (bool) -> int; (float) -> int; (str) -> int
isalnum (str) -> bool
isalpha (str) -> bool
isdecimal (str) -> bool
isdigit (str) -> bool
isfinite (Tensor) -> Tensor; (complex) -> bool; (float) -> bool
isidentifier (str) -> bool
isinf (Tensor) -> Tensor; (complex) -> bool; (float) -> bool
islower (str) -> bool
isnan (Tensor) -> Tensor; (complex) -> bool; (float) -> bool
isnumeric (str) -> bool
isprintable (str) -> bool
isspace (str) -> bool
istitle (str) -> bool
isupper (str) -> bool
item (Tensor) -> Scalar
items (Dict(K, t)) -> (K, t)[]
join (str, str[]) -> str
keys (Dict(K, t)) -> K[]
ldexp (float, int) -> float
le (Scalar, Scalar) -> bool; (float, float) -> bool; (float, int) -> bool; (int, int) -> bool; (int, float) -> bool;
    (str, str) -> bool
len (Dict(K, t)) -> int; (Tensor) -> int; (Any[]) -> int; (str) -> int; (t[]) -> int
lgamma (Scalar) -> Scalar; (float) -> float; (int) -> float
list (str) -> str[]; (t[]) -> t[]
ljust (str, int, str=) -> str
log (Scalar) -> Scalar; (Scalar, Scalar) -> float; (complex) -> complex; (complex, complex) -> complex; (complex, float)
    -> complex; (complex, int) -> complex; (float) -> float; (float, complex) -> complex; (float, float) -> float;
    (float, int) -> float; (int) -> float; (int, complex) -> complex; (int, float) -> float; (int, int) -> float
log10 (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
log1p (Scalar) -> Scalar; (float) -> float; (int) -> float
lower (str) -> str
lstrip (str, str=) -> str
lt (Scalar, Scalar) -> bool; (float, float) -> bool; (float, int) -> bool; (int, int) -> bool; (int, float) -> bool;
    (str, str) -> bool
mathremainder (Scalar, Scalar) -> float; (float, float) -> float; (float, int) -> float; (int, int) -> float; (int,
    float) -> float
modf (float) -> (float, float)
mul (Scalar, Scalar) -> Scalar; (complex, complex) -> complex; (complex, float) -> complex; (complex, int) -> complex;
    (float, float) -> float; (float, complex) -> complex; (float, int) -> float; (int, int) -> int; (int, complex) ->
    complex; (int, float) -> float; (t[], int) -> t[]; (int, t[]) -> t[]
mul_ (t[], int) -> t[]
ne (Scalar, Scalar) -> bool; (Tensor[], Tensor[]) -> bool; (bool, bool) -> bool; (bool[], bool[]) -> bool; (complex,
    complex) -> bool; (complex, float) -> bool; (Device, Device) -> bool; (AnyEnumType, AnyEnumType) -> bool; (float,
    float) -> bool; (float, complex) -> bool; (float, int) -> bool; (float[], float[]) -> bool; (int, int) -> bool; (int,
    float) -> bool; (int[], int[]) -> bool; (str, str) -> bool; (str[], str[]) -> bool
neg (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> int
oct (int) -> str
ord (str) -> int
partition (str, str) -> (str, str, str)
percentFormat (str, ...) -> str
pop (Dict(K, t), K) -> t; (Dict(K, t), K, t) -> t; (t[], int=) -> t
popitem (Dict(K, t)) -> (K, t)
pow (Scalar, Scalar) -> float; (complex, complex) -> complex; (complex, float) -> complex; (float, float) -> float;
    (float, complex) -> complex; (float, int) -> float; (int, int) -> float; (int, float) -> float; (int, int) -> int
prim.abs (Scalar) -> Scalar; (complex) -> float; (float) -> float; (int) -> int
prim.index (Device) -> int?
prim.max (Scalar, Scalar) -> Scalar; (bool[], bool[]) -> bool[]; (float, float) -> float; (float, int) -> float;
    (float[], float[]) -> float[]; (int, int) -> int; (int, float) -> float; (int[], int[]) -> int[]; (bool[]) -> bool;
    (float[]) -> float; (int[]) -> int
prim.min (Scalar, Scalar) -> Scalar; (bool[], bool[]) -> bool[]; (float, float) -> float; (float, int) -> float;
    (float[], float[]) -> float[]; (int, int) -> int; (int, float) -> float; (int[], int[]) -> int[]; (bool[]) -> bool;
    (float[]) -> float; (int[]) -> int
prim.RaiseException (str, str?=) -> ()
prim.type (Device) -> str
radians (Scalar) -> Scalar; (float) -> float; (int) -> float
remainder (Scalar, Scalar) -> Scalar; (float, float) -> float; (float, int) -> float; (int, int) -> int; (int, float) ->
    float
remove (Tensor[], Tensor) -> (); (bool[], bool) -> (); (float[], float) -> (); (int[], int) -> (); (str[], str) -> ()
replace (str, str, str, int=) -> str
reverse (t[]) -> ()
rfind (str, str, int=, int=) -> int
rindex (str, str, int=, int=) -> int
rjust (str, int, str=) -> str
round (Scalar) -> Scalar; (float) -> float; (int) -> float
rpartition (str, str) -> (str, str, str)
rsplit (str, str=, int=) -> str[]
rstrip (str, str=) -> str
setdefault (Dict(K, t), K, t) -> t
sin (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
sinh (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
Size (int[]) -> int[]
slice (str, int?=, int?=, int=) -> str; (t[], int?=, int?=, int=) -> t[]
sort (Tensor[], bool=) -> (); (t[], bool=) -> (); (bool[], bool=) -> (); (float[], bool=) -> (); (int[], bool=) -> ();
    (str[], bool=) -> ()
sorted (Tensor[]) -> Tensor[]; (t[]) -> t[]; (bool[]) -> bool[]; (float[]) -> float[]; (int[]) -> int[]; (str[]) -> str[]
split (str, str?=, int=) -> str[]
splitlines (str, bool=) -> str[]
sqrt (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
startswith (str, str, int=, int=) -> bool
str (t) -> str
strip (str, str=) -> str
sub (Scalar, Scalar) -> Scalar; (complex, complex) -> complex; (complex, float) -> complex; (complex, int) -> complex;
    (float, float) -> float; (float, complex) -> complex; (float, int) -> float; (int, int) -> int; (int, complex) ->
    complex; (int, float) -> float
sum (bool[]) -> int; (complex[]) -> complex; (float[]) -> float; (int[]) -> int
swapcase (str) -> str
tan (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
tanh (Scalar) -> Scalar; (complex) -> complex; (float) -> float; (int) -> float
title (str) -> str
unbind (Tensor, int=) -> Tensor[]
update (Dict(K, t), Dict(K, t)) -> ()
upper (str) -> str
values (Dict(K, t)) -> t[]
wait (Future(t)) -> t
warn (str, int=) -> ()
zfill (str, int) -> str
"""
