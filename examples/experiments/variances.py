"""The balance of initial variances: how they set the bias against co-occurrence, and the speed.

    python examples/experiments/variances.py --data train.csv -o FOLDER

prints the coefficients mu (shared by all pairs of tokens) and rho (of a match) of the token
perceptron as formulas, and draws mu / rho against the variances; then what they do to the label
scores of a text with the columns text and label.  Without --data the corpus is generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from script_options import read_options

import symntk as sn
from symntk.dynamics import Corpus, Flow, plots, read_corpus, synthetic
from symntk.dynamics.plots import canvas
from symntk.dynamics.polarity import polarity

ACTIVATIONS = ("relu", "gelu", "silu", "tanh")
WEIGHTS = ("E", "W", "v")
SETTINGS: tuple[tuple[str, dict[str, float]], ...] = (
    ("relu", {}),
    ("relu", {"e_std": 0.1}),
    ("relu", {"b_std": 1}),
    ("gelu", {}),
    ("gelu", {"e_std": 0.1}),
    ("gelu", {"e_std": 0.03}),
    ("tanh", {}),
    ("tanh", {"b_std": 0.1}),
    ("tanh", {"b_std": 1}),
)
"""Activations and standard deviations that differ from 1, for biases from 0."""


class Pair(NamedTuple):
    """The kernel of two tokens: mu, and rho more if they are the same."""

    mu: Any
    rho: Any


def values(act: str, output: str = "ntk", **std: float) -> Pair:
    """mu and rho as numbers."""
    table = sn.features(sn.zoo.bow(act=act, **std), 1, output)
    found = {row.feature: row.value for row in table}
    return Pair(found.get("constant", 0.0), found["unigram 1"])


def as_drawn(act: str, e: float, w: float, v: float) -> Pair:
    """mu and rho of weights that are drawn with their deviation and trained as they are.

    In y = sigma / sqrt(n) W x, W ~ N(0, 1), the weight W has the part Theta_W of the kernel; if W
    has the deviation sigma itself, y = W x / sqrt(n), its part is Theta_W / sigma^2.
    """
    parts = {name: values(act, f"ntk:{name}", e_std=e, w_std=w, v_std=v) for name in WEIGHTS}
    own = dict(zip(WEIGHTS, (e, w, v), strict=True))
    mu, rho = (sum(parts[name][k] / own[name] ** 2 for name in WEIGHTS) for k in (0, 1))
    return Pair(mu, rho)


def report_formulas() -> None:
    """Print the coefficients as they are derived."""
    for act, std in (("relu", {}), ("relu", {"b_std": 1}), ("gelu", {}), ("tanh", {})):
        biases = " with biases" if std else ""
        for row in sn.features(sn.zoo.bow(act=act, **std), 1):
            name = {"constant": "mu", "unigram 1": "rho"}[row.feature]
            print(f"{act}{biases}: {name} = {row.coefficient}")


def draw(path: Path, small: bool) -> None:
    """mu / rho against the variance before the activation, of the biases, and of the readout."""
    figure = canvas.page(10, 3.4)
    hidden, biases, readout = figure.subplots(1, 3)
    variances = np.geomspace(1e-2, 1e2, 2 if small else 13)
    for number, act in enumerate(ACTIVATIONS):
        colour, dashes, _ = canvas.pen(number)
        style = {"color": colour, "linestyle": dashes, "label": act}
        inner = [values(act, e_std=float(q) ** 0.5) for q in variances]
        hidden.plot(variances, [pair.mu / pair.rho for pair in inner], **style)
        shifted = [values(act, b_std=float(q) ** 0.5) for q in variances[::2]]
        biases.loglog(variances[::2], [pair.mu / pair.rho for pair in shifted], **style)
        drawn = [as_drawn(act, 1, 1, float(q) ** 0.5) for q in variances]
        readout.plot(variances, [pair.mu / pair.rho for pair in drawn], **style)
    for axes, across, title in (
        (hidden, r"$\sigma_e^2 \sigma_w^2$", "no biases"),
        (biases, r"$\sigma_b^2$", r"with biases, $\sigma_e = \sigma_w = 1$"),
        (readout, r"$\sigma_v^2$", r"trained as drawn, $\sigma_e = \sigma_w = 1$"),
    ):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set(xscale="log", xlabel=across)
        axes.set_title(title, fontsize=9)
    hidden.set_ylabel("bias over co-occurrence, $\\mu / \\rho$")
    canvas.legend(figure)
    canvas.save(figure, path)


def follow(corpus: Corpus, act: str, std: dict[str, float], times: np.ndarray) -> Flow:
    """The flow of the mean of the losses; time is counted in units of 1 / rho."""
    eta = 1 / (values(act, **std).rho * len(corpus.docs))
    return sn.flow(sn.zoo.bow(act=act, **std), corpus.docs, corpus.labels, times=times, eta=eta)


def named(act: str, std: dict[str, float]) -> str:
    """A setting in words."""
    return ", ".join([act, *(f"{name} = {value:g}" for name, value in std.items())])


def report_corpus(found: dict[str, Flow], pairs: dict[str, Pair]) -> None:
    """Print the coefficients, and what negative tokens do with them."""
    print(f"{'':22}{'mu':>10}{'rho':>10}{'mu/rho':>8}   negative fall   all below 0 from rho t")
    for name, flow in found.items():
        tokens = flow.places(polarity(flow)["negative"])
        falling = np.mean(flow.initial_slopes[tokens, 0] < 0)
        above = np.flatnonzero((flow.label_scores[1:, tokens, 0] >= 0).any(axis=1))
        moments = [*flow.times[1:], np.inf]
        settled = moments[above[-1] + 1] if len(above) else 0.0
        mu, rho = pairs[name]
        print(f"{name:22}{mu:10.3g}{rho:10.3g}{mu / rho:8.4f}{falling:16.1%}{settled:25.3g}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the formulas, draw the ratio, and follow the flows on a corpus."""
    chosen = read_options(arguments, __doc__, "a small generated corpus")
    size, words = (60, 15) if chosen.small else (400, 100)
    generated = synthetic.polarity(size, words, lean=0.8, extra=4, lengths=(8, 24))
    corpus = read_corpus(chosen.data) if chosen.data else generated

    report_formulas()
    draw(chosen.folder / "variances.svg", chosen.small)
    times = np.array([0.0, *np.geomspace(0.01, 3600, 31)])
    found = {named(act, std): follow(corpus, act, std, times) for act, std in SETTINGS}
    report_corpus(found, {named(act, std): values(act, **std) for act, std in SETTINGS})
    shown = ("relu, e_std = 0.1", "gelu, e_std = 0.03", "tanh, b_std = 0.1", "tanh, b_std = 1")
    groups = polarity(found["relu"])
    plots.trajectories(
        chosen.folder / "variances_flow.svg", {name: found[name] for name in shown}, groups
    )


if __name__ == "__main__":
    main()
