"""The derived limit as a program: equations between covariances, in the order of dependence.

Everything downstream reads this one object: rendering prints it, emission compiles it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import sympy as sp

from symntk.gaussian.expectation import Expectation
from symntk.gaussian.symbols import u, v
from symntk.graph.positions import (
    Index,
    Length,
    exchanged,
    indices,
    length_at,
    lengths_at,
    reindex,
    symbols_in,
)
from symntk.ops.law import reindex_all
from symntk.trace import Step

Kind: TypeAlias = Literal[
    "Sigma", "Pi", "Theta", "mean", "scale", "match", "weight", "attention", "tangent"
]
HEADS: frozenset[Kind] = frozenset({"attention", "tangent"})
"""Kinds at two pairs of positions: the moments of an attention of many heads."""

Site: TypeAlias = Literal["ab", "ba", "aa", "bb"]

SWAPPED: dict[Site, Site] = {"ab": "ba", "ba": "ab", "aa": "bb", "bb": "aa"}
FIRST: dict[Site, Site] = {"ab": "aa", "ba": "aa", "aa": "aa", "bb": "aa"}
SECOND: dict[Site, Site] = {"ab": "bb", "ba": "bb", "aa": "bb", "bb": "bb"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A function of a pair of inputs (a, b) = (x, x'), about the vectors ``left`` and ``right``.

    Sigma: lim (1/n) left(a) . right(b), the forward covariance.
    Pi: lim sum_i (d f(a) / d left_i) (d f(b) / d right_i), the backward covariance.
    Theta: the NTK of the output of ``left``: sum over parameters of the products of derivatives,
        for unit Pi; ``right`` is then the parameter's name, or empty for the sum over all.
    mean, scale: statistics of one vector at one input (a layer norm's); ``right`` is empty and
        only the sites aa and bb occur.
    match: [x_t = x'_t'] for one-hot inputs.
    weight: the limit of an attention's weight a(t, r), two positions of one input; ``right`` is
        empty and only the sites aa and bb occur.
    attention: E[a(i, j) a'(i', j')] for the random weights of many heads, i a query and j a key.
    tangent: the covariance of the gradients at the logits (i, j) and (i', j'), for unit Pi[left]
        at (i, i').

    ranks: how many axes of positions ``left`` and ``right`` have.
    """

    kind: Kind
    left: str
    right: str
    ranks: tuple[int, int] = (0, 0)

    def at(self, site: Site, left: Index | None = None, right: Index | None = None) -> Entry:
        """The symbol of this quantity at the given pair of inputs and of positions.

        Positions are those at which formulas are written, if no others are given: t of the first
        input of the pair, t' of the second.  Where left and right are one vector, (b, a) is the
        same number as (a, b), and of one input the two positions may be exchanged.
        """
        here = indices(self.ranks[0], site[0] == "b") if left is None else left
        there = indices(self.ranks[1], site[1] == "b") if right is None else right
        if self.kind == "Theta" or self.left == self.right:
            if site == "ba":
                site, here, there = "ab", there, here
            elif site != "ab" and str(there) < str(here):
                here, there = there, here
        if self.kind == "match" and site != "ab" and here == there:
            return sp.S.One  # type: ignore[no-any-return]
        return _entry(self, site, here, there)

    @property
    def is_variance(self) -> bool:
        """Whether the quantity at (a, a) is a variance, hence positive."""
        return self.kind in ("Sigma", "Pi") and self.left == self.right

    @property
    def is_of_one_input(self) -> bool:
        """Whether the quantity is a statistic of one input: only the sites aa and bb occur."""
        return self.kind in ("mean", "scale", "weight")

    def __str__(self) -> str:
        inside = ",".join(part for part in dict.fromkeys((self.left, self.right)) if part)
        return f"{self.kind}[{inside}]"


class Entry(sp.Symbol):
    """The symbol of a quantity at a pair of inputs; real, and positive for variances and scales.

    left, right: the positions, expressions in indices; empty for single vectors.
    """

    quantity: Quantity
    site: Site
    left: Index
    right: Index

    @property
    def index_expressions(self) -> Index:
        """The positions, for `symntk.graph.positions.symbols_in`."""
        return self.left + self.right

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """Itself and its indices: a sum over a position must see that its terms depend on it."""
        return {self}.union(*(part.free_symbols for part in self.left + self.right))

    def _reindexed(self, substitution: Mapping[sp.Symbol, sp.Expr]) -> Entry:
        if not self.left and not self.right:
            return self
        left, right = (reindex_all(part, substitution) for part in (self.left, self.right))
        return self.quantity.at(self.site, left, right)


_ARGUMENTS: dict[Site, tuple[str, str]] = {
    "ab": ("x", "x'"),
    "ba": ("x'", "x"),
    "aa": ("x", "x"),
    "bb": ("x'", "x'"),
}


@cache
def _entry(quantity: Quantity, site: Site, left: Index, right: Index) -> Entry:
    diagonal = site in ("aa", "bb") and left == right
    positive = quantity.kind == "scale" or (diagonal and quantity.is_variance)
    assumptions = {"positive": True} if positive else {"real": True}
    first, second = _ARGUMENTS[site]
    name = f"{quantity}({_at(first, left)},{_at(second, right)})"
    symbol: Entry = sp.Symbol.__xnew__(Entry, name, **assumptions)
    symbol.quantity, symbol.site, symbol.left, symbol.right = quantity, site, left, right
    return symbol


def _at(name: str, index: Index) -> str:
    return f"{name}[{','.join(map(str, index))}]" if index else name


def entries(expression: sp.Basic) -> set[Entry]:
    """The covariance symbols that occur in ``expression``."""
    found: set[Entry] = expression.atoms(Entry)
    return found


def relocate(expression: sp.Expr, sites: dict[Site, Site]) -> sp.Expr:
    """``expression``, written for the pair (a, b), at another pair: SWAPPED, FIRST or SECOND.

    SWAPPED exchanges the positions t and t' with the inputs; FIRST and SECOND leave two positions,
    t and t', of one input.
    """
    moved = expression.xreplace(
        {e: e.quantity.at(sites[e.site], e.left, e.right) for e in entries(expression)}
    )
    if sites is SWAPPED:
        swap = {s: length_at(s, not s.second) for s in symbols_in(moved) if isinstance(s, Length)}
        return reindex(moved, exchanged() | swap)
    return lengths_at(moved, sites is SECOND)


def diagonal(expression: sp.Expr, sites: dict[Site, Site] = FIRST) -> sp.Expr:
    """``expression``, written for (a, b), at (a, a), or at (b, b) with ``sites`` = SECOND.

    Positions agree too: both are t, or t' with ``sites`` = SECOND.  There u and v of an
    expectation with both arguments the same Gaussian are one variable.
    """
    moved = reindex(relocate(expression, sites), exchanged(sites is SECOND))
    return merged(moved)


def merged(expression: sp.Expr) -> sp.Expr:
    """``expression`` with u and v one variable wherever an expectation's arguments agree."""
    found = (e for e in expression.atoms(Expectation) if len(set(e.law)) == 1 and e.is_of_pair)
    return expression.xreplace({e: _of_one(e) for e in found})


def _of_one(expectation: Expectation) -> sp.Expr:
    return Expectation(expectation.integrand.xreplace({v: u}), expectation.law[0])


@dataclass(frozen=True, slots=True)
class Equation:
    """``target`` at (a, b) equals ``value``, an expression in entries defined before.

    ``value`` holds covariance entries, scale symbols (sigma_w, ...), numbers and
    `symntk.gaussian.Expectation` objects whose law is made of entries.  Statistics of one input
    are defined at (a, a).  ``step`` says which rule gave the equation.

    For sequences it holds for every position t of the first input and t' of the second, and
    ``value`` holds these, lengths (`symntk.graph.positions.Length`), the brackets `Inside` and
    `Same`, and sums over positions (SymPy's Sum).
    """

    target: Quantity
    value: sp.Expr
    step: Step


@dataclass(frozen=True, slots=True)
class Carry:
    """A quantity handed from block to block: ``inner`` is ``start`` in the first block, and
    ``next`` (in terms of the body's equations) in the following; ``result`` after the last.
    """

    inner: Quantity
    start: sp.Expr
    next: sp.Expr
    result: Quantity


@dataclass(frozen=True, slots=True)
class Loop:
    """A block repeated ``times`` times (an integer or a symbol), with fresh weights each time.

    ``body`` is run once for each block, in terms of the carried ``inner`` quantities.
    """

    node: str
    times: sp.Expr
    carries: tuple[Carry, ...]
    body: tuple[Statement, ...]
    step: Step


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Equations that refer to each other at earlier positions (or at later ones, ``reverse``).

    They are solved position by position: all of them at (t, t'), in order, for t and t' ascending
    from 0 (descending from the ends).  What lies outside of a sequence has a bracket of value 0
    before it.
    """

    reverse: bool
    body: tuple[Equation, ...]
    step: Step


Statement: TypeAlias = Equation | Loop | Recurrence


def walk(program: tuple[Statement, ...]) -> Iterator[Equation]:
    """Every equation of a program, those inside loops included, in order."""
    for statement in program:
        if isinstance(statement, Equation):
            yield statement
        else:
            yield from walk(statement.body)


def needed(program: tuple[Statement, ...], outputs: set[Quantity]) -> tuple[Statement, ...]:
    """The part of ``program`` that the ``outputs`` depend on (dead equations removed)."""
    wanted = set(outputs)
    kept: list[Statement] = []
    for statement in reversed(program):
        if isinstance(statement, Equation):
            if statement.target in wanted:
                kept.append(statement)
                wanted |= {entry.quantity for entry in entries(statement.value)}
            continue
        if isinstance(statement, Recurrence):
            if wanted & {line.target for line in statement.body}:
                kept.append(statement)
                wanted |= {e.quantity for line in statement.body for e in entries(line.value)}
            continue
        loop = _needed_loop(statement, wanted)
        if loop is not None:
            kept.append(loop)
            wanted |= {e.quantity for carry in loop.carries for e in entries(carry.start)}
            wanted |= {e.quantity for line in walk(loop.body) for e in entries(line.value)}
    return tuple(reversed(kept))


def _needed_loop(loop: Loop, wanted: set[Quantity]) -> Loop | None:
    carries = {carry for carry in loop.carries if carry.result in wanted}
    if not carries:
        return None
    while True:
        inside = {entry.quantity for carry in carries for entry in entries(carry.next)}
        body = needed(loop.body, inside)
        used = inside | {e.quantity for line in walk(body) for e in entries(line.value)}
        grown = {carry for carry in loop.carries if carry in carries or carry.inner in used}
        if grown == carries:
            ordered = tuple(carry for carry in loop.carries if carry in carries)
            return Loop(loop.node, loop.times, ordered, body, loop.step)
        carries = grown
