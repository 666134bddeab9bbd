"""clearprop: multilayer perceptrons with nothing hidden. Public names, nothing else.

A name is imported when it is first asked for: mathematics needs no table reader, and the command
line's help none of it.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from clearprop.backprop import backward, forward, loss
    from clearprop.estimators import MLPClassifier, MLPRegressor
    from clearprop.estimators.conversion import from_sklearn, to_sklearn, to_torch
    from clearprop.explain.diagnose import diagnose
    from clearprop.explain.document import explain
    from clearprop.gradcheck import check_gradients
    from clearprop.model_file import load_model, save_model
    from clearprop.network import Layer, Network
else:  # hidden from type checkers, which would take any name for a public one

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_MODULES[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__version__ = "0.1.0"

__all__ = [
    "Layer",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "backward",
    "check_gradients",
    "diagnose",
    "explain",
    "forward",
    "from_sklearn",
    "load_model",
    "loss",
    "save_model",
    "to_sklearn",
    "to_torch",
]

_MODULES = {
    "Layer": "clearprop.network",
    "MLPClassifier": "clearprop.estimators",
    "MLPRegressor": "clearprop.estimators",
    "Network": "clearprop.network",
    "backward": "clearprop.backprop",
    "check_gradients": "clearprop.gradcheck",
    "diagnose": "clearprop.explain.diagnose",
    "explain": "clearprop.explain.document",
    "forward": "clearprop.backprop",
    "from_sklearn": "clearprop.estimators.conversion",
    "load_model": "clearprop.model_file",
    "loss": "clearprop.backprop",
    "save_model": "clearprop.model_file",
    "to_sklearn": "clearprop.estimators.conversion",
    "to_torch": "clearprop.estimators.conversion",
}
