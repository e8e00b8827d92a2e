"""What different networks learn from a text, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from symntk.decomposition.features import features
from symntk.decomposition.profile import Profile
from symntk.derivation import Derivation
from symntk.errors import UsageError
from symntk.graph import Graph


@dataclass(frozen=True)
class Comparison:
    """The features of several networks by name, order by order up to ``highest``.

    by: what tells them apart.
    """

    profiles: Mapping[str, Profile]
    highest: int
    by: Literal["network", "activation"] = "network"

    def render(self, format: str = "text", standalone: bool = False) -> str:
        """The comparison as text, markdown, latex, html or json.

        standalone: a whole document where the format knows the difference (LaTeX, HTML).
        """
        from symntk.rendering.comparison import render_comparison

        return render_comparison(self, format, standalone=standalone)


def compare(
    graphs: Mapping[str, Graph | Derivation],
    order: int = 2,
    by: Literal["network", "activation"] = "network",
) -> Comparison:
    """Which products of matching tokens the kernels of ``graphs`` contain, and which not.

    Each is taken apart by `features`, up to products of ``order`` matches; where a network has to
    be shown by documents of ``order`` + 1 tokens, that order is shown for all.

    graphs: networks by the names that they are to have.
    by: what the names are, "activation" where the networks differ by their activations alone: the
        constant that all tokens share is then shown with the mean that makes it.

    Raises UsageError without graphs, and for a network whose input is not a sequence of tokens.
    """
    if not graphs:
        raise UsageError("there are no networks to compare")
    tables = {name: features(graph, order) for name, graph in graphs.items()}
    highest = max(order, *(table.size for table in tables.values() if table.scope == "document"), 0)
    for name, table in tables.items():
        if table.scope == "window" and min(table.size, highest) > order:
            tables[name] = features(table.derivation, highest)
    profiles = {name: Profile(table, highest) for name, table in tables.items()}
    return Comparison(profiles, highest, by)
