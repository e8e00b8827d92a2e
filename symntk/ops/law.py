"""The law of one coordinate of a vector, in the limit of infinite width.

By Tensor Programs, the coordinates of every vector of the network become independent copies of one
random variable Z, a function of jointly Gaussian variables: those of the matrix products and
biases.  A `Law` is that function, as a sum of products of functions of one Gaussian each; a
concatenation has one such sum for each of its blocks of coordinates.

Source: Yang, "Tensor Programs II" (2020), Definition 2.7; "Tensor Programs III", Theorem 2.10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

import sympy as sp

from symntk.gaussian.symbols import x
from symntk.graph import Node

Form = tuple[tuple[Node, sp.Expr], ...]
"""A linear combination of Gaussian vectors: (vector, coefficient) pairs, each vector once."""

Factor = tuple[Form, sp.Expr]
"""phi(G): a Gaussian linear form G and a function phi, SymPy in x."""


class Statistic(sp.Symbol):
    """The limit of a statistic over the coordinates of a vector, at the vector's own input.

    mean: of the argument of the layer norm ``node``; scale: what it divides by, or what the root
    mean square ``node`` is.
    """

    role: StatisticKind
    node: Node


StatisticKind = Literal["mean", "scale"]


@cache
def statistic(kind: StatisticKind, node: Node) -> Statistic:
    """The symbol of a statistic; a scale is positive."""
    assumptions = {"positive": True} if kind == "scale" else {"real": True}
    symbol: Statistic = sp.Symbol.__xnew__(Statistic, f"{kind}[{node.digest}]", **assumptions)
    symbol.role = kind
    symbol.node = node
    return symbol


@dataclass(frozen=True)
class Term:
    """coefficient * prod_i phi_i(G_i), the forms G_i all different.

    The coefficient may hold statistics of the vector's own input (a layer norm's scale).
    """

    coefficient: sp.Expr
    factors: tuple[Factor, ...]

    def times(self, other: Term) -> Term:
        """The product of two terms; functions of the same Gaussian are merged into one."""
        functions = dict(self.factors)
        for form, phi in other.factors:
            functions[form] = functions.get(form, sp.S.One) * phi
        return Term.of(self.coefficient * other.coefficient, functions)

    @classmethod
    def of(cls, coefficient: sp.Expr, functions: dict[Form, sp.Expr]) -> Term:
        """The term in its one canonical order of factors."""
        kept = [(form, phi) for form, phi in functions.items() if phi != 1]
        kept.sort(key=lambda factor: [node.digest for node, _ in factor[0]])
        return cls(coefficient, tuple(kept))


Terms = tuple[Term, ...]


@dataclass(frozen=True)
class Law:
    """The coordinates' law: for each block of coordinates its share of the width, and its terms.

    ``opaque`` marks a vector whose law is not a function of Gaussians seen here (the network's
    input; the output of a repeated block that ends in an activation): it can be multiplied by a
    matrix, and nothing else.
    """

    blocks: tuple[tuple[sp.Expr, Terms], ...]
    opaque: bool = False

    @classmethod
    def single(cls, *terms: Term) -> Law:
        """A law that is the same for all coordinates."""
        return cls(((sp.S.One, terms),))

    @classmethod
    def gaussian(cls, node: Node) -> Law:
        """The law of a vector that is itself one of the Gaussians."""
        return cls.single(Term(sp.S.One, ((((node, sp.S.One),), x),)))

    @classmethod
    def constant(cls, value: sp.Expr) -> Law:
        """The law of a scalar that converges to ``value``."""
        return cls.single(Term(value, ()))

    @cached_property
    def linear_forms(self) -> tuple[Form, ...] | None:
        """The Gaussian linear form of each block, or None where the law is not Gaussian."""
        forms = tuple(_linear_form(terms) for _, terms in self.blocks)
        return None if self.opaque or None in forms else forms  # type: ignore[return-value]

    @property
    def is_gaussian(self) -> bool:
        """Whether the coordinates are Gaussian, with one variance for all of them."""
        return self.linear_forms is not None and len(self.blocks) == 1


def combine(laws: Iterable[Law], rule: Callable[..., Terms]) -> Law:
    """``rule`` applied block by block: it takes the terms of each law in one block."""
    laws = tuple(laws)
    shares = aligned(laws)
    columns = [law.blocks if len(law.blocks) > 1 else law.blocks * len(shares) for law in laws]
    rows = zip(*columns, strict=True)
    return Law(
        tuple((share, rule(*(t for _, t in row))) for share, row in zip(shares, rows, strict=True))
    )


def aligned(laws: Iterable[Law]) -> tuple[sp.Expr, ...]:
    """The common shares of the blocks; ValueError where two concatenations do not line up."""
    shares = {tuple(share for share, _ in law.blocks) for law in laws}
    several = {share for share in shares if len(share) > 1}
    if len(several) > 1:
        raise ValueError("concatenations of different proportions")
    return several.pop() if several else (sp.S.One,)


def add_terms(*parts: Terms) -> Terms:
    """The sum of terms, equal products collected."""
    collected: dict[tuple[Factor, ...], sp.Expr] = {}
    for term in (term for part in parts for term in part):
        collected[term.factors] = collected.get(term.factors, sp.S.Zero) + term.coefficient
    return tuple(Term(value, factors) for factors, value in collected.items() if value != 0)


def multiply_terms(*parts: Terms) -> Terms:
    """The product of sums of terms, multiplied out."""
    result: Terms = (Term(sp.S.One, ()),)
    for part in parts:
        result = add_terms(tuple(left.times(right) for left in result for right in part))
    return result


def scale_terms(coefficient: sp.Expr, terms: Terms) -> Terms:
    """``coefficient`` times a sum of terms."""
    return tuple(Term(coefficient * term.coefficient, term.factors) for term in terms)


def differentiate(terms: Terms, node: Node, derivative: Callable[[sp.Expr], sp.Expr]) -> Terms:
    """The partial derivative of a sum of terms with respect to the Gaussian of ``node``."""
    parts: list[Term] = []
    for term in terms:
        for form, phi in term.factors:
            inner = dict(form).get(node)
            if inner is None:
                continue
            slope = derivative(phi)
            if slope == 0:
                continue
            functions = dict(term.factors) | {form: slope}
            parts.append(Term.of(term.coefficient * inner, functions))
    return add_terms(tuple(parts))


def gaussians(law: Law) -> dict[Node, None]:
    """The Gaussian vectors that a law depends on, in order of appearance."""
    found: dict[Node, None] = {}
    for _, terms in law.blocks:
        for term in terms:
            for form, _ in term.factors:
                found |= dict.fromkeys(node for node, _ in form)
    return found


def _linear_form(terms: Terms) -> Form | None:
    form: dict[Node, sp.Expr] = {}
    for term in terms:
        if len(term.factors) != 1 or term.factors[0][1] != x:
            return None
        for node, coefficient in term.factors[0][0]:
            form[node] = form.get(node, sp.S.Zero) + term.coefficient * coefficient
    return tuple(sorted(form.items(), key=lambda item: item[0].digest))
