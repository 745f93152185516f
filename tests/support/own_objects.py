"""The libraries' own objects, as their documentation has them asked and told: what a log of events is played on.

Each is made of seed, number of trials and number of workers, by the `objects_LIBRARY.py`. Their spaces are those of the
`loops_LIBRARY.py`.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from loops import MIXED, build, only
from loops_botorch import CHEAP, CLOSED_LOOP, FLOATS
from loops_plain import CHOICES
from loops_smac import CRASH, TWO
from loops_turbo import N_CANDIDATES
from objects_ax import ax
from objects_botorch import botorch, turbo
from objects_cmaes import catcma, cma
from objects_dehb import dehb
from objects_hyperopt import fmin
from objects_nevergrad import nevergrad
from objects_optuna import patient, pruner, sampler, study, tpe, wilcoxon
from objects_plain import learns_nothing, random_rungs
from objects_pymoo import pymoo
from objects_ray import asha
from objects_skopt import skopt
from objects_smac import smac, smac_rungs
from side_by_side import FOLDS, LONG, RUNGS, Make

from bench.problems.fidelity import Fidelity
from bench.space import Space


@dataclass(frozen=True)
class Case:
    """A config beside its library's own object."""

    name: str
    own: Make
    space: Space = MIXED
    trials: int = 25
    needs: str = ""
    """A package that is an extra."""
    settings: dict[str, Any] = field(default_factory=dict)
    ladder: Fidelity | None = None
    dear: bool = False
    """Whether it takes seconds: for `make test-all`."""


def built(case: Case, seed: int, workers: int) -> Any:
    """The config's optimiser as the runner builds it for so many workers, its budget the case's trials."""
    resources = None if case.ladder is None else case.ladder.resources
    budget = case.trials if resources is None else None
    return build(case.name, case.space, seed, budget, resources, workers, **case.settings)


SKOPT = only(MIXED, "rate", "leaves", "depth", "act")
RESOURCES = RUNGS.resources
SMALL_MODEL = {"model": {"n_trees": 2}, "acquisition_maximizer": {"challengers": 100, "local_search_iterations": 1}}

PLAIN = [
    Case("random", learns_nothing("random")),
    Case("grid", learns_nothing("grid"), CHOICES),
    Case("sklearn_sampler", learns_nothing("sklearn_sampler")),
    Case("hyperopt_random", fmin("rand")),
    Case("hyperopt_anneal", fmin("anneal")),
    Case("hyperopt_tpe", fmin("tpe"), trials=40),
    Case("hyperopt_atpe", fmin("atpe"), trials=14, dear=True),
    Case("optuna_tpe", study(tpe)),
    Case("optuna_cmaes", study(sampler("CmaEsSampler", warn_independent_sampling=False))),
    Case("optuna_qmc", study(sampler("QMCSampler", scramble=True, warn_independent_sampling=False))),
    Case("optuna_gp", study(sampler("GPSampler")), needs="torch", dear=True),
    Case(
        "optuna_nsga2",
        study(sampler("NSGAIISampler", population_size=8)),
        settings={"population_size": 8},
        trials=40,
    ),
    Case("skopt_gp", skopt("GP"), SKOPT, trials=14),
    Case("skopt_et", skopt("ET", acq_func="EI", acq_optimizer="sampling"), SKOPT, trials=13),
    Case("smac_rf", partial(smac, "rf", SMALL_MODEL), TWO, needs="smac", settings={"crash_cost": CRASH, **SMALL_MODEL}),
    Case("smac_gp", partial(smac, "gp", {}), TWO, trials=16, needs="smac", settings={"crash_cost": CRASH}, dear=True),
    Case("nevergrad", nevergrad("NGOpt"), needs="nevergrad"),
    Case("nevergrad_cma", nevergrad("CMA"), trials=40, needs="nevergrad"),
    Case("nevergrad_de", nevergrad("TwoPointsDE"), trials=60, needs="nevergrad"),
    Case("nevergrad_pso", nevergrad("PSO"), trials=60, needs="nevergrad"),
    Case("catcma", catcma, trials=40),
    Case("cmaes_ipop", cma, only(MIXED, "shrink", "rate", "depth")),
    Case("cmaes_bipop", cma, only(MIXED, "shrink", "rate", "depth")),
    Case("pymoo_nsga2", pymoo, FLOATS, trials=40, needs="pymoo", settings={"pop_size": 10}),
    Case("botorch_gp", botorch, FLOATS, needs="botorch", settings=CHEAP, dear=True),
    Case("botorch_turbo", turbo, FLOATS, needs="botorch", settings={"candidates": N_CANDIDATES}, dear=True),
    Case("ax", ax, FLOATS, trials=14, needs="ax", dear=True),
]
FIDELITIES = [
    Case("asha", asha, needs="ray", ladder=RUNGS),
    Case("dehb", dehb, TWO, trials=60, needs="dehb", ladder=RUNGS),
    Case(
        "smac_hyperband",
        partial(smac_rungs, "smac_hyperband", {}),
        TWO,
        trials=60,
        needs="smac",
        settings={"crash_cost": CRASH},
        ladder=RUNGS,
    ),
    Case(
        "smac_multifidelity",
        partial(smac_rungs, "smac_multifidelity", SMALL_MODEL),
        TWO,
        trials=60,
        needs="smac",
        settings={"crash_cost": CRASH, **SMALL_MODEL},
        ladder=RUNGS,
    ),
    Case("random_rungs", random_rungs, ladder=RUNGS),
    Case("optuna_tpe_wilcoxon", wilcoxon, ladder=FOLDS),
    Case("optuna_tpe_patient", study(tpe, patient, LONG.resources[-1]), trials=40, ladder=LONG),
    *(
        Case(f"optuna_{name}", study(of, made, RESOURCES[-1]), trials=40, ladder=RUNGS)
        for name, of, made in (
            ("random_hyperband", sampler("RandomSampler"), pruner("HyperbandPruner", 1, RESOURCES[-1], 3)),
            ("tpe_median", tpe, pruner("MedianPruner")),
            ("tpe_percentile", tpe, pruner("PercentilePruner", 25.0)),
            ("tpe_sha", tpe, pruner("SuccessiveHalvingPruner", 1, 3, min_early_stopping_rate=0)),
        )
    ),
]

SHIPPED = [case for case in PLAIN + FIDELITIES if not case.settings]
SHIPPED += [
    Case("random_distinct", learns_nothing("random_distinct")),
    Case("optuna_tpe_multivariate", study(sampler("TPESampler", multivariate=True, group=True))),
    Case("optuna_cmaes_margin", study(sampler("CmaEsSampler", with_margin=True, warn_independent_sampling=False))),
    Case("optuna_nsga2", study(sampler("NSGAIISampler")), trials=120),
    Case("optuna_nsga3", study(sampler("NSGAIIISampler")), trials=120),
    Case("skopt_gp_ei", skopt("GP", acq_func="EI"), SKOPT, trials=14),
    Case("skopt_gp_lcb", skopt("GP", acq_func="LCB"), SKOPT, trials=14),
    Case("skopt_gp_pi", skopt("GP", acq_func="PI"), SKOPT, trials=14),
    Case("skopt_rf", skopt("RF", acq_func="EI", acq_optimizer="sampling"), SKOPT, trials=13),
    Case("pymoo_nsga2", partial(pymoo, sizes={}), FLOATS, trials=250, needs="pymoo"),
    Case("botorch_gp", partial(botorch, search=CLOSED_LOOP), FLOATS, trials=14, needs="botorch"),
    Case("botorch_turbo", partial(turbo, candidates=2000), FLOATS, trials=14, needs="botorch"),
    Case(
        "optuna_tpe_hyperband",
        study(tpe, pruner("HyperbandPruner", 1, RESOURCES[-1], 3), RESOURCES[-1]),
        trials=40,
        ladder=RUNGS,
    ),
    Case("smac_rf", partial(smac, "rf", {}, crash_cost=None), TWO, needs="smac"),
    Case("smac_gp", partial(smac, "gp", {}, crash_cost=None), TWO, trials=16, needs="smac"),
    *(
        Case(name, partial(smac_rungs, name, {}, crash_cost=None), TWO, trials=60, needs="smac", ladder=RUNGS)
        for name in ("smac_hyperband", "smac_multifidelity")
    ),
]
"""Configs as they are, and more of them."""
