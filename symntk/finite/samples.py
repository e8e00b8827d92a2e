"""Inputs of a network, sorted into batches whose sequences have one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symntk.finite.extents import Array, Extent, Inputs, lengths_of, reach
from symntk.graph import Graph


@dataclass(frozen=True)
class Samples:
    """The inputs of a network.

    batches: arrays by name, as finite networks take them.
    order: for each row of the batches, one after the other, the number of the sample it is.
    given: the same inputs by name as the derived kernel takes them, in the order of the samples.
    """

    batches: tuple[Inputs, ...]
    order: tuple[int, ...]
    given: Mapping[str, Any]

    @classmethod
    def one_batch(cls, inputs: Inputs) -> Samples:
        """Inputs whose sequences have one length."""
        size = len(next(iter(inputs.values()))) if inputs else 1
        return cls((inputs,), tuple(range(size)), inputs)

    @classmethod
    def sort(cls, inputs: Mapping[str, Sequence[Array]], given: Mapping[str, Any]) -> Samples:
        """One array (*positions, dimension) for each sample, by the name of the input."""
        groups: dict[tuple[Extent, ...], list[int]] = {}
        (count,) = {len(arrays) for arrays in inputs.values()} or {1}
        for sample in range(count):
            shapes = tuple(arrays[sample].shape for arrays in inputs.values())
            groups.setdefault(shapes, []).append(sample)
        batches = tuple(
            {name: np.stack([arrays[i] for i in group]) for name, arrays in inputs.items()}
            for group in groups.values()
        )
        return cls(batches, tuple(i for group in groups.values() for i in group), given)

    def __len__(self) -> int:
        return len(self.order)

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
        """The largest lengths of the positions that ``graph`` makes one-hot vectors of, by rank."""
        return reach(graph, map(lengths_of, self.batches))
