"""An estimator, or a table's model, as one ONNX model; and that model as a file.

This file knows which outputs a model has; what is computed is in `network` and `columns`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clearprop import __version__
from clearprop.atomic_write import replace_file
from clearprop.errors import ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.onnx_file.columns import COLUMN_DTYPES, add_column, restore
from clearprop.onnx_file.graph import OPSET, Graph
from clearprop.onnx_file.network import add_network
from clearprop.table_model import TableModel

__all__ = ["class_outputs", "export_onnx", "regression_output", "require_package", "to_onnx"]

Array = npt.NDArray[Any]
Model = MLPClassifier | MLPRegressor | TableModel


def require_package(name: str) -> None:
    """Refuse, with the remedy, where an optional package is not installed.

    Args:
        name: the package.

    Raises:
        ParameterError: it is not installed.
    """
    import importlib.util  # noqa: PLC0415 - for this alone

    if importlib.util.find_spec(name) is None:
        raise ParameterError(
            f"ONNX files need the package {name}, which is not installed",
            remedy='Install it with: pip install "clearprop[onnx]"',
        )


def to_onnx(model: Model) -> Any:
    """The fitted model as an ONNX model.

        MLPRegressor         X -> prediction
        MLPClassifier        X -> label, probabilities          (of several targets: label_0, …)
        TableModel           its columns -> prediction, or label and probabilities

    X has shape (n_samples, n_features) and the weights' dtype. A table's columns have shape
    (n_rows, 1) each: numbers and truth values are doubles, NaN where they are missing; categories
    strings, "" where they are missing; times int64, microseconds since 1970, the least int64 where
    they are missing. An output whose name is a column's is called "predicted …".

    Args:
        model: fitted.

    Returns:
        `onnx.ModelProto`.

    Raises:
        ParameterError: the package onnx is not installed, the model is something else, or it has
            an activation of the user's own.
        sklearn.exceptions.NotFittedError: it is not fitted.

    Examples:
        >>> X = np.array([[0.0], [1.0], [2.0]])
        >>> line = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, 3.0 * X[:, 0])
        >>> [node.op_type for node in to_onnx(line).graph.node]
        ['Gemm', 'Reshape', 'Identity']
    """
    require_package("onnx")
    if isinstance(model, TableModel):
        return _Building(model.estimator).of_table(model)
    if isinstance(model, MLPClassifier | MLPRegressor):
        check_is_fitted(model)
        return _Building(model).of_estimator(model)
    raise ParameterError(
        f"to_onnx: got {type(model).__name__}, expected a clearprop MLPClassifier, MLPRegressor or "
        "TableModel",
        remedy="Convert a Pipeline with skl2onnx.to_onnx, after "
        "clearprop.onnx_file.register_converters().",
    )


def export_onnx(model: Model, path: str | Path) -> dict[str, dict[str, str]]:
    """Write the fitted model as an ONNX file, whole or not at all; see `to_onnx`.

    Args:
        model: fitted.
        path: the file; one that stands there is replaced.

    Returns:
        "inputs" and "outputs", each from name to dtype and shape in words.

    Raises:
        ParameterError: as `to_onnx`.
        ModelFileError: the file cannot be written.
    """
    converted = to_onnx(model)
    replace_file(path, [converted.SerializeToString()])
    graph = converted.graph
    return {"inputs": _described(graph.input), "outputs": _described(graph.output)}


def _described(tensors: Any) -> dict[str, str]:
    from onnx import TensorProto  # noqa: PLC0415 - an extra

    told = {}
    for tensor in tensors:
        kind = tensor.type.tensor_type
        shape = ", ".join(d.dim_param or str(d.dim_value) for d in kind.shape.dim)
        told[tensor.name] = f"{TensorProto.DataType.Name(kind.elem_type).lower()} ({shape})"
    return told


class _Building:
    """One ONNX model being written."""

    def __init__(self, estimator: MLPClassifier | MLPRegressor) -> None:
        from onnx import helper, numpy_helper  # noqa: PLC0415 - an extra

        self._helper, self._numpy_helper = helper, numpy_helper
        self._estimator = estimator
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0

    def _graph(self, dtype: Any) -> Graph:
        return Graph(dtype, self._new_name, self._add_node, self._add_constant)

    def _new_name(self, hint: str) -> str:
        self._count += 1
        # No column of a table is called so.
        return f"clearprop/{hint}_{self._count}"

    def _add_node(
        self, operator: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]
    ) -> None:
        name = f"node_{len(self._nodes)}"
        self._nodes.append(
            self._helper.make_node(operator, inputs, outputs, name=name, **attributes)
        )

    def _add_constant(self, name: str, values: Array) -> None:
        self._constants.append(self._numpy_helper.from_array(values, name))

    def _tensor(self, name: str, dtype: Any, shape: list[Any]) -> Any:
        kind = self._helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self._helper.make_tensor_value_info(name, kind, shape)

    def of_estimator(self, model: MLPClassifier | MLPRegressor) -> Any:
        dtype, n_features = model.coefs_[0].dtype, model.n_features_in_
        graph = self._graph(dtype)
        self._inputs.append(self._tensor("X", dtype, ["rows", n_features]))
        yhat = add_network(graph, model.network_, model.parameters_, "X")
        if isinstance(model, MLPClassifier):
            self._add_classes(graph, model, yhat)
        else:
            value, columns = regression_output(graph, model, yhat)
            self._add_output(graph, "prediction", value, dtype, columns)
        names = getattr(model, "feature_names_in_", None)
        told = {} if names is None else {"features": json.dumps([str(name) for name in names])}
        return self._finished(told)

    def of_table(self, model: TableModel) -> Any:
        graph = self._graph(np.float64)
        blocks = []
        for encoder in model.encoder.encoders:
            dtype = COLUMN_DTYPES[encoder.kind]
            self._inputs.append(self._tensor(encoder.name, dtype, ["rows", 1]))
            blocks += add_column(graph, encoder, encoder.name)
        X = graph("Concat", *blocks, axis=1)
        dtype = model.estimator.coefs_[0].dtype
        inner = self._graph(dtype)
        X = graph.cast(X, dtype)
        yhat = add_network(inner, model.estimator.network_, model.estimator.parameters_, X)
        if isinstance(model.estimator, MLPClassifier):
            self._add_classes(inner, model.estimator, yhat, list(model.target.classes))
        else:
            assert model.target_scale is not None  # regression always has one
            value, columns = regression_output(inner, model.estimator, yhat)
            value = restore(graph, model.target_scale, graph.cast(value, np.float64))
            self._add_output(graph, "prediction", value, np.float64, columns)
        return self._finished({"target": model.target.name})

    def _add_classes(
        self, graph: Graph, model: MLPClassifier, yhat: str, classes: list[Any] | None = None
    ) -> None:
        for end, (labels, label, probabilities) in enumerate(class_outputs(graph, model, yhat)):
            several = isinstance(model.classes_, list)
            ending = f"_{end}" if several else ""
            values = labels if classes is None else np.array(classes)
            width = len(values) or model.n_outputs_
            columns = [] if len(values) else [width]
            self._add_output(graph, f"label{ending}", label(values), _label_dtype(values), columns)
            self._add_output(graph, f"probabilities{ending}", probabilities, graph.dtype, [width])

    def _add_output(
        self, graph: Graph, name: str, value: str, dtype: Any, columns: Sequence[int] = ()
    ) -> None:
        while any(name == tensor.name for tensor in self._inputs):
            name = f"predicted {name}"
        graph.call_it(name, value)
        self._outputs.append(self._tensor(name, dtype, ["rows", *columns]))

    def _finished(self, told: dict[str, str]) -> Any:
        import onnx  # noqa: PLC0415 - an extra

        graph = self._helper.make_graph(
            self._nodes, "clearprop", self._inputs, self._outputs, self._constants
        )
        opsets = [self._helper.make_opsetid("", OPSET), self._helper.make_opsetid("ai.onnx.ml", 3)]
        model = self._helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=8,
            producer_name="clearprop",
            producer_version=__version__,
        )
        self._helper.set_model_props(model, {"estimator": type(self._estimator).__name__, **told})
        onnx.checker.check_model(model)
        return model


def _label_dtype(labels: Array) -> Any:
    return np.str_ if labels.dtype.kind in "OU" else labels.dtype


def _chosen(graph: Graph, probabilities: str, labels: Array) -> str:
    """The label of the largest probability, the first of equal ones."""
    place = graph("ArgMax", probabilities, axis=1, keepdims=0)
    values = labels.astype(object) if labels.dtype.kind == "U" else labels
    return graph("Gather", graph.array(values), place, axis=0)


def class_outputs(graph: Graph, model: MLPClassifier, yhat: str) -> list[tuple[Array, Any, str]]:
    """For each target: its classes, a function from labels to the chosen ones, its probabilities.

    Args:
        graph: where to.
        model: fitted.
        yhat: name of the network's output.
    """
    binarizer = model._label_binarizer
    if binarizer.y_type_.startswith("multilabel"):
        indicators = graph("Greater", yhat, graph.constant(0.5))
        dtype = np.int64
        return [(np.zeros(0, dtype), lambda _: graph.cast(indicators, dtype), yhat)]
    if isinstance(model.classes_, list):
        sizes = [len(labels) for labels in model.classes_]
        parts = graph.several("Split", yhat, graph.integers(sizes), n_outputs=len(sizes), axis=1)
        pairs = list(zip(model.classes_, parts, strict=True))
    elif model.n_outputs_ == 1:
        rest = graph("Sub", graph.constant(1.0), yhat)
        pairs = [(model.classes_, graph("Concat", rest, yhat, axis=1))]
    else:
        pairs = [(model.classes_, yhat)]
    return [
        (np.asarray(labels), lambda values, part=part: _chosen(graph, part, values), part)
        for labels, part in pairs
    ]


def regression_output(graph: Graph, model: MLPRegressor, yhat: str) -> tuple[str, list[int]]:
    """What `predict` gives, of the network's output; and its columns, none for a plain number."""
    if model._has_several_quantiles:
        n_quantiles = len(model._quantiles())
        n_targets = model.n_outputs_ // n_quantiles
        each = graph("Reshape", yhat, graph.integers([-1, n_targets, n_quantiles]))
        count = graph.integers([n_quantiles])
        ordered = graph.several("TopK", each, count, n_outputs=2, axis=2, largest=0, sorted=1)[0]
        columns = [n_quantiles] if n_targets == 1 else [n_targets, n_quantiles]
        return graph("Reshape", ordered, graph.integers([-1, *columns])), columns
    if model.n_outputs_ == 1:
        return graph("Reshape", yhat, graph.integers([-1])), []
    return yhat, [model.n_outputs_]
