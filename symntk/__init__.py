"""Derives, explains and compiles neural tangent kernels from computation graphs.

The names below load their modules on first use, so that ``import symntk`` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symntk import zoo as zoo

_HOMES: dict[str, str] = {}
"""Where each public name lives."""

_MODULES = ("zoo",)

__all__ = [*_MODULES, *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"symntk.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'symntk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
