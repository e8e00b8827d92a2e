"""The derived limit as a program: equations between covariances, in the order of dependence.

Everything downstream reads this one object: rendering prints it, emission compiles it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import sympy as sp

from symntk.gaussian.expectation import Expectation
from symntk.gaussian.symbols import u, v
from symntk.trace import Step

Kind: TypeAlias = Literal["Sigma", "Pi", "Theta", "mean", "scale"]
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
    """

    kind: Kind
    left: str
    right: str

    def at(self, site: Site) -> Entry:
        """The symbol of this quantity at the given pair of inputs.

        Where left and right are one vector, (b, a) is the same number as (a, b).
        """
        symmetric = self.kind == "Theta" or self.left == self.right
        return _entry(self, "ab" if symmetric and site == "ba" else site)

    @property
    def is_variance(self) -> bool:
        """Whether the quantity at (a, a) is a variance, hence positive."""
        return self.kind in ("Sigma", "Pi") and self.left == self.right

    def __str__(self) -> str:
        inside = ",".join(part for part in dict.fromkeys((self.left, self.right)) if part)
        return f"{self.kind}[{inside}]"


class Entry(sp.Symbol):
    """The symbol of a quantity at a pair of inputs; real, and positive where it is a variance."""

    quantity: Quantity
    site: Site


_ARGUMENTS: dict[Site, str] = {"ab": "(x,x')", "ba": "(x',x)", "aa": "(x,x)", "bb": "(x',x')"}


@cache
def _entry(quantity: Quantity, site: Site) -> Entry:
    diagonal = site in ("aa", "bb")
    positive = diagonal and (quantity.is_variance or quantity.kind == "scale")
    assumptions = {"positive": True} if positive else {"real": True}
    symbol: Entry = sp.Symbol.__xnew__(Entry, f"{quantity}{_ARGUMENTS[site]}", **assumptions)
    symbol.quantity = quantity
    symbol.site = site
    return symbol


def entries(expression: sp.Basic) -> set[Entry]:
    """The covariance symbols that occur in ``expression``."""
    return expression.atoms(Entry)  # type: ignore[no-any-return]


def relocate(expression: sp.Expr, sites: dict[Site, Site]) -> sp.Expr:
    """``expression``, written for the pair (a, b), at another pair: SWAPPED, FIRST or SECOND."""
    return expression.xreplace({e: e.quantity.at(sites[e.site]) for e in entries(expression)})


def diagonal(expression: sp.Expr, sites: dict[Site, Site] = FIRST) -> sp.Expr:
    """``expression``, written for (a, b), at (a, a), or at (b, b) with ``sites`` = SECOND.

    There u and v of an expectation with both arguments the same Gaussian are one variable.
    """
    moved = relocate(expression, sites)
    pairs = {
        e: _merged(e) for e in moved.atoms(Expectation) if len(set(e.law)) == 1 and e.is_of_pair
    }
    return moved.xreplace(pairs)


def _merged(expectation: Expectation) -> sp.Expr:
    return Expectation(expectation.integrand.xreplace({v: u}), expectation.law[0])


@dataclass(frozen=True, slots=True)
class Equation:
    """``target`` at (a, b) equals ``value``, an expression in entries defined before.

    ``value`` holds covariance entries, scale symbols (sigma_w, ...), numbers and
    `symntk.gaussian.Expectation` objects whose law is made of entries.  The statistics mean and
    scale are defined at (a, a).  ``step`` says which rule gave the equation.
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


Statement: TypeAlias = Equation | Loop


def walk(program: tuple[Statement, ...]) -> Iterator[Equation]:
    """Every equation of a program, those inside loops included, in order."""
    for statement in program:
        if isinstance(statement, Loop):
            yield from walk(statement.body)
        else:
            yield statement


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
