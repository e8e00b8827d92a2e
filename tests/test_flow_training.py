"""The predicted flow against networks that gradient descent trains, written out in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit

import symntk as sn
from symntk import zoo

Function = Callable[[np.ndarray], np.ndarray]
ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u > 0).astype(float)),
    "tanh": (np.tanh, lambda u: 1 - np.tanh(u) ** 2),
}
TOKENS, DOCUMENTS, STEPS, SPAN = 12, 24, 120, 1.2


def sampled() -> tuple[np.ndarray, np.ndarray]:
    """Counts of tokens in documents, (documents, tokens), and labels that lean on the tokens."""
    random = np.random.default_rng(5)
    lean = random.normal(size=TOKENS)
    counts = random.poisson(0.4, (DOCUMENTS, TOKENS)).astype(int)
    counts[:, 0] += 1
    labels = np.where(counts @ lean + 0.5 * random.normal(size=DOCUMENTS) > 0, 1, -1)
    return counts, labels


def drawn(width: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """E, W and v."""
    random = np.random.default_rng(seed)
    shapes = ((width, TOKENS), (width, width), (width,))
    e, w, v = (random.normal(size=shape) for shape in shapes)
    return e, w, v


def trained(act: str, e: np.ndarray, w: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Changes of the label scores by full-batch gradient descent, (STEPS + 1, tokens).

    s(x) = v . sum_t phi(W E[:, x_t] / sqrt(n)) / sqrt(n), all of E, W, v trained.  The scores at
    the start, which the flow takes to be 0, are taken off.
    """
    phi, slope = ACTIVATIONS[act]
    counts, labels = sampled()
    root, rate = np.sqrt(len(v)), SPAN / STEPS
    start, scores = None, []
    for _ in range(STEPS + 1):
        u = w @ e / root
        h = phi(u)
        label_scores = v @ h / root
        start = label_scores if start is None else start
        scores.append(label_scores - start)
        residual = labels * expit(-labels * (counts @ scores[-1]))
        pull = residual @ counts  # on the score of each token
        back = v[:, None] * slope(u) * pull / root
        v = v + rate * (h @ pull) / root
        e, w = e + rate * (w.T @ back) / root, w + rate * (back @ e.T) / root
    return np.array(scores)


def predicted(act: str) -> np.ndarray:
    counts, labels = sampled()
    docs = [np.repeat(np.arange(TOKENS), row).tolist() for row in counts]
    times = np.linspace(0, SPAN, STEPS + 1)
    flow = sn.flow(zoo.bow(act=act), docs, labels.tolist(), times=times, tokens=range(TOKENS))
    return flow.label_scores[:, :, 0]


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_training_follows_the_flow_the_better_the_wider(act: str) -> None:
    """Correlation above 0.99 at width 1024; the deviation falls with the root of the width."""
    theory = predicted(act)
    widths, deviations = [64, 256, 1024], []
    for width in widths:
        runs = np.array([trained(act, *drawn(width, seed)) for seed in range(1024 // width + 1)])
        deviations.append(np.sqrt(np.mean((runs - theory) ** 2)) / np.sqrt(np.mean(theory**2)))
    correlation = np.corrcoef(runs[0].ravel(), theory.ravel())[0, 1]
    slope = np.polyfit(np.log(widths), np.log(deviations), 1)[0]
    assert correlation > 0.99
    assert -0.75 < slope < -0.35
