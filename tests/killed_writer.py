"""Kills a process that writes a matrix in blocks, at one line of its code after another.

Run as ``python -m tests.killed_writer k.npy``: each attempt is a process of its own, which is
killed before it executes the n-th line of ``symntk.blocks``, and n grows; the next attempt goes on
with what is there.  Writes how many blocks each attempt found done.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import symntk
from symntk.blocks import growing
from symntk.blocks.matrix import write_kernel
from tests.plain_kernel import plain_kernel, rows

PACKAGE = str(Path(symntk.__file__).parent / "blocks")
FIRST = 40
STEPS = {".npy": 37, ".zarr": 120}
"""Lines until the first kill, and how many more until each that follows."""


def attempt(path: Path, lines: int) -> None:
    """Write the matrix, and be killed after so many lines."""

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        lines -= event == "line"
        if lines <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    kernel, x = plain_kernel(), rows(33)
    found: list[int] = []
    sys.settrace(trace)
    write_kernel(kernel, path, x, block=5, progress=lambda done, total: found.append(done))
    sys.settrace(None)


def main(path: Path) -> None:
    """Attempts until one ends by itself."""
    growing.OFTEN = 0.0
    for package in ("numba", "zarr"):
        import_module(package)  # once, and not in each process
    lines = FIRST
    while True:
        child = os.fork()
        if not child:
            attempt(path, lines)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not status:
            return
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            raise SystemExit(1)
        journal = path.with_name(f"{path.name}.journal")
        print(journal.read_bytes().count(b"\nblock") if journal.exists() else 0)
        lines += STEPS[path.suffix]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
