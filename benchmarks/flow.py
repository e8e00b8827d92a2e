"""The flow on a corpus of the size of the Stanford sentiment treebank, as a whole process."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.timing import medians
from symntk.dynamics.synthetic import zipf

DOCUMENTS, LENGTH, WORDS = 6920, 17, 14_000
ACTIVATIONS = ("relu", "tanh")
COMMAND = ("-m", "symntk", "flow", "bow", "--times", "2685")


def time_flow(repeats: int) -> None:
    """Print the median wall time of ``symntk flow``, from a file of texts to a table of scores."""
    print(f"symntk flow bow, {DOCUMENTS} texts of {LENGTH} of {WORDS} words, from file to file")
    with TemporaryDirectory() as folder:
        data = _written(Path(folder) / "texts.csv")
        output = str(Path(folder) / "scores.csv")
        runs = {
            act: lambda act=act: subprocess.run(  # type: ignore[misc]
                [sys.executable, *COMMAND, "--act", act, "--data", str(data), "-o", output],
                check=True,
                capture_output=True,
            )
            for act in ACTIVATIONS
        }
        for act, seconds in medians(runs, repeats).items():
            print(f"--act {act:26} {seconds:6.2f} s")


def _written(path: Path) -> Path:
    corpus = zipf(DOCUMENTS, LENGTH, WORDS)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        rows = zip(corpus.docs, corpus.labels, strict=True)
        table.writerows((" ".join(map(str, document)), label) for document, label in rows)
    return path
