"""The options of the experiments: no script itself."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What an experiment was told.

    folder: where figures go.
    small: to be quick, with less of everything.
    data: a text to read, or None.
    """

    folder: Path
    small: bool
    data: Path | None = None


def read_options(
    arguments: Sequence[str] | None, script: str, small: str, data: bool = True
) -> Options:
    """The options of a command line, that of the process where it is None.

    script: the docstring of the experiment, whose first line ``--help`` shows.
    small: what ``--small`` means.
    data: whether the experiment reads texts.
    """
    parser = argparse.ArgumentParser(description=script.splitlines()[0])
    if data:
        parser.add_argument(
            "--data", type=Path, help="a .csv, .tsv or .jsonl file with text and label"
        )
    parser.add_argument("-o", dest="folder", type=Path, default=Path(), help="where figures go")
    parser.add_argument("--small", action="store_true", help=small)
    return Options(**vars(parser.parse_args(arguments)))
