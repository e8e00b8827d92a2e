"""The same kernels as one writes them with NumPy and SciPy, whole arrays at a time.

    Sigma' = E[phi(u) phi(u')],   dSigma = E[phi'(u) phi'(u')],   (u, u') ~ N(0, [[q, c], [c, r]])

Covariances of sequences are arrays (N, T, T), one sample against all: what fits into memory.  All
sequences are of one length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.programs.duals import DUALS, Dual


def mlp(act: str, depth: int, w_std: float, b_std: float = 0, dtype: str = "float64") -> Any:
    """Theta' = dSigma (sigma_w^2 Theta) + Sigma', layer by layer."""
    dual, w, b = DUALS[act], w_std**2, b_std**2

    def kernel(x: Any) -> Any:
        x = x.astype(dtype)
        sigma = x @ x.T * (w / x.shape[1]) + b
        theta = sigma
        for layer in range(depth):
            q = np.diag(sigma).copy()
            sigma, slope = dual(q[:, None], q, sigma)
            theta = theta * slope
            if layer < depth - 1:
                sigma = w * sigma + b
                theta = w * theta + sigma
        return theta + sigma

    return kernel


def bag(act: str) -> Any:
    """All positions of a document against all positions of the others."""
    return lambda documents: _convolutions(_matches(documents), DUALS[act], 1, 1, embedded=True)


def counted_bag(act: str) -> Any:
    """For whoever knows the formula: Theta = rho <n, n'> + mu T T', n the counts of the tokens."""
    ones = np.array([1.0])
    (at_match,), (slope,) = DUALS[act](ones, ones, ones)
    (mu,), _ = DUALS[act](ones, ones, np.zeros(1))
    rho = at_match + 2 * slope - mu

    def kernel(documents: Any) -> Any:
        samples, length = documents.shape
        starts = np.arange(samples + 1) * length
        counts = csr_matrix((np.ones(documents.size), documents.ravel(), starts))
        counts.sum_duplicates()
        return rho * (counts @ counts.T).toarray() + mu * length**2

    return kernel


def tokens_cnn(act: str) -> Any:
    """Windows of three tokens, zeros beyond the edges."""
    return lambda documents: _convolutions(_matches(documents), DUALS[act], 1, 3, embedded=True)


def vectors_cnn(act: str, depth: int) -> Any:
    """Windows of three vectors, zeros beyond the edges."""
    return lambda x: _convolutions(_products(x), DUALS[act], depth, 3)


def images_cnn(act: str, depth: int) -> Any:
    """Windows of 3 x 3 pixels."""
    return lambda x: _convolutions(_products(x), DUALS[act], depth, 3)


def attention(act: str) -> Any:
    """softmax(x x^T / d) x is a sequence of vectors again."""

    def kernel(x: Any) -> Any:
        logits = x @ x.swapaxes(1, 2) / x.shape[2]
        weights = np.exp(logits - logits.max(2, keepdims=True))
        mixed = weights / weights.sum(2, keepdims=True) @ x
        return _convolutions(_products(mixed), DUALS[act], 1, 1, embedded=True)

    return kernel


def self_attention() -> Any:
    """In the limit the logits are the matches within the document."""

    def kernel(documents: Any) -> Any:
        within = np.exp((documents[:, :, None] == documents[:, None, :]).astype(float))
        weights = (within / within.sum(2, keepdims=True)).sum(1)
        products, _ = _matches(documents)
        rows = [
            2 * np.einsum("s,nst,nt->n", w, products(i), weights) for i, w in enumerate(weights)
        ]
        return np.stack(rows)

    return kernel


def transformer(act: str) -> Any:
    """Attention is a plain mean: logits of independent queries and keys are 0 in the limit."""
    one = np.ones(1)
    dual, (square,) = DUALS[act], DUALS[act](one, one, one)[0]

    def kernel(documents: Any) -> Any:
        products, ones = _matches(documents)
        means = np.stack([products(i).mean((1, 2)) for i in range(len(ones))])
        q = 1 + np.diag(means)
        rows = []
        for i, mean in enumerate(means[:, :, None, None]):
            norm = np.sqrt(q[i] * q)[:, None, None]
            matches = products(i)
            sigma, theta = (matches + mean) / norm, (matches + 2 * mean) / norm
            inner, slope = dual(one, one, sigma)
            theta = theta + inner + (theta + sigma) * slope
            rows.append((theta + sigma + inner).mean((1, 2)) / (1 + square))
        return np.stack(rows)

    return kernel


def tokens_rnn(act: str, pool: str) -> Any:
    """One step of time for all pairs of documents at once."""

    def kernel(documents: Any) -> Any:
        columns = documents.T
        return _recurrence(
            lambda s, t: (columns[s][:, None] == columns[t]).astype(float),
            np.ones(documents.shape),
            DUALS[act],
            pool,
        )

    return kernel


def vectors_rnn(act: str, pool: str) -> Any:
    """One step of time for all pairs of sequences at once."""

    def kernel(x: Any) -> Any:
        scaled = x / np.sqrt(x.shape[2])
        columns = np.ascontiguousarray(scaled.swapaxes(0, 1))
        squares = (scaled**2).sum(2)
        return _recurrence(lambda s, t: columns[s] @ columns[t].T, squares, DUALS[act], pool)

    return kernel


Covariances = tuple[Callable[[int], Any], Any]
"""Of a sample with all, (N, positions, positions) by its number; of all with themselves."""


def _matches(documents: Any) -> Covariances:
    """1 where two tokens are the same."""
    return (
        lambda i: (documents[i][:, None] == documents[:, None, :]).astype(float),
        np.ones(documents.shape),
    )


def _products(x: Any) -> Covariances:
    """x_s . x'_t / d, over sequences or images."""
    flat = x.reshape(len(x), -1, x.shape[-1]) / np.sqrt(x.shape[-1])
    places = x.shape[1:-1]
    return (
        lambda i: (flat[i] @ flat.swapaxes(1, 2)).reshape(len(x), *places, *places),
        (flat**2).sum(2).reshape(len(x), *places),
    )


def _convolutions(
    covariances: Covariances, dual: Dual, depth: int, window: int, embedded: bool = False
) -> Any:
    """Layers over windows of 1 or 3, a sum over positions, and a readout.

    embedded: the inputs have a trained weight before the first layer.
    """
    products, squares = covariances
    axes = squares.ndim - 1
    variances, q = [], squares
    for _ in range(depth):
        q = _mean_over_window(q, [(axis,) for axis in range(1, axes + 1)], window)
        variances.append(q)
        q, _ = dual(q, q, q)
    pairs = [(axis, axis + axes) for axis in range(1, axes + 1)]
    rows = []
    for i in range(len(squares)):
        sigma = products(i)
        theta = sigma if embedded else np.zeros_like(sigma)
        for q in variances:
            sigma = _mean_over_window(sigma, pairs, window)
            theta = _mean_over_window(theta, pairs, window) + sigma
            here = q[i].reshape(q.shape[1:] + (1,) * axes)
            sigma, slope = dual(here, q.reshape(q.shape[:1] + (1,) * axes + q.shape[1:]), sigma)
            theta = theta * slope
        rows.append((sigma + theta).sum(tuple(range(1, 2 * axes + 1))))
    return np.stack(rows)


def _mean_over_window(values: Any, axes: Sequence[tuple[int, ...]], window: int) -> Any:
    """Means over three neighbours, with zeros beyond the edges; axes of a tuple move together."""
    if window == 1:
        return values
    for together in axes:
        before, after = [slice(None)] * values.ndim, [slice(None)] * values.ndim
        for axis in together:
            before[axis], after[axis] = slice(None, -1), slice(1, None)
        total = values.copy()
        total[tuple(after)] += values[tuple(before)]
        total[tuple(before)] += values[tuple(after)]
        values = total / 3
    return values


def _recurrence(products: Callable[[int, int], Any], squares: Any, dual: Dual, pool: str) -> Any:
    """Along the diagonals of the positions; those below the main one are transposes.

    products: covariances (N, N) of the inputs at two times.
    squares: variances (N, T).
    """
    steps = squares.shape[1]
    variances, q = [], np.zeros(len(squares))
    for square in squares.T:
        variances.append(q + square)
        q, _ = dual(variances[-1], variances[-1], variances[-1])
    total = np.zeros((len(squares), len(squares)))
    for lag in range(steps if pool == "mean" else 1):
        sigma = theta = np.zeros_like(total)
        for s in range(steps - lag):
            z = sigma + products(s, s + lag)
            sigma, slope = dual(variances[s][:, None], variances[s + lag], z)
            theta = (z + theta) * slope
            if pool == "mean":
                total += sigma + theta
                if lag:
                    total += (sigma + theta).T
    return total / steps**2 if pool == "mean" else sigma + theta
