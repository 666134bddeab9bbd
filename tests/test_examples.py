"""Every example runs, and what it prints is right: each gradient equals its finite difference."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from clearprop.activations import ACTIVATIONS

EXAMPLES = Path(__file__).parent.parent / "examples"
N_GRADIENTS = {"01_by_hand.py": 9, "02_article_a.py": 35 + 39, "03_article_b.py": 24}
"""How many gradients each example prints: parameters, and in article A's the inputs too."""


@pytest.fixture(autouse=True)
def own_print_options():
    """What an example sets for its own printing ends with it."""
    with np.printoptions():
        yield


def printed_gradients(output):
    """[[by hand,] backward, finite difference] of each row below a header with these columns."""
    rows, n_columns = [], 0
    for line in output.splitlines():
        if line.endswith(" finite difference"):
            n_columns = 3 if "by hand" in line else 2
        elif not line.strip():
            n_columns = 0
        elif n_columns:
            rows.append([float(word) for word in line.split()[-n_columns:]])
    return rows


def largest_relative_difference(rows):
    return max(
        abs(value - row[-1]) / max(abs(value), abs(row[-1])) for row in rows for value in row[:-1]
    )


def run(name, capsys):
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


def test_each_example_has_a_docstring_and_fits_on_a_few_screens():
    for path in EXAMPLES.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(('"""', 'r"""')), path.name
        assert len(text.splitlines()) < 150, path.name


@pytest.mark.parametrize("name", sorted(N_GRADIENTS))
def test_printed_gradients_equal_finite_differences(name, capsys):
    rows = printed_gradients(run(name, capsys))
    assert len(rows) == N_GRADIENTS[name]
    assert largest_relative_difference(rows) <= 1e-6


@pytest.mark.parametrize("name", sorted(N_GRADIENTS))
def test_a_broken_derivative_is_seen_in_what_an_example_prints(name, capsys, monkeypatch):
    broken = ACTIVATIONS["logistic"]._replace(derivative=lambda z, h: h)  # noqa: ARG005
    monkeypatch.setitem(ACTIVATIONS, "logistic", broken)
    rows = printed_gradients(run(name, capsys))
    assert largest_relative_difference(rows) > 1e-2


def test_by_hand_prints_the_numbers_worked_out_on_paper(capsys):
    output = run("01_by_hand.py", capsys)
    # net2 = 0.2 - 0.2 + 0.1 = 0.1 and net3 = -0.15 - 0.8 - 0.2 = -1.15
    assert "out2 = 0.524979   out3 = 0.240489   out4 = p = 0.633495" in output
    assert "= 0.633495 - 1.000000  = -0.366505" in output


def test_article_a_prints_shares_that_add_up(capsys):
    output = run("02_article_a.py", capsys)
    line = next(line for line in output.splitlines() if line.startswith("dH/dw3_11:"))
    shares, total = line.removeprefix("dH/dw3_11:").split("=")
    assert sum(map(float, shares.split("+"))) == pytest.approx(float(total), abs=2e-6)
    jacobian_route = next(line for line in output.splitlines() if line.startswith("(-y / yhat) J"))
    short_route = next(line for line in output.splitlines() if line.startswith("delta^1 = yhat"))
    assert jacobian_route.split("[[")[1] == short_route.split("[[")[1]


def test_article_b_lowers_the_cost(capsys):
    output = run("03_article_b.py", capsys)
    before, after = (
        float(line.split()[-1])
        for line in output.splitlines()
        if line.startswith(("cost before", "cost after"))
    )
    assert after < before - 1e-3
