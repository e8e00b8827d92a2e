"""Sentences as an HTML page, each token coloured by its label score."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from math import floor, log10

from symntk.decomposition.documents import Document, Documents, Token, read_documents
from symntk.dynamics.losses import Label
from symntk.dynamics.pairs import OWN, TOGETHER, has_pairs, neighbours, pair_scores
from symntk.dynamics.trajectory import Flow

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 1.05rem/1.4 Georgia, "Noto Serif", serif; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; color: #111; background: #fff; }
h1 { font-size: 1.3rem; }
.sentence { margin: 1.2rem 0; line-height: 1; }
.words { display: flex; flex-wrap: wrap; margin: 0; }
.whole { font-size: 0.8rem; opacity: 0.75; margin: 0 0 0.3rem 0; line-height: 1.4; }
.token { text-align: center; margin-bottom: 0.5rem; }
.word { display: block; padding: 0.25rem 0.3rem; margin: 0 1px; }
.score { display: block; padding: 0 0.15rem; font: 0.62rem/1.3 ui-sans-serif, sans-serif;
  opacity: 0.75; }
.bands { display: flex; height: 0.28rem; }
.bands span { flex: 1; }
.legend { font-size: 0.85rem; border-top: 1px solid #8888; padding-top: 0.6rem; }
.ramp { display: inline-block; width: 12rem; height: 0.8rem; vertical-align: middle;
  margin: 0 0.4rem; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #151515; } }
@media print { * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

_BLUE, _ORANGE = "0, 114, 178", "213, 94, 0"
_UNDER_TEXT = 0.6
"""Opacity of the largest score of a token: black and white text can be read upon it."""


def heat_map(
    flow: Flow,
    sentences: Iterable[Document],
    name: Label | None = None,
    title: str = "Label scores",
) -> str:
    """A page of HTML, complete in itself: sentences whose tokens are coloured by label score.

    The scores are those at the end of the flow, of the class ``name``; of the last without it.
    Blue is positive and orange negative, the stronger the larger, on one scale for all sentences.
    Where two neighbours can say more than each by itself, a band under both words shows it: the
    n-gram terms of the document that the two make, or its score where that is not taken apart.

    Raises UsageError for sentences that are not lists of tokens, and for a name of no class.
    """
    documents = read_documents(sentences)
    number = flow.score_of(name)
    tokens = documents.vocabulary
    pairs = neighbours(documents) if has_pairs(flow) else Documents.of([])
    scores = flow.documents([token] for token in tokens)[-1, :, number]
    bands, what = pair_scores(flow, pairs)
    colours = _Colours(
        dict(zip(tokens, scores.tolist(), strict=True)),
        {(a, b): band for (a, b), band in zip(pairs, bands[:, number].tolist(), strict=True)},
    )
    wholes, predicted = flow.documents(documents)[-1, :, number], flow.predict(documents)[-1]
    rows = zip(documents, wholes.tolist(), predicted.tolist(), strict=True)
    body = [_sentence(colours, flow, *row) for row in rows]
    return _page(title, [*body, _legend(colours, flow.names[number], what)])


@dataclass(frozen=True)
class _Colours:
    """Scores of tokens and of pairs, and their colours on a common scale."""

    tokens: Mapping[Token, float]
    pairs: Mapping[tuple[Token, Token], float]

    @cached_property
    def largest(self) -> float:
        return max(map(abs, [*self.tokens.values(), *self.pairs.values()]))

    def rounded(self, score: float) -> str:
        """A score with so many decimals that the largest has two or three digits."""
        decimals = max(0, 1 - floor(log10(self.largest))) if self.largest else 0
        return _minus(f"{score:+.{decimals}f}")

    def __call__(self, score: float, strongest: float) -> str:
        """The declaration of the background of a score; ``strongest`` is the largest's opacity."""
        strength = strongest * abs(score) / (self.largest or 1.0)
        return f"background: rgba({_BLUE if score >= 0 else _ORANGE}, {strength:.3f})"


def _sentence(
    colours: _Colours, flow: Flow, document: Sequence[Token], whole: float, predicted: Label
) -> str:
    decided = f", predicted: {_text(predicted)}" if flow.classes else ""
    words = "\n".join(_token(colours, document, place) for place in range(len(document)))
    return (
        f'<div class="sentence">\n<p class="whole">score {_signed(whole)}{decided}</p>\n'
        f'<p class="words" dir="auto">\n{words}\n</p>\n</div>'
    )


def _token(colours: _Colours, document: Sequence[Token], place: int) -> str:
    """A token over its score, and the halves of the bands that it shares with its neighbours."""
    token = document[place]
    score = colours.tokens[token]
    halves = ""
    if colours.pairs:
        left = _half(colours, document, place - 1)
        halves = f'<span class="bands">{left}{_half(colours, document, place)}</span>'
    return (
        f'<span class="token"><bdi class="word" style="{colours(score, _UNDER_TEXT)}" '
        f'title="{_text(token)}: {_signed(score)}">{_text(token)}</bdi>'
        f'<span class="score">{colours.rounded(score)}</span>{halves}</span>'
    )


def _half(colours: _Colours, document: Sequence[Token], place: int) -> str:
    """Half of the band under the tokens at ``place`` and after it; empty beyond the ends."""
    if not 0 <= place < len(document) - 1:
        return "<span></span>"
    first, second = pair = document[place], document[place + 1]
    score = colours.pairs[pair]
    said = f"{_text(first)} {_text(second)}: {_signed(score)}"
    return f'<span style="{colours(score, 1.0)}" title="{said}"></span>'


def _legend(colours: _Colours, name: Label, what: str) -> str:
    most = colours.largest
    of = "" if name == "" else f" for {_text(name)}"
    lines = [
        f'{_signed(-most)}<span class="ramp" role="img" '
        f'aria-label="orange is negative, blue is positive" '
        f'style="background: {_RAMP}"></span>{_signed(most)}',
        f"Colour and number of a token: its label score{of}, the score of the text that it alone "
        "makes.",
    ]
    if colours.pairs:
        lines.append(f"Band under two neighbouring tokens: {_BANDS[what]}.")
    return '<div class="legend">\n' + "\n".join(f"<p>{line}</p>" for line in lines) + "\n</div>"


_RAMP = (
    f"linear-gradient(to right, rgba({_ORANGE}, {_UNDER_TEXT}), rgba({_ORANGE}, 0) 50%, "
    f"rgba({_BLUE}, 0) 50%, rgba({_BLUE}, {_UNDER_TEXT}))"
)
_BANDS = {
    OWN: "what they contribute together, beyond what each does by itself",
    TOGETHER: "the score of the text that the two alone make",
}


def _page(title: str, body: Sequence[str]) -> str:
    parts = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_text(title)}</h1>\n{parts}\n</body>\n</html>\n"
    )


def _signed(score: float) -> str:
    """Three significant digits, with a sign."""
    return _minus(f"{score:+.3g}")


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _text(value: object) -> str:
    """Escaped, without control characters and halves of surrogate pairs, which HTML has not."""
    return escape(
        "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") else c for c in str(value))
    )
