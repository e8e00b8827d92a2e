"""Statements of an emitted module for sequences as source text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from sympy import Expr

from symntk.emission.plan import Assign
from symntk.emission.printer import WIDTH, SourcePrinter
from symntk.emission.sequences.plan import (
    Allocate,
    For,
    Increase,
    Item,
    Load,
    SequencePlan,
    Store,
)

PAIR = "a pair of inputs x, x' and their positions t, t'"


class PositionPrinter(SourcePrinter):
    """Adds what only kernels of sequences call."""

    def _print_PlainGap(self, expr: Expr) -> str:
        return f"plain_gap({', '.join(map(self._print, expr.args))})"


def text_of(expression: Expr) -> str:
    """``expression`` as Python source."""
    return str(PositionPrinter({"order": "none"}).doprint(expression))


def items_text(items: tuple[Item, ...] | list[Item], indent: str) -> Iterator[str]:
    """Items as lines of source."""
    for item in items:
        if isinstance(item, Assign):
            yield from assignment(item, indent)
        elif isinstance(item, Load):
            yield f"{indent}{item.symbol} = {load_text(item)}"
        elif isinstance(item, Store):
            yield f"{indent}{item.place} = {text_of(item.value)}"
        elif isinstance(item, Increase):
            yield f"{indent}{item.target} += {text_of(item.value)}"
        elif isinstance(item, Allocate):
            size = ", ".join(item.shape) + ("," if len(item.shape) == 1 else "")
            name = f"{item.name} = " if item.name else ""
            yield f"{indent}{name}{item.text or f'np.empty(({size}))'}"
        elif isinstance(item, For):
            span = f"{item.count} - 1, -1, -1" if item.reverse else item.count
            yield f"{indent}for {item.index} in range({span}):"
            yield from items_text(item.body, indent + "    ")


def assignment(line: Assign, indent: str) -> Iterator[str]:
    """A line, with its note before it."""
    if line.note:
        yield f"{indent}# {line.note}"
    yield f"{indent}{line.target} = {text_of(line.value)}"


def load_text(item: Load) -> str:
    """What a `Load` assigns."""
    if not item.conditions:
        return item.text
    return f"{item.text} if {' and '.join(item.conditions)} else {item.default}"


def wrapped(parts: list[str], indent: int = 4) -> str:
    """Arguments, on lines of their own where they are many."""
    text = ", ".join(parts)
    if len(text) + indent < 60:
        return text
    lines = textwrap.wrap(text, WIDTH - 4 - indent, break_long_words=False)
    space = " " * indent
    return "\n" + "\n".join(space + line for line in lines) + "\n" + space[4:]


def inputs_in_words(plan: SequencePlan) -> str:
    """What the samples are given as."""

    def one(is_tokens: bool, rank: int) -> str:
        if is_tokens:
            return "a list of sequences of tokens, strings or whole numbers"
        return {
            0: "an array (n, d)",
            1: "a list of arrays (T, d), or one array (n, T, d)",
            2: "a list of arrays (H, W, channels), or one array",
        }[rank]

    words = [one(item.is_tokens, len(item.lengths)) for item in plan.inputs]
    if len(words) == 1:
        return f"x1, x2: {words[0]}."
    parts = "; ".join(f"{i.name}: {word}" for i, word in zip(plan.inputs, words, strict=True))
    return f"x1, x2: a tuple or a dict by name. {parts}."
