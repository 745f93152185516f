"""What each optimiser is held to, and where it departs from its library's defaults: why, and by how much.

The sizes are measured on the loops of tests/support, each with one thing as the library has it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import otherwise

OPTUNA = "`study.optimize`"
PRUNER = "`study.optimize` with `trial.report`, `should_prune`"
SMAC = "`facade.optimize()`"
DEFINITION = "its definition"
HELD_TO = {
    "asha": "`ASHAScheduler`, called as Ray's controller calls it",
    "ax": "`Client`, the loop of the quickstart",
    "botorch_gp": 'the loop of "Getting started"',
    "botorch_qnehvi": "the loop of the tutorial of several objectives",
    "botorch_turbo": "the loop of the tutorial of TuRBO-1",
    "catcma": "the loop of `CatCMAwM`'s documentation",
    "cmaes_bipop": "the loop of `examples/bipop_cma.py`",
    "cmaes_ipop": "the loop of `examples/ipop_cma.py`",
    "default": "no method: one configuration, held",
    "dehb": "`DEHB.run`",
    "fixed": "no method: one configuration, given",
    "grid": DEFINITION,
    **dict.fromkeys(("hyperopt_anneal", "hyperopt_atpe", "hyperopt_random", "hyperopt_tpe"), "`fmin`"),
    **dict.fromkeys(("nevergrad", "nevergrad_cma", "nevergrad_de", "nevergrad_pso"), "`optimizer.minimize`"),
    **dict.fromkeys(("optuna_cmaes", "optuna_cmaes_margin", "optuna_gp", "optuna_nsga2", "optuna_nsga3"), OPTUNA),
    **dict.fromkeys(("optuna_qmc", "optuna_tpe", "optuna_tpe_multivariate"), OPTUNA),
    **dict.fromkeys(("optuna_random_hyperband", "optuna_tpe_hyperband", "optuna_tpe_median"), PRUNER),
    **dict.fromkeys(("optuna_tpe_patient", "optuna_tpe_percentile", "optuna_tpe_sha", "optuna_tpe_wilcoxon"), PRUNER),
    "pymoo_nsga2": "`minimize`",
    **dict.fromkeys(("random", "random_distinct", "random_rungs", "random_sha"), DEFINITION),
    "random_2x": "no other method: `random`",
    "sklearn_sampler": "`ParameterSampler`",
    **dict.fromkeys(("skopt_et", "skopt_rf"), "`forest_minimize`"),
    **dict.fromkeys(("skopt_gp", "skopt_gp_ei", "skopt_gp_lcb", "skopt_gp_pi"), "`gp_minimize`"),
    **dict.fromkeys(("smac_gp", "smac_hyperband", "smac_multifidelity", "smac_parego", "smac_rf"), SMAC),
}
FORESTS = ("smac_rf", "smac_gp", "smac_parego", "smac_multifidelity")
OTHER_SEQUENCES = FORESTS
"""Whose sequences are others than the library's, by a declared difference."""
LOSSES_ALONE = (
    *(name for name in HELD_TO if name.startswith(("skopt", "botorch", "nevergrad", "cmaes_"))),
    *("catcma", "dehb", "hyperopt_atpe", "pymoo_nsga2"),
)


@dataclass(frozen=True)
class Departure:
    """One thing that is otherwise than the library has it."""

    names: Sequence[str]
    what: str
    size: Callable[[], str]


def fixed(text: str) -> Callable[[], str]:
    """A size that follows from what is said, and needs no measuring."""
    return lambda: text


DEPARTURES = (
    Departure(
        FORESTS,
        "SMAC begins its local search at a *set* of configurations, whose order follows from the hashes of their "
        "texts, which Python salts in each process: its own sequence comes again only under one `PYTHONHASHSEED`. The "
        "adapter sorts them, so that a run can be repeated",
        otherwise.start_points,
    ),
    Departure(
        ("smac_rf", "smac_gp", "smac_parego", "smac_hyperband", "smac_multifidelity"),
        "`Scenario(deterministic=True)`: an evaluation here gives the same loss again. SMAC's default evaluates good "
        "configurations with up to three seeds",
        otherwise.deterministic,
    ),
    Departure(
        ("smac_rf", "smac_gp", "smac_parego", "smac_hyperband", "smac_multifidelity", "dehb"),
        "ConfigSpace sorts parameters by name; here their names are numbered (`000_rate`), which keeps the order of "
        "the space's YAML. No difference where the two orders are one",
        otherwise.names,
    ),
    Departure(
        ("smac_rf", "smac_gp", "smac_parego", "smac_multifidelity", "smac_hyperband"),
        "a failed trial costs the worst loss so far. SMAC's own `crash_cost` is infinite, with which the models of its "
        "loop raise; with `crash_cost` set on both sides, trials that fail are compared as well "
        "(`tests/optimizers/test_smac.py`)",
        fixed("the default ends in a `ValueError`"),
    ),
    Departure(
        ("smac_hyperband", "smac_multifidelity"),
        'of several losses `incumbent_selection="highest_budget"`, which the loop beside it has too: with SMAC\'s '
        "default it raises where two of a front have reached different fidelities",
        fixed("the default ends in an `AssertionError`"),
    ),
    Departure(
        ("smac_hyperband", "smac_multifidelity", "dehb"),
        "the lowest fidelity is told as a hair (1e-9) less: both count their rungs by logarithms, and lose one of "
        "some ladders",
        fixed("none, but for such ladders (1 to 243 by 3), which then have all their rungs"),
    ),
    Departure(
        ("optuna_qmc",),
        "`scramble: true`, where the sampler's default is false: an unscrambled sequence is the same for every seed, "
        "so that ten runs would be one",
        otherwise.unscrambled,
    ),
    Departure(
        ("optuna_tpe_multivariate",),
        "`multivariate: true, group: true` are its purpose. In Optuna 5 the first is the default, and without "
        "conditions there is one group: on such a space it is `optuna_tpe`",
        otherwise.multivariate,
    ),
    Departure(
        ("optuna_tpe_hyperband", "optuna_random_hyperband"),
        "the study is named by the seed: a trial's bracket follows from the name, which Optuna draws at random",
        fixed("the library has no sequence without a name"),
    ),
    Departure(
        ("optuna_tpe_percentile", "optuna_tpe_patient"),
        "`percentile: 25.0`, and `patience: 1` around a median rule: arguments without a default",
        fixed("none"),
    ),
    Departure(
        ("optuna_tpe_wilcoxon",),
        "folds are reported in one order; Optuna's documentation recommends another order for each trial",
        fixed("none beside a loop in one order"),
    ),
    Departure(
        ("cmaes_ipop", "cmaes_bipop"),
        "first means are drawn by `default_rng(seed)` over the unit cube. The examples have `RandomState`: seeded as "
        "the strategy is, its random numbers would be the strategy's own",
        otherwise.random_state,
    ),
    Departure(
        ("cmaes_bipop",),
        "goes on until the budget is spent; the example ends after six starts with a large population",
        fixed("none until then"),
    ),
    Departure(
        ("ax",),
        "a failed trial is told as abandoned: a failed one Ax may propose again",
        otherwise.ax_failed,
    ),
    Departure(
        ("botorch_qnehvi",),
        "the tutorial knows the noise of its problem and its reference point; here the noise is inferred, and the "
        "point is `infer_reference_point`'s. The loop beside it does so too",
        fixed("the tutorial's values are of its problem alone"),
    ),
    Departure(
        ("botorch_turbo",),
        "begins again where the region has shrunk away, as the tutorial says and does not show; equal losses are "
        "divided by 1 and not by 0",
        fixed("none until then"),
    ),
    Departure(
        ("hyperopt_atpe", *(name for name in HELD_TO if name.startswith("nevergrad")), "asha"),
        "draws from global random states, which are seeded before the loop beside it; here they are left as they were",
        fixed("the library has no sequence without a seed"),
    ),
    Departure(
        ("hyperopt_atpe",),
        "with workers it is shown the trials alone that have ended; with an open one it raises",
        fixed("the library ends in a `KeyError`"),
    ),
    Departure(
        LOSSES_ALONE,
        "knows no failures: in both loops a failed trial has the worst loss so far",
        fixed("none"),
    ),
)


def numbers(name: str) -> list[int]:
    """Of the departures of an optimiser, from 1."""
    return [number for number, departure in enumerate(DEPARTURES, 1) if name in departure.names]


def sizes(names: Sequence[str]) -> dict[int, str]:
    """By number, of those that concern some of `names`, all where there are none."""
    found = {}
    for number, departure in enumerate(DEPARTURES, 1):
        if not names or set(names) & set(departure.names):
            found[number] = departure.size()
            print(f"difference {number}: {found[number]}", flush=True)
    return found


def without_comparison() -> Iterator[tuple[str, str]]:
    """Rows of what has no sequence to compare."""
    for name in ("default", "fixed", "random_2x"):
        yield name, f"| `{name}` | none | {HELD_TO[name]} | - | - | - | - |"
