"""Numbers that the gradient was multiplied with: 1/N, 1/K, 2, a sign; everywhere or in one array.

A factor on the output's delta goes through everything. With a penalty there are two such mistakes:
the penalty's share of dW may have the factor too, or not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

from clearprop.explain.diagnose.case import Case
from clearprop.explain.diagnose.mistake import Mistake, Step

__all__ = ["ROWS"]


class _Factor(NamedTuple):
    """A number with a meaning.

    Attributes:
        family: its name, whatever it is multiplied onto.
        number: the factor that is too many.
        told: how a formula shows it.
        sentence: what is said of it.
        remedy: what to do about it.
        local: whether it is also known from single arrays.
    """

    family: str
    number: Callable[[Case], float]
    told: str
    sentence: str
    remedy: str
    local: bool = True


_EXTRA = "1/N once too often"

_FACTORS = (
    _Factor(
        "sign",
        lambda case: -1.0,  # noqa: ARG005 - one signature for the table
        "-",
        "the sign is turned round: {array} is y - yhat's, the way uphill",
        "Use yhat - y, and subtract the gradient when updating.",
    ),
    _Factor(
        "1/N missing",
        lambda case: case.total_weight if case.network.reduction != "sum" else 1.0,
        "N ",
        "1/N is missing: {array} is of the sum over the samples, and the loss is their mean",
        "Divide by N, the number of samples, once.",
    ),
    _Factor(
        "1/N doubled",
        lambda case: 1.0 / case.total_weight if case.network.reduction != "sum" else 1.0,
        "1/N ",
        "{array} was divided by N twice",
        "Divide by N, the number of samples, once: in the output's delta, or in dW and db.",
    ),
    _Factor(
        "1/N too many",
        lambda case: 1.0 / case.n_samples if case.network.reduction == "sum" else 1.0,
        "1/N ",
        "{array} was divided by N, and the loss is a sum over the samples",
        "Leave out the division by N, or state the loss as a mean: reduction='mean'.",
    ),
    _Factor(
        "1/K missing",
        lambda case: float(case.n_outputs) if case.network.reduction == "mean_all" else 1.0,
        "K ",
        "1/K is missing: {array} is of a sum over the outputs, and the loss is their mean",
        "Divide by K, the number of outputs, or state the loss so: reduction='mean'.",
        local=False,
    ),
    _Factor(
        "1/K too many",
        lambda case: 1.0 / case.n_outputs if case.network.reduction != "mean_all" else 1.0,
        "1/K ",
        "{array} was divided by K, and the loss is a sum over the outputs",
        "Leave out the division by K, or state the loss so: reduction='mean_all'.",
        local=False,
    ),
    _Factor(
        "1/(K N) missing",
        lambda case: (
            case.n_outputs * case.total_weight if case.network.reduction == "mean_all" else 1.0
        ),
        "K N ",
        "1/(K N) is missing: {array} is of a sum, and the loss is the mean over samples and "
        "outputs",
        "Divide by K N, once, or state the loss so: reduction='sum'.",
        local=False,
    ),
    _Factor(
        "1/(K N) too many",
        lambda case: (
            1.0 / (case.n_outputs * case.n_samples) if case.network.reduction == "sum" else 1.0
        ),
        "1/(K N) ",
        "{array} was divided by K N, and the loss is a sum",
        "Leave out the division, or state the loss so: reduction='mean_all'.",
        local=False,
    ),
    _Factor(
        "factor 2",
        lambda case: 2.0,  # noqa: ARG005 - one signature for the table
        "2 ",
        "{array} is twice what it should be, as from a square without the half before it",
        "Leave out the 2: (yhat - y)^2 / 2 has the derivative yhat - y.",
    ),
    _Factor(
        "factor 1/2",
        lambda case: 0.5,  # noqa: ARG005 - one signature for the table
        "1/2 ",
        "{array} is half of what it should be",
        "Leave out the half: it cancels against the square's 2.",
    ),
)

_RIGHT = {
    "delta": "delta[{l}] = {factor}{residual}",
    "dW": "dW[{l}] = input[{l}]^T @ delta[{l}]{penalty}",
    "db": "db[{l}] = column sums of delta[{l}]",
    "all": "delta[{last}] = {factor}{residual}, dW = input^T @ delta + {l2} W",
}


def _row(factor: _Factor, site: str, name: str, array: str, computed: str) -> Mistake:
    def where(case: Case) -> list[int]:
        if factor.number(case) == 1.0 or (site == "all" and not case.point.l2):
            return []
        n_layers = case.network.n_layers
        return [n_layers - 1] if site == "delta" else list(range(n_layers))

    def change(step: Step) -> object:
        return factor.number(step.case) * step.value

    return Mistake(
        name,
        site,
        where,
        change,
        _RIGHT[site],
        computed.format(told=factor.told),
        factor.sentence.replace("{array}", array),
        factor.remedy,
        scales=True,
        family=_EXTRA if factor.family in ("1/N doubled", "1/N too many") else factor.family,
        constant=site in ("delta", "all"),
    )


def _rows(factor: _Factor) -> list[Mistake]:
    family = factor.family
    rows = [
        _row(
            factor, "delta", family, "the gradient", "delta[{{l}}] = {told}{{factor}}{{residual}}"
        ),
        _row(
            factor,
            "all",
            f"{family}, penalty included",
            "the gradient, its penalty included,",
            "{told}times the whole",
        ),
    ]
    if not factor.local:
        return rows
    in_dW = "dW[{{l}}] = {told}(input[{{l}}]^T @ delta[{{l}}]{{penalty}})"
    rows.append(_row(factor, "dW", f"{family} in dW", "dW[{l}]", in_dW))
    if family not in ("1/N doubled", "1/N too many"):
        in_db = "db[{{l}}] = {told}column sums of delta[{{l}}]"
        rows.append(_row(factor, "db", f"{family} in db", "db[{l}]", in_db))
    return rows


def _layers(case: Case) -> list[int]:
    return list(range(case.network.n_layers))


def _products(case: Case) -> dict[str, float]:
    """Two factors at once, by their names."""
    known = {factor.family: factor.number(case) for factor in _FACTORS}
    known = {name: number for name, number in known.items() if number != 1.0}
    return {
        f"{one} and {other}": known[one] * known[other]
        for one, other in itertools.combinations(known, 2)
    }


ROWS = (
    *(row for factor in _FACTORS for row in _rows(factor)),
    Mistake(
        "bias averaged",
        "db",
        lambda case: _layers(case) if case.n_samples > 1 else [],
        lambda step: step.value / step.case.n_samples,
        _RIGHT["db"],
        "db[{l}] = column means of delta[{l}]",
        "delta[{l}] was averaged over the samples for db[{l}], not summed",
        "Sum: b is added to every row, so its gradient gathers all of them; a 1/N of the loss is "
        "in delta already.",
        scales=True,
        family=_EXTRA,
    ),
    Mistake(
        "another constant factor",
        "all",
        _layers,
        lambda step: step.coefficient * step.value,
        _RIGHT["delta"],
        "{c} times the whole",
        "the gradient is {c} times what it should be",
        "Look for this number, or its inverse, among the factors of your loss.",
        scales=True,
        constant=True,
        coefficient="factor",
        meanings=_products,
    ),
)
