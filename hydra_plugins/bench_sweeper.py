"""The thin Hydra sweeper: hands a sweep to `bench.running`. Hydra finds sweepers in this namespace alone."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class BenchSweeperConf:
    """The sweeper's node in Hydra's config."""

    _target_: str = "hydra_plugins.bench_sweeper.BenchSweeper"


ConfigStore.instance().store(group="hydra/sweeper", name="bench", node=BenchSweeperConf, provider="hpo-compare")


class BenchSweeper(Sweeper):
    """Composes once per choice of groups, and leaves enumeration and execution to the suite, outside of Hydra."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def sweep(self, arguments: list[str]) -> Any:
        """Hand over the sweep that `arguments` (the command line's overrides) ask for."""
        from bench.running.launch import Sweep  # noqa: PLC0415 - Hydra imports every plugin at every start

        assert self.hydra_context is not None
        assert self.task_function is not None
        assert self.config is not None
        loader, master = self.hydra_context.config_loader, self.config

        def compose(overrides: list[str]) -> DictConfig:
            return loader.load_sweep_config(master, overrides)

        self.task_function(Sweep(master, compose, arguments))
