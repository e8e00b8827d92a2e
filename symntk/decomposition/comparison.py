"""What different networks learn from a text, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symntk.decomposition.features import Features, features
from symntk.decomposition.orders import Order, orders
from symntk.derivation import Derivation
from symntk.errors import UsageError
from symntk.graph import Graph


@dataclass(frozen=True)
class Comparison:
    """The features of several networks by name, order by order up to ``highest``."""

    tables: Mapping[str, Features]
    highest: int

    def orders(self, name: str) -> tuple[Order, ...]:
        """The orders 0, ..., ``highest`` of one network."""
        return orders(self.tables[name], self.highest)

    def render(self, format: str = "text", standalone: bool = False) -> str:
        """The comparison as text, markdown, latex, html or json.

        standalone: a whole document where the format knows the difference (LaTeX, HTML).
        """
        from symntk.rendering.comparison import render_comparison

        return render_comparison(self, format, standalone=standalone)


def compare(graphs: Mapping[str, Graph | Derivation], order: int = 2) -> Comparison:
    """Which products of matching tokens the kernels of ``graphs`` contain, and which not.

    Each is taken apart by `features`, up to products of ``order`` matches; where a network has to
    be shown by documents of ``order`` + 1 tokens, that order is shown for all.

    Raises UsageError without graphs, and for a network whose input is not a sequence of tokens.
    """
    if not graphs:
        raise UsageError("there are no networks to compare")
    tables = {name: features(graph, order) for name, graph in graphs.items()}
    highest = max(order, *(table.size for table in tables.values() if table.scope == "document"), 0)
    for name, table in tables.items():
        if table.scope == "window" and min(table.size, highest) > order:
            tables[name] = features(table.derivation, highest)
    return Comparison(tables, highest)
