r"""Rule O, orthant probabilities: Heaviside and Phi factors become events.

Heaviside(s (w - t)) is the indicator of s (w - t) >= 0, and Phi(alpha w + beta) the probability of
alpha w + beta + z >= 0 for an auxiliary independent z ~ N(0, 1).  A product of such factors is the
probability that jointly Gaussian W_1, W_2 of means mu, standard deviations tau and covariance kappa
are both positive,

    P = Phi(mu / tau)                                             one factor,
    P = Phi_2(mu_1/tau_1, mu_2/tau_2, kappa/(tau_1 tau_2))        two factors,
    P = 1/4 + arcsin(kappa/(tau_1 tau_2)) / (2 pi)                two factors, both means zero.

Source: Sheppard (1899) for the arcsine; Owen (1956) for the auxiliary variable.
"""

from __future__ import annotations

from symntk.gaussian.algebra import Scalar
from symntk.gaussian.normal_form import Cdf, Step
from symntk.gaussian.problem import Problem, Reduction
from symntk.gaussian.value import Value, algebraic, bivariate_normal_cdf, normal_cdf


def orthant(problem: Problem) -> Reduction | None:
    """At most two Heaviside or Phi factors, and nothing else."""
    law, domain = problem.law, problem.domain
    if any(shape.power for shape in problem.shapes):
        return None
    events: list[tuple[int, Scalar, Scalar, Scalar]] = []  # variable, slope, mean, own noise
    for index, shape in enumerate(problem.shapes):
        for part in shape.factors:
            if isinstance(part, Step):
                slope = domain.rational(part.side)
                events.append((index, slope, slope * (law.mean[index] - part.at), domain.zero))
            elif isinstance(part, Cdf):
                mean = part.slope * law.mean[index] + part.offset
                events.append((index, part.slope, mean, domain.one))
            else:
                return None
    if len(events) > 2:
        return None
    deviations = [
        (slope * slope * law.variance[index] + noise).sqrt() for index, slope, _, noise in events
    ]
    if not events:
        return Reduction("orthant", "", algebraic(domain.one))
    thresholds = [event[2] / tau for event, tau in zip(events, deviations, strict=True)]
    value: Value
    if len(events) == 1:
        value = normal_cdf(thresholds[0])
    else:
        (first, a, _, own), (second, b, _, other) = events
        if first == second and not own and not other:
            value = normal_cdf(thresholds[0]) + normal_cdf(thresholds[1]) - algebraic(domain.one)
        else:
            kappa = a * b * law.covariance(first, second)
            rho = kappa / (deviations[0] * deviations[1])
            value = bivariate_normal_cdf(thresholds[0], thresholds[1], rho)
    return Reduction("orthant", "sheppard1899", value)
