"""The columns of sparse rows that documents share, arranged for products of all pairs.

A common column is kept row by row, as `inner_counts` writes it out.  A rare one is kept as the list
of its documents in their order, and a row keeps where the lists begin that have documents for it to
meet: those of the first batch, or those before it where all are of one batch.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.threads import each_on_threads

COMMON = 16  # a column that more than one document in so many has is common
MOST_COMMON = 512  # columns that are common
NOBODY = 2**31 - 1  # the document behind the last of a list


def shared(found: Any, count: int) -> Any:
    """What `inner_counts` multiplies.

    found: `row_sums` of each statistic for all documents, ``count`` of them of the first batch.
    Returns how many columns are common; their rows (starts, columns, amounts); the lists of rare
    ones (documents, amounts), a document ``NOBODY`` behind each; and for each row the lists that it
    meets (starts, where lists begin, amounts).
    """
    documents = np.concatenate([part[4] for part in found], axis=1)
    rows = len(found[0][0]) - 1
    symmetric = count == rows
    sizes = documents[0] if symmetric else documents[1]
    are_common = sizes * COMMON > (rows if symmetric else rows - count)
    if are_common.sum() > MOST_COMMON:
        are_common &= sizes > np.sort(sizes[are_common])[-MOST_COMMON - 1]
    taken = np.where(are_common, 0, documents[0] + np.int64(1))
    begins = np.cumsum(taken) - taken
    width, total = int(are_common.sum()), int(taken.sum())
    begins[are_common] = -1 - np.arange(width)
    limits = np.cumsum([part[4].shape[1] for part in found])[:-1]
    parts = [(*part[:3], own) for part, own in zip(found, np.split(begins, limits), strict=True)]
    sizes = np.zeros((2, rows, len(parts)), np.int64)
    entries = sum(len(part[1]) for part in parts)
    calls = [(*part, count, sizes[:, :, n]) for n, part in enumerate(parts)]
    each_on_threads(count_kept, calls, entries)
    ends = np.cumsum(sizes.reshape((2, -1)), axis=1).reshape(sizes.shape)
    common, met = [(np.empty(own[-1, -1], np.int64), np.empty((own[-1, -1], 2))) for own in ends]
    lists = np.full(total, NOBODY, np.int32), np.empty((total, 2))
    at = ends - sizes
    calls = [(*part, count, at[:, :, n], common, lists, met) for n, part in enumerate(parts)]
    each_on_threads(keep, calls, entries)
    starts = np.concatenate([np.zeros((2, 1), np.int64), ends[:, :, -1]], axis=1)
    return width, (starts[0], *common), lists, (starts[1], *met)


@njit(cache=True, error_model="numpy", nogil=True)
def count_kept(
    starts: Any, columns: Any, amounts: Any, begins: Any, count: int, sizes: Any
) -> None:
    """The number of common columns of each row, sizes[0], and of lists that it meets, sizes[1]."""
    symmetric = count == len(starts) - 1
    seen = np.zeros(len(begins), np.bool_)
    for row in range(len(starts) - 1):
        common = met = 0
        for n in range(starts[row], starts[row + 1]):
            begin = begins[columns[n]]
            if begin >= 0:
                met += seen[columns[n]] if symmetric else row >= count
                seen[columns[n]] = True
            else:
                common += 1
        sizes[0, row], sizes[1, row] = common, met


@njit(cache=True, error_model="numpy", nogil=True)
def keep(
    starts: Any,
    columns: Any,
    amounts: Any,
    begins: Any,
    count: int,
    at: Any,
    common: Any,
    lists: Any,
    met: Any,
) -> None:
    """Fills rows of common columns from at[0] on, of met lists from at[1] on, and the lists."""
    symmetric = count == len(starts) - 1
    ends = begins.copy()
    for row in range(len(starts) - 1):
        a, b = at[0, row], at[1, row]
        for n in range(starts[row], starts[row + 1]):
            begin, one, two = begins[columns[n]], amounts[n, 0], amounts[n, 1]
            if begin < 0:
                common[0][a], common[1][a, 0], common[1][a, 1] = -1 - begin, one, two
                a += 1
            else:
                end = ends[columns[n]]
                if end > begin if symmetric else row >= count:
                    met[0][b], met[1][b, 0], met[1][b, 1] = begin, one, two
                    b += 1
                if row < count:
                    lists[0][end], lists[1][end, 0], lists[1][end, 1] = row, one, two
                    ends[columns[n]] = end + 1
