"""Gradient flow on small corpora, against the flow of the dense kernel and against laws."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.special import expit, softmax

import symntk as sn
from symntk import zoo
from symntk.dynamics import LOSSES, Flow
from symntk.emission import emit
from symntk.errors import UsageError
from tests.interpreted import load
from tests.sequence_oracle import evaluate

VOCABULARY = ["not", "a", "good", "bad", "film", "it", "is"]
MU, RHO = 1 / (2 * math.pi), 1.5 - 1 / (2 * math.pi)
"""Of the token perceptron with ReLU at unit variances (DESIGN)."""


def texts(count: int, seed: int = 0) -> list[list[str]]:
    random = np.random.default_rng(seed)
    return [list(random.choice(VOCABULARY, random.integers(1, 9))) for _ in range(count)]


def classes(count: int, number: int = 2, seed: int = 1) -> list[int]:
    drawn = np.random.default_rng(seed).integers(0, number, count)
    drawn[:number] = range(number)
    return drawn.tolist()


def gram(first: list[list[str]], second: list[list[str]]) -> np.ndarray:
    """rho <omega, omega'> + mu T T', written out."""

    def counts(docs: list[list[str]]) -> np.ndarray:
        return np.array([[document.count(token) for token in VOCABULARY] for document in docs])

    a, b = counts(first), counts(second)
    return RHO * a @ b.T + MU * np.outer(a.sum(1), b.sum(1))


def integrated(
    theta: np.ndarray, pull: Any, times: np.ndarray, scores: int, eta: float
) -> np.ndarray:
    """s(t) of s' = eta Theta r(s), (times, documents, scores), by a library."""

    def slope(_: float, state: np.ndarray) -> np.ndarray:
        return eta * (theta @ pull(state.reshape(-1, scores))).ravel()

    start = np.zeros(len(theta) * scores)
    found = solve_ivp(slope, (0, times[-1]), start, "Radau", t_eval=times, rtol=1e-10, atol=1e-12)
    return found.y.T.reshape(len(times), -1, scores)


TIMES = np.array([0.0, 0.003, 0.1, 1.0, 7.0, 40.0])


def test_logistic_flow_is_that_of_the_dense_kernel() -> None:
    docs, labels = texts(12), classes(12)
    signs = 2 * np.array(labels)[:, None] - 1
    flow = sn.flow(zoo.bow(), docs, labels, times=TIMES, eta=0.1, tolerance=1e-8)
    expected = integrated(gram(docs, docs), lambda s: signs * expit(-signs * s), TIMES, 1, eta=0.1)
    assert flow.documents(docs) == pytest.approx(expected, abs=1e-5)
    assert (np.abs(flow.documents(docs) - expected)[:, :, 0] <= flow.document_errors(docs)).all()


def test_softmax_flow_is_that_of_the_dense_kernel() -> None:
    docs, labels = texts(12), classes(12, 3)
    chosen = np.eye(3)[labels]
    flow = sn.flow(zoo.bow(), docs, labels, "softmax", TIMES, eta=0.1, tolerance=1e-8)
    expected = integrated(
        gram(docs, docs), lambda s: chosen - softmax(s, axis=1), TIMES, 3, eta=0.1
    )
    assert flow.classes == flow.names == (0, 1, 2)
    assert flow.documents(docs) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("count", [4, 12, 30])
def test_squared_flow_is_the_matrix_exponential(count: int) -> None:
    """s(t) = (1 - exp(-eta Theta t)) y, with fewer documents than features and with more."""
    docs, y = texts(count), np.random.default_rng(2).normal(size=count)
    flow = sn.flow(zoo.bow(), docs, y, "squared", TIMES, eta=0.1, tolerance=1e-12)
    theta = gram(docs, docs)
    expected = [y - expm(-0.1 * theta * t) @ y for t in TIMES]
    assert flow.documents(docs)[:, :, 0] == pytest.approx(np.array(expected), abs=1e-9)
    assert flow.predict(docs) == pytest.approx(np.array(expected), abs=1e-9)


def test_squared_flow_stops_before_the_basis_is_complete() -> None:
    """A short flow needs few vectors, and states a bound that holds."""
    random = np.random.default_rng(3)
    docs = [random.integers(0, 400, 20).tolist() for _ in range(150)]
    y = random.normal(size=150)
    times = [0.01, 0.3]
    rough = sn.flow(zoo.bow(), docs, y, "squared", times, eta=0.05, tolerance=1e-3)
    fine = sn.flow(zoo.bow(), docs, y, "squared", times, eta=0.05, tolerance=1e-13)
    missed = np.linalg.norm(rough.weights - fine.weights, axis=(1, 2))
    assert (rough.errors > 0).all()
    size = np.linalg.norm(rough.weights, axis=(1, 2))
    assert (missed <= rough.errors + fine.errors + 1e-14 * size).all()
    assert (rough.errors <= 1e-3 * size).all()


def test_squared_flow_ends_in_the_labels() -> None:
    docs, y = [["a"], ["good", "film"], ["bad", "film"]], [1.0, -2.0, 0.5]
    flow = sn.flow(zoo.bow(), docs, y, "squared", times=[1e4])
    assert flow.documents(docs)[0, :, 0] == pytest.approx(y, abs=1e-9)


def test_flow_of_windows_is_that_of_the_features_of_windows() -> None:
    """Bigrams decide what single tokens cannot: the label is the product of two signs."""
    docs, labels = [["a", "b"], ["A", "B"], ["a", "B"], ["A", "b"]], [1, 1, -1, -1]
    for model in (zoo.bow(), zoo.cnn(window=2, act="linear")):
        assert np.abs(sn.flow(model, docs, labels, times=[10]).documents(docs)).max() < 1e-12
    margins = [
        (sn.flow(model, docs, labels, times=[10]).documents(docs)[0, :, 0] * labels).min()
        for model in (zoo.mv(), zoo.cnn(window=2))
    ]
    assert margins[0] > margins[1] > 1


@pytest.fixture(scope="module")
def relu() -> Flow:
    return sn.flow(zoo.bow(), texts(12), classes(12), times=TIMES, eta=0.1, tolerance=1e-7)


def test_terms_add_up(relu: Flow) -> None:
    assert set(relu.terms) == {"bias", "co-occurrence"}
    assert sum(relu.terms.values()) == pytest.approx(relu.label_scores, abs=1e-14)
    assert sum(relu.slopes.values())[0] == pytest.approx(relu.initial_slopes, abs=1e-14)
    assert (relu.label_scores[0] == 0).all()


def test_terms_are_integrals_of_their_slopes() -> None:
    times = np.linspace(0, 2, 401)
    flow = sn.flow(zoo.bow(), texts(12), classes(12), times=times, eta=0.02, tolerance=1e-8)
    for name, term in flow.terms.items():
        slopes = flow.slopes[name]
        middle = (slopes[1:] + slopes[:-1]) / 2 * np.diff(times)[:, None, None]
        assert np.cumsum(middle, axis=0) == pytest.approx(term[1:], abs=1e-5)


def test_initial_slopes_count_tokens_and_lengths(relu: Flow) -> None:
    """eta/2 sum_j y_j (rho omega_e(x_j) + mu T_j)."""
    signs = 2 * np.array(classes(12)) - 1
    for token, slope in zip(relu.tokens, relu.initial_slopes[:, 0], strict=True):
        terms = [RHO * document.count(token) + MU * len(document) for document in texts(12)]
        assert slope == pytest.approx(0.05 * (signs @ terms), rel=1e-12)
    lower, upper = relu.counts.sum(axis=0)
    assert lower + upper == sum(map(len, texts(12)))


def test_the_long_table(relu: Flow) -> None:
    table = relu.scores
    rows = len(relu.tokens) * len(TIMES)
    assert {name: len(column) for name, column in table.items()} == dict.fromkeys(
        ("token", "class", "time", "score"), rows
    )
    n = 2 * len(TIMES) + 3
    assert (table["token"][n], table["time"][n]) == (relu.tokens[2], TIMES[3])
    assert table["score"][n] == relu.label_scores[3, 2, 0]
    assert set(table["class"]) == {1}


def test_predictions_are_labels(relu: Flow) -> None:
    docs = [["good"], ["bad"], ["never", "seen"]]
    scores = relu.documents(docs)[-1, :, 0]
    assert (relu.predict(docs)[-1] == (scores > 0)).all()
    assert abs(scores[2]) > 0  # its length is known, if no token is
    words = sn.flow(zoo.bow(), docs, ["up", "down", "down"], "softmax", times=[3])
    assert words.predict(docs)[0].tolist() == ["up", "down", "down"]


def test_other_labels_other_sign() -> None:
    docs, labels = texts(9), classes(9)
    flow, turned = (
        sn.flow(zoo.bow(), docs, y, times=TIMES) for y in (labels, [1 - label for label in labels])
    )
    assert turned.label_scores == pytest.approx(-flow.label_scores, abs=1e-12)


def test_two_classes_by_softmax_are_logistic_at_twice_the_rate() -> None:
    docs, labels = texts(9), classes(9)
    several = sn.flow(zoo.bow(), docs, labels, "softmax", TIMES, tolerance=1e-7)
    logistic = sn.flow(zoo.bow(), docs, labels, "logistic", TIMES, eta=2, tolerance=1e-7)
    difference = several.label_scores[:, :, 1] - several.label_scores[:, :, 0]
    assert difference == pytest.approx(logistic.label_scores[:, :, 0], abs=1e-4)
    assert np.abs(several.label_scores.sum(axis=2)).max() < 1e-12


def test_the_learning_rate_is_a_unit_of_time() -> None:
    docs, labels = texts(9), classes(9)
    slow = sn.flow(zoo.bow(), docs, labels, times=TIMES)
    fast = sn.flow(zoo.bow(), docs, labels, times=TIMES / 4, eta=4)
    assert fast.label_scores == pytest.approx(slow.label_scores, rel=1e-9, abs=1e-12)


def test_the_loss_falls() -> None:
    docs, labels = texts(9), classes(9)
    flow = sn.flow(zoo.bow(), docs, labels)
    signs = 2 * np.array(labels) - 1
    losses = np.logaddexp(0, -signs * flow.documents(docs)[:, :, 0]).sum(axis=1)
    assert len(flow.times) == 61
    assert (np.diff(losses) < 0).all()


def test_only_the_tokens_asked_for_are_followed() -> None:
    docs, labels = texts(9), classes(9)
    flow = sn.flow(zoo.bow(), docs, labels, times=[1, 2], tokens=["good", "unseen", "good"])
    assert flow.label_scores.shape == (2, 2, 1)
    assert flow.counts[1].sum() == 0


@pytest.mark.parametrize("name", LOSSES)
@given(seed=st.integers(0, 2**32 - 1))
def test_residuals_are_slopes_of_convex_losses(name: str, seed: int) -> None:
    """-dr/ds is symmetric with eigenvalues in [0, curvature], by differences."""
    loss, random = LOSSES[name], np.random.default_rng(seed)
    targets = loss.targets([0, 1, 2] if name == "softmax" else [0, 1])
    scores = 2 * random.normal(size=targets.values.shape)
    width = targets.values.shape[1]
    change = np.zeros((width, width))
    for column in range(width):
        step = np.zeros_like(scores)
        step[0, column] = 1e-5
        up, down = (loss.residual(scores + sign * step, targets.values) for sign in (1, -1))
        assert (up[1:] == down[1:]).all()  # a document's residual depends on its own scores
        change[column] = (down[0] - up[0]) / 2e-5
    assert change == pytest.approx(change.T, abs=1e-8)
    spectrum = np.linalg.eigvalsh(change)
    assert spectrum.min() >= -1e-8
    assert spectrum.max() <= loss.curvature + 1e-8


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Kernels are run by Python itself: the same arithmetic, without waiting for a compiler."""

    def kernel(derivation: sn.Derivation, dtype: str = "float64") -> Any:
        return load(emit(derivation, dtype), tmp_path).kernel

    monkeypatch.setattr("symntk.emission.compile_kernel", kernel)


@pytest.mark.usefixtures("uncompiled")
def test_networks_without_finite_features_flow_too() -> None:
    """A transformer, against the derivation evaluated pair by pair."""
    model = zoo.transformer()
    docs = [["a", "b"], ["b", "c"], ["a"], ["c", "c", "a"], ["b", "a"]]
    signs = np.array([1.0, -1.0, 1.0, -1.0, -1.0])[:, None]
    other = [["d", "a"], ["b"]]
    times = np.array([0.5, 5.0])
    flow = sn.flow(model, docs, signs[:, 0].tolist(), times=times, eta=0.1, tolerance=1e-8)
    derivation = sn.derive(model)
    numbers = [["abcd".index(token) for token in document] for document in docs + other]
    theta = np.array([[evaluate(derivation, a, b)["ntk"] for b in numbers[:5]] for a in numbers])

    def pull(scores: np.ndarray) -> np.ndarray:
        return signs * expit(-signs * scores[:5])

    expected = integrated(theta, pull, times, 1, eta=0.1)
    assert flow.documents(docs + other) == pytest.approx(expected, abs=1e-5)
    assert flow.terms["kernel"] == pytest.approx(flow.label_scores)


def test_a_matrix_that_would_be_too_large_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symntk.dynamics.kernel_map.MOST", 3)
    with pytest.raises(UsageError, match=r"of 4 different documents would be too .* most 3"):
        sn.flow(zoo.rnn(), [["a"], ["b"], ["c"], ["a", "b"], ["a"]], [0, 1, 0, 1, 1])


def test_without_features_nothing_moves() -> None:
    """Documents of one token have no pairs of neighbours."""
    flow = sn.flow(zoo.mv(), [["a"], ["b"]], [0, 1])
    assert flow.label_scores.shape == (61, 2, 1)
    assert not flow.label_scores.any()
    assert not sn.flow(zoo.mv(), [["a"], ["b"]], [0, 1], "squared", [0, 2]).documents([["a"]]).any()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "one class": ({"labels": [1, 1]}, "all labels are 1"),
    "three classes": (
        {"docs": [["a"], ["b"], ["c"]], "labels": [0, 1, 2]},
        "3 classes .*use loss='softmax'",
    ),
    "nan": ({"labels": [1, math.nan]}, "label 2 is nan"),
    "none": ({"labels": [None, 1]}, "label 1 is None"),
    "kinds": ({"labels": ["up", 1]}, "of one kind"),
    "lengths": ({"labels": [1, 0, 1]}, "2 documents and 3 labels"),
    "empty document": ({"docs": [["a"], []]}, "document 2 has no tokens"),
    "no documents": ({"docs": [], "labels": []}, "no documents"),
    "text": ({"docs": ["good film", "bad film"]}, "document 1 is a text; split it"),
    "one text": ({"docs": "good film"}, "not one text"),
    "number": ({"docs": [3, 4]}, "document 1 is 3"),
    "token": ({"docs": [["a"], ["b", 0.5]]}, "document 2: the token 0.5"),
    "mixed": ({"docs": [["a"], [7]]}, "some tokens are words"),
    "infinite": ({"loss": "squared", "labels": [1, math.inf]}, "label 2 is inf"),
    "words": ({"loss": "squared", "labels": ["good", "bad"]}, "needs a number, not 'good'"),
    "loss": ({"loss": "hinge"}, "there are squared, logistic, softmax"),
    "eta": ({"eta": -1}, "eta is -1"),
    "tolerance": ({"tolerance": math.nan}, "tolerance is nan"),
    "negative time": ({"times": [-1, 2]}, "-1.0 is no time"),
    "order": ({"times": [2, 1]}, "later than the one before"),
    "no times": ({"times": []}, "one at least"),
    "words for times": ({"times": ["soon"]}, "list of numbers"),
    "lists for labels": ({"labels": [[1], [0]]}, r"label 1 is \[1\]"),
    "times": ({"times": [[1, 2]]}, "list of numbers"),
    "vectors": ({"graph": zoo.mlp()}, "token models"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_makes_no_sense_is_refused(case: str) -> None:
    change, message = WRONG[case]
    call = {"graph": zoo.bow(), "docs": [["a"], ["b"]], "labels": [0, 1], "times": [1]}
    with pytest.raises(UsageError, match=message):
        sn.flow(**{**call, **change})


def test_a_kernel_that_grows_with_the_width_has_no_flow() -> None:
    derivation = sn.derive(zoo.bow(), parametrization="standard")
    with pytest.raises(UsageError, match="depend on n, which has no value"):
        sn.flow(derivation, [["a"], ["b"]], [0, 1])


def test_times_that_would_take_hours_are_refused() -> None:
    """Squared loss, which is not integrated, has no latest time."""
    docs = [["a"], ["b"]]
    with pytest.raises(UsageError, match="follow it to"):
        sn.flow(zoo.bow(), docs, [0, 1], times=[0, 1e15])
    assert sn.flow(zoo.bow(), docs, [0, 1], loss="squared", times=[0, 1e15]).errors[-1] < 1e-3
