"""The derived kernels on given inputs, and the tally of many draws against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symntk.errors import UsageError
from symntk.finite.extents import Array
from symntk.finite.report import Comparison, Report, Row
from symntk.finite.samples import Samples
from symntk.finite.statistics import Limit, compare, extrapolate, slope_of_draws, slope_of_mean

Theory = Callable[[Mapping[str, Any]], object]
"""A kernel of a batch by the names of the inputs: an object with fields ``nngp`` and ``ntk``."""


@dataclass(frozen=True)
class Expected:
    """The derived kernels, and the vector of relative entries that the tests are about.

    The vector holds the upper triangle of the NNGP, then that of the NTK, each entry (a, b) in
    units of sqrt(K(a, a) K(b, b)).
    """

    nngp: Array
    ntk: Array

    @classmethod
    def of(cls, kernel: Theory, samples: Samples) -> Expected:
        """What ``kernel`` gives on ``samples``; UsageError where it is not finite."""
        result = kernel(samples.given)
        nngp, ntk = (np.asarray(getattr(result, name), dtype=float) for name in ("nngp", "ntk"))
        if not (np.isfinite(nngp).all() and np.isfinite(ntk).all()):
            raise UsageError("the derived kernel is not finite on these inputs: make them smaller")
        return cls(nngp, ntk)

    @property
    def size(self) -> int:
        """The number of inputs."""
        return len(self.nngp)

    def relative(self, nngp: Array, ntk: Array) -> Array:
        """The vector for two kernels."""
        upper = np.triu_indices(self.size)
        pairs = ((nngp, self.nngp), (ntk, self.ntk))
        return np.concatenate([(kernel / _unit(own))[upper] for kernel, own in pairs])

    def report(self, title: str, widths: Sequence[int], draws: Sequence[Array]) -> Report:
        """What the ``draws``, at each width of shape (networks, entries), say."""
        expected = self.relative(self.nngp, self.ntk)
        limit = extrapolate(widths, draws)
        half = len(expected) // 2
        nngp = self._comparison("nngp", slice(0, half), expected, limit, widths, draws)
        ntk = self._comparison("ntk", slice(half, None), expected, limit, widths, draws)
        return Report(title, self.size, nngp, ntk, compare(limit, expected))

    def _comparison(
        self,
        name: str,
        part: slice,
        expected: Array,
        limit: Limit,
        widths: Sequence[int],
        draws: Sequence[Array],
    ) -> Comparison:
        """One of the kernels, whose entries are ``part`` of the vector."""
        own = expected[part]
        norm = self._frobenius(name)
        errors = [norm(draw[:, part] - own) for draw in draws]
        rows = []
        for width, draw, error in zip(widths, draws, errors, strict=True):
            off = draw[:, part].mean(0) - own
            spread = draw[:, part].std(0, ddof=1) / np.sqrt(len(draw))
            rows.append(
                Row(
                    name,
                    width,
                    len(draw),
                    error=_geometric_mean(error),
                    scatter=_log_error(error),
                    mean_error=float(norm(off)),
                    noise=float(norm(spread)),
                    z=float(np.max(np.abs(_ratio(off, spread)))),
                )
            )
        means, noises = [row.mean_error for row in rows], [row.noise for row in rows]
        spread = limit.error[part]
        weight = self._weights(name) * own
        total = float(weight @ own)
        factor, factor_error = 1.0, 0.0
        if total > 0:
            covariance = limit.covariance[part, part]
            factor = float(weight @ limit.value[part]) / total
            factor_error = float(np.sqrt(weight @ covariance @ weight)) / total
        return Comparison(
            name,
            tuple(rows),
            slope_of_draws(widths, errors),
            slope_of_mean(widths, means, noises),
            factor,
            factor_error,
            self._square(_ratio(limit.value[part] - own, spread)),
            self._square(spread),
        )

    def _weights(self, name: str) -> Array:
        """How often and with what squared unit an entry counts in a Frobenius norm."""
        kernel = getattr(self, name)
        upper = np.triu_indices(self.size)
        counted = np.where(upper[0] == upper[1], 1.0, 2.0)
        return np.asarray(counted * _unit(kernel)[upper] ** 2)

    def _frobenius(self, name: str) -> Callable[[Array], Array]:
        """The relative Frobenius norm of differences, over the last axis."""
        weights = self._weights(name)
        whole = float(np.linalg.norm(getattr(self, name))) or 1.0
        return lambda off: np.asarray(np.sqrt(off**2 @ weights) / whole)

    def _square(self, entries: Array) -> tuple[tuple[float, ...], ...]:
        """An upper triangle as a symmetric matrix."""
        upper = np.triu_indices(self.size)
        matrix = np.zeros((self.size, self.size))
        matrix[upper] = entries
        matrix.T[upper] = entries
        return tuple(tuple(map(float, row)) for row in matrix)


def _unit(kernel: Array) -> Array:
    """The products of the roots of the diagonal; 1 where it is zero."""
    root = np.sqrt(np.abs(np.diag(kernel)))
    unit = np.outer(root, root)
    return np.where(unit > 0, unit, 1.0)


def _ratio(off: Array, spread: Array) -> Array:
    """A z-score: 0 where there is neither distance nor spread, at most 1e6."""
    return np.clip(off / np.maximum(spread, 1e-12), -1e6, 1e6)


def _geometric_mean(errors: Array) -> float:
    return float(np.exp(np.mean(np.log(errors)))) if np.all(errors > 0) else 0.0


def _log_error(errors: Array) -> float:
    """The standard error of the mean of log error."""
    if not np.all(errors > 0):
        return 0.0
    return float(np.std(np.log(errors), ddof=1) / np.sqrt(len(errors)))
