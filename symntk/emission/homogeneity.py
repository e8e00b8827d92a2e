"""How kernels scale with the lengths of the inputs, read off the equations.

Multiply the inputs by factors a, b > 0: x -> a x, x' -> b x'.  A quantity is homogeneous of the
degree (i, j) where it is multiplied by a^i b^j.  Positively homogeneous activations without biases
keep degrees from layer to layer, and the kernel is then |x|^i |x'|^j times a function of the angle.
"""

from __future__ import annotations

import sympy as sp

from symntk.activations.properties import homogeneity
from symntk.derivation import Entry, Equation, Loop, Quantity, Statement
from symntk.gaussian import Expectation
from symntk.gaussian.symbols import u, x

Degree = tuple[sp.Expr, sp.Expr]
Degrees = dict[Quantity, Degree]

_NONE: Degree = (sp.S.Zero, sp.S.Zero)


class NotHomogeneous(Exception):
    """An expression has no degree."""


def degrees(program: tuple[Statement, ...], given: Quantity) -> Degrees:
    """The degree of every quantity; that of the input's covariance, ``given``, is (1, 1).

    Raises NotHomogeneous where a quantity has none.
    """
    found: Degrees = {given: (sp.S.One, sp.S.One)}
    _follow(program, found)
    return found


def _follow(program: tuple[Statement, ...], found: Degrees) -> None:
    for statement in program:
        if isinstance(statement, Equation):
            found[statement.target] = _degree(statement.value, found)
        elif isinstance(statement, Loop):
            _follow_loop(statement, found)
        else:
            raise NotHomogeneous("a recurrence over positions")


def _follow_loop(loop: Loop, found: Degrees) -> None:
    """Block by block, until the degrees no longer change."""
    now = [_degree(carry.start, found) for carry in loop.carries]
    for _ in range(int(loop.times)):
        found |= {carry.inner: d for carry, d in zip(loop.carries, now, strict=True)}
        _follow(loop.body, found)
        before, now = now, [_degree(carry.next, found) for carry in loop.carries]
        if now == before:
            break
    found |= {carry.result: d for carry, d in zip(loop.carries, now, strict=True)}


def _degree(expression: sp.Expr, found: Degrees) -> Degree:
    if isinstance(expression, Entry):
        return _of_entry(expression, found)
    if not expression.atoms(Entry):
        return _NONE
    if isinstance(expression, Expectation):
        return _of_expectation(expression, found)
    parts = [_degree(part, found) for part in expression.args]
    if isinstance(expression, sp.Mul):
        return sp.Add(*(i for i, _ in parts)), sp.Add(*(j for _, j in parts))
    if isinstance(expression, sp.Add) and len(set(parts)) == 1:
        return parts[0]
    if isinstance(expression, sp.Pow) and expression.exp.is_number:
        return parts[0][0] * expression.exp, parts[0][1] * expression.exp
    raise NotHomogeneous(str(expression))


def _of_entry(entry: Entry, found: Degrees) -> Degree:
    """The degree at the entry's two inputs: at (a, a) all of it is the first input's."""
    if entry.quantity not in found:
        raise NotHomogeneous(str(entry))
    i, j = found[entry.quantity]
    match entry.site:
        case "aa":
            return i + j, sp.S.Zero
        case "bb":
            return sp.S.Zero, i + j
        case "ba":
            return j, i
        case _:
            return i, j


def _of_expectation(expectation: Expectation, found: Degrees) -> Degree:
    """E[f(u) g(v)] where u is multiplied by a^i and v by b^j, f and g homogeneous."""
    law = [_degree(part, found) for part in expectation.law]
    if not expectation.is_of_pair:
        i, j = law[0]
        power = _power(expectation.integrand.xreplace({u: x}))
        return i * power / 2, j * power / 2
    (i, zero), (other, j), cross = law
    if zero != 0 or other != 0 or cross != (i / 2, j / 2):
        raise NotHomogeneous(str(expectation))
    factors = expectation.factors()
    if factors is None:
        raise NotHomogeneous(str(expectation))
    f, g = factors
    return i / 2 * _power(f), j / 2 * _power(g)


def _power(function: sp.Expr) -> int:
    """k where f(a x) = a^k f(x) for all a > 0."""
    found = None if function.has(sp.DiracDelta) else homogeneity(function)
    if found is None:
        raise NotHomogeneous(str(function))
    return found
