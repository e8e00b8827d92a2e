"""Whole processes of Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory


def whole(arguments: list[str]) -> Callable[[], str]:
    """A process from its start to its end, machine code being cached already."""
    return lambda: _output(arguments)


def first_call(code: str, cached: bool) -> Callable[[], float]:
    """Seconds that ``code`` prints; cached: a process before has left its machine code."""

    def in_empty_cache() -> float:
        with TemporaryDirectory() as folder:
            return float(_output(["-c", code], folder))

    return (lambda: float(_output(["-c", code]))) if cached else in_empty_cache


def _output(arguments: list[str], cache: str | None = None) -> str:
    own = {"SYMNTK_CACHE": cache} if cache else {}
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **own},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
