"""The form of the outputs: awkward names, narrow terminals, large networks, numbers JSON lacks."""

import json
import re

import numpy as np
import pytest
from reading import from_latex, from_markdown
from rich.cells import cell_len

from clearprop import Network
from clearprop.errors import ParameterError
from clearprop.explanation.document import explain
from clearprop.explanation.formula.latex import to_latex as to_formula
from clearprop.explanation.formula.parse import parse
from clearprop.explanation.outputs import json as json_output
from clearprop.explanation.outputs.blocks import as_equation
from clearprop.explanation.outputs.json import read_json, to_json
from clearprop.explanation.outputs.latex import to_latex
from clearprop.explanation.outputs.latex_lines import equation_lines
from clearprop.explanation.outputs.markdown import to_markdown
from clearprop.explanation.outputs.text import to_text
from clearprop.network import Layer

AWKWARD = ("a|b", "*x* _y_ `z` $q$ <b> # [l](m)", "new\nline \x1b[31m", "a name of " + "many " * 9)


@pytest.fixture(scope="module")
def awkward():
    network = Network([4, 3, 2], hidden="tanh", output="logistic")
    X = np.random.default_rng(0).normal(size=(3, 4))
    return explain(
        network, network.initialize(random_state=0), X, np.eye(2)[[0, 1, 0]],
        update="sgd", feature_names=AWKWARD, output_names=("50 %", "日本語 & \\x"), title="A|\n*t*",
    ).records  # fmt: skip


@pytest.fixture(scope="module")
def large():
    network = Network([100, 64, 10], hidden="relu", output="softmax", reduction="mean")
    rng = np.random.default_rng(0)
    return explain(
        network, network.initialize(random_state=0), rng.random((32, 100)),
        np.eye(10)[rng.integers(10, size=32)], update="adam", jacobians=True, check=False,
    ).records  # fmt: skip


def numbers_of(text):
    tables = re.sub(r"^(?! {4}).*\n", "", text, flags=re.MULTILINE)
    return sorted(re.findall(r"(?<![\w.,])[−]?\d+\.\d+(?:e[−]?\d+)?(?![\w.,])", tables))


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_narrow_terminal_loses_nothing(awkward, width):
    text = to_text(awkward, width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "…" not in text
    assert set(numbers_of(text)) == set(numbers_of(to_text(awkward, width=400)))


@pytest.mark.parametrize("notation", ["matrix", "weights"])
def test_ascii(awkward, notation):
    text = to_text(awkward, notation, ascii_only=True)
    assert text.isascii()
    assert "delta" in text
    assert "\x1b" not in text


def test_styles_are_all_that_differs(awkward):
    styled = to_text(awkward, styled=True)
    assert "\x1b[1m" in styled
    plain = re.sub(r"\x1b\[[\d;]*m", "", styled)
    assert [line.rstrip() for line in plain.splitlines()] == to_text(awkward).splitlines()


def test_names_cannot_break_a_table_or_a_line(awkward):
    for write in (to_text, to_markdown, to_latex):
        written = write(awkward)
        assert "\x1b" not in written
        assert "new\nline" not in written
    markdown = to_markdown(awkward)
    for line in markdown.splitlines():
        if line.startswith("|"):
            assert line.endswith(" |")
    heading = from_markdown(markdown)["input[0]"].tables[0].columns
    unescaped = [re.sub(r"\\(.)", r"\1", name) for name in heading]
    assert unescaped[:2] == list(AWKWARD[:2])
    assert unescaped[2] == "new\\nline \\x1b[31m"


def test_markdown_keeps_what_github_would_take_for_its_own(awkward):
    for notation in ("matrix", "weights"):
        text = to_markdown(awkward, notation).replace(r"\$", "")
        formulas = re.findall(r"\$\$\n(.*?)\n\$\$|\$([^$\n]+)\$", text, re.DOTALL)
        assert len(formulas) > 100
        for display, inline in formulas:
            assert not re.search(r"\\[,;\\%_{}#!]|[<>*\n]", display + inline)


def test_what_is_too_large_is_summarised_and_said(large):
    for write in (to_text, to_markdown, to_latex):
        written = write(large)
        assert len(written) < 200_000
        for sentence in ("All but the 10 largest entries of the values of W", "100 x 64 numbers"):
            assert re.sub(r"\s", "", sentence) in re.sub(r"\s", "", written)
    part = from_markdown(to_markdown(large))["dW[0]"]
    values, table = large["dW[0]"].values, part.tables[0]
    assert table.rows[0] == "norm"
    np.testing.assert_allclose(table.values[0, 0], np.linalg.norm(values), rtol=1e-5)
    largest = np.sort(np.abs(values).ravel())[:-11:-1]
    np.testing.assert_allclose(np.abs(table.values[1:, 0]), largest, rtol=1e-5)
    row, column = np.unravel_index(np.argmax(np.abs(values)), values.shape)
    assert table.rows[1] == f"$x_{{{row + 1}}}$ / $h^{{1}}_{{{column + 1}}}$"


def test_small_networks_leave_nothing_out_but_equations():
    omissions = to_text(explain("article-a").records).split("What was left out")[1].splitlines()[1:]
    assert [line for line in omissions if line and "equations" not in line.lower()] == []


def test_an_unknown_notation_is_named(awkward):
    for write in (to_text, to_markdown, to_latex):
        with pytest.raises(ParameterError, match="got 'rows', expected one of matrix, weights"):
            write(awkward, "rows")


@pytest.fixture(scope="module")
def saturated():
    network = Network([1, 2], output="logistic", reduction="sum")
    parameters = [Layer(np.array([[1000.0, -1000.0]]), np.zeros(2))]
    return explain(network, parameters, [[1.0]], [[0.0, 1.0]], check=False).records


def test_numbers_that_json_lacks(saturated):
    text = to_json(saturated)
    (step,) = (step for step in json.loads(text)["steps"] if step["id"] == "doutput")
    assert step["values"] == [[None, None]]
    assert step["not_finite"] == [
        {"at": [0, 0], "is": "infinity"},
        {"at": [0, 1], "is": "-infinity"},
    ]
    np.testing.assert_array_equal(read_json(text)["doutput"], [[np.inf, -np.inf]])
    (table,) = from_markdown(to_markdown(saturated))["doutput"].tables
    np.testing.assert_array_equal(table.values, [[np.inf, -np.inf]])


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def test_every_field_of_json_is_documented(awkward):
    document = json.loads(to_json(awkward))
    for step in document["steps"]:
        assert step["formulas"].keys() == {"matrix", "weights"}
    own = {"matrix", "weights", *(document["update"]["settings"])}
    words = set(re.findall(r"\w+", json_output.__doc__))
    assert set(keys_of(document)) - own <= words | {"plain", "latex"}
    assert (document["format"], document["version"]) == ("clearprop-derivation", 1)
    assert document["feature_names"] == list(AWKWARD)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other", "version": 1}', "x"])
def test_json_of_somebody_else(text):
    with pytest.raises(ParameterError, match="expected a derivation in JSON"):
        read_json(text)


def test_json_of_a_newer_version():
    with pytest.raises(ParameterError, match="got version 2"):
        read_json('{"format": "clearprop-derivation", "version": 2, "steps": []}')


def test_the_order_of_the_steps_is_the_records(awkward):
    steps = [step.id for step in awkward.steps]
    assert re.findall(r"^### .*`([^`]+)`$", to_markdown(awkward), re.MULTILINE) == steps
    assert [step["id"] for step in json.loads(to_json(awkward))["steps"]] == steps


def test_answers_stand_at_their_steps(awkward):
    parts = from_markdown(to_markdown(awkward))
    assert len(awkward.comparisons) > 8
    for comparison in awkward.comparisons:
        lines = "\n".join(parts[comparison.step].lines)
        assert comparison.question in lines
        for side in comparison.sides[1:]:
            verdict = "agrees" if side.agrees else "differs"
            assert re.search(rf"^.*\({verdict}\):$", lines, re.MULTILINE)
        assert len(parts[comparison.step].tables) > len(comparison.sides)


def test_who_uses_a_step_is_said(awkward):
    parts = from_markdown(to_markdown(awkward))
    for step in awkward.steps:
        lines = "\n".join(parts[step.id].lines)
        for user in step.used_by:
            assert f"(`{user}`)" in lines
    assert "Used by no later step." in "\n".join(parts["dinput[0]"].lines)


def test_long_tables_go_on_in_latex():
    network = Network([2, 2], output="identity")
    X = np.random.default_rng(0).normal(size=(97, 2))
    records = explain(network, network.initialize(random_state=0), X, X, check=False).records
    latex = to_latex(records)
    (table,) = from_latex(latex)["input[0]"].tables
    np.testing.assert_allclose(table.values, X, rtol=1e-5)
    assert table.rows == [f"sample {row + 1}" for row in range(97)]
    bodies = re.findall(r"\\begin\{tabular\}.*?\\end\{tabular\}", latex, re.DOTALL)
    assert max(body.count(r"\\") for body in bodies) <= 41


def test_long_sums_are_broken_at_their_signs():
    terms = [f"{0.1 * k:.1f} z_{k}" for k in range(1, 31)]
    equation = as_equation(parse(f"a = {' + '.join(terms[:20])} - {' - '.join(terms[20:])} = 3"))
    first, *others, last = equation_lines(equation)
    assert first.startswith("a &= 0.1")
    assert last == "&= 3"
    assert all(line.startswith(r"&\qquad {} ") for line in others)
    assert len(others) == 3
    begin = r"&\qquad {} "
    written = " ".join([first.removeprefix("a &= "), *(o.removeprefix(begin) for o in others)])
    assert written == to_formula(equation.sides[0])


def test_nodes_are_written_as_in_the_formulas_beside_them():
    derivation = explain("article-a")
    in_code = re.compile(r"\bh\d+,\d+|\byhat\d|(?<![\w{])x\d|\bw\d,\d")
    written = {
        to_text: ("h¹₂", "ŷ₃", "x₁"),
        to_markdown: ("| $h^{1}_{2}$ |", "| $\\hat{y}_{3}$ |", "| $x_{1}$ |"),
        to_latex: ("$h^{1}_{2}$", "$\\hat{y}_{3}$", "$x_{1}$"),
    }
    for write, names in written.items():
        text = write(derivation.records)
        assert in_code.findall(text) == []
        for name in names:
            assert name in text
