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


def bag(act: str) -> Any:
    """A perceptron at each token, summed over the document; one-hot tokens."""
    return _of_tokens(1, act)


def tokens_cnn(act: str) -> Any:
    """A convolution over tokens, window 3, summed over positions; one-hot tokens."""
    return _of_tokens(3, act)


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


def _of_tokens(window: int, act: str) -> Any:
    """The embedding is a convolution of window 1 whose fan-in is taken out again."""

    def kernel(documents: Any) -> Any:
        tokens, ids = np.unique(documents, return_inverse=True)
        one_hot = np.sqrt(len(tokens)) * np.eye(len(tokens))[ids.reshape(documents.shape)]
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
