"""What figures share: the page, its formats, colours that survive print, the axes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from warnings import catch_warnings, filterwarnings

from symntk.dynamics.trajectories import Trajectories
from symntk.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FORMATS = (".png", ".svg", ".pdf")
"""How the name of a picture may end."""


class Pen(NamedTuple):
    """A line that is told apart by its colour, and in greyscale by its dashes."""

    colour: str
    dashes: Any
    marker: str


PENS = (
    Pen("#0072b2", "-", "o"),
    Pen("#d55e00", (0, (5, 1.5)), "s"),
    Pen("#4d4d4d", (0, (1, 1.2)), "^"),
    Pen("#009e73", (0, (6, 1.5, 1, 1.5)), "D"),
    Pen("#cc79a7", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Pen("#56b4e9", (0, (8, 2)), "P"),
)
"""Colours of Okabe and Ito, told apart by all kinds of sight."""


def pen(number: int) -> Pen:
    """The pen of the line of a number; they come round again."""
    return PENS[number % len(PENS)]


def page(width: float, height: float) -> Figure:
    """An empty figure, inches; MissingExtra where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "plot", "a plot") from None
    return Figure(figsize=(width, height), layout="constrained")


def check_name(path: str | Path) -> Path:
    """The path of a picture; UsageError for another ending."""
    found = Path(path)
    if found.suffix not in FORMATS:
        raise UsageError(f"{found}: the name of a picture ends in {', '.join(FORMATS)}")
    return found


def save(figure: Figure, path: Path) -> None:
    """Write a figure; the same figure gives the same bytes.

    A sign that the font does not have is drawn as a box.
    """
    from matplotlib import rc_context

    when = {".png": "Software", ".svg": "Date", ".pdf": "CreationDate"}[path.suffix]
    written = BytesIO()
    with catch_warnings(), rc_context({"svg.hashsalt": "symntk"}):
        filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(written, format=path.suffix[1:], dpi=200, metadata={when: None})
    content = written.getvalue()
    if path.suffix == ".svg":
        content = _PATH.sub(lambda found: _DECIMALS.sub(rb"\1", found[0]), content)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


_PATH = re.compile(rb' d="[^"]*"')
_DECIMALS = re.compile(rb"(\.\d\d)\d+")
"""What lies behind the second decimal of a coordinate, in points."""


def plain(axes: Axes, title: str = "") -> None:
    """A frame of two sides, and a title that is shown as it is, dollar signs too."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(shown(title, 45), fontsize=10, parse_math=False)


def shown(text: object, most: int = 30) -> str:
    """Text of a figure: one line, not too long, of signs that can be drawn."""
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return line if len(line) <= most else line[: most - 1] + "…"


def legend(figure: Figure) -> None:
    """One legend for all panels, above them, each name once."""
    _legend(figure, figure.axes, loc="outside upper center")


def legend_inside(axes: Axes) -> None:
    """The legend of one panel."""
    _legend(axes, [axes])


def _legend(where: Any, panels: Iterable[Axes], **options: str) -> None:
    """Lines by their labels, those that begin with _ too, which matplotlib would leave out."""
    lines = [line for axes in panels for line in axes.lines]
    named = {str(line.get_label()): line for line in lines}
    entries = {name: line for name, line in named.items() if not name.startswith("_child")}
    found = where.legend(
        entries.values(),
        map(str, range(len(entries))),
        ncols=min(len(entries), 5) if options else 1,
        frameon=False,
        fontsize=8,
        handlelength=2.6,
        **options,
    )
    for text, name in zip(found.get_texts(), entries, strict=True):
        text.set_parse_math(False)
        text.set_text(shown(name))


def time_axis(axes: Axes, times: Array) -> None:
    """Logarithmic where the times after 0 span more than two decades."""
    later = times[times > 0]
    if len(later) and later[-1] > 100 * later[0]:
        axes.set_xscale("log")
        axes.set_xlim(later[0], later[-1])
    axes.set_xlabel("time $t$ (steps × step size)")


def score_axis(panels: Sequence[Axes], lines: Iterable[Line2D]) -> None:
    """The axis that panels share, and the line of 0 in each.

    Linear near 0 and logarithmic beyond, where what the lines show spans more than 1.5 decades.
    """
    import numpy as np

    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in lines])
    drawn = drawn[np.isfinite(drawn)]
    for axes in panels:
        axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    sizes = np.abs(drawn[drawn != 0])
    if not len(sizes):
        return
    small, large = np.quantile(sizes, 0.25), sizes.max()
    if large > 30 * small:
        axes = panels[0]
        axes.set_yscale("asinh", linear_width=small)
        decades = 10.0 ** np.arange(np.ceil(np.log10(small)), np.ceil(np.log10(large)))
        ticks = np.array([*-decades[::-1], 0, *decades])
        axes.set_yticks(ticks[(ticks >= drawn.min()) & (ticks <= drawn.max())])
        axes.set_yticks([], minor=True)
        axes.yaxis.set_major_formatter("{x:g}")


def unit(trajectories: Trajectories) -> str:
    """What scores are measured in."""
    if not trajectories.classes:
        return "units of the labels"
    return "log-odds" if len(trajectories.names) == 1 else "logit"
