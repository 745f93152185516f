"""A thousand seeds of six optimisers on one recorded table: how long they take, and what ten of them would have said.

Runs the experiment, or reads it where it is there (`--results-dir`), and prints the order by all seeds, with the tests
that the report makes; then of each ten seeds (and twenty, and fifty) in turn, as if they were all, how far their order
agrees with it: Kendall's tau between the medians, whether the method that beats most others has the lowest median
(ties count), and how many of the pairs that all seeds separate they separate too, or the wrong way round. Exits with
status 1 where a bound does not hold.

Run as `python benchmarks/thousand_seeds.py --seeds 1000` (ten minutes on two cores; without it a hundred seeds).
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from bench import results
from bench.report.statistics import designs, pairs
from bench.report.statistics.designs import Design, Relation
from bench.running.cores import cores

OPTIMIZERS = ("random", "optuna_nsga2", "optuna_tpe", "hyperopt_tpe", "hyperopt_anneal", "nevergrad_de")
TRIALS, BOUND = 100, 600.0
"""Trials a run; seconds on the clock for 1,000 seeds, on two cores."""
NAME = "thousand"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--table", default="hpobench/vehicle")
    parser.add_argument("--results-dir", type=Path, help="where its results are, or are to be kept")
    arguments, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        where = arguments.results_dir or Path(folder)
        begun = time.perf_counter()
        run(where, arguments.table, arguments.seeds)
        seconds = (time.perf_counter() - begun) * cores() / 2
        losses = final_losses(where, arguments.seeds)
    share = seconds * 1000 / arguments.seeds
    holds = share <= BOUND
    print(f"{arguments.seeds} seeds of {len(OPTIMIZERS)} optimisers, {TRIALS} trials on {arguments.table}: ", end="")
    print(
        f"{seconds:.0f} s on two cores; a thousand {share:.0f} s, bound {BOUND:.0f} s", "" if holds else "DOES NOT HOLD"
    )
    print(f"\n{order(losses)}\n")
    print(
        "| seeds | samples | Kendall's tau, median | least | the same best, % | separated too, % | the other way, % |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for size in (10, 20, 50):
        if 2 * size <= arguments.seeds:
            print(few(losses, size), flush=True)
    return int(not holds)


def run(results_dir: Path, table: str, seeds: int) -> None:
    """Does what is not there yet."""
    chosen = [f"optimizer={','.join(OPTIMIZERS)}", f"seed=range(0,{seeds})", f"budget.trials={TRIALS}"]
    problem = ["dataset=recorded", f"dataset.table={table}", "model=recorded", "seeds=paired"]
    where = [f"results_dir={results_dir}", f"store=sqlite:///{results_dir}/store.sqlite", "results.pack=true"]
    command = [sys.executable, "-m", "bench", "run", "-m", f"name={NAME}", *problem, *chosen, *where]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def final_losses(results_dir: Path, seeds: int) -> pd.DataFrame:
    """The last lowest loss of each run, (seeds, optimisers)."""
    frame = pd.DataFrame(index=range(seeds), columns=list(OPTIMIZERS), dtype=np.float64)
    for each in results.find(results_dir, NAME):
        if each.seed < seeds:
            content, _ = results.read_run(results_dir, each, ["best_loss"])
            frame.loc[each.seed, each.optimizer] = content.column("best_loss")[-1].as_py()
    return frame


def tests(losses: pd.DataFrame) -> pd.DataFrame:
    """Every pair as the report compares it, by seed, with Holm's correction."""
    seeds = frozenset(losses.index)
    related: dict[frozenset[str], Relation] = {frozenset(pair): "paired" for pair in combinations(OPTIMIZERS, 2)}
    design = Design(dict.fromkeys(OPTIMIZERS, seeds), frozenset(), related)
    numbers = dict.fromkeys(OPTIMIZERS, losses.index.to_numpy())
    values = {name: losses[name].to_numpy() for name in OPTIMIZERS}
    return pairs.compare(values, numbers, design, designs.family(design, OPTIMIZERS))


def separated(losses: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The better of each pair that the tests separate."""
    rows = tests(losses).to_dict("records")
    return {(row["a"], row["b"]): row["better"] for row in rows if row["better"]}


def order(losses: pd.DataFrame) -> str:
    """The medians of all seeds, best first, and who is significantly better than whom."""
    better = list(separated(losses).items())
    lines = ["| optimiser | median loss | significantly better than |", "|---|--:|---|"]
    for name, median in losses.median().sort_values().items():
        others = [next(other for other in pair if other != name) for pair, best in better if best == name]
        lines.append(f"| {name} | {median:.5f} | {', '.join(others) or '-'} |")
    return "\n".join(lines)


def few(losses: pd.DataFrame, size: int) -> str:
    """What so many seeds say, over all parts of the seeds that share none."""
    whole, known = losses.median(), separated(losses)
    best = max(OPTIMIZERS, key=list(known.values()).count)  # medians may tie
    taus, same, right, wrong, asked = [], [], 0, 0, 0
    for part in parts(losses, size):
        medians = part.median()
        taus.append(stats.kendalltau(medians, whole).statistic)
        same.append(medians[best] == medians.min())
        here = separated(part)
        right += sum(here.get(pair) == better for pair, better in known.items())
        wrong += sum(pair in here and here[pair] != better for pair, better in known.items())
        asked += len(known)
    shares = f"{100 * np.mean(same):.0f} | {100 * right / max(1, asked):.0f} | {100 * wrong / max(1, asked):.1f}"
    return f"| {size} | {len(taus)} | {np.median(taus):.2f} | {np.min(taus):.2f} | {shares} |"


def parts(losses: pd.DataFrame, size: int) -> Sequence[pd.DataFrame]:
    return [losses.iloc[start : start + size] for start in range(0, len(losses) - size + 1, size)]


if __name__ == "__main__":
    sys.exit(main())
