"""From scikit-learn's fitted MLP to this project's, and back, and to PyTorch: the same network.

`partial_fit` and a warm start go on from the converted estimator as they would have from the
original: the optimizer's running means, the learning rate and the curves come along.
"""

from __future__ import annotations

import copy
import importlib.util
import math
from typing import Any

import numpy as np
import sklearn.neural_network as theirs
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from clearprop.errors import ParameterError
from clearprop.estimators.classifier import MLPClassifier
from clearprop.estimators.regressor import MLPRegressor
from clearprop.estimators.solvers import make_optimizer
from clearprop.optimizers import OptimizerState
from clearprop.training import TrainingState

__all__ = ["from_sklearn", "to_sklearn", "to_torch"]

_PAIRS: tuple[tuple[Any, Any], ...] = (
    (MLPClassifier, theirs.MLPClassifier),
    (MLPRegressor, theirs.MLPRegressor),
)

_THEIRS = {
    "activation": ("identity", "logistic", "relu", "tanh"),
    "solver": ("adam", "lbfgs", "sgd"),
    "learning_rate": ("adaptive", "constant", "invscaling"),
    "loss": ("log_loss", "poisson", "squared_error"),
}
_ADAPTIVE_DIVISOR = 5.0  # of learning_rate="adaptive", at each plateau

_FITTED = (
    "coefs_",
    "intercepts_",
    "classes_",
    "_label_binarizer",
    "n_features_in_",
    "feature_names_in_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
)
"""Attributes that mean the same on both sides."""


def from_sklearn(fitted: Any) -> MLPClassifier | MLPRegressor:
    """The same fitted network as an estimator of this project.

    Args:
        fitted: scikit-learn's MLPClassifier or MLPRegressor, fitted. It is not changed, and shares
            no array with the result.

    Returns:
        An estimator with the same parameters, fitted attributes and optimizer state.

    Raises:
        ParameterError: fitted is something else.
        sklearn.exceptions.NotFittedError: it is not fitted.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> original = theirs.MLPClassifier((5,), solver="lbfgs", random_state=0).fit(X, y)
        >>> bool((from_sklearn(original).predict(X) == original.predict(X)).all())
        True
    """
    kind = _other_side(fitted, "from_sklearn", 1, 0)
    check_is_fitted(fitted)
    model: MLPClassifier | MLPRegressor = kind(**fitted.get_params())
    _copy_fitted(fitted, model)
    state = TrainingState(model.parameters_, check_random_state(0))
    state.epoch, state.samples_seen = model.n_iter_, model.t_
    state.loss_curve = list(getattr(model, "loss_curve_", []))
    state.validation_scores = list(getattr(model, "validation_scores_", None) or [])
    state.no_improvement = getattr(fitted, "_no_improvement_count", 0)
    best_loss = getattr(fitted, "best_loss_", None)
    best_score = getattr(fitted, "best_validation_score_", None)
    state.best_loss = math.inf if best_loss is None else best_loss
    state.best_score = -math.inf if best_score is None else best_score
    if hasattr(fitted, "_optimizer"):
        state.optimizer_state = _optimizer_state(model, fitted._optimizer)
        state.plateaus = _plateaus(model, fitted._optimizer)
    model._training = state
    return model


def to_sklearn(model: MLPClassifier | MLPRegressor) -> Any:
    """The same fitted network as scikit-learn's MLPClassifier or MLPRegressor.

    Args:
        model: fitted. It is not changed, and shares no array with the result.

    Returns:
        scikit-learn's estimator with the same fitted attributes and optimizer state; parameters
        that it does not have are left out.

    Raises:
        ParameterError: model is something else, or has an activation, solver or learning rate that
            scikit-learn's does not.
        sklearn.exceptions.NotFittedError: it is not fitted.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = MLPClassifier((5,), solver="lbfgs", random_state=0).fit(X, y)
        >>> bool((to_sklearn(model).predict(X) == model.predict(X)).all())
        True
    """
    kind = _other_side(model, "to_sklearn", 0, 1)
    check_is_fitted(model)
    for name, known in _THEIRS.items():
        if getattr(model, name, known[0]) not in known:
            raise ParameterError(
                f"{name}: scikit-learn has no {getattr(model, name)!r}",
                remedy=f"It has {', '.join(known)}; save_model keeps any network.",
            )
    names = set(kind().get_params())
    if "loss" not in names and getattr(model, "loss", "squared_error") != "squared_error":
        raise ParameterError(
            f"loss: this version of scikit-learn has no {model.loss!r}",
            remedy="scikit-learn 1.7 and later have it; save_model keeps any network.",
        )
    if model.network_.output == "softmax" and model.network_.output_parameters:
        raise ParameterError(
            "to_sklearn: scikit-learn's MLPClassifier has no several targets",
            remedy="save_model keeps any network.",
        )
    fitted = kind(**{name: value for name, value in model.get_params().items() if name in names})
    # The nearest that scikit-learn has to warm_start="exact".
    fitted.warm_start = bool(fitted.warm_start)
    _copy_fitted(model, fitted)
    fitted._random_state = check_random_state(model.random_state)
    fitted._no_improvement_count = model._training.no_improvement
    if model.solver != "lbfgs" and model._training.optimizer_state is not None:
        fitted._optimizer = _their_optimizer(model, fitted)
    return fitted


def _other_side(estimator: Any, caller: str, here: int, there: int) -> Any:
    for pair in _PAIRS:
        if isinstance(estimator, pair[here]):
            return pair[there]
    side = "scikit-learn's" if here else "clearprop's"
    raise ParameterError(
        f"{caller}: got {type(estimator).__name__}, expected {side} MLPClassifier or MLPRegressor",
        remedy="Of a Pipeline or a search, give the last step or best_estimator_.",
    )


def _copy_fitted(source: Any, target: Any) -> None:
    for name in _FITTED:
        if hasattr(source, name):
            setattr(target, name, copy.deepcopy(getattr(source, name)))


def _as_pairs(arrays: list[Any]) -> list[Any]:
    """From all weights, then all biases, to W[0], b[0], W[1], b[1], …"""
    half = len(arrays) // 2
    pairs = zip(arrays[:half], arrays[half:], strict=True)
    return [array.copy() for pair in pairs for array in pair]


def _weights_first(arrays: list[Any]) -> list[Any]:
    """The reverse of `_as_pairs`."""
    return [array.copy() for array in (*arrays[::2], *arrays[1::2])]


def _optimizer_state(model: Any, optimizer: Any) -> OptimizerState:
    state = make_optimizer(model).start([])
    if isinstance(optimizer, AdamOptimizer):
        state.slots = {"mean": _as_pairs(optimizer.ms), "mean_square": _as_pairs(optimizer.vs)}
        # The running products, multiplied as they would have been.
        for _ in range(optimizer.t):
            state.powers["beta_1"] *= model.beta_1
            state.powers["beta_2"] *= model.beta_2
        state.n_updates = optimizer.t
    elif state.slots:
        state.slots = {"velocity": _as_pairs(optimizer.velocities)}
    return state


def _plateaus(model: Any, optimizer: Any) -> int:
    if model.solver != "sgd" or model.learning_rate != "adaptive":
        return 0
    return round(math.log(model.learning_rate_init / optimizer.learning_rate, _ADAPTIVE_DIVISOR))


def _their_optimizer(model: Any, fitted: Any) -> Any:
    state, arrays = model._training.optimizer_state, [*fitted.coefs_, *fitted.intercepts_]
    if model.solver == "adam":
        rate, betas = model.learning_rate_init, (model.beta_1, model.beta_2)
        optimizer = AdamOptimizer(arrays, rate, *betas, model.epsilon)
        optimizer.t = state.n_updates
        optimizer.ms = _weights_first(state.slots["mean"])
        optimizer.vs = _weights_first(state.slots["mean_square"])
        return optimizer
    optimizer = SGDOptimizer(
        arrays,
        model.learning_rate_init,
        model.learning_rate,
        model.momentum,
        model.nesterovs_momentum,
        model.power_t,
    )
    if state.slots:
        optimizer.velocities = _weights_first(state.slots["velocity"])
    if model.learning_rate == "invscaling":
        optimizer.learning_rate = model.learning_rate_init / (model.t_ + 1) ** model.power_t
    elif model.learning_rate == "adaptive":
        optimizer.learning_rate = model.learning_rate_init / np.power(
            _ADAPTIVE_DIVISOR, model._training.plateaus
        )
    return optimizer


def to_torch(model: MLPClassifier | MLPRegressor, *, logits: bool = False) -> Any:
    """The same fitted network as a PyTorch module.

    Args:
        model: fitted. It is not changed, and shares no array with the result.
        logits: whether the module ends with the logits, which PyTorch's own losses for classes
            take, and not with yhat.

    Returns:
        `torch.nn.Sequential` of Linear layers and activations, of the model's dtype. It gives what
        `model.forward(X).output` does: probabilities (for two classes one column, the second's) or
        numbers; quantiles not yet in order.

    Raises:
        ParameterError: PyTorch is not installed, or the model has an activation of the user's own.
        sklearn.exceptions.NotFittedError: it is not fitted.

    Examples:
        >>> X, y = np.array([[0.0], [1.0], [2.0]]), [0.0, 1.0, 4.0]
        >>> model = MLPRegressor(
        ...     hidden_layer_sizes=(3,), activation="tanh", solver="lbfgs", random_state=0
        ... ).fit(X, y)
        >>> if importlib.util.find_spec("torch"):
        ...     module = to_torch(model)  # module(torch.from_numpy(X)) is model.predict(X)
    """
    if importlib.util.find_spec("torch") is None:
        raise ParameterError(
            "to_torch: PyTorch is not installed", remedy="Install it with: pip install torch"
        )
    from clearprop.torch_module import module_of  # noqa: PLC0415 - needs PyTorch

    return module_of(model, logits=logits)
