"""Work shared by threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numba import get_num_threads

SMALL = 32768  # numbers that one thread looks at in the time that threads take to begin


def on_threads(work: Any, tasks: int, *arguments: Any) -> None:
    """work(thread, threads, *arguments), in as many threads as there are tasks and Numba may use.

    Of the tasks, a thread does every threads-th one; the calling thread is the first of them.
    Python's threads, as compiled functions do not hold its lock: a third less to compile than with
    loops that Numba makes parallel.
    """
    threads = max(1, min(get_num_threads(), tasks))
    if threads == 1:
        work(0, 1, *arguments)
        return
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(work, thread, threads, *arguments) for thread in range(1, threads)]
        work(0, threads, *arguments)
        for done in others:
            done.result()


def each_on_threads(work: Any, calls: Any, size: int) -> list[Any]:
    """The results of work(*arguments) for all calls: a thread that is free takes the next.

    size: of what each works on; little of it is done before threads have begun.
    """
    threads = max(1, min(get_num_threads(), len(calls)))
    if threads == 1 or size < SMALL:
        return [work(*arguments) for arguments in calls]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, *zip(*calls, strict=True)))
