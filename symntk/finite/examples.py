"""What a network learns from: texts or vectors, and the units whose scores are label scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symntk.decomposition.documents import Documents, Token
from symntk.dynamics.documents import count, read_documents
from symntk.dynamics.losses import Label
from symntk.errors import UsageError
from symntk.finite.extents import Array, Extent
from symntk.graph import Graph

Example: TypeAlias = tuple[Any, ...]
"""A document as the tuple of its tokens; a vector as that of its numbers."""

Rows: TypeAlias = NDArray[Any]
"""A document as the numbers of its tokens, (T,); a vector, (d,)."""


@dataclass(frozen=True)
class Examples(ABC):
    """How the inputs of one network are read.  name: that of the network's input."""

    name: str

    @abstractmethod
    def read(self, docs: Any) -> list[Example]:
        """The inputs; UsageError for what is none."""

    @abstractmethod
    def arrays(self, examples: Sequence[Example]) -> tuple[list[Rows], int]:
        """Token numbers (T,), or vectors (d,), and how many different tokens, or d."""

    @abstractmethod
    def axes(self, example: Example) -> Extent:
        """The lengths of the axes of an input."""

    @abstractmethod
    def tokens(self, chosen: Iterable[Token] | None, examples: Sequence[Example]) -> list[Token]:
        """The tokens whose label scores are followed: the chosen ones, or all."""

    @abstractmethod
    def unit(self, token: Token) -> Example:
        """The input whose score is the label score of a token."""

    @abstractmethod
    def occurring(self, tokens: Sequence[Token], example: Example) -> Example:
        """The tokens of an input, those among ``tokens`` at least, each as often as it is there."""

    def count(
        self,
        tokens: Sequence[Token],
        examples: Sequence[Example],
        labels: Sequence[Label],
        classes: Sequence[Label],
    ) -> NDArray[np.int64]:
        """How often tokens stand in inputs of each class, see `symntk.dynamics.Trajectories`."""
        found = [self.occurring(tokens, example) for example in examples]
        return count(tokens, found, labels, classes)


@dataclass(frozen=True)
class Texts(Examples):
    """Documents; the unit of a token is the document that it alone makes."""

    def read(self, docs: Any) -> list[Example]:
        return [tuple(document) for document in read_documents(docs)]

    def arrays(self, examples: Sequence[Example]) -> tuple[list[Rows], int]:
        numbers = {token: n for n, token in enumerate(Documents.of(examples).vocabulary)}
        return [np.array([numbers[t] for t in document]) for document in examples], len(numbers)

    def axes(self, example: Example) -> Extent:
        return (len(example),)

    def tokens(self, chosen: Iterable[Token] | None, examples: Sequence[Example]) -> list[Token]:
        docs = Documents.of(examples) if chosen is None else read_documents([list(chosen)])
        return list(docs.vocabulary)

    def unit(self, token: Token) -> Example:
        return (token,)

    def occurring(self, tokens: Sequence[Token], example: Example) -> Example:
        return example


@dataclass(frozen=True)
class Vectors(Examples):
    """Vectors (N, d); tokens are the numbers of coordinates, their units the unit vectors.

    A token stands in an input whose coordinate is not 0, as in rows of counts.
    """

    dimension: int

    def read(self, docs: Any) -> list[Example]:
        rows = _matrix(self.name, docs)
        if rows.shape[1] != self.dimension:
            raise UsageError(
                f"{self.name}: needed is an array of shape (N, {self.dimension}), not {rows.shape}"
            )
        return [tuple(row) for row in rows.tolist()]

    def arrays(self, examples: Sequence[Example]) -> tuple[list[Rows], int]:
        return [np.array(row) for row in examples], self.dimension

    def axes(self, example: Example) -> Extent:
        return ()

    def tokens(self, chosen: Iterable[Token] | None, examples: Sequence[Example]) -> list[Token]:
        every: list[Token] = list(range(self.dimension))
        found = every if chosen is None else list(dict.fromkeys(chosen))
        for token in found:
            if token not in range(self.dimension):
                raise UsageError(
                    f"{token!r} is no coordinate of {self.name}: these are 0 to "
                    f"{self.dimension - 1}"
                )
        return found

    def unit(self, token: Token) -> Example:
        return tuple(float(place == token) for place in range(self.dimension))

    def occurring(self, tokens: Sequence[Token], example: Example) -> Example:
        return tuple(token for token in tokens if example[int(token)])


def examples_of(graph: Graph, docs: Any) -> Examples:
    """How the inputs of ``graph`` are read; where it leaves d open, ``docs`` has it."""
    if len(graph.inputs) == 1:
        (node,) = graph.inputs
        name = str(node["name"])
        if node.is_one_hot and len(node.positions) == 1:
            return Texts(name)
        if not node.positions:
            size = node.width if isinstance(node.width, int) else _matrix(name, docs).shape[1]
            return Vectors(name, size)
    raise UsageError(
        "a network that is trained has one input, the tokens of a text or a vector; this one has "
        + (", ".join(str(node["name"]) for node in graph.inputs) or "none")
    )


def _matrix(name: str, docs: Any) -> Array:
    """The vectors of the input ``name``, (N, d)."""
    try:
        rows = np.array(docs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: needed is an array of numbers (N, d) ({error})") from error
    if rows.ndim != 2 or not rows.size:
        raise UsageError(f"{name}: needed is an array of shape (N, d), not {rows.shape}")
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise UsageError(f"{name}: row {wrong[0] + 1} has entries that are inf or nan")
    return rows
