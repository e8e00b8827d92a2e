"""Expectations without a closed form over positions: along tables, in rows of positions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import symntk as sn
from symntk.emission import emit
from symntk.emission.runtime import lane_tables
from symntk.emission.runtime.gap_fits import gap_table
from symntk.emission.runtime.table_fits import tabulated
from tests import interpreted
from tests.sequence_oracle import evaluate

Kernel = Any


def erf_values(q1: Any, q2: Any, c: Any) -> Any:
    """E erf(u) erf(v) (C. Williams 1997)."""
    return 2.0 / np.pi * np.arcsin(2.0 * c / np.sqrt((1.0 + 2.0 * q1) * (1.0 + 2.0 * q2)))


def erf_slopes(q1: Any, q2: Any, c: Any) -> Any:
    """E erf'(u) erf'(v)."""
    return 4.0 / np.pi / np.sqrt((1.0 + 2.0 * q1) * (1.0 + 2.0 * q2) - 4.0 * c * c)


def shifted_values(q1: Any, q2: Any, c: Any) -> Any:
    """E (1 + erf(u)) (1 + erf(v)): neither even nor odd."""
    return 1.0 + erf_values(q1, q2, c)


def grid_of(kernel: Kernel) -> Any:
    """What tables are fitted to."""

    def grid(variances: Any, below: Any, above: Any) -> Any:
        n = np.sqrt(variances[:, None] * variances)
        cosines = (above - below)[:, None, None] / 2.0
        found = kernel(variances[:, None], variances[None], n * cosines)
        return np.triu(found)[None], kernel(variances, variances, variances)[None]

    return grid


def exact_gap(q1: float, q2: float, g: float, s: float, shift: int) -> Any:
    """n' - K on the side of the covariance, with 50 digits."""
    with mp.workdps(50):
        q1, q2, g, s = (mp.mpf(number) for number in (q1, q2, g, s))

        def value(a: Any, b: Any, c: Any) -> Any:
            product = (1 + 2 * a) * (1 + 2 * b)
            return shift + 2 / mp.pi * mp.asin(2 * c / mp.sqrt(product))

        n = mp.sqrt(value(q1, q1, q1) * value(q2, q2, q2))
        # g and s give the covariance, and the variances are but their mean's
        k = value(q1, q2, mp.sqrt(q1 * q2) - g if g <= s else s - mp.sqrt(q1 * q2))
        return (n - k if g <= s else n + k), n


@pytest.mark.parametrize(("low", "high"), [(-0.25, 0.0), (-2.0, 1.5), (-12.0, -9.0)])
@pytest.mark.parametrize("shift", [0, 1])
def test_gaps_keep_their_precision(low: float, high: float, shift: int) -> None:
    """Of pairs of all angles; of nearly parallel, nearly opposite and nearly equal ones."""
    table = gap_table(grid_of(erf_slopes), grid_of((erf_values, shifted_values)[shift]), low, high)
    assert table is not None and table.slope.parity == 1 - shift
    rng = np.random.default_rng(1)
    small = 10.0 ** rng.uniform(-13.0, 0.0, size=60)
    below = np.concatenate([small, 2.0 - small, rng.uniform(0.0, 2.0, 30), [0.0, 2.0, 1e-9]])
    logs = rng.uniform(low, high, len(below))
    logs[:40], logs[-1] = logs[0], logs[0] + 1e-6
    q2 = np.exp(logs)
    roots = np.sqrt(q2)
    own, columns, is_whole = lane_tables.along_table(
        table.slope, table.directions, roots[:1], roots
    )
    assert is_whole
    n = roots[0] * roots
    g, s, found = n * below, n * (2.0 - below), np.empty(len(below))
    lane_tables.gaps_in_row(own, 0, columns, 0, g, s, found)
    for j in range(len(below)):
        gap, size = exact_gap(q2[0], q2[j], g[j], s[j], shift)
        assert abs(found[j] - gap) <= 1e-13 * size
        if j < 40 and below[j] <= 1.0:
            assert abs(found[j] - gap) <= 3e-12 * gap, "one variance: a small gap, its own digits"
    same = int(np.argmin(below))
    assert logs[same] != logs[0] or found[same] == 0.0


def test_a_wrong_value_is_noticed() -> None:
    """Covariances whose slopes are those of another function have no table."""
    wrong = grid_of(lambda q1, q2, c: erf_slopes(q1, q2, c) * (1.0 + 1e-12))
    assert gap_table(wrong, grid_of(erf_values), -0.5, 0.5) is None
    assert gap_table(grid_of(erf_slopes), grid_of(erf_values), -0.5, 0.5) is not None


def test_rows_of_expectations() -> None:
    table = tabulated(grid_of(erf_slopes), -1.0, 1.0)
    rng = np.random.default_rng(2)
    roots = np.exp(rng.uniform(-0.5, 0.5, 200))
    own, columns, _ = lane_tables.along_table(table, None, roots[:2], roots)
    n, below, found = roots[1] * roots, rng.uniform(0.0, 2.0, 200), np.empty(150)
    lane_tables.expectations_in_row(
        own, 1, columns, 50, (n * below)[50:], (n * (2.0 - below))[50:], found
    )
    exact = erf_slopes(roots[1] ** 2, roots**2, n * (1.0 - below))
    sizes = np.sqrt(erf_slopes(roots[1] ** 2, roots[1] ** 2, roots[1] ** 2))
    sizes = sizes * np.sqrt(erf_slopes(roots**2, roots**2, roots**2))
    assert (np.abs(found - exact[50:]) <= 1e-13 * sizes[50:]).all()


# -- kernels -------------------------------------------------------------------------------------


def sequences(count: int, longest: int) -> list[Any]:
    """Sequences of vectors, of many lengths; some equal, opposite, or nearly so."""
    rng = np.random.default_rng(5)
    x = [rng.normal(size=(int(k), 6)) for k in rng.integers(longest - 3, longest + 1, count)]
    x[1], x[2], x[3] = x[0], -x[0], x[0] + 1e-8 * rng.normal(size=x[0].shape)
    return x


@pytest.fixture(scope="module")
def recurrent() -> Iterator[tuple[Any, Any]]:
    """The derivation and the kernel of a recurrent network of tanh over vectors."""
    derivation = sn.derive(sn.zoo.rnn("tanh", inputs="vectors", h_std=1.5, b_std=0.3))
    yield derivation, derivation.compile()


def test_recurrent_networks_along_their_tables(recurrent: tuple[Any, Any]) -> None:
    """Also of vectors so short, so long or so empty that no table is for them."""
    derivation, kernel = recurrent
    x = sequences(110, 8)
    x[4] = np.zeros((5, 6))
    x[5] = np.concatenate([x[6][:3], 1e-4 * x[6][3:], np.zeros((1, 6))])
    x[7] = 60.0 * x[8]
    found, one_by_one, few = kernel(x), kernel.diag(x), kernel(x[:9])
    across = kernel(x, x[::-1])
    for name in ("nngp", "ntk"):
        diagonal = getattr(one_by_one, name)
        sizes = np.sqrt(np.outer(diagonal, diagonal))
        along = getattr(found, name)
        assert np.array_equal(along, along.T)
        assert not np.array_equal(along[:9, :9], getattr(few, name)), "by quadrature"
        assert (np.abs(along[:9, :9] - getattr(few, name)) <= 1e-13 * sizes[:9, :9]).all()
        assert (np.abs(getattr(across, name)[:, ::-1] - along) <= 1e-13 * sizes).all()
        assert np.abs(np.diag(along) / diagonal - 1.0).max() <= 1e-13
    for i, j in [(0, 2), (9, 20), (4, 9), (5, 30), (7, 40)]:
        exact = evaluate(derivation, x[i], x[j])
        for name in ("nngp", "ntk"):
            diagonal = getattr(one_by_one, name)
            error = abs(getattr(found, name)[i, j] - exact[name])
            assert error <= 1e-13 * np.sqrt(diagonal[i] * diagonal[j])


def test_values_by_a_longer_series(
    recurrent: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mehler's series against quadrature, where 256 terms are too few at rho = +-1."""
    module = compiled_module(recurrent[1])
    variances, below = np.array([3.0, 8.0, 15.0]), np.array([0.0, 1e-9, 0.02, 0.9, 1.7, 2.0])
    found, diagonal = module.values_phi2(variances, below, 2.0 - below)
    monkeypatch.setattr(module, "LONGER", ())
    exact, _ = module.values_phi2(variances, below, 2.0 - below)
    assert not np.array_equal(found, exact)
    roots = np.sqrt(diagonal[0])
    assert (np.abs(found - exact) <= 1e-14 * np.outer(roots, roots)).all()


def test_padding_between_rows_of_images() -> None:
    """Two images of heights 2 and 1, widths 1 and 3: padding has the largest of all numbers."""
    packed, starts, lengths = np.array([0, 2, 5]), np.array([1, 7, 10]), np.array([[2, 1], [1, 3]])
    values = np.array([0.0, 1.0, 0, 0, 2.0, 0, 0, 0.0, 3.0, 1.0, 0.0])
    found = lane_tables.without_padding(values, packed, starts, lengths, 3)
    assert found.tolist() == [3.0, 1.0, 3.0, 3.0, 2.0, 3.0, 3.0, 0.0, 3.0, 1.0, 3.0]


def compiled_module(kernel: Any) -> ModuleType:
    """The module of a compiled kernel."""
    return sys.modules[f"symntk_{kernel.path.stem}"]


def lend_tables(compiled: ModuleType, module: ModuleType, patch: pytest.MonkeyPatch) -> None:
    """The tables of a compiled kernel, for those of an interpreted one, however few its pairs."""
    assert [f.__doc__ for f in (module.phi1, module.phi2)] == ["tanh(x)", "1 - tanh(x)**2"]
    lent = {
        "gap_table_phi1_phi2": compiled.gap_table_phi1_phi2,
        "expectation_table_phi1": lambda *span: compiled.tabulated(compiled.values_phi1, *span),
        "expectation_table_phi2": compiled.expectation_table_phi2,
    }
    for name, table in lent.items():
        patch.setattr(module, name, table, raising=False)
    patch.setattr(module, "worthwhile_range", lambda v, pairs: compiled.worthwhile_range(v, 10**9))


@pytest.mark.parametrize("inputs", ["vectors", "tokens", "images"])
def test_all_pairs_of_positions(
    inputs: str, recurrent: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Diagonals in bands, of networks of two layers or of tokens, run by Python itself."""
    graphs = {
        "vectors": lambda: sn.zoo.cnn(2, "tanh", inputs="vectors"),
        "tokens": lambda: sn.zoo.rnn("tanh", pool="mean", b_std=0.3),
        "images": lambda: sn.zoo.cnn(1, "tanh", inputs="images"),
    }
    derivation = sn.derive(graphs[inputs]())
    module = interpreted.load(emit(derivation), tmp_path)
    lend_tables(compiled_module(recurrent[1]), module, monkeypatch)
    x: list[Any] = sequences(4, 4)
    if inputs == "tokens":
        x = [[0, 1, 2, 1], [2, 1], [0, 0, 2], [1]]
    elif inputs == "images":
        x = [rows[:2, :size, None] * np.ones(2) for rows, size in zip(x, (3, 2, 1, 3), strict=True)]
    found, across = module.kernel(x), module.kernel(x[:1], x[2:])
    for i, j in [(0, 1), (0, 2), (3, 3)]:
        exact = evaluate(derivation, x[i], x[j])
        for name in ("nngp", "ntk"):
            kernel = getattr(found, name)
            error = abs(kernel[i, j] - exact[name])
            assert error <= 1e-13 * np.sqrt(kernel[i, i] * kernel[j, j])
    assert across.ntk[0, 0] == pytest.approx(found.ntk[0, 2], rel=1e-13)
