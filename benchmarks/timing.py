"""Paired timing: the contenders take turns, so that a busy moment of the machine hits all."""

from __future__ import annotations

from time import sleep
from typing import Protocol

from benchmarks.agreement import compare
from benchmarks.cases import Case, Contender
from benchmarks.entrants import Entrant, Worker
from benchmarks.results import Outcome, judged

LEAST = 0.1
"""Seconds of a turn: short calls are repeated."""

PAUSE = 0.05
"""Seconds before a turn, for the threads of the turn before to fall asleep."""


class Workers(Protocol):
    """A worker for each program and number of cores; a new one after ``end``."""

    def of(self, contender: Contender) -> Worker: ...

    def end(self, contender: Contender) -> None: ...


def measure(case: Case, workers: Workers, repeats: int, least: float = LEAST) -> Outcome:
    """Prepare all contenders, compare their answers, and measure them in turns."""
    for one in case.contenders:
        if one.measure == "memory":
            workers.end(one)
    entrants = [
        Entrant(one, workers.of(one), str(number), case.patience)
        for number, one in enumerate(case.contenders)
    ]
    for entrant in entrants:
        entrant.prepare()
        if case.repeats != 1 and not entrant.contender.inputs:
            entrant.run(0)
    compare([one for one in entrants if one.contender.inputs and one.contender.compared])
    timed = [one for one in entrants if not one.contender.truth]
    for number in range(case.repeats or repeats):
        for entrant in timed if number % 2 else reversed(timed):
            sleep(PAUSE)
            entrant.take_turn(least)
    for entrant in entrants:
        entrant.ask("clear")
        if entrant.error:
            workers.end(entrant.contender)
    rows = tuple(entrant.row() for entrant in entrants)
    verdicts = judged(case.bars, rows)
    return Outcome(case.name, case.unit, rows, verdicts, case.tolerance, case.listed)
