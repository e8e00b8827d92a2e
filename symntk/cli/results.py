"""The options that say what of a flow is shown and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symntk.cli.groups import as_one
from symntk.cli.output import OUTPUT, check_writable
from symntk.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from symntk.decomposition.documents import Document
    from symntk.dynamics import Flow
    from symntk.dynamics.trajectories import Trajectories

SENTENCES = 20
"""Documents on a heat map if no sentences are given."""


@dataclass(frozen=True)
class ResultChoice:
    """What the command line says about results."""

    top: int
    output: Path | None
    plot: Path | None
    plot_terms: Path | None
    plot_top: Path | None
    heat_map: Path | None
    sentence: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """All that is written."""
        return [path for path in (self.output, *self._pictures, self.heat_map) if path]

    @property
    def _pictures(self) -> list[Path]:
        return [path for path in (self.plot, self.plot_terms, self.plot_top) if path]

    def check(self) -> None:
        """Refuse early what could not be written."""
        from symntk.dynamics.plots import FORMATS
        from symntk.dynamics.writing import check_table

        if self.output is not None:
            check_table(self.output)
            check_writable(self.output)
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
        docs: Sequence[Document],
        sentences: Sequence[Sequence[str]],
    ) -> None:
        """Write the pictures; of several flows the last two show the first.

        docs: the documents of the flows.
        sentences: of a heat map.
        """
        from symntk.dynamics import plots
        from symntk.dynamics.polarity import usual_groups

        first = next(iter(flows.values()))
        groups = usual_groups(first)
        if self.plot is not None:
            plots.trajectories(self.plot, flows, groups, trained)
        if self.plot_terms is not None:
            leaning = groups.get("negative", next(iter(groups.values())))
            plots.terms(self.plot_terms, flows, leaning)
        if self.plot_top is not None:
            plots.top(self.plot_top, first, self.top, docs)
        if self.heat_map is not None:
            first.heat_map(self.heat_map, sentences or docs[:SENTENCES])


result_options = as_one(
    ResultChoice,
    "results",
    [
        click.option(
            "--top",
            metavar="K",
            type=click.IntRange(1),
            default=8,
            show_default=True,
            help="Name the K tokens and bigrams with the largest scores of each class.",
        ),
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            type=OUTPUT,
            help="Write the scores over time to a .csv file, or a .parquet one (needs pyarrow).",
        ),
        click.option(
            "--plot",
            metavar="FILE",
            type=OUTPUT,
            help="Draw the label scores of positive, negative and neutral tokens over time, to a "
            ".png, .svg or .pdf file (needs matplotlib).",
        ),
        click.option(
            "--plot-terms",
            metavar="FILE",
            type=OUTPUT,
            help="Draw what the scores of negative tokens are made of over time.",
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
"""Give a command the options of results, as a `ResultChoice` named ``results``."""
