"""A Gaussian expectation in the form in which a kernel computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Symbol


@dataclass(frozen=True)
class StableMoment:
    """E[f(u) f(v)] in the symbols of `symntk.emission.symbols`.

    value: the expectation at a pair of inputs.
    diagonal: the same at (a, a), where u and v are one variable of variance q.
    gap: where a routine computes it, the gap n' - value, n' = sqrt(diagonal(q1) diagonal(q2)), of
        nearly parallel inputs, n' + value of nearly opposite ones; in ``root1``, ``root2`` too.
    """

    value: Expr
    diagonal: Expr
    gap: Expr | None = None

    def with_constants(self, constants: Mapping[Symbol, Symbol]) -> StableMoment:
        """The moment with its parameters replaced by constants of the emitted module."""
        gap = None if self.gap is None else self.gap.xreplace(constants)
        value, diagonal = self.value.xreplace(constants), self.diagonal.xreplace(constants)
        return StableMoment(value, diagonal, gap)
