"""Optuna's own loop with a pruner, `study.optimize`, beside ours: what is evaluated at which rung, and what is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from ladder import FOLDS, Ended, Objective, build, fold_loss, play
from loops import MIXED, NESTED
from loops_optuna import conditional, flat
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

LONG = (1, 2, 4, 8, 16, 32, 64)
"""For what waits for several rungs."""
SPACES = {"flat": (MIXED, flat), "conditional": (NESTED, conditional)}

Pruner = Callable[[tuple[int, ...]], BasePruner]
CASES: dict[str, tuple[str, dict[str, Any], Pruner]] = {
    "tpe_hyperband": ("optuna_tpe_hyperband", {}, lambda r: HyperbandPruner(1, r[-1], r[1])),
    "random_hyperband": ("optuna_random_hyperband", {}, lambda r: HyperbandPruner(1, r[-1], r[1])),
    "sha": ("optuna_tpe_sha", {}, lambda r: SuccessiveHalvingPruner(1, r[1], min_early_stopping_rate=0)),
    "sha_late": (
        "optuna_tpe_sha",
        {"pruner": {"min_early_stopping_rate": 1, "bootstrap_count": 2}},
        lambda r: SuccessiveHalvingPruner(1, r[1], min_early_stopping_rate=1, bootstrap_count=2),
    ),
    "median": ("optuna_tpe_median", {}, lambda _: MedianPruner()),
    "median_late": (
        "optuna_tpe_median",
        {"pruner": {"n_startup_trials": 2, "n_warmup_steps": 3}, "n_startup_trials": 20, "group": True}
        | {"multivariate": True},
        lambda _: MedianPruner(n_startup_trials=2, n_warmup_steps=3),
    ),
    "percentile": ("optuna_tpe_percentile", {}, lambda _: PercentilePruner(25.0)),
    "patient": ("optuna_tpe_patient", {}, lambda _: PatientPruner(MedianPruner(), patience=1)),
    "patient_alone": (
        "optuna_tpe_patient",
        {"pruner": {"wrapped_pruner": None, "patience": 2, "min_delta": 0.5}},
        lambda _: PatientPruner(None, patience=2, min_delta=0.5),
    ),
}
"""Config, settings in place of the config's, and the pruner in Optuna's own words for given resources."""
SET = ("sha_late", "median_late", "patient_alone")
"""Configs that are there already, with other settings."""


@dataclass(frozen=True)
class Both:
    """The same number of trials in Optuna's loop and in ours."""

    own: Objective
    ours: Objective
    study: optuna.Study
    """Optuna's own."""
    optimizer: Any
    ended: list[Ended]
    """Ours, in order."""


def both(case: str, label: str, resources: tuple[int, ...], seed: int, trials: int) -> Both:
    """By a case and a space."""
    name, settings, pruner = CASES[case]
    own, ours = Objective(), Objective()
    study = optuna.create_study(sampler=sampler(name, seed, settings), pruner=pruner(resources), study_name=str(seed))
    optimize(study, label, resources, trials, own)
    optimizer = build(name, SPACES[label][0], resources, seed, **settings)
    return Both(own, ours, study, optimizer, play(optimizer, resources, trials, ours))


def sampler(name: str, seed: int, settings: Mapping[str, Any]) -> BaseSampler:
    of_sampler = {key: value for key, value in settings.items() if key != "pruner"}
    return RandomSampler(seed=seed) if "random" in name else TPESampler(seed=seed, **of_sampler)


def optimize(study: optuna.Study, label: str, resources: tuple[int, ...], trials: int, objective: Objective) -> None:
    """The documented loop."""

    def evaluate(trial: optuna.Trial) -> float:
        configuration = SPACES[label][1](trial)
        for resource in resources[:-1]:
            trial.report(tried(objective(configuration, resource)), step=resource)
            if trial.should_prune():
                raise optuna.TrialPruned
        return tried(objective(configuration, resources[-1]))

    study.optimize(evaluate, n_trials=trials, catch=ArithmeticError)


def tried(value: float | None) -> float:
    if value is None:
        raise ArithmeticError
    return value


def held(study: optuna.Study) -> list[Any]:
    """What a study holds of its trials."""
    return [(t.state, t.value, t.params, t.intermediate_values) for t in study.trials]


@dataclass(frozen=True)
class OfFolds:
    """As `Both`, of cross-validations, with the numbers of the trials that each ended early."""

    own: Objective
    ours: Objective
    study: optuna.Study
    optimizer: Any
    own_ended: list[int]
    our_ended: list[int]


def of_folds(label: str, seed: int, trials: int) -> OfFolds:
    """Optuna's documented objective reports every fold, and returns the mean of those that there are in place of
    `TrialPruned`."""
    own, ours, ended_early = Objective(of=fold_loss), Objective(of=fold_loss), []

    def evaluate(trial: optuna.Trial) -> float:
        configuration = SPACES[label][1](trial)
        results: list[float] = []
        for fold in FOLDS:
            results.append(tried(own(configuration, fold)))
            trial.report(results[-1], fold)
            if trial.should_prune():
                ended_early.extend([trial.number] if fold < FOLDS[-1] else [])
                return sum(results) / len(results)
        return sum(results) / len(results)

    study = optuna.create_study(sampler=TPESampler(seed=seed), pruner=WilcoxonPruner(), study_name=str(seed))
    study.optimize(evaluate, n_trials=trials, catch=ArithmeticError)
    optimizer = build("optuna_tpe_wilcoxon", SPACES[label][0], FOLDS, seed)
    return OfFolds(own, ours, study, optimizer, ended_early, play_folds(optimizer, ours, trials))


def play_folds(optimizer: Any, objective: Objective, trials: int) -> list[int]:
    """The numbers of those that were ended: each fold alone is reported but the last, of all the mean is told."""
    pruned = []
    for number in range(trials):
        proposal, losses, ended, failed = optimizer.ask(), [], False, False
        for fold in FOLDS:
            value = objective(proposal.configuration, fold)
            failed = value is None
            if value is None:
                break
            losses.append(value)
            if fold < FOLDS[-1] and optimizer.report(proposal, fold, value):
                pruned.append(number)
                ended = True
                break
        told = objective.worst(fold) if failed else losses[-1] if ended else sum(losses) / len(losses)
        optimizer.tell(proposal, told, failed=failed)
    return pruned
