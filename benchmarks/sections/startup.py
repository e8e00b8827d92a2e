"""Whole processes, and first calls."""

from __future__ import annotations

from benchmarks.cases import Bar, Case, Contender, Section
from benchmarks.sections.kernels import NT, OURS

SYMPY = "import sympy"
FIRST, SECOND = "first process", "second process"

COMMANDS = {
    "mlp --act relu": 2.0,
    "mlp --act gelu": None,
    "mlp --act tanh": None,
    "mlp --depth 10": None,
    "mlp --depth L": None,
    "transformer": None,
}
"""What is derived, with the most that it may take, in units of importing SymPy."""

LAYERS = """
import symntk as sn
h, relu = sn.vector("x"), sn.activation("relu")
for layer in range(100):
    (W,), (b,) = sn.weights(f"W{layer}"), sn.biases(f"b{layer}", 0.1)
    h = relu(W @ h + b)
(v,) = sn.weights("v")
sn.derive(sn.Graph(v @ h))
"""
"""A hundred layers one by one, with weights of their own."""

VECTORS, TOKENS = "[[1.0, 0.0], [0.0, 1.0]]", "[['a', 'b'], ['b']]"

KERNELS = {
    "mlp --depth 3": VECTORS,
    "mlp --depth 3 --b-std 0.1": VECTORS,
    "mlp --depth 3 --act tanh": VECTORS,
    "cnn": TOKENS,
    "transformer": TOKENS,
}
"""What is emitted, and the samples of the first call."""

THEIRS = """
import numpy
from benchmarks.programs.neural_tangents import mlp
mlp("relu", 3, 1.0, {b_std})(numpy.eye(2))
"""
THEIR_BIASES = {"mlp --depth 3": 0, "mlp --depth 3 --b-std 0.1": 0.1}
"""Networks that neural-tangents compiles beside."""


def cases(quick: bool) -> list[Case]:
    """Derivations, then kernels."""
    sympy = Contender(SYMPY, "commands", "whole", {"arguments": ["-c", SYMPY]})
    layers = Contender(OURS, "commands", "whole", {"arguments": ["-c", LAYERS]})
    in_time = Bar("less than 5 s", OURS, most=5)
    models = list(KERNELS)[:2] if quick else list(KERNELS)
    return [
        *(_derivation(model, most, sympy) for model, most in COMMANDS.items()),
        Case("derive 100 layers one by one", (layers, sympy), (in_time,), unit="run"),
        *(_first_calls(model) for model in models),
    ]


def _derivation(model: str, most: float | None, sympy: Contender) -> Case:
    arguments = ["-m", "symntk", "derive", *model.split()]
    ours = Contender(OURS, "commands", "whole", {"arguments": arguments})
    bars = (Bar(f"at most {most:g} times importing SymPy", OURS, SYMPY, most=most),) if most else ()
    return Case(f"symntk derive {model}", (ours, sympy), bars, unit="run")


def _first_calls(model: str) -> Case:
    options = {"model": model.split(), "samples": KERNELS[model]}
    contenders = [
        Contender(name, "commands", "first_call", {**options, "cached": cached})
        for name, cached in ((SECOND, True), (FIRST, False))
    ]
    if model in THEIR_BIASES:
        code = {"code": THEIRS.format(b_std=THEIR_BIASES[model])}
        contenders.append(Contender(NT, "commands", "part", code))
    bar = Bar("first call in a second process within 1 s", SECOND, most=1.0)
    return Case(f"symntk emit {model}", tuple(contenders), (bar,), unit="run")


SECTION = Section(
    "Start",
    """
Wall time of whole processes, beside that of importing SymPy.  Then the time that an emitted module
takes to be imported and called for the first time, NumPy and Numba included: in a process that
compiles it, and in a second one that finds the machine code in a file; neural-tangents (with its
import, which takes TensorFlow along) compiles in every process.
""",
    cases,
)
