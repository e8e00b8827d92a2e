"""``symntk flow``: how a network learns a labelled text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symntk.cli.corpora import CorpusChoice, corpus_options
from symntk.cli.data import only_input
from symntk.cli.figures import FigureChoice, figure_options
from symntk.cli.following import TokenChoice, token_options
from symntk.cli.learning import RunChoice, run_options
from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import OUTPUT, check_apart, check_writable, progress_bar, working, write_text
from symntk.cli.training import TrainingChoice, training_options
from symntk.cli.values import parts
from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.derivation import Derivation
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
@training_options
def flow(
    choice: ModelChoice,
    texts: CorpusChoice,
    acts: str | None,
    run: RunChoice,
    following: TokenChoice,
    top: int,
    output: Path | None,
    figures: FigureChoice,
    training: TrainingChoice,
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
    check_apart(*texts.files, *filter(None, [output]), *figures.files)
    choices = _choices(choice, acts)
    split = tokenizer(texts.pattern, texts.lower)
    sentences = [split(sentence) for sentence in figures.sentence]
    derivations = _derivations(choices)
    known, test, loss = texts.read()
    eta = run.eta or 1 / len(known.docs)
    problems = _problems(derivations, known, loss, eta, following.select(known, loss))
    times = run.moments(next(iter(problems.values())), trained=training.width is not None)
    flows = _follow(problems, times, run.tolerance, output)
    trained = training.train(derivations, known, loss, eta, times, flows)

    tests = {} if test is None else {str(texts.test): test}
    first = next(iter(flows.values()))
    unit = "documents" if texts.next_token is None else "contexts"
    lines = [*summary.about_corpus(known, unit), *summary.about_learning(first, loss)]
    for act, found in flows.items():
        lines += ["", act or choice.model, *summary.about_flow(found, known, tests, top)]
        if act in trained:
            lines += summary.line("trained", str(trained[act].compare(found)))
    written = [path for path in (output,) if path is not None]
    with working("Drawing", loud=False):
        written += figures.draw(flows, trained, known.docs, sentences, top)
    if written:
        lines += ["", *summary.line("written", ", ".join(map(str, written)))]
    write_text("\n".join(lines), None)


def _check_table(path: Path) -> None:
    from symntk.dynamics.writing import check_table

    check_table(path)
    check_writable(path)


def _choices(choice: ModelChoice, acts: str | None) -> dict[str, ModelChoice]:
    """The models to follow, by activation."""
    if acts is not None:
        return {act: choice.with_act(act) for act in parts("--acts", acts)}
    return {choice.act: choice}


def _derivations(choices: Mapping[str, ModelChoice]) -> dict[str, Derivation]:
    """The kernels of networks on tokens."""
    found = {}
    for act, choice in choices.items():
        with working(f"Deriving {choice.model} {act}".strip(), loud=False):
            graph = choice.graph()
            if not only_input(graph).is_one_hot:
                raise UsageError(f"{choice.model} takes numbers, and a text is made of tokens")
            found[act] = choice.derivation(graph)
    return found


def _problems(
    derivations: Mapping[str, Derivation],
    corpus: Corpus,
    loss: str,
    eta: float,
    tokens: Sequence[str],
) -> dict[str, Problem]:
    """Each network before the documents."""
    from symntk.dynamics.problem import pose

    found = {}
    for act, derivation in derivations.items():
        with working(f"Counting features {act}".strip(), loud=False):
            found[act] = pose(derivation, corpus.docs, corpus.labels, loss, eta, tokens)
    return found


def _follow(
    problems: Mapping[str, Problem],
    times: Sequence[float],
    tolerance: float,
    output: Path | None,
) -> dict[str, Flow]:
    """The flows of all networks, written to ``output`` as they come."""
    from symntk.dynamics.problem import join
    from symntk.dynamics.writing import long_table

    terms = list(dict.fromkeys(term for problem in problems.values() for term in problem.terms))
    flows = {}
    with _table(output) as table:
        for act, problem in problems.items():
            pieces = []
            with progress_bar(f"Following {act}".strip(), after=SOON) as progress:
                for piece in problem.trace(times, tolerance, progress):
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
