"""Gradient flow on texts, as whole processes."""

from __future__ import annotations

from benchmarks.cases import Bar, Case, Contender, Section
from benchmarks.sections.kernels import OURS

LENGTH, WORDS, STEPS = 100, 100_000, 100

CODE = """
import numpy
import symntk
from symntk.dynamics.synthetic import zipf
corpus = zipf({documents}, {length}, {words})
times = [0, *numpy.geomspace({end} / 1000, {end}, {steps})]
symntk.flow(
    symntk.zoo.bow(), corpus.docs, corpus.labels, times=times, eta=1 / {documents}
)
"""


def cases(quick: bool) -> list[Case]:
    """A corpus like the Stanford sentiment treebank, and a large one."""
    large = 20_000 if quick else 1_000_000
    bars = (
        Bar("at most 5 minutes", OURS, most=300),
        Bar("less than 4 GB", OURS, most=4e9, of="peak"),
    )
    return [
        _flow(6920, 17, 14_000, end=700),
        _flow(large, LENGTH, WORDS, 20, bars, repeats=1),
    ]


def _flow(
    documents: int,
    length: int,
    words: int,
    end: float,
    bars: tuple[Bar, ...] = (),
    repeats: int | None = None,
) -> Case:
    code = CODE.format(documents=documents, length=length, words=words, end=end, steps=STEPS)
    contender = Contender(OURS, "commands", "whole", {"arguments": ["-c", code]})
    name = f"{documents} documents of {length} tokens"
    return Case(name, (contender,), bars, unit="run", repeats=repeats, patience=900)


SECTION = Section(
    "Gradient flow",
    """
Whole processes that generate documents of words by Zipf's law, first with the sizes of the Stanford
sentiment treebank (6920 texts of 17 of 14 000 words), then of 100 000 words, and follow the token
perceptron with ReLU by the logistic loss to ten thousand times the shortest time scale, at 100
times on the way: some 1500 evaluations of the gradient.
""",
    cases,
)
