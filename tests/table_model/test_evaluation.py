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
    assert judged.to_dict()["verdict"] == "not better"


def test_few_near_values_are_no_clear_win():
    y = np.array([1.0, 3.0, 2.0, 4.0])
    near = np.array([1.5, 2.5, 2.25, 3.0])
    judged = judge_values(y, near, 2.5)
    assert judged.beats_baseline
    assert judged.to_dict()["verdict"] == "unclear"
    many = judge_values(np.tile(y, 10), np.tile(near, 10), 2.5)
    assert many.rmse == pytest.approx(judged.rmse)
    assert many.to_dict()["verdict"] == "better"
    assert judge_values(y, 5 - near, 2.5).to_dict()["verdict"] == "not better"


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
    assert not judged.clearly_beats_baseline
    assert judged.to_dict()["saved_interval_95"] is None
