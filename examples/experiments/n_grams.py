"""n-grams and negation: which networks can learn what no single token says.

    python examples/experiments/n_grams.py [--data train.csv] -o FOLDER

prints and draws the margins of networks on corpora whose labels are products: two signs, "not
good", "not very good"; then what networks say of negations that they have not seen, and, with
--data, a text with the columns text and label, of negations of that text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from script_options import read_options

import symntk as sn
from symntk import zoo
from symntk.dynamics import Corpus, read_corpus, synthetic
from symntk.dynamics.plots import canvas

EXPLICIT: dict[str, sn.Graph] = {
    "token MLP": zoo.bow(),
    "linear CNN, window 3": zoo.cnn(act="linear"),
    "ReLU CNN, window 2": zoo.cnn(window=2),
    "ReLU CNN, window 3": zoo.cnn(window=3),
    "MV": zoo.mv(),
    "additive RNN": zoo.lrnn(kind="additive", pool="sum"),
    "multiplicative RNN": zoo.lrnn(kind="multiplicative", pool="sum"),
}
"""Networks whose kernel is an inner product of explicit features."""

MODELS: dict[str, sn.Graph] = {
    **EXPLICIT,
    "attention": zoo.sa(),
    "transformer": zoo.transformer(pool="sum"),
}
"""All read out the sum over positions."""

DRAWN = ("MV", "multiplicative RNN", "ReLU CNN, window 3", "ReLU CNN, window 2", "transformer")

TIMES = (1.0, 3.0, 10.0, 30.0, 100.0)

NEGATIONS = ("not", "n't", "never", "no")


def kernel(graph: sn.Graph, corpus: Corpus) -> np.ndarray:
    """The neural tangent kernel of the documents, from the features that a flow has of them."""
    rows = sn.flow(graph, corpus.docs, corpus.labels, times=[0]).feature_map.transform(corpus.docs)
    found: np.ndarray = (rows @ rows.T).toarray()
    return found


def share(theta: np.ndarray, labels: Sequence[int]) -> float:
    """y^T Theta y / tr Theta: the speed of the margin, in the unit of the kernel.

    1 if each document is learnt for itself, 0 if what one teaches is taken back by others.
    """
    y = np.array(labels)
    assert np.allclose(theta @ y, (y @ theta @ y) / len(y) * y), "y is no eigenvector"
    return float(y @ theta @ y / np.trace(theta))


def margins(share: float, times: np.ndarray) -> np.ndarray:
    """m with m + exp(m) - 1 = share * time, by Newton's method from above."""
    m = np.log1p(share * times)
    for _ in range(50):
        m = m - (m + np.expm1(m) - share * times) / (1 + np.exp(m))
    return m


def trained(graph: sn.Graph, corpus: Corpus, theta: np.ndarray, width: int) -> np.ndarray:
    """The mean margins of three finite networks at `TIMES`, (times,)."""
    eta = len(theta) / np.trace(theta)
    training = sn.train(
        graph, corpus.docs, corpus.labels, times=TIMES, eta=eta, width=width, seeds=3
    )
    found: np.ndarray = (training.documents(corpus.docs)[:, :, 0] * corpus.labels).mean(axis=1)
    return found


def unseen(graph: sn.Graph, corpus: Corpus, adjectives: Sequence[str]) -> tuple[float, float]:
    """The smallest y s(x) of sentences learnt to the end, and the mean of those left out.

    Left out are the negations of ``adjectives``.  The end of the flow with squared loss is
    regression with the kernel.
    """
    y, theta = np.array(corpus.labels), kernel(graph, corpus)
    out = np.array(["not" in doc and doc[-1] in adjectives for doc in corpus.docs])
    shares = np.linalg.lstsq(theta[np.ix_(~out, ~out)], y[~out], rcond=1e-10)[0]
    scores = y * (theta[:, ~out] @ shares)
    return float(scores[~out].min()), float(scores[out].mean())


Kernels = Mapping[str, Mapping[str, np.ndarray]]
"""By the names of models, and of corpora."""


def report_shares(corpora: Mapping[str, Corpus], kernels: Kernels) -> None:
    """Print the raw slope of the margins and the share, model by model and corpus by corpus."""
    print("y'Theta y / n, and y'Theta y / tr Theta:")
    print(f"{'':22}" + "".join(f"{name:>20}" for name in corpora))
    for name, thetas in kernels.items():
        cells = ""
        for title, corpus in corpora.items():
            theta, y = thetas[title], np.array(corpus.labels)
            cells += f"{abs(y @ theta @ y) / len(y):11.3f} {abs(share(theta, y)):8.4f}"
        print(f"{name:22}{cells}")


def report_readouts() -> None:
    """Print the margins of two signs when the last state or the mean is read out."""
    print("two signs, by what is read out: slope, share")
    recurrent = {
        pool: zoo.lrnn(kind="multiplicative", pool=pool) for pool in ("sum", "mean", "last")
    }
    wide = {pool: zoo.cnn(pool=pool) for pool in ("sum", "mean")}
    block = {pool: zoo.transformer(pool=pool) for pool in ("sum", "mean")}
    for name, graphs in (
        ("MV", {"sum": zoo.mv(), "mean": zoo.mv(pool="mean")}),
        ("multiplicative RNN", recurrent),
        ("ReLU CNN, window 3", wide),
        ("transformer", block),
    ):
        cells = []
        for pool, graph in graphs.items():
            table = sn.features(graph, order=2, length=2)
            pair, whole = (
                sum(row.value for row in table if row.order >= order) for order in (2, 0)
            )
            cells.append(f"{pool} {pair:.4f}, {pair / whole:.4f}")
        print(f"{name:22}{'   '.join(cells)}")


def report_unseen(models: Mapping[str, sn.Graph]) -> None:
    """Print what networks say of negations that were left out."""
    corpus, left_out = synthetic.negation(adjectives=4), ("great", "dull")
    print(f"'not {left_out[0]}' and 'not {left_out[1]}' left out: y s(x) learnt, and left out")
    for name, graph in models.items():
        learnt, guessed = unseen(graph, corpus, left_out)
        print(f"{name:22}{round(learnt, 3) + 0:8.3f}{round(guessed, 3) + 0:8.3f}")


def report_text(corpus: Corpus, time: float = 1000.0) -> None:
    """Print the scores of negations of a text whose labels contradict the tokens'."""
    models = {"bow": zoo.bow(), "cnn, window 2": zoo.cnn(window=2), "mv": zoo.mv()}
    pairs = contradictions(corpus)
    print(f"scores at t = {time:g}, and the part of the pair itself")
    print(f"{'':16}labels" + "".join(f"{name:>18}" for name in models))
    columns = []
    for graph in models.values():
        flow = sn.flow(graph, corpus.docs, corpus.labels, times=[time], eta=1 / len(corpus.docs))
        docs = [list(pair) for pair in pairs]
        scores, parts = flow.documents(docs)[0, :, 0], flow.document_terms(docs)
        own = parts["bigram"][0, :, 0] if "bigram" in parts else np.zeros(len(docs))
        columns.append((scores, own))
    for row, (pair, (upper, lower)) in enumerate(pairs.items()):
        cells = "".join(f"{scores[row]:10.2f} ({own[row]:5.2f})" for scores, own in columns)
        print(f"{' '.join(pair):15}{upper:3} +{lower:2} -{cells}")


def contradictions(corpus: Corpus, most: int = 8) -> dict[tuple[str, str], tuple[int, int]]:
    """Negations (word, next word) whose labels are those that the next word has not.

    The counts with the upper and the lower label, for the pairs that occur three times and more
    with the largest contradiction, (pair+ - pair-) (word- - word+) / (word+ + word-).
    """
    sides = sorted(set(corpus.labels), reverse=True)
    words, pairs = ({side: Counter() for side in sides} for _ in range(2))
    for doc, label in zip(corpus.docs, corpus.labels, strict=True):
        words[label].update(doc)
        pairs[label].update(pair for pair in pairwise(doc) if pair[0] in NEGATIONS)
    upper, lower = sides
    found = {}
    for pair in sorted({*pairs[upper], *pairs[lower]}):
        with_pair = pairs[upper][pair], pairs[lower][pair]
        if sum(with_pair) < 3:
            continue
        up, down = words[upper][pair[1]], words[lower][pair[1]]
        found[pair] = (with_pair[0] - with_pair[1]) * (down - up) / (up + down), with_pair
    chosen = sorted(found, key=lambda pair: (-found[pair][0], pair))[:most]
    return {pair: found[pair][1] for pair in chosen}


def draw(path: Path, corpora: Mapping[str, Corpus], kernels: Kernels, width: int) -> None:
    """Margins over time: lines by theory, dots of trained networks on the first corpus."""
    figure = canvas.page(8.0, 3.0)
    times = np.geomspace(0.3, 300, 60)
    first = next(iter(corpora))
    for axes, (title, corpus) in zip(
        figure.subplots(1, len(corpora), sharey=True), corpora.items(), strict=True
    ):
        for number, name in enumerate(name for name in DRAWN if name in kernels):
            theta, pen = kernels[name][title], canvas.pen(number)
            line = margins(share(theta, corpus.labels), times)
            axes.plot(times, line, color=pen.colour, linestyle=pen.dashes, label=name)
            if title == first:
                dots = trained(MODELS[name], corpus, theta, width)
                axes.plot(TIMES, dots, pen.marker, color=pen.colour, markersize=4)
        axes.axhline(0, color="0.3", linewidth=1, label="the others: 0")
        axes.set_xscale("log")
        axes.set_xlabel(r"time $\eta\,\Theta(x, x)\,t$")
        canvas.plain(axes, title)
    figure.axes[0].set_ylabel(r"margin $y\,s(x)$")
    canvas.legend(figure)
    canvas.save(figure, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate the corpora, print and draw the margins; read a text, if there is one."""
    chosen = read_options(arguments, __doc__, "networks with explicit features alone")
    models = EXPLICIT if chosen.small else MODELS
    corpora = {
        "two signs": synthetic.two_signs(),
        "not good": synthetic.negation(),
        "not very good": synthetic.negation(gap=1),
    }
    kernels = {
        name: {title: kernel(graph, corpus) for title, corpus in corpora.items()}
        for name, graph in models.items()
    }
    report_shares(corpora, kernels)
    report_readouts()
    report_unseen(models)
    draw(chosen.folder / "n_grams.svg", corpora, kernels, 64 if chosen.small else 256)
    if chosen.data:
        report_text(read_corpus(chosen.data))


if __name__ == "__main__":
    main()
