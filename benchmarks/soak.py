"""Fits side by side and fits interrupted, again and again: no hang, no crash, no wrong number.

    python benchmarks/soak.py [--fits N] [--interruptions N] [--seed N]

64 fits at a time under joblib, in threads and in processes, each compared bit for bit with the same
fit alone; then a fit in a process of its own, interrupted by Ctrl-C at a random moment a hundred
times, which must stop within seconds with finite weights and then fit another net to the right
bits. Exit status 1 at the first difference or hang. BLAS is held to one thread, as the steps of
L-BFGS are SciPy's, whose bits follow its threads. About six minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from report import hold_threads

from clearprop import MLPClassifier, MLPRegressor

PATIENCE = 60.0
"""Seconds after which an interrupted process counts as hanging."""

SHAPES: list[tuple[int, ...]] = [(5,), (40, 20), (300,), (256, 256)]


def fit_sha1(number: int, n_threads: int | None) -> str:
    """The SHA-1 of one of many different fits."""
    generator = np.random.default_rng(number)
    dtype = ("float32", "float64")[number % 2]
    X = generator.random((600, 30)).astype(dtype)
    parameters: dict[str, Any] = {
        "hidden_layer_sizes": SHAPES[number % len(SHAPES)],
        "activation": ("relu", "tanh", "logistic")[number % 3],
        "solver": ("adam", "sgd", "adam", "lbfgs")[number // 4 % 4],
        "max_iter": 5,
        "random_state": number,
        "n_threads": n_threads,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # five epochs converge to nothing
        if number % 5 == 0:
            model: Any = MLPRegressor(**parameters).fit(X, X @ X[0])
        else:
            model = MLPClassifier(**parameters).fit(X, generator.integers(3, size=600))
    told = hashlib.sha1(usedforsecurity=False)
    for array in (*model.coefs_, *model.intercepts_, model.predict(X)):
        told.update(array.tobytes())
    return told.hexdigest()


def _side_by_side(n_fits: int) -> None:
    numbers = range(n_fits)
    alone = [fit_sha1(number, 1) for number in numbers]
    for prefer in ("threads", "processes"):
        for n_threads in (None, 3):
            begun = time.monotonic()
            found = joblib.Parallel(n_jobs=n_fits, prefer=prefer)(
                joblib.delayed(fit_sha1)(number, n_threads) for number in numbers
            )
            wrong = [number for number in numbers if found[number] != alone[number]]
            seconds = time.monotonic() - begun
            print(f"{n_fits} fits in {prefer}, n_threads={n_threads}: {len(wrong)} wrong, "
                  f"{seconds:.1f} s", flush=True)  # fmt: skip
            if wrong:
                sys.exit(f"fits {wrong} differ from the same ones alone")


_INTERRUPTED = """
import sys, warnings
import numpy as np
sys.path.insert(0, {folder!r})
import soak
from clearprop import MLPClassifier
warnings.simplefilter("ignore")
X = np.random.default_rng(0).random((3000, 40)).astype("float32")
model = MLPClassifier((200, 100), max_iter=10**6, n_iter_no_change=10**6, tol=0.0,
                      random_state=0, n_threads=2)
print("begin", flush=True)
model.fit(X, X[:, 0] > 0.5)
finite = all(np.isfinite(W).all() for W in model.coefs_)
print(finite, soak.fit_sha1(7, 2), flush=True)
"""


def _interrupted(n_times: int, seed: int) -> None:
    generator = random.Random(seed)
    expected = fit_sha1(7, 1)
    code = _INTERRUPTED.format(folder=str(Path(__file__).resolve().parent))
    slowest = 0.0
    for time_ in range(n_times):
        process: Any = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "begin\n"
        time.sleep(0.05 + 0.6 * generator.random())
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        out, _ = process.communicate()
        killer.cancel()
        slowest = max(slowest, time.monotonic() - sent)
        if process.returncode != 0 or out.split() != ["True", expected]:
            sys.exit(f"interruption {time_}: status {process.returncode}, printed {out!r}")
    print(f"{n_times} interruptions: all stopped, slowest after {slowest:.1f} s, "
          "each followed by a right fit")  # fmt: skip


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fits", type=int, default=64, help="side by side")
    parser.add_argument("--interruptions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    arguments = parser.parse_args()
    hold_threads(1)
    _side_by_side(arguments.fits)
    _interrupted(arguments.interruptions, arguments.seed)


if __name__ == "__main__":
    main()
