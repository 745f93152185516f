"""Ray Tune's asynchronous successive halving, over random configurations."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from bench.checks import whole
from bench.optimizers import Declaration, Proposal
from bench.optimizers.rungs import Open
from bench.space import Configuration, Space


class _Trial(NamedTuple):
    """What the scheduler reads of a trial of Ray Tune."""

    trial_id: str


class ASHA:
    """The trials of `random`, of which `AsyncHyperBandScheduler(max_t=resources[-1], reduction_factor=eta)` ends those
    whose loss is above the 1/eta quantile of what earlier trials had at the same resource.

    The scheduler is called as Ray Tune's controller calls it, without a cluster: a `Tuner` that is given the same
    configurations, one trial at a time, ends the same trials at the same resources. Of several brackets it draws each
    trial's from NumPy's global generator, here from a state of its own, so that the tuner is the same after
    `np.random.seed(seed)`.

    Settings: `grace_period`, the resource before which no trial is ended; `brackets`, each of which begins at the rung
    above that of the one before.

    L. Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020.
    """

    revision = 1
    independent = False
    libraries = ("ray", "numpy")
    declared = Declaration(takes_unasked=False)

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        resources: Sequence[int],
        grace_period: int = 1,
        brackets: int = 1,
    ) -> None:
        self._space, self._full = space, resources[-1]
        self._rng = np.random.default_rng(seed)
        self._state = np.random.RandomState(seed).get_state()
        self._scheduler: Any = AsyncHyperBandScheduler(
            time_attr="resource",
            metric="loss",
            mode="min",
            max_t=self._full,
            grace_period=whole("optimizer.settings.grace_period", grace_period, 1, self._full),
            reduction_factor=resources[1] // resources[0],
            brackets=whole("optimizer.settings.brackets", brackets, 1, len(resources) - 1),
        )
        self._begun = 0
        self._open = Open[_Trial]()

    def ask(self) -> Proposal:
        configuration: Configuration = self._space.sample(self._rng)
        trial = _Trial(str(self._begun))
        self._begun += 1
        with self._own_random_state():
            self._scheduler.on_trial_add(None, trial)
        return self._open.add(Proposal(configuration, self._full), trial)

    def report(self, proposal: Proposal, resource: int, loss: float) -> bool:
        trial = self._open.of(proposal)
        result = {"resource": resource, "loss": loss}
        return bool(self._scheduler.on_trial_result(None, trial, result) == TrialScheduler.STOP)

    def tell(self, proposal: Proposal, loss: float, failed: bool = False) -> None:
        trial = self._open.close(proposal)
        if failed:
            self._scheduler.on_trial_error(None, trial)

    @contextmanager
    def _own_random_state(self) -> Iterator[None]:
        """NumPy's global generator at this scheduler's state; left as it was found."""
        kept = np.random.get_state()  # noqa: NPY002
        np.random.set_state(self._state)  # noqa: NPY002
        try:
            yield
            self._state = np.random.get_state()  # noqa: NPY002
        finally:
            np.random.set_state(kept)  # noqa: NPY002
