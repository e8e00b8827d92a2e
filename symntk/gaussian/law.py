"""The covariance of a Gaussian pair, exact, and the floats made from it without cancellation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from symntk.errors import UsageError


@dataclass(frozen=True, slots=True)
class Law:
    """Exact (q1, q2, c), and the floats made from them without cancellation."""

    q1: Fraction
    q2: Fraction
    c: Fraction

    @classmethod
    def of(cls, q1: Fraction, q2: Fraction, c: Fraction) -> Law:
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
