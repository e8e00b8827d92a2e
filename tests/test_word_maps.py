"""Explicit features of networks without activations: their words, at every length of document."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations_with_replacement

import numpy as np
import pytest

import symntk as sn
from symntk import zoo
from symntk.decomposition.maps.feature_map import FeatureMap
from symntk.decomposition.maps.word_map import WordMap
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.words.linear import Linear
from symntk.derivation import derive
from symntk.errors import UsageError
from symntk.graph import (
    Bias,
    Graph,
    Scale,
    attention,
    conv,
    layer_norm,
    positions,
    repeat,
    scan,
    sinusoid,
    tokens,
    weights,
)
from tests.sequence_oracle import evaluate

_draw = random.Random(4)
DOCUMENTS = [[_draw.randrange(4) for _ in range(size)] for size in (4, 3, 2)] + [[2, 2, 2]]
"""Tokens come several times in each."""

x = tokens("x")
E, P, W, V, U, M, v = weights("E P W V U M v")
e, PE = E @ x, sinusoid(x)
b = Bias("b", Scale.of("sigma_b", 0.6))


def backwards(h: sn.Node, t: sn.Node) -> sn.Node:
    return V @ h + U @ t


NETWORKS = {
    "additive, last": zoo.lrnn(h_std=0.8),
    "additive, sum": zoo.lrnn(pool="sum", h_std=1.2),
    "additive, mean": zoo.lrnn(pool="mean"),
    "additive, first": zoo.lrnn(pool="first"),
    "multiplicative": zoo.lrnn(kind="multiplicative", start_std=0.7),
    "multiplicative, sum": zoo.lrnn(kind="multiplicative", pool="sum", m_std=0.8),
    "affine": zoo.lrnn(kind="affine", pool="mean", m_std=0.6, e_std=1.2),
    "elementwise": zoo.lrnn(kind="elementwise affine", pool="sum", u_std=0.5),
    "attention, tied": zoo.sa(e_std=1.4),
    "attention, positions in keys": zoo.sa(position_scale=1, position_in_keys=True),
    "attention, trained positions": zoo.sa(separate=True, p_std=0.5, pool="mean"),
    "attention, copies": zoo.sa(scaling="1/sqrt(d)", pool="mean"),
    "convolution on a circle": zoo.cnn(act="linear", padding="circular", pool="mean", b_std=0.3),
    "convolution, flattened": zoo.cnn(act="linear", depth=2, pool="flatten"),
    "matrices of words": zoo.mv(kind="recursive", act="linear", residual=True),
    "transformer": zoo.transformer(act="linear"),
    "two blocks": zoo.transformer(act="linear", norm=False, p_std=0.4, depth=2),
    "two loops": Graph(
        v
        @ scan(lambda h, t: W @ h + layer_norm(t + b, eps=0.1), over=scan(backwards, over=x)).sum()
    ),
    "one weight twice": Graph(v @ (W @ (W @ e) + W @ e - 2 * e.shift(1)).sum()),
    "a product of words": Graph(v @ (M[x] @ ((W @ e) * (V @ e.shift(1)))).sum()),
    "products within products": Graph(v @ ((W @ ((U @ e) * (V @ e.shift(1)))) * (P @ e)).sum()),
    "attention on attention": Graph(
        v @ attention(W @ attention(e + PE, e + PE, e, "1/d"), W @ e, V @ e, "1/d").sum()
    ),
    "windows with a stride": Graph(v @ conv(W, layer_norm(e + b), 3, "same", 2).mean()),
    "blocks": Graph(v @ repeat(lambda z: layer_norm(z + W @ z), e, 2).sum()),
    "identity attention": Graph(v @ attention(e, W @ e + e, e, "1/d", mechanism="identity").sum()),
    "weights that are zero": Graph(v @ attention(W @ e, V @ e + P @ positions(x), e, "1/d").last()),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_inner_product_is_the_kernel(name: str) -> None:
    require_kernels(NETWORKS[name], ("nngp", "ntk"))


def require_kernels(model: Graph, outputs: Iterable[str], frozen: tuple[str, ...] = ()) -> None:
    """The inner products of the features are the kernels that the oracle gives."""
    derivation = derive(model, frozen=frozen)
    pairs = list(combinations_with_replacement(range(len(DOCUMENTS)), 2))
    values = {(i, j): evaluate(derivation, DOCUMENTS[i], DOCUMENTS[j]) for i, j in pairs}
    for output in outputs:
        rows = WordMap(derivation, output).fit_transform(DOCUMENTS).toarray()
        found = [(rows @ rows.T)[pair] for pair in pairs]
        expected = [values[pair][output] for pair in pairs]
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", ["affine", "one weight twice"])
def test_each_weight_has_its_part(name: str) -> None:
    model = NETWORKS[name]
    trained = [weight for weight in model.parameters if weight != "E"]
    require_kernels(model, ["ntk", *(f"ntk:{weight}" for weight in trained)], frozen=("E",))


def test_columns_are_words() -> None:
    made = sn.features(zoo.lrnn(kind="affine")).feature_map()
    assert isinstance(made, WordMap)
    rows = made.fit_transform([["not", "very", "good"], ["good"]])
    assert made.names == [
        ("trigram", ("not", "very", "good")),
        ("bigram", ("very", "good")),
        ("unigram", ("good",)),
    ]
    assert made.groups == {"trigram": [0], "bigram": [1], "unigram": [2]}
    assert made.get_feature_names_out()[1] == "bigram very good"
    assert rows.toarray() == pytest.approx(np.sqrt([[4, 3, 2], [0, 0, 2]]))
    assert made.transform([["bad"]]).nnz == 0
    pairs = sn.features(zoo.mv(kind="recursive", act="linear", pool="first"))
    words = WordMap(pairs.derivation).fit([["not", "good"]])
    assert words.names == [("bigram", ("not", "good"))] * 2


def test_a_long_document_is_no_deep_recursion() -> None:
    document = [n % 7 for n in range(600)]
    rows = WordMap(derive(zoo.lrnn())).fit_transform([document])
    assert rows.nnz == 600
    assert rows.sum() == pytest.approx(np.sqrt(np.arange(2, 602)).sum())


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (zoo.rnn(), "no linear function"),
        (zoo.sa(separate=True, scaling="1/sqrt(d)"), "heads of y are random"),
        (zoo.mv(kind="diagonal", tied=True), "share weights"),
        (zoo.mlp(act="linear"), "no tokens"),
    ],
)
def test_what_has_no_words(model: sn.Graph, reason: str) -> None:
    with pytest.raises(NotWindows, match=reason):
        Linear.of(derive(model))


def test_what_is_refused() -> None:
    with pytest.raises(NotWindows, match="standard parametrisation"):
        WordMap(derive(zoo.lrnn(), parametrization="standard"))
    with pytest.raises(UsageError, match="fit them to documents first"):
        WordMap(derive(zoo.lrnn())).transform([[1]])
    with pytest.raises(UsageError, match="1 token leaves no positions"):
        WordMap(derive(zoo.mv(pool="mean"))).fit([[1, 2], [3]])
    with pytest.raises(NotWindows, match=r"reaches back .* and .* no linear function"):
        sn.features(zoo.rnn()).feature_map()


def test_counts_come_before_words() -> None:
    assert isinstance(sn.features(zoo.cnn(act="linear")).feature_map(), FeatureMap)


def test_flow_follows_words() -> None:
    """The same flow as through the matrix of the kernel, in closed form for squared loss."""
    model, labels = zoo.lrnn(kind="affine"), [1.0, -1.0, 2.0, 0.5]
    flow = sn.flow(model, DOCUMENTS, labels, loss="squared", times=[0.1, 2.0])
    derivation = derive(model)
    kernel = np.array([[evaluate(derivation, a, b)["ntk"] for b in DOCUMENTS] for a in DOCUMENTS])
    spectrum, vectors = np.linalg.eigh(kernel)
    alone = np.array(
        [[evaluate(derivation, [t], b)["ntk"] for b in DOCUMENTS] for t in flow.tokens]
    )
    for time, found in zip(flow.times, flow.label_scores[..., 0], strict=True):
        gains = np.where(spectrum > 1e-10, -np.expm1(-spectrum * time) / spectrum, time)
        expected = alone @ vectors @ (gains * (vectors.T @ np.array(labels)))
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-8)
    assert {"co-occurrence", "bigram", "trigram"} <= set(flow.terms)
