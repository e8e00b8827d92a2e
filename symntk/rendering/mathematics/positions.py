"""Kernels at positions, brackets of conditions and sums over positions, as layouts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from symntk.graph.positions import Index, Length, indices, lengths_at, symbols_in
from symntk.rendering.heads import Condition, Iverson, Kernel
from symntk.rendering.mathematics.kernels import KernelTypesetter
from symntk.rendering.mathematics.layout import (
    COMMA,
    EQUALS,
    Apply,
    Atom,
    Fence,
    Layout,
    Scripts,
    Sum,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed
from symntk.rendering.mathematics.names import name

_SEMICOLON = Atom(";", "punctuation")
_AXES = {1: ("T",), 2: ("I", "J")}


class PositionTypesetter(KernelTypesetter):
    """What sequences and grids add: K(t, t') is K between position t of x and t' of x'.

    Positions of x' have a prime and those of x have none, so that the inputs need not be written.
    """

    # Indices.

    def place(self, index: sp.Expr) -> Layout:
        """One position: t + k, the symbol of a position first."""
        terms = sorted(sp.Add.make_args(index), key=_term_key)
        signed = []
        for term in terms:
            negative = bool(term.as_coeff_Mul()[0].is_negative)
            signed.append(("−" if negative else "+", self._print(-term if negative else term)))
        if len(signed) == 1 and signed[0][0] == "+":
            return signed[0][1]  # type: ignore[no-any-return]
        return Sum(tuple(signed))

    def index(self, places: Index, second: bool = False) -> Layout:
        """A position as an index below: i, j.  A mere number of x' has the prime that says so."""
        shown = [
            primed(self.place(place)) if second and place.is_number else self.place(place)
            for place in places
        ]
        return separated(shown)

    def positions(self, symbol: sp.Symbol, size: sp.Expr) -> Layout:
        """All positions along an axis: t = 1, ..., T."""
        ends: list[Layout] = [Atom("1", "number"), Atom("…"), self.place(size)]
        return row(self._print(symbol), EQUALS, separated(ends))

    def _print_Length(self, expr: Length) -> Layout:
        letter = name(_AXES[expr.rank][expr.axis])
        if len(self.dimensions) > 1:
            letter = Scripts(letter, below=name(expr.input))
        return primed(letter) if expr.second else letter

    # Kernels.

    def _arguments_of(self, expr: Kernel) -> Layout:
        if not expr.left and not expr.right:
            return super()._arguments_of(expr)
        if expr.site and not _is_told_by_primes(expr):
            sides = zip(expr.site, (expr.left, expr.right), strict=True)
            return separated([self.at(letter == "b", side) for letter, side in sides])
        first, *second = expr.site or "ab"
        left = self.index(expr.left, first == "b")
        if not expr.right:
            alone = expr.is_of_one_input
            return left if alone else separated([left, self.at(second == ["b"], ())])
        right = self.index(expr.right, second == ["b"])
        if not expr.left:
            return separated([self.at(first == "b", ()), right])
        return separated([left, right], COMMA if len(expr.left) == 1 else _SEMICOLON)

    def at(self, second: bool, places: Index = ()) -> Layout:
        """The input, x or x', at a position: x'_{t'}."""
        base = primed(self.point) if second else self.point
        return base if not places else with_index(base, self.index(places, second))

    def input_at(self, vector: Layout, second: bool, places: Index) -> Layout:
        """An input at a position, x'_{t'}."""
        base = super().input_at(vector, second, places)
        return with_index(base, self.index(places, second)) if places else base

    def law_of(self, cross: Kernel) -> Kernel:
        """The Lambda of a kernel; at the positions of the equation these are left out."""
        if is_own(cross):
            return super().law_of(cross)
        return Kernel("Lambda", cross.layer, cross.vector, cross.site, cross.left, cross.right)

    def _print_match(self, expr: Kernel) -> Layout:
        sides = zip(expr.site, (expr.left, expr.right), strict=True)
        first, second = (
            with_index(
                primed(name(expr.vector)) if letter == "b" else name(expr.vector),
                self.index(side, letter == "b"),
            )
            for letter, side in sides
        )
        return Fence(row(first, Atom("=", "relation"), second), "[", "]")

    # Conditions and sums.

    def _print_Iverson(self, expr: Iverson) -> Layout:
        return Fence(separated([self._print(part) for part in expr.args]), "[", "]")

    def _print_Condition(self, expr: Condition) -> Layout:
        subjects = separated([self.place(part) for part in expr.subjects])
        return row(subjects, Atom(expr.relation, "relation"), self.place(expr.bound))

    def _sum_over_positions(self, expr: sp.Sum) -> Layout:
        return row(self.sum_sign(expr.limits), self._factor(expr.function, False))

    def sum_sign(self, limits: Iterable[sp.Tuple]) -> Layout:
        """The signs of a sum: positions that go over a whole input without their ends."""
        limits = sorted(limits, key=_limit_key)
        signs: list[Layout] = []
        whole = [self._print(limit[0]) for limit in limits if is_whole(limit)]
        if whole:
            signs.append(Scripts(Atom("∑", "operator"), below=separated(whole)))
        for index, low, high in (limit for limit in limits if not is_whole(limit)):
            start = row(self._print(index), Atom("=", "relation"), self.place(low))
            signs.append(Scripts(Atom("∑", "operator"), above=self.place(high), below=start))
        return row(*signs)

    def _print_SinusoidCovariance(self, expr: Any) -> Layout:
        difference = min(expr.args[0], -expr.args[0], key=_leading_sign)
        return Apply(Atom("κ"), Fence(self.place(difference)))

    def _print_ceiling(self, expr: sp.ceiling) -> Layout:
        return Fence(self._print(sp.together(expr.args[0])), "⌈", "⌉")

    def _print_Covered(self, expr: Any) -> Layout:
        return Apply(Atom("c"), Fence(self.place(expr.args[0])))

    def _print_floor(self, expr: sp.floor) -> Layout:
        """What is missing before the first position goes by a letter, p."""
        if self.name_pads and all(isinstance(s, Length) for s in expr.free_symbols):
            second = any(s.second for s in expr.free_symbols)
            first = lengths_at(expr, False)
            self.pads.setdefault(first, len(self.pads) + 1)
            letter = Atom("p") if self.pads[first] == 1 else name(f"p{self.pads[first]}")
            return primed(letter) if second else letter
        return self.floor(expr)

    def floor(self, expr: sp.floor) -> Layout:
        """A rounded number as it is."""
        return Fence(self._print(expr.args[0]), "⌊", "⌋")

    def _print_Mod(self, expr: sp.Mod) -> Layout:
        value, modulus = map(self._print, expr.args)
        value = Fence(value) if isinstance(value, Sum) else value
        return Fence(row(value, Atom(" mod ", "words"), modulus))

    def _factor(self, expr: sp.Expr, alone: bool) -> Layout:
        raise NotImplementedError


def with_index(base: Layout, below: Layout) -> Layout:
    """``base`` with an index, after those that it has."""
    if not isinstance(base, Scripts):
        return Scripts(base, below=below)
    lower = below if base.below is None else separated([base.below, below])
    return Scripts(base.base, above=base.above, below=lower)


def is_over_positions(total: sp.Sum) -> bool:
    """Whether a sum is over positions, or over offsets of them."""
    return any(k.left or k.right for k in total.function.atoms(Kernel)) or any(
        isinstance(s, Length) for limit in total.limits for s in limit[-1].free_symbols
    )


def is_whole(limit: sp.Tuple) -> bool:
    """Whether a sum is over all positions of an input."""
    _, low, high = limit
    return bool(low == 1) and (isinstance(high, Length) or high.has(sp.ceiling, sp.floor))


def _limit_key(limit: sp.Tuple) -> tuple[bool, bool, str]:
    symbol = limit[0]
    return not symbol.is_nonnegative, symbol.name.endswith("'"), symbol.name


def _term_key(term: sp.Expr) -> tuple[int, str]:
    """Positions, lengths, offsets, numbers."""
    rank = 3
    for symbol in term.free_symbols:
        here = 0 if symbol.is_nonnegative and not isinstance(symbol, Length) else 2
        rank = min(rank, 1 if isinstance(symbol, Length) else here)
    return rank, str(term).lstrip("-")


def _leading_sign(difference: sp.Expr) -> bool:
    """Whether what comes first in a difference has a minus sign."""
    first = min(sp.Add.make_args(difference), key=_term_key)
    return bool(first.as_coeff_Mul()[0].is_negative)


def _is_told_by_primes(kernel: Kernel) -> bool:
    """Whether the positions have primes where they are of x', and none where they are of x."""
    return all(
        symbol.name.endswith("'") == (letter == "b")
        for letter, side in zip(kernel.site, (kernel.left, kernel.right), strict=True)
        for place in side
        for symbol in symbols_in(place)
        if symbol.is_nonnegative
    )


def is_own(kernel: Kernel) -> bool:
    """Whether a kernel stands at the positions at which equations are written."""
    return kernel.left in ((), indices(len(kernel.left))) and kernel.right in (
        (),
        indices(len(kernel.right), True),
    )
