"""Feature maps as steps of scikit-learn: parameters, copies, names, pipelines."""

from __future__ import annotations

import numpy as np
import pytest

import symntk as sn
from symntk import zoo
from symntk.errors import UsageError

DOCUMENTS = [["not", "good"], ["good"], ["not", "bad"], ["bad", "bad"], ["good", "film"]]
LABELS = [-1, 1, 1, -1, 1]


def test_a_pipeline_is_kernel_ridge_regression() -> None:
    """Ridge regression on the features, against Theta (Theta + alpha)^-1 y on the kernel."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    table = sn.features(zoo.cnn(window=2))
    pipeline = make_pipeline(table.feature_map(), Ridge(alpha=0.3, fit_intercept=False))
    pipeline.fit(DOCUMENTS, LABELS)
    numbers = {token: n for n, token in enumerate(["not", "good", "bad", "film"])}
    theta = table.derivation.compile()([[numbers[t] for t in doc] for doc in DOCUMENTS]).ntk
    expected = theta @ np.linalg.solve(theta + 0.3 * np.eye(len(theta)), LABELS)
    assert pipeline.predict(DOCUMENTS) == pytest.approx(expected, rel=1e-6)
    assert list(pipeline[:-1].get_feature_names_out()) == list(pipeline[0].get_feature_names_out())


@pytest.mark.parametrize("model", [zoo.bow(), zoo.lrnn(kind="multiplicative", pool="last")])
def test_copies_are_new_and_learn_on_their_own(model: sn.Graph) -> None:
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC
    from sklearn.utils.validation import check_is_fitted

    made = sn.features(model).feature_map().fit(DOCUMENTS)
    check_is_fitted(made)
    copy = clone(made)
    with pytest.raises(NotFittedError):
        check_is_fitted(copy)
    rows = copy.fit_transform(DOCUMENTS)
    assert (rows != made.transform(DOCUMENTS)).nnz == 0
    scores = cross_val_score(
        make_pipeline(copy, LinearSVC()), DOCUMENTS, LABELS, cv=2, error_score="raise"
    )
    assert scores.shape == (2,)


def test_names_of_columns() -> None:
    made = sn.features(zoo.mv(residual=True)).feature_map().fit([["not", "good"]])
    names = made.get_feature_names_out()
    assert list(names) == ["unigram not", "unigram good", "bigram not good"]
    assert len(names) == made.transform(DOCUMENTS).shape[1]
    twice = sn.features(zoo.cnn(window=2)).feature_map().fit(DOCUMENTS).get_feature_names_out()
    assert len(set(twice)) == len(twice)


def test_parameters() -> None:
    made = sn.features(zoo.bow()).feature_map()
    other = sn.features(zoo.bow(act="tanh")).feature_map()
    made.set_params(**other.get_params())
    assert list(made.fit([["a"]]).groups) == ["unigram"]
    with pytest.raises(UsageError, match="no parameter 'order'"):
        made.set_params(order=2)
    with pytest.raises(UsageError, match="fit them to documents first"):
        other.transform(DOCUMENTS)
