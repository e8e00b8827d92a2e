"""The per-user folder of emitted modules: each under a name that holds the hash of its content."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from symntk.errors import UsageError

VARIABLE = "SYMNTK_CACHE"
"""The environment variable that names another folder."""


def cache_folder() -> Path:
    """Where emitted modules are kept; the platform's place for caches unless `VARIABLE` is set."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "symntk"


def store(source: str) -> Path:
    """The file that holds ``source``, written if it is not there yet.

    Written beside its place and moved there, so that no process ever reads half a file.
    Raises UsageError where the folder cannot be written.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:20]
    path = cache_folder() / f"kernel_{digest}.py"
    try:
        _write(path, source)
    except OSError as error:
        raise UsageError(
            f"compiled kernels are kept in {path.parent}, which cannot be written "
            f"({error.strerror}): name another folder in the environment variable {VARIABLE}"
        ) from error
    return path


def _write(path: Path, source: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == source:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(suffix=".py", prefix=".writing_", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(source)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
