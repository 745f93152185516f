"""Optuna's pruners ask for, prune and keep what `study.optimize` does, as the library is."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import optuna
import pytest
from drawing import ALL
from ladder import FOLDS, RESOURCES, Objective, build, fold_loss, play
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
from optuna.trial import TrialState

from bench.errors import UserError
from bench.optimizers.optuna_pruners import Hyperband

LONG = (1, 2, 4, 8, 16, 32, 64)
"""For what waits for several rungs."""
TRIALS = 150 if ALL else 60
SEEDS = range(4) if ALL else [3]
SPACES = {"flat": (MIXED, flat), "conditional": (NESTED, conditional)}

Pruner = Callable[[tuple[int, ...]], BasePruner]
PRUNERS: dict[str, Pruner] = {
    "optuna_tpe_hyperband": lambda r: HyperbandPruner(min_resource=1, max_resource=r[-1], reduction_factor=r[1]),
    "optuna_random_hyperband": lambda r: HyperbandPruner(min_resource=1, max_resource=r[-1], reduction_factor=r[1]),
    "optuna_tpe_sha": lambda r: SuccessiveHalvingPruner(
        min_resource=1, reduction_factor=r[1], min_early_stopping_rate=0
    ),
    "optuna_tpe_median": lambda _: MedianPruner(),
    "optuna_tpe_percentile": lambda _: PercentilePruner(25.0),
    "optuna_tpe_patient": lambda _: PatientPruner(MedianPruner(), patience=1),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
    optuna.logging.set_verbosity(verbosity)


def sampler(name: str, seed: int) -> BaseSampler:
    return RandomSampler(seed=seed) if "random" in name else TPESampler(seed=seed)


def optimized(
    study: optuna.Study, label: str, resources: tuple[int, ...], trials: int, objective: Objective
) -> list[Any]:
    """The documented loop: what a study holds after it."""

    def evaluate(trial: optuna.Trial) -> float:
        configuration = SPACES[label][1](trial)
        for resource in resources[:-1]:
            trial.report(tried(objective(configuration, resource)), step=resource)
            if trial.should_prune():
                raise optuna.TrialPruned
        return tried(objective(configuration, resources[-1]))

    study.optimize(evaluate, n_trials=trials, catch=ArithmeticError)
    return held(study)


def tried(value: float | None) -> float:
    if value is None:
        raise ArithmeticError
    return value


def held(study: optuna.Study) -> list[Any]:
    return [(t.state, t.value, t.params, t.intermediate_values) for t in study.trials]


@pytest.mark.parametrize("label", SPACES)
@pytest.mark.parametrize("name", PRUNERS)
def test_a_pruned_study_is_that_of_optunas_own_loop(name: str, label: str) -> None:
    states, resources = Counter[TrialState](), set[int]()
    ladder = LONG if name == "optuna_tpe_patient" else RESOURCES
    for seed in SEEDS:
        own, ours = Objective(), Objective()
        study = optuna.create_study(sampler=sampler(name, seed), pruner=PRUNERS[name](ladder), study_name=str(seed))
        trials = optimized(study, label, ladder, TRIALS, own)
        optimizer = build(name, SPACES[label][0], ladder, seed)
        ended = play(optimizer, ladder, TRIALS, ours)
        assert ours.calls == own.calls
        assert held(optimizer._study.study) == trials
        assert [result.pruned for result in ended] == [state == TrialState.PRUNED for state, *_ in trials]
        assert [result.failed for result in ended] == [state == TrialState.FAIL for state, *_ in trials]
        states.update(state for state, *_ in trials)
        resources |= {result.resource for result in ended if result.pruned}
    assert len(resources) > 1
    assert min(states[TrialState.PRUNED], states[TrialState.FAIL]) > 2
    assert states[TrialState.COMPLETE] > 0


@pytest.mark.parametrize("label", SPACES)
def test_the_signed_rank_test_is_that_of_optunas_documented_loop(label: str) -> None:
    """Which reports every fold, and returns the mean of those that there are in place of `TrialPruned`."""
    for seed in SEEDS:
        own, ours = Objective(of=fold_loss), Objective(of=fold_loss)
        ended_early = []

        def evaluate(trial: optuna.Trial, own: Objective = own, ended_early: list[int] = ended_early) -> float:
            configuration = SPACES[label][1](trial)
            results: list[float] = []
            for fold in FOLDS:
                results.append(tried(own(configuration, fold)))
                trial.report(results[-1], fold)
                if trial.should_prune():
                    ended_early += [trial.number] if fold < FOLDS[-1] else []
                    return sum(results) / len(results)
            return sum(results) / len(results)

        study = optuna.create_study(sampler=TPESampler(seed=seed), pruner=WilcoxonPruner(), study_name=str(seed))
        study.optimize(evaluate, n_trials=TRIALS, catch=ArithmeticError)
        optimizer = build("optuna_tpe_wilcoxon", SPACES[label][0], FOLDS, seed)
        assert optimizer.by_fold
        pruned = play_folds(optimizer, ours)
        assert pruned == ended_early
        assert ours.calls == own.calls
        assert 5 < len(pruned) < TRIALS - 5
        values = [[t.value for t in s.trials] for s in (study, optimizer._study.study)]
        assert values[0] == values[1]


def play_folds(optimizer: Any, objective: Objective) -> list[int]:
    """The numbers of those that were ended: each fold alone is reported but the last, of all the mean is told."""
    pruned = []
    for number in range(TRIALS):
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
