"""DEHB's object, asked and told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fidelity_loops import dehb_object
from loops_smac import TWO, plain, two
from side_by_side import RUNGS, Own


@contextmanager
def dehb(seed: int, trials: int, workers: int) -> Iterator[Own]:
    with dehb_object(two(), RUNGS.resources, seed) as own:

        def ask() -> Any:
            job = own.ask()
            return job, TWO.canonical(plain(job["config"])), round(job["fidelity"])

        yield Own(ask, lambda job, loss, _: own.tell(job, {"fitness": loss, "cost": job["fidelity"]}))
