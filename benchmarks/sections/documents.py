"""Networks over tokens."""

from __future__ import annotations

from benchmarks.cases import Case, Contender, Inputs, Section
from benchmarks.sections.kernels import NP, NT, at_least, race

SCIPY = "SciPy"
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
        bag = race("bag", {"act": "relu"}, x, SAMPLES[length])
        attention = race("self_attention", {}, x, {NP: SAMPLES[length][NP]})
        cnn = race("tokens_cnn", {"act": "relu"}, x, SAMPLES[length])
        bars = (at_least(factor, NT),)
        found += [
            Case(f"bag of tokens, T = {length}", (*bag, counted), bars),
            Case(f"convolution, window 3, T = {length}", cnn, bars),
            Case(f"self-attention, T = {length}", attention, (at_least(5, NP),)),
        ]
    return found


SECTION = Section(
    "Documents",
    """
Documents of T tokens drawn by Zipf's law from 14 000 words, ReLU; 1000 documents for symntk, fewer
for those who compare all pairs of positions.  SciPy is for whoever knows the formula: sparse
counts, and the two coefficients.
""",
    cases,
)
