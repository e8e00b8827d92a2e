"""Paired timing: the contenders take turns, so that a busy moment of the machine hits all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter


def medians(contenders: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each contender over ``repeats`` rounds, after one round to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(repeats + 1):
        for name, run in contenders.items():
            start = perf_counter()
            run()
            if round_number:
                taken[name].append(perf_counter() - start)
    return {name: median(seconds) for name, seconds in taken.items()}
