"""The estimators that tests walk: for each class of the registry those that are checked, and data that it learns."""

from keras_estimator_tools import SETTINGS, build_classifier, build_regressor
from sklearn.datasets import load_iris

from fastnn import AutoencoderTransformer, KerasClassifier, KerasRegressor, MLPClassifier, MLPRegressor, Perceptron

MLP_SETTINGS = [
    {},
    {"solver": "sgd", "alpha": 0.0},
    {"hidden_layer_sizes": (9, 5), "activation": "tanh", "learning_rate_init": 0.01},
    {"solver": "lbfgs", "max_iter": 20},
]
NESTED: list[dict] = [{}, {"model__units": 12, "optimizer": "adam", "optimizer__learning_rate": 0.02}]
#: The estimators that are checked, by their class.
SAMPLES = {
    MLPClassifier: [MLPClassifier(**setting) for setting in MLP_SETTINGS],
    MLPRegressor: [MLPRegressor(**setting) for setting in MLP_SETTINGS],
    KerasClassifier: [KerasClassifier(build_classifier, **{**SETTINGS, **nested}) for nested in NESTED],
    KerasRegressor: [KerasRegressor(build_regressor, **{**SETTINGS, **nested}) for nested in NESTED],
    Perceptron: [Perceptron(), Perceptron(penalty="elasticnet", eta0=0.1)],
    AutoencoderTransformer: [
        AutoencoderTransformer(),
        AutoencoderTransformer(1, (), code_activation="tanh", solver="lbfgs", max_iter=20),
        AutoencoderTransformer(3, (8, 4), "tanh", solver="sgd"),
    ],
}
#: A fit of a fraction of a second.
QUICK = {"max_iter": 5, "epochs": 5}
X, Y = load_iris(return_X_y=True)


def quick(cls, **settings):
    """Return the first sample of a class, not fitted, with few epochs and a seed."""
    sample = SAMPLES[cls][0]
    known = sample.get_params()
    return type(sample)(**{**known, **{k: v for k, v in QUICK.items() if k in known}, "random_state": 0, **settings})


def outputs(estimator):
    """Return what a fitted estimator says about the data, as sharply as it can."""
    for name in ("predict_proba", "decision_function", "transform", "predict"):
        if hasattr(estimator, name):
            return getattr(estimator, name)(X)
    raise AssertionError(f"{estimator} says nothing")
