"""The pairs of samples of a matrix, and the kernels of a block of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symntk.blocks.samples import some
from symntk.blocks.tiling import Tile
from symntk.blocks.work import Work
from symntk.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client
    from numpy.typing import NDArray

    from symntk.emission.kernel import Inputs, Kernel

Blocks = tuple["NDArray[Any]", ...]
"""A block of each kernel that is stored."""

Shard = tuple[int, int]
"""Samples that make a row of blocks: 0 for those of x1 or 1 for those of x2, and their number."""


@dataclass(frozen=True)
class Pairs:
    """The inputs of a work."""

    kernel: Kernel
    work: Work
    x1: Inputs
    x2: Inputs | None

    def shards(self, tile: Tile) -> tuple[Shard, Shard | None]:
        """What a block is the kernel of; of one shard with itself on the diagonal."""
        row, column = tile
        if self.x2 is not None:
            return (0, row), (1, column)
        return (0, row), None if row == column else (0, column)

    def samples(self, shard: Shard) -> Any:
        """The samples of a shard."""
        x = self.x1 if shard[0] == 0 else self.x2
        assert x is not None
        return some(x, self._span(shard))

    def block(self, tile: Tile) -> Blocks:
        """The kernels of the pairs of a block."""
        first, second = self.shards(tile)
        others = None if second is None else self.samples(second)
        return block(self.kernel, self.work.which, self.samples(first), others)

    def check(self, tiles: Sequence[Tile]) -> None:
        """UsageError now for any of the samples that the kernel does not take.

        Their kernels with themselves are all computed, in time that goes with their number.
        """
        shards = {shard for tile in tiles for shard in self.shards(tile) if shard is not None}
        for shard in sorted(shards):
            try:
                self.kernel.diag(self.samples(shard))
            except UsageError as error:
                span = self._span(shard)
                raise UsageError(f"in x{shard[0] + 1}[{span.start}:{span.stop}]: {error}") from None

    def _span(self, shard: Shard) -> slice:
        side, number = shard
        return self.work.tiling.span(number, self.work.shape[side])


def block(kernel: Kernel, which: Sequence[str], first: Any, second: Any) -> Blocks:
    """The kernels of the pairs of some samples and others; of some with themselves for None."""
    found = kernel(first, second)
    return tuple(getattr(found, name) for name in which)


def computed(
    pairs: Pairs, tiles: Sequence[Tile], scheduler: str | Client | None
) -> Iterator[tuple[Tile, Blocks]]:
    """The blocks of ``tiles`` as they come, computed here or where ``scheduler`` says."""
    if scheduler is None:
        yield from _computed_here(pairs, tiles)
        return
    from symntk.blocks.cluster import computed_by_dask

    yield from computed_by_dask(pairs, tiles, scheduler)


def _computed_here(pairs: Pairs, tiles: Sequence[Tile]) -> Iterator[tuple[Tile, Blocks]]:
    """One block after another; each is computed while the one before it is written."""
    import numba

    threads = numba.get_num_threads()  # as the caller chose for this thread
    ahead = ThreadPoolExecutor(1, initializer=numba.set_num_threads, initargs=(threads,))
    coming: deque[tuple[Tile, Future[Blocks]]] = deque()
    try:
        for tile in tiles:
            coming.append((tile, ahead.submit(pairs.block, tile)))
            if len(coming) > 1:
                yield _finished(*coming.popleft())
        yield from (_finished(*last) for last in coming)
    finally:
        ahead.shutdown(cancel_futures=True)


def _finished(tile: Tile, blocks: Future[Blocks]) -> tuple[Tile, Blocks]:
    return tile, blocks.result()
