"""Import, fit a small net for two epochs, predict: what a cold process does in `bench_training`.

    python benchmarks/first_prediction.py clearprop|scikit-learn|PyTorch|torch.compile|JAX

Each imports nothing but its own, so imports stand where they are needed. 64-100-10, 2,000 rows,
batches of 200, Adam.
"""

from __future__ import annotations

import sys

import numpy as np

X = np.random.default_rng(0).standard_normal((2_000, 64), dtype=np.float32)
LABELS = X[:, :10].argmax(axis=1)
BATCHES = [slice(start, start + 200) for start in range(0, 2_000, 200)] * 2


def with_estimator(module: str) -> None:
    """Fit and predict with the MLPClassifier of clearprop or scikit-learn."""
    import importlib  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    warnings.simplefilter("ignore")  # two epochs have not converged
    model = importlib.import_module(module).MLPClassifier((100,), max_iter=2, random_state=0)
    model.fit(X, LABELS).predict(X[:1])


def with_torch(compiled: bool) -> None:
    """The usual loop."""
    import torch  # noqa: PLC0415

    nn = torch.nn
    model = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
    run = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    x, y = torch.from_numpy(X), torch.from_numpy(LABELS)
    for rows in BATCHES:
        optimizer.zero_grad()
        nn.functional.cross_entropy(run(x[rows]), y[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        model(x[:1]).argmax(dim=1).numpy()


def with_jax() -> None:
    """One jitted scan."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    def logits(w, x):  # type: ignore[no-untyped-def]
        return jax.nn.relu(x @ w[0] + w[1]) @ w[2] + w[3]

    def loss(w, x, y):  # type: ignore[no-untyped-def]
        return -jax.nn.log_softmax(logits(w, x))[jnp.arange(200), y].mean()

    def step(state, batch):  # type: ignore[no-untyped-def]
        w, m, v, t = state
        dw = jax.grad(loss)(w, *batch)
        m = [0.9 * m + 0.1 * d for m, d in zip(m, dw, strict=True)]
        v = [0.999 * v + 0.001 * d * d for v, d in zip(v, dw, strict=True)]
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        w = [w - rate * m / (jnp.sqrt(v) + 1e-8) for w, m, v in zip(w, m, v, strict=True)]
        return (w, m, v, t + 1.0), None

    rng = np.random.default_rng(0)
    w = [0.1 * rng.standard_normal(shape, np.float32) for shape in ((64, 100), 100, (100, 10), 10)]
    zeros = [np.zeros_like(array) for array in w]
    batches = (X.reshape(10, 200, 64), LABELS.reshape(10, 200))
    epoch = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)[0])
    state = epoch(epoch((w, zeros, zeros, jnp.float32(1.0)), batches), batches)
    np.asarray(logits(state[0], X[:1]).argmax(axis=1))


if __name__ == "__main__":
    {
        "clearprop": lambda: with_estimator("clearprop"),
        "scikit-learn": lambda: with_estimator("sklearn.neural_network"),
        "PyTorch": lambda: with_torch(compiled=False),
        "torch.compile": lambda: with_torch(compiled=True),
        "JAX": with_jax,
    }[sys.argv[1]]()
