"""Several class targets: one network that learns each as a network of its own would be asked to."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score

from clearprop import MLPClassifier, load_model, save_model, to_sklearn
from clearprop.errors import ParameterError
from clearprop.estimators.several_targets import SeveralTargets, are_several_targets

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

DIGITS, NUMBERS = load_digits(return_X_y=True)
X = DIGITS[:600] / 16.0
digit = NUMBERS[:600]
parity = np.where(digit % 2 == 0, "even", "odd")
Y = np.column_stack([digit.astype(str), parity])
MIXED = pd.DataFrame({"digit": digit, "parity": parity})
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (30,),
    "learning_rate_init": 0.01,
    "max_iter": 25,
    "random_state": 0,
}


def test_every_target_is_learned() -> None:
    model = MLPClassifier(**SETTINGS).fit(X, Y)
    yhat, probabilities = model.predict(X), model.predict_proba(X)
    assert yhat.shape == (600, 2)
    assert [p.shape for p in probabilities] == [(600, 10), (600, 2)]
    for number, p in enumerate(probabilities):
        np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)
        np.testing.assert_array_equal(model.classes_[number][p.argmax(axis=1)], yhat[:, number])
        logarithms = model.predict_log_proba(X)[number]
        np.testing.assert_allclose(np.exp(logarithms), p, rtol=1e-12)
    assert (yhat == Y).mean(axis=0).min() > 0.8
    assert model.score(X, Y) == np.mean((yhat == Y).all(axis=1))
    assert model.check_gradients(X[:6], Y[:6], max_entries=40).ok


def test_its_loss_is_the_sum_of_each_targets_own() -> None:
    model = MLPClassifier(**SETTINGS).initialize(X, Y)
    delta = model.gradients(X, Y).delta[-1]
    for own, target in ((slice(0, 10), Y[:, 0]), (slice(10, 12), Y[:, 1])):
        p = model.predict_proba(X)[0 if own.start == 0 else 1]
        hot = (target[:, None] == np.unique(target)).astype(float)
        np.testing.assert_allclose(delta[:, own], (p - hot) / 600, atol=1e-15)


def test_labels_of_different_kinds_keep_theirs() -> None:
    model = MLPClassifier(**SETTINGS).fit(X, MIXED)
    first = model.predict(X[:1])[0].tolist()
    assert [type(label) for label in first] == [int, str]
    assert model.score(X, MIXED) > 0.7
    numbers = MLPClassifier(**SETTINGS).fit(X, np.column_stack([digit, digit % 3]))
    assert numbers.predict(X).dtype == digit.dtype


def test_early_stopping_weights_files_pickles_and_folds(tmp_path: Any) -> None:
    model = MLPClassifier(early_stopping=True, label_smoothing=0.1, dropout=0.1, **SETTINGS)
    model.fit(X, Y, sample_weight=np.linspace(0.1, 1.0, 600))
    assert 0.0 < model.best_validation_score_ <= 1.0
    save_model(model, tmp_path / "model.safetensors")
    for again in (load_model(tmp_path / "model.safetensors"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        again.set_params(early_stopping=False).partial_fit(X, Y)
    assert cross_val_score(MLPClassifier(**SETTINGS), X, Y, cv=2).min() > 0.3


def test_partial_fit_is_told_every_targets_classes() -> None:
    model = MLPClassifier(**SETTINGS)
    with pytest.raises(ParameterError, match="classes must be passed"):
        model.partial_fit(X, Y)
    for _ in range(20):
        model.partial_fit(X[:300], Y[:300], classes=[np.unique(Y[:, 0]), ["even", "odd"]])
    assert model.score(X, Y) > 0.3


def test_a_validation_part_of_ones_own() -> None:
    model = MLPClassifier(**SETTINGS).fit(X[:500], Y[:500], X_val=X[500:], y_val=Y[500:])
    assert model.best_validation_score_ == model.score(X[500:], Y[500:])
    with pytest.raises(ParameterError, match="column 1 has 'neither'"):
        model.fit(X, Y, X_val=X[:2], y_val=[["1", "neither"]] * 2)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.column_stack([digit, 0 * digit]), "column 1 has the one class"),
        (Y[:10], "inconsistent numbers"),
        (np.array([[None, "a"], ["b", "c"]] * 300, dtype=object), "rows without a label"),
    ],
)
def test_targets_that_cannot_be(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**SETTINGS).fit(X, y)


def test_what_it_does_not_have() -> None:
    with pytest.raises(ParameterError, match="a row has one weight"):
        MLPClassifier(class_weight="balanced", **SETTINGS).fit(X, Y)
    model = MLPClassifier(**SETTINGS).fit(X, Y)
    with pytest.raises(ParameterError, match="no several targets"):
        to_sklearn(model)
    with pytest.raises(ParameterError, match="column 0 has 'eleven'"):
        model.gradients(X[:1], [["eleven", "odd"]])
    with pytest.raises(ParameterError, match="got 3 columns, expected 2"):
        model.gradients(X[:2], np.repeat(Y[:2], [1, 2], axis=1))


@pytest.mark.parametrize(
    ("y", "several"),
    [
        ([0, 1, 2], False),
        ([[0, 1], [1, 0]], False),
        ([[0, 2], [1, 0]], True),
        ([["a"], ["b"]], False),
        (np.array([["a", "b"], ["c", "d"]]), True),
        (np.array([[0.5, 1.5], [1.0, 2.0]]), False),
        (MIXED, True),
        (MIXED["digit"], False),
    ],
)
def test_what_counts_as_several_targets(y: Any, several: bool) -> None:
    assert are_several_targets(y) is several


def test_there_and_back() -> None:
    rows = [["b", 3, True], ["a", 1, False], ["b", 2, False]]
    targets = SeveralTargets.of(rows)
    assert targets.inverse_transform(targets.transform(rows)).tolist() == rows


@pytest.mark.parametrize(("first", "then"), [(digit, Y), (Y, digit)])
def test_a_warm_start_with_other_targets_is_told(first: Any, then: Any) -> None:
    model = MLPClassifier(warm_start=True, **SETTINGS).fit(X, first)
    with pytest.raises(ParameterError, match="where the first fit had several, or several where"):
        model.fit(X, then)


def test_rows_that_look_like_indicators_are_still_classes() -> None:
    """A batch of partial_fit may hold the classes 0 and 1 of each column alone."""
    targets = np.column_stack([digit % 3, digit % 2])
    few = (targets[:, 0] < 2).nonzero()[0][:40]
    assert not are_several_targets(targets[few])
    classes = [[0, 1, 2], [0, 1]]
    settings = {**SETTINGS, "shuffle": False}
    first = MLPClassifier(**settings).partial_fit(X[few], targets[few], classes=classes)
    assert [labels.tolist() for labels in first.classes_] == classes
    later = MLPClassifier(**settings).partial_fit(X, targets, classes=classes)
    before = later.score(X[few], targets[few])
    for _ in range(20):
        later.partial_fit(X[few], targets[few])
    assert later.score(X[few], targets[few]) > max(before, 0.9)
    assert later.predict(X[few]).shape == (40, 2)
