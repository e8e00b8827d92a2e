"""A process for one program: it prepares what it is told, runs it, and says how long it took.

One JSON object a line comes in and one goes out.  Thread pools of NumPy, Numba and XLA wait for
work by turning in circles; apart, and one at a time, they do not slow each other down.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

MEMORY_SHARE = 0.8
"""Of the machine's memory, which a program may take before it fails."""


class Spent(NamedTuple):
    """What a call took; one that starts a process says itself.

    peak: of the memory of that process, in bytes.
    """

    seconds: float
    peak: int = 0


class Server:
    """What has been prepared, by key, and how to answer a request."""

    def __init__(self) -> None:
        self.runs: dict[str, Callable[[], Any]] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request; its ``do`` names a method.

        Of errors, what is missing and a lack of memory are replies; others end the process.
        """
        action = getattr(self, request.pop("do"))
        try:
            return {"ok": action(**request)}
        except ModuleNotFoundError as error:
            return {"error": f"not installed ({error.name})"}
        except MemoryError:
            return {"error": "out of memory"}

    def prepare(
        self, key: str, program: str, function: str, options: dict[str, Any], inputs: Any
    ) -> None:
        """Make the callable and its data."""
        made = getattr(import_module(f"benchmarks.programs.{program}"), function)(**options)
        if inputs is None:
            self.runs[key] = made
            return
        from benchmarks import inputs as kinds

        data = getattr(kinds, inputs["kind"])(inputs["samples"], **inputs["shape"])
        self.runs[key] = lambda: made(data)

    def run(self, key: str, least: float) -> Spent:
        """Median seconds of as many calls as fit into ``least`` seconds; at least one."""
        taken: list[Spent] = []
        begin = perf_counter()
        while not taken or perf_counter() - begin < least:
            start = perf_counter()
            result = self.runs[key]()
            seconds = perf_counter() - start
            taken.append(result if isinstance(result, Spent) else Spent(seconds))
            del result
        return Spent(median(one.seconds for one in taken), max(one.peak for one in taken))

    def save(self, key: str, path: str) -> None:
        """Write the matrix of the neural tangent kernel to a file."""
        import numpy as np

        result = self.runs[key]()
        np.save(path, np.asarray(getattr(result, "ntk", result), dtype=np.float64))

    def peak(self, key: str) -> dict[str, int]:
        """Bytes that the peak of memory in one call is above what was in use, and of the result."""
        before = _resident()
        result = self.runs[key]()
        parts = result if isinstance(result, tuple) else (result,)
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"rise": peak - before, "result": sum(part.nbytes for part in parts)}

    def clear(self) -> None:
        """Forget everything that was prepared."""
        self.runs.clear()


def _resident() -> int:
    """Bytes of memory in use now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def _yield_memory() -> None:
    """Fail alone, and first, when memory runs out."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(MEMORY_SHARE * total)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("1000")


def main() -> None:
    """Answer requests from standard input until it ends; what libraries print goes to stderr."""
    if hasattr(os, "sched_setaffinity"):  # the size of XLA's pool follows the cores it is given
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])])
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _yield_memory()
    server = Server()
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), file=replies, flush=True)
