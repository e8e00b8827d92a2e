r"""Rule S, Stein's lemma: a polynomial power is lowered by integration by parts.

    E[w_i h(w)] = m_i E[h] + sum_j S_ij E[d_j h],    w ~ N(m, S).

A derivative that falls on Heaviside gives a Dirac, on Phi a Gaussian.

Source: Stein (1981), Estimation of the mean of a multivariate normal distribution, Lemma 2.
"""

from __future__ import annotations

from dataclasses import replace

from symntk.gaussian.normal_form import NormalForm
from symntk.gaussian.problem import Problem, Reduction
from symntk.gaussian.value import Value, algebraic


def stein(problem: Problem) -> Reduction | None:
    """Lower the power of the variable whose power is least but positive."""
    powers = [(shape.power, index) for index, shape in enumerate(problem.shapes) if shape.power]
    if not powers:
        return None
    domain, law = problem.domain, problem.law
    _, i = min(powers)
    rest = problem.with_shape(i, replace(problem.shapes[i], power=problem.shapes[i].power - 1))
    parts: list[tuple[Value, Problem]] = []
    if law.mean[i]:
        parts.append((algebraic(law.mean[i]), rest))
    for j, shape in enumerate(rest.shapes):
        covariance = law.covariance(i, j)
        if not covariance:
            continue
        for part, weight in NormalForm(domain, [(shape, domain.one)]).derivative():
            parts.append((algebraic(covariance * weight), rest.with_shape(j, part)))
    return Reduction("Stein", "stein1981", Value(domain, {}), tuple(parts))
