"""The models of scikit-learn's example gallery that use its MLP: the same scores and figures.

Each function trains what one published example trains, with the data it is given or, where those
are fetched from afar, with data that come with scikit-learn; and gives the numbers that the example
prints and the arrays that its figures are drawn from. Both classes go through it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network as theirs
from sklearn.datasets import (
    load_diabetes,
    load_digits,
    load_iris,
    make_circles,
    make_classification,
    make_moons,
)
from sklearn.inspection import partial_dependence
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler

import clearprop as ours

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
]

Found = dict[str, Any]


def plane(seed: int) -> list[tuple[Any, Any]]:
    """The three data sets in the plane that two of the examples share."""
    X, y = make_classification(
        n_features=2, n_redundant=0, random_state=seed, n_clusters_per_class=1
    )
    X += 2.0 * np.random.RandomState(2).uniform(size=X.shape)
    return [
        make_moons(noise=0.3, random_state=0),
        make_circles(noise=0.2, factor=0.5, random_state=1),
        (X, y),
    ]


def surface(model: Any, X: Any) -> Any:
    """Probabilities over the plane, coarser than the published figures' grid."""
    ends = [np.linspace(X[:, k].min() - 0.5, X[:, k].max() + 0.5, 40) for k in range(2)]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*ends)], axis=1)
    return model.predict_proba(grid)[:, 1]


def plot_mlp_training_curves(module: Any) -> Found:
    rates: dict[str, Any] = {"solver": "sgd", "learning_rate_init": 0.2}
    strategies = [
        {**rates, "learning_rate": rate, "momentum": momentum, "nesterovs_momentum": nesterov}
        for rate in ("constant", "invscaling")
        for momentum, nesterov in ((0.0, True), (0.9, False), (0.9, True))
    ]
    strategies.append({"solver": "adam", "learning_rate_init": 0.01})
    data = [load_iris(return_X_y=True), load_digits(return_X_y=True)]
    data += [make_circles(noise=0.2, factor=0.5, random_state=1), plane(0)[0]]
    found: Found = {}
    for number, (X, y) in enumerate(data):
        scaled = MinMaxScaler().fit_transform(X)
        for which, strategy in enumerate(strategies):
            epochs = 15 if number == 1 else 400
            model = module.MLPClassifier(random_state=0, max_iter=epochs, **strategy)
            model.fit(scaled, y)
            found[f"curve {number} {which}"] = model.loss_curve_
            found[f"score {number} {which}"] = model.score(scaled, y)
    return found


def plot_classifier_comparison(module: Any) -> Found:
    found: Found = {}
    for number, (X, y) in enumerate(plane(1)):
        parts = train_test_split(X, y, test_size=0.4, random_state=42)
        network = module.MLPClassifier(alpha=1, max_iter=1000, random_state=42)
        model = make_pipeline(StandardScaler(), network).fit(parts[0], parts[2])
        found[f"score {number}"] = model.score(parts[1], parts[3])
        found[f"surface {number}"] = surface(model, X)
    return found


def plot_mlp_alpha(module: Any, nudge: float = 0.0) -> Found:
    found: Found = {}
    for number, (X, y) in enumerate(plane(0)):
        parts = train_test_split(X, y, test_size=0.4, random_state=42)
        for alpha in np.logspace(-1, 1, 5):
            network = module.MLPClassifier(
                solver="lbfgs",
                alpha=alpha,
                random_state=1,
                max_iter=2000,
                early_stopping=True,
                hidden_layer_sizes=[10, 10],
            )
            scaler = StandardScaler().fit(parts[0])
            model = network.fit(scaler.transform(parts[0]) * (1.0 + nudge), parts[2])
            score = model.score(scaler.transform(parts[1]), parts[3])
            found[f"score {number} {alpha:.3g}"] = score
    return found


def plot_mnist_filters(module: Any) -> Found:
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16.0, y, random_state=0, test_size=0.3)
    model = module.MLPClassifier(
        hidden_layer_sizes=(40,),
        max_iter=8,
        alpha=1e-4,
        solver="sgd",
        random_state=1,
        learning_rate_init=0.2,
    ).fit(parts[0], parts[2])
    scores = [model.score(parts[0], parts[2]), model.score(parts[1], parts[3])]
    return {"score": scores, "filters": model.coefs_[0]}


def plot_partial_dependence(module: Any) -> Found:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    parts = train_test_split(X, y - y.mean(), test_size=0.1, random_state=0)
    model = make_pipeline(
        QuantileTransformer(n_quantiles=100),
        module.MLPRegressor(
            hidden_layer_sizes=(30, 15),
            learning_rate_init=0.01,
            early_stopping=True,
            random_state=0,
        ),
    ).fit(parts[0], parts[2])
    return {"score": model.score(parts[1], parts[3]), **_dependence(model, parts[0])}


def plot_partial_dependence_visualization_api(module: Any) -> Found:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = make_pipeline(
        StandardScaler(),
        module.MLPRegressor(hidden_layer_sizes=(100, 100), tol=1e-2, max_iter=500, random_state=0),
    ).fit(X, y)
    return {"score": model.score(X, y), **_dependence(model, X)}


def _dependence(model: Any, X: pd.DataFrame) -> Found:
    found = {}
    for feature in ("age", "bmi"):
        told = partial_dependence(model, X, [feature], kind="both", grid_resolution=20)
        found[f"average {feature}"] = told["average"]
        found[f"individual {feature}"] = told["individual"]
    return found


EXAMPLES = [
    plot_mlp_training_curves,
    plot_classifier_comparison,
    plot_mnist_filters,
    plot_partial_dependence,
    plot_partial_dependence_visualization_api,
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__)
def test_scores_and_figures_are_the_same(example: Any) -> None:
    found, expected = example(ours), example(theirs)
    assert list(found) == list(expected)
    for name, right in expected.items():
        if name.startswith("score"):
            np.testing.assert_allclose(found[name], right, rtol=1e-6, err_msg=name)
        else:
            scale = float(np.max(np.abs(right)))
            np.testing.assert_allclose(found[name], right, atol=1e-3 * scale, err_msg=name)


def test_scores_of_lbfgs_are_ones_that_scikit_learn_comes_to() -> None:
    """Hundreds of its steps on relu amplify rounding: scikit-learn's own result changes too.

    With inputs multiplied by 1 ± 1e-15 it ends at other weights, and at times another score.
    """
    found = plot_mlp_alpha(ours)
    their_own = [plot_mlp_alpha(theirs, nudge) for nudge in (0.0, 1e-15, -1e-15)]
    for name, score in found.items():
        assert score in {own[name] for own in their_own}, name
    plain = sum(score == their_own[0][name] for name, score in found.items())
    assert plain >= len(found) - 1
