"""Models side by side: the same folds, the same columns, and no winner that luck may have made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold

from clearprop.errors import DataWarning, ParameterError, TableError
from clearprop.table_model import ClassEvaluation, train_table_model
from clearprop.table_model.comparison import MODELS, Compared, Comparison, compare_models
from clearprop.tables import read_table
from clearprop.tables.encoding import TableEncoder

FAST = {"hidden_layer_sizes": (10,), "max_iter": 20}


def frame(n: int = 120) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    size, colour = generator.normal(size=n), generator.choice(["red", "blue"], n)
    target = np.where(size + (colour == "red") > 0.5, "yes", "no")
    table = pd.DataFrame({"size": size, "colour": colour, "target": target})
    table.loc[::9, "size"] = np.nan
    return table


def test_every_model_sees_the_same_folds_of_its_own_encoding() -> None:
    table = read_table(frame())
    found = compare_models(table, n_folds=4, models=["linear"], random_state=3)
    y = table.columns["target"]
    labels = np.array(y.categories)[y.values]
    expected = []
    for train, test in StratifiedKFold(4, shuffle=True, random_state=3).split(labels, labels):
        encoder = TableEncoder.fit(table.take(train), "target")
        model = LogisticRegression(max_iter=1000).fit(
            encoder.encode(table.take(train))[0], labels[train]
        )
        expected.append(model.score(encoder.encode(table.take(test))[0], labels[test]))
    assert found.models[0].scores == expected
    assert found.models[0].n_test == [30, 30, 30, 30]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_twin_is_the_same_network(task: str) -> None:
    table = read_table("wine" if task == "classification" else "diabetes")
    found = compare_models(
        table,
        n_folds=3,
        models=["clearprop", "scikit-learn"],
        validation_size=0.0,
        alpha=0.01,
        **FAST,
    )
    ours, theirs = found.models
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-6)
    assert found.left_out == []
    assert min(ours.fit_seconds) > 0.0


@pytest.mark.parametrize("name", ["iris", "diabetes"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_network_is_the_one_that_train_would_give(name: str) -> None:
    table = read_table(name)
    found = compare_models(table, n_folds=3, models=["clearprop"], random_state=2, **FAST)
    y = table.columns["target"].values
    folds: Any = StratifiedKFold if name == "iris" else KFold
    for score, (train, test) in zip(
        found.models[0].scores,
        folds(3, shuffle=True, random_state=2).split(y, y),
        strict=True,
    ):
        model, _ = train_table_model(table.take(train), test_size=0.0, random_state=2, **FAST)
        judged = model.evaluate(table.take(test))
        value = judged.accuracy if isinstance(judged, ClassEvaluation) else judged.r2
        assert score == pytest.approx(value, rel=1e-12)


def test_scikit_learns_network_stops_early_where_that_is_asked_for() -> None:
    def theirs(**given: Any) -> list[float]:
        found = compare_models(read_table("iris"), n_folds=3, models=["scikit-learn"], **given)
        return found.models[0].scores

    # Its defaults are no worse for clearprop's having others.
    assert theirs() == theirs(validation_size=0.0)
    assert theirs(validation_size=0.1) != theirs()


def test_what_the_twin_lacks_is_told() -> None:
    found = compare_models(
        read_table("iris"), n_folds=2, models=["clearprop", "scikit-learn"], dropout=0.2, **FAST
    )
    assert found.left_out == ["dropout"]
    gelu = compare_models(read_table("iris"), n_folds=2, activation="gelu", **FAST)
    assert [model.name for model in gelu.models] == [n for n in MODELS if n != "scikit-learn"]


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_all_models_are_judged(name: str) -> None:
    found = compare_models(read_table(name), n_folds=2, **FAST)
    assert [model.name for model in found.models] == list(MODELS)
    constant = found.models[-1]
    assert all(model.mean > constant.mean for model in found.models[:-1])
    assert found.is_whole
    assert found.n_done == 2
    assert found.to_dict()["models"]["linear"]["scores"] == found.models[2].scores


def test_another_metric_of_probabilities() -> None:
    found = compare_models(read_table("wine"), n_folds=3, metric="neg_log_loss", **FAST)
    assert all(score < 0.0 for model in found.models for score in model.scores)


def test_counts_are_learned_as_they_are() -> None:
    table = frame()
    table["target"] = np.random.default_rng(1).poisson(np.exp(table["size"].fillna(0.0)))
    found = compare_models(
        read_table(table),
        task="regression",
        n_folds=2,
        models=["clearprop"],
        loss="poisson",
        **FAST,
    )
    assert len(found.models[0].scores) == 2


def comparison(ours: list[float], other: list[float], n_folds: int = 5) -> Comparison:
    models = [Compared("clearprop", "clearprop", ours), Compared("linear", "ridge", other)]
    return Comparison("y", "regression", "r2", 100, n_folds, False, models, True, [])


def test_the_interval_is_wider_than_the_folds_alone_say() -> None:
    found = comparison([0.9, 0.8, 0.85, 0.95, 0.9], [0.8, 0.75, 0.85, 0.8, 0.8])
    difference, half = found.advantage(*found.models) or (0.0, 0.0)
    gaps = np.array([0.1, 0.05, 0.0, 0.15, 0.1])
    assert difference == pytest.approx(gaps.mean())
    assert half == pytest.approx(2.7764451 * gaps.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4))


def test_one_fold_is_no_spread() -> None:
    found = comparison([0.9], [0.8])
    assert found.advantage(*found.models) is None
    assert found.models[0].spread == 0.0


def test_folds_that_all_differ_by_the_same_are_no_certainty() -> None:
    found = comparison([29 / 30] * 5, [28 / 30] * 5)
    assert found.advantage(*found.models) == (pytest.approx(1 / 30), np.inf)
    alike = comparison([0.9, 0.8], [0.9, 0.8], n_folds=2)
    assert alike.advantage(*alike.models) == (0.0, 0.0)


def test_ctrl_c_keeps_the_folds_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    from clearprop.table_model import comparison as module  # noqa: PLC0415 - patched here

    calls, judge = [0], module._judge

    def interrupted(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] == 6:
            raise KeyboardInterrupt
        judge(*arguments)

    monkeypatch.setattr(module, "_judge", interrupted)
    found = compare_models(read_table("iris"), models=["linear", "constant"])
    assert not found.is_whole
    assert found.n_done == 2
    # A mean over other folds than the others' would be no comparison.
    for model in found.models:
        sizes = map(len, (model.scores, model.fit_seconds, model.predict_seconds, model.n_test))
        assert list(sizes) == [2, 2, 2, 2]
    assert found.advantage(*found.models) is not None


def test_a_fit_that_catches_ctrl_c_ends_the_comparison_too() -> None:
    import warnings  # noqa: PLC0415 - for this test alone

    class Interrupted(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Any, y: Any) -> Any:
            warnings.warn("Training interrupted by user.", stacklevel=1)
            return super().fit(X, y)

    from clearprop.table_model import comparison as module  # noqa: PLC0415 - its own room

    entry = Compared("linear", "linear")
    rows = np.arange(8.0)[:, None], np.arange(8) % 2
    with pytest.raises(KeyboardInterrupt):
        module._judge(entry, Interrupted(), module._scorer("accuracy"), rows, rows)
    assert entry.scores == []


def test_rare_classes_are_told() -> None:
    table = frame()
    table.loc[:2, "target"] = "perhaps"
    with pytest.warns(DataWarning, match="class 'perhaps' has 3 rows, fewer than there are folds"):
        compare_models(read_table(table), models=["constant"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_folds": 1}, "folds: got 1"),
        ({"n_folds": 1000}, "folds: got 1000 for 150 rows"),
        ({"models": ["forest"]}, "models: got 'forest'"),
        ({"models": []}, "models: got none"),
        ({"metric": "acuracy"}, "there is no scorer 'acuracy'"),
        ({"metric": "neg_root_mean_squared_log_error", "models": ["constant"]}, "cannot judge"),
        ({"dropuot": 0.1}, "'dropuot' is no parameter"),
        ({"drop": ["petal"]}, "no such column to drop"),
    ],
)
def test_what_cannot_be_is_said(given: dict[str, Any], message: str) -> None:
    with pytest.raises((ParameterError, TableError), match=message):
        compare_models(read_table("iris"), **given)


def test_no_class_with_a_row_for_each_fold() -> None:
    table = pd.DataFrame({"a": range(6), "target": list("aabbcc")})
    with pytest.raises(TableError, match="the largest has 2"):
        compare_models(read_table(table), n_folds=3)
