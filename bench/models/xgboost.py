"""XGBoost: gradient boosting with early stopping, its binned data built once per process."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.checks import mapping
from bench.config import extras
from bench.errors import UserError
from bench.models import At, Part, Step
from bench.models.boosting import FIXED, by_own_name, check_rounds, has_categories
from bench.models.preparation import counting
from bench.models.rungs import Rungs
from bench.models.xgboost_parameters import parameters_of
from bench.space import Space, Value

_OBJECTIVES = {
    "binary": ("binary:logistic", "logloss"),
    "multiclass": ("multi:softprob", "mlogloss"),
    "regression": ("reg:squarederror", "rmse"),
    "counts": ("count:poisson", "poisson-nloglik"),
}

_Known = dict[int, NDArray[np.int64]]
_After = Callable[[Any, list[float]], bool]
"""`after(booster, curve)`: after a round, early stopping knowing the best one; whether training ends."""


class XGBoost:
    """Boosted trees of at most `rounds` rounds, ended after `early_stopping` rounds without a better stop loss.

    `parameters` are fixed XGBoost parameters; a configuration's hyperparameters go over them, under either of
    XGBoost's names; one that is null is left to them, else to XGBoost. The trees are histogram-based, take categories
    and missing values as they are, and predict with the best round. Of several `eval_metric`, the first is watched.
    The binned data is reused by all fits on the same part with the same `max_bin`.

    Threads matter: the trees were the same to the bit on any number of them in all that was tried, but the loss on the
    stop part is summed thread by thread, and its last bits decide which round is best.
    """

    revision = 1
    libraries = ("xgboost", "xgboost-cpu", "numpy")
    threads_matter = True

    def __init__(
        self,
        task: str,
        classes: int,
        rounds: int = 300,
        early_stopping: int = 20,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        check_rounds(rounds, early_stopping)
        self._xgb = _library()
        self.task = task
        self.rounds = rounds
        self.early_stopping = early_stopping
        objective, metric = _OBJECTIVES[task]
        several = {"num_class": classes} if task == "multiclass" else {}
        self.fixed = {"objective": objective, "eval_metric": metric, "tree_method": "hist", **several}
        given = mapping(FIXED, parameters)
        self._known_parameters = parameters_of(self._xgb)
        self._known_parameters.check_fixed(given, self.fixed)
        self._given = tuple(given)
        self.fixed |= {self._known_parameters.own_names[name]: value for name, value in given.items()}
        watched: Any = self.fixed["eval_metric"]
        self.metric = str(watched if isinstance(watched, str) else watched[0])
        self._binned: WeakKeyDictionary[Part, dict[Any, tuple[Any, Any]]] = WeakKeyDictionary()
        self._codes: WeakKeyDictionary[Part, _Known] = WeakKeyDictionary()

    def check_space(self, space: Space, features: pd.DataFrame | None = None) -> list[str]:
        """The warnings of `bench.models.xgboost_parameters`."""
        return self._known_parameters.check_space(space, self.fixed, self._given, has_categories(features))

    def fit(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        step: Step | None = None,
    ) -> "FittedXGBoost":
        booster, curve = self._train(configuration, train, stop, seed, threads, self.rounds, step)
        return self._fitted(booster, curve, train)

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

        def after(booster: Any, curve: list[float]) -> bool:
            return ladder.reached(len(curve), lambda: self._fitted(booster, list(curve), train))

        booster, curve = self._train(configuration, train, stop, seed, threads, rungs[-1], None, after)
        ladder.ended(lambda: self._fitted(booster, curve, train))

    def _fitted(self, booster: Any, curve: list[float], train: Part) -> "FittedXGBoost":
        rounds = booster.best_iteration + 1 if self.early_stopping else booster.num_boosted_rounds()
        return FittedXGBoost(booster, curve, rounds, self._known(train), binary=self.task == "binary")

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
    ) -> tuple[Any, list[float]]:
        """The booster of at most `rounds` rounds, and the stop loss after each round that was made."""
        parameters = self.parameters(configuration, seed, threads)
        train_set, stop_set = self._binned_pair(parameters.get("max_bin"), train, stop, threads)
        curve: dict[str, dict[str, list[float]]] = {}
        booster = self._xgb.train(
            parameters,
            train_set,
            num_boost_round=rounds,
            evals=[(stop_set, "stop")],
            evals_result=curve,
            verbose_eval=False,
            callbacks=[self._after_each_round(step, after)],
        )
        return booster, curve["stop"][self.metric]

    def parameters(self, configuration: Mapping[str, Value], seed: int, threads: int) -> dict[str, Any]:
        """What XGBoost is given for a configuration."""
        given = by_own_name(configuration, self._known_parameters.own_names)
        # Names were checked when the space was read; one without effect here (`rate_drop` of DART) is no mistake.
        return {**self.fixed, **given, "seed": seed, "nthread": threads, "verbosity": 0}

    def prepare(self, train: Part, stop: Part, seed: int, threads: int) -> None:
        """Bin the data."""
        self._binned_pair(self.fixed.get("max_bin"), train, stop, threads)

    def _binned_pair(self, max_bin: Any, train: Part, stop: Part, threads: int) -> tuple[Any, Any]:
        of_train = self._binned.setdefault(train, {})
        key = stop, max_bin
        if key not in of_train:
            known = self._known(train)
            train_set = self._set(counting(train), known, max_bin, threads)
            of_train[key] = train_set, self._set(stop, known, max_bin, threads, ref=train_set)
        return of_train[key]

    def _known(self, train: Part) -> "_Known":
        """The codes that each category column has in train: of others a booster knows nothing."""
        if train not in self._codes:
            features = counting(train).features
            places = [place for place, dtype in enumerate(features.dtypes) if _is_category(dtype)]
            self._codes[train] = {place: np.unique(features.iloc[:, place].cat.codes) for place in places}
        return self._codes[train]

    def _set(self, part: Part, known: "_Known", max_bin: Any, threads: int, ref: Any = None) -> Any:
        return self._xgb.QuantileDMatrix(
            _table(part.features, known),
            part.target,
            weight=part.weights,
            feature_types=["c" if _is_category(dtype) else "q" for dtype in part.features.dtypes],
            enable_categorical=True,
            max_bin=max_bin,
            ref=ref,
            nthread=threads,
        )

    def _after_each_round(self, step: Step | None, after: "_After | None") -> Any:
        """XGBoost asks no callback after one that ends training, so that one asks for all reasons to end."""

        class AfterEachRound(self._xgb.callback.EarlyStopping):  # type: ignore[name-defined, misc]
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                without_gain = super().after_iteration(model, epoch, evals_log)
                curve = evals_log["stop"][self.metric_name]
                ended = step is not None and step(epoch + 1, curve[-1])
                ended_at = after is not None and after(model, curve)
                return bool(without_gain or ended or ended_at)

        patience = self.early_stopping or self.rounds + 1
        return AfterEachRound(rounds=patience, metric_name=self.metric, data_name="stop")


class FittedXGBoost:
    """A booster, and the stop loss after each round."""

    def __init__(self, booster: Any, curve: list[float], rounds: int, known: "_Known", *, binary: bool) -> None:
        self.booster = booster
        self.curve = curve
        self.rounds = rounds
        self.known = known
        """The codes that each category column has in train."""
        self._binary = binary

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        predicted = self.booster.inplace_predict(_table(features, self.known), iteration_range=(0, self.rounds))
        predicted = np.asarray(predicted, dtype=np.float64)
        return np.column_stack([1 - predicted, predicted]) if self._binary else predicted

    def details(self) -> dict[str, Any]:
        return {"rounds": self.rounds}

    def size(self) -> int:
        """The leaves of the trees of these rounds; of gblinear, which has none and one model alone, its weights."""
        if json.loads(self.booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear":
            return sum(_is_number(line) for text in self.booster.get_dump() for line in text.splitlines())
        return sum(text.count("leaf=") for text in self.booster[: self.rounds].get_dump())


def _library() -> Any:
    try:
        import xgboost  # noqa: PLC0415 - an extra: who does not use it need not have it
    except ModuleNotFoundError:
        raise UserError(f"model xgboost: {extras.missing('xgboost')}") from None
    return xgboost


def _table(features: pd.DataFrame, known: _Known) -> NDArray[np.float64]:
    """Numbers, and the codes of categories, which mean the same in every part; NaN where missing or not `known`.

    XGBoost takes a category that it has not seen for one that it has, and not the same one while it trains and when it
    predicts.
    """
    table = np.empty(features.shape)
    for place, dtype in enumerate(features.dtypes):
        column = features.iloc[:, place]
        if _is_category(dtype):
            codes = column.cat.codes
            column = codes.where((codes >= 0) & codes.isin(known[place]))
        table[:, place] = column
    return table


def _is_number(line: str) -> bool:
    try:
        float(line)
    except ValueError:
        return False
    return True


def _is_category(dtype: Any) -> bool:
    return isinstance(dtype, pd.CategoricalDtype)
