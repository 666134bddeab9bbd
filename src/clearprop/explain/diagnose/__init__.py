"""The doctor of wrong gradients: which mistake explains it, where, and what to do.

    mistakes/       the table `MISTAKES`, a row per mistake: one formula put wrong
    planting.py     a backward pass with mistakes of the table in it
    reading.py      from what somebody gave, of any layout, to arrays of this project's
    noise.py        how far off a right gradient may be: rounding, of arithmetic and of print
    search.py       which rows explain the arrays: each alone, and each two together
    separation.py   rows that tell two explanations apart
    diagnosis.py    the findings as records, and how they read
    doctor.py       `diagnose`, which goes through all of this

The right gradient is `backward`'s. Exercises use the same table: `mistaken_gradients`.
"""

from clearprop.explain.diagnose.diagnosis import VERDICTS, ArrayFit, Diagnosis, Finding, Verdict
from clearprop.explain.diagnose.doctor import diagnose
from clearprop.explain.diagnose.exercise import mistaken_gradients, possible_mistakes
from clearprop.explain.diagnose.mistake import Mistake
from clearprop.explain.diagnose.mistakes import MISTAKES
from clearprop.explain.diagnose.separation import Suggestion

__all__ = [
    "MISTAKES",
    "VERDICTS",
    "ArrayFit",
    "Diagnosis",
    "Finding",
    "Mistake",
    "Suggestion",
    "Verdict",
    "diagnose",
    "mistaken_gradients",
    "possible_mistakes",
]
