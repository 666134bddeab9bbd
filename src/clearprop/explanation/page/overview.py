"""What comes before the first step: what is derived, how to read it, what is answered where."""

from __future__ import annotations

from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.markup.elements import tag, text
from clearprop.explanation.page.contents import Contents
from clearprop.explanation.page.prose import typeset
from clearprop.explanation.wording import counted, listed
from clearprop.losses import OUTPUTS

__all__ = ["overview"]

FACTORS = {
    "sum": "added up over the samples",
    "mean": "averaged over the samples",
    "mean_all": "averaged over samples and outputs",
}


def overview(contents: Contents) -> str:
    """The page's first section."""
    records = contents.records
    return tag(
        "section",
        tag("h2", "What is derived here", id="title-overview"),
        tag("p", text(_network(records)), class_="sentence"),
        _checked(records),
        _left_out(contents),
        _how_to_read(),
        _questions(contents),
        class_="overview",
        id="overview",
        aria_labelledby="title-overview",
        data_title="What is derived here",
    )


def _network(records: Records) -> str:
    network = records.network
    sizes = listed(network.sizes)
    names = [activation.name for activation in network.activations]
    hidden = f"{listed(dict.fromkeys(names))} in between, " if names else ""
    loss = OUTPUTS[network.output].loss_name.replace("_", " ")
    samples = counted(records.n_samples, "sample")
    return (
        f"A network of {sizes} nodes, {hidden}{network.output} at the output, and {samples}. The "
        f"loss is {loss}, {FACTORS[network.reduction]}. It has {network.n_parameters:,} weights "
        "and biases; the steps show the derivative of the loss by every one of them, with its "
        f"numbers. The numbers are those of the {records.engine} engine."
    )


def _checked(records: Records) -> str:
    checks = [step.check for step in records.steps if step.check is not None]
    if not checks:
        return ""
    worst = max(check.max_relative_error for check in checks)
    compared = sum(check.n_checked for check in checks)
    agree = all(check.ok for check in checks)
    verdict = "agree with" if agree else "were compared with, and DIFFER from,"
    words = (
        f"{counted(compared, 'derivative')} {verdict} finite differences; the largest relative "
        f"error is {plain_number(worst, 2)}."
    )
    return tag("p", words, class_="check ok" if agree else "check differs")


def _left_out(contents: Contents) -> str:
    sentences = [*contents.records.left_out, *contents.left_out()]
    if not sentences:
        return ""
    return tag(
        "div",
        tag("h3", "What is left out, as the network is large"),
        tag("ul", *(tag("li", text(sentence)) for sentence in sentences)),
        class_="left-out-here",
    )


def _how_to_read() -> str:
    keys = (
        "Go from step to step with the buttons, with the arrow keys, Home and End, or by the list "
        "of steps. Point at an entry of a matrix, or move to it with Tab and the arrow keys, and "
        "what it was computed from lights up, here and in the drawing. Press Enter on a weight, or "
        "click it, for its whole chain."
    )
    return (
        tag("h3", "How to read it")
        + tag("p", keys, class_="how scripted")
        + tag(
            "p",
            "In matrices and in the drawing ",
            tag("span", "blue", class_="key p3"),
            " is positive and ",
            tag("span", "orange", class_="key n3"),
            " negative, the darker the larger against the largest of its matrix. ",
            "A row is a sample, or a node that a weight comes from; a column is a node.",
        )
    )


def _questions(contents: Contents) -> str:
    records = contents.records
    links = [(f"question-{asked.id}", asked.question) for asked in records.comparisons]
    if records.delta_factors:
        links.append(("question-delta-factors", "Does δ vanish or explode?"))
    if not links:
        return ""
    items = (tag("li", tag("a", typeset(words), href=f"#{name}")) for name, words in links)
    return tag("h3", "Questions answered on the way") + tag("ul", *items, class_="questions")
