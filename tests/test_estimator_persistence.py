"""Every estimator survives pickle, joblib, cloudpickle, skops and deepcopy, and goes on training as before."""

import copy
import io
import pickle
import subprocess
import sys

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
from estimator_samples import SAMPLES, X, Y, outputs, quick
from sklearn.base import clone

from fastnn import Input, KerasClassifier, MLPClassifier, Sequential, layers, ops
from fastnn.callbacks import EarlyStopping
from fastnn.estimators import ESTIMATORS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def by_joblib(estimator):
    memory = io.BytesIO()
    joblib.dump(estimator, memory, compress=3)
    memory.seek(0)
    return joblib.load(memory)


def by_skops(estimator):
    stored = skops.io.dumps(estimator)
    return skops.io.loads(stored, trusted=skops.io.get_untrusted_types(data=stored))


WAYS = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "oldest pickle": lambda estimator: pickle.loads(pickle.dumps(estimator, protocol=2)),
    "joblib": by_joblib,
    "cloudpickle": lambda estimator: pickle.loads(cloudpickle.dumps(estimator)),
    "skops": by_skops,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_fitted(estimator, way):
    fitted = quick(estimator).fit(X, Y)
    expected = outputs(fitted)
    copied = WAYS[way](fitted)
    assert type(copied) is estimator
    np.testing.assert_array_equal(outputs(copied), expected)
    public = {name for name in vars(fitted) if not name.startswith("_")}
    assert {name for name in vars(copied) if not name.startswith("_")} == public
    assert repr(copied) == repr(fitted)
    again = WAYS[way](copied)
    np.testing.assert_array_equal(outputs(again.partial_fit(X, Y)), outputs(copied.partial_fit(X, Y)))
    np.testing.assert_array_equal(outputs(fitted), expected)  # nothing is shared
    np.testing.assert_array_equal(outputs(fitted.partial_fit(X, Y)), outputs(copied))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_not_fitted(estimator, way):
    for sample in SAMPLES[estimator]:
        copied = WAYS[way](sample)
        assert repr(copied) == repr(sample)
        assert not hasattr(copied, "n_features_in_")


def test_cloudpickle_takes_functions_of_a_notebook():
    def build(meta):
        return Sequential([layers.Dense(meta["n_classes_"], "softmax")])

    fitted = KerasClassifier(build, loss="sparse_categorical_crossentropy", verbose=0, random_state=0).fit(X, Y)
    code = "import pickle, sys; print(repr(pickle.load(sys.stdin.buffer).predict_proba([[5, 3, 1, 0]]).tolist()))"
    out = subprocess.run([sys.executable, "-c", code], input=cloudpickle.dumps(fitted), capture_output=True, check=True)
    assert out.stdout.decode().strip() == repr(fitted.predict_proba([[5, 3, 1, 0]]).tolist())


def test_a_clone_leaves_the_trained_model_behind():
    """Callbacks know the model they were used with; copies of parameters are not to carry it along."""
    fitted = quick(KerasClassifier, callbacks=[EarlyStopping(monitor="loss")]).fit(X, Y)
    assert fitted.callbacks[0].model is fitted.model_
    assert clone(fitted).callbacks[0].model is None


@pytest.mark.parametrize("way", [*WAYS, "clone"])
def test_an_op_as_activation(way):
    copied = {**WAYS, "clone": clone}[way](MLPClassifier(activation=ops.tanh))
    assert copied.activation is ops.tanh
    fitted = quick(MLPClassifier, activation=ops.tanh).fit(X, Y)
    expected = outputs(fitted)
    copied = fitted if way == "clone" else WAYS[way](fitted)
    np.testing.assert_array_equal(outputs(copied), expected)
    np.testing.assert_array_equal(
        outputs(copied.partial_fit(X, Y)),
        outputs(quick(MLPClassifier, activation=ops.tanh).fit(X, Y).partial_fit(X, Y)),
    )


@pytest.mark.parametrize("way", [*WAYS, "clone"])
def test_a_model_with_an_op_as_activation(way):
    model = Sequential([layers.Dense(4, ops.square), layers.Dense(3, "softmax")])
    estimator = KerasClassifier(model, loss="sparse_categorical_crossentropy", verbose=0, epochs=2, random_state=0)
    expected = estimator.fit(X, Y).predict_proba(X)
    copied = clone(estimator).fit(X, Y) if way == "clone" else WAYS[way](estimator)
    np.testing.assert_array_equal(copied.predict_proba(X), expected)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_says_what_data_it_gets(way):
    loss, content = (
        "sparse_categorical_crossentropy",
        [Input((4,)), layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(3, "softmax")],
    )
    estimator = quick(
        KerasClassifier, model=Sequential(content), loss=loss, metrics=["accuracy"], metrics__name="right"
    )
    expected = estimator.fit(X, Y).predict_proba(X)
    copied = WAYS[way](estimator)
    np.testing.assert_array_equal(copied.predict_proba(X), expected)
    assert copied.model_.input_shape == (None, 4)
    assert copied.fit(X, Y).history_.keys() == {"loss", "right"}
