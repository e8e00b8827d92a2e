"""Figures and heat maps of flows: what is drawn is what was computed, whatever the tokens are."""

from __future__ import annotations

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import symntk as sn
from symntk import zoo
from symntk.dynamics import Flow, plots
from symntk.dynamics.heat_map import heat_map
from symntk.dynamics.pairs import OWN, TOGETHER, known_pairs, pair_scores
from symntk.dynamics.plots import canvas, contributions, label_scores, strongest
from symntk.dynamics.polarity import polarity, usual_groups
from symntk.errors import MissingExtra, UsageError

DOCS = [["good", "film"], ["bad", "film"], ["so", "good"], ["not", "good"], ["so", "bad"]]
LABELS = ["up", "down", "up", "down", "down"]
TIMES = [0.0, 0.01, 0.1, 1.0, 10.0]
GROUPS = {"positive": ["good"], "negative": ["bad", "not"], "neutral": ["film", "so"]}
HOSTILE = [
    "<script>alert(1)</script>",
    "\"x\" 'y' & z",
    "😀",
    "טוב",
    "\u202eabc",
    "$x^2$",
    "\ud800\x00",
]


@cache
def flow(model: str = "bow", act: str = "relu", loss: str = "logistic") -> Flow:
    labels = LABELS if loss == "logistic" else ["up", "down", "up", "none", "down"]
    return sn.flow(zoo.MODELS[model](act=act), DOCS, labels, loss, TIMES)


@pytest.mark.parametrize("suffix", plots.FORMATS)
def test_figures_are_written(suffix: str, tmp_path: Path) -> None:
    columns = {"relu": flow(), "tanh": flow(act="tanh")}
    paths = [tmp_path / f"{name}{suffix}" for name in ("scores", "terms", "top", "method")]
    plots.trajectories(paths[0], columns, GROUPS, trained={"tanh": flow(act="tanh")})
    plots.terms(paths[1], columns, GROUPS["negative"])
    plots.top(paths[2], flow(), 3, DOCS)
    flow().plot(paths[3])
    heads = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
    assert all(path.read_bytes().startswith(heads[suffix]) for path in paths)


@pytest.mark.parametrize("suffix", plots.FORMATS)
def test_the_same_figure_is_the_same_file(suffix: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        flow().plot(tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_lines_of_groups_are_means_of_their_scores() -> None:
    columns = {"relu": flow(), "tanh": flow(act="tanh")}
    figure = Figure()
    label_scores.draw(figure, columns, GROUPS, {"relu": flow()})
    for axes, theory in zip(figure.axes, columns.values(), strict=True):
        strong = {line.get_label(): line for line in axes.lines if line.get_label() in GROUPS}
        assert list(strong) == list(GROUPS)
        for name, tokens in GROUPS.items():
            chosen = [theory.tokens.index(token) for token in tokens]
            mean = theory.label_scores[:, chosen, 0].mean(axis=1)
            assert strong[name].get_ydata() == pytest.approx(mean)
        assert len({line.get_color() for line in strong.values()}) == 3
    dots = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert len(dots) == len(GROUPS)
    assert not [line for line in figure.axes[1].lines if line.get_linestyle() == "None"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*GROUPS, "trained network"]


def test_lines_are_told_apart_without_colour() -> None:
    assert len({str(pen.dashes) for pen in canvas.PENS}) == len(canvas.PENS)
    assert len({pen.marker for pen in canvas.PENS}) == len(canvas.PENS)


def test_time_is_logarithmic_where_it_spans_decades() -> None:
    figure = Figure()
    label_scores.draw(figure, {"": flow()}, GROUPS, {})
    assert figure.axes[0].get_xscale() == "log"
    short = sn.flow(zoo.bow(), DOCS, LABELS, times=[0, 1, 2, 3])
    figure = Figure()
    label_scores.draw(figure, {"": short}, GROUPS, {})
    assert figure.axes[0].get_xscale() == "linear"


def test_terms_are_drawn_with_the_share_of_the_bias() -> None:
    columns = {"relu": flow(), "tanh": flow(act="tanh")}
    figure = Figure()
    contributions.draw(figure, columns, ["bad", "not"])
    relu, tanh, shares = figure.axes
    assert {line.get_label() for line in relu.lines} >= {"bias", "co-occurrence", "label score"}
    assert "bias" not in {line.get_label() for line in tanh.lines}
    drawn = {line.get_label(): line.get_ydata() for line in shares.lines}
    chosen = [flow().tokens.index(token) for token in ("bad", "not")]
    bias, own = (flow().terms[name][1:, chosen, 0] for name in ("bias", "co-occurrence"))
    assert drawn["relu"][1:] == pytest.approx(bias.mean(axis=1) / np.abs(own).mean(axis=1))
    assert (drawn["tanh"] == 0).all()


def test_terms_of_single_tokens_are_no_bigrams() -> None:
    figure = Figure()
    contributions.draw(figure, {"cnn": flow("cnn")}, ["bad", "not"])
    (legend,) = figure.legends
    assert {text.get_text() for text in legend.get_texts()} == {
        "bias",
        "co-occurrence",
        "label score",
    }


def test_bars_are_the_largest_scores() -> None:
    (((tokens, bars), (bigrams, pairs)),) = strongest.strongest(flow(), 1, DOCS)
    assert tokens == "tokens: label score"
    assert [label for label, _ in bars] == ["good", "not"]
    end = flow().label_scores[-1, :, 0]
    assert [length for _, length in bars] == pytest.approx([end.max(), end.min()])
    assert bigrams == f"bigrams: {TOGETHER}"
    scores = flow().documents(DOCS)[-1, :, 0]
    assert [length for _, length in pairs] == pytest.approx([scores.max(), scores.min()])


def test_bars_of_bigrams_are_their_own_weights() -> None:
    """What two neighbours contribute is their score less that of the windows of single tokens."""
    ((_, (title, bars)),) = strongest.strongest(flow("cnn"), 5)
    assert title == f"bigrams: {OWN}"
    assert {label for label, _ in bars} == {" ".join(pair) for pair in DOCS}
    terms = flow("cnn").document_terms(DOCS)
    ngrams = sum(value for name, value in terms.items() if name not in ("bias", "co-occurrence"))
    whole = sum(terms.values())
    assert whole == pytest.approx(flow("cnn").documents(DOCS))
    expected = {" ".join(doc): value for doc, value in zip(DOCS, ngrams[-1, :, 0], strict=True)}
    assert dict(bars) == pytest.approx(expected)
    assert dict(bars)["not good"] < 0 < dict(bars)["so good"]


def test_bars_of_a_recurrent_network_are_of_neighbours() -> None:
    """Its features are products of matrices, in whichever order; the bars are of documents."""
    recurrent = sn.flow(zoo.lrnn(kind="multiplicative"), DOCS, LABELS, times=TIMES)
    ((_, (title, bars)),) = strongest.strongest(recurrent, 5, DOCS)
    assert title == f"bigrams: {OWN}"
    scores = recurrent.documents(DOCS)[-1, :, 0]
    expected = {" ".join(doc): score for doc, score in zip(DOCS, scores, strict=True)}
    assert dict(bars) == pytest.approx(expected)
    assert known_pairs(recurrent) == []
    assert min(map(abs, scores)) > 0.1


def test_several_classes_have_a_row_each() -> None:
    panels = strongest.strongest(flow(loss="softmax"), 2)
    assert len(panels) == 3
    assert [len(bars) for row in panels for _, bars in row] == [2, 2, 2]


@pytest.mark.parametrize("suffix", plots.FORMATS)
def test_figures_of_hostile_tokens(suffix: str, tmp_path: Path) -> None:
    """Dollar signs are no mathematics, signs that the font lacks no warning, all are shown."""
    docs = [[token, "film"] for token in [*HOSTILE, "$\\frac$", "_", "long " * 1000, "a\nb"]]
    strange = sn.flow(zoo.bow(), docs, [n % 2 for n in range(len(docs))], times=TIMES)
    plots.top(tmp_path / f"top{suffix}", strange, 20, docs)
    groups = {token: [token] for token in strange.tokens}
    plots.trajectories(tmp_path / f"a{suffix}", {"$\\frac": strange}, groups, {"$\\frac": strange})
    plots.terms(tmp_path / f"b{suffix}", {"$\\frac": strange}, strange.tokens)
    figure = Figure()
    label_scores.draw(figure, {"": strange}, groups, {})
    assert len(figure.legends[0].get_texts()) == len(groups)


def test_wrong_calls(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.png"):
        flow().plot(tmp_path / "a.gif")
    with pytest.raises(UsageError, match="'absent' is not followed"):
        plots.trajectories(tmp_path / "a.png", {"": flow()}, {"g": ["absent"]})
    with pytest.raises(UsageError, match="nothing to draw"):
        plots.trajectories(tmp_path / "a.png", {"": flow()}, {"g": []})
    with pytest.raises(UsageError, match="nothing to draw"):
        plots.terms(tmp_path / "a.png", {}, ["good"])
    with pytest.raises(UsageError, match="no score of 'sideways'; there are those of 'up'"):
        heat_map(flow(), DOCS, "sideways")
    with pytest.raises(UsageError, match="one or more bars"):
        plots.top(tmp_path / "a.png", flow(), 0)
    with pytest.raises(UsageError, match=r"no/a\.png"):
        flow().plot(tmp_path / "no" / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"a plot needs matplotlib: pip install"):
        flow().plot(tmp_path / "a.png")


def test_polarity_of_two_classes() -> None:
    assert polarity(flow(), least=1) == {"negative": ("bad", "not"), "neutral": ("film", "so")}
    assert polarity(flow()) == {"neutral": ("film", "so")}
    assert usual_groups(flow()) == polarity(flow(), least=1)


def test_polarity_of_several_classes_and_of_numbers() -> None:
    assert polarity(flow(loss="softmax"), least=1) == {"down": ("bad",), "none": ("not",)}
    numbers = sn.flow(zoo.bow(), DOCS, [1.0, -1.0, 1.0, -1.0, -2.0], "squared", TIMES)
    assert usual_groups(numbers) == {"tokens": ("good", "film", "bad", "so", "not")}


class Page(HTMLParser):
    """Elements, checked to be closed in order, with their attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)
        if tag == "bdi":
            self.words.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "bdi":
            self.words[-1] += data

    def styles(self, tag: str) -> list[tuple[str, str]]:
        """Title and style of the elements that have both."""
        return [
            (attributes["title"] or "", attributes["style"] or "")
            for name, attributes in self.elements
            if name == tag and "title" in attributes
        ]


def strength(style: str) -> float:
    found = re.fullmatch(r"background: rgba\((.*), ([\d.]+)\)", style)
    assert found
    return float(found[2]) * (1 if found[1] == "0, 114, 178" else -1)


def test_heat_map_colours_are_scores() -> None:
    page = Page(heat_map(flow(), DOCS))
    assert page.words == [token for document in DOCS for token in document]
    scores = dict(zip(flow().tokens, flow().label_scores[-1, :, 0], strict=True))
    shades: dict[str, str] = {}
    for word, (title, style) in zip(page.words, page.styles("bdi"), strict=True):
        assert title == f"{word}: {scores[word]:+.3g}".replace("-", "−")
        assert shades.setdefault(word, style) == style
        largest = max(map(abs, scores.values()))
        assert strength(style) == pytest.approx(0.6 * scores[word] / largest, abs=1e-3)
    assert not page.styles("span")  # a bag of words has no bigrams


def test_heat_map_shows_what_bigrams_contribute() -> None:
    page = Page(heat_map(flow("cnn"), [["so", "not", "good"]]))
    bands = page.styles("span")
    own, what = pair_scores(flow("cnn"), [("so", "not"), ("not", "good")])
    assert what == OWN
    first, second = (f"{value:+.3g}".replace("-", "−") for value in own[:, 0])
    titles = [title for title, _ in bands]
    assert titles == [f"so not: {first}"] * 2 + [f"not good: {second}"] * 2
    assert strength(bands[-1][1]) < 0


def test_heat_map_of_a_kernel_that_is_not_taken_apart() -> None:
    attention = sn.flow(zoo.transformer(), DOCS, LABELS, times=TIMES)
    assert known_pairs(attention) == []
    text = heat_map(attention, [["not", "good"]])
    score = attention.documents([["not", "good"]])[-1, 0, 0]
    expected = f"not good: {score:+.3g}".replace("-", "−")
    assert [title for title, _ in Page(text).styles("span")] == [expected] * 2
    assert "the score of the text that the two alone make" in text


def test_heat_map_of_hostile_tokens(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    flow().heat_map(path, [HOSTILE, ["good"]])
    text = path.read_bytes().decode("utf-8")
    page = Page(text)
    assert page.words == [*HOSTILE[:-1], "\ufffd\ufffd", "good"]
    tags = {tag for tag, _ in page.elements}
    assert "script" not in tags and "http" not in text
    assert '<meta charset="utf-8">' in text
    assert page.styles("bdi")[1][0].startswith(HOSTILE[1])


def test_heat_map_of_an_untrained_network() -> None:
    start = sn.flow(zoo.bow(), DOCS, LABELS, times=[0])
    assert all(strength(style) == 0 for _, style in Page(heat_map(start, DOCS)).styles("bdi"))
