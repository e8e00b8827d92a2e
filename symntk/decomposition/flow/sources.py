"""Where the part of a kernel comes from that inputs share which have no token in common.

Two sources are told apart by taking one away: the biases, whose standard deviations are set to 0
and which are not trained, and the means E[phi(z)] of activations, which are set to 0.  What is left
is that of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from symntk.decomposition.polynomials.expectations import Means
from symntk.derivation import Derivation, Equation, Statement
from symntk.derivation.program import Recurrence
from symntk.gaussian.parity import is_odd
from symntk.gaussian.symbols import x
from symntk.graph import ancestors
from symntk.graph.weights import Bias


@dataclass(frozen=True)
class Sources:
    """Why inputs with nothing in common share a part of the kernel, or why they do not.

    constant: that part.
    in_means: the same without the biases, with the means of activations as they are, E[phi(u)].
    means: these means, and their values.
    variance: q of every law (q, q, c) that an expectation is under; None where there are several.
    biases: the names of the biases that contribute to it.
    has_means: whether means of activations contribute.
    is_odd: whether every activation of the network is an odd function.
    """

    constant: sp.Expr
    in_means: sp.Expr
    means: Mapping[sp.Expr, sp.Expr]
    variance: sp.Expr | None
    biases: tuple[str, ...]
    has_means: bool
    is_odd: bool


Constant = Callable[[Derivation, Means, tuple[str, ...]], sp.Expr]
"""The part in question, of a derivation, with means treated in some way, of the sum of outputs."""

WHOLE = ("ntk",)
"""The output that all parameters make."""


def sources(derivation: Derivation, constant: Constant) -> Sources:
    """The sources of ``constant``."""
    biases = {n: p for n, p in derivation.graph.parameters.items() if isinstance(p, Bias)}
    bare = without(derivation, {p.std.symbol for p in biases.values()}) if biases else derivation
    others = tuple(f"ntk:{name}" for name in derivation.trained if name not in biases)
    outputs = others if biases else WHOLE
    kept, usual = Means("mean"), Means()
    total = constant(derivation, usual, WHOLE)
    in_means = constant(bare, kept, outputs)
    by_means = in_means != 0 == constant(bare, Means("zero"), outputs)
    by_biases = bool(biases) and constant(derivation, Means("zero"), WHOLE) != 0
    return Sources(
        constant=total,
        in_means=in_means,
        means={mean: value for mean, value in kept.values.items() if in_means.has(mean)},
        variance=usual.variances.pop() if len(usual.variances) == 1 else None,
        biases=tuple(biases) if by_biases else (),
        has_means=by_means,
        is_odd=all(map(is_odd, activations(derivation))),
    )


def activations(derivation: Derivation) -> Iterator[sp.Expr]:
    """The activations of the network that are functions of one variable, in x."""
    for body in derivation.graph.bodies():
        for node in ancestors(body):
            if node.op == "elementwise" and len(node["variables"]) == 1:
                (variable,) = node["variables"]
                yield node["phi"].xreplace({variable: x})


def without(derivation: Derivation, scales: set[sp.Symbol]) -> Derivation:
    """The derivation with some scale symbols set to 0."""
    zeros = dict.fromkeys(scales, sp.S.Zero)
    return replace(derivation, program=tuple(_without(derivation.program, zeros)))


def _without(
    program: tuple[Statement, ...], zeros: dict[sp.Symbol, sp.Expr]
) -> Iterator[Statement]:
    for line in program:
        if isinstance(line, Equation):
            yield replace(line, value=line.value.xreplace(zeros))
            continue
        if isinstance(line, Recurrence):
            body = tuple(replace(one, value=one.value.xreplace(zeros)) for one in line.body)
            yield replace(line, body=body)
            continue
        carries = tuple(
            replace(k, start=k.start.xreplace(zeros), next=k.next.xreplace(zeros))
            for k in line.carries
        )
        yield replace(line, body=tuple(_without(line.body, zeros)), carries=carries)
