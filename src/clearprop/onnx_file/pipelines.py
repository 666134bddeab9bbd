"""skl2onnx: how it converts our estimators, wherever they stand in a Pipeline.

This file knows skl2onnx's ways, and nothing of how a network is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from clearprop.errors import ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.onnx_file.export import class_outputs, regression_output, require_package
from clearprop.onnx_file.graph import Graph
from clearprop.onnx_file.network import add_network

__all__ = ["register_converters"]


def register_converters() -> None:
    """Have skl2onnx convert `MLPClassifier` and `MLPRegressor` of this project; once is enough.

    From then on `skl2onnx.to_onnx` takes them, alone and in a Pipeline, with scikit-learn's options
    `zipmap` and the outputs of scikit-learn's own MLP.

    Raises:
        ParameterError: skl2onnx is not installed.
    """
    require_package("skl2onnx")
    from skl2onnx import update_registered_converter  # noqa: PLC0415 - an extra
    from skl2onnx.common.shape_calculator import (  # noqa: PLC0415 - an extra
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    update_registered_converter(
        MLPClassifier,
        "ClearpropMLPClassifier",
        calculate_linear_classifier_output_shapes,
        _convert_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "output_class_labels": [False, True],
            "nocl": [True, False],
        },
    )
    update_registered_converter(
        MLPRegressor,
        "ClearpropMLPRegressor",
        calculate_linear_regressor_output_shapes,
        _convert_regressor,
    )


def _graph(scope: Any, container: Any, dtype: Any) -> Graph:
    from onnx.helper import np_dtype_to_tensor_dtype  # noqa: PLC0415 - an extra

    def add_node(
        operator: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]
    ) -> None:
        domain = attributes.pop("domain", "")
        container.add_node(
            operator,
            inputs,
            outputs,
            op_domain=domain,
            name=scope.get_unique_operator_name(operator),
            **attributes,
        )

    def add_constant(name: str, values: Any) -> None:
        kind = np_dtype_to_tensor_dtype(values.dtype)
        content = values.ravel().tolist()
        container.add_initializer(name, kind, list(values.shape), content)

    return Graph(dtype, scope.get_unique_variable_name, add_node, add_constant)


def _yhat(scope: Any, operator: Any, container: Any) -> tuple[Graph, Any, str]:
    model = operator.raw_operator
    graph = _graph(scope, container, model.coefs_[0].dtype)
    X = graph.cast(operator.inputs[0].full_name, graph.dtype)
    return graph, model, add_network(graph, model.network_, model.parameters_, X)


def _dtype_of(variable: Any) -> Any:
    """The dtype that skl2onnx has promised for an output."""
    return np.float64 if "Double" in type(variable.type).__name__ else np.float32


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    graph, model, yhat = _yhat(scope, operator, container)
    if isinstance(model.classes_, list) or model._label_binarizer.y_type_.startswith("multilabel"):
        raise ParameterError(
            "skl2onnx: y has several columns, and its outputs are those of one class target",
            remedy="Write this network with export_onnx(model, path) instead.",
        )
    ((labels, label, probabilities),) = class_outputs(graph, model, yhat)
    if labels.dtype.kind not in "OU":
        labels = labels.astype(np.int64)
    graph.call_it(operator.outputs[0].full_name, label(labels))
    promised = graph.cast(probabilities, _dtype_of(operator.outputs[1]))
    graph.call_it(operator.outputs[1].full_name, promised)


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    graph, model, yhat = _yhat(scope, operator, container)
    value, _ = regression_output(graph, model, yhat)
    if model.n_outputs_ == 1:
        value = graph("Reshape", value, graph.integers([-1, 1]))
    variable = operator.outputs[0]
    graph.call_it(variable.full_name, graph.cast(value, _dtype_of(variable)))
