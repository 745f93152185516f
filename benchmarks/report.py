"""The report over 10,000, 100,000 and 1,000,000 trials: time and peak memory of all frames, and time of each figure.

And the whole of a report of 100 problems, with its pages: 20 optimisers, 10 seeds, 30 trials of a run.

Run as `python benchmarks/report.py`, or with `many` for the second part alone; exits with status 1 where a bound does
not hold. Times are those of the process on its core, and in the first part the least of two: what else the machine does
only adds to them.
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

from bench.report import audit, figures
from bench.report.analysis.across import across
from bench.report.analysis.comparison import analyse
from bench.report.analysis.importance import importance
from bench.report.figures import catalogue
from bench.report.look import style
from bench.report.runs import curves, selection, visits
from bench.report.tables import tables
from bench.report.words import verdict
from bench.results import SCHEMA, RunId

DATASETS, OPTIMIZERS = 5, 20
SIZES = {"10,000": (1, 100), "100,000": (4, 250), "1,000,000": (20, 500)}
"""Seeds and trials of a run, by the number of trials that they make: 2,000 runs of 500 at most."""
MANY = {"datasets": 100, "seeds": 10, "trials": 30}
PARAMETERS = 6
BOUNDS = {"all frames, s": 8.0, "peak memory, GB": 1.0, "slowest figure, s": 1.0}
"""For 1,000,000 trials."""
MANY_BOUNDS = {"CPU, s": 180.0, "first page, MB": 5.0, "peak memory, GB": 1.5}
"""For 100 problems."""


def write(folder: Path, seeds: int, trials: int, datasets: int = DATASETS) -> None:
    """An experiment with configurations, learning curves and provenance as long as real ones."""
    space = {f"parameter_{i}": {"type": "float", "low": 0.0, "high": 1.0} for i in range(PARAMETERS)}
    for number in range(datasets * OPTIMIZERS * seeds):
        dataset, optimizer, seed = number // (OPTIMIZERS * seeds), number // seeds % OPTIMIZERS, number % seeds
        name = "random" if optimizer == 0 else f"optimizer_{optimizer}"
        run = RunId("big", f"dataset_{dataset}", "lightgbm", name, seed)
        table = _table(run, np.random.default_rng(number), trials, optimizer)
        path = run.path(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        config = {
            "optimizer": {"name": name},
            "budget": {"trials": trials},
            "resampling": {"stop": "valid"},
            "model": {"space": space},
        }
        provenance = {"versions": {f"library_{i}": "1.2.3" for i in range(30)}, "cpu": "Example CPU"}
        metadata = {"schema": 1, "config": config, "problem": run.dataset, "provenance": provenance, "ended": "budget"}
        pq.write_table(table.replace_schema_metadata({"bench": json.dumps(metadata)}), path, compression="zstd")


def _table(run: RunId, chance: np.random.Generator, trials: int, optimizer: int) -> pa.Table:
    asked = chance.random((trials, PARAMETERS))
    loss = 0.1 + (asked[:, 0] + 0.3 * asked[:, 1] ** 2) / (1 + optimizer) + chance.exponential(0.01, trials)
    best = np.minimum.accumulate(loss)
    first = np.maximum.accumulate(np.where(loss == best, np.arange(trials), 0))
    values: dict[str, Any] = {
        **{name: [value] * trials for name, value in vars(run).items()},
        "trial": np.arange(trials),
        "configuration": [json.dumps({f"parameter_{i}": x for i, x in enumerate(row)}) for row in asked.tolist()],
        "evaluation": [f"{i:064x}" for i in range(trials)],
        "loss": loss,
        "test_loss": 1.1 * loss,
        "best_loss": best,
        "incumbent_test_loss": 1.1 * loss[first],
        "status": ["ok"] * trials,
        "error": [None] * trials,
        "initial": [False] * trials,
        "cached": [False] * trials,
        "ask_seconds": 0.01 * loss,
        "evaluate_seconds": loss,
        "tell_seconds": 0.01 * loss,
        "started_at": [0] * trials,
        "details": [json.dumps({"curve": loss[:20].tolist()})] * trials,
    }
    return pa.Table.from_arrays([pa.array(values[field.name]).cast(field.type) for field in SCHEMA], schema=SCHEMA)


def measure(folder: Path) -> dict[str, Any]:
    """Seconds on this process's core, and gigabytes, of each room of the report and of each figure."""
    seconds: dict[str, float] = {}
    last = time.process_time()

    def lap(name: str) -> None:
        nonlocal last
        now = time.process_time()
        seconds[name] = seconds.get(name, 0.0) + now - last
        last = now

    reading = selection.read(folder, selection.selection(["big"]))
    results = reading.results
    lap("reading")
    comparisons = curves.comparisons(results)
    lap("curves")
    analyses = [analyse(comparison, reading) for comparison in comparisons]
    lap("statistics")
    together = across(analyses)
    lap("across problems")
    looked = [visits.read(folder, comparison, reading) for comparison in comparisons]
    lap("where they looked")
    important = [importance(place) for place in looked if place is not None]
    lap("importance")
    for comparison, place in zip(comparisons, looked, strict=True):
        audit.findings(comparison, results, {}, place)
    lap("audit")
    looks = style.styles(label for analysis in analyses for label in analysis.samples)
    for analysis in analyses:
        verdict.verdict(analysis)
        list(tables.tables(analysis, looks))
    lap("words and tables")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    frames = sum(seconds.values())
    drawn: dict[str, float] = {}
    first = analyses[0]
    with figures.look():  # what the first figure of a process takes besides, once
        figures.render(figures.draw(figures.view(comparisons[0], "validation", looks)))
        figures.improvement(first.pairs["validation"], looks)  # imports seaborn
    assert together is not None
    pictures = (catalogue.pictures(first, looked[0], important[0], looks), catalogue.pictures_across(together, looks))
    for several in pictures:
        begun = time.process_time()
        for picture in several:
            drawn[picture.name] = time.process_time() - begun
            begun = time.process_time()
    return {"rooms": seconds, "figures": drawn, "all frames, s": frames, "peak memory, GB": peak}


def least(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The least seconds of each room and figure in two measurements, and what follows of them."""
    rooms, figures = (
        {name: min(seconds, other[kind][name]) for name, seconds in one[kind].items()} for kind in ("rooms", "figures")
    )
    return {
        "rooms": rooms,
        "figures": figures,
        "all frames, s": sum(rooms.values()),
        "peak memory, GB": max(one["peak memory, GB"], other["peak memory, GB"]),
        "slowest figure, s": max(figures.values()),
    }


def many() -> dict[str, float]:
    """What `bench report` of many problems takes, from its start to its end, and what it writes."""
    with tempfile.TemporaryDirectory() as folder:
        results, reports = Path(folder) / "results", Path(folder) / "reports"
        write(results, **MANY)
        command = ["report", "big", "--results-dir", str(results), "--reports-dir", str(reports)]
        subprocess.run([sys.executable, "-m", "bench", *command], check=True, capture_output=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        pages = sorted((reports / "big/problems").glob("*.html"))
        return {
            "CPU, s": used.ru_utime + used.ru_stime,
            "first page, MB": (reports / "big/report.html").stat().st_size / 1e6,
            "peak memory, GB": used.ru_maxrss / 2**20,
            "pages": float(len(pages)),
            "largest page, MB": max(page.stat().st_size for page in pages) / 1e6,
            "all files, MB": sum(path.stat().st_size for path in reports.rglob("*") if path.is_file()) / 1e6,
        }


def main() -> int:
    if sys.argv[1:] == ["many"]:
        return _report_many()
    if len(sys.argv) == 2:
        sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))))
        return 0
    measured = {}
    for name, (seeds, trials) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), seeds, trials)
            command = [sys.executable, __file__, folder]
            one, other = (subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(2))
        measured[name] = least(json.loads(one.stdout), json.loads(other.stdout))
    print(f"{'trials':28}" + "".join(f"{name:>12}" for name in measured))
    largest = measured["1,000,000"]
    for kind in ("rooms", "figures"):
        for room in largest[kind]:
            values = "".join(f"{one[kind].get(room, float('nan')):12.2f}" for one in measured.values())
            print(f"{room + ', s':28}{values}")
    for name, bound in BOUNDS.items():
        values = "".join(f"{one[name]:12.2f}" for one in measured.values())
        print(f"{name:28}{values}  (bound {bound:g})")
    return int(any(largest[name] > bound for name, bound in BOUNDS.items())) | _report_many()


def _report_many() -> int:
    measured = many()
    print(f"{MANY['datasets']} problems, {OPTIMIZERS} optimisers, {MANY['seeds']} seeds, {MANY['trials']} trials each")
    for name, value in measured.items():
        print(f"{name:28}{value:12.2f}" + (f"  (bound {MANY_BOUNDS[name]:g})" if name in MANY_BOUNDS else ""))
    return int(any(measured[name] > bound for name, bound in MANY_BOUNDS.items()))


if __name__ == "__main__":
    sys.exit(main())
