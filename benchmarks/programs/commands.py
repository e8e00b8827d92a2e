"""Whole processes of Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.worker import Spent


def whole(arguments: list[str]) -> Callable[[], Spent]:
    """A process from its start to its end, machine code being cached already."""
    return lambda: _run(arguments)[1]


def part(code: str, cached: bool = True) -> Callable[[], Spent]:
    """A process that prints the seconds it took for what matters.

    cached: it finds the machine code that a process before has left.
    """

    def run() -> Spent:
        with TemporaryDirectory() as folder:
            output, spent = _run(["-c", code], None if cached else folder)
        return Spent(float(output), spent.peak)

    return run


def _run(arguments: list[str], cache: str | None = None) -> tuple[str, Spent]:
    """What the process prints, and its wall time and peak of memory."""
    own = {"SYMNTK_CACHE": cache} if cache else {}
    start = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return output, Spent(seconds, 1024 * usage.ru_maxrss)
