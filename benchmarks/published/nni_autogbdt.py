"""NNI's AutoGBDT comparison: what the training itself contributes to the difference between its losses and ours.

Trains once more what random search has drawn in the stored runs of `nni_autogbdt`, in the way of NNI's example: with
LightGBM's own seeds, ended where rmse, or as there either l2 or auc, has not got better for 5 rounds. The best loss of
each run is printed beside the stored one. It takes whatever LightGBM is found, so that one of that time can be tried:

    pip install --no-deps --target old lightgbm==2.2.3
    PYTHONPATH=old python benchmarks/published/nni_autogbdt.py
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

OLD = int(str(lgb.__version__).partition(".")[0]) < 4
QUIET: dict[str, Any] = {"verbose_eval": False} if OLD else {}
FIXED: dict[str, Any] = {} if OLD else {"feature_pre_filter": False, "deterministic": True, "force_row_wise": True}
STOPS = {"rmse": ["rmse"], "l2 or auc": ["l2", "auc"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="datasets/lightgbm_regression", help="folder of regression.train and .test")
    parser.add_argument("--results", default="results/nni_autogbdt", help="folder of the trial tables")
    parser.add_argument("--runs", type=int, default=3, help="how many seeds of random search")
    parser.add_argument("--trials", type=int, default=1000, help="how many trials of each")
    given = parser.parse_args()
    if not (Path(given.data) / "regression.train").is_file():
        print(
            f"{given.data} has no regression.train: say --data FOLDER; 'bench run experiment=nni_autogbdt' downloads it"
        )
        return 2
    trials = pd.read_parquet(given.results, filters=[("optimizer", "==", "random"), ("trial", "<", given.trials)])
    drawn = {str(seed): run for seed, run in trials.groupby("seed")}
    runs = dict(list(drawn.items())[: given.runs])
    example = Example(Path(given.data))
    print(f"| best loss | {' | '.join(f'seed {seed}' for seed in runs)} |\n|---|{' --: |' * len(runs)}")
    print(_row("stored", (run["loss"].min() for run in runs.values())))
    for stop, metrics in STOPS.items():
        best = (min(example.losses(run["configuration"], metrics)) for run in runs.values())
        print(_row(f"LightGBM {lgb.__version__}, its seeds, ended on {stop}", best), flush=True)
    return 0


def _row(name: str, losses: Iterator[float]) -> str:
    return f"| {name} | {' | '.join(f'{loss:.6f}' for loss in losses)} |"


class Example:
    """NNI's training: https://github.com/microsoft/nni/blob/v0.7/examples/trials/auto-gbdt/main.py."""

    def __init__(self, folder: Path) -> None:
        train, self.test = (np.loadtxt(folder / f"regression.{part}") for part in ("train", "test"))
        first = int(0.9 * len(train))
        binned = FIXED | {"verbose": -1}
        self.train = lgb.Dataset(train[:first, 1:], train[:first, 0], params=binned)
        self.stop = lgb.Dataset(train[first:, 1:], train[first:, 0], reference=self.train, params=binned)

    def losses(self, configurations: Iterable[str], metrics: list[str]) -> Iterator[float]:
        """Of configurations in JSON, each the RMSE on the test file of a new training."""
        return (self._loss(json.loads(configuration), metrics) for configuration in configurations)

    def _loss(self, configuration: dict[str, Any], metrics: list[str]) -> float:
        settings = {"objective": "regression", "metric": metrics, "num_threads": 1, "verbose": -1}
        booster = lgb.train(
            settings | FIXED | configuration,
            self.train,
            num_boost_round=20,
            valid_sets=[self.stop],
            callbacks=[lgb.early_stopping(5, verbose=False)],
            **QUIET,
        )
        predicted = booster.predict(self.test[:, 1:], num_iteration=booster.best_iteration)
        return float(np.sqrt(np.mean((predicted - self.test[:, 0]) ** 2)))


if __name__ == "__main__":
    sys.exit(main())
