"""`diagnose`: each verdict, what it says, and what it suggests where it cannot tell."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wrong_passes import random_case, wrong_pass

from clearprop import Layer, Network, backward, check_gradients, diagnose, forward
from clearprop.activations import ACTIVATIONS
from clearprop.errors import ParameterError, ShapeError
from clearprop.explanation.diagnose import VERDICTS, doctor, mistaken_gradients
from clearprop.losses import OUTPUTS, REDUCTIONS


def setting(n_samples: int = 5, **options: Any) -> tuple[Any, ...]:
    """A network with neither square weights nor equal N and K, its parameters and a batch."""
    network = Network([3, 4, 5, 3], **{"hidden": "tanh", "reduction": "mean", **options})
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n_samples, 3))
    Y = np.eye(3)[generator.integers(0, 3, n_samples)]
    return network, network.initialize(0), X, Y


def right_of(network: Any, parameters: Any, X: Any, Y: Any) -> Any:
    return backward(network, parameters, forward(network, parameters, X), Y)


def test_a_right_gradient_is_right_and_says_by_what_it_was_judged() -> None:
    case = setting()
    diagnosis = diagnose(*case, right_of(*case))
    assert diagnosis.verdict == "right"
    assert diagnosis.ok
    assert diagnosis.findings == ()
    assert diagnosis.standing is not None
    assert diagnosis.standing.ok
    assert "agrees with finite differences" in str(diagnosis)
    assert [fit.name for fit in diagnosis.arrays][:4] == ["delta[2]", "dW[2]", "db[2]", "dinput[2]"]


def test_the_doctors_own_standing_is_shown_where_it_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = setting()
    right = right_of(*case)

    def judged(*arguments: Any, **given: Any) -> Any:
        wrong = {"dW": [2.0 * dW for dW in right.dW]}
        return check_gradients(*arguments, **given, gradients=wrong)

    monkeypatch.setattr(doctor, "check_gradients", judged)
    assert "DIFFERS FROM finite differences" in str(diagnose(*case, right))
    assert diagnose(*case, right, verify=False).standing is None


def test_one_mistake_is_named_where_it_began_with_both_formulas() -> None:
    case = setting()
    diagnosis = diagnose(*case, mistaken_gradients(*case, "missing sigma'", 1))
    assert diagnosis.verdict == "mistake"
    (finding,) = diagnosis.findings
    assert finding.mistake == "missing sigma'"
    assert (finding.layer, finding.step) == (1, "delta[1]")
    assert finding.right == "delta[1] = dinput[2] * sigma'(z[1])"
    assert finding.computed == "delta[1] = dinput[2]"
    assert finding.relative_error_before > 0.1
    assert finding.relative_error_after < 1e-14
    errors = {fit.name: (fit.before, fit.after) for fit in diagnosis.arrays}
    assert errors["dW[2]"] == (0.0, 0.0)
    assert errors["dW[0]"][0] > 0.1
    assert errors["dW[0]"][1] < 1e-14
    assert "remedy     Multiply dinput[2], entry by entry, with sigma'(z[1])." in str(diagnosis)


def test_a_mistake_of_a_loop_is_one_mistake_at_every_layer() -> None:
    case = setting()
    diagnosis = diagnose(*case, mistaken_gradients(*case, "sigma in place of sigma'"))
    (finding,) = diagnosis.findings
    assert (finding.layer, finding.layers) == (1, (1, 0))
    assert "at every layer where it can be: 1, 0" in finding.sentence


@pytest.mark.parametrize(
    ("factor", "mistake"),
    [(5.0, "1/N missing"), (0.2, "1/N doubled"), (1 / 3, "1/K too many"), (-1.0, "sign"),
     (2.0, "factor 2"), (0.5, "factor 1/2"), (0.37, "another constant factor")],
)  # fmt: skip
def test_a_constant_factor_is_named_by_its_meaning(factor: float, mistake: str) -> None:
    case = setting()
    right = right_of(*case)
    suspect = {"dW": [factor * dW for dW in right.dW], "db": [factor * db for db in right.db]}
    diagnosis = diagnose(*case, suspect)
    assert diagnosis.verdict == "constant factor"
    assert [finding.mistake for finding in diagnosis.findings] == [mistake]
    assert VERDICTS["constant factor"] in str(diagnosis)
    if mistake == "another constant factor":
        assert diagnosis.findings[0].coefficient == pytest.approx(factor)


def test_two_constant_factors_are_one_and_named_both() -> None:
    case = setting()
    diagnosis = diagnose(*case, {"dW": [-2.0 * dW for dW in right_of(*case).dW]})
    assert diagnosis.verdict == "constant factor"
    (finding,) = diagnosis.findings
    assert finding.coefficient == pytest.approx(-2.0)
    assert finding.meaning == "sign and factor 2"


def test_two_mistakes_are_named_with_their_steps() -> None:
    case = setting(n_samples=5)
    wrong = mistaken_gradients(*case, "missing sigma'", 1)
    wrong.db[0] = wrong.db[0] / 5
    diagnosis = diagnose(*case, wrong)
    assert diagnosis.verdict == "two mistakes"
    told: list[str] = []
    diagnose(*case, wrong, progress=told.append)
    assert told == ["No one mistake explains all digits: trying every two of them"]
    steps = [(finding.mistake, finding.step) for finding in diagnosis.findings]
    assert steps == [("missing sigma'", "delta[1]"), ("bias averaged", "db[0]")]
    assert all(finding.relative_error_before > 1e-2 for finding in diagnosis.findings)


def test_the_learning_rate_of_an_early_update_is_found() -> None:
    case = setting()
    wrong = mistaken_gradients(*case, "weights already updated", coefficient=0.25)
    (finding,) = diagnose(*case, {"dW": wrong.dW}).findings
    assert finding.mistake == "weights already updated"
    assert finding.coefficient_name == "learning rate"
    assert finding.coefficient == pytest.approx(0.25, rel=1e-9)
    assert "0.25 dW[2]" in finding.computed


def test_a_penalty_of_another_strength_says_which() -> None:
    case = setting()
    right = right_of(*case)
    l2 = 0.3
    wrong = [dW + l2 * layer.W for dW, layer in zip(right.dW, case[1], strict=True)]
    (finding,) = diagnose(*case, {"dW": wrong}, l2=l2).findings
    assert finding.mistake == "penalty of another strength"
    assert finding.coefficient == pytest.approx(0.3)
    assert finding.meaning == "l2, not divided as the loss is"
    (finding,) = diagnose(*case, {"dW": wrong}).findings
    assert finding.meaning == ""


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_what_cannot_be_told_apart_is_said_with_rows_that_would(reduction: str) -> None:
    # N = 2: a factor 2 and 1/N are the same number.
    case = setting(n_samples=2, reduction=reduction)
    factor = 2.0 if reduction == "mean" else 0.5
    wrong = [factor * dW for dW in right_of(*case).dW]
    diagnosis = diagnose(*case, {"dW": wrong})
    assert diagnosis.verdict == "cannot tell"
    named = {findings[0].mistake for findings in (diagnosis.findings, *diagnosis.alternatives)}
    assert named == (
        {"factor 2", "1/N missing"} if reduction == "mean" else {"factor 1/2", "1/N too many"}
    )
    suggestion = diagnosis.suggestion
    assert suggestion is not None
    assert suggestion.apart == 2
    assert suggestion.rows in ((0,), (1,))
    network, parameters, _, _ = case
    there = (network, parameters, suggestion.X, suggestion.Y)
    for name in named:
        again = diagnose(*there, {"dW": mistaken_gradients(*there, name).dW}) \
            if name.startswith("factor") else None  # fmt: skip
        if again is not None:
            assert [finding.mistake for finding in again.findings] == [name]
    assert "Rows that tell them apart" in str(diagnosis)


def test_new_rows_are_made_up_where_the_users_own_do_not_help() -> None:
    # Units at z = 0, of which sigma is 1/2 and sigma' is 1/4.
    network = Network([1, 2, 2], hidden="logistic", output="identity", reduction="sum")
    W = np.random.default_rng(2).normal(size=(2, 2))
    parameters = [Layer(np.ones((1, 2)), np.zeros(2)), Layer(W, np.zeros(2))]
    case = (network, parameters, np.array([[0.0]]), np.array([[1.0, -1.0]]))
    wrong = mistaken_gradients(*case, "sigma in place of sigma'", 0)
    diagnosis = diagnose(*case, {"db": [wrong.db[0], None]})
    assert diagnosis.verdict == "cannot tell"
    explanations = [diagnosis.findings, *diagnosis.alternatives]
    assert {findings[0].mistake for findings in explanations} == {
        "sigma in place of sigma'",
        "factor 2",
    }
    suggestion = diagnosis.suggestion
    assert suggestion is not None
    assert suggestion.rows is None
    assert suggestion.apart == 2
    there = (network, parameters, suggestion.X, suggestion.Y)
    for findings in explanations:
        again = mistaken_gradients(*there, findings[0].mistake, findings[0].layer)
        (finding,) = diagnose(*there, {"db": [again.db[0], None]}).findings
        assert finding.mistake == findings[0].mistake


def test_arrays_that_would_tell_are_named() -> None:
    case = setting()
    right = right_of(*case)
    # Alone, dW[1] cannot say at which of two places it was doubled and lost its sigma'.
    wrong = mistaken_gradients(*case, "missing sigma'", 1)
    diagnosis = diagnose(*case, {"dW": [None, 2.0 * wrong.dW[1], None]})
    assert diagnosis.verdict == "cannot tell"
    assert diagnosis.suggestion is not None
    assert diagnosis.suggestion.arrays
    assert right.dW[1].shape == wrong.dW[1].shape


@pytest.mark.parametrize("hidden", ["relu", "identity"])
def test_a_mistake_that_changes_nothing_is_none(hidden: str) -> None:
    case = setting(hidden=hidden)
    wrong = mistaken_gradients(*case, "sigma' of h instead of z")
    assert diagnose(*case, wrong).ok


def test_an_unknown_mistake_is_said_to_be_unknown() -> None:
    case = setting()
    right = right_of(*case)
    wrong = [dW + 0.1 * np.cos(np.arange(dW.size)).reshape(dW.shape) for dW in right.dW]
    diagnosis = diagnose(*case, {"dW": wrong})
    assert diagnosis.verdict == "none"
    assert VERDICTS["none"] in str(diagnosis)
    # A known one with something small besides is named as the nearest.
    wrong = mistaken_gradients(*case, "missing sigma'", 1)
    wrong.dW[0] = wrong.dW[0] + 0.01 * np.max(wrong.dW[0]) * np.cos(np.arange(12.0)).reshape(3, 4)
    diagnosis = diagnose(*case, wrong)
    assert diagnosis.verdict == "none"
    assert diagnosis.findings[0].mistake == "missing sigma'"
    assert "leaves much unexplained" in str(diagnosis)


def test_an_unknown_mistake_is_located_where_a_part_is_right() -> None:
    network = Network([3, 5, 4, 3], hidden="tanh", reduction="mean")
    generator = np.random.default_rng(0)
    parameters = network.initialize(0)
    X, Y = generator.normal(size=(6, 3)), np.eye(3)[generator.integers(3, size=6)]
    right = backward(network, parameters, forward(network, parameters, X), Y)
    wrong = [dW + generator.normal(size=dW.shape) for dW in right.dW[:2]]
    diagnosis = diagnose(network, parameters, X, Y, {"dW": [*wrong, right.dW[2]]})
    assert diagnosis.verdict == "none"
    said = " ".join(str(diagnosis).split())
    assert "Right: dW[2]. Wrong: dW[1], dW[0]. The mistake lies between the two" in said


def test_numbers_from_a_page_are_judged_by_their_digits() -> None:
    case = setting()
    right, wrong = right_of(*case), mistaken_gradients(*case, "missing sigma'", 1)
    printed = {"dW": [np.round(dW, 4) for dW in right.dW]}
    diagnosis = diagnose(*case, printed)
    assert diagnosis.ok
    assert diagnosis.precision == "4 decimals"
    diagnosis = diagnose(*case, {"dW": [np.round(dW, 4) for dW in wrong.dW], "db": wrong.db})
    assert [finding.mistake for finding in diagnosis.findings] == ["missing sigma'"]
    digits = {"dW": [np.array([[float(f"{x:.3e}") for x in row] for row in dW])
                     for dW in right.dW]}  # fmt: skip
    assert diagnose(*case, digits).precision == "4 digits"
    rough = {"dW": [dW * (1 + 6e-5 * np.sin(np.arange(dW.size)).reshape(dW.shape))
                    for dW in right.dW]}  # fmt: skip
    diagnosis = diagnose(*case, rough)
    assert diagnosis.ok
    assert any("to within 1e-04" in note for note in diagnosis.notes)


def test_a_diagnosis_is_json() -> None:
    case = setting(n_samples=2)
    wrong = [2.0 * dW for dW in right_of(*case).dW]
    record = json.loads(json.dumps(diagnose(*case, {"dW": wrong}).to_dict(), allow_nan=False))
    assert record["verdict"] == "cannot tell"
    assert record["findings"][0]["step"] == "delta[2]"
    assert len(record["suggestion"]["X"][0]) == 3
    assert record["standing"]["agrees"] is True


def test_bad_input_gets_a_clear_error() -> None:
    network, parameters, X, Y = case = setting()
    right = right_of(*case)
    with pytest.raises(ShapeError, match="X: got shape"):
        diagnose(network, parameters, X[:, :2], Y, right)
    with pytest.raises(ShapeError, match="got no rows"):
        diagnose(network, parameters, X[:0], Y[:0], right)
    right.dW[0][1, 2] = np.nan
    with pytest.raises(ParameterError, match=r"dW\[0\] holds nan at \[1, 2\]"):
        diagnose(*case, right)


@st.composite
def right_cases(draw: st.DrawFn) -> Any:
    """Any network, batch and scale, with its right gradient in float64 or float32."""
    output = draw(st.sampled_from(list(OUTPUTS)))
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    sizes[-1] = max(sizes[-1], 2)
    hidden = [draw(st.sampled_from(list(ACTIVATIONS))) for _ in sizes[2:]]
    network = Network(sizes, hidden, output, draw(st.sampled_from(list(REDUCTIONS))))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1e-3, 1.0] if output == "exponential" else [1e-3, 1.0, 30.0]))
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    n_samples = draw(st.integers(1, 9))
    X = (scale * generator.normal(size=(n_samples, sizes[0]))).astype(dtype)
    Y = np.eye(sizes[-1])[generator.integers(0, sizes[-1], n_samples)].astype(dtype)
    return network, network.initialize(int(generator.integers(2**31)), dtype=dtype), X, Y


@given(right_cases(), st.sampled_from(["all", "parameters", "weights", "one"]))
@settings(max_examples=150)
def test_right_gradients_are_never_accused(case: Any, part: str) -> None:
    right = right_of(*case)
    suspect: Any = {
        "all": right,
        "parameters": [array for pair in zip(right.dW, right.db, strict=True) for array in pair],
        "weights": {"dW": right.dW},
        "one": {"dW0": right.dW[0]},
    }[part]
    diagnosis = diagnose(*case, suspect, verify=False)
    if diagnosis.verdict == "cannot tell":
        # Of square weights alone it cannot be seen whether they are transposed.
        assert any("layout=" in note for note in diagnosis.notes), str(diagnosis)
        assert not diagnosis.findings
    else:
        assert diagnosis.ok, f"{case[0]}\n{diagnosis}"


def test_sample_weights_left_out_are_named() -> None:
    case = setting()
    weights = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    diagnosis = diagnose(*case, right_of(*case), sample_weight=weights)
    assert [finding.mistake for finding in diagnosis.findings] == ["sample weights left out"]


def test_one_faulty_number_of_a_pass_by_hand_is_no_known_mistake() -> None:
    case = random_case(3)
    wrong = wrong_pass(case, [])
    wrong.dW[0][0, 0] *= 1.01
    assert diagnose(*case.given, wrong, l2=case.l2).verdict == "none"
