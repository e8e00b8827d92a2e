"""The Stanford sentiment treebank beside the project: documents and labels."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "sst"

needed = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the sentiment treebank is not beside the project"
)
"""For a test that reads it."""


class Corpus(NamedTuple):
    """Texts split at single spaces; labels are 1 (positive) and -1."""

    docs: list[list[str]]
    labels: np.ndarray


@cache
def corpus(split: str) -> Corpus:
    """The split "train", "dev" or "test"."""
    with (FOLDER / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = np.array([1 if row["label"] == "1" else -1 for row in rows])
    return Corpus([row["text"].split(" ") for row in rows], labels)
