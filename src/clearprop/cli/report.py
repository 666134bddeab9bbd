"""What a person reads: the table, the parts, the verdict. Laid out to fit 80 columns and fewer.

Knows how things look, and nothing of how they came about.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
from rich.console import Console, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from clearprop.cli.output import shown
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.table_model import (
    ClassEvaluation,
    Evaluation,
    PreparedTable,
    QuantityEvaluation,
    TableModel,
    TrainingReport,
)
from clearprop.tables import Table

__all__ = [
    "count_of",
    "evaluation_parts",
    "facts",
    "preparation_facts",
    "size_of",
    "stopped_text",
    "table_headline",
    "verdict",
]

HEADING_WIDTH = 11
LISTED_CLASSES = 20
LISTED_COLUMNS = 12  # columns set aside, with missing values … before the rest is counted
WORST_PAIRS = 10

Fact = tuple[str, str]

STOPPED = {
    "converged": "the gradient is as good as zero",
    "max_epochs": "the most allowed (--max-iter)",
    "max_seconds": "the time allowed is over (--max-time)",
    "interrupted": "interrupted by Ctrl-C",
    "callback": "asked to stop",
    "diverged": "the numbers became infinite",
}


def count_of(count: int, singular: str, plural: str = "") -> str:
    """A count with its noun.

    Examples:
        >>> count_of(1, "row"), count_of(1797, "row")
        ('1 row', '1,797 rows')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def size_of(n_bytes: int) -> str:
    """A file's size.

    Examples:
        >>> size_of(812), size_of(61_234), size_of(2_400_000)
        ('812 bytes', '61 kB', '2.4 MB')
    """
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    if n_bytes < 1_000_000:
        return f"{n_bytes / 1000:.0f} kB"
    return f"{n_bytes / 1_000_000:.1f} MB"


def facts(lines: Iterable[Fact]) -> Grid:
    """Headings on the left, what there is to say of them on the right."""
    grid = Grid.grid(padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(style="dim", width=HEADING_WIDTH)
    grid.add_column(overflow="fold")
    before = ""
    for heading, text in lines:
        grid.add_row("" if heading == before else heading, Text(shown(text)))
        before = heading
    return grid


def table_headline(table: Table) -> Text:
    """The table in one line."""
    shape = f"{count_of(table.n_rows, 'row')}, {count_of(len(table.columns), 'column')}"
    return Text.assemble((table.source, "bold"), f": {shape}")


def preparation_facts(prepared: PreparedTable) -> list[Fact]:
    """What is predicted from what, and with which rows."""
    return [
        *_target_facts(prepared),
        *_shortened(prepared.encoder.summary()),
        ("rows", _rows_text(prepared)),
        ("network", _network_text(prepared)),
    ]


def _target_facts(prepared: PreparedTable) -> list[Fact]:
    target, y = prepared.target, prepared.y
    if target.task == "regression":
        spread = f"from {y.min():.4g} to {y.max():.4g}, mean {y.mean():.4g}"
        return [("target", f"{target.name!r}, a quantity {spread} ({target.reason})")]
    lines = [("target", f"{target.name!r}, {len(target.classes)} classes ({target.reason})")]
    labels, counts = np.unique(y, return_counts=True)
    pairs = [f"{label} ({count:,})" for label, count in zip(labels.tolist(), counts, strict=True)]
    if len(pairs) > LISTED_CLASSES:
        most, least = int(counts.max()), int(counts.min())
        pairs = [f"{len(pairs)} classes of {least:,} to {most:,} rows"]
    return [*lines, ("classes", ", ".join(pairs))]


def _shortened(lines: list[Fact]) -> list[Fact]:
    """The first lines under each heading, and how many more there are."""
    kept: list[Fact] = []
    by_heading: dict[str, list[str]] = {}
    for heading, text in lines:
        by_heading.setdefault(heading, []).append(text)
    for heading, texts in by_heading.items():
        kept += [(heading, text) for text in texts[:LISTED_COLUMNS]]
        if len(texts) > LISTED_COLUMNS:
            kept.append((heading, f"and {len(texts) - LISTED_COLUMNS} more columns"))
    return kept


def _rows_text(prepared: PreparedTable) -> str:
    parts = prepared.parts
    words = [f"{len(parts.train):,} to learn from"]
    if len(parts.validation):
        words.append(f"{len(parts.validation):,} to know when to stop")
    if len(parts.test):
        words.append(f"{len(parts.test):,} held out for the test")
    return f"{', '.join(words)} (seed {prepared.estimator.random_state})"


def _network_text(prepared: PreparedTable) -> str:
    estimator = prepared.estimator
    hidden = estimator.hidden_layer_sizes
    n_classes = len(prepared.target.classes)
    outputs = n_classes if n_classes > 2 else 1
    sizes = [prepared.encoder.n_features, *np.atleast_1d(hidden).astype(int).tolist(), outputs]
    n_parameters = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    layers = " → ".join(str(size) for size in sizes)
    return f"{layers}, {estimator.activation}, {n_parameters:,} parameters; {estimator.solver}"


def stopped_text(report: TrainingReport, estimator: MLPClassifier | MLPRegressor) -> str:
    """How long training went on, why no longer, and what was kept."""
    noun = "iteration" if estimator.solver == "lbfgs" else "epoch"
    why = STOPPED.get(report.stopped) or (
        f"no better for {estimator.n_iter_no_change:g}, by more than tol"
    )
    if report.n_epochs == 0 and report.stopped != "converged":
        return f"less than one {noun}: {why}"
    text = f"{count_of(report.n_epochs, noun)}: {why}"
    if report.kept_epoch != report.n_epochs:
        text += f"; epoch {report.kept_epoch} was the best and is kept"
    return text


def verdict(evaluation: Evaluation) -> Text:
    """Whether the model is worth more than no model, in plain words."""
    by = ""
    if isinstance(evaluation, ClassEvaluation) and evaluation.judged_by != "accuracy":
        by = f" by {evaluation.judged_by}, as classes that are weighted are judged"
    if evaluation.verdict == "too few rows":
        text = (
            f"{count_of(evaluation.n_rows, 'row')} {'is' if evaluation.n_rows == 1 else 'are'} too "
            "few to tell whether the model beats the baseline."
        )
        return Text(text, style="yellow")
    if evaluation.verdict == "not better":
        use = _use_by_other_measures(evaluation)
        if use:
            by = by or " by accuracy, which favours the most frequent class"
            return Text(f"The model does NOT beat the baseline{by}. {use}", style="yellow")
        text = "The model does NOT beat the baseline: what it has learned is of no use here."
        return Text(text, style="bold red")
    if evaluation.verdict == "unclear":
        text = (
            f"The model is not clearly better than the baseline{by}: with so few rows, luck could "
            f"do it. {_use_by_other_measures(evaluation)}"
        )
        return Text(text.rstrip(), style="yellow")
    return Text(f"The model beats the baseline{by}.", style="green")


def _use_by_other_measures(evaluation: Evaluation) -> str:
    """What the model is good for beside the measure that it is judged by; "" for nothing."""
    if isinstance(evaluation, QuantityEvaluation):
        return ""
    for measure, why in (
        ("balanced accuracy", "which counts all classes alike"),
        ("accuracy", "which counts all rows alike"),
    ):
        if measure != evaluation.judged_by and evaluation.clearly_beats(measure):
            return f"By {measure}, {why}, it does."
    if evaluation.ranks_clearly and evaluation.rare_class is not None:
        rare = str(evaluation.classes[evaluation.rare_class])
        return (
            f"But its probabilities of {rare!r} tell the classes apart (ROC AUC "
            f"{evaluation.roc_auc:.3f}): a threshold of your own may serve, or --class-weight "
            "balanced."
        )
    return ""


def evaluation_parts(evaluation: Evaluation, model: TableModel, width: int) -> list[Any]:
    """Scores beside the baseline, and the confusion matrix or the table of errors."""
    if isinstance(evaluation, QuantityEvaluation):
        return [_error_table(evaluation, model.target.name), verdict(evaluation)]
    low, high = evaluation.accuracy_interval
    lines = [
        ("accuracy", f"{evaluation.accuracy:.4f}  (95 % interval {low:.3f} to {high:.3f})"),
        (
            "baseline",
            f"{evaluation.baseline:.4f}  (always {str(evaluation.baseline_class)!r}, the most "
            "frequent class in training)",
        ),
        *_balanced_facts(evaluation),
        ("log loss", f"{evaluation.log_loss:.4f}"),
    ]
    if evaluation.scoring is not None:
        lines.append(("scoring", f"{evaluation.scoring} {_score(evaluation.score)}"))
    if evaluation.n_unknown:
        unknown = count_of(evaluation.n_unknown, "row")
        lines.append(
            ("unknown", f"{unknown} of classes that training did not know, counted as wrong")
        )
    return [facts(lines), verdict(evaluation), "", _confusions(evaluation, width)]


def _balanced_facts(evaluation: ClassEvaluation) -> list[Fact]:
    """Scores in which a rare class counts as much as a frequent one, where that matters."""
    if not evaluation.is_imbalanced and evaluation.judged_by == "accuracy":
        return []
    low, high = evaluation.balanced_interval
    lines = [
        (
            "balanced",
            f"{evaluation.balanced_accuracy:.4f}  (95 % interval {low:.3f} to {high:.3f}; baseline "
            f"{evaluation.balanced_baseline:.4f}): accuracy with all classes counted alike; plain "
            "accuracy favours the most frequent class",
        )
    ]
    index = evaluation.rare_class
    if index is not None:
        recall, precision = evaluation.recall()[index], evaluation.precision(index)
        lines.append(
            (
                "rarer class",
                f"{str(evaluation.classes[index])!r}: recall {_score(recall)}, precision "
                f"{_score(precision)}, ROC AUC {_score(evaluation.roc_auc)}",
            )
        )
    return lines


def _score(score: float | None) -> str:
    return "undefined here" if score is None else f"{score:.4f}"


def _error_table(evaluation: QuantityEvaluation, target: str) -> RenderableType:
    r2 = "undefined" if evaluation.r2 is None else f"{evaluation.r2:.4f}"
    grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    grid.add_column(Text(f"error in {shown(target)}"), overflow="fold")
    grid.add_column("model", justify="right", no_wrap=True)
    grid.add_column("baseline", justify="right", no_wrap=True)
    model, baseline = evaluation.mae, evaluation.baseline_mae
    grid.add_row("mean absolute error", f"{model:.4g}", f"{baseline:.4g}")
    model, baseline = evaluation.rmse, evaluation.baseline_rmse
    grid.add_row("root mean squared error", f"{model:.4g}", f"{baseline:.4g}")
    grid.add_row("R²", r2, "")
    if evaluation.scoring is not None:
        grid.add_row(f"scoring {evaluation.scoring}", _score(evaluation.score), "")
    for share, error in evaluation.quantiles.items():
        words = "largest error" if share == 1 else f"{share:.0%} of the rows within"
        grid.add_row(words, f"{error:.4g}", "")
    grid.add_row(f"(baseline: always {evaluation.baseline_value:.4g})", "", "", style="dim")
    return grid


def _confusions(evaluation: ClassEvaluation, width: int) -> RenderableType:
    labels = [str(label) for label in evaluation.classes]
    matrix = _confusion_matrix(evaluation, labels)
    if len(labels) <= LISTED_CLASSES and Console(width=10_000).measure(matrix).maximum <= width:
        return matrix
    return _worst_pairs(evaluation, labels)


def _confusion_matrix(evaluation: ClassEvaluation, labels: list[str]) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    grid.add_column("true \\ predicted", style="dim", no_wrap=True)
    for label in labels:
        grid.add_column(Text(shown(label)), justify="right", no_wrap=True)
    grid.add_column("right", justify="right", no_wrap=True)
    for i, recall in enumerate(evaluation.recall()):
        cells = [_cell(int(n), i == j) for j, n in enumerate(evaluation.confusion[i])]
        share = Text("" if recall is None else f"{recall:.1%}")
        grid.add_row(Text(shown(labels[i])), *cells, share)
    return grid


def _cell(count: int, right: bool) -> Text:
    if count == 0:
        return Text("·", style="dim")
    return Text(f"{count:,}", style="bold" if right else "red")


def _worst_pairs(evaluation: ClassEvaluation, labels: list[str]) -> RenderableType:
    """The most frequent confusions, where the whole matrix would not fit."""
    wrong = evaluation.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(wrong, axis=None, kind="stable")[::-1][:WORST_PAIRS]
    grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in ("true", "predicted as"):
        grid.add_column(heading, overflow="fold")
    grid.add_column("rows", justify="right")
    for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[i, j]:
            grid.add_row(Text(shown(labels[i])), Text(shown(labels[j])), f"{wrong[i, j]:,}")
    return grid if grid.row_count else Text("No class was taken for another one.")
