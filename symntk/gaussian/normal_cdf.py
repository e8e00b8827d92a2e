r"""The normal distribution functions of one and two variables, as SymPy functions.

    Phi(h)           = P(X <= h),               X ~ N(0, 1),
    Phi_2(h, k, rho) = P(X <= h, Y <= k),       (X, Y) ~ N(0, [[1, rho], [rho, 1]]).

Both differentiate in closed form and evaluate to any precision with small *relative* error, in the
tails and near rho = +-1 as well, because closed forms multiply them by exponentials that overflow.

Plackett (1954), A reduction formula for normal multivariate integrals, gives

    d Phi_2 / d rho = exp(-(h^2 - 2 rho h k + k^2) / (2 (1 - rho^2))) / (2 pi sqrt(1 - rho^2)),

and with rho = sin(theta), integrating from rho = -1, where Phi_2 = max(0, Phi(h) - Phi(-k)),

    Phi_2 = max(0, Phi(h) - Phi(-k))
            + 1/(2 pi) int_{-pi/2}^{asin rho} exp(-(h^2 - 2 h k sin t + k^2) / (2 cos(t)^2)) dt.

Both terms are positive, so nothing cancels between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import mpmath
from sympy import Expr, Float, Function, Max, Min, Rational, S, asin, exp, oo, pi, sqrt

_GUARD_BITS = 40


class NormalCDF(Function):  # type: ignore[misc]
    """Phi(h), the standard normal distribution function."""

    nargs = 1

    @classmethod
    def eval(cls, h: Expr) -> Expr | None:
        if h.is_zero:
            return S.Half
        if h is oo:
            return S.One
        if h is -oo:
            return S.Zero
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Phi'(h) = exp(-h^2/2) / sqrt(2 pi)."""
        (h,) = self.args
        return exp(-(h**2) / 2) / sqrt(2 * pi)

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[0].is_extended_real else None

    def _eval_is_finite(self) -> bool | None:
        return True if self.args[0].is_extended_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        (h,) = _numbers(self.args, prec + _GUARD_BITS)
        if h is None:
            return None
        with mpmath.workprec(prec + _GUARD_BITS):
            return _as_float(mpmath.ncdf(h), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\Phi{power}\left({printer._print(self.args[0])}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"Phi({printer._print(self.args[0])})"


class BivariateNormalCDF(Function):  # type: ignore[misc]
    """Phi_2(h, k, rho), the distribution function of two standard normals of correlation rho."""

    nargs = 3

    @classmethod
    def eval(cls, h: Expr, k: Expr, rho: Expr) -> Expr | None:
        if rho.is_zero:
            return NormalCDF(h) * NormalCDF(k)
        if h.is_zero and k.is_zero:
            return S.One / 4 + asin(rho) / (2 * pi)
        if h is -oo or k is -oo:
            return S.Zero
        if h is oo:
            return NormalCDF(k)
        if k is oo:
            return NormalCDF(h)
        if rho is S.One:
            return NormalCDF(Min(h, k))
        if rho is S.NegativeOne:
            return Max(0, NormalCDF(h) - NormalCDF(-k))
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """By a threshold: density times the conditional Phi; by rho: Plackett's formula."""
        h, k, rho = self.args
        if argindex == 3:
            form = (h**2 - 2 * rho * h * k + k**2) / (2 * (1 - rho**2))
            return exp(-form) / (2 * pi * sqrt(1 - rho**2))
        if argindex == 2:
            h, k = k, h
        return exp(-(h**2) / 2) / sqrt(2 * pi) * NormalCDF((k - rho * h) / sqrt(1 - rho**2))

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _eval_is_finite(self) -> bool | None:
        return self._eval_is_extended_real()

    def _eval_evalf(self, prec: int) -> Expr | None:
        # 1 - rho^2 and h - k lose as many bits as they are small: twice the bits cover the
        # correlations that float64 inputs can make.
        h, k, rho = _numbers(self.args, 2 * prec + _GUARD_BITS)
        if h is None or k is None or rho is None:
            return None
        return _as_float(bivariate_normal_cdf(h, k, rho, prec), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        inner = ", ".join(printer._print(arg) for arg in self.args)
        return rf"\Phi_2{power}\left({inner}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"Phi2({', '.join(printer._print(arg) for arg in self.args)})"


def _numbers(args: tuple[Expr, ...], bits: int) -> list[Any]:
    """The arguments as mpmath reals of at least ``bits`` bits; None where one is not a number."""
    digits = int(bits * 0.30103) + 2
    numbers = [arg.evalf(digits, maxn=4 * digits) for arg in args]
    with mpmath.workprec(bits + 8):
        return [_mpf(number) for number in numbers]


def _mpf(number: Expr) -> Any:
    if isinstance(number, Rational):
        return mpmath.mpf(number.p) / number.q
    return mpmath.make_mpf(number._mpf_) if isinstance(number, Float) else None


def _as_float(value: Any, prec: int) -> Expr:
    return Float._new(value._mpf_, prec)


def bivariate_normal_cdf(h: Any, k: Any, rho: Any, prec: int = 53) -> Any:
    """Phi_2 of three mpmath numbers to relative precision 2**-prec, by the module's formula.

    Angles are measured from the nearer pole, t = +-(pi/2 - gap), so that cos(t) = sin(gap) keeps
    its relative precision near rho = +-1.
    """
    with mpmath.workprec(2 * prec + _GUARD_BITS):
        if abs(h) > abs(k):
            h, k = k, h
        start = max(mpmath.mpf(0), mpmath.ncdf(h) - mpmath.ncdf(-k)) if h + k > 0 else mpmath.mpf(0)
        if rho <= -1:
            return start
        if rho >= 1:
            return mpmath.ncdf(min(h, k))
        sine, cosine = rho, mpmath.sqrt((1 - rho) * (1 + rho))
        gap = mpmath.atan2(cosine, abs(sine))
        half_pi = mpmath.pi / 2
        if rho <= 0:
            total = _half_integral(h, k, -1, mpmath.mpf(0), gap, prec)
        else:
            total = _half_integral(h, k, -1, mpmath.mpf(0), half_pi, prec)
            total += _half_integral(h, k, 1, gap, half_pi, prec)
        return start + total / (2 * mpmath.pi)


def _half_integral(h: Any, k: Any, side: int, low: Any, high: Any, prec: int) -> Any:
    """Int exp(-E) over gaps low..high of one pole, E = (h - side k)^2/(2 sin^2) + side h k/(1 + cos).

    E is least at sin t = h/k (|h| <= |k|) and monotone on either side, so the range where the
    integrand matters is found by bisection and no peak can be missed.
    """
    square, product = (h - side * k) ** 2 / 2, side * h * k

    def exponent(gap: Any) -> Any:
        pole = square / mpmath.sin(gap) ** 2 if square else square
        return pole + product / (1 + mpmath.cos(gap))

    peak = high
    if product > 0:
        peak = min(max(mpmath.asin(mpmath.sqrt((k - h) * (k + h)) / abs(k)), low), high)
    least = exponent(peak)
    budget = (prec + 10) * mpmath.ln2

    def matters(gap: Any) -> bool:
        return bool(exponent(gap) - least < budget)

    def integrand(gap: Any) -> Any:
        return mpmath.exp(least - exponent(gap))

    left = _edge(matters, peak, low, square != 0)
    right = _edge(matters, peak, high, False)
    total = mpmath.mpf(0)
    for a, b in ((left, peak), (peak, right)):
        for start, end in _graded(a, b):
            total += _adaptive(integrand, start, end, prec)
    return total * mpmath.exp(-least)


def _edge(matters: Callable[[Any], bool], inside: Any, outside: Any, singular: bool) -> Any:
    """Where the integrand stops to matter between its peak and an end of the range."""
    if inside == outside or (not (singular and outside == 0) and matters(outside)):
        return outside
    for _ in range(400):
        middle = mpmath.sqrt(inside * outside) if outside > 0 else inside / 16
        if matters(middle):
            inside = middle
        else:
            outside = middle
        if outside > 0 and abs(inside - outside) < outside / 16:
            break
    return outside


def _graded(low: Any, high: Any) -> Iterator[tuple[Any, Any]]:
    """The interval in panels that shrink by halves towards zero."""
    while low < high:
        middle = high / 2
        if middle <= 2 * low or high < mpmath.mpf(2) ** -600:
            yield low, high
            return
        if low == 0 and high < mpmath.mpf(1) / 4:
            yield low, high
            return
        yield middle, high
        high = middle


def _adaptive(f: Callable[[Any], Any], low: Any, high: Any, prec: int) -> Any:
    """Gauss-Legendre on bisected panels until two levels agree relative to what they add up to."""
    nodes = _gauss_legendre(prec)
    tolerance = mpmath.mpf(2) ** -(prec + 6)

    def rule(a: Any, b: Any) -> Any:
        middle, radius = (a + b) / 2, (b - a) / 2
        return radius * mpmath.fsum(w * f(middle + radius * t) for t, w in nodes)

    done = mpmath.mpf(0)
    waiting = [(low, high, rule(low, high))]
    scale = waiting[0][2]
    while waiting:
        a, b, whole = waiting.pop()
        middle = (a + b) / 2
        left, right = rule(a, middle), rule(middle, b)
        if abs(left + right - whole) <= tolerance * max(scale, done) or b - a < tolerance * b:
            done += left + right
        else:
            scale = max(scale, left + right)
            waiting += [(a, middle, left), (middle, b, right)]
    return done


@cache
def _gauss_legendre(prec: int) -> tuple[tuple[Any, Any], ...]:
    """Nodes and weights on [-1, 1], enough of them for panels of moderate variation."""
    count = 12 + prec // 8
    with mpmath.workprec(2 * prec + _GUARD_BITS):
        pairs = []
        for index in range(count):
            node = mpmath.cos(mpmath.pi * (index + mpmath.mpf(3) / 4) / (count + mpmath.mpf(1) / 2))
            for _ in range(100):
                before, here = mpmath.mpf(1), node
                for degree in range(2, count + 1):
                    before, here = (
                        here,
                        ((2 * degree - 1) * node * here - (degree - 1) * before) / degree,
                    )
                slope = count * (node * here - before) / (node**2 - 1)
                move = here / slope
                node -= move
                if abs(move) < mpmath.mpf(2) ** -(prec + 30):
                    break
            pairs.append((node, 2 / ((1 - node**2) * slope**2)))
        return tuple(pairs)
