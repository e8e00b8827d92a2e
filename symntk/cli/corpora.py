"""The options that say how texts are read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import click

from symntk.cli.groups import as_one
from symntk.cli.output import progress_bar
from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.dynamics import Corpus

MANY = 20
"""More classes than these, and few documents of each, are no classes."""


@dataclass(frozen=True)
class CorpusChoice:
    """What the command line says about texts."""

    data: Path
    test: Path | None
    text: str
    label: str
    next_token: int | None
    loss: str | None
    pattern: str | None
    lower: bool
    minimum: int

    @property
    def files(self) -> list[Path]:
        """The files that are read, each once."""
        return list({path.resolve(): path for path in (self.data, self.test) if path}.values())

    def read(self) -> tuple[Corpus, Corpus | None, str]:
        """The documents to learn, those to be judged on, and the loss."""
        from symntk.dynamics.documents import read_documents

        learnt = self._texts(self.data, self.minimum)
        known = self._examples(learnt)
        loss = self._fitting_loss(known)
        if self.test is None:
            return known, None, loss
        judged = self._texts(self.test, 1)
        if self.minimum > 1:
            judged = judged.keep(set(read_documents(learnt.docs).vocabulary))
        if not len(judged.docs):
            raise UsageError(f"{self.test}: no text has a token of {self.data}")
        test = self._examples(judged)
        if loss != "squared" and self.next_token is None:
            self._check_labels(self.test, test, known)
        return known, test, loss

    def _texts(self, path: Path, minimum: int) -> Corpus:
        from symntk.dynamics import read_corpus

        with progress_bar(f"Reading {path}", after=1) as progress:
            return read_corpus(
                path,
                self.text,
                self.label if self.next_token is None else None,
                self.pattern,
                self.lower,
                minimum,
                numbers=self.loss == "squared",
                progress=progress,
            )

    def _examples(self, corpus: Corpus) -> Corpus:
        """Documents and labels, or contexts and the tokens that follow them."""
        from symntk.dynamics import next_tokens

        return corpus if self.next_token is None else next_tokens(corpus.docs, self.next_token)

    def _fitting_loss(self, corpus: Corpus) -> str:
        """The loss that was asked for, or that fits the labels; UsageError where none does."""
        if self.next_token is not None:
            if self.loss not in (None, "softmax"):
                raise UsageError(f"--next-token is learnt by softmax loss, not by {self.loss}")
            return "softmax"
        if self.loss == "squared":
            return self.loss
        counts = Counter(corpus.labels)
        listed = _listed(list(counts))
        place = f"{self.data}: column {self.label!r}"
        if len(counts) < 2:
            raise UsageError(
                f"{place}: all {len(corpus.docs)} rows have the label {listed}; there is nothing "
                "to tell apart"
            )
        if self.loss == "logistic" and len(counts) > 2:
            raise UsageError(
                f"{place} has {len(counts)} classes ({listed}), and logistic loss is for two: "
                "use --loss softmax"
            )
        if self.loss is None and MANY < len(counts) > len(corpus.docs) / 2:
            raise UsageError(
                f"{place} has {len(counts)} different labels ({listed}) on {len(corpus.docs)} "
                "rows: for numbers use --loss squared, for classes --loss softmax"
            )
        return self.loss or ("logistic" if len(counts) == 2 else "softmax")

    def _check_labels(self, path: Path, corpus: Corpus, known: Corpus) -> None:
        """UsageError where ``corpus`` has a label that ``known`` lacks."""
        classes = set(known.labels)
        for name in corpus.labels:
            if name not in classes:
                raise UsageError(
                    f"{path}: column {self.label!r}: the label {name} is none of those learnt from "
                    f"{self.data}, {_listed(sorted(classes))}"
                )


def _listed(names: list[object]) -> str:
    """The first of them, each shortened to a few words."""
    shown = [shorten(str(name), 30, placeholder=" ...") for name in names[:5]]
    return ", ".join(shown) + (", ..." if len(names) > 5 else "")


_FILE = click.Path(path_type=Path)

corpus_options = as_one(
    CorpusChoice,
    "texts",
    [
        click.option(
            "--data",
            metavar="FILE",
            type=_FILE,
            required=True,
            help="The texts to learn: a .csv, .tsv or .jsonl file.",
        ),
        click.option(
            "--text",
            metavar="COL",
            default="text",
            show_default=True,
            help="The column of the texts.",
        ),
        click.option(
            "--label",
            metavar="COL",
            default="label",
            show_default=True,
            help="The column of the labels.",
        ),
        click.option(
            "--test", metavar="FILE", type=_FILE, help="Texts to judge what was learnt on."
        ),
        click.option(
            "--pattern",
            metavar="REGEX",
            help="Tokens are its matches, such as '\\w+'; without it, what white space separates.",
        ),
        click.option("--lower", is_flag=True, help="Read capital letters as small ones."),
        click.option(
            "--min-count",
            "minimum",
            metavar="N",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Leave out tokens that occur less often.",
        ),
        click.option(
            "--loss",
            metavar="LOSS",
            type=click.Choice(["logistic", "softmax", "squared"]),
            help="logistic (two classes), softmax (several) or squared (labels that are numbers). "
            "Without it one of the first two, by the number of classes.",
        ),
        click.option(
            "--next-token",
            metavar="N",
            type=click.IntRange(1),
            help="Learn each token from the N before it, in place of labels.",
        ),
    ],
)
"""Give a command the options of texts, as a `CorpusChoice` named ``texts``."""
