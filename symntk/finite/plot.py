"""The check's picture: error against width on log-log axes."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from symntk.dynamics.plots import canvas

if TYPE_CHECKING:
    from symntk.finite.report import Comparison, Report

_COLOURS = {"ntk": "#c1432e", "nngp": "#2b6ca3"}


def draw(report: Report, path: Path) -> None:
    """Write the picture of ``report`` to ``path``, which ends in one of `canvas.FORMATS`."""
    canvas.check_name(path)
    figure = canvas.page(5.6, 5.0)
    axes = figure.add_subplot()
    for part in (report.ntk, report.nngp):
        _draw_kernel(axes, part)
    _draw_guide(axes, report.ntk)
    axes.set(xscale="log", yscale="log", xlabel="width $n$", ylabel="relative Frobenius error")
    widths = [row.width for row in report.ntk.rows]
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.minorticks_off()
    axes.set_title("\n".join(wrap(report.title, 70)), fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(
        range(len(labels)), key=lambda index: (labels[index][0] == "$", labels[index].split(",")[0])
    )
    figure.legend(
        [handles[index] for index in order],
        [labels[index] for index in order],
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=8,
    )
    canvas.save(figure, path)


def _draw_kernel(axes: Any, part: Comparison) -> None:
    """One network's error with three standard errors; the mean's, and what chance gives it."""
    colour, name = _COLOURS[part.kernel], part.kernel.upper()
    widths = [row.width for row in part.rows]
    bars = [3 * row.error * row.scatter for row in part.rows]
    slope = f", slope {part.slope.value:.2f}" if part.slope else ""
    axes.errorbar(
        widths,
        [row.error for row in part.rows],
        yerr=bars,
        color=colour,
        marker="o",
        markersize=4,
        capsize=2,
        label=f"{name}, one network{slope}",
    )
    axes.plot(
        widths,
        [row.mean_error for row in part.rows],
        color=colour,
        marker="s",
        markersize=3,
        linestyle="none",
        label=f"{name}, mean of {part.rows[0].draws} networks",
    )
    axes.plot(
        widths,
        [row.noise for row in part.rows],
        color=colour,
        linestyle=":",
        linewidth=1,
        label=f"{name}, chance alone",
    )


def _draw_guide(axes: Any, part: Comparison) -> None:
    """The line n^(-1/2) through the first point."""
    first, last = part.rows[0], part.rows[-1]
    if first.error > 0:
        end = first.error * (first.width / last.width) ** 0.5
        axes.plot(
            [first.width, last.width],
            [first.error, end],
            color="0.6",
            linestyle="--",
            linewidth=1,
            zorder=0,
            label="$n^{-1/2}$",
        )
