r"""What the weights of self-attention converge to, by scaling and by how queries meet keys.

The logits are query_t . key_r / s.  With S(t, r) = lim (1/d) query_t . key_r:

s = d:        they converge to S, and the weights to its softmax; S = 0 gives uniform attention.
s = sqrt(d):  where S is not 0 they grow like sqrt(d) S(t, r), and the softmax goes to the largest;
              where S = 0, queries and keys having weights of their own, they converge to Gaussians
              with covariance Sigma[query] Sigma[key], and the weights a(t, r) stay random.  The
              average over many heads is their expectation.  With A = E[a(i, j) a'(i', j')],

    Sigma[y](i, i') = sum_{j, j'} A(i j, i' j') Sigma[value](j, j')
    Pi[value](j, j') = sum_{i, i'} A(i j, i' j') Pi[y](i, i')
    Pi[query](i, i') = Pi[y](i, i') sum_{j, j'} D(i j, i' j') Sigma[key](j, j')
    Pi[key](j, j')   = sum_{i, i'} Pi[y](i, i') D(i j, i' j') Sigma[query](i, i'),

where D(i j, i' j') = sum_{r, r'} Sigma[value](r, r') E[da(i, r)/dl(i, j)  da'(i', r')/dl'(i', j')]
is the covariance of the gradients at the logits l, l' for unit Pi[y](i, i').

Source: Yang, "Tensor Programs II" (2020), appendix on attention; Hron et al. (2020), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symntk.derivation.program import Entry
from symntk.errors import AssumptionError
from symntk.gaussian.softmax import MU, MU2, SoftmaxMoment, SoftmaxTangent
from symntk.graph import Node, describe
from symntk.graph.positions import indices, reindex
from symntk.trace import Prose


def weight(node: Node, logits: sp.Expr, t: sp.Symbol, r: sp.Symbol, size: sp.Expr) -> sp.Expr:
    """The limit of a(t, r), given S(t, r) = ``logits``.

    Raises AssumptionError where the limit is random, or where it is not known.
    """
    if node["mechanism"] == "identity":
        return _identity(node, logits)
    if node["scaling"] == "1/d":
        if logits == 0:
            return 1 / size
        return sp.exp(logits) / sp.Sum(sp.exp(logits), (r, 0, size - 1))
    if logits == 0:
        raise _random(node)
    bracket = _copies(node, logits)
    return bracket / sp.Sum(bracket, (r, 0, size - 1))


def moment(node: Node, laws: LogitLaws) -> sp.Expr:
    """A(i j, i' j'), the covariance of the weights of many heads."""
    (_, _, c), (_, _, cross) = laws.queries, laws.kernels
    if node["mechanism"] == "identity":
        return c * laws.at_keys(cross)
    return SoftmaxMoment(*laws.arguments)


def tangent(node: Node, laws: LogitLaws, values: sp.Expr) -> sp.Expr:
    """D(i j, i' j'), with ``values`` = Sigma[value](mu, mu')."""
    if node["mechanism"] == "identity":
        return laws.at_keys(values)
    return SoftmaxTangent(*laws.arguments, values)


@dataclass(frozen=True)
class LogitLaws:
    """The law of the logits of queries i and i', for the pair of keys j and j'.

    queries: Sigma[query] at (i, i), at (i', i') and at (i, i'); kernels: Sigma[key] of x, of x',
    and across; lengths: the numbers of keys.  See `symntk.gaussian.softmax`.
    """

    queries: tuple[sp.Expr, sp.Expr, sp.Expr]
    kernels: tuple[sp.Expr, sp.Expr, sp.Expr]
    lengths: tuple[sp.Expr, sp.Expr]

    @property
    def arguments(self) -> tuple[sp.Expr, ...]:
        """The arguments of a `SoftmaxMoment`."""
        keys = indices(2)[1], indices(2, True)[1]
        return (*keys, *self.queries, *self.kernels, *self.lengths)

    def at_keys(self, cross: sp.Expr) -> sp.Expr:
        """An expression in mu and mu' at the keys j and j'."""
        keys: sp.Expr = reindex(cross, {MU: indices(2)[1], MU2: indices(2, True)[1]})
        return keys


def _identity(node: Node, logits: sp.Expr) -> sp.Expr:
    if node["scaling"] == "1/d":
        return logits
    raise _random(node)


def _copies(node: Node, logits: sp.Expr) -> sp.Expr:
    """[x_t = x_r] where S(t, r) is a positive multiple of it: the largest logits are those of the
    copies of the token itself, which have one key, and share the weight.
    """
    matches = [e for e in logits.atoms(Entry) if e.quantity.kind == "match"]
    if len(matches) == 1 and (logits / matches[0]).is_positive:
        return matches[0]
    raise AssumptionError(
        describe(node),
        "with scaling 1/sqrt(d) its logits grow without bound, and which one wins is known only "
        "where queries and keys are embeddings of the token alone",
        "Use the scaling 1/d, or queries and keys with weights of their own",
    )


def _random(node: Node) -> AssumptionError:
    return AssumptionError(
        describe(node),
        "with scaling 1/sqrt(d) and independent queries and keys the logits of one head converge "
        "to Gaussians, not to constants, so the kernel of the limit is random",
        'Use many heads (heads="many"), whose average is deterministic, or the scaling 1/d',
    )


def reason(node: Node) -> Prose:
    """Why the weights are constants."""
    if node["scaling"] == "1/d":
        return ("logits divided by d are averages over coordinates, and converge to constants",)
    return (
        "logits divided by sqrt(d) grow without bound, and the softmax goes to the largest: those "
        "of the copies of the token itself",
    )
