"""What finite networks learn: documents, the loss, and how their scores are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from symntk.dynamics.losses import Loss, Targets
from symntk.errors import UsageError
from symntk.finite.arguments import MOST_PARAMETERS, require_finite_ntk
from symntk.finite.batches import Batch
from symntk.finite.examples import Example, Examples
from symntk.finite.extents import Array, reach
from symntk.finite.network import Architecture
from symntk.finite.passes import Passes, Pull
from symntk.graph import Graph

OfDocuments = Callable[[NDArray[np.intp], Array], Array]
"""Something (documents, scores) from the numbers of documents and their outputs."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What networks of one architecture learn.

    learned: the inputs that are learned, in batches.
    watched: others, whose scores are only looked at.
    places: for each document the number of its input; equal documents have one.
    size: the number of inputs.
    eta: the learning rate of the sum of the losses.
    """

    passes: Passes
    learned: Sequence[Batch]
    watched: Sequence[Batch]
    places: NDArray[np.intp]
    size: int
    loss: Loss
    targets: Targets
    eta: float

    @cached_property
    def documents(self) -> list[NDArray[np.intp]]:
        """The documents that each input is."""
        counts = np.bincount(self.places, minlength=self.size)
        return np.split(np.argsort(self.places, kind="stable"), np.cumsum(counts)[:-1])

    def pull(self, of_documents: OfDocuments) -> Pull:
        """What ``of_documents`` gives for documents and their outputs, summed for each input."""

        def summed(numbers: NDArray[np.intp], outputs: Array) -> Array:
            members = [self.documents[number] for number in numbers]
            counts = [len(part) for part in members]
            found = of_documents(np.concatenate(members), np.repeat(outputs, counts, axis=0))
            return np.add.reduceat(found, np.cumsum([0, *counts[:-1]]), axis=0)

        return summed


def set_lesson(
    graph: Graph,
    width: int,
    examples: Examples,
    learned: Sequence[Example],
    inputs: Sequence[Example],
    loss: Loss,
    targets: Targets,
    eta: float,
) -> Lesson:
    """The lesson of networks ``graph`` that learn the documents ``learned``.

    inputs: all that is followed, without repetition, what is learned first.
    UsageError for a network that is too large, or whose NTK grows with its width.
    """
    require_finite_ntk(graph)
    arrays, size = examples.arrays(inputs)
    axes = [{examples.name: examples.axes(example)} for example in inputs]
    dims, farthest = {examples.name: size}, reach(graph, axes)
    architecture = Architecture.of(graph, width, dims, farthest, len(targets.names))
    if architecture.size > MOST_PARAMETERS:
        raise UsageError(
            f"a network of width {architecture.widths.common} has {architecture.size:,} "
            "parameters, which is too much: ask for a smaller width"
        )
    passes = Passes(architecture)
    numbers = {example: number for number, example in enumerate(inputs)}
    first = len(set(learned))
    return Lesson(
        passes,
        passes.batches(arrays, range(first)),
        passes.batches(arrays, range(first, len(inputs))),
        np.array([numbers[example] for example in learned]),
        len(inputs),
        loss,
        targets,
        eta,
    )
