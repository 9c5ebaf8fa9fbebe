"""What scikit-learn notes about features, their number and names: noted once nothing is refused any more."""

from __future__ import annotations

from typing import Any

__all__ = ["features_of", "note_features", "twin"]

_NAMES = ("n_features_in_", "feature_names_in_")


def twin(estimator: Any) -> Any:
    """Return a stand-in that holds all that an estimator holds: what it is told, the estimator is not."""
    found = object.__new__(type(estimator))
    vars(found).update(vars(estimator))
    return found


def features_of(estimator: Any) -> dict[str, Any]:
    """Return the attributes that `sklearn.utils.validation.validate_data` has set."""
    return {name: vars(estimator)[name] for name in _NAMES if name in vars(estimator)}


def note_features(estimator: Any, attributes: dict[str, Any]) -> None:
    """Set attributes, in place of what was noted of features before."""
    for name in _NAMES:
        vars(estimator).pop(name, None)
    vars(estimator).update(attributes)
