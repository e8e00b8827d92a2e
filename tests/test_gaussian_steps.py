"""The steps that are printed: in order, each a true equation, each with a known source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sympy as sp

from symntk.activations import ACTIVATIONS
from symntk.gaussian import BivariateNormalCDF, Expectation, dual, expect, expect_one
from symntk.gaussian.symbols import c, q, q1, q2, x
from symntk.sources import SOURCES
from symntk.trace import Step

NAMES = ["relu", "leaky_relu", "erf", "gelu", "sin", "gauss", "elu", "hardtanh", "sign", "identity"]
POINT = {q: sp.Rational(9, 7), q1: sp.Rational(7, 5), q2: sp.Rational(3, 4), c: sp.Rational(2, 7)}


def flat(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from flat(step.substeps)


def resolved(expression: sp.Expr) -> sp.Expr:
    """Every expectation replaced by the moment of its factors under its own law."""

    def close(part: Expectation) -> sp.Expr:
        law = [entry.xreplace({}) for entry in part.law]
        if not part.is_of_pair:
            moment = expect_one(part.integrand.subs(sp.Symbol("u", real=True), x))
            return moment.expression.subs(q, law[0])
        factors = part.factors()
        assert factors is not None
        moment = expect(*factors)
        assert moment.value is not None
        return moment.value.subs(dict(zip((q1, q2, c), law, strict=True)), simultaneous=True)

    return expression.replace(lambda part: isinstance(part, Expectation), close)


def value(expression: sp.Basic) -> complex:
    return complex(resolved(sp.sympify(expression)).doit().subs(POINT).evalf(20))


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_a_true_equation(name: str) -> None:
    moments = dual(ACTIVATIONS[name].concrete)
    steps = [
        step
        for step in flat((*moments.moment.steps, *moments.moment_of_slope.steps))
        if step.rule != "Price"
    ]
    for step in steps:
        assert value(step.before) == pytest.approx(value(step.after), rel=1e-12, abs=1e-12), step


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_sources_are_known(name: str) -> None:
    for step in flat(dual(ACTIVATIONS[name].phi).steps):
        assert not step.source or step.source.split(":")[0] in SOURCES


def test_relu_is_told_as_in_papers() -> None:
    """Price twice, sift, integrate twice; the slope's kernel on the way, in arc-cosine form."""
    moments = dual(ACTIVATIONS["relu"].phi)
    rules = [step.rule for step in moments.moment.steps]
    assert rules == ["Price", "Price", "Dirac", "integration", "integration"]
    before, after = moments.moment.steps[3].before, moments.moment.steps[3].after
    assert before == moments.moment_of_slope.expectation
    assert after == moments.Kdot
    for kernel in (moments.K, moments.Kdot):
        assert kernel.has(sp.acos)
        assert not kernel.has(sp.asin)


def test_price_steps_differentiate_both_functions() -> None:
    for step in dual(ACTIVATIONS["rect_x2"].phi).moment.steps:
        if step.rule == "Price":
            derivative = step.before
            assert isinstance(derivative, sp.Derivative)
            at = {q1: sp.Rational(2), q2: sp.Rational(3), c: sp.Rational(1, 2)}
            slope = sp.diff(resolved(derivative.expr), c).subs(at)
            assert slope.evalf(15) == pytest.approx(resolved(step.after).subs(at).evalf(15))


def test_dual_does_not_tell_the_slope_twice() -> None:
    steps = dual(ACTIVATIONS["relu"].phi).steps
    ends = [step.before for step in steps if step.rule in ("integration", "collection")]
    assert len(ends) == len(set(ends))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_values_stay_compact(name: str) -> None:
    """A value that swells is a sign of roots or exponentials that did not meet."""
    moments = dual(ACTIVATIONS[name].phi)
    special = moments.K.has(BivariateNormalCDF)
    for kernel in (moments.K, moments.Kdot):
        assert sp.count_ops(kernel) < (300 if special else 90)
