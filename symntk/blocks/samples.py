"""Inputs of a kernel as blocks need them: how many, some of them, and a hash of them all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.emission.kernel import Inputs

SHARE = 4096
"""Samples of an array that are read at a time, for it may be larger than memory."""


def count(x: Inputs, name: str) -> int:
    """How many samples there are; UsageError where there are none, or where inputs differ."""
    counts = [len(part) for part in _parts(x)]
    if not counts or min(counts) == 0:
        raise UsageError(f"{name}: there are no samples")
    if len(set(counts)) > 1:
        raise UsageError(f"{name}: the inputs have {counts} samples, not one number of them")
    return counts[0]


def some(x: Inputs, span: slice) -> Any:
    """The samples of ``span``, in memory."""
    if isinstance(x, dict):
        return {name: _some(part, span) for name, part in x.items()}
    if isinstance(x, tuple):
        return tuple(_some(part, span) for part in x)
    return _some(x, span)


def _some(part: Any, span: slice) -> Any:
    """Of a memory-mapped array a copy, which can also travel."""
    import numpy as np

    return np.array(part[span]) if isinstance(part, np.ndarray) else part[span]


def fingerprint(x: Inputs) -> str:
    """A hash of all samples: equal for equal ones alone."""
    digest = hashlib.sha256()
    if isinstance(x, dict):
        digest.update(repr(sorted(x)).encode())
        x = tuple(x[name] for name in sorted(x))
    for part in _parts(x):
        _feed(digest, part)
    return digest.hexdigest()


def _parts(x: Any) -> list[Any]:
    """The inputs of the network, one or several."""
    if isinstance(x, dict):
        return list(x.values())
    return list(x) if isinstance(x, tuple) else [x]


def _feed(digest: Any, value: Any) -> None:
    import numpy as np

    if isinstance(value, Sequence) and not isinstance(value, str):
        digest.update(f"[{len(value)}".encode())
        if isinstance(value, list) and {*map(type, value)} <= {str, int, float}:
            digest.update(repr(value).encode())
            return
        for entry in value:
            _feed(digest, entry)
        return
    array = np.asarray(value)
    if array.dtype.hasobject:
        _feed(digest, array.tolist())
        return
    digest.update(f"({array.dtype.str} {array.shape}".encode())
    if not array.ndim:
        digest.update(array.tobytes())
    for begin in range(0, len(array) if array.ndim else 0, SHARE):
        digest.update(np.ascontiguousarray(array[begin : begin + SHARE]).tobytes())
