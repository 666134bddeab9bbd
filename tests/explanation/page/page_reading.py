"""A page read back: its elements as a tree, its tables as arrays.

Formulas are single elements with their text: what is in them is tested where they are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

import numpy as np
import numpy.typing as npt

from clearprop.explanation.formula.numbers import read_number

VOID = {"meta", "img", "br", "link", "input", "hr"}
NOTHING = "–"


@dataclass
class Element:
    """An element; children are elements and texts in order."""

    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def __contains__(self, attribute: str) -> bool:
        return attribute in self.attributes

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    @cached_property
    def elements(self) -> list[Element]:
        """This one and all below, in order."""
        return list(self.walk())

    def all(self, name: str = "", class_: str = "", **attributes: str) -> list[Element]:
        """The elements below with that name, class and attributes (`data_step` is data-step)."""
        wanted = {key.replace("_", "-"): value for key, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.name == (name or element.name)
            and (not class_ or class_ in element.classes)
            and wanted.items() <= element.attributes.items()
        ]

    def one(self, name: str = "", class_: str = "", **attributes: str) -> Element:
        found = self.all(name, class_, **attributes)
        assert len(found) == 1, f"{len(found)} elements {name}.{class_} {attributes}"
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.open[-1].name == "math":
            return
        element = Element(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].name == "math" and tag != "math":
            return
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_page(html: str) -> Element:
    """The tree of a page; fails where an element is not closed in its place."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root], f"<{reader.open[-1].name}> is not closed"
    return reader.root


def shown_number(text: str) -> float:
    """The number in a cell; NaN for the dash that stands where none was taken."""
    return float("nan") if text.strip() == NOTHING else read_number(text.strip())


def shown_values(table: Element) -> dict[tuple[int, ...], float]:
    """A table's numbers by their entry, as the script counts them."""
    values = {}
    n_axes = len([axis for axis in table.attributes.get("data-shape", "").split(",") if axis])
    for i, row in enumerate(table.one("tbody").all("tr")):
        for j, cell in enumerate(row.all("td")):
            if "data-entry" in cell.attributes:
                entry = tuple(int(index) for index in cell["data-entry"].split(","))
            elif "data-shape" not in table.attributes:
                continue
            else:
                entry = ((), (j,), (i, j))[n_axes]
            values[entry] = shown_number(cell.text)
    return values


def agree(shown: dict[tuple[int, ...], float], values: npt.NDArray[np.float64]) -> bool:
    """Whether every number shown is the value, to the six digits shown."""
    return all(
        np.isclose(number, values[entry], rtol=6e-6, atol=0.0, equal_nan=True)
        for entry, number in shown.items()
    )
