r"""Values as papers print them.

Three choices are made here, and nothing else: pi - arccos instead of pi/2 + arcsin of the
correlation where the value holds that sum (the arc-cosine kernels), cosh and sinh instead of two
exponentials that differ by the sign of the covariance, and one common factor in front of the terms
with roots and inverse functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, lcm
from typing import Any

from sympy import Add, Expr, Mul, S, acos, asin, cos, cosh, exp, pi, sin, sinh

from symntk.gaussian.algebra import Domain, Fraction, Scalar
from symntk.gaussian.normal_cdf import BivariateNormalCDF, NormalCDF
from symntk.gaussian.symbols import c, q1, q2
from symntk.gaussian.value import ArcSin, Basis, Phi, Special, Value


@dataclass(frozen=True)
class _Term:
    """coefficient * product of functions; ``grouped`` terms share a common factor."""

    coefficient: Scalar
    functions: tuple[Expr, ...]
    grouped: bool


def real_expression(value: Value) -> Expr:
    """The SymPy expression of a value that is known to be real: its real part.

    Complex exponentials, of waves that have a phase or a growing factor, become cosines and sines:
    Re (r + i s) exp(A + iB) = exp(A) (r cos B - s sin B).
    """
    zero = value.domain.zero
    plain: dict[Basis, Scalar] = {}
    waves: dict[tuple[Basis, Scalar], tuple[Scalar, Scalar]] = {}
    for (exponent, specials), weight in value.terms.items():
        (growth, phase), (real, imaginary) = exponent.parts, weight.parts
        basis: Basis = (growth, specials)
        if not phase:
            plain[basis] = plain.get(basis, zero) + real
            continue
        if phase.sample < 0:
            phase, imaginary = -phase, -imaginary
        cosine, sine = waves.get((basis, phase), (zero, zero))
        waves[basis, phase] = (cosine + real, sine - imaginary)
    total = [expression(Value(value.domain, plain))]
    for ((growth, specials), phase), weights in waves.items():
        functions = (exp(growth.expr), *(_special(function) for function in specials))
        for weight, wave in zip(weights, (cos, sin), strict=True):
            total.append(_times(weight, (wave(phase.expr), *functions)))
    return Add(*total)


def expression(value: Value) -> Expr:
    """The SymPy expression of a value."""
    terms, rest = _arc_cosines(value)
    hyperbolic, rest = _hyperbolic(rest)
    terms += hyperbolic
    for (exponent, specials), weight in rest.terms.items():
        functions = tuple(_special(function) for function in specials)
        if exponent:
            functions = (exp(exponent.expr), *functions)
        for single in _split(weight):
            grouped = not exponent and (bool(specials) or _has_root_in_c(single))
            terms.append(_Term(single, functions, grouped))
    return _sum(terms, value.domain)


def _has_root_in_c(scalar: Scalar) -> bool:
    domain = scalar.domain
    if c not in domain.atoms:
        return not scalar.is_rational
    index = domain.atoms.index(c)
    return any(radicand.degree(index) > 0 for radicals in scalar.terms for radicand in radicals)


def _split(scalar: Scalar) -> list[Scalar]:
    return [Scalar(scalar.domain, {radicals: part}) for radicals, part in scalar.terms.items()]


def _special(function: Special) -> Expr:
    if isinstance(function, ArcSin):
        return asin(function.argument.expr)
    if isinstance(function, Phi):
        return NormalCDF(function.h.expr)
    return BivariateNormalCDF(function.h.expr, function.k.expr, function.rho.expr)


def _arc_cosines(value: Value) -> tuple[list[_Term], Value]:
    """P asin(rho) + R = P (pi - acos(rho)) + (R - P pi/2), where R is not zero."""
    domain = value.domain
    terms = dict(value.terms)
    if not {q1, q2, c} <= set(domain.atoms):
        return [], value
    rho = domain.scalar(c) / (domain.scalar(q1) * domain.scalar(q2)).sqrt()
    basis: Basis = (domain.zero, (ArcSin(rho),))
    constant: Basis = (domain.zero, ())
    weight, plain = terms.get(basis), terms.get(constant, domain.zero)
    if weight is None or not any(not radicals for radicals in plain.terms):
        return [], value
    del terms[basis]
    terms[constant] = plain - weight * domain.pi / 2
    function = pi - acos(rho.expr)
    return [_Term(part, (function,), True) for part in _split(weight)], Value(domain, terms)


def _hyperbolic(value: Value) -> tuple[list[_Term], Value]:
    """W exp(A + B) +- w exp(A - B), B odd in the covariance, as 2 w exp(A) cosh(B) or sinh(B)."""
    domain = value.domain
    if c not in domain.atoms:
        return [], value
    found: list[_Term] = []
    terms = dict(value.terms)
    for basis in list(terms):
        exponent, specials = basis
        if basis not in terms or not exponent.is_rational or not exponent:
            continue
        mirrored = _mirrored(exponent)
        partner: Basis = (mirrored, specials)
        weight, other = terms[basis], terms.get(partner)
        odd = (exponent - mirrored) / 2
        if not odd or other is None or other not in (weight, -weight):
            continue
        if odd.sample < 0:
            odd, weight, other = -odd, other, weight
        even = (exponent + mirrored) / 2
        function = cosh(odd.expr) if weight == other else sinh(odd.expr)
        functions = tuple(_special(special) for special in specials)
        for part in _split(weight * 2):
            found.append(_Term(part, (exp(even.expr), function, *functions), False))
        del terms[basis], terms[partner]
    return found, Value(domain, terms)


def _mirrored(scalar: Scalar) -> Scalar:
    """With the covariance replaced by its negative."""
    domain = scalar.domain
    generator = domain.generator[c]
    (fraction,) = scalar.terms.values()

    def flip(polynomial: Fraction) -> Fraction:
        return polynomial.compose(generator.numer, -generator.numer)

    return domain.rational(domain.field(flip(fraction.numer)) / domain.field(flip(fraction.denom)))


def _sum(terms: list[_Term], domain: Domain) -> Expr:
    grouped = [term for term in terms if term.grouped]
    plain = [term for term in terms if not term.grouped]
    total = [_product(term) for term in plain]
    if len(grouped) > 1:
        common = _common(grouped, domain)
        inner = [
            _product(_Term(term.coefficient / common, term.functions, True)) for term in grouped
        ]
        total.append(_times(common, (Add(*inner),)))
    else:
        total += [_product(term) for term in grouped]
    return Add(*total)


def _common(terms: list[_Term], domain: Domain) -> Scalar:
    """Greatest common factor: of all numerators, over that of all denominators."""
    fractions = [part for term in terms for part in term.coefficient.terms.values()]
    top, bottom = fractions[0].numer, fractions[0].denom
    for fraction in fractions[1:]:
        top, bottom = top.gcd(fraction.numer), bottom.gcd(fraction.denom)
    common = domain.field(top) / domain.field(bottom)
    contents = [_content(fraction) / _content(common) for fraction in fractions]
    numerator = gcd(*(int(content.numerator) for content in contents))
    denominator = lcm(*(int(content.denominator) for content in contents))
    return domain.rational(common * numerator / denominator)


def _content(fraction: Fraction) -> Any:
    """The rational number in front of the primitive numerator and denominator."""
    return fraction.numer.content() / fraction.denom.content()


def _product(term: _Term) -> Expr:
    return _times(term.coefficient, term.functions)


def _times(coefficient: Scalar, functions: tuple[Expr, ...]) -> Expr:
    """One flat product, so that SymPy does not distribute a number over a sum."""
    return Mul(*coefficient.factors, *functions) if coefficient else S.Zero
