"""The processes of the contenders, one for each program and number of cores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from select import select
from typing import Any

from benchmarks.cases import Contender

ROOT = Path(__file__).parents[1]
POOLS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ContenderFailed(Exception):
    """A contender has no result; the message says why."""


def available_cores() -> list[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


class Worker:
    """A process of ``benchmarks.worker``, confined to ``cores`` cores, with pools of that size."""

    def __init__(self, cores: int) -> None:
        threads = {name: str(cores) for name in POOLS}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", str(cores)],
            cwd=ROOT,
            env={**os.environ, **threads, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
        )

    def ask(self, do: str, patience: float, **arguments: Any) -> Any:
        """The answer to a request.

        Raises ContenderFailed with what the program says, if the process has ended, and after
        ``patience`` seconds, which end it.
        """
        pipe = self.process
        assert pipe.stdin is not None and pipe.stdout is not None
        try:
            print(json.dumps({"do": do, **arguments}), file=pipe.stdin, flush=True)
            if not select([pipe.stdout], [], [], patience)[0]:
                self.close()
                raise ContenderFailed(f"more than {patience:g} s")
            reply = pipe.stdout.readline()
        except BrokenPipeError:
            reply = ""
        if not reply:
            raise ContenderFailed(_ending(pipe.wait()))
        answer = json.loads(reply)
        if "error" in answer:
            raise ContenderFailed(answer["error"])
        return answer["ok"]

    def close(self) -> None:
        """End the process, and those that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


class Workers:
    """One process for each program and number of cores, from its first contender on."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], Worker] = {}

    def of(self, contender: Contender) -> Worker:
        """The process of a contender."""
        key = contender.program, contender.cores
        if key not in self._open:
            self._open[key] = Worker(contender.cores)
        return self._open[key]

    def end(self, contender: Contender) -> None:
        """End the process of a contender, if there is one."""
        worker = self._open.pop((contender.program, contender.cores), None)
        if worker is not None:
            worker.close()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._open.values():
            worker.close()


def _ending(code: int) -> str:
    """What the end of a process means: SIGKILL, and SIGABRT after a failed allocation."""
    return "out of memory" if code in (-9, -6) else f"its process ended with status {code}"
