r"""Moments at numbers: closed forms at high precision, the boundary of the law, quadrature.

On the boundary c = +-sqrt(q1 q2) the law has one dimension, v = (c/q1) u, and the moment is
E[f(u) g(c u / q1)], u ~ N(0, q1), to which the same rules apply; closed forms in two variables have
removable singularities there.
"""

from __future__ import annotations

from sympy import Expr, Rational, S, oo, sqrt

from symntk.errors import UsageError
from symntk.gaussian.algebra import Domain, NotRepresentable
from symntk.gaussian.engine import Engine, single_law
from symntk.gaussian.moment import Moment, expect_one, odd
from symntk.gaussian.normal_form import Diverges
from symntk.gaussian.presentation import real_expression
from symntk.gaussian.reading import constants, parse
from symntk.gaussian.stepwise import KINKED, stepwise
from symntk.gaussian.symbols import c, q, q1, q2, x

_DIGITS = 25
_MOST_DIGITS = 300
_ROUNDING = Rational(1, 10**15)


def of_one(moment: Moment, variance: Rational) -> Expr | float:
    """E[f(u)] at a number."""
    if variance < 0:
        raise UsageError(f"a variance must not be negative: {variance}")
    if variance == 0:
        return at_zero(moment.f)
    if any(condition.subs(q, variance) <= 0 for condition in moment.conditions):
        return oo
    if moment.value is not None:
        return evaluated(moment.value.subs(q, variance))
    from symntk.gaussian.quadrature import integrate_one

    return integrate_one(moment.f, variance)


def of_two(moment: Moment, first: Rational, second: Rational, cross: Rational) -> Expr | float:
    """E[f(u) g(v)] at numbers."""
    f, g = moment.f, moment.g
    assert g is not None
    if first < 0 or second < 0:
        raise UsageError(f"variances must not be negative: {first}, {second}")
    determinant = first * second - cross**2
    if determinant < -_ROUNDING * first * second:
        raise UsageError(f"|c| = {abs(cross)} exceeds sqrt(q1 q2) for q1 = {first}, q2 = {second}")
    if first == 0 or second == 0:
        return _independent(f, g, first, second)
    if cross == 0 and (odd(f) or odd(g)):
        return S.Zero
    numbers = {q1: first, q2: second, c: cross}
    if any(condition.subs(numbers) <= 0 for condition in moment.conditions):
        return oo
    if determinant <= 0:
        return _on_boundary(f, g, first, second, cross)
    if moment.value is not None:
        return evaluated(moment.value.subs(numbers))
    from symntk.gaussian.quadrature import integrate_pair

    return integrate_pair(f, g, first, second, cross)


def evaluated(number: Expr) -> Expr:
    """A closed form without symbols as a number; working precision follows the cancellation."""
    return number.evalf(_DIGITS, maxn=_MOST_DIGITS)


def at_zero(f: Expr) -> Expr:
    """f(0): the mean of both sides at a jump, infinite at a Dirac."""
    if not f.has(*KINKED):
        return evaluated(f.subs(x, 0))
    function = stepwise(f)
    if any(point == 0 for point in function.diracs):
        return oo
    place = sum(bool(point < 0) for point in function.breaks)
    sides = function.formulas[place : place + 2 if 0 in function.breaks else place + 1]
    return evaluated(sum(side.subs(x, 0) for side in sides) / len(sides))


def _independent(f: Expr, g: Expr, first: Rational, second: Rational) -> Expr | float:
    """One variance is zero: that variable is 0 and the expectation a product."""
    left = of_one(expect_one(f), first)
    right = of_one(expect_one(g), second)
    return S.Zero if left == 0 or right == 0 else left * right


def _on_boundary(
    f: Expr, g: Expr, first: Rational, second: Rational, cross: Rational
) -> Expr | float:
    """E[f(u) g(ratio u)], u ~ N(0, q1)."""
    exactly = first * second == cross**2
    ratio = cross / first if exactly else sqrt(second / first) * (1 if cross > 0 else -1)
    try:
        left, right = stepwise(f), stepwise(g)
        domain = Domain(sorted(constants(left) | constants(right), key=str))
        engine = Engine(domain)
        form = parse(left, domain) * parse(right, domain).stretched(domain.scalar(ratio))
        value = engine.single(form, single_law(domain.scalar(first)))
        if not value.is_real:
            raise NotRepresentable("normal distribution function of a complex argument")
    except Diverges:
        return oo
    except NotRepresentable:
        from symntk.gaussian.quadrature import integrate_pair

        return integrate_pair(f, g, first, second, cross)
    if any(condition <= 0 for condition in engine.conditions):
        return oo
    return evaluated(real_expression(value))
