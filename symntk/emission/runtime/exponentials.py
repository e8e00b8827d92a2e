"""Scalar functions that keep their precision where the plain formula loses it."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy", forceinline=True)
def taylor(r: float) -> float:
    """exp(r) - 1 for |r| <= log(2) / 2, by Taylor's polynomial of degree 13."""
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    return (p * r) * r + r


@njit(cache=True, error_model="numpy", forceinline=True)
def exponential(x: float) -> float:
    """exp(x) within one unit in the last place; 0 below exp(-708).

    Without branches, so that loops over it become vector instructions: x = k log 2 + r with the
    logarithm in two parts, and 2^k from its bits.
    """
    bounded = min(max(x, -708.0), 709.0)
    k = math.floor(1.4426950408889634 * bounded + 0.5)
    r = (bounded - 6.93145751953125e-1 * k) - 1.4286068203094172e-6 * k
    scale = np.int64((np.int64(k) + 1023) << 52).view(np.float64)
    value = scale * taylor(r) + scale
    small = value if x <= 709.0 else math.inf
    return small if x >= -708.0 else 0.0


@njit(cache=True, error_model="numpy", forceinline=True)
def exponential_minus_one(x: float) -> float:
    """exp(x) - 1, without cancellation near 0; as `exponential`."""
    bounded = min(max(x, -708.0), 709.0)
    k = math.floor(1.4426950408889634 * bounded + 0.5)
    r = (bounded - 6.93145751953125e-1 * k) - 1.4286068203094172e-6 * k
    scale = np.int64((np.int64(k) + 1023) << 52).view(np.float64)
    value = scale * taylor(r) + (scale - 1.0)
    return value if x <= 709.0 else math.inf


@njit(cache=True, error_model="numpy", forceinline=True)
def exponential_difference(a: float, b: float, difference: float) -> float:
    """exp(a) - exp(b), where ``difference`` is a - b without cancellation."""
    size = -exponential(a if difference >= 0.0 else b) * exponential_minus_one(-abs(difference))
    return size if difference >= 0.0 else -size


@njit(cache=True, error_model="numpy", forceinline=True)
def hyperbolic_tangent(x: float) -> float:
    """tanh(x) = (1 - exp(-2 |x|)) / (1 + exp(-2 |x|)), with the sign of x."""
    below = exponential_minus_one(-2.0 * abs(x))
    size = -below / (2.0 + below)
    return size if x >= 0.0 else -size


@njit(cache=True, error_model="numpy", forceinline=True)
def heaviside(x: float) -> float:
    """1 for x > 0, 1/2 at 0, 0 for x < 0."""
    return 1.0 if x > 0.0 else (0.5 if x == 0.0 else 0.0)


@njit(cache=True, error_model="numpy", forceinline=True)
def sign(x: float) -> float:
    """1, 0 or -1."""
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)


@njit(cache=True, error_model="numpy", forceinline=True)
def normal_cdf(x: float) -> float:
    """The standard normal distribution function, relative precision in the lower tail too."""
    return 0.5 * math.erfc(-0.7071067811865476 * x)


@njit(cache=True, error_model="numpy", forceinline=True)
def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    decay = exponential(-abs(x))
    return (1.0 if x >= 0.0 else decay) / (1.0 + decay)


@njit(cache=True, error_model="numpy", forceinline=True)
def softplus(x: float) -> float:
    """log(1 + exp(x)), without overflow."""
    return max(x, 0.0) + math.log1p(exponential(-abs(x)))


@njit(cache=True, error_model="numpy", forceinline=True)
def sech(x: float) -> float:
    """1 / cosh(x), without overflow."""
    decay = exponential(-abs(x))
    return 2.0 * decay / (1.0 + decay * decay)
