"""The trace in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import sympy as sp

from symntk.derivation.program import Equation, Statement
from symntk.derivation.result import Moments, Recursion
from symntk.gaussian import Expectation
from symntk.gaussian.symbols import c, q, q1, q2, u, v, x
from symntk.trace import STAGES, Step

if TYPE_CHECKING:
    from symntk.derivation.derivation import Derivation


def reading_order(derivation: Derivation) -> tuple[Step, ...]:
    """The steps of a derivation, ordered by `symntk.trace.STAGES`.

    The steps of a repeated block stand among those of their stage.
    """
    steps = [
        *derivation.assumptions,
        *_of_program(derivation.program),
        *_of_moments(derivation.moments),
        *_of_results(derivation),
    ]
    return tuple(sorted(steps, key=lambda step: STAGES.index(step.stage)))


def _of_program(program: tuple[Statement, ...]) -> Iterator[Step]:
    for line in program:
        if not isinstance(line, Equation):
            yield from _of_program(line.body)
        yield line.step


def _of_moments(moments: Moments) -> Iterator[Step]:
    for (f, g), moment in moments.items():
        if g is None:
            before = Expectation(f.xreplace({x: u}), q)
        else:
            before = Expectation(f.xreplace({x: u}) * g.xreplace({x: v}), q1, q2, c)
        closed = moment.value is not None
        yield Step(
            "Gaussian calculus" if closed else "no closed form",
            before,
            moment.expression,
            stage="expectation",
            substeps=moment.steps,
        )


def _of_results(derivation: Derivation) -> Iterator[Step]:
    for name in ("nngp", "ntk"):
        result = getattr(derivation, name)
        if isinstance(result, sp.Expr) and not isinstance(result, Recursion):
            symbol = derivation.outputs[name].at("ab")
            yield Step("substitution", symbol, result, stage="closed form")
