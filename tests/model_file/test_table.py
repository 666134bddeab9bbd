"""A loaded table model predicts from tables as the saved one did, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearprop.errors import ModelFileError
from clearprop.model_file import load_model, save_model
from clearprop.safe_file import read_safe_file, write_safe_file
from clearprop.table_model import TableModel, train_table_model
from clearprop.tables import Table, read_table

SHORT: dict[str, Any] = {"hidden_layer_sizes": (4,), "solver": "lbfgs", "max_iter": 200}
RANDOM = np.random.RandomState(0)
SIZE = RANDOM.normal(size=80)


def table(tmp_path: Path, target: list[Any]) -> Table:
    """Numbers with gaps, categories and dates, so that every kind of encoder is stored."""
    lines = ["size,colour,when,fresh,outcome"]
    for row, value in enumerate(target):
        size = "" if row % 9 == 0 else repr(float(SIZE[row]))
        colour = ["red", "blå", '"a,b"'][row % 3]
        lines.append(f"{size},{colour},2024-01-{row % 28 + 1:02d},{row % 2 == 0},{value}")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_table(path)


TARGETS: dict[str, list[Any]] = {
    "texts": np.where(SIZE > 0, "ja", "nein").tolist(),
    "integers": np.digitize(SIZE, [-0.5, 0.5]).tolist(),
    "booleans": (SIZE > 0).tolist(),
    "numbers": (3e5 + 1000 * SIZE).tolist(),
}


@pytest.mark.parametrize("target", TARGETS)
def test_a_loaded_table_model_predicts_the_same_bits(tmp_path: Path, target: str) -> None:
    rows = table(tmp_path, TARGETS[target])
    model, _ = train_table_model(rows, "outcome", random_state=0, **SHORT)
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert type(loaded) is TableModel
    one, other = model.predict(rows), loaded.predict(rows)
    assert one.values.dtype == other.values.dtype
    assert one.values.tolist() == other.values.tolist()
    assert one.classes == other.classes
    assert [type(label) for label in one.classes] == [type(label) for label in other.classes]
    assert one.messages == other.messages
    if one.probabilities is not None and other.probabilities is not None:
        assert one.probabilities.tobytes() == other.probabilities.tobytes()
    assert repr(model.evaluate(rows)) == repr(loaded.evaluate(rows))
    assert repr(loaded.record) == repr(model.record)
    assert loaded.encoder == model.encoder
    save_model(loaded, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_training_with_epochs_and_validation_is_kept(tmp_path: Path, data: str) -> None:
    rows = read_table(data)
    model, _ = train_table_model(
        rows, random_state=0, hidden_layer_sizes=(4,), learning_rate_init=0.01
    )
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.record == model.record
    assert loaded.record["curves"]["loss"] == model.estimator.loss_curve_
    assert loaded.predict(rows).values.tolist() == model.predict(rows).values.tolist()


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("described")
    rows = table(folder, TARGETS["integers"])
    save_model(train_table_model(rows, "outcome", random_state=0, **SHORT)[0], folder / "model")
    return read_safe_file(folder / "model", "model")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("table/code", "x"),
        ("table/encoder", None),
        ("table/encoder/encoders", []),
        ("table/encoder/encoders/0/kind", "os.system"),
        ("table/encoder/n_rows", -1),
        ("table/target", None),
        ("table/target/task", "regression"),
        ("table/target/classes", [0, 1]),
        ("table/target/classes", ["0", "1", "2"]),
        ("table/target_scale", {"mean": 0.0, "scale": 1.0, "shift": 0}),
        ("table/record", {}),
        ("table/record/code", "x"),
        ("table/record/baseline", {"mean": 1.0}),
        ("table/record/baseline/class_counts", [1, 2]),
        ("table/record/baseline/class_counts", [1, 2, "3"]),
    ],
)
def test_metadata_that_save_model_does_not_write_is_refused(
    tmp_path: Path, described: tuple[dict[str, Any], dict[str, Any]], place: str, value: Any
) -> None:
    arrays, metadata = described
    metadata = json.loads(json.dumps(metadata))
    *keys, last = place.split("/")
    inner: Any = metadata
    for key in keys:
        inner = inner[int(key) if key.isdigit() else key]
    inner[last] = value
    write_safe_file(tmp_path / "model", "model", arrays, metadata)
    with pytest.raises(ModelFileError, match="cannot be used"):
        load_model(tmp_path / "model")


def test_weights_of_another_table_are_refused(
    tmp_path: Path, described: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    _, metadata = described
    other, _ = train_table_model(read_table("wine"), random_state=0, **SHORT)
    save_model(other, tmp_path / "other")
    other_arrays, other_metadata = read_safe_file(tmp_path / "other", "model")
    mixed = {**metadata, "estimator": other_metadata["estimator"]}
    write_safe_file(tmp_path / "model", "model", other_arrays, mixed)
    with pytest.raises(ModelFileError, match="features"):
        load_model(tmp_path / "model")
