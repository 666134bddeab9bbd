"""Learning curves: drawn in the terminal with plotext, as SVG or PNG with matplotlib.

Knows nothing of training: it takes the curves of a model's record.
"""

from __future__ import annotations

import importlib.util
import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearprop.atomic_write import replace_file
from clearprop.errors import ParameterError

__all__ = ["Curves", "curves_in_text", "plot_curves", "require_plotting"]

SUFFIXES = (".svg", ".png")
MIN_WIDTH, MAX_WIDTH, HEIGHT = 40, 90, 12
LOGARITHMIC_FROM = 20  # times that the largest value exceeds the least
TRAINING, VALIDATION = "⠒", "•"

Points = Sequence[float | None]


@dataclass(frozen=True)
class Curves:
    """The curves of one training run.

    Attributes:
        loss: training loss of each epoch.
        validation: score after each epoch; its loss, if it is one; empty without validation.
        validation_loss: loss of the validation part after each epoch; empty without validation.
        metric: what the score is: "loss", or a scorer's name.
        unit: a word on the loss, such as "of the standardised target".
    """

    loss: Points
    validation: Points
    validation_loss: Points
    metric: str
    unit: str

    @classmethod
    def of(cls, record: dict[str, Any], *, is_classifier: bool) -> Curves:
        """From a model's record."""
        curves = record["curves"]
        validation, metric = curves["validation"], curves["validation_metric"]
        if metric == "negative loss":
            validation = [None if score is None else -score for score in validation]
            metric = "loss"
        # Models of before it was recorded have it where it was the score.
        its_loss = curves.get("validation_loss", validation if metric == "loss" else [])
        unit = "cross-entropy" if is_classifier else "half the squared error, target standardised"
        if record["settings"].get("loss") == "poisson":
            unit = "half the Poisson deviance, target divided by its mean"
        return cls(curves["loss"], validation, its_loss, metric or "", unit)


def curves_in_text(curves: Curves, width: int) -> str:
    """The loss over the epochs as lines of text; "" for fewer than two epochs or no room."""
    if len(curves.loss) < 2 or width < MIN_WIDTH:
        return ""
    # Importing it takes long, and handles Ctrl-C badly meanwhile.
    import plotext  # noqa: PLC0415

    drawn_values = [*curves.loss, *curves.validation_loss]
    known = [value for value in drawn_values if value is not None]
    logarithmic = bool(known) and min(known) > 0 and max(known) > LOGARITHMIC_FROM * min(known)
    scale = ", logarithmic scale" if logarithmic else ""
    title = f"loss ({curves.unit}) over the epochs{scale}"
    keys = f"{TRAINING} training"
    if curves.validation_loss:
        keys += f"   {VALIDATION} validation"
    figure: Any = plotext.figure
    figure.clear()
    figure.plot_size(min(width, MAX_WIDTH), HEIGHT)
    _draw(figure, curves.loss, marker="braille", lines=True)
    _draw(figure, curves.validation_loss, marker=VALIDATION, lines=False)
    n_epochs = len(curves.loss)
    ticks = sorted({1, *(round(1 + (n_epochs - 1) * quarter / 4) for quarter in range(5))})
    figure.ruler(axis="x").ticks(ticks, [str(tick) for tick in ticks])
    if logarithmic:
        figure.ruler(axis="y").scale("log")
    figure.axes(active=False, side=1)
    drawn = plotext.uncolorize(figure.build())
    figure.clear()
    lines = [line.rstrip() for line in drawn.splitlines()]
    return "\n".join([title, keys, *lines])


def _draw(figure: Any, values: Points, *, marker: str, lines: bool) -> None:
    points = [(epoch, value) for epoch, value in enumerate(values, 1) if value is not None]
    if not points:
        return
    signal = figure.signal(*map(list, zip(*points, strict=True)), marker=marker)
    if lines:
        signal.lines()
    figure.draw(signal)


def require_plotting(path: str, *, force: bool) -> None:
    """Refuse, before hours of training, a plot that could not be written after it.

    Raises:
        ParameterError: matplotlib is missing, a file stands there, or the suffix or the folder is
            not one to write.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise ParameterError(
            f"--plot {path}: expected a name that ends in .svg or .png",
            remedy="Name the file learning-curve.svg, for instance.",
        )
    if importlib.util.find_spec("matplotlib") is None:
        raise ParameterError(
            "--plot needs matplotlib, which is not installed",
            remedy="Install it with: pip install matplotlib",
        )
    if os.path.lexists(path) and not force:
        raise ParameterError(
            f"--plot {path}: a file stands there already",
            remedy="Name another file, or replace it with --force.",
        )
    folder = Path(path).parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ParameterError(
            f"--plot {path}: the folder {str(folder)!r} is not there, or may not be written",
            remedy="Create it first, or name a file elsewhere.",
        )


def plot_curves(curves: Curves, path: str, *, title: str, kept_epoch: int) -> None:
    """Write the curves as SVG or PNG, in one step; equal curves give equal SVG files.

    Raises:
        ModelFileError: the file cannot be written; nothing is left of it.
    """
    # An extra: require_plotting has said so where it is missing.
    from matplotlib import rc_context  # noqa: PLC0415 - matplotlib is optional
    from matplotlib.figure import Figure  # noqa: PLC0415 - matplotlib is optional

    def numbers(values: Points) -> list[float]:
        return [math.nan if value is None else value for value in values]

    with rc_context({"svg.hashsalt": "clearprop", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        epochs = range(1, len(curves.loss) + 1)
        axes.plot(epochs, numbers(curves.loss), label="training loss")
        axes.set(title=title, xlabel="epoch", ylabel=f"loss ({curves.unit})")
        if curves.validation:
            axes.plot(epochs, numbers(curves.validation_loss), "C1", label="validation loss")
            if curves.metric != "loss":
                scores, label = axes.twinx(), f"validation {curves.metric}"
                scores.plot(epochs, numbers(curves.validation), "C2", label=label)
                scores.set_ylabel(label)
            axes.axvline(kept_epoch, color="0.6", linewidth=0.8, label=f"epoch {kept_epoch}, kept")
        figure.legend(loc="outside lower center", ncols=3)
        suffix = Path(path).suffix.lower()
        drawn = io.BytesIO()
        figure.savefig(
            drawn,
            format=suffix[1:],
            dpi=150,
            metadata={"Date": None} if suffix == ".svg" else None,
        )
    replace_file(path, [drawn.getvalue()])
