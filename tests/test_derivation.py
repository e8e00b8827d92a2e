"""The derivation pass against numbers computed elsewhere, and against itself by other routes."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from oracle import evaluate
from reference import network
from shared import networks

from symntk import zoo
from symntk.activations import ACTIVATIONS
from symntk.derivation import Derivation, Loop, derive
from symntk.errors import AssumptionError, GraphError, UsageError
from symntk.graph import (
    Graph,
    Node,
    biases,
    concat,
    elementwise,
    layer_norm,
    repeat,
    rms,
    vector,
    weights,
)
from symntk.graph.unroll import unroll
from symntk.trace import STAGES

relu, tanh, sigmoid = (ACTIVATIONS[name] for name in ("relu", "tanh", "sigmoid"))
x = vector("x")
W, V, U, v, A, B = weights("W V U v A B")
(b,) = biases("b")

GENERIC = {
    "mlp_relu_L3_b0.1_generic",
    "mlp_leakyrelu_L2",
    "mlp_sign_L1",
    "mlp_erf_affine_L2",
    "mlp_gelu_L1",
    "mlp_expnormalized_L2",
    "mlp_monomial3_L2",
    "mlp_rbf_L2",
    "mlp_num_silu64_L1",
    "mlp_hermite3_L1",
    "linear_L3",
    "mlp_standard_param",
    "mlp_bilinear_gate",
    "mlp_concat",
}


@pytest.mark.parametrize("case", networks(GENERIC), ids=lambda case: case.name)
def test_program_agrees_with_the_reference(case):
    """One well-conditioned pair of each: the pass, not the arithmetic, is under test here."""
    derivation = derive(network(case.config))
    i, j = 2, 4
    found = evaluate(derivation, case.x1[i], case.x1[j])
    for key, truth in (("nngp", case.nngp), ("ntk", case.ntk)):
        scale = np.sqrt(abs(truth[i, i] * truth[j, j]))
        assert abs(found[key] - truth[i, j]) <= 1e-11 * scale


def pair(graph: Node | Graph, **options) -> dict[str, float]:
    return dict(evaluate(derive(graph, **options), (0.3, -1.2, 0.5), (0.9, 0.4, -0.7)))


@pytest.mark.parametrize("act", ["relu", "erf"])
def test_repeated_block_is_the_sum_over_its_copies(act):
    """A loop and the same network written out agree, for every weight."""
    graph = zoo.mlp(depth=4, act=act, b_std=0.3, w_std=1.2)
    assert any(isinstance(line, Loop) for line in derive(graph).program)
    loop = pair(graph)
    flat, origin = unroll(graph)
    copies = pair(flat)
    for name in graph.parameters:
        total = sum(copies[f"ntk:{copy}"] for copy, first in origin.items() if first == name)
        assert loop[f"ntk:{name}"] == pytest.approx(total, rel=1e-12)
    assert loop["ntk"] == pytest.approx(copies["ntk"], rel=1e-12)
    assert loop["nngp"] == pytest.approx(copies["nngp"], rel=1e-12)


def residual(times: object) -> Node:
    return v @ relu(repeat(lambda h: h + A @ relu(B @ h + b), W @ x, times=times))


def test_residual_blocks_agree_with_the_copies():
    loop, copies = pair(residual(3)), pair(unroll(Graph(residual(3)))[0])
    assert loop["ntk"] == pytest.approx(copies["ntk"], rel=1e-12)


def test_block_that_ends_in_an_activation():
    block = repeat(lambda h: relu(A @ h), relu(W @ x), times=3)
    loop, copies = pair(v @ block), pair(unroll(Graph(v @ block))[0])
    assert loop["ntk"] == pytest.approx(copies["ntk"], rel=1e-12)


def test_connection_around_a_block_is_written_out():
    start = W @ x
    graph = v @ (start + repeat(lambda h: A @ relu(h), start, times=2))
    assert not any(isinstance(line, Loop) for line in derive(graph).program)
    symbolic = v @ (start + repeat(lambda h: A @ relu(h), start, times="L"))
    with pytest.raises(AssumptionError, match="before and after a repeated block"):
        derive(symbolic)


def test_ntk_is_the_sum_of_its_parts():
    for graph in (zoo.mlp(b_std=1), v @ ((W @ x) * tanh(V @ x)), residual(2)):
        found = pair(graph)
        parts = [value for key, value in found.items() if key.startswith("ntk:")]
        assert found["ntk"] == pytest.approx(sum(parts), rel=1e-12)


def test_shared_weight_differs_from_two_weights():
    """W h + W k is W (h + k), cross terms and all; A h + B k is something else."""
    h, k = relu(U @ x), tanh(U @ x)
    shared, joined = pair(v @ relu(W @ h + W @ k)), pair(v @ relu(W @ (h + k)))
    apart = pair(v @ relu(A @ h + B @ k))
    assert shared == pytest.approx(joined, rel=1e-12)
    assert abs(shared["nngp"] / apart["nngp"] - 1) > 0.1
    assert abs(shared["ntk"] / apart["ntk"] - 1) > 0.1


def test_frozen_weights_and_standard_parametrization():
    everything = pair(zoo.mlp(b_std=0.5))
    frozen = pair(zoo.mlp(b_std=0.5), frozen=("W",))
    assert "ntk:W" not in frozen
    assert frozen["ntk"] == pytest.approx(everything["ntk"] - everything["ntk:W"], rel=1e-12)
    assert frozen["nngp"] == everything["nngp"]

    d, n = (sp.Symbol(s, positive=True, integer=True) for s in "dn")
    standard = derive(zoo.mlp(b_std=0.5), parametrization="standard")
    factors = {"W": d, "v": n, "b": 1}
    for name, factor in factors.items():
        sigma = standard.graph.parameters[name].std.symbol
        usual = derive(zoo.mlp(b_std=0.5)).ntk_by_weight[name]
        ratio = standard.ntk_by_weight[name] / usual
        assert sp.simplify(ratio - factor / sigma**2) == 0


def test_closed_form_of_the_arc_cosine_kernel():
    """The printed expression, numbers put in, is the value that the program gives."""
    derivation = derive(zoo.mlp())
    a, c = (0.3, -1.2, 0.5), (0.9, 0.4, -0.7)
    gram = {"x,x": np.dot(a, a) / 3, "x',x'": np.dot(c, c) / 3, "x,x'": np.dot(a, c) / 3}
    numbers = {sp.Symbol(s, positive=True): 1 for s in ("sigma_w", "sigma_v")}
    for key in ("nngp", "ntk"):
        expression = getattr(derivation, key)
        values = {
            symbol: gram[str(symbol).split("(")[1].rstrip(")")]
            for symbol in expression.free_symbols
            if "Sigma" in str(symbol)
        }
        assert float(expression.subs(values | numbers)) == pytest.approx(
            evaluate(derivation, a, c)[key], rel=1e-13
        )


def test_jumps_carry_no_gradient():
    """Backpropagation sees sign' = 0, so only the readout is trained; the dual's Kdot differs."""
    found = pair(zoo.mlp(act="sign"))
    assert found["ntk"] == found["nngp"] == found["ntk:v"]


def test_dependent_gate_against_monte_carlo():
    """E[z tanh(z + w) z' tanh(z' + w')], four dependent Gaussians reduced by Stein's lemma."""
    z = W @ x
    graph = v @ (z * tanh(z + V @ x))
    rng = np.random.default_rng(5)
    inputs = np.array([(0.3, -1.2, 0.5), (0.9, 0.4, -0.7)])
    gram = inputs @ inputs.T / 3
    root = np.linalg.cholesky(gram)
    first, second = (rng.standard_normal((1_000_000, 2)) @ root.T for _ in range(2))
    gate = np.tanh(first + second)
    products = np.prod(first * gate, axis=1)
    gradients = np.prod(gate + first * (1 - gate**2), axis=1)
    found = dict(evaluate(derive(graph), *inputs))
    error = products.std() / np.sqrt(len(products))
    assert abs(found["nngp"] - products.mean()) < 5 * error
    error = gradients.std() / np.sqrt(len(gradients)) * abs(gram[0, 1])
    assert abs(found["ntk:W"] - gram[0, 1] * gradients.mean()) < 5 * error


def test_layer_norm_makes_a_network_blind_to_the_scale_of_its_input():
    for inner in (layer_norm(W @ relu(U @ x)), W @ layer_norm(relu(U @ x))):
        derivation = derive(v @ tanh(inner))
        small = evaluate(derivation, (0.3, -1.2), (0.9, 0.4))
        large = evaluate(derivation, (3.0, -12.0), (9.0, 4.0))
        assert small["nngp"] == pytest.approx(large["nngp"], rel=1e-12)
        assert small["ntk"] == pytest.approx(large["ntk"], rel=1e-12)


def test_layer_norm_has_unit_variance_and_no_mean():
    derivation = derive(v @ layer_norm(relu(W @ x)))
    assert evaluate(derivation, (0.3, -1.2), (0.3, -1.2))["nngp"] == pytest.approx(1, rel=1e-12)
    relu_of = derive(v @ (rms(W @ x) * relu(layer_norm(W @ x))))
    plain = derive(v @ relu(W @ x))
    arguments = ((0.3, -1.2), (0.9, 0.4))
    for key in ("nngp", "ntk"):  # ReLU is homogeneous, so the two networks are one
        assert evaluate(relu_of, *arguments)[key] == pytest.approx(
            evaluate(plain, *arguments)[key], rel=1e-12
        )


def test_activations_in_a_row_are_composed():
    composed = elementwise(sp.tanh(relu.phi), (sp.Symbol("x", real=True),), (W @ x,))
    assert pair(v @ tanh(relu(W @ x))) == pytest.approx(pair(v @ composed), rel=1e-12)


def test_activation_of_two_vectors_is_separated():
    first, second = sp.symbols("s t", real=True)
    gate = elementwise(first * sp.tanh(second) + first, (first, second), (W @ x, V @ x))
    written = (W @ x) * tanh(V @ x) + W @ x
    assert pair(v @ gate)["ntk"] == pytest.approx(pair(v @ written)["ntk"], rel=1e-12)


REFUSALS = {
    "tied readout": (
        lambda: v @ relu(v @ relu(U @ x)),
        "gradient independence fails",
        "v @ relu(U",
    ),
    "no readout": (lambda: relu(v @ x), "the output must be a readout", "f"),
    "activation of data": (lambda: v @ relu(x), "its coordinates are not functions", "x"),
    "non-Gaussian argument": (
        lambda: v @ tanh(W @ x + relu(V @ x)),
        "must be Gaussian",
        "tanh(W @ x + relu(V @ x))",
    ),
    "mixing activation": (
        lambda: v @ elementwise(sp.tanh(_s * _t), (_s, _t), (W @ x, V @ x), "mix"),
        "mixes several Gaussian vectors",
        "mix(W @ x, V @ x)",
    ),
    "four dependent Gaussians": (
        lambda: v @ (sigmoid(W @ x) * tanh(W @ x + V @ x)),
        "4 dependent Gaussians",
        "sigmoid(",
    ),
    "dependent gate with a kink": (
        lambda: v @ ((W @ x) * relu(W @ x + V @ x)),
        "the derivative of a function that jumps",
        "W @ x) * relu",
    ),
    "misaligned concatenations": (
        lambda: v @ relu(W @ concat(_wide(8), _wide(24)) + W @ concat(_wide(16), _wide(16))),
        "concatenation of other proportions",
        "concat(",
    ),
}
_s, _t = sp.symbols("s t", real=True)


def _wide(width: int) -> Node:
    (matrix,) = weights(f"M{width}", width=width)
    return relu(matrix @ x)


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_name_the_node(name):
    build, assumption, node = REFUSALS[name]
    with pytest.raises(AssumptionError) as caught:
        derive(build())
    assert assumption in caught.value.assumption
    assert node in caught.value.node
    assert caught.value.suggestion


def test_names_that_are_unknown_are_refused():
    with pytest.raises(UsageError, match="no parameter is called Q"):
        derive(zoo.mlp(), frozen=("Q",))
    with pytest.raises(UsageError, match="unknown parametrization"):
        derive(zoo.mlp(), parametrization="mup")  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="sigma_W has two values"):
        scale = weights("W", 1.5)[0].std
        (first,) = weights("W", scale)
        (second,) = weights("V", type(scale).of("sigma_W", 2))
        _ = derive(v @ relu(first @ relu(second @ x))).values


@pytest.mark.parametrize("depth", [1, 3, "L"])
def test_steps_are_complete(depth):
    """Every stage is there, each equation has its rule and reason, and stages are in order."""
    derivation: Derivation = derive(zoo.mlp(depth=depth, b_std=1))
    stages = [step.stage for step in derivation.steps]
    assert stages == sorted(stages, key=STAGES.index)
    wanted = {"assumption", "forward", "expectation", "backward", "ntk"}
    assert wanted <= set(stages)
    assert ("closed form" in stages) == (depth == 1)
    assert all(step.rule for step in derivation.steps)
    assert all(step.substeps for step in derivation.steps if step.stage == "expectation")
