"""Networks over tokens."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.cases import Case, Contender, Inputs, Section
from benchmarks.sections.kernels import NP, NT, PROGRAMS, at_least, race

SCIPY = "SciPy"
ALONE = f"{NT}, alone"
"""neural-tangents with one-hot vectors of the tokens in its block of documents."""

FASTER = {20: 1000, 230: 20_000}
"""By length: how many times as fast as neural-tangents, which is given one-hot vectors."""

SAMPLES = {20: {NT: 60, NP: 100}, 230: {NT: 6, NP: 20}}


def cases(quick: bool) -> list[Case]:
    """A bag of tokens and a convolution, short and long documents."""
    size = 200 if quick else 1000
    found = []
    for length, factor in FASTER.items():
        x = Inputs("documents", size, {"length": length})
        counted = Contender(SCIPY, "plain", "counted_bag", {"act": "relu"}, x)
        bag = _race("bag", x, SAMPLES[length])
        attention = race("self_attention", {}, x, {NP: SAMPLES[length][NP]})
        cnn = _race("tokens_cnn", x, SAMPLES[length])
        bars = (at_least(factor, NT), at_least(factor, ALONE))
        found += [
            Case(f"bag of tokens, T = {length}", (*bag, counted), bars),
            Case(f"convolution, window 3, T = {length}", cnn, bars),
            Case(f"self-attention, T = {length}", attention, (at_least(5, NP),)),
        ]
    return found


def _race(function: str, x: Inputs, samples: Mapping[str, int]) -> tuple[Contender, ...]:
    """symntk, NumPy, and neural-tangents at a block: of the matrix, and of documents alone."""
    relu = {"act": "relu"}
    ours, numpy = race(function, relu, x, {NP: samples[NP]})
    few = min(samples[NT], x.samples)
    block = Contender(NT, PROGRAMS[NT], function, {**relu, "first": few}, x, amount=float(few**2))
    alone = Contender(ALONE, PROGRAMS[NT], function, relu, Inputs(x.kind, few, x.shape))
    return ours, block, alone, numpy


SECTION = Section(
    "Documents",
    """
1000 documents of T tokens drawn by Zipf's law from 14 000 words, ReLU. Those who compare all pairs
of positions compute a block of the matrix. neural-tangents takes one-hot vectors, of as many
components as there are words in the 1000 documents (4863 and 13 093); "alone" it is given the
documents of its block as if there were no others, and their 630 and 702 words: for the whole matrix
words would have to be numbered anew for each block. SciPy is for whoever knows the formula: sparse
counts, and the two coefficients.
""",
    cases,
)
