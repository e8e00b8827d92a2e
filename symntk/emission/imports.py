"""The imports of an emitted module: no more than its code names."""

from __future__ import annotations

from collections.abc import Iterable

from symntk.emission.excerpts import names_in

_STANDARD = {
    "ThreadPoolExecutor": "concurrent.futures",
    "cache": "functools",
    "NamedTuple": "typing",
}
_NUMBA = ("get_num_threads", "njit", "prange")
"""What modules may take from the standard library, beside `math`, and from Numba."""


def import_lines(code: str) -> str:
    """The lines that import what ``code`` uses, the standard library first."""
    used = names_in(code)
    lines = ["import math"] if "math" in used else []
    lines += [f"from {module} import {name}" for name, module in _STANDARD.items() if name in used]
    lines += ["", "import numpy as np", *_from("numba", _NUMBA, used)]
    return "\n".join(lines)


def _from(module: str, names: Iterable[str], used: set[str]) -> list[str]:
    """The line that imports what is used of ``names``, if anything is."""
    found = [name for name in names if name in used]
    return [f"from {module} import {', '.join(found)}"] if found else []
