"""Convolutions, recurrent networks and attention."""

from __future__ import annotations

from benchmarks.cases import Case, Inputs, Section
from benchmarks.sections.kernels import NP, NT, at_least, race

RELU = {"act": "relu"}


def cases(quick: bool) -> list[Case]:
    """Over vectors, images and tokens."""
    size = 24 if quick else 200
    some = {NT: min(size, 60), NP: min(size, 60)}
    vectors = Inputs("sequences", size, {"length": 32, "dim": 16})
    images = Inputs("images", size, {"side": 8, "channels": 3})
    tokens = Inputs("documents", size, {"length": 32})
    means, last = ({**RELU, "pool": pool} for pool in ("mean", "last"))
    alone = {NP: some[NP]}
    heads = race("heads", {}, Inputs("documents", size // 4, {"length": 20}), {})
    return [
        *(
            Case(
                f"convolution over vectors, T = 32, depth {depth}",
                race("vectors_cnn", {**RELU, "depth": depth}, vectors, some),
                (at_least(5, NT), at_least(5, NP)),
            )
            for depth in (1, 3)
        ),
        Case(
            "convolution over 8 x 8 images, depth 2",
            race("images_cnn", {**RELU, "depth": 2}, images, some),
            (at_least(5, NT),),
        ),
        *(
            Case(name, race(function, options, inputs, alone), (at_least(5, NP),))
            for name, function, options, inputs in (
                ("RNN over tokens, T = 32, last state", "tokens_rnn", last, tokens),
                ("RNN over tokens, T = 32, mean", "tokens_rnn", means, tokens),
                ("RNN over vectors, T = 32, mean", "vectors_rnn", means, vectors),
                ("transformer over tokens, T = 32", "transformer", RELU, tokens),
            )
        ),
        Case(
            "attention over vectors, T = 32",
            race("attention", RELU, vectors, some),
            (at_least(5, NP),),
        ),
        Case("attention by infinitely many heads, T = 20", heads),
    ]


SECTION = Section(
    "Sequences and images",
    """
Convolutions with a window of 3 (3 x 3) and zeros at the edges, summed over positions; Elman
networks; attention over vectors with one matrix for queries and keys, and a perceptron behind it;
a transformer block over tokens, with logits scaled by the width; ReLU throughout.  neural-tangents
has no recurrent networks and no such transformer.  Attention over tokens whose logits are scaled by
the root of the width needs expectations of softmax, and has no peer at all.
""",
    cases,
)
