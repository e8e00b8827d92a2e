"""The figure of label scores over time: groups of tokens, theory beside training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Token
from symntk.dynamics.losses import Label
from symntk.dynamics.plots import canvas
from symntk.dynamics.trajectories import Trajectories
from symntk.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

FAINT = 5
"""How many tokens of a group are drawn one by one."""

DOTS = 15
"""How many moments of a training are drawn."""


def trajectories(
    path: str | Path,
    columns: Mapping[str, Trajectories],
    groups: Mapping[str, Sequence[Token]],
    trained: Mapping[str, Trajectories] | None = None,
    name: Label | None = None,
) -> None:
    """Write the figure of label scores over time, a panel for each of ``columns``.

    groups: tokens by what they have in common: their mean is a strong line, a few of them faint.
    trained: by the name of a column; the means of the groups are drawn as dots.
    name: the class whose score is drawn; the last without it.

    Raises UsageError for a path that ends in none of .png, .svg, .pdf, for groups without tokens
    or with tokens that are not followed, MissingExtra where matplotlib is not installed.
    """
    found = canvas.check_name(path)
    if not columns or not groups or not all(groups.values()):
        raise UsageError("there is nothing to draw: needed are columns and groups of tokens")
    figure = canvas.page(0.9 + 3.3 * len(columns), 3.6)
    draw(figure, columns, groups, trained or {}, name)
    canvas.save(figure, found)


def draw(
    figure: Figure,
    columns: Mapping[str, Trajectories],
    groups: Mapping[str, Sequence[Token]],
    trained: Mapping[str, Trajectories],
    name: Label | None = None,
) -> None:
    """Draw the panels on an empty figure."""
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    means: list[Line2D] = []
    dots: list[Line2D] = []
    for axes, (title, theory) in zip(panels, columns.items(), strict=True):
        canvas.plain(axes, title)
        for number, (label, tokens) in enumerate(groups.items()):
            pen = canvas.pen(number)
            means.append(_draw_group(axes, theory, tokens, pen, theory.score_of(name)))
            means[-1].set_label(label)
            if title in trained:
                score = trained[title].score_of(name)
                dots.append(_draw_dots(axes, trained[title], tokens, pen, score))
        canvas.time_axis(axes, theory.times)
    if dots:
        dots[-1].set_label("trained network")
    canvas.score_axis(panels, means)
    first = next(iter(columns.values()))
    panels[0].set_ylabel(f"label score $s$ ({canvas.unit(first)})")
    canvas.legend(figure)


def _draw_group(
    axes: Axes, theory: Trajectories, tokens: Sequence[Token], pen: canvas.Pen, score: int
) -> Line2D:
    """A few tokens of a group, evenly from its list, and on top the mean of all."""
    chosen = theory.places(tokens)
    scores = theory.label_scores[:, chosen, score]
    if len(chosen) > 1:
        some = scores[:, :: -(-len(chosen) // FAINT)]
        axes.plot(theory.times, some, color=pen.colour, alpha=0.25, linewidth=0.5)
    mean = scores.mean(axis=1)
    (line,) = axes.plot(theory.times, mean, color=pen.colour, linestyle=pen.dashes, linewidth=2.0)
    return line


def _draw_dots(
    axes: Axes, training: Trajectories, tokens: Sequence[Token], pen: canvas.Pen, score: int
) -> Line2D:
    mean = training.label_scores[:, training.places(tokens), score].mean(axis=1)
    step = -(-len(training.times) // DOTS)
    (dots,) = axes.plot(
        training.times[::step],
        mean[::step],
        linestyle="none",
        marker=pen.marker,
        markersize=3.5,
        color=pen.colour,
        markeredgecolor="white",
        markeredgewidth=0.4,
    )
    return dots
