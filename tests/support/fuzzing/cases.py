"""A case by its number: which kind of input, played in a folder of its own."""

import random
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fuzzing import of_commands, of_configs, of_logs, of_replays, of_results, of_sources, of_stores, of_tables
from fuzzing.templates import Templates
from fuzzing.world import World

KINDS: dict[str, tuple[int, Callable[[random.Random, World, Templates], None]]] = {
    "results": (10, of_results.play),
    "stores": (5, of_stores.play),
    "logs": (10, of_logs.play),
    "tables": (10, of_tables.play),
    "sources": (2, of_sources.play),
    "replays": (2, of_replays.play),
    "spaces": (5, of_configs.spaces),
    "objectives": (2, of_configs.objectives),
    "hyperparameters": (1, of_configs.hyperparameters),
    "files": (4, of_configs.files),
    "overrides": (3, of_commands.overrides),
    "lines": (5, of_commands.lines),
}
"""Each kind with how often it comes, in proportion."""
SUITE: Mapping[str, float] = {
    "results": 14,
    "stores": 12,
    "logs": 16,
    "tables": 34,
    "sources": 3,
    "spaces": 25,
    "hyperparameters": 0.6,
    "files": 1,
    "overrides": 1,
    "lines": 2.5,
}
"""The same where a thousand cases must not take long: those are rarer for which a whole config is composed, and
what is replayed is left out."""


@dataclass(frozen=True)
class Played:
    """What came of a case."""

    number: int
    kind: str
    commands: list[str]
    findings: list[str]


def play(
    number: int,
    made: Templates,
    kinds: Mapping[str, float] | None = None,
    keep: Path | None = None,
    quick: bool = False,
) -> Played:
    """Play a case; where something did not hold, its folder is kept in `keep`.

    `kinds` says how often each kind comes; a `quick` case calls a reader itself where its command would first compose a
    whole config.
    """
    rng = random.Random(f"case {number}")
    weights = kinds or {name: weight for name, (weight, _) in KINDS.items()}
    kind = rng.choices(list(weights), list(weights.values()))[0]
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
        world = World(Path(folder).resolve() / "world", quick)
        KINDS[kind][1](rng, world, made)
        if world.findings and keep is not None:
            shutil.rmtree(keep / str(number), ignore_errors=True)
            shutil.copytree(world.root, keep / str(number), symlinks=True, ignore=_special)
    return Played(number, kind, world.commands, list(dict.fromkeys(world.findings)))


def _special(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (Path(folder, name).is_file() or Path(folder, name).is_dir())]
