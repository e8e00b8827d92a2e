"""Inputs of a network, sorted into batches whose sequences have one length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from symntk.finite.extents import Extent, Inputs, extents
from symntk.graph import Graph


@dataclass(frozen=True)
class Samples:
    """The inputs of a network.

    batches: arrays by name, as finite networks take them.
    order: for each row of the batches, one after the other, the number of the sample it is.
    given: what the derived kernel takes.
    """

    batches: tuple[Inputs, ...]
    order: tuple[int, ...]
    given: Mapping[str, object]

    @classmethod
    def of(cls, inputs: Inputs) -> Samples:
        """One batch."""
        size = len(next(iter(inputs.values()))) if inputs else 1
        return cls((inputs,), tuple(range(size)), inputs)

    @cached_property
    def places(self) -> tuple[NDArray[np.intp], ...]:
        """The index that brings a matrix over rows of the batches into the order of samples."""
        rows = np.argsort(self.order)
        return np.ix_(rows, rows)

    @property
    def dims(self) -> dict[str, int]:
        """The dimension of each input; of tokens how many different ones there are."""
        return {name: array.shape[-1] for name, array in self.batches[0].items()}

    def reach(self, graph: Graph) -> dict[int, Extent]:
        """The largest lengths of the positions that ``graph`` makes one-hot vectors of."""
        found: dict[int, Extent] = {}
        for batch in self.batches:
            for node, extent in extents(graph, batch).items():
                if node.op == "positions":
                    largest = found.get(len(extent), extent)
                    found[len(extent)] = tuple(map(max, largest, extent))
        return found
