"""Optuna's pruners: `study.optimize` of an objective that reports at every rung and ends where `should_prune` says."""

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    WilcoxonPruner,
)
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from bench.checks import is_number, mapping, whole
from bench.errors import UserError, allowed
from bench.optimizers import Declaration, Proposal
from bench.optimizers.optuna_samplers import Study, quiet
from bench.optimizers.rungs import Open
from bench.space import Space

_KEY = "optimizer.settings.pruner"
_SAMPLERS: dict[str, type[BaseSampler]] = {"random": RandomSampler, "tpe": TPESampler}

_LEAST = dict.fromkeys(("bootstrap_count", "n_startup_trials", "n_warmup_steps", "n_startup_steps", "patience"), 0)
_LEAST |= {"interval_steps": 1, "n_min_trials": 1, "min_early_stopping_rate": 0}
"""The least of the arguments that are whole numbers."""
_MOST = {"percentile": 100.0, "p_threshold": 1.0, "min_delta": math.inf}
"""The greatest of those that are numbers from 0."""


@dataclass
class _Evaluation:
    """One that has not been told."""

    trial: Trial
    losses: list[float] = field(default_factory=list)
    pruned: bool = False


class Pruned:
    """A study asked, reported to and told as `create_study(sampler=..., pruner=...).optimize(objective)` does it with

        def objective(trial):
            configuration = ...  # active parameters, suggested in space order
            for resource in resources[:-1]:
                trial.report(loss(configuration, resource), step=resource)
                if trial.should_prune():
                    raise optuna.TrialPruned
            return loss(configuration, resources[-1])

    A step, such as those of `n_warmup_steps`, is one of the lowest resource. The last loss that a pruned trial reported
    becomes its value; TPE ranks such trials behind those that were finished, by the step that they reached.

    Settings: `sampler`, tpe or random; `pruner`, the arguments of the pruner; all others are the sampler's.
    """

    revision = 1
    independent = False
    libraries = ("optuna", "numpy", "scipy")

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        resources: Sequence[int],
        sampler: str = "tpe",
        pruner: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        if str(sampler) not in _SAMPLERS:
            raise UserError(f"optimizer.settings.sampler={sampler!r}: unknown; {allowed(sampler, _SAMPLERS)}")
        self._full = resources[-1]
        made = self._pruner(resources, mapping(_KEY, pruner))
        self._study = Study(space, _SAMPLERS[sampler], {"seed": seed} | settings, made, str(seed))
        self._open = Open[_Evaluation]()
        remarks = [_start(settings)] if sampler == "tpe" else []
        self.declared = Declaration(fallback="; ".join([*remarks, *self._remarks(resources)]), takes_unasked=False)

    def _pruner(self, resources: Sequence[int], settings: Mapping[str, Any]) -> BasePruner:
        """The pruner of this class, for the given resources."""
        raise NotImplementedError

    def _remarks(self, resources: Sequence[int]) -> list[str]:
        """What the pruner does otherwise than its name says, to be declared."""
        return []

    def ask(self) -> Proposal:
        trial, configuration = self._study.begin()
        return self._open.add(Proposal(configuration, self._full), _Evaluation(trial))

    def report(self, proposal: Proposal, resource: int, loss: float) -> bool:
        evaluation = self._open.of(proposal)
        evaluation.losses.append(loss)
        evaluation.trial.report(loss, step=resource)
        evaluation.pruned = bool(evaluation.trial.should_prune())  # some pruners give a NumPy boolean
        return evaluation.pruned

    def tell(self, proposal: Proposal, loss: float, failed: bool = False) -> None:
        evaluation = self._open.close(proposal)
        if failed:
            self._study.study.tell(evaluation.trial, state=TrialState.FAIL)
        elif evaluation.pruned:
            self._tell_pruned(evaluation)
        else:
            self._tell_finished(evaluation, loss)

    def _tell_pruned(self, evaluation: _Evaluation) -> None:
        self._study.study.tell(evaluation.trial, state=TrialState.PRUNED)

    def _tell_finished(self, evaluation: _Evaluation, loss: float) -> None:
        self._study.study.tell(evaluation.trial, loss)


class Hyperband(Pruned):
    """`optuna.pruners.HyperbandPruner(min_resource=1, max_resource=resources[-1], reduction_factor=eta)`.

    A trial belongs to the bracket that a hash of the study's name and its number says, and competes with the trials of
    its bracket alone. Optuna draws the name at random; here it is the seed. TPE learns from the trials of all brackets
    (Optuna 5.0; its documentation says, from those of the trial's own).

    L. Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 18(185), 2018.
    """

    def _pruner(self, resources: Sequence[int], settings: Mapping[str, Any]) -> BasePruner:
        return _make(
            HyperbandPruner, settings, min_resource=1, max_resource=resources[-1], reduction_factor=_eta(resources)
        )

    def _remarks(self, resources: Sequence[int]) -> list[str]:
        brackets = math.floor(math.log(resources[-1], _eta(resources))) + 1  # as Optuna has it, for log(243, 3) < 5
        missing = f", {brackets} of {len(resources)}: Optuna's logarithm is rounded down and leaves out the last"
        return [
            "brackets are drawn by a hash of the study's name, which is the seed"
            + (missing if brackets < len(resources) else "")
        ]


class SuccessiveHalving(Pruned):
    """`optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=eta)`, asynchronous: a trial goes on
    where it is among the best 1/eta of those that have reached its rung so far.

    L. Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020.
    """

    def _pruner(self, resources: Sequence[int], settings: Mapping[str, Any]) -> BasePruner:
        return _make(SuccessiveHalvingPruner, settings, min_resource=1, reduction_factor=_eta(resources))


class Median(Pruned):
    """`optuna.pruners.MedianPruner()`: ends a trial whose best loss so far is above the median, at the same resource,
    of the trials that were finished.

    D. Golovin et al., Google Vizier: A Service for Black-Box Optimization, KDD 2017.
    """

    def _pruner(self, resources: Sequence[int], settings: Mapping[str, Any]) -> BasePruner:
        return _make(MedianPruner, settings)


class Percentile(Pruned):
    """`optuna.pruners.PercentilePruner(percentile)`: as the median, with the percentile of the trials to keep."""

    def _pruner(self, resources: Sequence[int], settings: Mapping[str, Any]) -> BasePruner:
        return _make(PercentilePruner, settings)


class Patient(Pruned):
    """`optuna.pruners.PatientPruner(wrapped_pruner, patience)`: asks the wrapped pruner where the loss of a trial has
    not improved for more than `patience` of its rungs.

    Its argument `wrapped_pruner` is here a mapping, the settings of a `MedianPruner` ({} for its defaults), or null for
    none, with which a trial ends where it no longer improves.
    """

    def _pruner(self, resources: Sequence[int], settings: Mapping[str, Any]) -> BasePruner:
        wrapped = settings.get("wrapped_pruner")
        if wrapped is not None:
            where = f"{_KEY}.wrapped_pruner"
            settings = {**settings, "wrapped_pruner": _make(MedianPruner, mapping(where, wrapped), where)}
        return _make(PatientPruner, settings)


class Wilcoxon(Pruned):
    """`optuna.pruners.WilcoxonPruner()`: ends a trial whose losses on the folds so far are significantly higher than
    those of the best trial on the same folds, by a signed-rank test.

    As its documentation recommends, the objective reports the loss of each fold, a step, and where the trial is to end
    returns the mean of its folds so far in place of raising `TrialPruned`: it counts as a finished trial. Of a trial
    that is finished, the last fold, which is not reported, is what the mean of all leaves for it. The documentation
    also recommends another order of the folds in each trial; here it is the same in all.

    F. Wilcoxon, Individual Comparisons by Ranking Methods, Biometrics Bulletin 1(6), 1945.
    """

    by_fold = True

    def _pruner(self, resources: Sequence[int], settings: Mapping[str, Any]) -> BasePruner:
        return _make(WilcoxonPruner, settings)

    def _remarks(self, resources: Sequence[int]) -> list[str]:
        return ["a trial that is ended early counts as finished with the mean of its folds so far"]

    def _tell_pruned(self, evaluation: _Evaluation) -> None:
        self._study.study.tell(evaluation.trial, sum(evaluation.losses) / len(evaluation.losses))

    def _tell_finished(self, evaluation: _Evaluation, loss: float) -> None:
        """Without its last fold the best trial's mean would be another than its value, by which Optuna chooses it."""
        evaluation.trial.report(self._full * loss - sum(evaluation.losses), step=self._full)
        super()._tell_finished(evaluation, loss)


def _eta(resources: Sequence[int]) -> int:
    return resources[1] // resources[0]


def _start(settings: Mapping[str, Any]) -> str:
    """What TPE draws otherwise than by its model; a pruned trial counts as a finished one."""
    apart = (
        "parameters that no such trial had before are random"
        if settings.get("group")
        else "parameters that some such trial lacked are modelled one by one instead of together"
    )
    return f"random until {settings.get('n_startup_trials', 10)} trials have succeeded or were pruned; {apart}"


def _make(kind: type[BasePruner], settings: Mapping[str, Any], where: str = _KEY, **ladder: int) -> BasePruner:
    """A pruner with what the ladder says and the settings, of which `where` is the key."""
    known = [name for name in inspect.signature(kind).parameters if name not in ladder]
    for name, value in settings.items():
        key = f"{where}.{name}"
        if name in ladder:
            raise UserError(f"{key}: follows from the rungs of the model's fidelity; leave it out")
        if name not in known:
            raise UserError(f"{key}: unknown; {allowed(name, known)}")
        if name in _LEAST:
            whole(key, value, _LEAST[name])
        if name in _MOST:
            _between(key, value, _MOST[name])
    with quiet():
        try:
            return kind(**ladder, **settings)
        except (TypeError, ValueError) as error:
            raise UserError(f"{where}: {error}") from None


def _between(key: str, value: Any, most: float) -> None:
    if not is_number(value) or not 0 <= value <= most:
        upto = "" if math.isinf(most) else f" to {most:g}"
        raise UserError(f"{key}={value!r}: expected a number from 0{upto}")
