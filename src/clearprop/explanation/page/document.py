"""The document: one HTML file with its style, its script, the network, the map and the steps."""

from __future__ import annotations

from itertools import groupby

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.markup.document import asset, document
from clearprop.explanation.markup.elements import tag, text
from clearprop.explanation.page.contents import PHASES, Contents
from clearprop.explanation.page.drawing import drawing
from clearprop.explanation.page.labels import column_heads, given_names, node_names
from clearprop.explanation.page.overview import overview
from clearprop.explanation.page.steps import step_section
from clearprop.printable import printable

__all__ = ["to_html"]


def to_html(records: Records, notation: str = "matrix", *, budget: Budget | None = None) -> str:
    """A derivation as one self-contained HTML page.

    Args:
        records: the derivation.
        notation: "matrix", article A's rows and matrices, or "weights", article B's node numbers.
        budget: how much is shown before it is summarised; None: the defaults of `Budget`.

    Returns:
        The document. It needs no network, and its steps can be read with scripts off.
    """
    contents = Contents(records, notation, budget or Budget())
    title = printable(records.title)
    return document(
        title,
        asset(__package__, "style.css"),
        asset(__package__, "script.js"),
        tag("a", "Skip to the step", href="#main", class_="skip"),
        _top(title),
        tag(
            "div",
            tag("div", _network_panel(contents), _map(contents), class_="side"),
            tag(
                "main",
                _bar(),
                overview(contents),
                *(step_section(contents, step) for step in records.steps),
                id="main",
                tabindex="-1",
            ),
            class_="layout",
        ),
    )


def _top(title: str) -> str:
    options = (("", "as the system"), ("light", "light"), ("dark", "dark"))
    theme = tag(
        "label",
        "Colours ",
        tag(
            "select",
            *(tag("option", words, value=value) for value, words in options),
            class_="theme",
        ),
        class_="scripted tools",
    )
    return tag(
        "header",
        tag("h1", text(title)),
        tag("p", "Every derivative of backpropagation, with its numbers."),
        theme,
        class_="top",
    )


def _network_panel(contents: Contents) -> str:
    records = contents.records
    tools = ""
    if records.n_samples > 1:
        options = (
            tag("option", text(name), value=index)
            for index, name in enumerate(records.sample_names)
        )
        tools = tag(
            "label",
            "Values of ",
            tag("select", *options, class_="sample"),
            class_="scripted tools",
        )
    return tag(
        "section",
        tag("h2", "The network", class_="hidden-visually", id="title-network"),
        tag(
            "div",
            drawing(
                records,
                column_heads(contents),
                node_names(contents),
                given_names(contents),
                text(to_plain(contents.symbol("loss"))),
                contents.drawn,
            ),
            class_="network-box",
        ),
        tools,
        class_="panel",
        aria_labelledby="title-network",
    )


def _map(contents: Contents) -> str:
    """Links to all steps, by phase and layer."""
    groups = [
        tag("h3", "Start") + tag("ol", tag("li", tag("a", "What is derived", href="#overview")))
    ]
    for phase, words in PHASES.items():
        steps = contents.records.of_phase(phase)
        if steps:
            lines = (
                tag("p", "" if layer is None else f"layer {layer + 1}")
                + tag("ol", *(tag("li", contents.link(step.id)) for step in group))
                for layer, group in groupby(steps, key=lambda step: step.layer)
            )
            groups.append(tag("h3", words) + tag("div", *lines, class_=f"by-layer {phase}"))
    return tag(
        "nav",
        tag("h2", "All steps", class_="hidden-visually"),
        tag("details", tag("summary", "All steps"), *groups, open=True),
        class_="panel map",
        aria_label="Steps",
    )


def _bar() -> str:
    return tag(
        "div",
        tag("button", "← Back", type="button", class_="previous"),
        tag("p", "<b></b><span></span>", class_="where", aria_live="polite", aria_atomic="true"),
        tag("button", "All at once", type="button", class_="every", aria_pressed="false"),
        tag("button", "Next →", type="button", class_="next"),
        tag("div", class_="progress"),
        class_="bar scripted",
    )
