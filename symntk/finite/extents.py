"""How many positions every sequence and grid of a graph has, for inputs at hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symntk.errors import UsageError
from symntk.graph import Graph, Node, ancestors, describe
from symntk.graph.positions import Length, Positions

Array = NDArray[np.float64]
Inputs = Mapping[str, Array]
"""A batch: the network's inputs by name, each of shape (batch, *positions, dimension), tokens as
one-hot vectors.  The sequences of a batch have one length."""

Extent = tuple[int, ...]
"""The lengths of the axes of one node; empty for a single vector."""


def lengths_of(inputs: Inputs) -> dict[str, Extent]:
    """The lengths of the axes of each input of a batch."""
    return {name: array.shape[1:-1] for name, array in inputs.items()}


def extents(graph: Graph, lengths: Mapping[str, Extent]) -> dict[Node, Extent]:
    """The lengths of the axes of every node, those of repeated blocks included.

    lengths: those of the inputs by name.
    UsageError where an input is too short for a window.
    """
    sizes: dict[sp.Symbol, int] = {}
    for node in graph.inputs:
        found = zip(node.positions, lengths[str(node["name"])], strict=True)
        sizes |= {axis: size for axis, size in found if axis.is_Symbol}
    given = tuple(sizes.items())
    nodes = {node: None for body in graph.bodies() for node in ancestors(body)}
    result = {node: _extent(node.positions, given) for node in nodes}
    for node, extent in result.items():
        if any(size < 1 for size in extent):
            raise UsageError(
                f"{describe(node)}: no position is left of {_told(sizes)}; give longer inputs"
            )
    return result


@lru_cache(maxsize=4096)
def _extent(positions: Positions, sizes: tuple[tuple[sp.Symbol, int], ...]) -> Extent:
    known = {symbol: sp.Integer(size) for symbol, size in sizes}
    found = tuple(axis.xreplace(known) for axis in positions)
    for axis in found:
        for symbol in axis.atoms(Length):
            raise UsageError(f"the length {symbol} is that of no input of the network")
    return tuple(map(int, found))


def _told(sizes: Mapping[sp.Symbol, int]) -> str:
    return "inputs with " + ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())


def one_hot_positions(extent: Extent, reach: Extent) -> Array:
    """The one-hot vectors of the positions, shape (1, *extent, number of positions up to reach).

    reach: the largest lengths of any input, so that a position has one vector in all of them.
    """
    index = np.ravel_multi_index(np.indices(extent), reach)
    return np.asarray(np.eye(int(np.prod(reach)))[index][None])
