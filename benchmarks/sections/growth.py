"""How costs grow: with the samples, the depth, the length of sequences, and the cores."""

from __future__ import annotations

from math import sqrt

from benchmarks.cases import Bar, Case, Contender, Inputs, Section
from benchmarks.processes import available_cores
from benchmarks.sections.kernels import NP, NT, OURS, race

DIM = 64
MOST_LAYERS = 30
"""That neural-tangents gets: it compiles more for minutes."""


def cases(quick: bool) -> list[Case]:
    """One case for each value."""
    size = 300 if quick else 1000
    return [
        *(_samples(n) for n in ((500, 1000) if quick else (500, 1000, 2000, 4000))),
        *(
            _depth(depth, size, b_std)
            for b_std in (0, 0.1)
            for depth in ((1, 10) if quick else (1, 10, 30, 100))
        ),
        *_lengths(100 if quick else 500, (20, 100) if quick else (20, 50, 100, 200, 500)),
        *(_cores(cores, 2 * size) for cores in _powers(len(available_cores()))),
    ]


def _samples(size: int) -> Case:
    x = Inputs("vectors", size, {"dim": DIM})
    contenders = race("mlp", _options(3), x, dict.fromkeys((NT, NP), size))
    return Case(f"N = {size}, depth 3", contenders)


def _depth(depth: int, size: int, b_std: float) -> Case:
    x = Inputs("vectors", size, {"dim": DIM})
    peers = {NP: size // 2} if depth > MOST_LAYERS else {NT: size, NP: size // 2}
    name = f"depth {depth}, {'with' if b_std else 'no'} biases"
    return Case(name, race("mlp", _options(depth, b_std), x, peers))


def _lengths(size: int, lengths: tuple[int, ...]) -> list[Case]:
    """Documents; and the longest against the shortest."""

    def inputs(length: int) -> Inputs:
        return Inputs("documents", size, {"length": length})

    options = {"act": "relu"}
    found = [
        Case(
            f"bag of tokens, T = {length}",
            race("bag", options, inputs(length), {NP: max(4, 1000 // length)}),
        )
        for length in lengths
    ]
    first, last = lengths[0], lengths[-1]
    name = f"{OURS}, T = {last}"
    pair = (
        Contender(OURS, "symntk", "bag", options, inputs(first), compared=False),
        Contender(name, "symntk", "bag", options, inputs(last), compared=False),
    )
    text = f"documents of {last} tokens cost at most {last // first} times those of {first}"
    bar = Bar(text, name, OURS, most=last / first)
    return [*found, Case(f"bag of tokens, T = {first}", pair, (bar,), listed=False)]


def _cores(cores: int, size: int) -> Case:
    x = Inputs("vectors", size, {"dim": DIM})
    peers = dict.fromkeys((NT, NP), size)
    name = f"{cores} core{'s' * (cores > 1)}, N = {size}, depth 3"
    return Case(name, race("mlp", _options(3), x, peers, cores))


def _powers(most: int) -> list[int]:
    """1, 2, 4, ... and the most."""
    return sorted({*(2**k for k in range(most.bit_length()) if 2**k <= most), most})


def _options(depth: int, b_std: float = 0) -> dict[str, object]:
    return {"act": "relu", "depth": depth, "w_std": sqrt(2), "b_std": b_std}


SECTION = Section(
    "Growth of costs",
    """
The cost of an entry against the number of samples, the depth, the length of documents and the
number of cores.  ReLU, vectors of 64 coordinates; without biases the depth costs nothing, with
them every layer is computed.  neural-tangents compiles 100 layers for minutes, and is left out.
""",
    cases,
)
