"""Kernels of documents as multilinear polynomials in match indicators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

import sympy as sp

from symntk.decomposition.heads import MOMENTS
from symntk.decomposition.instance import Instance, Matches
from symntk.derivation import Derivation
from symntk.gaussian import Expectation

Subset = tuple[int, ...]


def coefficients(
    derivation: Derivation, length: int, output: str = "ntk"
) -> Mapping[Subset, sp.Expr]:
    """The coefficients c_S of a kernel between documents of ``length`` different tokens.

    x' has the tokens of x at some positions, and other tokens elsewhere.  With m_i = [x_i = x'_i]
    the kernel is sum_S c_S prod_{i in S} m_i over subsets S of the positions 1, 2, ...; a match is
    0 or 1, so that this is exact.  By Moebius inversion

        c_S = sum_{U in S} (-1)^(|S| - |U|) f(U),

    f(U) being the kernel where exactly the positions in U match.
    """
    within: dict[object, sp.Expr] = {}
    values = {
        chosen: Instance(
            derivation,
            Matches((length, length), frozenset((i - 1, i - 1) for i in chosen)),
            within,  # type: ignore[arg-type]
        ).output(output)
        for chosen in subsets(length)
    }
    return {chosen: _inverted(chosen, values.__getitem__) for chosen in values}


def subsets(length: int) -> Iterator[Subset]:
    """The subsets of 1, ..., ``length``, small ones first."""
    for size in range(length + 1):
        yield from combinations(range(1, length + 1), size)


def _inverted(chosen: Subset, value: Callable[[Subset], sp.Expr]) -> sp.Expr:
    terms = (
        (-1) ** (len(chosen) - size) * value(inner)
        for size in range(len(chosen) + 1)
        for inner in combinations(chosen, size)
    )
    return collected(sp.Add(*terms))


def collected(expression: sp.Expr) -> sp.Expr:
    """``expression`` multiplied out and factored, expectations left whole; 0 where it is 0.

    A sum of fractions that vanishes at a point is brought to one denominator to see whether it
    vanishes everywhere.
    """
    names = {e: sp.Dummy(positive=True) for e in expression.atoms(Expectation, *MOMENTS)}
    plain = sp.factor_terms(sp.expand(expression.xreplace(names)))
    if plain != 0 and _vanishes_somewhere(plain):
        plain = sp.cancel(sp.together(plain))
    return plain.xreplace({name: e for e, name in names.items()})


def _vanishes_somewhere(expression: sp.Expr) -> bool:
    symbols = sorted(expression.free_symbols, key=str)
    point = {s: sp.Rational(7 + 4 * k, 5 + 3 * k) for k, s in enumerate(symbols)}
    terms = [term.xreplace(point).evalf(40) for term in sp.Add.make_args(sp.expand(expression))]
    return bool(abs(sp.Add(*terms)) < sp.Float("1e-30") * max(abs(term) for term in terms))
