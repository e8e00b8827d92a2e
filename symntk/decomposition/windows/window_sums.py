r"""Kernels that are sums over pairs of windows, monomial by monomial, wherever in the window it is.

    sum_{t, t'} m(t + a, t' + b) = sum_{t, t'} m(t, t')

far from the edges, so that monomials which are moved copies of one another have one coefficient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import sympy as sp

from symntk.decomposition.polynomials.expectations import Means
from symntk.decomposition.polynomials.multilinear import collected
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.windows.blocks import Pattern
from symntk.decomposition.windows.windows import Windows
from symntk.derivation import Derivation
from symntk.graph.positions import Length


@dataclass(frozen=True)
class WindowSum:
    """A kernel of documents as a polynomial in the matches of two windows, summed over both.

    coefficients: by the places of the tokens that agree, the first ones at 0; None for what each
        pair of documents has once.
    size: the number of tokens in a window.
    is_mean: whether the sums are divided by the lengths of the documents.
    has_edges: whether windows that overlap an end of a document have coefficients of their own.
    has_repeats: whether windows that hold a token twice have coefficients of their own.
    """

    coefficients: Mapping[Pattern | None, sp.Expr]
    size: int
    is_mean: bool
    has_edges: bool
    has_repeats: bool

    @property
    def is_exact(self) -> bool:
        """Whether the kernel is this polynomial at the ends of the documents, too.

        Windows of one token have no ends, and what needs all tokens of a window is 0 beyond them.
        """
        if self.has_repeats:
            return False
        if self.size == 1:
            return not self.has_edges
        return all(
            value == 0 or len(pattern or ()) == self.size
            for pattern, value in self.coefficients.items()
        )


def window_sum(
    derivation: Derivation, means: Means | None = None, outputs: tuple[str, ...] = ("ntk",)
) -> WindowSum:
    """The sum of outputs of a derivation as such a sum, for windows that lie inside of documents.

    Raises NotWindows for a kernel that is no sum over pairs of windows.
    """
    means = means or Means()
    means.is_short = True
    windows = Windows(derivation, evaluate=means)
    found: dict[Pattern | None, sp.Expr] = {}
    size, averages = 0, set()
    for part in chain.from_iterable(map(windows.summands, outputs)):
        monomials = [(None, sp.S.One)] if part.body is None else windows.monomials(part.body)
        for pattern, value in monomials:
            coefficient, is_mean = without_lengths(part.coefficient * value)
            if coefficient != 0:
                averages.add(is_mean)
            size = max([size, *(1 + a for a, _ in pattern or ())])
            shape = None if pattern is None else anchored(pattern)
            found[shape] = found.get(shape, sp.S.Zero) + coefficient
    if len(averages) > 1:
        raise NotWindows("some terms are means over positions, and some are sums")
    coefficients = {
        pattern: collected(found[pattern])
        for pattern in sorted(found, key=lambda p: (p is None, len(p or ()), sorted(p or ())))
    }
    is_mean = averages == {True}
    return WindowSum(coefficients, size, is_mean, windows.has_edges, windows.has_repeats)


def without_lengths(coefficient: sp.Expr) -> tuple[sp.Expr, bool]:
    """C of c / (T T') and True, or a coefficient without lengths and False."""
    lengths = coefficient.atoms(Length)
    rest = coefficient * sp.Mul(*lengths)
    if rest.atoms(Length):
        raise NotWindows(f"{coefficient} depends on the lengths of the documents")
    return rest, bool(lengths)


def anchored(pattern: Pattern) -> Pattern:
    """The pattern with its first places, in both windows, moved to 0."""
    if not pattern:
        return pattern
    first, second = (min(offset[side] for offset in pattern) for side in (0, 1))
    return frozenset((a - first, b - second) for a, b in pattern)
