"""Positions as papers count them, from 1, and the conditions on them.

The program counts from 0; here t stands for its t + 1.  Covariances are taken to be 0 where a
position lies beyond an end of its sequence, so that most conditions need not be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import sympy as sp

from symntk.derivation import Entry
from symntk.gaussian import Expectation
from symntk.graph.positions import (
    Covered,
    Index,
    Inside,
    Length,
    Same,
    indices,
    lengths_at,
    reindex,
    symbols_in,
)
from symntk.rendering.heads import Condition, Iverson, Kernel

EXTENDED = ("Sigma", "Pi", "match")
"""What is 0 beyond the ends."""


def is_second(symbol: sp.Symbol) -> bool:
    """Whether a position or a length is one of x'."""
    return bool(symbol.name.endswith("'"))


def with_prime(symbol: sp.Symbol) -> sp.Symbol:
    """The position of x' for one of x, and the other way round."""
    name = symbol.name[:-1] if is_second(symbol) else symbol.name + "'"
    return sp.Symbol(name, integer=True, nonnegative=True)


@dataclass
class Places:
    """Translates the program's expressions; remembers which conventions they made use of.

    kernel: the page's symbol for a covariance at positions counted from 1.
    is_extended: some condition was left out because a covariance is 0 beyond the ends.
    is_circular: some position is meant modulo the length.
    own: the positions that the equation in hand is at, which no sum may run over.
    """

    kernel: Callable[[Entry, Index, Index], sp.Expr]
    is_extended: bool = field(default=False, init=False)
    is_circular: bool = field(default=False, init=False)
    own: set[sp.Expr] = field(default_factory=set, init=False)

    def shown(self, index: sp.Expr) -> sp.Expr:
        """A position, counted from 1; one that goes round a circle without its modulus."""
        self.is_circular = self.is_circular or bool(_around(index))
        return shown(index)

    def page(self, expression: sp.Expr) -> sp.Expr:
        """``expression`` in the symbols of the page."""
        match expression:
            case Entry():
                left, right = (
                    tuple(map(self.shown, side)) for side in (expression.left, expression.right)
                )
                return self.kernel(expression, left, right)
            case sp.Mul() | Inside() | Same():
                return self._product(sp.Mul.make_args(expression))
            case sp.Sum():
                return self._sum(expression)
            case Covered():
                return counted(expression)
            case Expectation():
                law = (self.page(part) for part in expression.law)
                return Expectation(expression.integrand, *law)
            case _ if not expression.args:
                return expression
            case _:
                return expression.func(*map(self.page, expression.args))

    def _product(self, factors: tuple[sp.Expr, ...]) -> sp.Expr:
        """Conditions in one bracket, those that a covariance makes superfluous left out."""
        conditions: list[Condition] = []
        others = [f for f in factors if not isinstance(f, Inside | Same)]
        for factor in factors:
            if isinstance(factor, Inside):
                if any(vanishes(other, *_place(factor)) for other in others):
                    self.is_extended = True
                else:
                    conditions += self._inside(*factor.args)
            elif isinstance(factor, Same):
                conditions.append(self._same(*factor.args))
        bracket = [Iverson(*_together(conditions))] if conditions else []
        return sp.Mul(*bracket, *map(self.page, others))

    def _inside(self, index: sp.Expr, length: sp.Expr) -> Iterable[Condition]:
        """1 <= index <= length, solved for the position; what always holds left out."""
        shown = self.shown(index)
        offset, rest = shown.as_coeff_Add()
        if rest.is_Symbol and offset.is_Integer:
            if offset < 0:
                yield Condition("≥", 1 - offset, rest)
            if offset > 0 or is_second(rest) != _is_of_second(length):
                yield _at_most(rest, length - offset)
            return
        yield Condition("≥", sp.S.One, shown)
        yield _at_most(shown, length)

    def _same(self, index: sp.Expr, other: sp.Expr) -> Condition:
        sides = sorted(map(self.shown, (index, other)), key=_bareness)
        return Condition("=", sides[1], sides[0])

    def _sum(self, total: sp.Sum) -> sp.Expr:
        function, limits = total.function, []
        for variable, low, high in total.limits:
            sides = _sides(function, variable)
            if sides == {"a", "b"}:
                function, other = _parted(function, variable)
                limits.append((other, low, lengths_at(high, is_second(other))))
            elif variable in self.own or (sides and is_second(variable) != (sides == {"b"})):
                taken = {variable, *self.own, *symbols_in(function)}
                fresh = _fresh(sides == {"b"} if sides else is_second(variable), taken)
                function, variable = reindex(function, {variable: fresh}), fresh
            else:
                usual = _usual(function, variable)
                if usual not in {*self.own, *symbols_in(function)}:
                    function, variable = reindex(function, {variable: usual}), usual
            limits.append((variable, low, high))
        moved = [(s, low + 1, high + 1) for s, low, high in limits]
        moved.sort(key=lambda limit: (is_second(limit[0]), limit[0].name))
        return sp.Sum(self.page(function), *moved)


def shown(index: sp.Expr) -> sp.Expr:
    """A position, counted from 1; one that goes round a circle without its modulus."""
    around = _around(index)
    if around:
        index = index.xreplace({mod: _residue(*mod.args) for mod in around})
    moved = {s: s - 1 for s in symbols_in(index) if not isinstance(s, Length)}
    return sp.expand(index.xreplace(moved) + 1)


def _around(index: sp.Expr) -> set[sp.Mod]:
    """What goes round a circle, as against the rest of a division of a length."""
    return {
        mod
        for mod in index.atoms(sp.Mod)
        if any(not isinstance(s, Length) for s in symbols_in(mod.args[0]))
    }


def counted(covered: Covered) -> Covered:
    """How much of a window lies inside, with its begin counted from 1."""
    begin, size, length = covered.args
    return Covered(shown(begin), size, length)


def counted_from_one(expression: sp.Basic) -> sp.Basic:
    """An expression of the program with vectors by their own names and positions from 1."""

    def kernel(entry: Entry, left: Index, right: Index) -> Kernel:
        quantity = entry.quantity
        vectors = dict.fromkeys(part for part in (quantity.left, quantity.right) if part)
        return Kernel(quantity.kind, None, ",".join(vectors), entry.site, left, right)

    placed = any(entry.left or entry.right for entry in expression.atoms(Entry))
    if not placed and not expression.has(Inside, Same):
        return expression
    return Places(kernel).page(expression)


def _residue(index: sp.Expr, length: sp.Expr) -> sp.Expr:
    """``index`` without whole turns."""
    index = sp.expand(index)
    return index - index.coeff(length) * length


def _place(bracket: Inside) -> tuple[sp.Expr, bool]:
    index, length = bracket.args
    return index, _is_of_second(length) or any(map(is_second, symbols_in(index)))


def _is_of_second(length: sp.Expr) -> bool:
    return any(isinstance(s, Length) and s.second for s in symbols_in(length))


def vanishes(expression: sp.Expr, index: sp.Expr, second: bool) -> bool:
    """Whether ``expression`` is 0 with ``index`` beyond an end, in x or (``second``) in x'."""
    match expression:
        case Entry():
            sides = zip(expression.site, (expression.left, expression.right), strict=True)
            return expression.quantity.kind in EXTENDED and any(
                index in side for letter, side in sides if (letter == "b") == second
            )
        case sp.Mul():
            return any(vanishes(part, index, second) for part in expression.args)
        case sp.Add():
            return all(vanishes(part, index, second) for part in expression.args)
        case sp.Sum():
            return vanishes(expression.function, index, second)
        case _:
            return False


def _sides(function: sp.Expr, variable: sp.Symbol) -> set[str]:
    """Of which inputs ``variable`` is a position: of x (a), of x' (b), or of both."""
    return {
        letter
        for entry in function.atoms(Entry)
        for letter, side in zip(entry.site, (entry.left, entry.right), strict=False)
        if variable in symbols_in(sp.Tuple(*side))
    }


def _usual(function: sp.Expr, variable: sp.Symbol) -> sp.Symbol:
    """i or j for a position along an axis of a grid."""
    grids = (e for e in function.atoms(Entry) if e.quantity.kind in EXTENDED)
    for entry in grids:
        for side in (entry.left, entry.right):
            if len(side) == 2 and variable in side:
                return indices(2, is_second(variable))[side.index(variable)]
    return variable


def _fresh(second: bool, taken: set[sp.Expr]) -> sp.Symbol:
    """A name for a position of x, or of x'."""
    mark = "'" if second else ""
    names = (letter + mark for letter in ("r", "s", "m", "p", "q", "a", "b"))
    symbols = (sp.Symbol(name, integer=True, nonnegative=True) for name in names)
    return next(symbol for symbol in symbols if symbol not in taken)


def _parted(function: sp.Expr, variable: sp.Symbol) -> tuple[sp.Expr, sp.Symbol]:
    """A sum over one position that both inputs share, as one over t and t' with [t = t']."""
    other = "a" if is_second(variable) else "b"
    twin = with_prime(variable)
    if twin in symbols_in(function):
        twin = _fresh(is_second(twin), {*symbols_in(function)})
    moved: dict[sp.Expr, sp.Expr] = {}
    for entry in function.atoms(Entry):
        sides = [
            tuple(reindex(part, {variable: twin}) for part in side) if letter == other else side
            for letter, side in zip(entry.site, (entry.left, entry.right), strict=True)
        ]
        moved[entry] = entry.quantity.at(entry.site, *sides)
    for bracket in function.atoms(Inside):
        if bracket.args[0] == variable:
            moved[bracket] = sp.S.One
    return Same(variable, twin) * function.xreplace(moved), twin


def _at_most(subject: sp.Expr, bound: sp.Expr) -> Condition:
    """t <= T, or t < T for t <= T - 1."""
    offset, rest = bound.as_coeff_Add()
    if offset == -1 and rest != 0:
        return Condition("<", rest, subject)
    return Condition("≤", bound, subject)


def _bareness(side: sp.Expr) -> tuple[int, bool, str]:
    """A position comes before what it is equal to."""
    is_place = any(not isinstance(s, Length) for s in symbols_in(side))
    return (0 if side.is_Symbol and is_place else 1 if is_place else 2), *_order(side)


def _order(side: sp.Expr) -> tuple[bool, str]:
    return any(map(is_second, symbols_in(side))), str(side)


def _together(conditions: Iterable[Condition]) -> list[Condition]:
    """t >= 2 and t' >= 2 as t, t' >= 2."""
    found: dict[tuple[str, sp.Expr], list[sp.Expr]] = {}
    for condition in conditions:
        found.setdefault((condition.relation, condition.bound), []).extend(condition.subjects)
    return [
        Condition(relation, bound, *sorted(dict.fromkeys(subjects), key=_order))
        for (relation, bound), subjects in sorted(
            found.items(), key=lambda item: (_order(item[1][0]), item[0][0])
        )
    ]
