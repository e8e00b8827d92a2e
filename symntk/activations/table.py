"""The known activations.  A new one is one entry here and nothing else.

Each function is written once, exactly; its derivative, parity, kinks and dual are derived.
"""

from __future__ import annotations

from collections.abc import Mapping

from sympy import (
    Abs,
    Heaviside,
    Max,
    Min,
    Rational,
    S,
    Symbol,
    cos,
    cosh,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    tanh,
)

from symntk.activations.activation import Activation, Parameter, names
from symntk.gaussian.normal_cdf import NormalCDF
from symntk.gaussian.symbols import x

alpha = Symbol("alpha", real=True)
"""Slope or saturation on the negative side."""
beta = Symbol("beta", real=True)
"""Slope on the positive side of ABReLU."""
width = Symbol("alpha", positive=True)
"""Length scale of CELU."""
gain = Symbol("lambda", positive=True)
"""Overall factor of SELU."""
scale = Symbol("s", positive=True)
"""Factor of the argument."""
lower, upper = Symbol("a", real=True), Symbol("b", real=True)
"""Bounds of hard tanh."""

SELU_ALPHA = Rational("1.6732632423543772848170429916717")
SELU_GAIN = Rational("1.0507009873554804934193349852946")
"""The fixed-point constants of Klambauer et al. (2017), equation 14."""

_positive, _negative = Heaviside(x), Heaviside(-x)
_sigmoid = 1 / (1 + exp(-x))
_softplus = log(1 + exp(x))

_ENTRIES = (
    Activation("identity", x, "identity", r"\mathrm{id}", aliases=("linear",)),
    Activation("relu", x * _positive, "rectified linear unit", r"\mathrm{ReLU}", source="nair2010"),
    Activation(
        "leaky_relu",
        x * _positive + alpha * x * _negative,
        "leaky ReLU",
        r"\mathrm{LReLU}",
        (Parameter("slope", alpha, Rational(1, 100)),),
        source="maas2013",
    ),
    Activation(
        "abrelu",
        beta * x * _positive + alpha * x * _negative,
        "two-slope ReLU",
        r"\mathrm{ABReLU}",
        (
            Parameter("negative", alpha, Rational(-1, 2)),
            Parameter("positive", beta, S(2)),
        ),
    ),
    Activation("abs", Abs(x), "absolute value", r"\mathrm{abs}"),
    Activation("sign", sign(x), "sign", r"\mathrm{sign}"),
    Activation("step", _positive, "Heaviside step", r"H", aliases=("heaviside",)),
    Activation(
        "rect_x2",
        x**2 * _positive,
        "squared ReLU",
        r"\mathrm{ReLU}^2",
        aliases=("relu2", "squared_relu"),
        source="cho2009",
    ),
    Activation(
        "erf",
        erf(scale * x),
        "error function",
        r"\mathrm{erf}",
        (Parameter("scale", scale, S.One, shown=False),),
        source="williams1997",
    ),
    Activation("normcdf", NormalCDF(x), "normal distribution function", r"\Phi"),
    Activation(
        "gelu",
        x * NormalCDF(x),
        "Gaussian error linear unit",
        r"\mathrm{GELU}",
        source="hendrycks2016",
    ),
    Activation(
        "gelu_tanh",
        x * (1 + tanh(sqrt(2 / pi) * (x + Rational("0.044715") * x**3))) / 2,
        "GELU in its tanh form",
        r"\mathrm{GELU}_{\tanh}",
        source="hendrycks2016",
    ),
    Activation("sin", sin(x), "sine", r"\sin"),
    Activation("cos", cos(x), "cosine", r"\cos"),
    Activation(
        "snake",
        x + sin(scale * x) ** 2 / scale,
        "snake",
        r"\mathrm{Snake}",
        (Parameter("frequency", scale, S.One, shown=False),),
        source="ziyin2020",
    ),
    Activation("xsin", x + sin(x), "identity plus sine", r"(\mathrm{id} + \sin)"),
    Activation("exp", exp(x), "exponential", r"\exp"),
    Activation("cosh", cosh(x), "hyperbolic cosine", r"\cosh"),
    Activation("sinh", sinh(x), "hyperbolic sine", r"\sinh"),
    Activation("gauss", exp(-(x**2)), "Gaussian", r"\mathrm{Gauss}", aliases=("gaussian",)),
    Activation("xgauss", x * exp(-(x**2) / 2), "x times a Gaussian", r"\mathrm{xGauss}"),
    Activation(
        "elu",
        x * _positive + alpha * (exp(x) - 1) * _negative,
        "exponential linear unit",
        r"\mathrm{ELU}",
        (Parameter("alpha", alpha, S.One),),
        source="clevert2016",
    ),
    Activation(
        "celu",
        x * _positive + width * (exp(x / width) - 1) * _negative,
        "continuously differentiable ELU",
        r"\mathrm{CELU}",
        (Parameter("alpha", width, S.One),),
        source="barron2017",
    ),
    Activation(
        "selu",
        gain * (x * _positive + alpha * (exp(x) - 1) * _negative),
        "scaled ELU",
        r"\mathrm{SELU}",
        (Parameter("alpha", alpha, SELU_ALPHA), Parameter("gain", gain, SELU_GAIN)),
        source="klambauer2017",
    ),
    Activation(
        "hardtanh",
        Min(Max(x, lower), upper),
        "hard tanh",
        r"\mathrm{HardTanh}",
        (
            Parameter("low", lower, S.NegativeOne, shown=False),
            Parameter("high", upper, S.One, shown=False),
        ),
        aliases=("hard_tanh",),
    ),
    Activation("relu6", Min(Max(x, 0), 6), "ReLU capped at 6", r"\mathrm{ReLU6}"),
    Activation("tanh", tanh(x), "hyperbolic tangent", r"\tanh"),
    Activation("sigmoid", _sigmoid, "logistic sigmoid", r"\sigma", aliases=("logistic",)),
    Activation(
        "silu",
        x * _sigmoid,
        "sigmoid linear unit",
        r"\mathrm{SiLU}",
        aliases=("swish",),
        source="hendrycks2016",
    ),
    Activation("softplus", _softplus, "softplus", r"\mathrm{softplus}"),
    Activation("mish", x * tanh(_softplus), "Mish", r"\mathrm{Mish}", source="misra2020"),
)

ACTIVATIONS: Mapping[str, Activation] = {entry.name: entry for entry in _ENTRIES}
"""Every known activation by its name, in reading order."""

BY_NAME: Mapping[str, Activation] = names(_ENTRIES)
"""The same by every name and alias."""
