r"""Rule T, tilting: an exponential is absorbed into the measure by completing the square.

For w ~ N(m, S), linear coefficients a and B = diag(b),

    E[exp(d + a.w + w'Bw) h(w)] = C E'[h(w)],    w ~ N(m', S') under E',
    S' = (I - 2 S B)^{-1} S,   a~ = a + 2 B m,   m' = m + S' a~,
    C  = |I - 2 S B|^{-1/2} exp(d + a.m + m'Bm|_{m} + a~' S' a~ / 2).

Side condition: I - 2 S B has positive eigenvalues, else the expectation diverges.  With B <= 0 it
always holds.  Complex a (sine and cosine) is allowed where the rest of the integrand is entire.

Source: completion of the square in the Gaussian density; exponential families (Brown 1986).
"""

from __future__ import annotations

from dataclasses import replace

from symntk.gaussian.algebra import Scalar
from symntk.gaussian.problem import Law, Problem, Reduction
from symntk.gaussian.value import Value, exponential


def tilting(problem: Problem) -> Reduction | None:
    """Absorb the exponentials of all shapes at once."""
    zero = problem.domain.zero
    if not any(shape.constant or shape.linear or shape.quadratic for shape in problem.shapes):
        return None
    shapes = tuple(
        replace(shape, constant=zero, linear=zero, quadratic=zero) for shape in problem.shapes
    )
    law, determinant, conditions = _tilted_covariance(problem)
    shifted = [
        shape.linear + shape.quadratic * mean * 2
        for shape, mean in zip(problem.shapes, problem.law.mean, strict=True)
    ]
    exponent, mean = zero, []
    for i, (shape, before) in enumerate(zip(problem.shapes, problem.law.mean, strict=True)):
        move = zero
        for j, slope in enumerate(shifted):
            move = move + law.covariance(i, j) * slope
        mean.append(before + move)
        exponent = (
            exponent
            + shape.constant
            + shape.linear * before
            + shape.quadratic * before * before
            + shifted[i] * move / 2
        )
    weight: Value = exponential(exponent, determinant.sqrt().inverse())
    tilted = Problem(shapes, replace(law, mean=tuple(mean)))
    return Reduction(
        "tilting",
        "brown1986",
        Value(problem.domain, {}),
        ((weight, tilted),),
        tuple(condition.expr for condition in conditions),
    )


def _tilted_covariance(problem: Problem) -> tuple[Law, Scalar, list[Scalar]]:
    """S', |I - 2 S B|, and what must be positive when some b is."""
    law, one = problem.law, problem.domain.one
    b = [shape.quadratic for shape in problem.shapes]
    if not any(b):
        return law, one, []
    if len(b) == 1:
        (variance,) = law.variance
        determinant = one - variance * b[0] * 2
        conditions = [] if _is_negative(b[0]) else [determinant]
        return replace(law, variance=(variance / determinant,)), determinant, conditions
    first, second = law.variance
    gram = first * second - law.cross * law.cross
    left, right = one - first * b[0] * 2, one - second * b[1] * 2
    determinant = left * right - law.cross * law.cross * b[0] * b[1] * 4
    tilted = Law(
        law.mean,
        ((first - gram * b[1] * 2) / determinant, (second - gram * b[0] * 2) / determinant),
        law.cross / determinant,
    )
    conditions = []
    if not all(_is_negative(part) for part in b):
        conditions = [left, right, determinant]
    return tilted, determinant, conditions


def _is_negative(scalar: Scalar) -> bool:
    return not scalar or bool(scalar.expr.is_negative)
