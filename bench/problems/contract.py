"""What a run needs of a problem, whatever is behind it, and what it gets: an evaluation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.errors import UserError
from bench.models import Step
from bench.space import Configuration, Space


def is_outcome(error: BaseException) -> bool:
    """Whether what is raised in an evaluation is its outcome: everything is, also an `OSError` or `SystemExit`.

    Except an interrupt, a message to the user, and what Python's import says of a library that is missing or broken:
    they say nothing about the configuration.
    """
    if isinstance(error, ImportError):
        return error.name is None
    return not isinstance(error, (KeyboardInterrupt, UserError))


@dataclass(frozen=True)
class Evaluation:
    """The outcome of one configuration on one problem; loss and test loss are None where it is not ok."""

    loss: float | None
    test_loss: float | None
    seconds: float
    status: str
    """ok, failed (the model raised, or its loss is not finite), timeout or crashed (its process died)."""
    error: str | None = None
    """One line, cleaned and cut (`bench.texts`)."""
    details: dict[str, Any] = field(default_factory=dict)
    """Values of JSON."""
    losses: Mapping[str, list[float | None]] | None = None
    """From each objective to its loss and test loss; None where there is one loss, or none."""


AtRung = Callable[[int, Evaluation], bool]
"""`at(rung, evaluation)`, called at each rung of a ladder (`bench.problems.fidelity`); evaluating ends where it returns
True."""


def at_rung(problem: Any, configuration: Configuration, rung: int) -> Evaluation:
    """The evaluation of a problem with a ladder at one of its rungs."""
    kept: list[Evaluation] = []

    def at(_rung: int, evaluation: Evaluation) -> bool:
        kept.append(evaluation)
        return True

    problem.evaluate_rungs(configuration, (rung,), at)
    return kept[0]


Evaluate = Callable[[Configuration], Evaluation]
"""Makes an evaluation, within the limits of a run, where it has some, and in the process that they ask for."""


@dataclass(frozen=True)
class Recipe:
    """What a problem is built from, as plain data that can be sent to another process."""

    groups: Mapping[str, Any]
    """The resolved configs of `bench.problems.GROUPS`."""
    seed: int
    """The repetition's seed, which the seeds of split and model may follow."""
    datasets_dir: str
    threads: int


class Problem(Protocol):
    """What one evaluation depends on, besides the configuration."""

    @property
    def recipe(self) -> Recipe:
        """What it was built from: another process builds the same problem from it."""
        ...

    @property
    def space(self) -> Space:
        """Where configurations come from."""
        ...

    @property
    def hash(self) -> str:
        """What may be compared: losses on problems of one hash."""
        ...

    @property
    def family(self) -> str:
        """The hash of the problem with those seeds left out that follow the repetition's seed."""
        ...

    @property
    def label(self) -> str:
        """What the loss is called in tables: `log_loss`, `1 - auc`, `value`."""
        ...

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names of its losses where there are several (`bench.problems.objectives`), the first that of `loss`."""
        ...

    def baseline(self, evaluate: Evaluate) -> float:
        """A finite loss of no merit: what an optimiser is told for a failure before the first success.

        Whatever has to be evaluated for it is evaluated by `evaluate`.
        """
        ...

    def baselines(self, evaluate: Evaluate) -> tuple[float, ...]:
        """The same of each of its losses: of one loss the `baseline` alone."""
        ...

    def check(self, evaluate: Evaluate) -> None:
        """Raise `UserError` where the config states what is not so, by evaluations that `evaluate` makes."""
        ...

    def key(self, configuration: Configuration) -> str:
        """What may be reused: the store's key of a configuration's evaluation. It does not depend on the space."""
        ...

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """The outcome of one canonical configuration; the same to the bit whatever was evaluated before.

        `step` is handed to each training (`Model.fit`), which it may end: the outcome is that of what has been trained
        until then. A problem that trains nothing does not call it.

        Whatever is raised in it is an evaluation that failed, if it is an outcome (`is_outcome`); else it is raised.
        """
        ...

    def metadata(self, baseline_loss: float | None = None) -> dict[str, Any]:
        """What is recorded of the problem with each run, as plain data; `baseline_loss` where it has been computed.

        Always `problem` and `problem_family` (the hashes), `task`, `metric` (the label) and
        `baseline_loss` (None where it would have to be computed for this alone). `key_prefix` where each `key` is the
        SHA-256 of it and the canonical JSON of the configuration by sorted names: packed tables then leave keys out.
        """
        ...
