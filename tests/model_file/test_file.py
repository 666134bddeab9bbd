"""A loaded model predicts as the saved one did, bit for bit; nothing else is ever loaded."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from clearprop import safe_file
from clearprop.errors import ModelFileError, ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.model_file import load_model, save_model
from clearprop.safe_file import read_safe_file, write_safe_file

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(60, 4))
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
MANY = (X[:, :3] > 0).astype(int)


def fitted(model: Any, y: Any, rows: Any = X) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(rows, y)


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier((5,), max_iter=3, random_state=0, **parameters)


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0, **parameters)


def classifier_with_validation() -> MLPClassifier:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return classifier().fit(X[:40], THREE[:40], X_val=X[40:], y_val=THREE[40:])


MODELS = {
    "two classes": lambda: fitted(classifier(), X[:, 0] > 0),
    "one class": lambda: fitted(classifier(), np.zeros(60, dtype=int)),
    "three classes": lambda: fitted(classifier(), THREE),
    "text labels": lambda: fitted(classifier(), np.array(["no", "maybe", "ja/ß"])[THREE]),
    "text objects": lambda: fitted(classifier(), np.array(["1", "2", "3"], dtype=object)[THREE]),
    "float labels": lambda: fitted(classifier(), np.array([-1.0, 0.0, 1.0])[THREE]),
    "small labels": lambda: fitted(classifier(), THREE.astype(np.uint8)),
    "several labels": lambda: fitted(classifier(), MANY),
    "sparse labels": lambda: fitted(classifier(), sparse.csr_matrix(MANY)),
    "sparse rows": lambda: fitted(classifier(), THREE, sparse.csr_matrix(X)),
    "float32": lambda: fitted(classifier(), THREE, X.astype(np.float32)),
    "lbfgs": lambda: fitted(classifier(solver="lbfgs"), THREE),
    "sgd": lambda: fitted(classifier(solver="sgd", learning_rate="adaptive"), THREE),
    "early stopping": lambda: fitted(classifier(early_stopping=True), THREE),
    "own validation": classifier_with_validation,
    "no hidden layer": lambda: fitted(MLPClassifier((), max_iter=2, random_state=0), THREE),
    "deep": lambda: fitted(MLPClassifier([4, 3, 2], "gelu", max_iter=2, random_state=0), THREE),
    "regression": lambda: fitted(regressor(), X[:, 0]),
    "several outputs": lambda: fitted(regressor(), X[:, :2]),
    "poisson": lambda: fitted(regressor(loss="poisson"), np.abs(X[:, 0])),
    "no patience limit": lambda: fitted(regressor(n_iter_no_change=np.inf), X[:, 0]),
    "numpy parameters": lambda: fitted(
        MLPRegressor(hidden_layer_sizes=np.array([3, 2]), alpha=np.float64(0.01), max_iter=2,
                     batch_size=np.int64(7), random_state=np.int32(4)),
        X[:, 0],
    ),
}  # fmt: skip


def rows_of(model: Any) -> Any:
    return X.astype(model.coefs_[0].dtype)


def same(one: Any, other: Any) -> None:
    """Equal in type, dtype and every bit."""
    if sparse.issparse(one):
        assert sparse.issparse(other)
        one, other = one.toarray(), other.toarray()
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        if one.dtype == object:
            assert repr(one.tolist()) == repr(other.tolist())
        else:
            assert one.tobytes() == other.tobytes()
    elif isinstance(one, list | tuple):
        assert isinstance(other, list | tuple)
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    else:
        assert repr(one) == repr(other) or one == other


def passed(model: Any, path: Path) -> Any:
    save_model(model, path)
    return load_model(path)


# -- what comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_predicts_the_same_bits(tmp_path: Path, name: str) -> None:
    model = MODELS[name]()
    loaded = passed(model, tmp_path / "model")
    assert type(loaded) is type(model)
    rows = rows_of(model)
    same(model.predict(rows), loaded.predict(rows))
    same(model.predict(rows[:1]), loaded.predict(rows[:1]))
    if isinstance(model, MLPClassifier):
        same(model.predict_proba(rows), loaded.predict_proba(rows))
        same(model.classes_, loaded.classes_)


@pytest.mark.parametrize("name", MODELS)
def test_every_fitted_attribute_comes_back(tmp_path: Path, name: str) -> None:
    model = MODELS[name]()
    loaded = passed(model, tmp_path / "model")
    public = {key for key in vars(model) if key.endswith("_") and not key.startswith("_")}
    assert public == {key for key in vars(loaded) if key.endswith("_") and not key.startswith("_")}
    for key in public:
        same(getattr(model, key), getattr(loaded, key))
    # Of generators nothing is stored; a validation part is drawn anew.
    assert set(vars(model)) - {"_split_state"} == set(vars(loaded))


@pytest.mark.parametrize("name", MODELS)
def test_parameters_come_back_so_that_a_clone_trains_to_the_same_bits(
    tmp_path: Path, name: str
) -> None:
    model = MODELS[name]()
    loaded = passed(model, tmp_path / "model")
    given, read = model.get_params(), loaded.get_params()
    if name == "numpy parameters":
        assert (read["hidden_layer_sizes"], read["alpha"], read["batch_size"]) == ([3, 2], 0.01, 7)
    else:
        assert repr(read) == repr(given)
    y = THREE if isinstance(model, MLPClassifier) else np.abs(X[:, 0])
    one, other = fitted(clone(model), y), fitted(clone(loaded), y)
    same(one.coefs_, other.coefs_)


@pytest.mark.parametrize("name", MODELS)
def test_equal_models_give_equal_files(tmp_path: Path, name: str) -> None:
    save_model(MODELS[name](), tmp_path / "one")
    save_model(MODELS[name](), tmp_path / "two")
    save_model(load_model(tmp_path / "one"), tmp_path / "three")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "three").read_bytes()


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
def test_a_loaded_model_goes_on_with_warm_start_as_the_saved_one(
    tmp_path: Path, parameters: dict[str, Any]
) -> None:
    model = fitted(classifier(warm_start=True, **parameters), THREE)
    loaded = passed(model, tmp_path / "model")
    fitted(model, THREE)
    fitted(loaded, THREE)
    same(model.coefs_, loaded.coefs_)
    same(getattr(model, "loss_curve_", None), getattr(loaded, "loss_curve_", None))


def test_a_loaded_model_can_be_trained_on_with_partial_fit(tmp_path: Path) -> None:
    model = classifier().partial_fit(X, THREE, classes=[0, 1, 2])
    loaded = passed(model, tmp_path / "model")
    before = copy.deepcopy(loaded.coefs_)
    loaded.partial_fit(X, THREE)
    assert loaded.t_ == 120
    assert len(loaded.loss_curve_) == 2
    assert not np.array_equal(before[0], loaded.coefs_[0])


def test_feature_names_come_back(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "größe", "d"])
    loaded = passed(fitted(classifier(), THREE, frame), tmp_path / "model")
    assert loaded.feature_names_in_.tolist() == ["a", "b", "größe", "d"]
    loaded.predict(frame)
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame.rename(columns={"a": "z"}))


def test_a_file_is_read_in_another_process_to_the_same_bits(tmp_path: Path) -> None:
    model = MODELS["text labels"]()
    save_model(model, tmp_path / "model")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, numpy as np\n"
        "from clearprop.model_file import load_model\n"
        "X = np.load(sys.argv[2])\n"
        "print(load_model(sys.argv[1]).predict_proba(X).tobytes().hex())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model"), str(tmp_path / "X.npy")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == model.predict_proba(X).tobytes().hex()


def test_settings_of_the_run_are_left_behind(tmp_path: Path) -> None:
    model = classifier(checkpoint=str(tmp_path / "run"), checkpoint_seconds=0.0, resume=True)
    model.set_params(callbacks=[])
    loaded = passed(fitted(model, THREE), tmp_path / "model")
    kept = {name: loaded.get_params()[name] for name in ("checkpoint", "resume", "callbacks")}
    assert kept == {"checkpoint": None, "resume": False, "callbacks": None}
    assert str(tmp_path).encode() not in (tmp_path / "model").read_bytes()


def test_the_file_holds_what_tells_how_it_was_made(tmp_path: Path) -> None:
    save_model(MODELS["early stopping"](), tmp_path / "model")
    _, metadata = read_safe_file(tmp_path / "model", "model")
    assert metadata["versions"]["numpy"] == np.__version__
    assert metadata["estimator"]["parameters"]["random_state"] == 0
    assert len(metadata["estimator"]["fitted"]["loss_curve_"]) == 3
    assert len(metadata["estimator"]["fitted"]["validation_scores_"]) == 3


# -- what is not saved ----------------------------------------------------------------------------


def a_scorer(model: Any, rows: Any, y: Any) -> float:
    return float(model.score(rows, y))


def with_generator() -> MLPClassifier:
    return MLPClassifier((3,), max_iter=2, random_state=np.random.RandomState(0))


class Subclass(MLPClassifier):
    pass


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (classifier, "is not fitted"),
        (lambda: fitted(classifier(early_stopping=True, scoring=a_scorer), THREE), "scoring"),
        (lambda: fitted(with_generator(), THREE), "random_state"),
        (lambda: fitted(Subclass((3,), max_iter=2), THREE), "cannot save a Subclass"),
        (lambda: make_pipeline(classifier()), "cannot save a Pipeline"),
        (LogisticRegression, "cannot save a LogisticRegression"),
        (lambda: None, "cannot save a NoneType"),
        (lambda: MLPClassifier, "cannot save a ABCMeta"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_remedy(
    tmp_path: Path, model: Any, words: str
) -> None:
    with pytest.raises(ParameterError, match=words) as caught:
        save_model(model(), tmp_path / "model")
    assert caught.value.remedy
    assert os.listdir(tmp_path) == []


def test_the_remedy_for_a_random_state_works(tmp_path: Path) -> None:
    model = fitted(with_generator(), THREE)
    with pytest.raises(ParameterError) as caught:
        save_model(model, tmp_path / "model")
    assert "model.set_params(random_state=None)" in caught.value.remedy
    model.set_params(random_state=None)
    same(passed(model, tmp_path / "model").predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path, value: float) -> None:
    model = copy.deepcopy(MODELS["early stopping"]())
    model.coefs_[0][0, 0] = value
    with pytest.raises(ParameterError, match="its weights hold NaN or infinity"):
        save_model(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


# -- what is not loaded ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    path = tmp_path_factory.mktemp("described") / "model"
    save_model(MODELS["early stopping"](), path)
    return read_safe_file(path, "model")


def changed(metadata: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The metadata with the value at a place such as "estimator/name" replaced or added."""
    metadata = json.loads(json.dumps(metadata))
    *keys, last = place.split("/")
    inner = metadata
    for key in keys:
        inner = inner[key]
    inner[last] = value
    return metadata


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("code", "import os"),
        ("table", {}),
        ("versions", {"numpy": "2"}),
        ("estimator", None),
        ("estimator/module", "os"),
        ("estimator/name", "os.system"),
        ("estimator/name", "LogisticRegression"),
        ("estimator/name", "MLPRegressor"),
        ("estimator/parameters/loss", "poisson"),
        ("estimator/parameters/callbacks", ["x"]),
        ("estimator/parameters/checkpoint", "/etc/passwd"),
        ("estimator/parameters/resume", True),
        ("estimator/parameters/activation", "os.system"),
        ("estimator/parameters/activation", "tanh"),
        ("estimator/parameters/alpha", -1.0),
        ("estimator/parameters/alpha", "0"),
        ("estimator/parameters/alpha", {"float": "x"}),
        ("estimator/parameters/alpha", {"call": "x"}),
        ("estimator/parameters/hidden_layer_sizes", {"tuple": ["x"]}),
        ("estimator/parameters/hidden_layer_sizes", [[1], [2]]),
        ("estimator/parameters/hidden_layer_sizes", {"tuple": [5], "float": "inf"}),
        ("estimator/parameters/random_state", -1),
        ("estimator/parameters/scoring", "os.system"),
        ("estimator/network/sizes", [4, 6, 3]),
        ("estimator/network/sizes", [4, 5, 3, 3]),
        ("estimator/network/sizes", [4]),
        ("estimator/network/sizes", [4, 5.0, 3]),
        ("estimator/network/sizes", [4, 10**30, 3]),
        ("estimator/network/hidden", ["tanh"]),
        ("estimator/network/hidden", [["relu"]]),
        ("estimator/network/hidden", []),
        ("estimator/network/output", "identity"),
        ("estimator/network/output", "logistic"),
        ("estimator/features", ["a", "b", "c"]),
        ("estimator/features", ["a", "b", "c", "c"]),
        ("estimator/target", None),
        ("estimator/target/classes/labels", [0, 1]),
        ("estimator/target/classes/labels", [0, 1, 1]),
        ("estimator/target/classes/labels", [2, 1, 0]),
        ("estimator/target/classes/labels", [0, 1, True]),
        ("estimator/target/classes/labels", [0, 1, 2.0]),
        ("estimator/target/classes/labels", [0, 1, 2**64]),
        ("estimator/target/classes/labels", ["0", "1", "2"]),
        ("estimator/target/classes/dtype", "O"),
        ("estimator/target/classes/dtype", "V8"),
        ("estimator/target/classes/dtype", "U1"),
        ("estimator/target/multilabel", True),
        ("estimator/target/sparse", True),
        ("estimator/fitted/n_iter_", -1),
        ("estimator/fitted/n_iter_", True),
        ("estimator/fitted/loss_", "0.5"),
        ("estimator/fitted/loss_curve_", {"a": 1}),
        ("estimator/fitted/__class__", "x"),
        ("estimator/fitted/predict", 1),
        ("estimator/progress/best_loss", None),
        ("estimator/progress", {}),
    ],
)
def test_metadata_that_save_model_does_not_write_is_refused(
    tmp_path: Path, described: tuple[dict[str, Any], dict[str, Any]], place: str, value: Any
) -> None:
    arrays, metadata = described
    write_safe_file(tmp_path / "model", "model", arrays, changed(metadata, place, value))
    with pytest.raises(ModelFileError, match="cannot be used: the stored") as caught:
        load_model(tmp_path / "model")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "change",
    [
        {"coefs_0": np.zeros((4, 6))},
        {"coefs_0": np.zeros((5, 4))},
        {"coefs_0": np.zeros((4, 5), np.float32)},
        {"coefs_0": np.zeros((4, 5), np.int64)},
        {"intercepts_1": np.zeros((3, 1))},
        {"coefs_2": np.zeros((3, 3))},
        {"code": np.zeros(3, np.uint8)},
        {"coefs_0": np.full((4, 5), np.nan)},
        {"intercepts_1": np.array([0.0, -np.inf, 0.0])},
    ],
)
def test_weights_that_do_not_fit_the_network_are_refused(
    tmp_path: Path, described: tuple[dict[str, Any], dict[str, Any]], change: dict[str, Any]
) -> None:
    arrays, metadata = described
    write_safe_file(tmp_path / "model", "model", {**arrays, **change}, metadata)
    with pytest.raises(ModelFileError, match="the stored weights is damaged"):
        load_model(tmp_path / "model")


def test_what_was_described_is_loaded_when_nothing_is_changed(
    tmp_path: Path, described: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    write_safe_file(tmp_path / "model", "model", *described)
    same(load_model(tmp_path / "model").predict(X), MODELS["early stopping"]().predict(X))


def test_a_file_of_an_earlier_version_without_a_later_parameter_is_read(
    tmp_path: Path, described: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    arrays, metadata = described
    metadata = json.loads(json.dumps(metadata))
    del metadata["estimator"]["parameters"]["scoring"]
    write_safe_file(tmp_path / "model", "model", arrays, metadata)
    assert load_model(tmp_path / "model").scoring is None


def test_a_pickled_model_is_refused_and_a_checkpoint_too(tmp_path: Path) -> None:
    (tmp_path / "pickled").write_bytes(pickle.dumps(MODELS["two classes"]()))
    with pytest.raises(ModelFileError, match="clearprop never runs code from a file"):
        load_model(tmp_path / "pickled")
    write_safe_file(tmp_path / "run", "checkpoint", {}, {})
    with pytest.raises(ModelFileError, match="is a checkpoint file, expected a model file"):
        load_model(tmp_path / "run")


def test_parameters_nested_too_deeply_are_refused(
    tmp_path: Path,
    described: tuple[dict[str, Any], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrays, metadata = described
    nested: list[Any] = []
    for _ in range(600):
        nested = [nested]
    metadata = changed(metadata, "estimator/parameters/random_state", nested)
    with monkeypatch.context() as patch:
        patch.setattr(safe_file, "_require_plain", lambda *_: None)
        write_safe_file(tmp_path / "model", "model", arrays, metadata)
    with pytest.raises(ModelFileError, match="nested more than 100 levels deep"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_model_that_exhausts_the_machine_is_refused(
    tmp_path: Path,
    described: tuple[dict[str, Any], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    write_safe_file(tmp_path / "model", "model", *described)
    monkeypatch.setattr("clearprop.model_file.file.estimator_from_json", exhausted)
    with pytest.raises(ModelFileError, match=f"cannot be used.*{error.__name__}"):
        load_model(tmp_path / "model")
