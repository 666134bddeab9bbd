"""The training loop: epochs of steps, run by an engine, watched between the steps.

    order the rows -> engine runs a few steps -> finite? time up? Ctrl-C? -> … -> end of epoch:
    loss, validation score, better than before? -> next epoch

How many steps the engine runs at a time follows the clock and cannot change a bit of the result.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from clearprop.checkpoint import save_checkpoint
from clearprop.engines import Engine, Problem
from clearprop.errors import DivergenceWarning
from clearprop.network import Layer
from clearprop.optimizers import Optimizer
from clearprop.schedules import Moment, Schedule
from clearprop.training.callbacks import Callback, Progress
from clearprop.training.interrupt import Interrupt
from clearprop.training.resume import run_identity
from clearprop.training.settings import TrainingSettings
from clearprop.training.state import TrainingState
from clearprop.training.verdict import TrainingResult, divergence_error, is_finite

__all__ = ["fit"]

Score = Callable[[list[Layer]], float]
Watch = Callable[[list[Layer]], dict[str, float]]

_SECONDS_BETWEEN_LOOKS = 0.1


def fit(
    problem: Problem,
    state: TrainingState,
    settings: TrainingSettings,
    *,
    optimizer: Optimizer,
    schedule: Schedule,
    engine: Engine,
    validation_score: Score | None = None,
    watch: Watch | None = None,
    callbacks: Sequence[Callback] = (),
) -> TrainingResult:
    """Train until the epochs are used up, nothing improves any more, or somebody says stop.

    Args:
        problem: network, training rows and penalty.
        state: where to begin: fresh (initial parameters and a random state), or from a checkpoint.
            It is changed as training goes on.
        settings: batches, epochs, stopping, checkpoint.
        optimizer: how parameters are updated.
        schedule: the learning rate of each step.
        engine: who does the arithmetic.
        validation_score: from parameters to a score, higher is better. With it, training stops on
            the score and the best parameters are kept; without, it stops on the training loss.
        watch: from parameters to figures by name, which are kept after each epoch and decide
            nothing.
        callbacks: told of progress; any of them can stop training.

    Returns:
        `TrainingResult`.

    Raises:
        DivergenceError: the numbers became infinite or undefined and there is no earlier, validated
            model to keep (where there is one, it is kept and a DivergenceWarning given).

    Examples:
        >>> from clearprop.engines.reference import ReferenceEngine
        >>> from clearprop.network import Network
        >>> from clearprop.optimizers import SGD
        >>> from clearprop.schedules import Constant
        >>> network = Network([1, 1], output="identity")
        >>> problem = Problem(network, X=np.array([[-1.0], [1.0]]), Y=np.array([[-3.0], [3.0]]))
        >>> state = TrainingState(network.initialize(0), np.random.RandomState(0))
        >>> result = fit(problem, state, TrainingSettings(batch_size=2, max_epochs=100),
        ...              optimizer=SGD(), schedule=Constant(0.5), engine=ReferenceEngine())
        >>> result.parameters[0].W.round(3), result.stopped
        (array([[3.]]), 'no_improvement')
    """
    run = _Run(
        problem, state, settings, optimizer, schedule, engine, validation_score, watch,
        list(callbacks),
    )  # fmt: skip
    with Interrupt() as interrupt:
        stopped = run.until_stopped(interrupt)
    return run.result(stopped)


class _Run:
    """One call of `fit`."""

    def __init__(
        self,
        problem: Problem,
        state: TrainingState,
        settings: TrainingSettings,
        optimizer: Optimizer,
        schedule: Schedule,
        engine: Engine,
        validation_score: Score | None,
        watch: Watch | None,
        callbacks: list[Callback],
    ) -> None:
        self.problem, self.state, self.settings = problem, state, settings
        self.schedule, self.validation_score = schedule, validation_score
        self.watch, self.callbacks = watch, callbacks
        self.n_samples = len(problem.Y)
        self.steps_per_epoch = math.ceil(self.n_samples / settings.batch_size)
        self.session = engine.session(problem, state.parameters, optimizer, state.optimizer_state)
        self.identity = None
        if settings.checkpoint is not None:
            self.identity = run_identity(problem, settings, optimizer, schedule)
        self.learning_rate = 0.0
        self.steps_at_once = 1
        self.lost = False
        self.watched: dict[str, float] = {}
        self.began = self.saved = time.monotonic()
        self.seconds_before = state.seconds

    def until_stopped(self, interrupt: Interrupt) -> str:
        state = self.state
        if self._tell("on_start"):
            return "callback"
        while state.epoch < self.settings.max_epochs:
            if interrupt.requested:
                return "interrupted"
            if state.position == 0:
                self._order_rows()
            self._tell("on_epoch_start")
            stopped = self._finish_epoch(interrupt)
            if stopped is None:
                stopped = self._end_epoch()
            if stopped is not None:
                return stopped
        return "max_epochs"

    def _order_rows(self) -> None:
        state = self.state
        if state.order is None:
            state.order = np.arange(self.n_samples, dtype=np.int64)
        if self.settings.shuffle:
            # Shuffling the last order again is scikit-learn's way; one seed gives its batches.
            state.order = state.order[state.random_state.permutation(self.n_samples)]

    def _moment(self) -> Moment:
        return Moment(
            samples_seen=self.state.samples_seen,
            total_steps=self.settings.max_epochs * self.steps_per_epoch,
            plateaus=self.state.plateaus,
        )

    def _finish_epoch(self, interrupt: Interrupt) -> str | None:
        """Run the epoch's remaining steps; says why if it did not get to the end."""
        state = self.state
        while state.position < self.steps_per_epoch:
            if not self._run_steps(min(self.steps_at_once, self.steps_per_epoch - state.position)):
                return "diverged"
            if interrupt.requested:
                return "interrupted"
            limit = self.settings.max_seconds
            if limit is not None and time.monotonic() - self.began >= limit:
                return "max_seconds"
            if self._tell("on_progress"):
                return "callback"
            if time.monotonic() - self.saved >= self.settings.checkpoint_seconds:
                self.save_checkpoint()
        return None

    def _run_steps(self, n_steps: int) -> bool:
        """Run some steps; False if a loss was infinite or undefined."""
        state, batch_size = self.state, self.settings.batch_size
        assert state.order is not None  # an epoch begins with an order
        rates = self.schedule.rates(np.arange(state.step, state.step + n_steps), self._moment())
        first = state.position * batch_size
        rows = state.order[first : first + n_steps * batch_size]
        begun = time.monotonic()
        losses = self.session.run(rows, batch_size, rates)
        taken = time.monotonic() - begun
        if taken < _SECONDS_BETWEEN_LOOKS / 2:
            self.steps_at_once *= 2
        elif taken > _SECONDS_BETWEEN_LOOKS * 2:
            self.steps_at_once = max(1, self.steps_at_once // 2)
        for batch, value in enumerate(losses.tolist()):
            if not math.isfinite(value):
                self.lost = True
                state.position += batch
                return False
            in_batch = min(batch_size, len(rows) - batch * batch_size)
            state.loss_sum += value * (in_batch if self._is_mean else 1)
        state.position += n_steps
        state.step += n_steps
        state.seconds = self.seconds_before + time.monotonic() - self.began
        self.learning_rate = float(rates[-1])
        return True

    @property
    def _is_mean(self) -> bool:
        return self.problem.network.reduction != "sum"

    def _end_epoch(self) -> str | None:
        """Loss, score, improvement; says why if training should stop here."""
        state = self.state
        state.epoch += 1
        state.position = 0
        state.samples_seen += self.n_samples
        state.loss_curve.append(state.loss_sum / (self.n_samples if self._is_mean else 1))
        state.loss_sum = 0.0
        looked_at = self.validation_score is not None or self.watch is not None
        parameters = self.session.parameters() if looked_at else []
        if not is_finite(parameters):
            return "diverged"
        if self.validation_score is None:
            self._judge_loss(state.loss_curve[-1])
        else:
            self._judge_score(self.validation_score(parameters), parameters)
        if self.watch is not None:
            for name, figure in self.watch(parameters).items():
                state.curves.setdefault(name, []).append(figure)
                self.watched[name] = figure
        state.seconds = self.seconds_before + time.monotonic() - self.began
        if self._tell("on_epoch"):
            return "callback"
        if state.no_improvement > self.settings.patience:
            return self._end_plateau()
        return None

    def _end_plateau(self) -> str | None:
        """Go on at a lower learning rate where the schedule has one, else stop."""
        state = self.state
        learning_rate = None
        if self.schedule.goes_on_after_plateau(self._moment()):
            state.plateaus += 1
            state.no_improvement = 0
            learning_rate = float(
                self.schedule.rates(np.array([state.step], np.int64), self._moment())[0]
            )
        for callback in self.callbacks:
            callback.on_plateau(self._progress(), learning_rate)
        return "no_improvement" if learning_rate is None else None

    def _judge_loss(self, value: float) -> None:
        state = self.state
        improved = value <= state.best_loss - self.settings.tolerance
        state.no_improvement = 0 if improved else state.no_improvement + 1
        if value < state.best_loss:
            state.best_loss = value
            state.best_epoch = state.epoch

    def _judge_score(self, score: float, parameters: list[Layer]) -> None:
        state = self.state
        state.validation_scores.append(score)
        state.best_loss = min(state.best_loss, state.loss_curve[-1])
        improved = score >= state.best_score + self.settings.tolerance
        state.no_improvement = 0 if improved else state.no_improvement + 1
        if score > state.best_score:
            state.best_score = score
            state.best_epoch = state.epoch
            state.best_parameters = parameters

    def _tell(self, event: str) -> bool:
        """Tell the callbacks; whether one of them wants to stop."""
        if not self.callbacks:
            return False
        progress = self._progress()
        # Every callback is told, also those after the first that wants to stop.
        answers = [getattr(callback, event)(progress) for callback in self.callbacks]
        return any(answer is True for answer in answers)

    def _progress(self) -> Progress:
        state, validated = self.state, self.validation_score is not None
        validated = validated and bool(state.validation_scores)
        rows = min(state.position * self.settings.batch_size, self.n_samples)
        running = state.loss_sum / (max(rows, 1) if self._is_mean else 1)
        return Progress(
            epoch=state.epoch,
            max_epochs=self.settings.max_epochs,
            position=state.position,
            steps_per_epoch=self.steps_per_epoch,
            loss=state.loss_curve[-1] if state.loss_curve else running,
            score=state.validation_scores[-1] if validated else None,
            best_score=state.best_score if validated else None,
            best_epoch=state.best_epoch if validated else None,
            learning_rate=self.learning_rate,
            seconds=state.seconds,
            watched=self.watched,
            parameters=self._kept_parameters,
        )

    def _kept_parameters(self) -> list[Layer]:
        best = self.state.best_parameters
        if best is None or not self._has_best:
            return self.session.parameters()
        return [Layer(W.copy(), b.copy()) for W, b in best]

    def _current(self) -> TrainingState:
        self.state.parameters = self.session.parameters()
        self.state.optimizer_state = self.session.optimizer_state
        return self.state

    def save_checkpoint(self) -> None:
        if self.settings.checkpoint is not None:
            data: dict[str, Any] = {"identity": self.identity, "state": self._current().to_data()}
            save_checkpoint(self.settings.checkpoint, data)
        self.saved = time.monotonic()

    def result(self, stopped: str) -> TrainingResult:
        state = self._current()
        if stopped != "diverged" and not is_finite(state.parameters):
            stopped = "diverged"
        if stopped == "diverged":
            where = self._where()
            error = divergence_error(self.problem, where, self.learning_rate or self._first_rate())
            if not self._has_best:
                raise error
            warnings.warn(
                f"{error} The network of epoch {state.best_epoch}, the best so far, is kept.",
                DivergenceWarning,
                stacklevel=3,
            )
        elif stopped in {"interrupted", "max_seconds", "callback"}:
            # What was not finished can be gone on with.
            self.save_checkpoint()
        elif stopped == "max_epochs" and not self.schedule.is_planned:
            # And so can what more epochs may better.
            self.save_checkpoint()
        best = state.best_parameters if self._has_best else None
        return TrainingResult(state.parameters if best is None else best, state, stopped)

    def _where(self) -> str:
        """The step that diverged: the one of the lost loss, else the last, by its update."""
        if self.lost:
            return f"epoch {self.state.epoch + 1}, step {self.state.position + 1}"
        if self.state.position == 0:
            return f"epoch {self.state.epoch}, step {self.steps_per_epoch}"
        return f"epoch {self.state.epoch + 1}, step {self.state.position}"

    @property
    def _has_best(self) -> bool:
        """Whether this run has a validated model to keep."""
        return self.validation_score is not None and self.state.best_parameters is not None

    def _first_rate(self) -> float:
        return float(self.schedule.rates(np.zeros(1, np.int64), Moment())[0])
