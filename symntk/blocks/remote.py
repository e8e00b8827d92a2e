"""The shards of a flow on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate

from symntk.blocks.workers import OnDask
from symntk.dynamics.shards import Shard, Shards

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RemoteShards(Shards):
    """Shards that stay where they are: what they are multiplied by is sent, and sums come back.

    items: each a `Shard`, as a value of ``workers``.
    shape: how many features there are, and how many scores a document has.
    """

    workers: OnDask
    items: Sequence[Any]
    shape: tuple[int, int]

    @property
    def width(self) -> int:
        return self.shape[0]

    @property
    def scores(self) -> int:
        return self.shape[1]

    @cached_property
    def sizes(self) -> Sequence[int]:
        return list(self.workers.results(_size, ((shard,) for shard in self.items)))

    def each(
        self, work: Callable[Concatenate[Shard, ...], Array], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Array]:
        return self.workers.results(work, self._with(arguments))

    def total(
        self, work: Callable[Concatenate[Shard, ...], Array], arguments: Iterable[tuple[Any, ...]]
    ) -> Array:
        """The sum of what `each` gives, which the workers add up but for a few terms."""
        found: Array = self.workers.total(work, list(self._with(arguments)))
        return found

    def _with(self, arguments: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Each shard with its arguments, of which there may be no end."""
        return ((shard, *some) for shard, some in zip(self.items, arguments, strict=False))


def _size(shard: Shard) -> int:
    found: int = shard.features.shape[0]
    return found
