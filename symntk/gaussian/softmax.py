r"""Unevaluated expectations of softmaxes of Gaussian logits, as SymPy expressions.

a and a' are jointly Gaussian, centred, with

    Cov(a_mu, a_nu)   = q1 K11(mu, nu),      mu, nu < T
    Cov(a'_mu', a'_nu') = q2 K22(mu', nu'),  mu', nu' < T'
    Cov(a_mu, a'_mu') = c K12(mu, mu'),

the logits of one query against the keys of x, and of one against the keys of x'.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

MU, NU, MU2, NU2 = (
    sp.Symbol(name, integer=True, nonnegative=True) for name in ("mu", "nu", "mu'", "nu'")
)
"""The indices of logits that these expressions bind: never free, never substituted."""


class _OfLogits(sp.Expr):
    """What both expectations share: which pair of keys, and the law of the logits.

    arguments: j, j', q1, q2, c, K11, K22, K12, T, T'; then what the subclass adds.
    """

    is_commutative = True

    @property
    def keys(self) -> tuple[sp.Expr, sp.Expr]:
        """j and j': the keys of x and of x' that are asked for."""
        return self.args[0], self.args[1]

    @property
    def queries(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """q1, q2 and c."""
        return self.args[2], self.args[3], self.args[4]

    @property
    def kernels(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """K11 in mu and nu, K22 in mu' and nu', K12 in mu and mu'."""
        return self.args[5], self.args[6], self.args[7]

    @property
    def lengths(self) -> tuple[sp.Expr, sp.Expr]:
        """T and T', the numbers of logits."""
        return self.args[8], self.args[9]

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """The symbols of the arguments, those that are bound left out."""
        inside: set[sp.Basic] = set().union(*(part.free_symbols for part in self.args))
        return inside - {MU, NU, MU2, NU2}

    def _eval_is_extended_real(self) -> bool:
        return True


class SoftmaxMoment(_OfLogits):
    """E[softmax(a)_j softmax(a')_j']"""

    def _sympystr(self, printer: Any) -> str:
        j, other = map(printer._print, self.keys)
        return f"E[softmax(a)[{j}]*softmax(a')[{other}]]"


class SoftmaxTangent(_OfLogits):
    """sum_{mu, mu'} W(mu, mu') E[d softmax(a)_mu / d a_j  d softmax(a')_mu' / d a'_j']

    W is the last argument, in mu and mu'.
    """

    @property
    def weights(self) -> sp.Expr:
        """W in mu and mu'."""
        return self.args[10]

    def _sympystr(self, printer: Any) -> str:
        j, other = map(printer._print, self.keys)
        inner = printer._print(self.weights)
        return f"Sum({inner}*E[dsoftmax(a)[mu]/da[{j}]*dsoftmax(a')[mu']/da'[{other}]], mu, mu')"
