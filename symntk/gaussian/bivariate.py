r"""Numbers of the bivariate normal distribution function, to any relative precision.

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

GUARD_BITS = 40
"""Bits beyond those asked for."""


def bivariate_normal_cdf(h: Any, k: Any, rho: Any, prec: int = 53) -> Any:
    """Phi_2 of three mpmath numbers to relative precision 2**-prec, by the formula above.

    Angles are measured from the nearer pole by w = tan(gap/2), gap = pi/2 - |t|, so that
    cos(t) = 2 w/(1 + w^2) keeps its relative precision near rho = +-1 and the exponent is rational.
    """
    with mpmath.workprec(2 * prec + GUARD_BITS):
        h, k, rho = +h, +k, +rho  # rounded to the working precision, so that comparisons are exact
        if abs(h) > abs(k):
            h, k = k, h
        start = max(mpmath.mpf(0), mpmath.ncdf(h) - mpmath.ncdf(-k)) if h + k > 0 else mpmath.mpf(0)
        if rho <= -1:
            return start
        if rho >= 1:
            return mpmath.ncdf(min(h, k))
        zero, one = mpmath.mpf(0), mpmath.mpf(1)
        end = mpmath.sqrt((1 - rho) * (1 + rho)) / (1 + abs(rho))
        if rho <= 0:
            total = _half_integral(h, k, -1, zero, end, prec)
        else:
            total = _half_integral(h, k, -1, zero, one, prec)
            total += _half_integral(h, k, 1, end, one, prec)
        return start + total / (2 * mpmath.pi)


def _half_integral(h: Any, k: Any, side: int, low: Any, high: Any, prec: int) -> Any:
    """Integral of exp(-E) 2/(1 + w^2) over low <= w <= high of one pole.

    E = (h - side k)^2 / (2 cos(t)^2) + side h k / (1 + |sin t|)
      = (h - side k)^2 (1 + w^2)^2 / (8 w^2) + side h k (1 + w^2) / 2

    is least at sin t = h/k (|h| <= |k|) and monotone on either side, so the range where the
    integrand matters is found by bisection and no peak can be missed.
    """
    square, product = (h - side * k) ** 2 / 8, side * h * k / 2
    peak = high
    if product > 0:
        inside = mpmath.sqrt((k - h) * (k + h)) / (abs(k) + abs(h))
        peak = min(max(inside, low), high)

    def exponent(w: Any) -> Any:
        secant = 1 + w * w
        pole = square * (secant / w) ** 2 if square else square
        return pole + product * secant

    least = exponent(peak)
    bits = prec + GUARD_BITS + (max(0, int(mpmath.mag(least))) if least else 0)
    with mpmath.workprec(bits):
        budget = (prec + 10) * mpmath.ln2

        def matters(w: Any) -> bool:
            return bool(exponent(w) - least < budget)

        def integrand(w: Any) -> Any:
            return mpmath.exp(least - exponent(w)) / (1 + w * w)

        left = _edge(matters, peak, low, square != 0)
        right = _edge(matters, peak, high, False)
        total = mpmath.mpf(0)
        for a, b in ((left, peak), (peak, right)):
            for start, end in _graded(a, b):
                total += _adaptive(integrand, start, end, prec)
        return 2 * total * mpmath.exp(-least)


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
    with mpmath.workprec(2 * prec + GUARD_BITS):
        pairs = []
        for index in range(count):
            node = mpmath.cos(mpmath.pi * (index + mpmath.mpf(3) / 4) / (count + mpmath.mpf(1) / 2))
            for _ in range(100):
                before, here = mpmath.mpf(1), node
                for degree in range(2, count + 1):
                    after = (2 * degree - 1) * node * here - (degree - 1) * before
                    before, here = here, after / degree
                slope = count * (node * here - before) / (node**2 - 1)
                move = here / slope
                node -= move
                if abs(move) < mpmath.mpf(2) ** -(prec + 30):
                    break
            pairs.append((node, 2 / ((1 - node**2) * slope**2)))
        return tuple(pairs)
