"""``symntk flow``: how a network learns a labelled text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symntk.cli.corpora import CorpusChoice, corpus_options
from symntk.cli.data import only_input
from symntk.cli.following import TokenChoice, token_options
from symntk.cli.learning import RunChoice, run_options
from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import check_apart, progress_bar, working, write_text
from symntk.cli.results import ResultChoice, result_options
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


class FlowCommand(ModelCommand):
    """A command with so many options that they stand under several headings."""

    def sections(
        self, own: Sequence[click.Parameter]
    ) -> Iterable[tuple[str, Sequence[click.Parameter]]]:
        """Those of `SECTIONS`, and what is left."""
        left = list(own)
        for title, kinds in SECTIONS.items():
            names = {field.name for kind in kinds for field in fields(kind)}
            yield title, [parameter for parameter in left if parameter.name in names]
            left = [parameter for parameter in left if parameter.name not in names]
        yield "Options", left


SECTIONS = {
    "Texts": (CorpusChoice,),
    "Learning": (RunChoice, TrainingChoice),
    "Tokens to follow": (TokenChoice,),
    "Results": (ResultChoice,),
}
"""Headings of the options that make up the given classes."""


@click.command(cls=FlowCommand)
@model_options
@corpus_options
@run_options
@token_options
@result_options
@training_options
def flow(
    choice: ModelChoice,
    texts: CorpusChoice,
    run: RunChoice,
    following: TokenChoice,
    results: ResultChoice,
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

    results.check()
    check_apart(*texts.files, *results.files)
    choices = _choices(choice, run.acts)
    sentences = _sentences(results.sentence, tokenizer(texts.pattern, texts.lower))
    derivations = _derivations(choices)
    known, test, loss = texts.read()
    eta = run.eta or 1 / len(known.docs)
    problems = _problems(derivations, known, loss, eta, following.select(known, loss))
    times = run.moments(next(iter(problems.values())), trained=training.width is not None)
    flows = _follow(problems, times, run.tolerance, results.output)
    trained = training.train(derivations, known, loss, eta, times, flows)

    tests = {} if test is None else {str(texts.test): test}
    first = next(iter(flows.values()))
    unit = "documents" if texts.next_token is None else "contexts"
    lines = [*summary.about_corpus(known, unit), *summary.about_learning(first, loss)]
    for act, found in flows.items():
        lines += ["", act or choice.model, *summary.about_flow(found, known, tests, results.top)]
        if act in trained:
            lines += summary.line("trained", str(trained[act].compare(found)))
    with working("Drawing", loud=False):
        results.draw(flows, trained, known.docs, sentences)
    if results.files:
        lines += ["", *summary.line("written", ", ".join(map(str, results.files)))]
    write_text("\n".join(lines), None)


def _sentences(texts: Sequence[str], split: Callable[[str], list[str]]) -> list[list[str]]:
    found = [split(text) for text in texts]
    for text, tokens in zip(texts, found, strict=True):
        if not tokens:
            raise UsageError(f"--sentence: {text!r} has no tokens")
    return found


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
    from symntk.dynamics.writing import long_table

    terms = list(dict.fromkeys(term for problem in problems.values() for term in problem.terms))
    flows = {}
    with _table(output) as table:
        for act, problem in problems.items():
            with progress_bar(f"Following {act}".strip(), after=SOON) as progress:
                for so_far in problem.trace(times, tolerance, progress):
                    flows[act] = so_far
                    if table is not None:
                        table.write(long_table(so_far.latest, act, terms))
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
