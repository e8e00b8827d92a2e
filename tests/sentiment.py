"""The Stanford sentiment treebank beside the project: documents, labels, lists of polar tokens."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "sst"


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


def polarity(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Which tokens are positive, negative, neutral, from their counts (tokens, 2), lower first."""
    negative, positive = counts.T
    rate = (positive - negative) / (positive + negative)
    return {
        "positive": (rate > 0.5) & (positive > 5),
        "negative": (rate < -0.5) & (negative > 5),
        "neutral": (np.abs(rate) < 0.1) & (np.abs(positive - negative) < 5),
    }
