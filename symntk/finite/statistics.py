"""What draws of a finite network's kernel at several widths say about its limit.

In the mean, a draw at width n is K + B / n + O(n^-2); around it, it scatters by order n^-1/2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope of a line on log-log axes, and its standard error."""

    value: float
    error: float


def slope_of_draws(widths: Sequence[int], errors: Sequence[Array]) -> Slope | None:
    """The slope of the log error of one draw against log width.

    errors: at each width the errors of its draws.  The mean of log error over the draws of a width
    has a standard error, known from their scatter; the line is fitted to these means.  None where
    an error is zero, or the scatter is.
    """
    if any(np.any(draws <= 0) for draws in errors):
        return None
    logs = [np.log(draws) for draws in errors]
    variances = np.array([log.var(ddof=1) / len(log) for log in logs])
    if np.any(variances <= 1e-20):
        return None
    return _line(np.asarray(widths, float), np.array([log.mean() for log in logs]), variances)


def slope_of_mean(
    widths: Sequence[int], errors: Sequence[float], noises: Sequence[float]
) -> Slope | None:
    """The slope of the log bias of the mean of all draws against log width.

    errors: the distance of the mean from the limit at each width; noises: the distance that chance
    alone would give, so that errors^2 - noises^2 estimates the squared bias.  Only widths where the
    error is beyond three times the noise take part; None where there are not two of them.
    """
    seen = [(n, e, s) for n, e, s in zip(widths, errors, noises, strict=True) if e > 3 * s > 0]
    if len(seen) < 2:
        return None
    n, error, noise = np.array(seen, dtype=float).T
    bias = np.sqrt(error**2 - noise**2)
    return _line(n, np.log(bias), (noise / bias) ** 2)


def _line(widths: Array, logs: Array, variances: Array) -> Slope:
    """The slope of ``logs`` against log width, by least squares with weights 1 / variance."""
    weights = 1 / variances
    x = np.log(widths)
    x = x - np.average(x, weights=weights)
    spread = float(np.sum(weights * x**2))
    return Slope(float(np.sum(weights * x * logs)) / spread, 1 / sqrt(spread))


@dataclass(frozen=True)
class Limit:
    """The entries of a kernel extrapolated to infinite width.

    value: the estimate of K, shape (m,).  covariance: that of ``value``, (m, m).
    degrees: the degrees of freedom of ``covariance``.
    allowance: how far the neglected n^-2 may have moved an entry.
    """

    value: Array
    covariance: Array
    degrees: float
    allowance: float

    @property
    def error(self) -> Array:
        """The standard error of each entry, the allowance included."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0) + self.allowance**2)


def extrapolate(widths: Sequence[int], draws: Sequence[Array]) -> Limit:
    """The limit of the mean of ``draws``, relative numbers, at each width of shape (draws, m).

    Least squares of K + B / n on the means, with weights (number of draws) * n, since the variance
    of a draw falls like 1 / n: Richardson's extrapolation, over as many widths as there are.  The
    covariance does not rely on that law: it is the sum over widths of the squared coefficient
    times the covariance that the draws of this width show, its degrees of freedom Satterthwaite's
    from the traces.  A term C / n^2 would move the estimate by sum_n coefficient_n / n^2 times C;
    the allowance takes for C the mean square of B, at least 1: second order, the first squared.
    """
    n = np.asarray(widths, dtype=float)
    design = np.stack([np.ones_like(n), 1 / n], axis=1)
    normal = design.T * (n * [len(part) for part in draws])
    coefficients = np.linalg.solve(normal @ design, normal)
    value, bias = coefficients @ np.stack([part.mean(0) for part in draws])
    parts = [
        coefficient**2 * np.atleast_2d(np.cov(part, rowvar=False)) / len(part)
        for coefficient, part in zip(coefficients[0], draws, strict=True)
    ]
    traces = np.array([np.trace(part) for part in parts])
    freedom = np.array([len(part) - 1 for part in draws])
    degrees = freedom.sum()
    if traces.any():
        degrees = traces.sum() ** 2 / np.sum(traces**2 / freedom)
    moved = abs(float(np.sum(coefficients[0] / n**2)))
    second = max(1.0, float(np.mean(bias**2)))
    return Limit(value, np.sum(parts, axis=0), float(degrees), moved * second)


@dataclass(frozen=True, slots=True)
class Agreement:
    """A test of K_hat = K: T^2 over ``components`` combinations of entries.

    chance: the probability of a statistic at least as large if K is right.
    """

    statistic: float
    components: int
    degrees: float
    chance: float


def compare(limit: Limit, expected: Array) -> Agreement:
    """Hotelling's T^2: the distance of ``limit`` from ``expected`` in its own standard errors.

    One network gives all entries of its kernels, so they are correlated, and their z-scores are no
    separate evidence.  T^2 = delta^T C^-1 delta weighs each combination of entries by how well it
    is known, and so sees a wrong factor that no single entry shows.  With C = sum_j l_j u_j u_j^T
    known to d degrees of freedom,

        T^2 = sum_{j <= k} (u_j . delta)^2 / (l_j + allowance^2),
        T^2 (d - k + 1) / (d k)  ~  F(k, d - k + 1).

    k is the number of entries, but at most d / 3, the largest l_j first: with few draws the
    smallest ones are not known.
    """
    from scipy.special import fdtrc

    values, vectors = np.linalg.eigh(limit.covariance)
    k = max(1, min(len(values), int(limit.degrees / 3)))
    along = vectors[:, -k:].T @ (limit.value - expected)
    statistic = float(np.sum(along**2 / (np.maximum(values[-k:], 0) + limit.allowance**2)))
    rest = max(1.0, limit.degrees - k + 1)
    chance = float(fdtrc(k, rest, statistic * rest / (limit.degrees * k)))
    return Agreement(statistic, k, limit.degrees, chance)
