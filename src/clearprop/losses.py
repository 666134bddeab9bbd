"""Each output activation with its loss beside their common delta, one table: `OUTPUTS`.

An output and its loss come as a pair because only the pair has the short derivative that article A
works out, delta = dLoss/dz = yhat - y; and because the loss is then computed from the logits z,
where nothing overflows. `reduction_factor` holds the third convention, what the sum over the
samples is divided by. All of it works on any array library of the Array API standard and on stacks
of batches (leading dimensions). This file knows nothing of layers and networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from clearprop.activations import logistic

__all__ = ["OUTPUTS", "REDUCTIONS", "Output", "reduction_factor"]

Array = Any  # an array of any library that follows the Array API standard

_TINY = 1e-30


class Output(NamedTuple):
    """A row of the table: an output activation, its loss and their delta.

    Attributes:
        name: the name users write.
        function: `yhat = function(z)`, z of shape (n_samples, n_outputs).
        loss_name: the loss that belongs to it.
        loss_terms: `loss_terms(z, Y)`, the loss of each sample and output, shape of z; their sum
            over the outputs is a sample's loss.
        delta: `delta(yhat, Y)`, the derivative by z of the sum of `loss_terms`.
        formula: the output activation in plain text.
        loss_formula: the loss of one sample in plain text.
        link: the logits of which `function` gives yhat (for softmax, one choice of them); what a
            constant prediction needs.
        jacobian: `jacobian(yhat)`, shape (n_samples, n_outputs, n_outputs): entry [i, k, j] is
            dyhat_k/dz_j of sample i. Training needs only its product with the loss's derivative,
            which is `delta`; the derivative of a prediction needs it whole.
    """

    name: str
    function: Callable[[Array], Array]
    loss_name: str
    loss_terms: Callable[[Array, Array], Array]
    delta: Callable[[Array, Array], Array]
    formula: str
    loss_formula: str
    link: Callable[[Array], Array]
    jacobian: Callable[[Array], Array]


def _shifted_log_sum(z: Array) -> tuple[Array, Array]:
    """The largest logit m of each row, and log(sum exp(z - m)).

    The largest term is taken out of the sum, so that log1p keeps all digits of a loss near zero.
    """
    xp = array_namespace(z)
    largest = xp.max(z, axis=-1, keepdims=True)
    first = xp.expand_dims(xp.argmax(z, axis=-1), axis=-1)
    columns = xp.arange(z.shape[-1], dtype=first.dtype)
    others = xp.where(columns == first, xp.zeros_like(z), xp.exp(z - largest))
    return largest, xp.log1p(xp.sum(others, axis=-1, keepdims=True))


def softmax(z: Array) -> Array:
    """Softmax over each row: yhat_k = exp(z_k) / sum_i exp(z_i).

    Examples:
        >>> import numpy as np
        >>> softmax(np.array([[1e4, 1e4, -1e4]]))
        array([[0.5, 0.5, 0. ]])
    """
    xp = array_namespace(z)
    exponentials = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return exponentials / xp.sum(exponentials, axis=-1, keepdims=True)


def cross_entropy_terms(z: Array, Y: Array) -> Array:
    """-y_k log(softmax(z)_k), from logits."""
    largest, log_sum = _shifted_log_sum(z)
    return Y * ((largest - z) + log_sum)


def binary_cross_entropy_terms(z: Array, Y: Array) -> Array:
    """-y log(s) - (1 - y) log(1 - s), s = logistic(z), as max(z, 0) - y z + log1p(exp(-|z|))."""
    xp = array_namespace(z)
    return xp.where(z > 0, (1.0 - Y) * z, -Y * z) + xp.log1p(xp.exp(-xp.abs(z)))


def identity(z: Array) -> Array:
    """Identity: yhat = z."""
    return z


def half_squared_error_terms(z: Array, Y: Array) -> Array:
    """(z - y)^2 / 2: the half cancels the derivative's 2."""
    difference = z - Y
    return 0.5 * difference * difference


def exponential(z: Array) -> Array:
    """Exponential: yhat = exp(z), the mean of a Poisson distribution."""
    return array_namespace(z).exp(z)


def half_poisson_deviance_terms(z: Array, Y: Array) -> Array:
    """y log(y / yhat) - y + yhat, yhat = exp(z), where y log y = 0 at y = 0.

    With d = z - log y it is y (exp(d) - 1 - d); near d = 0, where that subtraction would leave no
    digit, by its Taylor series.
    """
    xp = array_namespace(z)
    safe = xp.where(Y > 0, Y, xp.ones_like(Y))
    d = z - xp.log(safe)
    near = (xp.abs(d) < 0.5) & (Y > 0)
    small = xp.where(near, d, xp.zeros_like(d))
    series = xp.zeros_like(d)
    for power in range(16, 1, -1):
        series = (1.0 + series) * small / power
    return xp.where(near, Y * small * series, xp.exp(z) - Y * (1.0 + d))


def log_link(yhat: Array) -> Array:
    """z = log(yhat), kept finite at yhat = 0."""
    xp = array_namespace(yhat)
    return xp.log(xp.where(yhat > _TINY, yhat, _TINY * xp.ones_like(yhat)))


def logit(yhat: Array) -> Array:
    """z = log(yhat / (1 - yhat)), kept finite at yhat = 0 and 1."""
    return log_link(yhat) - log_link(1.0 - yhat)


def residual(yhat: Array, Y: Array) -> Array:
    """delta = yhat - y, shared by every pair."""
    return yhat - Y


def cross_entropy_delta(yhat: Array, Y: Array) -> Array:
    """delta = yhat sum_i y_i - y: article A's yhat - y where the row of y sums to 1.

    Probabilities as targets sum to 1 only to rounding (0.333 three times), and the loss is that
    of the row as given.
    """
    return yhat * array_namespace(Y).sum(Y, axis=-1, keepdims=True) - Y


def _diagonal(entries: Array) -> Array:
    """Each row of entries as a diagonal matrix."""
    xp = array_namespace(entries)
    return xp.expand_dims(entries, axis=-1) * xp.eye(entries.shape[-1], dtype=entries.dtype)


def softmax_jacobian(yhat: Array) -> Array:
    """dyhat_k/dz_j = yhat_k (1[k = j] - yhat_j): article A's D^softmax.

    Examples:
        >>> import numpy as np
        >>> softmax_jacobian(np.array([[0.25, 0.75]]))
        array([[[ 0.1875, -0.1875],
                [-0.1875,  0.1875]]])
    """
    xp = array_namespace(yhat)
    return _diagonal(yhat) - xp.expand_dims(yhat, axis=-1) * xp.expand_dims(yhat, axis=-2)


def logistic_jacobian(yhat: Array) -> Array:
    """dyhat_k/dz_k = yhat_k (1 - yhat_k), 0 elsewhere."""
    return _diagonal(yhat * (1.0 - yhat))


def identity_jacobian(yhat: Array) -> Array:
    """The unit matrix."""
    return _diagonal(array_namespace(yhat).ones_like(yhat))


def exponential_jacobian(yhat: Array) -> Array:
    """dyhat_k/dz_k = yhat_k, 0 elsewhere."""
    return _diagonal(yhat)


_ROWS = (
    Output(
        "softmax",
        softmax,
        "cross_entropy",
        cross_entropy_terms,
        cross_entropy_delta,
        "exp(z_k) / sum_i exp(z_i)",
        "- sum_k y_k log(yhat_k)",
        log_link,
        softmax_jacobian,
    ),
    Output(
        "logistic",
        logistic,
        "binary_cross_entropy",
        binary_cross_entropy_terms,
        residual,
        "1 / (1 + exp(-z))",
        "- sum_k y_k log(yhat_k) + (1 - y_k) log(1 - yhat_k)",
        logit,
        logistic_jacobian,
    ),
    Output(
        "identity",
        identity,
        "half_squared_error",
        half_squared_error_terms,
        residual,
        "z",
        "sum_k (yhat_k - y_k)^2 / 2",
        identity,
        identity_jacobian,
    ),
    Output(
        "exponential",
        exponential,
        "half_poisson_deviance",
        half_poisson_deviance_terms,
        residual,
        "exp(z)",
        "sum_k y_k log(y_k / yhat_k) - y_k + yhat_k",
        log_link,
        exponential_jacobian,
    ),
)

OUTPUTS: dict[str, Output] = {row.name: row for row in _ROWS}
"""Every output, with its loss, by name."""

REDUCTIONS: dict[str, str] = {
    "sum": "the sum over the samples (article A)",
    "mean": "the mean over the samples (scikit-learn)",
    "mean_all": "the mean over samples and outputs (article B's 1/(2N) for two outputs)",
}
"""Every reduction by name, with what it means."""


def reduction_factor(
    reduction: str, n_samples: int, n_outputs: int, sample_weight: Array | None = None
) -> Any:
    """What the weighted sum of the samples' losses is multiplied by.

    "sum": 1; "mean": 1/S; "mean_all": 1/(K S), with S the sum of the sample weights (N without
    weights, as in scikit-learn) and K the number of outputs.

    Args:
        reduction: a name of `REDUCTIONS`.
        n_samples: N.
        n_outputs: K.
        sample_weight: shape (n_samples,), or None for weights of 1.

    Returns:
        A number, or a zero-dimensional array where there are weights.

    Examples:
        >>> reduction_factor("mean_all", n_samples=4, n_outputs=2)
        0.125
    """
    if reduction == "sum":
        return 1.0
    total: Any = n_samples
    if sample_weight is not None:
        xp = array_namespace(sample_weight)
        weight_sum = xp.sum(sample_weight)
        # A batch whose weights are all zero has loss and gradient zero, not 0/0.
        total = xp.where(weight_sum == 0, xp.ones_like(weight_sum), weight_sum)
    return 1.0 / (total * n_outputs if reduction == "mean_all" else total)
