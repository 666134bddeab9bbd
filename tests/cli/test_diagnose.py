"""`clearprop diagnose`: of a model on a table, of any network by files, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearprop import Network, backward, forward
from clearprop.cli.files import load_table_model
from clearprop.explanation.diagnose import mistaken_gradients

ARTICLE_A = ("--sizes", "2,2,4,3", "--reduction", "sum", "--parameters", "P.npz", "--X", "X.csv",
             "--Y", "Y.csv")  # fmt: skip


@pytest.fixture
def article_a(folder: Path) -> tuple[Any, ...]:
    """Article A's network as files; its targets as class numbers."""
    assert Path.cwd() == folder
    network = Network([2, 2, 4, 3], reduction="sum")
    parameters = network.initialize(0)
    X = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.8]])
    np.savez("P.npz", **{f"{k}{i}": getattr(layer, k) for i, layer in enumerate(parameters)
                         for k in "Wb"})  # fmt: skip
    np.savetxt("X.csv", X, delimiter=",", header="a,b", comments="")
    np.savetxt("Y.csv", [0, 1, 2], fmt="%d")
    return network, parameters, X, np.eye(3)


def write(name: str, gradients: Any) -> None:
    np.savez(name, **{f"{kind}{i + 1}": array for kind in ("dW", "db")
                      for i, array in enumerate(getattr(gradients, kind))})  # fmt: skip


def test_a_network_of_files_is_diagnosed(run: Any, article_a: Any) -> None:
    write("S.npz", mistaken_gradients(*article_a, "missing sigma'", 1))
    ran = run("diagnose", *ARTICLE_A, "S.npz")
    assert ran.status == 0, ran.stderr
    assert "S.npz: the gradient of a network 2 → 2 → 4 → 3 on 3 rows" in ran.stdout
    assert "dW2 as dW[1]" in ran.stdout
    assert "was        delta[1] = dinput[2]\n" in ran.stdout
    document = run("diagnose", *ARTICLE_A, "S.npz", "--json").json
    assert document["verdict"] == "mistake"
    assert document["findings"][0]["mistake"] == "missing sigma'"
    assert document["findings"][0]["step"] == "delta[1]"
    assert document["standing"]["agrees"] is True


def test_single_files_are_taken_by_their_names(run: Any, article_a: Any) -> None:
    wrong = mistaken_gradients(*article_a, "bias of the first row", 2)
    np.save("dW2.npy", wrong.dW[2])
    np.savetxt("db2.csv", wrong.db[2], fmt="%.5f")
    document = run("diagnose", *ARTICLE_A, "dW2.npy", "db2.csv", "--json").json
    assert document["findings"][0]["mistake"] == "bias of the first row"
    assert document["precision"] == "5 decimals"


def test_rows_and_the_penalty_are_what_the_gradient_is_of(run: Any, article_a: Any) -> None:
    network, parameters, X, Y = article_a
    two = (network, parameters, X[[0, 2]], Y[[0, 2]])
    right = backward(*two[:2], forward(*two[:3]), two[3])
    write("S.npz", right)
    assert run("diagnose", *ARTICLE_A, "S.npz", "--rows", "0,2", "--json").json["verdict"] == (
        "right"
    )
    assert run("diagnose", *ARTICLE_A, "S.npz", "--json").json["verdict"] == "none"
    document = run("diagnose", *ARTICLE_A, "S.npz", "--rows", "0,2", "--l2", "0.5", "--json").json
    assert document["findings"][0]["mistake"] == "penalty left out"


def test_a_layout_can_be_said(run: Any, article_a: Any) -> None:
    network, parameters, X, Y = article_a
    right = backward(network, parameters, forward(network, parameters, X), Y)
    np.save("dW0.npy", right.dW[0].T)
    document = run("diagnose", *ARTICLE_A, "dW0.npy", "--json").json
    assert document["verdict"] == "cannot tell"
    document = run("diagnose", *ARTICLE_A, "dW0.npy", "--layout", "columns", "--json").json
    assert document["verdict"] == "right"


@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_a_model_knows_its_network_batch_and_penalty(run: Any, data: str) -> None:
    trained = run("train", data, "--max-iter", "3", "--hidden-layer-sizes", "6", "--alpha", "0.5",
                  "--activation", "tanh")  # fmt: skip
    assert trained.status == 0
    model = load_table_model(f"{data}.safetensors")
    X, Y = model.batch(model.read(data).take(np.arange(3)))
    estimator = model.estimator
    case = (estimator.network_, estimator.parameters_, X, Y)
    write("right.npz", right_with_penalty(case, 0.5))
    write("wrong.npz", mistaken_gradients(*case, "missing sigma'", 0, l2=0.5))
    files = (f"{data}.safetensors", data)
    ran = run("diagnose", *files, "right.npz", "--rows", "0:3")
    assert ran.status == 0, ran.stderr
    assert "The gradient is right." in ran.stdout
    assert f"on 3 rows of {data}" in ran.stdout
    document = run("diagnose", *files, "wrong.npz", "--rows", "0:3", "--json").json
    assert document["findings"][0]["mistake"] == "missing sigma'"
    document = run("diagnose", *files, "right.npz", "--rows", ":3", "--l2", "0", "--json").json
    assert document["findings"][0]["mistake"] == "penalty of another strength"
    assert run("diagnose", *files, "wrong.npz", "--json").json["rows"] == 8


def right_with_penalty(case: Any, l2: float) -> Any:
    network, parameters, X, Y = case
    right = backward(network, parameters, forward(network, parameters, X), Y)
    dW = [dW + l2 / len(X) * layer.W for dW, layer in zip(right.dW, parameters, strict=True)]
    return right._replace(dW=dW)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("iris.safetensors", "iris"), "got 2 of MODEL, DATA and SUSPECT"),
        (("a", "b", "c", "--hidden", "tanh"), "--hidden goes with --sizes"),
        (("S.npz", "--sizes", "2,2"), "--parameters is missing"),
        (("S.npz", "--sizes", "2"), "no network; write its widths"),
        ((*ARTICLE_A, "S.npz", "--rows", "first"), "names no rows"),
        ((*ARTICLE_A, "S.npz", "--rows", "0:4"), ": X.csv has the rows 0 to 2"),
        ((*ARTICLE_A, "S.npz", "--rows", "3"), ": X.csv has the rows 0 to 2"),
        ((*ARTICLE_A, "none.npz"), "none.npz: No such file"),
        ((*ARTICLE_A, "P.npz", "--X", "Y.csv"), "X: got shape"),
        ((*ARTICLE_A, "--sizes", "2,3,3", "S.npz"), "P.npz: got W0"),
        ((*ARTICLE_A, "--output-function", "tanh", "S.npz"), "value for '--output-function'"),
    ],
)
def test_mistakes_in_the_command_are_said(
    run: Any, article_a: Any, arguments: tuple[str, ...], message: str
) -> None:
    network, parameters, X, Y = article_a
    write("S.npz", backward(network, parameters, forward(network, parameters, X), Y))
    ran = run("diagnose", *arguments)
    assert ran.status == 2
    assert message in ran.stderr


def test_a_batch_without_all_its_targets_is_refused(run: Any, article_a: Any) -> None:
    network, parameters, X, Y = article_a
    write("S.npz", backward(network, parameters, forward(network, parameters, X), Y))
    np.savetxt("two.csv", Y[:2], delimiter=",")
    ran = run("diagnose", *ARTICLE_A, "S.npz", "--Y", "two.csv", "--rows", "0:3")
    assert ran.status == 2
    assert "--Y two.csv: got 2 rows for 3 rows of X.csv" in ran.stderr
