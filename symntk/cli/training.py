"""The options that lay a trained network beside the theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from symntk.cli.groups import as_one
from symntk.cli.output import progress_bar

if TYPE_CHECKING:
    from symntk.derivation import Derivation
    from symntk.dynamics import Corpus, Flow
    from symntk.finite.training import Training


@dataclass(frozen=True)
class TrainingChoice:
    """What the command line says about trained networks."""

    width: int | None
    seeds: int
    rng: int

    def train(
        self,
        derivations: Mapping[str, Derivation],
        corpus: Corpus,
        loss: str,
        eta: float,
        times: Sequence[float],
        flows: Mapping[str, Flow],
    ) -> dict[str, Training]:
        """Networks trained as ``flows`` predict, by activation; none if none were asked for."""
        if self.width is None:
            return {}
        from symntk.finite.training import train

        found = {}
        for act, flow in flows.items():
            with progress_bar(f"Training {act}".strip(), after=1) as progress:
                found[act] = train(
                    derivations[act].graph,
                    corpus.docs,
                    corpus.labels,
                    loss,
                    times,
                    eta,
                    flow.tokens,
                    self.width,
                    self.seeds,
                    self.rng,
                    progress=progress,
                )
        return found


training_options = as_one(
    TrainingChoice,
    "training",
    [
        click.option(
            "--train",
            "width",
            metavar="WIDTH",
            type=click.IntRange(1),
            help="Train a network of this width beside the theory, and draw it as dots.",
        ),
        click.option(
            "--seeds",
            metavar="N",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Networks to train.",
        ),
        click.option(
            "--rng",
            metavar="N",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            help="Seed of their random numbers.",
        ),
    ],
)
"""Give a command the options of trained networks, as a `TrainingChoice` named ``training``."""
