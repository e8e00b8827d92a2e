"""Kernels against truth from outside: reference files, high-precision recursions, and laws.

The arithmetic of an emitted module is the same whether Numba compiles it or Python runs it, so
most of its accuracy is tested on modules that Python runs (`tests.interpreted`); the last part
compiles.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from symntk.activations import ACTIVATIONS, activation
from symntk.derivation import Derivation, derive
from symntk.emission import emit
from symntk.errors import UsageError
from symntk.graph import Graph, concat, layer_norm, vector, weights
from symntk.zoo.mlp import mlp
from tests.interpreted import load
from tests.reference import network
from tests.shared import Network, networks, read

DUALS = read("dual.json").get("activations", {})
INTEGRATED = {
    "elu", "celu2", "selu", "softplus", "silu", "tanh", "sigmoid", "mish", "hardtanh", "relu6"
}  # fmt: skip
SMOOTH = sorted(set(DUALS) - {"sign", "heaviside"})


def errors(found: Any, nngp: np.ndarray, ntk: np.ndarray, diagonals: Any) -> list[float]:
    """The largest error of the NNGP and of the NTK, relative to sqrt(diag_i diag_j)."""
    result = []
    for one, other, (rows, columns) in zip(found, (nngp, ntk), diagonals, strict=True):
        scale = np.sqrt(np.outer(rows, columns))
        given = np.isfinite(other)
        assert given.any()
        result.append(float((np.abs(one - other) / np.where(scale > 0, scale, 1.0))[given].max()))
    return result


@pytest.mark.parametrize("case", networks(), ids=lambda case: case.name if case else "absent")
def test_reference_networks(case: Network, tmp_path: Path) -> None:
    source = emit(derive(network(case.config)))
    module = load(source, tmp_path)
    integrated = "phi1" in source  # by quadrature: Python takes long, so fewer rows
    keep = slice(0, None, 2) if integrated else slice(None)
    x1 = case.x1[keep]
    x2 = None if case.x2 is None else case.x2[keep]
    found, rows = module.kernel(x1, x2), module.diag(x1)
    columns = rows if x2 is None else module.diag(x2)
    nngp, ntk = case.nngp[keep, keep], case.ntk[keep, keep]
    assert max(errors(found, nngp, ntk, zip(rows, columns, strict=True))) <= 1e-12
    if x2 is None:
        for matrix, diagonal in zip(found, rows, strict=True):
            assert np.array_equal(matrix, matrix.T)
            assert np.array_equal(np.diag(matrix), diagonal)
    if x2 is None and not integrated:
        for one, other, scale in zip(found, module.kernel(x1, x1.copy()), rows, strict=True):
            bound = np.sqrt(np.outer(scale, scale))
            assert (np.abs(one - other) <= 1e-14 * bound).all()


def single_layer(text: str) -> Graph:
    hidden, readout = weights("W v")
    return Graph(readout @ activation(text)(hidden @ vector("x")))


@pytest.mark.skipif(not DUALS, reason="the reference files are not beside the project")
@pytest.mark.parametrize("name", sorted(DUALS))
def test_reference_duals(name: str, tmp_path: Path) -> None:
    """A network of one hidden layer has the NNGP K(q1, q2, c) and the NTK K + c Kdot."""
    module = load(emit(derive(single_layer(DUALS[name]["definition"]))), tmp_path)
    rows = [row for row in DUALS[name]["rows"] if row["c"] != "0"]
    for row in rows[::3] if name in INTEGRATED else rows:
        q1, q2, c, k = (Fraction(row[key]) for key in ("q1", "q2", "c", "K"))
        one = np.sqrt(2 * np.array([[float(q1), 0.0]]))
        two = np.array([[float(c / q1) * one[0, 0], np.sqrt(2 * float(q2 - c * c / q1))]])
        found = module.kernel(one, two)
        first, second = module.diag(one), module.diag(two)
        assert abs(found.nngp - float(k)) <= 1e-12 * np.sqrt(first.nngp * second.nngp)
        if name in SMOOTH:
            ntk = float(k + c * Fraction(row["Kdot"]))
            assert abs(found.ntk - ntk) <= 1e-12 * np.sqrt(first.ntk * second.ntk)


# -- near-degenerate inputs ----------------------------------------------------------------------


def difficult_rows() -> np.ndarray:
    """Duplicates, multiples, opposites, perturbations of all sizes, and norms from 1e-9 to 40."""
    rng = np.random.default_rng(1)
    base, noise = rng.normal(size=(2, 5))
    rows = [base, base, 3.0 * base, -2.5 * base]
    rows += [base + size * noise for size in (1e-3, 1e-6, 1e-9, 1e-12)]
    rows += [-base + size * noise for size in (1e-4, 1e-8)]
    rows += [1e-9 * noise / np.linalg.norm(noise), 40.0 * rng.normal(size=5), rng.normal(size=5)]
    return np.array(rows)


Step = Callable[[Any, Any, Any], tuple[Any, Any]]


def relu_step(a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """E[relu relu] and E[relu' relu'] (Cho and Saul 2009), in mpmath."""
    norm = mpmath.sqrt(a * b)
    cosine = max(-1, min(1, c / norm))
    theta = mpmath.acos(cosine)
    k = norm * (mpmath.sin(theta) + (mpmath.pi - theta) * cosine) / (2 * mpmath.pi)
    return k, (mpmath.pi - theta) / (2 * mpmath.pi)


def abs_step(a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """abs(x) = relu(x) + relu(-x)."""
    one, slope = relu_step(a, b, c)
    other, opposite = relu_step(a, b, -c)
    return 2 * (one + other), 2 * (slope - opposite)


def erf_step(a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """Williams (1997)."""
    k = 2 / mpmath.pi * mpmath.asin(2 * c / mpmath.sqrt((1 + 2 * a) * (1 + 2 * b)))
    return k, 4 / mpmath.pi / mpmath.sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c)


STEPS: dict[str, Step] = {"relu": relu_step, "abs": abs_step, "erf": erf_step}


def recursion(x: np.ndarray, acts: list[str], bias: float) -> tuple[np.ndarray, np.ndarray]:
    """NNGP and NTK of a perceptron by the recursion of Jacot et al. (2018) with 60 digits."""
    count, dim = x.shape
    nngp, ntk = np.empty((count, count)), np.empty((count, count))
    with mpmath.workdps(60):
        rows = [[mpmath.mpf(float(value)) for value in row] for row in x]
        beta = mpmath.mpf(bias) ** 2

        def gram(one: int, other: int) -> Any:
            return mpmath.fdot(zip(rows[one], rows[other], strict=True)) / dim + beta

        for i in range(count):
            for j in range(i, count):
                a, b, c = gram(i, i), gram(j, j), gram(i, j)
                theta = c
                for layer, act in enumerate(acts):
                    inner = beta if layer + 1 < len(acts) else 0
                    k, slope = STEPS[act](a, b, c)
                    a, b = (STEPS[act](v, v, v)[0] + inner for v in (a, b))
                    c = k + inner
                    theta = c + slope * theta
                nngp[i, j] = nngp[j, i] = float(c)
                ntk[i, j] = ntk[j, i] = float(theta)
    return nngp, ntk


def perceptron(acts: list[str], bias: float) -> Graph:
    from symntk.graph import Scale, biases

    h = vector("x")
    for layer, act in enumerate(acts):
        (w,) = weights(f"W{layer}")
        h = w @ h
        if bias:
            (b,) = biases(f"b{layer}", Scale.of("sigma_b", bias))
            h = h + b
        h = activation(act)(h)
    (v,) = weights("v")
    return Graph(v @ h)


@pytest.mark.parametrize(
    ("acts", "bias"),
    [
        (["relu"] * 3, 0.0),
        (["relu"] * 3, 0.1),
        (["abs"] * 3, 0.0),
        (["abs", "relu", "abs"], 0.1),
        (["relu", "erf", "relu"], 0.1),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_nearly_degenerate_pairs(acts: list[str], bias: float, tmp_path: Path) -> None:
    x = difficult_rows()
    module = load(emit(derive(perceptron(acts, bias))), tmp_path)
    nngp, ntk = recursion(x, acts, bias)
    scales = ((np.diag(matrix), np.diag(matrix)) for matrix in (nngp, ntk))
    # behind a smooth layer the angle of nearly equal inputs is known to 1e-16 / angle
    bound = 3e-12 if "erf" in acts else 1e-14
    assert max(errors(module.kernel(x), nngp, ntk, scales)) <= bound


@pytest.mark.parametrize("bias", [0.0, 0.1])
def test_thirty_layers(bias: float, tmp_path: Path) -> None:
    x = difficult_rows()
    module = load(emit(derive(mlp(30, "relu", w_std=2**0.5, b_std=bias))), tmp_path)
    x *= 2**0.5  # relu(sqrt(2) z) = sqrt(2) relu(z): all but the first scale is the recursion's
    nngp, ntk = recursion_of_mlp(x / 2**0.5, 30, bias)
    scales = ((np.diag(matrix), np.diag(matrix)) for matrix in (nngp, ntk))
    assert max(errors(module.kernel(x / 2**0.5), nngp, ntk, scales)) <= 2e-14


def recursion_of_mlp(x: np.ndarray, depth: int, bias: float) -> tuple[np.ndarray, np.ndarray]:
    """The zoo's perceptron: sigma_w^2 = 2 in hidden layers, sigma_v = 1, bias in hidden layers."""
    count, dim = x.shape
    nngp, ntk = np.empty((count, count)), np.empty((count, count))
    with mpmath.workdps(60):
        variance = mpmath.mpf(2**0.5) ** 2
        beta = mpmath.mpf(bias) ** 2
        rows = [[mpmath.mpf(float(value)) for value in row] for row in x]
        for i in range(count):
            for j in range(i, count):
                a, b, c = (
                    variance * mpmath.fdot(zip(rows[k], rows[m], strict=True)) / dim + beta
                    for k, m in ((i, i), (j, j), (i, j))
                )
                theta = c
                for layer in range(depth):
                    last = layer + 1 == depth
                    scale, offset = (1, 0) if last else (variance, beta)
                    k, slope = relu_step(a, b, c)
                    a, b = (scale * relu_step(v, v, v)[0] + offset for v in (a, b))
                    c = scale * k + offset
                    theta = c + scale * slope * theta
                nngp[i, j] = nngp[j, i] = float(c)
                ntk[i, j] = ntk[j, i] = float(theta)
    return nngp, ntk


def without_closed_forms(derivation: Derivation) -> Derivation:
    """The same derivation, told that no rule covers its expectations."""
    moments = {key: dataclasses.replace(m, value=None) for key, m in derivation.moments.items()}
    return dataclasses.replace(derivation, moments=moments)


@pytest.mark.parametrize("acts", [["relu", "relu"], ["abs", "relu"]], ids="-".join)
def test_quadrature_of_kinks_keeps_small_angles(acts: list[str], tmp_path: Path) -> None:
    """Two layers by quadrature, where the gap of the first decides the second's slope."""
    x = difficult_rows()[[0, 1, 3, 5, 11]]
    module = load(emit(without_closed_forms(derive(perceptron(acts, 0.1)))), tmp_path)
    nngp, ntk = recursion(x, acts, 0.1)
    scales = ((np.diag(matrix), np.diag(matrix)) for matrix in (nngp, ntk))
    assert max(errors(module.kernel(x), nngp, ntk, scales)) <= 1e-12


def test_zero_rows_are_no_trouble(tmp_path: Path) -> None:
    x = np.vstack([np.zeros((2, 3)), np.random.default_rng(2).normal(size=(1, 3))])
    for act in ("relu", "abs", "erf", "gelu", "tanh", "hard_tanh"):
        for bias in (0.0,) if act in ("tanh", "hard_tanh") else (0.0, 0.1):
            found = load(emit(derive(mlp(2, act, b_std=bias))), tmp_path).kernel(x)
            assert np.isfinite(found.nngp).all() and np.isfinite(found.ntk).all()
            if bias == 0.0:
                assert np.array_equal(found.nngp[:2], np.zeros((2, 3)))
                assert np.array_equal(found.ntk[:2], np.zeros((2, 3)))


# -- laws ----------------------------------------------------------------------------------------


def test_inputs_in_any_order_and_in_blocks(tmp_path: Path) -> None:
    """Kernels of subsets are blocks of the kernel, whatever the number of products held."""
    x = np.random.default_rng(3).normal(size=(9, 4))
    source = emit(derive(mlp(2, "relu", b_std=0.1)))
    whole = load(source, tmp_path).kernel(x)
    small = load(
        source.replace("ROWS = 32", "ROWS = 8").replace("STRIP = 512", "STRIP = 3"), tmp_path
    )
    order = np.array([4, 0, 8, 2])
    for found, expected in (
        (small.kernel(x), whole),
        (small.kernel(x, x[order]), [matrix[:, order] for matrix in whole]),
        (small.kernel(x[order]), [matrix[np.ix_(order, order)] for matrix in whole]),
    ):
        for one, other in zip(found, expected, strict=True):
            assert one == pytest.approx(other, rel=1e-13)


def test_several_inputs(tmp_path: Path) -> None:
    """f = v relu(W x + U z) on (x, z) is the network on [x; z] with the scales shared out."""
    w, u, v = weights("W U v")
    relu = activation("relu")
    module = load(emit(derive(Graph(v @ relu(w @ vector("x") + u @ vector("z"))))), tmp_path)
    rng = np.random.default_rng(4)
    x, z = rng.normal(size=(3, 2)), rng.normal(size=(3, 5))
    joint = np.hstack([x / 2**0.5, z / 5**0.5]) * 7**0.5
    single = load(emit(derive(mlp(1, "relu"))), tmp_path).kernel(joint)
    for given in ((x, z), {"z": z, "x": x}):
        for one, other in zip(module.kernel(given), single, strict=True):
            assert one == pytest.approx(other, rel=1e-13)
    rectangle = module.kernel((x, z), (x[:2], z[:2]))
    assert rectangle.ntk == pytest.approx(single.ntk[:, :2], rel=1e-13)


def test_a_weight_shared_by_two_inputs(tmp_path: Path) -> None:
    """(W x) * sin(W z): the two Gaussians are correlated through x.z'/d."""
    w, v = weights("W v")
    sine = activation("sin")
    gated = (w @ vector("x", 3)) * sine(w @ vector("z", 3))
    module = load(emit(derive(Graph(v @ gated))), tmp_path)
    rng = np.random.default_rng(5)
    x, z = rng.normal(size=(2, 2, 3))
    found = module.kernel((x, z))
    gaussians = rng.normal(size=(400_000, 3)) / 3**0.5
    features = (gaussians @ x.T) * np.sin(gaussians @ z.T)
    samples = features[:, :, None] * features[:, None, :]
    error = samples.std(axis=0) / len(gaussians) ** 0.5
    assert (np.abs(samples.mean(axis=0) - found.nngp) <= 5 * error).all()


def test_layer_norm_and_concatenation(tmp_path: Path) -> None:
    """After a layer norm the scale of the input does not matter; relu half and half with erf."""
    w, u, v = weights("W U v")
    relu, erf = activation("relu"), activation("erf")
    x = vector("x")
    graph = Graph(v @ concat(relu(layer_norm(w @ x)), erf(u @ x)))
    module = load(emit(derive(graph)), tmp_path)
    rows = np.random.default_rng(6).normal(size=(4, 3))
    both = module.kernel(rows).nngp
    unit = rows / np.sqrt((rows**2).mean(axis=1))[:, None]
    one = load(emit(derive(mlp(1, "relu"))), tmp_path).kernel(unit).nngp
    other = load(emit(derive(mlp(1, "erf"))), tmp_path).kernel(rows).nngp
    assert both == pytest.approx((one + other) / 2, rel=1e-13)


def test_constants_can_be_edited(tmp_path: Path) -> None:
    source = emit(derive(mlp(2, "relu", w_std=1.5, b_std=0.1)))
    edited = source.replace("SIGMA_W = 1.5", "SIGMA_W = 0.75")
    assert edited != source
    x = np.random.default_rng(7).normal(size=(4, 3))
    expected = load(emit(derive(mlp(2, "relu", w_std=0.75, b_std=0.1))), tmp_path).kernel(x)
    assert load(edited, tmp_path).kernel(x).ntk == pytest.approx(expected.ntk, rel=1e-15)


BAD_INPUTS = {
    "one row": (np.zeros(3), r"pass it as x\[None, :\]"),
    "too many axes": (np.zeros((2, 2, 2)), "one sample a row"),
    "empty": (np.zeros((0, 3)), "empty"),
    "no columns": (np.zeros((3, 0)), "empty"),
    "not finite": (np.array([[0.0, np.nan]]), "row 0, column 1 is nan"),
    "infinite": (np.array([[0.0, 1.0], [-np.inf, 0.0]]), "row 1, column 0 is -inf"),
    "overflow": (np.array([[1.0, 1.0], [1e200, 1.0]]), "row 1 is too long"),
    "overflow of products": (np.array([[1.0, 1.0], [1e80, 1.0]]), r"too long: .* 5e\+159"),
    "underflow": (np.array([[1.0, 1.0], [0.0, 0.0], [1e-200, 0.0]]), "row 2 is too short"),
    "underflow of products": (np.array([[1e-80, 0.0]]), "row 0 is too short: .* 5e-161"),
    "objects": (np.array([["a", None]], dtype=object), "real numbers"),
    "complex": (np.array([[1j]]), "real numbers"),
    "two inputs": ((np.zeros((1, 2)), np.zeros((1, 2))), "1 inputs"),
    "wrong name": ({"y": np.zeros((1, 2))}, "the inputs are x"),
}


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_wrong_inputs_are_named(name: str, tmp_path: Path) -> None:
    given, message = BAD_INPUTS[name]
    module = load(emit(derive(mlp())), tmp_path)
    with pytest.raises(ValueError, match=message):
        module.kernel(given)


def test_wrong_dimensions_are_named(tmp_path: Path) -> None:
    module = load(emit(derive(mlp())), tmp_path)
    with pytest.raises(ValueError, match="x1 has 3 numbers a sample, x2 has 4"):
        module.kernel(np.ones((2, 3)), np.ones((2, 4)))
    w, v = weights("W v")
    fixed = load(emit(derive(Graph(v @ (w @ vector("x", 3))))), tmp_path)
    with pytest.raises(ValueError, match="takes 3 numbers a sample, not 4"):
        fixed.kernel(np.ones((2, 4)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_of_the_table(name: str, tmp_path: Path) -> None:
    """Emits with its default parameters; its kernels are positive semidefinite and symmetric."""
    module = load(emit(derive(mlp(2, name, b_std=0.1))), tmp_path)
    x = np.array([[0.3, 0.4], [-0.6, 0.8]])
    for matrix in module.kernel(x):
        assert np.isfinite(matrix).all() and np.array_equal(matrix, matrix.T)
        assert np.linalg.eigvalsh(matrix).min() >= -1e-14 * matrix.max()


# -- compiled ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


@pytest.mark.parametrize(("act", "depth"), [("relu", 3), ("tanh", 2)])
def test_compiled_and_interpreted_agree(
    act: str, depth: int, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMNTK_CACHE", str(cache))
    derivation = derive(mlp(depth, act, b_std=0.1))
    kernel = derivation.compile()
    x = np.random.default_rng(8).normal(size=(33, 4))
    x[7] = x[3] + 1e-7
    some = [0, 3, 7, 9]
    found, plain = kernel(x), load(kernel.source, cache).kernel(x[some])
    for compiled, interpreted in zip(found, plain, strict=True):
        assert np.array_equal(compiled, compiled.T)
        assert compiled[np.ix_(some, some)] == pytest.approx(interpreted, rel=1e-13)
    for matrix, diagonal in zip(found, kernel.diag(x), strict=True):
        assert np.array_equal(np.diag(matrix), diagonal)
    for one, other in zip(kernel(x, x[::2]), found, strict=True):
        assert one == pytest.approx(other[:, ::2], rel=1e-13)
    with pytest.raises(UsageError, match="x2 has 5"):
        kernel(x, np.ones((2, 5)))


def test_float32_results(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMNTK_CACHE", str(cache))
    derivation = derive(mlp(3, "relu", b_std=0.1))
    single, double = derivation.compile(dtype="float32"), derivation.compile()
    x = np.random.default_rng(8).normal(size=(20, 4)).astype(np.float32)
    x[1] = x[0]
    for results in ((single(x), double(x)), (single.diag(x), double.diag(x))):
        for one, other in zip(*results, strict=True):
            assert one.dtype == np.float32 and other.dtype == np.float64
            assert one == pytest.approx(other, rel=1.2e-7)


SECOND = """
import numpy as np
import symntk as sn
sn.derive(sn.zoo.mlp(depth=3, act="relu", b_std=0.1)).compile()(np.eye(3))
"""


def test_a_second_process_finds_the_machine_code(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first process compiled, a second one only loads: it writes no machine code."""
    monkeypatch.setenv("SYMNTK_CACHE", str(cache))
    derive(mlp(3, "relu", b_std=0.1)).compile()(np.eye(3))
    environment = {**os.environ, "SYMNTK_CACHE": str(cache)}
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")}
    assert before
    subprocess.run(
        [sys.executable, "-c", SECOND], env=environment, check=True, cwd=Path(__file__).parents[1]
    )
    after = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")}
    assert before == after


def test_the_module_works_without_symntk(cache: Path) -> None:
    """Copied into a project of somebody else's."""
    elsewhere = cache / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mykernel.py").write_text(emit(derive(mlp(1, "relu"))))
    program = (
        "import sys, numpy, mykernel\n"
        "print(mykernel.kernel(numpy.eye(2)).ntk.tolist())\n"
        "assert not any(name.split('.')[0] in ('symntk', 'sympy') for name in sys.modules)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=elsewhere
    )
    ((a, b), _) = eval_list(output.stdout)
    assert a == pytest.approx(0.5) and b == pytest.approx(1 / (4 * np.pi))


def eval_list(text: str) -> list[list[float]]:
    import json

    return json.loads(text)


def test_a_deep_network_has_no_longer_module() -> None:
    """Blocks are compiled once, however often they are repeated."""
    shallow, deep = (emit(derive(mlp(depth, "relu"))).splitlines() for depth in (5, 100))
    assert len(shallow) == len(deep)
