"""``symntk flow``: how a network learns a labelled text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symntk.cli.corpora import CorpusChoice, corpus_options
from symntk.cli.figures import FigureChoice, figure_options
from symntk.cli.following import TokenChoice, token_options
from symntk.cli.learning import RunChoice, run_options
from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import OUTPUT, check_writable, progress_bar, working
from symntk.cli.values import parts

if TYPE_CHECKING:
    from symntk.dynamics import Corpus, Flow
    from symntk.dynamics.problem import Problem
    from symntk.dynamics.writing import Table

SOON = 1.0
"""Seconds of work before a progress bar appears."""


@click.command(cls=ModelCommand)
@model_options
@corpus_options
@click.option("--acts", metavar="A,B", help="Activations to put side by side, between commas.")
@run_options
@token_options
@click.option(
    "--top",
    metavar="K",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Name the K tokens and bigrams with the largest scores of each class.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=OUTPUT,
    help="Write the label scores over time to a .csv or .parquet file.",
)
@figure_options
def flow(
    choice: ModelChoice,
    texts: CorpusChoice,
    acts: str | None,
    run: RunChoice,
    following: TokenChoice,
    top: int,
    output: Path | None,
    figures: FigureChoice,
) -> None:
    """Follow how MODEL learns a labelled text.

    The infinitely wide network is trained by gradient flow. The label score of
    a token is the score of the document that it alone makes: positive for the
    upper of two classes. Says what was learnt, what the scores are made of, and
    how exact they are; -o writes them at all times with the share of each term
    (co-occurrence, bias, bigrams, ...).

    \b
    Examples:
        symntk flow bow --act relu --data reviews.csv --label stars
        symntk flow bow --acts relu,tanh --data train.csv --test test.csv \\
            -o scores.csv --plot scores.png
        symntk flow cnn --window 2 --data train.csv --lower --pattern '\\w+' \\
            --heat-map page.html --sentence 'not a good film'
    """
    from symntk.dynamics import summary
    from symntk.dynamics.corpus import tokenizer

    if output is not None:
        _check_table(output)
    figures.check()
    choices = _choices(choice, acts)
    split = tokenizer(texts.pattern, texts.lower)
    sentences = [split(sentence) for sentence in figures.sentence]
    known, test, loss = texts.read()
    problems = _problems(choices, known, loss, run, following)
    flows = _follow(problems, run, output)

    lines = summary.about_corpus(known)
    for act, found in flows.items():
        judged = {} if test is None else {str(texts.test): test}
        lines += ["", act or choice.model, *summary.about_flow(found, known, judged, top)]
    written = [path for path in (output,) if path is not None]
    with working("Drawing", loud=False):
        written += figures.draw(flows, known.docs, sentences, top)
    if written:
        lines += ["", *summary.line("written", ", ".join(map(str, written)))]
    click.echo("\n".join(lines))


def _check_table(path: Path) -> None:
    from symntk.dynamics.writing import check_table

    check_table(path)
    check_writable(path)


def _choices(choice: ModelChoice, acts: str | None) -> dict[str, ModelChoice]:
    """The models to follow, by activation."""
    if acts is not None:
        return {act: choice.with_act(act) for act in parts("--acts", acts)}
    return {choice.act: choice}


def _problems(
    choices: Mapping[str, ModelChoice],
    corpus: Corpus,
    loss: str,
    run: RunChoice,
    following: TokenChoice,
) -> dict[str, Problem]:
    """Each network before the documents."""
    from symntk.dynamics.problem import pose

    eta = run.eta or 1 / len(corpus.docs)
    tokens = following.select(corpus, loss)
    found = {}
    for act, choice in choices.items():
        with working(f"Preparing {act or choice.model}", loud=False):
            found[act] = pose(choice.derivation(), corpus.docs, corpus.labels, loss, eta, tokens)
    return found


def _follow(
    problems: Mapping[str, Problem], run: RunChoice, output: Path | None
) -> dict[str, Flow]:
    """The flows of all networks at the same times, written to ``output`` as they come."""
    from symntk.dynamics.problem import join
    from symntk.dynamics.writing import long_table

    times = run.moments(next(iter(problems.values())))
    terms = list(dict.fromkeys(term for problem in problems.values() for term in problem.terms))
    flows = {}
    with _table(output) as table:
        for act, problem in problems.items():
            pieces = []
            with progress_bar(f"Following {act}".strip(), after=SOON) as progress:
                for piece in problem.trace(times, run.tolerance, progress):
                    pieces.append(piece)
                    if table is not None:
                        table.write(long_table(piece, act, terms))
            flows[act] = join(pieces)
    return flows


@contextmanager
def _table(output: Path | None) -> Iterator[Table | None]:
    """The table to write, if any; where its rows are is said if the work ends early."""
    from symntk.dynamics.writing import open_table

    if output is None:
        yield None
        return
    with open_table(output) as table:
        done = False
        try:
            yield table
            done = True
        finally:
            if table.count and not done:
                message = f"\nThe {table.count} rows written so far are in {table.part}"
                click.echo(message, err=True)
