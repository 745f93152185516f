"""What no mishap may do to a stream: predictor, trainer and broker are killed, and each row has one prediction.

Run as `python benchmarks/stream_kills.py` (some eight minutes; needs the extra stream-demo). A sensor sends digits, a
predictor answers, a trainer re-tunes. In an order and at moments drawn by a seed each of predictor, trainer and broker
is killed `--kills` times by SIGKILL and started again; the broker keeps all in memory and loses it each time. At the
end every row that was sent must have exactly one recorded prediction and stand once in the trainer's file, every answer
must be what the version that it names predicts, and each tuning must have ended once. Prints a table; exits with status
1 where something does not hold.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from bench.stream import processes, sources
from bench.stream.broker import LocalBroker
from bench.stream.messages import Source
from bench.stream.registry import Registry, default_uri, model_of

MODEL = ("model=lightgbm", "model.settings.rounds=20", "budget.trials=3", "optimizer=hyperopt_tpe")
LONGEST = 6.0
"""Seconds from one kill to the next, at most."""
AT_WORK = 0.75
"""How often a role is let come to its own loop before the moment is drawn; else it may be killed while it starts."""
PATIENCE, QUIET = 600.0, 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description="A stream whose predictor, trainer and broker are killed.")
    parser.add_argument("--kills", type=int, default=20, help="of each; 20 by default")
    parser.add_argument("--seed", type=int, default=20261201, help="of the order and the moments")
    parser.add_argument("--rate", type=float, default=10.0, help="rows a second")
    parser.add_argument("--folder", type=Path, help="where everything goes; by default a new one, removed at the end")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        stream = Stream(arguments.folder or Path(name), arguments.rate)
        try:
            stream.killed(arguments.kills, random.Random(arguments.seed))
            rows = stream.drained()
        finally:
            stream.end()
        return int(not judged(stream, rows))


class Stream:
    """The processes of a stream in a folder."""

    def __init__(self, folder: Path, rate: float) -> None:
        self.folder, self.rate, self.kills = folder, rate, Counter[str]()
        self.busy = Counter[str]()
        folder.mkdir(exist_ok=True)
        self.broker = LocalBroker(folder / "broker.log")
        common = ["--bootstrap-servers", self.broker.servers, "--folder", str(folder)]
        self.commands: dict[str, list[str]] = {
            "predictor": ["predictor", *common],
            "trainer": ["trainer", *MODEL, "--every", "100", "--newest", "50", "--window", "500", *common],
        }
        self.common = common
        self.running = {name: self._start(name) for name in self.commands}
        self.sensor = self._sensor(10_000_000)

    def killed(self, count: int, rng: random.Random) -> None:
        """Kill each so often, and start it again."""
        order = ["predictor", "trainer", "broker"] * count
        rng.shuffle(order)
        self._wait(lambda: self.lines("predictor/predictions.jsonl"))  # from here on there is a champion
        for number, name in enumerate(order, 1):
            if name != "broker" and rng.random() < AT_WORK:
                self._wait(lambda name=name: self._at_work(name))  # type: ignore[misc]
            time.sleep(rng.uniform(0, LONGEST))
            self._alive()
            if name == "broker":
                self.busy[name] += 1
                self.broker.kill()
                self.broker.start()
            else:
                self.busy[name] += self._at_work(name)
                self.running[name].kill()
                self.running[name].wait()
                self.running[name] = self._start(name)
            self.kills[name] += 1
            print(f"{number}/{len(order)}: {name} killed", flush=True)

    def drained(self) -> int:
        """Stop sending, wait until all that was sent is answered and kept; returns how many rows that are."""
        processes.stop([self.sensor])
        before = -1
        while (now := len(self.lines("trainer/rows.jsonl"))) != before:  # what the broker still holds is being read
            before = now
            time.sleep(QUIET)
        there = (self.lines("predictor/predictions.jsonl"), self.lines("trainer/rows.jsonl"))
        state = json.loads((self.folder / "sensor/sensor.json").read_text())
        rows: int = max([int(each["key"]) + 1 for lines in there for each in lines] + [state["delivered"]])
        self.sensor = self._sensor(rows)
        for name in ("predictor/predictions.jsonl", "trainer/rows.jsonl"):
            self._wait(lambda name=name: len(self.lines(name)) >= rows)  # type: ignore[misc]
        self._wait(self._tuned)
        return rows

    def end(self) -> None:
        """End all of them."""
        processes.stop([self.sensor, *self.running.values()])
        self.broker.kill()

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The whole lines of a file."""
        path = self.folder / name
        content = path.read_bytes() if path.exists() else b""
        return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]

    def _tuned(self) -> bool:
        events = Counter(each["key"].partition("-")[0] for each in self.lines("trainer/tunings.jsonl"))
        return events["begun"] == events["ended"]

    def _at_work(self, name: str) -> bool:
        """Whether it had reached its own loop since it was started last."""
        log = (self.folder / f"{name}.log").read_text(errors="replace")
        return "reading" in log[self.marks[name] :]

    def _sensor(self, rows: int) -> subprocess.Popen[bytes]:
        wanted = ["sensor", "dataset=digits", "--rate", str(self.rate), "--rows", str(rows), "--stay", *self.common]
        return processes.start_stream(wanted, self.folder / "sensor.log")

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        self.marks = {**getattr(self, "marks", {}), name: log.stat().st_size if log.exists() else 0}
        return processes.start_stream(self.commands[name], log)

    def _alive(self) -> None:
        for name, process in {**self.running, "sensor": self.sensor}.items():
            if process.poll() is not None:
                raise SystemExit(f"the {name} has ended: {(self.folder / f'{name}.log').read_text()[-2000:]}")

    def _wait(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            self._alive()
            if time.monotonic() > end:
                raise SystemExit(f"waited in vain; see {self.folder}")
            time.sleep(0.5)


def judged(stream: Stream, rows: int) -> bool:
    """Print what came of it; whether all of it is as it must be."""
    predictions, kept = stream.lines("predictor/predictions.jsonl"), stream.lines("trainer/rows.jsonl")
    events = stream.lines("trainer/tunings.jsonl")
    ended = Counter(each["rows"] for each in events if each["key"].startswith("ended"))
    source = sources.of(["dataset=digits"], None, Path("datasets"), "auto", 0)
    registry = Registry(default_uri(stream.folder), "stream", stream.folder / "artifacts")
    versions = registry.versions()
    wrong = sum(wrongly(registry, stream.folder, version, predictions, source) for version in versions)
    print("\n| killed | times | of these at work |\n|---|---|---|")
    for name, count in sorted(stream.kills.items()):
        print(f"| {name} | {count} | {stream.busy[name]} |")
    facts = {
        "rows sent": (rows, None),
        "recorded predictions": (len(predictions), rows),
        "rows without a prediction": (len(set(map(str, range(rows))) - {each["key"] for each in predictions}), 0),
        "rows with several": (sum(count > 1 for count in Counter(each["key"] for each in predictions).values()), 0),
        "predictions that are not those of the version they name": (wrong, 0),
        "rows in the trainer's file": (len({each["key"] for each in kept}), rows),
        "tunings": (len(ended), None),
        "tunings that ended twice, or failed": (
            sum(count > 1 for count in ended.values()) + sum("failed" in each for each in events),
            0,
        ),
        "versions registered": (len(versions), len(ended)),
    }
    print("\n| what | number | must be |\n|---|---|---|")
    for what, (value, bound) in facts.items():
        print(f"| {what} | {value:,} | {'' if bound is None else f'{bound:,}'} |")
    return all(bound is None or value == bound for value, bound in facts.values())


def wrongly(registry: Registry, folder: Path, version: int, predictions: list[dict[str, Any]], source: Source) -> int:
    """How many answers of a version are not its model's own."""
    mine = [each for each in predictions if each["version"] == version]
    if not mine:
        return 0
    rows = [json.loads(source.message(int(each["key"]))[1]) for each in mine]
    model = model_of(registry.fetch(version, folder / "judged"))
    own = model.predict(pd.DataFrame([row["features"] for row in rows])).idxmax(axis=1)
    answers = [(each.get("prediction"), each.get("target")) for each in mine]
    return sum(answer != (label, row["target"]) for answer, label, row in zip(answers, own, rows, strict=True))


if __name__ == "__main__":
    sys.exit(main())
