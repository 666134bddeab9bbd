"""What the tests of ONNX files share: running a model in onnxruntime, on every row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest


@pytest.fixture
def run_onnx() -> Callable[..., dict[str, Any]]:
    """Outputs by name, of a model (or its file) and its inputs."""

    def run(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        content = model if isinstance(model, str) else model.SerializeToString()
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(None, inputs), strict=True))

    return run


@pytest.fixture
def raw_columns() -> Callable[..., dict[str, Any]]:
    """The raw columns of a pandas frame, as the ONNX model of a TableModel takes them."""

    def columns(model: Any, frame: Any) -> dict[str, Any]:
        found = {}
        for encoder in model.encoder.encoders:
            values = frame[encoder.name]
            if encoder.kind == "category":
                raw = values.astype(object).where(values.notna(), "").to_numpy(object)
            elif encoder.kind == "datetime":
                raw = values.to_numpy("datetime64[us]").astype(np.int64)
            else:
                raw = values.astype("float64").to_numpy()
            found[encoder.name] = raw[:, None]
        return found

    return columns
