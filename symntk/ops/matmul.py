"""The matrix product with a weight, the only operation that mixes coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING, final

from symntk.graph import Node
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law

if TYPE_CHECKING:
    from symntk.ops.abstract import Array


@final
class MatMul(AbstractOp):
    """z = sigma / sqrt(n) W h, W_ij ~ N(0, 1).

    Limit: Gaussian, with covariance sigma^2 Sigma[h] between two uses of the same W, and 0
    between uses of different ones (Yang 2020, "Tensor Programs II", Definition 2.7).
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law.gaussian(node)

    def forward(self, node: Node, arguments: Sequence[Array], parameter: Array | None) -> Array:
        """The numbers z: W is (n_out, n_in), h has a row for each input."""
        (h,) = arguments
        assert parameter is not None
        return _scale(node, h) * (h @ parameter.T)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/dh = sigma / sqrt(n_in) W^T df/dz."""
        (h,) = arguments
        assert parameter is not None
        return (_scale(node, h) * (gradient @ parameter),)


def _scale(node: Node, h: Array) -> float:
    assert node.parameter is not None
    return float(node.parameter.std.value) / sqrt(h.shape[1])
