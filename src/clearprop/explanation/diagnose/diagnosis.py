"""What the doctor found, as records, and how they read."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict, dataclass
from typing import Any, Literal

from clearprop.explanation.diagnose.separation import Suggestion
from clearprop.gradcheck import GradientReport

__all__ = ["VERDICTS", "ArrayFit", "Diagnosis", "Finding", "Verdict"]

Verdict = Literal["right", "constant factor", "mistake", "two mistakes", "cannot tell", "none"]

VERDICTS: dict[Verdict, str] = {
    "right": "The gradient is right.",
    "constant factor": "The gradient is right but for a constant factor.",
    "mistake": "One mistake explains the gradient.",
    "two mistakes": "Two mistakes together explain the gradient.",
    "cannot tell": "Several explanations fit equally well on this batch.",
    "none": "The gradient is wrong, and none of the known mistakes explains it.",
}
"""Every verdict, with what it means."""

_WIDTH = 96
_RIGHT = 1e-5  # relative error up to which an array is called right where others are wrong


@dataclass(frozen=True)
class Finding:
    """One mistake, and where it was made.

    Attributes:
        mistake: its name in `MISTAKES`.
        layer: where it begins, seen from the output; layers are counted from 0 at the input side.
        layers: every layer where it was made.
        relative_error_before: of the gradient as given, in its worst array: |given - right| /
            max(|given|, |right|), Euclidean norms; of two mistakes, with the other one known.
        relative_error_after: the same with the mistake undone.
        right: the formula as it should be.
        computed: the formula that fits what was given.
        step: the step of the derivation whose formula it is, as in "delta[1]".
        sentence: what happened.
        remedy: what to do.
        coefficient: the number in the formula, such as the learning rate; None where it has none.
        coefficient_name: what that number is.
        meaning: what its value says; "" for nothing.
    """

    mistake: str
    layer: int
    layers: tuple[int, ...]
    relative_error_before: float
    relative_error_after: float
    right: str
    computed: str
    step: str
    sentence: str
    remedy: str
    coefficient: float | None = None
    coefficient_name: str = ""
    meaning: str = ""

    def __str__(self) -> str:
        lines = [
            *_wrapped(f"{self.mistake}, step {self.step}: ", self.sentence),
            f"    should be  {self.right}",
            f"    was        {self.computed}",
            f"    relative error {self.relative_error_before:.1e} as given, "
            f"{self.relative_error_after:.1e} with this undone",
            *_wrapped("    remedy     ", self.remedy),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class ArrayFit:
    """One given array beside the right one, and beside what the findings make of it.

    Attributes:
        name: as in "dW[1]".
        before: relative error to the right array.
        after: relative error to what a pass with the found mistakes gives.
    """

    name: str
    before: float
    after: float


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a gradient, if anything.

    Attributes:
        verdict: "right", "constant factor", "mistake", "two mistakes", "cannot tell" or "none".
        findings: the mistakes of the likeliest explanation; for "none" the nearest one, if it
            explains anything.
        alternatives: other explanations that fit as well, each with its findings; one without
            findings says that the gradient may be right.
        arrays: every given array, with its relative errors.
        precision: how closely the numbers could be judged, as in "float32" or "4 decimals".
        taken: what was taken as what, a line each.
        notes: what else there is to know.
        suggestion: for "cannot tell", what tells the explanations apart.
        standing: `backward`'s own gradient on this batch beside finite differences; None where not
            asked for.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    alternatives: tuple[tuple[Finding, ...], ...]
    arrays: tuple[ArrayFit, ...]
    precision: str
    taken: tuple[str, ...]
    notes: tuple[str, ...]
    suggestion: Suggestion | None
    standing: GradientReport | None

    @property
    def ok(self) -> bool:
        """Whether the gradient is right."""
        return self.verdict == "right"

    def to_dict(self) -> dict[str, Any]:
        """The same as dicts, lists, text and numbers, for JSON; infinities and NaN as None.

        Returns:
            The attributes by name; `standing` as whether it agrees, and its largest error.
        """
        record = asdict(self)
        record["meaning"] = VERDICTS[self.verdict]
        if self.suggestion is not None:
            for name in ("X", "Y"):
                rows = getattr(self.suggestion, name)
                record["suggestion"][name] = None if rows is None else rows.tolist()
        if self.standing is not None:
            record["standing"] = {
                "agrees": self.standing.ok,
                "max_relative_error": self.standing.max_relative_error,
                "entries_checked": sum(check.n_checked for check in self.standing.arrays),
            }
        plain = _plain(record)
        assert isinstance(plain, dict)
        return plain

    def __str__(self) -> str:
        lines = [f"  {line}" for line in self.taken]
        if lines:
            lines = ["Taken:", *lines, ""]
        lines.append(VERDICTS[self.verdict])
        if self.verdict == "cannot tell":
            lines += self._choices()
        elif self.verdict == "none":
            lines += self._where()
            lines += self._nearest()
        else:
            lines += _numbered(self.findings)
        lines += [line for note in self.notes for line in _wrapped("note: ", note)]
        if self.suggestion is not None:
            lines += ["", str(self.suggestion)]
        lines += ["", *self._table()]
        if self.standing is not None:
            agrees = "agrees with" if self.standing.ok else "DIFFERS FROM"
            lines.append(
                f"Judged by backward, which {agrees} finite differences here: largest relative "
                f"error {self.standing.max_relative_error:.1e}."
            )
        return "\n".join(lines)

    def _choices(self) -> list[str]:
        lines = []
        for number, findings in enumerate((self.findings, *self.alternatives)):
            lines += ["", f"{'either' if number == 0 else 'or'}:"]
            lines += _numbered(findings) if findings else ["  the gradient is right"]
        return lines

    def _where(self) -> list[str]:
        """Which arrays are right, where not all are wrong: the mistake lies between them."""
        right = [fit.name for fit in self.arrays if fit.before <= _RIGHT]
        wrong = [fit.name for fit in self.arrays if fit.name not in right]
        if not right or not wrong:
            return []
        return _wrapped(
            "",
            f"Right: {', '.join(right)}. Wrong: {', '.join(wrong)}. The mistake lies between the "
            "two, where what is right is used to compute what is wrong.",
        )

    def _nearest(self) -> list[str]:
        if not self.findings:
            return []
        return ["The nearest one leaves much unexplained:", *_numbered(self.findings)]

    def _table(self) -> list[str]:
        lines = [f"{'array':<10} {'relative error':>15} {'after undoing':>15}"]
        lines += [f"{fit.name:<10} {fit.before:>15.1e} {fit.after:>15.1e}" for fit in self.arrays]
        lines.append(f"Numbers judged as {self.precision}.")
        return lines


def _numbered(findings: tuple[Finding, ...]) -> list[str]:
    lines = []
    for finding in findings:
        lines += textwrap.indent(str(finding), "  ").splitlines()
    return lines


def _wrapped(begin: str, text: str) -> list[str]:
    return textwrap.wrap(
        begin + text, _WIDTH, subsequent_indent=" " * (len(begin) if begin[:1] == " " else 4),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
