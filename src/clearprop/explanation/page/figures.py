"""Small plots as SVG: the gradient check's error over epsilon, and what became of delta.

This file knows nothing of steps; every number of a plot also stands in a table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from clearprop.explanation.derivation.records import DeltaFactor, Sweep
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.markup.elements import tag, text

__all__ = ["factor_bars", "factor_table", "sweep_plot", "sweep_table"]

DIGITS = 4
WIDTH, HEIGHT = 520, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 12, 38


def sweep_plot(sweep: Sweep) -> str:
    """The relative error of central differences over their step, both as powers of ten."""
    # An error of exactly 0 stands at the bottom, below the smallest that float64 can tell.
    x = [math.log10(epsilon) for epsilon in sweep.epsilons]
    y = [math.log10(max(error, 1e-17)) for error in sweep.relative_errors]
    x_low, x_high = math.floor(min(x)), math.ceil(max(x))
    y_low, y_high = math.floor(min(y)), math.ceil(max(y))

    def at(power: float, low: int, high: int, begin: int, end: int) -> float:
        return round(begin + (power - low) / max(high - low, 1) * (end - begin), 1)

    def across(power: float) -> float:
        return at(power, x_low, x_high, LEFT, WIDTH - RIGHT)

    def up(power: float) -> float:
        return at(power, y_low, y_high, HEIGHT - BOTTOM, TOP)

    points = [(across(a), up(b)) for a, b in zip(x, y, strict=True)]
    marks = [
        tag("text", _power(power), x=across(power), y=HEIGHT - 20, text_anchor="middle")
        for power in range(x_low, x_high + 1, max(1, (x_high - x_low) // 6))
    ]
    for power in range(y_low, y_high + 1, max(1, (y_high - y_low) // 5)):
        marks.append(tag("text", _power(power), x=LEFT - 8, y=up(power) + 4, text_anchor="end"))
        marks.append(
            tag(
                "line",
                class_="plot-axis",
                x1=LEFT,
                x2=WIDTH - RIGHT,
                y1=up(power),
                y2=up(power),
            )
        )
    return tag(
        "svg",
        tag("title", "Relative error of finite differences over their step; the table has it too."),
        *marks,
        tag("text", "step ε", x=WIDTH - RIGHT, y=HEIGHT - 3, text_anchor="end"),
        tag("polyline", class_="plot-line", points=" ".join(f"{a},{b}" for a, b in points)),
        *(tag("circle", class_="plot-dot", cx=a, cy=b, r=3.5) for a, b in points),
        class_="bars plot",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def _power(power: int) -> str:
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}"


def sweep_table(sweep: Sweep) -> str:
    """The same as a table."""
    lines = [
        (plain_number(epsilon, 2), plain_number(numeric, 10), plain_number(error, 2))
        for epsilon, numeric, error in zip(
            sweep.epsilons, sweep.numeric, sweep.relative_errors, strict=True
        )
    ]
    return _table(
        f"Central differences of one entry; backpropagation says {plain_number(sweep.value, 10)}",
        ("step ε", "(Loss(w + ε) − Loss(w − ε)) / 2ε", "relative error"),
        lines,
    )


def factor_bars(factors: Sequence[DeltaFactor]) -> str:
    """The norm of delta layer by layer, as bars of equal steps for equal factors."""
    norms = [(factors[0].layer, factors[0].delta_norm)]
    norms += [(factor.layer - 1, factor.below_norm) for factor in factors]
    powers = [math.log10(norm) for _, norm in norms if norm > 0]
    low = math.floor(min(powers, default=0.0)) - 1
    high = max(math.ceil(max(powers, default=0.0)), low + 1)
    row, left, width = 26, 74, 360
    bars = []
    for index, (layer, norm) in enumerate(norms):
        y = index * row
        share = (math.log10(norm) - low) / (high - low) if norm > 0 else 0.0
        length = round(share * width, 1)
        bars += [
            tag("text", f"layer {layer + 1}", x=left - 10, y=y + 17, text_anchor="end"),
            tag("rect", class_="plot-dot", x=left, y=y + 4, width=length, height=row - 8, rx=3),
            tag("text", text(plain_number(norm, DIGITS)), x=left + length + 8, y=y + 17),
        ]
    return tag(
        "svg",
        tag("title", "Norm of delta, layer by layer, on a scale of powers of ten"),
        *bars,
        class_="bars",
        viewBox=f"0 0 {left + width + 90} {len(norms) * row}",
        role="img",
    )


def factor_table(factors: Sequence[DeltaFactor]) -> str:
    """What the weights and what sigma' did to delta between two layers."""
    lines = [
        (
            f"{factor.layer + 1} → {factor.layer}",
            plain_number(factor.delta_norm, DIGITS),
            plain_number(factor.by_W, DIGITS),
            plain_number(factor.by_slope, DIGITS),
            plain_number(factor.below_norm, DIGITS),
        )
        for factor in factors
    ]
    return _table(
        "|δ below| = |δ| × by the weights × by σ′",
        ("layers", "|δ|", "by the weights", "by σ′", "|δ below|"),
        lines,
    )


def _table(caption: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return tag(
        "div",
        tag(
            "table",
            tag("caption", text(caption)),
            tag("thead", tag("tr", *(tag("th", text(head), scope="col") for head in heads))),
            tag(
                "tbody",
                *(
                    tag(
                        "tr",
                        tag("th", text(first), scope="row"),
                        *(tag("td", text(cell)) for cell in rest),
                    )
                    for first, *rest in lines
                ),
            ),
            class_="plain-table",
        ),
        class_="scroll",
    )
