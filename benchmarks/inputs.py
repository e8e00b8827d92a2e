"""Samples by a fixed seed; the first n of N are the same for every N."""

from __future__ import annotations

from typing import Any

import numpy as np

WORDS = 14_000
"""Different tokens, as in the Stanford sentiment treebank."""


def vectors(samples: int, dim: int) -> Any:
    """Standard normal vectors, (samples, dim)."""
    return np.random.default_rng(1).standard_normal((samples, dim))


def sequences(samples: int, length: int, dim: int) -> Any:
    """Sequences of standard normal vectors, (samples, length, dim)."""
    return np.random.default_rng(2).standard_normal((samples, length, dim))


def images(samples: int, side: int, channels: int) -> Any:
    """Images of standard normal pixels, (samples, side, side, channels)."""
    return np.random.default_rng(3).standard_normal((samples, side, side, channels))


def documents(samples: int, length: int, words: int = WORDS) -> Any:
    """Documents of tokens by Zipf's law, whole numbers (samples, length)."""
    law = 1 / np.arange(1, words + 1)
    random = np.random.default_rng(4)
    return random.choice(words, (samples, length), p=law / law.sum())
