"""Blocks computed by Dask.

Dask schedules: it moves samples to workers and blocks back, and runs a block again whose worker
went away.  Here is only what becomes a task, and how many are under way at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from threading import Lock
from typing import TYPE_CHECKING, Any

from symntk.blocks.pairs import Blocks, Pairs, Shard, block
from symntk.blocks.tiling import Tile
from symntk.blocks.workers import connected
from symntk.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client

AHEAD = 2
"""Blocks under way for each worker: one is computed while another waits or is sent."""


def computed_by_dask(
    pairs: Pairs, tiles: Sequence[Tile], scheduler: str | Client
) -> Iterator[tuple[Tile, Blocks]]:
    """The blocks of ``tiles`` as workers finish them.

    They stay with the workers until they are asked for, one at a time.
    """
    with connected(scheduler) as client:
        from distributed import KilledWorker, as_completed

        sent = _Sent(client, pairs)
        waiting = deque(tiles)
        under_way: dict[Any, Tile] = {}
        finished = as_completed()
        while waiting or under_way:
            _require_running(client)
            while waiting and len(under_way) < AHEAD * max(1, len(client.nthreads())):
                task = sent.start(waiting[0])
                under_way[task] = waiting.popleft()
                finished.add(task)
            task = next(finished)
            tile = under_way.pop(task)
            try:
                blocks = task.result()
            except CancelledError:  # a worker went away with samples that no other one had
                sent.forget_lost()
                waiting.append(tile)
                continue
            except KilledWorker as error:
                raise UsageError(
                    f"several workers in turn were killed at a block of {pairs.work.block} rows: "
                    "smaller blocks take less memory"
                ) from error
            yield tile, blocks


class _Sent:
    """Samples on their way to the workers, each shard once, and the tasks that take them."""

    def __init__(self, client: Client, pairs: Pairs) -> None:
        self._client = client
        self._pairs = pairs
        self._shards: dict[Shard, Any] = {}

    def start(self, tile: Tile) -> Any:
        """The task that computes a block."""
        first, second = self._pairs.shards(tile)
        return self._client.submit(
            block_at_worker,
            self._pairs.kernel.source,
            self._pairs.work.which,
            self._send(first),
            None if second is None else self._send(second),
            pure=False,
        )

    def forget_lost(self) -> None:
        """Shards that were lost with their worker are sent again when they are next needed."""
        self._shards = {
            shard: there for shard, there in self._shards.items() if not there.cancelled()
        }

    def _send(self, shard: Shard) -> Any:
        if shard not in self._shards:
            (self._shards[shard],) = self._client.scatter([self._pairs.samples(shard)], hash=False)
        return self._shards[shard]


def _require_running(client: Client) -> None:
    if client.status != "running":
        raise UsageError("the Dask scheduler went away: the same call goes on where this one ended")


_ALONE = Lock()
"""Tasks of one process take turns: each uses all threads that the process may."""


def block_at_worker(source: str, which: Sequence[str], first: Any, second: Any) -> Blocks:
    """`block` as a task of Dask, with no more threads than its worker was given."""
    import numba
    from distributed import get_worker

    from symntk.emission.kernel import Kernel

    with _ALONE:
        before = numba.get_num_threads()
        numba.set_num_threads(min(get_worker().state.nthreads, before))
        try:
            return block(Kernel.load(source), which, first, second)
        finally:
            numba.set_num_threads(before)
