"""Symbolic sizes: integer polynomials over atoms, and the environment that knows about them.

A size is a Python `int` where it is known and a `SymInt` where it isn't (`Size = int | SymInt`). A `SymInt` is a polynomial
with integer coefficients over atoms; an atom is a dimension of an argument, a run-time integer, a size that depends on data,
or a floor division, remainder, minimum or maximum of polynomials. Arithmetic stays symbolic. Comparisons are decided when the
atoms' bounds and the known equalities prove them; else they become a `Guard` (the hint decides which way), when the
environment allows that for all atoms involved; else `CannotLower` is raised. Nothing here knows xDSL: an atom's `origin` is
what a builder makes its value from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from tsir.errors import TsirError


class CannotLower(TsirError):
    """A decision that an operator's body needs can't be made from the types alone; the operation stays for dispatch."""


class NeedsConstant(CannotLower):
    """A body needs a concrete value for an argument that is known at run time only; `argument` names it."""

    def __init__(self, argument: str, reason: str = "") -> None:
        self.argument = argument
        super().__init__(reason or f"the value of {argument!r} must be known at compile time")


class Atom:
    """An indeterminate of the polynomials. Compared by identity.

    `lower` and `upper` bound its value (None: unbounded), `hint` is an example value (None: there is none, then nothing is
    decided by guard), `origin` whatever the builder makes its run-time value from. A compound atom has an `operation` and
    its two `operands`.
    """

    __slots__ = ("env", "hint", "lower", "name", "operands", "operation", "order", "origin", "upper")

    def __init__(
        self,
        env: ShapeEnv,
        name: str,
        *,
        lower: int | None,
        upper: int | None = None,
        hint: int | None = None,
        origin: Any = None,
        operation: str | None = None,
        operands: tuple[Size, ...] = (),
    ) -> None:
        self.env = env
        self.name = name
        self.lower = lower
        self.upper = upper
        self.hint = hint
        self.origin = origin
        self.operation = operation
        self.operands = operands
        self.order = env.next_order()

    def __repr__(self) -> str:
        return self.name


Monomial: TypeAlias = tuple[Atom, ...]
"""Atoms in creation order, each as often as its power; the empty monomial stands for 1."""

Terms: TypeAlias = dict[Monomial, int]

_COMPOUND: Final[dict[str, Callable[[int, int], int]]] = {
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "min": min,
    "max": max,
}


@dataclass(frozen=True)
class Guard:
    """A decision: `polynomial relation 0` holds, with relation one of `==`, `!=`, `>`, `<=`."""

    polynomial: SymInt
    relation: str

    def holds(self, values: Mapping[Atom, int]) -> bool:
        """Whether it holds for these values of the simple atoms."""
        value = self.polynomial.evaluate(values)
        return {"==": value == 0, "!=": value != 0, ">": value > 0, "<=": value <= 0}[self.relation]

    def __str__(self) -> str:
        left: Terms = {}
        right: Terms = {}
        for monomial, coefficient in self.polynomial.terms.items():
            if coefficient > 0:
                left[monomial] = coefficient
            else:
                right[monomial] = -coefficient
        return f"{_show(left)} {self.relation} {_show(right)}"


@dataclass(eq=False)
class ShapeEnv:
    """Atoms, what is known about them, and the guards that were taken.

    `allow_guards` permits decisions by hint; without it (or for an atom without a hint) an undecidable comparison raises
    `CannotLower`. `guards` are in the order they were taken; code that relies on them is right when they all hold.
    """

    allow_guards: bool = True
    guards: list[Guard] = field(default_factory=list[Guard])
    _substitutions: dict[Atom, SymInt] = field(default_factory=dict[Atom, "SymInt"])
    _compounds: dict[tuple[str, Any, Any], SymInt] = field(default_factory=dict[tuple[str, Any, Any], "SymInt"])
    _decisions: dict[tuple[Any, str], bool] = field(default_factory=dict[tuple[Any, str], bool])
    _count: int = 0

    def next_order(self) -> int:
        """A number that grows with each atom."""
        self._count += 1
        return self._count

    def atom(
        self,
        name: str | None = None,
        *,
        lower: int | None = 2,
        upper: int | None = None,
        hint: int | None = None,
        origin: Any = None,
    ) -> SymInt:
        """A new simple atom. A `?` of an argument has `lower=2`, a size that depends on data `lower=0` and no hint."""
        atom = Atom(self, name or f"s{self._count}", lower=lower, upper=upper, hint=hint, origin=origin)
        return SymInt(self, {(atom,): 1})

    def compound(self, operation: str, a: Size, b: Size) -> Size:
        """`floordiv`, `mod`, `min` or `max` as an atom; equal ones are the same atom."""
        key = (operation, size_key(a), size_key(b))
        found = self._compounds.get(key)
        if found is None:
            lower, upper = _compound_bounds(operation, bounds(a), bounds(b))
            hints = (hint_of(a), hint_of(b))
            hint = None
            if hints[0] is not None and hints[1] is not None and not (operation in ("floordiv", "mod") and hints[1] == 0):
                hint = _COMPOUND[operation](hints[0], hints[1])
            atom = Atom(
                self, f"{operation}({a}, {b})", lower=lower, upper=upper, hint=hint, operation=operation, operands=(a, b)
            )
            found = SymInt(self, {(atom,): 1})
            self._compounds[key] = found
        return found

    def assume_equal(self, a: Size, b: Size) -> None:
        """Makes `a == b` known without a guard: the caller has verified it, or emits a check that does."""
        difference = a - b
        if isinstance(difference, SymInt):
            self._learn_zero(difference)

    @contextmanager
    def guarding(self) -> Generator[None]:
        """While this is open, comparisons are decided by hints, where these are known."""
        before, self.allow_guards = self.allow_guards, True
        try:
            yield
        finally:
            self.allow_guards = before

    def assume(self, difference: Size, relation: str) -> None:
        """Makes `difference relation 0` known, with relation one of `==`, `!=`, `>`, `<=`: a guard that holds already."""
        difference = self.resolve(difference)
        if isinstance(difference, int):
            return
        decided = "==" if relation in ("==", "!=") else ">"
        self._decisions[difference.key(), decided] = relation == decided
        if relation == "==":
            self._learn_zero(difference)

    def resolve(self, size: Size) -> Size:
        """The size with all known equalities substituted."""
        if isinstance(size, int) or not self._substitutions:
            return size
        if not any(atom in self._substitutions for monomial in size.terms for atom in monomial):
            return size
        total: Size = 0
        for monomial, coefficient in size.terms.items():
            product: Size = coefficient
            for atom in monomial:
                product = product * self._substitutions.get(atom, SymInt(self, {(atom,): 1}))
            total = total + product
        return total

    def _learn_zero(self, difference: SymInt) -> None:
        """Records `difference == 0` as a substitution, when some atom stands in it alone with coefficient 1 or -1."""
        for monomial, coefficient in sorted(difference.terms.items(), key=lambda t: [-a.order for a in t[0]]):
            if len(monomial) != 1 or abs(coefficient) != 1:
                continue
            (atom,) = monomial
            if any(atom in m for m in difference.terms if m != monomial) or _mentions(difference, atom, monomial):
                continue
            rest = {m: -c * coefficient for m, c in difference.terms.items() if m != monomial}
            value = _make(self, rest)
            replacement = value if isinstance(value, SymInt) else SymInt(self, {(): value} if value else {})
            self._substitutions[atom] = replacement
            for other, known in list(self._substitutions.items()):
                resolved = self.resolve(known)
                self._substitutions[other] = (
                    resolved if isinstance(resolved, SymInt) else SymInt(self, {(): resolved} if resolved else {})
                )
            return

    def decide(self, difference: Size, relation: str) -> bool:
        """Whether `difference relation 0`, for `==` or `>`. Raises CannotLower when it can't be decided."""
        difference = self.resolve(difference)
        if isinstance(difference, int):
            return difference == 0 if relation == "==" else difference > 0
        low, high = bounds(difference)
        if relation == "==":
            if (low is not None and low > 0) or (high is not None and high < 0):
                return False
        elif low is not None and low > 0:
            return True
        elif high is not None and high <= 0:
            return False
        key = (difference.key(), relation)
        known = self._decisions.get(key)
        if known is not None:
            return known
        hint = hint_of(difference)
        if hint is None or not self.allow_guards:
            raise CannotLower(f"whether {Guard(difference, relation)} can't be decided at compile time")
        answer = hint == 0 if relation == "==" else hint > 0
        negated = {"==": "!=", ">": "<="}[relation]
        self.guards.append(Guard(difference, relation if answer else negated))
        self._decisions[key] = answer
        if answer and relation == "==":
            self._learn_zero(difference)
        return answer


class SymInt:
    """A size that isn't known: a polynomial over atoms. Immutable; `a == b` and `a < b` decide (see `ShapeEnv`).

    It can't be hashed, for equality may take a guard: use `size_key`.
    """

    __slots__ = ("_key", "env", "terms")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, env: ShapeEnv, terms: Terms) -> None:
        self.env = env
        self.terms = terms
        self._key: frozenset[tuple[Monomial, int]] | None = None

    def key(self) -> frozenset[tuple[Monomial, int]]:
        """A hashable value that is equal for equal polynomials."""
        if self._key is None:
            self._key = frozenset(self.terms.items())
        return self._key

    def atoms(self) -> Iterator[Atom]:
        """The atoms in it, compound ones as themselves, each once."""
        return iter(dict.fromkeys(atom for monomial in self.terms for atom in monomial))

    def as_atom(self) -> Atom | None:
        """The atom that it is, or None when it is more than one."""
        if len(self.terms) == 1:
            ((monomial, coefficient),) = self.terms.items()
            if coefficient == 1 and len(monomial) == 1:
                return monomial[0]
        return None

    def evaluate(self, values: Mapping[Atom, int]) -> int:
        """Its value for these values of the simple atoms. Raises KeyError for an atom without value."""
        return sum(c * _product(_atom_value(a, values) for a in m) for m, c in self.terms.items())

    def __repr__(self) -> str:
        return _show(self.terms)

    def __add__(self, other: Size) -> Size:
        if isinstance(other, SymInt):
            terms = dict(self.terms)
            for monomial, coefficient in other.terms.items():
                terms[monomial] = terms.get(monomial, 0) + coefficient
            return _make(self.env, terms)
        if not isinstance(other, int):
            return NotImplemented
        terms = dict(self.terms)
        terms[()] = terms.get((), 0) + other
        return _make(self.env, terms)

    __radd__ = __add__

    def __neg__(self) -> Size:
        return SymInt(self.env, {m: -c for m, c in self.terms.items()})

    def __pos__(self) -> Size:
        return self

    def __sub__(self, other: Size) -> Size:
        if not isinstance(other, int | SymInt):
            return NotImplemented
        return self + (-other)

    def __rsub__(self, other: Size) -> Size:
        if not isinstance(other, int | SymInt):
            return NotImplemented
        return (-self) + other

    def __mul__(self, other: Size) -> Size:
        if isinstance(other, SymInt):
            terms: Terms = {}
            for m, c in self.terms.items():
                for n, d in other.terms.items():
                    product = tuple(sorted(m + n, key=_order))
                    terms[product] = terms.get(product, 0) + c * d
            return _make(self.env, terms)
        if not isinstance(other, int):
            return NotImplemented
        return _make(self.env, {m: c * other for m, c in self.terms.items()})

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Size:
        if exponent < 0:
            raise CannotLower(f"a negative power of the size {self}")
        result: Size = 1
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, other: Size) -> Size:
        if not isinstance(other, int | SymInt):
            return NotImplemented
        return _floordiv(self.env, self, other)

    def __rfloordiv__(self, other: int) -> Size:
        return _floordiv(self.env, other, self)

    def __mod__(self, other: Size) -> Size:
        if not isinstance(other, int | SymInt):
            return NotImplemented
        return _mod(self.env, self, other)

    def __rmod__(self, other: int) -> Size:
        return _mod(self.env, other, self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, int | SymInt):
            return NotImplemented
        if isinstance(other, SymInt) and self.key() == other.key():
            return True
        return self.env.decide(self - other, "==")

    def __ne__(self, other: object) -> bool:
        if not isinstance(other, int | SymInt):
            return NotImplemented
        return not self == other

    def __lt__(self, other: Size) -> bool:
        return self.env.decide(other - self, ">")

    def __gt__(self, other: Size) -> bool:
        return self.env.decide(self - other, ">")

    def __le__(self, other: Size) -> bool:
        return not self > other

    def __ge__(self, other: Size) -> bool:
        return not self < other

    def __bool__(self) -> bool:
        return self != 0

    def __index__(self) -> int:
        raise NeedsConstant(str(self), f"the size {self} must be known at compile time")

    __int__ = __index__


Size: TypeAlias = int | SymInt


def _order(atom: Atom) -> int:
    return atom.order


def _product(factors: Iterator[int]) -> int:
    result = 1
    for factor in factors:
        result *= factor
    return result


def _make(env: ShapeEnv, terms: Terms) -> Size:
    """The size with these terms: an int when nothing symbolic is left."""
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    return SymInt(env, kept)


def _show(terms: Terms) -> str:
    parts: list[str] = []
    for monomial, coefficient in terms.items():
        if not monomial:
            parts.append(str(coefficient))
        elif coefficient == 1:
            parts.append("*".join(a.name for a in monomial))
        else:
            parts.append(f"{coefficient}*" + "*".join(a.name for a in monomial))
    return " + ".join(parts).replace("+ -", "- ") if parts else "0"


def _atom_value(atom: Atom, values: Mapping[Atom, int]) -> int:
    if atom.operation is None:
        return values[atom]
    a, b = (v if isinstance(v, int) else v.evaluate(values) for v in atom.operands)
    return _COMPOUND[atom.operation](a, b)


def _mentions(difference: SymInt, atom: Atom, own: Monomial) -> bool:
    """Whether `atom` occurs inside a compound atom of `difference` (beside its own term)."""
    stack = [a for m in difference.terms if m != own for a in m]
    if atom.operation is not None:
        stack += [a for v in atom.operands if isinstance(v, SymInt) for a in v.atoms()]
    while stack:
        current = stack.pop()
        if current is atom:
            return True
        stack += [a for v in current.operands if isinstance(v, SymInt) for a in v.atoms()]
    return False


def size_key(size: Size) -> Any:
    """A hashable value that is equal for equal sizes."""
    return size if isinstance(size, int) else size.key()


def hint_of(size: Size) -> int | None:
    """The example value of a size, or None when an atom has none."""
    if isinstance(size, int):
        return size
    total = 0
    for monomial, coefficient in size.terms.items():
        for atom in monomial:
            if atom.hint is None:
                return None
            coefficient *= atom.hint
        total += coefficient
    return total


Bounds: TypeAlias = tuple[int | None, int | None]


def bounds(size: Size) -> Bounds:
    """A lower and an upper bound (None: unbounded) that hold for all values the atoms may have."""
    if isinstance(size, int):
        return size, size
    low, high = _interval(size)
    if low is None:
        low = _shifted_bound(size.terms)
    if high is None:
        negated = _shifted_bound({m: -c for m, c in size.terms.items()})
        high = None if negated is None else -negated
    return low, high


def _interval(size: SymInt) -> Bounds:
    """Bounds by interval arithmetic, monomial by monomial."""
    low: int | None = 0
    high: int | None = 0
    for monomial, coefficient in size.terms.items():
        a: Bounds = (1, 1)
        for atom in monomial:
            a = _multiply(a, (atom.lower, atom.upper))
        a = _multiply(a, (coefficient, coefficient))
        low = None if low is None or a[0] is None else low + a[0]
        high = None if high is None or a[1] is None else high + a[1]
    return low, high


def _multiply(a: Bounds, b: Bounds) -> Bounds:
    if a[0] is not None and a[0] == a[1] and a[0] < 0:
        a, b = b, a
    if b[0] is not None and b[0] == b[1] and b[0] < 0:
        factor = b[0]
        return (None if a[1] is None else a[1] * factor, None if a[0] is None else a[0] * factor)
    if a[0] is not None and a[0] >= 0 and b[0] is not None and b[0] >= 0:
        return a[0] * b[0], None if a[1] is None or b[1] is None else a[1] * b[1]
    if None not in (*a, *b):
        corners = [x * y for x in a for y in b if x is not None and y is not None]
        return min(corners), max(corners)
    return None, None


def _shifted_bound(terms: Terms) -> int | None:
    """A lower bound by writing each atom as its lower bound plus something not negative, and expanding."""
    expanded: Terms = {}
    for monomial, coefficient in terms.items():
        partial: Terms = {(): coefficient}
        for atom in monomial:
            if atom.lower is None:
                return None
            after: Terms = {}
            for m, c in partial.items():
                after[m] = after.get(m, 0) + c * atom.lower
                grown = tuple(sorted((*m, atom), key=_order))
                after[grown] = after.get(grown, 0) + c
            partial = after
        for m, c in partial.items():
            expanded[m] = expanded.get(m, 0) + c
    constant = expanded.pop((), 0)
    return constant if all(c >= 0 for c in expanded.values()) else None


def _compound_bounds(operation: str, a: Bounds, b: Bounds) -> Bounds:
    match operation:
        case "min":
            lows = None if a[0] is None or b[0] is None else min(a[0], b[0])
            highs = [h for h in (a[1], b[1]) if h is not None]
            return lows, min(highs) if highs else None
        case "max":
            lows = [v for v in (a[0], b[0]) if v is not None]
            return max(lows) if lows else None, None if a[1] is None or b[1] is None else max(a[1], b[1])
        case "mod":
            if b[0] is not None and b[0] > 0:
                return 0, None if b[1] is None else b[1] - 1
            return None, None
        case _:
            if b[0] is None or b[0] <= 0:
                return None, None
            low = high = None
            if a[0] is not None:
                low = a[0] // b[0] if a[0] < 0 else (0 if b[1] is None else a[0] // b[1])
            if a[1] is not None:
                high = a[1] // b[0] if a[1] >= 0 else (-1 if b[1] is None else a[1] // b[1])
            return low, high


def _divide(env: ShapeEnv, a: Terms, b: Terms) -> tuple[Terms, Terms]:
    """Quotient and remainder terms of polynomial long division; all coefficients of the quotient are whole."""
    lead, factor = max(b.items(), key=lambda t: _rank(t[0]))
    quotient: Terms = {}
    remainder: Terms = {}
    rest = dict(a)
    while rest:
        monomial = max(rest, key=_rank)
        coefficient = rest[monomial]
        left = _without(monomial, lead)
        if left is None or (coefficient % factor and len(b) > 1):
            remainder[monomial] = rest.pop(monomial)
            continue
        whole = coefficient // factor
        if coefficient - whole * factor:
            remainder[monomial] = coefficient - whole * factor
        if whole:
            quotient[left] = quotient.get(left, 0) + whole
        rest.pop(monomial)
        for m, c in b.items():
            if m != lead and whole:
                product = tuple(sorted(m + left, key=_order))
                rest[product] = rest.get(product, 0) - c * whole
                if not rest[product]:
                    del rest[product]
    return quotient, remainder


def _rank(monomial: Monomial) -> tuple[int, list[int]]:
    return len(monomial), [a.order for a in monomial]


def _without(monomial: Monomial, factor: Monomial) -> Monomial | None:
    """`monomial / factor`, or None when that is no monomial."""
    left = list(monomial)
    for atom in factor:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)


def _terms(size: Size) -> Terms:
    return ({(): size} if size else {}) if isinstance(size, int) else size.terms


def _floordiv(env: ShapeEnv, a: Size, b: Size) -> Size:
    """Python's `a // b`: the part that divides exactly leaves the atom, which is valid for every sign."""
    a, b = env.resolve(a), env.resolve(b)
    if isinstance(b, int) and b == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if b == 1:
        return a
    if isinstance(b, SymInt):
        low, high = bounds(b)
        if not ((low is not None and low > 0) or (high is not None and high < 0)) and b == 0:
            raise ZeroDivisionError("integer division or modulo by zero")
    quotient, remainder = _divide(env, _terms(a), _terms(b))
    exact = _make(env, quotient)
    rest = _make(env, remainder)
    if isinstance(rest, int) and rest == 0:
        return exact
    if isinstance(rest, int) and isinstance(b, int):
        return exact + rest // b
    low, high = bounds(rest)
    if low is not None and low >= 0 and bounds(b - rest)[0] is not None and (bounds(b - rest)[0] or 0) > 0:
        return exact
    nested = _nested_floordiv(env, rest, b)
    return exact + (env.compound("floordiv", rest, b) if nested is None else nested)


def _nested_floordiv(env: ShapeEnv, a: Size, b: Size) -> Size | None:
    """`(x // m + n) // k` is `(x + n*m) // (m*k)` for positive m and k; None when `a` isn't of that form."""
    if not (isinstance(b, int) and b > 0 and isinstance(a, SymInt)):
        return None
    symbolic = [(m, c) for m, c in a.terms.items() if m]
    if len(symbolic) != 1 or symbolic[0][1] != 1 or len(symbolic[0][0]) != 1:
        return None
    atom = symbolic[0][0][0]
    if atom.operation != "floordiv":
        return None
    inner, divisor = atom.operands
    if not (isinstance(divisor, int) and divisor > 0):
        return None
    return _floordiv(env, inner + a.terms.get((), 0) * divisor, divisor * b)


def _mod(env: ShapeEnv, a: Size, b: Size) -> Size:
    """Python's `a % b`, as `a - (a // b) * b` when that is simpler than an atom."""
    a, b = env.resolve(a), env.resolve(b)
    if isinstance(a, int) and isinstance(b, int):
        return a % b
    quotient = _floordiv(env, a, b)
    if isinstance(quotient, int) or not any(atom.operation == "floordiv" for atom in quotient.atoms()):
        return a - quotient * b
    return env.compound("mod", a, b)


def size_min(a: Size, b: Size) -> Size:
    """`min(a, b)` without a decision: an atom when the bounds don't tell which it is."""
    return _extreme("min", a, b)


def size_max(a: Size, b: Size) -> Size:
    """`max(a, b)` without a decision: an atom when the bounds don't tell which it is."""
    return _extreme("max", a, b)


def _extreme(operation: str, a: Size, b: Size) -> Size:
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b) if operation == "min" else max(a, b)
    env = a.env if isinstance(a, SymInt) else b.env if isinstance(b, SymInt) else None
    assert env is not None
    difference = env.resolve(a - b)
    low, high = bounds(difference)
    if low is not None and low >= 0:
        return b if operation == "min" else a
    if high is not None and high <= 0:
        return a if operation == "min" else b
    if size_key(a) == size_key(b):
        return a
    first, second = sorted((a, b), key=str)
    return env.compound(operation, first, second)


def same_size(a: Size, b: Size) -> bool:
    """Whether two sizes are provably equal: no guard is taken, False may mean that it isn't known."""
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    env = a.env if isinstance(a, SymInt) else b.env if isinstance(b, SymInt) else None
    assert env is not None
    return size_key(env.resolve(a - b)) == 0


def is_one(size: Size) -> bool:
    """Whether a size is provably 1: a constant, or by what was learned of the sizes; no guard is taken."""
    return size == 1 if isinstance(size, int) else same_size(size, 1)


def divides(a: Size, b: SymInt) -> bool:
    """Whether `b` is a whole multiple of `a` as a polynomial."""
    quotient, remainder = _divide(b.env, b.terms, _terms(a))
    return bool(quotient) and not remainder


def numel(shape: tuple[Size, ...] | list[Size]) -> Size:
    """The product of the sizes."""
    result: Size = 1
    for size in shape:
        result = result * size
    return result
