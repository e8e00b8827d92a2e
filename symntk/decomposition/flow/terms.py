"""The terms of a gradient flow: what each statistic of a text is called, and why it is learnt."""

from __future__ import annotations

from typing import NamedTuple

from symntk.decomposition.flow.sources import Sources
from symntk.decomposition.windows.blocks import Pattern


class Term(NamedTuple):
    """A part of ds/dt that one statistic of the documents drives.

    name: "bias", "co-occurrence", "bigram", "skip-gram 1 3", ...
    reason: why the kernel contains it, a clause.
    """

    name: str
    reason: str


BIAS = Term(
    "bias",
    "inputs that have nothing in common share a part of the kernel, and all of them move together "
    "with the labels' total",
)
CO_OCCURRENCE = Term(
    "co-occurrence", "a feature matches itself, and is drawn to the labels that it occurs with"
)
LENGTH = Term("length", "a part that every pair of documents shares, once for each document")
WHOLE = Term("kernel", "the kernel is no sum of counts, and is not taken apart")

_NAMED = {"constant": BIAS, "unigram": CO_OCCURRENCE, "document": LENGTH, "kernel": WHOLE}


def term(statistic: str) -> Term:
    """The term of a statistic, by the name it has in `symntk.decomposition.maps.statistics`."""
    if statistic in _NAMED:
        return _NAMED[statistic]
    return Term(statistic, f"a {statistic} matches itself beyond what its tokens do")


def of_matches(matches: Pattern) -> Term:
    """The term of tokens that agree, by their places (a, b) in two windows."""
    if len(matches) == 1:
        return CO_OCCURRENCE
    return term(named(matches))


def of_positions(matches: Pattern) -> Term:
    """The term of tokens that agree at positions of short documents, "co-occurrence 2"."""
    where = " ".join(str(place + 1) for place, _ in sorted(matches))
    if len(matches) == 1:
        return Term(f"{CO_OCCURRENCE.name} {where}", CO_OCCURRENCE.reason)
    return term(f"{_kind([place for place, _ in matches])} {where}")


def named(matches: Pattern) -> str:
    """What tokens are called by their places: "bigram", "skip-gram 1 3", "bigram 1 2 with 2 1"."""
    places = sorted(matches)
    first, second = ([place[side] for place in places] for side in (0, 1))
    kind = _kind(first)
    where, there = (" ".join(str(place + 1) for place in side) for side in (first, second))
    if first != second:
        return f"{kind} {where} with {there}"
    return f"{kind} {where}" if kind == "skip-gram" else kind


def _kind(places: list[int]) -> str:
    size = len(places)
    if max(places) - min(places) >= size:
        return "skip-gram"
    return {1: "unigram", 2: "bigram", 3: "trigram"}.get(size, f"{size}-gram")


def bias(sources: Sources) -> Term:
    """The term that all features share, with the reason that was found for it."""
    found = []
    if sources.has_means:
        found.append("the activation has a mean, E phi(z) != 0")
    if sources.biases:
        several = len(sources.biases) > 1
        names = ", ".join(sources.biases)
        found.append(
            f"the bias{'es' if several else ''} {names} {'are' if several else 'is'} shared"
        )
    if not found:
        return BIAS
    return Term(BIAS.name, f"{' and '.join(found)}: {BIAS.reason}")


def no_bias(sources: Sources) -> str:
    """Why there is no such term: a clause."""
    if sources.is_odd:
        return "every activation is odd, so that E phi(z) = 0, and nothing else is shared"
    return "what has nothing in common shares nothing"
