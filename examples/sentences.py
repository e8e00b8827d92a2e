"""Kernel regression on sentences: ``python examples/sentences.py``.

An infinitely wide network, trained to the end on a few sentences with the labels +1 and -1, is
kernel regression with its neural tangent kernel.  To a bag of words, ``not`` is one more word with
a weight of its own; to a convolution or a recurrent network it turns the sense of what follows.
"""

from __future__ import annotations

import numpy as np

import symntk as sn

TRAIN = {
    "good": 1,
    "a good film": 1,
    "this is good": 1,
    "not dull": 1,
    "this film is not dull": 1,
    "dull": -1,
    "a dull film": -1,
    "this is dull": -1,
    "not good": -1,
    "this film is not good": -1,
}
TEST = ["this is a good film", "this is not dull", "a film not good", "a film this dull"]


def predictions(graph: sn.Graph, train: dict[str, int], test: list[str]) -> np.ndarray:
    """K(test, train) (K(train, train) + epsilon)^-1 labels, K the neural tangent kernel."""
    kernel = sn.derive(graph).compile()
    known = [text.split() for text in train]
    labels = np.array(list(train.values()), dtype=float)
    inner = kernel(known).ntk
    across = kernel([text.split() for text in test], known).ntk
    result: np.ndarray = across @ np.linalg.solve(inner + 1e-6 * np.eye(len(known)), labels)
    return result


def main() -> None:
    """Print what three models say about each sentence."""
    models = {
        "bow": sn.zoo.bow(),
        "cnn": sn.zoo.cnn(window=3),
        "rnn": sn.zoo.rnn(act="erf", pool="mean"),
    }
    columns = [predictions(graph, TRAIN, TEST) for graph in models.values()]
    print(f"{'':20}", *(f"{name:>6}" for name in models))
    for row, text in enumerate(TEST):
        print(f"{text:20}", *(f"{column[row]:6.2f}" for column in columns))


if __name__ == "__main__":
    main()
