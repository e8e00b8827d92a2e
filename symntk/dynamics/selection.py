"""Which tokens of a corpus are worth following: the frequent ones, and those that lean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def select(counts: NDArray[np.int64], frequent: int, polar: int) -> list[int]:
    """The numbers of tokens, the most frequent first, from their counts (tokens, classes).

    Taken are the ``frequent`` tokens that occur most often, and for each class the ``polar``
    tokens that lean to it most clearly, by their `leanings`.
    """
    import numpy as np

    total = counts.sum(axis=1)
    chosen = np.zeros(len(total), dtype=bool)
    chosen[_largest(total, frequent)] = True
    if counts.shape[1] > 1:
        for leaning in leanings(counts).T:
            chosen[_largest(leaning, polar)] = True
    order = np.argsort(-total, kind="stable")
    found: list[int] = order[chosen[order]].tolist()
    return found


def leanings(counts: NDArray[np.int64]) -> Array:
    """By how many standard deviations tokens are more frequent in a class than all tokens are.

    (f_c - f p_c) / sqrt(f p_c (1 - p_c)), f_c the count of a token in the class c, f its count in
    all, p_c the share of the class in all tokens; (tokens, classes).
    """
    import numpy as np

    total = counts.sum(axis=1, keepdims=True)
    share = counts.sum(axis=0) / counts.sum()
    expected = total * share
    spread = np.sqrt(expected * (1 - share))
    found: Array = np.divide(
        counts - expected, spread, out=np.zeros(counts.shape), where=spread > 0
    )
    return found


def _largest(values: Array | NDArray[np.int64], number: int) -> Sequence[int]:
    import numpy as np

    found: list[int] = np.argsort(-values, kind="stable")[:number].tolist()
    return found
