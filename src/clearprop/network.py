"""What a network is: its sizes, activations, output and reduction; and its initial parameters.

A `Network` holds no weights: parameters are a list of `Layer(W, b)`, one per layer from the input
side, passed beside it. So the same network can be evaluated at parameters before and after an
update, nudged by a finite difference, or of another dtype. This file knows nothing of passes or
training.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from clearprop.activations import ACTIVATIONS, Activation, as_activation
from clearprop.errors import ParameterError
from clearprop.losses import OUTPUTS, REDUCTIONS

__all__ = ["Layer", "Network"]


class Layer(NamedTuple):
    """The parameters of one layer: z = input @ W + b.

    Attributes:
        W: weights, shape (fan_in, fan_out).
        b: bias, shape (fan_out,).

    Examples:
        >>> import numpy as np
        >>> layer = Layer(W=np.array([[1.0, 2.0]]), b=np.array([0.5, 0.0]))
        >>> np.array([[3.0]]) @ layer.W + layer.b
        array([[3.5, 6. ]])
    """

    W: Any
    b: Any


@dataclass(frozen=True, init=False)
class Network:
    """A multilayer perceptron's shape: everything but its numbers.

        input[0] = X        z[l] = input[l] @ W[l] + b[l]        input[l+1] = sigma(z[l])

    Layers are counted from 0 at the input side; the last layer's z are the logits.

    Args:
        sizes: the widths from input to output, at least two; `[2, 2, 4, 3]` is article A's network
            and `[64, 10]` has no hidden layer.
        hidden: the hidden layers' activation, a name from `clearprop.activations.ACTIVATIONS`, or
            one name per hidden layer; an `Activation` of your own in place of a name.
        output: "softmax" (with cross-entropy), "logistic" (binary cross-entropy, one or several
            outputs), "identity" (half squared error), "exponential" (half Poisson deviance),
            "median" (absolute error), "huber" (Huber's loss) or "quantile" (pinball loss).
        reduction: "sum" over the samples, "mean" over the samples, or "mean_all" over samples and
            outputs.
        output_parameters: one number per output, or one for all: the threshold of "huber" (1), the
            probability of "quantile" (1/2). For "softmax", where the outputs are the classes of
            several targets, how many classes each target has; () for one target.

    Raises:
        ParameterError: a size that is no positive integer, an unknown name, a number of hidden
            activations other than the number of hidden layers, or parameters that the output does
            not have.

    Examples:
        >>> network = Network([2, 2, 4, 3], hidden="logistic", output="softmax", reduction="sum")
        >>> network.n_layers, network.n_parameters
        (3, 33)
        >>> [layer.W.shape for layer in network.initialize(random_state=0)]
        [(2, 2), (2, 4), (4, 3)]
    """

    sizes: tuple[int, ...]
    hidden: tuple[str | Activation, ...]
    output: str
    reduction: str
    output_parameters: tuple[float, ...]

    def __init__(
        self,
        sizes: Iterable[int],
        hidden: str | Activation | Sequence[str | Activation] = "logistic",
        output: str = "softmax",
        reduction: str = "mean",
        output_parameters: float | Sequence[float] = (),
    ) -> None:
        widths = tuple(sizes)
        if len(widths) < 2 or not all(
            isinstance(width, Integral) and width >= 1 for width in widths
        ):
            raise ParameterError(
                f"sizes: got {list(widths)!r}, expected two or more positive integers",
                remedy="List the widths from input to output, such as [4, 16, 3].",
            )
        n_hidden = len(widths) - 2
        alone = isinstance(hidden, str | Activation)
        names: tuple[Any, ...] = (hidden,) * n_hidden if alone else tuple(hidden)
        if len(names) != n_hidden:
            raise ParameterError(
                f"hidden: got {len(names)} activations for {n_hidden} hidden layers",
                remedy="Give one name for all hidden layers, or one name per hidden layer.",
            )
        for name in (hidden,) if alone else names:
            if not isinstance(name, Activation):
                _require_known("hidden", name, ACTIVATIONS)
        _require_known("output", output, OUTPUTS)
        _require_known("reduction", reduction, REDUCTIONS)
        numbers = _output_parameters(output, output_parameters, widths[-1])
        if output == "softmax" and 1 in (numbers or widths[-1:]):
            raise ParameterError(
                "output: softmax over a single output is always 1",
                remedy="Use output='logistic' for two classes, or one output per class.",
            )
        object.__setattr__(self, "sizes", tuple(int(width) for width in widths))
        object.__setattr__(self, "hidden", names)
        object.__setattr__(self, "output", output)
        object.__setattr__(self, "reduction", reduction)
        object.__setattr__(self, "output_parameters", numbers)

    @property
    def n_layers(self) -> int:
        """Number of layers with parameters: one less than the number of sizes."""
        return len(self.sizes) - 1

    @property
    def activations(self) -> list[Activation]:
        """Each hidden layer's activation, whole."""
        return [as_activation(name) for name in self.hidden]

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(
            fan_in * fan_out + fan_out
            for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False)
        )

    def initialize(
        self,
        random_state: int | np.random.RandomState | None = None,
        *,
        dtype: Any = np.float64,
        gain: float | None = None,
    ) -> list[Layer]:
        """Draw initial parameters: uniform within ±sqrt(gain / (fan_in + fan_out)).

        W, then b, layer by layer: the order in which scikit-learn's MLP draws, so one seed gives
        the same parameters here and there.

        Args:
            random_state: seed or NumPy RandomState; None draws differently each time.
            dtype: dtype of the parameters; numbers are drawn in float64 and then rounded.
            gain: numerator of the bound; None takes each layer's own from `ACTIVATIONS` (2 for
                logistic, 6 otherwise; the output layer's is the last hidden layer's).

        Returns:
            One `Layer(W, b)` per layer.

        Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010.
        """
        generator = check_random_state(random_state)
        gains = [activation.initial_gain for activation in self.activations] or [6.0]
        gains.append(gains[-1])
        parameters = []
        for fan_in, fan_out, own_gain in zip(self.sizes, self.sizes[1:], gains, strict=False):
            bound = np.sqrt((own_gain if gain is None else gain) / (fan_in + fan_out))
            W = generator.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype)
            b = generator.uniform(-bound, bound, fan_out).astype(dtype)
            parameters.append(Layer(W, b))
        return parameters


def _require_known(parameter: str, name: Any, table: Iterable[str]) -> None:
    known = list(table)
    if name not in known:
        raise ParameterError(
            f"{parameter}: got {name!r}, expected one of {', '.join(known)}",
            remedy=f"Choose one of the names listed for {parameter!r}.",
        )


def _output_parameters(
    output: str, given: float | Sequence[float], width: int
) -> tuple[float, ...]:
    """One per output, or none; for softmax one per target."""
    row = OUTPUTS[output]
    given = tuple(given) if isinstance(given, Iterable) else (given,)
    numbers: tuple[float, ...]
    if not row.parameter:
        if given:
            raise ParameterError(
                f"output_parameters: got {list(given)}, and output={output!r} has none",
                remedy="Leave output_parameters out.",
            )
        return ()
    if output == "softmax":
        numbers = tuple(int(n_classes) for n_classes in given)
        fits = not numbers or (sum(numbers) == width and numbers == given)
    else:
        assert row.default is not None
        numbers = given or (row.default,)
        numbers = tuple(float(n) for n in (numbers * width if len(numbers) == 1 else numbers))
        most = 1.0 if output == "quantile" else math.inf
        fits = len(numbers) == width and all(0.0 < number < most for number in numbers)
    if not fits:
        raise ParameterError(
            f"output_parameters: got {list(given)} for {width} outputs, expected {row.parameter}",
            remedy="Give one number per output, or one for all; for softmax one per target, which "
            "add up to the outputs.",
        )
    return numbers
