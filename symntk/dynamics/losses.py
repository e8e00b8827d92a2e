"""The losses: what they take as labels, and with which residual they drive the scores."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Label = Any
"""What stands for a class: a word, a whole number, True or False; for squared loss a number."""


@dataclass(frozen=True, eq=False)
class Code:
    """Labels as numbers.

    values: a row for each label and a column for each score of a document, (labels, scores).
    names: what each score is the score of: a class, or "" where the labels are numbers.
    classes: the labels that a prediction chooses from; none for numbers.
    """

    values: sparse.csr_array
    names: tuple[Label, ...]
    classes: tuple[Label, ...]

    def targets(self, means: sparse.csr_array) -> Targets:
        """The targets of documents, each of them the mean of some labels.

        means: (documents, labels), rows that add up to 1.
        """
        return Targets((means @ self.values).toarray(), self.names, self.classes)


@dataclass(frozen=True, eq=False)
class Targets:
    """What documents are to learn; names and classes as in `Code`.

    values: what the residual takes, (documents, scores).
    """

    values: Array
    names: tuple[Label, ...]
    classes: tuple[Label, ...]


@dataclass(frozen=True)
class Loss:
    """A convex loss, the sum over documents j of l(s_j, y_j).

    title: its formula in words.
    code: the labels, checked, as numbers.
    residual: r = -dl/ds of scores and targets, both (documents, scores).  It is linear in the
        targets: the mean residual of equal documents is that of the mean of their targets.
    curvature: the largest eigenvalue that the Hessian of l in s can have.
    decide: the predicted labels from scores (..., scores) and the classes.
    is_linear: whether the residual is y - s, so that the flow has a closed form.
    """

    title: str
    code: Callable[[Sequence[Label]], Code]
    residual: Callable[[Array, Array], Array]
    curvature: float
    decide: Callable[[Array, tuple[Label, ...]], NDArray[Any]]
    is_linear: bool = False

    def targets(self, labels: Sequence[Label]) -> Targets:
        """The targets of documents that have one label each."""
        code = self.code(labels)
        return Targets(code.values.toarray(), code.names, code.classes)


# l = (y - s)^2 / 2:  r = y - s,  l'' = 1


def _numbers(labels: Sequence[Label]) -> Code:
    import numpy as np
    import scipy.sparse as sparse

    values = np.empty(len(labels))
    for place, label in enumerate(labels, start=1):
        if isinstance(label, str) or not np.isscalar(label):
            raise UsageError(f"label {place}: squared loss needs a number, not {label!r}")
        values[place - 1] = label
        if not np.isfinite(values[place - 1]):
            raise UsageError(f"label {place} is {values[place - 1]}: needed is a finite number")
    return Code(sparse.csr_array(values[:, None]), ("",), ())


def _difference(scores: Array, targets: Array) -> Array:
    return targets - scores


def _as_it_is(scores: Array, classes: tuple[Label, ...]) -> NDArray[Any]:
    return scores[..., 0]


# l = log(1 + exp(-y s)), y = -1 or 1:  r = y g(-y s),  l'' = g(s) g(-s) <= 1/4,  g the logistic.
# Linear in y: (1 + y)/2 g(-s) - (1 - y)/2 g(s).


def _two_classes(labels: Sequence[Label]) -> Code:
    import numpy as np
    import scipy.sparse as sparse

    classes = _classes(labels)
    if len(classes) > 2:
        raise UsageError(
            f"the labels have {len(classes)} classes ({_listed(classes)}), and logistic loss is "
            "for two; use loss='softmax'"
        )
    values = np.array([1.0 if label == classes[1] else -1.0 for label in labels])
    return Code(sparse.csr_array(values[:, None]), classes[1:], classes)


def _logistic(scores: Array, targets: Array) -> Array:
    from scipy.special import expit

    pull: Array = (1 + targets) / 2 * expit(-scores) - (1 - targets) / 2 * expit(scores)
    return pull


def _by_sign(scores: Array, classes: tuple[Label, ...]) -> NDArray[Any]:
    return _chosen((scores[..., 0] > 0).astype(int), classes)


# l = -log p_y, p = softmax(s):  r = onehot(y) - p,  Hessian diag(p) - p p^T <= 1/2


def _several_classes(labels: Sequence[Label]) -> Code:
    import numpy as np
    import scipy.sparse as sparse

    classes = _classes(labels)
    number = {label: n for n, label in enumerate(classes)}
    count = len(labels)
    columns = [number[label] for label in labels]
    values = sparse.csr_array(
        (np.ones(count), columns, np.arange(count + 1)), shape=(count, len(classes))
    )
    return Code(values, classes, classes)


def _cross_entropy(scores: Array, targets: Array) -> Array:
    """In place: for language models these are the largest arrays of a step."""
    import numpy as np

    pull: Array = scores - scores.max(axis=1, keepdims=True)
    np.exp(pull, out=pull)
    pull *= -1 / pull.sum(axis=1, keepdims=True)
    pull += targets
    return pull


def _by_size(scores: Array, classes: tuple[Label, ...]) -> NDArray[Any]:
    return _chosen(scores.argmax(axis=-1), classes)


LOSSES: Mapping[str, Loss] = {
    "squared": Loss(
        "half the squared difference", _numbers, _difference, 1.0, _as_it_is, is_linear=True
    ),
    "logistic": Loss("logistic loss of two classes", _two_classes, _logistic, 0.25, _by_sign),
    "softmax": Loss(
        "cross-entropy of several classes", _several_classes, _cross_entropy, 0.5, _by_size
    ),
}
"""The losses by name."""


def _classes(labels: Sequence[Label]) -> tuple[Label, ...]:
    """The different labels in rising order, at least two."""
    for place, label in enumerate(labels, start=1):
        if label is None or not isinstance(label, Hashable) or label != label:
            raise UsageError(f"label {place} is {label}: it names no class")
    try:
        classes = tuple(sorted(set(labels)))
    except TypeError as error:
        raise UsageError(
            f"labels must be of one kind, words or numbers, so that they can be sorted: {error}"
        ) from error
    if len(classes) < 2:
        raise UsageError(f"all labels are {_listed(classes)}: there is nothing to tell apart")
    return classes


def _listed(labels: Sequence[Label]) -> str:
    shown = ", ".join(map(repr, labels[:5]))
    return shown + (", ..." if len(labels) > 5 else "")


def _chosen(numbers: NDArray[Any], classes: tuple[Label, ...]) -> NDArray[Any]:
    import numpy as np

    found: NDArray[Any] = np.array(classes)[numbers]
    return found
