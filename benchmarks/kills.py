"""What no mishap may do to a sweep: killed at random moments it evaluates nothing twice, and ends with the same tables.

Run as `python benchmarks/kills.py` (some two minutes; `--kills 200` a night's worth). Kills the command, or one of its
workers and then the command, and starts it again, until it was killed often enough; then lets it end. Before that it
measures how soon an interrupted sweep has ended, and how evenly eight processes share overlapping work. Exits with
status 1 where something does not hold.
"""

import argparse
import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from bench import results

SUPPORT = Path(__file__).parents[1] / "tests/support"
INTERRUPT, SHARING = 5.0, 2.0
"""Bounds: seconds from Ctrl-C to the end of every process; time of shared work over that of one process's own part."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Sweeps that are killed at random moments, interrupted and shared.")
    parser.add_argument("--kills", type=int, default=20, help="how many; 20 by default")
    parser.add_argument("--seed", type=int, default=20261123, help="of the random moments")
    arguments = parser.parse_args()
    sys.path.insert(0, str(SUPPORT))
    with tempfile.TemporaryDirectory() as folder:
        held = [interrupted(Path(folder, "interrupted")), shared(Path(folder, "shared"))]
        held.append(killed(Path(folder, "killed"), arguments.kills, random.Random(arguments.seed)))
    return int(not all(held))


def say(what: str, value: float, bound: float, unit: str) -> bool:
    print(f"{what:<70} {value:6.2f} {unit:<3} bound {bound:g}  {'ok' if value <= bound else 'TOO MUCH'}", flush=True)
    return value <= bound


class Sweep:
    """A sweep of short evaluations in a folder of its own; each is a line of `log`, written before it starts."""

    def __init__(self, folder: Path, *more: str) -> None:
        folder.mkdir()
        self.commands: Any = import_module("commands")
        self.folder, self.log = folder, folder / "log"
        optimizers = "optimizer=random,optuna_tpe,hyperopt_tpe"
        self.arguments = ["run", "-m", *self.commands.TOY, optimizers, "seed=range(0,2)", "engine.workers=2", *more]

    def start(self) -> Any:
        return self.commands.bench_process(*self.arguments, cwd=self.folder, TOY_LOG=str(self.log))

    def to_end(self) -> None:
        process = self.start()
        _, err = process.communicate(timeout=600)
        if process.returncode:
            raise SystemExit(err)

    def lines(self) -> list[float]:
        """The points whose evaluation was begun, in order."""
        return [round(float(line), 12) for line in self.log.read_text().split()] if self.log.exists() else []

    def committed(self) -> set[float]:
        """The points that the store holds."""
        path = self.folder / "results/store.sqlite"
        if not path.exists():
            return set()
        with contextlib.closing(sqlite3.connect(path)) as connection:
            if not connection.execute("select name from sqlite_master where name = 'evaluations'").fetchall():
                return set()
            rows = connection.execute("select json_extract(configuration, '$.x') from evaluations")
            return {round(x, 12) for (x,) in rows}

    def tables(self) -> dict[str, pd.DataFrame]:
        paths = results.find(self.folder / "results", "scratch")
        return {str(run): self.commands.without_times(pd.read_parquet(path)) for run, path in paths.items()}


def interrupted(folder: Path) -> bool:
    """The seconds from Ctrl-C until the command and its workers have ended."""
    sweep = Sweep(folder, "budget.trials=60", "+model.settings.sleep=0.05")
    process = sweep.start()
    wait_for(lambda: len(sweep.lines()) > 10 or process.poll() is not None)
    family = psutil.Process(process.pid).children(recursive=True)
    began = time.perf_counter()
    process.send_signal(signal.SIGINT)
    process.communicate()
    psutil.wait_procs(family, timeout=60)
    return say("seconds from Ctrl-C to the end of every process", time.perf_counter() - began, INTERRUPT, "s")


def shared(folder: Path) -> bool:
    """The time of eight processes that want overlapping points, over that of the points which one of them has first.

    Evenly shared it is one; without sharing, or in lock step, it is the points that each wants over its own: three.
    """
    folder.mkdir()
    flight: Any = import_module("flight")
    command = [sys.executable, str(SUPPORT / "flight.py"), f"sqlite:///{folder}/store.sqlite", str(folder / "log")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spans = json.loads(done.stdout)
    took = max(end for _, end, _ in spans) - min(start for start, _, _ in spans)
    what = f"{flight.PROCESSES} processes on overlapping work, over the time of one's own part"
    return say(what, took / (flight.OWN * flight.SECONDS), SHARING, "")


def killed(folder: Path, kills: int, rng: random.Random) -> bool:
    """Whether a sweep that is killed again and again loses nothing, and does nothing twice that it had kept."""
    folder.mkdir()
    budget = ["+model.settings.sleep=0.02", f"budget.trials={10 + 7 * kills}"]  # long enough to be killed so often
    calm, rough = Sweep(folder / "calm", *budget), Sweep(folder / "rough", *budget)
    calm.to_end()
    started, wrong = 0, 0
    for kill in range(kills):
        known = rough.committed()
        process = rough.start()
        strike(rough, process, rng)
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"the sweep ended before it was killed {kills} times: give it a larger budget")
        fresh = rough.lines()[started:]
        started += len(fresh)
        wrong += len(known.intersection(fresh))
        print(f"kill {kill + 1} of {kills}: {len(known)} points kept, {len(fresh)} begun since", flush=True)
    known = rough.committed()
    rough.to_end()
    last = rough.lines()[started:]
    wrong += len(known.intersection(last)) + len(last) - len(set(last))
    undisturbed, disturbed = calm.tables(), rough.tables()
    same = undisturbed.keys() == disturbed.keys() and all(
        disturbed[run].equals(trials) for run, trials in undisturbed.items()
    )
    print(f"after {kills} kills the tables are {'the same' if same else 'DIFFERENT'}")
    return say("points that were kept and evaluated again", wrong, 0, "") and same


def strike(sweep: Sweep, process: Any, rng: random.Random) -> None:
    """Kill the command, or one of its workers and then the command, at a random moment."""
    if rng.random() < 0.3:
        time.sleep(rng.uniform(0, 3))  # anywhere, the start included
    else:
        before = len(sweep.lines())
        wait_for(lambda: len(sweep.lines()) > before or process.poll() is not None)
        time.sleep(rng.uniform(0, 0.15))
    if process.poll() is not None:
        return
    family = psutil.Process(process.pid).children(recursive=True)
    workers = [child for child in family if "LokyProcess" in " ".join(child.cmdline())]
    if workers and rng.random() < 0.4:
        rng.choice(workers).kill()
        time.sleep(rng.uniform(0, 0.3))
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=60)
    if alive:
        raise SystemExit("workers outlive the command that started them")


def wait_for(condition: Callable[[], object], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("waited in vain")
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
