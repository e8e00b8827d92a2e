"""Predicted and trained label scores: how they agree, the better the wider the network.

    python examples/experiments/widths.py -o FOLDER

trains token perceptrons of widths up to 4096 on a generated corpus by full-batch gradient descent,
prints how far their label scores are from the predicted ones, by width, and draws it, and the label
scores over time.  It takes a few minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from script_options import read_options

import symntk as sn
from symntk.dynamics import Corpus, Flow, plots, synthetic
from symntk.dynamics.plots import canvas
from symntk.dynamics.polarity import polarity
from symntk.finite import Agreement, Training

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACTIVATIONS = ("relu", "tanh")
NETWORKS = {64: 32, 256: 16, 1024: 8, 4096: 2}
"""How many networks of each width."""

TIMES = (0, *np.geomspace(0.05, 20, 27).tolist())


def generated(small: bool) -> Corpus:
    """Texts of tokens that lean to one label, to the other, or to none; those of one are longer."""
    return synthetic.polarity(16 if small else 40, 2 if small else 5, 0.8, lengths=(4, 9), extra=2)


def predict(corpus: Corpus, act: str) -> Flow:
    """The flow of the mean of the losses."""
    model, eta = sn.zoo.bow(act=act), 1 / len(corpus.docs)
    return sn.flow(model, corpus.docs, corpus.labels, times=TIMES, eta=eta, tolerance=1e-7)


def train(corpus: Corpus, flow: Flow, act: str, width: int, networks: int) -> Training:
    """The same by gradient descent, with steps of a fifth of the shortest time scale."""
    return sn.train(
        sn.zoo.bow(act=act), corpus.docs, corpus.labels, times=TIMES, eta=1 / len(corpus.docs),
        width=width, seeds=networks, rng=width, step=0.2 / flow.descent.rate,
    )  # fmt: skip


def slope(found: Mapping[int, Agreement]) -> float:
    """The exponent of the width in the deviation."""
    deviations = [agreement.deviation for agreement in found.values()]
    return float(np.polyfit(np.log(list(found)), np.log(deviations), 1)[0])


def report(act: str, trained: Mapping[int, Training], flow: Flow) -> dict[int, Agreement]:
    """Print the agreement by width, and the lowest correlation over tokens at any one time."""
    found = {width: training.compare(flow) for width, training in trained.items()}
    print(f"{act}: width, networks, correlation, rank correlation, deviation, lowest correlation")
    for width, agreement in found.items():
        lowest = min(trained[width].compare(flow, time=t).correlation for t in TIMES[1:])
        print(
            f"{width:6}{len(agreement.deviations):4}{agreement.correlation:9.4f}"
            f"{agreement.rank_correlation:9.4f}{agreement.deviation:9.2%}{lowest:9.4f}"
        )
    print(f"the deviation falls like width^{slope(found):.2f}")
    return found


def draw(path: Path, found: Mapping[str, Mapping[int, Agreement]]) -> None:
    """Write the figure: deviations, and what rank correlations lack of 1, against the width."""
    figure = canvas.page(7.5, 3.4)
    left, right = figure.subplots(1, 2)
    for number, (act, by_width) in enumerate(found.items()):
        deviations = {n: one.deviations for n, one in by_width.items()}
        lacks = {n: 1 - one.rank_correlations for n, one in by_width.items()}
        middle = [one.deviation for one in by_width.values()]
        draw_line(left, deviations, middle, canvas.pen(number), act)
        draw_line(right, lacks, [lack.mean() for lack in lacks.values()], canvas.pen(number), act)
    draw_guide(left, 0.1, -0.5, "$n^{-1/2}$")
    draw_guide(right, 0.0035, -1, "$n^{-1}$")
    left.set_ylabel("relative deviation")
    right.set_ylabel("1 - rank correlation")
    left.legend(frameon=False, fontsize=8)
    canvas.save(figure, path)


def draw_line(
    axes: Axes,
    networks: Mapping[int, np.ndarray],
    middle: Sequence[float],
    pen: canvas.Pen,
    act: str,
) -> None:
    """A dot for each network, and a line through the middle of each width."""
    canvas.plain(axes)
    for width, values in networks.items():
        axes.plot([width] * len(values), values, ".", color=pen.colour, alpha=0.3)
    style = {"color": pen.colour, "linestyle": pen.dashes, "marker": pen.marker}
    axes.plot([*networks], middle, label=act, **style)
    axes.set(xscale="log", yscale="log", xlabel="width $n$")
    axes.set_xticks([*networks], map(str, networks))
    axes.set_xticks([], minor=True)


def draw_guide(axes: Axes, start: float, power: float, name: str) -> None:
    """A power of the width, to compare slopes with."""
    widths = axes.get_xticks()
    values = start * (widths / widths[0]) ** power
    axes.plot(widths, values, color="0.6", linewidth=0.8)
    axes.annotate(name, (widths[-2], values[-2]), color="0.4", va="top", ha="right")


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate the corpus, predict, train, print and draw."""
    chosen = read_options(arguments, __doc__, "small networks and a small corpus", data=False)
    corpus = generated(chosen.small)
    networks = {16: 4, 64: 2} if chosen.small else NETWORKS

    flows = {act: predict(corpus, act) for act in ACTIVATIONS}
    found, widest = {}, {}
    for act, flow in flows.items():
        trained = {n: train(corpus, flow, act, n, count) for n, count in networks.items()}
        found[act] = report(act, trained, flow)
        widest[act] = trained[max(networks)]
    draw(chosen.folder / "widths.svg", found)
    groups = polarity(flows["relu"])
    plots.trajectories(chosen.folder / "widths_trajectories.svg", flows, groups, widest)


if __name__ == "__main__":
    main()
