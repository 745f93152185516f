"""Optimisers, one file a library: each asks for configurations of a space and is told their losses.

An optimiser knows its space and losses, nothing of problems. A contributor's class needs `ask` and `tell` alone;
what else the runner reads (`revision`, `independent`, `declared`) has defaults.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Protocol

from bench.space import Configuration


class Exhausted(Exception):
    """Raised by `ask` when nothing is left to ask for, as at the end of a grid."""


class Optimizer(Protocol):
    """Built as `cls(space, seed, budget, **settings)`; `budget` is a number of trials, or None where time is the limit.

    Optional attributes and methods:
    - `libraries: tuple[str, ...]`, the distributions whose versions decide its sequence (none);
    - `revision: int` is raised when the sequence that a seed gives changes (0);
    - `independent: bool`, whether what is asked depends on no loss, so that the runner may ask ahead (False);
    - `declared: Declaration`, where its library cannot express the space exactly (nothing to declare);
    - `initial: bool`, whether it begins with a shared initial design where there is one (True; a baseline may not);
    - `start(results: Sequence[Told])` takes the results of a shared initial design, once, before the first `ask`
      (without it, `tell` is called for each).
    """

    def ask(self) -> Configuration:
        """The next configuration to evaluate, of active parameters only; raises `Exhausted` when none is left."""
        ...

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Report the loss (always finite; of a failed trial the worst so far) of `configuration`."""
        ...


class Told(NamedTuple):
    """One result, as `tell` takes it."""

    configuration: Configuration
    loss: float
    failed: bool = False


@dataclass(frozen=True)
class Law:
    """How a library draws one parameter, and how far from the space's reference law."""

    expression: str
    """In the library's own words, such as `hp.qloguniform(log(7.5), log(256.5), 1)`."""
    total_variation: float
    """Half the sum of absolute differences of probabilities, 0..1."""


@dataclass(frozen=True)
class Declaration:
    """What a library does otherwise than the space and the contract say; recorded with every run."""

    laws: dict[str, Law] = field(default_factory=dict)
    """How parameters are drawn before anything is modelled; those not named follow the reference law."""
    inactive: str = "absent"
    """How inactive parameters are shown to the library."""
    fallback: str = ""
    """Which proposals are not the method's own, such as random draws before a model can be fitted."""
    takes_unasked: bool = True
    """Whether `tell` takes configurations that were not asked for."""
    extendable: bool = True
    """Whether a finished run may go on under a larger budget with the same sequence."""
    deterministic: bool = False
    """Whether every seed gives the same sequence, as a grid in lexicographic order does."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
