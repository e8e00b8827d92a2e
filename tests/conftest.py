"""Settings of the whole suite, and the rule that nothing is skipped without a true reason."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.skips import is_allowed

os.environ.setdefault("MPLBACKEND", "Agg")
# the matrices of tests are small: on a busy machine several threads only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")

_UNEXPLAINED: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update`` accepts the derivations as they are printed now."""
    parser.addoption("--update", action="store_true", help="rewrite derivations/")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember a skip whose reason is not on the list, or is not true of this machine."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _, _, reason = report.longrepr
        if not is_allowed(reason):
            _UNEXPLAINED.append(f"{report.nodeid}: {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the skips that fail the run."""
    for skip in _UNEXPLAINED:
        terminalreporter.write_line(f"skipped without an allowed reason: {skip}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run with an unexplained skip has failed."""
    if _UNEXPLAINED:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
