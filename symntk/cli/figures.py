"""The options that say which pictures of a flow are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symntk.cli.groups import as_one
from symntk.cli.output import OUTPUT, check_writable
from symntk.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from symntk.dynamics import Flow
    from symntk.dynamics.trajectories import Trajectories

SENTENCES = 20
"""Documents on a heat map if no sentences are given."""


@dataclass(frozen=True)
class FigureChoice:
    """What the command line says about pictures."""

    plot: Path | None
    plot_terms: Path | None
    plot_top: Path | None
    heat_map: Path | None
    sentence: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """All that is written."""
        return [*self._pictures, *filter(None, [self.heat_map])]

    @property
    def _pictures(self) -> list[Path]:
        return [path for path in (self.plot, self.plot_terms, self.plot_top) if path]

    def check(self) -> None:
        """Refuse early what could not be written."""
        from symntk.dynamics.plots import FORMATS

        pictures = self._pictures
        for path in pictures:
            check_writable(path, *FORMATS)
        if self.heat_map is not None:
            check_writable(self.heat_map, ".html")
        elif self.sentence:
            raise UsageError("--sentence is for --heat-map FILE, which is not given")
        if pictures:
            try:
                import matplotlib.figure  # noqa: F401
            except ImportError:
                raise MissingExtra("matplotlib", "plot", f"drawing {pictures[0]}") from None

    def draw(
        self,
        flows: Mapping[str, Flow],
        trained: Mapping[str, Trajectories],
        docs: Sequence[Sequence[str]],
        sentences: Sequence[Sequence[str]],
        top: int,
    ) -> Iterator[Path]:
        """Write the pictures; the files.

        docs: the documents of the flows.
        sentences: of a heat map.
        top: how many tokens and bigrams of each class to draw.
        """
        from symntk.dynamics import plots
        from symntk.dynamics.polarity import usual_groups

        first = next(iter(flows.values()))
        groups = usual_groups(first)
        if self.plot is not None:
            plots.trajectories(self.plot, flows, groups, trained)
            yield self.plot
        if self.plot_terms is not None:
            plots.terms(self.plot_terms, flows, first.tokens)
            yield self.plot_terms
        if self.plot_top is not None:
            plots.top(self.plot_top, first, top, docs)
            yield self.plot_top
        if self.heat_map is not None:
            first.heat_map(self.heat_map, sentences or docs[:SENTENCES])
            yield self.heat_map


figure_options = as_one(
    FigureChoice,
    "figures",
    [
        click.option(
            "--plot",
            metavar="FILE",
            type=OUTPUT,
            help="Draw the label scores of positive, negative and neutral tokens over time.",
        ),
        click.option(
            "--plot-terms",
            metavar="FILE",
            type=OUTPUT,
            help="Draw what the scores are made of over time.",
        ),
        click.option(
            "--plot-top",
            metavar="FILE",
            type=OUTPUT,
            help="Draw the tokens and bigrams with the largest scores.",
        ),
        click.option(
            "--heat-map",
            metavar="FILE",
            type=OUTPUT,
            help="Colour the tokens of sentences by their scores, on an HTML page.",
        ),
        click.option(
            "--sentence",
            metavar="TEXT",
            multiple=True,
            help="A sentence for --heat-map, in place of the first documents; may be repeated.",
        ),
    ],
)
"""Give a command the options of pictures, as a `FigureChoice` named ``figures``."""
