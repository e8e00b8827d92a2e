"""Gradient flow on texts."""

from __future__ import annotations
