"""Documents as sparse rows of features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from symntk.decomposition.documents import Document, Documents, Token, read_documents
from symntk.decomposition.maps.positions import Chunk, chunks
from symntk.decomposition.maps.sparse_map import SparseMap
from symntk.decomposition.maps.statistics import Statistic, Statistics
from symntk.decomposition.maps.tallies import Occurrences, Tuples, occurrences
from symntk.decomposition.maps.threads import in_threads
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]


@dataclass
class FeatureMap(SparseMap):
    """Phi(x) with kernel(x, x') = Phi(x) . Phi(x'), exactly; a transformer as in scikit-learn.

    `fit` learns which tuples of tokens occur; others are left out of later documents, as their
    features have inner product 0 with all that were seen.
    """

    statistics: Statistics
    _tokens: dict[Token, int] = field(default_factory=dict, init=False, repr=False)
    _tuples: list[Tuples] = field(default_factory=list, init=False, repr=False)

    def fit(self, docs: Iterable[Document], y: object = None) -> FeatureMap:
        """Learn the columns from documents, lists of tokens."""
        read = read_documents(docs)
        self._tokens = {token: number for number, token in enumerate(read.vocabulary)}
        longest = int(read.lengths.max())
        self._tuples = []
        for item in self.statistics.items:
            beyond = max(reading.excess for reading in item.readings)
            known = Tuples(max(len(self._tokens), longest + beyond))
            known.learn(partial(self._seen, item, read), item.order + item.is_aligned)
            self._tuples.append(known)
        return self

    def merge(self, parts: Sequence[SparseMap]) -> FeatureMap:
        """Learn the columns from maps like this one that were fitted to shards of a corpus."""
        own = [part for part in parts if isinstance(part, FeatureMap)]
        tokens = dict.fromkeys(token for part in own for token in part._tokens)
        self._tokens = {token: number for number, token in enumerate(tokens)}
        self._tuples = []
        for place, item in enumerate(self.statistics.items):
            base = max(len(self._tokens), *(part._tuples[place].base for part in own))
            known = Tuples(base)
            known.learn(partial(self._known_to, own, place), item.order + item.is_aligned)
            self._tuples.append(known)
        return self

    def _known_to(self, parts: Sequence[FeatureMap], place: int) -> Iterator[tuple[Integers, ...]]:
        """The tuples of tokens that maps know of a statistic, in columns and in own numbers."""
        import numpy as np

        item = self.statistics.items[place]
        for part in parts:
            numbers = np.array([self._tokens[token] for token in part._tokens])
            rows = part._tuples[place].tuples()
            rows[:, : item.order] = numbers[rows[:, : item.order]]
            yield tuple(rows.T)

    def blocks(self, docs: Iterable[Document]) -> Iterator[sparse.csr_array]:
        """The features of documents, some rows at a time."""
        self.require_fitted()
        read = read_documents(docs)
        self._check_means(read)
        return in_threads(self._of_chunk, self._chunks(read))

    @property
    def width(self) -> int:
        """The number of columns."""
        items = zip(self.statistics.items, self._tuples, strict=True)
        return sum(item.rank * len(known) for item, known in items)

    @property
    def names(self) -> list[tuple[str, tuple[Token, ...]]]:
        """For each column the name of its statistic, and the tokens.

        A term that counts each position on its own has the position, from 1, behind the tokens.
        """
        return list(self._names())

    def _names(self) -> Iterator[tuple[str, tuple[Token, ...]]]:
        tokens = list(self._tokens)
        for item, known in zip(self.statistics.items, self._tuples, strict=True):
            for row in known.tuples().tolist():
                read = tuple(tokens[n] for n in row[: item.order])
                place = tuple(n + 1 for n in row[item.order :])
                for _ in range(item.rank):
                    yield item.name, read + place

    @property
    def kinds(self) -> tuple[list[str], NDArray[np.int32]]:
        """The names of the statistics, and the number of that of each column, (K,)."""
        import numpy as np

        items = self.statistics.items
        names = list(dict.fromkeys(item.name for item in items))
        own = np.array([names.index(item.name) for item in items], dtype=np.int32)
        sizes = [item.rank * len(known) for item, known in zip(items, self._tuples, strict=True)]
        return names, np.repeat(own, sizes)

    def tuples(self, name: str) -> Documents:
        """The different tuples of tokens that statistics of a name, not positional ones, count."""
        import numpy as np

        named = zip(self.statistics.items, self._tuples, strict=True)
        rows = [known.tuples()[:, : item.order] for item, known in named if item.name == name]
        if not rows:
            return Documents.of([])
        found = rows[0] if len(rows) == 1 else np.unique(np.concatenate(rows), axis=0)
        starts = np.arange(0, found.size + 1, found.shape[1])
        return Documents.numbered(found.astype(np.int32).ravel(), starts, list(self._tokens))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What the map was made of."""
        return {"statistics": self.statistics}

    def __sklearn_is_fitted__(self) -> bool:
        """Whether columns are known."""
        return bool(self._tokens)

    def _chunks(self, docs: Documents) -> Iterator[Chunk]:
        """The documents in numbers; tokens that are not known have numbers beyond the others."""
        import numpy as np

        beyond = count(len(self._tokens))
        numbers = [self._tokens.get(t, -1) for t in docs.vocabulary]
        known = [next(beyond) if number < 0 else number for number in numbers]
        return chunks(docs, np.array(known, dtype=np.int32))

    def _seen(self, item: Statistic, docs: Documents) -> Iterator[tuple[Integers, ...]]:
        """The tuples of tokens that a statistic reads, in columns."""
        for chunk in self._chunks(docs):
            for found in occurrences(item, chunk):
                yield found.values

    def _check_means(self, docs: Documents) -> None:
        """UsageError for a document without positions, where a mean is taken over them."""
        import numpy as np

        if self.statistics.mean is None:
            return
        short = np.flatnonzero(docs.lengths + self.statistics.mean.beyond <= 0)
        if len(short):
            raise UsageError(f"document {short[0] + 1} has no window: it is too short for a mean")

    def _of_chunk(self, chunk: Chunk) -> sparse.csr_array:
        import numpy as np
        import scipy.sparse as sparse

        columns, begin = [], 0
        for item, known in zip(self.statistics.items, self._tuples, strict=True):
            parts = [_amounts(item, known, found, begin) for found in occurrences(item, chunk)]
            columns += parts
            begin += item.rank * len(known)
        if not columns:
            return sparse.csr_array((len(chunk), 0))
        rows, places, amounts = (np.concatenate(part) for part in zip(*columns, strict=True))
        mean = self.statistics.mean
        if mean is not None:
            amounts = amounts / (chunk.lengths + mean.beyond)[rows] ** mean.power
        shape = (len(chunk), begin)
        index = sparse.get_index_dtype(maxval=max(shape))
        entries = (amounts, (rows.astype(index), places.astype(index)))
        return sparse.csr_array(sparse.coo_array(entries, shape=shape))


def _amounts(
    statistic: Statistic, known: Tuples, found: Occurrences, begin: int
) -> tuple[Integers, Integers, Reals]:
    """Rows, columns and amounts of some occurrences; those of one place are to be added."""
    import numpy as np

    if not found.values:
        return _totals(statistic, found, begin)
    numbers = known.numbers(found.values)
    seen = numbers >= 0
    amounts = statistic.factor[found.readings[seen]]
    columns = begin + numbers[seen][:, None] * statistic.rank + np.arange(statistic.rank)
    rows = np.repeat(found.documents[seen], statistic.rank)
    kept = amounts.ravel() != 0
    return rows[kept], columns.ravel()[kept], amounts.ravel()[kept]


def _totals(
    statistic: Statistic, found: Occurrences, begin: int
) -> tuple[Integers, Integers, Reals]:
    """The same where no tokens are read: every document has one row of amounts."""
    import numpy as np

    size = len(statistic.readings)
    counts = np.bincount(found.documents * size + found.readings)
    places = np.flatnonzero(counts)
    documents, readings = np.divmod(places, size)
    amounts = counts[places, None] * statistic.factor[readings]
    columns = np.broadcast_to(begin + np.arange(statistic.rank), amounts.shape)
    return np.repeat(documents, statistic.rank), columns.ravel(), amounts.ravel()
