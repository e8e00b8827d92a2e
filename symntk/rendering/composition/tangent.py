"""The neural tangent kernel: each parameter's part, and their sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symntk.gaussian import Expectation
from symntk.rendering.composition.page import Page, bare
from symntk.rendering.document import Block, Display, Math, Paragraph, Piece
from symntk.rendering.heads import Kernel
from symntk.rendering.reading.reading import Statement


def tangent(page: Page) -> list[Block]:
    """The section."""
    reading = page.reading
    parts = [bare_statement(statement) for statement in reading.parts]
    total = [bare_statement(statement) for statement in reading.total]
    pair = Math(page.typeset.pair("ab"))
    if not parts:
        return [Paragraph(("No parameter is trained, and the neural tangent kernel is zero.",))]
    opening: list[Piece] = ["With the arguments ", pair, " left out, "]
    opening.append("each trained parameter contributes")
    if page.typeset.gathered:
        opening.append(" (one of a repeated block, in all blocks together)")
    own = [part for part in parts if part.left.vector in page.derivation.graph.parameters]
    vanishing = [part for part in own if part.right == 0 and reading.has_positions]
    parts = [part for part in parts if part not in vanishing]
    return [
        Paragraph(tuple(opening)),
        Display(tuple(page.statement(statement) for statement in parts)),
        Paragraph(
            (
                "to the neural tangent kernel",
                *_sources(page),
                ".",
                *_vanishing(page, vanishing),
                f" {_summed(page)}",
            )
        ),
        Display(tuple(page.statement(statement) for statement in total)),
    ]


def _vanishing(page: Page, parts: list[Statement]) -> Iterator[Piece]:
    """Which parameters have no part in the limit."""
    for index, part in enumerate(parts):
        yield (
            " That of "
            if index == 0 and len(parts) == 1
            else " Those of "
            if index == 0
            else (" and " if index == len(parts) - 1 else ", ")
        )
        yield Math(page.typeset.subject(part.left.vector))
    if parts:
        yield f" {'vanishes' if len(parts) == 1 else 'vanish'} in the limit."


def _summed(page: Page) -> str:
    """How the parts add up."""
    if not page.reading.layered:
        return "Their sum is"
    kernels = {k.letter for s in page.reading.total for k in s.right.atoms(Kernel)}
    if "Sigma" in kernels:
        return "The parts that arise in one layer add up to its covariance, so that their sum is"
    return "Their sum is, from layer to layer,"


def _sources(page: Page) -> list[Piece]:
    keys = {step.source: None for statement in page.reading.parts for step in statement.steps}
    return [piece for key in keys if key for piece in (" ", page.cite(key))]


def bare_statement(statement: Statement) -> Statement:
    """A statement with the arguments (x, x') left out, where it has no others."""
    kernels = [
        k
        for k in statement.right.atoms(Kernel)
        if k.letter != "input" and not k.left and not k.right
    ]
    laws = {part for e in statement.right.atoms(Expectation) for part in e.law}
    if any(kernel.site not in ("ab", "") for kernel in kernels if kernel not in laws):
        return statement
    names = {kernel: bare(kernel) for kernel in kernels if kernel not in laws}
    left = statement.left if statement.left.left else bare(statement.left)
    return replace(statement, left=left, right=statement.right.xreplace(names))
