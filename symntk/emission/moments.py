"""Closed forms of Gaussian expectations as a kernel computes them, and the gaps of the result."""

from __future__ import annotations

from sympy import Expr, Max, Piecewise, Poly, PolynomialError, S, expand, pi, sqrt

from symntk.emission.stabilise import stabilise
from symntk.emission.stable_moment import StableMoment
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


def stable_moment(closed: Expr) -> StableMoment:
    """The stable form of a closed form in (q1, q2, c)."""
    value = stabilise(closed)
    return StableMoment(value, at_equal_inputs(value))


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
    Where K is not such a polynomial, f is smooth, and the plain difference does.
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
        plain = Max(S.Zero, n_next - value)
        near = Piecewise((S.Zero, Max(g, same) <= 0), (plain, True))
        return near, Max(S.Zero, n_next + value)
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
