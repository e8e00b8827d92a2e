"""How a model of the zoo ends: what becomes of the positions before the readout."""

from __future__ import annotations

from typing import Literal, TypeAlias

from symntk.errors import UsageError
from symntk.graph import Node

Pool: TypeAlias = Literal["sum", "mean", "first", "last"]

POOLS = ("sum", "mean", "first", "last")


def pooled(h: Node, pool: str) -> Node:
    """The sum or the mean over positions, the first or the last vector."""
    if pool not in POOLS:
        raise UsageError(f"unknown pooling {pool!r}; use {', '.join(POOLS)}")
    result: Node = getattr(h, pool)()
    return result
