"""What names a run: its experiment, dataset, model, optimiser and seed; and which names and seeds there can be."""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UserError
from bench.wording import shortened

SEEDS = 2**31 - 1
"""The largest seed that every library here takes."""
LONGEST_NAME = 150
"""Characters of a name: files that are named after it have more, and file systems hold 255."""


@dataclass(frozen=True, order=True)
class RunId:
    """What names a run in its experiment, and where its table stands."""

    experiment: str
    dataset: str
    model: str
    optimizer: str
    seed: int

    @property
    def parts(self) -> list[str]:
        """The folders from results_dir to its table, and the table's name."""
        return f"{self}.parquet".split("/")

    def path(self, results_dir: Path) -> Path:
        """results_dir/EXPERIMENT/DATASET/MODEL/OPTIMIZER/SEED.parquet."""
        return results_dir / f"{self}.parquet"

    def pack(self, results_dir: Path) -> Path:
        """results_dir/EXPERIMENT/DATASET/MODEL/OPTIMIZER.parquet, where the runs of its optimiser are packed."""
        return results_dir / self.experiment / self.dataset / self.model / f"{self.optimizer}.parquet"

    def __str__(self) -> str:
        return f"{self.experiment}/{self.dataset}/{self.model}/{self.optimizer}/{self.seed}"


def check_name(key: str, name: object) -> str:
    """The name of a dataset, model, optimiser or experiment; raises `UserError` where it cannot name a folder."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UserError(f"{key}={name!r}: expected letters, digits, '.', '_' and '-', as it names a folder")
    if len(name) > LONGEST_NAME:
        raise UserError(f"{key}={shortened(name)}: expected at most {LONGEST_NAME} characters, as it names a folder")
    return name


def check_experiment(key: str, name: object) -> str:
    """The name of an experiment, whose folder must not be where the store is."""
    if check_name(key, name).startswith("store.sqlite"):
        raise UserError(f"{key}={name!r}: is the store's file in results_dir; choose another")
    return str(name)
