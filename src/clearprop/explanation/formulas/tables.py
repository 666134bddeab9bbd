"""The tables' plain-text formulas with a step's own symbols or numbers put in.

This file knows nothing of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from clearprop.explanation.formula.parse import parse_or_words
from clearprop.explanation.formula.substitute import substitute
from clearprop.explanation.formula.tree import Formula, Infix, Negative, Sum, Symbol

__all__ = ["of_one_output", "with_definitions", "written"]

_parsed = cache(parse_or_words)


def written(formula: str, replacements: Mapping[str, Formula]) -> Formula:
    """A formula of a table, with other formulas in place of its symbols."""
    return substitute(_parsed(formula), replacements)


def with_definitions(formula: str, replacements: Mapping[str, Formula]) -> Formula:
    """The same, with what a comma defines put where it is used: for numbers."""
    parsed = _parsed(formula)
    if isinstance(parsed, Infix) and parsed.operator == ",":
        main, *definitions = parsed.operands
        defined: dict[str, Formula] = {}
        for definition in definitions:
            if isinstance(definition, Infix) and isinstance(definition.operands[0], Symbol):
                defined[definition.operands[0].name] = definition.operands[1]
        parsed = substitute(main, defined)
    return substitute(parsed, replacements)


def of_one_output(formula: Formula) -> Formula:
    """What is summed over the outputs, of a sum over them.

    Examples:
        >>> of_one_output(Negative(Sum("k", Symbol("y", "k"))))
        Negative(operand=Symbol(name='y', sub='k', sup='', shape='scalar'))
    """
    if isinstance(formula, Negative):
        return Negative(of_one_output(formula.operand))
    if isinstance(formula, Infix) and formula.operator == ",":
        return Infix(",", (of_one_output(formula.operands[0]), *formula.operands[1:]))
    return formula.body if isinstance(formula, Sum) else formula
