"""Several processes that want overlapping points: run as a program with the store's URL and a log.

Every evaluation is a line in the log, written before it starts.
"""

import json
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

from bench.problems import Evaluation, Recipe
from bench.results import RunId
from bench.running.trial_loop import Trials
from bench.space.parsing import parse
from bench.store import Store

PROCESSES, OWN, WANTED, SECONDS = 8, 8, 24, 0.2
"""Each of the processes wants its own points first, then those of the next two, in a ring."""


class Slow:
    """A problem of one integer that takes its time."""

    hash, baseline_loss, recipe = "p", 1.0, Recipe({}, 0, "", 1)
    space = parse({"x": {"type": "int", "low": 0, "high": 1000}})

    def __init__(self, log: Path):
        self._log = log

    def key(self, configuration):
        return f"{configuration['x']:064d}"

    def evaluate(self, configuration):
        with self._log.open("a") as file:
            file.write(f"{configuration['x']}\n")
        time.sleep(SECONDS)
        return Evaluation(configuration["x"] / 1000, None, SECONDS, "ok")


class InTurn:
    """Asks for points that it knows in advance."""

    independent = True

    def __init__(self, first: int):
        self._next = first

    def ask(self):
        self._next += 1
        return {"x": (self._next - 1) % (PROCESSES * OWN)}

    def tell(self, configuration, loss, failed=False): ...


def fly(url: str, log: Path, who: int, start: Any, spans: Any) -> None:
    store = Store(url)
    run = RunId("e", "d", "m", "o", who)
    journal = store.begin(run, "hash")
    trials = Trials(run, Slow(log), InTurn(who * OWN), store, journal)
    start.wait()
    began = time.monotonic()
    trials.spend(WANTED, None)
    store.end(journal, "done")
    store.close()
    spans.put((began, time.monotonic(), sum(not row["cached"] for row in trials.rows)))


def main() -> None:
    """Print when each process began and ended, and how many evaluations are its own."""
    url, log = sys.argv[1], Path(sys.argv[2])
    forks = multiprocessing.get_context("fork")  # eight processes that import for themselves take a minute
    start, spans = forks.Barrier(PROCESSES), forks.Queue()
    processes = [forks.Process(target=fly, args=(url, log, who, start, spans)) for who in range(PROCESSES)]
    for process in processes:
        process.start()
    sys.stdout.write(json.dumps([spans.get(timeout=240) for _ in processes]))


if __name__ == "__main__":
    main()
