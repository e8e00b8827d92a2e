"""The trace: the one list of justified steps from which everything else is read.

A step says which rule turned ``before`` into ``after``, under which assumption, and who published
it.  Steps carry SymPy objects, never text that a format has already chosen; prose is a tuple whose
pieces are words (``str``) and inline mathematics (SymPy objects).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sympy import Basic

Prose: TypeAlias = tuple[str | Basic, ...]

STAGES = ("definition", "assumption", "forward", "expectation", "backward", "ntk", "closed form")


@dataclass(frozen=True, slots=True)
class Source:
    """A cited work: ``key`` is its BibTeX key, ``short`` what a terminal prints."""

    key: str
    short: str
    bibtex: str


@dataclass(frozen=True, slots=True)
class Step:
    """One justified rewriting.

    rule: name of the rule, as papers call it (``"Price"``, ``"Stein"``, ``"matrix product"``).
    before, after: the SymPy object before and after; a definition has the defined symbol before.
    assumption: what must hold for the rule to apply; empty when it always applies.
    source: key of the cited work in ``symntk.sources``, optionally with a place:
        ``"jacot2018"`` or ``"yang2020:Theorem 4.3"``.
    reason: a sentence for the reader, words and inline mathematics.
    stage: the part of the derivation it belongs to, one of `STAGES`; empty for Gaussian calculus.
    node: name of the graph's node that the step is about; empty for pure Gaussian calculus.
    substeps: how ``after`` was found, when that is itself a derivation.
    """

    rule: str
    before: Basic
    after: Basic
    assumption: str = ""
    source: str = ""
    reason: Prose = field(default=())
    stage: str = ""
    node: str = ""
    substeps: tuple[Step, ...] = field(default=())
