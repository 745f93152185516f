"""A problem with data: dataset + split + model + search space + metric, evaluated one configuration at a time."""

import hashlib
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import provenance, texts
from bench.datasets import Dataset, Split, understood
from bench.metrics import Metric
from bench.models import Fitted, Model, Part, Step
from bench.problems import details as json_details
from bench.problems import fidelity, objectives, refitted, scores
from bench.problems.contract import AtRung, Evaluate, Evaluation, Recipe, is_outcome
from bench.problems.fidelity import Fidelity, NestedRows
from bench.space import Configuration, Space, to_json


@dataclass(frozen=True, eq=False)
class FoldParts:
    """The rows of a fold."""

    train: Part
    stop: Part
    valid: Part


@dataclass(frozen=True, eq=False)
class DataProblem:
    """What one evaluation depends on, besides the configuration."""

    recipe: Recipe
    dataset: Dataset
    split: Split
    model: Model
    space: Space
    metric: Metric
    model_seed: int
    identity: Mapping[str, Any]
    """What decides whether two losses may be compared, as plain data: see `data_recipe`."""
    family: str
    """The hash of the problem with those seeds left out that follow the repetition's seed."""
    warnings: Sequence[str] = ()
    """What is worth a look before the first trial, in lines: hyperparameters that have no effect."""
    split_seed: int = 0
    objectives: tuple[str, ...] = ()
    """The names of its losses where there are several, the first that of `metric`."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Of the other objectives those that are metrics."""
    scores: Sequence[Metric] = ()
    """What is recorded beside the loss (`bench.problems.scores`); no part of what may be compared."""

    @cached_property
    def fidelity(self) -> Fidelity | None:
        """The ladder that the model's config declares, if any; no part of any hash of full evaluations.

        Raises `UserError` where it cannot be used here.
        """
        model = self.model
        units = [unit for unit in ("rounds", "epochs") if hasattr(model, "fit_rungs") and hasattr(model, unit)]
        folds = {"folds": len(self.split.folds)} if len(self.split.folds) > 1 else {}
        full = {unit: getattr(model, unit) for unit in units} | folds
        return fidelity.parse(self.recipe.groups["model"].get("fidelity"), full)

    @cached_property
    def hash(self) -> str:
        """What may be compared: data, split, model with its settings, space with its order, metric, model seed."""
        return provenance.digest(dict(self.identity))

    @property
    def label(self) -> str:
        """What the metric's loss is called."""
        return self.metric.label

    @cached_property
    def _key_prefix(self) -> bytes:
        parts = {name: value for name, value in self.identity.items() if name != "space"}
        parts["versions"] = provenance.versions((*self.model.libraries, "scikit-learn"))
        if self.model.threads_matter:
            parts["threads"] = self.recipe.threads
        if self.scores:
            parts["scores"] = [metric.name for metric in self.scores]
        return provenance.digest(parts).encode()

    def key(self, configuration: Configuration) -> str:
        """What may be reused: the problem without its space, the versions that compute, and the configuration."""
        in_any_order = to_json(dict(sorted(configuration.items())))
        return hashlib.sha256(self._key_prefix + in_any_order.encode()).hexdigest()

    def rung_key(self, configuration: Configuration, rung: int) -> str:
        """What may be reused of an evaluation at a rung; at full fidelity it is `key`."""
        at = None if self.fidelity is None else self.fidelity.at(rung)
        key = self.key(configuration)
        return key if at is None else provenance.digest({"key": key, "fidelity": at})

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """Train and judge one canonical configuration: on each fold, its loss being the mean over the folds.

        The test loss is that of the fold models' averaged predictions; where the split says `refit`, that of one more
        model, trained on all rows outside test for as many rounds or epochs as those had on average. `seconds` are
        those of training and judging: what is prepared once for all trials is charged to none. A model's error or a
        loss that is not finite, in any fold, is an outcome, whatever it is. A missing library is not: it is raised.
        """
        watched = {} if step is None else {"step": step}  # a user's model may be without

        def fitted(fold: FoldParts) -> Fitted:
            return self.model.fit(
                dict(configuration), fold.train, fold.stop, self.model_seed, self.recipe.threads, **watched
            )

        return self._evaluated(fitted, lambda: self.folds, configuration)

    def evaluate_rungs(self, configuration: Configuration, rungs: Sequence[int], at: AtRung) -> None:
        """Evaluate one canonical configuration at `rungs` of `fidelity`, ascending, until `at` returns True.

        Each evaluation is to the bit that of this rung alone, and at full fidelity that of `evaluate`; its seconds are
        those that it would take alone, or as nearly as one training that passes through all rungs can tell. Rounds and
        epochs of one fold are one training; of several folds, and of rows, each rung is a training of its own. Where
        folds are the unit, each is trained once. After an evaluation that is not ok none follows. Nothing is refitted
        below full fidelity: there the test loss is that of the folds' averaged predictions.
        """
        assert self.fidelity is not None
        if self.fidelity.unit in ("rounds", "epochs") and len(self.split.folds) == 1:
            self._pass_through(configuration, rungs, at)
            return
        trained: dict[int, tuple[Fitted, float]] = {}
        for rung in rungs:
            if self.fidelity.unit == "folds":
                evaluation = self._first_folds(configuration, rung, trained)
            else:
                evaluation = self._evaluate_at(configuration, rung)
            if at(rung, evaluation) or evaluation.status != "ok":
                return

    def _pass_through(self, configuration: Configuration, rungs: Sequence[int], at: AtRung) -> None:
        """One training on the one fold, judged at each rung."""
        away, reached = 0.0, 0  # seconds spent in `at`; rungs that were judged
        outside = False  # in `at`, or by its word at the end: what is raised then is no outcome
        start = time.perf_counter()

        def judged(rung: int, fitted: Fitted) -> bool:
            nonlocal away, reached, outside
            evaluation = self._evaluated(lambda _fold: fitted, lambda: self.folds)
            paused = time.perf_counter()
            reached, outside = reached + 1, True
            evaluation = objectives.taking(evaluation, paused - start - away)
            outside = at(rung, evaluation) or evaluation.status != "ok" or reached == len(rungs)
            away += time.perf_counter() - paused
            return outside

        model: Any = self.model
        fold = self.folds[0]
        try:
            self.prepare()
            start = time.perf_counter()
            model.fit_rungs(
                dict(configuration), fold.train, fold.stop, self.model_seed, self.recipe.threads, rungs, judged
            )
        except BaseException as failure:
            if outside or not is_outcome(failure):
                raise
            seconds = time.perf_counter() - start - away
            at(rungs[reached], Evaluation(None, None, seconds, "failed", texts.of_error(failure)))

    def _first_folds(
        self, configuration: Configuration, count: int, trained: dict[int, tuple[Fitted, float]]
    ) -> Evaluation:
        """The evaluation on the first `count` folds, of which `trained` has some, by place, with their seconds."""
        spared = math.fsum(seconds for _, seconds in trained.values())

        def fitted(fold: FoldParts) -> Fitted:
            place = self.folds.index(fold)
            if place not in trained:
                start = time.perf_counter()
                arguments = dict(configuration), fold.train, fold.stop, self.model_seed, self.recipe.threads
                trained[place] = self.model.fit(*arguments), time.perf_counter() - start
            return trained[place][0]

        full = configuration if count == len(self.split.folds) else None
        evaluation = self._evaluated(fitted, lambda: self.folds[:count], full)
        return objectives.taking(evaluation, evaluation.seconds + spared)

    def _evaluate_at(self, configuration: Configuration, rung: int) -> Evaluation:
        """The evaluation at one rung, by trainings of its own."""
        assert self.fidelity is not None
        model: Any = self.model
        by_rounds = self.fidelity.unit in ("rounds", "epochs") and rung != self.fidelity.high

        def fitted(fold: FoldParts) -> Fitted:
            arguments = dict(configuration), fold.train, fold.stop, self.model_seed, self.recipe.threads
            if not by_rounds:
                return self.model.fit(*arguments)
            kept: list[Fitted] = []
            model.fit_rungs(*arguments, (rung,), lambda _rung, fitted: bool(kept.append(fitted)))  # type: ignore[func-returns-value]
            return kept[0]

        return self._evaluated(
            fitted, lambda: self._folds_at(rung), configuration if rung == self.fidelity.high else None
        )

    def _evaluated(
        self,
        fit: Callable[[FoldParts], Fitted],
        folds: Callable[[], Sequence[FoldParts]],
        full: Configuration | None = None,
    ) -> Evaluation:
        """What comes of training by `fit` on each of the folds, and judging there.

        `full` is the configuration where this is a full evaluation, which is refitted where the split says so.
        """
        refits = self.split.refit and full is not None
        start = time.perf_counter()
        losses: list[float] = []
        others: list[dict[str, float | None]] = []  # of each fold
        of_test: dict[str, float] = {}
        details: list[dict[str, Any]] = []
        scored: list[dict[str, float]] = []
        scored_on_test: dict[str, float] = {}
        tested: NDArray[np.float64] | float = 0.0
        test_loss = error = None
        several = len(self.split.folds) > 1
        count = 0
        try:
            self.prepare()
            parts = folds()
            count = len(parts)
            start = time.perf_counter()
            for fold in parts:
                fitted = fit(fold)
                details.append(json_details.plain(fitted.details()) | {"curve": json_details.curve(fitted.curve)})
                before = time.perf_counter()
                predicted = fitted.predict(fold.valid.features)
                per_row = (time.perf_counter() - before) / len(predicted)
                losses.append(self._loss(fold.valid, predicted))
                others.append(self._others(fold.valid, predicted, fitted, details[-1], per_row))
                scored.append(self._scored(fold.valid, predicted))
                if self.test is not None and not refits:
                    tested = tested + fitted.predict(self.test.features)
            if self.test is not None:
                averaged = np.asarray(tested) / count if full is None or not refits else self._refitted(full, details)
                test_loss = self._loss(self.test, averaged)
                of_test = {name: self._loss(self.test, averaged, metric) for name, metric in self.metrics.items()}
                scored_on_test = self._scored(self.test, averaged)
        except BaseException as failure:
            if not is_outcome(failure):
                raise
            error = texts.of_error(failure)
        seconds = time.perf_counter() - start
        detail = json_details.plain({"fold_losses": losses, "folds": details}) if several else next(iter(details), {})
        if error is not None:
            where = f"fold {len(losses)}: " if several and len(losses) < count else ""
            return Evaluation(None, None, seconds, "failed", where + error, detail)
        detail |= scores.detail(scored, scored_on_test)
        loss = math.fsum(losses) / count
        named = self._several(loss, test_loss, others, of_test, seconds) if self.objectives else None
        return Evaluation(loss, test_loss, seconds, "ok", None, detail, named)

    def _scored(self, part: Part, predicted: NDArray[np.float64]) -> dict[str, float]:
        return scores.scored(self.scores, lambda metric: self._loss(part, predicted, metric))

    def _refitted(self, configuration: Configuration, details: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """What a model predicts of test that is trained on all other rows; `details` are those of the folds."""
        assert self.test is not None
        config = self.recipe.groups["model"]
        model = refitted.ended(self.model, details, config, self.dataset.task, len(self.dataset.classes))
        part = self._outside_test
        fitted = model.fit(dict(configuration), part, part, self.model_seed, self.recipe.threads)
        return fitted.predict(self.test.features)

    @cached_property
    def _outside_test(self) -> Part:
        """All rows of the folds."""
        return self.part(np.unique(np.concatenate([rows for fold in self.split.folds for rows in vars(fold).values()])))

    def _others(
        self, part: Part, predicted: NDArray[np.float64], fitted: Fitted, details: Mapping[str, Any], per_row: float
    ) -> dict[str, float | None]:
        """What a fold has of each objective but the first; None of the seconds."""
        return {
            name: self._loss(part, predicted, self.metrics[name])
            if name in self.metrics
            else objectives.of_training(name, fitted, details, per_row)
            for name in self.objectives[1:]
        }

    def _several(
        self,
        loss: float,
        test_loss: float | None,
        others: Sequence[Mapping[str, float | None]],
        of_test: Mapping[str, float],
        seconds: float,
    ) -> dict[str, list[float | None]]:
        """Each objective's loss and test loss, of what the folds have of all but the first."""
        losses: dict[str, list[float | None]] = {self.objectives[0]: [loss, test_loss]}
        for name in self.objectives[1:]:
            values = [value for of_fold in others if (value := of_fold[name]) is not None]
            mean = math.fsum(values) / len(values) if values else seconds
            losses[name] = [mean, None if self.test is None else of_test.get(name, mean)]
        return losses

    def _folds_at(self, rung: int) -> Sequence[FoldParts]:
        """The folds that an evaluation at a rung trains on: fewer, or with fewer rows to train on."""
        assert self.fidelity is not None
        if self.fidelity.unit == "folds":
            return self.folds[:rung]
        if self.fidelity.unit != "rows" or rung == self.fidelity.high:
            return self.folds
        if rung not in self._of_rows:
            nested = NestedRows(self.dataset, self.recipe.groups["resampling"]["method"], self.split_seed)
            share = rung / self.fidelity.high
            self._of_rows[rung] = tuple(
                FoldParts(self.part(nested.of(fold.train, share)), parts.stop, parts.valid)
                for fold, parts in zip(self.split.folds, self.folds, strict=True)
            )
        return self._of_rows[rung]

    @cached_property
    def _of_rows(self) -> dict[int, tuple[FoldParts, ...]]:
        return {}

    def prepare(self) -> None:
        """Let the model do, once, what depends on no configuration: a first trial then takes no longer than others."""
        _ = self._prepared

    @cached_property
    def _prepared(self) -> None:
        prepare = getattr(self.model, "prepare", None)
        if prepare is not None:
            for fold in self.folds:
                prepare(fold.train, fold.stop, self.model_seed, self.recipe.threads)
            if self.split.refit:
                prepare(self._outside_test, self._outside_test, self.model_seed, self.recipe.threads)

    def baseline(self, evaluate: Evaluate) -> float:
        """The `baseline_loss`: nothing is evaluated for it."""
        del evaluate
        return self.baseline_loss

    def baselines(self, evaluate: Evaluate) -> tuple[float, ...]:
        """Of a metric the loss of a model that knows nothing; of what training tells, the worst of a few trained ones.

        A model that knows nothing has no size: a failure told so would seem better than all that succeed. The few are
        the first three that succeed, of ten configurations drawn from the reference distribution by a fixed seed;
        where none does, it is 0.
        """
        names = self.objectives[1:]
        known = {name: self._knowing_nothing_has(metric) for name, metric in self.metrics.items()}
        rng = np.random.default_rng(0)
        draws = (evaluate(self.space.sample(rng)).losses for _ in range(10 if len(known) < len(names) else 0))
        trained = list(itertools.islice((losses for losses in draws if losses is not None), 3))

        def worst(name: str) -> float:
            return max((loss for losses in trained if (loss := losses[name][0]) is not None), default=0.0)

        return self.baseline_loss, *(known[name] if name in known else worst(name) for name in names)

    def check(self, evaluate: Evaluate) -> None:
        """Nothing: the config states no losses."""

    @cached_property
    def baseline_loss(self) -> float:
        """The validation loss of a model that knows the train part's class shares, or its mean, and nothing else."""
        return self._knowing_nothing_has(self.metric)

    def _knowing_nothing_has(self, metric: Metric) -> float:
        """The validation loss by a metric of a model that knows nothing else than the train part's target."""
        losses = [self._loss(fold.valid, self.knowing_nothing(fold.train, fold.valid), metric) for fold in self.folds]
        return math.fsum(losses) / len(losses)

    @cached_property
    def baseline_test_loss(self) -> float | None:
        """The test loss of such a model, over several folds that of their averaged predictions, or of a refit."""
        if self.test is None:
            return None
        if self.split.refit:
            return self._loss(self.test, self.knowing_nothing(self._outside_test, self.test))
        predictions = sum(self.knowing_nothing(fold.train, self.test) for fold in self.folds)
        return self._loss(self.test, np.asarray(predictions) / len(self.folds))

    def knowing_nothing(self, train: Part, part: Part) -> NDArray[np.float64]:
        """What a model predicts of a part that knows the shares of classes, or the mean, of another alone."""
        rows = len(part.target)
        if not self.dataset.classes:
            return np.full(rows, np.average(train.target, weights=train.weights))
        total = np.bincount(train.target, weights=train.weights, minlength=len(self.dataset.classes))
        return np.tile(total / total.sum(), (rows, 1))

    def metadata(self, baseline_loss: float | None = None) -> dict[str, Any]:
        """The hashes, and what a report says of data: folds, what early stopping watched, the loss without a model.

        `data` is what was understood of the dataset and its split (`datasets.understood.plain`).
        """
        del baseline_loss  # its own is computed without an evaluation
        return {
            "problem": self.hash,
            "problem_family": self.family,
            "key_prefix": self._key_prefix.decode(),
            "metric": self.label,
            "folds": len(self.split.folds),
            "has_test": self.split.test is not None,
            "computed_by": provenance.versions(self.model.libraries),
            "stops_on_valid": self.split.stops_on_valid,
            "task": self.dataset.task,
            "baseline_loss": self.baseline_loss,
            "baseline_test_loss": self.baseline_test_loss,
            "data": self._understood,
            "data_hash": self.dataset.content,
            "parts": self._sizes(),
            "model_revision": self.model.revision,
            "preparation": dict(getattr(self.model, "preparation", {})),
        } | ({"refit": True} if self.split.refit else {})

    def _sizes(self) -> dict[str, Any]:
        """How many rows each part has, and of what folds."""
        names = ("train", "valid") if self.split.stops_on_valid else ("train", "stop", "valid")
        folds = [{name: len(getattr(fold, name)) for name in names} for fold in self.split.folds]
        return {"folds": folds, "test": 0 if self.split.test is None else len(self.split.test)}

    @cached_property
    def _understood(self) -> dict[str, Any]:
        return understood.plain(self.dataset, self.split)

    def _loss(self, part: Part, prediction: NDArray[np.float64], metric: Metric | None = None) -> float:
        """The loss by a metric, by default the problem's own."""
        metric = metric or self.metric
        finite = np.isfinite(prediction).all()
        loss = metric.loss(part.target, prediction, part.weights) if finite else math.nan
        if not math.isfinite(loss):
            raise FloatingPointError(f"the {metric.name} is {loss}")
        return float(loss)

    @cached_property
    def folds(self) -> tuple[FoldParts, ...]:
        """The parts of each fold, the same object where stop is valid."""
        folds = []
        for fold in self.split.folds:
            valid = self.part(fold.valid)
            stop = valid if np.array_equal(fold.stop, fold.valid) else self.part(fold.stop)
            folds.append(FoldParts(self.part(fold.train), stop, valid))
        return tuple(folds)

    @cached_property
    def test(self) -> Part | None:
        """The rows of the test part, where there is one."""
        return None if self.split.test is None else self.part(self.split.test)

    def part(self, rows: NDArray[np.int64]) -> Part:
        """Some rows of the dataset."""
        data = self.dataset
        weights = None if data.weights is None else data.weights[rows]
        return Part(data.features.iloc[rows], data.target[rows], weights)
