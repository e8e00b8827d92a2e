"""The options that say which tokens are followed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from symntk.cli.groups import as_one
from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.dynamics import Corpus

FREQUENT, POLAR = 500, 100
"""How many tokens are followed if nothing is said."""

FEWEST = 20
"""How many are followed at least, where each of them has many scores."""

MANY = 50
"""More classes than these do not have polar tokens each."""


class Tokens(click.ParamType[Any]):
    """Tokens between commas; one that holds a comma stands in double quotes."""

    name = "tokens"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The tokens, each once."""
        try:
            found = [part for row in csv.reader([str(value)], strict=True) for part in row]
        except csv.Error as error:
            self.fail(f"{value!r} is not a list of tokens between commas: {error}", param, ctx)
        if not found or not all(found):
            self.fail("there is nothing between two commas, or at an end", param, ctx)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class TokenChoice:
    """What the command line says about the tokens to follow."""

    tokens: tuple[str, ...] | None
    frequent: int | None
    polar: int | None
    everything: bool

    def select(self, corpus: Corpus, loss: str) -> list[str]:
        """The tokens to follow, those that were named first, then the most frequent."""
        from symntk.dynamics.documents import count, read_documents
        from symntk.dynamics.selection import select

        docs = read_documents(corpus.docs)
        words: Sequence[Any] = docs.vocabulary
        named = list(self.tokens or ())
        known = set(words)
        for token in named:
            if token not in known:
                raise UsageError(f"--tokens: {token!r} is no token of the documents")
        if self.everything:
            return list(dict.fromkeys([*named, *words]))
        classes = [] if loss == "squared" else list(dict.fromkeys(corpus.labels))
        frequent, polar = self._numbers(len(classes) if loss == "softmax" else 1)
        counts = count(words, docs, corpus.labels, classes if len(classes) <= MANY else [])
        return list(dict.fromkeys([*named, *(words[n] for n in select(counts, frequent, polar))]))

    def _numbers(self, scores: int) -> tuple[int, int]:
        """How many frequent tokens, and how many polar ones for each class."""
        if self.tokens is not None or self.frequent is not None or self.polar is not None:
            return self.frequent or 0, self.polar or 0
        return max(FEWEST, FREQUENT // scores), max(FEWEST, POLAR // scores)


token_options = as_one(
    TokenChoice,
    "following",
    [
        click.option("--tokens", metavar="A,B", type=Tokens(), help="Follow these tokens."),
        click.option(
            "--frequent",
            metavar="K",
            type=click.IntRange(0),
            help=f"Follow the K most frequent tokens.  [default: {FREQUENT}]",
        ),
        click.option(
            "--polar",
            metavar="K",
            type=click.IntRange(0),
            help="Follow for each class the K tokens that lean to it most clearly.  "
            f"[default: {POLAR}]",
        ),
        click.option("--all-tokens", "everything", is_flag=True, help="Follow every token."),
    ],
)
"""Give a command the options of tokens, as a `TokenChoice` named ``following``."""
