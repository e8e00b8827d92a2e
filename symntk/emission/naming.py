"""Python names for the quantities of a derivation."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field

from sympy import Symbol

from symntk.derivation import Entry, Quantity

_SUFFIX = {"Sigma": ""}
"""What a kind adds to the name; by default its own name."""


@dataclass
class Names:
    """One identifier for each name asked for, no two alike."""

    taken: dict[str, object] = field(default_factory=dict)

    def unique(self, wanted: str, owner: object) -> str:
        """``wanted`` as an identifier that belongs to ``owner`` alone."""
        base = re.sub(r"\W", "_", wanted, flags=re.ASCII) or "_"
        if base[0].isdigit() or keyword.iskeyword(base) or base in _RESERVED:
            base = f"{base}_" if not base[0].isdigit() else f"_{base}"
        name, count = base, 1
        while self.taken.setdefault(name, owner) != owner:
            count += 1
            name = f"{base}_v{count}"
        return name

    def base(self, quantity: Quantity) -> str:
        """The stem of a quantity's variables, such as ``z1`` or ``z1_pi``."""
        parts = dict.fromkeys(part for part in (quantity.left, quantity.right) if part)
        return self.unique(
            "_".join(parts) + _SUFFIX.get(quantity.kind, f"_{quantity.kind.lower()}"), quantity
        )

    def sample(self, quantity: Quantity) -> Symbol:
        """The variable of the quantity at (a, a)."""
        suffix = "_q" if quantity.kind == "Sigma" else ""
        positive = quantity.is_variance or quantity.kind == "scale"
        assumption = {"positive": True} if positive else {"real": True}
        return Symbol(self.base(quantity) + suffix, **assumption)

    def pair(self, entry: Entry) -> Symbol:
        """The variable of the quantity at (a, b), or at (b, a)."""
        suffix = "_c" if entry.quantity.kind == "Sigma" else ""
        swapped = "_swapped" if entry.site == "ba" else ""
        return Symbol(self.base(entry.quantity) + suffix + swapped, real=True)


_RESERVED = {
    "angle", "d", "diag", "e", "g", "i", "j", "k", "kernel", "math", "n", "nngp", "np", "ntk", "q",
    "njit", "s", "x1", "x2", "count", "rows", "layer", "f",
}  # fmt: skip


def first(symbol: Symbol) -> Symbol:
    """The variable of the first sample of a pair that ``symbol`` is for a single sample."""
    return Symbol(f"{symbol.name}_i", **symbol.assumptions0)


def second(symbol: Symbol) -> Symbol:
    """The variable of the second sample of a pair that ``symbol`` is for a single sample."""
    return Symbol(f"{symbol.name}_j", **symbol.assumptions0)
