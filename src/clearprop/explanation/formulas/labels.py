"""The names that a derivation gives to nodes and weights, as symbols: h^1_2 of "h1,2".

Records keep names as plain text; whoever shows them writes them as in the formulas beside them.
Names that somebody gave stay as they are, but for those that look like one of these: a column
called "b2" is written as a symbol too. This file knows nothing of how formulas are written.
"""

from __future__ import annotations

import re

from clearprop.explanation.formula.tree import Formula, Symbol

__all__ = ["Name", "named", "named_pair"]

Name = str | Formula

_OWN = re.compile(r"(?P<letter>x|yhat|y|h|z|b)(?:(?P<above>\d+),)?(?P<below>\d+)")
_WEIGHT = re.compile(r"w(\d+,\d+)")


def named(name: str) -> Name:
    """A name of a row or a column: a symbol where it is the derivation's own.

    Examples:
        >>> named("h1,2"), named("petal width")
        (Symbol(name='h', sub='2', sup='1', shape='scalar'), 'petal width')
        >>> named("w1,2").sub
        '1,2'
    """
    weight, own = _WEIGHT.fullmatch(name), _OWN.fullmatch(name)
    if weight is not None:
        return Symbol("w", weight[1])
    return name if own is None else Symbol(own["letter"], own["below"], own["above"] or "")


def named_pair(row: str, column: str) -> tuple[Name, ...]:
    """An entry by the names of its row and column; its column's alone where there is one row.

    Examples:
        >>> named_pair("petal width", "h1,2")
        ('petal width', Symbol(name='h', sub='2', sup='1', shape='scalar'))
    """
    return tuple(named(name) for name in (row, column) if name)
