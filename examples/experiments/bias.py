"""A term that all tokens share: the bias of ReLU, of GELU and of SiLU, and that tanh has none.

    python examples/experiments/bias.py --data train.csv -o FOLDER

follows the token perceptron with four activations on a text with the columns text and label, prints
how its tokens start and how the bias term fades, and draws the label scores and their terms; then
the same where sum_j y_j T_j is 0, T_j the lengths of the documents.  Without --data the corpus is
generated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from script_options import read_options

import symntk as sn
from symntk.dynamics import Corpus, Flow, plots, read_corpus, synthetic
from symntk.dynamics.polarity import polarity

ACTIVATIONS = ("relu", "gelu", "silu", "tanh")
MOMENTS = (0.01, 0.1, 1, 3, 10, 30, 95, 250, 1000, 3600)
"""Times that are printed."""

TIMES = np.unique([*np.geomspace(0.01, 3600, 31), *MOMENTS])


def follow(corpus: Corpus, act: str, times: np.ndarray = TIMES) -> Flow:
    """The flow of the mean of the losses."""
    model = sn.zoo.bow(act=act)
    return sn.flow(model, corpus.docs, corpus.labels, times=times, eta=1 / len(corpus.docs))


def generated(small: bool, extra: int) -> Corpus:
    """Documents with the label 1 have ``extra`` more tokens than those with -1."""
    size, words = (60, 15) if small else (400, 100)
    return synthetic.polarity(size, words, lean=0.8, extra=extra, lengths=(8, 24))


def drive(corpus: Corpus) -> int:
    """sum_j y_j T_j, y_j = 1 for the upper of the two labels and -1 for the lower."""
    upper = max(corpus.labels)
    return sum(
        len(document) if label == upper else -len(document)
        for document, label in zip(corpus.docs, corpus.labels, strict=True)
    )


def balanced(corpus: Corpus) -> Corpus:
    """The corpus without some of the documents of the class with more tokens: sum_j y_j T_j = 0.

    Documents are left out in a random order as long as they fit in.
    """
    excess = drive(corpus)
    longer = max(corpus.labels) if excess > 0 else min(corpus.labels)
    excess, left_out = abs(excess), set()
    for place in np.random.default_rng(0).permutation(len(corpus.docs)).tolist():
        if corpus.labels[place] == longer and len(corpus.docs[place]) <= excess:
            excess -= len(corpus.docs[place])
            left_out.add(place)
    kept = [place for place in range(len(corpus.docs)) if place not in left_out]
    return Corpus([corpus.docs[n] for n in kept], [corpus.labels[n] for n in kept])


def right_signs(flow: Flow) -> tuple[float, float]:
    """At time 0: the share of positive tokens that rise, and of negative tokens that fall."""
    lists = polarity(flow)
    positive, negative = (
        float(np.mean(sign * flow.initial_slopes[flow.places(lists[name]), 0] > 0))
        for name, sign in (("positive", 1), ("negative", -1))
    )
    return positive, negative


def report_start(found: Mapping[str, Flow]) -> None:
    """Print the coefficients, and which tokens start in the direction of their class."""
    print("act       mu     rho  mu/rho   positive rise   negative fall")
    for act, flow in found.items():
        table = {row.feature: row.value for row in sn.features(sn.zoo.bow(act=act))}
        mu, rho = table.get("constant", 0.0), table["unigram 1"]
        positive, negative = right_signs(flow)
        print(f"{act:6}{mu:8.4f}{rho:8.4f}{mu / rho:8.4f}{positive:15.1%}{negative:16.1%}")


def report_drift(found: Mapping[str, Flow]) -> None:
    """Print the bias term of the negative tokens relative to their other terms, over time.

    And, at each time, the shares of the positive and of the negative tokens with the sign of their
    class.
    """
    print("bias relative to the other terms of negative tokens: gathered (in ds/dt) right signs")
    print("     t" + "".join(f"{act:>32}" for act in found))
    lists = {act: polarity(flow) for act, flow in found.items()}
    shares = {
        act: [plots.bias_share(flow, lists[act]["negative"], slopes=now) for now in (False, True)]
        for act, flow in found.items()
    }
    for moment in MOMENTS:
        now = int(np.searchsorted(TIMES, moment))
        print(f"{moment:6g}", end="")
        for act, flow in found.items():
            gathered, slope = shares[act]
            right = [
                np.mean(sign * flow.label_scores[now, flow.places(lists[act][name]), 0] > 0)
                for name, sign in (("positive", 1), ("negative", -1))
            ]
            cell = f"{gathered[now]:.3f} ({slope[now]:.3f}) {right[0]:4.0%} {right[1]:4.0%}"
            print(f"{cell:>32}", end="")
        print()
    for act, (gathered, _) in shares.items():
        if gathered.any():
            low = int(np.nanargmin(gathered))
            print(f"{act}: lowest at t = {TIMES[low]:.3g}: {gathered[low]:.3f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read or generate the corpus, follow the flows, print and draw."""
    chosen = read_options(arguments, __doc__, "a small generated corpus")
    corpus = read_corpus(chosen.data) if chosen.data else generated(chosen.small, 4)

    found = {act: follow(corpus, act) for act in ACTIVATIONS}
    print(f"{len(corpus.docs)} documents, sum_j y_j T_j = {drive(corpus)}")
    report_start(found)
    report_drift(found)
    groups = polarity(found["relu"])
    plots.trajectories(chosen.folder / "bias.svg", found, groups)
    beside = {act: found[act] for act in ("relu", "tanh")}
    plots.terms(chosen.folder / "bias_terms.svg", beside, groups["negative"])

    even = balanced(corpus)
    print(f"balanced: {len(even.docs)} documents, sum_j y_j T_j = {drive(even)}")
    level = {act: follow(even, act) for act in ACTIVATIONS}
    report_start(level)
    report_drift(level)
    beside = {f"{act}, balanced": level[act] for act in ("relu", "tanh")}
    plots.trajectories(chosen.folder / "bias_even.svg", beside, polarity(level["relu"]))

    corpora = [generated(chosen.small, extra) for extra in (4, 0, -4)]
    columns = {f"sum of y T = {drive(one)}": follow(one, "relu") for one in corpora}
    tokens = sorted({token for one in corpora for document in one.docs for token in document})
    kinds = {"positive": "+", "negative": "-", "neutral": "0"}
    groups = {name: [t for t in tokens if t[0] == kind] for name, kind in kinds.items()}
    plots.trajectories(chosen.folder / "bias_balance.svg", columns, groups)
    for title, flow in columns.items():
        positive, negative = right_signs(flow)
        print(f"generated, {title}: positive rise {positive:.1%}, negative fall {negative:.1%}")


if __name__ == "__main__":
    main()
