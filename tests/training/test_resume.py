"""Checkpoints: killed and resumed is never killed, to the last bit; and nothing else is resumed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from clearprop.checkpoint import load_checkpoint, save_checkpoint
from clearprop.engines import Problem
from clearprop.errors import ModelFileError
from clearprop.estimators import MLPClassifier
from clearprop.network import Network
from clearprop.optimizers import SGD, Adam, Momentum, OptimizerState
from clearprop.schedules import Constant, Cosine
from clearprop.training import (
    Callback,
    Progress,
    TrainingResult,
    TrainingSettings,
    TrainingState,
    loop,
)
from clearprop.training.resume import is_finished, resume, run_identity
from clearprop.training.state import fingerprint

Train = Callable[..., TrainingResult]

RUN = """
import os, signal, sys
import numpy as np
from clearprop.estimators import MLPClassifier
from clearprop.training import Callback, loop

loop._SECONDS_BETWEEN_LOOKS = -1.0  # one step at a time, so that the kill comes mid-epoch
checkpoint, result, solver, early_stopping, kill_at = sys.argv[1:]

class Kill(Callback):
    def on_progress(self, progress):
        if f"{progress.epoch},{progress.position}" == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

generator = np.random.default_rng(0)
y = generator.integers(3, size=90)
X = generator.normal(size=(90, 4)) + np.eye(3, 4)[y]
model = MLPClassifier(
    (6,), solver=solver, learning_rate_init=0.05, batch_size=8, max_iter=6, tol=0.0,
    random_state=3, early_stopping=early_stopping == "True", callbacks=[Kill()],
    checkpoint=checkpoint or None, checkpoint_seconds=0.0, resume=True,
)
import warnings
warnings.simplefilter("ignore")
model.fit(X, y)
np.savez(result, *model.coefs_, *model.intercepts_, curve=model.loss_curve_,
         scores=model.validation_scores_ or [], best=[model.best_loss_ or model.loss_],
         velocity=np.concatenate([slot.ravel() for name in
             sorted(model._training.optimizer_state.slots)
             for slot in model._training.optimizer_state.slots[name]]))
"""


def run_in_a_process(*arguments: object) -> int:
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)], check=False, timeout=120
    ).returncode


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_killed_twice_mid_epoch_and_resumed_is_never_killed(
    solver: str, early_stopping: bool, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "run"
    whole, resumed = tmp_path / "whole.npz", tmp_path / "resumed.npz"
    assert run_in_a_process("", whole, solver, early_stopping, "never") == 0
    for kill_at, epoch, position in (("0,3", 0, 2), ("2,7", 2, 6)):
        status = run_in_a_process(checkpoint, resumed, solver, early_stopping, kill_at)
        assert status == -signal.SIGKILL
        assert not resumed.exists()
        state = load_checkpoint(checkpoint)["state"]
        assert (state["epoch"], state["position"]) == (epoch, position)
    assert run_in_a_process(checkpoint, resumed, solver, early_stopping, "never") == 0
    with np.load(whole) as expected, np.load(resumed) as got:
        assert sorted(got) == sorted(expected)
        for name in expected:
            assert got[name].tobytes() == expected[name].tobytes(), name


# --- within one process --------------------------------------------------------------------


class StopAt(Callback):
    def __init__(self, epoch: int, position: int) -> None:
        self.place = (epoch, position)

    def on_progress(self, progress: Progress) -> bool | None:
        return (progress.epoch, progress.position) == self.place


def state_bits(result: TrainingResult) -> list[Any]:
    data = result.state.to_data()
    del data["seconds"]
    return [_bits(data), result.stopped]


def _bits(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (value.dtype, value.shape, value.tobytes())
    if isinstance(value, dict):
        return {key: _bits(item) for key, item in value.items()}
    return [_bits(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("place", [(0, 1), (0, 7), (3, 7), (5, 7)])
@pytest.mark.parametrize("validated", [False, True])
def test_stopped_and_resumed_has_the_same_bits(
    train: Train,
    problem: Problem,
    validation_score: Any,
    optimizer: Any,
    place: tuple[int, int],
    validated: bool,
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    how = {
        "optimizer": optimizer,
        "schedule": Cosine(0.05),
        "validation_score": validation_score if validated else None,
        "checkpoint": path,
        "max_epochs": 6,
    }
    expected = train(**how)
    assert not path.exists(), "a run that ends on its own leaves nothing to go on with"
    assert train(**how, callbacks=[StopAt(*place)]).stopped == "callback"
    settings = TrainingSettings(batch_size=8, max_epochs=6)
    state = resume(path, problem, settings, optimizer, Cosine(0.05))
    assert (state.epoch, state.position) == place
    assert state_bits(train(**how, state=state)) == state_bits(expected)


@pytest.fixture
def interrupted(train: Train, tmp_path: Path) -> Path:
    path = tmp_path / "run"
    train(checkpoint=path, callbacks=[StopAt(0, 1)])
    return path


SETTINGS = TrainingSettings(batch_size=8, max_epochs=12)


def test_limits_on_time_may_differ(interrupted: Path, problem: Problem) -> None:
    settings = replace(SETTINGS, max_seconds=1.0, checkpoint_seconds=9.0, checkpoint=interrupted)
    assert resume(interrupted, problem, settings, Adam(), Constant(0.01)).position == 1


REFUSED = r"run: this checkpoint was written with other data or other settings: {}\nResume with"


def refused(*differences: str) -> Any:
    """Expect the refusal that names exactly these differences."""
    return pytest.raises(ModelFileError, match=REFUSED.format(re.escape("; ".join(differences))))


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"batch_size": 9}, "batch_size was 8, is 9"),
        ({"shuffle": False}, "shuffle was True, is False"),
        ({"tolerance": 0.0}, "tol was 0.0001, is 0.0"),
        ({"patience": 3}, "n_iter_no_change was 10, is 3"),
        ({"validation": "other"}, "the validation rows, or what scores them, are others"),
    ],
    ids=str,
)
def test_other_settings_are_refused(
    interrupted: Path, problem: Problem, other: dict[str, Any], difference: str
) -> None:
    with refused(difference):
        resume(interrupted, problem, replace(SETTINGS, **other), Adam(), Constant(0.01))


ADAM = "Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-08)"


@pytest.mark.parametrize(
    ("optimizer", "schedule", "difference"),
    [
        (Adam(beta_1=0.8), Constant(0.01), f"solver was {ADAM}, is {ADAM.replace('0.9,', '0.8,')}"),
        (SGD(), Constant(0.01), f"solver was {ADAM}, is SGD()"),
        (
            Adam(),
            Constant(0.02),
            "learning_rate was Constant(initial=0.01), is Constant(initial=0.02)",
        ),
        (Adam(), Cosine(0.01), "learning_rate was Constant(initial=0.01), is Cosine(initial=0.01)"),
    ],
    ids=["beta_1", "SGD", "initial", "Cosine"],
)
def test_another_optimizer_or_schedule_is_refused(
    interrupted: Path, problem: Problem, optimizer: Any, schedule: Any, difference: str
) -> None:
    with refused(difference):
        resume(interrupted, problem, SETTINGS, optimizer, schedule)


def test_other_data_are_refused(interrupted: Path, problem: Problem) -> None:
    X = problem.X.copy()
    X[17, 2] = np.nextafter(X[17, 2], np.inf)
    rows = "the training rows are others"
    others = [
        (replace(problem, X=X), [rows]),
        (replace(problem, Y=problem.Y[::-1].copy()), ["the targets are others"]),
        (replace(problem, sample_weight=np.ones(50)), ["the sample weights are others"]),
        (replace(problem, l2=0.5), [f"alpha was {problem.l2}, is 0.5"]),
        (
            replace(problem, network=Network([4, 5, 3], hidden="relu")),
            ["activation was tanh, is relu"],
        ),
        (
            replace(problem, network=Network([4, 6, 3], "tanh")),
            ["layer_widths was 4, 5, 3, is 4, 6, 3"],
        ),
        (replace(problem, X=problem.X.astype(np.float32)), [rows]),
        (replace(problem, X=X, l2=0.5), [f"alpha was {problem.l2}, is 0.5", rows]),
    ]
    for other, differences in others:
        with refused(*differences):
            resume(interrupted, other, SETTINGS, Adam(), Constant(0.01))


def test_a_checkpoint_that_names_no_settings_is_refused(tmp_path: Path, problem: Problem) -> None:
    save_checkpoint(tmp_path / "run", {"identity": "0" * 64, "state": {}})
    with refused("it names none"):
        resume(tmp_path / "run", problem, SETTINGS, Adam(), Constant(0.01))


def test_a_damaged_checkpoint_is_refused(interrupted: Path, problem: Problem) -> None:
    whole = interrupted.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1], whole[:40] + b"?" + whole[41:], b""):
        interrupted.write_bytes(damaged)
        with pytest.raises(ModelFileError):
            resume(interrupted, problem, SETTINGS, Adam(), Constant(0.01))


def test_a_checkpoint_without_a_training_state_is_refused(tmp_path: Path, problem: Problem) -> None:
    identity = run_identity(problem, SETTINGS, Adam(), Constant(0.01))
    for state in ({}, {"optimizer_state": None, "best_parameters": None}, []):
        save_checkpoint(tmp_path / "run", {"identity": identity, "state": state})
        with pytest.raises(ModelFileError, match=r"cannot be understood.*\nTrain anew"):
            resume(tmp_path / "run", problem, SETTINGS, Adam(), Constant(0.01))


def test_state_to_data_and_back_keeps_every_bit(tmp_path: Path) -> None:
    generator = np.random.RandomState(5)
    generator.normal()  # leaves a second normal number in the generator's store
    network = Network([3, 2])
    state = TrainingState(
        parameters=network.initialize(1, dtype=np.float32),
        random_state=generator,
        optimizer_state=OptimizerState(3, {"mean": [np.full(2, 0.1)]}, {"beta_1": 0.9**3}),
        epoch=2,
        position=1,
        step=9,
        order=np.array([2, 0, 1]),
        loss_sum=0.1,
        samples_seen=8,
        plateaus=1,
        no_improvement=4,
        loss_curve=[0.3, 0.2],
        validation_scores=[0.1, float("nan")],
        best_loss=0.2,
        best_score=0.1,
        best_epoch=1,
        best_parameters=network.initialize(2),
        seconds=1.25,
    )
    save_checkpoint(tmp_path / "state", state.to_data())
    again = TrainingState.from_data(load_checkpoint(tmp_path / "state"))
    assert repr(_bits(again.to_data())) == repr(_bits(state.to_data()))
    assert again.random_state.normal() == state.random_state.normal()
    assert again.random_state.permutation(9).tolist() == state.random_state.permutation(9).tolist()


def test_checkpoints_are_written_as_time_goes_by(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "clearprop.training.loop.save_checkpoint",
        lambda _, data: places.append((data["state"]["epoch"], data["state"]["position"])),
    )
    train(checkpoint=tmp_path / "run", checkpoint_seconds=0.0, max_epochs=2)
    assert places[0] == (0, 1)
    # The last one is for a run with more epochs.
    assert places[-2:] == [(1, 7), (2, 0)]
    n_places = len(places)
    train(checkpoint=tmp_path / "run", checkpoint_seconds=1e9, max_epochs=2)
    assert places[n_places:] == [(2, 0)]


def test_fingerprint_tells_sparse_dense_and_labels_apart(problem: Problem) -> None:
    labels = np.array(["a", "b"] * 25, dtype=object)
    problems = [
        problem,
        replace(problem, X=sparse.csr_array(problem.X)),
        replace(problem, Y=labels),
        replace(problem, Y=labels[::-1]),
    ]
    digests = [fingerprint(each, "accuracy") for each in problems]
    digests.append(fingerprint(problem, "f1"))
    assert len(set(digests)) == 5
    assert digests == [*(fingerprint(each, "accuracy") for each in problems), digests[-1]]


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("cut_off", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_a_run_made_longer_has_the_bits_of_one_long_run(
    tmp_path: Path,
    learning_rate: str,
    early_stopping: bool,
    cut_off: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_LOOKS", -1.0)  # one step at a time
    generator = np.random.default_rng(0)
    y = generator.integers(3, size=90)
    X = generator.normal(size=(90, 4)) + np.eye(3, 4)[y]
    how: dict[str, Any] = {
        "hidden_layer_sizes": (6,),
        "solver": "sgd",
        "learning_rate": learning_rate,
        "batch_size": 8,
        "random_state": 3,
        "early_stopping": early_stopping,
        "dropout": 0.2,
        # So that the adaptive rate has fallen before and falls after.
        "tol": 0.05 if learning_rate == "adaptive" else 0.0,
        "n_iter_no_change": 2 if learning_rate == "adaptive" else 10,
    }
    path = tmp_path / "run"
    whole = MLPClassifier(max_iter=11, **how).fit(X, y)
    stop = [StopAt(4, 3)] if cut_off else None
    MLPClassifier(max_iter=6, checkpoint=path, callbacks=stop, **how).fit(X, y)
    longer = MLPClassifier(max_iter=11, checkpoint=path, resume=True, **how).fit(X, y)
    assert longer.n_iter_ == whole.n_iter_ > 6
    assert longer.loss_curve_ == whole.loss_curve_
    for mine, other in zip(longer.coefs_, whole.coefs_, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_fewer_epochs_than_were_begun_and_planned_rates_are_refused(
    train: Train, tmp_path: Path, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_LOOKS", -1.0)
    path = tmp_path / "run"
    train(checkpoint=path, callbacks=[StopAt(4, 3)])
    fewer = replace(SETTINGS, max_epochs=4)
    with refused("max_iter was 12, is 4, and 5 were begun"):
        resume(path, problem, fewer, Adam(), Constant(0.01))
    assert resume(path, problem, replace(fewer, max_epochs=5), Adam(), Constant(0.01)).epoch == 4
    train(checkpoint=path, callbacks=[StopAt(4, 3)], schedule=Cosine(0.01))
    with refused(
        "max_iter was 12, is 13, and the learning rate is planned over all epochs from the first "
        "one on"
    ):
        resume(path, problem, replace(SETTINGS, max_epochs=13), Adam(), Cosine(0.01))


def test_what_is_finished_is_told_from_what_is_not(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_LOOKS", -1.0)
    path = tmp_path / "run"
    assert not is_finished(path)
    train(checkpoint=path, callbacks=[StopAt(4, 3)])
    assert not is_finished(path)
    train(checkpoint=path, max_epochs=3)
    assert is_finished(path)
    path.write_bytes(b"something else")
    assert not is_finished(path)
