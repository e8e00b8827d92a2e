"""Label scores follow the co-occurrence of tokens and labels.

    python examples/experiments/co_occurrence.py --data train.csv -o FOLDER

follows the token perceptron on a text with the columns text and label, prints how its label scores
rank the tokens, beside how often these stand in documents of each class, and draws it.  Without
--data the corpus is generated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from script_options import read_options

import symntk as sn
from symntk.dynamics import Corpus, Flow, read_corpus, synthetic
from symntk.dynamics.plots import canvas
from symntk.dynamics.polarity import polarity

ACTIVATIONS = ("relu", "tanh")
MOMENTS = (0.1, 1, 10, 100, 1000, 3600)
"""Times that are printed."""


def flows(corpus: Corpus) -> dict[str, Flow]:
    """The flow of the mean of the losses, for each activation."""
    times = np.unique([*np.geomspace(0.1, 3600, 55), *MOMENTS])
    return {
        act: sn.flow(
            sn.zoo.bow(act=act), corpus.docs, corpus.labels, times=times, eta=1 / len(corpus.docs)
        )
        for act in ACTIVATIONS
    }


def leanings(flow: Flow, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the tokens that occur ``least`` times: their numbers, f+ - f-, and (f+ - f-)/(f+ + f-)."""
    frequent = np.flatnonzero(flow.counts.sum(axis=1) >= least)
    lower, upper = flow.counts[frequent].T
    return frequent, upper - lower, (upper - lower) / (upper + lower)


def ranks(flow: Flow, least: int) -> dict[str, np.ndarray]:
    """Spearman's correlation of label scores with the difference and with the rate, (times,)."""
    frequent, difference, rate = leanings(flow, least)
    scores = flow.label_scores[:, frequent, 0]
    return {
        "difference": np.array([spearmanr(now, difference).statistic for now in scores]),
        "rate": np.array([spearmanr(now, rate).statistic for now in scores]),
    }


def draw(path: Path, found: Mapping[str, Flow], least: int) -> None:
    """Initial slopes, label scores at the end, and rank correlations over time.

    The slopes of tokens of one difference are the same, and are one dot.
    """
    figure = canvas.page(10, 3.3)
    slopes, scores, agreement = figure.subplots(1, 3)
    for number, (act, flow) in enumerate(found.items()):
        colour, _, marker = canvas.pen(number)
        frequent, difference, rate = leanings(flow, least)
        start, end = flow.initial_slopes[frequent, 0], flow.label_scores[-1, frequent, 0]
        different, where = np.unique(difference, return_index=True)
        slopes.plot(different, start[where], marker, color=colour, markersize=2, label=act)
        if number == 0:
            scores.plot(rate, end, marker, color=colour, markersize=2, label=act, rasterized=True)
        for what, values in ranks(flow, least).items():
            style = "-" if what == "rate" else ":"
            agreement.plot(flow.times, values, style, color=colour, label=f"{act}, {what}")
    for axes, across, up in (
        (slopes, "$f_+ - f_-$ (occurrences)", "slope $ds/dt$ at $t = 0$"),
        (scores, "rate $(f_+ - f_-)/(f_+ + f_-)$", f"label score at $t = {flow.times[-1]:g}$"),
        (agreement, "", "rank correlation with $s$"),
    ):
        canvas.plain(axes)
        axes.set(xlabel=across, ylabel=up)
        canvas.legend_inside(axes)
    canvas.time_axis(agreement, flow.times)
    canvas.save(figure, path)


def report(corpus: Corpus, found: Mapping[str, Flow], least: int) -> None:
    """Print the rank correlations, and how many polar tokens and documents are right."""
    print("rank correlation of label scores with f+ - f- and with the rate")
    print("act            t   f+ - f-    rate   positive > 0   negative < 0   documents right")
    for act, flow in found.items():
        lists, agreement = polarity(flow, least), ranks(flow, least)
        accuracy = np.mean(flow.predict(corpus.docs) == np.array(corpus.labels), axis=1)
        for moment in MOMENTS:
            now = int(np.searchsorted(flow.times, moment))
            scores = flow.label_scores[now, :, 0]
            right = [
                np.mean(sign * scores[flow.places(lists[name])] > 0)
                for name, sign in (("positive", 1), ("negative", -1))
            ]
            print(
                f"{act:8}{moment:8g}{agreement['difference'][now]:10.3f}{agreement['rate'][now]:8.3f}"
                f"{right[0]:15.1%}{right[1]:15.1%}{accuracy[now]:18.1%}"
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read or generate the corpus, follow the flows, print and draw."""
    chosen = read_options(arguments, __doc__, "a small generated corpus")
    size, words = (60, 15) if chosen.small else (1000, 100)
    generated = synthetic.polarity(size, words, extra=1)
    corpus = read_corpus(chosen.data) if chosen.data else generated
    found = flows(corpus)
    report(corpus, found, 6)
    draw(chosen.folder / "co_occurrence.svg", found, 6)


if __name__ == "__main__":
    main()
