"""The columns of sparse rows that documents share, arranged for products of all pairs.

A common column is kept row by row, as `inner_counts` writes it out.  A rare one is kept as the list
of its documents, in their order.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.threads import each_on_threads

COMMON = 16  # a column that more than one document in so many has is common
MOST_COMMON = 512  # columns that are common


def shared(found: Any, count: int) -> Any:
    """What `inner_counts` multiplies.

    found: `numbered_sums` of each statistic, for all documents, ``count`` of the first batch.
    Returns how many columns are common; their rows (starts, columns, amounts); and the lists of the
    rare ones (starts, documents, amounts).
    """
    documents = np.concatenate([part[4] for part in found], axis=1)
    rows = len(found[0][0]) - 1
    have, others = (documents[0], rows) if count == rows else (documents[1], rows - count)
    are_common = have * COMMON > others
    if are_common.sum() > MOST_COMMON:
        are_common &= have > np.sort(have[are_common])[-MOST_COMMON - 1]
    begins = np.concatenate([[0], np.cumsum(np.where(are_common, 0, documents.sum(axis=0)))])
    list_starts = np.append(begins[:-1][~are_common], begins[-1])
    width = int(are_common.sum())
    begins[:-1][are_common] = -1 - np.arange(width)
    limits = np.cumsum([part[4].shape[1] for part in found])
    parts = [(*part[:3], own) for part, own in zip(found, np.split(begins, limits), strict=False)]
    sizes = np.zeros((rows, len(parts)), np.int64)
    entries = sum(len(part[1]) for part in parts)
    calls = [(*part, sizes[:, n]) for n, part in enumerate(parts)]
    each_on_threads(count_common, calls, entries)
    ends = np.cumsum(sizes.ravel()).reshape(sizes.shape)
    common = np.empty(ends[-1, -1], np.int64), np.empty((ends[-1, -1], 2))
    lists = np.empty(list_starts[-1], np.int32), np.empty((list_starts[-1], 2))
    calls = [(*part, at, common, lists) for part, at in zip(parts, (ends - sizes).T, strict=True)]
    each_on_threads(keep, calls, entries)
    return width, (np.append(0, ends[:, -1]), *common), (list_starts, *lists)


@njit(cache=True, error_model="numpy", nogil=True)
def count_common(starts: Any, columns: Any, amounts: Any, begins: Any, sizes: Any) -> None:
    """The number of common columns of each row; where the lists of the others begin is not < 0."""
    for row in range(len(starts) - 1):
        for n in range(starts[row], starts[row + 1]):
            sizes[row] += begins[columns[n]] < 0


@njit(cache=True, error_model="numpy", nogil=True)
def keep(
    starts: Any, columns: Any, amounts: Any, begins: Any, at: Any, common: Any, lists: Any
) -> None:
    """Fills the rows of common columns, each from ``at`` on, and the lists from ``begins`` on."""
    ends = begins.copy()
    for row in range(len(starts) - 1):
        place = at[row]
        for n in range(starts[row], starts[row + 1]):
            end = ends[columns[n]]
            if end < 0:
                common[0][place] = -1 - end
                common[1][place, 0], common[1][place, 1] = amounts[n, 0], amounts[n, 1]
                place += 1
            else:
                lists[0][end] = row
                lists[1][end, 0], lists[1][end, 1] = amounts[n, 0], amounts[n, 1]
                ends[columns[n]] = end + 1
