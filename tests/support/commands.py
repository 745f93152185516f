"""The command, in this process or in one of its own, with a model that costs nothing.

Scripts in `benchmarks/` use it too, where the libraries of tests may be missing.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import pandas as pd

from bench.cli import app
from bench.engines import local
from bench.engines.worker import work
from bench.running.run import Failure, RunSpec

ROOT = Path(__file__).parents[2]
"""The checkout."""

SUPPORT = Path(__file__).parent
"""Where classes stand that tests name by a dotted path, such as `toy.Toy`."""

TOY = [
    "dataset=wine",
    "model.name=toy",
    "model.class=toy.Toy",
    "~model.settings",
    "+model.settings={}",
    "~model.space",
    "+model.space={x: {type: float, low: 0.0, high: 1.0, default: 0.5}}",
]
"""Overrides that put the toy in the place of the model."""


def toy_optimizers(folder: Path, *names: str) -> None:
    """Write configs of the toys' optimisers, `dying` of `toy.Dying`, into `mine` of a folder."""
    place = folder / "mine/optimizer"
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        text = f"name: {name}\ndescription: of the tests\nclass: toy.{name.capitalize()}\nsettings: {{}}\n"
        (place / f"{name}.yaml").write_text(text)


def bench(*arguments: object, workers: bool = False) -> int:
    """Run the command in this process, the runs of its sweeps too unless it has `workers`; returns its exit status."""
    before = sys.argv, list(sys.path)
    sys.argv = ["bench", *map(str, arguments)]
    sys.path.insert(0, str(SUPPORT))
    try:
        with contextlib.nullcontext() if workers else mock.patch.object(local, "_round", _one_after_the_other):
            app.main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv, sys.path[:] = before
    raise AssertionError("the command always exits")


def _one_after_the_other(specs: Sequence[RunSpec], workers: int, failures: list[Failure]) -> tuple[list[RunSpec], bool]:
    """What the local engine's workers do side by side: each takes seconds to import the libraries of its runs."""
    outcomes = [(spec.run, work(spec)) for spec in specs]
    failures += [Failure(run, message) for run, message in outcomes if message is not None]
    return [], False


def bench_process(*arguments: object, cwd: Path, apart: bool = False, **environment: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own; `apart`: in a session and group of its own, too."""
    path = os.pathsep.join([str(SUPPORT), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **environment},
        # A shell that runs the tests in the background lets its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        start_new_session=apart,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(
    condition: Callable[[], object],
    process: subprocess.Popen[str] | None = None,
    seconds: float = 240.0,
    every: float = 0.01,
) -> None:
    """Wait until something is so, as long as a process that is to bring it about has not ended."""
    end = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(every)


def table(folder: Path, run: str) -> pd.DataFrame:
    """A run's trial table."""
    return pd.read_parquet(folder / "results" / f"{run}.parquet")


def without_times(trials: pd.DataFrame) -> pd.DataFrame:
    return trials.drop(columns=["ask_seconds", "evaluate_seconds", "tell_seconds", "started_at"])
