"""Two tokens, labelled with the product of their signs: which networks can learn that.

The labels y are an eigenvector of every kernel on the four documents, and the flow keeps to it:
s = m y with m' = eta k g(-m), k = y^T Theta y / 4, so that m + exp(m) - 1 = eta k t.  In the unit
of time of each kernel, 1 / (eta Theta(x, x)), the margin m at a time depends on k / Theta(x, x)
alone, y^T Theta y / tr Theta.  That is the margin which is compared here: it is the same whether
the sum or the mean over positions is read out, and whatever the scale of the scores.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
import pytest
from scipy.optimize import brentq

import symntk as sn
from symntk import zoo
from symntk.dynamics.synthetic import two_signs
from symntk.finite.kernels import measure
from symntk.finite.network import Architecture
from symntk.finite.reading import read_samples
from tests.sequence_oracle import evaluate

CORPUS = two_signs()
SIGNS = np.array(CORPUS.labels)
PAIR = frozenset({(0, 0), (1, 1)})

MULTIPLY: dict[str, Callable[[str], sn.Graph]] = {
    "mv": lambda pool: zoo.mv(pool=pool),
    "multiplicative rnn": lambda pool: zoo.lrnn(kind="multiplicative", pool=pool),
    "relu cnn": lambda pool: zoo.cnn(pool=pool),
    "transformer": lambda pool: zoo.transformer(pool=pool),
}
"""In the order of their margins; ``pool``: the sum or the mean over positions."""

ADD: dict[str, Callable[[str], sn.Graph]] = {
    "bow relu": lambda pool: zoo.bow(pool=pool),
    "bow tanh": lambda pool: zoo.bow(act="tanh", pool=pool),
    "linear cnn": lambda pool: zoo.cnn(act="linear", pool=pool),
    "additive rnn": lambda pool: zoo.lrnn(pool=pool),
}
"""Their scores are sums over single tokens, at every width."""


def share(theta: np.ndarray) -> float:
    """y^T Theta y / tr Theta: k / Theta(x, x)."""
    return float(SIGNS @ theta @ SIGNS / np.trace(theta))


def predicted(graph: sn.Graph) -> tuple[float, float]:
    """k, the coefficient of the product of the two matches, and Theta(x, x), by the features."""
    table = sn.features(graph, order=2, length=2)
    (pair,) = (row for row in table if row.matches == PAIR)
    return pair.value, sum(row.value for row in table)


def theta(graph: sn.Graph) -> np.ndarray:
    """The kernel of the four documents by quadrature, entry by entry."""
    derivation = sn.derive(graph)
    names = sorted({token for doc in CORPUS.docs for token in doc})
    docs = [[names.index(token) for token in doc] for doc in CORPUS.docs]
    return np.array([[evaluate(derivation, a, b)["ntk"] for b in docs] for a in docs])


@pytest.mark.parametrize("pool", ["sum", "mean"])
@pytest.mark.parametrize("name", [*ADD, "attention"])
def test_sums_over_tokens_have_no_margin_exactly(name: str, pool: str) -> None:
    graph = {**ADD, "attention": lambda pool: zoo.sa(pool=pool)}[name](pool)
    table = sn.features(graph, order=2, length=2)
    assert [row.coefficient for row in table if row.order == 2] == [0]
    assert share(theta(graph)) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("name", MULTIPLY)
def test_labels_are_an_eigenvector_and_its_eigenvalue_a_coefficient(name: str) -> None:
    for pool in ("sum", "mean"):
        graph = MULTIPLY[name](pool)
        kernel, (coefficient, diagonal) = theta(graph), predicted(graph)
        assert kernel @ SIGNS == pytest.approx(coefficient * SIGNS, abs=1e-12)
        assert np.diag(kernel) == pytest.approx(np.full(4, diagonal))


@pytest.mark.parametrize("pool", ["sum", "mean"])
def test_margins_are_ordered(pool: str) -> None:
    """MV, multiplicative RNN, ReLU CNN, transformer: whether the sum or the mean is read out."""
    found = {name: predicted(graph(pool)) for name, graph in MULTIPLY.items()}
    margins = [pair / whole for pair, whole in found.values()]
    assert margins == sorted(margins, reverse=True)
    assert margins[:2] == pytest.approx([1, 4 / 7])
    assert margins[2:] == pytest.approx([0.23114, 0.05982], abs=1e-5)
    slopes = [pair for pair, _ in found.values()]
    if pool == "mean":
        assert slopes == sorted(slopes, reverse=True)
    else:  # of scores as they are: the recurrent network has one weight more than MV in its pairs
        assert slopes[:2] == pytest.approx([3, 4])
        assert slopes[2] == pytest.approx(2 * (1 + 1 / pi - sqrt(3) / pi))


def test_the_last_state_of_a_multiplicative_network_only_knows_whole_texts() -> None:
    """Its kernel is a multiple of [x = x'], as that of MV: the two are equal, not ordered."""
    for graph in (zoo.lrnn(kind="multiplicative", pool="last"), zoo.mv()):
        kernel = theta(graph)
        assert kernel == pytest.approx(kernel[0, 0] * np.eye(4))


@pytest.mark.parametrize("m_std", [0.5, 2])
def test_a_state_that_is_read_out_at_every_step_is_behind_at_any_variances(m_std: float) -> None:
    """4 s / (3 + 4 s) < 1, s = sigma_M^2, and 1 for MV."""
    others = {"start_std": 3.0, "v_std": 0.7}
    pair, whole = predicted(zoo.lrnn("multiplicative", pool="sum", m_std=m_std, **others))
    assert pair / whole == pytest.approx(4 * m_std**2 / (3 + 4 * m_std**2))
    pair, whole = predicted(zoo.mv(m_std=m_std, e_std=3.0))
    assert pair / whole == pytest.approx(1)


def empirical(graph: sn.Graph, width: int, seeds: int) -> np.ndarray:
    """The margins of finite networks at their start."""
    random = np.random.default_rng(0)
    samples = read_samples(graph, CORPUS.docs, random)
    networks = Architecture.of(graph, width, samples.dims, samples.reach(graph))
    return np.array([share(measure(networks.sample(random), samples).ntk) for _ in range(seeds)])


@pytest.mark.parametrize("name", ADD)
def test_finite_sums_over_tokens_have_no_margin_exactly(name: str) -> None:
    assert empirical(ADD[name]("sum"), 64, 3) == pytest.approx(np.zeros(3), abs=1e-13)


def test_the_margin_of_attention_vanishes_with_the_width() -> None:
    """Like 1 / n: logits of embeddings are only nearly 0 for tokens that differ."""
    narrow, wide = (empirical(zoo.sa(), width, 20).mean() for width in (64, 512))
    assert 0 < wide < 1e-3
    assert 4 < narrow / wide < 16


def test_finite_networks_have_the_predicted_margins() -> None:
    """At width 256: within four standard errors and a bias of the order of 1 / n, and ordered."""
    means = []
    for graph in (model("sum") for model in MULTIPLY.values()):
        found, (pair, whole) = empirical(graph, 256, 16), predicted(graph)
        error = found.std(ddof=1) / 4
        assert error < 0.1 * pair / whole
        assert found.mean() == pytest.approx(pair / whole, abs=4 * error + 2 / 256)
        means.append(found.mean())
    assert means == sorted(means, reverse=True)
    assert means[-1] > 0.03


def margin(share: float, time: float) -> float:
    """m with m + exp(m) - 1 = share * time."""
    return float(brentq(lambda m: m + np.expm1(m) - share * time, 0, 50))


@pytest.mark.parametrize("name", ["mv", "relu cnn"])
def test_flow_follows_the_law_of_the_margin(name: str) -> None:
    graph = MULTIPLY[name]("sum")
    pair, whole = predicted(graph)
    times = [0.5, 3, 30]
    flow = sn.flow(graph, CORPUS.docs, CORPUS.labels, times=times, eta=1 / whole, tolerance=1e-8)
    margins = SIGNS * flow.documents(CORPUS.docs)[:, :, 0]
    for row, time in zip(margins, times, strict=True):
        assert row == pytest.approx(np.full(4, margin(pair / whole, time)), abs=1e-5)


def test_trained_networks_reach_the_predicted_margins_in_their_order() -> None:
    reached = []
    for graph in (model("sum") for model in MULTIPLY.values()):
        pair, whole = predicted(graph)
        training = sn.train(
            graph, CORPUS.docs, CORPUS.labels, times=[10], eta=1 / whole, width=256, seeds=4
        )
        found = (SIGNS * training.documents(CORPUS.docs)[0, :, 0]).mean()
        assert found == pytest.approx(margin(pair / whole, 10), rel=0.15)
        reached.append(found)
    assert reached == sorted(reached, reverse=True)


@pytest.mark.parametrize("name", ADD)
def test_trained_sums_over_tokens_do_not_move(name: str) -> None:
    """sum_j y_j ds(x_j)/dtheta = 0: the start is where gradient descent ends."""
    training = sn.train(ADD[name]("sum"), CORPUS.docs, CORPUS.labels, times=[10], width=64)
    assert np.abs(training.documents(CORPUS.docs)).max() < 1e-13
