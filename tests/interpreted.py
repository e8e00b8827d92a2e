"""Emitted modules run by Python itself: the same arithmetic as compiled, without waiting for it."""

from __future__ import annotations

import importlib.util
import uuid
from pathlib import Path
from types import ModuleType

import numba


def load(source: str, folder: Path) -> ModuleType:
    """The module ``source``, from a file in ``folder``, with its functions left uncompiled."""
    path = folder / f"interpreted_{uuid.uuid4().hex}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = numba.config.DISABLE_JIT
    numba.config.DISABLE_JIT = True
    try:
        spec.loader.exec_module(module)
    finally:
        numba.config.DISABLE_JIT = before
    return module
