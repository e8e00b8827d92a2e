"""Word of how far long work has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told how much of a work is done, and of how much."""

WHOLE = 1000
"""Parts that a work without natural ones is divided into."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""
