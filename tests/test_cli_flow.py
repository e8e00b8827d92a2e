"""``symntk flow`` as a user meets it: table, summary, pictures, refusals, interruptions."""

from __future__ import annotations

import csv
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import symntk as sn
from symntk.dynamics import read_corpus
from symntk.dynamics.problem import pose
from symntk.dynamics.rows import LONGEST
from symntk.dynamics.selection import leanings, select
from symntk.dynamics.writing import long_table
from tests.sentiment import FOLDER, needed
from tests.test_cli import done, refused, run

TEXT = """\
text,label
good film,up
bad film,down
so good,up
not good,down
"so, bad",down
"""
DOCS = [["good", "film"], ["bad", "film"], ["so", "good"], ["not", "good"], ["so,", "bad"]]
LABELS = ["up", "down", "up", "down", "down"]
BOW = ("flow", "bow", "--act", "relu")


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text(TEXT)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(table: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in table])


# what is written


def test_the_table_is_the_flow(reviews: Path, tmp_path: Path) -> None:
    """Every column, against the flow that Python gives."""
    path = tmp_path / "scores.csv"
    said = done(*BOW, "--data", reviews, "--times", "0,1,10", "--eta", "0.5", "-o", path)
    flow = sn.flow(sn.zoo.bow(act="relu"), DOCS, LABELS, times=[0, 1, 10], eta=0.5)
    table = rows(path)
    assert list(table[0]) == [
        "token", "class", "count down", "count up", "activation", "time", "score", "error",
        "bias", "co-occurrence",
    ]  # fmt: skip
    assert len(table) == flow.label_scores.size
    place = {token: n for n, token in enumerate(flow.tokens)}
    moment = {0.0: 0, 1.0: 1, 10.0: 2}
    for row in table:
        t, n = moment[float(row["time"])], place[row["token"]]
        assert (row["class"], row["activation"]) == ("up", "relu")
        assert [int(row["count down"]), int(row["count up"])] == flow.counts[n].tolist()
        assert float(row["score"]) == pytest.approx(flow.label_scores[t, n, 0], abs=1e-12)
        assert float(row["error"]) == pytest.approx(flow.label_errors[t, n], abs=1e-12)
        for name, term in flow.terms.items():
            assert float(row[name]) == pytest.approx(term[t, n, 0], abs=1e-12)
    for name, values in long_table(flow, "relu", list(flow.terms)).items():
        if values.dtype.kind == "f":
            assert values == pytest.approx(column(table, name), abs=1e-12)
        else:
            assert list(map(str, values)) == [row[name] for row in table]
    assert str(path) in said.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_parquet_says_the_same(reviews: Path, tmp_path: Path) -> None:
    call = (*BOW, "--data", reviews, "--times", "0,1,10", "-o")
    done(*call, tmp_path / "scores.csv")
    done(*call, tmp_path / "scores.parquet")
    known = rows(tmp_path / "scores.csv")
    found = pq.read_table(tmp_path / "scores.parquet").to_pylist()
    assert [{name: str(value) for name, value in row.items()} for row in found] == known
    assert {path.name for path in tmp_path.iterdir()} == {
        "reviews.csv", "scores.csv", "scores.parquet"
    }  # fmt: skip


def test_activations_share_a_table(reviews: Path, tmp_path: Path) -> None:
    """All at the times of the first; a term that one of them lacks is 0 there."""
    path = tmp_path / "scores.csv"
    done("flow", "bow", "--acts", "relu, tanh", "--data", reviews, "-o", path)
    table = rows(path)
    by_act = {act: [row for row in table if row["activation"] == act] for act in ("relu", "tanh")}
    assert sum(map(len, by_act.values())) == len(table)
    times, others = (column(part, "time") for part in by_act.values())
    assert (times == others).all()
    assert np.abs(column(by_act["relu"], "bias")).max() > 0.01
    assert (column(by_act["tanh"], "bias") == 0).all()
    whole = column(table, "bias") + column(table, "co-occurrence")
    assert np.abs(whole - column(table, "score")).max() < 1e-12


def test_terms_that_are_unknown_are_missing() -> None:
    """A kernel that is not taken apart has no bias that is 0: nothing is known of it."""
    whole = sn.flow(sn.zoo.rnn(), DOCS, LABELS, times=[0, 1])
    windows = sn.flow(sn.zoo.bow(act="tanh"), DOCS, LABELS, times=[0, 1])
    terms = ["bias", "co-occurrence", "kernel"]
    unknown = [name for name in terms if np.isnan(long_table(whole, "", terms)[name]).all()]
    assert unknown == ["bias", "co-occurrence"]
    assert np.isnan(long_table(windows, "", terms)["kernel"]).all()
    assert (long_table(windows, "", terms)["bias"] == 0).all()


def test_several_classes_and_numbers(tmp_path: Path) -> None:
    path, out = tmp_path / "stars.jsonl", tmp_path / "scores.csv"
    texts = [("good", 5), ("so good", 5), ("bad", 1), ("so so", 3)]
    path.write_text("".join(f'{{"t": "{text}", "stars": {n}}}\n' for text, n in texts))
    call = ("flow", "bow", "--data", path, "--text", "t", "--label", "stars", "--times", "0,5")
    said = done(*call, "-o", out)
    assert "softmax" in said
    table = rows(out)
    assert {row["class"] for row in table} == {"1", "3", "5"}
    assert {name for name in table[0] if name.startswith("count")} == {
        "count 1", "count 3", "count 5"
    }  # fmt: skip
    total = dict.fromkeys(("good", "so", "bad"), 0.0)
    for row in table:
        total[row["token"]] += float(row["score"])
    assert max(map(abs, total.values())) < 1e-12  # residuals of softmax add up to 0
    said = done(*call, "--loss", "squared", "-o", out)
    assert "root mean square error" in said
    assert "count" in rows(out)[0]
    flow = sn.flow(
        sn.zoo.bow(), [t.split() for t, _ in texts], [n for _, n in texts], "squared", [0, 5], 1 / 4
    )
    for row in rows(out):
        score = flow.label_scores[[0.0, 5.0].index(float(row["time"])), flow.places([row["token"]])]
        assert float(row["score"]) == pytest.approx(score.item(), abs=1e-9)


def test_more_classes_than_columns_can_hold(tmp_path: Path) -> None:
    path, out = tmp_path / "text.csv", tmp_path / "scores.csv"
    path.write_text("text\n" + " ".join(f"w{n % 25} w{n % 7}" for n in range(60)) + "\n")
    call = ("flow", "bow", "--data", path, "--next-token", "1", "--times", "0,1")
    done(*call, "--tokens", "w3", "-o", out)
    table = rows(out)
    assert {row["token"] for row in table} == {"w3"}
    assert len(table) == 2 * 25
    successors = {row["class"]: int(row["count"]) for row in table}
    words = path.read_text().split()[1:]
    follows = [second for first, second in pairwise(words) if first == "w3"]
    assert {name: n for name, n in successors.items() if n} == {
        name: follows.count(name) for name in follows
    }
    assert {int(row["count of all"]) for row in table} == {len(follows)}


# which tokens


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        ((), ["bad", "good", "so", "film", "not", "so,"]),
        (("--tokens", 'film,"so,"'), ["film", "so,"]),
        (("--frequent", "2"), ["good", "film"]),
        (("--polar", "1"), ["bad", "so"]),
        (("--frequent", "1", "--tokens", "not"), ["not", "good"]),
        (("--all-tokens",), ["good", "film", "bad", "so", "not", "so,"]),
    ],
)
def test_tokens_to_follow(
    options: tuple[str, ...], tokens: list[str], reviews: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scores.csv"
    done(*BOW, "--data", reviews, "--times", "0,1", "-o", path, *options)
    found = list(dict.fromkeys(row["token"] for row in rows(path)))
    assert set(found) == set(tokens)
    if options:
        assert found == tokens


def test_leanings_are_standard_deviations() -> None:
    """Of a binomial count, with the share of the class in all tokens."""
    counts = np.array([[8, 6], [1, 1], [3, 9], [0, 0]])
    share = np.array([12, 16]) / 28
    by_hand = np.zeros((4, 2))
    for token in range(3):
        total = counts[token].sum()
        for name in range(2):
            spread = np.sqrt(total * share[name] * (1 - share[name]))
            by_hand[token, name] = (counts[token, name] - total * share[name]) / spread
    assert leanings(counts) == pytest.approx(by_hand)
    assert select(counts, frequent=0, polar=1) == [0, 2]
    assert select(counts, frequent=2, polar=0) == [0, 2]
    assert select(counts[:, :1], frequent=1, polar=5) == [0]  # of one class none leans


def test_tokenisation(tmp_path: Path) -> None:
    path, out = tmp_path / "reviews.tsv", tmp_path / "scores.csv"
    path.write_text("label\ttext\n1\tIt's GOOD!\n0\tNot good, is it?\n")
    done(
        "flow", "bow", "--data", path, "--pattern", r"\w+", "--lower", "--min-count", "2",
        "--times", "1,2", "-o", out,
    )  # fmt: skip
    assert {row["token"] for row in rows(out)} == {"it", "good"}


def test_rare_tokens_are_those_of_the_texts_that_are_learnt(reviews: Path, tmp_path: Path) -> None:
    """Elsewhere a token is left out if it was there, however often it occurs."""
    test = tmp_path / "test.csv"
    test.write_text("text,label\ngood film,up\nso so so,up\nbad,down\n")
    call = (*BOW, "--data", reviews, "--test", test, "--min-count", "2", "--times", "0,100")
    said = " ".join(done(*call).split())
    assert "100.0% on" in said  # 'so so so' is left out, as 'so' was
    test.write_text("text,label\nso so so,up\n")
    assert "no text has a token of" in refused(*call)


# what is said


def test_the_summary(reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In 80 columns, with the numbers that Python finds."""
    monkeypatch.chdir(tmp_path)
    test = Path("test.csv")
    test.write_text("text,label\nso good,up\nso good,down\n")
    said = done(*BOW, "--data", reviews, "--test", test, "--times", "0,1,10", "--eta", "1")
    assert max(map(len, said.splitlines())) <= 80
    flow = sn.flow(sn.zoo.bow(act="relu"), DOCS, LABELS, times=[0, 1, 10], eta=1)
    text = " ".join(said.split())
    assert "documents 5 tokens 10, 6 of them different classes down (3), up (2)" in text
    right = np.mean(flow.predict(DOCS)[-1] == np.array(LABELS))
    assert f"accuracy {right:.1%} on these documents 50.0% on" in text
    scores = dict(zip(flow.tokens, flow.label_scores[-1, :, 0], strict=True))
    best, worst = max(scores, key=scores.__getitem__), min(scores, key=scores.__getitem__)
    assert f"for up {best} {scores[best]:.2f}" in text
    assert f"for down {worst} {scores[worst]:.2f}" in text
    sizes = {name: np.abs(term[-1]).mean() for name, term in flow.terms.items()}
    share = sizes["bias"] / sum(sizes.values())
    assert f"at first; {share:.1%} bias" in text
    assert f"at most {flow.label_errors.max():.1g} in a label score" in text


def test_bigrams_are_named(reviews: Path) -> None:
    said = done("flow", "cnn", "--window", "2", "--data", reviews, "--top", "1")
    assert re.search(r"bigrams: not good -\d", said)


def test_trained_networks_stand_beside(reviews: Path, tmp_path: Path) -> None:
    said = done(*BOW, "--data", reviews, "--train", "256", "--plot", tmp_path / "both.svg")
    found = re.search(r"trained +correlation (0\.\d+)", said)
    assert found is not None and float(found[1]) > 0.95
    assert "trained network" in (tmp_path / "both.svg").read_text()


def test_pictures(reviews: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    pictures = [tmp_path / name for name in ("scores.png", "terms.pdf", "top.svg")]
    done(
        *BOW, "--data", reviews, "--plot", pictures[0], "--plot-terms", pictures[1],
        "--plot-top", pictures[2], "--heat-map", page, "--sentence", "a GOOD film", "--lower",
    )  # fmt: skip
    assert all(path.stat().st_size > 1000 for path in pictures)
    assert ">good<" in page.read_text()
    assert ">bad<" not in page.read_text()


def test_the_missing_pyarrow_is_named(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    said = refused(*BOW, "--data", reviews, "-o", tmp_path / "scores.parquet")
    assert "pip install 'symntk[parquet]'" in said


# how far it is


def test_progress_rises_to_the_whole() -> None:
    seen = list[int]()
    problem = pose(sn.zoo.bow(act="relu"), DOCS, LABELS)
    parts = list(
        problem.trace([0, 1, 100], progress=lambda done, total: seen.append(done * 1000 // total))
    )
    assert seen == sorted(seen)
    assert seen[0] < 300
    assert seen[-1] == 1000
    assert [part.times.tolist() for part in parts] == [[0], [0, 1], [0, 1, 100]]
    for n, part in enumerate(parts):
        assert (parts[2].label_scores[n] == part.latest.label_scores[0]).all()


def test_nothing_is_said_of_short_work_or_elsewhere_than_on_a_terminal(reviews: Path) -> None:
    assert run(*BOW, "--data", reviews).stderr == ""
    assert "Reading" not in on_a_terminal(after=60)


def test_a_bar_is_drawn_on_a_terminal() -> None:
    assert re.search(r"Reading .* 50%", on_a_terminal(after=0.01))


def on_a_terminal(after: float) -> str:
    """What is drawn by work that is half done after a tenth of a second."""
    code = (
        "import time\nfrom symntk.cli.output import progress_bar\n"
        f"with progress_bar('Reading', {after}) as progress:\n"
        "    time.sleep(0.1)\n    progress(5, 10)\n    time.sleep(0.3)\n"
    )
    reader, terminal = pty.openpty()
    subprocess.run([sys.executable, "-c", code], stderr=terminal, check=True)
    os.close(terminal)
    drawn = b""
    with suppress(OSError):  # how a terminal that nobody writes to any more ends, on Linux
        while piece := os.read(reader, 4096):
            drawn += piece
    os.close(reader)
    return drawn.decode()


# what is refused

HEAD = b"text,label\n"
ROWS = b"good,1\nbad,0\n"
MALFORMED: dict[str, tuple[str, bytes, str]] = {
    "no column": (".csv", b"review,label\na,1\nb,0\n", "no column 'text'"),
    "empty text": (".csv", HEAD + ROWS + b",1\n", "row 3 (line 4), column 'text'"),
    "white text": (".tsv", b"text\tlabel\na\t1\n \t0\n", "row 2 (line 3), column 'text'"),
    "one class": (".csv", HEAD + b"a,1\nb,1\n", "column 'label': all 2 rows have the label 1"),
    "bytes": (".csv", HEAD + ROWS + b"b\xff\xfe,1\n", "row 3, column 'text', line 4, byte 2"),
    "nan label": (".csv", HEAD + ROWS + b"a,nan\n", "row 3 (line 4), column 'label'"),
    "nan in JSON": (
        ".jsonl",
        b'{"text": "a", "label": 1}\n{"text": "b", "label": NaN}\n',
        "row 2 (line 2), column 'label'",
    ),
    "short row": (".csv", HEAD + ROWS + b"a\n", "row 3 (line 4) has 1 cells"),
    "long row": (".csv", HEAD + ROWS + b"a,b,1\n", "row 3 (line 4) has 3 cells"),
    "empty file": (".csv", b"", "is empty"),
    "names alone": (".csv", HEAD, "has no rows"),
    "quote": (".csv", HEAD + ROWS + b'"a,1\nb,0\n', "row 3, column 'text' (lines 4 to 5)"),
    "many labels": (
        ".csv",
        HEAD + b"".join(b"a,%d.5\n" % n for n in range(30)),
        "column 'label' has 30 different labels",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_data_are_refused(case: str, tmp_path: Path) -> None:
    """With the place of the fault, and before anything is written."""
    suffix, content, message = MALFORMED[case]
    path = tmp_path / f"reviews{suffix}"
    path.write_bytes(content)
    old = tmp_path / "scores.csv"
    old.write_text("precious")
    said = refused(*BOW, "--data", path, "-o", old)
    assert message in said, said
    assert str(path) in said
    assert old.read_text() == "precious"
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, old.name}


def test_a_line_of_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    """The file has holes for its content, and is never read whole."""
    path = tmp_path / "reviews.csv"
    with path.open("wb") as file:
        file.write(HEAD + ROWS)
        file.truncate(10**8)
    assert f"line 4 is longer than {LONGEST} bytes" in refused(*BOW, "--data", path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--eta", "0"), "neither a positive number nor mean"),
        (("--eta", "nan"), "neither a positive number nor mean"),
        (("--times", "3,2"), "later than the one before"),
        (("--times", "0"), "neither a time nor several"),
        (("--times", "1,x"), "neither a time nor several"),
        (("--tokens", "film,nothing"), "'nothing' is no token"),
        (("--tokens", "film,"), "nothing between two commas"),
        (("--loss", "squared"), "the label 'up' is no finite number"),
        (("--next-token", "1", "--loss", "logistic"), "softmax"),
        (("--pattern", "("), "no regular expression"),
        (("-o", "scores.txt"), "must end in .csv or .parquet"),
        (("-o", "nowhere/scores.csv"), "there is no folder"),
        (("--plot", "scores.gif"), "must end in"),
        (("--heat-map", "page.txt"), "must end in .html"),
        (("--sentence", "a film"), "--heat-map"),
        (("--heat-map", "page.html", "--sentence", " "), "--sentence: ' ' has no tokens"),
        (("--min-count", "9"), "no token occurs 9 times"),
    ],
)
def test_wrong_options_are_refused(
    options: tuple[str, ...], message: str, reviews: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(reviews.parent)
    assert message in refused(*BOW, "--data", reviews, *options)
    assert list(reviews.parent.iterdir()) == [reviews]


def test_files_are_not_overwritten_by_themselves(
    reviews: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(reviews.parent)
    assert "as two things" in refused(*BOW, "--data", reviews, "-o", reviews.name)
    assert reviews.read_text() == TEXT
    twice = ("--plot", "scores.png", "--plot-top", "./scores.png")
    assert "as two things" in refused(*BOW, "--data", reviews, *twice)
    done(*BOW, "--data", reviews, "--test", reviews)


def test_networks_on_numbers_do_not_read_texts(reviews: Path) -> None:
    assert "mlp takes numbers" in refused("flow", "mlp", "--data", reviews)


def test_data_that_are_not_there(tmp_path: Path) -> None:
    assert "No such file" in refused(*BOW, "--data", tmp_path / "absent.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "Is a directory" in refused(*BOW, "--data", tmp_path / "folder.csv")


def test_a_label_that_was_not_learnt(reviews: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.csv"
    test.write_text("text,label\ngood,sideways\n")
    assert "sideways is none of those learnt" in refused(*BOW, "--data", reviews, "--test", test)


def test_three_classes_are_not_for_logistic_loss(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\na,1\nb,2\nc,3\n")
    said = refused(*BOW, "--data", path, "--loss", "logistic")
    assert "3 classes (1, 2, 3)" in said
    assert "--loss softmax" in said


# interruptions


def started(reviews: Path, output: Path) -> subprocess.Popen[str]:
    """A run that takes for ever, once it has written some pieces."""
    command = [
        sys.executable, "-m", "symntk", *BOW, "--data", str(reviews), "--tolerance", "1e-13",
        "--times", ",".join(map(str, [0, 1e-3, 1e-2, *range(1, 4000)])), "-o", str(output),
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    part = output.with_name(f"{output.stem}.part{output.suffix}")
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        done = part.is_dir() and len(list(part.glob("*.parquet"))) > 2
        if done or (part.is_file() and part.stat().st_size > 2000):
            return process
        time.sleep(0.01)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_what_it_wrote(
    suffix: str, number: signal.Signals, reviews: Path, tmp_path: Path
) -> None:
    """Readable rows, as a whole run would have them, beside an older file, which is untouched."""
    path = tmp_path / f"scores{suffix}"
    path.write_text("precious")
    process = started(reviews, path)
    process.send_signal(number)
    out, said = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert not out
    assert path.read_text() == "precious"
    part = tmp_path / f"scores.part{suffix}"
    if suffix == ".csv":
        assert part.read_bytes().endswith(b"\n")
        table = [
            {name: float(row[name]) for name in ("time", "bias", "co-occurrence", "score")}
            for row in rows(part)
        ]
    else:
        table = pq.read_table(part).to_pylist()
    assert len(table) >= 12
    assert len({row["time"] for row in table}) == len(table) / 6
    for row in table:
        assert row["bias"] + row["co-occurrence"] == pytest.approx(row["score"], abs=1e-12)
    if number == signal.SIGINT:
        assert f"{len(table)} rows written so far are in {part}" in said
        assert "Interrupted" in said


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_later_run_takes_the_place_of_what_was_left(
    suffix: str, reviews: Path, tmp_path: Path
) -> None:
    path, part = tmp_path / f"scores{suffix}", tmp_path / f"scores.part{suffix}"
    call = (*BOW, "--data", reviews, "--times", "0,1", "-o", path)
    done(*call)
    whole = path.read_bytes()
    if suffix == ".csv":
        part.write_text("left over\n" * 1000)
    else:
        part.mkdir()
        for number in range(9):
            (part / f"{number:05}.parquet").write_text("left over")
        (part / ".unfinished").write_text("left over")
    done(*call)
    assert path.read_bytes() == whole
    assert not part.exists()


# the whole


@needed
def test_the_treebank_is_followed_in_little_memory(tmp_path: Path) -> None:
    """In 500 MB, from the text to the table and the summary."""
    path = tmp_path / "scores.csv"
    data = ("--data", str(FOLDER / "train.csv"), "--test", str(FOLDER / "test.csv"))
    # measured by a process that is small itself: a child counts the memory of what started it
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'symntk', *sys.argv[1:]], check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
    )
    times = str(3600 / 1.3408450569081047)
    process = subprocess.run(
        [sys.executable, "-c", code, *BOW, *data, "--times", times, "-o", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(process.stderr.split()[-1]) < 500_000  # kB
    table = rows(path)
    assert {"the", "worst", "enjoyable"} <= {row["token"] for row in table}
    assert column(table, "time").max() == float(times)
    assert column(table, "error").max() < 0.01
    found = re.search(r"(\d+\.\d)% on \S*test.csv", " ".join(process.stdout.split()))
    assert found is not None and 78 < float(found[1]) < 83
    corpus = read_corpus(FOLDER / "train.csv")
    assert f"documents      {len(corpus.docs)}" in process.stdout.replace("6 920", "6920")
