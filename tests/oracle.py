"""The derived program evaluated one pair at a time, every expectation by quadrature.

Slow and plain: no closed form, no stabilisation and no compiled code takes part, so that it can
judge all three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp

from symntk.derivation import Derivation, Entry, Equation, Loop, Quantity, Statement, entries
from symntk.derivation.program import FIRST, SECOND, SWAPPED, diagonal, relocate
from symntk.gaussian import Expectation
from symntk.gaussian.quadrature import integrate_one, integrate_pair
from symntk.gaussian.symbols import u, x

Known = dict[Entry, sp.Expr]


def evaluate(derivation: Derivation, a: Sequence[float], b: Sequence[float]) -> Mapping[str, float]:
    """Every output of the derivation for the inputs a and b of its only input vector.

    Where a and b agree the values are those of (a, a), whose expectations have one variable:
    behind a kink the rounding of a pair's covariance would be felt as its square root.
    """
    (node,) = derivation.graph.inputs
    name = derivation.graph.names[node]
    known: Known = {}
    vectors = {"a": exact(a), "b": exact(b)}
    for site in ("aa", "ab", "ba", "bb"):
        left, right = (vectors[place] for place in site)
        value = sum(p * q for p, q in zip(left, right, strict=True)) / len(a)
        known[Quantity("Sigma", name, name).at(site)] = sp.sympify(value)
    constants = dict(derivation.values) | {sp.Symbol("d", positive=True, integer=True): len(a)}
    run(derivation.program, known, constants)
    site = "aa" if vectors["a"] == vectors["b"] else "ab"
    return {key: float(known[q.at(site)]) for key, q in derivation.outputs.items()}


def exact(vector: Sequence[float]) -> list[sp.Rational]:
    return [sp.Rational(repr(float(value))) for value in np.asarray(vector).ravel()]


def run(
    program: tuple[Statement, ...], known: Known, constants: Mapping[sp.Symbol, sp.Expr]
) -> None:
    for line in program:
        if isinstance(line, Equation):
            for entry, expression in sites(line):
                known[entry] = number(expression, known, constants)
        else:
            run_loop(line, known, constants)


def run_loop(loop: Loop, known: Known, constants: Mapping[sp.Symbol, sp.Expr]) -> None:
    def assign(pairs: list[tuple[Quantity, sp.Expr]]) -> None:
        values = [
            (entry, number(expression, known, constants))
            for target, value in pairs
            for entry, expression in at_sites(target, value)
        ]
        known.update(values)

    assign([(carry.inner, carry.start) for carry in loop.carries])
    for _ in range(int(loop.times)):
        run(loop.body, known, constants)
        assign([(carry.inner, carry.next) for carry in loop.carries])
    assign([(carry.result, carry.inner.at("ab")) for carry in loop.carries])


def sites(line: Equation) -> list[tuple[Entry, sp.Expr]]:
    if line.target.kind in ("mean", "scale"):
        target = line.target
        return [(target.at("aa"), line.value), (target.at("bb"), relocate(line.value, SECOND))]
    return at_sites(line.target, line.value)


def at_sites(target: Quantity, value: sp.Expr) -> list[tuple[Entry, sp.Expr]]:
    return [
        (target.at("ba"), relocate(value, SWAPPED)),
        (target.at("ab"), value),
        (target.at("aa"), diagonal(value, FIRST)),
        (target.at("bb"), diagonal(value, SECOND)),
    ]


def number(expression: sp.Expr, known: Known, constants: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """A number with 30 digits, from exact rationals where possible."""
    values = {entry: known[entry] for entry in entries(expression)}
    filled = expression.xreplace(values).xreplace(dict(constants))
    integrals = {e: integral(e) for e in filled.atoms(Expectation)}
    return sp.Rational(sp.N(filled.xreplace(integrals), 30))


def integral(expectation: Expectation) -> sp.Expr:
    law = [sp.Rational(sp.N(part, 30)) for part in expectation.law]
    if expectation.is_of_pair:
        law = admissible(*law)
        f, g = expectation.factors()
        return sp.Float(integrate_pair(f, g, *law), 17)
    return sp.Float(integrate_one(expectation.integrand.xreplace({u: x}), *law), 17)


def admissible(q1: sp.Rational, q2: sp.Rational, c: sp.Rational) -> list[sp.Rational]:
    """The law with a covariance that rounding has pushed past sqrt(q1 q2) brought back."""
    if c**2 <= q1 * q2:
        return [q1, q2, c]
    if abs(q1 - q2) <= 1e-14 * q1:
        return [q1, q1, sp.sign(c) * q1]
    return [q1, q2, sp.sign(c) * sp.Rational(sp.sqrt(q1 * q2).n(30)) * (1 - sp.Rational(1, 10**28))]
