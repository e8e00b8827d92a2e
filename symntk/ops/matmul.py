"""The matrix product with a weight, the only operation that mixes coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any, final

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

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The numbers z: W is (n_out, n_in), or (tokens, n_out, n_in) for a matrix by token.

        With one-hot (or zero) vectors x the matrix of a position is sum_k x_k W_k.
        """
        h, *index = arguments
        assert parameter is not None
        if not index:
            return _scale(node, h) * _times(h, parameter.T)
        import numpy as np

        output = np.zeros(shape)
        for matrix, rows, h_rows, x_rows in _by_token(parameter, h, index[0]):
            output[rows] += _scale(node, h) * x_rows * (h_rows @ matrix.T)
        return output

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/dh = sigma / sqrt(n_in) W^T df/dz; the tokens, which are data, get none."""
        h, *index = arguments
        assert parameter is not None
        if not index:
            return (_scale(node, h) * _times(gradient, parameter),)
        import numpy as np

        backwards = parameter.transpose(0, 2, 1)
        part = np.zeros((*gradient.shape[:-1], h.shape[-1]))
        for matrix, rows, g_rows, x_rows in _by_token(backwards, gradient, index[0]):
            part[rows] += _scale(node, h) * x_rows * (g_rows @ matrix.T)
        return part, np.zeros_like(index[0])


def _times(vectors: Array, matrix: Array) -> Array:
    """The product with each vector, in one call: over an array of more axes it takes several."""
    rows = vectors.reshape(-1, vectors.shape[-1])
    return (rows @ matrix).reshape(*vectors.shape[:-1], matrix.shape[1])


def _by_token(
    matrices: Array, vectors: Array, tokens: Array
) -> Iterator[tuple[Array, tuple[Any, ...], Array, Array]]:
    """For each token its matrix, where it stands, and there the vectors and its coefficients."""
    import numpy as np

    places = np.broadcast_shapes(vectors.shape[:-1], tokens.shape[:-1])
    vectors = np.broadcast_to(vectors, (*places, vectors.shape[-1]))
    tokens = np.broadcast_to(tokens, (*places, tokens.shape[-1]))
    for token, matrix in enumerate(matrices):
        rows = np.nonzero(tokens[..., token])
        yield matrix, rows, vectors[rows], tokens[..., token][rows][:, None]


def _scale(node: Node, h: Array) -> float:
    """sigma / sqrt(n_in); the fan-in of a one-hot vector counts as 1."""
    assert node.parameter is not None
    fan_in = 1 if node.inputs[0].is_one_hot else h.shape[-1]
    return float(node.parameter.std.value) / sqrt(fan_in)
