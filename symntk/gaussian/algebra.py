r"""Exact scalars of the Gaussian calculus: rational functions times square roots.

Every coefficient that the rules produce is a finite sum

    sum_S  r_S * prod_{p in S} sqrt(p),

with r_S a rational function over QQ in the variances, the covariance, the parameters and pi, and S
a set of irreducible polynomials (primes and -1 among them, so that sqrt(2) and i are covered).
Each radicand factor stands for a positive number once and for all, hence roots combine and cancel
by set arithmetic; SymPy's expand() would move them into denominators where nothing matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from sympy import (
    Add,
    Basic,
    Dummy,
    Expr,
    Float,
    I,
    Integer,
    Mul,
    Pow,
    Rational,
    S,
    Symbol,
    factorint,
    pi,
)
from sympy.polys.domains import QQ
from sympy.polys.fields import FracField
from sympy.polys.orderings import lex

from symntk.gaussian.symbols import c, q, q1, q2

Fraction: TypeAlias = Any  # sympy.polys.fields.FracElement, which SymPy does not annotate
Polynomial: TypeAlias = Any  # sympy.polys.rings.PolyElement
Radicals: TypeAlias = frozenset[Polynomial]

_RATIONAL: Radicals = frozenset()
_SAMPLE = {
    q: Rational(7, 10**9),
    q1: Rational(7, 10**9),
    q2: Rational(5, 10**9),
    c: Rational(1, 10**9),
    pi: Rational(355, 113),
}


class NotRepresentable(ValueError):
    """The expression lies outside the normal form; no rule of this engine covers it."""


class Domain:
    """The field of rational functions over the symbols of one problem, and its square roots."""

    def __init__(self, atoms: Iterable[Expr]) -> None:
        """atoms: law symbols, parameters and irrational constants that may occur."""
        self.atoms: tuple[Expr, ...] = (*atoms, pi)
        names = [atom if isinstance(atom, Symbol) else Dummy() for atom in self.atoms]
        self.field = FracField(names, QQ, lex)
        self.generator: dict[Expr, Fraction] = dict(zip(self.atoms, self.field.gens, strict=True))
        self._sample = [_sample(atom) for atom in self.atoms]
        self._roots: dict[Polynomial, Scalar] = {}
        self._factorings: dict[Polynomial, tuple[Any, list[tuple[Polynomial, int]]]] = {}
        self._variances = [i for i, atom in enumerate(self.atoms) if atom in (q, q1, q2)]
        self._covariance_index = self.atoms.index(c) if c in self.atoms else None

    @cached_property
    def zero(self) -> Scalar:
        """0."""
        return Scalar(self, {})

    @cached_property
    def one(self) -> Scalar:
        """1."""
        return self.rational(self.field.one)

    @cached_property
    def i(self) -> Scalar:
        """The imaginary unit, the root of -1."""
        return Scalar(self, {frozenset([-self.field.ring.one]): self.field.one})

    @cached_property
    def pi(self) -> Scalar:
        """Pi."""
        return self.rational(self.generator[pi])

    def rational(self, value: Fraction | int) -> Scalar:
        """A field element, or an integer, as a scalar."""
        element = self.field(value) if isinstance(value, int) else value
        return Scalar(self, {_RATIONAL: element} if element else {})

    def scalar(self, expression: Expr | int) -> Scalar:
        """A SymPy expression in the atoms as a scalar; NotRepresentable where it is none."""
        if isinstance(expression, int):
            return self.rational(expression)
        if expression in self.generator:
            return self.rational(self.generator[expression])
        if isinstance(expression, Rational):
            return self.rational(self.field(QQ(expression.p, expression.q)))
        if isinstance(expression, Float):
            return self.scalar(exact_rational(expression))
        if expression is I:
            return self.i
        if isinstance(expression, (Add, Mul)):
            parts = [self.scalar(part) for part in expression.args]
            total = parts[0]
            for part in parts[1:]:
                total = total + part if isinstance(expression, Add) else total * part
            return total
        if isinstance(expression, Pow):
            base, exponent = expression.args
            if isinstance(exponent, Integer):
                return self.scalar(base) ** int(exponent)
            if isinstance(exponent, Rational) and exponent.q == 2:
                return self.scalar(base).sqrt() ** int(exponent.p)
        raise NotRepresentable(f"{expression} is not a rational function of {self.atoms}")

    def root(self, polynomial: Polynomial) -> Scalar:
        """The square root of a polynomial that is positive where the problem makes sense."""
        found = self._roots.get(polynomial)
        if found is None:
            found = self._roots[polynomial] = self._factor_root(polynomial)
        return found

    def _factor_root(self, polynomial: Polynomial) -> Scalar:
        content, factors = self._factors(polynomial)
        outside = self.field.one
        radicals: set[Polynomial] = set()
        sign = 1
        for factor, power in factors:
            if self.polynomial_at_sample(factor) < 0:
                factor = -factor
                sign *= (-1) ** power
            if power > 1 and power % 4 == 2 and not self._is_positive(factor):
                raise NotRepresentable(f"sign of {factor} is not known")
            outside *= self.field(factor) ** (power // 2)
            if power % 2:
                radicals.add(factor)
        numerator, denominator = int(content.numerator) * sign, int(content.denominator)
        outside /= denominator
        if numerator * denominator < 0:
            radicals.add(-self.field.ring.one)
        for prime, power in factorint(abs(numerator * denominator)).items():
            outside *= prime ** (power // 2)
            if power % 2:
                radicals.add(self.field.ring(prime))
        return Scalar(self, {frozenset(radicals): outside})

    def factored(self, polynomial: Polynomial, by_sample: bool = False) -> tuple[Rational, Expr]:
        """Content and product of irreducible factors, each of positive sign.

        Positive means the leading coefficient for polynomials in a variance, and the value at the
        sample point for others and where ``by_sample`` asks for it (denominators).
        """
        content, factors = self._factors(polynomial)
        sign = 1
        parts = []
        for factor, power in factors:
            leads = not by_sample and any(factor.degree(g) > 0 for g in self._variances)
            positive = factor.LC > 0 if leads else self.polynomial_at_sample(factor) > 0
            if not positive:
                factor = -factor
                sign *= (-1) ** power
            parts.append(Pow(self.polynomial_expr(factor), power))
        return Rational(int(content.numerator), int(content.denominator)) * sign, Mul(*parts)

    def _factors(self, polynomial: Polynomial) -> tuple[Any, list[tuple[Polynomial, int]]]:
        found = self._factorings.get(polynomial)
        if found is None:
            if len(polynomial) == 1:
                found = _monomial_factors(polynomial)
            else:
                found = polynomial.factor_list()
            self._factorings[polynomial] = found
        return found

    def _is_positive(self, polynomial: Polynomial) -> bool:
        expression = self.polynomial_expr(polynomial)
        return bool(expression.is_positive) or bool(expression.free_symbols & {q, q1, q2, c})

    def polynomial_at_sample(self, polynomial: Polynomial) -> Any:
        """The value at a generic admissible point: small variances, smaller covariance."""
        return polynomial(*self._sample) if self._sample else polynomial.as_expr()

    def polynomial_expr(self, polynomial: Polynomial) -> Expr:
        """A ring element as a SymPy expression, collected by the covariance."""
        index = self._covariance_index
        if index is None or len(polynomial) < 3 or polynomial.degree(index) < 1:
            return polynomial.as_expr(*self.atoms)
        by_power: dict[int, Polynomial] = {}
        for exponents, coefficient in polynomial.items():
            power = exponents[index]
            rest = (*exponents[:index], 0, *exponents[index + 1 :])
            term = polynomial.ring({rest: coefficient})
            by_power[power] = by_power[power] + term if power in by_power else term
        return Add(
            *(Mul(*self.factored(part), c**power) for power, part in sorted(by_power.items()))
        )


def _monomial_factors(polynomial: Polynomial) -> tuple[Any, list[tuple[Polynomial, int]]]:
    """Factorisation of a single term."""
    ((exponents, coefficient),) = polynomial.items()
    gens = polynomial.ring.gens
    return coefficient, [(gens[i], power) for i, power in enumerate(exponents) if power]


def _sample(atom: Expr) -> Any:
    value = _SAMPLE.get(atom)
    if value is None:
        if isinstance(atom, Symbol):
            value = Rational(-1, 3) if atom.is_negative else Rational(1, 3)
        else:
            value = exact_rational(atom.evalf(20))
    return QQ(value.p, value.q)


def exact_rational(number: Basic | float | str) -> Rational:
    """The rational number that the shortest decimal form of a float denotes."""
    if isinstance(number, Float):
        number = float(number) if number._prec <= 53 else str(number)
    return Rational(repr(number) if isinstance(number, float) else str(number))


class Scalar:
    """An immutable sum of rational functions times square roots, hashable and exact."""

    __slots__ = ("__dict__", "domain", "terms")

    def __init__(self, domain: Domain, terms: Mapping[Radicals, Fraction]) -> None:
        self.domain = domain
        self.terms = {radicals: value for radicals, value in terms.items() if value}

    @cached_property
    def key(self) -> frozenset[tuple[Radicals, Fraction]]:
        """What equality and hashing compare."""
        return frozenset(self.terms.items())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scalar) and self.terms == other.terms

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __add__(self, other: Scalar) -> Scalar:
        if not other.terms:
            return self
        terms = dict(self.terms)
        for radicals, value in other.terms.items():
            terms[radicals] = terms[radicals] + value if radicals in terms else value
        return Scalar(self.domain, terms)

    def __neg__(self) -> Scalar:
        return Scalar(self.domain, {radicals: -value for radicals, value in self.terms.items()})

    def __sub__(self, other: Scalar) -> Scalar:
        return self + -other

    def __mul__(self, other: Scalar | int) -> Scalar:
        if isinstance(other, int):
            return Scalar(self.domain, {key: value * other for key, value in self.terms.items()})
        terms: dict[Radicals, Fraction] = {}
        for left, first in self.terms.items():
            for right, second in other.terms.items():
                product = first * second
                for radicand in left & right:
                    product *= radicand
                radicals = left ^ right
                terms[radicals] = terms[radicals] + product if radicals in terms else product
        return Scalar(self.domain, terms)

    def __truediv__(self, other: Scalar | int) -> Scalar:
        if isinstance(other, int):
            return Scalar(self.domain, {key: value / other for key, value in self.terms.items()})
        return self * other.inverse()

    def __pow__(self, power: int) -> Scalar:
        if power < 0:
            return self.inverse() ** -power
        result = self.domain.one
        for _ in range(power):
            result = result * self
        return result

    def inverse(self) -> Scalar:
        """1/self, for a single term."""
        if len(self.terms) != 1:
            raise NotRepresentable("division by a sum of square roots")
        ((radicals, value),) = self.terms.items()
        for radicand in radicals:
            value = value * radicand
        return Scalar(self.domain, {radicals: 1 / value})

    def sqrt(self) -> Scalar:
        """The positive root of a rational function, positive where the problem makes sense."""
        if not self.is_rational:
            raise NotRepresentable("root of a root")
        if not self.terms:
            return self
        value = self.terms[_RATIONAL]
        root = self.domain.root(value.numer * value.denom)
        return root / self.domain.rational(self.domain.field(value.denom))

    @property
    def is_rational(self) -> bool:
        """Whether no root occurs."""
        return all(not radicals for radicals in self.terms)

    @property
    def is_real(self) -> bool:
        """Whether the imaginary unit does not occur."""
        minus = -self.domain.field.ring.one
        return all(minus not in radicals for radicals in self.terms)

    @property
    def parts(self) -> tuple[Scalar, Scalar]:
        """The real and the imaginary part."""
        minus = -self.domain.field.ring.one
        real = {key: value for key, value in self.terms.items() if minus not in key}
        imaginary = {key - {minus}: value for key, value in self.terms.items() if minus in key}
        return Scalar(self.domain, real), Scalar(self.domain, imaginary)

    @cached_property
    def sample(self) -> float:
        """The value at a generic admissible point, to fix signs by; imaginary part if complex."""
        total: complex = 0.0
        for radicals, value in self.terms.items():
            at = self.domain.polynomial_at_sample
            part: complex = float(at(value.numer)) / float(at(value.denom))
            for radicand in radicals:
                part *= float(at(radicand)) ** 0.5
            total += part
        return total.real if self.is_real else total.imag

    @cached_property
    def expr(self) -> Expr:
        """As a SymPy expression: each root in the denominator where it divides it."""
        return Add(*(Mul(*self._term(*item)) for item in self.terms.items()))

    @property
    def factors(self) -> tuple[Expr, ...]:
        """The factors of ``expr``, apart, so that SymPy does not distribute numbers over sums."""
        if len(self.terms) != 1:
            return (self.expr,)
        ((radicals, value),) = self.terms.items()
        return self._term(radicals, value)

    def _term(self, radicals: Radicals, value: Fraction) -> tuple[Expr, ...]:
        """One rational function times its roots, factors of the denominator kept apart."""
        domain = self.domain
        numerator, denominator = value.numer, value.denom
        roots: list[Expr] = []
        for radicand in radicals:
            base = domain.polynomial_expr(radicand)
            quotient, rest = divmod(denominator, radicand)
            if not rest and not radicand.is_ground:
                denominator = quotient
                roots.append(Pow(base, -S.Half))
            else:
                roots.append(Pow(base, S.Half))
        top_content, top = domain.factored(numerator)
        bottom_content, bottom = domain.factored(denominator, by_sample=True)
        return (top_content / bottom_content, *Mul.make_args(top), 1 / bottom, *roots)
