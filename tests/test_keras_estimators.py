"""KerasClassifier and KerasRegressor: the model, its parameters, its targets, and what goes wrong."""

import copy
import gc
import inspect
import pickle
import threading
import weakref

import numpy as np
import pytest
from keras_estimator_tools import REDUCTION, SETTINGS, build_classifier, build_regressor, build_softmax, network
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

import fastnn
from fastnn import DivergenceError, Sequential, callbacks, layers, losses, metrics, optimizers, random
from fastnn.estimators import KerasClassifier, KerasRegressor
from fastnn.optimizers.schedules import ExponentialDecay
from fastnn.training import data as training_data

X, NUMBERS = make_classification(90, 6, n_informative=5, n_redundant=0, n_classes=3, random_state=0)
LABELS = np.array(["ant", "bee", "cat"])[NUMBERS]
XR, YR = make_regression(80, 5, n_targets=1, random_state=0)
YR = YR / 50


def classifier(model=build_softmax, **settings):
    return KerasClassifier(model, **{"loss": "sparse_categorical_crossentropy", **SETTINGS, **settings})


def regressor(model=build_regressor, **settings):
    return KerasRegressor(model, **{**SETTINGS, **settings})


# ---- the model ---------------------------------------------------------------------------------------------


def test_trains_as_the_model_alone():
    found = regressor(epochs=5, batch_size=16, shuffle=True).fit(XR, YR)
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    with random.seeded(seed):
        model = build_regressor({"n_outputs_": 1})
        history = model.fit(XR, YR.reshape(-1, 1), epochs=5, batch_size=16, verbose=0)
    assert found.history_ == history.history
    np.testing.assert_array_equal(found.predict(XR), model.predict(XR, verbose=0).ravel())
    assert isinstance(found.model_, Sequential)


def test_a_given_model_is_copied_for_each_fit():
    model = network(4, 1)
    model.build((None, 5))
    model.compile("sgd", "mse")
    before = [w.copy() for w in model.get_weights()]
    estimator = regressor(model, epochs=2)
    first = [w.copy() for w in estimator.fit(XR, YR).model_.get_weights()]
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(model.optimizer.iterations.numpy()) == 0
    again = clone(estimator)
    assert again.model is not model
    for a, b in zip(again.fit(XR, YR).model_.get_weights(), first, strict=True):
        np.testing.assert_array_equal(a, b)
    other = clone(estimator).set_params(random_state=1, batch_size=16).fit(XR, YR)
    same = clone(estimator).set_params(random_state=2, batch_size=16).fit(XR, YR)
    assert np.abs(other.predict(XR) - same.predict(XR)).max() > 0  # another order of rows


def test_a_model_that_was_trained_goes_on_from_its_weights():
    model = network(4, 1)
    model.compile("sgd", "mse")
    model.fit(XR, YR.reshape(-1, 1), batch_size=16, verbose=0)
    settings = {"epochs": 1, "batch_size": 16}
    first, again, other = (regressor(model, random_state=seed, **settings).fit(XR, YR) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.predict(XR), again.predict(XR))
    assert int(first.model_.optimizer.iterations.numpy()) == 10
    # The order of rows is that of random_state, not the one that the model would have gone on with.
    assert np.abs(first.predict(XR) - other.predict(XR)).max() > 0


def test_a_class_can_build_the_model():
    class Net(fastnn.Model):
        def __init__(self, units):
            super().__init__()
            self.hidden, self.out = layers.Dense(units, "relu"), layers.Dense(1)

        def call(self, x):
            return self.out(self.hidden(x))

    found = regressor(Net, loss="mse", optimizer="adam", model__units=7, epochs=1).fit(XR, YR)
    assert found.model_.hidden.units == 7
    assert found.predict(XR).shape == (80,)


def test_the_function_gets_what_it_asks_for():
    seen = {}

    def build(meta, compile_kwargs, params, units, depth=1):
        seen.update(meta=meta, compile_kwargs=compile_kwargs, params=params, units=units, depth=depth)
        return Sequential([layers.Dense(3, "softmax")])

    estimator = classifier(build, optimizer="adam", optimizer__beta_1=0.5, units=3, model__depth=2, epochs=1)
    estimator.fit(X, LABELS)
    assert (seen["units"], seen["depth"]) == (3, 2)
    assert seen["compile_kwargs"]["optimizer"].beta_1 == 0.5
    assert seen["params"] == estimator.get_params()
    meta = seen["meta"]
    assert (meta["n_features_in_"], meta["n_classes_"], meta["n_outputs_"]) == (6, 3, 1)
    assert (meta["target_type_"], meta["X_shape_"], meta["y_ndim_"]) == ("multiclass", (90, 6), 1)
    assert meta["classes_"].tolist() == ["ant", "bee", "cat"]
    assert (meta["X_dtype_"], meta["y_dtype_"]) == (X.dtype, LABELS.dtype)


def test_rows_may_have_any_shape():
    pictures = X.reshape(90, 2, 3)
    model = Sequential([layers.Flatten(), layers.Dense(3, "softmax")])
    found = classifier(model, optimizer="adam").fit(pictures, LABELS)
    assert found.predict(pictures).shape == (90,)
    assert (found.X_shape_, found.n_features_in_) == ((90, 2, 3), 2)


# ---- nested parameters -------------------------------------------------------------------------------------


def test_nested_parameters_are_parameters():
    estimator = classifier(units=4, optimizer="adam", optimizer__learning_rate=0.1)
    assert estimator.get_params()["optimizer__learning_rate"] == 0.1
    copied = clone(estimator).set_params(units=5, fit__validation_freq=2, predict__batch_size=8)
    assert copied.get_params() == {
        **estimator.get_params(), "units": 5, "fit__validation_freq": 2, "predict__batch_size": 8,
    }  # fmt: skip
    assert (estimator.units, estimator.optimizer__learning_rate) == (4, 0.1)
    assert (copied.units, copied.fit__validation_freq) == (5, 2)
    shallow = copy.copy(copied)
    shallow.units = 6
    assert (shallow.get_params()["units"], copied.get_params()["units"]) == (6, 5)
    with pytest.raises(AttributeError, match="'KerasClassifier' object has no attribute 'unitz'"):
        estimator.unitz  # noqa: B018
    assert "units=4" in repr(estimator)
    assert "optimizer__learning_rate" in estimator._repr_html_()


def test_nested_parameters_are_attributes():
    """Also those that were not given to the constructor: they are what set_params would have set."""
    estimator = classifier(optimizer="adam", epochs=1)
    estimator.model__units = 31
    estimator.optimizer__learning_rate = 0.5
    assert estimator.get_params() == clone(estimator).get_params()
    assert (estimator.get_params()["model__units"], clone(estimator).model__units) == (31, 31)
    found = estimator.fit(X, LABELS).model_
    assert found.layers[0].units == 31
    assert float(found.optimizer.learning_rate.numpy()) == 0.5


def test_a_parameter_by_two_names_is_one():
    estimator = classifier(units=4)
    estimator.model__units = 9
    assert estimator.units == estimator.model__units == clone(estimator).units == 9
    estimator.set_params(units=5)
    assert estimator.fit(np.eye(4), [0, 1, 0, 1]).model_.layers[0].units == estimator.model__units == 5
    assert [name for name in estimator.get_params() if "units" in name] == ["units"]


def test_a_parameter_by_both_its_names_is_refused():
    message = "'units' and 'model__units' are one parameter"
    with pytest.raises(ValueError, match=message):
        classifier(units=4, model__units=5)
    estimator = classifier(units=4, epochs=1)
    with pytest.raises(ValueError, match=message):
        estimator.set_params(epochs=2, model__units=5, units=6)
    assert (estimator.epochs, estimator.units) == (1, 4)


def test_a_function_may_have_an_argument_of_the_name_of_a_parameter():
    """As ``epochs``: the estimator's own by that name, the function's by ``model__epochs``."""
    estimator = classifier(lambda epochs: layers.Dense, epochs=3, model__epochs=4).set_params(epochs=5, model__epochs=6)
    assert (estimator.epochs, estimator.model__epochs) == (5, 6)
    assert (clone(estimator).epochs, clone(estimator).model__epochs) == (5, 6)


@pytest.mark.parametrize("settings", [{}, {"validation_split": 0.5, "callbacks": callbacks.EarlyStopping}])
def test_a_model_goes_with_its_estimator(settings):
    """Not with the next collection of garbage, before which a search would pile up models and their programs."""
    gc.collect()
    gc.disable()
    try:
        estimator = classifier(epochs=2, **settings).fit(X, LABELS)
        estimator.partial_fit(X, LABELS).predict(X)
        last = weakref.ref(estimator.model_.weights[0])
        assert last() is not None
        del estimator
        assert last() is None
    finally:
        gc.enable()


def test_classes_of_columns_are_their_numbers():
    y = np.eye(3, dtype=int)[[0, 1, 2, 0]]
    estimator = classifier(loss="categorical_crossentropy")
    for classes in (["a", "b", "c"], [0, 1]):
        with pytest.raises(ValueError, match="are not the 3 columns of y"):
            estimator.partial_fit(np.eye(4), y, classes=classes)
    for _ in range(2):
        estimator.partial_fit(np.eye(4), y, classes=[2, 1, 0])


@pytest.mark.parametrize("weights", [{"sample_weight": np.full(4, 1e-40)}, {}])
def test_weights_that_float32_takes_for_zeros_are_refused(weights):
    estimator = classifier(class_weight=None if weights else {0: 1e-200, 1: 1e-200})
    with pytest.raises(ValueError, match="too small for float32"):
        estimator.fit(np.eye(4), [0, 1, 0, 1], **weights)


def test_search_over_nested_parameters():
    pipeline = make_pipeline(StandardScaler(), classifier(optimizer="adam", epochs=10, batch_size=16))
    grid = {
        "kerasclassifier__model__units": [2, 12],
        "kerasclassifier__optimizer__learning_rate": [1e-5, 0.03],
        "kerasclassifier__epochs": [10],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, LABELS)
    best = search.best_params_
    assert best["kerasclassifier__optimizer__learning_rate"] == 0.03
    fitted = search.best_estimator_[-1]
    assert fitted.model_.layers[0].units == best["kerasclassifier__model__units"]
    assert float(fitted.model_.optimizer.learning_rate.numpy()) == 0.03


@pytest.mark.parametrize("optimizer", ["sgd", "SGD", optimizers.SGD, optimizers.SGD(0.5, nesterov=True)])
def test_optimizer_by_name_class_or_object(optimizer):
    found = regressor(optimizer=optimizer, optimizer__momentum=0.9, epochs=1).fit(XR, YR).model_.optimizer
    assert type(found) is optimizers.SGD
    assert found.momentum == 0.9
    assert found.nesterov == isinstance(optimizer, optimizers.SGD)
    assert found is not optimizer


def test_parameters_change_what_a_model_is_compiled_with():
    model = network(4, 1)
    model.compile(optimizers.Adam(0.5, beta_1=0.3), "mse", metrics=["mae"], loss_weights=2.0, steps_per_execution=3)
    found = regressor(model, optimizer__learning_rate=0.01, loss="mae", epochs=1).fit(XR, YR)
    changed = found.model_
    assert (changed.optimizer.beta_1, float(changed.optimizer.learning_rate.numpy())) == (0.3, 0.01)
    assert changed.steps_per_execution == 3
    assert changed._runtime.loss.weight == 2.0
    assert found.history_["loss"][0] == pytest.approx(2 * found.history_["mae"][0])
    assert model.loss == "mse"


def test_a_schedule_as_a_nested_parameter():
    settings = {"learning_rate": ExponentialDecay, "learning_rate__initial_learning_rate": 0.1,
                "learning_rate__decay_steps": 1, "learning_rate__decay_rate": 0.5}  # fmt: skip
    estimator = regressor(optimizer="sgd", epochs=2, **{f"optimizer__{k}": v for k, v in settings.items()})
    assert float(estimator.fit(XR, YR).model_.optimizer.learning_rate.numpy()) == pytest.approx(0.025)
    with pytest.raises(ValueError, match="optimizer__learning_rate__decay_steps needs optimizer__learning_rate"):
        regressor(optimizer="sgd", optimizer__learning_rate__decay_steps=1).fit(XR, YR)


def test_loss_and_metrics_take_parameters():
    found = classifier(
        loss="categorical_crossentropy", loss__label_smoothing=0.5,
        metrics=["accuracy", metrics.TopKCategoricalAccuracy], metrics__1__k=3, metrics__1__name="top", epochs=2,
    ).fit(X, LABELS)  # fmt: skip
    assert found.history_.keys() == {"loss", "accuracy", "top"}
    assert found.history_["top"] == [1.0, 1.0]
    assert found.model_._runtime.loss.loss.get_config()["label_smoothing"] == 0.5
    both = regressor(loss="mse", metrics={"a": "mse", "b": "mae"}, metrics__dtype="float64", epochs=1).fit(XR, YR)
    assert both.history_.keys() == {"loss", "mean_squared_error", "mean_absolute_error"}
    for loss in ("sparse_categorical_crossentropy", "categorical_crossentropy"):
        plain, renamed = (
            classifier(loss=loss, metrics=["accuracy"], epochs=2, **more).fit(X, LABELS).history_
            for more in ({}, {"metrics__name": "right"})
        )
        assert renamed == {"loss": plain["loss"], "right": plain["accuracy"]}
    named = {"metrics__name": "all", "metrics__1__name": "own"}
    assert regressor(metrics=["mse", "mae"], epochs=1, **named).fit(XR, YR).history_.keys() == {"loss", "all", "own"}


def test_callbacks_by_class_and_object():
    stop = {"callbacks__monitor": "loss", "callbacks__min_delta": 1e9, "callbacks__patience": 2}
    assert len(regressor(callbacks=callbacks.EarlyStopping, **stop).fit(XR, YR).history_["loss"]) == 3
    seen = []
    record = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    named = {"stop": callbacks.EarlyStopping, "record": record}
    nested = {name.replace("callbacks__", "callbacks__stop__"): value for name, value in stop.items()}
    estimator = regressor(callbacks=named, **nested)
    assert estimator.fit(XR, YR).callbacks is named
    assert seen == [0, 1, 2]
    with pytest.raises(ValueError, match="callbacks__record__x needs callbacks__record to be a class"):
        clone(estimator).set_params(callbacks__record__x=1).fit(XR, YR)


def test_arguments_of_fit_and_predict():
    found = regressor(epochs=9, fit__epochs=4, fit__validation_split=0.25, fit__validation_freq=2).fit(XR, YR)
    assert len(found.history_["loss"]) == 4
    assert len(found.history_["val_loss"]) == 2
    shown = clone(found).set_params(predict__verbose=2).fit(XR, YR)
    np.testing.assert_array_equal(shown.predict(XR), found.predict(XR))


# ---- targets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [build_classifier, build_softmax])
@pytest.mark.parametrize("classes", [2, 3])
def test_labels_of_any_kind(model, classes):
    y = NUMBERS % classes
    expected = classifier(model, loss=None if model is build_classifier else "crossentropy", optimizer="adam").fit(X, y)
    for names in (np.array(["a", "b", "c"]), np.array([-1.0, 2.0, 7.0]), np.array(["a", "b", "c"], object)):
        found = clone(expected).fit(X, names[y])
        np.testing.assert_array_equal(found.classes_, names[:classes])
        np.testing.assert_array_equal(found.predict(X), names[expected.predict(X)])
        np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(expected.predict_log_proba(X), np.log(expected.predict_proba(X)))
    assert expected.score(X, y) > 1.3 / classes


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mse", "sparse_categorical_crossentropy", "crossentropy"])
def test_targets_are_what_the_loss_wants(loss):
    found = classifier(loss=loss, optimizer="adam", optimizer__learning_rate=0.03).fit(X, LABELS)
    assert found.score(X, LABELS) > 0.8


def test_losses_of_logits():
    def build(meta, probabilities):
        model = Sequential([layers.Dense(3)])
        if probabilities:
            model.add(layers.Softmax())
        return model

    plain = classifier(build, probabilities=True, optimizer="sgd").fit(X, LABELS)
    logits = classifier(build, probabilities=False, loss__from_logits=True, optimizer="sgd").fit(X, LABELS)
    np.testing.assert_allclose(logits.predict_proba(X), plain.predict_proba(X), atol=1e-5)
    two = classifier(Sequential([layers.Dense(1)]), loss=losses.BinaryCrossentropy(from_logits=True)).fit(
        X, NUMBERS > 1
    )
    np.testing.assert_allclose(two.predict_proba(X).sum(axis=1), 1.0)
    np.testing.assert_array_equal(two.predict(X), two.model_.predict(X, verbose=0).ravel() > 0)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_several_labels_a_sample(container):
    features, y = make_multilabel_classification(80, 6, n_classes=4, random_state=0)
    found = classifier(build_classifier, loss=None).fit(features, container(y))
    assert found.target_type_ == "multilabel-indicator"
    assert found.predict_proba(features).shape == (80, 4)
    np.testing.assert_array_equal(found.predict(features), found.predict_proba(features) > 0.5)
    assert found.score(features, y) > 0.3
    assert found.classes_.tolist() == [0, 1, 2, 3]
    for class_weight, of_scikit_learn in (
        ("balanced",) * 2,
        ({1: 3.0}, [{0: 1, 1: 3.0 if i == 1 else 1} for i in range(4)]),
    ):
        by_class = clone(found).set_params(class_weight=class_weight).fit(features, container(y))
        by_sample = clone(found).fit(features, y, sample_weight=compute_sample_weight(of_scikit_learn, y))
        np.testing.assert_allclose(by_class.predict_proba(features), by_sample.predict_proba(features), rtol=1e-5)


@pytest.mark.parametrize("features", [4, 300])
def test_sparse_features(features):
    """Narrow ones are made dense, wide ones are not; validation data are no less sparse."""
    thin = sparse.random_array((90, features), density=0.05, format="csr", rng=0)
    labels = np.arange(90) % 3
    a, b = (classifier(epochs=3).fit(x, labels, validation_data=(x[:30], labels[:30])) for x in (thin, thin.toarray()))
    np.testing.assert_allclose(a.predict_proba(sparse.csc_array(thin)), b.predict_proba(thin.toarray()), rtol=1e-4)
    np.testing.assert_allclose(a.history_["val_loss"], b.history_["val_loss"], rtol=1e-4)
    bad = thin.copy()
    bad.data[3] = np.nan
    for call in (lambda: a.predict(bad), lambda: classifier().fit(bad, labels)):
        with pytest.raises(ValueError, match="contains NaN"):
            call()


ONE_HOT = np.eye(3, dtype=int)[NUMBERS]
EXCLUSIVE = ["categorical_crossentropy", "crossentropy", losses.SparseCategoricalCrossentropy(),
             "categorical_focal_crossentropy", "categorical_generalized_cross_entropy", "categorical_hinge",
             "KLDivergence"]  # fmt: skip


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("loss", EXCLUSIVE, ids=str)
def test_one_hot_rows_are_classes(loss, container):
    found = classifier(loss=loss, optimizer="adam", epochs=5).fit(X, container(ONE_HOT))
    expected = classifier(loss=loss, optimizer="adam", epochs=5).fit(X, NUMBERS)
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(found.predict(X), np.eye(3)[expected.predict(X)])
    assert found.score(X, ONE_HOT) == expected.score(X, NUMBERS)
    assert (found.target_type_, found.n_outputs_, found.classes_.tolist()) == ("multilabel-indicator", 3, [0, 1, 2])


def test_one_hot_rows_and_logits():
    logits = Sequential([layers.Dense(3)])
    found = classifier(logits, loss=losses.CategoricalCrossentropy(from_logits=True)).fit(X, ONE_HOT)
    outputs = found.model_.predict(X, verbose=0)
    np.testing.assert_allclose(found.predict_proba(X).sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(found.predict(X), np.eye(3)[outputs.argmax(axis=1)])


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0}])
def test_one_hot_rows_weigh_what_their_class_does(class_weight):
    some = np.flatnonzero((NUMBERS > 0) | (np.arange(90) % 3 == 0))
    found = classifier(loss="categorical_crossentropy", class_weight=class_weight, epochs=5)
    expected = clone(found).fit(X[some], NUMBERS[some])
    np.testing.assert_array_equal(found.fit(X[some], ONE_HOT[some]).predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("loss", ["binary_crossentropy", losses.BinaryCrossentropy(from_logits=True), "mse"], ids=str)
def test_several_labels_that_happen_to_be_one_a_sample(loss):
    model = Sequential([layers.Dense(3, None if isinstance(loss, losses.Loss) else "sigmoid")])
    found = classifier(model, loss=loss, epochs=2).fit(X, ONE_HOT)
    probabilities = found.predict_proba(X)
    assert np.ptp(probabilities.sum(axis=1)) > 0.1
    np.testing.assert_array_equal(found.predict(X), probabilities > 0.5)


def test_the_first_call_says_whether_rows_are_one_hot():
    several = np.array([[1, 1, 0]] + [[0, 1, 0]] * 4)
    growing = classifier(loss="categorical_crossentropy").partial_fit(X[:1], ONE_HOT[:1])
    before = growing.predict_proba(X)
    with pytest.raises(ValueError, match="y has rows without exactly one 1, the classifier was fitted on one-hot rows"):
        growing.partial_fit(X[:5], several)
    np.testing.assert_array_equal(growing.predict_proba(X), before)
    assert (growing.partial_fit(X, ONE_HOT).predict(X).sum(axis=1) == 1).all()
    labels = classifier(loss="categorical_crossentropy").partial_fit(X[:5], several).partial_fit(X, ONE_HOT)
    np.testing.assert_array_equal(labels.predict(X), labels.predict_proba(X) > 0.5)
    two = np.eye(2, dtype=int)[NUMBERS % 2]
    with pytest.raises(ValueError, match=r"the model has 1 outputs, but 2 classes need a Dense\(2, activation"):
        classifier(network(3, 1), loss="categorical_crossentropy").fit(X, two)


@pytest.mark.parametrize("shape", [(80,), (80, 1), (80, 3)])
def test_regression_keeps_the_shape_of_y(shape):
    y = make_regression(80, 5, n_targets=shape[-1] if len(shape) > 1 else 1, random_state=0)[1].reshape(shape) / 100
    found = regressor(epochs=200).fit(XR, y)
    assert found.predict(XR).shape == shape
    assert found.score(XR, y) > 0.7
    assert found.n_outputs_ == (shape[1] if len(shape) > 1 else 1)


def test_a_regressors_y_may_be_sparse():
    thin, dense = sparse.csr_array(np.eye(80, 2)), np.eye(80, 2)
    fitted = regressor().fit(XR, thin, validation_data=(XR, thin))
    np.testing.assert_array_equal(fitted.predict(XR), regressor().fit(XR, dense).predict(XR))
    assert (
        fitted.history_["val_loss"][-1]
        == regressor().fit(XR, dense, validation_data=(XR, dense)).history_["val_loss"][-1]
    )


def test_one_class():
    found = classifier(build_classifier, loss=None).fit(X, np.full(90, "only"))
    assert (found.predict(X) == "only").all()
    np.testing.assert_array_equal(found.predict_proba(X), np.ones((90, 1)))


# ---- weights, validation, going on -------------------------------------------------------------------------


def test_weights():
    y = NUMBERS > 1
    base = classifier(build_classifier, loss=None, epochs=5)
    weight = np.where(y, 3.0, 1.0)
    by_sample = clone(base).fit(X, y, sample_weight=weight)
    by_class = clone(base).set_params(class_weight={True: 3.0}).fit(X, y)
    np.testing.assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X))
    both = clone(base).set_params(class_weight={True: 3.0, False: 1.0}).fit(X, y, sample_weight=1 + np.arange(90))
    product = clone(base).fit(X, y, sample_weight=weight * (1 + np.arange(90)))
    np.testing.assert_array_equal(both.predict_proba(X), product.predict_proba(X))
    assert np.abs(by_sample.predict_proba(X) - clone(base).fit(X, y).predict_proba(X)).max() > 1e-3
    balanced = clone(base).set_params(class_weight="balanced").fit(X, y)
    count = np.bincount(y)
    again = clone(base).fit(X, y, sample_weight=(90 / (2 * count))[y.astype(int)])
    np.testing.assert_allclose(balanced.predict_proba(X), again.predict_proba(X))


def test_class_weights_are_those_of_the_training_data():
    """Validation rows weigh what their classes weigh in training, as in MLPClassifier."""
    train, held_out = np.r_[0:70], np.flatnonzero(NUMBERS == 1)[:15]
    counts = np.bincount(NUMBERS[train])
    found = classifier(class_weight="balanced", epochs=2)
    found.fit(X[train], LABELS[train], validation_data=(X[held_out], LABELS[held_out]))
    weight = 70 / (3 * counts)
    same = classifier(epochs=2).fit(
        X[train], LABELS[train], sample_weight=weight[NUMBERS[train]],
        validation_data=(X[held_out], LABELS[held_out], weight[NUMBERS[held_out]]),
    )  # fmt: skip
    np.testing.assert_allclose(found.history_["val_loss"], same.history_["val_loss"], rtol=1e-6)
    np.testing.assert_allclose(found.history_["loss"], same.history_["loss"], rtol=1e-6)


def test_balanced_class_weights_count_what_a_split_holds_out():
    found = classifier(class_weight="balanced", epochs=2, validation_split=0.3).fit(X, LABELS)
    same = classifier(epochs=2, validation_split=0.3)
    same.fit(X, LABELS, sample_weight=compute_sample_weight("balanced", LABELS))
    np.testing.assert_allclose(found.history_["loss"], same.history_["loss"], rtol=1e-6)
    np.testing.assert_allclose(found.history_["val_loss"], same.history_["val_loss"], rtol=1e-6)


@pytest.mark.parametrize("class_weight", ["balanced", {"ant": 2.0}])
def test_a_warm_start_may_lack_a_class(class_weight):
    """It is as if the others were all there are; what does not occur weighs nothing."""
    some = LABELS != "cat"
    warm = classifier(class_weight=class_weight, warm_start=True, epochs=2).fit(X, LABELS)
    by_sample = clone(warm).set_params(class_weight=None).fit(
        X, LABELS, sample_weight=compute_sample_weight(class_weight, LABELS)
    )  # fmt: skip
    warm.fit(X[some], LABELS[some], validation_data=(X, LABELS))
    by_sample.fit(X[some], LABELS[some], sample_weight=compute_sample_weight(class_weight, LABELS[some]))
    np.testing.assert_allclose(warm.predict_proba(X), by_sample.predict_proba(X), rtol=1e-5)
    assert warm.classes_.tolist() == ["ant", "bee", "cat"]
    with pytest.raises(ValueError, match="`y` has classes not in `self.classes_`"):
        warm.fit(X, np.where(some, LABELS, "dog"))


def test_validation_data():
    found = classifier(epochs=3).fit(X[:60], LABELS[:60], validation_data=(X[60:], LABELS[60:]))
    expected = found.model_.evaluate(X[60:], NUMBERS[60:], verbose=0)
    assert found.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-6)
    weight = np.ones(30)
    same = clone(found).fit(X[:60], LABELS[:60], validation_data=(X[60:], LABELS[60:], weight))
    assert same.history_["val_loss"] == pytest.approx(found.history_["val_loss"])
    split = clone(found).set_params(validation_split=1 / 3).fit(X, LABELS)
    assert split.history_["val_loss"] == pytest.approx(found.history_["val_loss"])
    nested = clone(found).set_params(fit__validation_data=(X[60:], LABELS[60:])).fit(X[:60], LABELS[:60])
    assert nested.history_["val_loss"] == pytest.approx(found.history_["val_loss"])
    given = nested.fit(X[:60], LABELS[:60], validation_data=(X[:60], LABELS[:60]))
    assert given.history_["val_loss"] != pytest.approx(found.history_["val_loss"])


def binary(activation, loss, outputs=1):
    def build(meta):
        return Sequential([layers.Dense(8, "relu"), layers.Dense(outputs, activation)])

    return classifier(build, loss=loss, optimizer="adam", optimizer__learning_rate=0.02)


MARGINS = [("tanh", "hinge"), (None, "squared_hinge"), (None, losses.Hinge()), ("linear", losses.squared_hinge)]


@pytest.mark.parametrize(("activation", "loss"), MARGINS)
def test_margins_are_no_probabilities_and_their_sign_decides(activation, loss):
    labels = np.where(NUMBERS > 0, "yes", "no")
    found = binary(activation, loss)
    assert hasattr(found, "predict_proba")
    assert not hasattr(found, "decision_function")  # what it will be, its model tells
    found.fit(X, labels)
    rows = np.concatenate([X, X / 8])
    margins = found.decision_function(rows)
    np.testing.assert_array_equal(margins, found.model_.predict(rows, verbose=0).ravel())
    np.testing.assert_array_equal(found.predict(rows), np.where(margins > 0, "yes", "no"))
    assert ((margins > 0) & (margins < 0.5)).any()
    assert found.score(X, labels) > 0.9
    assert cross_validate(found, X, labels, scoring="roc_auc", cv=3)["test_score"].mean() > 0.7
    for name in ("predict_proba", "predict_log_proba"):
        assert not hasattr(found, name)
    with pytest.raises(AttributeError) as caught:
        _ = found.predict_proba
    assert str(caught.value.__cause__).startswith("probability estimates are not available for loss=")


def test_margins_of_several_labels():
    several = np.stack([NUMBERS > 0, NUMBERS < 2], axis=1).astype(int)
    found = binary(None, "hinge", outputs=2).fit(X, several)
    np.testing.assert_array_equal(found.predict(X), found.decision_function(X) > 0)
    assert found.decision_function(X).shape == (90, 2)
    assert not hasattr(found, "predict_proba")
    assert found.score(X, several) > 0.8


@pytest.mark.parametrize(("activation", "loss"), [("sigmoid", "hinge"), ("sigmoid", "mse"), ("sigmoid", "bce")])
def test_a_sigmoid_makes_probabilities_under_any_loss(activation, loss):
    found = binary(activation, loss).fit(X, NUMBERS > 0)
    probabilities = found.predict_proba(X)
    np.testing.assert_array_equal(found.predict(X), probabilities[:, 1] > 0.5)
    assert found.predict_log_proba(X).shape == (90, 2)
    assert not hasattr(found, "decision_function")


@pytest.mark.parametrize(("outputs", "y"), [(1, NUMBERS > 0), (3, LABELS)])
def test_outputs_beyond_probabilities_are_refused_as_such(outputs, y):
    found = binary(None, "mse", outputs).fit(X, y)
    with pytest.raises(ValueError, match=r"outputs lie between -0\.\d+ and 1\.\d+, and are no probabilities"):
        found.predict_proba(X)
    assert found.score(X, y) > 0.8


def test_a_warm_start_with_another_loss_makes_margins_of_outputs():
    found = binary(None, losses.BinaryCrossentropy(from_logits=True)).set_params(warm_start=True).fit(X, NUMBERS > 0)
    assert hasattr(found, "predict_proba")
    assert not hasattr(found.set_params(loss="hinge").fit(X, NUMBERS > 0), "predict_proba")


def test_partial_fit_is_one_epoch_and_goes_on():
    parts = classifier(batch_size=16)
    for _ in range(3):
        assert parts.partial_fit(X, LABELS) is parts
    whole = clone(parts).set_params(epochs=3).fit(X, LABELS)
    assert parts.current_epoch == 3
    assert parts.history_ == whole.history_
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
    later = classifier().partial_fit(X[:2], LABELS[:2], classes=["cat", "bee", "ant"])
    assert later.classes_.tolist() == ["ant", "bee", "cat"]
    later.partial_fit(X, LABELS)
    numbers = regressor(epochs=2, batch_size=16).fit(XR, YR)
    one_by_one = regressor(batch_size=16).partial_fit(XR, YR).partial_fit(XR, YR)
    np.testing.assert_array_equal(one_by_one.predict(XR), numbers.predict(XR))


def test_warm_start_goes_on():
    warm = regressor(epochs=2, warm_start=True, batch_size=16).fit(XR, YR)
    model = warm.model_
    assert warm.fit(XR, YR).model_ is model
    assert len(warm.history_["loss"]) == 2
    long = regressor(epochs=4, batch_size=16).fit(XR, YR)
    np.testing.assert_array_equal(warm.predict(XR), long.predict(XR))


def warm_regressor(**settings):
    compile_with = {"optimizer": "adam", "optimizer__learning_rate": 0.01, "loss": "mse"}
    return regressor(epochs=1, batch_size=16, warm_start=True, units=4, **{**compile_with, **settings}).fit(XR, YR)


CHANGES = [
    ({}, {}),
    ({"optimizer__learning_rate": 0.1}, {"optimizer": optimizers.Adam(0.1)}),
    ({"optimizer": "sgd"}, {"optimizer": optimizers.SGD(0.01)}),
    ({"optimizer": None}, {"optimizer": optimizers.Adam(0.01)}),  # of build_regressor
    ({"loss": "mae"}, {"loss": "mae"}),
    ({"loss": losses.Huber, "loss__delta": 0.1}, {"loss": losses.Huber(0.1)}),
    ({"loss": None}, {"loss": losses.MeanSquaredError(reduction=REDUCTION)}),
    ({"metrics": ["mae"], "optimizer": "sgd"}, {"metrics": ["mae"], "optimizer": optimizers.SGD(0.01)}),
]


@pytest.mark.parametrize(("change", "compile_with"), CHANGES)
@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_going_on_obeys_another_optimizer_loss_and_metrics(how, change, compile_with):
    compile_with = copy.deepcopy(compile_with)
    warm = warm_regressor()
    model, expected = warm.model_, copy.deepcopy(warm.model_)
    if compile_with:
        expected.compile(**{**expected._runtime.compiled_with, **compile_with})
    history = expected.fit(XR, YR.reshape(-1, 1), batch_size=16, verbose=0).history
    for each in (pickle.loads(pickle.dumps(warm)), warm):
        getattr(each.set_params(**change), how)(XR, YR)
        for a, b in zip(each.model_.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert warm.model_ is model
    assert {name: warm.history_[name][-1:] for name in history} == history
    optimizer, metrics = model.optimizer, model._runtime.metrics
    getattr(warm, how)(XR, YR)  # nothing has changed since
    assert (model.optimizer, model._runtime.metrics) == (optimizer, metrics)
    assert int(optimizer.iterations) == (10 if "optimizer" in compile_with else 15)


def test_going_on_obeys_an_optimizer_that_was_changed_in_place():
    optimizer = optimizers.SGD(0.01)
    warm = warm_regressor(optimizer=optimizer, optimizer__learning_rate=0.02)
    optimizer.momentum = 0.5
    assert warm.fit(XR, YR).model_.optimizer.momentum == 0.5


def test_another_form_of_an_optimizer_keeps_what_it_excludes():
    own = optimizers.AdamW(0.01, weight_decay=0.5)
    own.exclude_from_weight_decay(var_names=["bias"])
    model = network(4, 1)
    model.compile(own, "mse")
    warm = regressor(model, epochs=1, warm_start=True).fit(XR, YR)
    warm.set_params(optimizer="sgd").fit(XR, YR)
    warm.set_params(optimizer=None).fit(XR, YR)
    (kernel, bias, *_) = warm.model_.trainable_variables
    assert [warm.model_.optimizer._decay_of(variable) for variable in (kernel, bias)] == [0.5, 0.0]
    for given in ({"optimizer": own}, {}):  # with another learning rate, too
        nested = regressor(model, optimizer__learning_rate=0.1, **given).fit(XR, YR).model_
        assert [nested.optimizer._decay_of(each) for each in nested.trainable_variables[:2]] == [0.5, 0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": 5}, "for that 'units' was 4, now it is 5"),
        ({"model__units": 5}, "for that 'units' was 4, now it is 5"),
        ({"model__depth": 2}, "for that 'depth' was not given, now it is 2"),
        ({"model": network(4, 1)}, "for that 'model' was <function build_regressor .*, now it is <Sequential"),
    ],
)
def test_going_on_refuses_another_model(change, message):
    warm = warm_regressor().set_params(**change)
    before = warm.predict(XR)
    with pytest.raises(ValueError, match=f"warm_start can only be used with the model .* {message}"):
        warm.fit(XR, YR)
    with pytest.raises(ValueError, match=f"partial_fit can only be used with the model .* {message}"):
        warm.partial_fit(XR, YR)
    np.testing.assert_array_equal(warm.predict(XR), before)


def test_what_is_refused_leaves_a_model_as_it_was_compiled():
    warm = warm_regressor()
    expected = copy.deepcopy(warm).fit(XR, YR)
    optimizer = warm.model_.optimizer
    with pytest.raises(ValueError, match="rows of shape"):
        warm.set_params(loss="mae", optimizer="sgd").fit(XR, np.stack([YR, YR], axis=1))
    with pytest.raises(ValueError, match="momentum"):
        warm.set_params(optimizer__momentum=-1).fit(XR, YR)
    assert (warm.model_.loss, warm.model_.optimizer) == ("mse", optimizer)
    del warm._nested["optimizer__momentum"]
    warm.set_params(loss="mse", optimizer="adam").fit(XR, YR)
    np.testing.assert_array_equal(warm.predict(XR), expected.predict(XR))


def test_the_seed_alone_decides_in_any_thread():
    """Threads that draw at the same time do not disturb each other, nor the global generator."""

    def build(meta):
        return Sequential([layers.Dense(16, "relu"), layers.Dropout(0.3), layers.Dense(1)])

    def fit(seed):
        return regressor(build, loss="mse", random_state=seed, epochs=5, batch_size=8).fit(XR, YR).predict(XR)

    fastnn.utils.set_random_seed(3)
    drawn = float(random.uniform(()))
    expected = [fit(seed) for seed in range(4)]
    found = {}
    threads = [threading.Thread(target=lambda i=i: found.update({i: fit(i)})) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for i in range(4):
        np.testing.assert_array_equal(found[i], expected[i])
    assert np.abs(expected[0] - expected[1]).max() > 1e-4
    fastnn.utils.set_random_seed(3)
    assert float(random.uniform(())) == drawn
    state = np.random.RandomState(0)
    assert np.abs(fit(state) - fit(state)).max() > 1e-4


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_copies_predict_and_go_on(duplicate):
    found = classifier(build_classifier, loss=None).fit(X, LABELS)
    copied = duplicate(found)
    np.testing.assert_array_equal(copied.predict_proba(X), found.predict_proba(X))
    np.testing.assert_array_equal(
        copied.partial_fit(X, LABELS).predict_proba(X), found.partial_fit(X, LABELS).predict_proba(X)
    )


def test_a_shallow_copy_goes_on_by_itself():
    found = regressor().fit(XR, YR)
    predicted, history = found.predict(XR), copy.deepcopy(found.history_)
    copied = copy.copy(found)
    np.testing.assert_array_equal(copied.predict(XR), predicted)
    assert not np.array_equal(copied.partial_fit(XR, YR).predict(XR), predicted)
    np.testing.assert_array_equal(found.predict(XR), predicted)
    assert found.history_ == history
    assert copy.copy(regressor()).get_params().keys() == found.get_params().keys()


def test_feature_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(XR, columns=list("abcde"))
    found = regressor(epochs=1).fit(frame, YR)
    assert found.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names should match"):
        found.predict(frame[list("edcba")])


def test_cross_validation():
    scores = cross_validate(regressor(epochs=100), XR, YR, cv=3, return_estimator=True)
    assert scores["test_score"].min() > 0.5
    assert len({id(each.model_) for each in scores["estimator"]}) == 3


# ---- what goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"model": 3}, ValueError, "The 'model' parameter of KerasRegressor must be a callable"),
        ({"model": lambda: 3}, TypeError, "a function that returns one; it returned 3"),
        ({"model": lambda: network(3, 1)}, ValueError, "no loss to minimize: compile it, or give loss"),
        ({"epochs": -1}, ValueError, "The 'epochs' parameter"),
        ({"batch_size": 0}, ValueError, "The 'batch_size' parameter"),
        ({"validation_split": 1.0}, ValueError, "The 'validation_split' parameter"),
        ({"shuffle": "yes"}, ValueError, "The 'shuffle' parameter"),
        ({"verbose": 3}, ValueError, "The 'verbose' parameter"),
        ({"random_state": "a"}, ValueError, "The 'random_state' parameter"),
        ({"warm_start": 2}, ValueError, "The 'warm_start' parameter"),
        ({"optimizer": "adamm"}, ValueError, "adam"),
        ({"loss": "msee"}, ValueError, "mse"),
        ({"units": 3, "model__unitz": 3}, ValueError, r"model__unitz: build_regressor has no parameter 'unitz'.*units"),
        ({"fit__epoch": 3}, ValueError, r"fit__epoch: fit has no parameter 'epoch'\. Did you mean 'epochs'"),
        ({"fit__x": 3}, ValueError, "fit__x: fit has no parameter 'x'"),
        (
            {"callbacks": [callbacks.TerminateOnNaN()], "fit__callbacks": [callbacks.TerminateOnNaN()]},
            ValueError,
            "'callbacks' and 'fit__callbacks' are one parameter: give it by one of its names",
        ),
        ({"predict__y": 3}, ValueError, "predict__y: predict has no parameter 'y'"),
        ({"optimizer": "adam", "optimizer__lr": 1}, ValueError, r"optimizer cannot be made from .*'lr'"),
        ({"metrics__k": 1}, ValueError, "metrics__k needs metrics, which is not given"),
        ({"callbacks": [3], "callbacks__k": 1}, ValueError, "callbacks__0__k needs callbacks__0 to be a class"),
        (
            {"callbacks": [callbacks.EarlyStopping("loss")], "callbacks__1__patience": 3},
            ValueError,
            r"callbacks__1__patience: callbacks has no element 1\. Its elements: 0",
        ),
        (
            {"metrics": ["mse", "accuracy"], "metrics__1__threshold": 0.3},
            ValueError,
            r"metrics__1__threshold: Accuracy has no parameter 'threshold'\. It has: name, dtype",
        ),
        (
            {"metrics": [metrics.Accuracy()], "metrics__threshold": 0.3},
            ValueError,
            "metrics__0__threshold: Accuracy has no parameter 'threshold'",
        ),
        ({"loss": "mse", "loss__delta": 1}, ValueError, "loss__delta: MeanSquaredError has no parameter 'delta'"),
        ({"model": network(3, 1), "loss": "mse", "model__units": 1}, ValueError, "units is for a function that builds"),
        ({"model": network(3, 2), "loss": "mse"}, ValueError, r"the model has 2 outputs, but y has 1 outputs"),
    ],
)  # fmt: skip
def test_refuses(settings, error, message):
    estimator = regressor(**settings)
    with pytest.raises(error, match=message):
        estimator.fit(XR, YR)
    assert not [name for name in vars(estimator) if name.endswith("_") and name != "n_features_in_"]


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (network(3, 1, "sigmoid"), LABELS, r"the model has 1 outputs, but 3 classes need a Dense\(3"),
        (network(3, 4, "softmax"), LABELS, "the model has 4 outputs, but 3 classes"),
        (network(3, 3, "softmax"), NUMBERS > 1, "the model has 3 outputs, but two classes need a Dense"),
        (network(3, 1), np.eye(90, 4, dtype=int), "y has 4 labels a sample"),
        (network(3, 1), X[:, 0], "Unknown label type"),
        (
            network(3, 1),
            np.tile(NUMBERS[:, None], 2),
            "Multioutput target data is not supported .*MultiOutputClassifier",
        ),
        (network(3, 1), NUMBERS[:80], "inconsistent numbers of samples"),
    ],
)
def test_targets_that_do_not_fit(model, y, message):
    with pytest.raises(ValueError, match=message):
        classifier(model).fit(X, y)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((X[:, :3], LABELS), "X has 3 features"),
        ((X * np.nan, LABELS), "Input X contains NaN"),
        ((X, LABELS[:5]), "inconsistent numbers of samples"),
        ((X, LABELS, np.zeros(90)), "Sample weights must contain"),
        ((X, np.full(90, "dog")), "`y` has classes not in"),
    ],
)
def test_errors_name_validation_data(given, message):
    with pytest.raises(ValueError, match=f"^validation_data: .*{message}"):
        classifier().fit(X, LABELS, validation_data=given)
    with pytest.raises(ValueError, match="^the model has 1 outputs"):
        classifier(network(3, 1)).fit(X, LABELS, validation_data=(X, LABELS))


def test_unknown_parameters_are_refused():
    with pytest.raises(ValueError, match=r"'optimiser__lr' is for nobody.*Did you mean optimizer__\?"):
        regressor(optimiser__lr=1)
    estimator = regressor()
    for name in ("epoch", "optimiser__lr"):
        with pytest.raises(ValueError, match=name):
            estimator.set_params(epochs=7, **{name: 1})
    assert estimator.epochs == SETTINGS["epochs"]


def test_weights_that_do_not_fit():
    for weight in (-np.ones(80), np.zeros(80), np.ones(79)):
        with pytest.raises(ValueError, match="sample_weight|Sample weights"):
            regressor().fit(XR, YR, sample_weight=weight)
    with pytest.raises(ValueError, match="are not in class_weight"):
        classifier(class_weight={"dog": 2.0}).fit(X, LABELS)
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        classifier(class_weight="balanced").partial_fit(X, LABELS)
    nothing = {"ant": 0.0, "bee": 1.0, "cat": 1.0}
    with pytest.raises(ValueError, match="class_weight leaves no sample a weight above zero"):
        classifier(class_weight=nothing).fit(X, LABELS, sample_weight=(LABELS == "ant").astype(float))
    with pytest.raises(ValueError, match="class_weight leaves no sample of validation_data a weight above zero"):
        classifier(class_weight=nothing).fit(X, LABELS, validation_data=(X[LABELS == "ant"], LABELS[LABELS == "ant"]))
    with pytest.raises(ValueError, match=r"validation_data must be \(X, y\)"):
        regressor().fit(XR, YR, validation_data=XR)


def test_large_features_are_looked_at_once(monkeypatch):
    looked_at = []
    monkeypatch.setattr(training_data, "check_finite", lambda source, name, dtype: looked_at.append(name))
    X = np.random.default_rng(0).random((1100, 1024), dtype=np.float32)
    made = KerasRegressor(build_regressor, **SETTINGS).fit(X, X[:, 0])
    made.partial_fit(X, X[:, 0])
    assert looked_at == ["y", "y"]  # by the model: scikit-learn's checks have looked at both
    beyond = np.where(np.arange(1100)[:, np.newaxis] == 70, 1e300, X.astype(float))
    single = KerasClassifier(build_softmax, loss="sparse_categorical_crossentropy", verbose=0)
    with pytest.raises(ValueError, match=r"x holds values beyond \+-3.4e\+38: 1024 of them, the first .* at row 70"):
        single.fit(beyond, X[:, 0] > 0.5)
    assert not hasattr(single, "model_")


def test_features_beyond_the_models_dtype_are_refused():
    found = regressor(Sequential([layers.Dense(1)]), loss="mse", epochs=1).fit(XR, YR)
    beyond = np.where(np.arange(80)[:, np.newaxis] == 70, 1e300, XR)
    for call in (lambda: found.predict(beyond), lambda: clone(found).fit(beyond, YR)):
        with pytest.raises(ValueError, match=r"x holds values beyond \+-3.4e\+38: 5 of them, the first .* at row 70"):
            call()
    wide = regressor(epochs=1).fit(XR, YR)  # float64
    assert np.isfinite(wide.predict(beyond)).all()


def test_labels_that_were_not_there():
    found = classifier().partial_fit(X, LABELS)
    before = found.predict_proba(X)
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`.*dog"):
        found.partial_fit(X, np.where(LABELS == "ant", "dog", LABELS))
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        found.partial_fit(X, LABELS, classes=["ant", "bee"])
    with pytest.raises(ValueError, match="y holds multilabel-indicator targets"):
        found.partial_fit(X, np.eye(90, 3, dtype=int))
    np.testing.assert_array_equal(found.predict_proba(X), before)
    with pytest.raises(ValueError, match="y has rows of shape"):
        regressor().partial_fit(XR, YR).partial_fit(XR, np.stack([YR, YR], axis=1))


def test_before_fit():
    with pytest.raises(NotFittedError):
        regressor().predict(XR)
    assert regressor().current_epoch == 0


def test_divergence_keeps_the_last_finite_model():
    estimator = regressor(optimizer="sgd", optimizer__learning_rate=1e3, epochs=200, batch_size=80)
    with pytest.raises(DivergenceError) as caught:
        estimator.fit(XR, YR)
    assert len(estimator.history_["loss"]) == caught.value.epoch - 1 > 0
    assert np.isfinite(estimator.predict(XR)).all()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("first", [True, False])
def test_what_a_callback_breaks_off_is_kept(error, first):
    """Weights, history and epochs are those of what was trained: of a new model, and where a warm start goes on."""

    def stop(epoch, logs):
        if epoch == 2:
            raise error("enough")

    estimator = regressor(epochs=5, batch_size=16, warm_start=True)
    if not first:
        estimator.fit(XR, YR)
    estimator.callbacks = callbacks.LambdaCallback(on_epoch_begin=stop)
    with pytest.raises(error, match="enough"):
        estimator.fit(XR, YR)
    expected = regressor(epochs=2, batch_size=16, warm_start=True)
    if not first:
        expected.set_params(epochs=5).fit(XR, YR).set_params(epochs=2)
    expected.fit(XR, YR)
    assert estimator.history_ == expected.history_
    assert estimator.current_epoch == 2
    np.testing.assert_array_equal(estimator.predict(XR), expected.predict(XR))


def test_what_is_broken_off_before_the_first_update_changes_nothing():
    def stop(logs):
        raise RuntimeError("enough")

    breaking = callbacks.LambdaCallback(on_train_begin=stop)
    with pytest.raises(RuntimeError, match="enough"):
        (fresh := regressor(callbacks=breaking)).fit(XR, YR)
    assert not hasattr(fresh, "model_")
    fitted = regressor(epochs=2, warm_start=True).fit(XR, YR)
    history = fitted.history_
    with pytest.raises(RuntimeError, match="enough"):
        fitted.set_params(callbacks=breaking).fit(XR, YR)
    assert fitted.history_ == history


def test_signature_of_the_classifier_has_that_of_the_base():
    base, ours = (dict(inspect.signature(each).parameters) for each in (KerasRegressor, KerasClassifier))
    weight = ours.pop("class_weight")
    assert weight.default is None
    assert ours == base
