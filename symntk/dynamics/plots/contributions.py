"""The figure of what label scores are made of: each term over time, and the share of the bias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Token
from symntk.decomposition.flow.terms import BIAS, CO_OCCURRENCE
from symntk.dynamics.losses import Label
from symntk.dynamics.plots import canvas
from symntk.dynamics.trajectory import Flow
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def terms(
    path: str | Path,
    columns: Mapping[str, Flow],
    tokens: Sequence[Token],
    name: Label | None = None,
) -> None:
    """Write the figure of the terms of the label scores over time.

    Above, a panel for each of ``columns``: the mean over ``tokens`` of what each term has
    contributed to their label scores, as far as it is not 0, and of the scores.  Below, the bias
    term of all columns relative to the rest, `bias_share`.

    name: the class whose score is drawn; the last without it.

    Raises UsageError for a path that ends in none of .png, .svg, .pdf, and for tokens that are not
    followed, MissingExtra where matplotlib is not installed.
    """
    found = canvas.check_name(path)
    if not columns or not tokens:
        raise UsageError("there is nothing to draw: needed are flows and tokens")
    figure = canvas.page(0.9 + 3.3 * len(columns), 5.6)
    draw(figure, columns, tokens, name)
    canvas.save(figure, found)


def bias_share(
    flow: Flow, tokens: Sequence[Token], name: Label | None = None, slopes: bool = False
) -> Array:
    """The bias term of the label scores relative to all other terms, (times,).

        mean_e s_e^bias / mean_e |s_e - s_e^bias|

    over ``tokens`` e: beyond 1 and -1 the bias outweighs what tells tokens apart.  With ``slopes``
    the same of ds/dt, what moves the scores at each moment and not what has gathered.  0 without a
    bias term; NaN where nothing else has moved, such as at time 0.
    """
    import numpy as np

    number, chosen = flow.score_of(name), flow.places(tokens)
    terms = flow.slopes if slopes else flow.terms
    if BIAS.name not in terms:
        return np.zeros(len(flow.times))
    whole = np.sum([values[:, chosen, number] for values in terms.values()], axis=0)
    own = terms[BIAS.name][:, chosen, number]
    bias, rest = own.mean(axis=1), np.abs(whole - own).mean(axis=1)
    share: Array = np.divide(bias, rest, out=np.full(len(bias), np.nan), where=rest > 0)
    return share


def draw(
    figure: Figure, columns: Mapping[str, Flow], tokens: Sequence[Token], name: Label | None = None
) -> None:
    """Draw the panels on an empty figure."""
    grid = figure.add_gridspec(2, len(columns), height_ratios=[3, 2])
    found = [term for flow in columns.values() for term in flow.terms]
    names = dict.fromkeys([CO_OCCURRENCE.name, BIAS.name, *found])
    pens = {term: canvas.pen(number) for number, term in enumerate(names)}
    panels: list[Axes] = []
    lines: list[Line2D] = []
    for column, (title, flow) in enumerate(columns.items()):
        axes = figure.add_subplot(grid[0, column], sharey=panels[0] if panels else None)
        canvas.plain(axes, title)
        axes.tick_params(labelleft=not panels)
        lines += _draw_terms(axes, flow, flow.places(tokens), pens, flow.score_of(name))
        canvas.time_axis(axes, flow.times)
        panels.append(axes)
    first = next(iter(columns.values()))
    canvas.score_axis(panels, lines)
    panels[0].set_ylabel(f"mean contribution to $s$ ({canvas.unit(first)})")
    canvas.legend(figure)
    shares = figure.add_subplot(grid[1, :])
    canvas.plain(shares)
    for number, (title, flow) in enumerate(columns.items()):
        colour, dashes, _ = canvas.pen(number)
        share = bias_share(flow, tokens, name)
        shares.plot(flow.times, share, color=colour, linestyle=dashes, label=title)
    canvas.score_axis([shares], shares.lines)
    shares.set_ylabel("bias term / other terms")
    canvas.legend_inside(shares)
    canvas.time_axis(shares, first.times)


def _draw_terms(
    axes: Axes, flow: Flow, chosen: Sequence[int], pens: Mapping[str, canvas.Pen], number: int
) -> Iterator[Line2D]:
    """The mean over the chosen tokens of each term that is not 0, and of their scores."""
    for term, values in flow.terms.items():
        colour, dashes, _ = pens[term]
        mean = values[:, chosen, number].mean(axis=1)
        if not mean.any():
            continue
        yield from axes.plot(
            flow.times, mean, color=colour, linestyle=dashes, linewidth=1.8, label=term
        )
    whole = flow.label_scores[:, chosen, number].mean(axis=1)
    yield from axes.plot(flow.times, whole, color="black", linewidth=0.8, label="label score")
