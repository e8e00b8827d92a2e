"""How well a theory predicts trained networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symntk.dynamics.trajectories import Trajectories
from symntk.errors import UsageError
from symntk.finite.extents import Array


@dataclass(frozen=True, eq=False)
class Agreement:
    """Label scores of trained networks against those of a theory, a number for each network.

    Over all times, tokens and scores, or those of one time:

    correlations: Pearson's.
    rank_correlations: Spearman's.
    deviations: |s - s_theory| / |s_theory|, Euclidean norms.
    """

    correlations: Array
    rank_correlations: Array
    deviations: Array

    @property
    def correlation(self) -> float:
        """The mean of Pearson's correlation over the networks."""
        return float(self.correlations.mean())

    @property
    def rank_correlation(self) -> float:
        """The mean of Spearman's correlation over the networks."""
        return float(self.rank_correlations.mean())

    @property
    def deviation(self) -> float:
        """The root of the mean square of the relative deviation of one network."""
        return float(np.sqrt(np.mean(self.deviations**2)))

    def __str__(self) -> str:
        return (
            f"correlation {self.correlation:.4f}, rank correlation {self.rank_correlation:.4f}, "
            f"deviation {100 * self.deviation:.2g} %"
        )


def agreement(runs: Array, theory: Array) -> Agreement:
    """Compare ``runs``, (networks, ...), with ``theory``, (...)."""
    from scipy.stats import rankdata

    flat, truth = runs.reshape(len(runs), -1), theory.ravel()
    if np.ptp(truth) == 0:
        raise UsageError("the scores of the theory are all equal: there is nothing to compare")
    ranks = np.apply_along_axis(rankdata, 1, flat)
    return Agreement(
        np.array([_correlation(run, truth) for run in flat]),
        np.array([_correlation(run, rankdata(truth)) for run in ranks]),
        np.linalg.norm(flat - truth, axis=1) / np.linalg.norm(truth),
    )


def _correlation(one: Array, other: Array) -> float:
    """Pearson's; 0 with values that are all equal."""
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size else 0.0


def require_alike(one: Trajectories, other: Trajectories) -> None:
    """UsageError unless both follow the same tokens and scores at the same times."""
    for what in ("tokens", "names"):
        if getattr(one, what) != getattr(other, what):
            raise UsageError(f"the two follow different {_CALLED[what]}")
    if one.times.shape != other.times.shape or not np.allclose(one.times, other.times):
        raise UsageError("the two have different times: give both the same")


_CALLED = {"tokens": "tokens, or in another order", "names": "scores"}
