"""Kernels that are no sums over windows, of two short documents that agree position by position.

Both have so many tokens, all different, and x' has the tokens of x at some positions and others
elsewhere: the kernel is a polynomial in the matches m_i = [x_i = x'_i].
"""

from __future__ import annotations

import sympy as sp

from symntk.decomposition.polynomials.expectations import Means, TooLong
from symntk.decomposition.polynomials.instance import Instance, Matches, evaluated
from symntk.decomposition.polynomials.multilinear import coefficients, collected
from symntk.decomposition.windows.blocks import Pattern
from symntk.derivation import Derivation
from symntk.derivation.result import Moments

_SHORT = 100
"""Operations in a coefficient of two positions; a third one is looked at up to there."""


_LONGEST = 600
"""Operations in a kernel of two positions from which on its coefficients are not looked for."""


def short_documents(derivation: Derivation) -> tuple[int, dict[Pattern, sp.Expr]]:
    """The length of the documents, two or three, and the coefficient of every set of matches.

    Raises TooLong where these have no reasonable size.
    """
    for same in (frozenset[tuple[int, int]](), frozenset([(0, 0)]), frozenset([(0, 0), (1, 1)])):
        kernel = Instance(derivation, Matches((2, 2), same), evaluate=_short_enough).output("ntk")
        if kernel.count_ops() > _LONGEST:
            raise TooLong
    size, found = 2, coefficients(derivation, 2)
    if all(value.count_ops() <= _SHORT for value in found.values()):
        size, found = 3, coefficients(derivation, 3)
    return size, {frozenset((i - 1, i - 1) for i in chosen): c for chosen, c in found.items()}


def _short_enough(expectation: sp.Expr, moments: Moments) -> sp.Expr:
    """The value of an expectation; layer upon layer it would be several times as long as its law.

    Raises TooLong where it, or what it is a function of, is as long as no kernel may be.
    """
    if sum(part.count_ops() for part in expectation.law) > _LONGEST:
        raise TooLong
    value = evaluated(expectation, moments)
    if value.count_ops() > _LONGEST:
        raise TooLong
    return value


def without_matches(
    derivation: Derivation, size: int, means: Means, outputs: tuple[str, ...]
) -> sp.Expr:
    """The sum of kernels of two documents of ``size`` tokens that have none in common."""
    nothing = Matches((size, size), frozenset())
    means.nests = True
    instance = Instance(derivation, nothing, evaluate=means)
    return collected(sp.Add(*map(instance.output, outputs)))
