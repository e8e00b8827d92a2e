"""What the values of a kernel's windows are: formulas, or numbers of many digits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from symntk.decomposition.polynomials.instance import evaluated
from symntk.decomposition.polynomials.numbers import require_no_symbols
from symntk.decomposition.windows.blocks import Algebra, Value
from symntk.decomposition.windows.conditions import Condition, Present
from symntk.derivation.result import Moments
from symntk.errors import UsageError
from symntk.gaussian import Expectation, expect, expect_one
from symntk.gaussian.exact import exact
from symntk.gaussian.symbols import u, v, x


class Arithmetic(ABC):
    """How the expressions around a pair of positions are evaluated."""

    algebra: Algebra

    @abstractmethod
    def decided(self, condition: Condition) -> bool | None:
        """Whether a condition on one of the documents holds; None where both are looked at."""

    @abstractmethod
    def number(self, expression: sp.Expr) -> Value:
        """An expression in the scale symbols alone."""

    @abstractmethod
    def applied(self, function: Callable[..., sp.Expr], *values: Value) -> Value:
        """A function such as a power."""

    @abstractmethod
    def expectation(self, integrand: sp.Expr, *law: Value) -> Value:
        """E[integrand] at a law."""


Evaluate = Callable[[sp.Expr, Moments], sp.Expr]
"""The value of an expectation whose law holds no open covariance."""


@dataclass
class Formulas(Arithmetic):
    """Formulas, for windows inside of their documents in which no token comes twice.

    evaluate: how expectations are evaluated.
    """

    moments: Moments
    evaluate: Evaluate = evaluated

    @cached_property
    def algebra(self) -> Algebra:  # type: ignore[override]
        """SymPy's sums and products."""
        return Algebra(sp.Add, sp.Mul, is_distinct=True)

    def decided(self, condition: Condition) -> bool | None:
        """All that a window asks for is there, and all of it is different."""
        return isinstance(condition, Present)

    def number(self, expression: sp.Expr) -> sp.Expr:
        """As it is."""
        return expression

    def applied(self, function: Callable[..., sp.Expr], *values: sp.Expr) -> sp.Expr:
        """The function of the formulas."""
        return function(*values)

    def expectation(self, integrand: sp.Expr, *law: sp.Expr) -> sp.Expr:
        """In closed form where there is one."""
        found = Expectation(integrand, *law)
        return self.evaluate(found, self.moments) if isinstance(found, Expectation) else found


DIGITS = 30
"""Of numbers.  Differences of covariances decide whether a law is degenerate, where a slope has an
infinite derivative: a float's 16 digits would leave 8."""

CLOSE_BITS = 80
"""Laws that agree to so many bits are one."""


@dataclass
class Numbers(Arithmetic):
    """Numbers of `DIGITS` digits, at given ``values`` of the scale symbols, for all windows."""

    values: Mapping[sp.Symbol, sp.Expr]
    _known: dict[Any, Value] = field(default_factory=dict)

    @cached_property
    def context(self) -> Any:
        """The numbers' precision."""
        import mpmath

        context = mpmath.MPContext()
        context.dps = DIGITS
        return context

    @cached_property
    def algebra(self) -> Algebra:  # type: ignore[override]
        """Sums and products of numbers; what stands behind a bracket that is 0 does not matter."""
        return Algebra(lambda *values: sum(values), self._times, is_distinct=False)

    def _times(self, *values: Value) -> Value:
        product = self.context.one
        for value in values:
            if not value:
                return self.context.zero
            product *= value
        return product

    def decided(self, condition: Condition) -> bool | None:
        """Every case is looked at."""
        return None

    def number(self, expression: sp.Expr) -> Value:
        """To `DIGITS` digits."""
        if expression not in self._known:
            plain = expression.xreplace(dict(self.values))
            require_no_symbols([plain])
            self._known[expression] = self._read(plain)
        return self._known[expression]

    def _read(self, expression: sp.Expr) -> Value:
        number = sp.Float(expression.evalf(DIGITS), DIGITS)
        return self.context.make_mpf(number._mpf_)

    def applied(self, function: Callable[..., sp.Expr], *values: Value) -> Value:
        """The function of numbers; NaN where it has no value, as 1/0 of a window without tokens."""
        found = function(*(sp.Float(value, DIGITS) for value in values)).evalf(DIGITS)
        return self._read(found) if found.is_real else self.context.nan

    def expectation(self, integrand: sp.Expr, *law: Value) -> Value:
        """By `symntk.gaussian.at_numbers`, once for each law."""
        from mpmath.libmp import mpf_pos

        key = (integrand, *(mpf_pos(part._mpf_, CLOSE_BITS, "n") for part in law))
        if key not in self._known:
            self._known[key] = self._expectation(integrand.xreplace(dict(self.values)), law)
        return self._known[key]

    def _expectation(self, integrand: sp.Expr, law: tuple[Value, ...]) -> Value:
        from symntk.gaussian.at_numbers import of_one, of_two

        if not all(map(self.context.isfinite, law)):
            return self.context.nan
        if not integrand.has(u, v):
            return self._read(integrand)
        numbers = [exact(part) for part in law]
        if len(law) == 1 or self._is_one(law):
            found = of_one(expect_one(integrand.xreplace({u: x, v: x})), numbers[0])
        else:
            f, g = integrand.as_independent(v, as_Add=False)
            moment = expect(f.xreplace({u: x}), g.xreplace({v: x}))
            if law[2] == 0:
                parts = zip((moment.f, moment.g), numbers[:2], strict=True)
                return self._times(*(self._mean(f, q) for f, q in parts))
            found = of_two(moment, *numbers)
        return self._finite(integrand, found)

    def _is_one(self, law: tuple[Value, ...]) -> bool:
        """Whether u and v are one variable."""
        q1, q2, c = law
        return bool(abs(q1 - q2) + abs(q1 - c) <= self.context.mpf(2) ** -CLOSE_BITS * q1)

    def _mean(self, function: sp.Expr, variance: sp.Expr) -> Value:
        from symntk.gaussian.at_numbers import of_one

        return self._finite(function, of_one(expect_one(function), variance))

    def _finite(self, integrand: sp.Expr, found: sp.Expr | float) -> Value:
        number = sp.sympify(found, strict=True)
        if not number.is_finite:
            raise UsageError(f"E[{integrand}] is infinite at these standard deviations")
        return self._read(number)
