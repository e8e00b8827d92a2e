"""Gradient flow on a text: from a graph, documents and labels to trajectories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symntk.decomposition.documents import Document, Token
from symntk.derivation import Derivation
from symntk.dynamics.losses import Label
from symntk.dynamics.problem import check_positive, pose, rising
from symntk.dynamics.trajectory import Flow
from symntk.graph import Graph


def flow(
    graph: Graph | Derivation,
    docs: Iterable[Document],
    labels: Iterable[Label],
    loss: str = "logistic",
    times: Sequence[float] | None = None,
    eta: float = 1.0,
    tokens: Iterable[Token] | None = None,
    tolerance: float = 1e-5,
) -> Flow:
    """The gradient flow of the infinitely wide network ``graph`` on labelled documents.

        ds(x)/dt = eta sum_j Theta(x, x_j) r_j,   s = 0 at t = 0,

    r_j = -dl/ds_j the residual of document j.  A kernel that is a sum over pairs of windows or that
    of a network without activations, is taken apart into its explicit sparse features, so that time
    and memory go with the number of tokens.  That of other networks (attention and recurrence with
    activations) is computed for all pairs of documents.
    Equal documents are computed once, with the mean of their targets, which is exact.

    docs: lists of tokens, words or numbers.
    labels: one for each document: classes, or numbers for squared loss.
    loss: "logistic" (two classes, the upper is 1, the lower -1), "softmax" (several classes) or
        "squared" (numbers; in closed form).
    times: rising, from 0 on; without them 0, and 60 from 0.1 to 10000 over the fastest rate.
    eta: the learning rate of the sum of the losses; 1 / documents for that of their mean.
    tokens: whose label scores to follow; all of ``docs`` without it.
    tolerance: the error of one step, relative to the norm of w; for squared loss of the result.

    Raises UsageError for data that is not well formed, for more than a few thousand different
    documents where the kernel is needed for all pairs, and for scores of so many classes that they
    do not fit into memory.
    """
    check_positive("tolerance", tolerance)
    given = None if times is None else rising(times)
    problem = pose(graph, docs, labels, loss, eta, tokens)
    *_, whole = problem.trace(problem.usual_times() if given is None else given, tolerance)
    return whole
