"""Kernel matrices on disk, computed block by block."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from symntk.blocks.finite import require_finite
from symntk.blocks.growing import STORES, Growing, Place
from symntk.blocks.pairs import Pairs, computed
from symntk.blocks.samples import count, some
from symntk.blocks.work import Work
from symntk.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client

    from symntk.emission.kernel import Inputs, Kernel

BLOCK = 2048
"""Rows and columns of a block if none are given: 34 MB of float64."""

LONGEST = 10.0
"""Seconds that such a block takes, about: those of a slow kernel are smaller."""

ENOUGH = 0.2
"""Seconds after which the time of some pairs says how long others take."""

CHOICES: dict[str, tuple[str, ...]] = {
    "ntk": ("ntk",),
    "nngp": ("nngp",),
    "both": ("nngp", "ntk"),
}
"""What can be stored."""


Progress = Callable[[int, int], None]


def write_kernel(
    kernel: Kernel,
    path: str | os.PathLike[str],
    x1: Inputs,
    x2: Inputs | None = None,
    *,
    which: str = "ntk",
    block: int | None = None,
    scheduler: str | Client | None = None,
    progress: Progress | None = None,
) -> Any:
    """Write the matrix of a kernel to disk, in blocks; nothing of its size is ever in memory.

    A run that ended too early, in whatever way, is continued by the same call: blocks that are on
    disk are not computed again, and the result is the same to the last digit.  Until the matrix is
    whole it stands beside its place, ``k.npy`` in ``k.part.npy``; the journal ``k.npy.journal``
    says which blocks are done, and of which kernel and inputs they are.  A matrix that is whole is
    recognised by it.

    kernel: as `symntk.Derivation.compile` returns it.
    path: ends in .npy for a file that ``numpy.load(path, mmap_mode="r")`` reads, or in .zarr for a
        Zarr group with an array for each kernel, whose chunks are the blocks.
    x1, x2: as the kernel takes them.  An array may be memory-mapped.  Without ``x2`` the pairs are
        those of ``x1`` with itself, and only blocks on and above the diagonal are computed.
    which: "ntk", "nngp", or for a .zarr "both".
    block: rows and columns of a block.  Memory goes with its square; an interruption costs the
        blocks that are being computed.  Without it what the journal says; or else 2048, or less if
        such a block, as some pairs that are timed show, would take more than ten seconds.
    scheduler: None computes here, with all threads; "local" starts a Dask cluster on this machine;
        "tcp://host:8786" is the address of a Dask scheduler; or a `distributed.Client`.  Its
        workers need symntk; they compute, and this process writes.
    progress: told before the first block and after each how many are done, and of how many; never
        where the matrix is whole already.

    Returns the matrix to read, memory-mapped, or the Zarr group.
    Raises UsageError for inputs that the kernel does not take, where a kernel is not finite, and
    where files are in the way: those of other inputs, of another program, or of a process that is
    writing them.
    """
    place = Place(Path(path))
    if which not in CHOICES:
        raise UsageError(f"which is one of {', '.join(CHOICES)}, not {which!r}")
    if block is not None and block < 1:
        raise UsageError(f"a block has one row at least, not {block}")
    if len(CHOICES[which]) > place.kind().most:
        raise UsageError(f"{path}: a {place.path.suffix} file holds one kernel, ntk or nngp")
    with place.open_journal() as journal:
        side = block or (journal.fields or {}).get("block") or _usual(kernel, x1)
        work = Work.of(kernel, x1, x2, CHOICES[which], side)
        place.require_same(work, journal)
        growing = Growing(place, work, journal)
        total, tell = len(work.tiling), progress or _silent
        if not growing.is_whole:
            missing = growing.missing
            pairs = Pairs(kernel, work, x1, x2)
            pairs.check(missing)
            with growing.opened():
                tell(total - len(missing), total)
                found = computed(pairs, missing, scheduler)
                for done, (tile, blocks) in enumerate(found, start=total - len(missing) + 1):
                    require_finite(blocks, *(number * side for number in tile))
                    growing.put(tile, blocks)
                    tell(done, total)
            growing.finish()
    return STORES[place.path.suffix].load(place.path)


def _usual(kernel: Kernel, x: Inputs) -> int:
    """A power of 2 up to `BLOCK`, so that a block takes `LONGEST` at most by a measurement."""

    def seconds(samples: int) -> float:
        begin = perf_counter()
        kernel(some(x, slice(0, samples)))
        return perf_counter() - begin

    seconds(2)  # compiles what needs to be
    least, taken, size = seconds(2), 0.0, 4
    while taken < ENOUGH and size < min(count(x, "x1"), BLOCK // 8):
        size *= 2
        taken = min(seconds(size), seconds(size)) - least  # the first may compile more
    pairs = min(size, count(x, "x1")) ** 2 / 2
    fitting = BLOCK if taken <= 0 else int(sqrt(LONGEST * pairs / taken))
    return min(BLOCK, 1 << max(0, fitting.bit_length() - 1))


def _silent(done: int, total: int) -> None:
    """Tell nobody."""
