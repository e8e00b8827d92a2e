"""What is compared: contenders that do the same work, and the bars that they are to meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["entry", "run", "result", "GB/s", "GFLOP/s"]
"""Of a cost: seconds for an entry of the matrix or for a whole run, bytes for a byte of the result,
seconds for a gigabyte that is moved or for a billion operations."""


@dataclass(frozen=True)
class Inputs:
    """Generated samples: ``samples`` of them, by a function of ``benchmarks.inputs``.

    Fewer samples are the first of more, so that matrices can be compared entry by entry.
    """

    kind: str
    samples: int
    shape: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Contender:
    """One program at one task, in a process of its own.

    name: in tables.
    program: a module of ``benchmarks.programs``.
    function: makes the callable that is timed, a function of this module.
    options: of this function.
    inputs: what the callable takes; None if nothing.
    cores: that it may use.
    amount: of what its cost is for; by default the entries of the matrix, or 1 without inputs.
    truth: not timed, but what all others are compared with.
    compared: its answer is that of the other contenders.
    measure: wall time, or the bytes that the peak of memory rises by.
    """

    name: str
    program: str
    function: str
    options: Mapping[str, object] = field(default_factory=dict)
    inputs: Inputs | None = None
    cores: int = 2
    amount: float | None = None
    truth: bool = False
    compared: bool = True
    measure: Literal["time", "memory"] = "time"

    @property
    def size(self) -> float:
        """What the cost is divided by."""
        if self.amount is not None:
            return self.amount
        return float(self.inputs.samples**2) if self.inputs else 1.0


@dataclass(frozen=True)
class Bar:
    """A demand: the cost of ``over`` over that of ``under`` is at least, or at most, a number.

    Without ``under``, it is about the cost itself.

    of: instead of the cost, the peak of memory of a process in bytes, or the difference.
    """

    text: str
    over: str
    under: str | None = None
    least: float | None = None
    most: float | None = None
    of: Literal["cost", "peak", "difference"] = "cost"

    def is_met(self, value: float) -> bool:
        """Whether ``value`` is within the limits."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


@dataclass(frozen=True)
class Case:
    """Contenders whose results are the same, but for rounding, where they have inputs.

    tolerance: of differences between pairs of different samples, relative to
        sqrt(Theta(x, x) Theta(x', x')).
    unit: of the costs.
    listed: in the tables of costs, not only with its bars.
    repeats: rounds, where they are not as many as elsewhere; of one, nothing is made ready before.
    patience: seconds that a contender may take for a turn.
    """

    name: str
    contenders: tuple[Contender, ...]
    bars: tuple[Bar, ...] = ()
    tolerance: float = 1e-10
    unit: Unit = "entry"
    repeats: int | None = None
    patience: float = 120
    listed: bool = True


@dataclass(frozen=True)
class Section:
    """A family of work.

    text: what the tables need to be understood.
    cases: quick ones, or those of the manual.
    """

    title: str
    text: str
    cases: Callable[[bool], list[Case]]
