"""The options that say how a network learns: how fast, how long, how exactly it is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from symntk.cli.groups import as_one

if TYPE_CHECKING:
    from symntk.dynamics.problem import Problem

SHORT = 100
"""Shortest time scales up to which networks are trained if no time is given."""


class Rate(click.ParamType[Any]):
    """A learning rate: a positive number, or None for ``mean``."""

    name = "rate"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """The number."""
        if value == "mean":
            return None
        found = _number(str(value))
        if found is None or found <= 0:
            self.fail(f"{value!r} is neither a positive number nor mean", param, ctx)
        return found


class Times(click.ParamType[Any]):
    """One number, the end; or several between commas, the times."""

    name = "times"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """The numbers, of which several rise."""
        found = [_number(part) for part in str(value).split(",")]
        times = tuple(number for number in found if number is not None and number >= 0)
        if len(times) < len(found) or times == (0.0,):
            self.fail(f"{value!r} is neither a time nor several between commas", param, ctx)
        if list(times) != sorted(set(times)):
            self.fail(f"{value!r}: each time must be later than the one before it", param, ctx)
        return times


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


@dataclass(frozen=True)
class RunChoice:
    """What the command line says about the learning.

    acts: activations between commas.
    eta: None for 1 / documents.
    times: one number is the end.
    """

    acts: str | None
    eta: float | None
    times: tuple[float, ...] | None
    tolerance: float

    def moments(self, problem: Problem, trained: bool) -> Sequence[float]:
        """The times to look at; not as many if networks are to be trained as long."""
        if self.times is not None and len(self.times) > 1:
            return self.times
        end = self.times[0] if self.times else None
        if end is None and trained:
            end = SHORT / (problem.descent.rate or 1.0)
        found: list[float] = problem.usual_times(end).tolist()
        return found


run_options = as_one(
    RunChoice,
    "run",
    [
        click.option(
            "--acts", metavar="A,B", help="Activations to put side by side, between commas."
        ),
        click.option(
            "--eta",
            metavar="NUMBER|mean",
            type=Rate(),
            default="mean",
            show_default=True,
            help="Learning rate of the sum of the losses; mean: 1 / documents.",
        ),
        click.option(
            "--times",
            metavar="T|T,T,...",
            type=Times(),
            help="The end, or all times. Without it 10000 times as long as the fastest part takes, "
            "or 100 times with --train.",
        ),
        click.option(
            "--tolerance",
            metavar="S",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            default=1e-5,
            show_default=True,
            help="Relative error of one step in time.",
        ),
    ],
)
"""Give a command the options of learning, as a `RunChoice` named ``run``."""
