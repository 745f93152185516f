"""What a sweep costs beyond its trainings: share of core time, against loops written by hand, and 10,000 cheap runs.

Run as `python benchmarks/efficiency.py` (some ten minutes; `--quick` a minute, whose shares are too low, as a sweep's
start counts for more). Exits with status 1 where a bound does not hold. Nothing else should run meanwhile.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from bench.running.cores import cores

PROBLEM = ["dataset=digits", "model=lightgbm"]
SHARE, RATIO, STATUS, FLAT = 0.95, 1.0, 5.0, 1.2
"""Bounds: share of core time; of the time by hand; seconds of `bench status`; memory with ten times as many runs."""


def main() -> int:
    quick = argparse.ArgumentParser(description=__doc__)
    quick.add_argument("--quick", action="store_true", help="a minute, for a look")
    small = quick.parse_args().quick
    held = [share(*((2, 5) if small else (20, 25))), by_hand(*((1, 5) if small else (1, 10)))]
    held += list(many(*((100, 1000) if small else (1000, 10_000))))
    return int(not all(held))


def share(runs_per_core: int, trials: int) -> bool:
    """How much of all core time a random-search sweep of LightGBM spends in training, start and end included."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = f"seed=range(0,{runs_per_core * cores()})"
        seconds = sweep(folder, *PROBLEM, "optimizer=random", seeds, f"budget.trials={trials}")
        training = pd.read_parquet(Path(folder) / "results/e")["evaluate_seconds"].sum()
    trained = training / (cores() * seconds)
    what = f"training's share of core time, {runs_per_core} runs of {trials} trials a core"
    return line(what, trained, "", SHARE, trained >= SHARE)


def by_hand(seeds: int, trials: int) -> bool:
    """A sweep's time on the clock, over that of the same trials one after the other with LightGBM's default threads."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = ["optimizer=random,optuna_tpe", f"seed=range(0,{seeds})", f"budget.trials={trials}"]
        ours = sweep(folder, *PROBLEM, *chosen)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    start = time.perf_counter()
    subprocess.run([sys.executable, __file__, "by-hand", str(seeds), str(trials)], check=True, env=environment)
    ratio = ours / (time.perf_counter() - start)
    return line("a sweep's time over that of loops by hand with default threads", ratio, "", RATIO, ratio <= RATIO)


def loops(seeds: int, trials: int) -> None:
    """Random search and Optuna's TPE as anyone would write them: LightGBM on digits, 60/20/20, early stopping."""
    import lightgbm
    import numpy as np
    import optuna
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    x, y = load_digits(return_X_y=True)
    x, _, y, _ = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    a, b, c, d = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)

    def objective(trial: Any) -> float:
        parameters = {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 8, 256, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 200, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 1.0),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
            "lambda_l1": trial.suggest_float("lambda_l1", 1e-8, 10.0, log=True),
            "lambda_l2": trial.suggest_float("lambda_l2", 1e-8, 10.0, log=True),
        }
        fixed = {"objective": "multiclass", "num_class": 10, "bagging_freq": 1, "verbosity": -1}
        data = lightgbm.Dataset(a, c)
        fitted = lightgbm.train(
            {**fixed, **parameters},
            data,
            300,
            valid_sets=[lightgbm.Dataset(b, d, reference=data)],
            callbacks=[lightgbm.early_stopping(20, verbose=False)],
        )
        p = np.asarray(fitted.predict(b))
        return float(-np.log(np.clip(p[np.arange(len(d)), d], 1e-15, 1)).mean())

    for sampler in (optuna.samplers.RandomSampler, optuna.samplers.TPESampler):
        for seed in range(seeds):
            optuna.create_study(sampler=sampler(seed=seed)).optimize(objective, n_trials=trials)


def many(*sizes: int) -> Iterator[bool]:
    """Experiments of cheap runs: time and memory by their number, and how long `status` takes."""
    measured = []
    for runs in sizes:
        with tempfile.TemporaryDirectory() as folder:
            peaks: dict[str, float] = {}
            cheap = ["dataset=function", "model=branin", "optimizer=random", "budget.trials=2"]
            seconds = sweep(folder, *cheap, f"seed=range(0,{runs})", peaks=peaks)
            start = time.perf_counter()
            subprocess.run(bench("status", "e"), cwd=folder, check=True, capture_output=True)
            measured.append({"runs": runs, "seconds": seconds, "status": time.perf_counter() - start, **peaks})
    for figures in measured:
        line(
            f"{figures['runs']:,} cheap runs: a run's time on the clock",
            1e3 * figures["seconds"] / figures["runs"],
            "ms",
        )
        line(f"{figures['runs']:,} cheap runs: memory of the command", figures["command"], "MB")
        line(f"{figures['runs']:,} cheap runs: memory of a worker", figures["worker"], "MB")
        status = figures["status"]
        yield line(f"{figures['runs']:,} cheap runs: bench status", status, "s", STATUS, status <= STATUS)
    growth = max(measured[-1][who] / measured[0][who] for who in ("command", "worker"))
    yield line("memory with ten times as many runs", growth, "times", FLAT, growth <= FLAT)


def sweep(folder: str, *overrides: str, peaks: dict[str, float] | None = None) -> float:
    """Seconds that a sweep takes on the clock; `peaks` gets the greatest memory of the command and of a worker, MB."""
    start = time.perf_counter()
    process = subprocess.Popen(bench("run", "-m", "name=e", *overrides), cwd=folder, stderr=subprocess.PIPE, text=True)
    family = psutil.Process(process.pid)
    while process.poll() is None:
        if peaks is not None:
            _note(family, peaks)
        time.sleep(0.2)
    seconds = time.perf_counter() - start
    assert process.stderr is not None
    if process.returncode:
        sys.exit(process.stderr.read())
    return seconds


def _note(family: psutil.Process, peaks: dict[str, float]) -> None:
    try:
        sizes = {"command": [family.memory_info().rss]}
        sizes["worker"] = [child.memory_info().rss for child in family.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for who, bytes_each in sizes.items():
        peaks[who] = max([peaks.get(who, 0.0), *(size / 1e6 for size in bytes_each)])


def bench(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bench", *arguments]


def line(what: str, value: float, unit: str, bound: float | None = None, holds: bool = True) -> bool:
    """Print a line of the table."""
    limit = "" if bound is None else f"  bound {bound:g} {unit}  {'ok' if holds else 'DOES NOT HOLD'}"
    print(f"{what:<72} {value:9.3f} {unit:<5}{limit}", flush=True)
    return holds


if __name__ == "__main__":
    if sys.argv[1:2] == ["by-hand"]:
        loops(int(sys.argv[2]), int(sys.argv[3]))
        sys.exit(0)
    sys.exit(main())
