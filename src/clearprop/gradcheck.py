"""Judge a gradient, entry by entry: `backward` against finite differences of the loss.

Any gradient can be judged, not only this project's: pass your own as `gradients`. The project's
tests use this same checker, at its default tolerance.

The differences are taken in `finite_differences`; this file compares and reports. It knows nothing
of training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients, backward
from clearprop.errors import ParameterError, ShapeError
from clearprop.finite_differences import LossPoint, loss_point, numeric_derivative
from clearprop.network import Layer, Network
from clearprop.penalties import l2_gradient

__all__ = ["ArrayCheck", "EntryChecks", "GradientReport", "check_gradients", "compare_entries"]

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-6


@dataclass(frozen=True)
class ArrayCheck:
    """The verdict on one array of the gradient.

    Attributes:
        name: "dW[0]", "db[2]", "dinput[0]" (dx) or "delta[1]".
        layer: index of the layer, from the input side.
        n_entries: number of entries in the array.
        n_checked: number of entries compared.
        n_unresolved: number of compared entries too small for finite differences to resolve to the
            tolerance: the loss's round-off hides them.
        max_relative_error: largest of the compared entries' errors, |gradient - numeric| divided by
            the larger of the two; an unresolved entry's is divided by the smallest size that can be
            resolved.
        entry: index of the entry with the largest error.
        value: the judged gradient there.
        numeric: the finite difference there.
    """

    name: str
    layer: int
    n_entries: int
    n_checked: int
    n_unresolved: int
    max_relative_error: float
    entry: tuple[int, ...]
    value: float
    numeric: float


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found, array by array.

    Attributes:
        arrays: one `ArrayCheck` for each array that was judged, from the input side.
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
        n_unresolved = sum(check.n_unresolved for check in self.arrays)
        if n_unresolved:
            lines.append(
                f"{n_unresolved} entries are too small for finite differences to resolve to the "
                "tolerance; they were compared as closely as round-off allows."
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
    dropout: Sequence[Any] | None = None,
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
            "db", "dinput" and "delta", each a list with one array per layer (None to leave one
            out). None judges `backward`'s own dW, db and dinput.
        l2: strength of the L2 penalty that the judged gradient includes.
        dropout: as in `forward`; the same units are left out in every pass.
        tolerance: the largest relative error accepted. A gradient computed in float32 is off by
            about 1e-7 of the sums its entries are made of: judge it at 1e-3.
        max_entries: compare at most so many entries of each array, drawn at random; None: all.
        random_state: seed of that draw.

    Returns:
        `GradientReport`; print it to see layer, entry, both values and the relative error.

    Raises:
        ShapeError: an array does not fit the network or the batch.
        ParameterError: `gradients` has a key other than these four, or nothing to judge;
            `tolerance` or `max_entries` is not positive.

    Examples:
        >>> import numpy as np
        >>> network = Network([2, 3, 2], hidden="tanh")
        >>> parameters = network.initialize(random_state=0)
        >>> X, Y = np.array([[1.0, -2.0], [0.5, 3.0]]), np.eye(2)
        >>> check_gradients(network, parameters, X, Y).ok
        True
        >>> from clearprop import backward, forward
        >>> gradients = backward(network, parameters, forward(network, parameters, X), Y)
        >>> wrong = {"dW": [2.0 * dW for dW in gradients.dW]}
        >>> report = check_gradients(network, parameters, X, Y, gradients=wrong)
        >>> report.ok, round(report.max_relative_error, 6)
        (False, 0.5)

    Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982.
    """
    for setting, number in {"tolerance": tolerance, "max_entries": max_entries}.items():
        if number is not None and not number > 0:
            raise ParameterError(
                f"{setting}: got {number!r}, expected a positive number",
                remedy=f"Leave {setting!r} out for its default, or give a positive number.",
            )
    point = loss_point(network, parameters, X, Y, sample_weight, l2, dropout)
    if len(point.Y) == 0:
        raise ShapeError(
            "X: got no rows, expected at least one sample", remedy="Give a batch of one or more."
        )
    judged = _judged_arrays(point, gradients)
    generator = np.random.default_rng(random_state)
    checks = []
    for kind, layer, value in judged:
        entries = np.arange(value.size)
        if max_entries is not None and value.size > max_entries:
            entries = np.sort(generator.choice(value.size, max_entries, replace=False))
        checks.append(_check_array(point, kind, layer, value, entries, tolerance))
    return GradientReport(tuple(checks), tolerance)


def _own_gradients(point: LossPoint) -> Gradients:
    gradients = backward(
        point.network,
        point.parameters,
        point.passes,
        point.Y,
        sample_weight=point.sample_weight,
    )
    penalised = [
        dW + l2_gradient(layer.W, point.l2, point.factor)
        for dW, layer in zip(gradients.dW, point.parameters, strict=True)
    ]
    return gradients._replace(dW=penalised)


def _judged_arrays(
    point: LossPoint, gradients: Gradients | Mapping[str, Any] | None
) -> list[tuple[str, int, Array]]:
    """The arrays to judge as (kind, layer, float64 array), from the input side."""
    if gradients is None:
        gradients = _own_gradients(point)
    if not isinstance(gradients, Mapping):
        gradients = {"dW": gradients.dW, "db": gradients.db, "dinput": gradients.dinput}
    unknown = set(gradients) - {"dW", "db", "dinput", "delta"}
    if unknown:
        raise ParameterError(
            f"gradients: got the keys {sorted(unknown)}, expected any of dW, db, dinput, delta",
            remedy="Give each as a list with one array per layer, from the input side.",
        )
    sizes, n_layers = point.network.sizes, point.network.n_layers
    for kind, arrays in gradients.items():
        if arrays is not None and len(arrays) != n_layers:
            raise ShapeError(
                f"gradients: got {len(arrays)} arrays in {kind!r}, the network has {n_layers} "
                "layers",
                remedy="Give one array per layer, from the input side; None leaves a layer out.",
            )
    judged = []
    for layer in range(n_layers):
        shapes = {
            "dW": sizes[layer : layer + 2],
            "db": sizes[layer + 1 : layer + 2],
            "dinput": (len(point.Y), sizes[layer]),
            "delta": (len(point.Y), sizes[layer + 1]),
        }
        for kind, shape in shapes.items():
            arrays = gradients.get(kind)
            if arrays is None or arrays[layer] is None:
                continue
            value = np.asarray(arrays[layer], np.float64)
            if value.shape != shape:
                raise ShapeError(
                    f"gradients: got {kind}[{layer}] of shape {value.shape}, expected {shape}",
                    remedy="A gradient has the shape of the array it is the derivative by.",
                )
            judged.append((kind, layer, value))
    if not judged:
        raise ParameterError(
            "gradients: nothing to judge", remedy="Give at least one of dW, db, dinput and delta."
        )
    return judged


@dataclass(frozen=True)
class EntryChecks:
    """Some entries of one array beside their finite differences.

    Attributes:
        numeric: the finite differences, shape (n_entries,).
        errors: relative errors, as `ArrayCheck` has them; infinite where a number is not finite.
        n_unresolved: number of entries too small to be resolved.
    """

    numeric: Array
    errors: Array
    n_unresolved: int


def compare_entries(
    point: LossPoint,
    kind: str,
    layer: int,
    value: Array,
    entries: npt.NDArray[np.int64],
    tolerance: float,
    epsilon: float = 0.0,
) -> EntryChecks:
    """Take the finite differences of some entries of one array, and compare.

    Args:
        point: where.
        kind: "dW", "db", "dinput" or "delta".
        layer: index of the layer, from the input side.
        value: the whole judged array.
        entries: flat indices into it.
        tolerance: the largest relative error that will be accepted.
        epsilon: the last bit of the judged numbers, where they were computed in less than float64.
    """
    numeric, round_off = numeric_derivative(point, kind, layer, entries)
    judged = value.ravel()[entries]
    size = np.maximum(np.abs(judged), np.abs(numeric))
    if epsilon:
        # Some hundred additions' round-off, relative to the sums that an entry is made of.
        own = 32.0 * epsilon * point.magnitudes[kind][layer].ravel()[entries]
        round_off = np.maximum(round_off, own)
    # Below this the differences' own round-off would exceed the tolerance.
    resolved = np.maximum(round_off / tolerance, np.finfo(np.float64).tiny)
    finite = np.isfinite(judged) & np.isfinite(numeric) & np.isfinite(resolved)
    with np.errstate(invalid="ignore", over="ignore"):
        errors = np.abs(judged - numeric) / np.maximum(size, resolved)
    errors = np.where(finite, errors, np.inf)
    return EntryChecks(numeric, errors, int(np.sum((size > 0) & (size < resolved))))


def _check_array(
    point: LossPoint,
    kind: str,
    layer: int,
    value: Array,
    entries: npt.NDArray[np.int64],
    tolerance: float,
) -> ArrayCheck:
    compared = compare_entries(point, kind, layer, value, entries, tolerance)
    worst = int(np.argmax(compared.errors))
    return ArrayCheck(
        name=f"{kind}[{layer}]",
        layer=layer,
        n_entries=value.size,
        n_checked=len(entries),
        n_unresolved=compared.n_unresolved,
        max_relative_error=float(compared.errors[worst]),
        entry=tuple(int(i) for i in np.unravel_index(entries[worst], value.shape)),
        value=float(value.ravel()[entries[worst]]),
        numeric=float(compared.numeric[worst]),
    )
