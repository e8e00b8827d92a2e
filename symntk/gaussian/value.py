r"""Values of expectations: sums of scalar * exp(E) * product of special functions.

The special functions are arcsin, Phi and Phi_2 of scalars.  Reflections bring their arguments to
one form, Phi(h) = 1 - Phi(-h) and Phi_2(h, k, r) = Phi(k) - Phi_2(-h, k, -r), so that equal terms
meet and cancel; the form with negative thresholds is kept, whose values are small and exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from symntk.gaussian.algebra import Domain, NotRepresentable, Scalar


@dataclass(frozen=True)
class ArcSin:
    """asin(argument)."""

    argument: Scalar


@dataclass(frozen=True)
class Phi:
    """The normal distribution function at h."""

    h: Scalar


@dataclass(frozen=True)
class Phi2:
    """The bivariate normal distribution function at (h, k) with correlation rho."""

    h: Scalar
    k: Scalar
    rho: Scalar


Special: TypeAlias = ArcSin | Phi | Phi2
Basis: TypeAlias = tuple[Scalar, tuple[Special, ...]]


class Value:
    """An immutable element of the space of values over one domain."""

    __slots__ = ("domain", "terms")

    def __init__(self, domain: Domain, terms: Mapping[Basis, Scalar]) -> None:
        self.domain = domain
        self.terms = {basis: weight for basis, weight in terms.items() if weight}

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __add__(self, other: Value) -> Value:
        terms = dict(self.terms)
        for basis, weight in other.terms.items():
            terms[basis] = terms[basis] + weight if basis in terms else weight
        return Value(self.domain, terms)

    def __neg__(self) -> Value:
        return Value(self.domain, {basis: -weight for basis, weight in self.terms.items()})

    def __sub__(self, other: Value) -> Value:
        return self + -other

    def __mul__(self, other: Value) -> Value:
        terms: dict[Basis, Scalar] = {}
        for (left, first), a in self.terms.items():
            for (right, second), b in other.terms.items():
                specials = (
                    tuple(sorted(first + second, key=repr))
                    if first and second
                    else (first or second)
                )
                basis = (left + right, specials)
                weight = a * b
                terms[basis] = terms[basis] + weight if basis in terms else weight
        return Value(self.domain, terms)

    @property
    def is_real(self) -> bool:
        """Whether no special function of a complex argument is left."""
        arguments = (
            part.argument if isinstance(part, ArcSin) else part.h
            for _, specials in self.terms
            for part in specials
        )
        return all(argument.is_real for argument in arguments)

    def scaled(self, factor: Scalar) -> Value:
        """Times a scalar."""
        return Value(self.domain, {basis: weight * factor for basis, weight in self.terms.items()})


def algebraic(scalar: Scalar) -> Value:
    """A scalar as a value."""
    return Value(scalar.domain, {(scalar.domain.zero, ()): scalar})


def exponential(exponent: Scalar, weight: Scalar) -> Value:
    """Weight * exp(exponent)."""
    return Value(weight.domain, {(exponent, ()): weight})


def _special(function: Special) -> Value:
    domain = function.argument.domain if isinstance(function, ArcSin) else function.h.domain
    return Value(domain, {(domain.zero, (function,)): domain.one})


def arcsine(argument: Scalar) -> Value:
    """asin(argument), odd in it."""
    if not argument:
        return Value(argument.domain, {})
    if argument.sample < 0:
        return -_special(ArcSin(-argument))
    return _special(ArcSin(argument))


def normal_cdf(h: Scalar) -> Value:
    """Phi(h); complex arguments are allowed as long as their terms cancel in the end."""
    one = algebraic(h.domain.one)
    if not h:
        return one.scaled(h.domain.one / 2)
    if h.sample > 0:
        return one - _special(Phi(-h))
    return _special(Phi(h))


def bivariate_normal_cdf(h: Scalar, k: Scalar, rho: Scalar) -> Value:
    """Phi_2(h, k, rho)."""
    domain = h.domain
    if not rho:
        return normal_cdf(h) * normal_cdf(k)
    if not (h.is_real and k.is_real and rho.is_real):
        raise NotRepresentable("Phi_2 of complex arguments")
    if not h and not k:
        quarter = algebraic(domain.one / 4)
        return quarter + arcsine(rho).scaled((domain.pi * 2).inverse())
    if h.sample > 0:
        return normal_cdf(k) - bivariate_normal_cdf(-h, k, -rho)
    if k.sample > 0:
        return normal_cdf(h) - bivariate_normal_cdf(h, -k, -rho)
    if (h.sample, repr(h)) > (k.sample, repr(k)):
        h, k = k, h
    return _special(Phi2(h, k, rho))
