"""A Gaussian expectation in the form in which a kernel computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Symbol


@dataclass(frozen=True)
class SmoothGap:
    r"""The gap of E[f(u) f(v)] for a smooth f and nearly equal u and v, to first order.

    With K(q) = E f(u)^2, M(q) = E f'(u)^2 and r = sqrt(q), Taylor's formula in (r1 - r2)^2 and g is

        n' - E[f(u) f(v)] = g E[f'(u) f'(v)] + (r1 - r2)^2 B + ...,
        B = (M + 2 q M' - q K'^2 / K) / 2,

    since E[(f(u) - f(v))^2] = (r1 - r2)^2 E[z^2 f'(r z)^2] + 2 g M + ..., E[u^2 h(u)] =
    q E h + 2 q^2 (E h)' by Stein's lemma, and (d sqrt(K) / dr)^2 = q K'^2 / K.

    slope: E[f'(u) f'(v)]; radial: B, a function of q; parity: 1 for an even f, -1 for an odd one.
    """

    slope: Expr
    radial: Expr
    parity: int

    def with_constants(self, constants: Mapping[Symbol, Symbol]) -> SmoothGap:
        """With parameters replaced by constants of the emitted module."""
        slope, radial = self.slope.xreplace(constants), self.radial.xreplace(constants)
        return SmoothGap(slope, radial, self.parity)


@dataclass(frozen=True)
class StableMoment:
    """E[f(u) f(v)] in the symbols of `symntk.emission.symbols`.

    value: the expectation at a pair of inputs.
    diagonal: the same at (a, a), where u and v are one variable of variance q.
    gap: where a routine computes it, the gap n' - value, n' = sqrt(diagonal(q1) diagonal(q2)), of
        nearly parallel inputs, n' + value of nearly opposite ones; in ``root1``, ``root2`` too.
    smooth: for a smooth f, the gap of nearly equal inputs.
    """

    value: Expr
    diagonal: Expr
    gap: Expr | None = None
    smooth: SmoothGap | None = None

    def with_constants(self, constants: Mapping[Symbol, Symbol]) -> StableMoment:
        """The moment with its parameters replaced by constants of the emitted module."""
        gap = None if self.gap is None else self.gap.xreplace(constants)
        value, diagonal = self.value.xreplace(constants), self.diagonal.xreplace(constants)
        smooth = None if self.smooth is None else self.smooth.with_constants(constants)
        return StableMoment(value, diagonal, gap, smooth)
