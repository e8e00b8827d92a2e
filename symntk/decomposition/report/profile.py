"""All that is known about the features of one network: what a comparison says of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from symntk.decomposition.flow.gradient_flow import gradient_flow
from symntk.decomposition.flow.sources import Sources
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.report.arrangement import Arrangement, arrangement
from symntk.decomposition.report.features import Feature, Features, features
from symntk.decomposition.report.orders import Order, orders, unit
from symntk.decomposition.words.linear import Linear


@dataclass(frozen=True)
class Profile:
    """The features of a network, order by order up to ``highest``, and why they are there."""

    features: Features
    highest: int

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """The orders 0, ..., ``highest``."""
        return orders(self.features, self.highest)

    @cached_property
    def shorter(self) -> tuple[Order, ...]:
        """The same orders in documents that are a token shorter; none for sums over windows."""
        if self.features.scope == "window" or self.features.size < 3:
            return ()
        size = self.features.size - 1
        found = features(self.features.derivation, size, self.features.output, size)
        return orders(found, size)

    @cached_property
    def unit(self) -> float:
        """What sizes are relative to: a coefficient, or the mean of several."""
        rows: tuple[Feature, ...] = unit(self.features)
        return sum(row.value for row in rows) / len(rows) if rows else 0.0

    @cached_property
    def arrangement(self) -> Arrangement:
        """Whether places and order of tokens matter."""
        return arrangement(self.features)

    @cached_property
    def words(self) -> tuple[int, int | None] | None:
        """The least and the largest number of tokens in a product at any length of document, None
        where there is no largest; None altogether for a network with activations.
        """
        try:
            return Linear.of(self.features.derivation).orders()
        except NotWindows:
            return None

    @cached_property
    def sources(self) -> Sources | None:
        """Where the constant comes from, if the kernel is a sum over windows."""
        return gradient_flow(self.features.derivation).sources
