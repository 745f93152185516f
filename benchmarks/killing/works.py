"""The sweeps that are disturbed: cheap ones, of models, functions, fidelities, simulated workers and packs."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

_PLAIN: list[str] = import_module("commands").TOY
_PARTS = {
    "toy": [*_PLAIN, "model.class=killing.parts.LoggedToy"],
    "rounds": [
        *_PLAIN,
        "model.class=killing.parts.LoggedRounds",
        "+model.fidelity={unit: rounds, low: 1, high: 9, eta: 3}",
        "budget.trials=null",
    ],
    "branin": shlex.split(
        "dataset=function model=branin model.function=killing.parts.branin model.baseline=0 model.minimum=null"
    ),
    "lightgbm": shlex.split("dataset=wine model=lightgbm model.class=killing.parts.LoggedLightGBM"),
    "xgboost": shlex.split("dataset=wine model=xgboost model.class=killing.parts.LoggedXGBoost"),
    "knn": shlex.split("dataset=iris model=knn model.class=killing.parts.LoggedEstimator"),
    "keras": shlex.split("dataset=iris model=keras_mlp model.class=killing.parts.LoggedKerasMLP"),
}
"""Overrides that choose what is evaluated, with a log: see `killing.parts`."""


@dataclass(frozen=True)
class Work:
    """A sweep, or a single run."""

    name: str
    shows: str
    """What it is there for."""
    part: str
    """One of `_PARTS`."""
    overrides: str
    evaluations: int
    """How many it begins, roughly: strikes fall within them."""
    sleep: float = 0.08
    """Seconds that an evaluation takes at least, where it is disturbed."""
    single: bool = False
    """Whether it is one run, in the process of the command."""
    stored: bool = True
    """Whether its evaluations are stored; others are made again after a kill."""
    once: bool = True
    """Whether a configuration is evaluated once: not where it is at several fidelities, folds or splits."""
    before: str = ""
    """Overrides of a sweep that is done before, undisturbed: a smaller budget."""

    @property
    def command(self) -> Sequence[str]:
        """The arguments of `bench`, without engine and store."""
        return ["run", *([] if self.single else ["-m"]), *_PARTS[self.part], *shlex.split(self.overrides)]


_ALL = [
    Work(
        "toy",
        "three optimisers at full fidelity",
        "toy",
        "optimizer=random,optuna_tpe,hyperopt_tpe seed=0,1 budget.trials=10",
        60,
    ),
    Work(
        "single",
        "one run, in the command's own process",
        "toy",
        "optimizer=optuna_cmaes budget.trials=30",
        30,
        single=True,
    ),
    Work(
        "shared design",
        "a shared initial design, paired splits",
        "toy",
        "optimizer=random,skopt_rf seed=0,1 budget.trials=10 initial_design=shared seeds=paired",
        32,
        once=False,
    ),
    Work(
        "k-fold",
        "cross-validation",
        "toy",
        "optimizer=sklearn_sampler,nevergrad_de seed=0 budget.trials=12 resampling=kfold resampling.k=3",
        72,
        sleep=0.03,
        once=False,
    ),
    Work(
        "packed",
        "results that are packed at the end",
        "toy",
        "optimizer=random,optuna_qmc seed='range(0,4)' budget.trials=5 results.pack=true",
        40,
    ),
    Work(
        "raised",
        "a finished sweep whose budget is raised",
        "toy",
        "optimizer=random,optuna_tpe seed=0,1 budget.trials=12",
        24,
        before="budget.trials=6",
    ),
    Work(
        "objectives",
        "two losses, and the box of their hypervolume",
        "toy",
        "optimizer=random,optuna_nsga2 seed=0,1 budget.trials=8 objectives=[log_loss,error]",
        240,
        sleep=0.02,
    ),
    Work(
        "function",
        "a function whose evaluations are stored",
        "branin",
        "optimizer=cmaes_ipop,nevergrad_pso seed=0,1 budget.trials=20 model.stored=true",
        80,
        sleep=0.05,
    ),
    Work(
        "unstored",
        "a function whose evaluations are not stored",
        "branin",
        "optimizer=random,pymoo_nsga2 seed=0,1 budget.trials=30",
        120,
        sleep=0.03,
        stored=False,
        once=False,
    ),
    Work(
        "lightgbm",
        "LightGBM",
        "lightgbm",
        "model.settings.rounds=10 optimizer=random,optuna_tpe_multivariate seed=0,1 budget.trials=8",
        32,
    ),
    Work(
        "xgboost",
        "XGBoost",
        "xgboost",
        "model.settings.rounds=10 optimizer=random,hyperopt_anneal seed=0,1 budget.trials=8",
        32,
    ),
    Work("knn", "scikit-learn's neighbours", "knn", "optimizer=random,skopt_gp seed=0,1 budget.trials=8", 32),
    Work(
        "keras",
        "the Keras network",
        "keras",
        "model.settings.epochs=3 optimizer=random seed=0,1 budget.trials=6",
        12,
        sleep=0.1,
    ),
    Work(
        "halving",
        "fidelities: successive halving",
        "rounds",
        "optimizer=random_sha,dehb seed=0,1 budget.cost=5",
        60,
        once=False,
    ),
    Work(
        "pruned",
        "fidelities: pruners",
        "rounds",
        "optimizer=optuna_tpe_median,optuna_tpe_hyperband seed=0,1 budget.cost=5",
        60,
        once=False,
    ),
    Work(
        "boosted rungs",
        "fidelities: LightGBM's rounds",
        "lightgbm",
        "model.settings.rounds=9 model.fidelity.low=1 optimizer=random_rungs,optuna_tpe_sha seed=0,1 budget.cost=4 "
        "budget.trials=null",
        40,
        once=False,
    ),
    Work(
        "workers",
        "four simulated workers",
        "toy",
        "optimizer=random,optuna_tpe,nevergrad_de seed=0,1 budget.trials=10 workers=4 clock=cost",
        60,
    ),
    Work(
        "halving by workers",
        "fidelities and three simulated workers",
        "rounds",
        "optimizer=random_sha,optuna_tpe_median seed=0,1 budget.cost=5 workers=3 clock=cost",
        60,
        once=False,
    ),
    Work(
        "isolated",
        "evaluations in child processes",
        "toy",
        "optimizer=random,hyperopt_random seed=0 budget.trials=15 isolation=process",
        30,
    ),
]
WORKS = {work.name: work for work in _ALL}
