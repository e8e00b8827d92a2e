"""The engine: rules applied in order until only values are left, each application recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sympy import Expr

from symntk.gaussian.algebra import Domain, NotRepresentable, Scalar
from symntk.gaussian.dirac import dirac
from symntk.gaussian.normal_form import NormalForm
from symntk.gaussian.orthant import orthant
from symntk.gaussian.problem import Law, Problem, Reduction, Rule, marginal
from symntk.gaussian.stein import stein
from symntk.gaussian.tilting import tilting
from symntk.gaussian.value import Value, algebraic

RULES: dict[str, Rule] = {
    "Dirac": dirac,
    "tilting": tilting,
    "Stein": stein,
    "orthant": orthant,
}
"""The rules on one problem, in the order in which they are tried."""


class Engine:
    """Evaluates problems over one domain, each only once, and remembers how."""

    def __init__(self, domain: Domain, rules: dict[str, Rule] | None = None) -> None:
        self.domain = domain
        self.rules = RULES if rules is None else rules
        self.values: dict[Problem, Value] = {}
        self.reductions: dict[Problem, Reduction] = {}

    def value(self, problem: Problem) -> Value:
        """The expectation; NotRepresentable where no rule applies."""
        found = self.values.get(problem)
        if found is not None:
            return found
        reduction = self.reduce(problem)
        total = reduction.value
        for weight, part in reduction.parts:
            total = total + weight * self.value(part)
        self.reductions[problem] = reduction
        self.values[problem] = total
        return total

    def reduce(self, problem: Problem) -> Reduction:
        """The first rule that applies."""
        for rule in self.rules.values():
            reduction = rule(problem)
            if reduction is not None:
                parts = tuple((weight, marginal(part)) for weight, part in reduction.parts)
                return replace(reduction, parts=parts)
        raise NotRepresentable("no rule applies")

    def pair(self, f: NormalForm, g: NormalForm, law: Law) -> Value:
        """E[f(u) g(v)] by linearity over the terms of both."""
        total = Value(self.domain, {})
        for problem, weight in pairs(f, g, law):
            total = total + algebraic(weight) * self.value(problem)
        return total

    def single(self, f: NormalForm, law: Law) -> Value:
        """E[f(u)] by linearity."""
        total = Value(self.domain, {})
        for shape, weight in f:
            total = total + algebraic(weight) * self.value(Problem((shape,), law))
        return total

    @property
    def conditions(self) -> tuple[Expr, ...]:
        """What must be positive for the rules used so far to apply."""
        found: dict[Expr, None] = {}
        for reduction in self.reductions.values():
            found.update(dict.fromkeys(reduction.condition))
        return tuple(found)


def pairs(f: NormalForm, g: NormalForm, law: Law) -> Iterator[tuple[Problem, Scalar]]:
    """The problems that linearity makes of E[f(u) g(v)], with their weights."""
    for left, first in f:
        for right, second in g:
            yield marginal(Problem((left, right), law)), first * second


def pair_law(q1: Scalar, q2: Scalar, c: Scalar) -> Law:
    """N(0, [[q1, c], [c, q2]])."""
    return Law((c.domain.zero, c.domain.zero), (q1, q2), c)


def single_law(q: Scalar) -> Law:
    """N(0, q)."""
    return Law((q.domain.zero,), (q,), q.domain.zero)
