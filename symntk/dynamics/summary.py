"""What a flow found, in lines that a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from symntk.decomposition.documents import Document, Documents
from symntk.decomposition.flow.terms import BIAS
from symntk.dynamics.corpus import Corpus
from symntk.dynamics.documents import read_documents
from symntk.dynamics.judgement import Judgement, judge
from symntk.dynamics.losses import Label
from symntk.dynamics.pairs import OWN, has_pairs, known_pairs, neighbours, pair_scores
from symntk.dynamics.trajectory import Flow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

WIDTH = 80
"""Characters of the longest line."""

TIE = "\N{NO-BREAK SPACE}"
"""Between words that stay on one line."""

INDENT = 17
"""Characters before what a line says."""

MOST = 8
"""Classes that are named; of more the most common ones."""

FEW = 3
"""Classes whose bias is described."""


def about_corpus(corpus: Corpus, unit: str = "documents") -> list[str]:
    """How many documents, tokens and classes there are.

    unit: what the documents are.
    """
    docs = read_documents(corpus.docs)
    tokens, different = len(docs.tokens), len(docs.vocabulary)
    lines = [
        *line(unit, grouped(len(docs)) + _left_out(corpus)),
        *line("tokens", f"{grouped(tokens)}, {grouped(different)} of them different"),
    ]
    if corpus.labels and not isinstance(corpus.labels[0], float):
        lines += line("classes", _classes(corpus.labels))
    return lines


def about_learning(flow: Flow, loss: str) -> list[str]:
    """By which loss, how fast, and for how long."""
    tokens, moments = grouped(len(flow.tokens)), len(flow.times)
    return [
        *line(
            "learnt", f"by {loss} loss, eta = {flow.descent.eta:.4g}, to t = {flow.times[-1]:.4g}"
        ),
        *line("followed", f"{tokens} tokens, at {moments} times"),
    ]


def about_flow(flow: Flow, known: Corpus, tests: Mapping[str, Corpus], top: int) -> list[str]:
    """What was learnt: accuracy, the size of each term, the largest scores, and the error.

    known: the documents of the flow.
    tests: by name, others to judge its end on.
    top: how many tokens and bigrams to name for each class.
    """
    learnt = judge(flow, known)
    title = "accuracy" if flow.classes else "fit"
    lines = line(title, f"{accuracy(flow, learnt)} on these documents")
    for name, corpus in tests.items():
        lines += line("", f"{accuracy(flow, judge(flow, corpus))} on {name}")
    parts, start = flow.probes.parts, flow.first_slope
    first = [part @ start for part in parts.values()]
    last = [part @ flow.weights[-1] for part in parts.values()]
    lines += line("label scores", _sizes(parts, _means(first), _means(last)))
    lines += line("documents", _sizes(parts, learnt.first.values(), learnt.last.values()))
    if BIAS.name in flow.terms:
        lines += line("bias", _bias(flow))
    pairs = own_pairs(flow, known.docs)
    common = [name for name, _ in Counter(known.labels).most_common(MOST)]
    for number, name in enumerate(flow.names):
        if len(flow.names) <= MOST or name in common:
            for title, names in strongest(flow, number, top, pairs):
                lines += line(title, names)
    if len(flow.names) > MOST:
        lines += line("", f"... and {len(flow.names) - MOST} classes that are less common")
    return lines + line("error", f"at most {flow.label_errors.max():.1g} in a label score")


def line(title: str, text: str) -> list[str]:
    """``text`` after a title, in lines of `WIDTH` characters; none ends at a `TIE`."""
    found = wrap(
        text,
        WIDTH,
        initial_indent=f"  {title}".ljust(INDENT - 1) + " ",
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [part.replace(TIE, " ") for part in found]


def grouped(number: int) -> str:
    """A number with its digits in groups of three."""
    return f"{number:,}".replace(",", TIE)


def accuracy(flow: Flow, found: Judgement) -> str:
    """How well the flow predicts labels."""
    import numpy as np

    if flow.classes:
        best = int(found.right.argmax())
        text = percent(found.right[-1])
        if found.right[best] > found.right[-1]:
            text += f" at the end, {percent(found.right[best])} at t = {flow.times[best]:.4g}"
        return text
    explained = f", R² = {1 - found.missed / found.spread:.3f}" if found.spread else ""
    return f"root mean square error {np.sqrt(found.missed):.4g}{explained}"


def percent(share: float) -> str:
    """A share in percent."""
    return f"{share:.1%}"


def _means(terms: Iterable[Array]) -> list[float]:
    """The mean size of each of the terms, (tokens, scores)."""
    import numpy as np

    return [float(np.abs(term).mean()) for term in terms]


def own_pairs(flow: Flow, docs: Sequence[Document]) -> tuple[Documents, Array]:
    """Bigrams, and what they say at the end beyond their tokens, (bigrams, scores).

    None of a network without n-gram terms.
    """
    pairs = known_pairs(flow)
    if not len(pairs) and has_pairs(flow):
        pairs = neighbours(read_documents(docs))
    values, what = pair_scores(flow, pairs)
    return (pairs, values) if what == OWN else (pairs[:0], values)


def strongest(
    flow: Flow, number: int, top: int, pairs: tuple[Documents, Array]
) -> Iterator[tuple[str, str]]:
    """The tokens and bigrams of which a score is the largest, and if it is the only one the lowest.

    Couples of a title and a list; ``pairs`` as `own_pairs` gives them.
    """
    bigrams, values = pairs
    for sign, towards in _directions(flow, flow.names[number]):
        chosen = _largest(sign * flow.latest.label_scores[0, :, number], top)
        yield towards, _scored(((str(flow.tokens[n]), score) for n, score in chosen), sign)
        if len(bigrams):
            chosen = _largest(sign * values[:, number], top)
            named = ((" ".join(map(str, bigrams[n])), score) for n, score in chosen)
            yield "", "bigrams: " + _scored(named, sign)


def _directions(flow: Flow, name: Label) -> list[tuple[int, str]]:
    if not flow.classes:
        return [(1, "highest"), (-1, "lowest")]
    if len(flow.names) == 1:
        lower, upper = flow.classes
        return [(1, f"for {upper}"), (-1, f"for {lower}")]
    return [(1, f"for {name}")]


def _largest(scores: Array, top: int) -> list[tuple[int, float]]:
    """The places of the largest scores above 0, each with its score."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")[:top].tolist()
    return [(n, float(scores[n])) for n in order if scores[n] > 0]


def _scored(labels: Iterable[tuple[str, float]], sign: int) -> str:
    """Labels with their scores times ``sign``."""
    shown = [f"{label} {sign * score:.2f}".replace(" ", TIE) for label, score in labels]
    return ", ".join(shown) or "none"


def _sizes(names: Iterable[str], first: Collection[float], last: Collection[float]) -> str:
    """Each term's share in the size of a score, at first and at the end."""
    return f"{_listed(names, first)} at first; {_listed(names, last)} at the end"


def _listed(names: Iterable[str], sizes: Collection[float]) -> str:
    whole = sum(sizes)
    if not whole:
        return "all 0"
    parts = zip(names, sizes, strict=True)
    return ", ".join(f"{percent(size / whole)}{TIE}{name}" for name, size in parts)


def _bias(flow: Flow) -> str:
    """Where the bias pushes all tokens, for the first few classes."""
    part = flow.probes.parts[BIAS.name][:1]
    slopes, path = (part @ flow.first_slope)[0], flow.terms[BIAS.name][:, 0]
    moves = []
    for name, slope, moved in list(zip(flow.names, slopes, path.T, strict=True))[:FEW]:
        of = "" if len(flow.names) == 1 else f" for {name}"
        moves.append(
            f"{slope:+.3g} a unit of time at first{of}, "
            f"between {moved.min():+.3g} and {moved.max():+.3g}, {moved[-1]:+.3g} at the end"
        )
    return f"moves every token by {'; '.join(moves)}"


def _classes(labels: Sequence[Any]) -> str:
    counts = Counter(labels)
    shown = sorted(counts.items()) if len(counts) <= MOST else counts.most_common(MOST)
    listed = [f"{name}{TIE}({grouped(count)})" for name, count in shown]
    more = f" and {len(counts) - MOST} more" if len(counts) > MOST else ""
    return ", ".join(listed) + more


def _left_out(corpus: Corpus) -> str:
    if not corpus.left_out:
        return ""
    return f"; {grouped(corpus.left_out)} left out, whose tokens are all too rare"
