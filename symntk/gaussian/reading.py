"""Reading: from functions in pieces to the normal form.

Polynomials, exponentials of quadratics, normal distribution functions of lines, and what is a sum
of these: erf(z) = 2 Phi(sqrt(2) z) - 1, sine and cosine by Euler's formula, sinh and cosh.
Anything else is refused, and the expectation then has no closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sympy import (
    Add,
    Expr,
    Float,
    I,
    Integer,
    Mul,
    Poly,
    PolynomialError,
    Pow,
    Rational,
    Symbol,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    sin,
    sinh,
    sqrt,
)

from symntk.gaussian.algebra import Domain, NotRepresentable, Scalar
from symntk.gaussian.normal_cdf import NormalCDF
from symntk.gaussian.normal_form import Cdf, Dirac, Factor, NormalForm, Shape, Step
from symntk.gaussian.stepwise import Stepwise
from symntk.gaussian.symbols import x


def parse(function: Stepwise, domain: Domain) -> NormalForm:
    """The normal form of a function in pieces; NotRepresentable where it has none."""
    one, zero = domain.one, domain.zero
    blank = Shape(0, zero, zero, zero)
    total = NormalForm(domain, [])
    points = [domain.scalar(point) for point in function.breaks]
    for index, formula in enumerate(function.formulas):
        window: list[tuple[Shape, Scalar]] = []
        if index == 0:
            step: tuple[Factor, ...] = (Step(-1, points[0]),) if points else ()
            window = [(replace(blank, factors=step), one)]
        else:
            window = [(replace(blank, factors=(Step(1, points[index - 1]),)), one)]
            if index < len(points):
                window.append((replace(blank, factors=(Step(1, points[index]),)), -one))
        if formula != 0:
            smooth = _smooth(formula, domain)
            total = total + smooth * NormalForm(domain, window)
    diracs = [
        (replace(blank, factors=(Dirac(domain.scalar(point)),)), domain.scalar(weight))
        for point, weight in function.diracs.items()
    ]
    return (total + NormalForm(domain, diracs)).merged()


def constants(function: Stepwise) -> set[Expr]:
    """The symbols and irrational constants of a function: what its domain must contain."""
    found: set[Expr] = set()
    for part in (
        *function.formulas,
        *function.breaks,
        *function.diracs,
        *function.diracs.values(),
    ):
        _constants(part, found)
    return found


def _constants(expression: Expr, found: set[Expr]) -> None:
    if expression.has(x) or isinstance(expression, (Add, Mul)):
        for part in expression.args:
            _constants(part, found)
    elif isinstance(expression, Symbol):
        found.add(expression)
    elif isinstance(expression, Pow):
        exponent = expression.args[1]
        if isinstance(exponent, Rational) and exponent.q <= 2:
            _constants(expression.args[0], found)
        else:
            found.add(expression)
    elif not expression.is_Atom and not isinstance(expression, exp):
        found.add(expression)
    elif isinstance(expression, exp):
        _constants(expression.args[0], found)


def _smooth(formula: Expr, domain: Domain) -> NormalForm:
    """The normal form of a formula without kinks."""
    one, zero = domain.one, domain.zero
    if formula == x:
        return NormalForm(domain, [(Shape(1, zero, zero, zero), one)])
    if isinstance(formula, exp):
        return NormalForm(domain, [(_exponential(formula.args[0], domain), one)])
    if not formula.has(x) and not formula.has(exp):
        return NormalForm(domain, [(Shape(0, zero, zero, zero), domain.scalar(formula))])
    if isinstance(formula, Add):
        total = NormalForm(domain, [])
        for part in formula.args:
            total = total + _smooth(part, domain)
        return total
    if isinstance(formula, Mul):
        total = _smooth(formula.args[0], domain)
        for part in formula.args[1:]:
            total = total * _smooth(part, domain)
        return total
    if isinstance(formula, Pow):
        base, exponent = formula.args
        if isinstance(exponent, Float) and exponent == int(exponent):
            exponent = Integer(int(exponent))
        if isinstance(exponent, Integer) and exponent > 0:
            power = _smooth(base, domain)
            total = power
            for _ in range(int(exponent) - 1):
                total = total * power
            return total
    rewritten = _REWRITE.get(formula.func)
    if rewritten is not None:
        return _smooth(rewritten(formula.args[0]), domain)
    if isinstance(formula, NormalCDF):
        slope, offset = _line(formula.args[0], domain)
        return _cdf(slope, offset, domain)
    raise NotRepresentable(f"{formula} is outside the normal form")


def _cdf(slope: Scalar, offset: Scalar, domain: Domain) -> NormalForm:
    """Phi(slope x + offset), turned so that a slope of known sign is positive."""
    blank = Shape(0, domain.zero, domain.zero, domain.zero)
    if slope.is_real and slope.expr.is_negative:
        turned = replace(blank, factors=(Cdf(-slope, -offset),))
        return NormalForm(domain, [(blank, domain.one), (turned, -domain.one)])
    return NormalForm(domain, [(replace(blank, factors=(Cdf(slope, offset),)), domain.one)])


def _sine(z: Expr) -> Expr:
    return (exp(I * z) - exp(-I * z)) / (2 * I)


def _cosine(z: Expr) -> Expr:
    return (exp(I * z) + exp(-I * z)) / 2


_REWRITE: dict[type[Expr], Callable[[Expr], Expr]] = {
    sin: _sine,
    cos: _cosine,
    sinh: lambda z: (exp(z) - exp(-z)) / 2,
    cosh: lambda z: (exp(z) + exp(-z)) / 2,
    erf: lambda z: 2 * NormalCDF(sqrt(2) * z) - 1,
    erfc: lambda z: 2 - 2 * NormalCDF(sqrt(2) * z),
}


def _line(argument: Expr, domain: Domain) -> tuple[Scalar, Scalar]:
    coefficients = _coefficients(argument, 1)
    return domain.scalar(coefficients[1]), domain.scalar(coefficients[0])


def _exponential(argument: Expr, domain: Domain) -> Shape:
    constant, linear, quadratic = (domain.scalar(part) for part in _coefficients(argument, 2))
    if not quadratic.is_real:
        raise NotRepresentable("complex Gaussian")
    return Shape(0, constant, linear, quadratic)


def _coefficients(argument: Expr, degree: int) -> list[Expr]:
    """Coefficients of 1, x, ... of a polynomial of at most the degree."""
    try:
        polynomial = Poly(argument, x)
    except PolynomialError as problem:
        raise NotRepresentable(f"{argument} is not a polynomial") from problem
    if polynomial.degree() > degree:
        raise NotRepresentable(f"{argument} has degree above {degree}")
    return [polynomial.coeff_monomial(x**power) for power in range(degree + 1)]
