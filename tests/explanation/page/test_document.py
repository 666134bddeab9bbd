"""The page as a document: nothing is fetched, every link has its target, everything has a name."""

import re
from itertools import pairwise

import numpy as np
import pytest
from derivations import (
    article_records,
    large_batch,
    named_records,
    random_records,
    several_targets,
)
from page_reading import Element, read_page, shown_values
from random_networks import random_case

from clearprop import Network
from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.build import build_records
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.document import explain
from clearprop.explanation.markup.elements import anchor
from clearprop.explanation.page import to_frame, to_html
from clearprop.explanation.page.drawing import GIVEN_WIDEST
from clearprop.explanation.page.fitting import width_of
from clearprop.explanation.random_network import random_batch

FETCHING = {"src", "srcset", "data", "poster", "action", "formaction", "xlink:href", "background"}
TINY = Budget(table_entries=20, table_columns=6, largest=5, equations=20, chains=6, drawn_nodes=4)


@pytest.fixture(scope="module", params=["a", "b", "summarised"])
def page(request: pytest.FixtureRequest) -> Element:
    if request.param == "summarised":
        return read_page(to_html(random_records(11), budget=TINY))
    notation = "weights" if request.param == "b" else "matrix"
    return read_page(to_html(article_records(request.param), notation))


def test_nothing_is_fetched(page: Element):
    for element in page.elements:
        for attribute in FETCHING & element.attributes.keys():
            assert element[attribute].startswith("data:image/png;base64,"), element.name
        if "href" in element.attributes:
            assert element["href"].startswith("#")
        assert "url(" not in element.attributes.get("style", "")
    assert not page.all("link")
    style, script = page.one("style").text, page.one("script").text
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"fetch|XMLHttp|import\s*\(|https?:|WebSocket|sendBeacon", script)
    policy = page.one("meta", http_equiv="Content-Security-Policy")["content"]
    assert policy.startswith("default-src 'none'")


def test_the_script_is_a_classic_one_as_files_may_not_load_modules(page: Element):
    assert page.one("script").attributes == {}


def test_every_name_is_unique_and_every_link_has_its_target(page: Element):
    ids = [element["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    known = set(ids)
    for element in page.elements:
        for attribute in ("href", "aria-labelledby", "data-place"):
            target = element.attributes.get(attribute, "").removeprefix("#")
            if target == "loss":
                target = "loss-node"
            assert not target or target in known, (element.name, attribute, target)


def test_every_step_is_there_in_order_with_its_formula():
    records = article_records("b")
    page = read_page(to_html(records, "weights"))
    sections = page.all("section", "step")
    assert [section["data-step"] for section in sections] == [step.id for step in records.steps]
    assert [section["id"] for section in sections] == [anchor(step.id) for step in records.steps]
    linked = [link["href"] for link in page.one("nav").all("a")]
    assert linked == ["#overview", *(f"#{section['id']}" for section in sections)]
    for section in sections:
        assert section.one("div", "lead").all("math")
        assert section.one("div", "lead").one("p", "plain").text.strip()


def test_headings_do_not_skip_a_level(page: Element):
    levels = [int(e.name[1]) for e in page.elements if re.fullmatch(r"h[1-6]", e.name)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_tables_pictures_and_buttons_have_names(page: Element):
    for table in page.all("table"):
        assert table.one("caption").text.strip()
        assert all(head["scope"] in ("row", "col") for head in table.all("th"))
        assert all(head.text.strip() for head in table.all("th"))
    assert all(picture["alt"] for picture in page.all("img"))
    assert all(drawing.all("title")[0].text for drawing in page.all("svg", role="img"))
    assert all(button.text.strip() for button in page.all("button"))


@pytest.mark.parametrize("records", [article_records("a"), several_targets()])
def test_operands_say_which_entries_an_entry_is_computed_from(records: Records):
    page = read_page(to_html(records))
    for step in records.steps:
        section = page.one("section", data_step=step.id)
        tables = section.all("table", "operand")
        assert [table["data-step"] for table in tables] == [o.step for o in step.operands]
        for table, operand in zip(tables, step.operands, strict=True):
            axes = table["data-axes"].split(",") if table["data-axes"] else []
            assert [None if axis == "*" else int(axis) for axis in axes] == list(operand.axes)
            blocks = table.attributes.get("data-blocks", "")
            assert [int(width) for width in blocks.split(",") if width] == list(operand.blocks)


@pytest.mark.parametrize("letter", "ab")
def test_answers_stand_at_the_step_where_the_question_arises(letter: str):
    records = article_records(letter)
    page = read_page(to_html(records))
    questions = [link["href"] for link in page.one("ul", "questions").all("a")]
    for asked in records.comparisons:
        section = page.one("section", data_step=asked.step)
        article = section.one("article", id=f"question-{asked.id}")
        assert len([t for t in article.all("table") if "data-side" in t.attributes]) == len(
            asked.sides
        )
        assert f"#question-{asked.id}" in questions
    for misprint in records.misprints:
        assert misprint.printed in page.one("section", data_step=misprint.step).text
    for step in {jacobian.step for jacobian in records.jacobians}:
        shown = page.one("section", data_step=step).one("details", "jacobians").all("table")
        assert len(shown) == sum(jacobian.step == step for jacobian in records.jacobians)
    assert records.sweep is not None
    sweep = page.one("article", id="question-close_enough").one("svg", "plot")
    assert len(sweep.all("circle")) == len(records.sweep.epsilons)
    factors = page.one("article", id="question-delta-factors").one("tbody").all("tr")
    assert len(factors) == len(records.delta_factors)


def test_who_uses_a_result_and_what_is_lost_without_it():
    page = read_page(to_html(article_records("b")))
    dh = page.one("section", data_step="dinput[3]")
    users = [link["href"] for link in dh.all("ul", "uses")[0].all("a")]
    lost = [link["href"] for link in dh.all("ul", "uses")[1].all("a")]
    assert users == ["#delta-2"]
    assert lost == [f"#d{kind}-{layer}" for layer in (2, 1, 0) for kind in "Wb"]
    dx = page.one("section", data_step="dinput[0]")
    assert dx.one("p", "used").text == "Computed, and used by nothing."


def test_small_derivations_leave_nothing_out():
    assert not read_page(to_html(article_records("a"))).all("div", "left-out-here")


def test_a_large_one_is_summarised_and_says_so():
    records = random_records(11)
    page = read_page(to_html(records, budget=TINY))
    said = page.one("div", "left-out-here").text
    assert "heat map" in said
    for step in records.steps:
        section = page.one("section", data_step=step.id)
        table = section.one("table", "result")
        if TINY.shows_whole(step.shape):
            assert "data-shape" in table.attributes
            continue
        own = section.all("div", "matrices")[0]
        assert own.one("img", "heat")["src"].startswith("data:image/png")
        shown = shown_values(table)
        assert len(shown) == min(TINY.largest, step.values.size)
        smallest = min(abs(step.values[entry]) for entry in shown)
        others = [abs(v) for entry, v in np.ndenumerate(step.values) if entry not in shown]
        assert smallest >= max(others, default=0.0)
        norm = re.search(r"norm ([\d.]+)", own.one("figcaption").text)
        assert norm is not None
        assert float(norm[1].rstrip(".")) == pytest.approx(np.linalg.norm(step.values), rel=1e-5)
    assert len(page.all("g", "node")) <= 1 + TINY.thinned_nodes * len(records.network.sizes)


def test_what_is_listed_is_drawn_or_said_not_to_be():
    records = build_records(large_batch(), check=False)
    page = read_page(to_html(records))
    drawn = {e["id"] for e in [*page.all("line", "edge"), *page.all("g", "node")] if "id" in e}
    n_undrawn = 0
    for table in page.all("table", "largest"):
        if "result" not in table.classes:
            continue
        where = page.one("section", data_step=table["data-step"])["data-place"]
        for row in table.one("tbody").all("tr"):
            entry = row.one("td")["data-entry"].split(",")
            last = "-".join(entry if where.startswith("edge") else entry[-1:])
            is_said = bool(row.all("small", "undrawn"))
            n_undrawn += is_said
            assert is_said == (f"{where}-{last}" not in drawn), (where, entry)
    assert n_undrawn > 0
    for chain in page.all("div", "chain"):
        assert f"edge-{chain['data-weight'].replace(',', '-')}" in drawn
    for layer in range(records.network.n_layers):
        edges = page.one("g", id=f"edge-{layer}").all("line")
        assert len(edges) <= Budget().drawn_edges


def test_names_that_somebody_gave_are_shown_as_they_are():
    case = random_case(11)
    evil = [f"<script>{i}</script> & \"'" for i in range(case.network.sizes[0])]
    records = case.records(title="a < b & c", feature_names=evil)
    page = read_page(to_html(records))
    assert page.one("h1").text == "a < b & c"
    table = page.one("section", data_step="input[0]").one("table", "result")
    assert [head.text for head in table.one("thead").all("th")] == evil


def test_long_names_stand_beside_their_nodes_and_whole_in_their_titles():
    records = named_records(8)
    page = read_page(to_html(records))
    for column, names in ((0, records.feature_names), (2, records.output_names)):
        for node, name in enumerate(names):
            drawn = page.one("g", id=f"node-{column}-{node}")
            assert drawn.one("title").text == name
            beside = drawn.one("text", "given").text
            begin, _, end = beside.partition("…")
            assert width_of(beside) <= GIVEN_WIDEST
            assert name.startswith(begin)
            assert name.endswith(end)
    assert page.one("g", id="node-0-7").one("text", "name").text == "x8"
    assert page.one("g", id="node-2-0").one("text", "name").text == "ŷ1".replace("ŷ", "y\u0302")


def test_a_frame_holds_the_page_unchanged():
    html = to_html(article_records("a"))
    assert read_page(to_frame(html)).one("iframe")["srcdoc"] == html


@pytest.mark.parametrize("notation", ["matrix", "weights"])
def test_names_of_data_bring_no_markup_and_no_control_codes(notation: str):
    evil = ("</script><script>alert(1)</script>", "\x1b[31mred\x07", '"><img src=x onerror=x()>')
    network = Network([3, 2, 3])
    batch = random_batch(network, 2, 0)
    derivation = explain(
        network, batch.parameters, batch.X, batch.Y,
        title=evil[1], feature_names=evil, output_names=evil, notation=notation, jacobians=True,
    )  # fmt: skip
    written = derivation.to_html()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", written)
    page = read_page(written)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on")]
    assert "\\x1b[31mred\\x07" in page.one("h1").text
    assert evil[2] in page.one("main").text


@pytest.mark.parametrize(("sizes", "n_samples"), [([1, 1, 1], 1), ([2, 1], 2), ([30, 1], 1)])
def test_one_of_a_thing_is_not_written_as_several(sizes: list[int], n_samples: int):
    network = Network(sizes, hidden="tanh", output="logistic", reduction="mean")
    X, Y = np.ones((n_samples, sizes[0])), np.ones((n_samples, 1))
    derivation = explain(
        network, network.initialize(0), X, Y, update="sgd", learning_rate=0.1, l2=0.1
    )
    several = r"\b1 (?:[a-z]+ )?(?:samples|outputs|entries|weights|shares|updates|matrices)\b"
    page = read_page(derivation.to_html())
    said = " | ".join(e.text for name in ("p", "summary", "caption", "li") for e in page.all(name))
    for written in (said, derivation.to_text(), derivation.to_markdown()):
        words = re.sub(r"\s+", " ", written)
        assert re.findall(several, words) == []
        assert "all 1 " not in words
        assert "multiplied by 0.5" not in words


def test_the_entry_shown_first_is_not_0_where_another_is_not():
    network = Network([2, 3, 2], hidden="tanh", output="softmax")
    X = np.array([[0.0, 1.0], [0.0, -2.0]])
    records = explain(network, network.initialize(0), X, np.eye(2), check=False).records
    assert records["dW[0]"].values[0, 0] == 0.0
    page = read_page(to_html(records))
    for step in records.steps:
        section = page.one("section", data_step=step.id)
        if not step.operands or "data-first" not in section:
            continue
        first = tuple(int(index) for index in section["data-first"].split(",") if index)
        assert step.values[first] or not np.any(step.values)
        shown = [equation["data-entry"] for equation in section.all("div", "equation")]
        assert len(shown) == len(set(shown)) == step.values.size


def test_the_first_link_says_who_takes_its_place():
    page = read_page(to_html(article_records("a")))
    section = page.one("section", data_step="doutput")
    assert "the short formula" in section.one("p", "used").text
    assert page.one("section", data_step="output")["data-title"] == "Output y\u0302"
