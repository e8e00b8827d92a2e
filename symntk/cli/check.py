"""``symntk check``: compare the derived kernel with finite networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import OUTPUT, check_writable, progress_bar, working

if TYPE_CHECKING:
    from symntk.derivation import Derivation
    from symntk.emission import Kernel


class Widths(click.ParamType[Any]):
    """Comma-separated widths, at least two, rising."""

    name = "widths"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """A tuple of rising positive whole numbers."""
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdecimal() for part in parts):
            self.fail(f"{value!r} is not a list of widths such as 64,128,256", param, ctx)
        widths = tuple(map(int, parts))
        if len(widths) < 2 or widths[0] < 1 or list(widths) != sorted(set(widths)):
            self.fail("give at least two positive widths, the smallest first", param, ctx)
        return widths


@click.command(cls=ModelCommand)
@model_options
@click.option("--widths", metavar="N,N,...", type=Widths(), help="Widths of the networks.")
@click.option("--seeds", metavar="N", type=click.IntRange(2), help="Networks of each width.")
@click.option(
    "--rng",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the random numbers.",
)
@click.option(
    "--plot",
    metavar="FILE",
    type=OUTPUT,
    help="Draw error against width to a .png, .svg or .pdf file (needs matplotlib).",
)
@click.pass_context
def check(
    context: click.Context,
    choice: ModelChoice,
    widths: tuple[int, ...] | None,
    seeds: int | None,
    rng: int,
    plot: Path | None,
) -> None:
    """Check the derivation of MODEL against finite networks.

    Samples networks of several widths, measures their kernels, and reports the
    distance to the derived kernel: it must shrink as the width grows, with a
    slope near -1/2 on log-log axes, and be explained by chance alone. Ends
    with exit code 1 if the check fails.

    \b
    Examples:
        symntk check mlp --act relu
        symntk check mlp --act erf --depth 2 --widths 64,256,1024 --seeds 20
        symntk check my_network.yaml --plot error.png
    """
    if plot is not None:
        check_writable(plot, ".png", ".svg", ".pdf")
    from symntk.finite import check as run_check

    given = {"widths": widths, "seeds": seeds}
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    derivation = choice.derivation()
    with progress_bar("Sampling finite networks") as advance:
        report = run_check(
            derivation.graph,
            derivation=_Announced(derivation),
            rng=rng,
            progress=advance,
            **settings,
        )
    if plot is not None:
        report.plot(plot)
    click.echo(report.render())
    context.exit(0 if report.passed else 1)


@dataclass(frozen=True)
class _Announced:
    """A derivation that says when it compiles, which takes a while."""

    derivation: Derivation

    def compile(self) -> Kernel:
        """The kernel."""
        with working("Compiling the kernel"):
            return self.derivation.compile()
