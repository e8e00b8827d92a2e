r"""Rule D, sifting: a Dirac fixes its variable, and the other one is conditioned on it.

    E[delta(w_i - t) h(w)] = p_i(t) E[h(w) | w_i = t],
    p_i(t) = exp(-(t - m_i)^2 / (2 S_ii)) / sqrt(2 pi S_ii),
    w_j | w_i = t ~ N(m_j + S_ij/S_ii (t - m_i), S_jj - S_ij^2/S_ii).

Source: definition of the Dirac distribution; Gaussian conditioning (Anderson 2003, Theorem 2.5.1).
"""

from __future__ import annotations

from symntk.gaussian.algebra import Scalar
from symntk.gaussian.normal_form import Cdf, Dirac, Shape, Step, compare
from symntk.gaussian.problem import Law, Problem, Reduction
from symntk.gaussian.value import Value, algebraic, exponential, normal_cdf


def dirac(problem: Problem) -> Reduction | None:
    """Sift the first Dirac."""
    for index, shape in enumerate(problem.shapes):
        for part in shape.factors:
            if isinstance(part, Dirac):
                return _sift(problem, index, part.at)
    return None


def _sift(problem: Problem, i: int, at: Scalar) -> Reduction:
    domain, law = problem.domain, problem.law
    offset = at - law.mean[i]
    spread = law.variance[i]
    height = (domain.pi * 2 * spread).sqrt().inverse()
    density = exponential(-offset * offset / (spread * 2), height)
    weight = density * value_at(problem.shapes[i], at)
    if len(problem.shapes) == 1:
        return Reduction("Dirac", "anderson2003", weight)
    j = 1 - i
    slope = law.cross / spread
    conditioned = Law(
        (law.mean[j] + slope * offset,), (law.variance[j] - slope * law.cross,), domain.zero
    )
    part = Problem((problem.shapes[j],), conditioned)
    return Reduction("Dirac", "anderson2003", Value(domain, {}), ((weight, part),))


def value_at(shape: Shape, at: Scalar) -> Value:
    """The shape without its Dirac at a point; Heaviside is 1/2 at its own break."""
    result = exponential(
        shape.constant + shape.linear * at + shape.quadratic * at * at, at**shape.power
    )
    for part in shape.factors:
        if isinstance(part, Step):
            side = part.side * compare(at, part.at)
            result = result.scaled(at.domain.rational(1 + side) / 2)
        elif isinstance(part, Cdf):
            result = result * normal_cdf(part.slope * at + part.offset)
    return result if result else algebraic(at.domain.zero)
