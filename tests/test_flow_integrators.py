"""The integrators alone: order, stability, error bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symntk.dynamics.relaxation import relax
from symntk.dynamics.stabilised import STAGES, _advance, _coefficients, integrate

Slope = Callable[[np.ndarray], np.ndarray]


def falling(rates: np.ndarray) -> Slope:
    return lambda y: -rates * y


@pytest.mark.parametrize("stages", [2, 3, 7, 40])
def test_a_step_has_order_two(stages: int) -> None:
    """y' = -y^2: the error of a step falls with its third power."""
    errors = []
    for step in (0.1, 0.05):
        start = np.array([1.0])
        found = _advance(lambda y: -(y**2), start, -(start**2), step, stages)
        errors.append(abs(found[0] - 1 / (1 + step)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(3, abs=0.25)


@pytest.mark.parametrize("stages", [2, 5, 31, STAGES])
def test_a_step_is_stable_as_far_as_is_said(stages: int) -> None:
    """No eigenvalue in [-0.653 (s^2 - 1), 0] is lengthened."""
    rates = np.linspace(0, 0.653 * (stages**2 - 1), 4001)
    value = np.ones_like(rates)
    found = _advance(falling(rates), value, -rates, 1.0, stages)
    assert np.abs(found).max() <= 1 + 1e-10
    assert len(_coefficients(stages)[1]) == stages - 1


def test_stiffness_costs_its_square_root() -> None:
    """Rates 1 and 1e5 up to t = 100: an explicit rule of order two needs 5 000 000 steps."""
    rates = np.array([1e5, 1.0, 0.01, 0.0])
    times = [1e-5, 0.1, 1.0, 100.0]
    states = list(integrate(falling(rates), np.ones(4), times, rates.max(), 1e-6))
    for state in states:
        missed = np.linalg.norm(state.value - np.exp(-rates * state.time))
        assert missed <= 2 * state.error < 2e-3
    assert [state.time for state in states] == times
    assert states[-1].evaluations < 100_000


def test_errors_follow_the_tolerance() -> None:
    rates = np.geomspace(1e-2, 1e3, 12)

    def missed(tolerance: float) -> float:
        (state,) = integrate(falling(rates), np.ones(12), [5.0], 1e3, tolerance)
        return float(np.abs(state.value - np.exp(-rates * 5)).max())

    assert missed(1e-4) > missed(1e-6) > missed(1e-8)
    assert missed(1e-8) < 1e-6


def test_a_flow_at_rest_stays() -> None:
    (first, last) = integrate(lambda y: 0 * y, np.zeros(3), [0.0, 1e9], 0.0, 1e-6)
    assert (first.value == 0).all()
    assert (last.value == 0).all()
    assert last.error == 0


@given(
    size=st.integers(1, 40),
    rank=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    tolerance=st.sampled_from([1e-3, 1e-8]),
)
def test_relaxation_keeps_its_bounds(size: int, rank: int, seed: int, tolerance: float) -> None:
    random = np.random.default_rng(seed)
    factor = random.normal(size=(size, min(size, rank))) * 10.0 ** random.uniform(-3, 1)
    matrix, drive = factor @ factor.T, random.normal(size=size)
    times = np.sort(10.0 ** random.uniform(-3, 3, 4))
    found, errors = relax(lambda x: matrix @ x, drive, times.tolist(), tolerance)
    spectrum, vectors = np.linalg.eigh(matrix)
    for t, value, error in zip(times, found, errors, strict=True):
        z = np.maximum(spectrum, 0) * t
        grown = t * np.where(z > 1e-12, -np.expm1(-z) / np.where(z > 1e-12, z, 1), 1 - z / 2)
        exact = vectors @ (grown * (vectors.T @ drive))
        rounding = 1e-7 * np.linalg.norm(exact)
        assert np.linalg.norm(value - exact) <= error + rounding
        assert error <= tolerance * np.linalg.norm(value)


def test_nothing_drives_nothing_moves() -> None:
    found, errors = relax(lambda x: x, np.zeros(3), [0.0, 1.0], 1e-6)
    assert found.shape == (2, 3)
    assert not found.any() and not errors.any()
    still, _ = relax(lambda x: x, np.ones(3), [0.0], 1e-6)
    assert not still.any()


def test_rounding_is_not_followed() -> None:
    """y' = -1000 y + rounding, y(0) = 0: what there is to see is rounding, at any step."""
    random, calls = np.random.default_rng(0), []

    def slope(y: np.ndarray) -> np.ndarray:
        calls.append(1)
        assert len(calls) < 3000, "it follows what rounding makes"
        return -1e3 * y + 1e-14 * random.choice([-1.0, 0.0, 1.0], y.shape)

    (state,) = integrate(slope, np.zeros(5), [0.3], 1e3, 1e-5, noise=3e-14)
    assert np.abs(state.value).max() < 1e-14
