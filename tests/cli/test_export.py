"""`clearprop export`: a model file becomes an ONNX file that predicts the same."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest


@pytest.fixture
def model(run):
    assert run("train", "wine", "--output", "wine.safetensors").status == 0
    return "wine.safetensors"


def test_wine_predicts_the_same(run, model):
    ran = run("export", model, "--onnx", "wine.onnx")
    assert ran.status == 0
    assert "  alcohol: double (rows, 1)" in ran.stdout
    assert "  label: string (rows)" in ran.stdout
    session = onnxruntime.InferenceSession("wine.onnx", providers=["CPUExecutionProvider"])
    from sklearn.datasets import load_wine  # noqa: PLC0415 - for this test alone

    wine = load_wine(as_frame=True)
    columns = {i.name: wine.data[[i.name]].to_numpy() for i in session.get_inputs()}
    labels, probabilities = session.run(None, columns)
    rows = json.loads(run("predict", model, "wine", "--json").stdout)["predictions"]
    given = [[row[f"probability of class_{k}"] for k in range(3)] for row in rows]
    np.testing.assert_allclose(probabilities, given, atol=1e-5)
    assert labels.tolist() == [row["prediction"] for row in rows]


def test_json_tells_inputs_and_outputs(run, model):
    document = run("export", model, "--onnx", "wine.onnx", "--json").json
    assert document["onnx"] == "wine.onnx"
    assert len(document["inputs"]) == 13
    assert document["outputs"] == {"label": "string (rows)", "probabilities": "double (rows, 3)"}


def test_nothing_is_replaced_unasked(run, model):
    assert run("export", model, "--onnx", "wine.onnx").status == 0
    again = run("export", model, "--onnx", "wine.onnx")
    assert again.status == 2
    assert "--onnx wine.onnx: a file stands there" in again.stderr
    assert run("export", model, "--onnx", "wine.onnx", "--force").status == 0


def test_what_is_missing_is_said(run, model):
    ran = run("export", model)
    assert ran.status == 2
    assert "--onnx FILE is missing" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert run("export", "nothing.safetensors", "--onnx", "a.onnx").status == 2
