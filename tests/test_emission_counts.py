"""Kernels of counts: the same numbers as pair by pair, for any documents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from symntk import zoo
from symntk.activations import activation
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import derive
from symntk.emission import counts, emit, sequences
from symntk.graph import Graph, conv, positions, tokens, weights
from tests.interpreted import load

C, E, W, P, v = weights("C E W P v")
relu = activation("relu")
x = tokens("x")
GRAPHS = {
    "bag": zoo.bow(depth=2, b_std=0.3),
    "windows inside": zoo.cnn(window=3, padding="valid"),
    "padded windows": zoo.cnn(window=3, b_std=0.5),
    "every overlap": zoo.cnn(window=2, padding="full", pool="mean"),
    "two layers": zoo.cnn(depth=2, window=2),
    "integrated": zoo.cnn(window=2, act="tanh"),
    "pairs": zoo.mv(),
    "positions": Graph(v @ relu(W @ (E @ x) + P @ positions(x)).sum()),
    "two ranges": Graph(v @ (relu(W @ (E @ x)).sum() + relu(conv(C, E @ x, 2, "valid")).sum())),
}


def documents(count: int, seed: int) -> list[list[int]]:
    """Documents of few different tokens, so that they come again within a window."""
    random = np.random.default_rng(seed)
    return [random.integers(0, 4, size=random.integers(2, 9)).tolist() for _ in range(count)]


@pytest.mark.parametrize("name", GRAPHS)
def test_counts_give_what_pairs_give(name: str, tmp_path: Path) -> None:
    """All pairs of two batches, and of one with itself, more than threads do at a time; columns
    that many documents have, that few have, and that one has.
    """
    derivation = derive(GRAPHS[name])
    by_counts = load(counts.module_text(counts.plan_kernel(derivation), "float64"), tmp_path)
    by_pairs = load(sequences.module_text(sequences.plan_kernel(derivation), "float64"), tmp_path)
    by_counts.HEIGHT, by_counts.SPAN, by_counts.PART, by_counts.COMMON = 16, 8, 32, 3
    few, more = [*documents(4, 0), [7, 8, 9], [1]], [*documents(5, 1), [5, 5, 6, 9]]
    for found, expected in zip(
        by_counts.kernel(few, more), by_pairs.kernel(few, more), strict=True
    ):
        assert np.abs(found - expected).max() <= 1e-13 * np.abs(expected).max()
    many = documents(40, 2)
    square, rectangle, diagonal = (
        by_counts.kernel(many), by_counts.kernel(many, many), by_counts.diag(many)
    )  # fmt: skip
    for one, other, own in zip(square, rectangle, diagonal, strict=True):
        assert np.array_equal(one, one.T)
        assert one == pytest.approx(other, rel=1e-13, abs=1e-13 * own.max())
        assert np.diag(one) == pytest.approx(own, rel=1e-13)


@pytest.mark.parametrize("name", ["windows inside", "padded windows", "positions", "pairs"])
def test_numbers_of_tuples(name: str, tmp_path: Path) -> None:
    """Tuples as numbers of their own, numbered anew by hashes, and anew after each token."""
    module = load(emit(derive(GRAPHS[name])), tmp_path)
    batches = (documents(30, 3), [*documents(10, 4), [6, 9, 6, 9]])
    module.DENSE_KEYS = 10**9
    expected = (*module.kernel(batches[0]), *module.kernel(*batches), *module.diag(batches[1]))
    for dense, span in ((0, 2**62), (0, 40), (10**9, 40)):
        module.DENSE_KEYS, module.SPAN_OF_KEYS = dense, span
        again = (*module.kernel(batches[0]), *module.kernel(*batches), *module.diag(batches[1]))
        for found, one in zip(again, expected, strict=True):
            assert found == pytest.approx(one, rel=1e-13)


def test_counts_by_hand(tmp_path: Path) -> None:
    """A bag of tokens: rho <n, n'> + mu T T', whatever form documents have."""
    module = load(emit(derive(zoo.bow(act="relu"))), tmp_path)
    rng = np.random.default_rng(7)
    array = rng.choice([3, 5, 10**9, -4, 2**40], (20, 12))
    for batch in (
        array,
        list(array),
        array.tolist(),
        [[str(t) for t in d] for d in array.tolist()],
    ):
        kernels = module.kernel(batch)
        same = np.array([[sum(s == t for s in a for t in b) for b in array] for a in array])
        for found, at_match, apart in (
            (kernels.nngp, 0.5, 0.5 / np.pi),
            (kernels.ntk, 1.5, 0.5 / np.pi),
        ):
            assert found == pytest.approx(apart * 144 + (at_match - apart) * same, rel=1e-13)


def test_nothing_in_common(tmp_path: Path) -> None:
    """Documents without a common token, one document, and columns that each document has."""
    derivation = derive(zoo.cnn(window=2))
    by_counts = load(counts.module_text(counts.plan_kernel(derivation), "float64"), tmp_path)
    by_pairs = load(sequences.module_text(sequences.plan_kernel(derivation), "float64"), tmp_path)
    apart, many = ([["a", "b", "a"]], [["c"], ["d", "c"]]), [["a", "a"]] * 3
    for batches in (apart, ([["a", "b"]],), (many,), (many, many[:1])):
        for found, expected in zip(
            by_counts.kernel(*batches), by_pairs.kernel(*batches), strict=True
        ):
            assert found == pytest.approx(expected, rel=1e-13)


def test_common_columns_are_limited(tmp_path: Path) -> None:
    """Those beyond the most that are written out are met one by one, with the same result."""
    module = load(emit(derive(zoo.cnn(window=2))), tmp_path)
    texts = documents(12, 5)
    expected = module.kernel(texts)
    module.MOST_COMMON = 3
    for found, one in zip(module.kernel(texts), expected, strict=True):
        assert found == pytest.approx(one, rel=1e-13)


def test_which_kernels_are_inner_products_of_counts() -> None:
    assert "inner_counts" in emit(derive(zoo.cnn(window=2)))
    assert "inner_counts" not in emit(derive(zoo.rnn()))
    with pytest.raises(NotWindows):
        counts.plan_kernel(derive(zoo.rnn()))


def test_words_and_numbers_and_small_results(tmp_path: Path) -> None:
    """Tokens are numbered anew, and single precision is that of the result."""
    derivation = derive(zoo.cnn(window=2))
    double, single = (load(emit(derivation, dtype), tmp_path) for dtype in ("float64", "float32"))
    words = [["not", "good"], ["good", "not", "good"]]
    numbers = [[7, 3], [3, 7, 3]]
    assert np.array_equal(double.kernel(words).ntk, double.kernel(numbers).ntk)
    small = single.kernel(words).ntk
    assert small.dtype == np.float32
    assert small == pytest.approx(double.kernel(words).ntk, rel=1e-6)


def test_a_mean_over_no_window_is_refused(tmp_path: Path) -> None:
    graph = zoo.cnn(window=3, padding="valid", pool="mean")
    module = load(emit(derive(graph)), tmp_path)
    with pytest.raises(ValueError, match=r"x1: sample 1 is too short.*T - 2 < 1"):
        module.kernel([["a", "b", "c"], ["a", "b"]])
