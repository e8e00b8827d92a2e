"""The families of work, in the order of the page."""

from __future__ import annotations

from benchmarks.cases import Section
from benchmarks.sections import corpus, dense, documents, growth, limits, memory, sequences, startup

SECTIONS: dict[str, Section] = {
    "limits": limits.SECTION,
    "dense": dense.SECTION,
    "documents": documents.SECTION,
    "sequences": sequences.SECTION,
    "growth": growth.SECTION,
    "memory": memory.SECTION,
    "startup": startup.SECTION,
    "corpus": corpus.SECTION,
}
