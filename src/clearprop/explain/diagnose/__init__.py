"""The doctor of wrong gradients: which mistake explains it, where, and what to do.

    mistakes/       the table `MISTAKES`, a row per mistake (mistake.py): one formula put wrong
    case.py         a network on a batch, and what is right there
    planting.py     a backward pass with mistakes of the table in it
    given.py        from what somebody gave to arrays of a kind and a layer; names.py reads names
    reading.py      from there to this project's layout; forms.py knows the others; files.py reads
    noise.py        how far off a right gradient may be: rounding, of arithmetic and of print
    search.py       which rows explain the arrays: each alone, and each two together; slots.py
                    makes vectors of the arrays
    separation.py   rows that tell two explanations apart
    diagnosis.py    the findings as records, and how they read
    doctor.py       `diagnose`, which goes through all of this

The right gradient is `backward`'s. Exercises use the same table: `exercise.py`.
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
