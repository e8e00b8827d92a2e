"""The activation syntax: what it means, what it refuses and where it points, and the round trip."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Abs,
    Heaviside,
    Max,
    Min,
    Mul,
    Piecewise,
    Rational,
    Symbol,
    cos,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sqrt,
    tanh,
)

from symntk.activations import ACTIVATIONS, activation, format_activation, parse_activation
from symntk.activations.resolution import KNOWN
from symntk.errors import SymntkError, SyntaxProblem, UsageError
from symntk.gaussian import NormalCDF
from symntk.gaussian.symbols import x

MEANINGS = {
    "x": x,
    "0.1*x": x / 10,
    ".5 + 1e-3*x": Rational(1, 2) + x / 1000,
    "-x**2": -(x**2),
    "(-x)**2": x**2,
    "2**-1*x": x / 2,
    "x**2**2": x**4,
    "x - 1 - 1": x - 2,
    "x/2/2": x / 4,
    "--x": x,
    "pi*x": pi * x,
    "abs(x)": Abs(x),
    "sign(x)": sign(x),
    "max(0, x)**2": Max(0, x) ** 2,
    "min(max(x,-1),1)": Min(Max(x, -1), 1),
    "min(x, 1, x**2)": Min(x, 1, x**2),
    "x*H(x)+0.1*x*H(-x)": x * Heaviside(x) + x * Heaviside(-x) / 10,
    "x*Phi(x)": x * NormalCDF(x),
    "erf(x/2)": erf(x / 2),
    "exp(-x**2/2)/sqrt(2*pi)": exp(-(x**2) / 2) / sqrt(2 * pi),
    "log(1+exp(x))": log(1 + exp(x)),
    "softplus(2*x)": log(1 + exp(2 * x)),
    "sigmoid(x)": 1 / (1 + exp(-x)),
    "x + sin(x)**2": x + sin(x) ** 2,
    "2**x": exp(x * log(2)),
    "where(x > 0, x, exp(x) - 1)": Piecewise((x, x > 0), (exp(x) - 1, True)),
    "where(1 - 2*x >= 0, x, 0)": Piecewise((x, x <= Rational(1, 2)), (0, True)),
    "where(2 > 1, x, 0)": x,
    "where(x > 0, sqrt(x), 0)": Piecewise((sqrt(x), x > 0), (0, True)),
    "relu(2*x + 1)": (2 * x + 1) * Heaviside(2 * x + 1),
    "elu(x, alpha=2)": x * Heaviside(x) + Mul(2, exp(x) - 1, Heaviside(-x)),
    "hermite(3) + x": x**3 - 2 * x,
    "erf(scale=2)": erf(2 * x),
    "tanh": tanh(x),
}

REFUSALS = {
    "": (0, "stops too early"),
    "x +": (3, "stops too early"),
    "(x": (0, "never closed"),
    "x)": (1, "remove this bracket"),
    "x^2": (1, "write x**2"),
    "2x": (1, "2*x"),
    "2 (x)": (2, "'*'"),
    "x(x)": (0, "'*'"),
    "(x)(x)": (3, "(...)*("),
    "x // 2": (3, "expected a number"),
    "1/0": (1, "division by zero"),
    "1/(x - x)": (1, "division by zero"),
    "0**-1*x": (1, "division by zero"),
    "log(0)": (0, "not defined"),
    "tan(pi/2)": (0, "not defined"),
    "tahn(x)": (0, "tan or tanh"),
    "t": (0, "called x"),
    "x.real": (1, "unexpected character"),
    "__import__('os')": (11, "unexpected character"),
    "lambda": (0, "unknown name"),
    "x if x": (2, "expected an operator"),
    "x > 0": (2, "where"),
    "where(x == 0, 1, 2)": (8, "< <= > >="),
    "where(x, 1, 2)": (7, "< <= > >="),
    "where(x > 0, 1)": (14, "three arguments"),
    "sin(x, x)": (0, "one argument"),
    "max(" + "x, " * 16 + "1)": (0, "at most 16"),
    "max(x)": (0, "at least two"),
    "gelu(x, x)": (8, "one argument"),
    "sin + x": (0, "sin(x)"),
    "2*relu": (2, "relu(x)"),
    "elu(beta=2)": (4, "alpha"),
    "elu(alpha=x)": (10, "must be a number"),
    "elu(alpha=1, alpha=2)": (13, "twice"),
    "hermite(x)": (8, "must be a number"),
    "hermite(2.5)": (0, "whole number"),
    "x**65": (3, "at most 64"),
    "x**1000000": (3, "at most 64"),
    "9**9**9": (3, "at most 64"),
    "((x + 1)**32)**32": (0, "degree"),
    "1e999*x": (0, "too large"),
    "exp(exp(exp(9)))*x": (4, "too large"),
    "sqrt(x)": (0, "not real"),
    "log(x)": (0, "not real"),
    "x**0.5": (0, "not real"),
    "sqrt(-1)*x": (0, "not a real number"),
    "(" * 30 + "x" + ")" * 30: (25, "deep"),
    "x" + "+x" * 1000: (60, "characters"),
    "π*x": (0, "write pi"),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_meaning(text: str) -> None:
    assert parse_activation(text, KNOWN) == MEANINGS[text]


@pytest.mark.parametrize("text", REFUSALS)
def test_refusal_points_at_the_place_and_names_the_fix(text: str) -> None:
    position, fix = REFUSALS[text]
    with pytest.raises(SyntaxProblem) as caught:
        parse_activation(text, KNOWN)
    assert fix in caught.value.problem
    assert caught.value.position == position
    assert str(caught.value).endswith(" " * position + "^")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_known_activations_round_trip(name: str) -> None:
    known = ACTIVATIONS[name]
    assert parse_activation(format_activation(known.concrete)) == known.concrete
    symbols = {symbol.name: symbol for symbol in known.defaults}
    assert parse_activation(format_activation(known.phi), parameters=symbols) == known.phi
    assert activation(known.spec) is known


@pytest.mark.parametrize("text", MEANINGS)
def test_meanings_round_trip(text: str) -> None:
    expression = MEANINGS[text]
    assert parse_activation(format_activation(expression)) == expression


def test_what_the_syntax_lacks_is_not_printed() -> None:
    with pytest.raises(UsageError, match="cannot express"):
        format_activation(Symbol("x", real=True) ** 2 + Abs(x).diff(x).diff(x))


FUNCTIONS = ("abs", "sign", "H", "Phi", "erf", "exp", "sin", "cos", "tanh", "sigmoid", "softplus")
numbers = st.one_of(
    st.integers(0, 12).map(str),
    st.decimals("0.001", "9", places=3).map(str),
    st.just("pi"),
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})/(1 + ({t[1]})**2)"),
        st.tuples(inner, st.integers(0, 4)).map(lambda t: f"({t[0]})**{t[1]}"),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(("min", "max")), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        st.tuples(numbers, inner, inner).map(lambda t: f"where(x > {t[0]}, {t[1]}, {t[2]})"),
        inner.map(lambda text: f"-({text})"),
    )


expressions = st.recursive(st.one_of(st.just("x"), numbers), _combined, max_leaves=7)


@given(expressions)
@settings(max_examples=150)
def test_round_trip(text: str) -> None:
    """What can be read is written back as text that means the same expression."""
    try:
        expression = parse_activation(text)
    except SyntaxProblem:
        return
    assert parse_activation(format_activation(expression)) == expression


words = st.sampled_from(
    [
        *("x", "0", "1", "2", "9", "64", "99", "0.1", "1e9", "pi", "e", "y"),
        *("+", "-", "*", "/", "**", "(", ")", "((", "))", ",", "<", ">", "<=", "=", "^"),
        *("abs(", "max(", "where(", "exp(", "log(", "sqrt(", "tan(", "elu(", "hermite(", "H("),
        *("alpha=", "relu", "mish(", "snake(", "gelu_tanh("),
    ]
)


@given(st.lists(words, max_size=30).map("".join))
@settings(max_examples=400)
def test_any_words_are_read_or_refused(text: str) -> None:
    """Nothing but a SymntkError, and soon."""
    started = time.process_time()
    with contextlib.suppress(SymntkError):
        activation(text)
    assert time.process_time() - started < 5


@given(st.text(max_size=40))
@settings(max_examples=200)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_activation(text, KNOWN)
    except SyntaxProblem as problem:
        assert 0 <= problem.position <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "snake(" * 20 + "x" + ")" * 20,
        "mish(" * 20 + "x" + ")" * 20,
        "exp(" * 20 + "x" + ")" * 20,
        "+".join(f"x**{k % 64}" for k in range(300)),
        "*".join(["(1+exp(x))"] * 60),
        "max(" + ",".join(f"sin({k}*x)" for k in range(60)) + ")",
        "abs(" * 20 + "x - 1" + ")-1" * 20,
        "where(x>1," * 12 + "x" + ",2)" * 12,
        "sqrt(1+" * 20 + "x**2" + ")" * 20,
        "(" + "1/3+" * 300 + "x)**9",
        "((((x+1)**2+1)**2+1)**2+1)**2",
        "2**(2**(2**(2**x)))",
    ],
)
def test_large_texts_cost_little(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(SyntaxProblem):
        parse_activation(text, KNOWN)
    assert time.process_time() - started < 5


def test_parameters_are_read_by_name() -> None:
    slope = Symbol("slope", real=True)
    read = parse_activation("slope*x + cos(x)", parameters={"slope": slope})
    assert read == slope * x + cos(x)


@pytest.mark.parametrize("text", ["leaky_relu(0.2)", "2", "pi + sin(1)"])
def test_a_number_is_no_activation(text: str) -> None:
    """A parameter given without its name would be taken for the variable."""
    with pytest.raises(SyntaxProblem, match="not a function of x"):
        activation(text)
    assert activation("leaky_relu(slope=0.2)").phi.has(x)
