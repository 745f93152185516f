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
      (without it, `tell` is called for each);
    - `surrogate(points: Sequence[Configuration]) -> Surrogate | None`, its model, for `bench explain`: see
      `bench.optimizers.surrogates`.

    An argument of the constructor says what else it can do:
    - `resources: Sequence[int]` (see `MultiFidelity`): it chooses at which fidelity, or ends evaluations early;
    - `objectives: int`, the number of losses: `tell` is then given a tuple of that many in place of one loss. An
      optimiser without it is told the first alone;
    - `workers: int`, how many evaluations are open at a time: for a library that plans with it. Every optimiser may be
      asked while others of its proposals are open; of two equal ones the one that was asked earlier is told first.
    """

    def ask(self) -> Configuration:
        """The next configuration to evaluate, of active parameters only; raises `Exhausted` when none is left."""
        ...

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Report the loss (always finite; of a failed trial the worst so far) of `configuration`."""
        ...


class Proposal(NamedTuple):
    """What a `MultiFidelity` optimiser asks for."""

    configuration: Configuration
    fidelity: int
    """One of `resources`, of which the last is full fidelity."""
    continues: int = 0
    """The one of `resources` that it goes on from: this configuration has been evaluated there; 0: it begins anew."""


class MultiFidelity(Protocol):
    """An optimiser that is built as `cls(space, seed, budget, resources=..., **settings)`; its YAML has
    `multi_fidelity: true`. `budget` is a number of full evaluations, or None.

    `resources` are 1, eta, eta^2, ..., ascending, at least two: what the rungs of a problem stand for. The last is full
    fidelity, and none else is as good as it.

    A pruner has `report` as well: it is called at each of the resources below the proposal's fidelity, ascending.
    `by_fold: bool` (False) asks for each fold of a cross-validation instead: `resources` are then 1, 2, ..., k, and
    `report` is told of each but the last the loss of that fold alone.
    """

    def ask(self) -> Proposal:
        """What to evaluate next; raises `Exhausted` when nothing is left."""
        ...

    def tell(self, proposal: Proposal, loss: float, failed: bool = False) -> None:
        """Report the loss of `proposal`, the object that `ask` returned, at its fidelity.

        Where `report` has ended it, the loss is that of the resource that it ended at, once more. Of a failed one it is
        the worst so far at that resource.
        """
        ...

    # def report(self, proposal: Proposal, resource: int, loss: float) -> bool:
    #     """The loss at one of the resources below the proposal's fidelity; whether the evaluation ends here."""


class Told(NamedTuple):
    """One result, as `tell` takes it."""

    configuration: Configuration
    loss: float
    """Of an optimiser of several losses the tuple of them."""
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
