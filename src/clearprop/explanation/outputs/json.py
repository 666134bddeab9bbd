"""A derivation in JSON: every number in full, every formula in both notations; and read back.

    format          "clearprop-derivation"
    version         1; grows when a reader of the version before could be misled
    title, engine, n_samples, factor, feature_names, output_names, sample_names, left_out
    network         sizes, hidden (one name per hidden layer), output, output_parameters, reduction
    steps           in order, each with
        id, phase, operation, layer, title, sentence, rows, columns, used_by
        shape, values           nested lists, row by row; a number alone for shape []
        not_finite              where values has null: [{"at": [0, 1], "is": "infinity"}]
        operands                [{"step": id, "axes": [0, null]}]; null stands for all indices; with
                                "blocks": [3, 2], widths on the last axis, for all of one block:
                                that of the result's own last index
        check                   null, or numeric (as values; null where none was taken),
                                n_checked, n_unresolved, max_relative_error, tolerance, ok
        formulas                by notation: symbol and formula, each as plain text and as LaTeX
        entries                 by notation: some entries with their numbers put in, each with
                                entry (its index), plain, latex
    update          null, or name, formula, learning_rate, settings, n_updates
    comparisons     id, step, question, answer, asked_at; sides and parts: label, formula, agrees,
                    values, not_finite
    jacobians       step, sample, formula, rows, columns, values, not_finite
    delta_factors   layer, delta_norm, by_W, by_slope, below_norm
    sweep           null, or step, entry, value, epsilons, numeric, relative_errors
    misprints       step, printed, corrected, note, sides

An array's number that JSON lacks is null, and beside it `not_finite` says which of "infinity",
"-infinity" and "not a number" it is. A number on its own is that word.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import ParameterError
from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import (
    Check,
    Comparison,
    Jacobian,
    Misprint,
    Operand,
    Records,
    Side,
    Step,
)
from clearprop.explanation.formula.latex import to_latex
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula
from clearprop.explanation.formulas import NOTATIONS, step_formula, step_symbol
from clearprop.explanation.outputs.equations import entry_formulas

__all__ = ["FORMAT", "VERSION", "read_json", "to_json"]

Array = npt.NDArray[Any]

FORMAT = "clearprop-derivation"
VERSION = 1

_WORDS = {"infinity": math.inf, "-infinity": -math.inf, "not a number": math.nan}


def to_json(records: Records, *, indent: int | None = None) -> str:
    """A derivation in JSON; this file's head says what is where.

    Args:
        records: the derivation.
        indent: spaces for each level; None for one line.

    Returns:
        One JSON object, ASCII only.

    Examples:
        >>> from clearprop.explanation.document import explain
        >>> records = explain("article-a", rows=slice(0, 1), check=False).records
        >>> read_json(to_json(records))["delta[2]"].round(5)
        array([[-0.72947,  0.36983,  0.35963]])
    """
    network = records.network
    left_out = list(records.left_out)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "title": records.title,
        "engine": records.engine,
        "n_samples": records.n_samples,
        "factor": records.factor,
        "network": {
            "sizes": list(network.sizes),
            "hidden": [getattr(own, "name", own) for own in network.hidden],
            "output": network.output,
            "output_parameters": [float(number) for number in network.output_parameters],
            "reduction": network.reduction,
        },
        "feature_names": list(records.feature_names),
        "output_names": list(records.output_names),
        "sample_names": list(records.sample_names),
        "steps": [_step(records, step, left_out) for step in records.steps],
        "update": _update(records),
        "comparisons": [_comparison(each) for each in records.comparisons],
        "jacobians": [_jacobian(each) for each in records.jacobians],
        "delta_factors": [_numbers(vars(each)) for each in records.delta_factors],
        "sweep": _sweep(records),
        "misprints": [_misprint(each) for each in records.misprints],
        "left_out": list(dict.fromkeys(left_out)),
    }
    return json.dumps(document, indent=indent, allow_nan=False)


def _step(records: Records, step: Step, left_out: list[str]) -> dict[str, Any]:
    return {
        "id": step.id,
        "phase": step.phase,
        "operation": step.operation,
        "layer": step.layer,
        "title": step.title,
        "sentence": step.sentence,
        "rows": list(step.rows),
        "columns": list(step.columns),
        "shape": list(step.shape),
        **_array(step.values),
        "operands": [_operand(each) for each in step.operands],
        "used_by": list(step.used_by),
        "check": None if step.check is None else _check(step.check),
        "formulas": {
            notation: {
                "symbol": _formula(step_symbol(records, step.id, notation)),
                "formula": _formula(step_formula(records, step, notation)),
            }
            for notation in NOTATIONS
        },
        "entries": {
            notation: _entries(records, step, notation, left_out) for notation in NOTATIONS
        },
    }


def _operand(operand: Operand) -> dict[str, Any]:
    blocks = {"blocks": list(operand.blocks)} if operand.blocks else {}
    return {"step": operand.step, "axes": list(operand.axes), **blocks}


def _entries(
    records: Records, step: Step, notation: str, left_out: list[str]
) -> list[dict[str, Any]]:
    found = entry_formulas(records, step, notation, Budget(), left_out)
    return [{"entry": list(entry), **_formula(formula)} for entry, formula in found]


def _formula(formula: Formula) -> dict[str, str]:
    return {"plain": to_plain(formula), "latex": to_latex(formula)}


def _array(values: Array) -> dict[str, Any]:
    numbers = np.asarray(values, np.float64)
    lost = [
        {"at": [int(i) for i in place], "is": _word(float(numbers[tuple(place)]))}
        for place in np.argwhere(~np.isfinite(numbers))
    ]
    return {"values": _with_nulls(numbers), "not_finite": lost}


def _with_nulls(numbers: Array) -> Any:
    finite = np.isfinite(numbers)
    if finite.all():
        return numbers.tolist()
    cells = numbers.astype(object)
    cells[~finite] = None
    return cells.tolist()


def _word(number: float) -> str:
    if math.isnan(number):
        return "not a number"
    return "infinity" if number > 0 else "-infinity"


def _number(number: float) -> float | str:
    return number if math.isfinite(number) else _word(number)


def _numbers(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _number(number) for name, number in fields.items()}


def _check(check: Check) -> dict[str, Any]:
    return {
        "numeric": _with_nulls(check.numeric),
        "n_checked": check.n_checked,
        "n_unresolved": check.n_unresolved,
        "max_relative_error": _number(check.max_relative_error),
        "tolerance": check.tolerance,
        "ok": check.ok,
    }


def _update(records: Records) -> dict[str, Any] | None:
    update = records.update
    if update is None:
        return None
    return {
        "name": update.name,
        "formula": update.formula,
        "learning_rate": update.learning_rate,
        "settings": _numbers(update.settings),
        "n_updates": update.n_updates,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "label": side.label,
        "formula": None if side.formula is None else _formula(side.formula),
        "agrees": side.agrees,
        **_array(side.values),
    }


def _comparison(each: Comparison) -> dict[str, Any]:
    return {
        "id": each.id,
        "step": each.step,
        "question": each.question,
        "answer": each.answer,
        "asked_at": each.asked_at,
        "sides": [_side(side) for side in each.sides],
        "parts": [_side(part) for part in each.parts],
    }


def _jacobian(each: Jacobian) -> dict[str, Any]:
    return {
        "step": each.step,
        "sample": each.sample,
        "formula": _formula(each.formula),
        "rows": list(each.rows),
        "columns": list(each.columns),
        **_array(each.values),
    }


def _sweep(records: Records) -> dict[str, Any] | None:
    sweep = records.sweep
    if sweep is None:
        return None
    return {
        "step": sweep.step,
        "entry": list(sweep.entry),
        "value": _number(sweep.value),
        "epsilons": list(sweep.epsilons),
        "numeric": [_number(number) for number in sweep.numeric],
        "relative_errors": [_number(number) for number in sweep.relative_errors],
    }


def _misprint(each: Misprint) -> dict[str, Any]:
    return {
        "step": each.step,
        "printed": each.printed,
        "corrected": each.corrected,
        "note": each.note,
        "sides": [_side(side) for side in each.sides],
    }


def read_json(text: str) -> dict[str, Array]:
    """The numbers of a derivation in JSON.

    Args:
        text: as `to_json` wrote it.

    Returns:
        The values of every step by its id, bit for bit those that were written.

    Raises:
        ParameterError: no JSON of this format, or of a version this one cannot read.
    """
    try:
        document = json.loads(text)
        is_ours = document["format"] == FORMAT
        version = document["version"]
    except (ValueError, KeyError, TypeError):
        is_ours, version = False, None
    if not is_ours:
        raise ParameterError(
            "explanation: expected a derivation in JSON",
            remedy="Write one with `clearprop explain MODEL DATA --output derivation.json`.",
        )
    if version != VERSION:
        raise ParameterError(
            f"explanation: got version {version} of {FORMAT}, expected {VERSION}",
            remedy="Update clearprop, or write the derivation again with this version.",
        )
    return {step["id"]: _read_array(step) for step in document["steps"]}


def _read_array(written: dict[str, Any]) -> Array:
    values = np.array(written["values"], dtype=np.float64).reshape(written["shape"])
    for lost in written["not_finite"]:
        values[tuple(lost["at"])] = _WORDS[lost["is"]]
    return values
