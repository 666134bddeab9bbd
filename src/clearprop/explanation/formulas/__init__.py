"""The formulas of a derivation's steps, in either article's notation, and with numbers put in.

    step_symbol      what a step is called                 delta^1
    step_formula     how it is computed, with symbols      delta^1 = yhat - y
    entry_equation   one entry, with symbols and numbers   delta^1_{1,2} = yhat_{1,2} - y_{1,2} = …
    named            a row's or a column's name             h^1_2
    weight_chain     one weight's whole chain, per sample  dCost/dout · dout/dnet · dnet/dw

`notation` is "matrix", article A's rows and matrices, or "weights", article B's node numbers.
Formulas of activations, outputs and losses come from their tables. This folder knows nothing of how
formulas are written.
"""

from clearprop.explanation.formulas.chain import Chain, Link, weight_chain
from clearprop.explanation.formulas.entries import Equation, entry_equation
from clearprop.explanation.formulas.labels import Name, named, named_pair
from clearprop.explanation.formulas.notation import (
    NOTATIONS,
    entry_symbol,
    step_labels,
    step_symbol,
)
from clearprop.explanation.formulas.steps import step_formula

__all__ = [
    "NOTATIONS",
    "Chain",
    "Equation",
    "Link",
    "Name",
    "entry_equation",
    "entry_symbol",
    "named",
    "named_pair",
    "step_formula",
    "step_labels",
    "step_symbol",
    "weight_chain",
]
