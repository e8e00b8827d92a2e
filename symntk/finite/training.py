"""Finite networks that gradient descent trains, beside the flow that predicts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symntk.dynamics.documents import check_lengths
from symntk.dynamics.losses import Label, Loss
from symntk.dynamics.problem import check_positive, read_loss, rising
from symntk.dynamics.progress import WHOLE, Progress, silent
from symntk.dynamics.trajectories import Trajectories
from symntk.errors import UsageError
from symntk.finite.agreement import Agreement, agreement, require_alike
from symntk.finite.descent import Pupil
from symntk.finite.examples import Example, Examples, examples_of
from symntk.finite.extents import Array
from symntk.finite.lessons import set_lesson
from symntk.graph import Graph

if TYPE_CHECKING:
    from symntk.decomposition.documents import Document, Token

    Docs = Sequence[Document] | NDArray[Any]

SHARE = 0.1
"""The longest step when it is left open, as a share of the shortest time scale."""

UNSTABLE = 2.0
"""A step of so many time scales makes gradient descent unstable."""

MOST_STEPS = 200_000
"""Steps of one network."""

ROUNDING = 1e-9
"""A span that is longer than so many steps by less than this share takes no step more."""

USUAL = 40
"""Times that are looked at if none are given, besides 0."""


@dataclass(frozen=True, eq=False)
class Training(Trajectories):
    """How the scores of finite networks move while gradient descent trains them.

    A score is f - f_0: what the network says, less what it said before it was trained.

    history: the scores of all inputs that were followed, (networks, times, inputs, scores).
    width: that of the networks, or next to the one asked for where the graph fixes proportions.
    step: the longest step in time.
    """

    history: Array
    width: int
    step: float
    _examples: Examples
    _numbers: Mapping[Example, int]
    _loss: Loss

    @cached_property
    def runs(self) -> Array:
        """The label scores of each network, (networks, times, tokens, scores)."""
        return self.history[:, :, [self._numbers[self._examples.unit(t)] for t in self.tokens]]

    @cached_property
    def label_scores(self) -> Array:
        """The mean of the label scores over the networks, (times, tokens, scores)."""
        return np.asarray(self.runs.mean(axis=0))

    @cached_property
    def spread(self) -> Array | None:
        """The standard deviation of one network's label scores, (times, tokens, scores).

        None for a single network.
        """
        return np.asarray(self.runs.std(axis=0, ddof=1)) if len(self.runs) > 1 else None

    def documents(self, docs: Docs) -> Array:
        """The mean scores of documents over the networks, (times, documents, scores).

        Followed are the documents of the training, and those given to `train` as ``also``;
        UsageError for others.
        """
        return np.asarray(self._runs_of(docs).mean(axis=0))

    def _runs_of(self, docs: Docs) -> Array:
        """The scores of documents for each network, (networks, times, documents, scores)."""
        places = []
        for number, example in enumerate(self._examples.read(docs), start=1):
            if example not in self._numbers:
                raise UsageError(
                    f"document {number} was not followed: give it to train as one of also=[...]"
                )
            places.append(self._numbers[example])
        return self.history[:, :, places]

    def predict(self, docs: Docs) -> NDArray[Any]:
        """The labels that the mean scores stand for, (times, documents); see `documents`."""
        return self._loss.decide(self.documents(docs), self.classes)

    def compare(
        self, theory: Trajectories, time: float | None = None, docs: Docs | None = None
    ) -> Agreement:
        """How each network's scores agree with those of ``theory``, such as a `Flow`.

        time: one of the times; all of them together without it.
        docs: documents that were followed, see `documents`; the label scores without it.
        """
        require_alike(self, theory)
        runs = self.runs if docs is None else self._runs_of(docs)
        truth = theory.label_scores if docs is None else theory.documents(docs)
        if time is None:
            return agreement(runs, truth)
        (places,) = np.nonzero(np.isclose(self.times, time))
        if not len(places):
            raise UsageError(f"{time} is none of the times, {', '.join(map(str, self.times))}")
        return agreement(runs[:, places[0]], truth[places[0]])


def train(
    graph: Graph,
    docs: Iterable[Document] | NDArray[Any],
    labels: Iterable[Label],
    loss: str = "logistic",
    times: Sequence[float] | None = None,
    eta: float = 1.0,
    tokens: Iterable[Token] | None = None,
    width: int = 1024,
    seeds: int = 1,
    rng: int | np.random.Generator = 0,
    step: float | None = None,
    also: Docs = (),
    progress: Progress = silent,
) -> Training:
    """Train finite networks ``graph`` on labelled documents by full-batch gradient descent.

        theta <- theta + eta h sum_j r_j . df(x_j)/dtheta,   r_j = -dl/ds_j at s = f - f_0

    All trained parameters move, by steps that are h long in time; as the width grows and h falls,
    s follows `symntk.flow` with the same arguments.  The initial function f_0 is taken off, in the
    loss as in what is reported, as the flow starts from s = 0.  Several scores (softmax) are
    several rows of the readout; the rest of the network is shared.

    docs: lists of tokens; for a network on vectors an array (N, d), the tokens then being the
        coordinates 0 to d - 1, with the label scores of the unit vectors.
    labels, loss, times, eta, tokens: as in `symntk.flow`, but without ``times`` only up to 100 over
        the fastest rate.
    width: the common width n of the networks.
    seeds: the number of networks, independent at the start.
    rng: a seed or a generator; the same seed gives the same networks.
    step: the longest h; times are hit exactly, by equal steps from each to the next.  Without it,
        0.1 over the fastest rate eta l'' lambda, l'' the loss's largest curvature and lambda the
        largest eigenvalue of the network's tangent kernel on the documents, at the start.
    also: more documents whose scores to follow.
    progress: called after each step with how much is done, and of how much.

    Raises UsageError for data that is not well formed, for a network with other inputs, for a step
    at which gradient descent is unstable, and for times that take too many steps.
    """
    chosen = read_loss(loss)
    given_docs = docs if isinstance(docs, np.ndarray) else list(docs)
    examples = examples_of(graph, given_docs)
    documents, answers = examples.read(given_docs), list(labels)
    check_lengths(documents, answers)
    targets = chosen.targets(answers)
    given = None if times is None else rising(times)
    _check_numbers(eta, step, width, seeds)
    followed = tuple(examples.tokens(tokens, documents))
    units = [examples.unit(token) for token in followed]
    more = examples.read(also) if len(also) else []
    inputs = list(dict.fromkeys([*documents, *units, *more]))
    lesson = set_lesson(graph, int(width), examples, documents, inputs, chosen, targets, float(eta))
    architecture = lesson.passes.architecture
    histories, longest = [], 0.0
    for number, child in enumerate(np.random.default_rng(rng).spawn(int(seeds))):
        pupil = Pupil(architecture.sample(child), lesson)
        rate = pupil.rate()
        given = _usual(rate) if given is None else given
        limit = _limit(step, rate)
        steps = _steps(given, limit)
        longest = max(longest, *(length for _, length in steps))

        def report(share: float, before: int = number) -> None:
            progress(int(WHOLE * (before + share) / seeds), WHOLE)

        histories.append(_followed(pupil, steps, report))
    assert given is not None
    return Training(
        followed,
        examples.count(followed, documents, answers, targets.classes),
        targets.names,
        targets.classes,
        given,
        np.array(histories),
        architecture.widths.common,
        longest,
        examples,
        {example: number for number, example in enumerate(inputs)},
        chosen,
    )


def _check_numbers(eta: float, step: float | None, width: int, seeds: int) -> None:
    check_positive("eta", eta)
    if step is not None:
        check_positive("step", step)
    for name, number in (("width", width), ("seeds", seeds)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
            raise UsageError(f"{name} is {number!r}: needed is a whole number from 1 on")


def _usual(rate: float) -> Array:
    """0, and 40 times from a tenth of the shortest time scale to 100 of them."""
    return np.concatenate([[0.0], np.geomspace(0.1, 100, USUAL) / (rate or 1.0)])


def _limit(step: float | None, rate: float) -> float:
    """The longest step; UsageError for one at which gradient descent is unstable."""
    if step is None:
        return SHARE / (rate or 1.0)
    if step * rate >= UNSTABLE:
        raise UsageError(
            f"gradient descent is unstable with the step {step}: it must be below "
            f"{UNSTABLE / rate:.2g}, two over the fastest rate, and follows the flow where it is "
            "much smaller"
        )
    return step


def _steps(times: Array, limit: float) -> list[tuple[int, float]]:
    """How many steps lead to each time from the one before it, or from 0, and how long they are."""
    spans = np.diff(times, prepend=0.0)
    counts = [ceil(span / limit * (1 - ROUNDING)) for span in spans]
    if sum(counts) > MOST_STEPS:
        raise UsageError(
            f"{sum(counts):,} steps of {limit:.2g} lead to the time {times[-1]:g}, and at most "
            f"{MOST_STEPS:,} are taken: give earlier times, or a longer step"
        )
    return [(n, float(span) / max(1, n)) for n, span in zip(counts, spans, strict=True)]


def _followed(
    pupil: Pupil, steps: Sequence[tuple[int, float]], report: Callable[[float], None]
) -> Array:
    """The scores of all inputs at each time, (times, inputs, scores)."""
    total, done = sum(count for count, _ in steps), 0
    history = []
    for count, length in steps:
        for _ in range(count):
            pupil.step(length)
            done += 1
            report(done / total)
        history.append(pupil.scores())
    return np.array(history)
