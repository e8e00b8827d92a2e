"""Which tokens go with which class, and which with none."""

from __future__ import annotations

from collections.abc import Mapping

from symntk.decomposition.documents import Token
from symntk.dynamics.trajectories import Trajectories


def polarity(trajectories: Trajectories, least: int = 6) -> Mapping[str, tuple[Token, ...]]:
    """Tokens by the classes of the documents that they stand in.

    With f+ and f- the counts of a token in documents of the upper and of the lower of two classes,
    and its rate (f+ - f-) / (f+ + f-):

        positive: rate > 1/2 and f+ >= least
        negative: rate < -1/2 and f- >= least
        neutral:  |rate| < 1/10 and |f+ - f-| < 5

    Of several classes there is a group for each, by its name: those tokens that the class has
    ``least`` times, and more than three quarters of them.  Where labels are numbers all tokens
    are one group.  Groups are sorted by count, the most frequent first; those without tokens are
    left out.
    """
    import numpy as np

    counts = trajectories.counts
    total = counts.sum(axis=1)
    if not trajectories.classes:
        chosen = {"tokens": total >= 0}
    else:
        leaning = {
            str(name): (4 * own > 3 * total) & (own >= least)
            for name, own in zip(trajectories.classes, counts.T, strict=True)
        }
        if len(trajectories.classes) == 2:
            lower, upper = counts.T
            negative, positive = leaning.values()
            even = (10 * np.abs(upper - lower) < total) & (np.abs(upper - lower) < 5)
            leaning = {"positive": positive, "negative": negative, "neutral": even}
        chosen = leaning
    order = np.argsort(-total, kind="stable")
    groups = {
        name: tuple(trajectories.tokens[n] for n in order if inside[n])
        for name, inside in chosen.items()
    }
    return {name: tokens for name, tokens in groups.items() if tokens}


def usual_groups(trajectories: Trajectories) -> Mapping[str, tuple[Token, ...]]:
    """The groups of `polarity`, of rarer tokens too where none is frequent enough; else all."""
    for least in (6, 1):
        groups = polarity(trajectories, least)
        if set(groups) - {"neutral"}:
            return groups
    return {"tokens": trajectories.tokens}
