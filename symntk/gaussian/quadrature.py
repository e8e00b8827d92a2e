r"""Gaussian expectations by quadrature in float64, for functions that no rule covers.

    integrate_one(f, q)          = E[f(u)],         u ~ N(0, q),
    integrate_pair(f, g, q1, q2, c) = E[f(u) g(v)],    (u, v) ~ N(0, [[q1, c], [c, q2]]).

Arguments are exact numbers, so that 1 - rho^2 = (q1 q2 - c^2) / (q1 q2) is exact before it is
rounded.  Two routes, each with an estimate of its error; the better one is returned.

Mehler's series, with a_k = E[f(sqrt(q1) z) h_k(z)], h_k the orthonormal Hermite polynomials:

    E[f(u) g(v)] = sum_k rho^k a_k b_k,      |tail after N| <= |rho|^(N+1) ||f|| ||g||,

keeps small results of small rho to full relative precision, because odd and even parts never mix.

Nested panels, for large |rho| and where the series cancels: with independent p, d ~ N(0, 1),

    u = sqrt(q1) (alpha p + beta d),    v = sqrt(q2) (alpha p - beta d),
    alpha^2 = (1 + rho)/2,              beta^2 = (1 - rho)/2,        rho >= 0,

the inner integral over p has the panels of f and of g, moved by d, and is smooth in d except where
a kink of f meets one of g.  For rho < 0, v is replaced by -v.  Diracs are sifted exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

from sympy import Expr, Rational

from symntk.errors import UsageError
from symntk.gaussian.numeric import (
    NODES,
    Numeric,
    gauss_legendre,
    numeric,
    reflected,
    resolved_panels,
    tails,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

Number: TypeAlias = int | float | Fraction | Expr | str

_EPSILON = 2.220446049250313e-16
_NEGLIGIBLE = 42.0  # exp(-42) = 6e-19
_GOOD_ENOUGH = 3e-14
_SERIES_REACH = 0.9
_MAX_TERMS = 420
_CHUNK = 400_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and an estimate of its absolute error."""

    value: float
    error: float

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.value + other.value, self.error + other.error)

    def scaled(self, factor: float) -> Estimate:
        """Times an exact factor."""
        return Estimate(self.value * factor, self.error * abs(factor))


@overload
def integrate_one(f: Expr, q: Number, *, with_error: Literal[False] = False) -> float: ...


@overload
def integrate_one(f: Expr, q: Number, *, with_error: Literal[True]) -> Estimate: ...


def integrate_one(f: Expr, q: Number, *, with_error: bool = False) -> float | Estimate:
    """E[f(u)], u ~ N(0, q); exactly 0 for an odd f.

    ``q`` is a non-negative number, taken exactly.  Raises UsageError where the expectation does
    not exist or overflows float64.
    """
    function, variance = numeric(f), _exact(q)
    if variance < 0:
        raise UsageError(f"a variance is not negative: {q}")
    result = _normal_mean(function, Fraction(0), variance)
    for dirac in function.diracs:
        if variance == 0:
            raise UsageError(f"the Dirac in {f} has no expectation at variance 0")
        location = float(dirac.location)
        density = _density(location, float(variance))
        result += Estimate(float(dirac.weight) * density, 0.0)
    return result if with_error else result.value


@overload
def integrate_pair(
    f: Expr, g: Expr, q1: Number, q2: Number, c: Number, *, with_error: Literal[False] = False
) -> float: ...


@overload
def integrate_pair(
    f: Expr, g: Expr, q1: Number, q2: Number, c: Number, *, with_error: Literal[True]
) -> Estimate: ...


def integrate_pair(
    f: Expr, g: Expr, q1: Number, q2: Number, c: Number, *, with_error: bool = False
) -> float | Estimate:
    """E[f(u) g(v)]; exactly 0 where symmetry makes it so, infinite for two Diracs that coincide.

    f, g: functions of ``x``, Diracs allowed.  q1, q2 >= 0 and c with c^2 <= q1 q2, taken exactly.
    Raises UsageError for a law that is none, and where the expectation overflows.
    """
    first, second = numeric(f), numeric(g)
    law = _Law.of(_exact(q1), _exact(q2), _exact(c))
    result = _regular_pair(first, second, law)
    for dirac in first.diracs:
        result += _sifted(dirac.location, dirac.weight, second, law.q1, law.q2, law.c)
    for dirac in second.diracs:
        result += _sifted(dirac.location, dirac.weight, first, law.q2, law.q1, law.c)
    for one in first.diracs:
        for two in second.diracs:
            density = _pair_density(one.location, two.location, law)
            result += Estimate(float(one.weight * two.weight) * density, 0.0)
    return result if with_error else result.value


def _exact(value: Number) -> Fraction:
    """The number without rounding: a float is the binary fraction it is."""
    if isinstance(value, Expr):
        if value.is_Rational:
            return Fraction(int(value.p), int(value.q))
        if not value.is_number:
            raise UsageError(f"not a number: {value}")
        digits = Rational(str(value.evalf(60)))
        return Fraction(int(digits.p), int(digits.q))
    return Fraction(value)


@dataclass(frozen=True, slots=True)
class _Law:
    """Exact (q1, q2, c), and the floats made from them without cancellation."""

    q1: Fraction
    q2: Fraction
    c: Fraction

    @classmethod
    def of(cls, q1: Fraction, q2: Fraction, c: Fraction) -> _Law:
        if q1 < 0 or q2 < 0 or c * c > q1 * q2:
            raise UsageError(
                "not a covariance matrix: it needs q1, q2 >= 0 and c^2 <= q1 q2, found "
                f"q1 = {float(q1)}, q2 = {float(q2)}, c = {float(c)}"
            )
        return cls(q1, q2, c)

    @property
    def degenerate(self) -> bool:
        """Whether v is a multiple of u, or either is constant."""
        return self.c * self.c == self.q1 * self.q2

    @property
    def rho(self) -> float:
        return math.copysign(math.sqrt(self.c * self.c / (self.q1 * self.q2)), self.c)

    @property
    def beta(self) -> float:
        """sqrt((1 - |rho|)/2), from the exact determinant."""
        rest = (self.q1 * self.q2 - self.c * self.c) / (self.q1 * self.q2)
        return math.sqrt(float(rest) / (2 * (1 + abs(self.rho))))


def _density(point: float, variance: float) -> float:
    return math.exp(-point * point / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def _sifted(
    location: Expr, weight: Expr, other: Numeric, q1: Fraction, q2: Fraction, c: Fraction
) -> Estimate:
    """E[weight delta(u - t) g(v)] = weight p(t) E[g(v) | u = t]."""
    if q1 == 0:
        raise UsageError("a Dirac has no expectation at variance 0")
    if other.is_zero:
        return Estimate(0.0, 0.0)
    at = _exact(location)
    factor = float(weight) * _density(float(at), float(q1))
    return _normal_mean(other, c * at / q1, q2 - c * c / q1).scaled(factor)


def _pair_density(one: Expr, two: Expr, law: _Law) -> float:
    """Density of (u, v) at a point; on a degenerate law 0 off its line, infinite on it."""
    s, t = _exact(one), _exact(two)
    determinant = law.q1 * law.q2 - law.c * law.c
    if determinant == 0:
        return math.inf if law.q1 * t == law.c * s else 0.0
    form = (law.q2 * s * s - 2 * law.c * s * t + law.q1 * t * t) / (2 * determinant)
    return math.exp(-float(form)) / (2 * math.pi * math.sqrt(determinant))


# one variable


def _normal_mean(function: Numeric, mean: Fraction, variance: Fraction) -> Estimate:
    """E[f(m + s z)] of the regular part."""
    if function.is_zero or (mean == 0 and function.parity == -1):
        return Estimate(0.0, 0.0)
    if variance == 0:
        value = function.at(float(mean))
        return Estimate(value, _EPSILON * abs(value))
    m, s = float(mean), math.sqrt(variance)
    points, weights = _rule(function, m, s, power=1)
    return _summed(function(points) * weights)


def _summed(terms: Array) -> Estimate:
    import numpy as np

    size = float(np.abs(terms).sum())
    if not math.isfinite(size):
        raise UsageError("the expectation does not exist or overflows")
    return Estimate(math.fsum(terms.ravel().tolist()), 4 * _EPSILON * size)


def _rule(function: Numeric, mean: float, spread: float, power: int) -> tuple[Array, Array]:
    """Points and N(mean, spread^2) weights that integrate f^power to rounding."""
    import numpy as np

    low, high = _reach(function, mean, spread, power)
    edges = resolved_panels(function, mean + spread * low, mean + spread * high)
    grid = mean + spread * np.arange(math.floor(low), math.ceil(high), 0.5)
    inside = grid[(grid > edges[0]) & (grid < edges[-1])]
    edges = np.unique(np.concatenate([edges, inside]))
    nodes, weights = gauss_legendre()
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1] + edges[1:])[:, None] / 2 + half * nodes
    z = (points - mean) / spread
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return points, half / spread * weights * density


def _logarithm(values: Array) -> Array:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        logs: Array = np.log(np.abs(values))
    if np.isnan(logs).any():
        raise UsageError("the function is not defined everywhere on the real line")
    return logs


def _reach(function: Numeric, mean: float, spread: float, power: int) -> tuple[float, float]:
    """The range of z beyond which |f(mean + spread z)|^power exp(-z^2/2) is negligible."""
    import numpy as np

    z = np.linspace(-40.0, 40.0, 801)
    height = power * _logarithm(function(mean + spread * z)) - z * z / 2
    top = height[np.isfinite(height)].max(initial=-math.inf)
    if height.max() == math.inf or height[[0, -1]].max() > top - _NEGLIGIBLE > -math.inf:
        raise UsageError(f"the expectation of {function.name} does not exist or overflows")
    matters = z[height > top - _NEGLIGIBLE]
    low, high = (matters[0], matters[-1]) if len(matters) else (0.0, 0.0)
    return min(-9.5, float(low) - 0.1), max(9.5, float(high) + 0.1)


# two variables


def _regular_pair(f: Numeric, g: Numeric, law: _Law) -> Estimate:
    if f.is_zero or g.is_zero or f.parity * g.parity == -1:
        return Estimate(0.0, 0.0)
    if law.q1 == 0 or law.q2 == 0 or law.c == 0:
        one = _normal_mean(f, Fraction(0), law.q1)
        two = _normal_mean(g, Fraction(0), law.q2)
        error = abs(one.value) * two.error + abs(two.value) * one.error
        return Estimate(one.value * two.value, error)
    if law.c < 0:
        g, law = reflected(g), _Law(law.q1, law.q2, -law.c)
    if law.degenerate:
        return _diagonal(f, g, math.sqrt(law.q1), math.sqrt(law.q2))
    series = None
    if law.rho <= _SERIES_REACH:
        series = _mehler(f, g, law)
        if series is not None and series.error <= _GOOD_ENOUGH * abs(series.value):
            return series
    nested = _nested(f, g, law)
    return series if series is not None and series.error < nested.error else nested


def _diagonal(f: Numeric, g: Numeric, s1: float, s2: float) -> Estimate:
    """E[f(s1 z) g(s2 z)], the panels being those of both functions."""
    import numpy as np

    z = np.linspace(-40.0, 40.0, 801)
    height = _logarithm(f(s1 * z)) + _logarithm(g(s2 * z)) - z * z / 2
    low, high = _box(height, z, f, g)
    nodes, weights = gauss_legendre()
    edges = np.unique(
        np.concatenate(
            [
                resolved_panels(f, s1 * low, s1 * high) / s1,
                resolved_panels(g, s2 * low, s2 * high) / s2,
                np.arange(math.ceil(low), high),
            ]
        )
    )
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1] + edges[1:])[:, None] / 2 + half * nodes
    density = np.exp(-points * points / 2) / math.sqrt(2 * math.pi)
    return _summed(f(s1 * points) * g(s2 * points) * half * weights * density)


def _box(height: Array, z: Array, f: Numeric, g: Numeric) -> tuple[float, float]:
    """Where a log-integrand on the grid ``z`` matters."""
    import numpy as np

    top = height[np.isfinite(height)].max(initial=-math.inf)
    if height.max() == math.inf or height[[0, -1]].max() > top - _NEGLIGIBLE > -math.inf:
        raise UsageError(f"E[f g] of {f.name} and {g.name} does not exist or overflows")
    matters = z[height > top - _NEGLIGIBLE]
    step = float(z[1] - z[0])
    low, high = (matters[0], matters[-1]) if len(matters) else (0.0, 0.0)
    return min(-9.5, float(low) - step), max(9.5, float(high) + step)


@lru_cache(maxsize=64)
def _coefficients(f: Numeric, spread: float) -> tuple[Array, float] | None:
    """Hermite coefficients a_0 .. of f(spread z), and its norm; None where it is not in L^2."""
    import numpy as np

    try:
        points, weights = _rule(f, 0.0, spread, power=2)
    except UsageError:
        return None
    values = f(points) * weights
    norm = math.sqrt(float((f(points) * values).sum()))
    z, terms = (points / spread).ravel(), values.ravel()
    found = np.empty(_MAX_TERMS)
    before, here = np.zeros_like(z), np.ones_like(z)
    for k in range(_MAX_TERMS):
        found[k] = terms @ here
        before, here = here, (z * here - math.sqrt(k) * before) / math.sqrt(k + 1)
    if f.parity:
        found[(1 if f.parity == 1 else 0) :: 2] = 0.0
    return found, norm


def _mehler(f: Numeric, g: Numeric, law: _Law) -> Estimate | None:
    """sum_k rho^k a_k b_k with the bound on its tail, and rounding errors of the coefficients."""
    import numpy as np

    left = _coefficients(f, math.sqrt(law.q1))
    right = _coefficients(g, math.sqrt(law.q2))
    if left is None or right is None:
        return None
    (a, norm_f), (b, norm_g) = left, right
    powers = law.rho ** np.arange(_MAX_TERMS)
    terms = powers * a * b
    tail = law.rho**_MAX_TERMS * norm_f * norm_g
    live = (a != 0) & (b != 0)
    rounding = float((powers * (np.abs(a) * norm_g + np.abs(b) * norm_f))[live].sum())
    return Estimate(math.fsum(terms.tolist()), tail + 2 * _EPSILON * rounding)


def _nested(f: Numeric, g: Numeric, law: _Law) -> Estimate:
    """Adaptive panels in d over the inner integrals in p; see the module's docstring."""
    import numpy as np

    inner = _Inner.of(f, g, law)
    low, high = inner.outer_range
    meetings = [
        (s / inner.s1 - t / inner.s2) / (2 * inner.beta) for s in f.breaks for t in g.breaks
    ]
    kinks = [d for d in meetings if low < d < high]
    edges = np.unique(np.concatenate([[low], np.arange(math.ceil(low), high), [high], kinks]))
    left, right = edges[:-1], edges[1:]
    nodes, weights = gauss_legendre()
    total, size, error = 0.0, 0.0, 0.0
    for depth in range(50):
        half = (right - left) / 2
        points = (left + right)[:, None] / 2 + half[:, None] * nodes
        values, sizes = inner(points.ravel())
        density = np.exp(-points * points / 2) / math.sqrt(2 * math.pi)
        values = values.reshape(points.shape) * density
        sizes = sizes.reshape(points.shape) * density
        sums, scale = (values @ weights) * half, float(((sizes @ weights) * half).sum())
        unresolved = tails(values) * half
        split = unresolved > 1e-13 * max(size + scale, 1e-300)
        if depth == 49:
            split[:] = False
        total += float(sums[~split].sum())
        size += float(((sizes @ weights) * half)[~split].sum())
        error += float(unresolved[~split].sum()) * 1e-2
        left, right = left[split], right[split]
        if not len(left):
            break
        middle = (left + right) / 2
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    if not math.isfinite(total):
        raise UsageError("the expectation does not exist or overflows")
    return Estimate(total, error + 4 * _EPSILON * size)


@dataclass(frozen=True)
class _Inner:
    """H(d) = E_p[f(s1 (alpha p + beta d)) g(s2 (alpha p - beta d))]."""

    f: Numeric
    g: Numeric
    s1: float
    s2: float
    alpha: float
    beta: float
    inner_range: tuple[float, float]
    outer_range: tuple[float, float]
    f_edges: Array
    g_edges: Array

    @classmethod
    def of(cls, f: Numeric, g: Numeric, law: _Law) -> _Inner:
        import numpy as np

        s1, s2 = math.sqrt(law.q1), math.sqrt(law.q2)
        alpha, beta = math.sqrt((1 + law.rho) / 2), law.beta
        grid = np.linspace(-40.0, 40.0, 321)
        p, d = grid[:, None], grid[None, :]
        height = (
            _logarithm(f(s1 * (alpha * p + beta * d)))
            + _logarithm(g(s2 * (alpha * p - beta * d)))
            - (p * p + d * d) / 2
        )
        inner_range = _box(height.max(axis=1), grid, f, g)
        outer_range = _box(height.max(axis=0), grid, f, g)
        reach = alpha * max(map(abs, inner_range)) + beta * max(map(abs, outer_range))
        return cls(
            f,
            g,
            s1,
            s2,
            alpha,
            beta,
            inner_range,
            outer_range,
            resolved_panels(f, -s1 * reach, s1 * reach),
            resolved_panels(g, -s2 * reach, s2 * reach),
        )

    def __call__(self, d: Array) -> tuple[Array, Array]:
        """H and the integral of the absolute value, for a vector of d."""
        import numpy as np

        rows = max(1, _CHUNK // (NODES * (len(self.f_edges) + len(self.g_edges) + 20)))
        parts = [self._rows(d[start : start + rows]) for start in range(0, len(d), rows)]
        return np.concatenate([v for v, _ in parts]), np.concatenate([s for _, s in parts])

    def _rows(self, d: Array) -> tuple[Array, Array]:
        import numpy as np

        low, high = self.inner_range
        shift = self.beta * d[:, None]
        grid = np.arange(math.ceil(low), high)
        edges = np.concatenate(
            [
                (self.f_edges / self.s1 - shift) / self.alpha,
                (self.g_edges / self.s2 + shift) / self.alpha,
                np.broadcast_to(grid, (len(d), len(grid))),
                np.broadcast_to([low, high], (len(d), 2)),
            ],
            axis=1,
        )
        edges = np.sort(np.clip(edges, low, high), axis=1)
        row, column = np.nonzero(edges[:, 1:] > edges[:, :-1])
        left, right = edges[row, column], edges[row, column + 1]
        nodes, weights = gauss_legendre()
        half = (right - left)[:, None] / 2
        p = (left + right)[:, None] / 2 + half * nodes
        offset = self.beta * d[row][:, None]
        values = (
            self.f(self.s1 * (self.alpha * p + offset))
            * self.g(self.s2 * (self.alpha * p - offset))
            * np.exp(-p * p / 2)
        )
        weighted = values * (half * weights / math.sqrt(2 * math.pi))
        sums = np.bincount(row, weighted.sum(axis=1), minlength=len(d))
        sizes = np.bincount(row, np.abs(weighted).sum(axis=1), minlength=len(d))
        return sums, sizes
