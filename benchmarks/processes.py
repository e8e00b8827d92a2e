"""The processes of the contenders, one for each program and number of cores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from select import select
from tempfile import TemporaryFile
from typing import Any

from benchmarks.cases import Contender

ROOT = Path(__file__).parents[1]
POOLS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
LONGEST = 100
"""Letters of a message."""

SERVE = "from benchmarks.worker import main; main()"


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
        self._ended = ""
        self._complaints = TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(cores)],
            cwd=ROOT,
            env={**os.environ, **threads, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            process_group=0,
        )

    def ask(self, do: str, patience: float, **arguments: Any) -> Any:
        """The answer to a request.

        Raises ContenderFailed with what the program says, if the process has ended, and after
        ``patience`` seconds, which end it.
        """
        if not self._ended:
            reply = self._reply({"do": do, **arguments}, patience)
            if reply:
                answer = json.loads(reply)
                if "error" in answer:
                    raise ContenderFailed(answer["error"])
                return answer["ok"]
        raise ContenderFailed(self._ended)

    def _reply(self, request: dict[str, Any], patience: float) -> str:
        """A line; an empty one, and the reason, if there will be none."""
        pipe = self.process
        assert pipe.stdin is not None and pipe.stdout is not None
        with suppress(BrokenPipeError):  # the end of the process shows in what is read
            print(json.dumps(request), file=pipe.stdin, flush=True)
        if not select([pipe.stdout], [], [], patience)[0]:
            self.close()
            self._ended = f"more than {patience:g} s"
            return ""
        reply = pipe.stdout.readline()
        if not reply:
            self._ended = self._last_words(pipe.wait())
        return reply

    def close(self) -> None:
        """End the process, and those that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self._complaints.close()

    def _last_words(self, code: int) -> str:
        """Why the process ended: an exception, or SIGKILL or SIGABRT for want of memory."""
        self._complaints.seek(0)
        last = self._complaints.read().strip().rpartition("\n")[2]
        if code in (-signal.SIGKILL, -signal.SIGABRT) or "out of memory" in last.lower():
            return "out of memory"
        return last[:LONGEST] or f"its process ended with status {code}"


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
