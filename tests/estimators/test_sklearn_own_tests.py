"""scikit-learn's own tests of its MLPs, run with these estimators in their place.

The file is the installed scikit-learn's, of 1.9 or later; what it imports from
`sklearn.neural_network` is replaced while it is loaded. `EXCUSED` names every test that is left out
with its reason: nothing else may fail. This file knows nothing of what the tests ask.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sklearn.neural_network as theirs
from peer_limits import VERSION
from sklearn.utils.fixes import parse_version

from clearprop import estimators

IS_OLDER = parse_version("1.9") > VERSION

# scikit-learn's own run lets warnings pass; where its tests mean them, they ask for them.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(IS_OLDER, reason="parity is with the behaviour of scikit-learn 1.9"),
]

_PRIVATE = "it reads or sets private attributes of scikit-learn's: "

EXCUSED = {
    "test_fit": _PRIVATE + "it calls _fit_stochastic's parts by hand",
    "test_gradient": _PRIVATE + "_loss_grad_lbfgs; see test_inspection for check_gradients",
    "test_learning_rate_warmstart": _PRIVATE + "_optimizer; test_parity compares the courses",
    "test_adaptive_learning_rate": _PRIVATE + "_optimizer; test_parity compares the courses",
    "test_n_iter_no_change": _PRIVATE + "_no_improvement_count; test_parity compares n_iter_",
    "test_n_iter_no_change_inf": _PRIVATE + "_no_improvement_count; test_parity compares n_iter_",
    "test_mlp_partial_fit_after_fit": "partial_fit with early_stopping works here: "
    "docs/differences.md",
    "test_preserve_feature_names": "it turns warnings into errors, without a random_state, and "
    "some fits end worse than a constant, which is warned of: docs/differences.md; test_estimators "
    "has test_frames_give_no_spurious_warning_about_feature_names",
}


def _loaded() -> ModuleType:
    """scikit-learn's test file, with the estimators replaced."""
    path = Path(theirs.__file__).parent / "tests" / "test_mlp.py"
    spec = importlib.util.spec_from_file_location("scikit_learns_test_mlp", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    names = ("MLPClassifier", "MLPRegressor")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(theirs, name, getattr(estimators, name))
        spec.loader.exec_module(module)
    assert all(getattr(module, name) is getattr(estimators, name) for name in names)
    return module


@pytest.fixture
def global_random_seed() -> int:
    """scikit-learn's fixture of this name, with its default."""
    return 42


_tests: dict[str, Any] = {}
if not IS_OLDER:
    _tests = {name: test for name, test in vars(_loaded()).items() if name.startswith("test_")}
globals().update({name: test for name, test in _tests.items() if name not in EXCUSED})


def test_every_excuse_is_of_a_test_that_there_is() -> None:
    assert set(EXCUSED) <= set(_tests)
    assert len(_tests) - len(EXCUSED) > 30
