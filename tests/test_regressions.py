"""Networks that were once derived wrongly, or crashed: each must be right, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from oracle import evaluate

from symntk import check
from symntk.activations import ACTIVATIONS, activation
from symntk.derivation import derive
from symntk.errors import AssumptionError, GraphError
from symntk.graph import Graph, biases, concat, elementwise, layer_norm, repeat, vector, weights

INPUTS = np.array([(0.3, -1.2, 0.5), (0.9, 0.4, -0.7), (-0.4, 1.1, 0.2)])

relu, erf, tanh = (ACTIVATIONS[name] for name in ("relu", "erf", "tanh"))
x = vector("x", 3)
W, V, U, A, v, w = weights("W V U A v w")
(b,) = biases("b")


def agrees(output) -> bool:
    """Whether kernel, plain evaluation and finite networks give one answer."""
    graph = Graph(output)
    derivation = derive(graph)
    result = derivation.compile()(INPUTS)
    truth = evaluate(derivation, INPUTS[0], INPUTS[1])
    for key in ("nngp", "ntk"):
        kernel = getattr(result, key)
        scale = np.sqrt(kernel[0, 0] * kernel[1, 1])
        assert abs(kernel[0, 1] - truth[key]) <= 1e-9 * scale
    report = check(graph, widths=(64, 128, 256), seeds=60, inputs=INPUTS, derivation=derivation)
    return report.passed


@pytest.mark.parametrize(
    "phi", ["H(x)", "x*H(x) + H(-x)", "sign(x) + x/2", "where(x >= 0, 1, 0)", "where(x > 0, 1, 0)"]
)
def test_jump_at_a_value_taken_with_positive_probability(phi):
    """Relu(z) = 0 half of the time, so what phi is at 0 counts."""
    assert agrees(v @ activation(phi)(relu(W @ x)))


def test_halves_of_one_vector_are_independent():
    """A block that holds half of R x is not to be compared with the other half."""
    (P, Q, G), (R,) = weights("P Q G", width=64), weights("R", width=128)
    wide = concat(P @ x, Q @ x) + R @ x
    assert agrees(v @ relu(A @ wide))
    with pytest.raises(AssumptionError, match="the longer vector R @ x"):
        derive(v @ (relu(A @ concat(wide, G @ x)) + erf(A @ concat(G @ x, wide))))


def test_halves_of_one_bias_are_independent():
    wide = concat(W @ x, V @ x) + b
    with pytest.raises(AssumptionError, match="the longer vector b"):
        derive(v @ (relu(A @ concat(wide, U @ x)) + erf(A @ concat(U @ x, wide))))


def test_concatenations_nested_differently_are_one_vector():
    h, k, g = relu(W @ x), V @ x, erf(U @ x)
    left, right = concat(concat(h, k), g), concat(h, concat(k, g))
    assert left.width == right.width == concat(h, k, g).width
    assert agrees(v @ (relu(A @ left) + erf(A @ concat(k, concat(g, h)))))


@pytest.mark.parametrize("name", ["x", "u", "v", "q", "q1", "q2", "c"])
def test_constants_named_like_the_variables_of_expectations(name):
    t, constant = sp.Symbol("t", real=True), sp.Symbol(name, real=True)
    first = W @ x
    if name == "x":
        s = sp.Symbol("s", real=True)
        node = elementwise(constant * t * s, (t, s), (first, V @ x), "f", ((constant, 2),))
    else:
        node = elementwise(t + constant * t**2, (t,), (first,), "f", ((constant, 2),))
    with pytest.raises(GraphError, match=f"the constant {name} has the name"):
        derive(v @ node)


def test_activation_of_a_normalised_activation():
    """Tanh((relu(z) - m)/s) has another m and s for each input: no function of one Gaussian."""
    with pytest.raises(AssumptionError, match="differs from input to input"):
        derive(v @ tanh(layer_norm(relu(W @ x))))
    assert agrees(v @ erf(layer_norm(W @ x + b, eps=0.3)))


def test_a_bias_has_one_length():
    (P,), (Q,) = weights("P", width=64), weights("Q", width=192)
    with pytest.raises(GraphError, match="a bias has one length"):
        Graph(v @ concat(relu(P @ x + b), erf(Q @ x + b)))
    with pytest.raises(GraphError, match="a bias has one length"):
        Graph(v @ relu(W @ x + b) + b)


def test_the_output_is_a_number():
    readout = v @ relu(W @ x)
    with pytest.raises(GraphError, match="a term of the network's output"):
        Graph(readout + w @ erf(readout))


def test_block_that_does_not_use_its_argument():
    with pytest.raises(GraphError, match="does not use its argument"):
        Graph(v @ relu(repeat(lambda h: A @ x, W @ x, times=2)))


@pytest.mark.parametrize("phi", ["cos(2*x + 1)", "exp(x/2)*sin(x)"])
def test_waves_with_a_phase_or_a_growing_factor(phi):
    """Their complex exponentials do not pair up by the signs of the covariance alone."""
    derivation = derive(v @ activation(phi)(W @ x))
    assert not derivation.nngp.has(sp.I) and not derivation.ntk.has(sp.I)
    assert agrees(v @ activation(phi)(W @ x))


def test_exchanging_the_inputs_changes_no_kernel():
    """Between two different vectors (a, b) is not (b, a), but over all pairs of uses it is."""
    h = relu(W @ x + b)
    shared = A @ layer_norm(h, 0.3) + A @ h - 2 * layer_norm(V @ x)
    top = erf(A @ relu(shared)) + erf(A @ erf(V @ x))
    derivation = derive(v @ top + w @ layer_norm(h, 0.2))
    here, there = (0.3, -1.2, 0.5), (2.1, 0.4, -1.9)
    found, exchanged = evaluate(derivation, here, there), evaluate(derivation, there, here)
    assert found == pytest.approx(exchanged, rel=1e-12)
