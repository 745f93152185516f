"""How soon an interrupted sweep has ended, and how evenly eight processes share overlapping work.

Run as `python benchmarks/interrupts.py`; exits with status 1 where a bound does not hold. What kills do to a sweep is
tried by `benchmarks/kills.py`.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

SUPPORT = Path(__file__).parents[1] / "tests/support"
INTERRUPT, SHARING = 5.0, 2.0
"""Bounds: seconds from Ctrl-C to the end of every process; time of shared work over that of one process's own part."""


def main() -> int:
    sys.path.insert(0, str(SUPPORT))
    with tempfile.TemporaryDirectory() as folder:
        held = [interrupted(Path(folder, "interrupted")), shared(Path(folder, "shared"))]
    return int(not all(held))


def say(what: str, value: float, bound: float, unit: str) -> bool:
    print(f"{what:<70} {value:6.2f} {unit:<3} bound {bound:g}  {'ok' if value <= bound else 'TOO MUCH'}", flush=True)
    return value <= bound


def interrupted(folder: Path) -> bool:
    """The seconds from Ctrl-C until the command and its workers have ended."""
    folder.mkdir()
    commands: Any = import_module("commands")
    log = folder / "log"
    sweep = ["run", "-m", *commands.TOY, "optimizer=random,optuna_tpe,hyperopt_tpe", "seed=0,1", "engine.workers=2"]
    sweep += ["budget.trials=60", "+model.settings.sleep=0.05"]
    process = commands.bench_process(*sweep, cwd=folder, TOY_LOG=str(log))
    wait_for(lambda: process.poll() is not None or (log.exists() and len(log.read_text().split()) > 10))
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


def wait_for(condition: Callable[[], object], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("waited in vain")
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
