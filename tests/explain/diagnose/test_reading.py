"""Every way to write a gradient down is read as the same gradient, and said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clearprop import Network, backward, diagnose, forward
from clearprop.errors import ParameterError, ShapeError
from clearprop.explain.diagnose import mistaken_gradients
from clearprop.explain.diagnose.names import parse_name

NETWORK = Network([3, 4, 5, 2], hidden="tanh", reduction="mean")
PARAMETERS = NETWORK.initialize(1)
X = np.random.default_rng(0).normal(size=(7, 3))
Y = np.eye(2)[[0, 1, 1, 0, 1, 0, 0]]
CASE = (NETWORK, PARAMETERS, X, Y)
LAYERS = range(3)


def pairs(g: Any) -> list[Any]:
    return [array for layer in LAYERS for array in (g.dW[layer], g.db[layer])]


def per_sample(g: Any, mean: bool) -> dict[str, list[Any]]:
    """One matrix per sample, as the loss of each alone gives it, or a share of the mean's."""
    passes = forward(NETWORK, PARAMETERS, X)
    scale = len(X) if mean else 1.0
    return {
        "dW": [
            scale * np.einsum("ni,nj->nij", passes.inputs[layer], g.delta[layer])
            for layer in LAYERS
        ],
        "db": [scale * g.delta[layer] for layer in LAYERS],
    }


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "gradients": lambda g: g,
    "by kind": lambda g: {"dW": g.dW, "db": g.db, "delta": g.delta, "dinput": g.dinput},
    "one kind": lambda g: {"delta": g.delta},
    "some layers": lambda g: {"dW": [None, g.dW[1], None], "db": [g.db[0], None, None]},
    "pairs": pairs,
    "pairs from the output": lambda g: [a for k in (2, 1, 0) for a in (g.dW[k], g.db[k])],
    "scikit-learn": lambda g: {
        **{f"coefs_{k}": g.dW[k] for k in LAYERS},
        **{f"intercepts_{k}": g.db[k] for k in LAYERS},
    },
    "weights, then biases": lambda g: [*g.dW, *g.db],
    "weights": lambda g: list(g.dW),
    "torch, in order": lambda g: [a.T for a in pairs(g)],
    "torch, by name": lambda g: {
        **{f"{2 * k}.weight.grad": g.dW[k].T for k in LAYERS},
        **{f"{2 * k}.bias.grad": g.db[k] for k in LAYERS},
    },
    "keras": lambda g: {
        f"dense{f'_{k}' if k else ''}/{name}": a
        for k in LAYERS
        for name, a in (("kernel:0", g.dW[k]), ("bias:0", g.db[k]))
    },
    "article B's columns": lambda g: {
        "delta": [a.T for a in g.delta],
        "db": [a[:, None] for a in g.db],
        "dW": g.dW,
    },
    "columns of everything": lambda g: {
        "dW": [a.T for a in g.dW],
        "dinput": [a.T for a in g.dinput],
        "db": [a[:, None] for a in g.db],
    },
    "counted from 1": lambda g: {
        **{f"dW{k + 1}": g.dW[k] for k in LAYERS},
        **{f"dZ{k + 1}": g.delta[k] * len(X) for k in LAYERS},
        **{f"dA{k}": g.dinput[k] * len(X) for k in (1, 2)},
    },
    "beside the parameters": lambda g: {
        **{f"grads/W{k}": g.dW[k] for k in LAYERS},
        **{f"grads/dW{k}": g.dW[k] for k in LAYERS[:0]},
    },
    "bias first": lambda g: [np.vstack([g.db[k], g.dW[k]]) for k in LAYERS],
    "bias last": lambda g: [np.vstack([g.dW[k], g.db[k]]) for k in LAYERS],
    "bias as a column": lambda g: [np.hstack([g.db[k][:, None], g.dW[k].T]) for k in LAYERS],
    "flat": lambda g: np.concatenate([a.ravel() for a in pairs(g)]),
    "flat, torch": lambda g: np.concatenate([a.T.ravel() for a in pairs(g)]),
    "flat, weights first": lambda g: np.concatenate([a.ravel() for a in (*g.dW, *g.db)]),
    "per sample, to be summed": lambda g: per_sample(g, mean=False),
    "per sample, to be averaged": lambda g: per_sample(g, mean=True),
    "one array": lambda g: g.dW[1],
    "one array, transposed": lambda g: g.dW[1].T,
    "one array, listed": lambda g: [g.dW[1]],
    "one delta": lambda g: g.delta[1],
    "lists of numbers": lambda g: {"dW": [a.tolist() for a in g.dW]},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_right_gradient_is_right_however_it_is_written(name: str) -> None:
    right = backward(NETWORK, PARAMETERS, forward(NETWORK, PARAMETERS, X), Y)
    diagnosis = diagnose(*CASE, LAYOUTS[name](right), verify=False)
    assert diagnosis.ok, str(diagnosis)


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - {"some layers", "one delta"}))
def test_a_wrong_gradient_is_named_however_it_is_written(name: str) -> None:
    wrong = mistaken_gradients(*CASE, "missing sigma'", 1)
    diagnosis = diagnose(*CASE, LAYOUTS[name](wrong), verify=False)
    assert [(f.mistake, f.layer) for f in diagnosis.findings] == [("missing sigma'", 1)], str(
        diagnosis
    )


def test_what_was_taken_as_what_is_said() -> None:
    right = backward(NETWORK, PARAMETERS, forward(NETWORK, PARAMETERS, X), Y)
    named = {"W1": PARAMETERS[0].W, "dW1": right.dW[0].T, "db2": right.db[1], "loss": np.ones(1)}
    diagnosis = diagnose(*CASE, {**named, "db3": right.db[2]}, verify=False)
    assert diagnosis.ok
    assert diagnosis.taken == (
        "dW1 as dW[0] (transposed: a row per output, as in torch's Linear)",
        "db2 as db[1]",
        "db3 as db[2]",
        "W1: left out: a parameter, whose derivative is there too",
        "loss: left out: its name says no array of a gradient",
    )


def test_a_delta_without_the_mean_is_a_convention_where_dw_has_it() -> None:
    right = backward(NETWORK, PARAMETERS, forward(NETWORK, PARAMETERS, X), Y)
    suspect = {"delta": [7.0 * delta for delta in right.delta], "dW": right.dW, "db": right.db}
    diagnosis = diagnose(*CASE, suspect, verify=False)
    assert diagnosis.ok
    assert any("a convention" in note for note in diagnosis.notes)
    # Alone, it lacks 1/N.
    diagnosis = diagnose(*CASE, {"delta": suspect["delta"]}, verify=False)
    assert diagnosis.verdict == "constant factor"
    assert diagnosis.findings[0].mistake == "1/N missing"


def test_a_bias_that_was_never_summed_is_named() -> None:
    right = backward(NETWORK, PARAMETERS, forward(NETWORK, PARAMETERS, X), Y)
    for db in (right.delta[1], right.delta[1].T):
        diagnosis = diagnose(*CASE, {"db1": db}, verify=False)
        assert [f.mistake for f in diagnosis.findings] == ["bias not summed"]
    total = {"db1": np.sum(right.delta[1])}
    (finding,) = diagnose(*CASE, total, verify=False).findings
    assert finding.mistake == "bias summed over everything"


def test_square_weights_do_not_say_whether_they_are_transposed() -> None:
    network = Network([3, 3, 3], hidden="tanh", reduction="sum")
    case = (network, network.initialize(0), X[:4], np.eye(3)[[0, 1, 2, 0]])
    right = backward(network, case[1], forward(network, case[1], case[2]), case[3])
    transposed = [dW.T for dW in right.dW]
    diagnosis = diagnose(*case, {"dW": transposed})
    assert diagnosis.verdict == "cannot tell"
    assert diagnosis.findings == ()
    assert [f.mistake for f in diagnosis.alternatives[0]] == ["dW transposed"]
    assert "layout='columns'" in str(diagnosis)
    assert "the gradient is right" in str(diagnosis)
    assert diagnose(*case, {"dW": transposed}, layout="columns").ok
    (finding,) = diagnose(*case, {"dW": transposed}, layout="rows").findings
    assert finding.mistake == "dW transposed"
    # Our own type has our own layout, and torch's names have torch's.
    assert diagnose(*case, right._replace(dW=transposed)).verdict == "mistake"
    assert diagnose(*case, {f"{2 * k}.weight": transposed[k] for k in range(2)}).ok


def test_one_array_of_several_shapes_is_what_fits_and_the_others_are_named() -> None:
    network = Network([3, 3, 3], hidden="tanh", reduction="sum")
    case = (network, network.initialize(0), X[:4], np.eye(3)[[0, 1, 2, 0]])
    right = backward(network, case[1], forward(network, case[1], case[2]), case[3])
    diagnosis = diagnose(*case, right.delta[1])
    assert diagnosis.ok
    assert [fit.name for fit in diagnosis.arrays] == ["delta[1]"]
    assert any("may also be" in note and "dinput[1]" in note for note in diagnosis.notes)


def test_an_array_that_is_right_as_one_and_wrong_as_another_is_neither() -> None:
    right = backward(NETWORK, PARAMETERS, forward(NETWORK, PARAMETERS, X), Y)
    diagnosis = diagnose(*CASE, right.dinput[2])
    assert diagnosis.verdict == "cannot tell"
    assert diagnosis.findings == ()
    assert [f.mistake for f in diagnosis.alternatives[0]] == ["missing sigma'"]
    assert any("for dinput[2], the other for delta[1]" in note for note in diagnosis.notes)
    assert diagnose(*CASE, {"dinput2": right.dinput[2]}).ok
    assert diagnose(*CASE, {"delta1": right.dinput[2]}).verdict == "mistake"


def test_a_tensor_is_taken_as_it_is() -> None:
    class Tensor:
        """What a tensor that needs a gradient does: NumPy may not look at it before detach."""

        def __init__(self, array: Any) -> None:
            self.array = array

        def detach(self) -> Any:
            return self

        def cpu(self) -> Any:
            return self.array

    right = backward(NETWORK, PARAMETERS, forward(NETWORK, PARAMETERS, X), Y)
    assert diagnose(*CASE, {"dW": [Tensor(dW) for dW in right.dW]}, verify=False).ok


@pytest.mark.parametrize(
    ("suspect", "error", "message"),
    [
        (np.ones((6, 6)), ShapeError, r"got \(6, 6\); no such arrays"),
        ([np.ones(2), np.ones(3)], ShapeError, r"got \(2,\), \(3,\)"),
        ({"dW": [np.ones((3, 4))]}, ShapeError, "got 1 arrays in 'dW', the network has 3"),
        ({"dW": [np.ones((3, 5)), None, None]}, ShapeError, r"got dW\[0\] of shape \(3, 5\)"),
        ({"dW": [None, None, None]}, ParameterError, "nothing was given"),
        ({}, ParameterError, "nothing was given"),
        ([], ParameterError, "nothing was given"),
        ({"dW9": np.ones((3, 4))}, ShapeError, r"got dW9 \(3, 4\)"),
        ({"dW0": np.array(["a"])}, ParameterError, "dW0 is no array of numbers"),
        ({"dW0": np.zeros((0, 4))}, ShapeError, "holds no number"),
    ],
)
def test_what_cannot_be_read_is_refused(suspect: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        diagnose(*CASE, suspect, verify=False)


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(ParameterError, match="layout: got 'fortran'"):
        diagnose(*CASE, np.ones(4), layout="fortran")


@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        ("dW0", "dW", 0),
        ("grad_W_2", "dW", 2),
        ("W1.grad", "dW", 1),
        ("W3", "dW", 3),
        ("fc2.weight", "dW", 2),
        ("model.layers.4.bias", "db", 4),
        ("dense/kernel:0", "dW", None),
        ("db[1]", "db", 1),
        ("b2", "db", 2),
        ("dZ1", "delta", 1),
        ("delta_3", "delta", 3),
        ("dx", "dinput", 0),
        ("dA2", "dinput", 2),
        ("dinput[1]", "dinput", 1),
        ("intercepts_1", "db", 1),
        ("loss", "", None),
        ("arr_0", "", 0),
        ("X", "", None),
    ],
)
def test_names_are_read_leniently(name: str, kind: str, number: int | None) -> None:
    assert parse_name(name)[:2] == (kind, number)
