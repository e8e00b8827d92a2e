r"""Moments of the attention weights of many heads at numbered positions.

    a = softmax(l), a' = softmax(l'),   (l, l') jointly Gaussian with covariances L, L' and C

    HeadMoment(j, j', L, L', C)       = E[a_j a'_j']
    HeadTangent(j, j', L, L', C, W)   = sum_{mu, mu'} W(mu, mu') E[d_j a_mu  d_j' a'_mu']

Independent heads factorise, a mean over logits that all look alike is 1 / T, and moments that
differ by how the positions are numbered are one: what cancels can then be seen to cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import permutations, product
from typing import TYPE_CHECKING

import sympy as sp

from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Covariances = tuple[sp.ImmutableDenseMatrix, ...]
"""L, L', C; for a tangent also W."""

MOST = 3
"""Tokens of documents that are compared: more logits are too many to integrate over."""

_RULES = {2: (0.15, 9.0), 4: (0.5, 8.0)}
"""Step and reach of the trapezoidal rule, in standard deviations, by the most dimensions it is for:
its error is about 1e-12, and about 1e-9, for logits of variance 1.
"""


class HeadMoment(sp.Expr):
    """E[a_j a'_j'] with arguments j, j', L, L', C."""

    is_commutative = True

    def _eval_is_extended_real(self) -> bool:
        return True

    def number(self) -> float:
        """The value, where the covariances are numbers."""
        j, other, *matrices = self.args
        return _mean(matrices[:3], lambda a, b: _softmax(a)[int(j)] * _softmax(b)[int(other)])


class HeadTangent(sp.Expr):
    """sum_{mu, mu'} W(mu, mu') E[d_j a_mu d_j' a'_mu'] with arguments j, j', L, L', C, W."""

    is_commutative = True

    def _eval_is_extended_real(self) -> bool:
        return True

    def number(self) -> float:
        """The value, where the covariances are numbers."""
        import numpy as np

        j, other, *matrices = self.args
        weights = _array(matrices[3])

        def integrand(a: Array, b: Array) -> Array:
            slopes = _slopes(a, int(j)), _slopes(b, int(other))
            found: Array = np.einsum("ts,tp,sp->p", weights, *slopes, optimize=True)
            return found

        return _mean(matrices[:3], integrand)


MOMENTS = (HeadMoment, HeadTangent)
"""What is left unevaluated."""


def moment(j: int, other: int, covariances: Covariances) -> sp.Expr:
    """E[a_j a'_j']."""
    first, second, cross = covariances
    if cross.is_zero_matrix:
        return _single(j, first) * _single(other, second)
    return _canonical(HeadMoment, j, other, covariances)


def tangent(j: int, other: int, covariances: Covariances) -> sp.Expr:
    """sum W(mu, mu') E[d_j a_mu d_j' a'_mu']."""
    first, second, cross, weights = covariances
    if weights.is_zero_matrix:
        return sp.S.Zero
    if cross.is_zero_matrix:
        places = product(range(first.rows), range(second.rows))
        terms = (weights[m, n] * _slope(j, m, first) * _slope(other, n, second) for m, n in places)
        return sp.Add(*terms)
    factor, rest = common_factor(weights)
    return factor * _canonical(HeadTangent, j, other, (first, second, cross, rest))


def common_factor(
    matrix: sp.ImmutableDenseMatrix,
) -> tuple[sp.Expr, sp.ImmutableDenseMatrix]:
    """A matrix as a product of an expression and a matrix of numbers, 1 its first, if it is one."""
    factor = next((entry for entry in matrix if entry != 0), sp.S.One)
    rest = sp.ImmutableDenseMatrix(matrix / factor)
    if all(entry.is_number for entry in rest):
        return factor, rest
    return sp.S.One, matrix


def _single(j: int, covariance: sp.ImmutableDenseMatrix) -> sp.Expr:
    """E[a_j]: all positions have the same where none is apart from the others."""
    if _alike(covariance):
        return sp.Rational(1, covariance.rows)
    every = range(covariance.rows)
    alone = (covariance, covariance, covariance)
    return sp.Add(*(_canonical(HeadMoment, j, other, alone) for other in every))


def _slope(j: int, mu: int, covariance: sp.ImmutableDenseMatrix) -> sp.Expr:
    """E[d_j a_mu] = E[a_j] [j = mu] - E[a_j a_mu]."""
    alone = (covariance, covariance, covariance)
    mean = _single(j, covariance) if j == mu else sp.S.Zero
    return mean - _canonical(HeadMoment, j, mu, alone)


@cache
def _alike(covariance: sp.ImmutableDenseMatrix) -> bool:
    """Whether every numbering of the positions gives the same covariance."""
    every = range(covariance.rows)
    outside = {covariance[i, j] for i in every for j in every if i != j}
    return len({covariance[i, i] for i in every}) == 1 and len(outside) <= 1


@lru_cache(maxsize=4096)
def _canonical(kind: Callable[..., sp.Expr], j: int, other: int, given: Covariances) -> sp.Expr:
    """The same moment with the positions, and the documents, in one order of all."""
    if given[0].rows > MOST or given[1].rows > MOST:
        raise UsageError(
            f"the weights of many heads are integrated over all logits: documents of at most "
            f"{MOST} tokens can be compared"
        )
    return min((kind(*found) for found in _orders(j, other, given)), key=_sort_key)


def _sort_key(found: sp.Expr) -> tuple[bool, object]:
    """Matches between equal positions come first."""
    return not found.args[4].is_diagonal(), sp.default_sort_key(found)


def _orders(j: int, other: int, given: Covariances) -> Iterator[tuple[object, ...]]:
    first, second, *across = given
    swapped = (second, first, *(matrix.T for matrix in across))
    for left, right, (one, two, *rest) in ((j, other, given), (other, j, swapped)):
        for p in permutations(range(one.rows)):
            for q in permutations(range(two.rows)):
                moved = [matrix.extract(list(p), list(q)) for matrix in rest]
                own = one.extract(list(p), list(p)), two.extract(list(q), list(q))
                yield (sp.Integer(p.index(left)), sp.Integer(q.index(right)), *own, *moved)


def _mean(matrices: list[sp.Basic], function: Callable[[Array, Array], Array]) -> float:
    """E f(l, l') for f that shifts of l and of l' do not change, by the trapezoidal rule.

    Differences to the first logit are integrated over, along the axes of their covariance.
    """
    import numpy as np

    first, second, cross = map(_array, matrices)
    n, m = len(first), len(second)
    joint = np.block([[first, cross], [cross.T, second]])
    differences = np.eye(n + m)
    differences[:n, 0] -= 1
    differences[n:, n] -= 1
    values, vectors = np.linalg.eigh(differences @ joint @ differences.T)
    used = values > 1e-13 * max(1.0, values.max())
    root = vectors[:, used] * np.sqrt(values[used])
    step, reach = next(rule for most, rule in _RULES.items() if root.shape[1] <= most)
    axis = np.arange(-reach, reach + step / 2, step)
    grid = np.array(np.meshgrid(*[axis] * root.shape[1], indexing="ij")).reshape(root.shape[1], -1)
    density = np.exp(-0.5 * (grid**2).sum(0)) * (step / np.sqrt(2 * np.pi)) ** len(grid)
    logits = root @ grid
    return float(density @ function(logits[:n], logits[n:]))


def _array(matrix: sp.Basic) -> Array:
    import numpy as np

    found: Array = np.array(matrix.tolist(), dtype=float)
    return found


def _softmax(logits: Array) -> Array:
    import numpy as np

    exponentials = np.exp(logits - logits.max(0))
    found: Array = exponentials / exponentials.sum(0)
    return found


def _slopes(logits: Array, key: int) -> Array:
    """The derivative of every weight by one logit."""
    import numpy as np

    weights = _softmax(logits)
    found: Array = weights * ((np.arange(len(weights)) == key)[:, None] - weights[key])
    return found
