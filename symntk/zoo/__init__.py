"""Models that are ready to derive; each file reads like its definition."""

from __future__ import annotations

from collections.abc import Callable

from symntk.graph import Graph
from symntk.zoo.mlp import mlp

MODELS: dict[str, Callable[..., Graph]] = {
    "mlp": mlp,
}

__all__ = ["MODELS", "mlp"]
