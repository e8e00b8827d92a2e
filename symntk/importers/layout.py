"""How a document is laid out, whatever the format: short mappings on one line."""

from __future__ import annotations

MAX_LINE = 72
"""Longest mapping that is written on one line, in characters."""


def is_short(value: object) -> bool:
    """Whether a mapping or a list is written on one line."""
    if isinstance(value, dict):
        plain = all(" " not in f"{k}{v}" for k, v in value.items() if not isinstance(v, dict))
        return plain and not any(isinstance(v, dict) and v for v in value.values()) and _fits(value)
    return isinstance(value, list)


def _fits(value: object) -> bool:
    return len(str(value)) <= MAX_LINE
