"""Corpora that are generated, each by a law that is known: for experiments that need control.

Sizes and shares that make no sense are refused with UsageError.  rng is a seed or a generator; the
same seed gives the same corpus.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from symntk.decomposition.documents import PIECE, Documents
from symntk.dynamics.corpus import Corpus
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ADJECTIVES = {
    1: ("good", "great", "fine", "funny", "clever", "warm", "fresh", "sharp"),
    -1: ("bad", "dull", "flat", "weak", "silly", "cold", "stale", "blunt"),
}
SUBJECTS = ("film", "plot", "cast", "score", "end", "start", "joke", "scene")
FILLERS = ("very", "all", "that", "at", "times", "really")


def two_signs(words: int = 1) -> Corpus:
    """Documents of two tokens, labelled with the product of their signs: no single token tells.

        x = (s a_i, s' b_j),  y = s s',   s, s' in {+, -},  i, j = 1, ..., words

    The design is full: every pair stands once, 4 words^2 documents, so that each token, at each
    place, occurs as often with the label 1 as with -1.  The labels are 1 and -1.

    words: tokens of each sign at each place; "+a", "-a", "+b", "-b" where it is 1.
    """
    _require_count("words", words)
    signs = ("+", 1), ("-", -1)
    first, second = (
        [(word, value) for sign, value in signs for word in _numbered(sign + place, words)]
        for place in "ab"
    )
    pairs = [(one, other) for one in first for other in second]
    return Corpus(
        [[one, other] for (one, _), (other, _) in pairs],
        [sign * other for (_, sign), (_, other) in pairs],
    )


def negation(adjectives: int = 2, subjects: int = 2, gap: int = 0) -> Corpus:
    """Sentences such as "film is so good" and "film is not good": "not" turns the label.

        x = (subject, "is", "so" or "not", filler_1, ..., filler_gap, adjective)
        y = sign of the adjective after "so", minus it after "not"

    The design is full: every subject with every adjective, after "so" and after "not".  Each token,
    at each place, occurs as often with the label 1 as with -1, and all sentences are of one length:
    sum_j y_j s(x_j) = 0 for every score s that is a sum over single tokens, positional or not, so
    that none gets all labels right.  The labels are 1 and -1.

    adjectives: of each sign.
    subjects: words that say nothing.
    gap: fillers between "not" and the adjective, which a window of gap + 2 tokens spans.
    """
    _require_count("adjectives", adjectives, len(ADJECTIVES[1]))
    _require_count("subjects", subjects, len(SUBJECTS))
    _require_count("gap", gap, len(FILLERS), least=0)
    docs: list[list[str]] = []
    labels: list[int] = []
    for subject in SUBJECTS[:subjects]:
        for sign, words in ADJECTIVES.items():
            for adjective in words[:adjectives]:
                for before, turn in (("so", 1), ("not", -1)):
                    docs.append([subject, "is", before, *FILLERS[:gap], adjective])
                    labels.append(turn * sign)
    return Corpus(docs, labels)


def polarity(
    documents: int = 200,
    words: int = 10,
    lean: float = 0.6,
    lengths: tuple[int, int] = (4, 16),
    share: float = 0.5,
    extra: int = 0,
    rng: int | np.random.Generator = 0,
) -> Corpus:
    """Documents of tokens that lean to the label 1, to -1, or to none: "+1", "-1", "01", ...

    Of a document with label y, each token is drawn for itself,

        P(positive) = (1 + lean y) / 3,  P(negative) = (1 - lean y) / 3,  P(neutral) = 1/3,

    and then one of its kind, all equally likely.  Where both labels are as frequent, the rate
    (f+ - f-) / (f+ + f-) of a token is lean, -lean or 0 in expectation.

    What drives the term that all tokens share is sum_j y_j T_j, T_j the length.  Documents with the
    label 1 and with -1 have lengths in pairs: with ``share`` 1/2 (of an even number) the sum is
    ``extra * documents / 2`` exactly, and so 0 by default.

    documents: how many.
    words: of each kind.
    lean: from 0 to 1.
    lengths: the shortest and the longest, all between equally likely.
    share: of the documents with label 1; at least one has each label.
    extra: tokens that these have more than their partners; may be negative.
    """
    import numpy as np

    _require_count("documents", documents, least=2)
    _require_count("words", words)
    low, high = lengths
    _require_count("the shortest length", low + min(extra, 0))
    _require_count("the longest length", high, least=low)
    _require_within("lean", lean, 0, 1)
    _require_within("share", share, 0, 1)
    random = np.random.default_rng(rng)
    positive = min(max(round(share * documents), 1), documents - 1)
    drawn = random.integers(low, high + 1, max(positive, documents - positive))
    kinds = [_numbered(kind, words) for kind in "+-0"]
    docs: list[list[str]] = []
    labels: list[int] = []
    for label, count, more in ((1, positive, extra), (-1, documents - positive, 0)):
        law = np.array([1 + lean * label, 1 - lean * label, 1]) / 3
        for size in drawn[:count] + more:
            chosen = random.choice(3, size, p=law), random.integers(0, words, size)
            docs.append([kinds[kind][word] for kind, word in zip(*chosen, strict=True)])
            labels.append(label)
    order = random.permutation(documents)
    return Corpus([docs[place] for place in order], [labels[place] for place in order])


def zipf(
    documents: int = 1000,
    length: int = 20,
    words: int = 1000,
    exponent: float = 1.0,
    rng: int | np.random.Generator = 0,
) -> Corpus:
    """Documents of frequent and rare tokens "1", "2", ..., and labels by the sum of their leans.

        P(k) proportional to k^-exponent,   y = sign of sum_t (a_(x_t) - a),   a_k ~ N(0, 1),

    a such that both labels, 1 and -1, are as frequent; of equal sums some have one, some the other.

    documents: how many.
    length: tokens of each document.
    words: different tokens.
    """
    import numpy as np

    _require_count("documents", documents, least=2)
    _require_count("length", length)
    _require_count("words", words, least=2)
    _require_within("exponent", exponent, 0, 10)
    random = np.random.default_rng(rng)
    law = _zipf_law(words, exponent)
    below = np.cumsum(law)
    below /= below[-1]
    tokens = np.empty((documents, length), dtype=np.int32)
    pieces = np.array_split(tokens, -(-tokens.size // PIECE))
    for piece in pieces:
        piece[:] = below.searchsorted(random.random(piece.shape), side="right")
    leans = random.standard_normal(words)
    sums = np.concatenate([leans[piece].sum(axis=1) for piece in pieces])
    labels = np.full(documents, -1)
    labels[np.argsort(sums)[documents // 2 :]] = 1
    starts = np.arange(0, tokens.size + 1, length)
    docs = Documents.numbered(tokens.ravel(), starts, _numbered("", words))
    return Corpus(docs, labels.tolist())


@dataclass(frozen=True, eq=False)
class BigramLaw:
    """A Markov chain over tokens: each depends on the one before it alone.

    tokens: the vocabulary.
    start: P(x_1), (tokens,).
    transitions: P(x_(t+1) | x_t), (tokens, tokens), a row for each token before.
    """

    tokens: tuple[str, ...]
    start: Array
    transitions: Array

    def text(
        self, documents: int = 100, length: int = 20, rng: int | np.random.Generator = 0
    ) -> list[list[str]]:
        """Documents of ``length`` tokens each, drawn from the law."""
        import numpy as np

        _require_count("documents", documents)
        _require_count("length", length)
        random = np.random.default_rng(rng)
        levels = np.cumsum(self.transitions, axis=1)
        levels[:, -1] = 1  # but for rounding
        columns = [random.choice(len(self.tokens), documents, p=self.start)]
        for _ in range(length - 1):
            columns.append((random.random((documents, 1)) > levels[columns[-1]]).sum(axis=1))
        return [[self.tokens[place] for place in row] for row in np.array(columns).T]


def bigram_law(
    words: int = 30,
    concentration: float = 2.0,
    exponent: float = 1.0,
    rng: int | np.random.Generator = 0,
) -> BigramLaw:
    """A random law of bigrams over the tokens "1", "2", ..., the first the most frequent.

        P(. | x) ~ Dirichlet(concentration * p),   p_k proportional to k^-exponent,   P(x_1) = p

    The smaller ``concentration``, the more a token says about the next; the mean of every row is p.

    words: different tokens.
    """
    import numpy as np

    _require_count("words", words, least=2)
    _require_within("exponent", exponent, 0, 10)
    if not (isfinite(concentration) and concentration > 0):
        raise UsageError(f"the concentration is {concentration}: needed is a positive number")
    random = np.random.default_rng(rng)
    law = _zipf_law(words, exponent)
    rows = random.standard_gamma(concentration * law, (words, words)) + np.finfo(float).tiny
    return BigramLaw(tuple(_numbered("", words)), law, rows / rows.sum(axis=1, keepdims=True))


def _zipf_law(words: int, exponent: float) -> Array:
    import numpy as np

    weights: Array = np.arange(1, words + 1, dtype=np.float64) ** -exponent
    law: Array = weights / weights.sum()
    return law


def _numbered(name: str, count: int) -> list[str]:
    """``name`` followed by 1, 2, ...; alone where there is one and it is not empty."""
    if count == 1 and name:
        return [name]
    return [f"{name}{number}" for number in range(1, count + 1)]


def _require_count(name: str, value: int, most: int | None = None, least: int = 1) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UsageError(f"{name} is {value!r}: needed is a whole number")
    if value < least or (most is not None and value > most):
        upper = f" and at most {most}" if most is not None else ""
        raise UsageError(f"{name} is {value}: needed is at least {least}{upper}")


def _require_within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} is {value}: needed is a number from {low} to {high}")
