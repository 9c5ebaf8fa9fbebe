"""Scikit-learn's own tests of its multi-layer perceptron, as installed, with our estimators in the place of its own."""

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.find_spec("sklearn.neural_network.tests")
if SPEC is None:
    pytest.skip("scikit-learn was installed without its tests", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("default")

#: What looks at private attributes of scikit-learn's estimators.
PRIVATE = {
    "test_gradient": "calls the private method _loss_grad_lbfgs",
}


@pytest.fixture
def global_random_seed():
    """The seed of scikit-learn's conftest."""
    return 42


def load(namespace):
    """Define the tests of scikit-learn's module here."""
    path = Path(SPEC.submodule_search_locations[0]) / "test_mlp.py"
    theirs = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
    source = path.read_text(encoding="utf-8")
    assert theirs in source
    exec(compile(source.replace(theirs, "from fastnn import MLPClassifier, MLPRegressor"), path, "exec"), namespace)
    for name, reason in PRIVATE.items():
        namespace[name] = pytest.mark.xfail(reason=reason, raises=AttributeError, strict=True)(namespace[name])


load(globals())
