"""scikit-learn's callbacks (experimental, from 1.9 on) told of a fit: one task a fit, one an epoch.

They are set with `set_callbacks`, and are apart from the parameter `callbacks`, which is this
project's own. With an earlier scikit-learn there is nothing to set.
"""

from __future__ import annotations

from typing import Any

from clearprop.training import Callback, Progress

__all__ = ["CallbackSupportMixin", "FitTasks"]

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]  # scikit-learn before 1.9 has none
        """What scikit-learn before 1.9 does not have."""


class FitTasks(Callback):
    """Tells scikit-learn's callbacks where a fit stands, and asks them whether it should stop.

    Args:
        estimator: its `set_callbacks` was called.
        X: as given to `fit`.
        y: as given to `fit`.
        sample_weight: as given to `fit`.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self._fit.call_on_fit_task_begin(**self._told)
        self._epoch: Any = None

    @classmethod
    def begun(cls, estimator: Any, X: Any, y: Any, sample_weight: Any) -> list[FitTasks]:
        """One, or none where no callback is set, which is to cost nothing."""
        asked = bool(getattr(estimator, "_skl_callbacks", ()))
        return [cls(estimator, X, y, sample_weight)] if asked else []

    def on_epoch_start(self, progress: Progress) -> None:  # noqa: ARG002 - a callback's signature
        """An epoch's task begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)

    def on_epoch(self, progress: Progress) -> bool:
        """An epoch's task ends; the callbacks may ask for an estimator as of now."""
        if self._epoch is None:
            # L-BFGS tells of an iteration when it is done.
            self.on_epoch_start(progress)
        epoch, self._epoch = self._epoch, None

        def as_of_now() -> dict[str, Any]:
            layers = progress.parameters()
            return {
                "coefs_": [W for W, _ in layers],
                "intercepts_": [b for _, b in layers],
                "n_iter_": progress.epoch,
                "loss_": progress.loss,
            }

        stop = epoch.call_on_fit_task_end(**self._told, reconstruction_attributes=as_of_now)
        return bool(stop)

    def finish(self) -> None:
        """The fit's task ends, and an epoch's that was cut short."""
        if self._epoch is not None:
            self._epoch.call_on_fit_task_end(**self._told)
        self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})
