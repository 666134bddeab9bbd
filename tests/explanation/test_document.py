"""explain(): what it takes, what it says of it, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning

from clearprop import MLPClassifier, MLPRegressor, Network
from clearprop.errors import ParameterError, ShapeError
from clearprop.explanation.document import Derivation, explain
from clearprop.optimizers import SGD
from clearprop.table_model import train_table_model
from clearprop.tables import read_table


def test_a_fitted_classifier_is_explained_with_its_engines_numbers_and_its_own_step() -> None:
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((6, 5), max_iter=5, random_state=0, early_stopping=False, n_threads=1)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    derivation = explain(model, X[::25], y[::25])
    records = derivation.records
    assert records.engine == "fused"
    assert records.update is not None
    assert (records.update.name, records.update.n_updates) == ("Adam", 5)
    assert records.update.learning_rate == 0.001
    np.testing.assert_array_equal(records["output"].values, model.predict_proba(X[::25]))
    gradients = model.gradients(X[::25], y[::25])
    for layer in range(3):
        got = records[f"dW[{layer}]"].values
        np.testing.assert_allclose(got, gradients.dW[layer], rtol=1e-9, atol=1e-14)
    assert records["Y"].columns == ("0", "1", "2")
    assert all(step.check.ok for step in records.steps if step.check)
    assert "penalty" in records


def test_the_step_is_the_one_that_partial_fit_makes_next() -> None:
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:40], y[:40] / 100.0
    model = MLPRegressor(
        hidden_layer_sizes=(5,), batch_size=40, random_state=0, shuffle=False, n_threads=1
    )
    for _ in range(3):
        model.partial_fit(X, y)
    records = explain(model, X, y).records
    assert records.update.n_updates == 3
    model.partial_fit(X, y)
    for layer, (W, b) in enumerate(model.parameters_):
        np.testing.assert_array_equal(records[f"W_new[{layer}]"].values, W)
        np.testing.assert_array_equal(records[f"b_new[{layer}]"].values, b)
    assert model.loss_curve_[-1] == pytest.approx(float(records["total_loss"].values), rel=1e-12)


def test_what_the_derivation_lacks_is_said() -> None:
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((4,), solver="sgd", learning_rate="invscaling", dropout=0.2, max_iter=2)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    said = " ".join(explain(model, X[:2], y[:2]).records.left_out)
    assert "'invscaling'" in said
    assert "Dropout" in said
    lbfgs = MLPClassifier((4,), solver="lbfgs", max_iter=2)
    with pytest.warns(ConvergenceWarning):
        lbfgs.fit(X, y)
    records = explain(lbfgs, X[:2], y[:2]).records
    assert records.update is None
    assert "'lbfgs'" in " ".join(records.left_out)


def test_a_table_model_names_its_columns_and_classes() -> None:
    with pytest.warns(ConvergenceWarning):
        model, _ = train_table_model(read_table("iris"), random_state=0, max_iter=3)
    records = explain(model, "iris", rows=slice(0, 3)).records
    assert records["input[0]"].columns == tuple(model.encoder.feature_names)
    assert records["output"].columns == ("setosa", "versicolor", "virginica")
    assert records["input[0]"].rows == ("row 1", "row 2", "row 3")
    assert records.engine == "fused"


def test_sparse_and_single_precision_rows() -> None:
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((4,), max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(sparse.csr_matrix(X.astype(np.float32)), y)
    records = explain(model, sparse.csr_matrix(X[:3].astype(np.float32)), y[:3]).records
    np.testing.assert_array_equal(records["input[0]"].values, X[:3].astype(np.float32))
    assert all(step.check.ok for step in records.steps if step.check)


def test_updates_by_name_instance_and_none() -> None:
    assert explain("article-b").records.update.learning_rate == 0.5
    assert explain("article-b", update="adam").records.update.name == "Adam"
    assert explain("article-b", update=False).records.update is None
    assert explain("article-a").records.update is None
    one = explain("article-a", update=SGD(), learning_rate=0.25).records
    W = one["W[0]"].values - 0.25 * one["dW[0]"].values
    np.testing.assert_allclose(one["W_new[0]"].values, W, rtol=1e-13)
    for name in ("momentum", "nesterov", "rmsprop", "adamw", "nadam"):
        records = explain("article-a", update=name).records
        assert records["new_loss"].values < records["loss"].values


def test_rows_are_a_part_of_the_batch() -> None:
    records = explain("article-a", rows=slice(1, 3)).records
    assert records.n_samples == 2
    assert records["input[0]"].values.tolist() == [[1.5, 0.25], [-0.75, 1.8]]
    records = explain("article-a", rows=[2, 1]).records
    assert records["input[0]"].values.tolist() == [[-0.75, 1.8], [1.5, 0.25]]


def test_chains_by_index() -> None:
    derivation = explain("article-b")
    assert derivation.notation == "weights"
    dW = derivation.records["dW[3]"].values
    assert derivation.chain(3, 0, 1).total == dW[0, 1]
    assert derivation.chain(3, 1).total == derivation.records["db[3]"].values[1]


NETWORK = Network([2, 2], output="identity")
PARAMETERS = NETWORK.initialize(0)
ONE = [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("article-c",), {}, ParameterError, "expected 'article-a' or 'article-b'"),
        ((3,), {}, ParameterError, "got int, which cannot be explained"),
        ((NETWORK, PARAMETERS, ONE), {}, ParameterError, "got 2 arguments after the model"),
        ((NETWORK, PARAMETERS, [[1.0]], ONE), {}, ShapeError, r"expected \(n_samples, 2\)"),
        ((NETWORK, PARAMETERS, [], []), {}, ShapeError, "expected one row or more"),
        ((NETWORK, PARAMETERS, [[np.nan, 1]], ONE), {}, ParameterError, "X: got NaN"),
        ((NETWORK, PARAMETERS, ONE, ONE), {"notation": "tensor"}, ParameterError, "'tensor'"),
        ((NETWORK, PARAMETERS, ONE, ONE), {"update": "lamb"}, ParameterError, "got 'lamb'"),
        ((NETWORK, PARAMETERS, ONE, ONE), {"update": 3}, ParameterError, "got 3"),
        ((NETWORK, PARAMETERS, ONE, ONE), {"learning_rate": 0.0}, ParameterError, "learning_rate"),
        (("article-a",), {"rows": slice(5, 9)}, ParameterError, "names none of the 3 rows"),
        (("article-a",), {"rows": [0, 3]}, ParameterError, r"got \[0, 3\], expected row numbers"),
    ],
)
def test_what_cannot_be_explained_is_refused(arguments, options, error, message) -> None:
    with pytest.raises(error, match=message):
        explain(*arguments, **options)


def test_a_chain_that_is_not_there() -> None:
    derivation = explain("article-a")
    for place in ((3, 0, 0), (0, 2, 0), (0, -1, 0), (0,), (0, 0, 0, 0)):
        with pytest.raises(ParameterError, match="there is no weight"):
            derivation.chain(*place)


def test_a_file_is_written_by_its_name(tmp_path) -> None:
    derivation = explain("article-a", rows=slice(0, 1))
    with pytest.raises(ParameterError, match=r"'\.docx'"):
        derivation.save(tmp_path / "page.docx")
    assert isinstance(derivation, Derivation)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"l2": -1.0}, "l2: got -1.0"),
        ({"l2": np.nan}, "l2: got nan"),
        ({"sample_weight": [1.0, np.nan]}, "sample_weight: got NaN"),
        ({"sample_weight": [1.0, -2.0]}, "sample_weight: got -2"),
        ({"learning_rate": np.inf, "update": "sgd"}, "learning_rate: got inf"),
        ({"update": SGD}, "expected an optimizer or its name"),
        ({"feature_names": ["a"]}, "feature_names: got 1, the network has 3"),
        ({"output_names": ["a", "b", "c"]}, "output_names: got 3, the network has 2"),
    ],
)
def test_what_cannot_be_derived_is_named(wrong: dict[str, object], message: str) -> None:
    network = Network([3, 2])
    with pytest.raises(ParameterError, match=message):
        explain(network, network.initialize(0), np.ones((2, 3)), np.eye(2), **wrong)


def test_records_are_gone_through_step_by_step() -> None:
    records = explain("article-a").records
    assert [step.id for step in records] == [step.id for step in records.steps]
    assert len(records) == len(records.steps)
