"""What kinds of problems have in common whose identity is plain data: a function, a recorded table, a replay, a stream.

The identity has the problem's space. Those that train nothing can stand as a control.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from bench import provenance
from bench.problems.contract import Recipe
from bench.problems.controls import Control
from bench.space import Configuration, Space, to_json


@dataclass(frozen=True, eq=False, kw_only=True)
class Identified:
    """The hashes and keys of a problem, and how it becomes a control."""

    recipe: Recipe
    space: Space
    identity: Mapping[str, Any]
    """What decides whether two losses may be compared, as plain data; of a control its name and the run's seed too."""
    family: str
    objectives: tuple[str, ...] = ()
    """The names of its losses where there are several, the first that of the loss."""
    control: Control | None = None

    def under(self, control: Control, recipe: Recipe) -> Self:
        """The same problem as a control."""
        return replace(
            self,
            recipe=recipe,
            identity={**self.identity, **control.describe()},
            family=provenance.digest({"of": self.family, "control": control.name}),
            control=control,
        )

    @cached_property
    def hash(self) -> str:
        """That of the identity, of which the space's order is a part."""
        return provenance.digest(dict(self.identity))

    def key(self, configuration: Configuration) -> str:
        """The problem without its space, and the configuration."""
        return key_of(self._key_prefix, configuration)

    @cached_property
    def _key_prefix(self) -> bytes:
        return provenance.digest(self._key_parts).encode()

    @property
    def _key_parts(self) -> dict[str, Any]:
        """The identity without the space; with it where a control draws its points from it, or permutes them."""
        return {name: value for name, value in self.identity.items() if name != "space" or self.control}


def key_of(prefix: bytes, configuration: Configuration) -> str:
    """The store's key of a configuration, of which `prefix` stands for the problem."""
    return hashlib.sha256(prefix + in_any_order(configuration)).hexdigest()


def in_any_order(configuration: Configuration) -> bytes:
    """The canonical JSON of a configuration by sorted names."""
    return to_json(dict(sorted(configuration.items()))).encode()
