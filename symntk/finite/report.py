"""The report of a check: what was measured, and the verdict with its reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import wrap

from symntk.finite.statistics import Agreement, Slope

LEVEL = 1e-5
"""A right kernel fails the joint test with this probability."""

SHALLOWEST = -0.35
"""The error of one draw must fall at least like n to this power (the theory says -1/2)."""

COARSEST = 0.25
"""A standard error, relative to the kernel, beyond which its draws say nothing about it."""

_COLUMNS = 80


@dataclass(frozen=True, slots=True)
class Row:
    """One kernel at one width; errors are relative Frobenius norms.

    error: that of one network, the geometric mean over draws.  scatter: its standard error over
    draws, as a factor's relative size.  mean_error: of the mean over draws.  noise: what chance
    alone gives ``mean_error``, from the standard errors of the entries.  z: the largest z-score
    of an entry of the mean, finite-width bias not allowed for.
    """

    kernel: str
    width: int
    draws: int
    error: float
    scatter: float
    mean_error: float
    noise: float
    z: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kernel, nngp or ntk, against finite networks.

    slope: of the error of one network against width; None where the error is zero.
    mean_slope: of the bias of the mean, near -1; None where chance hides the bias.
    factor: the multiple of the derived kernel closest to the extrapolated one, its standard error.
    z: of each entry extrapolated to infinite width, (N, N).
    standard_errors: of these entries, in units of sqrt(K(a, a) K(b, b)).
    """

    kernel: str
    rows: tuple[Row, ...]
    slope: Slope | None
    mean_slope: Slope | None
    factor: float
    factor_error: float
    z: tuple[tuple[float, ...], ...]
    standard_errors: tuple[tuple[float, ...], ...]

    @property
    def largest_z(self) -> float:
        """The largest absolute z-score."""
        return max(abs(z) for row in self.z for z in row)

    @property
    def shrinks(self) -> bool:
        """Whether the slope, three standard errors allowed, is at most `SHALLOWEST`."""
        return self.slope is None or self.slope.value - 3 * self.slope.error <= SHALLOWEST


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason of the verdict."""

    holds: bool
    text: str


@dataclass(frozen=True)
class Report:
    """Finite networks against a derived kernel.

    title: the network.  inputs: how many inputs the kernels were compared on.
    nngp, ntk: each kernel on its own.  agreement: the joint test of both.
    """

    title: str
    inputs: int
    nngp: Comparison
    ntk: Comparison
    agreement: Agreement

    def __str__(self) -> str:
        return self.render()

    @property
    def passed(self) -> bool:
        """Whether every finding holds."""
        return all(finding.holds for finding in self.findings)

    @property
    def slope(self) -> float:
        """Of the error of one network's NTK against width, near -1/2; nan where it is zero."""
        return self.ntk.slope.value if self.ntk.slope else float("nan")

    @property
    def table(self) -> tuple[Row, ...]:
        """Every measurement: both kernels at every width."""
        return (*self.ntk.rows, *self.nngp.rows)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The reasons of the verdict."""
        pair = (self.ntk, self.nngp)
        return (_joint(self.agreement), *map(_trend, pair), *map(_resolution, pair))

    @property
    def verdict(self) -> str:
        """PASSED or FAILED, with the reasons."""
        lines = ["PASSED" if self.passed else "FAILED"]
        for finding in self.findings:
            mark = "+ " if finding.holds else "- "
            lines += wrap(mark + finding.text, _COLUMNS, subsequent_indent="  ")
        return "\n".join(lines)

    def render(self) -> str:
        """The report as text for a terminal of 80 columns."""
        return "\n".join([*self._head(), "", *self._rows(), "", *self._summary(), "", self.verdict])

    def plot(self, path: str | Path) -> None:
        """Error against width on log-log axes, as PNG, SVG or PDF by the name's ending.

        Raises MissingExtra where matplotlib is not installed.
        """
        from symntk.finite.plot import draw

        draw(self, Path(path))

    def to_json(self) -> str:
        """Everything above as a JSON object."""
        found = {
            "passed": self.passed,
            "slope": self.ntk.slope.value if self.ntk.slope else None,
            **asdict(self),
            "findings": [asdict(finding) for finding in self.findings],
        }
        return json.dumps(found, indent=2, allow_nan=False)

    def _head(self) -> Iterator[str]:
        yield from wrap(self.title, _COLUMNS)
        draws = self.ntk.rows[0].draws
        inputs = "input" if self.inputs == 1 else "inputs"
        yield f"{self.inputs} {inputs}, {draws} random networks of each width, relative errors"

    def _rows(self) -> Iterator[str]:
        yield f"{'':>7}  {'one network':>19}  {'mean of all (noise)':>35}"
        yield f"{'width':>7}  {'NTK':>9} {'NNGP':>9}  {'NTK':>17} {'NNGP':>17}"
        for ntk, nngp in zip(self.ntk.rows, self.nngp.rows, strict=True):
            means = (f"{row.mean_error:.5f} ({row.noise:.5f})" for row in (ntk, nngp))
            yield f"{ntk.width:>7}  {ntk.error:>9.5f} {nngp.error:>9.5f}  {'  '.join(means)}"

    def _summary(self) -> Iterator[str]:
        pair = (self.ntk, self.nngp)
        rows = {
            "slope of one network's error": [_slope(part.slope) for part in pair],
            "slope of the mean's bias": [_slope(part.mean_slope) for part in pair],
            "limit as a multiple of derived": [
                f"{part.factor:.4f} ± {part.factor_error:.4f}" for part in pair
            ],
            "largest |z| of an entry": [f"{part.largest_z:.1f}" for part in pair],
        }
        yield f"{'':>32}{'NTK':>20}{'NNGP':>20}"
        for label, (ntk, nngp) in rows.items():
            yield f"{label:<32}{ntk:>20}{nngp:>20}"


def _slope(slope: Slope | None) -> str:
    return "not seen" if slope is None else f"{slope.value:.3f} ± {slope.error:.3f}"


def _joint(agreement: Agreement) -> Finding:
    holds = agreement.chance >= LEVEL
    relation = "agrees with" if holds else "contradicts"
    chance = f"a distance this large has probability {agreement.chance:.2g}"
    return Finding(holds, f"The limit of finite networks {relation} the derivation: {chance}.")


def _trend(part: Comparison) -> Finding:
    name = part.kernel.upper()
    if part.slope is None:
        return Finding(True, f"{name}: no error to fit a slope to.")
    how = "falls like" if part.shrinks else "does not fall like"
    slope = f"slope {part.slope.value:.2f} ± {part.slope.error:.2f}"
    return Finding(part.shrinks, f"{name}: the error of one network {how} n^(-1/2): {slope}.")


def _resolution(part: Comparison) -> Finding:
    holds = part.factor_error <= COARSEST
    error = f"{100 * part.factor_error:.2g} %"
    text = f"{part.kernel.upper()}: the draws fix the size of the limit to a standard error {error}"
    more = ", which decides nothing: more networks, or smaller variances, are needed"
    return Finding(holds, f"{text}{'' if holds else more}.")
