"""LightGBM: gradient boosting with early stopping, its binned data built once per process."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.checks import mapping
from bench.models import At, Part, Step
from bench.models import lightgbm_parameters as its_parameters
from bench.models.boosting import FIXED, by_own_name, check_rounds, has_categories
from bench.models.preparation import counting
from bench.models.rungs import Rungs
from bench.space import Space, Value

_OBJECTIVES = {
    "binary": ("binary", "binary_logloss"),
    "multiclass": ("multiclass", "multi_logloss"),
    "regression": ("regression", "rmse"),
    "counts": ("poisson", "poisson"),
}


class LightGBM:
    """Boosted trees of at most `rounds` rounds, ended after `early_stopping` rounds without a better stop loss.

    `parameters` are fixed LightGBM parameters (of several `metric`, the first is watched); a configuration's
    hyperparameters go over them, under whatever name LightGBM has for them; one that is null is left to them, else to
    LightGBM. Training is deterministic and row-wise, so that its bits depend neither on threads nor on timing. The
    binned data is reused by all fits on the same part with the same binning: with `feature_pre_filter` off, no fit
    changes it for the next (https://lightgbm.readthedocs.io/en/stable/Parameters.html#feature_pre_filter).
    """

    revision = 1
    libraries = ("lightgbm", "numpy")
    threads_matter = False

    def __init__(
        self,
        task: str,
        classes: int,
        rounds: int = 300,
        early_stopping: int = 20,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        check_rounds(rounds, early_stopping)
        self.classes = classes if task == "multiclass" else 1
        self.rounds = rounds
        self.early_stopping = early_stopping
        self.binary = task == "binary"
        objective, metric = _OBJECTIVES[task]
        self.fixed = {
            "objective": objective,
            "metric": metric,
            "num_class": self.classes,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "verbosity": -1,
        }
        given = mapping(FIXED, parameters)
        its_parameters.check_fixed(given, self.fixed)
        self.given = tuple(given)
        self.fixed |= {its_parameters.own_names()[name]: value for name, value in given.items()}
        self._binned: WeakKeyDictionary[Part, dict[Any, tuple[lgb.Dataset, lgb.Dataset]]] = WeakKeyDictionary()

    def check_space(self, space: Space, features: pd.DataFrame | None = None) -> list[str]:
        """The warnings of `bench.models.lightgbm_parameters.check_space`."""
        return its_parameters.check_space(space, self.fixed, self.given, has_categories(features))

    def fit(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        step: Step | None = None,
    ) -> "FittedLightGBM":
        booster, curve = self._train(configuration, train, stop, seed, threads, self.rounds, step)
        return FittedLightGBM(booster, curve, _rounds(booster), threads, binary=self.binary)

    def fit_rungs(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        rungs: Sequence[int],
        at: At,
    ) -> None:
        ladder = Rungs(rungs, at)

        def after(booster: lgb.Booster, curve: list[float], best: int) -> bool:
            return ladder.reached(
                len(curve), lambda: FittedLightGBM(booster, list(curve), best, threads, binary=self.binary)
            )

        booster, curve = self._train(configuration, train, stop, seed, threads, rungs[-1], None, after)
        ladder.ended(lambda: FittedLightGBM(booster, curve, _rounds(booster), threads, binary=self.binary))

    def _train(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        rounds: int,
        step: Step | None = None,
        after: "_After | None" = None,
    ) -> tuple[lgb.Booster, list[float]]:
        """The booster of at most `rounds` rounds, and the stop loss after each round that was made."""
        parameters = self.parameters(configuration, seed, threads)
        curve: dict[str, dict[str, list[float]]] = {}
        callbacks: list[Any] = [lgb.record_evaluation(curve)]
        stopper = None
        if self.early_stopping:
            stopper = lgb.early_stopping(self.early_stopping, first_metric_only=True, verbose=False)
            callbacks.append(stopper)
        if step is not None:
            callbacks.append(_stepper(step))
        if after is not None:
            callbacks.append(_watcher(after, curve, stopper))
        train_set, stop_set = self._binned_pair(parameters, train, stop)
        booster = lgb.train(
            parameters,
            train_set,
            num_boost_round=rounds,
            valid_sets=[stop_set],
            valid_names=["stop"],
            callbacks=callbacks,
        )
        return booster, _watched(curve)

    def prepare(self, train: Part, stop: Part, seed: int, threads: int) -> None:
        """Bin the data."""
        self._binned_pair(self._parameters({}, seed, threads), train, stop)

    def parameters(self, configuration: Mapping[str, Value], seed: int, threads: int) -> dict[str, Any]:
        """What LightGBM is given for a configuration."""
        return self._parameters(by_own_name(configuration, its_parameters.own_names()), seed, threads)

    def _parameters(self, given: Mapping[str, Value], seed: int, threads: int) -> dict[str, Any]:
        return {**self.fixed, **given, "seed": seed, "data_random_seed": seed, "num_threads": threads}

    def _binned_pair(self, parameters: Mapping[str, Any], train: Part, stop: Part) -> tuple[lgb.Dataset, lgb.Dataset]:
        binning = {name: parameters[name] for name in its_parameters.BINNING if name in parameters}
        # With the raw data freed, a parameter that would need other bins is an error instead of a silent rebuild.
        shared = {"feature_pre_filter": False, "data_random_seed": parameters["data_random_seed"], "verbosity": -1}
        of_train = self._binned.setdefault(train, {})
        key = (stop, parameters["seed"], *binning.items())
        if key not in of_train:
            learnt = counting(train)
            train_set = lgb.Dataset(
                _plain(learnt.features), learnt.target, weight=learnt.weights, params=shared | binning
            ).construct()
            stop_set = train_set.create_valid(
                _plain(stop.features), stop.target, weight=stop.weights, params=shared | binning
            ).construct()
            of_train[key] = train_set, stop_set
        return of_train[key]


class FittedLightGBM:
    """A booster, and the stop loss after each round."""

    def __init__(self, booster: lgb.Booster, curve: list[float], rounds: int, threads: int, *, binary: bool) -> None:
        self.booster = booster
        self.curve = curve
        self.rounds = rounds
        """Those that it predicts with."""
        self._threads = threads
        self._binary = binary

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        predicted = np.asarray(
            self.booster.predict(_plain(features), num_iteration=self.rounds, num_threads=self._threads)
        )
        return np.column_stack([1 - predicted, predicted]) if self._binary else predicted

    def details(self) -> dict[str, Any]:
        return {"rounds": self.rounds}

    def size(self) -> int:
        """The leaves of the trees of these rounds."""
        text = self.booster.model_to_string(num_iteration=self.rounds)
        return sum(map(int, re.findall(r"^num_leaves=(\d+)$", text, re.MULTILINE)))


def _plain(features: pd.DataFrame) -> pd.DataFrame:
    """The features under numbered names: LightGBM refuses some characters in names."""
    return features.set_axis([f"f{i}" for i in range(features.shape[1])], axis="columns")


def _rounds(booster: lgb.Booster) -> int:
    """The best round, or the last one where there is no early stopping, which dart does not have."""
    return booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()


def _watched(curve: Mapping[str, Mapping[str, list[float]]]) -> list[float]:
    return next(iter(curve["stop"].values()))


_After = Callable[[lgb.Booster, list[float], int], bool]
"""`after(booster, curve, rounds)`: after a round, with those that a training would predict with that ended here."""


def _watcher(after: _After, curve: Mapping[str, Mapping[str, list[float]]], stopper: Any) -> Any:
    def watch(env: lgb.callback.CallbackEnv) -> None:
        stops = stopper is not None and stopper.enabled
        rounds = stopper.best_iter[0] + 1 if stops else env.iteration + 1
        booster: Any = env.model  # no `CVBooster`: that is of lgb.cv
        if after(booster, _watched(curve), rounds):
            raise lgb.callback.EarlyStopException(rounds - 1, env.evaluation_result_list or [])

    watch.order = 35  # type: ignore[attr-defined]  # once early stopping knows the best round
    return watch


def _stepper(step: Step) -> Any:
    def after(env: lgb.callback.CallbackEnv) -> None:
        results = env.evaluation_result_list or []
        if step(env.iteration + 1, results[0][2]):
            raise lgb.callback.EarlyStopException(env.iteration, results)

    after.order = 25  # type: ignore[attr-defined]  # once the loss is recorded, before early stopping may end it
    return after
