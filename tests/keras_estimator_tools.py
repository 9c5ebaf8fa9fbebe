"""Models for KerasClassifier and KerasRegressor, and estimators of them that pass scikit-learn's checks."""

from fastnn import Sequential, layers, losses, optimizers

# Weighted means, so that a weight of two is the same as a sample twice.
REDUCTION = "mean_with_sample_weight"


def network(units, outputs, activation=None):
    return Sequential(
        [
            layers.Dense(units, activation="relu", dtype="float64"),
            layers.Dense(outputs, activation=activation, dtype="float64"),
        ]
    )


def build_classifier(meta, units=16):
    """One sigmoid for two classes, one for each of several labels a sample, else a softmax."""
    several = meta["target_type_"] == "multilabel-indicator"
    outputs = meta["n_classes_"] if several or meta["n_classes_"] > 2 else 1
    softmax = meta["target_type_"] == "multiclass"
    loss = losses.SparseCategoricalCrossentropy if softmax else losses.BinaryCrossentropy
    model = network(units, outputs, "softmax" if softmax else "sigmoid")
    model.compile(optimizers.Adam(0.03), loss(reduction=REDUCTION))
    return model


def build_regressor(meta, units=16):
    model = network(units, meta["n_outputs_"])
    model.compile(optimizers.Adam(0.03), losses.MeanSquaredError(reduction=REDUCTION))
    return model


def build_softmax(meta, units=8):
    """Not compiled, float32, a softmax even for two classes."""
    return Sequential([layers.Dense(units, "relu"), layers.Dense(meta["n_classes_"], "softmax")])


#: Settings with which both estimators learn small problems.
SETTINGS = {"epochs": 60, "batch_size": 100, "verbose": 0, "random_state": 0}
