"""Language modelling as classification: what a network learns first about the next token.

    python examples/experiments/language.py [--data train.csv] -o FOLDER

follows the token perceptron on the next tokens of a text from a law of bigrams, beside networks of
finite width, prints and draws how far its predictions are from the frequencies of tokens, from
those of bigrams, and from the law; compares models of three tokens of context; and, with --data, a
text with the columns text and label, does the same for the frequent tokens of that text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from scipy.special import log_softmax, softmax, xlogy
from script_options import read_options

import symntk as sn
from symntk.dynamics import Corpus, Flow, next_tokens, read_corpus
from symntk.dynamics.plots import canvas
from symntk.dynamics.synthetic import BigramLaw, bigram_law
from symntk.dynamics.trajectories import Trajectories
from symntk.finite.training import Training

TIMES = np.geomspace(0.3, 1e5, 56)
TRAINED = (1.0, 3.0, 10.0, 30.0, 100.0)


class Distances(NamedTuple):
    """How far predictions are from tables of chances, by Kullback and Leibler, over time.

    Means over the tokens before, of sum_v p log(p / q): q what the network predicts, p the
    frequencies of next tokens whatever is before them, those after the token before, or the law's.
    """

    tokens: np.ndarray
    bigrams: np.ndarray
    law: np.ndarray | None


def distances(found: Trajectories, law: BigramLaw | None) -> Distances:
    """The distances of the predictions after one token."""
    follows = found.counts.astype(float)
    before = follows.sum(axis=1) / follows.sum()
    logs = log_softmax(found.label_scores, axis=2)

    def distance(chances: np.ndarray) -> np.ndarray:
        inside = xlogy(chances, chances) - chances * logs
        return np.asarray((before[:, None] * inside).sum(axis=(1, 2)))

    own = None
    if law is not None:
        place = {token: number for number, token in enumerate(law.tokens)}
        rows, columns = ([place[token] for token in some] for some in (found.tokens, found.names))
        own = distance(law.transitions[np.ix_(rows, columns)])
    after = follows / follows.sum(axis=1, keepdims=True)
    return Distances(distance(follows.sum(axis=0) / follows.sum()), distance(after), own)


def follow(corpus: Corpus, act: str, times: Sequence[float] | np.ndarray = TIMES) -> Flow:
    """The flow of the mean of the cross-entropies."""
    model = sn.zoo.bow(act=act)
    eta = 1 / len(corpus.docs)
    return sn.flow(model, corpus.docs, corpus.labels, "softmax", times, eta)


def trained(corpus: Corpus, width: int) -> Training:
    """A network of finite width, the mean of the cross-entropies descended, at `TRAINED`."""
    eta = 1 / len(corpus.docs)
    return sn.train(sn.zoo.bow(), corpus.docs, corpus.labels, "softmax", TRAINED, eta, width=width)


def report(found: Flow, near: Distances) -> None:
    """Print the distances and the share of the bias term over time."""
    sizes = {name: np.linalg.norm(part, axis=(1, 2)) for name, part in found.terms.items()}
    share = sizes.get("bias", np.zeros(len(found.times))) / sum(sizes.values())
    columns = {"tokens": near.tokens, "bigrams": near.bigrams, "bias": share}
    if near.law is not None:
        columns["law"] = near.law
    print(f"{'t':>10}" + "".join(f"{name:>9}" for name in columns))
    for place in range(0, len(found.times), 6):
        cells = "".join(f"{column[place]:9.4f}" for column in columns.values())
        print(f"{found.times[place]:10.3g}{cells}")
    for name, column in columns.items():
        if name != "bias":
            low = int(column.argmin())
            print(f"closest to the {name} at t = {found.times[low]:.3g}: {column[low]:.4f}")


def report_contexts(law: BigramLaw, documents: int, length: int) -> None:
    """Print cross-entropies on new text of models that see three tokens, at their best."""
    models = {
        "token perceptron": sn.zoo.bow(),
        "linear CNN": sn.zoo.cnn(act="linear", padding="valid"),
        "ReLU CNN": sn.zoo.cnn(padding="valid"),
    }
    train, test = (whole(law.text(documents, length, rng=seed), 3) for seed in (1, 2))
    rate = -np.sum(stationary(law)[:, None] * xlogy(law.transitions, law.transitions))
    print(
        f"three tokens of context: {len(train.docs)} next tokens; the law's entropy is {rate:.4f}"
    )
    for name, model in models.items():
        eta = 1 / len(train.docs)
        found = sn.flow(model, train.docs, train.labels, "softmax", TIMES, eta)
        losses = [cross_entropy(found, corpus) for corpus in (train, test)]
        best = int(losses[1].argmin())
        print(
            f"{name:17} on new text {losses[1][best]:.4f} at t = {TIMES[best]:.3g}; at the end "
            f"{losses[1][-1]:.4f}, and {losses[0][-1]:.4f} on its own"
        )


def whole(docs: Sequence[Sequence[str]], context: int) -> Corpus:
    """The next tokens of contexts that are not cut short by the beginning of a text."""
    every = next_tokens(docs, context)
    kept = [place for place, doc in enumerate(every.docs) if len(doc) == context]
    return Corpus([every.docs[n] for n in kept], [every.labels[n] for n in kept])


def stationary(law: BigramLaw) -> np.ndarray:
    """The chances of a token far from the beginning."""
    chances: np.ndarray = np.linalg.matrix_power(law.transitions, 1000)[0]
    return chances


def cross_entropy(found: Flow, corpus: Corpus) -> np.ndarray:
    """The mean of -log q(next token), (times,)."""
    number = {name: place for place, name in enumerate(found.names)}
    columns = [number[label] for label in corpus.labels]
    logs = log_softmax(found.documents(corpus.docs), axis=2)
    means: np.ndarray = -logs[:, np.arange(len(columns)), columns].mean(axis=1)
    return means


def report_words(found: Flow, words: Sequence[str], times: Sequence[float]) -> None:
    """Print what is thought most likely after words, over time."""
    for word in filter(found.tokens.__contains__, words):
        for time in times:
            place = int(np.abs(np.log(found.times / time)).argmin())
            chances = softmax(found.label_scores[place, found.tokens.index(word)])
            top = np.argsort(-chances)[:5]
            likely = "  ".join(f"{found.names[n]} {chances[n]:.3f}" for n in top)
            print(f"{word:8}{found.times[place]:9.3g}  {likely}")


def draw(
    axes: Axes, title: str, times: np.ndarray, near: Distances, dots: Distances | None
) -> None:
    """The distances: lines by theory, dots of trained networks."""
    for number, name in enumerate(Distances._fields):
        line, pen = getattr(near, name), canvas.pen(number)
        if line is None:
            continue
        axes.plot(times, line, color=pen.colour, linestyle=pen.dashes, label=f"from the {name}")
        if dots is not None:
            axes.plot(TRAINED, getattr(dots, name), pen.marker, color=pen.colour, markersize=4)
    axes.set_xscale("log")
    axes.set_xlabel("time $t$")
    axes.set_ylim(bottom=0)
    canvas.plain(axes, title)


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate or read texts, follow the flows, print and draw."""
    chosen = read_options(arguments, __doc__, "short texts and narrow networks")
    words, documents, length, width = (6, 40, 8, 32) if chosen.small else (20, 200, 20, 512)
    law = bigram_law(words, concentration=4, rng=0)
    corpus = next_tokens(law.text(documents, length, rng=1))
    panels: list[tuple[str, Flow, Distances, Distances | None]] = []
    for act in ("relu", "tanh"):
        found = follow(corpus, act)
        near = distances(found, law)
        print(f"generated text, {act}: {len(corpus.docs)} next tokens of {words}")
        report(found, near)
        panels.append((f"generated, {act}", found, near, None))
    dots = trained(corpus, width)
    print(f"width {width}: {dots.compare(follow(corpus, 'relu', TRAINED))}")
    panels[0] = (*panels[0][:3], distances(dots, law))
    report_contexts(law, documents, length)
    if chosen.data:
        text = next_tokens(read_corpus(chosen.data, lower=True, minimum=20).docs)
        found = follow(text, "relu")
        near = distances(found, None)
        print(f"{chosen.data.name}: {len(text.docs)} next tokens of {len(found.names)}")
        report(found, near)
        report_words(found, ("of", "not", "too", "running"), (100, 1e3, 1e4, 1e5))
        panels.append((f"{chosen.data.name}, relu", found, near, None))
    figure = canvas.page(2.8 * len(panels), 3.0)
    for axes, (title, found, near, dots) in zip(
        figure.subplots(1, len(panels)), panels, strict=True
    ):
        draw(axes, title, found.times, near, dots)
    figure.axes[0].set_ylabel("mean distance of predictions, nats")
    canvas.legend(figure)
    canvas.save(figure, chosen.folder / "language.svg")


if __name__ == "__main__":
    main()
