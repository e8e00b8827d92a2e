"""A contender on its way through a case."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from benchmarks.cases import Contender
from benchmarks.processes import ContenderFailed
from benchmarks.results import Row

WARM_SAMPLES = 256
"""Samples that make a program compile, and whose results need no memory to speak of."""


class Worker(Protocol):
    """What answers requests by the name of a method of ``benchmarks.worker.Server``."""

    def ask(self, do: str, patience: float, **arguments: Any) -> Any: ...


@dataclass
class Entrant:
    """What a contender has shown so far; after a failure it is asked no more.

    key: under which its worker knows it.
    patience: seconds that each answer may take.
    costs, error, difference, diagonal, peak: see ``Row``.
    """

    contender: Contender
    worker: Worker
    key: str
    patience: float
    costs: list[float] = field(default_factory=list)
    error: str = ""
    difference: float | None = None
    diagonal: float | None = None
    peak: int = 0

    def ask(self, do: str, **arguments: Any) -> Any:
        """An answer of the worker, or None."""
        if self.error:
            return None
        try:
            return self.worker.ask(do, self.patience, **arguments)
        except ContenderFailed as failure:
            self.error = str(failure)
            return None

    def prepare(self) -> None:
        """Make the callable; before memory is measured, compile it on a few samples."""
        if self.contender.measure == "memory":
            self._make(WARM_SAMPLES)
            self.run(0)
        self._make()

    def run(self, least: float) -> Any:
        """The seconds of a call and the peak of memory of its process: see ``Server.run``."""
        return self.ask("run", key=self.key, least=least)

    def take_turn(self, least: float) -> None:
        """Measure once."""
        if self.contender.measure == "memory":
            found = self.ask("peak", key=self.key)
            if found:
                self.costs.append(found["rise"] / found["result"])
            return
        spent = self.run(least)
        if spent:
            seconds, peak = spent
            self.costs.append(seconds / self.contender.size)
            self.peak = max(self.peak, peak)

    def row(self) -> Row:
        """What is kept."""
        return Row(
            self.contender.name,
            tuple(self.costs),
            self.error,
            self.difference,
            self.diagonal,
            self.peak,
        )

    def _make(self, samples: int | None = None) -> None:
        one = self.contender
        inputs = asdict(one.inputs) if one.inputs else None
        if inputs and samples:
            inputs["samples"] = samples
        self.ask(
            "prepare",
            key=self.key,
            program=one.program,
            function=one.function,
            options=dict(one.options),
            inputs=inputs,
        )
