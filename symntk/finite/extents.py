"""How many positions every sequence and grid of a graph has, for inputs at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    An input that is shorter than a window has no windows, and a sum over none is 0.  UsageError
    where something else is asked of no positions: a mean, the first or the last vector, attention.
    """
    sizes: dict[sp.Symbol, int] = {}
    for node in graph.inputs:
        found = zip(node.positions, lengths[str(node["name"])], strict=True)
        sizes |= {axis: size for axis, size in found if axis.is_Symbol}
    given = tuple(sizes.items())
    nodes = {node: None for body in graph.bodies() for node in ancestors(body)}
    counted = {node: _extent(node.positions, given) for node in nodes}
    for node, extent in counted.items():
        for child in node.inputs:
            if _is_missed(node, extent, child, counted[child]):
                raise UsageError(
                    f"{describe(node)}: {describe(child)} has no positions for inputs with "
                    + ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
                    + "; give longer inputs"
                )
    return {node: tuple(max(0, size) for size in extent) for node, extent in counted.items()}


def _is_missed(node: Node, extent: Extent, child: Node, taken: Extent) -> bool:
    """Whether ``node`` needs positions of an argument that has none."""
    if not taken or min(taken) > 0:
        return False
    if node.op == "pool":
        return bool(node["kind"] != "sum")
    return bool(extent) and min(extent) > 0 and (node.op == "attention" or min(taken) < 0)


def reach(graph: Graph, batches: Iterable[Mapping[str, Extent]]) -> dict[int, Extent]:
    """The largest lengths of the positions that ``graph`` makes one-hot vectors of, by rank.

    batches: the lengths of the inputs of each batch, by name.
    """
    found: dict[int, Extent] = {}
    for lengths in batches:
        for node, extent in extents(graph, lengths).items():
            if node.op == "positions":
                largest = found.get(len(extent), extent)
                found[len(extent)] = tuple(map(max, largest, extent))
    return found


@lru_cache(maxsize=4096)
def _extent(positions: Positions, sizes: tuple[tuple[sp.Symbol, int], ...]) -> Extent:
    known = {symbol: sp.Integer(size) for symbol, size in sizes}
    found = tuple(axis.xreplace(known) for axis in positions)
    for axis in found:
        for symbol in axis.atoms(Length):
            raise UsageError(f"the length {symbol} is that of no input of the network")
    return tuple(map(int, found))


def one_hot_positions(extent: Extent, reach: Extent) -> Array:
    """The one-hot vectors of the positions, shape (1, *extent, number of positions up to reach).

    reach: the largest lengths of any input, so that a position has one vector in all of them.
    """
    index = np.ravel_multi_index(np.indices(extent), reach)
    return np.asarray(np.eye(int(np.prod(reach)))[index][None])
