"""Kernels of data: of dense inputs, of tokens, of positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symntk.errors import AssumptionError
from symntk.graph import Node, describe
from symntk.graph.positions import Same, SinusoidCovariance, indices

if TYPE_CHECKING:
    from symntk.derivation.forward import Forward

DATA = frozenset({"input", "positions", "sinusoid"})
"""Operations whose kernel is given."""


def data_covariance(forward: Forward, left: Node, right: Node) -> sp.Expr:
    """Data has the kernel that is given; one-hot vectors and encodings have theirs."""
    if left.op == right.op == "sinusoid":
        return SinusoidCovariance(indices(1)[0] - indices(1, True)[0])
    if left.is_one_hot or right.is_one_hot or "sinusoid" in (left.op, right.op):
        if left.width != right.width:
            return sp.S.Zero
        if left.op == "positions":
            rank = len(left.positions)
            return sp.Mul(*map(Same, indices(rank), indices(rank, True)))
        return forward.quantity("match", left, right).at("ab")
    if left.width != right.width and not isinstance(left.width, str):
        raise AssumptionError(
            describe(right),
            f"it shares a weight with {describe(left)}, which has another dimension",
            "Give the two inputs weights of their own",
        )
    return forward.quantity("Sigma", left, right).at("ab")
