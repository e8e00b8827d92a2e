"""Whole processes of Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.worker import Spent

FIRST_CALL = """
from time import perf_counter
begin = perf_counter()
{work}
print(perf_counter() - begin)
"""


def whole(arguments: list[str]) -> Callable[[], Spent]:
    """A process from its start to its end."""
    return lambda: _run(arguments)[1]


def part(code: str) -> Callable[[], Spent]:
    """What ``code`` takes in a process of its own, without the start of Python."""
    return lambda: _timed(code)


def first_call(model: list[str], samples: str, cached: bool) -> Callable[[], Spent]:
    """The import of an emitted module and its first call.

    model: arguments of ``symntk emit``.
    cached: a process before has left machine code beside the module.
    """
    code = f"import kernel\nkernel.kernel({samples})"

    def run() -> Spent:
        with TemporaryDirectory() as folder:
            emit(folder)
            return _timed(code, folder)

    def emit(folder: str) -> None:
        _run(["-m", "symntk", "emit", *model, "-o", str(Path(folder) / "kernel.py")])

    if not cached:
        return run
    kept = TemporaryDirectory()
    emit(kept.name)
    return lambda: _timed(code, kept.name)


def _timed(code: str, folder: str | None = None) -> Spent:
    output, spent = _run(["-c", FIRST_CALL.format(work=code)], folder)
    return Spent(float(output), spent.peak)


def _run(arguments: list[str], folder: str | None = None) -> tuple[str, Spent]:
    """What the process prints, and its wall time and peak of memory.

    Modules are compiled to files, as those of an installed package are.
    """
    variables = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    start = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=variables,
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
