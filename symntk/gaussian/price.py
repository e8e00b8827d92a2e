r"""Rule P, Price's theorem: differentiate in the covariance, then integrate back.

For (u, v) ~ N(0, [[q1, c], [c, q2]]),

    d/dc E[f(u) g(v)] = E[f'(u) g'(v)],

with distributional derivatives.  Differentiating until only constants, Diracs and Gaussians are
left, and integrating back from c = 0, where u and v are independent,

    E[f(u) g(v)] = E f(u) E g(v) + int_0^c E[f'(u) g'(v)]|_{c = s} ds.

The integrals stay in the span of c^n, c^n / sqrt(D) and c^n arcsin(r c), D = A - B c^2, r^2 = B/A:

    int c^n / sqrt(D)      = -c^(n-1) sqrt(D) / (n B) + (n - 1) A / (n B) int c^(n-2) / sqrt(D),
    int c^n arcsin(r c)    = c^(n+1)/(n+1) arcsin(r c) - sqrt(B)/(n+1) int c^(n+1) / sqrt(D).

Source: Price (1958), A useful theorem for nonlinear devices having Gaussian inputs, eq. (3).
"""

from __future__ import annotations

from dataclasses import dataclass

from symntk.gaussian.algebra import Fraction, NotRepresentable, Polynomial, Scalar
from symntk.gaussian.engine import Engine, pair_law, single_law
from symntk.gaussian.normal_form import Dirac, NormalForm
from symntk.gaussian.problem import Law
from symntk.gaussian.symbols import c, q1, q2
from symntk.gaussian.value import ArcSin, Value, algebraic, arcsine

_MOST_DERIVATIVES = 12


@dataclass(frozen=True)
class Level:
    """E[f(u) g(v)] at one stage of the chain; ``at_zero`` is its value at c = 0."""

    f: NormalForm
    g: NormalForm
    value: Value
    at_zero: Value | None


def price(f: NormalForm, g: NormalForm, engine: Engine) -> tuple[Level, ...] | None:
    """The chain of levels, E[f g] first and the directly known one last; None where none is."""
    chain = [(f, g)]
    while not (_is_elementary(chain[-1][0]) and _is_elementary(chain[-1][1])):
        if len(chain) > _MOST_DERIVATIVES:
            return None
        left, right = chain[-1]
        if left.has_diracs or right.has_diracs or not (left and right):
            return None
        if not (_may_end(left) and _may_end(right)):
            return None
        chain.append((left.derivative(), right.derivative()))
    domain = engine.domain
    law = pair_law(*(domain.scalar(symbol) for symbol in (q1, q2, c)))
    base = engine.pair(*chain[-1], law)
    levels = [Level(*chain[-1], base, None)]
    for left, right in reversed(chain[:-1]):
        start = _mean(engine, left, law, 0) * _mean(engine, right, law, 1)
        value = start + integral(levels[-1].value)
        levels.append(Level(left, right, value, start))
    return tuple(reversed(levels))


def _mean(engine: Engine, f: NormalForm, law: Law, index: int) -> Value:
    return engine.single(f, single_law(law.variance[index]))


def _is_elementary(f: NormalForm) -> bool:
    """Constants, Diracs and centred Gaussians: what the base of the chain may hold."""
    return all(
        not shape.power
        and not shape.linear
        and not shape.constant
        and all(isinstance(part, Dirac) and not part.at for part in shape.factors)
        for shape, _ in f
    )


def _may_end(f: NormalForm) -> bool:
    """Whether differentiation can lead to elementary terms: no power times a Gaussian or Phi."""
    for shape, _ in f:
        if shape.linear or shape.constant:
            return False
        if shape.power and (shape.quadratic or any(hasattr(p, "slope") for p in shape.factors)):
            return False
        if shape.factors and shape.quadratic:
            return False
    return True


@dataclass
class _Parts:
    """sum_n plain[n] c^n + root[n] c^n / sqrt(D) + sum over arcsines of arc[n] c^n arcsin."""

    plain: dict[int, Scalar]
    root: dict[Polynomial, dict[int, Scalar]]
    arc: dict[ArcSin, dict[int, Scalar]]


def integral(value: Value) -> Value:
    """int_0^c of a value in the span above; NotRepresentable outside it."""
    domain = value.domain
    parts = _separate(value)
    total = Value(domain, {})
    covariance = domain.scalar(c)
    for n, weight in parts.plain.items():
        total = total + algebraic(weight * covariance ** (n + 1) / (n + 1))
    for sine, powers in parts.arc.items():
        radicand, slope = _derivative_of(sine)
        roots = parts.root.setdefault(radicand, {})
        for n, weight in powers.items():
            weight = weight / (n + 1)
            total = total + arcsine(sine.argument).scaled(weight * covariance ** (n + 1))
            roots[n + 1] = roots.get(n + 1, domain.zero) - weight * slope
    for radicand, powers in parts.root.items():
        for n, weight in powers.items():
            if weight:
                total = total + _root_integral(radicand, n, covariance).scaled(weight)
    return total


def _quadratic(radicand: Polynomial, covariance: Scalar) -> tuple[Scalar, Scalar]:
    """A and B of D = A - B c^2."""
    by_power = _powers(covariance.domain.field(radicand), covariance)
    if not set(by_power) <= {0, 2}:
        raise NotRepresentable("radicand is not A - B c^2")
    return by_power[0], -by_power[2]


def _root_integral(radicand: Polynomial, n: int, covariance: Scalar) -> Value:
    """int_0^c s^n / sqrt(A - B s^2) ds."""
    domain = covariance.domain
    a, b = _quadratic(radicand, covariance)
    root = domain.root(radicand)
    if n == 0:
        return arcsine((b / a).sqrt() * covariance).scaled(b.sqrt().inverse())
    if n == 1:
        return algebraic((a.sqrt() - root) / b)
    step = algebraic(-(covariance ** (n - 1)) * root / (b * n))
    return step + _root_integral(radicand, n - 2, covariance).scaled(a * (n - 1) / (b * n))


def _derivative_of(sine: ArcSin) -> tuple[Polynomial, Scalar]:
    """D and s with d/dc arcsin(r c) = s / sqrt(D)."""
    argument = sine.argument
    domain = argument.domain
    covariance = domain.scalar(c)
    slope = argument / covariance
    under = domain.one - argument * argument
    if _contains_c(slope) or not under.is_rational:
        raise NotRepresentable("arcsine of something that is not linear in c")
    root = under.sqrt()
    ((radicals, outside),) = root.terms.items()
    (radicand,) = (radical for radical in radicals if _degree(radical, domain) > 0)
    # slope / (outside * sqrt(D) * other roots)
    rest = Scalar(domain, {radicals - {radicand}: outside})
    return radicand, slope / rest


def _degree(polynomial: Polynomial, domain: object) -> int:
    index = domain.atoms.index(c)  # type: ignore[attr-defined]
    return int(polynomial.degree(index))


def _contains_c(scalar: Scalar) -> bool:
    domain = scalar.domain
    return any(
        _degree(value.numer, domain) > 0
        or _degree(value.denom, domain) > 0
        or any(_degree(radical, domain) > 0 for radical in radicals)
        for radicals, value in scalar.terms.items()
    )


def _powers(fraction: Fraction, covariance: Scalar) -> dict[int, Scalar]:
    """Coefficients of the powers of c of a rational function whose denominator has none."""
    domain = covariance.domain
    index = domain.atoms.index(c)
    if fraction.denom.degree(index) > 0:
        raise NotRepresentable("c in a denominator")
    found: dict[int, Scalar] = {}
    ring = fraction.numer.ring
    for exponents, coefficient in fraction.numer.items():
        rest = (*exponents[:index], 0, *exponents[index + 1 :])
        part = domain.rational(domain.field(ring({rest: coefficient})) / fraction.denom)
        power = exponents[index]
        found[power] = found[power] + part if power in found else part
    return found


def _separate(value: Value) -> _Parts:
    domain = value.domain
    covariance = domain.scalar(c)
    parts = _Parts({}, {}, {})
    for (exponent, specials), weight in value.terms.items():
        if exponent or len(specials) > 1:
            raise NotRepresentable("exponentials are not integrated")
        for radicals, fraction in weight.terms.items():
            inside = [radical for radical in radicals if _degree(radical, domain) > 0]
            if specials:
                (sine,) = specials
                if inside or not isinstance(sine, ArcSin):
                    raise NotRepresentable("only polynomials times arcsines are integrated")
                target = parts.arc.setdefault(sine, {})
            elif inside:
                (radicand,) = inside
                fraction = fraction * radicand
                target = parts.root.setdefault(radicand, {})
            else:
                target = parts.plain
            outside = Scalar(domain, {radicals - set(inside): domain.field.one})
            for power, part in _powers(fraction, covariance).items():
                target[power] = target.get(power, domain.zero) + part * outside
    return parts
