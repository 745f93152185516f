"""Ray Tune's scheduler: the calls of its controller, of the configurations of random search."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from objects_plain import learns_nothing
from side_by_side import RUNGS, Own


@contextmanager
def asha(seed: int, trials: int, workers: int) -> Iterator[Own]:
    from ray.tune.experiment import Trial
    from ray.tune.schedulers import ASHAScheduler

    own = ASHAScheduler(
        time_attr="resource",
        metric="loss",
        mode="min",
        max_t=RUNGS.resources[-1],
        grace_period=1,
        reduction_factor=RUNGS.eta,
    )
    with learns_nothing("random")(seed, trials, workers) as random:
        number = iter(range(trials))

        def ask() -> Any:
            trial = Trial("trial", trial_id=f"{next(number):05d}", stub=True)
            own.on_trial_add(None, trial)
            return trial, random.ask()[1], RUNGS.resources[-1]

        def report(trial: Any, resource: int, loss: float) -> bool:
            return bool(own.on_trial_result(None, trial, {"resource": resource, "loss": loss}) == "STOP")

        def tell(trial: Any, loss: float, failed: bool) -> None:
            if failed:
                own.on_trial_error(None, trial)

        yield Own(ask, tell, report)
