"""Kernels of texts that are linear in matches, with weights of positions: attention and sums.

    kernel(x, x') = sum_k c_k sum_{r, r'} s_k(r) s_k(r') m_k(r, r')

s_k(r) is a number of one document, such as the attention that all queries give to r; m_k is 1, or
asks for the same token, the same position or both.  So the features are sums of s_k over the
positions with the same token, and the kernel is an inner product of sparse rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import sympy as sp
from sympy import Expr, Symbol

from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import Derivation, Entry, Equation, Quantity, needed
from symntk.derivation.program import FIRST, relocate
from symntk.emission.sequences.indices import positions_in, sides
from symntk.emission.sequences.programs import without_constants
from symntk.emission.sequences.terms import Expansion, Term
from symntk.graph.positions import (
    Inside,
    Length,
    Same,
    bound_indices,
    indices,
    lengths_at,
    reindex,
)


class Feature(NamedTuple):
    """The sums of a weight over positions that agree.

    has_token, has_position: in what they agree.  weight: the number of the weight.  factors: the
    roots of c in the NNGP and in the NTK.
    """

    has_token: bool
    has_position: bool
    weight: int
    factors: tuple[float, ...]


@dataclass(frozen=True)
class WeightedSum:
    """The features of both kernels.

    program: all equations of the derivation.  weights: s(t) for each weight, of one document.
    """

    features: tuple[Feature, ...]
    program: tuple[Equation, ...]
    weights: tuple[Equation, ...]


def weighted_sum(derivation: Derivation) -> WeightedSum:
    """The kernels of ``derivation`` as such sums.

    Raises NotWindows where they are not linear in matches, or weights of x and x' differ.
    """
    outputs = [derivation.outputs[name] for name in ("nngp", "ntk")]
    program = without_constants(needed(derivation.program, set(outputs)))
    equations = {line.target: line for line in program if isinstance(line, Equation)}
    if len(equations) < len(program):
        raise NotWindows("a recursion over time")
    found: dict[tuple[bool, bool, Expr], list[float]] = defaultdict(lambda: [0.0] * len(outputs))
    for place, output in enumerate(outputs):
        for term in Expansion(equations)(output.at("ab")):
            if term.coefficient != 0:
                read = _Reading(term)
                value = read.coefficient.xreplace(derivation.values)
                if not value.is_number:
                    raise NotWindows(f"{value} is no number")
                found[read.key][place] += float(value)
    if any(value < 0 for values in found.values() for value in values):
        raise NotWindows("a term that is subtracted")
    weights = list(dict.fromkeys(weight for _, _, weight in found))
    return WeightedSum(
        tuple(
            Feature(token, place, weights.index(weight), tuple(value**0.5 for value in values))
            for (token, place, weight), values in found.items()
        ),
        tuple(equations.values()),
        tuple(_equation(n, weight, equations[outputs[0]]) for n, weight in enumerate(weights)),
    )


def _equation(number: int, weight: Expr, near: Equation) -> Equation:
    """s(t) as a quantity of one document."""
    return Equation(Quantity("mean", f"position weight {number}", "", (1, 0)), weight, near.step)


class _Reading:
    """A term as c sum_{r, r'} s(r) s(r') m(r, r')."""

    def __init__(self, term: Term) -> None:
        self.limits = dict(term.limits)
        self.coefficient, self.lengths = _without_lengths(term.coefficient)
        self.matches: list[Entry] = []
        self.same: list[tuple[Symbol, Symbol]] = []
        self.own: tuple[list[Expr], list[Expr]] = ([], [])
        inside = [factor for factor in term.factors if isinstance(factor, Inside)]
        for factor in self._apart(term.factors, inside):
            self._read(factor)
        self.key = self._key()

    def _apart(self, factors: tuple[Expr, ...], inside: list[Inside]) -> Iterator[Expr]:
        """The factors, with r' = r where a position of x is used as one of x'."""
        moves: dict[Symbol, Symbol] = {}
        for bracket in inside:
            r, size = bracket.args
            if r not in self.limits or not isinstance(size, Length) or not size.second:
                raise NotWindows(f"{bracket} reads a position near an end")
            moves[r] = Symbol(f"{r.name}'", integer=True, nonnegative=True)
            self.limits[moves[r]] = size
            self.same.append((r, moves[r]))
        for factor in factors:
            if factor in inside:
                continue
            is_second = isinstance(factor, Entry) and factor.site == "bb"
            yield reindex(factor, moves) if is_second else factor

    def _read(self, factor: Expr) -> None:
        match factor:
            case Entry() if factor.quantity.kind == "match" and factor.site == "ab":
                self.matches.append(factor)
            case Entry() if factor.site in ("aa", "bb"):
                self.own[factor.site == "bb"].append(relocate(factor, dict(FIRST)))
            case Same() if len(sides(factor)) == 1:
                self.own[True in sides(factor)].append(factor)
            case Same():
                first, second = sorted(factor.args, key=lambda r: str(r).endswith("'"))
                self.same.append((first, second))
            case _:
                raise NotWindows(f"{factor} is not linear in matches")

    def _key(self) -> tuple[bool, bool, Expr]:
        pairs = {(m.left[0], m.right[0]) for m in self.matches} | set(self.same)
        if len(pairs) > 1 or any(r not in self.limits for pair in pairs for r in pair):
            raise NotWindows("a product of matches at several positions")
        ((here, there),) = pairs or [(None, None)]
        first, second = self._weight(0, here), self._weight(1, there)
        if first != second:
            raise NotWindows("positions of the two documents have different weights")
        return bool(self.matches), bool(self.same), first

    def _weight(self, side: int, kept: Symbol | None) -> Expr:
        """s at t = ``kept``: the sum of the factors of one document over all other positions."""
        free = {r: size for r, size in self.limits.items() if r.name.endswith("'") == bool(side)}
        free.pop(kept, None)
        product = sp.Mul(*self.own[side])
        used = positions_in(product)
        if not used <= {*free, kept}:
            raise NotWindows("a position of its own")
        size = lengths_at(sp.Mul(*(free[r] for r in free if r not in used)), False)
        summed = [r for r in free if r in used]
        sizes = {lengths_at(free[r], False) for r in summed}
        if len(sizes) > 1:
            raise NotWindows("sums over different numbers of positions")
        (t,) = indices(1)
        names = [bound_indices(1, False, level)[0] for level in range(len(summed))]
        orders = (
            reindex(
                product, {**dict(zip(order, names, strict=True)), **({kept: t} if kept else {})}
            )
            for order in permutations(summed)
        )
        body = min(orders, key=str)
        limits = [(name, 0, end - 1) for name in names for end in sizes]
        return size * self.lengths[side] * (sp.Sum(body, *limits) if limits else body)


def _without_lengths(coefficient: Expr) -> tuple[Expr, tuple[Expr, Expr]]:
    """A coefficient as a number, and a function of T and of T', written in T."""
    found: list[list[Expr]] = [[], [], []]
    for factor in sp.Mul.make_args(coefficient):
        lengths = factor.atoms(Length)
        if len(lengths) > 1:
            raise NotWindows(f"{factor} depends on both lengths")
        place = 1 + lengths.pop().second if lengths else 0
        found[place].append(lengths_at(factor, False))
    rest, first, second = (sp.Mul(*part) for part in found)
    return rest, (first, second)
