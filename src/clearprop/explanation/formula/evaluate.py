"""The value of a formula: what it says, calculated.

Nothing the project shows is computed here. It is the judge of what is printed: a formula evaluated
beside the function that it describes.
"""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from clearprop.errors import ParameterError
from clearprop.explanation.formula.names import full_name
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.substitute import walk
from clearprop.explanation.formula.tree import (
    Bars,
    Call,
    Cases,
    Formula,
    Fraction,
    Infix,
    Negative,
    Number,
    Power,
    Sum,
    Symbol,
)

__all__ = ["FUNCTIONS", "evaluate", "evaluate_equations"]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "sign": np.sign,
    "max": np.maximum,
    "min": np.minimum,
    "Phi": special.ndtr,
    "phi": lambda z: np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi),
}
"""The functions that the tables' formulas name: phi and Phi are the normal distribution's."""

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "o": np.multiply,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "=": np.equal,
}


def evaluate(
    formula: Formula,
    values: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Any:
    """The value of a formula.

    Args:
        formula: it. After a comma, equations define symbols in it: "s + h, s = exp(z)".
        values: numbers or arrays by name. "y_k" is looked up as "y_k" first; then as entry k,
            on the last axis, of "y", where k is the index of a sum or among the values, counted
            from 0.
        functions: beside those of `FUNCTIONS`, such as "sin'".

    Returns:
        The value, of the shape that NumPy's broadcasting gives it.

    Raises:
        ParameterError: a symbol or function without a value, or something that has none.

    Examples:
        >>> from clearprop.explanation.formula.parse import parse
        >>> float(evaluate(parse("sum_k (yhat_k - y_k)^2 / 2"), {"yhat": [1.0, 3.0], "y": [0.0, 1.0]}))
        2.5
    """  # noqa: E501 - one call
    known = {**FUNCTIONS, **(functions or {})}
    given = {
        name: np.asarray(value) if not isinstance(value, int) else value
        for name, value in values.items()
    }
    return _value(formula, ChainMap({}, given), known)


def evaluate_equations(formula: Formula, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of equations, one after another: "m = beta m + dw, w_new = w - alpha m".

    Args:
        formula: equations with a symbol on the left, with commas between them. On the right, a
            symbol that is set in the same equation means its value from before.
        values: numbers or arrays by name.

    Returns:
        What each symbol on the left became, by its name.

    Raises:
        ParameterError: as in `evaluate`, or a part that is no such equation.

    Examples:
        >>> from clearprop.explanation.formula.parse import parse
        >>> update = parse("v = 0.5 v + dw, w_new = w - alpha v")
        >>> found = evaluate_equations(update, {"v": 2.0, "dw": 3.0, "w": 1.0, "alpha": 0.1})
        >>> {name: float(value) for name, value in found.items()}
        {'v': 4.0, 'w_new': 0.6}
    """
    is_list = isinstance(formula, Infix) and formula.operator == ","
    found: dict[str, Any] = {}
    for equation in formula.operands if is_list else (formula,):  # type: ignore[union-attr]  # is_list says so
        name, right = _equation(equation)
        found[name] = evaluate(right, {**values, **found})
    return found


def _equation(formula: Formula) -> tuple[str, Formula]:
    match formula:
        case Infix("=", (Symbol() as left, right)):
            return full_name(left), right
        case _:
            raise ParameterError(
                f"formula: got {to_plain(formula)!r}, expected an equation",
                remedy="Write it as in 'w_new = w - alpha dw'.",
            )


class _Definition:
    """A symbol's formula; its value may depend on an index of the sum around it."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula


Values = ChainMap[str, Any]
Functions = Mapping[str, Callable[..., Any]]


def _value(formula: Formula, values: Values, functions: Functions) -> Any:
    def of(part: Formula) -> Any:
        return _value(part, values, functions)

    match formula:
        case Symbol():
            return _of_symbol(formula, values, functions)
        case Number():
            return np.float64(formula.value)
        case Infix(",", (first, *rest)):
            defined = {name: _Definition(right) for name, right in map(_equation, rest)}
            return _value(first, values.new_child(defined), functions)
        case Infix(operator, operands) if operator in _ARITHMETIC:
            result = of(operands[0])
            for operand in operands[1:]:
                result = _ARITHMETIC[operator](result, of(operand))
            return result
        case Negative():
            return -of(formula.operand)
        case Bars():
            return np.abs(of(formula.operand))
        case Fraction():
            return of(formula.top) / of(formula.bottom)
        case Power():
            return of(formula.base) ** of(formula.exponent)
        case Call(function, arguments) if function in functions:
            return functions[function](*map(of, arguments))
        case Sum():
            return sum(
                _value(formula.body, values.new_child({formula.index: k}), functions)
                for k in _range(formula, values)
            )
        case Cases():
            return np.where(of(formula.condition), of(formula.value), of(formula.otherwise))
        case _:
            raise _unknown(formula)


def _unknown(formula: Formula) -> ParameterError:
    return ParameterError(
        f"formula: {to_plain(formula)!r} has no value",
        remedy="Give a value for each of its symbols, and each function that it names.",
    )


def _of_symbol(symbol: Symbol, values: Values, functions: Functions) -> Any:
    name = full_name(symbol)
    if name in values:
        found = values[name]
        if isinstance(found, _Definition):
            return _value(found.formula, values, functions)
        return np.float64(found) if isinstance(found, int) else found
    if symbol.name in values and isinstance(values.get(symbol.sub), int):
        return values[symbol.name][..., values[symbol.sub]]
    raise _unknown(symbol)


def _range(formula: Sum, values: Values) -> range:
    """The values of a sum's index: as many as there are entries of what has that index."""
    if formula.first and formula.last:
        # Written from 1 as in the articles, counted from 0 as in arrays.
        return range(int(formula.first) - 1, int(formula.last))
    bodies = [formula.body]
    bodies += [value.formula for value in values.values() if isinstance(value, _Definition)]
    for body in bodies:
        for node in walk(body):
            is_indexed = isinstance(node, Symbol) and node.sub == formula.index
            if is_indexed and node.name in values:  # type: ignore[union-attr]  # is_indexed says so
                return range(values[node.name].shape[-1])  # type: ignore[union-attr]  # the same
    raise _unknown(formula)
