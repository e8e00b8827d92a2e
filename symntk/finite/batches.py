"""Inputs of a network in batches; vectors of tokens brought to the places where these stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symntk.finite.extents import Array, Extent
from symntk.graph import Node

if TYPE_CHECKING:
    import scipy.sparse as sparse


@dataclass(frozen=True)
class Batch:
    """Inputs that are run through a network together.

    numbers: which of all inputs they are.
    rows: for each the numbers of its tokens, (T,), or its vector, (d,).
    size: the number of different tokens, or d.
    extents: the lengths of the axes of each node.
    """

    numbers: NDArray[np.intp]
    rows: Sequence[NDArray[Any]]
    size: int
    extents: Mapping[Node, Extent]

    @cached_property
    def stacked(self) -> NDArray[Any]:
        """Rows that are equally long as one array, (batch, T) or (batch, d)."""
        return np.array(self.rows)

    def look_up(self, table: Array) -> Array:
        """The vector of the token at each position, (batch, T, n), from a table (tokens, n)."""
        return np.asarray(table[self.stacked])

    def gather(self, vectors: Array) -> Array:
        """The transpose of `look_up`: sums over the places of each token, (tokens, n)."""
        return np.asarray(self._places @ vectors.reshape(-1, vectors.shape[-1]))

    def pool(self, table: Array, mean: bool) -> Array:
        """The sum, or the mean, of the vectors of an input's tokens, (batch, n)."""
        sums: Array = self._counts @ table
        return sums / self._lengths if mean else sums

    def share(self, vectors: Array, mean: bool) -> Array:
        """The transpose of `pool`, (tokens, n)."""
        shares = vectors / self._lengths if mean else vectors
        return np.asarray(self._counts.T @ shares)

    @cached_property
    def _lengths(self) -> NDArray[np.intp]:
        return np.array([[len(row)] for row in self.rows])

    @cached_property
    def _places(self) -> sparse.csr_array:
        """[token k stands at the place], (tokens, places)."""
        tokens = self.stacked.ravel()
        return _incidence(tokens, np.arange(len(tokens)), (self.size, len(tokens)))

    @cached_property
    def _counts(self) -> sparse.csr_array:
        """How often token k stands in the input, (batch, tokens)."""
        inputs = np.repeat(np.arange(len(self.rows)), self._lengths[:, 0])
        return _incidence(inputs, np.concatenate(self.rows), (len(self.rows), self.size))


def _incidence(
    rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]
) -> sparse.csr_array:
    import scipy.sparse as sparse

    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def chunks(numbers: Sequence[int], most: int) -> Iterator[NDArray[np.intp]]:
    """The numbers in their order, at most so many at a time."""
    for start in range(0, len(numbers), most):
        yield np.array(numbers[start : start + most])
