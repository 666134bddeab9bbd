"""The loop: order of the rows, stopping, callbacks, limits; and that looking changes nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.utils import shuffle

from clearprop.engines import Problem
from clearprop.engines.reference import ReferenceEngine, ReferenceSession
from clearprop.errors import ParameterError
from clearprop.network import Layer, Network
from clearprop.optimizers import SGD, Adam, AdamW, Momentum
from clearprop.schedules import Adaptive, Cosine, InverseScaling, Moment, WarmUp
from clearprop.training import (
    Callback,
    Progress,
    TrainingResult,
    TrainingSettings,
    loop,
)

Train = Callable[..., TrainingResult]
Score = Callable[[list[Layer]], float]


class RecordingEngine(ReferenceEngine):
    """Keeps what each step was given; `losses` replaces the losses reported, epoch by epoch."""

    def __init__(self, losses: list[float] | None = None) -> None:
        self.rows: list[list[int]] = []
        self.rates: list[float] = []
        self.calls = 0
        self.losses = None if losses is None else iter(losses)

    def session(self, *arguments: Any) -> Any:
        engine = self

        class Session(ReferenceSession):
            def run(self, order: Any, batch_size: int, learning_rates: Any) -> Any:
                engine.calls += 1
                for batch in range(len(learning_rates)):
                    engine.rows.append(order[batch * batch_size :][:batch_size].tolist())
                engine.rates += learning_rates.tolist()
                losses = super().run(order, batch_size, learning_rates)
                if engine.losses is not None:
                    losses = np.array([next(engine.losses) for _ in losses])
                return losses

        return Session(*arguments)


class Teller(Callback):
    """Keeps what it is told, and stops at the given event."""

    def __init__(self, stop_at: tuple[str, int] | None = None) -> None:
        self.told: list[tuple[str, Progress]] = []
        self.plateaus: list[float | None] = []
        self.stop_at = stop_at

    def _hear(self, event: str, progress: Progress) -> bool | None:
        self.told.append((event, progress))
        n_heard = sum(name == event for name, _ in self.told)
        return True if self.stop_at == (event, n_heard) else None

    def on_start(self, progress: Progress) -> bool | None:
        return self._hear("start", progress)

    def on_progress(self, progress: Progress) -> bool | None:
        return self._hear("progress", progress)

    def on_epoch(self, progress: Progress) -> bool | None:
        return self._hear("epoch", progress)

    def on_plateau(self, progress: Progress, learning_rate: float | None) -> None:
        assert progress.epoch > 0
        self.plateaus.append(learning_rate)


def bits(result: TrainingResult) -> list[Any]:
    """Everything in a result that must be the same where two runs are the same."""
    state = result.state
    slots = {} if state.optimizer_state is None else state.optimizer_state.slots
    arrays = [a for layer in result.parameters + state.parameters for a in layer]
    arrays += [a for name in sorted(slots) for a in slots[name]]
    return [
        *(a.tobytes() for a in arrays),
        state.loss_curve,
        state.validation_scores,
        (state.epoch, state.step, state.position, state.samples_seen, state.best_epoch),
        (state.best_loss, state.best_score, state.plateaus, state.no_improvement),
        state.random_state.get_state()[1].tobytes(),
        result.stopped,
    ]


# --- rows and rates ------------------------------------------------------------------------


def test_each_epoch_shuffles_the_last_order_as_scikit_learn_does(train: Train) -> None:
    engine, generator = RecordingEngine(), np.random.RandomState(0)
    train(engine=engine, max_epochs=3)
    order, expected = np.arange(50), []
    for _ in range(3):
        order = shuffle(order, random_state=generator)
        expected += [order[start : start + 8].tolist() for start in range(0, 50, 8)]
    assert engine.rows == expected
    assert len(expected[6]) == 2, "the last, partial batch is used"


def test_without_shuffling_rows_come_as_they_are(train: Train) -> None:
    engine = RecordingEngine()
    train(engine=engine, max_epochs=2, shuffle=False, batch_size=20)
    assert [rows[0] for rows in engine.rows] == [0, 20, 40, 0, 20, 40]
    assert [row for rows in engine.rows for row in rows] == [*range(50), *range(50)]


def test_epoch_loss_is_the_mean_over_rows_not_over_batches(train: Train) -> None:
    engine = RecordingEngine(losses=[1.0, 2.0, 3.0])
    result = train(engine=engine, max_epochs=1, batch_size=20)
    assert result.state.loss_curve == [(20 * 1.0 + 20 * 2.0 + 10 * 3.0) / 50]


def test_epoch_loss_of_the_sum_reduction_is_the_sum(train: Train, problem: Problem) -> None:
    summed = Problem(Network([4, 5, 3], reduction="sum"), problem.X, problem.Y)
    engine = RecordingEngine(losses=[1.0, 2.0, 3.0])
    result = train(problem=summed, engine=engine, max_epochs=1, batch_size=20)
    assert result.state.loss_curve == [6.0]


def test_cosine_with_warm_up_is_planned_over_all_steps(train: Train) -> None:
    schedule, engine = WarmUp(5, then=Cosine(0.05)), RecordingEngine()
    result = train(schedule=schedule, optimizer=AdamW(), engine=engine, max_epochs=6, batch_size=8)
    planned = schedule.rates(np.arange(6 * 7), Moment(total_steps=6 * 7))
    np.testing.assert_array_equal(engine.rates, planned)
    assert result.state.loss_curve[-1] < result.state.loss_curve[0]


def test_inverse_scaling_counts_the_samples_of_whole_epochs(train: Train) -> None:
    engine = RecordingEngine()
    train(schedule=InverseScaling(0.1), engine=engine, max_epochs=3, batch_size=25)
    first, second, third = 0.1, 0.1 / 51**0.5, 0.1 / 101**0.5
    np.testing.assert_allclose(engine.rates, [first, first, second, second, third, third])


# --- stopping ------------------------------------------------------------------------------


def test_patience_and_tolerance_count_as_in_scikit_learn(train: Train) -> None:
    # Better by tolerance or more counts; the best is the least all the same.
    losses = [1.0, 0.75, 0.7, 0.65, 0.6, 0.59, 0.58]
    result = train(
        engine=RecordingEngine(losses), batch_size=50, tolerance=0.25, patience=2, max_epochs=7
    )
    assert result.stopped == "no_improvement"
    assert result.state.loss_curve == losses[:5]
    assert result.state.best_loss == 0.6
    assert result.state.best_epoch == 5


def test_an_improvement_of_the_tolerance_itself_counts(train: Train) -> None:
    result = train(
        engine=RecordingEngine([1.0, 0.5, 0.0]),
        batch_size=50,
        tolerance=0.5,
        patience=0,
        max_epochs=3,
    )
    assert result.stopped == "max_epochs"


def test_adaptive_lowers_the_rate_and_stops_at_its_floor(train: Train) -> None:
    engine, teller = RecordingEngine([1.0] * 99), Teller()
    result = train(
        engine=engine,
        schedule=Adaptive(2e-5),
        batch_size=50,
        patience=2,
        max_epochs=99,
        callbacks=[teller],
    )
    # Four epochs until patience runs out (the first one improves on nothing), then three each.
    expected = [2e-5] * 4 + [2e-5 / 5] * 3 + [2e-5 / 5 / 5] * 3
    np.testing.assert_allclose(engine.rates, expected)
    np.testing.assert_allclose(np.array(teller.plateaus[:2], float), [4e-6, 8e-7])
    assert teller.plateaus[2:] == [None]
    assert result.stopped == "no_improvement"
    assert result.state.plateaus == 2


def test_with_validation_the_best_parameters_are_kept(train: Train) -> None:
    scores, seen = iter([0.5, 0.9, 0.7, 0.9, 0.8]), []

    def score(parameters: list[Layer]) -> float:
        seen.append([array.copy() for layer in parameters for array in layer])
        return next(scores)

    result = train(validation_score=score, max_epochs=5)
    assert result.state.validation_scores == [0.5, 0.9, 0.7, 0.9, 0.8]
    assert (result.state.best_score, result.state.best_epoch) == (0.9, 2)
    kept = [array for layer in result.parameters for array in layer]
    for array, best, last in zip(kept, seen[1], seen[4], strict=True):
        np.testing.assert_array_equal(array, best)
        assert not np.array_equal(array, last)


def test_with_validation_patience_counts_scores(train: Train) -> None:
    scores = iter([0.5, 0.6, 0.65, 0.69, 0.69])
    result = train(validation_score=lambda _: next(scores), tolerance=0.1, patience=1, max_epochs=9)
    assert (result.stopped, result.state.epoch) == ("no_improvement", 4)


def test_an_undefined_score_is_no_improvement(train: Train) -> None:
    scores = iter([math.nan, 0.4, math.nan])
    result = train(validation_score=lambda _: next(scores), max_epochs=3)
    assert (result.state.best_score, result.state.best_epoch) == (0.4, 2)
    assert result.state.no_improvement == 1


def test_best_parameters_of_an_earlier_run_are_not_given_out_without_validation(
    train: Train, validation_score: Score
) -> None:
    first = train(validation_score=validation_score, max_epochs=3)
    first.state.epoch = 0
    second = train(state=first.state, max_epochs=4)
    assert second.parameters is second.state.parameters


# --- callbacks and limits ------------------------------------------------------------------


def test_callbacks_are_told_where_training_stands(train: Train, validation_score: Score) -> None:
    teller = Teller()
    result = train(callbacks=[teller], validation_score=validation_score, max_epochs=3)
    epochs = [progress for event, progress in teller.told if event == "epoch"]
    assert teller.told[0][0] == "start"
    assert [progress.epoch for progress in epochs] == [1, 2, 3]
    assert [progress.loss for progress in epochs] == result.state.loss_curve
    assert [progress.score for progress in epochs] == result.state.validation_scores
    assert epochs[-1].best_score == result.state.best_score
    assert epochs[-1].best_epoch == result.state.best_epoch
    assert {progress.learning_rate for progress in epochs} == {0.01}
    assert {progress.steps_per_epoch for progress in epochs} == {7}
    seconds = [progress.seconds for _, progress in teller.told]
    assert seconds == sorted(seconds)
    assert epochs[-1].seconds_left == 0.0
    assert teller.told[0][1].seconds_left is None
    assert any(event == "progress" for event, _ in teller.told)


def test_progress_estimates_the_time_left() -> None:
    progress = Progress(2, 10, 5, 10, 0.5, None, None, None, 0.1, seconds=5.0)
    assert progress.seconds_left == pytest.approx(15.0)


def test_the_running_loss_of_the_first_epoch_is_a_mean(train: Train) -> None:
    teller = Teller()
    train(callbacks=[teller], engine=RecordingEngine([2.0] * 3), batch_size=20, max_epochs=1)
    running = [progress.loss for event, progress in teller.told if event == "progress"]
    assert running
    assert set(running) == {2.0}


@pytest.mark.parametrize("event", ["start", "progress", "epoch"])
def test_a_callback_can_stop_training_and_all_are_told(train: Train, event: str) -> None:
    tellers = [Teller((event, 1)), Teller()]
    result = train(callbacks=tellers)
    assert result.stopped == "callback"
    assert result.state.epoch == (1 if event == "epoch" else 0)
    assert len(tellers[0].told) == len(tellers[1].told)


def test_other_answers_than_true_do_not_stop(train: Train) -> None:
    class Chatty(Callback):
        def on_epoch(self, progress: Progress) -> Any:
            return progress  # truthy, and no answer

    assert train(callbacks=[Chatty()], max_epochs=2).stopped == "max_epochs"


def test_time_is_up_after_a_step(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr(loop.time, "monotonic", lambda: float(next(clock)))
    engine = RecordingEngine()
    result = train(engine=engine, max_seconds=10.0)
    assert result.stopped == "max_seconds"
    assert 0 < len(engine.rows) < 12 * 7
    assert result.state.step == len(engine.rows)


@pytest.mark.parametrize(
    "pace", [[0.0], [1.0], [0.0, 0.0, 0.0, 0.5], [0.04, 0.3]], ids=["fast", "slow", "mixed", "odd"]
)
@pytest.mark.parametrize("optimizer", [Momentum(), Adam()], ids=["momentum", "adam"])
def test_how_many_steps_run_at_once_changes_no_bit(
    train: Train,
    validation_score: Score,
    pace: list[float],
    optimizer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    how: dict[str, Any] = {
        "optimizer": optimizer,
        "schedule": WarmUp(9, then=Cosine(0.1)),
        "max_epochs": 5,
        "batch_size": 4,
        "validation_score": validation_score,
    }
    step_by_step = RecordingEngine()
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_LOOKS", -1.0)  # never faster than that
    expected = bits(train(**how, engine=step_by_step))
    monkeypatch.undo()
    now, ticks = itertools.accumulate(itertools.cycle(pace)), RecordingEngine()
    monkeypatch.setattr(loop.time, "monotonic", lambda: next(now))
    assert bits(train(**how, engine=ticks)) == expected
    assert step_by_step.calls == 5 * 13
    assert ticks.rows == step_by_step.rows
    if pace == [0.0]:
        assert ticks.calls < step_by_step.calls


def test_callbacks_change_no_bit(train: Train) -> None:
    assert bits(train(callbacks=[Teller()])) == bits(train())


def test_two_runs_from_one_seed_have_the_same_bits(train: Train) -> None:
    assert bits(train(optimizer=SGD())) == bits(train(optimizer=SGD()))


@pytest.mark.parametrize("name", ["batch_size", "max_epochs", "max_seconds"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_settings_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=f"{name}: got {value}.*\n.*Set {name}"):
        TrainingSettings(**{"batch_size": 8, name: value})
