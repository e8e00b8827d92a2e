"""What the rules of the Gaussian calculus are called at length."""

from __future__ import annotations

TITLES: dict[str, str] = {
    "Price": "Price's theorem",
    "Stein": "Stein's lemma",
    "Dirac": "Sifting",
    "orthant": "Orthant probability",
}
"""Long names of rules; the others are their own."""


def title(rule: str) -> str:
    """The name of ``rule`` at the head of a sentence."""
    return TITLES.get(rule, rule[:1].upper() + rule[1:])
