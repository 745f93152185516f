"""Any scikit-learn estimator, named in YAML by its dotted path, on imputed, scaled and encoded features."""

import hashlib
import inspect
import warnings
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from bench.checks import whole
from bench.config import handed
from bench.config.components import locate
from bench.errors import UserError, allowed
from bench.models import Part, Step
from bench.models.preparation import Choices, Preparation, check_choice, counting, kept, prepared
from bench.models.scikit_learn_arguments import arguments, check_names, check_space, chosen, left_open, module_of
from bench.models.scikit_learn_sizes import size_of
from bench.space import Space, Value

KINDS = ("classification", "regression", "counts")
LEAST_COUNT = 1e-6
"""Expected counts are at least this: neighbours' mean can be 0 and a line go below, where a deviance has no value."""
_WHERE = "model.settings.estimator"


_Table = tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64] | None]
"""The rows of a part that count: numbers, target, weights."""


class Estimator:
    """A scikit-learn estimator; a configuration's hyperparameters are its arguments (`C`, or nested `estimator__C`).

    `estimator`: a dotted path (`sklearn.svm.SVC`), or {class: path, parameters: {...}}, or one of these for each kind
    of task ({classification: ..., regression: ..., counts: ...}; counts take regression's where they have none).
    `parameters`: fixed arguments for every task. In both, a value {class: path, parameters: {...}} is an estimator.
    `random_state` is the seed where it is left open. `impute`, `scale` and `encode` are those of
    `bench.models.preparation`; a configuration's `prepare.impute`, `prepare.scale` and `prepare.encode` go over them.
    `calibrate`: the number of folds of a cross-validated sigmoid calibration (Platt 1999), for classifiers without
    probabilities; scikit-learn advises this one instead of SVC(probability=True)
    (https://scikit-learn.org/stable/modules/svm.html#scores-probabilities).

    The stop part is not looked at. Details keep the warnings of a fit, as one of no convergence.
    """

    threads_matter = True

    def __init__(
        self,
        task: str,
        classes: int,
        estimator: str | Mapping[str, Any],
        parameters: Mapping[str, Any] | None = None,
        impute: str | None = "median",
        scale: str | None = "standard",
        calibrate: int | None = None,
        encode: str = "one_hot",
    ) -> None:
        if calibrate is not None:
            whole("model.settings.calibrate", calibrate, 2, otherwise=" (of folds), or null")
        self.task = task
        self.classes = classes
        for key, value in (("impute", impute), ("scale", scale), ("encode", encode)):
            check_choice(f"model.settings.{key}", key, value)
        self.choices = Choices(impute, scale, encode)
        self.calibrate = calibrate
        self.entry = _entry(estimator, task)
        self.name = _path(_WHERE, self.entry)
        common = _mapping("model.settings.parameters", parameters)
        own = _mapping(f"{_WHERE}.parameters", self.entry.get("parameters"))
        self.template = _made(_WHERE, "model.settings.parameters", self.name, {**common, **own})
        if not self._is_for_the_task():
            raise UserError(
                f"{_WHERE}={self.name}: no {'classifier' if classes else 'regressor'}, but the task is {task}; "
                "give one for each kind of task: {classification: ..., regression: ...}"
            )
        self.libraries = _distributions(self.template)
        self.revision = _revision(self.template)
        self.preparation = {"impute": impute, "scale": scale, "encode": encode}
        self._tables: WeakKeyDictionary[Part, dict[Any, _Table]] = WeakKeyDictionary()

    def _is_for_the_task(self) -> bool:
        try:
            return bool(is_classifier(self.template) if self.classes else is_regressor(self.template))
        except AttributeError as error:  # an estimator around another, which has not been given
            raise UserError(f"{_WHERE}={self.name}: cannot be used so ({_first_line(error)})") from None

    def check_space(self, space: Space, features: pd.DataFrame | None = None) -> list[str]:
        """The warnings of `bench.models.scikit_learn_arguments.check_space`."""
        return check_space(space, self.name, self.template, features)

    def prepare(self, train: Part, stop: Part, seed: int, threads: int) -> None:
        """Impute, scale and encode, as it is without a configuration."""
        self._table(train, self.choices, seed)

    def fit(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        step: Step | None = None,
    ) -> "FittedEstimator":
        table, target, weights = self._table(train, chosen(configuration, self.choices), seed)
        estimator, preparation, argument = self.unfitted(configuration, train, seed, threads)
        weighing = {} if weights is None else {argument: weights}
        with warnings.catch_warnings(record=True) as caught, _jobs(threads):
            warnings.simplefilter("always")
            estimator.fit(table, target, **weighing)
        if self.classes and not hasattr(estimator, "predict_proba"):
            raise UserError(f"model.settings.calibrate=null: {self.name} gives no probabilities; set calibrate=3")
        return FittedEstimator(estimator, preparation, self, _short(caught))

    def unfitted(
        self, configuration: Mapping[str, Value], train: Part, seed: int, threads: int
    ) -> tuple[Any, Preparation, str]:
        """What is fitted for a configuration, behind which preparation, and by which argument of `fit` rows weigh.

        The last is empty where `train` has no weights.
        """
        estimator = clone(self.template).set_params(**arguments(configuration))
        estimator.set_params(**left_open(estimator, seed, threads))
        argument = "" if train.weights is None else self._weights_argument(estimator)
        if self.classes:
            estimator = self._with_probabilities(estimator, counting(train).target, seed)
        return estimator, self._prepared(train, chosen(configuration, self.choices), seed), argument

    def _prepared(self, train: Part, choices: Choices, seed: int) -> Preparation:
        kinds = {0: "continuous", 2: "binary"}
        return prepared(
            train, choices.impute, choices.scale, choices.encode, kinds.get(self.classes, "multiclass"), seed
        )

    def _table(self, train: Part, choices: Choices, seed: int) -> _Table:
        preparation = self._prepared(train, choices, seed)

        def make() -> _Table:
            part = counting(train)
            table = preparation.of_train if preparation.of_train is not None else preparation.transform(part.features)
            table.flags.writeable = False  # no estimator may change it for the next trial
            return table, part.target, part.weights

        return kept(self._tables.setdefault(train, {}), preparation, make)

    def _with_probabilities(self, estimator: Any, target: NDArray[Any], seed: int) -> Any:
        """A classifier that has probabilities; its calibration's folds hold each class that train has."""
        if self.calibrate is None:
            return estimator
        rarest = int(np.bincount(target)[np.unique(target)].min())
        if rarest < 2:
            raise UserError(f"model.settings.calibrate={self.calibrate}: a class has one row in train; it needs two")
        folds = StratifiedKFold(min(self.calibrate, rarest), shuffle=True, random_state=seed)
        return CalibratedClassifierCV(estimator, method="sigmoid", cv=folds, ensemble=False)

    def _weights_argument(self, estimator: Any) -> str:
        """The argument of `fit` that takes the rows' weights."""
        if has_fit_parameter(estimator, "sample_weight"):
            return "sample_weight"
        if isinstance(estimator, Pipeline) and not (self.classes and self.calibrate):
            name, last = estimator.steps[-1]
            if has_fit_parameter(last, "sample_weight"):
                return f"{name}__sample_weight"
        raise UserError(
            f"dataset.weight: {self.name} takes no weights of rows; set dataset.weight=null, or choose another model"
        )


class FittedEstimator:
    """A fitted estimator behind its preparation."""

    curve: tuple[float, ...] = ()

    def __init__(self, estimator: Any, preparation: Preparation, model: Estimator, caught: list[str]) -> None:
        self.estimator = estimator
        self.preparation = preparation
        self._classes = model.classes
        self._counts = model.task == "counts"
        self._warnings = caught

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        table = self.preparation.transform(features)
        # In one thread: a forest sums its trees in the order in which threads end, so that the last bits would vary.
        with warnings.catch_warnings(), _jobs(1):
            warnings.simplefilter("ignore")  # of overflow, say; what is not finite fails the trial
            if not self._classes:
                values = np.asarray(self.estimator.predict(table), dtype=np.float64).reshape(len(table))
                return np.maximum(values, LEAST_COUNT) if self._counts else values
            probabilities = np.zeros((len(table), self._classes))
            probabilities[:, self.estimator.classes_] = self.estimator.predict_proba(table)
            return probabilities

    def details(self) -> dict[str, Any]:
        return {"warnings": self._warnings} if self._warnings else {}

    def size(self) -> int:
        """See `bench.models.scikit_learn_sizes`."""
        return size_of(self.estimator)


def _entry(estimator: object, task: str) -> Mapping[str, Any]:
    """The {class:, parameters:} that is meant for the task."""
    if isinstance(estimator, Mapping) and "class" not in estimator:
        for key in estimator:
            if key not in KINDS:
                raise UserError(f"{_WHERE}.{key}: unknown; {allowed(key, ['class', 'parameters', *KINDS])}")
        kinds = {"regression": ("regression",), "counts": ("counts", "regression")}.get(task, ("classification",))
        named = [kind for kind in kinds if estimator.get(kind) is not None]
        if not named:
            raise UserError(
                f"{_WHERE}: is for {' and '.join(estimator) or 'nothing'} only, but the dataset's task is {task}; "
                f"choose another model, or set {_WHERE}.{kinds[0]}"
            )
        estimator = estimator[named[0]]
    return estimator if isinstance(estimator, Mapping) else {"class": estimator}


def _path(where: str, entry: Mapping[str, Any]) -> str:
    for key in entry:
        if key not in ("class", "parameters"):
            raise UserError(f"{where}.{key}: unknown; {allowed(key, ['class', 'parameters'])}")
    return str(entry["class"])


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise UserError(f"{where}={value!r}: expected a mapping from names to values")
    return value or {}


def _made(where: str, where_parameters: str, path: str, parameters: Mapping[str, Any]) -> Any:
    """The estimator at `path` with its fixed arguments; `where` and `where_parameters` are the YAML keys of the two."""
    factory = locate(where, path)
    values = {str(name): _value(f"{where_parameters}.{name}", value) for name, value in parameters.items()}
    try:
        known = inspect.signature(factory).parameters
        at_once = {name: value for name, value in values.items() if name in known}
        estimator = factory(**at_once)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}={path}: cannot be made ({_first_line(error)})") from None
    if not isinstance(estimator, BaseEstimator):
        raise UserError(f"{where}={path}: not a scikit-learn estimator (a sklearn.base.BaseEstimator)")
    later = {name: value for name, value in values.items() if name not in at_once}
    check_names(where_parameters, path, estimator, later)
    return estimator.set_params(**later)


def _value(where: str, value: Any) -> Any:
    """A fixed argument: an estimator where it is {class: ..., parameters: ...}, also in lists (a pipeline's steps)."""
    if isinstance(value, Mapping) and "class" in value:
        own = _mapping(f"{where}.parameters", value.get("parameters"))
        return _made(f"{where}.class", f"{where}.parameters", _path(where, value), own)
    if isinstance(value, (list, tuple)):
        return [_value(f"{where}.{place}", item) for place, item in enumerate(value)]
    return value


def _jobs(threads: int) -> Any:
    """Threads and no processes: a sweep has one process for each core already."""
    return joblib.parallel_config(backend="threading", n_jobs=threads)


def _distributions(estimator: Any) -> tuple[str, ...]:
    """What decides the bits: scikit-learn with its arithmetic, and where else an estimator comes from."""
    parts = [estimator, *(value for value in estimator.get_params().values() if isinstance(value, BaseEstimator))]
    packages = {module_of(part).partition(".")[0] for part in parts} - {"sklearn"}
    others = metadata.packages_distributions() if packages else {}
    distributions = {name for package in packages for name in others.get(package, [])}
    return ("scikit-learn", "numpy", "scipy", *sorted(distributions))


def _revision(estimator: Any) -> int:
    """Of an estimator from a file of the user's own, which has no version, a number that changes with the file.

    The path of one that a call handed over holds the hash of its code.
    """
    parts = [estimator, *(value for value in estimator.get_params().values() if isinstance(value, BaseEstimator))]
    foreign = [part for part in parts if not (module_of(part).startswith("sklearn.") or handed.is_own(type(part)))]
    others = metadata.packages_distributions() if foreign else {}  # reads what every installed package consists of
    digest = hashlib.sha256()
    own = False
    for part in foreign:
        if module_of(part).partition(".")[0] not in others:
            digest.update(Path(inspect.getfile(type(part))).read_bytes())
            own = True
    return int(digest.hexdigest()[:12], 16) if own else 1


def _short(caught: list[warnings.WarningMessage]) -> list[str]:
    """The first three different warnings, each by its kind and the beginning of its text."""
    texts = [f"{warning.category.__name__}: {_first_line(warning.message)}"[:160] for warning in caught]
    return list(dict.fromkeys(texts))[:3]


def _first_line(message: object) -> str:
    return next(iter(str(message).strip().splitlines()), "")
