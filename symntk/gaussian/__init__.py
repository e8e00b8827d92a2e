"""Gaussian expectations by rules.

``RULES`` lists the rules in the order in which they are tried; each is one file.  Linearity splits
an expectation into problems (`engine.pairs`), Price's theorem works on whole functions (`price`).
"""

from symntk.gaussian.dual import Dual, dual
from symntk.gaussian.engine import RULES
from symntk.gaussian.expectation import Expectation
from symntk.gaussian.moment import Moment, expect, expect_one
from symntk.gaussian.normal_cdf import BivariateNormalCDF, NormalCDF
from symntk.gaussian.stepwise import derivative

__all__ = [
    "RULES",
    "BivariateNormalCDF",
    "Dual",
    "Expectation",
    "Moment",
    "NormalCDF",
    "derivative",
    "dual",
    "expect",
    "expect_one",
]
