"""For tests of adapters: one built from its config, a loop around it, and the time that the adapter itself takes."""

import math
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import yaml
from commands import ROOT

from bench.optimizers import Exhausted
from bench.space import Configuration, Space, to_json


def build(name: str, space: Space, seed: int = 0, budget: int | None = None, **settings: Any) -> Any:
    config = yaml.safe_load((ROOT / "conf" / "optimizer" / f"{name}.yaml").read_text())
    module, _, cls = config["class"].rpartition(".")
    return getattr(import_module(module), cls)(space, seed, budget, **(config["settings"] | settings))


def loss(values: Configuration) -> float:
    """Smooth in the numbers, of any configuration."""
    numbers = [v for v in values.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return sum(math.sin(3 * v) + (v / 20) ** 2 for v in numbers) + 0.1 * sum(v is None for v in values.values())


def failing(values: Configuration) -> bool:
    return math.sin(1e3 * float(values["rate"])) > 0.5  # type: ignore[arg-type]


def run(
    optimizer: Any,
    trials: int,
    fails: Callable[[Configuration], bool] = lambda _: False,
    told_of_failures: float | None = None,
) -> list[Configuration]:
    asked = []
    for _ in range(trials):
        try:
            asked.append(optimizer.ask())
        except Exhausted:
            break
        failed = fails(asked[-1])
        value = told_of_failures if failed and told_of_failures is not None else loss(asked[-1])
        optimizer.tell(asked[-1], value, failed=failed)
    return asked


def added_seconds(optimizer: Any, inner: Any, trials: int) -> tuple[float, float]:
    """Per trial, the median seconds in the library's own ask and tell, and in the adapter around them."""
    spent = 0.0

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            nonlocal spent
            start = time.perf_counter()
            try:
                return call(*arguments, **keywords)
            finally:
                spent += time.perf_counter() - start

        return wrapper

    inner.ask, inner.tell = timed(inner.ask), timed(inner.tell)
    own, added = [], []
    for _ in range(trials):
        spent, start = 0.0, time.perf_counter()
        configuration = optimizer.ask()
        between = time.perf_counter()
        value = loss(configuration)
        resumed = time.perf_counter()
        optimizer.tell(configuration, value)
        total = time.perf_counter() - resumed + between - start
        own.append(spent)
        added.append(total - spent)
    return float(np.mean(own)), float(np.median(added))


def report_and_check_seconds(name: str, measure: Callable[[], tuple[float, float]]) -> None:
    """The adapter may add 5 % of the library's own time or 0.2 ms a trial, whichever is larger.

    `measure` gives both in seconds. On a busy machine one measurement says little: the best of a few counts.
    """
    for _ in range(8):
        own, added = measure()
        print(f"{name}: own {1e3 * own:.3f} ms, added {1e3 * added:.3f} ms a trial")  # noqa: T201
        if added < max(0.05 * own, 2e-4):
            return
    raise AssertionError(f"{name}: the adapter adds {1e3 * added:.3f} ms to {1e3 * own:.3f} ms a trial")


def sequence_elsewhere(name: str, trials: int, threads: int) -> list[str]:
    """The sequence on CONDITIONAL of a new process with other hashes and so many BLAS threads."""
    code = f"""
import sys
sys.path.insert(0, "tests")
from threadpoolctl import threadpool_limits
from own_loop import build, run, to_json
from spaces import CONDITIONAL
with threadpool_limits({threads}):
    print("\\n".join(map(to_json, run(build({name!r}, CONDITIONAL, 4, {trials}), {trials}))), end="")
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == ""
    return done.stdout.splitlines()


def sequence_here(name: str, space: Space, trials: int) -> list[str]:
    return [to_json(configuration) for configuration in run(build(name, space, 4, trials), trials)]
