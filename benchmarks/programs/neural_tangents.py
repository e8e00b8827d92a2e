"""neural-tangents, compiled by JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from neural_tangents import stax

jax.config.update("jax_enable_x64", True)

ACTIVATIONS = {
    "relu": stax.Relu,
    "erf": stax.Erf,
    "gelu": stax.Gelu,
    "tanh": lambda: stax.ElementwiseNumerical(jnp.tanh, deg=25),
}


def mlp(act: str, depth: int, w_std: float, b_std: float = 0, dtype: str = "float64") -> Any:
    """A multilayer perceptron on vectors."""
    layers = [stax.Dense(1, w_std, b_std or None), ACTIVATIONS[act]()] * depth
    kernel = _compiled(*layers, stax.Dense(1))
    return lambda x: kernel(x.astype(dtype))


def bag(act: str, first: int | None = None) -> Any:
    """A perceptron at each token, summed over the document; see `_of_tokens`."""
    return _of_tokens(1, act, first)


def tokens_cnn(act: str, first: int | None = None) -> Any:
    """A convolution over tokens, window 3, summed over positions; see `_of_tokens`."""
    return _of_tokens(3, act, first)


def vectors_cnn(act: str, depth: int) -> Any:
    """Convolutions over vectors, window 3, summed over positions."""
    return _convolutional((3,), act, depth)


def images_cnn(act: str, depth: int) -> Any:
    """Convolutions over images, window 3 x 3, summed over pixels."""
    return _convolutional((3, 3), act, depth)


def attention(act: str) -> Any:
    """Attention over vectors with one matrix for queries and keys, a perceptron, a sum."""
    mixing = stax.GlobalSelfAttention(1, 1, 1, 1, linear_scaling=True)
    return _compiled(mixing, ACTIVATIONS[act](), stax.GlobalSumPool(), stax.Dense(1))


def _convolutional(window: tuple[int, ...], act: str, depth: int) -> Any:
    layers = [stax.Conv(1, window, padding="SAME"), ACTIVATIONS[act]()] * depth
    return _compiled(*layers, stax.GlobalSumPool(), stax.Dense(1))


def _of_tokens(window: int, act: str, first: int | None) -> Any:
    """One-hot vectors with a component for each token that occurs in the documents.

    The embedding is a convolution of window 1 whose fan-in is taken out again.

    first: the block of the kernel between so many documents alone.
    """

    def kernel(documents: Any) -> Any:
        tokens = np.unique(documents)
        ids = np.searchsorted(tokens, documents[:first])
        one_hot = np.zeros((*ids.shape, len(tokens)))
        np.put_along_axis(one_hot, ids[..., None], np.sqrt(len(tokens)), axis=2)
        return convolutional(one_hot)

    convolutional = _compiled(
        stax.Conv(1, (1,)),
        stax.Conv(1, (window,), padding="SAME"),
        ACTIVATIONS[act](),
        stax.GlobalSumPool(),
        stax.Dense(1),
    )
    return kernel


def _compiled(*layers: Any) -> Any:
    """The NTK without a second argument, on the CPU, finished when the call returns."""
    _, _, kernel = stax.serial(*layers)
    compiled = jax.jit(lambda x: kernel(x, None, "ntk"))
    return lambda x: np.asarray(compiled(x))
