"""Sequences in print are true: a page's equations, evaluated as they are read, give the kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symntk as sn
from symntk.graph import Graph
from symntk.rendering.composition.token_kernels import Evaluation
from tests.networks_in_print import SEQUENCES
from tests.page_of_sequences import PageEvaluator, evaluated
from tests.sequence_oracle import evaluate
from tests.test_unusual_sequences import INPUTS as UNUSUAL
from tests.test_unusual_sequences import OUTPUTS

TOKENS = ([2, 0, 2, 1], [0, 2, 1])
RANDOM = np.random.default_rng(5)
VECTORS = (RANDOM.normal(size=(4, 2)), RANDOM.normal(size=(3, 2)))
IMAGES = (RANDOM.normal(size=(2, 3, 2)), RANDOM.normal(size=(2, 3, 2)))


def inputs(graph: Graph) -> tuple[Any, Any]:
    (node,) = graph.inputs
    if node.is_one_hot:
        return TOKENS
    return VECTORS if len(node.positions) == 1 else IMAGES


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_equations_in_print_give_the_kernels(name: str) -> None:
    derivation = sn.derive(SEQUENCES[name]())
    pair = inputs(derivation.graph)
    found, expected = evaluated(derivation, *pair), evaluate(derivation, *pair)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-9, abs=1e-12), key


@pytest.mark.parametrize("name", OUTPUTS)
def test_unusual_equations_in_print_give_the_kernels(name: str) -> None:
    graph = Graph(OUTPUTS[name])
    derivation = sn.derive(graph)
    pair = UNUSUAL[str(graph.inputs[0]["name"])][:2]
    found, expected = evaluated(derivation, *pair), evaluate(derivation, *pair)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-9, abs=1e-12), key


CLOSED: dict[str, Callable[[], Graph]] = {
    "bag of words": lambda: sn.zoo.bow(e_std=0.7, w_std=1.2, v_std=0.9),
    "bag of words, erf": lambda: sn.zoo.bow(act="erf", b_std=0.3),
    "bag of words, three layers": lambda: sn.zoo.bow(depth=3, b_std=0.3),
    "mean of words": lambda: sn.zoo.bow(pool="mean", act="sin"),
    "matrices": lambda: sn.zoo.mv(m_std=1.1),
    "matrices, words besides": lambda: sn.zoo.mv("diagonal", residual=True),
    "matrices on both sides": lambda: sn.zoo.mv("recursive"),
    "uniform attention": lambda: sn.zoo.sa(separate=True),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_in_counts_are_the_kernels(name: str) -> None:
    derivation = sn.derive(CLOSED[name]())
    page = PageEvaluator(derivation, *TOKENS)
    closed = Evaluation(page.page, page.stated)
    values = [closed.total(closed.polynomial(kernel)) for kernel in page.page.reading.outputs]
    page.levels = closed.levels
    counts = {symbol: page.number(count.total, {}) for symbol, count in closed.counts.items()}
    page.constants = dict(page.constants) | counts
    expected = evaluate(derivation, *TOKENS)
    for key, value in zip(("nngp", "ntk"), values, strict=True):
        assert page.number(value, {}) == pytest.approx(expected[key], rel=1e-9)
        assert "Closed form" in derivation.render("text")


@pytest.mark.parametrize("name", ["cnn", "attention", "circular convolution", "lrnn_affine"])
def test_no_closed_form_is_claimed_where_there_is_none(name: str) -> None:
    assert "Closed form" not in sn.derive(SEQUENCES[name]()).render("text")


@pytest.mark.parametrize(("network", "depth"), [(sn.zoo.bow, 20), (sn.zoo.cnn, 9)])
def test_deep_networks_of_tokens_are_printed(network: Callable[..., Graph], depth: int) -> None:
    """What would have 3^depth terms, or sums within sums, is not written out."""
    text = sn.derive(network(depth=depth)).render("text")
    assert "The kernels are" not in text
    assert len(text) < 3000 * depth
