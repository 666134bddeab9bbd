"""`explain`, and what it returns: a derivation that can be read, saved and shown.

This file computes nothing: it hands records to outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearprop.atomic_write import replace_file
from clearprop.errors import ParameterError
from clearprop.explanation.derivation.build import build_records
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formulas import Chain, weight_chain
from clearprop.explanation.formulas.notation import notation_of
from clearprop.explanation.sources import Source, as_update, source_of

__all__ = ["Derivation", "derivation_of", "explain"]


@dataclass(frozen=True)
class Derivation:
    """Backpropagation on a batch, step by step, with every number.

    Attributes:
        records: the steps, their checks, the Jacobians and the answers.
        notation: "matrix" or "weights"; how formulas are written.
    """

    records: Records
    notation: str = "matrix"

    def chain(self, layer: int, *entry: int) -> Chain:
        """One weight's whole chain, link by link, as article B writes it.

        Args:
            layer: index of its layer, from 0 at the input side.
            entry: row and column of a weight in W[layer], or the index of a bias in b[layer].

        Raises:
            ParameterError: there is no such weight.
        """
        shape = self.records.network.sizes[layer : layer + 2]
        bounds = shape if len(entry) == 2 else shape[1:]
        if (
            len(shape) < 2
            or len(entry) not in (1, 2)
            or any(not 0 <= index < bound for index, bound in zip(entry, bounds, strict=True))
        ):
            raise ParameterError(
                f"chain: there is no weight {entry} in layer {layer}",
                remedy="Give the layer, then row and column of a weight, or the index of a bias.",
            )
        return weight_chain(self.records, layer, entry, self.notation)

    def to_text(self, **options: Any) -> str:
        """As text for a terminal."""
        from clearprop.explanation.outputs.text import to_text  # noqa: PLC0415 - what was asked for

        return to_text(self.records, self.notation, **options)

    def to_markdown(self, **options: Any) -> str:
        """As Markdown, its formulas in LaTeX between dollars."""
        from clearprop.explanation.outputs.markdown import to_markdown  # noqa: PLC0415 - the same

        return to_markdown(self.records, self.notation, **options)

    def to_latex(self, **options: Any) -> str:
        """As a LaTeX document that compiles as it is."""
        from clearprop.explanation.outputs.latex import to_latex  # noqa: PLC0415 - the same

        return to_latex(self.records, self.notation, **options)

    def to_json(self, **options: Any) -> str:
        """As JSON: every number, both notations' formulas."""
        from clearprop.explanation.outputs.json import to_json  # noqa: PLC0415 - the same

        return to_json(self.records, **options)

    def to_html(self, path: str | Path | None = None, **options: Any) -> str:
        """As one page that needs nothing else: no network, no script to be read.

        Args:
            path: the file to write, or None to write none; one that stands there is replaced.
            options: of `clearprop.explanation.page.to_html`.

        Returns:
            The page.
        """
        from clearprop.explanation.page import to_html  # noqa: PLC0415 - the same

        page = to_html(self.records, self.notation, **options)
        if path is not None:
            replace_file(path, [page.encode()])
        return page

    def save(self, path: str | Path) -> None:
        """Write a file of the kind that its name says: .html, .md, .tex, .json or .txt.

        Raises:
            ParameterError: another ending.
        """
        writers = {
            ".html": self.to_html, ".md": self.to_markdown, ".tex": self.to_latex,
            ".json": self.to_json, ".txt": self.to_text,
        }  # fmt: skip
        suffix = Path(path).suffix.lower()
        if suffix not in writers:
            raise ParameterError(
                f"{str(path)!r}: got the ending {suffix!r}, expected one of {', '.join(writers)}",
                remedy="End the file's name in .html for a page, or in .md, .tex, .json or .txt.",
            )
        replace_file(path, [writers[suffix]().encode()])

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from clearprop.explanation.page import to_frame  # noqa: PLC0415 - for notebooks only

        return to_frame(self.to_html())


def explain(
    model: Any,
    *batch: Any,
    rows: slice | Sequence[int] | None = None,
    notation: str | None = None,
    update: Any = None,
    learning_rate: float | None = None,
    jacobians: bool | None = None,
    check: bool = True,
    sample_weight: Any = None,
    l2: float | None = None,
    title: str = "",
    feature_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
) -> Derivation:
    """Derive the gradient of a batch, step by step, with every number beside its formula.

        forward    z = input W + b     h = σ(z)     yhat, loss
        backward   δ = yhat − y     dW = inputᵀ δ     db = column sums of δ     δ Wᵀ ∘ σ'(z)
        update     W_new = W + step

    Args:
        model: what is explained, with what follows it in `batch`:

            - a `Network`, then parameters, X and Y;
            - a fitted (or initialized) `MLPClassifier` or `MLPRegressor`, then X and y; the numbers
              are then those of the engine that trains it, and so is the update;
            - a model of `clearprop train` (`load_model`), then a table;
            - "article-a" or "article-b", the articles' own networks.
        batch: as above. A few rows are enough.
        rows: which of the rows, as a slice or by their numbers from 0; None for all.
        notation: "matrix", article A's, or "weights", article B's; None for the one that suits.
        update: the optimizer whose update is shown: an optimizer, its name ("sgd", "momentum",
            "nesterov", "rmsprop", "adam", "adamw", "nadam"), False for none, None for an
            estimator's own.
        learning_rate: of the update; None for the estimator's own, or the usual one.
        jacobians: whether every Jacobian is given in full; None: for the articles.
        check: whether finite differences stand beside every derivative.
        sample_weight: shape (n_samples,), or None.
        l2: strength of the L2 penalty; an estimator's is its `alpha`.
        title: in place of one made from the model.
        feature_names: of the inputs.
        output_names: of the outputs.

    Returns:
        A `Derivation`: `to_html`, `to_text`, `to_markdown`, `to_latex`, `to_json`, `save`, `chain`.

    Raises:
        ParameterError: something that cannot be explained, or an unknown name.
        ShapeError: arrays that do not fit the network.

    Examples:
        >>> import numpy as np
        >>> from clearprop import Network
        >>> network = Network([2, 2, 1], hidden="tanh", output="identity", reduction="sum")
        >>> parameters = network.initialize(random_state=0)
        >>> derivation = explain(network, parameters, [[1.0, -2.0]], [[0.5]])
        >>> step = derivation.records["delta[1]"]
        >>> yhat = derivation.records["output"].values
        >>> np.array_equal(step.values, yhat - 0.5), step.check.ok, step.used_by
        (True, True, ('dinput[1]', 'dW[1]', 'db[1]'))
        >>> print(derivation.chain(1, 0, 0).total == derivation.records["dW[1]"].values[0, 0])
        True

    Source: article A for the steps, article B for the chains.
    """
    source = source_of(model, batch, sample_weight, l2, rows)
    return derivation_of(
        source,
        notation=notation,
        update=update,
        learning_rate=learning_rate,
        jacobians=isinstance(model, str) if jacobians is None else jacobians,
        check=check,
        title=title,
        feature_names=feature_names,
        output_names=output_names,
    )


def derivation_of(
    source: Source,
    *,
    notation: str | None = None,
    update: Any = None,
    learning_rate: float | None = None,
    jacobians: bool = False,
    check: bool = True,
    title: str = "",
    feature_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
) -> Derivation:
    """A derivation of a source; the options are those of `explain`."""
    chosen = notation or source.notation
    sizes = source.batch.network.sizes
    for name, names, count in (
        ("feature_names", feature_names, sizes[0]),
        ("output_names", output_names, sizes[-1]),
    ):
        if names and len(names) != count:
            raise ParameterError(
                f"{name}: got {len(names)}, the network has {count}",
                remedy="Give a name for each, or none.",
            )
    records = build_records(
        source.batch,
        update=as_update(update, learning_rate, source.update),
        jacobians=jacobians,
        check=check,
        engine=source.engine,
        inputs_first=chosen != "weights",
        title=title or source.title,
        feature_names=feature_names or source.feature_names,
        output_names=output_names or source.output_names,
        sample_names=source.sample_names,
        misprints=source.misprints,
        left_out=source.left_out,
    )
    notation_of(records, chosen)
    return Derivation(records, chosen)
