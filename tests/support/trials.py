"""Trial tables made by hand, for tests that start from results."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.results import RunId, write_run

CPU = "Example CPU @ 3 GHz"
VERSIONS = {"lightgbm": "4.6.0", "optuna": "5.0.0"}


def trial_rows(
    run: RunId, losses: Sequence[float | None], tests: Sequence[float | None] | None = None, ask: float = 0.01
) -> list[dict[str, Any]]:
    """Rows of one run, None standing for a failed trial; the running columns come from a plain loop."""
    rows: list[dict[str, Any]] = []
    best = incumbent = None
    for trial, loss in enumerate(losses):
        test = None if tests is None or loss is None else tests[trial]
        if loss is not None and (best is None or loss < best):
            best, incumbent = loss, test
        row = {
            **vars(run),
            "trial": trial,
            "configuration": f'{{"x":{trial}}}',
            "evaluation": f"{trial:064x}",
            "loss": loss,
            "test_loss": test,
            "best_loss": best,
            "incumbent_test_loss": incumbent,
            "status": "ok" if loss is not None else "failed",
            "error": None if loss is not None else "ValueError: no",
            "initial": False,
            "cached": False,
            "ask_seconds": ask,
            "evaluate_seconds": 0.5,
            "tell_seconds": 0.25 * ask,
            "started_at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=trial),
            "details": "{}",
        }
        rows.append(row)
    return rows


def metadata(run: RunId, budget: int | None = None, **changed: Any) -> dict[str, Any]:
    """The metadata of a run, as `bench.running.run` writes them; `changed` keys replace whole entries."""
    return {
        "config": {
            "dataset": {"name": run.dataset},
            "model": {"name": run.model},
            "optimizer": {"name": run.optimizer, "target": f"bench.optimizers.{run.optimizer}"},
            "resampling": {"test": 0.2, "valid": 0.2, "stop": "valid"},
            "metric": {"name": "auto"},
            "budget": {"trials": budget, "seconds": None},
            "seeds": {"split": 0, "model": 0},
            "initial_design": "native",
        },
        "config_hash": "c0ffee",
        "problem": f"{run.dataset}-{run.model}-problem",
        "problem_family": f"{run.dataset}-{run.model}-family",
        "metric": "log_loss",
        "folds": 1,
        "stops_on_valid": True,
        "ended": "budget",
        "declared": {"laws": {}, "inactive": "absent", "fallback": "", "takes_unasked": True, "extendable": True},
        "diverged_at": None,
        "provenance": {
            "versions": VERSIONS,
            "cpu": CPU,
            "host": "example",
            "python": "3.12.0",
            "threads": 1,
            "revision": "abcdef",
        },
        **changed,
    }


def put(
    results_dir: Path,
    run: RunId,
    losses: Sequence[float | None],
    tests: Sequence[float | None] | None = None,
    budget: int | None = None,
    ask: float = 0.01,
    **changed: Any,
) -> None:
    """Write one run with the given losses; the budget is their number where none is given."""
    entry = metadata(run, len(losses) if budget is None else budget, **changed)
    write_run(run.path(results_dir), trial_rows(run, losses, tests, ask), entry)


_OPTIMIZERS = {
    # name: (final loss, speed, spread, seconds to ask)
    "random": (0.112, 0.10, 0.012, 0.0004),
    "grid": (0.131, 0.16, 0.002, 0.0001),
    "skopt_gp": (0.088, 0.30, 0.006, 0.31),
    "hyperopt_tpe": (0.099, 0.17, 0.010, 0.006),
    "optuna_tpe": (0.097, 0.18, 0.011, 0.003),
    "optuna_cmaes": (0.104, 0.14, 0.014, 0.002),
}

_DECLARED = {
    "laws": {"num_leaves": {"expression": "hp.qloguniform(log(7.5), log(256.5), 1)", "total_variation": 0.00213}},
    "inactive": "absent",
    "fallback": "the first 20 proposals are random",
    "takes_unasked": True,
    "extendable": True,
}


def write_comparison(results_dir: Path, experiment: str = "demo", seeds: int = 10, trials: int = 20) -> None:
    """Something like a real comparison: six optimisers; one fails often, a grid is exhausted, one trial diverges."""
    for name, (level, speed, spread, ask) in _OPTIMIZERS.items():
        for seed in range(seeds - (1 if name == "hyperopt_tpe" else 0)):
            chance = random.Random(f"{name}-{seed}")
            run = RunId(experiment, "digits", "lightgbm", name, seed)
            losses: list[float | None] = []
            for trial in range(16 if name == "grid" else trials):
                reach = level + 0.35 * (1 - speed) ** (1.5 * trial) * chance.uniform(0.3, 1.6)
                losses.append(reach + abs(chance.gauss(0, spread)) + 0.02 * chance.random())
            if name == "optuna_cmaes":
                losses = [None if chance.random() < 0.3 else loss for loss in losses]
            if name == "random" and seed < 4:
                losses[0] = 30.0
            tests = [None if loss is None else loss * 1.08 + 0.015 + chance.gauss(0, 0.004) for loss in losses]
            changed = {"declared": _DECLARED} if name == "hyperopt_tpe" else {}
            ended = "exhausted" if name == "grid" else "budget"
            put(results_dir, run, losses, tests, trials, ask, ended=ended, **changed)


def rewrite(path: Path, metadata: dict | None = None, **columns: list) -> None:
    """Put other metadata or columns into a run's table."""
    table = pq.read_table(path)
    entry = json.loads(table.schema.metadata[b"bench"])
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.field(name), pa.array(values, table.field(name).type))
    pq.write_table(table.replace_schema_metadata({"bench": json.dumps(entry | (metadata or {}))}), path)
