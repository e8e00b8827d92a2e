"""Multilayer perceptrons on vectors."""

from __future__ import annotations

from math import sqrt

from benchmarks.cases import Bar, Case, Contender, Inputs, Section
from benchmarks.sections.kernels import NP, NT, OURS, SK, at_least, race

DIM = 64
FEWER = 1000
"""Vectors for NumPy and scikit-ntk, which take seconds for deep networks."""

LIMIT = "DGEMM + write"
FASTER = {1: (5, 5), 3: (15, 8), 10: (60, 15), 30: (180, 20)}
"""By depth: how many times as fast as neural-tangents, without and with biases."""


def cases(quick: bool) -> list[Case]:
    """ReLU by depth, other activations, and what has no closed form."""
    size = 500 if quick else 2000
    x = Inputs("vectors", size, {"dim": DIM})
    depths = [1, 3] if quick else list(FASTER)
    return [
        *(_relu(depth, x) for depth in depths),
        *(_biased(depth, x) for depth in depths),
        _depths(x, depths[-1]),
        _single(x),
        *(_smooth(act, x) for act in ("erf", "gelu")),
        _tanh(x),
    ]


def _relu(depth: int, x: Inputs) -> Case:
    peers = {NT: x.samples, SK: FEWER, NP: FEWER}
    limit = Contender(
        LIMIT, "machine", "gram_and_write", {"rows": x.samples, "inner": DIM},
        amount=x.samples**2,
    )  # fmt: skip
    within = Bar("within 2.5 times DGEMM and writing the matrix", OURS, LIMIT, most=2.5)
    return Case(
        f"ReLU, depth {depth}",
        (*race("mlp", _options("relu", depth), x, peers), limit),
        (at_least(FASTER[depth][0], NT), *([within] if depth == 10 else [])),
    )


def _biased(depth: int, x: Inputs) -> Case:
    peers = {NT: x.samples, NP: FEWER}
    return Case(
        f"ReLU with biases, depth {depth}",
        race("mlp", _options("relu", depth, b_std=0.1), x, peers),
        (at_least(FASTER[depth][1], NT),),
    )


def _depths(x: Inputs, deepest: int) -> Case:
    """The same program at two depths."""
    names = {1: OURS, deepest: f"{OURS}, depth {deepest}"}
    contenders = tuple(
        Contender(name, "symntk", "mlp", _options("relu", depth), x, compared=False)
        for depth, name in names.items()
    )
    bar = Bar(f"depth {deepest} within 1.5 times depth 1", names[deepest], OURS, most=1.5)
    return Case("ReLU", contenders, (bar,), listed=False)


def _single(x: Inputs) -> Case:
    peers = {NT: x.samples, NP: FEWER}
    options = {**_options("relu", 3), "dtype": "float32"}
    return Case("ReLU, depth 3, float32", race("mlp", options, x, peers), tolerance=1e-3)


def _smooth(act: str, x: Inputs) -> Case:
    peers = {NT: x.samples, NP: FEWER}
    name = {"erf": "erf", "gelu": "GELU"}[act]
    return Case(f"{name}, depth 3", race("mlp", _options(act, 3), x, peers), (at_least(5, NT),))


def _tanh(x: Inputs) -> Case:
    truth = Contender(
        "truth", "plain", "mlp", _options("tanh", 3), Inputs("vectors", 6, x.shape), truth=True
    )
    accurate = Bar(f"more accurate than {NT}", NT, OURS, least=1, of="difference")
    return Case(
        "tanh, depth 3",
        (*race("mlp", _options("tanh", 3), x, {NT: 200}), truth),
        (at_least(300, NT), accurate),
        tolerance=1e-3,
    )


def _options(act: str, depth: int, **more: float) -> dict[str, object]:
    return {"act": act, "depth": depth, "w_std": sqrt(2) if act == "relu" else 1, **more}


SECTION = Section(
    "Multilayer perceptrons",
    """
N = 2000 vectors of 64 coordinates, of which NumPy and scikit-ntk get 1000; hidden weights of
variance 2 for ReLU and 1 else, biases of standard deviation 0.1 where there are any.  DGEMM + write
is what the machine needs to multiply all pairs of vectors, and to write a matrix of their size.

tanh has no closed form. Differences are from the trapezoidal rule in two variables, by NumPy, for
six of the vectors; neural-tangents, with a Gauss-Hermite rule of 25 x 25 nodes, gets 200.
""",
    cases,
)
