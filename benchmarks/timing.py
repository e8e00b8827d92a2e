"""Paired timing: the contenders take turns, so that a busy moment of the machine hits all."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any, Protocol

from benchmarks.cases import Case, Contender
from benchmarks.processes import ContenderFailed
from benchmarks.results import Outcome, Row, Verdict

LEAST = 0.2
"""Seconds of a turn: short calls are repeated."""

PAUSE = 0.05
"""Seconds before a turn, for the threads of the turn before to fall asleep."""

WARM_SAMPLES = 256
"""Samples that make a program compile, and whose results need no memory to speak of."""


class Worker(Protocol):
    """What answers requests by the name of a method of ``benchmarks.worker.Server``."""

    def ask(self, do: str, patience: float, **arguments: Any) -> Any: ...


class Workers(Protocol):
    """A worker for each program and number of cores; a new one after ``end``."""

    def of(self, contender: Contender) -> Worker: ...

    def end(self, contender: Contender) -> None: ...


@dataclass
class _Entrant:
    """A contender on its way through a case; after a failure it is asked no more."""

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

    def prepare(self, samples: int | None = None) -> None:
        """Make the callable, with less data if told so."""
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

    def take_turn(self, least: float) -> None:
        """Measure once."""
        sleep(PAUSE)
        if self.contender.measure == "memory":
            found = self.ask("peak", key=self.key)
            cost = found and found["rise"] / found["result"]
        else:
            spent = self.ask("run", key=self.key, least=least)
            cost = spent and spent[0] / self.contender.size
            self.peak = max(self.peak, spent[1] if spent else 0)
        if cost is not None:
            self.costs.append(cost)

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


def measure(case: Case, workers: Workers, repeats: int, least: float = LEAST) -> Outcome:
    """Prepare all contenders, compare their answers, and measure them in turns."""
    for one in case.contenders:
        if one.measure == "memory":
            workers.end(one)
    entrants = [
        _Entrant(one, workers.of(one), str(number), case.patience)
        for number, one in enumerate(case.contenders)
    ]
    rounds = case.repeats or repeats
    for entrant in entrants:
        if entrant.contender.measure == "memory":
            entrant.prepare(WARM_SAMPLES)
            entrant.ask("run", key=entrant.key, least=0)
        entrant.prepare()
        if case.repeats != 1 and not entrant.contender.inputs:
            entrant.ask("run", key=entrant.key, least=0)
    _compare([one for one in entrants if one.contender.compared and one.contender.inputs])
    timed = [entrant for entrant in entrants if not entrant.contender.truth]
    for number in range(rounds):
        for entrant in timed if number % 2 else reversed(timed):
            entrant.take_turn(least)
    for entrant in entrants:
        entrant.ask("clear")
        if entrant.error:
            workers.end(entrant.contender)
    rows = tuple(entrant.row() for entrant in entrants)
    verdicts = _judged(case, rows)
    return Outcome(case.name, case.unit, rows, verdicts, case.tolerance, case.listed)


def _compare(entrants: list[_Entrant]) -> None:
    """Set the differences from the truth, or else from the first contender, of the samples that
    both have: see ``Row``.
    """
    import numpy as np

    with TemporaryDirectory() as folder:
        matrices = {}
        for entrant in sorted(entrants, key=lambda one: not one.contender.truth):
            path = Path(folder) / f"{entrant.key}.npy"
            entrant.ask("save", key=entrant.key, path=str(path))
            if not entrant.error:
                matrices[entrant.key] = np.load(path, mmap_mode="r")
        if not matrices:
            return
        first, expected = next(iter(matrices.items()))
        for entrant in entrants:
            if entrant.key in matrices and entrant.key != first:
                found = matrices[entrant.key]
                size = min(len(expected), len(found))
                entrant.difference, entrant.diagonal = _differences(
                    expected[:size, :size], found[:size, :size]
                )


def _differences(expected: Any, found: Any) -> tuple[float, float]:
    """The largest off the diagonal, and on it."""
    import numpy as np

    scale = np.sqrt(np.diag(expected))
    differences = np.abs(found - expected) / np.outer(scale, scale)
    diagonal = float(np.diag(differences).max())
    np.fill_diagonal(differences, 0)
    return float(differences.max()), diagonal


def _judged(case: Case, rows: tuple[Row, ...]) -> tuple[Verdict, ...]:
    values: dict[str, dict[str, float | None]] = {
        "cost": {row.name: row.cost for row in rows},
        "peak": {row.name: row.peak or None for row in rows},
    }
    verdicts = []
    for bar in case.bars:
        found = values[bar.of]
        over, under = found[bar.over], found[bar.under] if bar.under else 1.0
        value = None if over is None or under is None else over / under
        verdicts.append(Verdict(bar, value))
    return tuple(verdicts)
