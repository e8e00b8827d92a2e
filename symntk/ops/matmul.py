"""The matrix product with a weight, the only operation that mixes coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from symntk.graph import Node
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law


@final
class MatMul(AbstractOp):
    """z = sigma / sqrt(n) W h, W_ij ~ N(0, 1).

    Limit: Gaussian, with covariance sigma^2 Sigma[h] between two uses of the same W, and 0
    between uses of different ones (Yang 2020, "Tensor Programs II", Definition 2.7).
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law.gaussian(node)
