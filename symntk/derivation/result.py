"""What is read off a derived program: closed forms where they nest once, recursions elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symntk.derivation.expectations import Key
from symntk.derivation.program import (
    FIRST,
    HEADS,
    SECOND,
    SWAPPED,
    Entry,
    Equation,
    Quantity,
    Recurrence,
    Site,
    Statement,
    diagonal,
    entries,
    merged,
    needed,
    relocate,
    walk,
)
from symntk.derivation.transport import tidied
from symntk.gaussian import Expectation, Moment, expect_one
from symntk.gaussian.symbols import c, q, q1, q2, u, x
from symntk.graph.positions import bound_indices, exchanged, indices, reindex

Moments = Mapping[Key, Moment]


@dataclass(frozen=True)
class Recursion:
    """A kernel that has no closed form of reasonable size: the equations that define it.

    ``equations`` are SymPy equalities in the order of dependence; those of a repeated block
    relate the carried symbols of one block to the next.
    """

    target: Entry
    statements: tuple[Statement, ...]

    @property
    def equations(self) -> tuple[sp.Eq, ...]:
        """Every equation, in order."""
        return tuple(_equalities(self.statements))

    def __str__(self) -> str:
        return "\n".join(f"{eq.lhs} = {eq.rhs}" for eq in self.equations)


def _equalities(program: tuple[Statement, ...]) -> list[sp.Eq]:
    found: list[sp.Eq] = []
    for line in program:
        if isinstance(line, Equation):
            found.append(sp.Eq(line.step.before, line.value, evaluate=False))
            continue
        if isinstance(line, Recurrence):
            found += _equalities(line.body)
            continue
        found += [sp.Eq(k.inner.at("ab"), k.start, evaluate=False) for k in line.carries]
        found += _equalities(line.body)
        found += [sp.Eq(k.result.at("ab"), k.next, evaluate=False) for k in line.carries]
    return found


def read(program: tuple[Statement, ...], moments: Moments, target: Quantity) -> sp.Expr | Recursion:
    """``target`` as one expression in the input's covariances, if expectations nest only once."""
    part = needed(program, {target})
    if any(not isinstance(line, Equation) or line.target.kind in HEADS for line in part):
        return Recursion(target.at("ab"), part)
    nested = None if _nests(part) else _substitute(part, moments, target)
    nested = tidied(nested, set()) if nested is not None else None
    if nested is not None and sp.count_ops(nested) > _limit(part):
        nested = None
    return Recursion(target.at("ab"), part) if nested is None else nested


def _limit(program: tuple[Statement, ...]) -> float:
    """The most operations of a result over sequences, so that it is no longer than the equations
    that it replaces.
    """
    if not any(line.target.ranks != (0, 0) for line in walk(program)):
        return math.inf
    return float(2 * sum(sp.count_ops(line.value) for line in walk(program)) + 60)


def _nests(program: tuple[Statement, ...]) -> bool:
    """Whether the law of an expectation holds another expectation, once all is written out."""
    deep: set[tuple[Quantity, Site]] = set()
    for line in program:
        assert isinstance(line, Equation)
        for site, value in _sites(line):
            expectations = value.atoms(Expectation)
            laws = (part for expectation in expectations for part in expectation.law)
            if any((e.quantity, e.site) in deep for part in laws for e in entries(part)):
                return True
            if expectations or any((e.quantity, e.site) in deep for e in entries(value)):
                deep.add((line.target, site))
    return False


def _substitute(
    program: tuple[Statement, ...], moments: Moments, target: Quantity
) -> sp.Expr | None:
    """The program folded into one expression; None where this grows beyond measure."""
    known: dict[tuple[Quantity, Site], sp.Expr] = {}
    largest = 10 * _limit(program)
    for line in program:
        assert isinstance(line, Equation)
        for site, value in _sites(line):
            inner = {e: _at(known, e) for e in entries(value) if (e.quantity, e.site) in known}
            folded = merged(value.xreplace(inner))
            if sp.count_ops(folded) > largest:
                return None
            known[line.target, site] = close(folded, moments)
    return known[target, "ab"]


def _at(known: Mapping[tuple[Quantity, Site], sp.Expr], entry: Entry) -> sp.Expr:
    """What an entry stands for, at the entry's own positions."""
    return reindex(known[entry.quantity, entry.site], _moves(entry))


def _moves(entry: Entry) -> dict[sp.Symbol, sp.Expr]:
    """From the positions at which equations are written to those of an entry."""
    first, second = entry.quantity.ranks
    if entry.quantity.is_of_one_input:
        at_second = entry.site == "bb"
        here = indices(first, at_second)
        there = bound_indices(second, at_second) if second else ()
    else:
        at_second = entry.site == "ba"
        here, there = indices(first, at_second), indices(second, not at_second)
    return dict(zip((*here, *there), entry.left + entry.right, strict=True))


def _sites(line: Equation) -> list[tuple[Site, sp.Expr]]:
    target = line.target
    if target.is_of_one_input:
        return [("aa", line.value), ("bb", _of_second(line))]
    single = target.ranks == (0, 0)
    found: list[tuple[Site, sp.Expr]] = [
        ("ab", line.value),
        ("aa", diagonal(line.value) if single else relocate(line.value, FIRST)),
        ("bb", diagonal(line.value, SECOND) if single else relocate(line.value, SECOND)),
    ]
    if target.kind != "Theta" and target.left != target.right:
        found.append(("ba", relocate(line.value, SWAPPED)))
    return found


def _of_second(line: Equation) -> sp.Expr:
    moved = relocate(line.value, SECOND)
    return reindex(moved, exchanged(True)) if line.target.ranks[0] else moved


def close(expression: sp.Expr, moments: Moments) -> sp.Expr:
    """``expression`` with every expectation that has a closed form replaced by it."""
    closed = expression.xreplace({e: _closed(e, moments) for e in expression.atoms(Expectation)})
    return closed.replace(_is_root_of_sum, lambda root: sp.factor_terms(root.base) ** root.exp)


def _is_root_of_sum(expression: sp.Basic) -> bool:
    """A root whose radicand may have a common factor to take out: sqrt(k^2 a - k^2 b)."""
    root = expression.is_Pow and not expression.exp.is_Integer
    return bool(root and expression.base.is_Add)


def _closed(expectation: Expectation, moments: Moments) -> sp.Expr:
    if expectation.is_of_pair:
        key = expectation.factors()
        assert key is not None
        moment = moments[key]
        law = dict(zip((q1, q2, c), expectation.law, strict=True))
    else:
        moment = expect_one(expectation.integrand.xreplace({u: x}))
        law = {q: expectation.law[0]}
    return expectation if moment.value is None else moment.value.xreplace(law)
