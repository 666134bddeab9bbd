"""class_weight: the same as sample weights that say the same, and nothing where it says 1."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.utils import compute_class_weight, compute_sample_weight

from clearprop import MLPClassifier, load_model, save_model
from clearprop.errors import ParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4))
LABELS: dict[str, Any] = {
    "numbers": np.where(X[:, 0] > 1.2, 7, np.where(X[:, 1] > 0, 3, 5)),
    "texts": np.where(X[:, 0] > 1.0, "rare", "common"),
    "truths": X[:, 0] > 1.0,
}
WEIGHTS: dict[str, dict[Any, float]] = {
    "numbers": {7: 9.0, 3: 0.5},
    "texts": {"rare": 5.0},
    "truths": {True: 5.0, False: 0.0},
}


def fitted(y: Any, weight: Any = None, rows: Any = X, **parameters: Any) -> MLPClassifier:
    settings = {"max_iter": 4, "batch_size": 16, "random_state": 0, **parameters}
    return MLPClassifier((6,), **settings).fit(rows, y, weight)


def assert_same(one: MLPClassifier, other: MLPClassifier) -> None:
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("is_balanced", [False, True])
def test_it_is_a_sample_weight(
    name: str, solver: str, early_stopping: bool, is_weighted: bool, is_balanced: bool
) -> None:
    y = LABELS[name]
    told: Any = "balanced" if is_balanced else WEIGHTS[name]
    own = np.linspace(0.5, 1.5, 90) if is_weighted else np.ones(90)
    full = told if is_balanced else {**dict.fromkeys(np.unique(y), 1.0), **told}
    expected = own * compute_sample_weight(full, y)
    settings = {"solver": solver, "early_stopping": early_stopping and solver == "adam"}
    assert_same(
        fitted(y, own if is_weighted else None, class_weight=told, **settings),
        fitted(y, expected, **settings),
    )


def test_without_it_nothing_changes() -> None:
    y = LABELS["numbers"]
    assert_same(fitted(y, class_weight={3: 1.0}), fitted(y))


def test_float32_and_sparse_rows() -> None:
    rows = sparse.csr_matrix(X.astype(np.float32))
    model = fitted(LABELS["texts"], rows=rows, class_weight="balanced")
    assert model.coefs_[0].dtype == np.float32
    weight = compute_sample_weight("balanced", LABELS["texts"])
    np.testing.assert_array_equal(model.coefs_[0], fitted(LABELS["texts"], weight, rows).coefs_[0])


def test_a_rare_class_is_found() -> None:
    generator = np.random.default_rng(1)
    y = generator.random(1500) < 0.05
    rows = generator.normal(size=(1500, 3)) + 1.2 * y[:, None]
    settings = {"max_iter": 60, "random_state": 0}
    plain = MLPClassifier((8,), **settings).fit(rows, y)
    balanced = MLPClassifier((8,), class_weight="balanced", **settings).fit(rows, y)
    assert recall_score(y, balanced.predict(rows)) > recall_score(y, plain.predict(rows)) + 0.3
    found, before = (balanced_accuracy_score(y, m.predict(rows)) for m in (balanced, plain))
    assert found > before + 0.15


def test_own_validation_rows_count_by_their_class() -> None:
    y = LABELS["texts"]
    scores = []
    for told in (None, {"rare": 5.0}):
        model = MLPClassifier((6,), class_weight=told, max_iter=1, random_state=0)
        model.fit(X, y, X_val=X, y_val=y)
        weight = None if told is None else compute_sample_weight({"common": 1.0, "rare": 5.0}, y)
        scores.append(model.validation_scores_[0])
        assert scores[-1] == pytest.approx(model.score(X, y, weight))
    assert scores[0] != scores[1]


def test_partial_fit_takes_a_dict_though_a_batch_lacks_classes() -> None:
    y = LABELS["numbers"]
    few = y != 7
    model = MLPClassifier((6,), class_weight={7: 3.0, 5: 2.0}, random_state=0)
    weighted = MLPClassifier((6,), random_state=0)
    for rows in (few, ~few):
        weight = compute_sample_weight({7: 3.0, 5: 2.0, 3: 1.0}, y)[rows]
        model.partial_fit(X[rows], y[rows], classes=[3, 5, 7])
        weighted.partial_fit(X[rows], y[rows], weight, classes=[3, 5, 7])
    assert_same(model, weighted)


def test_balanced_needs_all_rows() -> None:
    model = MLPClassifier((6,), class_weight="balanced")
    with pytest.raises(ParameterError, match="partial_fit does not see all rows"):
        model.partial_fit(X, LABELS["texts"], classes=["common", "rare"])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"raer": 3.0}, "got a weight for 'raer', which is no class of y"),
        ({"rare": -1.0}, "expected numbers of 0 and more"),
        ({"rare": np.nan}, "expected numbers of 0 and more"),
        ({"rare": 0.0, "common": 0.0}, "expected numbers of 0 and more"),
    ],
)
def test_what_is_no_weight_is_said(told: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        fitted(LABELS["texts"], class_weight=told)


def test_several_labels_per_row_have_no_class_weight() -> None:
    with pytest.raises(ParameterError, match="several labels per row"):
        fitted(np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int), class_weight="balanced")


def test_a_model_file_keeps_it(tmp_path: Any) -> None:
    y = LABELS["numbers"]
    classes = np.unique(y).tolist()
    told = dict(zip(classes, compute_class_weight("balanced", classes=np.unique(y), y=y).tolist()))  # noqa: B905 - equal by construction
    save_model(fitted(y, class_weight=told), tmp_path / "m.safetensors")
    assert load_model(tmp_path / "m.safetensors").class_weight == told


def test_weights_that_leave_no_row_are_refused() -> None:
    y = LABELS["texts"]
    rare = (y == "rare").astype(float)
    with pytest.raises(ParameterError, match="every row has a weight of 0"):
        fitted(y, rare, class_weight={"rare": 0.0})
    with pytest.raises(ParameterError, match=re.escape("got {'rare': None}, expected numbers")):
        fitted(y, class_weight={"rare": None})


def test_partial_fit_takes_rows_of_a_class_that_counts_nothing() -> None:
    y = LABELS["texts"]
    model = MLPClassifier((6,), class_weight={"rare": 0.0}, alpha=0.0, random_state=0)
    model.partial_fit(X, y, classes=["common", "rare"])
    before = model.predict_proba(X)
    model.set_params(solver="sgd", momentum=0.0).partial_fit(X[y == "rare"], y[y == "rare"])
    np.testing.assert_array_equal(model.predict_proba(X), before)
