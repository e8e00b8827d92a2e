"""Finite networks trained by gradient descent: their gradients, their steps, and their limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax

import symntk as sn
from symntk import zoo
from symntk.dynamics import LOSSES
from symntk.errors import UsageError
from symntk.finite import Architecture, Network, Training, measure
from symntk.finite.agreement import agreement
from symntk.finite.descent import Pupil
from symntk.finite.examples import examples_of
from symntk.finite.lessons import Lesson, set_lesson
from symntk.finite.reading import read_samples
from symntk.graph import Graph, biases, layer_norm, scan, tokens, weights
from tests.test_flow_training import ACTIVATIONS, SPAN, STEPS, TOKENS, sampled, trained

x = tokens("x")
E, F, M, U, V, W, v = weights("E F M U V W v")
b, c = biases("b c")
tanh, gelu = sn.activation("tanh"), sn.activation("gelu")
e = E @ x

GRAPHS: dict[str, Graph] = {
    "bow": zoo.bow(act="gelu", b_std=0.3),
    "bow of three layers": zoo.bow(depth=3, act="tanh", b_std=0.2, pool="mean"),
    "cnn": zoo.cnn(act="tanh"),
    "sa": zoo.sa(),
    "sa separate": zoo.sa(separate=True, pool="mean"),
    "sa of many heads": zoo.sa(separate=True, scaling="1/sqrt(d)", p_std=0.5),
    "mv": zoo.mv(),
    "mv residual": zoo.mv(residual=True),
    "lrnn": zoo.lrnn(),
    "rnn": zoo.rnn(act="tanh"),
    "transformer": zoo.transformer(act="gelu"),
    "a weight used twice": Graph(v @ tanh(W @ tanh(W @ e)).sum()),
    "a readout at each position": Graph((v @ tanh(W @ e)).sum() + c),
    "a matrix for each token": Graph(v @ (M[x] @ tanh(W @ e) * tanh(e)).mean()),
    "tokens shifted": Graph(v @ tanh(W @ (E @ x.shift(1)) + W @ e + b).sum()),
    "matrices of shifted tokens": Graph(v @ (M[x.shift(-1)] @ e).sum()),
    "norm and one position": Graph(v @ tanh(e + V @ e.shift(-1) + W @ layer_norm(e + b)).last()),
    "a pool inside": Graph(v @ tanh(W @ e.mean() + b) + F @ e.sum()),
    "a loop that starts with a bias": Graph(
        v @ scan(lambda h, t: tanh(W @ h + M[t] @ (U @ h) + F @ t), over=x, start=b).last()
    ),
    "frozen": Graph(v @ tanh(weights("W", trainable=False)[0] @ e + b).sum()),
}
DOCS = [["a", "b", "c"], ["b", "b"], ["c"], ["a", "d", "d", "a", "c"], ["b", "b"], ["d", "a"]]
CLASSES = [0, 1, 2, 1, 0, 2]


def lesson_of(graph: Graph, loss: str, labels: Sequence[Any], width: int) -> Lesson:
    """``DOCS`` to be learned, and one more document that is only followed."""
    examples = examples_of(graph, DOCS)
    learned = examples.read(DOCS)
    inputs = list(dict.fromkeys([*learned, ("z", "a")]))
    chosen = LOSSES[loss]
    return set_lesson(
        graph, width, examples, learned, inputs, chosen, chosen.targets(labels), eta=1.0
    )


def by_itself(network: Network, document: Sequence[str]) -> np.ndarray:
    """f of one document, (scores,), from the network's vectors at each position."""
    rows = np.eye(5)[["abcdz".index(token) for token in document]]
    values = network.values({"x": rows[None]})
    found: np.ndarray = values[network.architecture.graph.output][0]
    return found


@pytest.mark.parametrize("name", GRAPHS)
def test_parameter_gradients_are_those_of_finite_differences(name: str) -> None:
    """d/dp sum_j u_j . f(x_j) along a random direction, for each array p of parameters."""
    lesson = lesson_of(GRAPHS[name], "softmax", CLASSES, width=4)
    # "abcdz" is the order in which the tokens first occur
    random = np.random.default_rng(1)
    network = lesson.passes.architecture.sample(random)
    along = random.normal(size=(len(DOCS), 3))
    found = lesson.passes.gradients(
        network, lesson.learned, lesson.pull(lambda documents, outputs: along[documents])
    )
    trained_names = {
        key
        for key, (use, *_) in network.architecture.uses.items()
        if use.parameter is not None and use.parameter.trainable
    }
    assert found.keys() == trained_names
    for key, gradient in found.items():
        direction = random.normal(size=gradient.shape)
        ends = []
        for step in (1e-5, -1e-5):
            moved = {**network.parameters, key: network.parameters[key] + step * direction}
            there = Network(network.architecture, moved)
            ends.append(sum(u @ by_itself(there, d) for u, d in zip(along, DOCS, strict=True)))
        scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert abs((ends[0] - ends[1]) / 2e-5 - np.vdot(gradient, direction)) < 1e-8 * scale


def by_hand(act: str, width: int) -> np.ndarray:
    """`trained` from the parameters with which `symntk.train` starts."""
    counts, _ = sampled()
    order = list(dict.fromkeys(np.concatenate(documents(counts)).tolist()))
    passes = Architecture.of(zoo.bow(act=act), width, {"x": TOKENS})
    (child,) = np.random.default_rng(0).spawn(1)
    parameters = passes.sample(child).parameters
    columns = parameters["E"][:, np.argsort(order)]
    return trained(act, columns, parameters["W"], parameters["v"][0])


def documents(counts: np.ndarray) -> list[list[int]]:
    return [np.repeat(np.arange(TOKENS), row).tolist() for row in counts]


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_training_is_the_descent_written_out_by_hand(act: str) -> None:
    counts, labels = sampled()
    training = sn.train(
        zoo.bow(act=act),
        documents(counts),
        labels.tolist(),
        times=np.linspace(0, SPAN, 1 + STEPS // 10),
        step=SPAN / STEPS,
        tokens=range(TOKENS),
        width=32,
    )
    assert training.step == pytest.approx(SPAN / STEPS)
    expected = by_hand(act, 32)[::10]
    assert training.runs[0, :, :, 0] == pytest.approx(expected, abs=1e-10)


(E0, W0) = weights("E W", width=8, trainable=False)
(v0,) = weights("v", 0.7, parametrization="standard")
LINEAR = {"ntk": Graph(v @ tanh(W0 @ (E0 @ x)).sum()), "standard": Graph(v0 @ tanh(E0 @ x).sum())}
SIGNS = np.array([1, -1, 1, 1, 1, -1])
NUMBERS = np.array([1.0, -0.5, 0.2, 0.3, 2.0, 0.1])
RESIDUALS: dict[str, tuple[list[Any], Callable[[np.ndarray], np.ndarray]]] = {
    "squared": (NUMBERS.tolist(), lambda s: NUMBERS[:, None] - s),
    "logistic": (SIGNS.tolist(), lambda s: SIGNS[:, None] * expit(-SIGNS[:, None] * s)),
    "softmax": (CLASSES, lambda s: np.eye(3)[CLASSES] - softmax(s, axis=1)),
}


@pytest.mark.parametrize("graph", LINEAR.values(), ids=LINEAR)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_network_linear_in_what_is_trained_moves_by_its_kernel(graph: Graph, loss: str) -> None:
    """s <- s + eta h Theta r with the empirical kernel, exactly; equal documents count twice."""
    labels, residual = RESIDUALS[loss]
    training = sn.train(
        graph, DOCS, labels, loss=loss, times=[0.3, 1.0], eta=0.2, step=0.1, width=8, rng=5
    )
    samples = read_samples(graph, DOCS, np.random.default_rng(0))
    (child,) = np.random.default_rng(5).spawn(1)
    theta = measure(Architecture.of(graph, 8, samples.dims).sample(child), samples).ntk
    scores = np.zeros((len(DOCS), len(training.names)))
    for step in range(1, 11):
        scores = scores + 0.2 * 0.1 * theta @ residual(scores)
        if step in (3, 10):
            found = training.documents(DOCS)[int(step == 10)]
            assert found == pytest.approx(scores, abs=1e-12)


def test_the_fastest_rate_is_that_of_the_empirical_kernel() -> None:
    graph = GRAPHS["cnn"]
    lesson = lesson_of(graph, "logistic", SIGNS.tolist(), width=16)
    network = lesson.passes.architecture.sample(np.random.default_rng(0))
    samples = read_samples(graph, DOCS, np.random.default_rng(0))
    plain = Architecture.of(graph, 16, samples.dims)
    # the token that is only followed has a column of its own in E
    parameters = {**network.parameters, "E": network.parameters["E"][:, :4]}
    theta = measure(Network(plain, parameters), samples).ntk
    rate = Pupil(network, lesson).rate()
    assert 1 < rate / (0.25 * np.linalg.norm(theta, 2)) < 1.11


def test_the_step_is_a_tenth_of_the_shortest_time_scale() -> None:
    graph = GRAPHS["cnn"]
    samples = read_samples(graph, DOCS, np.random.default_rng(0))
    (child,) = np.random.default_rng(6).spawn(1)
    theta = measure(Architecture.of(graph, 16, samples.dims).sample(child), samples).ntk
    shortest = 1 / (0.25 * np.linalg.norm(theta, 2))
    training = sn.train(graph, DOCS, SIGNS.tolist(), times=[5 * shortest], width=16, rng=6)
    assert 0.085 * shortest < training.step < 0.1 * shortest
    assert training.runs.shape == (1, 1, 4, 1)
    usual = sn.train(graph, DOCS, SIGNS.tolist(), width=16, rng=6, step=shortest)
    assert usual.times[0] == 0 and 85 * shortest < usual.times[-1] < 100 * shortest


def test_times_are_hit_exactly() -> None:
    """More times, with steps of the same length, change nothing."""
    few = sn.train(GRAPHS["cnn"], DOCS, SIGNS.tolist(), times=[1], step=0.1, width=8)
    many = sn.train(GRAPHS["cnn"], DOCS, SIGNS.tolist(), times=[0, 0.3, 0.5, 1], step=0.1, width=8)
    assert many.label_scores[-1] == pytest.approx(few.label_scores[-1], rel=1e-9)
    assert not many.label_scores[0].any()


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_training_follows_the_flow_the_better_the_wider(act: str) -> None:
    """Correlation above 0.99 at width 1024; the deviation falls with the root of the width."""
    counts, labels = sampled()
    docs, times = documents(counts), [0.1, 0.3, 0.6]
    flow = sn.flow(zoo.bow(act=act), docs, labels.tolist(), times=times)
    widths, deviations = [64, 256, 1024], []
    for width in widths:
        training = sn.train(
            zoo.bow(act=act),
            docs,
            labels.tolist(),
            times=times,
            width=width,
            seeds=2048 // width,
            rng=1,
            step=0.01,
        )
        found = training.compare(flow)
        deviations.append(found.deviation)
    assert found.correlation > 0.99 and found.rank_correlation > 0.99
    slope = np.polyfit(np.log(widths), np.log(deviations), 1)[0]
    assert -0.65 < slope < -0.35


@pytest.mark.parametrize(("act", "end"), [("relu", 0.3), ("tanh", 0.6)])
def test_a_network_of_width_4096_follows_the_flow_at_every_time(act: str, end: float) -> None:
    counts, labels = sampled()
    docs, times = documents(counts), np.linspace(end / 4, end, 4)
    flow = sn.flow(zoo.bow(act=act), docs, labels.tolist(), times=times)
    training = sn.train(
        zoo.bow(act=act), docs, labels.tolist(), times=times, width=4096, step=end / 24
    )
    found = training.compare(flow)
    assert found.correlation > 0.998 and found.rank_correlation > 0.99
    assert all(training.compare(flow, time=time).correlation > 0.99 for time in times)


@pytest.mark.parametrize("loss", ["softmax", "squared"])
def test_other_losses_follow_their_flows(loss: str) -> None:
    labels, _ = RESIDUALS[loss]
    times = [0.2, 0.5, 1, 2]
    graph = zoo.cnn(act="tanh")
    flow = sn.flow(graph, DOCS, labels, loss=loss, times=times, eta=0.2)
    training = sn.train(graph, DOCS, labels, loss=loss, times=times, eta=0.2, width=256, seeds=2)
    found = training.compare(flow, docs=DOCS)
    assert found.correlation > 0.99
    assert found.deviation < 0.2
    if loss == "softmax":
        assert training.names == flow.names == (0, 1, 2)
        assert training.predict(DOCS).shape == (4, 6)


@pytest.mark.parametrize("name", ["mv", "lrnn", "sa separate", "bow of three layers"])
def test_other_networks_follow_their_flows(name: str) -> None:
    """A matrix for each token, a loop over time, attention, and a mean over positions."""
    times, labels = [0.2, 0.6, 1.2], SIGNS.tolist()
    flow = sn.flow(GRAPHS[name], DOCS, labels, times=times)
    deviations = []
    for width in (32, 256):
        training = sn.train(GRAPHS[name], DOCS, labels, times=times, width=width, seeds=4)
        found = training.compare(flow, docs=DOCS)
        deviations.append(found.deviation)
    assert found.correlation > 0.98
    assert deviations[1] < min(0.6 * deviations[0], 0.25)


def relu_kernel(x1: np.ndarray, x2: np.ndarray, b_std: float) -> np.ndarray:
    """E phi phi' + q E phi' phi' of one hidden layer, q = x . x' / d + sigma_b^2 (Cho & Saul)."""
    q = x1 @ x2.T / x1.shape[1] + b_std**2
    norms = [np.sqrt((x**2).sum(axis=1) / x.shape[1] + b_std**2) for x in (x1, x2)]
    sizes = np.outer(*norms)
    angle = np.arccos(np.clip(q / sizes, -1, 1))
    slopes = (np.pi - angle) / (2 * np.pi)
    found: np.ndarray = sizes * np.sin(angle) / (2 * np.pi) + 2 * q * slopes
    return found


def test_vectors_follow_their_kernel() -> None:
    """s(t) = Theta(., X) (1 - exp(-eta Theta t)) Theta^-1 y; label scores are of unit vectors."""
    random = np.random.default_rng(3)
    rows = random.poisson(0.8, (10, 6)) + np.eye(10, 6)
    labels = random.normal(size=10)
    graph, times = zoo.mlp(act="relu", b_std=0.5), [0.5, 2, 5]
    training = sn.train(graph, rows, labels, loss="squared", times=times, width=1024, seeds=2)
    spectrum, vectors = np.linalg.eigh(relu_kernel(rows, rows, 0.5))
    across = relu_kernel(np.eye(6), rows, 0.5)
    for found, time in zip(training.label_scores[:, :, 0], times, strict=True):
        shares = vectors @ (-np.expm1(-spectrum * time) / spectrum * (vectors.T @ labels))
        theory = across @ shares
        assert np.linalg.norm(found - theory) < 0.1 * np.linalg.norm(theory)
    assert training.tokens == (0, 1, 2, 3, 4, 5)
    assert training.counts[:, 0].tolist() == (rows != 0).sum(axis=0).tolist()
    assert training.documents(rows[:2]).shape == (3, 2, 1)


def test_what_cannot_move_stays() -> None:
    """All is frozen; or texts of one token, of which a product of neighbours says nothing."""
    rest = weights("v", trainable=False)[0] @ tanh(weights("E", trainable=False)[0] @ x).sum()
    for graph, docs in ((Graph(rest), [["a"], ["b", "a"]]), (zoo.mv(), [["a"], ["b"]])):
        training = sn.train(graph, docs, [0, 1], times=[3], width=8)
        assert not training.history.any()
        assert training.step == pytest.approx(0.1)


def test_the_same_seed_gives_the_same_networks() -> None:
    def run(rng: int | np.random.Generator) -> np.ndarray:
        return sn.train(
            GRAPHS["mv"], DOCS, SIGNS.tolist(), times=[1], width=8, seeds=2, rng=rng
        ).history

    assert np.array_equal(run(3), run(np.random.default_rng(3)))
    assert not np.array_equal(run(3), run(4))
    one, two = run(3)
    assert not np.array_equal(one, two)


def test_runs_their_mean_and_their_spread() -> None:
    training = sn.train(
        GRAPHS["cnn"], DOCS, SIGNS.tolist(), times=[1, 2], tokens=["c", "a", "z"], width=8, seeds=3,
        step=0.1, also=[["a", "z"], ["q"]],
    )  # fmt: skip
    assert training.tokens == ("c", "a", "z")
    assert training.counts.tolist() == [[0, 3], [1, 3], [0, 0]]
    assert training.runs.shape == (3, 2, 3, 1)
    assert training.label_scores == pytest.approx(training.runs.mean(axis=0))
    assert training.spread == pytest.approx(training.runs.std(axis=0, ddof=1))
    assert training.documents([["c"], ["a"]]) == pytest.approx(training.label_scores[:, :2])
    assert training.documents([["q"], ["a", "z"]]).all()
    assert training.scores["token"][:2].tolist() == ["c", "c"]
    with pytest.raises(UsageError, match="document 2 was not followed"):
        training.documents([["c"], ["c", "c"]])
    alone = sn.train(GRAPHS["cnn"], DOCS, SIGNS.tolist(), times=[1], width=8, step=0.1)
    assert alone.spread is None


def test_agreement() -> None:
    theory = np.array([[1.0, 2.0], [3.0, 4.0]])
    runs = np.array([theory, 2 * theory + 1, [[4.0, 3.0], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
    found = agreement(runs, theory)
    assert found.correlations == pytest.approx([1, 1, -1, 0])
    assert found.rank_correlations == pytest.approx([1, 1, -1, 0])
    assert found.deviations == pytest.approx(np.sqrt(np.array([0, 54, 20, 14]) / 30))
    assert found.deviation == pytest.approx(np.sqrt(88 / 120))
    assert agreement(np.array([theory**5]), theory).rank_correlation == pytest.approx(1)
    with pytest.raises(UsageError, match="all equal"):
        agreement(runs, np.ones((2, 2)))


def test_only_what_is_alike_is_compared() -> None:
    def run(**keywords: Any) -> Training:
        given: dict[str, Any] = {"times": [0.5, 1], "tokens": ["a", "b"], **keywords}
        return sn.train(GRAPHS["cnn"], DOCS, SIGNS.tolist(), width=8, step=0.1, **given)

    training = run()
    assert training.compare(training).deviation == 0
    assert training.compare(training, time=1).correlation == pytest.approx(1)
    with pytest.raises(UsageError, match="none of the times"):
        training.compare(training, time=0.7)
    with pytest.raises(UsageError, match="different times"):
        training.compare(run(times=[0.5, 0.9]))
    with pytest.raises(UsageError, match="different tokens"):
        training.compare(run(tokens=["b", "a"]))


y = sn.vector("y")
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "loss": ({"loss": "hinge"}, "no loss 'hinge'"),
    "labels": ({"labels": [0, 1]}, "6 documents and 2 labels"),
    "one class": ({"labels": [1] * 6}, "nothing to tell apart"),
    "text": ({"docs": ["a b"] * 6}, "document 1 is a text"),
    "eta": ({"eta": 0}, "eta is 0"),
    "step": ({"step": -1.0}, "step is -1.0"),
    "unstable step": ({"step": 40.0}, "unstable"),
    "times": ({"times": [1, 0.5]}, "later than the one before"),
    "too many steps": ({"times": [1e6]}, "at most 200,000"),
    "width": ({"width": 0}, "width is 0"),
    "seeds": ({"seeds": 1.5}, "seeds is 1.5"),
    "too large": ({"width": 20_000}, "too much"),
    "depth": ({"graph": zoo.bow(depth="L")}, "the depth is the symbol L"),
    "standard": (
        {"graph": Graph(v0 @ tanh(W @ e).sum())}, "in the standard parametrisation"
    ),
    "two inputs": ({"graph": Graph(v @ (W @ e.sum() + V @ y))}, "this one has x, y"),
    "vectors": ({"graph": zoo.mlp()}, "needed is an array"),
    "also": ({"also": [[]]}, "document 1 has no tokens"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_are_refused(name: str) -> None:
    keywords, message = WRONG[name]
    given = {"graph": zoo.bow(), "docs": DOCS, "labels": SIGNS.tolist(), "width": 8, **keywords}
    with pytest.raises(UsageError, match=message):
        sn.train(**given)


def test_vectors_that_are_none_are_refused() -> None:
    for rows, message in (
        (np.ones(3), "shape"),
        ([[1.0, np.nan], [0.0, 1.0]], "row 1 has entries that are inf or nan"),
    ):
        with pytest.raises(UsageError, match=message):
            sn.train(zoo.mlp(), rows, [0, 1], width=8)
    with pytest.raises(UsageError, match="7 is no coordinate of x"):
        sn.train(zoo.mlp(), np.eye(2), [0, 1], tokens=[7], width=8)


def test_scores_that_grow_without_bound_end_the_training() -> None:
    """A cubic network of small width leaves the neighbourhood where its kernel is constant."""
    graph = Graph(v @ sn.activation("x**5")(W @ e).sum())
    with pytest.raises(UsageError, match="without bound"):
        sn.train(graph, DOCS, [100.0] * 6, loss="squared", times=[50], step=0.002, width=4, rng=1)
