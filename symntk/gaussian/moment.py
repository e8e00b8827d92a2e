"""Moments: E[f(u) g(v)] and E[f(u)], derived, explained and evaluated.

A moment holds its closed form where the rules reach one, and else the expectation as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from sympy import DiracDelta, Expr, S, Symbol

from symntk.errors import UsageError
from symntk.gaussian.algebra import Domain, NotRepresentable
from symntk.gaussian.engine import Engine, pair_law, single_law
from symntk.gaussian.exact import Exact, exact, to_float
from symntk.gaussian.expectation import Expectation
from symntk.gaussian.explanation import (
    explain_chain,
    explain_pair,
    explain_single,
    of_pair,
    unexplained,
)
from symntk.gaussian.normal_form import NormalForm
from symntk.gaussian.parity import is_even, is_odd
from symntk.gaussian.presentation import real_expression
from symntk.gaussian.price import Level, price
from symntk.gaussian.reading import constants, parse
from symntk.gaussian.stepwise import stepwise
from symntk.gaussian.symbols import c, q, q1, q2, u, x
from symntk.gaussian.value import Value
from symntk.trace import Prose, Step


@dataclass(frozen=True)
class Moment:
    """E[f(u) g(v)] under (u, v) ~ N(0, [[q1, c], [c, q2]]), or E[f(u)], u ~ N(0, q), without g.

    value: the closed form in q1, q2, c (or q); None where no rule covers the expectation.
    conditions: what must be positive for the expectation to exist; empty when it always does.
    """

    f: Expr
    g: Expr | None
    value: Expr | None
    conditions: tuple[Expr, ...] = ()
    _explain: Callable[[], tuple[Step, ...]] = field(
        default=lambda: (), repr=False, compare=False, hash=False
    )

    @property
    def expectation(self) -> Expr:
        """The moment as an unevaluated expectation."""
        if self.g is None:
            return Expectation(self.f.xreplace({x: u}), q)
        return of_pair(self.f, self.g)

    @property
    def expression(self) -> Expr:
        """The closed form, or the expectation where there is none."""
        return self.expectation if self.value is None else self.value

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """How the value was found; one step that says so where none was."""
        return self._explain()

    def numeric(self, *law: Exact) -> float:
        """The moment at the numbers (q1, q2, c), or at q.

        Numbers are exact: an int, Fraction, Decimal or SymPy number as it is, a string as the
        decimal that it spells, a float as the shortest decimal that prints as it.  Closed forms are
        evaluated at high precision, also on the boundary c = +-sqrt(q1 q2), where the law has one
        dimension; without one, quadrature is used.  What overflows is inf.
        """
        from symntk.gaussian.at_numbers import of_one, of_two

        parameters = self.expectation.free_symbols - {q, q1, q2, c}
        if parameters:
            names = ", ".join(sorted(map(str, parameters)))
            raise UsageError(f"{names} has no value: substitute one in the function first")
        numbers = [exact(part) for part in law]
        wanted = 1 if self.g is None else 3
        if len(numbers) != wanted:
            raise UsageError(f"this moment needs {wanted} numbers, not {len(numbers)}")
        return to_float(of_one(self, *numbers) if self.g is None else of_two(self, *numbers))


@lru_cache(maxsize=512)
def expect(f: Expr, g: Expr) -> Moment:
    """E[f(u) g(v)] for SymPy expressions f and g in ``x``."""
    try:
        (left, right), engine = _prepare((f, g), (q1, q2, c))
        levels = _levels(left, right, engine)
        if levels:
            return _moment(f, g, levels[0].value, engine, lambda _: explain_chain(f, g, levels))
        law = pair_law(*(engine.domain.scalar(symbol) for symbol in (q1, q2, c)))
        forms = (left, right)
        return _moment(
            f,
            g,
            engine.pair(left, right, law),
            engine,
            lambda closed: explain_pair(f, g, forms, engine, law, closed),
        )
    except NotRepresentable:
        return _pair_by_symmetry(f, g)


@lru_cache(maxsize=512)
def expect_one(f: Expr) -> Moment:
    """E[f(u)] for a SymPy expression f in ``x``."""
    try:
        (form,), engine = _prepare((f,), (q,))
        law = single_law(engine.domain.scalar(q))
        return _moment(
            f,
            None,
            engine.single(form, law),
            engine,
            lambda closed: explain_single(f, form, engine, law, closed),
        )
    except NotRepresentable:
        return _mean_by_symmetry(f)


def _pair_by_symmetry(f: Expr, g: Expr) -> Moment:
    """E[f(u) g(v)] = 0 where one function is odd and the other even; else unevaluated."""
    expectation = of_pair(f, g)
    if not ((odd(f) and even(g)) or (even(f) and odd(g))):
        return Moment(f, g, None, _explain=lambda: unexplained(expectation, _parity(f, g)))
    step = Step(
        "symmetry",
        expectation,
        S.Zero,
        reason=("the integrand changes its sign with both variables, and the law does not",),
    )
    return Moment(f, g, S.Zero, _explain=lambda: (step,))


def _mean_by_symmetry(f: Expr) -> Moment:
    """E[f(u)] = f(0) where f - f(0) is odd, because the law is symmetric; else unevaluated."""
    expectation = Expectation(f.xreplace({x: u}), q)
    centre = f.subs(x, 0)
    if not odd(f - centre):
        return Moment(f, None, None, _explain=lambda: unexplained(expectation))
    step = Step(
        "symmetry",
        expectation,
        centre,
        reason=("the function is odd about its value at ", S.Zero, ", and the law is symmetric"),
    )
    return Moment(f, None, centre, _explain=lambda: (step,))


def _moment(
    f: Expr,
    g: Expr | None,
    value: Value,
    engine: Engine,
    explain: Callable[[Expr], tuple[Step, ...]],
) -> Moment:
    if not value.is_real:
        raise NotRepresentable("normal distribution function of a complex argument")
    closed = real_expression(value)
    return Moment(f, g, closed, engine.conditions, lambda: explain(closed))


def _prepare(
    functions: tuple[Expr, ...], law: tuple[Symbol, ...]
) -> tuple[tuple[NormalForm, ...], Engine]:
    """The normal forms of functions over the domain that holds the law and their constants."""
    pieces = [stepwise(function) for function in functions]
    parameters: set[Expr] = set().union(*(constants(part) for part in pieces))
    domain = Domain([*law, *sorted(parameters - set(law), key=str)])
    return tuple(parse(part, domain) for part in pieces), Engine(domain)


def _levels(left: NormalForm, right: NormalForm, engine: Engine) -> tuple[Level, ...]:
    """The chain of Price's theorem; empty where it does not end or the base is all of it."""
    try:
        levels = price(left, right, engine)
    except NotRepresentable:
        return ()
    return levels if levels is not None and len(levels) > 1 else ()


def odd(f: Expr) -> bool:
    """Whether a function without Diracs is odd."""
    return not f.has(DiracDelta) and is_odd(f)


def even(f: Expr) -> bool:
    """Whether a function without Diracs is even."""
    return not f.has(DiracDelta) and is_even(f)


def _parity(f: Expr, g: Expr) -> Prose:
    if odd(f) or odd(g):
        which = "the function" if f == g else "one function"
        return (f"; since {which} is odd, it vanishes at zero covariance",)
    return ()
