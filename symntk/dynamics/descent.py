r"""Gradient flow in the space of features: w' = eta Phi^T C r(Phi w).

The scores of the network are s(x) = Phi(x) w, and they move by
s'(x) = eta sum_j c_j Theta(x, x_j) r_j, Theta = Phi Phi^T: the flow of the infinitely wide network.
A step costs the entries of Phi that are not 0; the matrix of documents by documents is never
formed.  Equal documents are one row with c_j copies, C = diag(c): exactly, as their scores are
equal and r is linear in the targets, of which the row has the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log1p, sqrt
from typing import TYPE_CHECKING, NamedTuple

from symntk.dynamics.losses import Loss
from symntk.dynamics.progress import WHOLE, Progress, silent
from symntk.dynamics.relaxation import relax
from symntk.dynamics.shards import Shards
from symntk.dynamics.stabilised import integrate
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


LATEST = 1e10
"""Over the fastest rate: the latest time of a flow that is integrated, a quarter of an hour."""


class Reached(NamedTuple):
    """w at a time, (features, scores), and a bound on the Euclidean norm of its error."""

    time: float
    weights: Array
    error: float


@dataclass(frozen=True, eq=False)
class Descent:
    """The flow of one loss on documents.

    shards: Phi, c and the targets of the documents.
    eta: the learning rate; 1 / c.sum() for the mean of the losses in place of their sum.
    """

    shards: Shards
    loss: Loss
    eta: float

    def slope(self, weights: Array) -> Array:
        """w' = eta Phi^T C r, (features, scores)."""
        found = self.shards.pull(self.loss, weights)
        found *= self.eta
        return found

    @cached_property
    def rate(self) -> float:
        """A bound on the fastest rate: eta times the loss's curvature times |C^(1/2) Phi|^2."""
        return self.eta * self.loss.curvature * self._norm**2

    @cached_property
    def _norm(self) -> float:
        """The largest singular value of C^(1/2) Phi, one part in a thousand too large."""
        import numpy as np
        from scipy.sparse.linalg import LinearOperator, eigsh

        size, gram = self._gram()
        if size < 8:
            return 1.001 * float(np.sqrt(np.linalg.norm(gram(np.eye(size)), 2))) if size else 0.0
        start = np.random.default_rng(0).uniform(1, 2, size)
        if not gram(start).any():
            return 0.0
        operator = LinearOperator((size, size), matvec=gram, dtype=np.float64)
        top = eigsh(operator, k=1, tol=1e-4, v0=start, return_eigenvectors=False)
        return 1.001 * float(np.sqrt(max(top[0], 0.0)))

    @property
    def _noise(self) -> float:
        """What rounding makes of w' where its terms cancel: eta |Phi^T C r|, |r_j| <= 1, by 1e-16.

        |Phi^T C r| <= |C^(1/2) Phi| |C^(1/2) r|.
        """
        import numpy as np

        terms = self._norm * float(np.linalg.norm(self.shards.roots()))
        return self.eta * terms * float(np.finfo(np.float64).eps)

    def _gram(self) -> tuple[int, Callable[[Array], Array]]:
        """P^T P or P P^T, P = C^(1/2) Phi, whichever is smaller: its size, and what it does."""
        shards = self.shards
        if shards.count < shards.width:
            return shards.count, lambda x: shards.rows(shards.columns(x))
        return shards.width, lambda x: shards.columns(shards.rows(x))

    def solve(
        self,
        times: Sequence[float],
        tolerance: float,
        progress: Progress = silent,
    ) -> Iterator[Reached]:
        """The flow from w = 0 at rising times, each as soon as it is reached.

        tolerance: as in `symntk.flow`.
        Raises UsageError for times so late that the steps there would take hours.

        progress: called after each step.  Steps grow like t and cost like their square root, so
            work goes like sqrt(t); a tenth of it is counted for the start, by log(1 + rate t).
        """
        import numpy as np

        if self.loss.is_linear:
            yield from self._relaxed(times, tolerance)
            return
        if self.rate * times[-1] > LATEST:
            raise UsageError(
                f"the time {times[-1]:g} is {self.rate * times[-1]:.2g} times as long as the "
                f"fastest part of the flow takes, and {LATEST:.0e} are the most: follow it to "
                f"{LATEST / self.rate:.2g}"
            )

        def reached(time: float) -> None:
            start = log1p(self.rate * time) / (log1p(self.rate * times[-1]) or 1.0)
            progress(int(WHOLE * (0.1 * start + 0.9 * sqrt(time / times[-1]))), WHOLE)

        origin = np.zeros((self.shards.width, self.shards.scores))
        steps = integrate(self.slope, origin, times, self.rate, tolerance, reached, self._noise)
        for state in steps:
            yield Reached(state.time, state.value, state.error)

    def _relaxed(self, times: Sequence[float], tolerance: float) -> Iterator[Reached]:
        """w' = eta P^T z - eta P^T P w, P = C^(1/2) Phi, z = C^(1/2) y, in the smaller space.

        w = P^T a with a' = eta z - eta P P^T a where there are fewer documents than features.
        """

        size, gram = self._gram()
        drive = self.shards.drive()
        if size == self.shards.width:
            drive = self.shards.columns(drive)
        found, errors = relax(lambda x: self.eta * gram(x), self.eta * drive, times, tolerance)
        if size == self.shards.width:
            weights = found
        else:
            weights, errors = self.shards.columns(found.T).T, self._norm * errors
        for time, row, error in zip(times, weights, errors, strict=True):
            yield Reached(time, row[:, None], float(error))
