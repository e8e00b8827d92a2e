"""What is read off a derived program: closed forms where they nest once, recursions elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symntk.derivation.expectations import Key
from symntk.derivation.program import (
    SECOND,
    SWAPPED,
    Entry,
    Equation,
    Loop,
    Quantity,
    Site,
    Statement,
    diagonal,
    entries,
    needed,
    relocate,
)
from symntk.gaussian import Expectation, Moment, expect_one
from symntk.gaussian.symbols import c, q, q1, q2, u, x

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
        found += [sp.Eq(k.inner.at("ab"), k.start, evaluate=False) for k in line.carries]
        found += _equalities(line.body)
        found += [sp.Eq(k.result.at("ab"), k.next, evaluate=False) for k in line.carries]
    return found


def read(program: tuple[Statement, ...], moments: Moments, target: Quantity) -> sp.Expr | Recursion:
    """``target`` as one expression in the input's covariances, if expectations nest only once."""
    part = needed(program, {target})
    if any(isinstance(line, Loop) for line in part):
        return Recursion(target.at("ab"), part)
    nested = _substitute(part, moments, target)
    return Recursion(target.at("ab"), part) if nested is None else nested


def _substitute(
    program: tuple[Statement, ...], moments: Moments, target: Quantity
) -> sp.Expr | None:
    """The program folded into one expression; None where an expectation's law holds another."""
    known: dict[Entry, tuple[sp.Expr, int]] = {}
    for line in program:
        assert isinstance(line, Equation)
        for site, value in _sites(line):
            inner = {e: known[e] for e in entries(value) if e in known}
            depth = max((level for _, level in inner.values()), default=0)
            here = bool(value.atoms(Expectation))
            if here and any(
                known[e][1]
                for x in value.atoms(Expectation)
                for p in x.law
                for e in entries(p)
                if e in known
            ):
                return None
            folded = value.xreplace({e: expression for e, (expression, _) in inner.items()})
            known[line.target.at(site)] = (close(folded, moments), max(depth, int(here)))
    return known[target.at("ab")][0]


def _sites(line: Equation) -> list[tuple[Site, sp.Expr]]:
    if line.target.kind in ("mean", "scale"):
        return [("aa", line.value), ("bb", relocate(line.value, SECOND))]
    found: list[tuple[Site, sp.Expr]] = [
        ("ab", line.value),
        ("aa", diagonal(line.value)),
        ("bb", diagonal(line.value, SECOND)),
    ]
    if line.target.at("ba") != line.target.at("ab"):
        found.append(("ba", relocate(line.value, SWAPPED)))
    return found


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
