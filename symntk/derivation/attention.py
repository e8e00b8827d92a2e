"""What the weights of self-attention converge to, by scaling and by how queries meet keys.

The logits are query_t . key_r / s.  With S(t, r) = lim (1/d) query_t . key_r:

s = d:        they converge to S, and the weights to its softmax; S = 0 gives uniform attention.
s = sqrt(d):  where S is not 0 they grow like sqrt(d) S(t, r), and the softmax goes to the largest;
              where S = 0, queries and keys having weights of their own, they converge to Gaussians
              with covariance Sigma[query] Sigma[key], and the weights stay random.

Source: Yang, "Tensor Programs II" (2020), appendix on attention; Hron et al. (2020), section 3.
"""

from __future__ import annotations

import sympy as sp

from symntk.errors import AssumptionError
from symntk.graph import Node, describe
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


def _identity(node: Node, logits: sp.Expr) -> sp.Expr:
    if node["scaling"] == "1/d":
        return logits
    raise _random(node)


def _copies(node: Node, logits: sp.Expr) -> sp.Expr:
    """[x_t = x_r] where S(t, r) is a positive multiple of it: the largest logits are those of the
    copies of the token itself, which have one key, and share the weight.
    """
    from symntk.derivation.program import Entry

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
