"""Which covariances are carried by their gaps."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr

from symntk.derivation import Carry, Equation, Loop, Quantity, Statement, entries
from symntk.gaussian import Expectation


def gapped_quantities(program: tuple[Statement, ...]) -> frozenset[Quantity]:
    """The covariances that laws of expectations are made of, and those that these depend on."""
    equations, carries = list(_equations(program)), list(_carries(program))
    expressions = [value for _, value in equations]
    expressions += [part for carry in carries for part in (carry.start, carry.next)]
    found: set[Quantity] = set()
    for expression in expressions:
        for expectation in expression.atoms(Expectation):
            if expectation.is_of_pair:
                found |= _covariances(expectation.law[2])
    while True:
        grown = set(found)
        for target, value in equations:
            if target in found:
                grown |= _covariances(value)
        for carry in carries:
            if {carry.inner, carry.result} & found:
                grown |= {carry.inner, carry.result}
                grown |= _covariances(carry.start) | _covariances(carry.next)
        if grown == found:
            return frozenset(found)
        found = grown


def _covariances(expression: Expr) -> set[Quantity]:
    """The covariances of a vector with itself, between the two inputs."""
    return {
        entry.quantity
        for entry in entries(expression)
        if entry.site == "ab" and entry.quantity.is_variance and entry.quantity.kind == "Sigma"
    }


def _equations(program: tuple[Statement, ...]) -> Iterator[tuple[Quantity, Expr]]:
    for statement in program:
        if isinstance(statement, Equation):
            yield statement.target, statement.value
        else:
            yield from _equations(statement.body)


def _carries(program: tuple[Statement, ...]) -> Iterator[Carry]:
    for statement in program:
        if isinstance(statement, Loop):
            yield from statement.carries
            yield from _carries(statement.body)
