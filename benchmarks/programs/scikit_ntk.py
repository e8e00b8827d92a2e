"""scikit-ntk: ReLU networks.  With a bias it is another kernel, which leaves the bias out of the
covariance, so that there is nothing to compare.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from skntk import NeuralTangentKernel


def mlp(act: str, depth: int, w_std: float) -> Any:
    """A multilayer perceptron on vectors; hidden variances of 2, of which theirs is a multiple."""
    assert act == "relu" and np.isclose(w_std, np.sqrt(2))
    kernel = NeuralTangentKernel(depth, bias=0)

    def scaled(x: Any) -> Any:
        matrix = kernel(x / np.sqrt(x.shape[1]))
        matrix *= depth + 1
        return matrix

    return scaled
