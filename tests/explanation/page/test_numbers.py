"""Every number on the page, read back from the page, is that of `forward` and `backward`."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from derivations import article_records, expected_values, random_records
from page_reading import Element, agree, read_page, shown_number, shown_values
from random_networks import COUNT, random_case

from clearprop.errors import ParameterError
from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.evaluate import evaluate
from clearprop.explanation.formula.parse import parse
from clearprop.explanation.page import to_html
from clearprop.losses import OUTPUTS

CASES = ["article-a", "article-b", *(f"random-{seed}" for seed in range(COUNT))]
# Fewer equations than a page has by default: what is tested is the same, sooner.
SMALL = Budget(equations=30, chains=8)
STEP_DIGITS = 2e-5  # of sums of numbers that are themselves rounded to six digits


def records_and_notation(case: str) -> tuple[Records, str]:
    kind, _, name = case.partition("-")
    if kind == "article":
        return article_records(name), "weights" if name == "b" else "matrix"
    return random_records(int(name)), "weights" if int(name) % 2 else "matrix"


class Case(NamedTuple):
    """A derivation, its page read back, and what its steps' values are."""

    records: Records
    page: Element
    expected: dict[str, Any]


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    records, notation = records_and_notation(request.param)
    is_article = request.param.startswith("article")
    l2 = 0.0 if is_article else random_case(int(request.param.partition("-")[2])).l2
    page = read_page(to_html(records, notation, budget=None if is_article else SMALL))
    return Case(records, page, expected_values(records, l2))


def test_every_table_shows_the_numbers_of_forward_and_backward(case: Case):
    records, page, expected = case
    tables = [table for table in page.all("table", "matrix") if "data-step" in table.attributes]
    assert {table["data-step"] for table in tables} == {step.id for step in records.steps}
    assert {step.id for step in records.steps} - set(expected) == {"doutput"}
    for table in tables:
        if table["data-step"] != "doutput":
            values = expected[table["data-step"]]
            shown = shown_values(table)
            assert len(shown) == values.size
            assert agree(shown, values), table["data-step"]


def test_the_first_link_times_the_jacobian_is_delta(case: Case):
    records, page, expected = case
    network = records.network
    table = page.one("section", id="doutput").one("table", "result")
    first_link = np.zeros(records["doutput"].shape)
    for entry, number in shown_values(table).items():
        first_link[entry] = number
    yhat = expected["output"]
    jacobian = OUTPUTS[network.output].jacobian(yhat, network.output_parameters)
    delta = expected[f"delta[{network.n_layers - 1}]"]
    chained = np.einsum("sk,skj->sj", first_link, jacobian)
    assert np.allclose(chained, delta, rtol=1e-4, atol=1e-5 * np.max(np.abs(delta)))


def test_finite_differences_stand_beside_every_derivative(case: Case):
    records, page, expected = case
    for step in records.steps:
        if step.check is None:
            continue
        table = page.one("table", "numeric", data_numeric=step.id)
        for entry, number in shown_values(table).items():
            if np.isfinite(number):
                value = expected[step.id][entry]
                assert abs(number - value) <= 1e-5 * abs(value) + 1e-9, (step.id, entry)
        section = page.one("section", data_step=step.id)
        assert section.all("p", "check")[0].text.startswith("Agrees with finite differences")


def test_every_equation_comes_out_as_its_entry(case: Case):
    _, page, expected = case
    n_evaluated = 0
    for section in page.all("section", "step"):
        for equation in section.all("div", "equation"):
            index = equation["data-entry"]
            entry = tuple(int(i) for i in index.split(",")) if index else ()
            *_, numbers, value = equation.one("p", "plain").text.split(" = ")
            if section["data-step"] in expected:
                true = float(expected[section["data-step"]][entry])
                assert shown_number(value) == pytest.approx(true, rel=6e-6, abs=0.0), equation.text
            if (computed := _computed(numbers)) is None:
                continue
            size = max(abs(shown_number(value)), _largest_summand(numbers))
            assert abs(computed - shown_number(value)) <= STEP_DIGITS * size, equation.text
            n_evaluated += 1
    assert n_evaluated >= 0.6 * len(page.all("div", "equation"))


def _computed(numbers: str) -> float | None:
    """What the numbers of an equation come to; None where it has none, or not all of them."""
    try:
        return float(evaluate(parse(numbers.replace("e−", "e-")), {}))
    except ParameterError:
        return None


def _largest_summand(numbers: str) -> float:
    """Whose rounding is what a sum may be off by."""
    return max(abs(_computed(summand) or 0.0) for summand in numbers.split(" + "))


def test_every_chain_multiplies_and_adds_up(case: Case):
    _, page, expected = case
    chains = page.all("div", "chain")
    assert chains
    for chain in chains:
        layer, *entry = (int(index) for index in chain["data-weight"].split(","))
        links = np.array(
            [
                [shown_number(cell.text) for cell in row.all("td")]
                for row in chain.one("tbody").all("tr")
            ]
        )
        shares = [shown_number(cell.text) for cell in chain.one("tfoot").all("td")]
        assert np.allclose(np.prod(links, axis=0), shares, rtol=5e-5, atol=1e-12)
        total = float(expected[f"dW[{layer}]"][tuple(entry)])
        rounding = 2e-5 * np.sum(np.abs(shares))
        assert abs(np.sum(shares) - total) <= rounding + 1e-12
        assert shown_number(chain.all("p", "plain")[-1].text.split(" = ")[-1]) == pytest.approx(
            total, rel=6e-6
        )


def test_what_is_said_to_agree_does(case: Case):
    page = case.page
    for article in [*page.all("article", "question"), *page.all("div", "note")]:
        tables = [table for table in article.all("table") if "data-side" in table.attributes]
        for table in tables[1:]:
            first, other = shown_values(tables[0]), shown_values(table)
            same = first.keys() == other.keys() and all(
                np.isclose(other[entry], number, rtol=1e-3, atol=1e-6, equal_nan=True)
                for entry, number in first.items()
            )
            if table["data-agrees"] == "yes":
                assert same, article.text[:200]


def test_the_drawing_shows_each_nodes_values(case: Case):
    records, page, expected = case
    nodes = page.all("g", "node")
    assert len(nodes) == sum(records.network.sizes) + 1
    for node in nodes:
        for text in node.all("text", "value"):
            if node["id"] == "loss-node":
                values = expected.get("total_loss", expected["loss"]).reshape(1)
            else:
                values = expected[text["data-step"]][:, int(node["id"].split("-")[2])]
            shown = [shown_number(part.split(" ")[-1]) for part in text["data-samples"].split("|")]
            assert np.allclose(shown, values, rtol=6e-4, atol=0.0)


def test_the_update_goes_from_old_to_new(case: Case):
    records, page, expected = case
    if records.update is None:
        assert not page.all("section", "update")
        return
    for layer in range(records.network.n_layers):
        for kind in "Wb":
            ledger = page.one("section", data_step=f"{kind}_new[{layer}]").one("table", "ledger")
            lines = [
                [shown_number(cell.text) for cell in row.all("td")]
                for row in ledger.one("tbody").all("tr")
            ]
            total = f"d{kind}_total[{layer}]"
            gradient = total if total in expected else f"d{kind}[{layer}]"
            steps = (f"{kind}[{layer}]", gradient, f"{kind}_step[{layer}]")
            columns = [expected[step].ravel() for step in (*steps, f"{kind}_new[{layer}]")]
            assert np.allclose(lines, np.transpose(columns), rtol=6e-6, atol=0.0)
    losses = page.one("section", data_step="new_loss").one("table", "losses").all("td")
    before_after = [expected.get("total_loss", expected["loss"]), expected["new_loss"]]
    assert np.allclose([shown_number(cell.text) for cell in losses], before_after, rtol=6e-6)
