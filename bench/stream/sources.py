"""The dataset of a stream, chosen as for `bench run`."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import OmegaConf

from bench import datasets
from bench.datasets import Dataset
from bench.errors import UserError
from bench.running import compose
from bench.stream.messages import Source


def of(overrides: Sequence[str], config_dir: Path | None, datasets_dir: Path, order: str, seed: int) -> Source:
    """The rows of the dataset that `overrides` choose, in an order, as messages."""
    return Source(dataset(overrides, config_dir, datasets_dir), order, seed)


def dataset(overrides: Sequence[str], config_dir: Path | None, datasets_dir: Path) -> Dataset:
    """The dataset that `overrides` choose; raises `UserError` for those of anything else."""
    other = next((each for each in overrides if not of_dataset(each)), None)
    if other is not None:
        raise UserError(f"{other}: no key of a dataset; a sensor takes dataset=NAME and dataset.KEY=VALUE alone")
    config = OmegaConf.to_container(compose.composed(overrides, config_dir).dataset, resolve=True)
    assert isinstance(config, dict)
    if config.get("load") is None:
        raise UserError(f"dataset={config.get('name')}: has no rows to send; choose another")
    return datasets.load({str(key): value for key, value in config.items()}, datasets_dir)


def of_dataset(override: str) -> bool:
    """Whether an override is of the group dataset."""
    return override.partition("=")[0].lstrip("+~").partition(".")[0].strip() == "dataset"
