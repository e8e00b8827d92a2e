"""Gradient flow on texts, as whole processes."""

from __future__ import annotations

from benchmarks.cases import Bar, Case, Contender, Section
from benchmarks.sections.kernels import OURS

LENGTH, WORDS, STEPS = 100, 100_000, 100

CODE = """
import symntk
from symntk.dynamics.synthetic import zipf
corpus = zipf({documents}, {length}, {words})
times = range({steps} + 1)
symntk.flow(
    symntk.zoo.bow(act={act!r}), corpus.docs, corpus.labels, times=times, eta=1 / {documents}
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
        _flow(6920, 17, 14_000, "relu"),
        _flow(6920, 17, 14_000, "tanh"),
        _flow(large, LENGTH, WORDS, "relu", bars, repeats=1),
    ]


def _flow(
    documents: int,
    length: int,
    words: int,
    act: str,
    bars: tuple[Bar, ...] = (),
    repeats: int | None = None,
) -> Case:
    code = CODE.format(documents=documents, length=length, words=words, act=act, steps=STEPS)
    contender = Contender(OURS, "commands", "whole", {"arguments": ["-c", code]})
    name = f"{act}, {documents} documents of {length} tokens"
    return Case(name, (contender,), bars, unit="run", repeats=repeats, patience=900)


SECTION = Section(
    "Gradient flow",
    """
Whole processes that generate documents of words by Zipf's law, the first two with the sizes of the
Stanford sentiment treebank (6920 texts of 17 of 14 000 words), the third of 100 000 words, and
follow the token perceptron through 100 steps of time by the logistic loss.
""",
    cases,
)
