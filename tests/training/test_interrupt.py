"""Ctrl-C: training stops after the step and keeps what it has; a second one interrupts at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearprop.checkpoint import load_checkpoint
from clearprop.network import Layer
from clearprop.training import Callback, Progress, TrainingResult
from clearprop.training.interrupt import Interrupt

Train = Callable[..., TrainingResult]


class PressCtrlC(Callback):
    """Presses Ctrl-C so many times at the end of an epoch, or after its first step."""

    def __init__(self, at_epoch: int, times: int = 1, *, mid_epoch: bool = False) -> None:
        self.at_epoch, self.times, self.mid_epoch = at_epoch, times, mid_epoch

    def on_progress(self, progress: Progress) -> bool | None:
        if self.mid_epoch and (progress.epoch, progress.position) == (self.at_epoch, 1):
            os.kill(os.getpid(), signal.SIGINT)
        return None

    def on_epoch(self, progress: Progress) -> bool | None:
        if progress.epoch == self.at_epoch and not self.mid_epoch:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)
        return None


def test_the_first_one_stops_after_the_step_and_keeps_the_best(
    train: Train, validation_score: Callable[[list[Layer]], float]
) -> None:
    whole = train(validation_score=validation_score, max_epochs=3)
    result = train(validation_score=validation_score, callbacks=[PressCtrlC(3)])
    assert result.stopped == "interrupted"
    assert (result.state.epoch, result.state.position) == (3, 0)
    assert result.state.best_score == whole.state.best_score
    for layer, expected in zip(result.parameters, whole.parameters, strict=True):
        np.testing.assert_array_equal(layer.W, expected.W)


def test_mid_epoch_it_stops_after_the_step(train: Train) -> None:
    result = train(callbacks=[PressCtrlC(0, mid_epoch=True)], batch_size=1)
    assert result.stopped == "interrupted"
    assert result.state.epoch == 0
    assert 1 < result.state.position < 50


def test_going_on_after_it_has_the_same_bits(train: Train) -> None:
    whole = train(max_epochs=4)
    cut = train(max_epochs=4, callbacks=[PressCtrlC(2)])
    again = train(max_epochs=4, state=cut.state)
    assert again.parameters[0].W.tobytes() == whole.parameters[0].W.tobytes()


def test_the_second_one_interrupts_at_once_and_the_handler_is_given_back(train: Train) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(callbacks=[PressCtrlC(2, times=2)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_handler_is_given_back_after_training(train: Train) -> None:
    train(callbacks=[PressCtrlC(1)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_interrupted_is_in_the_checkpoint(train: Train, tmp_path: Path) -> None:
    path = tmp_path / "run"
    train(callbacks=[PressCtrlC(2)], checkpoint=path, checkpoint_seconds=1e9)
    state = load_checkpoint(path)["state"]
    assert (state["epoch"], state["position"]) == (2, 0)


def test_a_handler_of_somebody_else_stays() -> None:
    def own(number: int, frame: Any) -> None:
        raise AssertionError((number, frame))

    before = signal.signal(signal.SIGINT, own)
    try:
        with Interrupt() as interrupt:
            assert signal.getsignal(signal.SIGINT) is own
        assert signal.getsignal(signal.SIGINT) is own
        assert not interrupt.requested
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_in_a_thread_leaves_signals_alone(train: Train) -> None:
    results: list[TrainingResult] = []
    thread = threading.Thread(target=lambda: results.append(train(max_epochs=2)))
    thread.start()
    thread.join()
    assert results[0].stopped == "max_epochs"
