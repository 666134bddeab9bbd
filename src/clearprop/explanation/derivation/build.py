"""From a batch to its records: the one place that puts a derivation together.

This file knows nothing of estimators, model files or outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.engines import Engine
from clearprop.engines.reference import ReferenceEngine
from clearprop.explanation.derivation.batch import Batch, Update
from clearprop.explanation.derivation.checks import Checker, sweep
from clearprop.explanation.derivation.comparisons import comparisons
from clearprop.explanation.derivation.jacobians import all_jacobians
from clearprop.explanation.derivation.numbers import Numbers, engine_numbers, reference_numbers
from clearprop.explanation.derivation.records import (
    DeltaFactor,
    Jacobian,
    Misprint,
    Records,
    UpdateRule,
)
from clearprop.explanation.derivation.steps import Names, add_checks, derivation_steps
from clearprop.optimizers import Clipped

__all__ = ["build_records"]

Array = npt.NDArray[Any]

MOST_JACOBIAN_NUMBERS = 4096
MOST_JACOBIAN_SAMPLES = 8


def build_records(
    batch: Batch,
    *,
    update: Update | None = None,
    jacobians: bool = False,
    check: bool = True,
    max_check_entries: int = 200,
    engine: Engine | None = None,
    inputs_first: bool = True,
    title: str = "",
    feature_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
    sample_names: Sequence[str] = (),
    misprints: Sequence[Misprint] = (),
    left_out: Sequence[str] = (),
) -> Records:
    """Derive the loss of a batch, forward, backward and through an update.

    Args:
        batch: what is derived.
        update: how parameters are updated afterwards; None for no update.
        jacobians: whether every Jacobian is given in full.
        check: whether finite differences stand beside the derivatives.
        max_check_entries: entries of each array that are checked, at most.
        engine: whose numbers are shown; None for the reference's, `forward` and `backward`.
        inputs_first: whether dinput comes before dW and db, as in article A, or after, as in B.
        title: what is derived.
        feature_names: of the inputs.
        output_names: of the outputs.
        sample_names: of the rows.
        misprints: of an article's own network.
        left_out: what the caller has left out, in sentences.
    """
    network = batch.network
    numbers = (
        reference_numbers(batch, update)
        if engine is None
        else engine_numbers(engine, batch, update)
    )
    names = Names(network.sizes, batch.n_samples, feature_names, output_names, sample_names)
    steps = derivation_steps(batch, numbers, names, inputs_first=inputs_first)
    checker = Checker(batch, max_check_entries)
    steepest = None
    if check:
        steps = add_checks(steps, checker, batch.l2)
        steepest = sweep(checker.point(), np.asarray(numbers.gradients.dW[0], np.float64))
    answers = comparisons(batch, numbers, update, checker, steepest, names.samples)
    order = {step.id: number for number, step in enumerate(steps)}
    answers.sort(key=lambda answer: order[answer.step])
    missing = list(left_out)
    full: tuple[Jacobian, ...] = ()
    if jacobians:
        n_samples = min(batch.n_samples, MOST_JACOBIAN_SAMPLES)
        full = tuple(
            all_jacobians(
                batch, numbers, names, samples=n_samples, max_numbers=MOST_JACOBIAN_NUMBERS
            )
        )
        if n_samples < batch.n_samples:
            missing.append(
                f"Jacobians of the samples after the first {n_samples} (of {batch.n_samples})."
            )
        # The Jacobian by a layer's weights is its largest.
        largest = max(sends * receives**2 for sends, receives in pairwise(network.sizes))
        if largest > MOST_JACOBIAN_NUMBERS:
            missing.append(f"Jacobians of more than {MOST_JACOBIAN_NUMBERS} numbers.")
    return Records(
        title=title or f"Backpropagation through {'-'.join(map(str, network.sizes))}",
        network=network,
        n_samples=batch.n_samples,
        factor=batch.factor,
        steps=tuple(steps),
        engine="reference" if isinstance(engine, ReferenceEngine | None) else "fused",
        update=None if update is None else _rule(update),
        comparisons=tuple(answers),
        jacobians=full,
        delta_factors=tuple(_delta_factors(numbers)),
        sweep=steepest,
        misprints=tuple(misprints),
        feature_names=tuple(feature_names),
        output_names=tuple(output_names),
        sample_names=names.samples,
        left_out=tuple(missing),
        l2=batch.l2,
    )


def _rule(update: Update) -> UpdateRule:
    optimizer: Any = update.optimizer
    before, after = "", ""
    settings: dict[str, float] = {}
    if isinstance(optimizer, Clipped):
        settings["max_norm"] = float(optimizer.max_norm)
        before, after = "Clipped ", ", dw shortened to max_norm"
        optimizer = optimizer.optimizer
    if is_dataclass(optimizer):
        settings |= {
            field.name: float(getattr(optimizer, field.name)) for field in fields(optimizer)
        }
    return UpdateRule(
        name=before + type(optimizer).__name__,
        formula=getattr(optimizer, "formula", "") + after,
        learning_rate=float(update.learning_rate),
        settings=settings,
        n_updates=0 if update.state is None else update.state.n_updates,
    )


def _delta_factors(numbers: Numbers) -> list[DeltaFactor]:
    gradients = numbers.gradients
    norms = [float(np.linalg.norm(delta)) for delta in gradients.delta]
    factors = []
    for layer in range(len(norms) - 1, 0, -1):
        handed = float(np.linalg.norm(gradients.dinput[layer]))
        factors.append(
            DeltaFactor(
                layer=layer,
                delta_norm=norms[layer],
                by_W=handed / norms[layer] if norms[layer] else 0.0,
                by_slope=norms[layer - 1] / handed if handed else 0.0,
                below_norm=norms[layer - 1],
            )
        )
    return factors
