"""Documents as sparse rows of features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from symntk.decomposition.statistics import Reading, Statistics
from symntk.errors import UsageError

if TYPE_CHECKING:
    import scipy.sparse as sparse

Token: TypeAlias = int | str
Document: TypeAlias = Sequence[Token]
Column = tuple[int, tuple[Token, ...], int]
"""Which statistic, of which tokens, and which of its features."""


@dataclass
class FeatureMap:
    """Phi(x) with kernel(x, x') = Phi(x) . Phi(x'), exactly; a transformer as in scikit-learn.

    `fit` learns which tuples of tokens occur; others are left out of later documents, as their
    features have inner product 0 with all that were seen.
    """

    statistics: Statistics
    columns: dict[Column, int] = field(default_factory=dict)

    def fit(self, docs: Iterable[Document], y: object = None) -> FeatureMap:
        """Learn the columns from documents, lists of tokens."""
        self.columns = {}
        for document in _checked(docs):
            for column, _ in self._row(document):
                self.columns.setdefault(column, len(self.columns))
        return self

    def transform(self, docs: Iterable[Document]) -> sparse.csr_array:
        """The features of documents, a sparse array (N, K)."""
        import numpy as np
        import scipy.sparse as sparse

        data, indices, starts = [], [], [0]
        for document in _checked(docs):
            for column, amount in self._row(document):
                place = self.columns.get(column)
                if place is not None:
                    indices.append(place)
                    data.append(amount)
            starts.append(len(indices))
        shape = (len(starts) - 1, len(self.columns))
        rows = sparse.csr_array(
            (np.array(data, dtype=float), np.array(indices, dtype=np.int64), np.array(starts)),
            shape=shape,
        )
        rows.sum_duplicates()
        return rows

    def fit_transform(self, docs: Iterable[Document], y: object = None) -> sparse.csr_array:
        """Learn the columns, and give the features."""
        documents = list(docs)
        return self.fit(documents).transform(documents)

    @property
    def names(self) -> list[tuple[str, tuple[Token, ...]]]:
        """For each column the name of its statistic, and the tokens."""
        return [(self.statistics.items[n].name, tokens) for n, tokens, _ in self.columns]

    @property
    def groups(self) -> dict[str, list[int]]:
        """The columns of each statistic."""
        found: dict[str, list[int]] = {item.name: [] for item in self.statistics.items}
        for (number, _, _), column in self.columns.items():
            found[self.statistics.items[number].name].append(column)
        return found

    def _row(self, document: Document) -> Iterator[tuple[Column, float]]:
        """The features of a document that are not 0; a column may come more than once."""
        share = 1 / len(document) if self.statistics.is_mean else 1.0
        for number, statistic in enumerate(self.statistics.items):
            for reading, weights in zip(statistic.readings, statistic.factor, strict=True):
                for tokens, count in self._counts(reading, document).items():
                    for feature in range(statistic.rank):
                        if weights[feature] != 0:
                            yield (number, tokens, feature), share * count * weights[feature]

    def _counts(self, reading: Reading, document: Document) -> dict[tuple[Token, ...], int]:
        """How often tuples of tokens stand at the reading's offsets."""
        if reading.place is None:
            return {(): 1}
        found: dict[tuple[Token, ...], int] = {}
        size = len(document)
        for t in range(size + reading.excess):
            if self.statistics.reach.place(t, size) != reading.place:
                continue
            places = [t + a for a in reading.offsets]
            if all(0 <= place < size for place in places):
                tokens = tuple(document[place] for place in places)
                found[tokens] = found.get(tokens, 0) + 1
        return found


def _checked(docs: Iterable[Document]) -> Iterator[Document]:
    for number, document in enumerate(docs):
        if isinstance(document, str):
            raise UsageError(f"document {number} is a text: split it into tokens first")
        if not len(document):
            raise UsageError(f"document {number} is empty")
        yield document
