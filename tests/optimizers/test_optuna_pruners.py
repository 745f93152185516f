"""Optuna's pruners ask for, prune and keep what `study.optimize` does, as the library is."""

import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import optuna
import pytest
from adapters import in_part
from drawing import ALL
from ladder import FOLDS, RESOURCES, Objective, build, play
from loops import MIXED, NESTED
from optuna.trial import TrialState
from pruner_loops import CASES, LONG, SET, SPACES, both, held, of_folds

from bench.errors import UserError
from bench.space import to_json

TRIALS = 150 if ALL else 60
SEEDS = range(4) if ALL else [3]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
    optuna.logging.set_verbosity(verbosity)


@pytest.mark.parametrize(
    ("case", "label"),
    [
        in_part((case, label), label == "flat" or case not in SET, id=f"{case}-{label}")
        for case in CASES
        for label in SPACES
    ],
)
def test_a_pruned_study_is_that_of_optunas_own_loop(case: str, label: str) -> None:
    states, resources = Counter[TrialState](), set[int]()
    ladder = LONG if case.startswith(("median_late", "patient")) else RESOURCES
    for seed in SEEDS:
        made = both(case, label, ladder, seed, TRIALS)
        trials = held(made.study)
        assert made.ours.calls == made.own.calls
        assert held(made.optimizer._study.study) == trials
        assert [result.pruned for result in made.ended] == [state == TrialState.PRUNED for state, *_ in trials]
        assert [result.failed for result in made.ended] == [state == TrialState.FAIL for state, *_ in trials]
        states.update(state for state, *_ in trials)
        resources |= {result.resource for result in made.ended if result.pruned}
    assert len(resources) > 1
    assert min(states[TrialState.PRUNED], states[TrialState.FAIL]) > 2
    assert states[TrialState.COMPLETE] > 0


@pytest.mark.parametrize("label", SPACES)
def test_the_signed_rank_test_is_that_of_optunas_documented_loop(label: str) -> None:
    for seed in SEEDS:
        made = of_folds(label, seed, TRIALS)
        assert made.optimizer.by_fold
        assert made.our_ended == made.own_ended
        assert made.ours.calls == made.own.calls
        assert 5 < len(made.our_ended) < TRIALS - 5
        values = [[t.value for t in s.trials] for s in (made.study, made.optimizer._study.study)]
        assert values[0] == values[1]


def test_the_mean_of_folds_that_optuna_compares_is_the_value_of_the_best_trial() -> None:
    """Were the last fold left out, a trial ended early on easy folds would become the best one."""
    optimizer = build("optuna_tpe_wilcoxon", MIXED, FOLDS)
    for losses in ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 8.0], [1.1, 1.2, 1.3, 1.1, 1.2, 1.3, 1.0]):
        proposal = optimizer.ask()
        ended = [optimizer.report(proposal, fold, losses[fold - 1]) for fold in FOLDS[:-1]]
        assert ended == [False] * 6
        optimizer.tell(proposal, sum(losses) / 7)
    study = optimizer._study.study
    assert study.best_trial.number == 1
    for trial in study.trials:
        assert sum(trial.intermediate_values.values()) / 7 == pytest.approx(trial.value)


# Hyperband's brackets.


def brackets(optimizer: Any) -> list[int]:
    study = optimizer._study.study
    return [study.pruner._get_bracket_id(study, trial) for trial in study.trials]


def test_brackets_are_those_of_the_seed_whatever_the_sampler() -> None:
    drawn = {}
    for name, seed in (("optuna_tpe_hyperband", 0), ("optuna_random_hyperband", 0), ("optuna_tpe_hyperband", 1)):
        optimizer = build(name, MIXED, RESOURCES, seed)
        play(optimizer, RESOURCES, 40)
        drawn[name, seed] = brackets(optimizer)
        assert set(drawn[name, seed]) == {0, 1, 2, 3}
        assert "a hash of the study's name, which is the seed" in optimizer.declared.fallback
    assert drawn["optuna_tpe_hyperband", 0] == drawn["optuna_random_hyperband", 0]
    assert drawn["optuna_tpe_hyperband", 0] != drawn["optuna_tpe_hyperband", 1]


@pytest.mark.parametrize("resources", [(1, 3, 9, 27), (1, 3, 9, 27, 81, 243), (1, 10, 100, 1000), (1, 5, 25, 125)])
def test_a_bracket_that_optunas_logarithm_leaves_out_is_declared(resources: tuple[int, ...]) -> None:
    optimizer = build("optuna_random_hyperband", MIXED, resources)
    play(optimizer, resources, 1)
    count = optimizer._study.study.pruner._n_brackets
    assert (count == len(resources)) == (resources[-1] not in (243, 1000))
    assert (f"{count} of {len(resources)}" in optimizer.declared.fallback) == (count < len(resources))


def test_tpe_models_once_ten_trials_of_all_brackets_have_ended() -> None:
    """Optuna's documentation says, of the bracket of the trial."""
    runs = []
    for startup in (10, 1_000):
        objective = Objective(fails=lambda *_: False)
        optimizer = build("optuna_tpe_hyperband", MIXED, RESOURCES, n_startup_trials=startup)
        runs.append([to_json(e.proposal.configuration) for e in play(optimizer, RESOURCES, 12, objective)])
    assert runs[0][:10] == runs[1][:10]
    assert runs[0][10] != runs[1][10]
    assert max(Counter(brackets(optimizer)[:10]).values()) < 10


# Declarations and settings.


def test_what_is_declared_of_the_start() -> None:
    of_group = build("optuna_tpe_sha", NESTED, RESOURCES, multivariate=True, group=True, n_startup_trials=3)
    assert of_group.declared.fallback == (
        "random until 3 trials have succeeded or were pruned; parameters that no such trial had before are random"
    )
    assert build("optuna_tpe_median", NESTED, RESOURCES).declared.fallback.startswith("random until 10 trials")
    assert "random until" not in build("optuna_random_hyperband", NESTED, RESOURCES).declared.fallback
    assert "with the mean of its folds" in build("optuna_tpe_wilcoxon", NESTED, FOLDS).declared.fallback


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("median", {"n_startup_trials": -1}, "n_startup_trials=-1: expected a whole number from 0"),
        ("median", {"n_warmup_steps": 1.5}, "n_warmup_steps=1.5: expected a whole number from 0"),
        ("median", {"interval_steps": 0}, "interval_steps=0: expected a whole number from 1"),
        ("median", {"n_min_trials": "2"}, "n_min_trials='2': expected a whole number from 1"),
        ("percentile", {"percentile": 120}, "percentile=120: expected a number from 0 to 100"),
        ("percentile", {"percentile": "25"}, "percentile='25': expected a number from 0 to 100"),
        ("percentile", {}, ".*missing 1 required positional argument: 'percentile'"),
        ("patient", {"patience": -1, "wrapped_pruner": None}, "patience=-1: expected a whole number from 0"),
        ("patient", {"patience": 1, "wrapped_pruner": None, "min_delta": -0.1}, "min_delta=-0.1: expected a number"),
        ("patient", {"patience": 1, "wrapped_pruner": "median"}, "wrapped_pruner='median': expected a mapping"),
        ("patient", {"patience": 1, "wrapped_pruner": {"gamma": 1}}, "wrapped_pruner.gamma: unknown; allowed: n_start"),
        ("wilcoxon", {"p_threshold": 1.5}, "p_threshold=1.5: expected a number from 0 to 1"),
        ("wilcoxon", {"n_startup_steps": True}, "n_startup_steps=True: expected a whole number from 0"),
        ("sha", {"bootstrap_count": -2}, "bootstrap_count=-2: expected a whole number from 0"),
        ("sha", {"reduction_factor": 2}, "reduction_factor: follows from the rungs of the model's fidelity"),
        ("hyperband", {"max_resource": 9}, "max_resource: follows from the rungs of the model's fidelity"),
        ("hyperband", {"n_startup_trials": 3}, "n_startup_trials: unknown; allowed: bootstrap_count"),
        ("median", [1], r"=\[1\]: expected a mapping"),
    ],
)
def test_a_pruners_setting_that_cannot_be_used_is_named(name: str, settings: Any, message: str) -> None:
    with pytest.raises(UserError, match=rf"^optimizer\.settings\.pruner(\.|: )?{message}") as refused:
        build(f"optuna_tpe_{name}", MIXED, RESOURCES, pruner=settings)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "cmaes"}, r"optimizer\.settings\.sampler='cmaes': unknown; allowed: random, tpe"),
        ({"sampler": ["tpe"]}, r"optimizer\.settings\.sampler=\['tpe'\]: unknown; allowed: random, tpe"),
        ({"n_startup_trials": -4}, r"optimizer\.settings\.n_startup_trials=-4: expected a whole number from 0"),
        ({"gama": 1}, r"optimizer\.settings: .*gama"),
        ({"sampler": "random", "group": True}, r"optimizer\.settings: .*group"),
    ],
)
def test_a_samplers_setting_that_cannot_be_used_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build("optuna_tpe_hyperband", MIXED, RESOURCES, **settings)
