"""What `tracking=mlflow` costs for each trial: the run, which leaves a line, and the process that sends it.

Prints a table in Markdown. CPU times are those of one process (user and system), the least of several, so that a busy
machine does not change them much; what a trial's run is charged is asked of its table. MLflow's database is an SQLite
file here: a server's own cost is not in it, but the requests' is where `--tracking-uri` names one. Exits with status 1
where the run's own cost, or the sender's, is above its bound. Takes a minute.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from hydra import compose, initialize_config_dir

from bench import results
from bench.config import catalogue
from bench.running import run, sweep
from bench.running.run import RunSpec
from bench.tracking import queue
from bench.tracking.following import Following
from bench.tracking.mlflow_client import Tracker

CONFIG = ["dataset=function", "model=branin", "optimizer=random", "threads=1"]
TRIALS, REPEATS = 2000, 5
SENT = {"none": 1000, "all": 50}
"""Trials that are sent, by `tracking.trials`."""
LEFT, SENT_NONE, SENT_ALL = 0.05, 2.0, 60.0
"""Bounds, in CPU milliseconds of a trial."""


def main() -> int:
    """Measure, print the table, and say by the exit status whether the bounds hold."""
    parser = argparse.ArgumentParser(description="What tracking=mlflow costs for each trial.")
    parser.add_argument("--tracking-uri", help="a server; by default a new SQLite file")
    arguments = parser.parse_args()
    with _elsewhere() as folder, initialize_config_dir(str(catalogue.conf_dir()), version_base="1.3"):
        (spec,) = sweep.specify(compose("bench", [*CONFIG, f"budget.trials={TRIALS}", f"results_dir={folder}"]))
        untracked, tracked = (least(partial(of_run, spec, tracked)) for tracked in (False, True))
        charged, more = (least(partial(charged_of, spec, tracked)) for tracked in (False, True))
        uri = arguments.tracking_uri or f"sqlite:///{folder}/mlflow.db"
        sent = {which: of_sender(spec, which, uri, folder) for which in SENT}
    print("| a trial | CPU ms | on the clock, ms |\n|---|---|---|")
    print(f"| of the run, without tracking | {untracked:.3f} | {charged:.3f} charged |")
    print(f"| of the run, with it | {tracked:.3f} | {more:.3f} charged |")
    for which, (used, taken) in sent.items():
        print(f"| sent, `tracking.trials={which}` | {used:.2f} | {taken:.2f} |")
    held = tracked - untracked <= LEFT and sent["none"][0] <= SENT_NONE and sent["all"][0] <= SENT_ALL
    if not held:
        print(f"TOO MUCH: bounds are {LEFT} more for the run, and {SENT_NONE} and {SENT_ALL} sent", file=sys.stderr)
    return int(not held)


@contextmanager
def _elsewhere() -> Iterator[Path]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def least(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(REPEATS))


def of_run(spec: RunSpec, tracked: bool) -> float:
    """CPU milliseconds of a trial."""
    start = time.process_time()
    run.execute(replace(spec, tracked=tracked, overwrite=True))
    return 1000 * (time.process_time() - start) / TRIALS


def charged_of(spec: RunSpec, tracked: bool) -> float:
    """Milliseconds that a trial is charged: to ask, evaluate and tell."""
    run.execute(replace(spec, tracked=tracked, overwrite=True))
    table = results.read_run(Path(spec.results_dir), spec.run)[0].to_pandas()
    return float(1000 * table[["ask_seconds", "evaluate_seconds", "tell_seconds"]].to_numpy().sum() / TRIALS)


def of_sender(spec: RunSpec, which: str, uri: str, folder: Path) -> tuple[float, float]:
    """CPU milliseconds, and milliseconds on the clock, for which the sender works for a trial of a run under way."""
    table, metadata = results.read_run(Path(spec.results_dir), spec.run)
    rows = table.slice(0, SENT[which] + 1).to_pylist()
    known = replace(spec.run, experiment=f"benchmark_{which}_{time.time_ns()}")
    live = Following(folder, known.experiment, which, lambda name: Tracker(uri, name))
    with queue.Queue(folder, known, metadata) as left:
        left.add(rows[0])
        live.step()  # MLflow's imports and its database, which no trial pays for
        for row in rows[1:]:
            left.add(row)
        start, used = time.perf_counter(), time.process_time()
        live.step()
    taken, used = time.perf_counter() - start, time.process_time() - used
    live.leave("KILLED")
    return 1000 * used / SENT[which], 1000 * taken / SENT[which]


if __name__ == "__main__":
    sys.exit(main())
