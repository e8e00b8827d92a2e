"""The derivation as a PDF, where pdflatex is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from symntk.derivation import Derivation
from symntk.errors import SymntkError, UsageError
from symntk.rendering.formats import render

_SECONDS = 60


class LatexError(SymntkError):
    """pdflatex is missing or refused the document."""


def write_pdf(derivation: Derivation, path: Path | str, notation: str = "jacot") -> None:
    """Write ``derivation`` as a PDF to ``path``.

    LaTeX runs in a directory of its own, without shell escape.  Raises LatexError where pdflatex
    is missing or fails, UsageError where ``path`` cannot be written.
    """
    target = Path(path)
    command = shutil.which("pdflatex")
    if command is None:
        raise LatexError(
            "a PDF needs pdflatex, which is not on the PATH: install TeX Live "
            "(Debian: texlive-latex-recommended), or write --format latex --standalone"
        )
    source = render(derivation, "latex", notation=notation, standalone=True)
    with tempfile.TemporaryDirectory(prefix="symntk-") as name:
        directory = Path(name)
        (directory / "derivation.tex").write_text(source, encoding="utf-8")
        _run(command, directory)
        try:
            shutil.copyfile(directory / "derivation.pdf", target)
        except OSError as problem:
            raise UsageError(f"cannot write {target}: {problem.strerror}") from problem


def _run(command: str, directory: Path) -> None:
    arguments = ["-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"]
    try:
        run = subprocess.run(
            [command, *arguments, "derivation.tex"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise LatexError(f"pdflatex did not finish in {_SECONDS} s") from problem
    if run.returncode:
        log = run.stdout.decode("utf-8", "replace").splitlines()
        complaint = next((line for line in log if line.startswith("!")), "no message")
        raise LatexError(f"pdflatex failed: {complaint}")
