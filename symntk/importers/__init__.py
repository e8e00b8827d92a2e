"""Graphs from elsewhere: models in YAML and JSON files."""

from symntk.importers.files import load, save

__all__ = ["load", "save"]
