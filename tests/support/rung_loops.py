"""Successive halving by its definition, and by Ray Tune's scheduler as its controller calls it."""

from typing import Any

from ladder import Objective
from loops import build, run

from bench.optimizers import Proposal
from bench.space import Configuration, Space


def drawn(space: Space, seed: int, count: int) -> list[Configuration]:
    """The first configurations of random search."""
    return run(build("random", space, seed), count)


def successive_halving(
    space: Space, seed: int, resources: tuple[int, ...], brackets: int, objective: Objective
) -> list[Proposal]:
    """As the paper defines it, bracket by bracket."""
    proposals, width = [], resources[-1]
    configurations = drawn(space, seed, brackets * width)
    for bracket in range(brackets):
        left, below = configurations[bracket * width : (bracket + 1) * width], 0
        for i, resource in enumerate(resources):
            losses = [objective(configuration, resource) for configuration in left]
            proposals += [Proposal(configuration, resource, below) for configuration in left]
            succeeded = [j for j, value in enumerate(losses) if value is not None]
            best = sorted(succeeded, key=lambda j: (losses[j], j))
            left, below = (
                [left[j] for j in best[: resources[-1] // resources[min(i + 1, len(resources) - 1)]]],
                resource,
            )
    return proposals


def scheduler(resources: tuple[int, ...], **settings: int) -> Any:
    """Ray Tune's own ASHA."""
    from ray.tune.schedulers import ASHAScheduler

    ladder = {"grace_period": 1, "max_t": resources[-1], "reduction_factor": resources[1]}
    return ASHAScheduler(time_attr="resource", metric="loss", mode="min", **{**ladder, **settings})


def scheduled(
    space: Space, seed: int, resources: tuple[int, ...], trials: int, objective: Objective, **settings: int
) -> list[tuple[int, int]]:
    """Trials of Ray's own, of random search's configurations: which the scheduler ended, and at which resource.

    Of several brackets it draws from NumPy's global generator, which is seeded before.
    """
    import numpy as np
    from ray.tune.experiment import Trial

    decided = []
    np.random.seed(seed)  # noqa: NPY002
    theirs = scheduler(resources, **settings)
    for number, configuration in enumerate(drawn(space, seed, trials)):
        trial = Trial("trial", trial_id=f"{number:05d}", stub=True)
        theirs.on_trial_add(None, trial)
        for resource in resources:
            value = objective(configuration, resource)
            if value is None:
                theirs.on_trial_error(None, trial)
                break
            if theirs.on_trial_result(None, trial, {"resource": resource, "loss": value}) == "STOP":
                decided.append((number, resource))
                break
    return decided
