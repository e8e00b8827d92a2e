r"""The dual of an activation: its two kernels, on and off the diagonal.

    K(q1, q2, c)    = E[phi(u) phi(v)],        (u, v) ~ N(0, [[q1, c], [c, q2]]),
    Kdot(q1, q2, c) = E[phi'(u) phi'(v)] = dK/dc,

with phi' the distributional derivative, so that the identity with dK/dc (Price) holds for jumps
too.  On the diagonal q1 = q2 = c = q the kernels are expectations of one variable.

Source: Daniely, Frostig and Singer (2016), Definition 4 (dual activations).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from sympy import DiracDelta, Expr, Function, oo

from symntk.gaussian.exact import Exact
from symntk.gaussian.expectation import Expectation
from symntk.gaussian.moment import Moment, expect, expect_one
from symntk.gaussian.stepwise import derivative
from symntk.gaussian.symbols import q, u, x
from symntk.trace import Step


@dataclass(frozen=True)
class Dual:
    """K and Kdot of an activation ``phi``; ``slope`` is its distributional derivative."""

    phi: Expr
    slope: Expr
    moment: Moment = field(repr=False)
    moment_of_slope: Moment = field(repr=False)

    @property
    def K(self) -> Expr:
        """E[phi(u) phi(v)] in q1, q2, c: closed, or an Expectation."""
        return self.moment.expression

    @property
    def Kdot(self) -> Expr:
        """E[phi'(u) phi'(v)] = dK/dc in q1, q2, c: closed, or an Expectation."""
        return self.moment_of_slope.expression

    @cached_property
    def K_diagonal(self) -> Expr:
        """E[phi(u)^2] in q."""
        return expect_one(self.phi**2).expression

    @cached_property
    def Kdot_diagonal(self) -> Expr:
        """E[phi'(u)^2] in q; infinite where phi jumps."""
        if self.slope.has(DiracDelta):
            return oo
        return expect_one(self.slope**2).expression

    @cached_property
    def mean(self) -> Expr:
        """E[phi(u)] in q."""
        return expect_one(self.phi).expression

    @property
    def has_closed_form(self) -> bool:
        """Whether both K and Kdot have one."""
        return self.moment.value is not None and self.moment_of_slope.value is not None

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The derivative of phi, how K and Kdot were found, and the diagonal.

        Where K was found through Kdot (Price), the steps of Kdot are among those of K.
        """
        steps = [Step("differentiation", Function("phi")(x).diff(x), self.slope)]
        shared = {step.before for step in self.moment.steps}
        if self.moment_of_slope.expectation not in shared:
            steps += self.moment_of_slope.steps
        steps += self.moment.steps
        for f, value in ((self.phi, self.K_diagonal), (self.slope, self.Kdot_diagonal)):
            square = Expectation(f.xreplace({x: u}) ** 2, q)
            if square != value:
                steps.append(
                    Step("diagonal", square, value, reason=("both variables are the same",))
                )
        return tuple(steps)

    def numeric(self, q1: Exact, q2: Exact, c: Exact) -> tuple[float, float]:
        """(K, Kdot) at numbers, which are taken as exact; see `Moment.numeric`."""
        return self.moment.numeric(q1, q2, c), self.moment_of_slope.numeric(q1, q2, c)


@lru_cache(maxsize=256)
def dual(phi: Expr) -> Dual:
    """The dual of an activation given as a SymPy expression in ``x``."""
    slope = derivative(phi)
    return Dual(phi, slope, expect(phi, phi), expect(slope, slope))
