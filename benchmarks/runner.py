"""What the suite itself costs: a command's start, a trial, a run of a sweep, and to enumerate a large one.

Times are CPU seconds (user and system, of all processes), the least of several, so that a busy machine does not change
them much; the last column is the bound that we hold. Exits with status 1 where one does not hold.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from omegaconf import DictConfig

from bench.config import catalogue
from bench.engines import local
from bench.problems import Evaluation
from bench.problems.data import DataProblem
from bench.running import run, sweep
from bench.running.plan import plan_runs
from bench.running.run import RunSpec
from bench.space import Configuration, Space

FUNCTION = ["dataset=function", "model=branin", "model.stored=true", "optimizer=random"]
TABLE = ["dataset=recorded", "dataset.table=hpobench/vehicle", "model=recorded", "seeds=paired"]
REPLAY = ["dataset=replay", "dataset.experiment=otto_reference", "model=replay"]
FREE = ["dataset=function", "model=branin"]
MODEL = [
    "model.name=free",
    "model.class=runner.Free",
    "~model.settings",
    "+model.settings={}",
    "threads=1",
]


class Free:
    """A model that costs nothing."""

    revision = 1
    libraries = ("numpy",)
    threads_matter = False

    def __init__(self, task: str, classes: int) -> None:
        self.curve: list[float] = []
        self._classes = classes

    def fit(self, *_: object) -> "Free":
        return self

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        return np.full((len(features), self._classes), 1 / self._classes)

    def details(self) -> dict[str, object]:
        return {}


class Instant:
    """An optimiser that costs next to nothing and never asks twice for the same."""

    def __init__(self, space: Space, seed: int, budget: int | None) -> None:
        self._point = space.default()

    def ask(self) -> Configuration:
        self._point["lambda_l1"] = cast("float", self._point["lambda_l1"]) + 1e-6
        return dict(self._point)

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None: ...


def main() -> int:
    """Measure, print the table, and say by the exit status whether every bound holds."""
    sys.path.insert(0, str(Path(__file__).parent))
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(str(catalogue.conf_dir()), version_base="1.3"):
        os.chdir(folder)
        rows = [
            ("bench run of one trial of a function, start to exit", least(start), 1.5, "s"),
            ("a trial of a function, threads=1", least(lambda: per_trial_of_function("threads=1")), 0.3, "ms"),
            ("a trial of a function, threads as they come", least(per_trial_of_function), 0.3, "ms"),
            ("a trial of a function, threads=8", least(lambda: per_trial_of_function("threads=8")), 0.3, "ms"),
            ("a run of 100 trials on a function that is not stored", least(lambda: unstored(*FREE)), 30.0, "ms"),
            ("a run of 100 trials on a recorded table", least(lambda: unstored(*TABLE)), 30.0, "ms"),
            (
                "a run of 100 trials on a permuted function",
                least(lambda: unstored(*FREE, "control=permuted")),
                30.0,
                "ms",
            ),
            (
                "a run of 100 trials on a permuted table",
                least(lambda: unstored(*TABLE, "control=permuted")),
                30.0,
                "ms",
            ),
            ("a run of 100 trials on a replay of otto_reference", least(replayed), 30.0, "ms"),
            ("a trial of a model whose curve has 300 rounds", least(per_trial), 0.5, "ms"),
            ("a run of a sweep", least(per_run), 10.0, "ms"),
            ("10,000 runs enumerated", enumerated(10_000), 5.0, "s"),
        ]
    for name, value, bound, unit in rows:
        print(f"{name:<54} {value:8.3f} {unit:<2}  bound {bound:g} {unit}  {'ok' if value <= bound else 'TOO MUCH'}")
    return int(any(value > bound for _, value, bound, _ in rows))


def composed(choices: list[str]) -> DictConfig:
    """What Hydra makes of choices without a sweep."""
    return compose("bench", choices)


def specs(*overrides: str) -> list[RunSpec]:
    """The runs that overrides select, with a model that costs nothing."""
    return list(sweep.enumerate_runs(composed, None, [*MODEL, *overrides]))


def least(measure: Callable[[], float], times: int = 3) -> float:
    """The least of several measurements, each in an empty folder."""
    values = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            values.append(measure())
            os.chdir("/")
    return min(values)


def cpu() -> float:
    """The CPU seconds that this process and its ended children have taken."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def taken(call: Callable[[], object]) -> float:
    """The CPU seconds that a call takes."""
    before = cpu()
    call()
    return cpu() - before


def start() -> float:
    """CPU seconds of `bench run` of one trial of a function, from the process's start to its exit."""
    command = [sys.executable, "-m", "bench", "run", *FUNCTION, "budget.trials=1"]
    return taken(lambda: subprocess.run(command, check=True, capture_output=True))


def per_trial_of_function(*overrides: str, trials: int = 4000) -> float:
    """Milliseconds per trial of random search on a function, store and table included, less a run of one trial."""
    seconds: dict[str, float] = {}
    for name, budget in (("first", 1), ("one", 1), ("many", trials)):  # the first loads what is loaded once
        chosen = [*FUNCTION, f"budget.trials={budget}", f"name={name}", f"seed={budget + len(name)}", *overrides]
        (spec,) = sweep.enumerate_runs(composed, None, chosen)
        seconds[name] = taken(lambda: run.execute(spec))  # noqa: B023 - called at once
    return 1e3 * (seconds["many"] - seconds["one"]) / (trials - 1)


def unstored(*problem: str, runs: int = 40) -> float:
    """Milliseconds per run of 100 trials of random search, a seed each, where evaluations are not stored."""
    chosen = [*problem, "optimizer=random", "budget.trials=100", "threads=1", f"seed=range(0,{runs + 1})"]
    first, *others = sweep.enumerate_runs(composed, None, chosen)
    run.execute(first)  # it loads what is loaded once

    def all_others() -> None:
        for spec in others:
            run.execute(spec)

    return 1e3 * taken(all_others) / runs


def replayed() -> float:
    """The same of a replay of the checkout's results; its surrogate is fitted before."""
    folder = "results/otto_reference"
    shutil.copytree(Path(__file__).parents[1] / folder, folder)
    return unstored(*REPLAY)


def per_trial(trials: int = 3000) -> float:
    """Milliseconds per trial of a run whose optimiser and model cost nothing, less what a run of one trial costs."""
    fixed = Evaluation(1.0, 1.0, 0.0, "ok", None, {"rounds": 300, "curve": [0.123456] * 300})
    evaluate = DataProblem.evaluate
    DataProblem.evaluate = lambda *_: fixed  # type: ignore[method-assign]
    try:
        instant = "optimizer.class=runner.Instant"
        seconds: dict[str, float] = {}
        for name, budget in (("first", 1), ("one", 1), ("many", trials)):  # the first loads what is loaded once
            (spec,) = specs("dataset=wine", instant, f"budget.trials={budget}", f"name={name}")
            seconds[name] = taken(lambda: run.execute(spec))  # noqa: B023 - called at once
        return 1e3 * (seconds["many"] - seconds["one"]) / (trials - 1)
    finally:
        DataProblem.evaluate = evaluate  # type: ignore[method-assign]


def per_run(runs: int = 400) -> float:
    """Milliseconds per run of one trial in a sweep, all processes together, less a sweep of two runs: workers start."""

    def sweep_of(count: int) -> None:
        plan = plan_runs(specs(f"seed=range(0,{count})", "dataset=wine", "budget.trials=1", f"name=of{count}"))
        assert len(plan.to_do) == count
        assert not local.execute(plan.to_do, workers=2)

    small = taken(lambda: sweep_of(2))
    return 1e3 * (taken(lambda: sweep_of(runs)) - small) / (runs - 2)


def enumerated(runs: int) -> float:
    """Seconds to enumerate and plan a sweep of ten compositions."""
    optimizers = "optimizer=random,grid,skopt_gp,hyperopt_tpe,optuna_tpe"

    def enumerate_and_plan() -> None:
        many = specs(optimizers, "dataset=wine,digits", f"seed=range(0,{runs // 10})", "name=enumerated")
        assert len(plan_runs(many).to_do) == runs

    return taken(enumerate_and_plan)


if __name__ == "__main__":
    sys.exit(main())
