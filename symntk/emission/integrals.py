"""The expectations of a derivation in the forms in which kernels compute them, each made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from sympy import Expr

from symntk.activations.properties import kinks
from symntk.derivation import Derivation
from symntk.emission.calls import Functions
from symntk.emission.moments import smooth_gap, stable_moment
from symntk.emission.stabilise import stabilise
from symntk.emission.stable_moment import SmoothGap, StableMoment
from symntk.errors import NoClosedForm
from symntk.gaussian import BivariateNormalCDF, Expectation, Moment, derivative, expect, expect_one
from symntk.gaussian.symbols import u, x


def numerical_notes(functions: Functions) -> tuple[str, ...]:
    """What a reader should know about the numbers."""
    if not functions.names:
        return ()
    return (
        "Expectations without an elementary closed form are integrated numerically, with an error "
        "of at most 1e-12 relative to the geometric mean of the diagonal entries.",
    )


def stable_moments(
    derivation: Derivation, functions: Functions
) -> tuple[Callable[[Expectation], StableMoment], Callable[[Expectation], Expr]]:
    """Stable forms of the derivation's expectations, each made once."""

    @cache
    def of_pair(f: Expr, h: Expr) -> StableMoment:
        moment: Moment = derivation.moments.get((f, h)) or expect(f, h)
        if moment.value is not None and not moment.value.has(BivariateNormalCDF):
            stable = stable_moment(moment.value)
            return stable if f != h else replace(stable, smooth=_smooth(derivation, f, moment))
        return functions.moment(f, h)

    @cache
    def of_one(f: Expr) -> Expr:
        moment: Moment = derivation.moments.get((f, None)) or expect_one(f)
        return functions.single(f) if moment.value is None else stabilise(moment.value)

    def pair(expectation: Expectation) -> StableMoment:
        factors = expectation.factors()
        if factors is None:
            raise NoClosedForm(f"{expectation} is not a product of functions of one variable each")
        return of_pair(*factors)

    return pair, lambda expectation: of_one(expectation.integrand.xreplace({u: x}))


def _smooth(derivation: Derivation, f: Expr, moment: Moment) -> SmoothGap | None:
    """How f spreads nearly equal inputs, if it is smooth and its slope has a closed form."""
    if moment.value is None or kinks(f):
        return None
    slope = derivative(f)
    known: Moment = derivation.moments.get((slope, slope)) or expect(slope, slope)
    if known.value is None or known.value.has(BivariateNormalCDF):
        return None
    return smooth_gap(f, moment.value, known.value)
