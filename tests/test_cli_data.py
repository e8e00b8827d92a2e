"""`symntk kernel` of documents, sequences and images in files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import symntk as sn
from tests.test_cli import done, refused

DOCUMENTS = [["the", "cat", "sat"], ["a", "cat"], ["sat", "sat", "the", "cat"]]
TEXTS = [" ".join(document) for document in DOCUMENTS]
IDS = [[3, 1, 2], [0, 1], [2, 2, 3, 1]]

FILES = {
    "plain.txt": "\n".join(TEXTS) + "\n\n",
    "windows.txt": "\ufeff" + "\r\n".join(TEXTS) + "\r\n",
    "table.csv": "label,text\n" + "".join(f'1,"{text}"\n' for text in TEXTS),
    "table.tsv": "text\tlabel\n" + "".join(f"{text}\t1\n" for text in TEXTS),
    "lines.jsonl": "".join(json.dumps({"text": text, "label": 1}) + "\n" for text in TEXTS),
    "texts.json": json.dumps(TEXTS),
    "tokens.json": json.dumps(DOCUMENTS),
    "ids.json": json.dumps(IDS),
}


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    matrix: np.ndarray = sn.derive(sn.zoo.bow()).compile()(IDS).ntk
    return matrix


@pytest.mark.parametrize("name", FILES)
def test_documents(name: str, tmp_path: Path, expected: np.ndarray) -> None:
    path, out = tmp_path / name, tmp_path / "k.npy"
    path.write_text(FILES[name], encoding="utf-8", newline="")
    options = ["--text", "text"] if path.suffix in (".csv", ".tsv", ".jsonl") else []
    done("kernel", "bow", path, *options, "-o", out)
    np.testing.assert_allclose(np.load(out), expected, rtol=1e-14)


def test_documents_against_others(tmp_path: Path, expected: np.ndarray) -> None:
    x, y, out = tmp_path / "x.txt", tmp_path / "y.json", tmp_path / "both.npz"
    x.write_text("\n".join(TEXTS[:2]))
    y.write_text(json.dumps(DOCUMENTS))
    done("kernel", "bow", x, y, "-o", out)
    with np.load(out) as both:
        np.testing.assert_allclose(both["ntk"], expected[:2], rtol=1e-14)


def test_token_ids_of_one_length(tmp_path: Path) -> None:
    ids, out = np.array([[0, 1, 1], [2, 1, 0]]), tmp_path / "k.npy"
    np.save(tmp_path / "ids.npy", ids)
    done("kernel", "bow", tmp_path / "ids.npy", "-o", out)
    expected = sn.derive(sn.zoo.bow()).compile()(ids.tolist()).ntk
    np.testing.assert_allclose(np.load(out), expected, rtol=1e-14)


def test_sequences_and_images(tmp_path: Path) -> None:
    rng, out = np.random.default_rng(0), tmp_path / "k.npy"
    sequences = [rng.standard_normal((length, 3)) for length in (4, 2, 5)]
    np.savez(tmp_path / "sequences.npz", *sequences)
    done("kernel", "cnn", "--inputs", "vectors", tmp_path / "sequences.npz", "-o", out)
    compiled = sn.derive(sn.zoo.cnn(inputs="vectors")).compile()
    np.testing.assert_allclose(np.load(out), compiled(sequences).ntk, rtol=1e-14)
    images = rng.standard_normal((2, 3, 4, 2))
    np.save(tmp_path / "images.npy", images)
    done("kernel", "cnn", "--inputs", "images", tmp_path / "images.npy", "-o", out)
    compiled = sn.derive(sn.zoo.cnn(inputs="images")).compile()
    np.testing.assert_allclose(np.load(out), compiled(images).ntk, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.txt", "a b\n\nc\n", "line 2 is a document without tokens"),
        ("x.txt", "", "line 1 is a document without tokens"),
        ("x.csv", "text\na\n", "--text"),
        ("x.csv", "", "--text"),
        ("x.jsonl", '{"text": 3}\n', "--text"),
        ("x.json", '["a b", 3]', "document 2 is 3"),
        ("x.json", '[["a"], [2]]', "some tokens are words and some are numbers"),
        ("x.json", "[[1.5]]", "not 1.5"),
        ("x.json", "[[true]]", "not true"),
        ("x.json", '{"a": 1}', "not an object"),
        ("x.json", "[]", "holds no documents"),
        ("x.json", "[[1]", "not JSON"),
        ("x.doc", "a b", ".txt"),
    ],
)
def test_bad_documents_are_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert message in refused("kernel", "bow", path, "-o", tmp_path / "k.npy")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "a,b\n1,2\n", "there is no column 'text'; the columns are a, b"),
        ("x.csv", "text,b\na\n", "row 1 has 1 columns"),
        ("x.csv", "text\n", "holds no documents"),
        ("x.jsonl", '{"text": 3}\n', "line 1: text is 3, not a text"),
        ("x.jsonl", '{"text": "a"}\n\n{"b": 1}\n', "the columns are b"),
        ("x.jsonl", "[1]\n", "line 1: needed is an object"),
        ("x.jsonl", "{\n", "line 1: not JSON"),
        ("x.txt", "a b\n", "a .txt file has none"),
    ],
)
def test_bad_tables_are_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    arguments = ("kernel", "bow", path, "--text", "text", "-o", tmp_path / "k.npy")
    assert message in refused(*arguments)


def test_data_of_another_kind_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "k.npy"
    words, numbers, plane, grid = (tmp_path / n for n in ("w.txt", "n.json", "p.npy", "g.npz"))
    words.write_text("a b\n")
    numbers.write_text("[[1, 2]]")
    np.save(plane, np.ones((2, 3)))
    np.savez(grid, np.ones((2, 3)), np.ones((2, 3, 1)))
    assert "they must be alike" in refused("kernel", "bow", words, numbers, "-o", out)
    assert "token ids" in refused("kernel", "bow", plane, "-o", out)
    assert ".npy or .csv" in refused("kernel", "mlp", words, "-o", out)
    assert "(N, T, d)" in refused("kernel", "cnn", "--inputs", "vectors", plane, "-o", out)
    assert "(H, W, C)" in refused("kernel", "cnn", "--inputs", "images", grid, "-o", out)
    assert "--text" in refused("kernel", "mlp", plane, "--text", "a", "-o", out)
    assert not out.exists()
