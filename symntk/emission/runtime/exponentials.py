"""Scalar functions that keep their precision where the plain formula loses it."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, error_model="numpy", forceinline=True)
def exponential_difference(a: float, b: float, difference: float) -> float:
    """exp(a) - exp(b), where ``difference`` is a - b without cancellation."""
    if difference >= 0.0:
        return -math.exp(a) * math.expm1(-difference)
    return math.exp(b) * math.expm1(difference)


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
    decay = math.exp(-abs(x))
    return (1.0 if x >= 0.0 else decay) / (1.0 + decay)


@njit(cache=True, error_model="numpy", forceinline=True)
def softplus(x: float) -> float:
    """log(1 + exp(x)), without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@njit(cache=True, error_model="numpy", forceinline=True)
def sech(x: float) -> float:
    """1 / cosh(x), without overflow."""
    decay = math.exp(-abs(x))
    return 2.0 * decay / (1.0 + decay * decay)
