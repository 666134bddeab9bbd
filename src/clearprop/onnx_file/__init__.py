"""Models as ONNX files, which run wherever an ONNX runtime does, without Python or this project.

    export_onnx(model, path)     an estimator, or a table's model with its encoding
    register_converters()        for skl2onnx: Pipelines that hold our estimators convert

The packages onnx and skl2onnx are asked for when these are called: `pip install clearprop[onnx]`.
"""

from clearprop.onnx_file.export import export_onnx, to_onnx
from clearprop.onnx_file.pipelines import register_converters

__all__ = ["export_onnx", "register_converters", "to_onnx"]
