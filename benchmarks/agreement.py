"""Whether answers are the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.entrants import Entrant


def compare(entrants: Sequence[Entrant]) -> None:
    """Set the differences from the truth, or else from the first entrant: see ``Row``.

    Compared are the samples that both have.
    """
    with TemporaryDirectory() as folder:
        matrices = {}
        for entrant in sorted(entrants, key=lambda one: not one.contender.truth):
            path = Path(folder) / f"{entrant.key}.npy"
            entrant.ask("save", key=entrant.key, path=str(path))
            if not entrant.error:
                matrices[entrant.key] = np.load(path, mmap_mode="r")
        if not matrices:
            return
        first, expected = next(iter(matrices.items()))
        for entrant in entrants:
            if entrant.key in matrices and entrant.key != first:
                found = matrices[entrant.key]
                size = min(len(expected), len(found))
                entrant.difference, entrant.diagonal = differences(
                    expected[:size, :size], found[:size, :size]
                )


def differences(expected: Any, found: Any) -> tuple[float, float]:
    """The largest |Theta - Theta'| / sqrt(Theta(x, x) Theta(x', x')), off and on the diagonal."""
    scale = np.sqrt(np.diag(expected))
    relative = np.abs(found - expected) / np.outer(scale, scale)
    diagonal = float(np.diag(relative).max())
    np.fill_diagonal(relative, 0)
    return float(relative.max()), diagonal
