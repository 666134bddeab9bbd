"""Forward and backward: the two articles in code, for any depth, any batch and any array library.

    forward     input[0] = X      z[l] = input[l] @ W[l] + b[l]      input[l+1] = sigma(z[l])
    output      delta = yhat - y, times the sample's weight, times the reduction's factor
    backward    dW = input^T @ delta      db = column sums of delta      dinput = delta @ W^T
                delta of the layer below = dinput * sigma'(z of the layer below)

This is the specification: any other engine is held to it by tests. It imports the tables
(`activations`, `losses`) and `network`, and nothing above them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from clearprop.errors import ShapeError
from clearprop.losses import OUTPUTS, reduction_factor
from clearprop.network import Layer, Network

__all__ = ["Gradients", "Passes", "backward", "forward", "input_jacobian", "loss"]

Array = Any  # an array of any library that follows the Array API standard


class Passes(NamedTuple):
    """What a forward pass computed, layer by layer from the input side.

    Attributes:
        inputs: inputs[l] is layer l's input, shape (n_samples, sizes[l]); inputs[0] is X.
        z: z[l] is layer l's pre-activation, shape (n_samples, sizes[l + 1]); z[-1] are the logits.
        output: yhat, shape (n_samples, sizes[-1]).
        dropout: what each hidden layer's h was multiplied by, shape of h; None without dropout.
    """

    inputs: list[Array]
    z: list[Array]
    output: Array
    dropout: Sequence[Array] | None = None


class Gradients(NamedTuple):
    """The derivatives of the loss, layer by layer from the input side.

    Attributes:
        delta: delta[l] = dLoss/dz[l], shape (n_samples, sizes[l + 1]).
        dW: dW[l] = dLoss/dW[l], shape (sizes[l], sizes[l + 1]).
        db: db[l] = dLoss/db[l], shape (sizes[l + 1],).
        dinput: dinput[l] = dLoss/dinput[l], shape (n_samples, sizes[l]); dinput[0] is dx.
    """

    delta: list[Array]
    dW: list[Array]
    db: list[Array]
    dinput: list[Array]


def forward(
    network: Network,
    parameters: Sequence[Layer],
    X: Array,
    *,
    hold: Sequence[Array] | None = None,
    dropout: Sequence[Array] | None = None,
) -> Passes:
    """Run a batch through the network: z[l] = input[l] @ W[l] + b[l], input[l+1] = sigma(z[l]).

    Args:
        network: sizes, activations and output.
        parameters: one `Layer(W, b)` per layer; arrays of one library and one floating dtype.
        X: batch, shape (n_samples, sizes[0]), same library and dtype.
        hold: pre-activations of an earlier pass; an activation made of two pieces (relu) then keeps
            the piece that held there. For finite differences at a kink; leave it out otherwise.
        dropout: what each hidden layer's h is multiplied by in a training step with dropout
            (`clearprop.dropout`), shape of h; None for a prediction.

    Returns:
        `Passes` with every layer's input, pre-activation, and the output yhat.

    Raises:
        ShapeError: the parameters or X do not fit the network.

    Examples:
        >>> import numpy as np
        >>> network = Network([2, 2], output="softmax")
        >>> parameters = [Layer(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 0.0]))]
        >>> forward(network, parameters, np.array([[1.0, 1.0]])).output
        array([[0.5, 0.5]])

    Source: article A, "Hidden Layer 2" and "Extension to using more than 1 sample".
    """
    _check_parameters(network, parameters)
    _check_batch("X", X, network.sizes[0], "features")
    inputs, z = [X], []
    for index, (W, b) in enumerate(parameters):
        z.append(inputs[index] @ W + b)
        if index < network.n_layers - 1:
            activation = network.activations[index]
            if hold is not None and activation.branch is not None:
                inputs.append(activation.branch(z[index], hold[index]))
            else:
                inputs.append(activation.function(z[index]))
            if dropout is not None:
                inputs[-1] = inputs[-1] * dropout[index]
    output = OUTPUTS[network.output].function(z[-1], network.output_parameters)
    return Passes(inputs, z, output, dropout)


def loss(
    network: Network, passes: Passes, Y: Array, *, sample_weight: Array | None = None
) -> Array:
    """The loss of a batch: the samples' losses, weighted, summed, and reduced as the network says.

        Loss = factor * sum_i weight_i sum_k term(z_ik, y_ik)

    Args:
        network: names the output, whose loss it is, and the reduction.
        passes: from `forward`; only the logits passes.z[-1] are used, so nothing overflows.
        Y: targets, shape (n_samples, sizes[-1]); for softmax one-hot, or rows that sum to 1.
        sample_weight: shape (n_samples,), or None for weights of 1.

    Returns:
        Zero-dimensional array (stacks of batches: one loss per batch).

    Raises:
        ShapeError: Y or sample_weight do not fit the passes.

    Examples:
        >>> import numpy as np
        >>> network = Network([1, 2], output="logistic", reduction="mean_all")
        >>> parameters = [Layer(np.zeros((1, 2)), np.zeros(2))]
        >>> passes = forward(network, parameters, np.array([[3.0]]))
        >>> float(loss(network, passes, np.array([[1.0, 0.0]])).round(6))
        0.693147

    Source: article A, H(yhat, y); article B, Cost(y, p).
    """
    logits = passes.z[-1]
    xp = array_namespace(logits)
    _check_targets(network, logits, Y, sample_weight)
    terms = OUTPUTS[network.output].loss_terms(logits, Y, network.output_parameters)
    per_sample = xp.sum(terms, axis=-1)
    if sample_weight is not None:
        per_sample = per_sample * sample_weight
    factor = reduction_factor(network.reduction, Y.shape[0], network.sizes[-1], sample_weight)
    return factor * xp.sum(per_sample, axis=-1)


def backward(
    network: Network,
    parameters: Sequence[Layer],
    passes: Passes,
    Y: Array,
    *,
    sample_weight: Array | None = None,
    dx: bool = True,
) -> Gradients:
    """Differentiate the loss by every pre-activation, weight, bias and input of the network.

        delta[last] = factor * weight_i * (yhat - y)        (of the pairs in `OUTPUTS` that have it)
        dW[l] = input[l]^T @ delta[l]     db[l] = column sums of delta[l]
        dinput[l] = delta[l] @ W[l]^T     delta[l-1] = dinput[l] * sigma'(z[l-1])

    With dropout, where input[l] = sigma(z[l-1]) * scales, so is delta[l-1].

    Args:
        network: the network.
        parameters: the parameters `passes` was computed with, from before any update.
        passes: from `forward`.
        Y: targets, shape (n_samples, sizes[-1]).
        sample_weight: shape (n_samples,), or None for weights of 1.
        dx: whether to compute dinput[0] too; training has no use for it, and it is large.

    Returns:
        `Gradients` of every layer; `dinput[0]` is dx, or None where it was not asked for.

    Raises:
        ShapeError: parameters, Y or sample_weight do not fit the passes.

    Examples:
        >>> import numpy as np
        >>> network = Network([1, 1], output="identity", reduction="sum")
        >>> parameters = [Layer(np.array([[2.0]]), np.array([1.0]))]
        >>> passes = forward(network, parameters, np.array([[3.0]]))
        >>> gradients = backward(network, parameters, passes, np.array([[5.0]]))
        >>> gradients.delta[0], gradients.dW[0], gradients.db[0], gradients.dinput[0]
        (array([[2.]]), array([[6.]]), array([2.]), array([[4.]]))

    Source: article A, "Summary of gradients" (its delta^1 is delta[-1] here).
    """
    _check_parameters(network, parameters)
    _check_targets(network, passes.z[-1], Y, sample_weight)
    xp = array_namespace(passes.output)
    factor = reduction_factor(network.reduction, Y.shape[0], network.sizes[-1], sample_weight)
    output = OUTPUTS[network.output]
    delta = factor * output.delta(passes.output, Y, network.output_parameters)
    if sample_weight is not None:
        delta = delta * xp.expand_dims(sample_weight, axis=-1)
    gradients = Gradients([], [], [], [])
    for index in reversed(range(network.n_layers)):
        W = parameters[index].W
        dinput = delta @ W.T if index > 0 or dx else None
        gradients.delta.insert(0, delta)
        gradients.dW.insert(0, passes.inputs[index].T @ delta)
        gradients.db.insert(0, xp.sum(delta, axis=0))
        gradients.dinput.insert(0, dinput)
        if index > 0:
            activation = network.activations[index - 1]
            z, h = passes.z[index - 1], passes.inputs[index]
            if passes.dropout is not None:
                # What was dropped says nothing of sigma'(z).
                dinput, h = dinput * passes.dropout[index - 1], activation.function(z)
            # The Jacobian of h by z is diagonal, so the product with it is elementwise.
            delta = dinput * activation.derivative(z, h)
    return gradients


def input_jacobian(network: Network, parameters: Sequence[Layer], passes: Passes) -> Array:
    """Differentiate every output of every sample by the sample's inputs: dyhat_k/dx_m.

        J = dyhat/dz[last]       J = J @ W[l]^T       J = J * sigma'(z[l-1])       … down to X

    Args:
        network: the network.
        parameters: the parameters `passes` was computed with.
        passes: from `forward`.

    Returns:
        Shape (n_samples, sizes[-1], sizes[0]).

    Raises:
        ShapeError: the parameters do not fit the network.

    Examples:
        >>> import numpy as np
        >>> network = Network([2, 1], output="identity")
        >>> parameters = [Layer(np.array([[2.0], [-3.0]]), np.array([1.0]))]
        >>> input_jacobian(network, parameters, forward(network, parameters, np.ones((1, 2))))
        array([[[ 2., -3.]]])

    Source: article A's chain of Jacobians, not contracted with the loss.
    """
    _check_parameters(network, parameters)
    xp = array_namespace(passes.output)
    jacobian = OUTPUTS[network.output].jacobian(passes.output, network.output_parameters)
    for index in reversed(range(network.n_layers)):
        jacobian = jacobian @ parameters[index].W.T
        if index > 0:
            activation = network.activations[index - 1]
            sigma_prime = activation.derivative(passes.z[index - 1], passes.inputs[index])
            jacobian = jacobian * xp.expand_dims(sigma_prime, axis=-2)
    return jacobian


def _check_parameters(network: Network, parameters: Sequence[Layer]) -> None:
    if len(parameters) != network.n_layers:
        raise ShapeError(
            f"parameters: got {len(parameters)} layers, the network has {network.n_layers}",
            remedy="Use the list that network.initialize(random_state) returns.",
        )
    for index, (W, b) in enumerate(parameters):
        expected = network.sizes[index : index + 2]
        if tuple(W.shape[-2:]) != expected or b.shape[-1] != expected[1]:
            raise ShapeError(
                f"parameters[{index}]: got W of shape {tuple(W.shape)} and b of shape "
                f"{tuple(b.shape)}, expected {expected} and {expected[1:]}",
                remedy="W has one row per input and one column per output of its layer.",
            )


def _check_batch(name: str, batch: Array, width: int, what: str) -> None:
    if batch.ndim < 2 or batch.shape[-1] != width:
        raise ShapeError(
            f"{name}: got shape {tuple(batch.shape)}, expected (n_samples, {width})",
            remedy=f"Give one row per sample and {width} {what}; a single sample is a batch of one "
            "row.",
        )


def _check_targets(network: Network, logits: Array, Y: Array, sample_weight: Array | None) -> None:
    _check_batch("Y", Y, network.sizes[-1], "outputs (one-hot for classes)")
    n_samples = logits.shape[-2]
    if Y.shape[-2] != n_samples:
        raise ShapeError(
            f"Y: got {Y.shape[-2]} rows for {n_samples} samples",
            remedy="Give one row of targets per row of X.",
        )
    if network.output == "softmax":
        xp = array_namespace(Y)
        begin, is_whole = 0, True
        for n_classes in network.output_parameters or network.sizes[-1:]:
            row_sums = xp.sum(Y[..., begin : begin + int(n_classes)], axis=-1)
            is_whole = is_whole and bool(xp.all(xp.abs(row_sums - 1.0) < 1e-3))
            begin += int(n_classes)
        if not is_whole:
            raise ShapeError(
                "Y: its rows must each sum to 1 for softmax: one-hot classes or probabilities",
                remedy="One-hot encode the classes; for several labels per sample use "
                "output='logistic'.",
            )
    if sample_weight is not None and tuple(sample_weight.shape) != (n_samples,):
        raise ShapeError(
            f"sample_weight: got shape {tuple(sample_weight.shape)}, expected ({n_samples},)",
            remedy="Give one weight per row of X.",
        )
