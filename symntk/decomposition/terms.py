"""The terms of a gradient flow: what each statistic of a text is called, and why it is learnt."""

from __future__ import annotations

from typing import NamedTuple


class Term(NamedTuple):
    """A part of ds/dt that one statistic of the documents drives.

    name: "bias", "co-occurrence", "bigram", "skip-gram 1 3", ...
    reason: why the kernel contains it, a clause.
    """

    name: str
    reason: str


BIAS = Term(
    "bias",
    "the activation has a mean, E phi(z) != 0, so that tokens that differ share a part of the "
    "kernel, and all of them move together with the labels' total",
)
CO_OCCURRENCE = Term(
    "co-occurrence", "a token matches itself, and is drawn to the labels that it occurs with"
)
LENGTH = Term("length", "a part that every pair of documents shares, once for each document")
WHOLE = Term("kernel", "the kernel is no sum of counts, and is not taken apart")

_NAMED = {"constant": BIAS, "unigram": CO_OCCURRENCE, "document": LENGTH, "kernel": WHOLE}


def term(statistic: str) -> Term:
    """The term of a statistic, by the name it has in `symntk.decomposition.statistics`."""
    if statistic in _NAMED:
        return _NAMED[statistic]
    return Term(statistic, f"a {statistic} matches itself beyond what its tokens do")
