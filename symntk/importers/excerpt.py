"""The part of a long text that an error shows."""

from __future__ import annotations

WIDTH = 90
"""Longest text that is shown, in characters."""


def excerpt(text: str, position: int) -> tuple[str, int]:
    """What is shown of ``text`` around ``position``, and where the position is in it."""
    if len(text) <= WIDTH:
        return text, position
    start = max(0, min(position - WIDTH // 2, len(text) - WIDTH))
    end = start + WIDTH
    before, after = "..." if start else "", "..." if end < len(text) else ""
    return f"{before}{text[start:end]}{after}", position - start + len(before)
