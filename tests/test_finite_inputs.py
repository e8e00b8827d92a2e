"""Inputs of a check as users give them, and checks of networks of sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from symntk import zoo
from symntk.activations import activation
from symntk.derivation import derive
from symntk.errors import UsageError
from symntk.finite import Architecture, Network, check, measure
from symntk.finite.reading import read_samples
from symntk.finite.samples import Samples
from symntk.graph import (
    Graph,
    attention,
    flatten,
    image,
    positions,
    scan,
    sequence,
    tokens,
    vector,
    weights,
)
from tests.random_sequences import graphs
from tests.sequence_oracle import evaluate

tanh, relu = activation("tanh"), activation("relu")
E, M, P, W, U, V, v = weights("E M P W U V v")
x, y = tokens("x"), tokens("y")
s, u, g = sequence("s"), vector("u"), image("g", channels=2)
BAG = Graph(v @ tanh(W @ (E @ x)).sum())
RNG = np.random.default_rng(0)


def read(graph: Graph, given: Any = None) -> Samples:
    return read_samples(graph, given, np.random.default_rng(1))


def network(graph: Graph, data: Samples, width: int = 4) -> Network:
    architecture = Architecture.of(graph, width, data.dims, data.reach(graph))
    return architecture.sample(np.random.default_rng(5))


def test_samples_of_one_length_are_one_batch() -> None:
    data = read(BAG, [[7, 3], [3, 3, 9], [9, 7]])
    assert [batch["x"].shape for batch in data.batches] == [(2, 2, 3), (1, 3, 3)]
    assert data.order == (0, 2, 1)
    assert data.dims == {"x": 3}
    np.testing.assert_array_equal(data.batches[0]["x"].argmax(-1), [[0, 1], [2, 0]])


def test_kernels_are_in_the_order_of_the_samples() -> None:
    """Each pair alone, with the same parameters: tokens get their columns as they first come."""
    docs = [[0, 1, 0, 1], [0, 1], [1, 1, 0], [0, 0]]
    whole = measure(network(BAG, read(BAG, docs)), read(BAG, docs)).ntk
    for i in (1, 2, 3):
        pair = read(BAG, [docs[0], docs[i]])
        found = measure(network(BAG, pair), pair).ntk
        np.testing.assert_allclose(found, whole[np.ix_([0, i], [0, i])], rtol=1e-12)


def test_words_are_tokens() -> None:
    numbers, words = [[4, 2, 4], [2, 4]], [["the", "end", "the"], ["end", "the"]]
    one, two = read(BAG, numbers), read(BAG, words)
    np.testing.assert_array_equal(one.batches[0]["x"], two.batches[0]["x"])
    np.testing.assert_array_equal(
        measure(network(BAG, one), one).ntk, measure(network(BAG, two), two).ntk
    )
    assert two.given == {"x": words}
    assert read(BAG, np.array(numbers[:1])).given == {"x": numbers[:1]}


def test_a_token_is_one_token_in_every_input() -> None:
    graph = Graph(v @ ((E @ x).sum() + U @ tanh(V @ (M @ y).sum())))
    data = read(graph, {"x": [["a", "b"]], "y": [["b", "c", "a"]]})
    assert data.dims == {"x": 3, "y": 3}
    assert data.batches[0]["x"][0].tolist() == data.batches[0]["y"][0][[2, 0]].tolist()


def test_sequences_and_images_are_arrays_or_lists_of_them() -> None:
    graph = Graph(v @ tanh(U @ s).sum())
    rows = RNG.standard_normal((3, 4, 2))
    assert read(graph, rows).batches[0]["s"].shape == (3, 4, 2)
    ragged = read(graph, [rows[0], rows[1][:2], rows[2].tolist()])
    assert ragged.order == (0, 2, 1)
    assert [len(part) for part in ragged.given["s"]] == [4, 2, 4]
    picture = Graph(v @ tanh(U @ g).mean())
    pictures = [RNG.standard_normal((3, 4, 2)), RNG.standard_normal((5, 4, 2))]
    assert len(read(picture, pictures).batches) == 2


@pytest.mark.parametrize(
    ("graph", "given", "message"),
    [
        (BAG, "the end", "lists of token ids or of strings, not 'the end'"),
        (BAG, ["the end"], "split 'the end' into tokens"),
        (BAG, [[0.5]], "not 0.5"),
        (BAG, [[True]], "not True"),
        (BAG, [3], "split 3 into tokens"),
        (BAG, [[0], []], "sample 1 has no tokens"),
        (BAG, [], r"not \[0\]"),
        (BAG, [[0]] * 13, "at most 12"),
        (Graph(v @ (E @ tokens("x", 3)).sum()), [[0, 1]], "the graph's length is 3, not 2"),
        (Graph(v @ tanh(U @ s).sum()), np.ones((2, 3)), r"N arrays of shape \(T_s, d\)"),
        (Graph(v @ tanh(U @ s).sum()), [np.ones((2, 3)), np.ones((2, 4))], r"sample 1 .*\(2, 4\)"),
        (Graph(v @ tanh(U @ s).sum()), [["a"]], "sample 0 is none"),
        (Graph(v @ tanh(U @ s).sum()), [[[np.inf]]], "inf or nan"),
        (Graph(v @ tanh(U @ g).mean()), np.ones((1, 3, 3, 3)), r"\(3, 3, 3\)"),
        (Graph(v @ tanh(U @ s.shift(2, "valid")).mean()), [np.ones((2, 3))], "give longer inputs"),
        (Graph(v @ tanh(U @ s.shift(2, "valid")).last()), [np.ones((1, 3))], "T_s = 1; give"),
        (Graph(v @ flatten(U @ s.shift(2, "valid"))), [np.ones((1, 3))], "no positions"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(graph: Graph, given: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check(graph, (4, 8), 2, inputs=given, derivation=Interpreted(graph))


def test_a_sum_over_no_windows_is_zero() -> None:
    """Inputs shorter than a window, or as long as it less one, beside a longer one."""
    rows = [np.ones((length, 3)) for length in (4, 2, 1)]
    views = (U @ s).taps(3, "valid")
    window = tanh(sum(W[k] @ view for k, view in enumerate(views)))
    loop = scan(lambda h, z: tanh(W @ h + z), over=views[0])
    query = V @ views[0]
    for pooled in (window.sum(), loop.sum(), attention(query, query, query, "1/d").sum()):
        graph = Graph(v @ pooled)
        data = read(graph, rows)
        found = measure(network(graph, data), data)
        assert found.ntk[0, 0] > 0
        for kernel in (found.nngp, found.ntk, *found.ntk_by_weight.values()):
            np.testing.assert_array_equal(kernel[1:], 0)


def test_random_tokens_match_and_have_different_lengths() -> None:
    data = read(BAG)
    lengths = [len(document) for document in data.given["x"]]
    assert lengths == [3, 4, 5, 3]
    assert {token for document in data.given["x"] for token in document} <= {0, 1, 2}


def test_random_sequences_suit_every_window() -> None:
    wide = Graph(v @ sum(W[k] @ h for k, h in enumerate((U @ s).taps(7, "valid"))).sum())
    assert [len(rows) for rows in read(wide).given["s"]] == [7, 8, 9, 7]
    fixed = Graph(v @ flatten(tanh(U @ sequence("s", 2, 5))))
    assert read(fixed).given["s"].shape == (4, 5, 2)
    endless = Graph(v @ (U @ s).shift(80, "valid").sum())
    with pytest.raises(UsageError, match="give inputs"):
        read(endless)


def test_positions_of_different_lengths_are_the_same_positions() -> None:
    """P has a column for each position up to the longest input; inside blocks too."""
    graph = Graph(v @ tanh(U @ s + P @ positions(s)).sum())
    data = read(graph, [np.ones((2, 3)), np.ones((4, 3))])
    assert data.reach(graph) == {1: (4,)}
    assert network(graph, data, 5).parameters["P"].shape == (5, 4)
    grid = Graph(v @ flatten(tanh(U @ g)))
    data = read(grid, [np.ones((2, 4, 2)), np.ones((3, 2, 2))])
    assert network(grid, data, 5).parameters["v[positions]"].shape == (12, 1, 5)


@dataclass(frozen=True)
class Interpreted:
    """A derivation of ``graph`` evaluated pair by pair, by quadrature."""

    graph: Graph

    def compile(self) -> Callable[..., SimpleNamespace]:
        derivation = derive(self.graph)

        def kernel(data: Mapping[str, Any]) -> SimpleNamespace:
            (samples,) = data.values()
            found = np.zeros((2, len(samples), len(samples)))
            for i, a in enumerate(samples):
                for j, b in enumerate(samples[: i + 1]):
                    entry = evaluate(derivation, a, b)
                    found[:, i, j] = found[:, j, i] = entry["nngp"], entry["ntk"]
            return SimpleNamespace(nngp=found[0], ntk=found[1])

        return kernel


A, B, C = weights("A B C")
HEADS = Graph(
    v @ attention(A @ (E @ x), B @ (E @ x), C @ (E @ x), "1/sqrt(d)", "many", "identity").sum()
)
DOCUMENTS = [["a", "b", "a"], ["b", "a", "b", "b"], ["c", "a"]]
CHECKED = {
    "bow": (zoo.bow(), (64, 128, 256)),
    "cnn": (zoo.cnn(), (64, 128, 256)),
    "rnn": (zoo.rnn(), (64, 128, 256)),
    "lrnn": (zoo.lrnn(), (64, 128, 256)),
    "mv": (zoo.mv(), (64, 128, 256)),
    "sa": (zoo.sa(), (64, 128, 256)),
    "transformer": (zoo.transformer(), (64, 128, 256)),
    "many heads": (HEADS, (12, 24, 48)),
}


@pytest.mark.parametrize(("graph", "widths"), CHECKED.values(), ids=CHECKED)
def test_models_of_sequences_pass(graph: Graph, widths: tuple[int, ...]) -> None:
    report = check(graph, widths, 80, inputs=DOCUMENTS, derivation=Interpreted(graph))
    assert report.passed, report.render()
    assert report.ntk.factor_error < 0.15


@settings(max_examples=6)
@given(graphs(kinds=("tokens", "sequence")))
def test_random_networks_of_sequences_pass(graph: Graph) -> None:
    report = check(graph, (48, 96), 60, derivation=Interpreted(graph))
    assert report.agreement.chance > 1e-5, report.render()


def test_the_compiled_kernel_is_what_a_check_compares_with() -> None:
    """On random tokens, without anything given."""
    assert check(zoo.bow(), (32, 64, 128), 60).passed


def test_a_weight_of_its_own_at_each_step_fails() -> None:
    """The derivation of another network: U beside the loop, not W as in it."""
    z = relu(E @ x)
    shared = Graph(v @ scan(lambda h, e: relu(W @ h + W @ e), over=z).last())
    separate = Graph(v @ scan(lambda h, e: relu(W @ h + U @ e), over=z).last())
    settings = {"widths": (64, 128), "seeds": 200, "inputs": DOCUMENTS}
    assert check(shared, **settings, derivation=Interpreted(shared)).passed
    assert not check(shared, **settings, derivation=Interpreted(separate)).passed


def test_networks_that_are_too_large_are_refused() -> None:
    graph = zoo.sa(separate=True, scaling="1/sqrt(d)", heads="many")
    with pytest.raises(UsageError, match="ask for smaller widths"):
        check(graph, (512, 1024), 2, derivation=Interpreted(graph))
