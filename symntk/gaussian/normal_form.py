r"""The normal form: finite sums of coef * x^k * exp(d + a x + b x^2) * F(x).

F is a product of factors, each of them

    Step(s, t)       Heaviside(s (x - t)),  s = +-1,
    Cdf(alpha, beta) Phi(alpha x + beta),
    Dirac(t)         DiracDelta(x - t),

an activation having at most one in each term (a product of two activations may have two).  The
class is closed under linear combination and differentiation, and every rule of the calculus maps it
to itself.  erf(z) = 2 Phi(sqrt(2) z) - 1; sin, cos, sinh, cosh are sums of exponentials.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sympy import Add, DiracDelta, Expr, Heaviside, Mul, exp

from symntk.gaussian.algebra import Domain, NotRepresentable, Scalar
from symntk.gaussian.normal_cdf import NormalCDF
from symntk.gaussian.symbols import x


class Diverges(NotRepresentable):
    """The expectation is infinite: two Diracs at one point."""


@dataclass(frozen=True)
class Step:
    """Heaviside(side * (x - at))."""

    side: int
    at: Scalar


@dataclass(frozen=True)
class Cdf:
    """Phi(slope * x + offset)."""

    slope: Scalar
    offset: Scalar


@dataclass(frozen=True)
class Dirac:
    """DiracDelta(x - at)."""

    at: Scalar


Factor: TypeAlias = Step | Cdf | Dirac


@dataclass(frozen=True)
class Shape:
    """x^power * exp(constant + linear x + quadratic x^2) * factors, without its coefficient."""

    power: int
    constant: Scalar
    linear: Scalar
    quadratic: Scalar
    factors: tuple[Factor, ...] = ()


class NormalForm:
    """An immutable sum of shapes with scalar coefficients over one domain."""

    def __init__(self, domain: Domain, terms: Iterable[tuple[Shape, Scalar]]) -> None:
        self.domain = domain
        collected: dict[Shape, Scalar] = {}
        for shape, coefficient in terms:
            collected[shape] = collected[shape] + coefficient if shape in collected else coefficient
        self.terms = {shape: value for shape, value in collected.items() if value}

    def __iter__(self) -> Iterator[tuple[Shape, Scalar]]:
        return iter(self.terms.items())

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __add__(self, other: NormalForm) -> NormalForm:
        return NormalForm(self.domain, [*self, *other])

    def __mul__(self, other: NormalForm) -> NormalForm:
        return NormalForm(
            self.domain, (item for left in self for right in other for item in _times(left, right))
        )

    def scaled(self, factor: Scalar) -> NormalForm:
        """Times a constant."""
        return NormalForm(self.domain, ((shape, value * factor) for shape, value in self))

    def stretched(self, factor: Scalar) -> NormalForm:
        """f(factor * x), for a real non-zero factor."""
        side = 1 if factor.sample > 0 else -1
        terms = []
        for shape, value in self:
            factors: list[Factor] = []
            for part in shape.factors:
                if isinstance(part, Step):
                    factors.append(Step(part.side * side, part.at / factor))
                elif isinstance(part, Cdf):
                    factors.append(Cdf(part.slope * factor, part.offset))
                else:
                    factors.append(Dirac(part.at / factor))
                    value = value / factor * side
            stretched = Shape(
                shape.power,
                shape.constant,
                shape.linear * factor,
                shape.quadratic * factor * factor,
                tuple(factors),
            )
            terms.append((stretched, value * factor**shape.power))
        return NormalForm(self.domain, terms)

    def derivative(self) -> NormalForm:
        """The derivative as a distribution, by the product rule on each term."""
        return NormalForm(self.domain, (item for term in self for item in _derivative(*term)))

    @property
    def has_diracs(self) -> bool:
        """Whether a Dirac occurs."""
        return any(isinstance(part, Dirac) for shape, _ in self for part in shape.factors)

    def merged(self) -> NormalForm:
        """With one direction of Heaviside wherever both, or 1, share power, exponent and break."""
        zero = self.domain.zero
        slots: dict[tuple[Shape, Scalar], list[Scalar]] = {}
        plain: dict[Shape, Scalar] = {}
        for shape, value in self:
            if len(shape.factors) == 1 and isinstance(shape.factors[0], Step):
                step = shape.factors[0]
                pair = slots.setdefault((_bare(shape), step.at), [zero, zero])
                pair[step.side < 0] = pair[step.side < 0] + value
            else:
                plain[shape] = value
        terms: list[tuple[Shape, Scalar]] = []
        for (bare, at), (above, below) in slots.items():
            if below and (above or bare in plain):
                terms.append((bare, below))
                above, below = above - below, zero
            for side, value in ((1, above), (-1, below)):
                terms.append((_with(bare, (Step(side, at),)), value))
        return NormalForm(self.domain, [*plain.items(), *terms])

    @property
    def expr(self) -> Expr:
        """As a SymPy expression in ``x``."""
        return Add(*(value.expr * shape_expr(shape, x) for shape, value in self))


def _bare(shape: Shape) -> Shape:
    return _with(shape, ())


def _with(shape: Shape, factors: tuple[Factor, ...]) -> Shape:
    return Shape(shape.power, shape.constant, shape.linear, shape.quadratic, factors)


def _times(
    left: tuple[Shape, Scalar], right: tuple[Shape, Scalar]
) -> Iterator[tuple[Shape, Scalar]]:
    """Product of two terms; products of Heavisides are reduced, so at most one is left."""
    first, second = left[0], right[0]
    factors = _product(first.factors, second.factors)
    if factors is None:
        return
    shape = Shape(
        first.power + second.power,
        first.constant + second.constant,
        first.linear + second.linear,
        first.quadratic + second.quadratic,
        factors,
    )
    yield shape, left[1] * right[1]


def _product(left: tuple[Factor, ...], right: tuple[Factor, ...]) -> tuple[Factor, ...] | None:
    """All factors of both, with Heavisides of one direction merged; None where it vanishes."""
    factors = list(left)
    for part in right:
        if isinstance(part, Dirac):
            for other in left:
                if isinstance(other, Dirac):
                    if compare(part.at, other.at) == 0:
                        raise Diverges("product of two Diracs at one point")
                    return None
        if isinstance(part, Step):
            for index, other in enumerate(factors):
                if isinstance(other, Step):
                    merged = _steps(other, part)
                    if merged is None:
                        return None
                    factors[index : index + 1] = merged
                    break
            else:
                factors.append(part)
        else:
            factors.append(part)
    if sum(isinstance(part, Step) for part in factors) > 1 and len(factors) > 2:
        raise NotRepresentable("a window times another factor")
    return tuple(factors)


def _steps(left: Step, right: Step) -> list[Factor] | None:
    """Product of two Heavisides: the later or the earlier one, a window, or nothing."""
    order = compare(left.at, right.at)
    if left.side == right.side:
        return [left if order * left.side >= 0 else right]
    if order == 0:
        return None
    opening, closing = (left, right) if left.side > 0 else (right, left)
    return [opening, closing] if compare(opening.at, closing.at) < 0 else None


def compare(left: Scalar, right: Scalar) -> int:
    """Order of two scalars; NotRepresentable where the assumptions do not tell."""
    difference = left - right
    if not difference:
        return 0
    expression = difference.expr
    if expression.is_positive:
        return 1
    if expression.is_negative:
        return -1
    raise NotRepresentable(f"the sign of {expression} is not known")


def _derivative(shape: Shape, value: Scalar) -> Iterator[tuple[Shape, Scalar]]:
    domain = value.domain
    k, d, a, b = shape.power, shape.constant, shape.linear, shape.quadratic
    if k:
        yield Shape(k - 1, d, a, b, shape.factors), value * k
    if a:
        yield shape, value * a
    if b:
        yield Shape(k + 1, d, a, b, shape.factors), value * b * 2
    for index, part in enumerate(shape.factors):
        others = shape.factors[:index] + shape.factors[index + 1 :]
        if isinstance(part, Cdf):
            yield gaussian_factor(part, k, d, a, b, others, value)
        elif isinstance(part, Step) and not others:
            constant = d + a * part.at + b * part.at * part.at
            weight = value * part.at**k * part.side
            none = domain.zero
            if weight:
                yield Shape(0, constant, none, none, (Dirac(part.at),)), weight
        elif isinstance(part, Step):
            yield Shape(k, d, a, b, (Dirac(part.at), *others)), value * part.side
        else:
            raise NotRepresentable("derivative of a Dirac distribution")


def gaussian_factor(
    part: Cdf,
    k: int,
    d: Scalar,
    a: Scalar,
    b: Scalar,
    others: tuple[Factor, ...],
    value: Scalar,
) -> tuple[Shape, Scalar]:
    """d/dx Phi(alpha x + beta) = alpha exp(-(alpha x + beta)^2 / 2) / sqrt(2 pi)."""
    slope, offset = part.slope, part.offset
    root = (value.domain.pi * 2).sqrt()
    shape = Shape(
        k,
        d - offset * offset / 2,
        a - slope * offset,
        b - slope * slope / 2,
        others,
    )
    return shape, value * slope / root


def shape_expr(shape: Shape, variable: Expr) -> Expr:
    """A shape as a SymPy expression in the given variable."""
    exponent = Add(
        shape.constant.expr,
        shape.linear.expr * variable,
        shape.quadratic.expr * variable**2,
    )
    factors: list[Expr] = []
    for part in shape.factors:
        if isinstance(part, Step):
            argument = variable - part.at.expr
            factors.append(Heaviside(argument if part.side > 0 else -argument))
        elif isinstance(part, Cdf):
            factors.append(NormalCDF(part.slope.expr * variable + part.offset.expr))
        else:
            factors.append(DiracDelta(variable - part.at.expr))
    return Mul(variable**shape.power, exp(exponent), *factors)
