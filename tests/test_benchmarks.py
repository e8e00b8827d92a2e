"""The benchmarks notice what they are for: wrong answers, missing peers, bars that are missed."""

from __future__ import annotations

import ast
import os
import signal
import sys
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from scipy.special import erf, ndtr

from benchmarks import page
from benchmarks.__main__ import main
from benchmarks.cases import Bar, Case, Contender, Inputs
from benchmarks.display import show_section, show_verdicts
from benchmarks.processes import ContenderFailed, Worker, Workers
from benchmarks.programs.duals import DUALS, quadrature
from benchmarks.results import Outcome, Report
from benchmarks.sections import SECTIONS
from benchmarks.tables import cost, costs, disagreements, verdicts
from benchmarks.timing import measure
from benchmarks.worker import Server, Spent

PROGRAMS = Path(__file__).parents[1] / "benchmarks" / "programs"


class Here:
    """Workers without processes."""

    def __init__(self) -> None:
        self.server = Server()

    def of(self, contender: Contender) -> Here:
        return self

    def end(self, contender: Contender) -> None:
        self.server = Server()

    def ask(self, do: str, patience: float, **arguments: Any) -> Any:
        reply = self.server.answer({"do": do, **arguments})
        if "error" in reply:
            raise ContenderFailed(reply["error"])
        return reply["ok"]


def gram(error: float) -> Any:
    """A matrix with an error off the diagonal."""

    def kernel(x: Any) -> Any:
        wrong = error * (1 - np.eye(len(x)))
        return x @ x.T + wrong * np.linalg.norm(x[0]) * np.linalg.norm(x[1])

    return kernel


def hungry() -> Any:
    raise MemoryError


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """A race that all kinds of contenders take part in."""
    program = SimpleNamespace(
        gram=gram, hungry=hungry, clock=lambda seconds: lambda: Spent(seconds, 10**9)
    )
    monkeypatch.setitem(sys.modules, "benchmarks.programs.fake", program)
    x = Inputs("vectors", 2, {"dim": 3})
    contenders = (
        Contender("right", "fake", "gram", {"error": 0}, replace(x, samples=5)),
        Contender("wrong", "fake", "gram", {"error": 1e-3}, x),
        Contender("missing", "absent", "gram", {}, x),
        Contender("hungry", "fake", "hungry", {}, x),
        Contender("slow", "fake", "clock", {"seconds": 6.0}),
        Contender("fast", "fake", "clock", {"seconds": 2.0}),
    )
    bars = (
        Bar("twice as fast", "slow", "fast", least=2),
        Bar("four times as fast", "slow", "fast", least=4),
        Bar("at most 3 s", "fast", most=3),
        Bar("at most 1 s", "fast", most=1),
        Bar("faster than what is missing", "missing", "fast", least=1),
        Bar("less than 2 GB", "fast", most=2e9, of="peak"),
    )
    return measure(Case("race", contenders, bars), Here(), repeats=2, least=0)


def test_answers_are_compared(outcome: Outcome) -> None:
    right, wrong = outcome.rows[:2]
    assert right.difference is None
    assert wrong.difference == pytest.approx(1e-3)
    assert wrong.diagonal == 0
    assert outcome.disagreeing == [wrong]
    report = Report({}, {"dense": (outcome,)})
    assert disagreements(report) == ["race: wrong differs by 1e-03, more than 1e-10"]


def test_nothing_agrees_with_nan(outcome: Outcome) -> None:
    rows = tuple(replace(row, difference=float("nan")) for row in outcome.rows[:1])
    assert replace(outcome, rows=rows).disagreeing == list(rows)


def test_who_has_no_result_is_named(outcome: Outcome) -> None:
    errors = {row.name: row.error for row in outcome.rows if row.error}
    assert errors == {
        "missing": "not installed (benchmarks.programs.absent)",
        "hungry": "out of memory",
    }


def test_bars_are_judged(outcome: Outcome) -> None:
    words = [verdict.word for verdict in outcome.verdicts]
    assert words == ["met", "missed", "met", "missed", "not measured", "met"]
    assert [verdict.value for verdict in outcome.verdicts] == [3, 3, 2, 2, None, 1e9]


def test_each_round_counts(outcome: Outcome) -> None:
    slow = outcome.rows[4]
    assert slow.costs == (6, 6)
    assert len(outcome.rows[0].costs) == 2


def test_the_truth_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.programs.fake", SimpleNamespace(gram=gram))
    x = Inputs("vectors", 4, {"dim": 3})
    contenders = (
        Contender("ours", "fake", "gram", {"error": 1e-6}, x),
        Contender("truth", "fake", "gram", {"error": 0}, replace(x, samples=2), truth=True),
    )
    ours, truth = measure(Case("accuracy", contenders), Here(), 1, 0).rows
    assert ours.difference == pytest.approx(1e-6)
    assert truth.costs == ()


def test_memory_is_told_relative_to_the_result() -> None:
    x = Inputs("vectors", 1500, {"dim": 2})
    options = {"act": "relu", "depth": 1, "w_std": 1}
    contender = Contender("NumPy", "plain", "mlp", options, x, measure="memory", compared=False)
    with Workers() as workers:
        case = Case("memory", (contender,), unit="result", repeats=1)
        (row,) = measure(case, workers, 1).rows
    assert row.cost is not None
    assert row.cost > 3  # several arrays of the size of the result at a time


def test_a_process_that_dies_is_out_of_memory() -> None:
    with closing(Worker(1)) as worker:
        assert worker.ask("clear", 60) is None
        os.kill(worker.process.pid, signal.SIGKILL)
        with pytest.raises(ContenderFailed, match="out of memory"):
            worker.ask("clear", 60)


def test_an_exception_ends_a_process() -> None:
    request = {"key": "0", "program": "plain", "function": "bag", "inputs": None}
    with (
        closing(Worker(1)) as worker,
        pytest.raises(ContenderFailed, match=r"^TypeError: bag\(\) got an unexpected keyword"),
    ):
        worker.ask("prepare", 60, options={"depth": 2}, **request)


def test_a_process_that_takes_too_long_is_ended() -> None:
    with closing(Worker(1)) as worker:
        for patience in (0.001, 60):
            with pytest.raises(ContenderFailed, match=r"more than 0\.001 s"):
                worker.ask("clear", patience)
        assert worker.process.poll() is not None


def test_reports_are_kept_and_shown(outcome: Outcome, tmp_path: Path) -> None:
    report = Report({"Processor": "one"}, {"dense": (outcome,)})
    report.save(tmp_path / "results.json")
    assert Report.load(tmp_path / "results.json") == report
    console = Console(file=StringIO(), width=120)
    show_section(console, "Race", [outcome])
    show_verdicts(console, report)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "out of memory" in shown
    assert "wrong differs by 1e-03" in shown


def test_the_page_keeps_its_introduction(outcome: Outcome, tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    report = Report({"Processor": "one"}, {"dense": (outcome,)})
    path.write_text(f"Title\n=====\n\nBy hand.\n\n{page.MARKER}\n\nOld results.\n")
    page.write(path, report, SECTIONS)
    first = path.read_text()
    assert first.startswith("Title\n=====\n\nBy hand.\n")
    assert "Old" not in first
    assert "3 of 6 are met." in first
    assert "race: wrong differs by 1e-03" in first
    page.write(path, report, SECTIONS)
    assert path.read_text() == first


def test_an_earlier_run_is_read(outcome: Outcome, tmp_path: Path) -> None:
    kept, written = tmp_path / "results.json", tmp_path / "page.rst"
    Report({"Processor": "one"}, {"dense": (outcome,)}).save(kept)
    main(["--read", str(kept), "-o", str(written)])
    assert "four times as fast" in written.read_text()


def test_rows_of_tables(outcome: Outcome) -> None:
    (table,) = costs([outcome])
    assert table.heading == ("work", "program", "time per entry", "ratio", "differs by", "memory")
    assert [row[0] for row in table.rows] == ["race", *[""] * 5]
    by_name = {row[1]: row for row in table.rows}
    assert by_name["slow"][2] == "6 s"
    assert by_name["wrong"][4] == "1e-03"
    assert by_name["slow"][5] == "1 GB"
    assert {row[-1] for row in verdicts(Report({}, {"dense": (outcome,)})).rows} == {
        "met", "missed", "not measured",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.14159e-9, "entry", "3.14 ns"),
        (9.996e-7, "entry", "1 µs"),
        (0.1234, "run", "123 ms"),
        (1234.5, "run", "1234 s"),
        (1.0449, "result", "1.04"),
        (0.05, "GB/s", "20"),
    ],
)
def test_costs_have_three_digits(value: float, unit: Any, text: str) -> None:
    assert cost(value, unit) == text


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("name", SECTIONS)
def test_cases_are_complete(name: str, quick: bool) -> None:
    """Bars name contenders, and contenders functions that are there, installed or not."""
    cases = SECTIONS[name].cases(quick)
    assert cases
    for case in cases:
        names = [one.name for one in case.contenders]
        assert len(set(names)) == len(names)
        for bar in case.bars:
            assert bar.over in names
            assert bar.under is None or bar.under in names
            assert (bar.least is None) != (bar.most is None)
        for one in case.contenders:
            module = ast.parse((PROGRAMS / f"{one.program}.py").read_text())
            functions = {
                node.name: node.args for node in module.body if isinstance(node, ast.FunctionDef)
            }
            taken = {argument.arg for argument in functions[one.function].args}
            assert set(one.options) <= taken


def normal(x: Any) -> Any:
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


@pytest.mark.parametrize(
    ("act", "phi", "slope"),
    [
        ("erf", erf, lambda x: 2 * np.sqrt(2) * normal(np.sqrt(2) * x)),
        ("gelu", lambda x: x * ndtr(x), lambda x: ndtr(x) + x * normal(x)),
    ],
)
def test_formulas_written_by_hand(act: str, phi: Any, slope: Any) -> None:
    q, r, c = np.array([0.7, 1.0]), np.array([1.3, 1.0]), np.array([-0.4, 0.9])
    expected = quadrature(phi, slope)(q, r, c)
    for found, value in zip(DUALS[act](q, r, c), expected, strict=True):
        assert found == pytest.approx(value, rel=1e-13)
