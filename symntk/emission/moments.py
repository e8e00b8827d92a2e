"""Closed forms of Gaussian expectations as a kernel computes them, and the gaps of the result."""

from __future__ import annotations

from sympy import And, Expr, Max, Piecewise, Poly, PolynomialError, Rational, S, expand, pi, sqrt

from symntk.emission.forms import TINY
from symntk.emission.stabilise import stabilise
from symntk.emission.stable_moment import SmoothGap, StableMoment
from symntk.emission.symbols import (
    angle,
    c,
    g,
    low,
    n,
    q,
    q1,
    q2,
    r1,
    r2,
    root,
    root1,
    root2,
    s,
    size,
    small,
)
from symntk.gaussian.parity import is_even, is_odd


def stable_moment(closed: Expr) -> StableMoment:
    """The stable form of a closed form in (q1, q2, c)."""
    value = stabilise(closed)
    return StableMoment(value, at_equal_inputs(value))


def smooth_gap(f: Expr, closed: Expr, slope: Expr) -> SmoothGap:
    """`SmoothGap` of a smooth f, from the closed forms of E[f(u) f(v)] and E[f'(u) f'(v)]."""
    equal = {q1: q, q2: q, c: q}
    k, m = closed.subs(equal), slope.subs(equal)
    stable_k = at_equal_inputs(stabilise(closed))
    radial = (m + 2 * q * m.diff(q) - q * k.diff(q) ** 2 / Max(TINY, stable_k)) / 2
    parity = 1 if is_even(f) else -1 if is_odd(f) else 0
    return SmoothGap(stabilise(slope), stabilise(radial), parity)


def at_equal_inputs(value: Expr) -> Expr:
    """``value`` at u = v: q1 = q2 = c = q, where g = 0 and the angle is 0."""
    equal = {q1: q, q2: q, r1: sqrt(q), r2: sqrt(q), n: q, c: q, g: S.Zero, s: 2 * q}
    return value.subs({**equal, root: S.Zero, angle: S.Zero})


def gaps(moment: StableMoment, first_root: Expr, second_root: Expr) -> tuple[Expr, Expr]:
    r"""(n' - K, n' + K) for K = ``moment.value``, both non-negative.

    n' is the product of the roots, sqrt(K) of either input with itself.

    A function with kinks makes the next angle proportional to sqrt(n' - K), so there n' - K needs
    its relative precision.  Such a K is a polynomial in the angle and the root, and K(0) - K is
    then a sum of terms that each vanish with the angle: nothing cancels.  Even and odd K take the
    angle to the nearer axis, so that opposite inputs are as good as parallel ones.  Of the rest,
    n' - K(0) is zero for homogeneous functions, and for inputs of equal variance.
    Where K is not such a polynomial, f is smooth: `SmoothGap` for nearly equal inputs, else the
    plain difference.
    """
    value, n_next = moment.value, first_root * second_root
    if moment.gap is not None:
        nearer = moment.gap.xreplace({root1: first_root, root2: second_root})
        return (
            Piecewise((nearer, g <= s), (2 * n_next - nearer, True)),
            Piecewise((2 * n_next - nearer, g <= s), (nearer, True)),
        )
    drop = _drop_from_zero_angle(value)
    same = Max(r1 - r2, r2 - r1)
    if drop is None:
        return _smooth(moment, n_next)
    at_zero = value.subs({c: n, root: S.Zero, angle: S.Zero})
    mismatch = S.Zero
    if not _is_homogeneous(at_zero, moment.diagonal):
        mismatch = Piecewise((S.Zero, same <= 0), (Max(S.Zero, n_next - at_zero), True))
    parity = _parity(value)
    if parity == 0 or mismatch != 0:
        return Max(S.Zero, mismatch + drop), Max(S.Zero, n_next + value)
    folded = Max(S.Zero, drop.subs({g: low, c: size, angle: small}))
    if parity > 0:
        return folded, 2 * n_next - folded
    ahead = g <= s
    return (
        Piecewise((folded, ahead), (2 * n_next - folded, True)),
        Piecewise((2 * n_next - folded, ahead), (folded, True)),
    )


FIRST_ORDER = Rational(1, 10**8)
"""Gaps smaller than this, beside n, are taken to first order; the others as differences."""


def _smooth(moment: StableMoment, n_next: Expr) -> tuple[Expr, Expr]:
    """(n' - K, n' + K) of a smooth function."""
    near, far = Max(S.Zero, n_next - moment.value), Max(S.Zero, n_next + moment.value)
    if moment.smooth is None:
        return near, far
    slope, radial = moment.smooth.slope, moment.smooth.radial
    distance = (r1 - r2) ** 2
    ends = radial.subs(q, q1) + radial.subs(q, q2)
    parity = moment.smooth.parity
    gap = low if parity else g
    expansion = Max(S.Zero, gap * Max(slope, -slope) + distance * ends / 2)
    small_gap = Max(gap, distance) <= FIRST_ORDER * n
    if parity >= 0:
        return Piecewise((expansion, small_gap), (near, True)), far
    return (
        Piecewise((expansion, And(small_gap, g <= s)), (near, True)),
        Piecewise((expansion, And(small_gap, s < g)), (far, True)),
    )


def _drop_from_zero_angle(value: Expr) -> Expr | None:
    """K at angle zero minus K, term by term; None where K is not polynomial in angle and root."""
    try:
        polynomial = Poly(value, root, angle)
    except PolynomialError:
        return None
    if not all(c_.is_polynomial(c) for c_ in polynomial.coeffs()) or value.has(g, s):
        return None
    constant = polynomial.coeff_monomial(1)
    rest = expand(value - constant)
    return expand(constant.subs(c, n) - constant.subs(c, n - g)) - rest


def _is_homogeneous(at_zero: Expr, diagonal: Expr) -> bool:
    """Whether K at angle zero is the geometric mean of the variances."""
    square = diagonal.subs(q, r1**2) * diagonal.subs(q, r2**2)
    plain = at_zero.subs({n: r1 * r2, q1: r1**2, q2: r2**2})
    return bool(expand(square - plain**2) == 0)


def _parity(value: Expr) -> int:
    """1 if K is even in c, -1 if it is odd, else 0."""
    opposite = value.subs({c: -c, angle: pi - angle}, simultaneous=True)
    if expand(opposite - value) == 0:
        return 1
    return -1 if expand(opposite + value) == 0 else 0
