"""A model reads later tables as it read the first; files and columns that stand there are kept."""

from __future__ import annotations

import csv
import io

import pytest

QUICK = ("--target", "y", "--hidden-layer-sizes", "8", "--max-iter", "30", "--quiet")

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_spellings_of_missing_hold_for_later_tables(run, folder):
    lines = [f"{-999 if i % 5 == 0 else i % 7},{i % 3},{'xy'[i % 2]}" for i in range(60)]
    (folder / "train.csv").write_text("a,b,y\n" + "\n".join(lines) + "\n")
    assert run("train", "train.csv", "--missing=-999", "-o", "m.safetensors", *QUICK).status == 0
    (folder / "new.csv").write_text("a,b\n-999,1\n,1\n")
    spelled, empty = rows_of(run("predict", "m.safetensors", "new.csv").stdout)
    assert spelled["probability of x"] == empty["probability of x"]


def test_a_proved_decimal_comma_holds_for_later_tables(run, folder):
    lines = [f"{1 + i % 9}.{100 + i}{',50' if i else ',25'};{i % 4}" for i in range(60)]
    (folder / "train.csv").write_text("price;y\n" + "\n".join(lines) + "\n")
    assert run("train", "train.csv", "-o", "m.safetensors", *QUICK).status == 0
    (folder / "short.csv").write_text("price;y\n1.234;0\n")
    (folder / "long.csv").write_text("price;y\n1.234,0;0\n")
    short = rows_of(run("predict", "m.safetensors", "short.csv").stdout)
    assert short == rows_of(run("predict", "m.safetensors", "long.csv").stdout)


def test_an_identifier_named_as_a_result_is_kept_beside_it(run, folder):
    lines = [f"{1000 + 7 * i},t{i},{i % 5},{'xy'[i % 2]}" for i in range(60)]
    (folder / "train.csv").write_text("line,prediction,a,y\n" + "\n".join(lines) + "\n")
    assert run("train", "train.csv", "-o", "m.safetensors", *QUICK).status == 0
    row = rows_of(run("predict", "m.safetensors", "train.csv").stdout)[0]
    assert row["line"] == "2"
    assert row["prediction"] in ("x", "y")
    assert row["prediction (data)"] == "t0"


def test_a_checkpoint_is_not_replaced_unasked(run, folder):
    (folder / "m.safetensors.checkpoint").write_text("mine")
    arguments = ("train", "iris", "-o", "m.safetensors", "--max-iter", "3", "--quiet")
    refused = run(*arguments)
    assert refused.status == 2
    assert "--resume" in refused.stderr
    assert "--force" in refused.stderr
    assert (folder / "m.safetensors.checkpoint").read_text() == "mine"
    assert run(*arguments, "--force").status == 0


def test_a_plot_does_not_replace_a_file_unasked(run, folder):
    pytest.importorskip("matplotlib")
    (folder / "curves.svg").write_text("mine")
    arguments = ("train", "iris", "--plot", "curves.svg", "--max-iter", "3", "--quiet")
    assert run(*arguments).status == 2
    assert (folder / "curves.svg").read_text() == "mine"


def test_a_table_without_a_header_can_be_read(run, folder):
    lines = [f"{i % 5},{i % 3},{i % 2}" for i in range(60)]
    (folder / "plain.csv").write_text("\n".join(lines) + "\n")
    refused = run("train", "plain.csv", "--quiet")
    assert refused.status == 2
    assert "--no-header" in refused.stderr
    name = "y"
    (folder / "named.csv").write_text("a,b,y\n" + "\n".join(lines) + "\n")
    assert run("train", "named.csv", "--target", name, "--header", "--quiet").status == 0
    listed = run("train", "plain.csv", "--no-header", "--target", "nowhere", "--quiet")
    assert listed.status == 2
    assert "there is no column 'nowhere'" in listed.stderr


def test_labels_cannot_steer_the_terminal(run, folder):
    labels = ("\x1b[31mred\x1b[0m", "blue")
    lines = [f"{i % 5},{labels[i % 2]}" for i in range(60)]
    (folder / "train.csv").write_text("a,y\n" + "\n".join(lines) + "\n")
    done = run("train", "train.csv", *QUICK[:-1])
    assert done.status == 0
    assert "\x1b" not in done.stdout
    assert "\\x1b[31mred" in done.stdout
