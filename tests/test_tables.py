"""Kernels of smooth activations along tables in two variances and an angle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symntk as sn
from symntk.emission import emit
from symntk.emission.runtime import table_fits, tables
from symntk.emission.runtime.tiles import COLUMNS, ROWS, padded
from tests.oracle import evaluate


def erf_kernels(q1: Any, q2: Any, c: Any) -> Any:
    """NNGP and NTK of one hidden layer of erf, all deviations 1 (C. Williams 1997)."""
    product = (1.0 + 2.0 * q1) * (1.0 + 2.0 * q2)
    nngp = 2.0 / np.pi * np.arcsin(2.0 * c / np.sqrt(product))
    return np.stack([nngp, nngp + c * 4.0 / np.pi / np.sqrt(product - 4.0 * c * c)])


def gaussian_kernels(q1: Any, q2: Any, c: Any) -> Any:
    """E f(u) f(v) of f = exp(-x^2 / 2), and E f'(u) f'(v): an even function of rho, and an odd."""
    determinant = (1.0 + q1) * (1.0 + q2) - c * c
    return np.stack([determinant**-0.5, c * determinant**-1.5])


def cosine_kernels(q1: Any, q2: Any, c: Any) -> Any:
    """E cos(u) cos(v), an even function of rho, and E (1 + cos(u)) (1 + cos(v)), even as well."""
    cosines = np.exp(-(q1 + q2) / 2.0) * np.cosh(c)
    return np.stack([cosines, 1.0 + np.exp(-q1 / 2.0) + np.exp(-q2 / 2.0) + cosines])


def shifted_kernels(q1: Any, q2: Any, c: Any) -> Any:
    """E exp((u + v) / 2) and E erf(u) erf(v) + 1: neither is even or odd."""
    return np.stack([np.exp((q1 + q2 + 2.0 * c) / 8.0), 1.0 + erf_kernels(q1, q2, c)[0]])


def deep_relu(q1: Any, q2: Any, c: Any) -> Any:
    """Two layers of ReLU with a bias: behind the first, angles have a kink at q1 = q2, rho = 1."""
    for _ in range(2):
        n = np.sqrt(q1 * q2)
        angle = np.arccos(np.clip(c / n, -1.0, 1.0))
        c = 0.5 + n * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2.0 * np.pi)
        q1, q2 = 0.5 + q1 / 2.0, 0.5 + q2 / 2.0
    return np.stack([c, c])


def grid_of(kernels: Any) -> Any:
    """What a table is fitted to."""

    def grid(variances: Any, below: Any, above: Any) -> Any:
        n = np.sqrt(variances[:, None] * variances)
        cosines = (above - below)[:, None, None] / 2.0
        found = kernels(variances[:, None], variances[None], n * cosines)
        return np.triu(found), kernels(variances, variances, variances)

    return grid


def samples(count: int) -> Any:
    """Random rows of many lengths; duplicates, opposites, and rows that are nearly either."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(count, 12)) * np.exp(rng.uniform(-0.4, 0.4, size=(count, 1)))
    x[1], x[2], x[3], x[4] = x[0], -x[0], 1.2 * x[0], -0.8 * x[0]
    x[5], x[6] = x[0] + 1e-7 * x[7], -x[0] + 1e-7 * x[7]
    return x


@pytest.mark.parametrize(
    "kernels", [erf_kernels, gaussian_kernels, cosine_kernels, shifted_kernels]
)
@pytest.mark.parametrize("symmetric", [True, False])
def test_tables_give_kernels_of_closed_form(kernels: Any, symmetric: bool) -> None:
    x = samples(70)
    second = x if symmetric else samples(90)[20:]
    q1, q2 = (np.mean(rows**2, axis=1) for rows in (x, second))
    logs = np.log(np.concatenate([q1, q2]))
    table = table_fits.tabulated(grid_of(kernels), logs.min(), logs.max())
    assert table is not None
    one, two = table_fits.table_samples(table, q1), table_fits.table_samples(table, q2)
    assert not len(one.outside) and not len(two.outside)
    rows, others = padded(x / 12**0.5), padded(second / 12**0.5)
    found = np.zeros((2, len(x), len(second)))
    assert len(x) > ROWS and len(second) <= COLUMNS
    for thread in range(2):
        tables.tabulated_pairs(
            thread, 2, symmetric, table.curve, table.parity, rows,
            np.ascontiguousarray(others.T), others, np.sqrt(q1), np.sqrt(q2), one.polynomials,
            one.scales, table.core, table.widths, two.bases, *found,
        )  # fmt: skip
    exact = kernels(q1[:, None], q2[None], x @ second.T / 12)
    sizes = np.sqrt(kernels(q1, q1, q1)[:, :, None] * kernels(q2, q2, q2)[:, None])
    assert np.abs(found - exact).max(where=sizes > 0, initial=0) <= 1e-13 * sizes.max()
    assert (np.abs(found - exact) <= 1e-13 * sizes).all()
    if symmetric:
        assert np.array_equal(found, found.swapaxes(1, 2))


def test_even_and_odd_kernels_take_half_the_terms() -> None:
    odd, even, neither = (
        table_fits.tabulated(grid_of(kernels), -0.5, 0.5)
        for kernels in (erf_kernels, cosine_kernels, shifted_kernels)
    )
    assert odd is not None and even is not None and neither is not None
    assert (odd.parity, even.parity, neither.parity) == (1, 2, 0)
    assert odd.widths.shape[1] < neither.widths.shape[1]


def test_kernels_that_are_not_smooth_have_no_table() -> None:
    assert table_fits.tabulated(grid_of(deep_relu), -0.5, 0.5) is None


def test_a_wrong_value_of_a_kernel_is_noticed() -> None:
    """A grid that changes by 1e-12 from call to call, so that no table reproduces it."""
    calls = []

    def restless(variances: Any, below: Any, above: Any) -> Any:
        found, diagonals = grid_of(erf_kernels)(variances, below, above)
        calls.append(len(below))
        return found * (1.0 + 1e-12 * (len(calls) % 2)), diagonals

    assert table_fits.tabulated(restless, -0.5, 0.5) is None


def test_where_a_table_is_worth_its_making() -> None:
    lengths = np.exp(np.linspace(-0.3, 0.4, 400))
    assert table_fits.table_range(lengths, lengths, 400**2) == (-0.5, 0.5)
    assert table_fits.table_range(lengths, lengths, 100) is None
    assert table_fits.table_range(np.full(400, 0.7), np.full(400, 0.7), 400**2) is None
    assert table_fits.table_range(np.zeros(400), np.zeros(400), 400**2) is None
    strange = np.concatenate([lengths, [0.0, 1e-30, 1e9]])
    assert table_fits.table_range(strange, lengths, 400**2) == (-0.5, 0.5)
    apart = np.exp(np.linspace(-40.0, 40.0, 400))
    assert table_fits.table_range(apart, apart, 400**2) is None


@pytest.mark.parametrize(
    ("act", "depth", "bias", "expected"),
    [
        ("tanh", 1, 0.0, True),
        ("softplus", 2, 0.1, True),
        ("erf", 10, 0.1, True),
        ("erf", 2, 0.1, False),
        ("elu", 2, 0.0, False),
        ("relu", 12, 0.1, False),
        ("tanh(max(x, 0))", 1, 0.0, False),
    ],
)
def test_which_networks_have_tables(act: str, depth: int, bias: float, expected: bool) -> None:
    """Slow ones of smooth activations."""
    source = emit(sn.derive(sn.zoo.mlp(depth, act, b_std=bias)))
    assert ("tabulated_pairs" in source) is expected


def test_tanh_networks_along_their_table() -> None:
    """Unequal norms, and rows so short, so long or so empty that the table is not for them."""
    derivation = sn.derive(sn.zoo.mlp(1, "tanh"))
    kernel = derivation.compile()
    x = samples(220)
    x[8], x[9], x[10], x[11] = 0.0, 1e-4 * x[8], 40.0 * x[9], 40.0 * x[9]
    found, one_by_one, few = kernel(x), kernel.diag(x), kernel(x[:40])
    across = kernel(x, x[::-1].copy())
    assert np.array_equal(found.ntk, found.ntk.T) and np.array_equal(found.nngp, found.nngp.T)
    for name in ("nngp", "ntk"):
        diagonal = getattr(one_by_one, name)
        sizes = np.sqrt(diagonal[:, None] * diagonal)
        along = getattr(found, name)
        assert np.abs(np.diag(along) - diagonal).max() <= 2e-14 * diagonal.max()
        assert not np.array_equal(along[:40, :40], getattr(few, name)), "through the layers"
        assert (np.abs(along[:40, :40] - getattr(few, name)) <= 1e-13 * sizes[:40, :40]).all()
        assert (np.abs(getattr(across, name)[:, ::-1] - along) <= 1e-13 * sizes).all()
    scale = np.sqrt(one_by_one.ntk)
    pairs = [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (7, 8), (7, 9), (9, 10), (10, 11)]
    for i, j in [*pairs, (20, 100), (101, 219), (30, 11)]:
        exact = evaluate(derivation, x[i], x[j])
        for name in ("nngp", "ntk"):
            error = abs(getattr(found, name)[i, j] - exact[name])
            assert error <= 1e-13 * scale[i] * scale[j]


@pytest.mark.parametrize(("q1", "q2", "rho"), [(1.43, 17.364, -0.993611), (0.35, 0.35, 0.9)])
def test_pairs_by_themselves(q1: float, q2: float, rho: float) -> None:
    """Where the rest of Mehler's series is below rounding for one of the samples alone, and where
    panels of four deviations are too wide.
    """
    derivation = sn.derive(sn.zoo.mlp(1, "tanh"))
    x = np.array([[(2 * q1) ** 0.5, 0.0], (2 * q2) ** 0.5 * np.array([rho, (1 - rho**2) ** 0.5])])
    found = derivation.compile()(x)
    for i, j in ((0, 0), (0, 1), (1, 1)):
        exact = evaluate(derivation, x[i], x[j])
        assert found.nngp[i, j] == pytest.approx(exact["nngp"], rel=4e-15)
        assert found.ntk[i, j] == pytest.approx(exact["ntk"], rel=4e-15)
