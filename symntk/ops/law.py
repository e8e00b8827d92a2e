"""The law of one coordinate of a vector, in the limit of infinite width.

By Tensor Programs, the coordinates of every vector of the network become independent copies of one
random variable Z, a function of jointly Gaussian variables: those of the matrix products and
biases.  A `Law` is that function, as a sum of products of functions of one Gaussian each; a
concatenation has one such sum for each of its blocks of coordinates.

Source: Yang, "Tensor Programs II" (2020), Definition 2.7; "Tensor Programs III", Theorem 2.10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal, NamedTuple

import sympy as sp

from symntk.gaussian.symbols import x
from symntk.graph import Node
from symntk.graph.positions import Index, indices, reindex


class Ref(NamedTuple):
    """A Gaussian vector at a position, given in terms of the position of what refers to it."""

    node: Node
    at: Index

    @classmethod
    def own(cls, node: Node) -> Ref:
        """The vector at the position at which its law is written."""
        return cls(node, indices(len(node.positions)))


Form = tuple[tuple[Ref, sp.Expr], ...]
"""A linear combination of Gaussian vectors: (vector, coefficient) pairs, each vector once."""

Factor = tuple[Form, sp.Expr]
"""phi(G): a Gaussian linear form G and a function phi, SymPy in x."""


class Statistic(sp.Symbol):
    """The limit of a statistic over the coordinates of a vector, at the vector's own input.

    mean: of the argument of the layer norm ``node``; scale: what it divides by, or what the root
    mean square ``node`` is; weight: of an attention, its index the two positions.
    """

    role: StatisticKind
    node: Node
    index: Index

    @property
    def index_expressions(self) -> Index:
        """The positions, for `symntk.graph.positions.symbols_in`."""
        return self.index

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """Itself and its positions."""
        return {self}.union(*(part.free_symbols for part in self.index))

    def _reindexed(self, substitution: Mapping[sp.Symbol, sp.Expr]) -> Statistic:
        return statistic(self.role, self.node, reindex_all(self.index, substitution))


StatisticKind = Literal["mean", "scale", "weight"]


def statistic(kind: StatisticKind, node: Node, index: Index | None = None) -> Statistic:
    """The symbol of a statistic, at the position of ``node`` if no other is given."""
    return _statistic(kind, node, indices(len(node.positions)) if index is None else index)


@cache
def _statistic(kind: StatisticKind, node: Node, index: Index) -> Statistic:
    """A scale and an attention weight are positive."""
    assumptions = {"real": True} if kind == "mean" else {"positive": True}
    at = ",".join(map(str, index))
    symbol: Statistic = sp.Symbol.__xnew__(Statistic, f"{kind}[{node.digest}][{at}]", **assumptions)
    symbol.role, symbol.node, symbol.index = kind, node, index
    return symbol


def reindex_all(index: Index, substitution: Mapping[sp.Symbol, sp.Expr]) -> Index:
    """Positions in terms of another position."""
    return tuple(reindex(part, substitution) for part in index)


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
        kept.sort(key=lambda factor: [_order(ref) for ref, _ in factor[0]])
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
        return cls.single(Term(sp.S.One, ((((Ref.own(node), sp.S.One),), x),)))

    @classmethod
    def constant(cls, value: sp.Expr) -> Law:
        """The law of a scalar that converges to ``value``."""
        return cls.single(Term(value, ()))

    def moved(self, index: Index, rank: int, factor: sp.Expr) -> Law:
        """``factor`` times the coordinate at the position ``index``; the law had ``rank`` axes."""
        substitution = dict(zip(indices(rank), index, strict=True))
        blocks = tuple(
            (share, scale_terms(factor, tuple(_moved(term, substitution) for term in terms)))
            for share, terms in self.blocks
        )
        return Law(blocks, self.opaque)

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


def differentiate(terms: Terms, gaussian: Ref, derivative: Callable[[sp.Expr], sp.Expr]) -> Terms:
    """The partial derivative of a sum of terms with respect to one of its Gaussians."""
    parts: list[Term] = []
    for term in terms:
        for form, phi in term.factors:
            inner = dict(form).get(gaussian)
            if inner is None:
                continue
            slope = derivative(phi)
            if slope == 0:
                continue
            functions = dict(term.factors) | {form: slope}
            parts.append(Term.of(term.coefficient * inner, functions))
    return add_terms(tuple(parts))


def gaussians(law: Law) -> dict[Ref, None]:
    """The Gaussian vectors that a law depends on, in order of appearance."""
    found: dict[Ref, None] = {}
    for _, terms in law.blocks:
        for term in terms:
            for form, _ in term.factors:
                found |= dict.fromkeys(ref for ref, _ in form)
    return found


def _moved(term: Term, substitution: Mapping[sp.Symbol, sp.Expr]) -> Term:
    functions: dict[Form, sp.Expr] = {}
    for form, phi in term.factors:
        there = tuple(
            (Ref(ref.node, reindex_all(ref.at, substitution)), reindex(value, substitution))
            for ref, value in form
        )
        functions[there] = functions.get(there, sp.S.One) * phi
    return Term.of(reindex(term.coefficient, substitution), functions)


def _order(ref: Ref) -> tuple[str, str]:
    return ref.node.digest, str(ref.at)


def _linear_form(terms: Terms) -> Form | None:
    form: dict[Ref, sp.Expr] = {}
    for term in terms:
        if len(term.factors) != 1 or term.factors[0][1] != x:
            return None
        for ref, coefficient in term.factors[0][0]:
            form[ref] = form.get(ref, sp.S.Zero) + term.coefficient * coefficient
    return tuple(sorted(form.items(), key=lambda item: _order(item[0])))
