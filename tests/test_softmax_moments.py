"""Moments of softmaxes of Gaussian logits against quadrature in extended precision, against fine
grids over all directions at once, Monte Carlo with its standard error, limits and symmetries.

Nothing here uses canonical directions, Laplace's transform or lattices, unless two of these are
compared with each other.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import pytest

from symntk.emission.runtime.softmax import (
    contracted_products,
    pair_means,
    softmax_average,
    softmax_moments,
    softmax_tangents,
)
from symntk.emission.runtime.softmax_factors import canonical_pair, principal_factor
from symntk.emission.runtime.softmax_grids import grid_axis, grid_moments, mehler_kernel
from symntk.emission.runtime.softmax_laplace import (
    LAPLACE_ERROR,
    independent_pairs,
    laplace_nodes,
)
from symntk.emission.runtime.softmax_lattice import normal_quantile
from symntk.emission.runtime.softmax_pairs import pair_classes
from tests.shared import read

Blocks = tuple[np.ndarray, np.ndarray, np.ndarray]


def softmax(a: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    powers = np.exp(a - a.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def jacobian(zeta: np.ndarray) -> np.ndarray:
    return zeta[..., :, None] * np.eye(zeta.shape[-1]) - zeta[..., :, None] * zeta[..., None, :]


def changes(zeta1: np.ndarray, weights: np.ndarray, zeta2: np.ndarray) -> np.ndarray:
    """(J w J')_uv / (zeta_u zeta'_v) with the Jacobians J, J' of both softmaxes, for each row."""
    left, right = zeta1 @ weights, zeta2 @ weights.T
    both = np.einsum("nt,nt->n", zeta1, right)
    return weights - left[:, None, :] - right[:, :, None] + both[:, None, None]


def dense(length1: int, length2: int, rank: int, variance: float = 1.0, seed: int = 0) -> Blocks:
    """Blocks of a covariance of the given rank without any structure."""
    rng = np.random.default_rng([length1, length2, rank, seed])
    factor = rng.normal(size=(length1 + length2, rank)) * math.sqrt(variance / rank)
    whole = factor @ factor.T
    parts = whole[:length1, :length1], whole[length1:, length1:], whole[:length1, length1:]
    return tuple(np.ascontiguousarray(part) for part in parts)  # type: ignore[return-value]


def tokens(x: Any, y: Any, rho: float, variance: float = 1.0, variance2: float = 1.0) -> Blocks:
    """Logits of token sequences: one for each token, equal for its copies, and what all share."""
    x, y = np.array(x), np.array(y)

    def match(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        return (s[:, None] == t[None, :]).astype(float)

    between = rho * math.sqrt(variance * variance2) * match(x, y) + 0.1
    return variance * match(x, x) + 0.2, variance2 * match(y, y) + 0.3, between


def joint(blocks: Blocks) -> np.ndarray:
    first, second, cross = blocks
    return np.block([[first, cross], [cross.T, second]])


def fine_grid(blocks: Blocks, weights: np.ndarray | None = None) -> np.ndarray:
    """The trapezoid rule over every direction of (a, a') without their means, all at once."""
    count1 = len(blocks[0])
    centre = [np.eye(len(block)) - 1 / len(block) for block in blocks[:2]]
    zeros = np.zeros(blocks[2].shape)
    both = np.block([[centre[0], zeros], [zeros.T, centre[1]]])
    sizes, directions = np.linalg.eigh(both @ joint(blocks) @ both)
    factor = (directions * np.sqrt(np.maximum(sizes, 0)))[:, sizes > 1e-12]
    rank = factor.shape[1]
    step = (0.05, 0.1, 0.25, 0.4)[rank - 1]
    last = math.ceil(7.8 / step)
    z = np.arange(-last, last + 1) * step
    weight = step * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    inner = min(rank, 3)
    grids = np.meshgrid(*[z] * inner, indexing="ij")
    nodes = np.stack([grid.ravel() for grid in grids], axis=-1)
    shares = np.prod([grid.ravel() for grid in np.meshgrid(*[weight] * inner)], axis=0)
    logits = nodes @ factor[:, :inner].T
    found = np.zeros(blocks[2].shape)
    for outer in itertools.product(range(len(z)), repeat=rank - inner):
        a = logits + factor[:, inner:] @ z[list(outer)]
        share = shares * math.prod(weight[k] for k in outer)
        zeta1, zeta2 = softmax(a[:, :count1]), softmax(a[:, count1:])
        if weights is None:
            found += (share[:, None] * zeta1).T @ zeta2
        else:
            change = changes(zeta1, weights, zeta2)
            found += np.einsum("n,nu,nv,nuv->uv", share, zeta1, zeta2, change, optimize=True)
    return found


# -- two logits: one difference on each side ------------------------------------------------------


def two_logits(spread1: str, spread2: str, rho: str) -> tuple[float, float]:
    """E[s(u) s(v)] and E[s'(u) s'(v)], s logistic, for normal u and v, to 20 digits."""
    with mpmath.workdps(25):
        r1, r2, c = mpmath.mpf(spread1), mpmath.mpf(spread2), mpmath.mpf(rho)
        step, rest = mpmath.mpf(1) / 8, mpmath.sqrt(1 - c * c)
        z = [k * step for k in range(-80, 81)]
        density = [mpmath.npdf(x) * step for x in z]
        moment = tangent = mpmath.mpf(0)
        for x, p in zip(z, density, strict=True):
            s = 1 / (1 + mpmath.exp(-r1 * x))
            inner = slope = mpmath.mpf(0)
            for y, q in zip(z, density, strict=True) if rest else [(mpmath.mpf(0), 1)]:
                t = 1 / (1 + mpmath.exp(-r2 * (c * x + rest * y)))
                inner += q * t
                slope += q * t * (1 - t)
            moment += p * s * inner
            tangent += p * s * (1 - s) * slope
        return float(moment), float(tangent)


@pytest.mark.parametrize(
    ("spread1", "spread2", "rho"),
    [
        ("1", "1", "0"),
        ("0.2", "1.5", "0.3"),
        ("1.5", "1", "0.9"),
        ("1", "2", "1"),
        ("2", "2", "-0.99"),
        ("0.5", "1", "-1"),
    ],
)
def test_two_logits(spread1: str, spread2: str, rho: str) -> None:
    moment, tangent = two_logits(spread1, spread2, rho)
    v1, v2, c = float(spread1) ** 2, float(spread2) ** 2, float(rho)
    first, second = np.diag([v1, 0.0]), np.diag([0.0, v2])
    cross = np.array([[0.0, -1.0], [0.0, 0.0]]) * c * math.sqrt(v1 * v2)
    values, error = softmax_moments(first, second, cross)
    assert abs(values[0, 0] - moment) <= error <= 1e-11
    weights = np.array([[1.0, 0.0], [0.0, 0.0]])
    found, error = softmax_tangents(first, second, cross, weights)
    assert abs(found[0, 0] - tangent) <= error <= 1e-11
    assert np.array_equal(found, found[0, 0] * np.array([[1, -1], [-1, 1]]))


# -- few logits: every direction at once ----------------------------------------------------------

FEW = {
    "rank 2": dense(3, 2, 2),
    "rank 3": dense(3, 2, 9, 0.6),
    "rank 4": dense(3, 3, 9, 0.3),
    "one against many": dense(1, 4, 9, 0.5),
    "unequal sizes": dense(2, 3, 9),
    "a = a'": tokens([0, 1, 2, 3], [0, 1, 2, 3], 1.0),
    "tokens": tokens([0, 1, 2, 0], [2, 3, 3, 0], 0.6, 0.2, 0.3),
    "opposite": tokens([0, 1, 2], [1, 0, 4], -1.0, 0.5, 0.5),
    "independent": tokens([0, 1, 2], [0, 1, 3], 0.0, 0.3, 0.2),
}


@pytest.mark.parametrize("blocks", FEW.values(), ids=FEW)
def test_few_logits(blocks: Blocks) -> None:
    values, error = softmax_moments(*blocks)
    assert np.abs(values - fine_grid(blocks)).max() <= error + 1e-12
    assert error <= 1e-11
    weights = np.random.default_rng(1).normal(size=blocks[2].shape)
    found, error = softmax_tangents(*blocks, weights)
    assert np.abs(found - fine_grid(blocks, weights)).max() <= error + 1e-12
    assert error <= 1e-10


# -- independent logits at any length -------------------------------------------------------------


def both_methods(blocks: Blocks, weights: np.ndarray) -> tuple[list[Any], list[Any]]:
    """(moments, tangents) by Laplace's transform and by a grid, of distinct logits with copies."""
    length1, length2 = blocks[2].shape
    group1, group2 = np.arange(weights.shape[0]) % length1, np.arange(weights.shape[1]) % length2
    sizes1, sizes2 = np.bincount(group1).astype(float), np.bincount(group2).astype(float)
    partner, shared = independent_pairs(*blocks, 1.0)
    assert len(shared) == 3
    classes = pair_classes(*blocks, partner, shared, sizes1, sizes2)
    common = (*classes, partner, sizes1, sizes2, group1, group2)
    by_pairs = [pair_means(*common, np.zeros((0, 0)))[0], pair_means(*common, weights)[0]]
    factors = principal_factor(blocks[0], 1.0), principal_factor(blocks[1], 1.0)
    canonical = canonical_pair(*factors, blocks[2])
    moments, _ = grid_moments(*canonical, sizes1, sizes2, 1, 1e12)
    products, _ = grid_moments(*canonical, sizes1, sizes2, 2, 1e12)
    tangents = contracted_products(products, group1, group2, sizes1, sizes2, weights)
    return by_pairs, [moments[np.ix_(group1, group2)], tangents]


@pytest.mark.parametrize("rho", [0.0, 0.7, 1.0, -1.0])
def test_laplace_and_grid_agree(rho: float) -> None:
    """Two methods that share nothing; weights differ between the copies of a logit, too."""
    rng = np.random.default_rng(2)
    variances1, variances2 = rng.uniform(0.3, 2, 4), rng.uniform(0.3, 2, 3)
    cross = np.full((4, 3), 0.05)
    for i, j in ((0, 2), (2, 0)):
        cross[i, j] += rho * math.sqrt(variances1[i] * variances2[j])
    blocks = np.diag(variances1) + 0.3, np.diag(variances2) - 0.1, cross
    by_pairs, by_grid = both_methods(blocks, rng.normal(size=(7, 5)))
    for one, other in zip(by_pairs, by_grid, strict=True):
        assert np.abs(one - other).max() <= 2e-12


def test_sums_for_reciprocal_denominators() -> None:
    nodes, weights = laplace_nodes(-8.0, 12.0)
    for d in np.exp(np.linspace(-8, 12, 301)):
        decay = weights * np.exp(-nodes * d)
        assert abs(d * decay.sum() - 1) <= LAPLACE_ERROR
        assert abs(d * d * (nodes * decay).sum() - 1) <= LAPLACE_ERROR


def test_independent_logits_are_recognised() -> None:
    assert len(independent_pairs(*tokens([0, 1, 2], [2, 5, 0], 0.5), 1.0)[1]) == 3
    chained = tokens([0, 1, 2], [0, 1, 2], 0.4)
    chained[2][0, 1] += 0.3
    assert len(independent_pairs(*chained, 1.0)[1]) == 0
    assert len(independent_pairs(*dense(3, 4, 9), 1.0)[1]) == 0


# -- many logits: Monte Carlo ---------------------------------------------------------------------

draw = np.random.default_rng(7)
MANY = {
    "natural tokens": tokens(draw.zipf(1.5, 30) % 20, draw.zipf(1.5, 25) % 20, 0.8, 1.0, 1.5),
    "distinct tokens": tokens(range(20), range(5, 30), 1.0),
    "large variance": tokens(draw.integers(0, 9, 15), draw.integers(0, 9, 12), 1.0, 16.0, 16.0),
    "dense": dense(9, 8, 40),
    "dense, rank 2": dense(30, 20, 2),
    "dense, large variance": dense(7, 12, 40, 9.0),
}


def shared_entries(count: int, total: np.ndarray, squares: np.ndarray) -> tuple[Any, Any]:
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - mean * mean, 0) / count)


@pytest.mark.parametrize("blocks", MANY.values(), ids=MANY)
def test_many_logits(blocks: Blocks) -> None:
    """Within five standard errors of Monte Carlo and the error that is stated."""
    rng = np.random.default_rng(11)
    sizes, directions = np.linalg.eigh(joint(blocks))
    factor = directions * np.sqrt(np.maximum(sizes, 0))
    count1, shape = len(blocks[0]), blocks[2].shape
    weights = np.random.default_rng(3).normal(size=shape)
    draws, repetitions = 2000, 20
    moments = [np.zeros(shape), np.zeros(shape)]
    tangents = [np.zeros(shape), np.zeros(shape)]
    for _ in range(repetitions):
        a = rng.normal(size=(draws, len(factor))) @ factor.T
        zeta1, zeta2 = softmax(a[:, :count1]), softmax(a[:, count1:])
        product = zeta1[:, :, None] * zeta2[:, None, :]
        change = changes(zeta1, weights, zeta2)
        for sums, terms in ((moments, product), (tangents, product * change)):
            sums[0] += terms.sum(axis=0)
            sums[1] += (terms * terms).sum(axis=0)
    for sums, (values, error) in (
        (moments, softmax_moments(*blocks)),
        (tangents, softmax_tangents(*blocks, weights)),
    ):
        mean, spread = shared_entries(draws * repetitions, *sums)
        assert (np.abs(values - mean) <= 5 * spread + error).all()
        assert error <= 1e-3


# -- the stated error -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_stated_error_of_lattices(seed: int) -> None:
    """No effort leaves a lattice of few points, whose error is known from the grid."""
    blocks = dense(3, 3 + seed % 2, 9, (0.3, 1.0, 3.0)[seed % 3], seed)
    weights = np.random.default_rng(seed).normal(size=blocks[2].shape)
    exact, slip = softmax_moments(*blocks)
    values, error = softmax_moments(*blocks, 0.0)
    assert slip < 1e-10 < error < 1e-3
    assert 0 < np.abs(values - exact).max() <= error
    total, error = softmax_average(*blocks, weights, 0.0)
    assert 0 < abs(total - (weights * exact).sum()) <= error < 3e-3
    exact, _ = softmax_tangents(*blocks, weights)
    values, error = softmax_tangents(*blocks, weights, 0.0)
    assert 0 < np.abs(values - exact).max() <= error < 1e-3


def test_stated_error_of_coarse_grids() -> None:
    blocks = dense(4, 4, 9, 2.0)
    exact, least = softmax_moments(*blocks)
    known = set()
    for effort in (1e6, 3e6, 1e7, 3e7, 1e8):
        values, error = softmax_moments(*blocks, effort)
        assert np.abs(values - exact).max() <= error + least
        known.add(error)
    assert least < 1e-11 < 1e-9 < max(known) and len(known) >= 3


@pytest.mark.parametrize("tolerance", [2e-13, 1e-10, 1e-8])
@pytest.mark.parametrize("rho", [0.05, 0.5, 0.8, 0.95, 0.999, 1 - 1e-9, 1.0])
def test_mehler_kernel_on_a_grid(rho: float, tolerance: float) -> None:
    """E[s(r z) s(r z')] and E[1] with the kernel on the grid that is chosen for it."""
    y = np.arange(-11, 11.001, 0.02)
    density = 0.02 * np.exp(-y * y / 2) / math.sqrt(2 * math.pi)
    for r in (0.05, 1.0, 3.0, 8.0):
        step, count, error = grid_axis(r, rho, 2, tolerance)
        scale, band = mehler_kernel(rho, step, count)
        node = np.arange(count)
        kernel = np.outer(scale, scale) * band[np.abs(node[:, None] - node)]
        z = (node - (count - 1) / 2) * step
        value = 1 / (1 + np.exp(-r * z))
        other = r * (rho * y[:, None] + math.sqrt(1 - rho * rho) * y)
        truth = (density / (1 + np.exp(-r * y))) @ (1 / (1 + np.exp(-other))) @ density
        assert abs(value @ kernel @ value - truth) <= error
        assert abs(kernel.sum() - 1) <= error <= 5 * tolerance


def test_normal_quantile() -> None:
    for u in (1e-12, 1e-4, 0.02, 0.03, 0.3, 0.5, 0.9, 0.98, 1 - 1e-9):
        with mpmath.workdps(40):
            truth = float(mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(u) - 1))
        assert abs(normal_quantile(u) - truth) <= 2e-9 * max(1, abs(truth))


# -- limits and symmetries ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 7), (100, 30)])
@pytest.mark.parametrize("level", [0.0, 2.5])
def test_equal_logits_are_uniform(shape: tuple[int, int], level: float) -> None:
    """Exactly: no logit varies, or all vary together."""
    blocks = [np.full((a, b), level) for a, b in (shape[:1] * 2, shape[1:] * 2, shape)]
    values, error = softmax_moments(*blocks)
    assert error == 0
    assert (values == 1 / (shape[0] * shape[1])).all()
    weights = np.random.default_rng(0).normal(size=shape)
    uniform = [jacobian(np.full(n, 1 / n)) for n in shape]
    found, error = softmax_tangents(*blocks, weights)
    assert np.abs(found - uniform[0] @ weights @ uniform[1]).max() <= error + 1e-16


@pytest.mark.parametrize("rho", [-1.0, -0.4, 0.0, 0.7, 1.0])
def test_large_logits_choose_the_largest(rho: float) -> None:
    """E[zeta_u zeta'_v] becomes the probability of two signs; what is left is of order 1 / r."""
    small, large = (
        softmax_moments(np.eye(2) * v, np.eye(2) * v, np.eye(2) * v * rho)[0] for v in (1e3, 4e3)
    )
    limit = 0.25 + math.asin(rho) / (2 * math.pi)
    assert abs(2 * large[0, 0] - small[0, 0] - limit) <= 3e-4
    assert abs(large[0, 0] - limit) <= 0.01


def test_small_logits() -> None:
    """zeta = 1 / T + (a - mean a) / T + O(a^2), so that Cov(zeta, zeta') ~ P cross P' / (T T')."""
    for length1, length2 in ((3, 4), (12, 9)):
        blocks = dense(length1, length2, 40, 1e-6)
        values, error = softmax_moments(*blocks)
        alone1, _ = softmax_moments(blocks[0], np.zeros((1, 1)), np.zeros((length1, 1)))
        alone2, _ = softmax_moments(np.zeros((1, 1)), blocks[1], np.zeros((1, length2)))
        centre1, centre2 = (np.eye(n) - 1 / n for n in (length1, length2))
        leading = centre1 @ blocks[2] @ centre2 / (length1 * length2)
        found = values - alone1 @ alone2
        assert np.abs(found - leading).max() <= 1e-4 * np.abs(leading).max() + 4 * error


SYMMETRIC = {**FEW, "natural tokens": MANY["natural tokens"], "dense": MANY["dense"]}


@pytest.mark.parametrize("blocks", SYMMETRIC.values(), ids=SYMMETRIC)
def test_symmetries(blocks: Blocks) -> None:
    """Order of the logits, exchange of the sides, and what is added to all logits of a side."""
    first, second, cross = blocks
    rng = np.random.default_rng(4)
    order1, order2 = rng.permutation(len(first)), rng.permutation(len(second))
    weights = rng.normal(size=cross.shape)

    def results(a: Any, b: Any, c: Any, w: Any) -> list[tuple[Any, float]]:
        parts = [np.ascontiguousarray(part) for part in (a, b, c, w)]
        return [softmax_moments(*parts[:3]), softmax_tangents(*parts)]

    plain = results(first, second, cross, weights)
    permuted = results(
        first[np.ix_(order1, order1)],
        second[np.ix_(order2, order2)],
        cross[np.ix_(order1, order2)],
        weights[np.ix_(order1, order2)],
    )
    swapped = results(second, first, cross.T, weights.T)
    lifted = results(first + 0.7, second + 0.4, cross + 0.5, weights)
    for k, (values, error) in enumerate(plain):
        room = 2 * error + 1e-13
        assert np.abs(permuted[k][0] - values[np.ix_(order1, order2)]).max() <= room
        assert np.abs(swapped[k][0].T - values).max() <= room
        assert np.abs(lifted[k][0] - values).max() <= room
        assert np.array_equal(values, results(first, second, cross, weights)[k][0])


@pytest.mark.parametrize("blocks", SYMMETRIC.values(), ids=SYMMETRIC)
def test_sums(blocks: Blocks) -> None:
    """sum_u zeta_u = 1, and no logit moves the sum: sum_u G_uv = 0."""
    first, second, cross = blocks
    values, error = softmax_moments(first, second, cross)
    room = (error + 1e-14) * max(cross.shape)
    assert abs(values.sum() - 1) <= room
    alone = softmax_moments(np.zeros((1, 1)), second, np.zeros((1, len(second))))
    assert np.abs(values.sum(axis=0) - alone[0][0]).max() <= room + alone[1]
    found, error = softmax_tangents(first, second, cross, np.cos(cross))
    assert np.abs(found.sum(axis=0)).max() <= 1e-14
    assert np.abs(found.sum(axis=1)).max() <= 1e-14


def test_copies_share() -> None:
    """Copies of a logit and weights that differ between them, against a little difference."""
    x, y, rng = [0, 1, 2, 3, 0, 0, 2], [3, 0, 4, 5, 5], np.random.default_rng(5)
    first, second, cross = tokens(x, y, 0.9)
    weights = rng.normal(size=cross.shape)
    values, _ = softmax_tangents(first, second, cross, weights)
    group1, group2 = np.array(x), np.array([0, 1, 2, 3, 3])
    equal1, equal2 = group1[:, None] == group1, group2[:, None] == group2
    moments, _ = softmax_moments(first, second, cross)
    assert np.abs(moments - (equal1 / equal1.sum(0)) @ moments).max() <= 1e-15
    assert np.abs(moments - moments @ (equal2 / equal2.sum(0))).max() <= 1e-15
    # what copies feel differently is linear in their own weights alone
    even1, even2 = equal1 / equal1.sum(0), equal2 / equal2.sum(0)
    odd = weights - even1 @ weights - weights @ even2 + even1 @ weights @ even2
    found, error = softmax_tangents(first, second, cross, odd)
    assert np.abs(found - odd * moments).max() <= error
    rest, _ = softmax_tangents(first, second, cross, weights - odd)
    assert np.abs(values - rest - found).max() <= 3 * error + 1e-13


PRICE = {
    "dense": (dense(3, 3, 9, 0.8), [(0, 1), (2, 2)]),
    "rank 3": (dense(4, 2, 9), [(3, 1)]),
    "pairs": (tokens(range(5), range(2, 7), 0.5), [(2, 0), (4, 2)]),
}


@pytest.mark.parametrize(("blocks", "places"), PRICE.values(), ids=PRICE)
def test_price(blocks: Blocks, places: list[tuple[int, int]]) -> None:
    """d E[zeta_t zeta'_s] / d Cov(a_u, a'_v) = E[d zeta_t / d a_u  d zeta'_s / d a'_v]."""
    first, second, cross = blocks
    for u, v in places:

        def moved(change: float, u: int = u, v: int = v) -> np.ndarray:
            other = cross.copy()
            other[u, v] += change
            return softmax_moments(first, second, other)[0]

        step = 2e-3
        slope = (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / 12
        for t, s in itertools.product(range(len(first)), range(len(second))):
            weights = np.zeros(cross.shape)
            weights[t, s] = 1.0
            found, _ = softmax_tangents(first, second, cross, weights)
            assert abs(found[u, v] - slope[t, s] / step) <= 1e-9


# -- multi-head attention with scaling 1/sqrt(d) --------------------------------------------------


def attention_cases() -> list[Any]:
    data = read("models.json")
    if not data:
        reason = "the reference files are not beside the project"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    return [
        pytest.param(case, id=case["id"])
        for case in data["cases"]
        if case["model"] == "sa_qkv" and case["params"].get("scaling") == "1/sqrt(d)"
    ]


@pytest.mark.parametrize("case", attention_cases())
def test_attention_with_many_heads(case: dict[str, Any]) -> None:
    """Sigma = sv^2 sV^2 sum_(p, r) sum_(u, v) E[zeta_pu zeta'_rv] S(u, v) at every pair (p, r).

    S(u, v) = se^2 [x_u = y_v] + sp^2 [u = v] is the covariance of the inputs at two positions, and
    Cov(a_pu, a'_rv) = sq^2 S(p, r) sk^2 S(u, v) that of the logits.
    """
    given = {"sq": 1.0, "sk": 1.0, "sV": 1.0, "se": 1.0, "sp": 0.0, "sv": 1.0, **case["params"]}
    x, y = np.array(case["x"]), np.array(case["y"])

    def inputs(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        match = s[:, None] == t[None, :]
        place = np.arange(len(s))[:, None] == np.arange(len(t))
        return given["se"] ** 2 * match + given["sp"] ** 2 * place

    between, scale = inputs(x, y), (given["sq"] * given["sk"]) ** 2
    total = bound = 0.0
    for p, r in itertools.product(range(len(x)), range(len(y))):
        sizes = inputs(x, x)[p, p], inputs(y, y)[r, r], between[p, r]
        keys = inputs(x, x), inputs(y, y), between
        blocks = [scale * size * key for size, key in zip(sizes, keys, strict=True)]
        value, error = softmax_average(*blocks, between)
        total, bound = total + value, bound + error
    sigma = (given["sv"] * given["sV"]) ** 2 * total
    assert abs(sigma - case["sigma_float"]) <= 1e-10
    assert bound <= 1e-10
