"""The table itself: what a row is, and every row.

This file knows nothing of how its functions compute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from clearprop.losses import classes, numbers
from clearprop.losses.common import Array, Parameters, log_link, residual

__all__ = ["OUTPUTS", "Output"]


class Output(NamedTuple):
    """A row of the table: an output activation, its loss and their delta.

    Attributes:
        name: the name users write.
        function: `yhat = function(z, parameters)`, z of shape (n_samples, n_outputs). Parameters
            may be left out, here and below, where they are empty.
        loss_name: the loss that belongs to it.
        loss_terms: `loss_terms(z, Y, parameters)`, the loss of each sample and output, shape of z;
            their sum over the outputs is a sample's loss.
        delta: `delta(yhat, Y, parameters)`, the derivative by z of the sum of `loss_terms`.
        by_output: `by_output(yhat, Y, parameters)`, the derivative by yhat: times `jacobian` it
            is `delta`, which is shorter, and right where yhat has been rounded to 0 or 1.
        formula: the output activation in plain text.
        loss_formula: the loss of one sample in plain text.
        delta_formula: delta in plain text.
        by_output_formula: the derivative by yhat in plain text.
        jacobian_formula: dyhat_k/dz_k in plain text; for softmax dyhat_k/dz_j.
        link: the logits of which `function` gives yhat (for softmax, one choice of them); what a
            constant prediction needs.
        parameter: what the output's parameters are, in plain text; "" where it takes none.
        default: one output's parameter where none is given; None where none is needed.
        branch: for losses made of pieces, `branch(z, Y, at, parameters)` is the piece that holds
            at the logits `at`, evaluated at z; finite differences at a kink need it. None where
            the loss is smooth.
        jacobian: `jacobian(yhat, parameters)`, shape (n_samples, n_outputs, n_outputs): entry
            [i, k, j] is dyhat_k/dz_j of sample i. Training needs only its product with the loss's
            derivative, which is `delta`; the derivative of a prediction needs it whole.
    """

    name: str
    function: Callable[..., Array]
    loss_name: str
    loss_terms: Callable[..., Array]
    delta: Callable[..., Array]
    by_output: Callable[..., Array]
    formula: str
    loss_formula: str
    delta_formula: str
    by_output_formula: str
    jacobian_formula: str
    link: Callable[[Array], Array]
    jacobian: Callable[..., Array]
    parameter: str = ""
    default: float | None = None
    branch: Callable[[Array, Array, Array, Parameters], Array] | None = None


_ROWS = (
    Output(
        "softmax",
        classes.softmax,
        "cross_entropy",
        classes.cross_entropy_terms,
        classes.cross_entropy_delta,
        classes.cross_entropy_by_output,
        "exp(z_k) / sum_i exp(z_i)",
        "- sum_k y_k log(yhat_k)",
        "yhat_k - y_k",
        "- y_k / yhat_k",
        "yhat_k (1 - yhat_k) if j = k else - yhat_k yhat_j",
        log_link,
        classes.softmax_jacobian,
        parameter="each target's number of classes",
    ),
    Output(
        "logistic",
        classes.logistic_output,
        "binary_cross_entropy",
        classes.binary_cross_entropy_terms,
        residual,
        classes.binary_cross_entropy_by_output,
        "1 / (1 + exp(-z))",
        "- sum_k (y_k log(yhat_k) + (1 - y_k) log(1 - yhat_k))",
        "yhat_k - y_k",
        "- y_k / yhat_k + (1 - y_k) / (1 - yhat_k)",
        "yhat_k (1 - yhat_k)",
        classes.logit,
        classes.logistic_jacobian,
    ),
    Output(
        "identity",
        numbers.identity,
        "half_squared_error",
        numbers.half_squared_error_terms,
        residual,
        residual,
        "z",
        "sum_k (yhat_k - y_k)^2 / 2",
        "yhat_k - y_k",
        "yhat_k - y_k",
        "1",
        numbers.identity_link,
        numbers.identity_jacobian,
    ),
    Output(
        "median",
        numbers.identity,
        "absolute_error",
        numbers.absolute_error_terms,
        numbers.absolute_error_delta,
        numbers.absolute_error_delta,
        "z",
        "sum_k |yhat_k - y_k|",
        "sign(yhat_k - y_k)",
        "sign(yhat_k - y_k)",
        "1",
        numbers.identity_link,
        numbers.identity_jacobian,
        branch=numbers.absolute_error_branch,
    ),
    Output(
        "huber",
        numbers.identity,
        "huber",
        numbers.huber_terms,
        numbers.huber_delta,
        numbers.huber_delta,
        "z",
        "sum_k (d^2 / 2 if |d| <= c else c (|d| - c / 2)), d = yhat_k - y_k",
        "d if |d| <= c else c sign(d), d = yhat_k - y_k",
        "d if |d| <= c else c sign(d), d = yhat_k - y_k",
        "1",
        numbers.identity_link,
        numbers.identity_jacobian,
        parameter="the threshold c, above 0",
        default=1.0,
        branch=numbers.huber_branch,
    ),
    Output(
        "quantile",
        numbers.identity,
        "pinball",
        numbers.pinball_terms,
        numbers.pinball_delta,
        numbers.pinball_delta,
        "z",
        "sum_k (p (y_k - yhat_k) if y_k > yhat_k else (1 - p) (yhat_k - y_k))",
        "-p if y_k > yhat_k else 1 - p",
        "-p if y_k > yhat_k else 1 - p",
        "1",
        numbers.identity_link,
        numbers.identity_jacobian,
        parameter="the probability p, above 0 and below 1",
        default=0.5,
        branch=numbers.pinball_branch,
    ),
    Output(
        "exponential",
        numbers.exponential,
        "half_poisson_deviance",
        numbers.half_poisson_deviance_terms,
        residual,
        numbers.half_poisson_deviance_by_output,
        "exp(z)",
        "sum_k (y_k log(y_k / yhat_k) - y_k + yhat_k)",
        "yhat_k - y_k",
        "1 - y_k / yhat_k",
        "yhat_k",
        log_link,
        numbers.exponential_jacobian,
    ),
)

OUTPUTS: dict[str, Output] = {row.name: row for row in _ROWS}
"""Every output, with its loss, by name."""
