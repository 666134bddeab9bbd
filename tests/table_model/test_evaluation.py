"""Scores against scikit-learn's, and the corners where there is nothing to divide by."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from clearprop.table_model.evaluation import judge_classes, judge_values


def test_classes_agree_with_scikit_learn():
    generator = np.random.default_rng(0)
    classes = ["a", "b", "c"]
    y = np.array(classes)[generator.integers(0, 3, size=200)]
    probabilities = generator.dirichlet([1, 2, 3], size=200)
    judged = judge_classes(y, probabilities, classes, [5, 9, 2])
    predicted = np.array(classes)[probabilities.argmax(axis=1)]
    assert judged.accuracy == metrics.accuracy_score(y, predicted)
    assert judged.confusion.tolist() == metrics.confusion_matrix(y, predicted).tolist()
    assert judged.log_loss == pytest.approx(metrics.log_loss(y, probabilities), rel=1e-12)
    assert judged.recall() == metrics.recall_score(y, predicted, average=None).tolist()
    assert judged.baseline == np.mean(y == "b")
    low, high = judged.accuracy_interval
    assert low < judged.accuracy < high


def test_values_agree_with_scikit_learn():
    generator = np.random.default_rng(0)
    y, values = generator.normal(5, 2, size=(2, 100))
    judged = judge_values(y, values, 4.5)
    assert judged.mae == pytest.approx(metrics.mean_absolute_error(y, values), rel=1e-12)
    assert judged.rmse == pytest.approx(metrics.root_mean_squared_error(y, values), rel=1e-12)
    assert judged.r2 == pytest.approx(metrics.r2_score(y, values), rel=1e-12)
    assert judged.quantiles[1.0] == np.abs(y - values).max()
    assert np.mean(np.abs(y - values) <= judged.quantiles[0.9]) >= 0.9
    mean = np.full(100, 4.5)
    assert judged.baseline_rmse == pytest.approx(metrics.root_mean_squared_error(y, mean))
    assert judged.baseline_mae == pytest.approx(metrics.mean_absolute_error(y, mean))
    assert not judged.beats_baseline


def test_one_value_has_no_r2_and_huge_values_do_not_overflow():
    assert judge_values(np.array([3.0, 3.0]), np.array([3.0, 4.0]), 3.0).r2 is None
    judged = judge_values(np.array([1e200, -1e200]), np.array([1e200, 0.0]), 0.0)
    assert judged.rmse == pytest.approx(1e200 / np.sqrt(2))


def test_few_right_answers_are_no_clear_win():
    probabilities = np.array([[0.9, 0.1]] * 6 + [[0.1, 0.9]] * 4)
    y = np.array(["a"] * 5 + ["b"] * 5)
    judged = judge_classes(y, probabilities, ["a", "b"], [6, 4])
    assert judged.accuracy == 0.9
    assert judged.beats_baseline
    assert judged.clearly_beats_baseline
    assert judged.to_dict()["verdict"] == "better"
    judged = judge_classes(y[2:8], probabilities[2:8], ["a", "b"], [6, 4])
    assert judged.beats_baseline
    assert not judged.clearly_beats_baseline
    assert judged.to_dict()["verdict"] == "unclear"
    judged = judge_classes(y[:5], probabilities[:5], ["a", "b"], [6, 4])
    assert judged.to_dict()["verdict"] == "too few rows"


def test_rows_too_few_to_tell_are_said_to_be():
    judged = judge_classes(np.array(["b"]), np.array([[0.9, 0.1]]), ["a", "b"], [2, 6])
    assert judged.accuracy == 0
    assert judged.verdict == "too few rows"
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    judged = judge_classes(np.array(["b", "a", "b"]), probabilities, ["a", "b"], [2, 6])
    low, high = judged.accuracy_interval
    assert high - low > 0.4
    assert judged.verdict == "too few rows"
    many = judge_classes(
        np.tile(["b", "a", "b"], 20), np.tile(probabilities, (20, 1)), ["a", "b"], [2, 6]
    )
    assert many.accuracy == judged.accuracy
    assert many.verdict == "not better"


def rare(n_rows=1000, seed=0):
    """One row in fifty is "yes"; the probabilities tell them apart, at the cost of false alarms."""
    generator = np.random.default_rng(seed)
    is_rare = np.arange(n_rows) % 50 == 0
    probability = np.where(is_rare, 0.8, np.where(generator.random(n_rows) < 0.1, 0.7, 0.1))
    return np.where(is_rare, "yes", "no"), np.column_stack([1 - probability, probability])


def test_rare_classes_agree_with_scikit_learn():
    y, probabilities = rare()
    judged = judge_classes(y, probabilities, ["no", "yes"], [98, 2])
    predicted = np.where(probabilities[:, 1] > 0.5, "yes", "no")
    assert judged.is_imbalanced
    assert judged.rare_class == 1
    assert judged.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(y, predicted))
    assert judged.precision(1) == metrics.precision_score(y, predicted, pos_label="yes")
    assert judged.roc_auc == pytest.approx(metrics.roc_auc_score(y, probabilities[:, 1]))
    assert judged.ranks_clearly
    assert judged.to_dict()["rare_class"]["recall"] == 1.0


def test_weighted_classes_are_judged_by_balanced_accuracy():
    y, probabilities = rare()
    plain = judge_classes(y, probabilities, ["no", "yes"], [98, 2])
    weighted = judge_classes(y, probabilities, ["no", "yes"], [98, 2], "balanced accuracy")
    assert plain.accuracy < plain.baseline
    assert plain.verdict == "not better"
    assert weighted.verdict == "better"
    assert weighted.balanced_baseline == 0.5
    reversed_ = judge_classes(
        y, probabilities[:, ::-1], ["no", "yes"], [98, 2], "balanced accuracy"
    )
    assert reversed_.verdict == "not better"
    assert not reversed_.ranks_clearly


def test_the_interval_of_the_balanced_accuracy_holds_what_it_should():
    generator = np.random.default_rng(0)
    recalls, rows = np.array([0.9, 0.6]), np.array([150, 20])
    probabilities = np.eye(2)
    inside = 0
    for _ in range(400):
        hits = generator.binomial(rows, recalls)
        y = np.repeat(["a", "b"], rows)
        right = np.concatenate([np.arange(n) < h for n, h in zip(rows, hits, strict=True)])
        codes = np.where(right, y == "b", y != "b").astype(int)
        judged = judge_classes(y, probabilities[codes], ["a", "b"], [150, 20])
        low, high = judged.balanced_interval
        inside += low <= recalls.mean() <= high
    assert 0.92 <= inside / 400 <= 0.985


def test_few_near_values_are_no_clear_win():
    y = np.array([1.0, 3.0, 2.0, 4.0])
    near = np.array([1.5, 2.5, 2.25, 3.0])
    judged = judge_values(y, near, 2.5)
    assert judged.beats_baseline
    assert judged.to_dict()["verdict"] == "unclear"
    many = judge_values(np.tile(y, 10), np.tile(near, 10), 2.5)
    assert many.rmse == pytest.approx(judged.rmse)
    assert many.to_dict()["verdict"] == "better"
    assert judge_values(y, 5 - near, 2.5).to_dict()["verdict"] == "too few rows"
    worse = judge_values(np.tile(y, 10), np.tile(5 - near, 10), 2.5)
    assert worse.to_dict()["verdict"] == "not better"
    assert judge_values(y[:1], near[:1], 1.25).to_dict()["verdict"] == "too few rows"


def test_the_interval_of_the_error_saved_is_students():
    generator = np.random.default_rng(0)
    y = generator.normal(size=30)
    values = y + generator.normal(scale=0.8, size=30)
    low, high = judge_values(y, values, 0.1).saved_interval
    saved = np.square(y - 0.1) - np.square(y - values)
    expected = stats.ttest_1samp(saved, 0).confidence_interval(0.95)
    divisor = np.mean(np.square(y - 0.1))
    np.testing.assert_allclose([low, high], np.array(expected) / divisor, rtol=1e-12)


@pytest.mark.parametrize(
    ("y", "values", "baseline"),
    [([2.0], [2.5], 4.0), ([2.0, 2.0], [2.0, 3.0], 2.0), ([1.0, 2.0], [1e200, 0.0], 1.5)],
    ids=["one row", "a baseline without error", "errors beyond all numbers"],
)
def test_where_there_is_no_interval_nothing_is_clear(y, values, baseline):
    judged = judge_values(np.array(y), np.array(values), baseline)
    assert judged.saved_interval is None
    assert judged.r2 is None
    assert judged.verdict in ("unclear", "not better")
    assert not judged.clearly_beats_baseline
    assert judged.to_dict()["saved_interval_95"] is None
