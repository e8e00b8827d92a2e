r"""The activation syntax: text to SymPy by a grammar of its own, never by evaluation.

    activation := expression
    expression := term (("+" | "-") term)*
    term       := factor (("*" | "/") factor)*
    factor     := ("-" | "+") factor | power
    power      := atom ["**" factor]
    atom       := number | "pi" | "x" | name "(" arguments ")" | "(" expression ")"
    condition  := expression ("<" | "<=" | ">" | ">=") expression      first argument of where()

Decimals are read exactly (0.1 is 1/10).  A name is one of ``FUNCTIONS`` or of the known
activations: ``elu`` alone, ``elu(alpha=2)``, ``elu(2*x)`` and ``hermite(3)`` are all meant.

Work is bounded before SymPy sees it: length of the text, nesting, degree, number of operations
after known activations are unfolded, and the size of every constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Symbol

from symntk.activations.grammar import Parser
from symntk.activations.vocabulary import Known
from symntk.errors import SyntaxProblem
from symntk.gaussian.evaluation import NotReal, scalar_function
from symntk.gaussian.symbols import x

_PROBES = tuple(s * p for p in (0.0137, 0.31, 0.83, 1.7, 3.9, 11.3) for s in (-1.0, 1.0))


def parse_activation(
    text: str,
    known: Mapping[str, Known] | None = None,
    parameters: Mapping[str, Symbol] | None = None,
) -> Expr:
    """The function of ``x`` that ``text`` means.

    known: activations that may be used by name; parameters: further symbols allowed by name, such
    as the slope of a leaky ReLU.

    Raises SyntaxProblem, which points at a character, for anything else than a real function.
    """
    return read_activation(text, known or {}, parameters).expression


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the function and, where the text is one call, whom it called and how."""

    expression: Expr
    name: str = ""
    positional: tuple[Expr, ...] = ()
    keywords: tuple[tuple[str, Expr], ...] = ()


def read_activation(
    text: str, known: Mapping[str, Known], parameters: Mapping[str, Symbol] | None = None
) -> Reading:
    """As ``parse_activation``, and remembers a text that only names a known activation."""
    parser = Parser(text, known, parameters or {})
    part = parser.expression()
    parser.expect_end()
    _refuse_complex(part.expression, text)
    name, positional, keywords = parser.whole_call or ("", (), {})
    return Reading(part.expression, name, positional, tuple(keywords.items()))


def _refuse_complex(expression: Expr, text: str) -> None:
    """Refuse a function such as sqrt(x), which is not real on the whole line."""
    if expression.free_symbols != {x}:
        return
    function = scalar_function(expression)
    for point in _PROBES:
        try:
            function(point)
        except NotReal as problem:
            raise SyntaxProblem(
                text,
                0,
                f"this is not real at x = {point} ({problem}); an activation is real on the whole "
                "line: use abs(x), max(x, 0) or where(x > 0, ..., ...)",
            ) from None
