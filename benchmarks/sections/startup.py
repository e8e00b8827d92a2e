"""Whole processes, and first calls."""

from __future__ import annotations

from benchmarks.cases import Bar, Case, Contender, Section
from benchmarks.sections.kernels import NT, OURS

SYMPY = "import sympy"
FIRST, SECOND = "first process", "second process"

COMMANDS = {
    "symntk derive mlp --act relu": 2.0,
    "symntk derive mlp --act gelu": None,
    "symntk derive mlp --depth L": None,
    "symntk derive mlp --depth 100": None,
    "symntk derive transformer": None,
}
"""With the most that they may take, in units of importing SymPy."""

NETWORKS = {
    "mlp(3)": "numpy.eye(3)",
    "mlp(3, b_std=0.1)": "numpy.eye(3)",
    "mlp(30, b_std=0.1)": "numpy.eye(3)",
    "mlp(3, act='tanh')": "numpy.eye(3)",
    "cnn()": "[['a', 'b'], ['b'], ['c']]",
    "rnn()": "[['a', 'b'], ['b'], ['c']]",
    "transformer()": "[['a', 'b'], ['b'], ['c']]",
}
"""With samples."""

THEIR_BIASES = {"mlp(3)": 0, "mlp(3, b_std=0.1)": 0.1}
"""Networks that neural-tangents compiles beside."""

TIMED = """
{setup}
from time import perf_counter
begin = perf_counter()
{work}
print(perf_counter() - begin)
"""
THEIR_SETUP = "import numpy; from benchmarks.programs.neural_tangents import mlp"
THEIR_WORK = "mlp('relu', 3, 1.0, {b_std})(numpy.eye(3))"


def cases(quick: bool) -> list[Case]:
    """Derivations, then kernels."""
    sympy = Contender(SYMPY, "commands", "whole", {"arguments": ["-c", SYMPY]})
    networks = list(NETWORKS)[:2] if quick else list(NETWORKS)
    return [
        *(_command(text, most, sympy) for text, most in COMMANDS.items()),
        *(_first_calls(network) for network in networks),
    ]


def _command(text: str, most: float | None, sympy: Contender) -> Case:
    ours = Contender(OURS, "commands", "whole", {"arguments": ["-m", *text.split()]})
    bars = (Bar(f"at most {most:g} times importing SymPy", OURS, SYMPY, most=most),) if most else ()
    return Case(text, (ours, sympy), bars, unit="run")


def _first_calls(network: str) -> Case:
    def timed(name: str, setup: str, work: str, cached: bool) -> Contender:
        options = {"code": TIMED.format(setup=setup, work=work), "cached": cached}
        return Contender(name, "commands", "part", options)

    setup = f"import numpy, symntk\nderived = symntk.derive(symntk.zoo.{network})"
    work = f"derived.compile()({NETWORKS[network]})"
    contenders = [timed(SECOND, setup, work, True), timed(FIRST, setup, work, False)]
    if network in THEIR_BIASES:
        theirs = THEIR_WORK.format(b_std=THEIR_BIASES[network])
        contenders.append(timed(NT, THEIR_SETUP, theirs, True))
    bar = Bar("the first call in a second process takes at most 1 s", SECOND, most=1.0)
    return Case(f"first call of {network}", tuple(contenders), (bar,), unit="run")


SECTION = Section(
    "Start",
    """
Wall time of whole processes, beside that of importing SymPy.  Then the time from a derived network
to its first matrix, of three samples, in a process that compiles it and in a second one that finds
the machine code in the cache; neural-tangents compiles in every process.
""",
    cases,
)
