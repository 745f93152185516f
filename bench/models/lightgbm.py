"""LightGBM: gradient boosting with early stopping, its binned data built once per process."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.checks import mapping
from bench.errors import UserError
from bench.models import At, Part, Step
from bench.models.boosting import FIXED, SEARCHED, check_known, check_names, check_rounds
from bench.models.preparation import counting
from bench.space import Value

_OBJECTIVES = {
    "binary": ("binary", "binary_logloss"),
    "multiclass": ("multiclass", "multi_logloss"),
    "regression": ("regression", "rmse"),
    "counts": ("poisson", "poisson"),
}
_SET_HERE = ("seed", "data_random_seed", "num_threads")
"""What `fit` sets, whatever is given."""
_NOT_SEARCHED = ("num_class", "deterministic", "force_row_wise", "force_col_wise", "feature_pre_filter", "verbosity")
"""What results must not depend on, configuration by configuration."""
_OF_OTHER_DATA = (
    "categorical_feature", "forcedbins_filename", "group_column", "header", "ignore_column", "is_enable_sparse",
    "label_column", "linear_tree", "max_bin_by_feature", "pre_partition", "precise_float_parser", "two_round",
    "use_missing", "weight_column", "zero_as_missing",
)  # fmt: skip
"""What LightGBM reads while it bins a table, or reads one from a file, and refuses or ignores afterwards."""
_OF_OTHER_TASKS = (
    "config", "convert_model", "convert_model_language", "data", "input_model", "local_listen_port",
    "machine_list_filename", "machines", "num_iteration_predict", "num_machines", "output_model", "output_result",
    "parser_config_file", "pred_early_stop", "pred_early_stop_freq", "pred_early_stop_margin", "predict_contrib",
    "predict_disable_shape_check", "predict_leaf_index", "predict_raw_score", "refit_decay_rate", "save_binary",
    "saved_feature_importance_type", "snapshot_freq", "start_iteration_predict", "task", "time_out", "valid",
)  # fmt: skip
"""What no training in Python reads."""
_BINNING = ("max_bin", "min_data_in_bin", "bin_construct_sample_cnt", "enable_bundle")


class LightGBM:
    """Boosted trees of at most `rounds` rounds, ended after `early_stopping` rounds without a better stop loss.

    `parameters` are fixed LightGBM parameters (of several `metric`, the first is watched); a configuration's
    hyperparameters go over them. Training is deterministic and row-wise, so that its bits depend neither on threads nor
    on timing. The binned data is reused by all fits on the same part with the same binning: with `feature_pre_filter`
    off, no fit changes it for the next (https://lightgbm.readthedocs.io/en/stable/Parameters.html#feature_pre_filter).
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
        _check(FIXED, tuple(given), tuple(self.fixed))
        self.fixed |= given
        self._binned: WeakKeyDictionary[Part, dict[Any, tuple[lgb.Dataset, lgb.Dataset]]] = WeakKeyDictionary()

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
        left = list(rungs)

        def fitted(booster: lgb.Booster, curve: list[float], rounds: int) -> FittedLightGBM:
            return FittedLightGBM(booster, list(curve), rounds, threads, binary=self.binary)

        def after(booster: lgb.Booster, curve: list[float], best: int) -> bool:
            if len(curve) != left[0]:
                return False
            if at(left.pop(0), fitted(booster, curve, best)):
                left.clear()
            return not left

        booster, curve = self._train(configuration, train, stop, seed, threads, rungs[-1], None, after)
        while left:  # early stopping has ended it
            if at(left.pop(0), fitted(booster, curve, _rounds(booster))):
                return

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
        _check(SEARCHED, tuple(configuration), tuple(self.fixed))
        given = {name: value for name, value in configuration.items() if value is not None}
        parameters = self._parameters(given, seed, threads)
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

    def _parameters(self, given: Mapping[str, Value], seed: int, threads: int) -> dict[str, Any]:
        return {**self.fixed, **given, "seed": seed, "data_random_seed": seed, "num_threads": threads}

    def _binned_pair(self, parameters: Mapping[str, Any], train: Part, stop: Part) -> tuple[lgb.Dataset, lgb.Dataset]:
        binning = {name: parameters[name] for name in _BINNING if name in parameters}
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


@cache
def _own_names() -> dict[str, str]:
    """LightGBM's own name of each name that it knows."""
    every: dict[str, list[str]] = lgb.basic._ConfigAliases._get_all_param_aliases()  # noqa: SLF001 - no other door
    return {alias: name for name, aliases in every.items() for alias in (name, *aliases)}


@lru_cache(maxsize=64)
def _check(where: str, names: tuple[str, ...], fixed: tuple[str, ...]) -> None:
    """Raise `UserError` for a parameter that LightGBM does not read, reads otherwise, or is not free to be given."""
    own_names = _own_names()
    check_known("LightGBM", where, names, own_names)
    check_names(where, names, own_names, (*_SET_HERE, *(_NOT_SEARCHED if where == SEARCHED else ())), fixed)
    for name in names:
        own = own_names[name]
        if own in _BINNING and name != own:
            raise UserError(f"{where}.{name}: here it has LightGBM's own name, {own}; rename it")
        if own in _OF_OTHER_DATA or own in _OF_OTHER_TASKS:
            raise UserError(f"{where}.{name}: LightGBM makes no use of it here; remove it")


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
