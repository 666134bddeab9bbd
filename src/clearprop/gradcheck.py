"""Judge a gradient, entry by entry: `backward` against finite differences of the loss.

Any gradient can be judged, not only this project's: pass your own as `gradients`. The project's
tests use this same checker, at its default tolerance.

Method. Central differences in float64 at a falling sequence of steps, extrapolated to step zero
(Richardson; Ridders 1982), each entry at the step where its own error estimate is least. The
losses at both sides are subtracted sample by sample before they are summed. An activation made of
two pieces (relu) keeps, on both sides, the piece that holds at the point itself: there the
derivative by convention is that piece's. This file knows nothing of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients, Passes, backward, forward
from clearprop.errors import ParameterError, ShapeError
from clearprop.losses import OUTPUTS, reduction_factor
from clearprop.network import Layer, Network
from clearprop.penalties import l2_gradient

__all__ = ["ArrayCheck", "GradientReport", "check_gradients"]

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-6
_STEPS = tuple(0.04 * 0.5**k for k in range(7))
_STACK_FLOATS = 1_000_000  # how many floats the stacked, nudged networks of one chunk may hold
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class ArrayCheck:
    """The verdict on one array of the gradient.

    Attributes:
        name: "dW[0]", "db[2]" or "dinput[0]" (dx).
        layer: index of the layer, from the input side.
        n_entries: number of entries in the array.
        n_checked: number of entries compared.
        max_relative_error: largest of the compared entries' errors, |backward - numeric| divided by
            the larger of the two; entries so small that finite differences cannot resolve them to
            the tolerance are divided by the smallest size that can be resolved.
        entry: index of the entry with the largest error.
        value: the judged gradient there.
        numeric: the finite difference there.
    """

    name: str
    layer: int
    n_entries: int
    n_checked: int
    max_relative_error: float
    entry: tuple[int, ...]
    value: float
    numeric: float


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found, array by array.

    Attributes:
        arrays: one `ArrayCheck` per dW, db and dinput, from the input side.
        tolerance: the largest relative error accepted.
    """

    arrays: tuple[ArrayCheck, ...]
    tolerance: float

    @property
    def max_relative_error(self) -> float:
        """The largest relative error of all arrays."""
        return max(check.max_relative_error for check in self.arrays)

    @property
    def worst(self) -> ArrayCheck:
        """The array with the largest relative error."""
        return max(self.arrays, key=lambda check: check.max_relative_error)

    @property
    def ok(self) -> bool:
        """Whether every array is within the tolerance."""
        return self.max_relative_error <= self.tolerance

    def __str__(self) -> str:
        lines = [
            f"{'array':<10} {'checked':>15} {'worst entry':>12} {'gradient':>15} "
            f"{'finite difference':>18} {'relative error':>15}"
        ]
        lines += [
            f"{check.name:<10} {f'{check.n_checked} of {check.n_entries}':>15} "
            f"{list(check.entry)!s:>12} {check.value:>15.8g} {check.numeric:>18.8g} "
            f"{check.max_relative_error:>15.1e}"
            f"{'' if check.max_relative_error <= self.tolerance else '  <-- differs'}"
            for check in self.arrays
        ]
        verdict = "agrees with" if self.ok else "DIFFERS FROM"
        lines.append(
            f"The gradient {verdict} finite differences: largest relative error "
            f"{self.max_relative_error:.1e} (tolerance {self.tolerance:.0e})."
        )
        return "\n".join(lines)


def check_gradients(
    network: Network,
    parameters: Sequence[Layer],
    X: Any,
    Y: Any,
    *,
    sample_weight: Any = None,
    gradients: Gradients | Mapping[str, Any] | None = None,
    l2: float = 0.0,
    tolerance: float = TOLERANCE,
    max_entries: int | None = None,
    random_state: int = 0,
) -> GradientReport:
    """Compare a gradient with central finite differences, in float64, every array of it.

        numeric = (Loss(w + step) - Loss(w - step)) / (2 step), extrapolated to step 0

    Args:
        network: the network.
        parameters: where to judge; copied to float64.
        X: batch, shape (n_samples, sizes[0]).
        Y: targets, shape (n_samples, sizes[-1]).
        sample_weight: shape (n_samples,), or None.
        gradients: the gradient to judge: a `Gradients`, or a mapping with any of the keys "dW",
            "db" and "dinput", each a list with one array per layer (None to leave one out). None
            judges `backward`'s own.
        l2: strength of the L2 penalty that the judged gradient includes.
        tolerance: the largest relative error accepted.
        max_entries: compare at most so many entries of each array, drawn at random; None: all.
        random_state: seed of that draw.

    Returns:
        `GradientReport`; print it to see layer, entry, both values and the relative error.

    Raises:
        ShapeError: an array does not fit the network or the batch.
        ParameterError: `gradients` has a key other than dW, db and dinput, or nothing to judge.

    Examples:
        >>> import numpy as np
        >>> network = Network([2, 3, 2], hidden="tanh")
        >>> parameters = network.initialize(random_state=0)
        >>> X, Y = np.array([[1.0, -2.0], [0.5, 3.0]]), np.eye(2)
        >>> check_gradients(network, parameters, X, Y).ok
        True
        >>> gradients = backward(network, parameters, forward(network, parameters, X), Y)
        >>> wrong = {"dW": [2.0 * dW for dW in gradients.dW]}
        >>> report = check_gradients(network, parameters, X, Y, gradients=wrong)
        >>> report.ok, round(report.max_relative_error, 6)
        (False, 0.5)

    Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982.
    """
    X, Y = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight, np.float64)
    parameters = [
        Layer(np.asarray(W, np.float64), np.asarray(b, np.float64)) for W, b in parameters
    ]
    point = _Point(network, parameters, X, Y, sample_weight, l2)
    judged = _judged_arrays(point, gradients)
    generator = np.random.default_rng(random_state)
    checks = []
    for name, layer, value in judged:
        entries = np.arange(value.size)
        if max_entries is not None and value.size > max_entries:
            entries = np.sort(generator.choice(value.size, max_entries, replace=False))
        checks.append(_check_array(point, name, layer, value, entries))
    return GradientReport(tuple(checks), tolerance)


@dataclass(frozen=True)
class _Point:
    """Where the loss is differentiated."""

    network: Network
    parameters: list[Layer]
    X: Array
    Y: Array
    sample_weight: Array | None
    l2: float

    @property
    def factor(self) -> float:
        return float(
            reduction_factor(
                self.network.reduction, len(self.X), self.network.sizes[-1], self.sample_weight
            )
        )

    def passes(self) -> Passes:
        return forward(self.network, self.parameters, self.X)

    def backward(self) -> Gradients:
        gradients = backward(
            self.network, self.parameters, self.passes(), self.Y, sample_weight=self.sample_weight
        )
        penalised = [
            dW + l2_gradient(layer.W, self.l2, self.factor)
            for dW, layer in zip(gradients.dW, self.parameters, strict=True)
        ]
        return gradients._replace(dW=penalised)


def _judged_arrays(
    point: _Point, gradients: Gradients | Mapping[str, Any] | None
) -> list[tuple[str, int, Array]]:
    """The arrays to judge as (name, layer, float64 array), from the input side."""
    if gradients is None:
        gradients = point.backward()
    if not isinstance(gradients, Mapping):
        gradients = {"dW": gradients.dW, "db": gradients.db, "dinput": gradients.dinput}
    unknown = set(gradients) - {"dW", "db", "dinput"}
    if unknown:
        raise ParameterError(
            f"gradients: got the keys {sorted(unknown)}, expected any of dW, db, dinput",
            remedy="Give each as a list with one array per layer, from the input side.",
        )
    sizes, n_samples = point.network.sizes, len(point.X)
    judged = []
    for layer in range(point.network.n_layers):
        shapes = {
            "dW": sizes[layer : layer + 2],
            "db": sizes[layer + 1 : layer + 2],
            "dinput": (n_samples, sizes[layer]),
        }
        for key, shape in shapes.items():
            arrays = gradients.get(key)
            if arrays is None or arrays[layer] is None:
                continue
            value = np.asarray(arrays[layer], np.float64)
            if value.shape != shape:
                raise ShapeError(
                    f"gradients: got {key}[{layer}] of shape {value.shape}, expected {shape}",
                    remedy="A gradient has the shape of the array it is the derivative by.",
                )
            judged.append((f"{key}[{layer}]", layer, value))
    if not judged:
        raise ParameterError(
            "gradients: nothing to judge", remedy="Give at least one of dW, db and dinput."
        )
    return judged


def _check_array(
    point: _Point, name: str, layer: int, value: Array, entries: npt.NDArray[np.int64]
) -> ArrayCheck:
    numeric, resolution = _numeric_derivative(point, name.partition("[")[0], layer, entries)
    judged = value.ravel()[entries]
    size = np.maximum(np.abs(judged), np.abs(numeric))
    # Below resolution / TOLERANCE the differences' own round-off would exceed the tolerance.
    size = np.maximum(size, np.maximum(resolution / TOLERANCE, np.finfo(np.float64).tiny))
    with np.errstate(invalid="ignore"):
        errors = np.abs(judged - numeric) / size
    errors = np.where(np.isfinite(judged) & np.isfinite(numeric), errors, np.inf)
    worst = int(np.argmax(errors))
    return ArrayCheck(
        name=name,
        layer=layer,
        n_entries=value.size,
        n_checked=len(entries),
        max_relative_error=float(errors[worst]),
        entry=tuple(int(i) for i in np.unravel_index(entries[worst], value.shape)),
        value=float(judged[worst]),
        numeric=float(numeric[worst]),
    )


def _numeric_derivative(
    point: _Point, kind: str, layer: int, entries: npt.NDArray[np.int64]
) -> tuple[Array, float]:
    """Extrapolated central differences of the given entries, and what round-off lets them resolve."""
    passes = point.passes()
    scale = _step_scale(point, passes, kind, layer, entries)
    differences = np.stack(
        [_central_differences(point, passes, kind, layer, entries, scale, step) for step in _STEPS]
    )
    estimate, error = differences[0], np.full(len(entries), np.inf)
    table = differences
    for order in range(1, len(_STEPS)):
        # Each column of the tableau cancels the next even power of the step.
        power = 4.0**order
        extrapolated = (power * table[1:] - table[:-1]) / (power - 1.0)
        for row in range(len(extrapolated)):
            spread = np.maximum(
                np.abs(extrapolated[row] - table[row]), np.abs(extrapolated[row] - table[row + 1])
            )
            better = spread < error
            estimate = np.where(better, extrapolated[row], estimate)
            error = np.where(better, spread, error)
        table = extrapolated
    return estimate, _resolution(point, passes, float(np.min(scale)))


def _resolution(point: _Point, passes: Passes, scale: float) -> float:
    """The round-off of a difference quotient at the largest step."""
    terms = OUTPUTS[point.network.output].loss_terms(passes.z[-1], point.Y)
    weights = 1.0 if point.sample_weight is None else point.sample_weight[:, None]
    slopes = np.abs(passes.output - point.Y) * np.abs(passes.z[-1])
    summed = point.factor * float(np.sum(weights * (np.abs(terms) + slopes)))
    return 8.0 * point.network.n_layers * _EPSILON * summed / (scale * _STEPS[0])


def _step_scale(
    point: _Point, passes: Passes, kind: str, layer: int, entries: npt.NDArray[np.int64]
) -> Array:
    """How far a step of 1 may move an entry: less where a large input multiplies it."""
    if kind == "db":
        return np.ones(len(entries))
    if kind == "dW":
        reach = np.max(np.abs(passes.inputs[layer]), axis=0)[
            entries // point.network.sizes[layer + 1]
        ]
    else:
        reach = np.max(np.abs(point.parameters[layer].W), axis=1)[
            entries % point.network.sizes[layer]
        ]
    scale: Array = 1.0 / np.maximum(reach, 1.0)
    return scale


def _central_differences(
    point: _Point,
    passes: Passes,
    kind: str,
    layer: int,
    entries: npt.NDArray[np.int64],
    scale: Array,
    step: float,
) -> Array:
    results = np.empty(len(entries))
    for part in _chunks(point, kind, len(entries)):
        nudges = step * scale[part]
        above = _nudged_terms(point, passes, kind, layer, entries[part], nudges)
        below = _nudged_terms(point, passes, kind, layer, entries[part], -nudges)
        change = np.sum(above[0] - below[0], axis=-1)
        if point.sample_weight is not None:
            change = change * point.sample_weight
        total = np.sum(change, axis=-1) + (above[1] - below[1])
        results[part] = point.factor * total / (2.0 * nudges)
    return results


def _chunks(point: _Point, kind: str, n_entries: int) -> Iterator[slice]:
    """Slices of the entries whose stacked networks fit into memory together."""
    floats = len(point.X) * sum(point.network.sizes)
    if kind == "dW":
        floats += max(W.size for W, _ in point.parameters)
    size = max(1, _STACK_FLOATS // floats)
    for start in range(0, n_entries, size):
        yield slice(start, min(start + size, n_entries))


def _nudged_terms(
    point: _Point,
    passes: Passes,
    kind: str,
    layer: int,
    entries: npt.NDArray[np.int64],
    nudges: Array,
) -> tuple[Array, Array]:
    """Loss terms (entries, samples, outputs) and penalties (entries,), one entry nudged in each.

    The network is rebuilt from the nudged layer up and run by the same `forward`; a nudged dinput
    is a nudged batch for the layers above it.
    """
    network, stack = point.network, np.arange(len(entries))
    upper = Network(
        network.sizes[layer:], network.hidden[layer:], network.output, network.reduction
    )
    parameters, batch = list(point.parameters[layer:]), passes.inputs[layer]
    W, b = parameters[0]
    penalties = np.zeros(len(entries))
    if kind == "dW":
        stacked = np.repeat(W[None], len(entries), axis=0)
        stacked.reshape(len(entries), -1)[stack, entries] += nudges
        # The penalty's own difference, without the rest of the weights it would drown in.
        moved = W.ravel()[entries] + nudges
        penalties = 0.5 * point.l2 * moved * moved
        parameters[0] = Layer(stacked, b)
    elif kind == "db":
        stacked = np.repeat(b[None, None], len(entries), axis=0)
        stacked[stack, 0, entries] += nudges
        parameters[0] = Layer(W, stacked)
    else:
        batch = np.repeat(batch[None], len(entries), axis=0)
        batch.reshape(len(entries), -1)[stack, entries] += nudges
    nudged = forward(upper, parameters, batch, hold=passes.z[layer:])
    return OUTPUTS[network.output].loss_terms(nudged.z[-1], point.Y), penalties
