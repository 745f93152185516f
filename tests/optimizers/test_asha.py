"""ASHA ends what Ray Tune's scheduler ends, called by hand and by Ray's own tuner."""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ladder import RESOURCES, Ended, Objective, build, play
from loops import MIXED, NESTED
from rung_loops import drawn, scheduled, scheduler

from bench.errors import UserError
from bench.space import Space

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="needs ray")

LONG = (1, 2, 4, 8, 16, 32)


@pytest.mark.parametrize("space", [MIXED, NESTED], ids=["flat", "conditional"])
@pytest.mark.parametrize(
    ("resources", "settings"),
    [(RESOURCES, {}), (LONG, {}), (RESOURCES, {"brackets": 3}), (LONG, {"grace_period": 4, "brackets": 2})],
    ids=str,
)
def test_it_ends_what_rays_scheduler_ends(space: Space, resources: tuple[int, ...], settings: dict[str, int]) -> None:
    """Called as Ray's controller calls it, with trials of Ray's own, after `np.random.seed(seed)`."""
    own, ours = Objective(), Objective()
    decided = scheduled(space, 6, resources, 80, own, **settings)
    kept = np.random.get_state()[1].tolist()  # noqa: NPY002
    ended = play(build("asha", space, resources, 6, **settings), resources, 80, ours)
    assert np.random.get_state()[1].tolist() == kept  # noqa: NPY002
    assert ours.calls == own.calls
    assert [(i, result.resource) for i, result in enumerate(ended) if not result.failed] == decided
    assert len({result.resource for result in ended if result.pruned}) > 1
    assert min(result.resource for result in ended if result.pruned) == settings.get("grace_period", 1)
    assert any(result.failed for result in ended)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"brackets": 0}, "brackets=0: expected a whole number from 1 to 3"),
        ({"brackets": 4}, "brackets=4: expected a whole number from 1 to 3"),
        ({"grace_period": 28}, "grace_period=28: expected a whole number from 1 to 27"),
        ({"grace_period": 1.5}, "grace_period=1.5: expected a whole number from 1 to 27"),
        ({"reduction_factor": 3}, ".*reduction_factor.*"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(settings: Mapping[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=rf"optimizer\.settings\.{message}"):
        build("asha", MIXED, RESOURCES, **settings)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_it_ends_what_rays_tuner_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster on this machine, the same 60 configurations, one trial at a time."""
    import ray
    from ray import tune

    class Stepped(tune.Trainable):
        """One configuration, trained from one resource to the next."""

        def setup(self, config: Mapping[str, Any]) -> None:
            self._configuration, self._step = config["configuration"], 0

        def reset_config(self, new_config: Mapping[str, Any]) -> bool:
            self.setup(new_config)
            return True

        def step(self) -> dict[str, Any]:
            resource = RESOURCES[self._step]
            self._step += 1
            value = Objective()(self._configuration, resource)
            if value is None:
                raise ArithmeticError
            return {"resource": resource, "loss": value}

        def save_checkpoint(self, checkpoint_dir: str) -> None: ...

        def load_checkpoint(self, checkpoint: Any) -> None: ...

    monkeypatch.setenv("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    configurations = drawn(MIXED, 1, 60)
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="CRITICAL")
    try:
        tuner = tune.Tuner(
            Stepped,
            param_space={"configuration": tune.grid_search(configurations)},
            tune_config=tune.TuneConfig(scheduler=scheduler(RESOURCES), max_concurrent_trials=1, reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=str(tmp_path), verbose=0, checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False)
            ),
        )
        results = list(tuner.fit())
    finally:
        ray.shutdown()
    ended: list[Ended] = play(build("asha", MIXED, RESOURCES, 1), RESOURCES, 60)
    assert [result.config["configuration"] for result in results] == configurations
    assert [bool(result.error) for result in results] == [e.failed for e in ended]
    theirs = [result.metrics["resource"] for result in results if not result.error]
    assert theirs == [e.resource for e in ended if not e.failed]
    assert {e.resource for e in ended if not e.failed} == set(RESOURCES)
