"""Optuna's own loop: `study.optimize`."""

import warnings
from collections.abc import Callable
from typing import Any

import optuna
from loops import MIXED, NESTED, Case, Objective
from optuna.samplers import CmaEsSampler, GPSampler, NSGAIIISampler, NSGAIISampler, QMCSampler, TPESampler

from bench.space import Configuration

Suggest = Callable[[optuna.Trial], Configuration]


def flat(trial: optuna.Trial) -> Configuration:
    return {
        "shrink": trial.suggest_float("shrink", 0.0, 0.9),
        "rate": trial.suggest_float("rate", 0.01, 0.3, log=True),
        "depth": trial.suggest_int("depth", 1, 8),
        "leaves": trial.suggest_int("leaves", 1, 4, log=True),
        "units": trial.suggest_int("units", 32, 128, step=32),
        "act": trial.suggest_categorical("act", [None, "relu", 7]),
    }


def conditional(trial: optuna.Trial) -> Configuration:
    values: Configuration = {"rate": trial.suggest_float("rate", 0.01, 0.3, log=True)}
    values["kind"] = trial.suggest_categorical("kind", ["adam", "sgd"])
    if values["kind"] == "sgd":
        values["momentum"] = trial.suggest_float("momentum", 0.0, 0.99)
    return values | {"depth": trial.suggest_int("depth", 1, 8)}


def all_active(trial: optuna.Trial) -> Configuration:
    """The same, every parameter suggested in every trial."""
    values: Configuration = {"rate": trial.suggest_float("rate", 0.01, 0.3, log=True)}
    values["kind"] = trial.suggest_categorical("kind", ["adam", "sgd"])
    momentum = trial.suggest_float("momentum", 0.0, 0.99)
    if values["kind"] == "sgd":
        values["momentum"] = momentum
    return values | {"depth": trial.suggest_int("depth", 1, 8)}


def optimize(sampler: Callable[[int], Any], suggest: Suggest) -> Any:
    def own(objective: Objective, seed: int, trials: int) -> None:
        def evaluate(trial: optuna.Trial) -> Any:
            value, failed = objective(suggest(trial))
            if failed:
                raise ArithmeticError
            return value

        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study = optuna.create_study(sampler=sampler(seed), directions=["minimize"] * objective.objectives)
            study.optimize(evaluate, n_trials=trials, catch=ArithmeticError)
        finally:
            optuna.logging.set_verbosity(verbosity)

    return own


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    suggestions = [(optuna.Trial, f"suggest_{kind}") for kind in ("float", "int", "categorical")]
    return [(optimizer.study, "ask"), (optimizer.study, "tell"), *suggestions]


CASES = [
    Case(name, label, space, optimize(sampler, suggest), calls, needs, few=20 if needs else 50)
    for name, sampler, needs in (
        ("optuna_tpe", lambda seed: TPESampler(seed=seed), ""),
        ("optuna_tpe_multivariate", lambda seed: TPESampler(seed=seed, multivariate=True, group=True), ""),
        ("optuna_cmaes", lambda seed: CmaEsSampler(seed=seed), ""),
        ("optuna_cmaes_margin", lambda seed: CmaEsSampler(seed=seed, with_margin=True), ""),
        ("optuna_qmc", lambda seed: QMCSampler(seed=seed, scramble=True), ""),
        ("optuna_gp", lambda seed: GPSampler(seed=seed), "torch"),
    )
    for label, space, suggest in (
        ("flat", MIXED, flat),
        ("conditional", NESTED, all_active if name == "optuna_cmaes_margin" else conditional),
    )
]

SPACES = (("flat", MIXED, flat), ("conditional", NESTED, conditional))
POPULATION = {"population_size": 8}


def genetic(few: int, settings: dict[str, int]) -> list[Case]:
    """Of one loss and of two."""
    return [
        Case(
            name,
            f"{label}-{objectives}",
            space,
            optimize(lambda seed, sampler=sampler: sampler(seed=seed, **settings), suggest),
            calls,
            settings=settings,
            few=few,
            objectives=objectives,
        )
        for name, sampler in (("optuna_nsga2", NSGAIISampler), ("optuna_nsga3", NSGAIIISampler))
        for label, space, suggest in SPACES
        for objectives in (1, 2)
    ]


CASES += genetic(60, POPULATION)
CASES += [
    Case(name, f"{label}-2", space, optimize(sampler, suggest), calls, needs, few=18 if needs else 40, objectives=2)
    for name, sampler, needs in (
        ("optuna_tpe", lambda seed: TPESampler(seed=seed), ""),
        ("optuna_tpe_multivariate", lambda seed: TPESampler(seed=seed, multivariate=True, group=True), ""),
        ("optuna_gp", lambda seed: GPSampler(seed=seed), "torch"),
    )
    for label, space, suggest in SPACES
]
SHIPPED = genetic(150, {})
"""With the library's own populations, of 50."""
