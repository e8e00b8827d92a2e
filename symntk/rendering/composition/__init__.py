"""A derivation composed into a document: one file per section."""

from symntk.rendering.composition.sections import SECTIONS, compose

__all__ = ["SECTIONS", "compose"]
