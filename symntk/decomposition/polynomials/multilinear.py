"""Kernels of documents as multilinear polynomials in match indicators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, islice

import sympy as sp

from symntk.decomposition.polynomials.heads import MOMENTS
from symntk.decomposition.polynomials.instance import Instance, Matches
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
    vanishes everywhere.  A large expression with functions of functions is only multiplied out.
    """
    names = {e: sp.Dummy(positive=True) for e in expression.atoms(Expectation, *MOMENTS)}
    plain = expression.xreplace(names)
    if _is_large(plain):
        skeleton = _Skeleton()
        plain = sp.expand(skeleton.of(plain)).xreplace(skeleton.behind)
    else:
        plain = sp.factor_terms(sp.expand(plain))
    if plain != 0 and _vanishes_somewhere(plain):
        plain = sp.cancel(sp.together(plain))
    return plain.xreplace({name: e for e, name in names.items()})


LARGE, LARGEST = 500, 2000
"""Parts of an expression, from which on functions of functions, or any, are not looked into."""


def _is_large(expression: sp.Expr) -> bool:
    """Whether it has many parts, and functions or roots of others: the two-layer kernels.

    Of very many parts some need only be functions or roots: a block of a transformer.
    """
    parts = list(islice(sp.preorder_traversal(expression), LARGEST))
    if len(parts) < LARGE:
        return False
    if len(parts) == LARGEST:
        return any(map(_is_curved, parts))
    curved = (part for part in parts[:LARGE] if _is_curved(part))
    return any(any(map(_is_curved, sp.preorder_traversal(a))) for c in curved for a in c.args)


def _is_curved(expression: sp.Basic) -> bool:
    """Whether it is a function or a root of symbols."""
    is_root = isinstance(expression, sp.Pow) and not expression.exp.is_Integer
    return (is_root or isinstance(expression, sp.Function)) and bool(expression.free_symbols)


@dataclass
class _Skeleton:
    """Expressions as sums and products of symbols, each of which stands for what is ``behind``."""

    behind: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    _names: dict[sp.Expr, sp.Symbol] = field(default_factory=dict)

    def of(self, expression: sp.Expr) -> sp.Expr:
        """The skeleton of ``expression``."""
        is_power = expression.is_Pow and expression.exp.is_Integer
        if is_power or expression.is_Add or expression.is_Mul:
            return expression.func(*map(self.of, expression.args))
        if expression.is_Atom or expression.is_number:
            return expression
        if expression not in self._names:
            name = self._names[expression] = sp.Dummy(positive=True)
            self.behind[name] = expression
        return self._names[expression]


def _vanishes_somewhere(expression: sp.Expr) -> bool:
    symbols = sorted(expression.free_symbols, key=str)
    point = {s: sp.Rational(7 + 4 * k, 5 + 3 * k) for k, s in enumerate(symbols)}
    skeleton = _Skeleton()
    parts = sp.Add.make_args(sp.expand(skeleton.of(expression)))
    terms = [part.xreplace(skeleton.behind).xreplace(point).evalf(40) for part in parts]
    return bool(abs(sp.Add(*terms)) < sp.Float("1e-30") * max(abs(term) for term in terms))
