"""Linear maps along positions: what a vector of a sequence takes from where.

    y_p = sum over links of  sum_r c(p, r) h_(i(p, r))

A shift, a sum over positions, the weights of an attention that have converged: all are links.
Covariances pass through them forwards, gradients backwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symntk.graph import Node
from symntk.graph.positions import Index, Positions, indices


@dataclass(frozen=True)
class Link:
    """One summand: ``coefficient`` times the vector of ``argument`` at ``index``.

    index, coefficient: in terms of the position p of the map's own node, `indices`, and of r.
    bound: the position r that is summed over, and ``lengths``, how far; empty if none is.
    """

    argument: Node
    index: Index
    coefficient: sp.Expr = sp.S.One
    bound: tuple[sp.Symbol, ...] = ()
    lengths: Positions = ()

    @classmethod
    def plain(cls, argument: Node, coefficient: sp.Expr = sp.S.One) -> Link:
        """The vector at the same position; a single vector is the same at every position."""
        return cls(argument, indices(len(argument.positions)), coefficient)
