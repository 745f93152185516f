"""Controls: problems in which no configuration says anything of another, so that no guided method may win.

`permuted` gives each configuration the loss of another: of a recorded table by a bijection of what the run's space
sees, of a function by a point drawn from the reference distribution. `decorrelated` does so below full fidelity alone:
there cheap evaluations say nothing of full ones. Both are drawn anew for each seed of a run, the same for all
optimisers of that seed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import UserError, allowed
from bench.space import Configuration, Space, to_json

NAMES = ("permuted", "decorrelated")


@dataclass(frozen=True)
class Control:
    """A control, as it is drawn for one seed."""

    name: str
    """One of `NAMES`."""
    seed: int
    """The run's."""

    def describe(self) -> dict[str, Any]:
        """What it is, as plain data, for hashes and metadata."""
        return {"control": self.name, "control_seed": self.seed}

    def point(self, space: Space, configuration: Configuration) -> Configuration:
        """The point in whose place a configuration stands: drawn by a generator of the seed and the configuration."""
        content = f"{self.seed} {to_json(dict(sorted(configuration.items())))}"
        digest = hashlib.sha256(content.encode()).digest()
        return space.sample(np.random.default_rng(int.from_bytes(digest, "little")))

    def bijection(self, size: int) -> NDArray[np.int64]:
        """For each of `size` configurations, by number, the number of that whose losses it gets."""
        return np.random.default_rng([size, self.seed]).permutation(size)


def check(name: object, groups: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise `UserError` where a problem cannot be that control; `known` are those that its kind can be."""
    if name not in NAMES:
        raise UserError(f"control={name!r}: {allowed(name, (*NAMES, 'null'))}")
    where = f"dataset={groups['dataset']['name']} model={groups['model']['name']}"
    if not known:
        raise UserError(
            f"control={name}: {where} is trained, and a control needs losses that can be looked up; it is there for "
            "functions, recorded tables and replays, and 'bench control EXPERIMENT' replays an experiment as one"
        )
    if name not in known:
        raise UserError(f"control={name}: {where} has no fidelity below the full one; set control={known[0]}")
    if name == "decorrelated" and groups["model"].get("fidelity") is None:
        raise UserError(
            f"control={name}: model={groups['model']['name']} has no fidelity below the full one; give it a ladder "
            "(model.fidelity), or set control=permuted"
        )
