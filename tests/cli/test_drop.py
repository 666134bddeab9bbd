"""`clearprop train --drop COLUMN`: left out, remembered, and not missed in later tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clearprop.model_file import load_model
from clearprop.table_model import train_table_model
from clearprop.tables import read_table

FEW = ("--max-iter", "3", "--hidden-layer-sizes", "4", "--quiet")


@pytest.fixture(autouse=True)
def _table(folder):
    """A leak that tells the class, a broken column, and one of some use."""
    generator = np.random.default_rng(0)
    lines = ["leak,broken,x,y"]
    for row in range(60):
        broken = "1.2.3" if row == 7 else "2024-13-45" if row == 50 else f"{row % 9}.5"
        lines.append(f"{row % 2},{broken},{generator.normal():.3f},{'ab'[row % 2]}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n")


def test_a_dropped_column_is_said_kept_in_the_record_and_not_used(run, folder):
    ran = run("train", "t.csv", "--target", "y", "--drop", "leak", "--drop", "broken", *FEW[:-1])
    assert ran.status == 0, ran.stderr
    assert "'leak': left out, as asked" in ran.stdout
    model = load_model(folder / "t.safetensors")
    assert model.encoder.feature_names == ["x"]
    assert model.record["set_aside"] == {
        "leak": "left out, as asked",
        "broken": "left out, as asked",
    }


def test_later_tables_have_it_or_not_whatever_it_holds(run, folder):
    dropped = ("--drop", "leak", "--drop", "broken")
    assert run("train", "t.csv", "--target", "y", *dropped, *FEW).status == 0
    (folder / "with.csv").write_text("leak,broken,x\n1,1.5,0.25\n0,1 . 5,0.5\n9,-,0.75\n")
    (folder / "without.csv").write_text("x\n0.25\n0.5\n0.75\n")
    there = run("predict", "t.safetensors", "with.csv")
    absent = run("predict", "t.safetensors", "without.csv")
    assert (there.status, there.stderr) == (0, "")
    assert (absent.status, absent.stderr) == (0, "")
    assert there.stdout == absent.stdout
    kept = run("train", "t.csv", "--target", "y", "--drop", "leak", *FEW)
    assert kept.status == 2
    assert "column 'broken', value '1.2.3'" in kept.stderr


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--drop", "leek"], ["column 'leek'", "no such column to drop", "Did you mean 'leak'?"]),
        (["--drop", "y"], ["column 'y'", "column to predict, which cannot be left out"]),
        (["--drop", "x", "--keep", "x"], ["column 'x'", "to be kept and to be dropped"]),
        (["--drop", "x", "--drop", "leak"], ["no column can be used"]),
    ],
    ids=["unknown", "target", "kept", "all"],
)
def test_what_cannot_be_dropped_is_said(run, folder, options, parts):
    ran = run("train", "t.csv", "--target", "y", "--drop", "broken", *options, *FEW)
    assert ran.status == 2
    for part in ["t.csv", *parts]:
        assert part in ran.stderr, ran.stderr
    assert not (folder / "t.safetensors").exists()
    assert json.loads(
        run("train", "t.csv", "--target", "y", "--drop", "broken", *options, *FEW, "--json").stdout
    )


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_table_read_already_is_dropped_from_too():
    model, _ = train_table_model(
        read_table("iris"), drop=["petal width (cm)"], max_iter=3, hidden_layer_sizes=(4,)
    )
    assert "petal width (cm)" not in model.encoder.feature_names
    assert model.record["reading"]["ignore"] == ["petal width (cm)"]
