"""Conditional spaces: every branch is asked for, and what a library cannot model is declared."""

import pytest
from adapters import in_part, one_each
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from loops import build, run
from spaces import CONDITIONAL, FLAT, spaces

from bench.optimizers import optuna_samplers
from bench.space import Space, to_json
from bench.space.parsing import parse

FAST = ["random", "grid", "sklearn_sampler", "hyperopt_random", "hyperopt_anneal", "hyperopt_tpe", "optuna_tpe"]
FAST += ["optuna_tpe_multivariate", "optuna_qmc", "optuna_cmaes", "optuna_cmaes_margin", "cmaes_ipop", "cmaes_bipop"]
FAST += ["optuna_nsga2"]
FEW = {"skopt_gp": 20, "skopt_rf": 20, "skopt_et": 20, "hyperopt_atpe": 20}
"""Trials of those that take a tenth of a second for each."""
PLANNING = ["catcma", "nevergrad", "nevergrad_de", "nevergrad_pso"]
"""Which need more, and where a budget plans them, one of as many."""
SHOWN = ["skopt_gp", "skopt_rf", "hyperopt_atpe", "optuna_cmaes_margin", "cmaes_ipop", "cmaes_bipop"]
"""Which show inactive parameters to their library."""


@pytest.mark.parametrize("name", [*FAST, *one_each(FEW), *PLANNING, in_part("smac_rf", tried=False)])
def test_conditional_spaces_give_valid_configurations_of_every_branch(name: str) -> None:
    if name.startswith(("nevergrad", "smac")):
        pytest.importorskip(name.partition("_")[0])
    if name in PLANNING or name == "smac_rf":
        asked = run(build(name, CONDITIONAL, 0, 200), 70 if name == "smac_rf" else 200)
    else:
        asked = run(build(name, CONDITIONAL, 0), FEW.get(name, 100))
    for configuration in asked:
        assert list(CONDITIONAL.canonical(configuration).items()) == list(configuration.items())
    everywhere = {parameter for configuration in asked for parameter in configuration}
    few = name in FEW or name.startswith("cmaes_")  # which converges before it has seen all
    assert everywhere >= {p.name for p in CONDITIONAL.parameters} - ({"skip", "gain", "scale"} if few else set())
    if name == "grid":
        assert len(set(map(to_json, asked))) == len(asked)


@pytest.mark.parametrize("name", one_each(name for name in FAST if name not in ("random", "grid")))
@given(space=spaces(), seed=st.integers(0, 99))
@examples(10)
def test_any_space_is_translated(name: str, space: Space, seed: int) -> None:
    optimizer = build(name, space, seed)
    for configuration in run(optimizer, 25):
        assert list(space.canonical(configuration).items()) == list(configuration.items())


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_as_active_is_declared(name: str) -> None:
    assert "shown as active" in build(name, CONDITIONAL).declared.inactive
    assert build(name, FLAT).declared.inactive == "absent"


@pytest.mark.parametrize("name", ["hyperopt_tpe", "hyperopt_anneal", "optuna_tpe", "optuna_cmaes", "optuna_qmc"])
def test_the_others_are_shown_active_parameters_alone(name: str) -> None:
    assert build(name, CONDITIONAL).declared.inactive == "absent"


def test_the_multivariate_tpe_models_the_groups_of_a_conditional_space_together() -> None:
    """With groups its sequences differ from those without, on conditional spaces alone."""
    grouped = run(build("optuna_tpe_multivariate", CONDITIONAL, 1), 40)
    assert grouped != run(build("optuna_tpe_multivariate", CONDITIONAL, 1, group=False), 40)
    flat = [run(build("optuna_tpe_multivariate", FLAT, 1, group=group), 40) for group in (True, False)]
    assert flat[0] == flat[1]


# Optuna's CMA-ES.


def test_cmaes_declares_what_it_draws_at_random() -> None:
    assert "always random: act" in optuna_samplers.CMAES(FLAT, 0, None).declared.fallback
    assert "first generation" in optuna_samplers.CMAES(CONDITIONAL, 0, None).declared.fallback
    assert "generation" not in optuna_samplers.CMAES(FLAT, 0, None).declared.fallback
    assert "generation" not in build("optuna_cmaes_margin", CONDITIONAL).declared.fallback


@pytest.mark.parametrize("seed", range(4))
def test_cmaes_gives_up_where_a_parameter_is_first_missing_after_the_first_generation(seed: int) -> None:
    numbers = {name: {"type": "float", "low": 0.0, "high": 1.0} for name in ("x", "y", "z")}
    kind = {"type": "categorical", "choices": list(range(12))}
    space = parse({"kind": kind, **numbers, "z": numbers["z"] | {"when": {"kind": list(range(11))}}})
    optimizer = optuna_samplers.CMAES(space, seed, None)
    lacking = next(i for i, configuration in enumerate(run(optimizer, 50)) if "z" not in configuration)
    generations = [trial.system_attrs.get("cma:generation") for trial in optimizer.study.trials]
    assert generations[0] is None
    if lacking <= 7:  # the start and the first seven of a generation, for three numbers
        assert None not in generations[1:]
    else:
        assert None not in generations[1 : lacking + 1]
        assert set(generations[lacking + 1 :]) == {None}


def test_with_margin_optuna_fails_where_parameters_come_and_go_so_that_the_adapter_suggests_them_all() -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.CmaEsSampler(seed=1, with_margin=True))

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        return x + trial.suggest_float("y", 0.0, 1.0) + (trial.suggest_int("n", 1, 4) if trial.number != 2 else 0)

    with pytest.raises(ValueError, match="inhomogeneous"):
        study.optimize(objective, n_trials=60)
