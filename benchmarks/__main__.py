"""``python -m benchmarks``: symntk beside its peers, in one run.  Needs ``pip install '.[bench]'``.

A peer that is not installed is said to be so, and the others go on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import page
from benchmarks.display import show_section, show_verdicts
from benchmarks.machine import describe
from benchmarks.processes import Workers
from benchmarks.results import Outcome, Report
from benchmarks.sections import SECTIONS
from benchmarks.timing import measure

WIDTH = 110
"""Columns of a table, at least."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write what is asked for after each section."""
    chosen = _parser().parse_args(arguments)
    console = Console()
    console.width = max(console.width, WIDTH)
    if chosen.read:
        report = Report.load(chosen.read)
        for name, outcomes in report.sections.items():
            show_section(console, SECTIONS[name].title, outcomes)
    else:
        names = chosen.sections or list(SECTIONS)
        report = _run(console, names, chosen.quick, chosen.repeats, chosen.output)
    show_verdicts(console, report)
    _write(report, chosen.output)


def _run(
    console: Console, names: Sequence[str], quick: bool, repeats: int, outputs: Sequence[Path]
) -> Report:
    """Measure one section after the other; what is written is complete after each."""
    rounds = f"medians of {repeats} rounds{', small cases' if quick else ''}"
    report = Report({**describe(), "Run": rounds}, {})
    with Workers() as workers:
        for name in names:
            outcomes: list[Outcome] = []
            for case in SECTIONS[name].cases(quick):
                with console.status(f"{name}: {case.name}", refresh_per_second=1):
                    outcomes.append(measure(case, workers, repeats))
            show_section(console, SECTIONS[name].title, outcomes)
            report = Report(report.machine, {**report.sections, name: tuple(outcomes)})
            _write(report, outputs)
    return report


def _write(report: Report, outputs: Sequence[Path]) -> None:
    """Results as JSON, and the page."""
    for path in outputs:
        if path.suffix == ".json":
            report.save(path)
        else:
            page.write(path, report, SECTIONS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="symntk beside its peers, in one run"
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--repeats", type=int, default=5, metavar="R", help="rounds of each case")
    parser.add_argument("--quick", action="store_true", help="small cases, in a few minutes")
    parser.add_argument(
        "--read", type=Path, metavar="FILE", help="results of an earlier run, instead of a run"
    )
    parser.add_argument(
        "-o",
        dest="output",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="results as .json, or the page of the manual as .rst; may be given twice",
    )
    return parser


if __name__ == "__main__":
    main()
