r"""The documents of a flow in shards, over which all that a flow needs is a sum.

    Phi^T C r(Phi w) = sum over shards of  Phi_k^T C_k r(Phi_k w)

Phi_k are the rows of the features of a shard, C_k = diag(c) says how often each document stands in
the corpus, r is the residual of the loss.  No matrix is held besides Phi_k: products with its
transpose read the same numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Concatenate

from symntk.decomposition.maps.threads import in_threads
from symntk.dynamics.losses import Loss

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

WORK = 2**20
"""Multiplications that a product with a shard takes at least, or nearly: a millisecond."""

SHARE, SEVERAL = 2, 4
"""Entries of a shard at least, for each feature: its part of a sum has as many numbers as there are
features, and must not cost more than the product.  Of several scores, whose products cost less
each, so many times as many.
"""


@dataclass(frozen=True, eq=False)
class Shard:
    """Some of the documents that a flow learns.

    features: Phi, (documents, features).
    copies: c, how often each document stands in the corpus, (documents,).
    targets: what the residual takes, (documents, scores).
    """

    features: sparse.csr_array
    copies: Array
    targets: Array

    def pull(self, loss: Loss, weights: Array) -> Array:
        """Phi^T C r(Phi w), (features, scores)."""
        residual = loss.residual(self.features @ weights, self.targets)
        residual *= self.copies[:, None]
        return self._transposed(residual)

    def rows(self, x: Array) -> Array:
        """C^(1/2) Phi x, of features (features, ...)."""
        found: Array = ((self.features @ x).T * self.roots()).T
        return found

    def columns(self, x: Array) -> Array:
        """Phi^T C^(1/2) x, of documents (documents, ...)."""
        return self._transposed((x.T * self.roots()).T)

    def drive(self) -> Array:
        """C^(1/2) y, the first score's, (documents,)."""
        found: Array = self.roots() * self.targets[:, 0]
        return found

    def roots(self) -> Array:
        """The diagonal of C^(1/2), (documents,)."""
        import numpy as np

        return np.sqrt(self.copies)

    def _transposed(self, x: Array) -> Array:
        found: Array = self.features.T @ x  # a view of the same numbers, column by column
        return found


class Shards(ABC):
    """All documents of a flow, in shards, wherever these are."""

    @property
    @abstractmethod
    def sizes(self) -> Sequence[int]:
        """How many documents each shard has."""

    @property
    @abstractmethod
    def width(self) -> int:
        """How many features there are."""

    @property
    @abstractmethod
    def scores(self) -> int:
        """How many scores a document has."""

    @abstractmethod
    def each(
        self, work: Callable[Concatenate[Shard, ...], Array], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Array]:
        """``work`` of each shard and of its arguments, in the order of the shards.

        work: a method of `Shard`.
        """

    def total(
        self, work: Callable[Concatenate[Shard, ...], Array], arguments: Iterable[tuple[Any, ...]]
    ) -> Array:
        """The sum of what `each` gives."""
        parts = self.each(work, arguments)
        total = next(parts)
        for part in parts:
            total += part
        return total

    @property
    def count(self) -> int:
        """How many documents there are."""
        return sum(self.sizes)

    def pull(self, loss: Loss, weights: Array) -> Array:
        """Phi^T C r(Phi w), (features, scores)."""
        return self.total(Shard.pull, repeat((loss, weights)))

    def rows(self, x: Array) -> Array:
        """C^(1/2) Phi x, (documents, ...), of features (features, ...)."""
        import numpy as np

        return np.concatenate(list(self.each(Shard.rows, repeat((x,)))))

    def columns(self, x: Array) -> Array:
        """Phi^T C^(1/2) x, (features, ...), of documents (documents, ...)."""
        import numpy as np

        parts = np.split(x, np.cumsum(self.sizes)[:-1])
        return self.total(Shard.columns, ((part,) for part in parts))

    def drive(self) -> Array:
        """C^(1/2) y of the first score, (documents,)."""
        import numpy as np

        return np.concatenate(list(self.each(Shard.drive, repeat(()))))

    def roots(self) -> Array:
        """The diagonal of C^(1/2), (documents,)."""
        import numpy as np

        return np.concatenate(list(self.each(Shard.roots, repeat(()))))


@dataclass(frozen=True, eq=False)
class LocalShards(Shards):
    """Shards in the memory of this process, worked on by as many threads as there are cores."""

    items: tuple[Shard, ...]

    @property
    def sizes(self) -> Sequence[int]:
        return [shard.features.shape[0] for shard in self.items]

    @property
    def width(self) -> int:
        found: int = self.items[0].features.shape[1]
        return found

    @property
    def scores(self) -> int:
        found: int = self.items[0].targets.shape[1]
        return found

    def each(
        self, work: Callable[Concatenate[Shard, ...], Array], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Array]:
        jobs = zip(self.items, arguments, strict=False)  # of arguments there may be no end
        return in_threads(lambda job: work(job[0], *job[1]), jobs)


def local_shards(blocks: Iterable[sparse.csr_array], copies: Array, targets: Array) -> LocalShards:
    """Shards of features that come some rows at a time.

    copies, targets: of all documents, as in `Shard`.
    """
    begin, items = 0, list[Shard]()
    for rows in _regrouped(blocks, *targets.shape):
        end = begin + rows.shape[0]
        items.append(Shard(rows, copies[begin:end], targets[begin:end]))
        begin = end
    return LocalShards(tuple(items))


def _regrouped(
    blocks: Iterable[sparse.csr_array], documents: int, scores: int
) -> Iterator[sparse.csr_array]:
    """The same rows in blocks of about one size, as small as `WORK` and `SHARE` allow."""
    waiting: list[sparse.csr_array] = []
    held, enough = 0, 0.0
    for block in blocks:
        if not enough:
            expected = block.nnz * documents / block.shape[0]
            share = SHARE * min(scores, SEVERAL) * block.shape[1]
            number = round(expected / max(WORK / scores, share, 1))
            enough = max(expected, 1) / max(number, 1)
        begin = 0
        while begin < block.shape[0]:
            end = int(block.indptr.searchsorted(block.indptr[begin] + enough - held))
            end = min(max(end, begin + 1), block.shape[0])
            waiting.append(block if end - begin == block.shape[0] else block[begin:end])
            held += waiting[-1].nnz
            if held >= enough:
                yield _stacked(waiting)
                waiting, held = [], 0
            begin = end
    if waiting:
        yield _stacked(waiting)


def _stacked(blocks: list[sparse.csr_array]) -> sparse.csr_array:
    import scipy.sparse as sparse

    return blocks[0] if len(blocks) == 1 else sparse.csr_array(sparse.vstack(blocks, "csr"))
