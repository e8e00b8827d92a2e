"""Every error that symntk raises on purpose, so that a caller can catch one base class.

Each message names what was found, where, and what to do about it.
"""

from __future__ import annotations


class SymntkError(Exception):
    """Base class of all errors that symntk raises on purpose."""


class UsageError(SymntkError, ValueError):
    """A call whose arguments do not make sense: an unknown name, a wrong shape, a missing file."""


class SyntaxProblem(SymntkError, ValueError):
    """Text that is not in the activation syntax; points at the place where reading stopped."""

    def __init__(self, text: str, position: int, problem: str) -> None:
        self.text = text
        self.position = position
        self.problem = problem
        super().__init__(f"{problem}\n    {text}\n    {' ' * position}^")


class GraphError(SymntkError, ValueError):
    """A graph that is not well formed: shapes that do not fit, two weights of one name."""


class AssumptionError(SymntkError):
    """A well-formed graph that lies outside the theory.

    ``node`` is the name of the node where the assumption fails, ``assumption`` what the theory
    needs, ``suggestion`` what the user can do.
    """

    def __init__(self, node: str, assumption: str, suggestion: str) -> None:
        self.node = node
        self.assumption = assumption
        self.suggestion = suggestion
        super().__init__(f"{node}: {assumption}. {suggestion}")


class NoClosedForm(SymntkError):
    """No rule reduces an expectation to a closed form; integrate it numerically instead."""


class MissingExtra(SymntkError, ImportError):
    """An optional dependency that a call needs is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'symntk[{extra}]'")
