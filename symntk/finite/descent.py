r"""Full-batch gradient descent of one network: the Euler rule of its gradient flow.

    theta(t + h) = theta(t) + eta h sum_j r_j . df(x_j)/dtheta,   r_j = -dl/ds_j at s = f - f_0

A step moves f by eta h Theta r, Theta the network's own tangent kernel, and so follows the flow
where h is small against the reciprocal of eta l'' lambda, lambda the largest eigenvalue of Theta.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from symntk.errors import UsageError
from symntk.finite.batches import Batch
from symntk.finite.extents import Array
from symntk.finite.kernels import parametrization_factor
from symntk.finite.lessons import Lesson, OfDocuments
from symntk.finite.network import Network

ITERATIONS, PRECISION, MARGIN = 30, 0.01, 1.1
"""Power iteration ends when an estimate is at most 1 % above the last; 10 % are then added."""

NUDGE = 1e-8
"""How far parameters move, relative to their norm, for a derivative along a direction."""


class Pupil:
    """A network that learns.  Its parameters change in place."""

    def __init__(self, network: Network, lesson: Lesson) -> None:
        self.network, self.lesson = network, lesson
        self._factors = {
            name: parametrization_factor(network.architecture, uses[0])
            for name, uses in network.architecture.uses.items()
        }
        self._start = self._outputs(network, [*lesson.learned, *lesson.watched])

    def scores(self) -> Array:
        """f - f_0 of every input, (inputs, scores)."""
        batches = [*self.lesson.learned, *self.lesson.watched]
        return self._outputs(self.network, batches) - self._start

    def step(self, length: float) -> None:
        """One step of gradient descent, ``length`` long in time.

        UsageError where earlier steps have led to scores that are not finite.
        """
        loss, targets = self.lesson.loss, self.lesson.targets.values

        def residual(documents: NDArray[np.intp], outputs: Array) -> Array:
            if not np.isfinite(outputs).all():
                raise UsageError("the scores grow without bound: give a shorter step")
            scores = outputs - self._start[self.lesson.places[documents]]
            return loss.residual(scores, targets[documents])

        with np.errstate(over="ignore", invalid="ignore"):
            slopes = self._slopes(residual)
        for name, slope in slopes.items():
            slope *= length * self.lesson.eta
            self.network.parameters[name][...] += slope

    def rate(self) -> float:
        """The fastest rate of the flow at the start, a few per cent too large.

        It is eta times the loss's curvature times the largest eigenvalue of Theta, found by power
        iteration: Theta u is how f changes when parameters move by J^T u, J = df/dtheta.
        """
        lesson = self.lesson
        along = np.random.default_rng(0).uniform(1, 2, lesson.targets.values.shape)
        along /= np.linalg.norm(along)
        size = 0.0
        for _ in range(ITERATIONS):
            along = self._tangent_kernel(along)
            last, size = size, float(np.linalg.norm(along))
            if size <= (1 + PRECISION) * last:
                break
            along /= size
        return MARGIN * lesson.eta * lesson.loss.curvature * size

    def _tangent_kernel(self, along: Array) -> Array:
        """Theta u of u = ``along``, both (documents, scores)."""
        parameters = self.network.parameters
        slopes = self._slopes(lambda documents, outputs: along[documents])
        length = _norm(slopes.values())
        if length == 0:
            return np.zeros_like(along)
        reach = NUDGE * _norm(parameters[name] for name in slopes) / length
        moved = {name: parameters[name] + reach * slope for name, slope in slopes.items()}
        nudged = Network(self.network.architecture, {**parameters, **moved})
        change = self._outputs(nudged, self.lesson.learned) - self._start
        return np.asarray(change[self.lesson.places] / reach)

    def _slopes(self, of_documents: OfDocuments) -> dict[str, Array]:
        """sum_j u_j . df(x_j)/dtheta, u_j given for documents and their outputs."""
        lesson = self.lesson
        found = lesson.passes.gradients(self.network, lesson.learned, lesson.pull(of_documents))
        for name, slope in found.items():
            slope *= self._factors[name]
        return found

    def _outputs(self, network: Network, batches: Sequence[Batch]) -> Array:
        """f of the inputs in the batches, (inputs, scores)."""
        found = np.zeros((self.lesson.size, len(self.lesson.targets.names)))
        return self.lesson.passes.outputs(network, batches, found)


def _norm(arrays: Iterable[Array]) -> float:
    """The Euclidean norm of all entries together."""
    return sqrt(sum(float(np.vdot(array, array)) for array in arrays))
