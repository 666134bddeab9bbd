"""The mistakes people make in a backward pass, one table: `MISTAKES`.

The doctor compares a wrong gradient with what each row would have made of it, the tests plant the
rows, and an exercise answers a wrong answer by them. A mistake that is missing is a row to add, in
the file of the formula that it spoils.
"""

from clearprop.explain.diagnose.mistake import Mistake
from clearprop.explain.diagnose.mistakes import backwards, factors, output, parameters

__all__ = ["MISTAKES"]

MISTAKES: dict[str, Mistake] = {
    row.name: row for row in (*backwards.ROWS, *output.ROWS, *factors.ROWS, *parameters.ROWS)
}
"""Every known mistake by name."""
