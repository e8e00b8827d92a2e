"""The derivation over positions: what is printed as a closed form, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from symntk import zoo
from symntk.activations import activation
from symntk.derivation import Recursion, derive
from symntk.errors import AssumptionError
from symntk.graph import Graph, Node, attention, flatten, repeat, scan, sequence, tokens, weights
from tests.sequence_oracle import Oracle, evaluate

DOCUMENTS = ([0, 1, 2], [2, 0, 1, 1])

CLOSED = {
    "bow": zoo.bow(),
    "bow tanh": zoo.bow(act="tanh", b_std=0.5),
    "cnn": zoo.cnn(window=2, padding="valid", w_std=0.8),
    "mv": zoo.mv(),
    "mv tied": zoo.mv(kind="diagonal", tied=True),
    "sa": zoo.sa(),
    "sa copies": zoo.sa(scaling="1/sqrt(d)"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_say_what_the_program_says(name: str) -> None:
    derivation = derive(CLOSED[name])
    oracle = Oracle(derivation, *DOCUMENTS)
    for key, result in (("nngp", derivation.nngp), ("ntk", derivation.ntk)):
        assert isinstance(result, sp.Expr)
        value = oracle.number(result, {})
        assert value == pytest.approx(oracle.output(key), rel=1e-12)


def test_recursions_over_time_stay_recursions() -> None:
    derivation = derive(zoo.rnn())
    assert isinstance(derivation.nngp, Recursion)
    assert any("t - 1" in str(equation) for equation in derivation.nngp.equations)


relu = activation("relu")


def single_head(x: Node) -> Node:
    e, q, k, v = weights("E Q K V")
    return attention(q @ (e @ x), k @ (e @ x), v @ (e @ x), "1/sqrt(d)")


def gated_state(x: Node) -> Node:
    u, w = weights("U W")
    gate = activation("sigmoid")

    def step(h: Node, x: Node) -> Node:
        return gate(w @ h + u @ x) * h

    return scan(step, over=x)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (single_head, "random"),
        (gated_state, "state of a scan"),
    ],
)
def test_what_the_theory_does_not_reach_is_refused(build, words: str) -> None:
    (v,) = weights("v")
    with pytest.raises(AssumptionError, match=words):
        derive(Graph(v @ build(tokens("x")).sum()))


def test_a_network_that_is_always_0_is_refused() -> None:
    """Before the first token there is none, so that its matrix is 0."""
    e, w, v = weights("E W v")
    x = tokens("x")
    with pytest.raises(AssumptionError, match="f: the output is 0 whatever the weights"):
        derive(Graph(v @ (w[x.shift(-1)] @ relu(e @ x)).first()))


def test_the_readout_tied_to_the_embedding_is_refused() -> None:
    x = tokens("x")
    (e,) = weights("E")
    with pytest.raises(AssumptionError, match="readout E is also used"):
        derive(Graph(e @ relu(weights("W")[0] @ (e @ x)).sum()))


def test_exchanging_the_inputs_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    x = sequence("x")
    w, u, v = weights("W U v")
    h = scan(lambda h, x: relu(w @ h + u @ x), over=x)
    derivation = derive(Graph(v @ (h.sum() + h.last())))
    a, b = rng.standard_normal((3, 2)), rng.standard_normal((4, 2))
    there, back = Oracle(derivation, a, b), Oracle(derivation, b, a)
    for key in derivation.outputs:
        assert there.output(key) == pytest.approx(back.output(key), rel=1e-12)


@pytest.mark.parametrize("depth", [1, 3])
def test_an_open_number_of_blocks_is_the_blocks_written_out(depth: int) -> None:
    options = {"act": "relu", "b_std": 0.5, "w_std": 0.8}
    opened = evaluate(derive(zoo.bow(depth="L", **options)), *DOCUMENTS, times=depth)
    written = evaluate(derive(zoo.bow(depth=depth + 1, **options)), *DOCUMENTS)
    for key in ("nngp", "ntk", "ntk:E", "ntk:W1", "ntk:v"):
        assert opened[key] == pytest.approx(written[key], rel=1e-12)


def test_blocks_that_mix_positions_need_a_number() -> None:
    x = tokens("x")
    e, w, v = weights("E W v")
    h = repeat(lambda h: w @ relu(h) + w @ relu(h).shift(1), e @ x, "L")
    with pytest.raises(AssumptionError, match="Give the number of blocks as a number"):
        derive(Graph(v @ relu(h).sum()))


def test_the_fan_in_of_a_flattened_layer_is_refused_where_it_counts() -> None:
    h = relu(weights("W")[0] @ sequence("x"))
    (v,) = weights("v", parametrization="standard")
    with pytest.raises(AssumptionError, match="number of positions"):
        derive(Graph(v @ flatten(h)))
