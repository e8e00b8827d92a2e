"""The peak of memory."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from benchmarks.cases import Bar, Case, Inputs, Section
from benchmarks.sections.kernels import NP, NT, OURS, race

BAR = Bar("peak at most 1.1 times the result", OURS, most=1.1)


def cases(quick: bool) -> list[Case]:
    """Vectors and documents."""
    size, peer = (2000, 500) if quick else (6000, 2000)
    relu = {"act": "relu", "depth": 3, "w_std": sqrt(2)}
    vectors = Inputs("vectors", size, {"dim": 64})
    documents = Inputs("documents", size, {"length": 20})
    tasks = {
        "ReLU, depth 3": race("mlp", relu, vectors, {NT: peer, NP: peer}),
        "ReLU with biases, depth 3": race("mlp", {**relu, "b_std": 0.1}, vectors, {}),
        "bag of tokens, T = 20": race("bag", {"act": "relu"}, documents, {}),
        "convolution over tokens, T = 20": race("tokens_cnn", {"act": "relu"}, documents, {}),
    }
    return [
        Case(
            f"{name}, N = {size}",
            tuple(replace(one, measure="memory", compared=False) for one in contenders),
            (BAR,),
            unit="result",
            repeats=1,
        )
        for name, contenders in tasks.items()
    ]


SECTION = Section(
    "Memory",
    """
How far the peak of a process's memory (ru_maxrss) rises in one call above what was in use before,
relative to the bytes of the result; for symntk these are two matrices, NNGP and NTK.
""",
    cases,
)
