"""The output layer's kernels against the table of outputs, at many widths, for some of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearprop.engines.fused.layout import Panels, padded, unpack
from clearprop.engines.fused.records import OUTPUT_CODES, SEVERAL_SOFTMAX
from clearprop.engines.fused.vector import KINDS, Kind
from clearprop.losses import OUTPUTS

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
ROWS, FIRST, LAST = 9, 2, 7
ONE_TARGET = [(name, columns, ()) for name in OUTPUTS for columns in (1, 3, 8, 16, 17, 48, 100)]
SEVERAL = [("softmax", sum(classes), classes) for classes in ((2, 3), (7, 2, 10), (2, 47, 30))]
cases = pytest.mark.parametrize(("name", "columns", "classes"), ONE_TARGET + SEVERAL)


def given(name: str, columns: int, classes: Any, kind: Kind) -> tuple[np.ndarray, np.ndarray, Any]:
    """Logits, targets and parameters, numbers of the kind."""
    generator = np.random.default_rng(columns)
    z = generator.normal(size=(ROWS, columns)) * 3.0
    if name == "softmax":
        drawn = [np.eye(n)[generator.integers(n, size=ROWS)] for n in classes or (columns,)]
        Y = np.concatenate(drawn, axis=1)
    elif name == "logistic":
        Y = generator.integers(2, size=z.shape).astype(float)
    else:
        Y = generator.integers(4, size=z.shape).astype(float)
    parameters = classes
    if OUTPUTS[name].default is not None:
        parameters = tuple(float(kind.dtype(p)) for p in generator.uniform(0.1, 0.9, columns))
    return z.astype(kind.dtype).astype(float), Y, parameters


def in_memory(parameters: Any, columns: int, kind: Kind) -> np.ndarray:
    memory = np.zeros(padded(columns, kind.lanes), kind.dtype)
    memory[: len(parameters)] = parameters
    return memory


@kinds
@cases
def test_losses_and_deltas(
    kind: Kind, name: str, columns: int, classes: Any, kernel_of: Any, shape_of_tiles: Any,
    in_panels: Any,
) -> None:  # fmt: skip
    z, Y, parameters = given(name, columns, classes, kind)
    loaded = shape_of_tiles(kind)
    layout = Panels(ROWS, columns, loaded.panel, loaded.lanes)
    delta = np.full(layout.size, np.nan, kind.dtype)
    scales = np.linspace(0.5, 2.0, ROWS).astype(kind.dtype)
    losses = np.full(ROWS, np.nan, kind.dtype)
    code = SEVERAL_SOFTMAX if classes else OUTPUT_CODES[name]
    kernel_of("losses_and_deltas", kind)(
        in_panels(z, kind), in_panels(Y, kind), delta, scales, losses,
        in_memory(parameters, columns, kind), ROWS, columns, FIRST, LAST, code, len(parameters),
    )  # fmt: skip
    row, close = OUTPUTS[name], {"rtol": 60 * np.finfo(kind.dtype).eps}
    expected = row.loss_terms(z, Y, parameters).sum(axis=1)
    np.testing.assert_allclose(losses[FIRST:LAST], expected[FIRST:LAST], **close)
    slopes = scales[:, None] * row.delta(row.function(z, parameters), Y, parameters)
    found = unpack(layout.views(delta))
    close["atol"] = 10 * np.finfo(kind.dtype).eps * np.abs(slopes).max()
    np.testing.assert_allclose(found[FIRST:LAST], slopes[FIRST:LAST], **close)
    for others in (losses[:FIRST], losses[LAST:], found[:FIRST], found[LAST:]):
        assert np.isnan(others).all()
    # Zeros in the padding of these rows, nothing in that of the others.
    for columns_of_panel, view in layout.views(np.arange(layout.size)):
        width = padded(view.shape[1], kind.lanes)
        lines = delta[view[0, 0] :][: ROWS * width].reshape(ROWS, width)
        assert (lines[FIRST:LAST, view.shape[1] :] == 0.0).all(), columns_of_panel


@kinds
@cases
def test_predictions(
    kind: Kind, name: str, columns: int, classes: Any, kernel_of: Any, shape_of_tiles: Any,
    in_panels: Any,
) -> None:  # fmt: skip
    z, _, parameters = given(name, columns, classes, kind)
    loaded, memory = shape_of_tiles(kind), in_panels(z, kind)
    code = SEVERAL_SOFTMAX if classes else OUTPUT_CODES[name]
    kernel_of("predictions", kind)(
        memory, in_memory(parameters, columns, kind), ROWS, columns, FIRST, LAST, code,
        len(parameters),
    )  # fmt: skip
    found = unpack(Panels(ROWS, columns, loaded.panel, loaded.lanes).views(memory))
    expected = z.copy()
    expected[FIRST:LAST] = OUTPUTS[name].function(z, parameters)[FIRST:LAST]
    np.testing.assert_allclose(found, expected, rtol=40 * np.finfo(kind.dtype).eps)
