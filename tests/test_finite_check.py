"""The check: right derivations pass, wrong ones fail, and the statistics are what they say."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp

from symntk.derivation import derive
from symntk.emission import Kernel
from symntk.errors import MissingExtra, UsageError
from symntk.finite import Report, check
from symntk.finite.statistics import (
    Limit,
    compare,
    extrapolate,
    slope_of_draws,
    slope_of_mean,
)
from symntk.graph import Graph, Node, biases, elementwise, repeat, vector, weights

a = sp.Symbol("a", real=True)
x = vector("x")
W, V, v = weights("W V v", std=1.2)
(b,) = biases("b", std=0.5)
QUICK = {"widths": (32, 64, 128), "seeds": 120}


def relu(node: Node) -> Node:
    return elementwise(a * sp.Heaviside(a), (a,), (node,), "relu")


def erf(node: Node) -> Node:
    return elementwise(sp.erf(a), (a,), (node,), "erf")


SHALLOW = Graph(v @ relu(W @ x + b), title="a shallow network")


@cache
def compiled() -> Kernel:
    """The kernel of `SHALLOW`."""
    return derive(SHALLOW).compile()


@dataclass(frozen=True)
class Planted:
    """The derivation of `SHALLOW` with a fault: the parts of some parameters in the NTK scaled.

    With base = sigma_W^2 x.x'/d + sigma_b^2, the parts of W and b are the two terms of base times
    one factor, Pi, and the part of the readout is the NNGP.
    """

    factors: Mapping[str, float]
    nngp: float = 1.0

    def compile(self) -> Callable[..., SimpleNamespace]:
        def kernel(data: Mapping[str, np.ndarray]) -> SimpleNamespace:
            right, rows = compiled()(data), data["x"]
            base = {"W": 1.2**2 * rows @ rows.T / rows.shape[1], "b": 0.5**2}
            pi = (right.ntk - right.nngp) / (base["W"] + base["b"])
            parts = {"W": base["W"] * pi, "b": base["b"] * pi, "v": right.nngp}
            ntk = sum(self.factors.get(name, 1.0) * part for name, part in parts.items())
            return SimpleNamespace(nngp=self.nngp * right.nngp, ntk=ntk)

        return kernel


@pytest.fixture(scope="module")
def report() -> Report:
    return check(SHALLOW, derivation=Planted({}))


def test_a_right_derivation_passes(report: Report) -> None:
    assert report.passed, report.render()
    assert report.slope == pytest.approx(-0.5, abs=0.05)
    assert report.nngp.slope is not None
    assert report.nngp.slope.value == pytest.approx(-0.5, abs=0.05)
    for part in (report.ntk, report.nngp):
        assert part.factor == pytest.approx(1, abs=4 * part.factor_error)
        assert part.factor_error < 0.01


def test_the_derivation_is_that_of_the_graph_by_default() -> None:
    settings = {"widths": (8, 16), "seeds": 5}
    assert check(SHALLOW, **settings) == check(SHALLOW, **settings, derivation=derive(SHALLOW))


@pytest.mark.parametrize("name", ["W", "b", "v"])
def test_five_per_cent_in_one_part_of_the_ntk_fails(name: str) -> None:
    wrong = check(SHALLOW, derivation=Planted({name: 1.05}))
    assert not wrong.passed, wrong.render()
    assert wrong.agreement.chance < 1e-8
    assert "contradicts" in wrong.verdict


def test_five_per_cent_in_the_nngp_fails() -> None:
    assert not check(SHALLOW, derivation=Planted({}, nngp=1.05)).passed


def test_a_dropped_cross_term_fails() -> None:
    """A residual's branches share W; with a weight each, Sigma lacks 2 E[z erf(z)]."""
    graph = Graph(v @ (erf(W @ x) + W @ x))
    assert check(graph, **QUICK).passed
    assert not check(graph, **QUICK, derivation=derive(Graph(v @ (erf(W @ x) + V @ x)))).passed


def test_a_kernel_far_off_fails_by_its_slope_too() -> None:
    wrong = check(SHALLOW, derivation=Planted({"W": 2, "b": 2, "v": 2}, nngp=2))
    assert not wrong.ntk.shrinks and not wrong.nngp.shrinks
    assert wrong.ntk.factor == pytest.approx(0.5, abs=0.05)


def test_repeated_blocks_and_several_inputs_pass() -> None:
    y = vector("y", dim=3)
    start = W @ x + V @ y
    (block,) = weights("B", std=0.9)
    graph = Graph(v @ erf(repeat(lambda z: block @ erf(z) + b, start, times=2)))
    assert check(graph, **QUICK).passed


def test_the_standard_parametrisation_passes() -> None:
    inputs = vector("x", dim=4)
    (hidden,) = weights("W", 1.3, width=48, parametrization="standard")
    (readout,) = weights("v", 0.7, parametrization="standard")
    assert check(Graph(readout @ erf(hidden @ inputs)), **QUICK).passed


def test_an_open_width_has_no_standard_kernel() -> None:
    (readout,) = weights("v", parametrization="standard")
    with pytest.raises(UsageError, match="grows with the width"):
        check(Graph(readout @ erf(W @ x)), **QUICK)


def test_a_network_without_trained_parameters_has_no_ntk() -> None:
    graph = derive(SHALLOW, frozen=("W", "v", "b")).graph
    frozen = check(graph, **QUICK)
    assert frozen.passed, frozen.render()
    assert np.isnan(frozen.slope)
    assert json.loads(frozen.to_json())["slope"] is None


def test_draws_that_scatter_too_much_decide_nothing() -> None:
    blind = check(SHALLOW, widths=(1, 2), seeds=3, derivation=Planted({}))
    assert not blind.passed
    assert "decides nothing" in " ".join(blind.verdict.split())


def test_zero_and_repeated_inputs_are_fine() -> None:
    data = np.array([[0.0, 0.0], [1.0, 2.0], [1.0, 2.0], [-1.0, -2.0]])
    (plain,) = weights("W", std=1.1)
    assert check(Graph(v @ relu(plain @ x)), **QUICK, inputs=data).passed


def test_the_seed_gives_the_same_report() -> None:
    settings = {"widths": (8, 16), "seeds": 5, "derivation": Planted({})}
    first = check(SHALLOW, rng=7, **settings)
    assert check(SHALLOW, rng=7, **settings) == first
    assert check(SHALLOW, rng=np.random.default_rng(7), **settings) == first
    assert check(SHALLOW, rng=8, **settings) != first


def test_progress_is_counted() -> None:
    seen: list[tuple[int, int]] = []
    check(
        SHALLOW,
        (8, 16),
        3,
        derivation=Planted({}),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (6, 6)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widths": (64,)}, "two or more"),
        ({"widths": (64, 64)}, "two or more"),
        ({"widths": (0, 64)}, "positive"),
        ({"seeds": 1}, "at least two"),
        ({"inputs": np.ones(3)}, "shape"),
        ({"inputs": np.ones((13, 3))}, "at most 12"),
        ({"inputs": {"y": np.ones((2, 3))}}, "inputs are x"),
        ({"inputs": [[np.nan, 1.0]]}, "nan"),
    ],
)
def test_wrong_arguments_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check(SHALLOW, **{"widths": (8, 16), "derivation": Planted({}), **settings})


def test_widths_of_the_graph_that_cannot_follow_are_refused() -> None:
    (wide,) = weights("W", width=100)
    (other,) = weights("U", width=37)
    graph = Graph(v @ relu(wide @ x) + V @ relu(other @ x))
    with pytest.raises(UsageError, match="larger"):
        check(graph, (8, 16), 2)


def test_a_symbolic_depth_is_refused() -> None:
    graph = Graph(v @ erf(repeat(lambda z: V @ erf(z), W @ x, times="L")))
    with pytest.raises(UsageError, match="symbol L"):
        check(graph)


def test_the_report_fits_a_terminal(report: Report) -> None:
    text = report.render()
    assert "PASSED" in text and report.title in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_report_as_json(report: Report) -> None:
    found = json.loads(report.to_json())
    assert found["passed"] is True
    assert found["slope"] == report.slope
    assert [row["width"] for row in found["ntk"]["rows"]] == [64, 128, 256, 512, 1024]


def test_the_table_holds_both_kernels(report: Report) -> None:
    assert {(row.kernel, row.width) for row in report.table} == {
        (kernel, width) for kernel in ("ntk", "nngp") for width in (64, 128, 256, 512, 1024)
    }
    for row in report.table:
        assert row.mean_error < row.error
        assert row.mean_error < 4 * row.noise


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_the_plot_is_a_picture(report: Report, tmp_path: Path, suffix: str, start: bytes) -> None:
    path = tmp_path / f"error.{suffix}"
    report.plot(path)
    assert path.read_bytes().startswith(start)


def test_a_plot_needs_a_known_ending_and_matplotlib(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="png"):
        report.plot(tmp_path / "error.txt")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match="plot"):
        report.plot(tmp_path / "error.png")


# The statistics alone, on made-up draws with a known truth.

WIDTHS = (16, 32, 64, 128)


def draws(truth: np.ndarray, bias: float, count: int, seed: int) -> list[np.ndarray]:
    """Correlated draws with mean truth + bias / n and variance 1 / n."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).standard_normal((len(truth), len(truth)))
    return [
        truth + bias / n + rng.standard_normal((count, len(truth))) @ mixing / np.sqrt(n)
        for n in WIDTHS
    ]


def test_slopes_are_recovered() -> None:
    rng = np.random.default_rng(0)
    errors = [n**-0.5 * rng.lognormal(0, 0.5, 200) for n in WIDTHS]
    found = slope_of_draws(WIDTHS, errors)
    assert found is not None
    assert found.value == pytest.approx(-0.5, abs=4 * found.error)
    assert found.error < 0.03
    mean = slope_of_mean(WIDTHS, [3 / n for n in WIDTHS], [1e-4] * 4)
    assert mean is not None and mean.value == pytest.approx(-1, abs=1e-3)


def test_no_slope_without_errors() -> None:
    assert slope_of_draws(WIDTHS, [np.zeros(3)] * 4) is None
    assert slope_of_draws(WIDTHS, [np.ones(3)] * 4) is None
    assert slope_of_mean(WIDTHS, [1e-3] * 4, [1e-3] * 4) is None


def test_the_joint_test_is_fair_with_a_bias_of_order_one_over_n() -> None:
    """Under the truth its chance is uniform: mean 1/2, a tenth below 0.1 (1000 repetitions)."""
    truth = np.array([1.0, 2.0, 3.0])
    limits = [extrapolate(WIDTHS, draws(truth, 0.8, 60, seed)) for seed in range(1000)]
    chances = np.array([compare(replace(limit, allowance=0), truth).chance for limit in limits])
    assert chances.mean() == pytest.approx(0.5, abs=0.05)
    assert np.mean(chances < 0.1) == pytest.approx(0.1, abs=0.04)


def test_the_joint_test_sees_a_shift_of_a_few_standard_errors() -> None:
    truth = np.array([1.0, 2.0, 3.0])
    limit = extrapolate(WIDTHS, draws(truth, 0.8, 60, 0))
    assert compare(limit, truth + 8 * limit.error * [1, -1, 1]).chance < 1e-5


def test_directions_that_never_vary_are_held_to_the_allowance() -> None:
    exact = Limit(np.ones(2), np.zeros((2, 2)), 100.0, allowance=1e-3)
    assert compare(exact, np.ones(2)).chance == 1
    assert compare(exact, np.ones(2) + 1e-2).chance < 1e-5
