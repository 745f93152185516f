"""The report over 1,000,000 trials: time and peak memory of its frames, and time of each figure.

Run as `python benchmarks/report.py`; exits with status 1 where a bound of DESIGN.md §8 does not hold.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.report import curves, figures, reading, style
from bench.results import SCHEMA, RunId

RUNS, TRIALS = 10_000, 100
DATASETS, OPTIMIZERS = 5, 10
SEEDS = RUNS // DATASETS // OPTIMIZERS
BOUNDS = {"frames, s": 15.0, "peak memory, GB": 2.0, "slowest figure, s": 1.0}


def write(folder: Path) -> None:
    """One experiment of 10,000 runs of 100 trials, with long configurations and details as real ones have."""
    chance = np.random.default_rng(0)
    for number in range(RUNS):
        dataset, optimizer, seed = number // (OPTIMIZERS * SEEDS), number // SEEDS % OPTIMIZERS, number % SEEDS
        run = RunId("big", f"dataset_{dataset}", "lightgbm", f"optimizer_{optimizer}", seed)
        loss = 0.1 + chance.exponential(0.1 / (1 + optimizer), TRIALS)
        best = np.minimum.accumulate(loss)
        first = np.maximum.accumulate(np.where(loss == best, np.arange(TRIALS), 0))
        values: dict[str, Any] = {
            **{name: [value] * TRIALS for name, value in vars(run).items()},
            "trial": np.arange(TRIALS),
            "configuration": [json.dumps({f"parameter_{i}": float(x) for i in range(6)}) for x in loss],
            "evaluation": [f"{number * TRIALS + i:064x}" for i in range(TRIALS)],
            "loss": loss,
            "test_loss": 1.1 * loss,
            "best_loss": best,
            "incumbent_test_loss": 1.1 * loss[first],
            "status": ["ok"] * TRIALS,
            "error": [None] * TRIALS,
            "initial": [False] * TRIALS,
            "cached": [False] * TRIALS,
            "ask_seconds": loss,
            "evaluate_seconds": loss,
            "tell_seconds": loss,
            "started_at": [0] * TRIALS,
            "details": [json.dumps({"curve": loss.tolist()})] * TRIALS,
        }
        config = {"optimizer": {"name": run.optimizer}, "budget": {"trials": TRIALS}, "resampling": {"stop": "valid"}}
        provenance = {"versions": {f"library_{i}": "1.2.3" for i in range(30)}, "cpu": "Example CPU"}
        metadata = {"schema": 1, "config": config, "problem": run.dataset, "provenance": provenance, "ended": "budget"}
        columns = [pa.array(values[field.name]).cast(field.type) for field in SCHEMA]
        path = run.path(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = SCHEMA.with_metadata({"bench": json.dumps(metadata)})
        pq.write_table(pa.Table.from_arrays(columns, schema=schema), path, compression="zstd")


def measure(folder: Path) -> dict[str, float]:
    """Gigabytes and seconds of this process, the latter on its core: all of it runs in one thread."""
    begun, start = time.perf_counter(), time.process_time()
    found = reading.read(folder, reading.selection(["big"])).results
    read = time.process_time()
    comparisons = curves.comparisons(found)
    framed, elapsed = time.process_time(), time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    styles = style.styles(label for comparison in comparisons for label in comparison.final["label"])
    slowest = drawing = 0.0
    for comparison in comparisons:
        for kind in ("validation", "test"):
            begin = time.process_time()
            with figures.look():
                figures.render(figures.draw(figures.view(comparison, kind, styles)))
            slowest = max(slowest, time.process_time() - begin)
            drawing += time.process_time() - begin
    return {
        "trials": len(found.trials),
        "reading, s": read - start,
        "computing, s": framed - read,
        "frames, s": framed - start,
        "frames, s on the clock": elapsed,
        "peak memory, GB": peak,
        "a figure in three formats, s": drawing / len(comparisons) / 2,
        "slowest figure, s": slowest,
    }


def main() -> int:
    if len(sys.argv) == 2:
        sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        child = subprocess.run([sys.executable, __file__, folder], check=True, capture_output=True, text=True)
    measured = json.loads(child.stdout)
    for name, value in measured.items():
        bound = f"  (bound {BOUNDS[name]:g})" if name in BOUNDS else ""
        print(f"{name:30} {value:12,.2f}{bound}")
    return int(any(measured[name] > bound for name, bound in BOUNDS.items()))


if __name__ == "__main__":
    sys.exit(main())
