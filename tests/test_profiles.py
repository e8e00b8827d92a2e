"""Kernels along one angle: which networks have a profile, how exact it is, and when it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import symntk as sn
from symntk.derivation import Quantity, needed
from symntk.emission import emit
from symntk.emission.homogeneity import NotHomogeneous, degrees
from symntk.emission.runtime import profiles
from symntk.graph import Graph
from tests.interpreted import load


def powers(graph: Graph) -> tuple[Any, Any] | None:
    """The degrees of NNGP and NTK in the length of x; None for a network that has none."""
    derivation = sn.derive(graph)
    (node,) = graph.inputs
    name = derivation.graph.names[node]
    outputs = [derivation.outputs[key] for key in ("nngp", "ntk")]
    try:
        found = degrees(needed(derivation.program, {*outputs}), Quantity("Sigma", name, name))
    except NotHomogeneous:
        return None
    return found[outputs[0]], found[outputs[1]]


@pytest.mark.parametrize(
    ("act", "depth", "power"),
    [
        ("relu", 1, 1),
        ("relu", 4, 1),
        ("leaky_relu", 2, 1),
        ("abs", 2, 1),
        ("x**2", 1, 2),
        ("step", 2, 0),
        ("where(x > 0, x, 0.2*x)", 1, 1),
        ("max(0, x)**3", 1, 3),
    ],
)
def test_kernels_scale_with_a_power_of_the_length(
    act: str, depth: int, power: int, tmp_path: Path
) -> None:
    """k(a x, a x) = a^(2 p) k(x, x), and for p there is a proof from the equations."""
    graph = sn.zoo.mlp(depth, act)
    found = powers(graph)
    assert found is not None
    assert all(i == j == power for i, j in found)
    kernel, x = load(emit(sn.derive(graph)), tmp_path), np.array([[0.3, -1.2, 2.0]])
    ratio = kernel.diag(3.0 * x).ntk / kernel.diag(x).ntk
    assert ratio == pytest.approx(3.0 ** (2 * power), rel=1e-12)


@pytest.mark.parametrize(
    ("act", "bias"),
    [("relu", 0.1), ("tanh", 0.0), ("x + x**2", 0.0), ("relu6", 0.0), ("H(x-1)", 0)],
)
def test_kernels_that_scale_with_no_power(act: str, bias: float) -> None:
    assert powers(sn.zoo.mlp(1, act, b_std=bias)) is None


def evaluated(fit: tuple[Any, float], angles: np.ndarray) -> np.ndarray:
    """A profile at the angles between (1, 0) and other samples of length 1."""
    coefficients, shift = fit
    units = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found, ones = np.empty((2, len(angles))), np.ones((2, len(angles)))
    profiles.along_profile(
        coefficients, shift, units[:, 0].copy(), 1.0, ones[0], np.array([1.0, 0.0]), units,
        ones[:, 0], ones, 0, np.empty((4, len(angles))), found[0], found[1],
    )  # fmt: skip
    return found


def test_functions_of_the_angle_come_back() -> None:
    """One that is smooth, and one that is steep next to 0."""

    def values(g: Any, s: Any) -> Any:
        angle = 2 * np.arctan2(np.sqrt(g), np.sqrt(s))
        return np.stack([np.cos(3 * angle) + angle, 1 / (angle + 0.2)])

    fit = profiles.fitted(values)
    assert 0 < 2 * fit[0].shape[1] < profiles.POINTS
    angles = np.concatenate([np.linspace(0, np.pi, 301), np.geomspace(1e-9, 1e-2, 50)])
    expected = np.stack([np.cos(3 * angles) + angles, 1 / (angles + 0.2)])
    assert np.abs(evaluated(fit, angles) - expected).max() <= 1e-13 * np.abs(expected).max()


def test_what_no_polynomial_follows_has_no_profile() -> None:
    for values in (
        lambda g, s: np.stack([g, np.abs(g - 0.7)]),
        lambda g, s: np.stack([s, 1 / np.sqrt(g)]),
        lambda g, s: np.stack([s, np.full_like(g, np.nan)]),
    ):
        assert profiles.fitted(values) is profiles.NO_PROFILE


def relu_network(depth: int, angle: float) -> tuple[Any, Any]:
    """NNGP and NTK at unit vectors at an angle, all deviations 1, with 40 digits."""
    with mp.workdps(40):
        q, c = mp.mpf(1), mp.cos(mp.mpf(angle))
        theta = c
        for _ in range(depth):
            t = mp.acos(c / q)
            dual, slope = q * (mp.sin(t) + (mp.pi - t) * mp.cos(t)), mp.pi - t
            c, q = dual / (2 * mp.pi), q / 2
            theta = c + theta * slope / (2 * mp.pi)
        return c, theta


@pytest.mark.parametrize("depth", [6, 30])
def test_deep_relu_networks_along_their_profile(depth: int) -> None:
    """Unequal lengths, many samples: against the recursion with 40 digits."""
    angles = np.concatenate([np.linspace(0.0, np.pi, 90), np.geomspace(1e-8, 0.1, 30)])
    lengths = np.linspace(0.3, 3.0, len(angles))
    x = 2**0.5 * lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    kernel = sn.derive(sn.zoo.mlp(depth)).compile()
    assert len(x) ** 2 >= profiles.WORTHWHILE and "along_profile(" in kernel.source
    found = kernel(x, x.copy())
    for j in range(0, len(x), 7):
        nngp, ntk = relu_network(depth, angles[j])
        size = lengths[0] * lengths[j]
        peak_nngp, peak_ntk = (size * float(k) for k in relu_network(depth, 0.0))
        assert abs(found.nngp[0, j] - size * float(nngp)) <= 4e-14 * peak_nngp
        assert abs(found.ntk[0, j] - size * float(ntk)) <= 4e-14 * peak_ntk


@pytest.mark.parametrize(("act", "depth", "bias"), [("erf", 3, 0.2), ("tanh", 1, 0)])
def test_samples_of_one_variance_go_along_a_profile(act: str, depth: int, bias: float) -> None:
    """Rows of one norm beside the same rows with one more of another norm, layer by layer."""
    x = np.random.default_rng(0).normal(size=(100, 4))
    x *= 2.0 / np.linalg.norm(x, axis=1)[:, None]
    kernel = sn.derive(sn.zoo.mlp(depth, act, b_std=bias)).compile()
    one = kernel(x)
    other = kernel(np.vstack([x, [[0.1, 0.0, 0.0, 0.0]]]))
    for name in ("nngp", "ntk"):
        along, through = getattr(one, name), getattr(other, name)[:-1, :-1]
        assert not np.array_equal(along, through), "both went through the layers"
        assert np.abs(along - through).max() <= 1e-13 * np.abs(through).max()
