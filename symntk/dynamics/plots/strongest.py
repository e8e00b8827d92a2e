"""The figure of the tokens and bigrams with the largest scores of each class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Document, Documents, read_documents
from symntk.dynamics.losses import Label
from symntk.dynamics.pairs import known_pairs, neighbours, pair_scores
from symntk.dynamics.plots import canvas
from symntk.dynamics.trajectory import Flow
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Bars = list[tuple[str, float]]
"""What is written beside a bar, and its length."""


def top(path: str | Path, flow: Flow, k: int = 10, docs: Iterable[Document] | None = None) -> None:
    """Write bar charts of the tokens and bigrams with the largest scores at the end.

    Of two classes a panel has the ``k`` highest and the ``k`` lowest scores, of several each class
    has a panel with its ``k`` highest.  Tokens have their label scores.  Bigrams have what they
    contribute beyond their tokens, if the network has n-grams among its features, and if not the
    scores of the documents of two tokens.

    docs: in which the bigrams stand; without them those that the network has as features, if any.

    Raises UsageError for a path that ends in none of .png, .svg, .pdf, MissingExtra where
    matplotlib is not installed.
    """
    found = canvas.check_name(path)
    if k < 1:
        raise UsageError(f"needed are one or more bars, not {k}")
    panels = strongest(flow, k, docs)
    rows = max(len(bars) for row in panels for _, bars in row)
    figure = canvas.page(3.4 * len(panels[0]), len(panels) * (0.9 + 0.19 * rows))
    draw(figure, panels, [canvas.unit(flow) + _of(name) for name in flow.names])
    canvas.save(figure, found)


def strongest(
    flow: Flow, k: int, docs: Iterable[Document] | None = None
) -> list[list[tuple[str, Bars]]]:
    """The panels, a row for each score, each with its title and its bars, the highest first."""
    scores = flow.label_scores[-1]
    pairs, values, what = _bigrams(flow, docs)
    rows = []
    for number in range(len(flow.names)):
        both = len(flow.names) == 1
        tokens = _extreme(scores[:, number], k, both)
        row = [("tokens: label score", [(str(flow.tokens[n]), length) for n, length in tokens])]
        if len(pairs):
            chosen = _extreme(values[:, number], k, both)
            bars = [(" ".join(map(str, pairs[n])), length) for n, length in chosen]
            row.append((f"bigrams: {what}", bars))
        rows.append(row)
    return rows


def draw(
    figure: Figure, panels: Sequence[Sequence[tuple[str, Bars]]], units: Sequence[str]
) -> None:
    """Draw the panels on an empty figure; ``units`` name the axes of each row."""
    grid = figure.subplots(len(panels), len(panels[0]), squeeze=False)
    for row, charts, unit in zip(grid, panels, units, strict=True):
        for axes, (title, bars) in zip(row, charts, strict=True):
            canvas.plain(axes, title)
            _draw_bars(axes, bars)
            axes.set_xlabel(canvas.shown(unit), parse_math=False)


def _draw_bars(axes: Axes, bars: Bars) -> None:
    lengths = [length for _, length in bars]
    colours = [canvas.pen(0 if length >= 0 else 1).colour for length in lengths]
    axes.barh(range(len(bars)), lengths, color=colours, height=0.7)
    axes.set_yticks(range(len(bars)), [canvas.shown(label) for label, _ in bars], fontsize=8)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.invert_yaxis()
    axes.axvline(0, color="0.3", linewidth=0.6)
    axes.tick_params(axis="y", length=0)


def _of(name: Label) -> str:
    return "" if name == "" else f" of {name}"


def _bigrams(flow: Flow, docs: Iterable[Document] | None) -> tuple[Documents, Array, str]:
    """Pairs of neighbours, their scores (pairs, scores), and what these are."""
    pairs = known_pairs(flow)
    if docs is not None:
        pairs = neighbours(read_documents(docs))
    scores, what = pair_scores(flow, pairs)
    return pairs, scores, what


def _extreme(values: Array, k: int, both: bool) -> list[tuple[int, float]]:
    """The ``k`` highest values, and with ``both`` the ``k`` lowest, the highest first, by place."""
    import numpy as np

    order = np.argsort(-values, kind="stable")
    if len(order) > (2 * k if both else k):
        order = np.concatenate([order[:k], order[-k:]]) if both else order[:k]
    return [(n, float(values[n])) for n in order.tolist()]
