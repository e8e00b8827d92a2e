"""The only reasons for which a test may be skipped, and what must be true for each.

A skip for any other reason, or for one that is not true here, fails the run (``conftest.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

SHARED = Path(__file__).parents[1].parent / "shared"
REFERENCE = SHARED / "reference"

ALLOWED: dict[str, Callable[[], bool]] = {
    "../shared/reference is absent": lambda: not REFERENCE.is_dir(),
    "the reference files are not beside the project": lambda: not REFERENCE.is_dir(),
    "the sentiment treebank is not beside the project": lambda: not (SHARED / "data/sst").is_dir(),
    "pdflatex is not installed": lambda: shutil.which("pdflatex") is None,
    "pdftoppm is not installed": lambda: shutil.which("pdftoppm") is None,
}


def is_allowed(reason: str) -> bool:
    """Whether ``reason``, as pytest reports it, is on the list and holds on this machine."""
    absent = ALLOWED.get(reason.removeprefix("Skipped: "))
    return absent is not None and absent()
