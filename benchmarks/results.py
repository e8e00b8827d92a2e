"""What was measured: frozen, and readable from the JSON file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.cases import Bar, Unit


@dataclass(frozen=True)
class Row:
    """One contender.

    costs: of each round, per what the unit of its case says.
    error: why there are none.
    difference: the largest, over pairs of different samples, from the first contender, or from the
        truth where there is one; relative to sqrt(Theta(x, x) Theta(x', x')).
    diagonal: the same for samples with themselves.
    peak: of the memory of the process that it is, in bytes; 0 where it is none.
    """

    name: str
    costs: tuple[float, ...] = ()
    error: str = ""
    difference: float | None = None
    diagonal: float | None = None
    peak: int = 0

    @property
    def cost(self) -> float | None:
        """The median."""
        return median(self.costs) if self.costs else None


@dataclass(frozen=True)
class Verdict:
    """A bar, and what was measured; None where a contender is missing."""

    bar: Bar
    value: float | None

    @property
    def word(self) -> str:
        """Met, missed or not measured."""
        if self.value is None:
            return "not measured"
        return "met" if self.bar.is_met(self.value) else "missed"


def judged(bars: Iterable[Bar], rows: Iterable[Row]) -> tuple[Verdict, ...]:
    """The bars, with what the rows say about them."""
    by_name = {row.name: row for row in rows}

    def value(bar: Bar, name: str) -> float | None:
        row = by_name[name]
        return {"cost": row.cost, "peak": row.peak or None, "difference": row.difference}[bar.of]

    verdicts = []
    for bar in bars:
        over, under = value(bar, bar.over), value(bar, bar.under) if bar.under else 1.0
        verdicts.append(Verdict(bar, over / under if over is not None and under else None))
    return tuple(verdicts)


@dataclass(frozen=True)
class Outcome:
    """One case: see ``benchmarks.cases.Case``."""

    name: str
    unit: Unit
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    tolerance: float
    listed: bool = True

    @property
    def disagreeing(self) -> list[Row]:
        """The contenders whose answer is another one."""
        return [row for row in self.rows if not (row.difference or 0) <= self.tolerance]


@dataclass(frozen=True)
class Report:
    """A run: the machine, and the outcomes by section."""

    machine: Mapping[str, str]
    sections: Mapping[str, tuple[Outcome, ...]]

    def save(self, path: Path) -> None:
        """Write a JSON file."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Report:
        """Read the file back."""
        data = json.loads(path.read_text())
        sections = {
            name: tuple(_outcome(one) for one in outcomes)
            for name, outcomes in data["sections"].items()
        }
        return cls(data["machine"], sections)


def _outcome(data: dict[str, Any]) -> Outcome:
    rows = tuple(Row(**{**row, "costs": tuple(row["costs"])}) for row in data.pop("rows"))
    verdicts = tuple(Verdict(Bar(**one["bar"]), one["value"]) for one in data.pop("verdicts"))
    return Outcome(rows=rows, verdicts=verdicts, **data)
